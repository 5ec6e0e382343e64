//! What is known of an attempt, in plain words: its hops, and which of them failed and why.
//! Pure: rows come in, sentences go out.

use std::time::Duration;

use domain::attempt::{Occasion, Press, State, WhyNot};
use domain::{Leg, Timestamp};
use store::{Channel, CutBy, Hops, Trace};

/// A bridge that runs frees a command that it could not send within this time of its deadline.
const PROMPT: Duration = Duration::from_secs(3);

/// By how much the clocks of a gate and of the service may differ on a command, and a bit.
const CLOCKS_APART: Duration = Duration::from_secs(2);

/// Nothing is under way on a connection for longer: both ends take a silent one for gone before.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// An attempt, told.
#[derive(Debug)]
pub(crate) struct Story {
    /// The oldest first.
    pub(crate) hops: Vec<Hop>,
    pub(crate) outcome: Outcome,
    /// Where it went wrong, if it did.
    pub(crate) failed_at: Option<Stage>,
    /// The whole in a few sentences.
    pub(crate) told: String,
}

/// One moment on the way.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) name: &'static str,
    pub(crate) at: Timestamp,
    /// How long after the hop before it.
    pub(crate) after: Option<Duration>,
    pub(crate) what: &'static str,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Opened,
    NotOpened,
    /// Nobody knows yet.
    Unsettled,
}

/// Where an attempt can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// From the reservation to the bridge's claim.
    Claim,
    /// From the claim to the gate.
    Wire,
    /// In the gate.
    Gate,
    /// From the gate back to the bridge.
    Report,
    /// The host took the code back.
    Revoke,
    /// Who pressed may not open the gate any more.
    Access,
}

impl Outcome {
    /// The word for machines.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::NotOpened => "not_opened",
            Self::Unsettled => "unsettled",
        }
    }
}

impl Stage {
    /// The word for machines.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Wire => "wire",
            Self::Gate => "gate",
            Self::Report => "report",
            Self::Revoke => "revoke",
            Self::Access => "access",
        }
    }

    /// The end of a sentence that begins with "It failed".
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Claim => "before the command was sent",
            Self::Wire => "between the bridge and the gate",
            Self::Gate => "at the gate",
            Self::Report => "on the way back from the gate",
            Self::Revoke => "because the host revoked the code",
            Self::Access => "because who pressed may not open the gate any more",
        }
    }
}

impl Story {
    /// Tells what is known.
    pub(crate) fn of(trace: &Trace, now: Timestamp) -> Self {
        let (failed_at, told) = verdict(trace, now);
        let outcome = match trace.attempt.state {
            State::Executed { .. } if held_back(trace) || stood_still(trace) => Outcome::NotOpened,
            State::Executed { .. } => Outcome::Opened,
            State::NotExecuted { .. } => Outcome::NotOpened,
            State::Pending | State::Sent { .. } => Outcome::Unsettled,
        };
        let contradicted = trace.contradicted_at.map(|_| {
            " Later the gate said the opposite, which changed nothing: have somebody look at it."
        });
        let told = told + contradicted.unwrap_or_default();
        Self { hops: hops::of(trace), outcome, failed_at, told }
    }
}

/// In or out.
pub(crate) fn way(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "entry",
        Leg::Exit => "exit",
    }
}

/// What an attempt is for, for people.
pub(crate) fn occasion(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Visit(visit) => way(visit.leg),
        Occasion::Press(Press { api_key: None, .. }) => "opened from the app",
        Occasion::Press(Press { api_key: Some(_), .. }) => "opened by an API key",
    }
}

/// Why a tap made no attempt, from the word of its refusal.
pub(crate) fn refused(why: &str) -> &'static str {
    match why {
        "gate_offline" => {
            "The gate could not be reached: not connected, barred, without a recent hello, too \
             many unanswered commands, or no settings. Nothing was used up."
        }
        "pass_suspended" => {
            "A gate of the settings was not the intercom's owner's any more. Nothing was used up."
        }
        "already_opening" => "An attempt for the same way was under way, or its gate kept silent.",
        "pass_revoked" => "The host had revoked the code.",
        "pass_expired" => "The code's time was over.",
        "pass_used" => "The code had been used for this way.",
        "not_entered_yet" => "Nobody had entered with the code yet.",
        "scan_required" => "The board had not been scanned, or too long before.",
        "wrong_intercom" => "Another intercom's board had been scanned.",
        "link_locked" => "The link is locked after too many wrong digits.",
        "code_wait" => "It came within the pause after wrong digits.",
        "code_wrong" => "The digits were wrong.",
        "too_many_requests" => "Too many attempts for this way within ten minutes.",
        _ => "It was refused for a reason that this version does not know.",
    }
}

