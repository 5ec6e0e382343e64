//! A guest's visit in an owner's words: where a code stands, and what became of the last opening.

use domain::access_code::{End, Standing};
use domain::attempt::State;
use domain::visit::Alert;
use domain::{AccessCode, Attempt, Leg, Timestamp, UserId};
use store::{Guest, Pass, Past};

use crate::pages::{Moment, Words};

/// A code as a line of a list.
#[derive(Hash)]
pub(super) struct Line {
    pub(super) id: String,
    /// None once that was erased.
    pub(super) guest: Option<String>,
    pub(super) state: Words,
    pub(super) left: Option<Words>,
    pub(super) is_locked: bool,
    /// What is to be known of who is inside.
    pub(super) alert: Option<Words>,
    /// Whether it is time to let the guest out.
    pub(super) may_let_out: bool,
}

impl Line {
    pub(super) fn of(pass: &Pass, zone: &str, now: Timestamp) -> Self {
        Self::told(&pass.code, Some(&pass.guest), zone, now)
    }

    /// A code that has ended.
    pub(super) fn ended(past: &Past, zone: &str, now: Timestamp) -> Self {
        Self::told(&past.code, past.guest.as_ref(), zone, now)
    }

    fn told(code: &AccessCode, guest: Option<&Guest>, zone: &str, now: Timestamp) -> Self {
        Self {
            id: code.id.to_string(),
            guest: guest.map(|guest| guest.name.as_str().to_owned()),
            state: state(code, zone, now),
            left: left(code, now),
            is_locked: is_locked(code, now),
            alert: guest.and_then(|guest| ends_soon(code, guest, zone, now)),
            may_let_out: code.alert(None, now).is_some()
                && code.way_on_hosts_word(now) == Some(Leg::Exit),
        }
    }
}

/// Where a code stands.
pub(super) fn state(code: &AccessCode, zone: &str, now: Timestamp) -> Words {
    let ended = |key, at| Words::of(key).at("at", Moment::new(at, zone));
    match code.standing(now) {
        Standing::Issued => Words::of("visit-waiting"),
        Standing::Entering => Words::of("visit-entering"),
        Standing::Inside { since } => Words::of("visit-inside").span(since.until(now)),
        Standing::Leaving { since } => Words::of("visit-leaving").span(since.until(now)),
        Standing::InGrace { until, .. } => ended("visit-in-grace", until),
        Standing::Completed { at } => ended("visit-completed", at),
        Standing::Expired { at, inside: false } => ended("visit-expired", at),
        Standing::Expired { at, inside: true } => ended("visit-expired-inside", at),
        Standing::Revoked { at, inside: false } => ended("visit-deleted", at),
        Standing::Revoked { at, inside: true } => ended("visit-deleted-inside", at),
    }
}

/// How long a code holds.
pub(super) fn left(code: &AccessCode, now: Timestamp) -> Option<Words> {
    let left = now.until(code.expires_at);
    code.is_active(now).then(|| Words::of("code-left").span(left))
}

/// What is said of a guest who is inside while the code ends soon (O-10).
pub(super) fn ends_soon(
    code: &AccessCode,
    guest: &Guest,
    zone: &str,
    now: Timestamp,
) -> Option<Words> {
    let ending = code.alert(None, now).filter(|alert| *alert == Alert::Ending);
    let words = Words::of("visit-ends-soon").with("guest", guest.name.as_str());
    ending.map(|_| words.at("at", Moment::new(code.exit_until(), zone)))
}

/// What is said of a guest who is inside though the code has ended.
pub(super) fn stays_over(pass: &Pass, zone: &str, now: Timestamp) -> Option<Words> {
    let (code, guest) = (&pass.code, pass.guest.name.as_str());
    if code.is_in_grace(now) {
        let until = Moment::new(code.exit_until(), zone);
        return Some(Words::of("visit-may-leave").with("guest", guest).at("at", until));
    }
    is_perhaps_inside(code, now).then(|| Words::of("visit-perhaps-inside").with("guest", guest))
}

/// Whether the link takes no digits any more, while there is still something to open.
pub(super) fn is_locked(code: &AccessCode, now: Timestamp) -> bool {
    code.still_opens(now) && code.guard.locked_at.is_some()
}

/// Whether the code has ended, not long ago, and its guest went in and never out.
pub(super) fn is_perhaps_inside(code: &AccessCode, now: Timestamp) -> bool {
    match code.standing(now) {
        Standing::InGrace { .. }
        | Standing::Expired { inside: true, .. }
        | Standing::Revoked { inside: true, .. } => code.may_ask_for_help(now),
        Standing::Issued
        | Standing::Entering
        | Standing::Inside { .. }
        | Standing::Leaving { .. }
        | Standing::Completed { .. }
        | Standing::Expired { inside: false, .. }
        | Standing::Revoked { inside: false, .. } => false,
    }
}

/// Whether a gate was asked and its answer is not known yet.
pub(super) fn is_under_way(code: &AccessCode) -> bool {
    code.reserved_attempt().is_some()
}

/// What became of an opening, or what is becoming of it.
pub(super) fn opening(code: &AccessCode, attempt: &Attempt, zone: &str, now: Timestamp) -> Words {
    let deleted = match code.end {
        Some(End::Revoked { at, effective_at }) if attempt.ends_with_the_code() => {
            Some((at, effective_at))
        }
        Some(End::Revoked { .. } | End::Completed { .. } | End::Expired { .. }) | None => None,
    };
    let words = match (attempt.state, deleted) {
        (State::Sent { .. }, Some((_, effective_at))) if now <= effective_at => {
            Words::of("opening-cancelling")
        }
        (State::Sent { .. }, Some(_)) => Words::of("opening-cancelling-silent"),
        (State::Sent { .. }, None) if attempt.is_unconfirmed(now) => Words::of("opening-silent"),
        (State::Pending, _) | (State::Sent { .. }, None) => Words::of("opening-asked"),
        (State::Executed { at }, Some((deleted_at, _))) if deleted_at <= at => {
            Words::of("opening-before-cancel").at("at", Moment::new(at, zone))
        }
        (State::Executed { at }, _) if attempt.deadline < at => {
            Words::of("opening-said-late").at("at", Moment::new(at, zone))
        }
        (State::Executed { at }, _) => Words::of("opening-opened").at("at", Moment::new(at, zone)),
        (State::NotExecuted { why, .. }, _) => Words::of("opening-not").why(why),
    };
    match attempt.leg() {
        Some(leg) => words.way(leg),
        None => words,
    }
}

/// Who made a code, in the eyes of a reader.
pub(super) fn made_by(issued_by: UserId, reader: UserId, is_former: bool) -> Words {
    Words::of(match (issued_by == reader, is_former) {
        (true, _) => "code-by-you",
        (false, true) => "code-by-former",
        (false, false) => "code-by-other",
    })
}
