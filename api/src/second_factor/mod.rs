//! The caller's second factor: an authenticator app beside the pin (A23).

pub(crate) mod confirm;
pub(crate) mod read;
pub(crate) mod set_up;
pub(crate) mod turn_off;

use domain::second_factor::SecondFactor;

use crate::answers::Problem;

/// A code as typed.
pub(crate) fn code(text: &str) -> Result<SecondFactor, Problem> {
    SecondFactor::parse(text).map_err(|_| {
        Problem::field("code", "expected six digits, or a recovery code of ten letters")
    })
}