/// Whether it pulsed, and its sensor waited in vain for it to move.
fn stood_still(trace: &Trace) -> bool {
    matches!(trace.attempt.state, State::Executed { .. })
        && trace.hops.still_at.is_some()
        && trace.hops.moved_at.is_none()
}

fn verdict(trace: &Trace, now: Timestamp) -> (Option<Stage>, String) {
    let attempt = &trace.attempt;
    let is_over = attempt.deadline < now;
    match attempt.state {
        State::Executed { at } => opened(trace, at),
        State::NotExecuted { at, why } => {
            let (stage, told) = not_opened(trace, why, at);
            (Some(stage), format!("The gate did not open. {told}"))
        }
        State::Pending if is_over => (
            Some(Stage::Claim),
            format!(
                "Nothing was sent and nothing can be any more, but {}: no bridge runs, or it \
                 cannot reach the database. The next one that does ends it.",
                still_held(trace)
            ),
        ),
        State::Pending => (None, "It waits for the bridge.".to_owned()),
        State::Sent { .. } => unanswered(trace, is_over, now),
    }
}

fn opened(trace: &Trace, at: Timestamp) -> (Option<Stage>, String) {
    if held_back(trace) {
        let told = format!(
            "The gate wrote the command down and then stayed shut: meanwhile its deadline had \
             passed, or a cancel had come. Look at its flash if that happens often.{}",
            advice(trace)
        );
        return (Some(Stage::Gate), told);
    }
    if stood_still(trace) {
        let told = format!(
            "The gate pulsed, but its sensor saw nothing move: look at the motor, its power and the \
             sensor.{}",
            advice(trace)
        );
        return (Some(Stage::Gate), told);
    }
    let (attempt, tap) = (&trace.attempt, tap(trace));
    let took = attempt.reserved_at.until(at).as_millis();
    let is_late = trace.channel == Some(Channel::Ledger) || attempt.deadline < at;
    let mut told = match (trace.channel, trace.hops.pulsed_at) {
        (Some(Channel::Ledger), _) => {
            let opened = if trace.hops.moved_at.is_some() {
                "The gate opened: its sensor saw it move."
            } else {
                "The gate opened, or lost power just before it did."
            };
            let cut = cut_words(trace);
            format!("{opened} Its report was lost{cut}; its ledger told {took} ms after the {tap}.")
        }
        // A gate pulses in time or not at all.
        (_, Some(pulsed_at)) if attempt.deadline + CLOCKS_APART < pulsed_at => {
            let by = attempt.deadline.until(pulsed_at).as_secs();
            format!(
                "The gate opened in time. The service's clock was set ahead meanwhile, by {by} s \
                 or a little more, so the times above do not fit."
            )
        }
        (_, Some(pulsed_at)) if is_late => format!(
            "The gate opened {} ms after the {tap}, but its report took until {took} ms after it.",
            attempt.reserved_at.until(pulsed_at).as_millis()
        ),
        (_, None) if is_late && trace.hops.moved_at.is_some() => format!(
            "The gate opened in time: its sensor saw it move. Its report took until {took} ms after \
             the {tap}."
        ),
        (_, None) if is_late => format!(
            "The gate opened in time, or wrote the command down too slowly and stayed shut; its \
             report took until {took} ms after the {tap}."
        ),
        (_, Some(_) | None) => {
            format!("The gate opened; its report came {took} ms after the {tap}.")
        }
    };
    if cancelled_at(trace).is_some_and(|revoked_at| revoked_at <= at) {
        told += " The command was on the wire when the host revoked the code: the guest may be \
                 inside.";
    }
    (is_late.then_some(Stage::Report), told)
}

/// What to do when the gate stayed shut and the command is spent.
fn advice(trace: &Trace) -> &'static str {
    match trace.attempt.leg() {
        None => " Press again.",
        Some(_) if cancelled_at(trace).is_some() => "",
        Some(Leg::Entry) => " The way is used all the same: give the guest a new code.",
        Some(Leg::Exit) => " The way is used all the same: open the gate for the guest.",
    }
}

/// How the request is called that began it.
fn tap(trace: &Trace) -> &'static str {
    match trace.attempt.occasion {
        Occasion::Visit(_) => "tap",
        Occasion::Press(_) => "press",
    }
}

/// Whether the gate says that it wrote the command down and did not pulse; one that says no times
/// leaves it open.
fn held_back(trace: &Trace) -> bool {
    trace.channel == Some(Channel::Report)
        && trace.hops.received_at.is_some()
        && trace.hops.pulsed_at.is_none()
        && trace.hops.moved_at.is_none()
        && matches!(trace.attempt.state, State::Executed { .. })
}

