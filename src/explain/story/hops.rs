//! The moments on an attempt's way, as far as somebody saw them.

use domain::Timestamp;
use domain::attempt::{Occasion, State};
use store::{Channel, CutBy, Trace};

use super::{Hop, held_back, is_cancel};

/// The moments of an attempt, the oldest first.
pub(super) fn of(trace: &Trace) -> Vec<Hop> {
    let end = end_of(trace);
    let is_open = |at: Timestamp| end.is_none_or(|(ended_at, _)| at <= ended_at);
    let cut = trace.cut.filter(|(at, _)| is_open(*at)).map(|(at, by)| match by {
        CutBy::Bridge => (at, "the bridge started anew, or lost the broker"),
        CutBy::Gate => (at, "the gate's connection ended, or it said hello anew"),
    });
    let asked = if is_cancel(trace) {
        "the gate was last told to cancel it"
    } else {
        "the gate was last asked about it"
    };
    let tap = match trace.attempt.occasion {
        Occasion::Visit(_) => "the tap came in; its way was reserved",
        Occasion::Press(_) => "somebody pressed to open the gate without a code",
    };
    let moments = [
        ("tap", Some((trace.attempt.reserved_at, tap))),
        ("commit", with(trace.hops.committed_at, "the reservation was committed by then")),
        ("claim", with(trace.claimed_at, "the bridge claimed the command, to publish it at once")),
        ("publish", with(trace.hops.published_at, "the claim was committed and the command sent")),
        ("broker", with(trace.hops.taken_at, "the broker had taken the command")),
        ("receipt", with(trace.hops.received_at, "the gate received it, as the gate says")),
        ("pulse", with(trace.hops.pulsed_at, "the gate pulsed, as the gate says")),
        ("sensor", sensor(trace)),
        ("cut", cut),
        ("revoke", with(trace.revoked_at, "the host revoked the code")),
        ("ask", with(trace.asked_at, asked)),
        ("word", end),
        ("contradiction", with(trace.contradicted_at, "the gate said the opposite")),
    ];
    let hops = moments.into_iter().filter_map(|(name, moment)| {
        let (at, what) = moment?;
        Some(Hop { name, at, after: None, what })
    });
    let mut hops: Vec<Hop> = hops.collect();
    // What a gate names is told by its clock, which may go a little slower than the service's.
    let mut earliest = None;
    for hop in &mut hops {
        match hop.name {
            "claim" | "publish" => earliest = earliest.max(Some(hop.at)),
            "receipt" | "pulse" | "sensor" => {
                hop.at = earliest.map_or(hop.at, |earliest: Timestamp| hop.at.max(earliest));
                earliest = Some(hop.at);
            }
            _ => {}
        }
    }
    hops.sort_by_key(|hop| hop.at);
    let mut before: Option<Timestamp> = None;
    for hop in &mut hops {
        hop.after = before.replace(hop.at).map(|before| before.until(hop.at));
    }
    hops
}

/// What a sensor at the gate saw, if it has one that tells.
fn sensor(trace: &Trace) -> Option<(Timestamp, &'static str)> {
    let moved = with(trace.hops.moved_at, "the sensor saw the gate move, as the gate says");
    moved
        .or_else(|| with(trace.hops.still_at, "the sensor had seen nothing move, as the gate says"))
}

fn with(at: Option<Timestamp>, what: &'static str) -> Option<(Timestamp, &'static str)> {
    at.map(|at| (at, what))
}

/// When it was settled, and by whose word.
fn end_of(trace: &Trace) -> Option<(Timestamp, &'static str)> {
    match (trace.attempt.state, trace.channel) {
        (State::Pending | State::Sent { .. }, _) => None,
        (State::Executed { at }, Some(Channel::Ledger)) => {
            Some((at, "the gate came back with the command in its ledger"))
        }
        (State::Executed { at }, Some(Channel::Report) | None) if held_back(trace) => {
            Some((at, "the gate's report arrived: it wrote the command down and held back"))
        }
        (State::Executed { at }, Some(Channel::Report) | None) => {
            Some((at, "the gate's report arrived: it opened"))
        }
        (State::NotExecuted { at, .. }, Some(Channel::Ledger)) => {
            Some((at, "the gate came back without the command in its ledger"))
        }
        (State::NotExecuted { at, .. }, Some(Channel::Report)) => {
            Some((at, "the gate's report arrived: it did not open and will not"))
        }
        (State::NotExecuted { at, .. }, None) => {
            let given_up = match trace.attempt.occasion {
                Occasion::Visit(_) => "it was given up; the way is free again",
                Occasion::Press(_) => "it was given up; nothing was sent",
            };
            Some((at, given_up))
        }
    }
}
