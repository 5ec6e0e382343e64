//! What a guest reads when: which message of `messages/` belongs to what happened.

use domain::access_code::Refusal;
use domain::attempt::WhyNot;
use domain::{Leg, Timestamp};
use store::GuestPass;

use crate::answers::Code;
use crate::pages::{Moment, Words};

pub(super) fn trouble(code: Code) -> Words {
    if code == Code::NotFound {
        Words::of("guest-unknown")
    } else if code == Code::ForeignForm {
        Words::of("guest-from-elsewhere")
    } else {
        Words::on(code)
    }
}

pub(super) fn wrong_intercom(place: &str) -> Words {
    Words::of("guest-wrong-board").with("place", place.to_owned())
}

pub(super) fn gate_is_away(leg: Leg) -> Words {
    Words::of(match leg {
        Leg::Entry => "guest-away-entry",
        Leg::Exit => "guest-away-exit",
    })
}

pub(super) fn not_opened(why: WhyNot, leg: Leg) -> Words {
    Words::of("guest-not-opened").why(why).way(leg)
}

pub(super) fn cancelled(inside: bool) -> Words {
    Words::of(if inside { "guest-cancelled-inside" } else { "guest-cancelled" })
}

pub(super) fn expired(inside: bool) -> Words {
    Words::of(if inside { "guest-expired-inside" } else { "guest-expired" })
}

pub(super) fn in_grace(seen: &GuestPass) -> Words {
    let until = Moment::new(seen.pass.code.exit_until(), &seen.time_zone);
    Words::of("guest-in-grace").at("at", until)
}

/// After a press of the button that opened nothing.
pub(super) fn refused(refusal: Refusal, leg: Leg, now: Timestamp) -> Words {
    match refusal {
        Refusal::Revoked => cancelled(leg == Leg::Exit),
        Refusal::Expired => expired(leg == Leg::Exit),
        Refusal::Used => Words::of(match leg {
            Leg::Entry => "guest-used-entry",
            Leg::Exit => "guest-used-exit",
        }),
        Refusal::NotEnteredYet => Words::of("guest-not-entered"),
        Refusal::AlreadyOpening => Words::of("guest-already-opening"),
        Refusal::ScanRequired => Words::of("guest-scan-again"),
        Refusal::WrongIntercom => Words::of("guest-wrong-board-here"),
        Refusal::LinkLocked | Refusal::WrongCode { tries_left: 0 } => Words::of("guest-locked"),
        Refusal::WrongCode { tries_left } => {
            Words::of("guest-wrong-code").count("tries", tries_left)
        }
        Refusal::Wait { until } => {
            let seconds = now.until(until).as_millis().div_ceil(1000);
            Words::of("guest-wait").count("seconds", u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        Refusal::TooManyAttempts => Words::of("guest-too-many"),
        Refusal::GateOffline => Words::of("guest-away-pressed").way(leg),
        Refusal::Suspended => Words::of("guest-suspended"),
    }
}