/// Where a command was held up that came too late.
fn slowest(trace: &Trace) -> (Stage, String) {
    let Hops { published_at, received_at, .. } = trace.hops;
    let known = trace.claimed_at.zip(published_at).zip(received_at);
    let Some(((claimed_at, published_at), received_at)) = known else {
        let any = "the database kept the bridge waiting, or broker and network were too slow";
        return (Stage::Wire, any.to_owned());
    };
    let reserved_at = trace.attempt.reserved_at;
    let ms = |from: Timestamp, to: Timestamp| from.until(to).as_millis();
    let (inside, outside) = (ms(reserved_at, published_at), ms(published_at, received_at));
    if LONGEST_SILENCE < published_at.until(received_at) {
        let told = "the service's clock was set ahead meanwhile, so the times above do not fit";
        return (Stage::Wire, told.to_owned());
    }
    if inside < outside {
        // A broker may deliver before it says that it has it.
        let parts = trace.hops.taken_at.map(|at| at.min(received_at)).map(|taken_at| {
            format!(
                ", {} until the broker had taken it and {} from there to the gate",
                ms(published_at, taken_at),
                ms(taken_at, received_at)
            )
        });
        let parts = parts.unwrap_or_default();
        return (Stage::Wire, format!("broker and network took {outside} ms{parts}"));
    }
    let lost = trace
        .cut
        .filter(|(at, by)| *by == CutBy::Bridge && (claimed_at..=published_at).contains(at));
    if lost.is_some() {
        let told = format!(
            "the bridge lost the broker and could send it {} ms after it had claimed it",
            ms(claimed_at, published_at)
        );
        return (Stage::Wire, told);
    }
    // A bridge may have read the reservation before who made it heard of the commit.
    let committed_at = trace.hops.committed_at.map(|at| at.min(claimed_at));
    let committed = committed_at.map(|committed_at| {
        format!("{} until the reservation was committed, ", ms(reserved_at, committed_at))
    });
    let told = format!(
        "the service needed {inside} ms to send it, {}{} until the bridge could take it up and {} \
         until the database had written that down and it went",
        committed.unwrap_or_default(),
        ms(committed_at.unwrap_or(reserved_at), claimed_at),
        ms(claimed_at, published_at)
    );
    (Stage::Claim, told)
}

fn not_opened(trace: &Trace, why: WhyNot, at: Timestamp) -> (Stage, String) {
    let attempt = &trace.attempt;
    let cut = cut_words(trace);
    match why {
        WhyNot::Revoked => {
            (Stage::Revoke, "The code was revoked before the command was sent.".to_owned())
        }
        WhyNot::AccessRemoved => (
            Stage::Access,
            "Before the command was sent, access to the gate was taken from who pressed, or from \
             the API key that did it for them."
                .to_owned(),
        ),
        WhyNot::Cancelled if attempt.press().is_some() => (
            Stage::Access,
            "Access was taken away while the command was on the wire; the cancel reached the gate \
             in time."
                .to_owned(),
        ),
        WhyNot::Cancelled => {
            (Stage::Revoke, "The cancel of the revoke reached the gate in time.".to_owned())
        }
        WhyNot::NotSentInTime if at <= attempt.deadline + PROMPT => (
            Stage::Claim,
            format!(
                "A bridge ran but could not send the command before its deadline: the database \
                 did not answer, or the bridge had not heard the gate's hello{cut}."
            ),
        ),
        WhyNot::NotSentInTime => (
            Stage::Claim,
            format!(
                "No bridge took the command before its deadline: none ran, it could not reach the \
                 database, or the clock was set ahead, until {} s after the {}.",
                attempt.reserved_at.until(at).as_secs(),
                tap(trace)
            ),
        ),
        WhyNot::GateWentAway => (
            Stage::Claim,
            format!("The gate's connection changed before the command could be sent{cut}."),
        ),
        WhyNot::TooLate => {
            let (stage, what) = slowest(trace);
            (stage, format!("The command reached the gate after its deadline: {what}."))
        }
        WhyNot::StaleEpoch => (
            Stage::Wire,
            format!("When the command arrived, the gate was in another epoch already{cut}."),
        ),
        WhyNot::NeverArrived => (
            Stage::Wire,
            format!(
                "The gate was there and answered when it was asked, but the command had not \
                 reached it{cut}.{}",
                broker_words(trace)
            ),
        ),
        WhyNot::NotInLedger => match trace.cut {
            Some((_, CutBy::Bridge)) => {
                let lost = if trace.hops.taken_at.is_some() {
                    format!(
                        "The command was lost with the broker{cut}, between it and the gate, or \
                         with the gate's power"
                    )
                } else {
                    format!("The command may never have left the service{cut}")
                };
                let told = format!("{lost}; the gate had not acted.{}", broker_words(trace));
                (Stage::Wire, told)
            }
            Some((_, CutBy::Gate)) | None => (
                Stage::Wire,
                format!(
                    "The gate had not acted before it went away{cut}: it lost power or its \
                     connection.{}",
                    broker_words(trace)
                ),
            ),
        },
        WhyNot::TooSoon => (
            Stage::Gate,
            "It had opened for somebody else less than its minimum gap before, or got power: then \
             it cannot know how long ago it opened."
                .to_owned(),
        ),
        WhyNot::LedgerFailed => (
            Stage::Gate,
            "It could not write its ledger, and must not open then: look at its flash.".to_owned(),
        ),
    }
}

