//! The mapping itself, pure: what is due becomes a message on a gate's topic, and a gate's report
//! becomes evidence.

use std::time::Duration;

use domain::access_code::TRIGGER_LIFETIME;
use domain::attempt::{Evidence, WhyNot};
use domain::gate::PulseGap;
use domain::{Attempt, AttemptId, GateId, Leg, Timestamp};
use protocol::{
    Command, CommandId, Down, Greeting, Nonce, NotExecuted, Order, Outcome, Report, Signed,
    SigningKey, Topic, Welcome,
};

/// A message for a gate. QoS 1, never retained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Where it goes.
    pub topic: String,
    /// What it says.
    pub body: Vec<u8>,
    /// The attempt that it opens a gate for, if it does.
    pub opens: Option<AttemptId>,
}

impl Letter {
    /// A letter that opens nothing.
    pub fn new(topic: String, body: Vec<u8>) -> Self {
        Self { topic, body, opens: None }
    }
}

/// The signed opening. `hello_age` is how long ago the hello of the attempt's epoch was heard,
/// read before `now`: a pause between the two then only shortens the command's life.
pub fn open(attempt: &Attempt, hello_age: Duration, now: Timestamp, key: &SigningKey) -> Letter {
    let deadline_ms = deadline_ms(attempt, hello_age, now);
    // Gates know two ways; whoever presses without a code comes in.
    let leg = leg(attempt.leg().unwrap_or(Leg::Entry));
    let letter = command(attempt, Order::Open { leg, deadline_ms }, key);
    Letter { opens: Some(attempt.id), ..letter }
}

/// The signed "do not open any more" about an opening that was sent.
pub fn cancel(attempt: &Attempt, key: &SigningKey) -> Letter {
    command(attempt, Order::Cancel, key)
}

/// The signed "what became of it" about an opening that was sent.
pub fn query(attempt: &Attempt, key: &SigningKey) -> Letter {
    command(attempt, Order::Query, key)
}

/// The attempt's bytes are the command's id at the gate.
fn command(attempt: &Attempt, order: Order, key: &SigningKey) -> Letter {
    let (id, gate) = (CommandId(attempt.id.to_bytes()), in_topics(attempt.gate));
    let command = Command::signed(key, id, &gate, attempt.epoch, order);
    let topic = Topic::Down(gate, Down::Trigger).to_string();
    Letter::new(topic, command.to_bytes())
}

/// The signed answer to a hello.
pub fn welcome(
    gate: GateId,
    nonce: Nonce,
    epoch: u64,
    gap: PulseGap,
    key: &SigningKey,
    now: Timestamp,
) -> Letter {
    let (ms, gap) = (now.as_millis(), gap.as_duration());
    let welcome = Welcome::signed(key, &in_topics(gate), nonce, epoch, ms, gap);
    greeting(gate, &Greeting::Welcome(welcome))
}

/// Asks a gate to say hello again.
pub fn hello_again(gate: GateId) -> Letter {
    greeting(gate, &Greeting::HelloAgain)
}

/// Whether it was this gate that said so: one of its keys signed it.
pub fn is_said_by<T: Report>(gate: GateId, report: &Signed<T>, keys: &[Vec<u8>]) -> bool {
    report.verify(&in_topics(gate), keys).is_ok()
}

/// What a gate's report proves.
pub fn evidence(outcome: Outcome) -> Evidence {
    let Outcome::NotExecuted { why } = outcome else { return Evidence::Executed };
    Evidence::NotExecuted(match why {
        NotExecuted::TooLate => WhyNot::TooLate,
        NotExecuted::TooSoon => WhyNot::TooSoon,
        NotExecuted::StaleEpoch => WhyNot::StaleEpoch,
        NotExecuted::Cancelled => WhyNot::Cancelled,
        NotExecuted::NeverArrived => WhyNot::NeverArrived,
        NotExecuted::LedgerFailed => WhyNot::LedgerFailed,
    })
}

/// Which attempt a gate speaks of.
pub fn attempt_id(id: CommandId) -> AttemptId {
    AttemptId::from_bytes(id.0)
}

fn greeting(gate: GateId, greeting: &Greeting) -> Letter {
    let topic = Topic::Down(in_topics(gate), Down::Welcome).to_string();
    Letter::new(topic, greeting.to_bytes())
}

/// Counted from the arrival of the hello here, so never later than the attempt's own deadline on
/// a gate that counts from the sending. Only what is left of the command's short life is told by
/// the wall clock, and never more than the whole of it: however that clock is set, no gate acts
/// later than the life of a command after it was sent. Nothing left is told as 0 and not as now: a
/// gate whose clock is behind would take now for later.
fn deadline_ms(attempt: &Attempt, hello_age: Duration, now: Timestamp) -> u64 {
    if attempt.deadline < now {
        return 0;
    }
    let left = now.until(attempt.deadline).min(TRIGGER_LIFETIME);
    // A deadline of 0 has passed everywhere: the safe side.
    u64::try_from((hello_age + left).as_millis()).unwrap_or(0)
}

fn leg(leg: Leg) -> protocol::Leg {
    match leg {
        Leg::Entry => protocol::Leg::Entry,
        Leg::Exit => protocol::Leg::Exit,
    }
}

#[expect(clippy::expect_used, reason = "every id of ours is lower-case letters, digits and `_`")]
fn in_topics(gate: GateId) -> protocol::GateId {
    protocol::GateId::parse(&gate.to_string()).expect("an id of ours can stand in a topic")
}

#[cfg(test)]
mod tests;
