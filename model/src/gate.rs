//! The gate: the real state machine, its disk, its connection, and what an onlooker saw of it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bridge::mapping::{self, Letter};
use device_sim::gate::{Gate as Machine, Input, Message, Output, Pinned, State};
use domain::access_code::TRIGGER_LIFETIME;
use domain::{AttemptId, Timestamp};
use protocol::{
    Command, CommandId, Down, GateId, Greeting, Nonce, Order, Presence, Status, Topic, Up,
    VerifyingKeys,
};

use crate::service::{GATE, KEY};
use crate::variant::Variant;

/// Longer than any game.
const FOR_EVER: Duration = Duration::from_hours(24);

/// What the gate was given when it was made.
static PINNED: LazyLock<Arc<Pinned>> = LazyLock::new(|| {
    let keys = VerifyingKeys(vec![KEY.verifying_key()]);
    let firmware = String::new();
    Arc::new(Pinned { gate: own_id(), keys, keeps_gap: true, firmware })
});

#[derive(Clone)]
pub(crate) struct Gate {
    machine: Machine,
    seen: Seen,
}

/// All that is seen of a gate from outside of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    /// What would be found after a power cut.
    pub(crate) disk: Vec<CommandId>,
    writing: Option<CommandId>,
    /// The nonces of the first and the last hello of the connection, if it stands.
    link: Option<(Nonce, Nonce)>,
    pub(crate) hellos: u8,
    /// The epoch it acts in, and when it said the hello of it.
    epoch: Option<(u64, Timestamp)>,
    hello_said_at: Option<Timestamp>,
    pub(crate) pulses: Vec<Pulse>,
}

/// The motor was told to move.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pulse {
    pub(crate) attempt: AttemptId,
    pub(crate) at: Timestamp,
    /// The epoch that the gate was in.
    pub(crate) epoch: Option<u64>,
}

/// The moment, and how far the gate's clock is behind.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    pub(crate) at: Timestamp,
    pub(crate) lag: Duration,
}

impl Now {
    /// The same moment on the gate's clock.
    fn at_the_gate(self) -> Duration {
        let millis = (self.at - self.lag).as_millis();
        Duration::from_millis(u64::try_from(millis).expect("after the start"))
    }
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { machine: switched_on(&[]), seen: Seen::default() }
    }

    pub(crate) fn memory(&self) -> (State, Seen) {
        (self.machine.state().clone(), self.seen.clone())
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The epoch it acts in.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.seen.epoch.map(|(epoch, _)| epoch)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.seen.link.is_some()
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.seen.writing.is_some()
    }

    /// How long until its next hello.
    pub(crate) fn hello_in(&self, now: Now) -> Option<Duration> {
        Some(self.machine.hello_due()?.saturating_sub(now.at_the_gate()))
    }

    pub(crate) fn connect(&mut self, now: Now) -> Vec<Letter> {
        let nonce = self.fresh_nonce();
        self.seen.link = Some((nonce, nonce));
        self.step(Input::Connected { nonce }, now)
    }

    pub(crate) fn say_hello(&mut self, now: Now) -> Vec<Letter> {
        let nonce = self.fresh_nonce();
        self.step(Input::HelloDue { nonce }, now)
    }

    /// The ledger's write ends; a failed one may have reached the disk all the same.
    pub(crate) fn written(&mut self, ok: bool, reached: bool, now: Now) -> Vec<Letter> {
        let Some(id) = self.seen.writing.take() else { return vec![] };
        self.seen.disk.extend(reached.then_some(id));
        self.step(if ok { Input::LedgerWritten } else { Input::LedgerFailed }, now)
    }

    /// The connection ends; the broker says so on the gate's behalf, by its will and by its own
    /// word.
    pub(crate) fn lose_connection(&mut self, now: Now) -> Vec<Letter> {
        let farewell = self.farewell();
        self.step(Input::ConnectionLost, now);
        farewell
    }

    /// Power goes and comes back; what was being written may have reached the disk.
    pub(crate) fn cut_power(&mut self, reached: bool, variant: Variant) -> Vec<Letter> {
        let farewell = self.farewell();
        let id = self.seen.writing.take().filter(|_| reached);
        self.seen.disk.extend(id);
        if variant == Variant::LedgerLost {
            self.seen.disk.clear();
        }
        self.machine = switched_on(&self.seen.disk);
        farewell
    }

    pub(crate) fn hear(
        &mut self,
        topic: &Topic,
        body: &[u8],
        variant: Variant,
        now: Now,
    ) -> Vec<Letter> {
        match topic {
            Topic::Down(_, Down::Welcome) => {
                let Ok(greeting) = Greeting::from_bytes(body) else { return vec![] };
                self.step(Input::Greeted { greeting, retained: false }, now)
            }
            Topic::Down(_, Down::Trigger) => {
                let Ok(command) = Command::from_bytes(body) else { return vec![] };
                self.obey(command, variant, now)
            }
            Topic::Up(..) => vec![],
        }
    }

    /// A wrong gate is the real one that hears what it would have to hear to go wrong.
    fn obey(&mut self, command: Command, variant: Variant, now: Now) -> Vec<Letter> {
        let heard = match self.seen.epoch {
            Some((epoch, hello_at)) => misheard(command, variant, epoch, hello_at),
            None => command,
        };
        let is_question = heard.order.deadline().is_none();
        let before = self.machine.clone();
        let letters = self.step(Input::Commanded { command: heard, retained: false }, now);
        if variant == Variant::NoTombstone && is_question {
            self.machine = before;
        }
        letters
    }

    fn step(&mut self, input: Input, now: Now) -> Vec<Letter> {
        if input == Input::ConnectionLost {
            (self.seen.link, self.seen.epoch) = (None, None);
        }
        let mut letters = Vec::new();
        for output in self.machine.step(input, now.at_the_gate()) {
            match output {
                Output::Publish(message) => {
                    self.watch(&message, now);
                    let message = without_times(message);
                    letters.push(letter(message.topic(), message.to_bytes(&[])));
                }
                Output::WriteLedger(id) => self.seen.writing = Some(id),
                Output::Pulse { command, .. } => {
                    let (attempt, epoch) = (mapping::attempt_id(command), self.epoch());
                    self.seen.pulses.push(Pulse { attempt, at: now.at, epoch });
                }
                Output::Withhold(_) | Output::Ignore(_) => {}
            }
        }
        letters
    }

    fn watch(&mut self, message: &Message, now: Now) {
        match message {
            Message::Hello(hello) => {
                self.seen.hello_said_at = Some(now.at);
                if let Some((_, last)) = &mut self.seen.link {
                    *last = hello.nonce;
                }
            }
            Message::Ready(ready) => {
                let said_at = self.seen.hello_said_at.expect("a hello comes first");
                self.seen.epoch = Some((ready.epoch, said_at));
            }
            Message::Status(_) | Message::Goodbye(_) => {}
        }
    }

    fn farewell(&mut self) -> Vec<Letter> {
        self.seen.epoch = None;
        self.seen.hello_said_at = None;
        let Some((first, last)) = self.seen.link.take() else { return vec![] };
        let gone = |nonce| letter(Up::Presence, Presence::gone(nonce).to_bytes());
        let will = (first != last).then(|| gone(first));
        will.into_iter().chain([gone(last)]).collect()
    }

    fn fresh_nonce(&mut self) -> Nonce {
        self.seen.hellos += 1;
        Nonce([self.seen.hellos; 16])
    }
}