fn unanswered(trace: &Trace, is_over: bool, now: Timestamp) -> (Option<Stage>, String) {
    let (attempt, gate) = (&trace.attempt, &trace.gate);
    if attempt.epoch < gate.hardware_since {
        let advice = match attempt.occasion {
            Occasion::Visit(_) => ", so the leg stays reserved. Give the guest a new code.",
            Occasion::Press(_) => ". Another press is sent as ever.",
        };
        let told = format!(
            "Other hardware is in the gate's place now, or the service went back to a backup: \
             nobody can say whether it opened{advice}"
        );
        return (Some(Stage::Report), told);
    }
    if !is_over {
        let told = "It is on its way; the gate has not answered yet.";
        return (None, told.to_owned());
    }
    let cut = cut_words(trace);
    let there = if gate.barred.is_some() {
        "The gate is barred: until it is let in again nobody knows."
    } else if gate.ready(now).is_none() {
        "The gate is not connected; its ledger tells when it is back."
    } else if trace.asked_at.is_none_or(|asked_at| asked_at + PROMPT < now) {
        "Nobody asks the gate: no bridge runs, or it cannot reach the database; the next one asks."
    } else {
        "The gate is connected and is asked every two seconds."
    };
    let told = format!(
        "The command was sent and the gate keeps silent{cut}.{} Its deadline has passed, so it \
         will not open any more; whether it did is open, so {}. {there}",
        broker_words(trace),
        still_held(trace)
    );
    // Only the gate's word tells whether the command or the report was lost.
    (Some(Stage::Wire), told)
}

/// What waits for the gate's word.
fn still_held(trace: &Trace) -> &'static str {
    match trace.attempt.occasion {
        Occasion::Visit(_) => "the leg stays reserved",
        Occasion::Press(_) => "no other press of theirs is sent",
    }
}

/// Whether what the gate was last asked was to cancel it. A press has no revoke; while it is in time
/// there is nothing else to ask about it.
fn is_cancel(trace: &Trace) -> bool {
    trace.asked_at.is_some_and(|asked_at| match trace.attempt.occasion {
        Occasion::Visit(_) => cancelled_at(trace).is_some_and(|revoked_at| revoked_at <= asked_at),
        Occasion::Press(_) => asked_at <= trace.attempt.deadline,
    })
}

/// When a revoke was to stop it.
fn cancelled_at(trace: &Trace) -> Option<Timestamp> {
    trace.revoked_at.filter(|_| trace.attempt.ends_with_the_code())
}

/// Whether the command got as far as the broker; nothing where nobody could write that down.
fn broker_words(trace: &Trace) -> String {
    match (trace.hops.published_at, trace.hops.taken_at) {
        (_, Some(taken_at)) => {
            let (ms, tap) = (trace.attempt.reserved_at.until(taken_at).as_millis(), tap(trace));
            format!(" The broker had taken it {ms} ms after the {tap}.")
        }
        (Some(_), None) => " The broker had not confirmed that it took it.".to_owned(),
        (None, None) => String::new(),
    }
}

/// Who cut the way and when, in brackets; nothing when it was not cut.
fn cut_words(trace: &Trace) -> String {
    let Some((at, by)) = trace.cut else { return String::new() };
    let (since, what) = match trace.claimed_at {
        Some(claimed_at) => (claimed_at, "claim"),
        None => (trace.attempt.reserved_at, tap(trace)),
    };
    let who = match by {
        CutBy::Bridge => "the bridge started anew or lost the broker",
        CutBy::Gate => "the gate left or said hello anew",
    };
    format!(" ({who} {} ms after the {what})", since.until(at).as_millis())
}

mod hops;

#[cfg(test)]
mod tests;
