//! The codes of an authenticator app: RFC 6238 with SHA-1, six digits and steps of 30 s, which is
//! what every app does.

use domain::secret::{Otp, TotpSecret};
use ring::hmac;

/// The code that an app with this secret shows in a step.
pub(crate) fn code(secret: &TotpSecret, step: i64) -> Otp {
    Otp::of(hotp(secret.reveal_bytes(), step))
}

/// RFC 4226: four bytes out of the HMAC, from a place that its last byte names.
fn hotp(secret: &[u8], counter: i64) -> u32 {
    // SHA-1 is safe inside an HMAC, and apps know nothing else.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &counter.to_be_bytes());
    let tag = tag.as_ref();
    let place = usize::from(tag[tag.len() - 1] & 0xF);
    let word = tag[place..place + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    word & 0x7FFF_FFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the moments, and the last six of their eight digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(Otp::of(hotp(secret, seconds / 30)).reveal(), expected, "{seconds}");
        }
    }
}