/// The times of a report are for people; with them two games that go on alike would count as two.
fn without_times(message: Message) -> Message {
    if let Message::Status(status) = message {
        return Message::Status(Status::new(status.id, status.epoch, status.outcome));
    }
    message
}

/// An opening of a stranger, who knows everything but the key.
pub(crate) fn forged(attempt: AttemptId, epoch: u64) -> Letter {
    let stranger = protocol::SigningKey::from_seed("k1", &[8; 32]);
    let deadline_ms = u64::try_from(FOR_EVER.as_millis()).expect("a day");
    let order = Order::Open { leg: protocol::Leg::Entry, deadline_ms };
    let id = CommandId(attempt.to_bytes());
    let command = Command::signed(&stranger, id, &own_id(), epoch, order);
    let topic = Topic::Down(own_id(), Down::Trigger).to_string();
    Letter::new(topic, command.to_bytes())
}

/// What a gate must have heard to do what the variant does.
fn misheard(command: Command, variant: Variant, epoch: u64, hello_at: Timestamp) -> Command {
    let lifetime = match variant {
        Variant::NeitherEpochNorDeadline | Variant::NoDeadline => FOR_EVER,
        // Without epochs it had to be a moment: that of the attempt, whose id begins with the
        // moment of the tap.
        Variant::NoEpoch => hello_at.until(tapped_at(command.id) + TRIGGER_LIFETIME),
        Variant::Real
        | Variant::ReleaseOnTimeout
        | Variant::LedgerLost
        | Variant::PublishBeforeClaim
        | Variant::NoTombstone => return command,
    };
    if command.verify(&PINNED.keys).is_err() {
        return command;
    }
    let epoch = if variant == Variant::NoDeadline { command.epoch } else { epoch };
    let order = match command.order {
        Order::Open { leg, .. } => {
            let deadline_ms = u64::try_from(lifetime.as_millis()).expect("a day at most");
            Order::Open { leg, deadline_ms }
        }
        Order::Cancel => Order::Cancel,
        Order::Query => Order::Query,
    };
    Command::signed(&KEY, command.id, &command.gate, epoch, order)
}

fn tapped_at(id: CommandId) -> Timestamp {
    let millis = id.0[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte));
    Timestamp::from_millis(millis)
}

fn letter(up: Up, body: Vec<u8>) -> Letter {
    Letter::new(Topic::Up(own_id(), up).to_string(), body)
}

fn switched_on(disk: &[CommandId]) -> Machine {
    Machine::new(Arc::clone(&PINNED), disk)
}

fn own_id() -> GateId {
    let id = domain::GateId::from_bytes(GATE).to_string();
    GateId::parse(&id).expect("an id of ours can stand in a topic")
}
