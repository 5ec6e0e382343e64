//! A guest's visit in an owner's words: where a code stands, and what became of the last opening.

use domain::access_code::{End, Standing};
use domain::attempt::State;
use domain::{AccessCode, Attempt, Timestamp, UserId};
use store::Pass;

use crate::pages::{Moment, Words};

/// A code as a line of a list.
#[derive(Hash)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) guest: String,
    pub(super) state: Words,
    pub(super) left: Option<Words>,
    pub(super) is_locked: bool,
}

impl Line {
    pub(super) fn of(pass: &Pass, zone: &str, now: Timestamp) -> Self {
        let code = &pass.code;
        Self {
            id: code.id.to_string(),
            guest: pass.guest.name.as_str().to_owned(),
            state: state(code, zone, now),
            left: left(code, now),
            is_locked: code.is_active(now) && code.guard.locked_at.is_some(),
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

/// Whether the code has ended, not long ago, and its guest went in and never out.
pub(super) fn is_perhaps_inside(code: &AccessCode, now: Timestamp) -> bool {
    match code.standing(now) {
        Standing::Expired { inside: true, .. } | Standing::Revoked { inside: true, .. } => {
            code.may_ask_for_help(now)
        }
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
    words.way(attempt.leg)
}

/// Who made a code, in the eyes of a reader.
pub(super) fn made_by(pass: &Pass, reader: UserId, is_former: bool) -> Words {
    Words::of(match (pass.issued_by == reader, is_former) {
        (true, _) => "code-by-you",
        (false, true) => "code-by-former",
        (false, false) => "code-by-other",
    })
}
