//! The device contract as a state machine: what a gate must do at each thing that happens.
//!
//! It does nothing itself. It reads no clock, rolls no dice and touches neither file nor network:
//! `now` is a monotonic time that keeps counting while the gate sleeps, nonces are passed in, and
//! what is to be done comes back as a list, to be done in its order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    Command, CommandId, GateId, Greeting, HELLO_RENEWAL, Hello, LEDGER_LENGTH, Leg, Nonce,
    NotExecuted, Order, Outcome, Presence, Ready, Report, Signed, Status, Up, VerifyingKeys,
    Welcome,
};

/// The least time between two hellos of one connection.
pub const HELLO_SPACING: Duration = Duration::from_secs(1);

/// How long a hello may stay unanswered before the next; doubles up to [`HELLO_RENEWAL`].
pub const HELLO_PATIENCE: Duration = Duration::from_secs(10);

/// How many refused commands a gate remembers in one epoch.
pub const MAX_TOMBSTONES: usize = 256;

/// What a gate was given when it was made and enrolled.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// Who it is.
    pub gate: GateId,
    /// Whom it obeys.
    pub keys: VerifyingKeys,
    /// Whether it keeps the least time between two pulses that a welcome names. A board does.
    pub keeps_gap: bool,
    /// The firmware it names in its hello.
    pub firmware: String,
}

/// Something that happened to the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The broker accepted the connection and both subscriptions.
    Connected {
        /// Fresh; the connection's last will carries it too.
        nonce: Nonce,
    },
    /// The moment named by [`Gate::hello_due`] has come.
    HelloDue {
        /// Fresh.
        nonce: Nonce,
    },
    /// A body arrived on the welcome topic.
    Greeted {
        /// The body.
        greeting: Greeting,
        /// Whether the broker had kept it.
        retained: bool,
    },
    /// A body arrived on the trigger topic.
    Commanded {
        /// The body.
        command: Command,
        /// Whether the broker had kept it.
        retained: bool,
    },
    /// The id asked for by [`Output::WriteLedger`] is safe from power loss.
    LedgerWritten,
    /// It is not, or may not be.
    LedgerFailed,
    /// A sensor at the gate saw it move after a pulse, or waited for that in vain.
    Sensed {
        /// Which command the pulse was for.
        command: CommandId,
        /// Whether it moved.
        moved: bool,
    },
    /// The gate is about to disconnect on purpose.
    Leaving,
    /// The connection is gone.
    ConnectionLost,
}

/// Something to be done, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Publish it with QoS 1, not retained.
    Publish(Message),
    /// Write the id durably, then say [`Input::LedgerWritten`] or [`Input::LedgerFailed`].
    WriteLedger(CommandId),
    /// Pulse the motor, once, now.
    Pulse {
        /// Which command asked for it.
        command: CommandId,
        /// The way the guest is going.
        leg: Leg,
    },
    /// Nothing: the command counts as executed, but it died while the ledger was written.
    Withhold(CommandId),
    /// Nothing: what arrived is not answered; to be counted.
    Ignore(Ignored),
}

/// What a gate publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A connection begins, or its hello grew old.
    Hello(Hello),
    /// An epoch was adopted.
    Ready(Ready),
    /// What became of a command.
    Status(Status),
    /// A farewell on purpose, because a clean DISCONNECT silences the last will.
    Goodbye(Presence),
}

impl Message {
    /// The topic it belongs on.
    pub fn topic(&self) -> Up {
        match self {
            Self::Hello(_) => Up::Hello,
            Self::Ready(_) => Up::Ready,
            Self::Status(_) => Up::Status,
            Self::Goodbye(_) => Up::Presence,
        }
    }

    /// What the gate signs of it with the key of its certificate, if anything.
    pub fn to_sign(&self, gate: &GateId) -> Option<String> {
        match self {
            Self::Ready(ready) => Some(ready.to_sign(gate)),
            Self::Status(status) => Some(status.to_sign(gate)),
            Self::Hello(_) | Self::Goodbye(_) => None,
        }
    }

    /// The body as it stands on the wire, with the signature over [`Self::to_sign`].
    pub fn to_bytes(&self, signature: &[u8]) -> Vec<u8> {
        match self {
            Self::Hello(hello) => hello.to_bytes(),
            Self::Ready(ready) => Signed::new(ready.clone(), signature).to_bytes(),
            Self::Status(status) => Signed::new(*status, signature).to_bytes(),
            Self::Goodbye(presence) => presence.to_bytes(),
        }
    }
}

/// Why something that arrived is met with silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// The broker had kept it: nobody sent it now.
    Retained,
    /// It is meant for another gate.
    Foreign,
    /// No pinned key signed it.
    Forged,
    /// A welcome to no open hello, or into an epoch no newer than one already adopted.
    StaleWelcome,
    /// A welcome while the ledger is written; a new hello follows.
    MidWrite,
    /// A command before the first welcome of this connection.
    NoEpoch,
    /// A command of an epoch to come: a refusal would not outlive the next welcome.
    EpochAhead,
    /// There is no room to remember a refusal; a new hello follows.
    TombstonesFull,
}

/// A gate: what it was given, and what it remembers.
#[derive(Clone, Debug)]
pub struct Gate {
    pinned: Arc<Pinned>,
    state: State,
}

/// All that changes in a gate; opaque, to be compared and hashed by whoever walks its states.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Executed commands, oldest first: what the durable ledger holds.
    ledger: VecDeque<CommandId>,
    /// The command whose id is being written, if any.
    writing: Option<Writing>,
    /// When it pulsed last; after power-on, when it might have.
    pulsed_at: Option<Duration>,
    newest_epoch: Option<u64>,
    link: Option<Link>,
}

/// A command between its check and its pulse.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Writing {
    id: CommandId,
    leg: Leg,
    /// How long after the hello of its epoch it may still open.
    lifetime: Duration,
    received_at: Duration,
    cancelled: bool,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Link {
    /// The nonce of the last hello.
    nonce: Nonce,
    hello_sent_at: Duration,
    hello_due: Duration,
    /// Hellos since the last welcome; the last hello is open while there are any.
    unanswered: u32,
    epoch: Option<Epoch>,
}

/// What a welcome begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Epoch {
    number: u64,
    /// What the service said the time was when it began.
    server_time_ms: i64,
    /// When the hello was sent that the welcome answers: all deadlines count from here.
    hello_sent_at: Duration,
    pulse_gap: Duration,
    tombstones: BTreeMap<CommandId, NotExecuted>,
}

impl Epoch {
    /// A moment as a report names it: in milliseconds since the hello was sent.
    fn ms(&self, at: Duration) -> u64 {
        u64::try_from(at.saturating_sub(self.hello_sent_at).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Gate {
    /// A gate that was just switched on, with what its durable ledger holds, oldest first.
    pub fn new(pinned: Arc<Pinned>, ledger: &[CommandId]) -> Self {
        let state = State {
            ledger: ledger.iter().copied().collect(),
            writing: None,
            pulsed_at: None,
            newest_epoch: None,
            link: None,
        };
        Self { pinned, state }
    }

    /// When the next [`Input::HelloDue`] is due; only a connected gate says hello.
    pub fn hello_due(&self) -> Option<Duration> {
        self.state.link.as_ref().map(|link| link.hello_due)
    }

    /// What the service said the time was when this epoch began; no rule about commands asks.
    pub fn server_time_ms(&self) -> Option<i64> {
        self.epoch().map(|epoch| epoch.server_time_ms)
    }

    /// Takes what it was given anew, as a renewal brings it; what it remembers stays.
    pub fn give(&mut self, pinned: Arc<Pinned>) {
        self.pinned = pinned;
    }

    /// All that changes in this gate.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes in what happened and says what is to be done about it.
    pub fn step(&mut self, input: Input, now: Duration) -> Vec<Output> {
        match input {
            Input::Connected { nonce } => self.connected(nonce, now),
            Input::HelloDue { nonce } => self.renew(nonce, now),
            Input::Greeted { retained: true, .. } | Input::Commanded { retained: true, .. } => {
                ignore(Ignored::Retained)
            }
            Input::Greeted { greeting: Greeting::HelloAgain, .. } => {
                self.hello_soon(now);
                vec![]
            }
            Input::Greeted { greeting: Greeting::Welcome(welcome), .. } => {
                self.adopt(&welcome, now)
            }
            Input::Commanded { command, .. } => self.obey(&command, now),
            Input::LedgerWritten => self.act(now),
            Input::LedgerFailed => self.give_up(now),
            Input::Sensed { command, moved } => self.sensed(command, moved, now),
            Input::Leaving => self.goodbye(),
            Input::ConnectionLost => {
                self.state.link = None;
                vec![]
            }
        }
    }

    fn connected(&mut self, nonce: Nonce, now: Duration) -> Vec<Output> {
        // The last of the ledger may have pulsed just before the power failed.
        if self.state.pulsed_at.is_none() && !self.state.ledger.is_empty() {
            self.state.pulsed_at = Some(now);
        }
        self.state.link =
            Some(Link { nonce, hello_sent_at: now, hello_due: now, unanswered: 0, epoch: None });
        self.renew(nonce, now)
    }

    /// Says hello if it is time. The epoch in force stays until the welcome comes.
    fn renew(&mut self, nonce: Nonce, now: Duration) -> Vec<Output> {
        let Some(link) = self.state.link.as_mut().filter(|link| link.hello_due <= now) else {
            return vec![];
        };
        link.nonce = nonce;
        link.hello_sent_at = now;
        link.hello_due = now + patience(link.unanswered);
        link.unanswered = link.unanswered.saturating_add(1);
        vec![Output::Publish(Message::Hello(Hello::new(nonce, &self.pinned.firmware)))]
    }

    /// Brings the next hello forward, but not closer than [`HELLO_SPACING`] to the last.
    fn hello_soon(&mut self, now: Duration) {
        if let Some(link) = &mut self.state.link {
            let soon = now.max(link.hello_sent_at + HELLO_SPACING);
            link.hello_due = link.hello_due.min(soon);
        }
    }

    fn adopt(&mut self, welcome: &Welcome, now: Duration) -> Vec<Output> {
        if welcome.gate != self.pinned.gate {
            return ignore(Ignored::Foreign);
        }
        if welcome.verify(&self.pinned.keys).is_err() {
            return ignore(Ignored::Forged);
        }
        let open = |link: &&mut Link| link.unanswered != 0 && link.nonce == welcome.nonce;
        let Some(link) = self.state.link.as_mut().filter(open) else {
            return ignore(Ignored::StaleWelcome);
        };
        if Some(welcome.epoch) <= self.state.newest_epoch {
            return ignore(Ignored::StaleWelcome);
        }
        // A ready without the id being written would tell the service that it never happened.
        if self.state.writing.is_some() {
            self.hello_soon(now);
            return ignore(Ignored::MidWrite);
        }
        link.unanswered = 0;
        link.hello_due = link.hello_sent_at + HELLO_RENEWAL;
        link.epoch = Some(Epoch {
            number: welcome.epoch,
            server_time_ms: welcome.server_time_ms,
            hello_sent_at: link.hello_sent_at,
            pulse_gap: Duration::from_millis(welcome.pulse_gap_ms),
            tombstones: BTreeMap::new(),
        });
        self.state.newest_epoch = Some(welcome.epoch);
        let ledger = self.state.ledger.iter().copied().collect();
        let ready = Ready::new(welcome.nonce, welcome.epoch, ledger);
        vec![Output::Publish(Message::Ready(ready))]
    }

    fn obey(&mut self, command: &Command, now: Duration) -> Vec<Output> {
        if command.gate != self.pinned.gate {
            return ignore(Ignored::Foreign);
        }
        if command.verify(&self.pinned.keys).is_err() {
            return ignore(Ignored::Forged);
        }
        let Some(epoch) = self.epoch() else {
            return ignore(Ignored::NoEpoch);
        };
        if epoch.number < command.epoch {
            return ignore(Ignored::EpochAhead);
        }
        if self.state.ledger.contains(&command.id) {
            return self.report(command.id, Outcome::Executed);
        }
        // The epoch is tombstone enough: what is stale once stays stale.
        if command.epoch < epoch.number {
            let why = NotExecuted::StaleEpoch;
            return self.report(command.id, Outcome::NotExecuted { why });
        }
        if let Some(&why) = epoch.tombstones.get(&command.id) {
            return self.report(command.id, Outcome::NotExecuted { why });
        }
        if let Some(writing) = self.state.writing.as_mut().filter(|w| w.id == command.id) {
            writing.cancelled |= command.order == Order::Cancel;
            return vec![]; // The report follows the write.
        }
        match command.order {
            Order::Open { leg, deadline_ms } => {
                self.open(command.id, leg, Duration::from_millis(deadline_ms), now)
            }
            Order::Cancel => self.refuse(command.id, NotExecuted::Cancelled, None, now),
            Order::Query => self.refuse(command.id, NotExecuted::NeverArrived, None, now),
        }
    }

    /// Checks what is left to check of an opening in the current epoch; the ledger comes first.
    fn open(&mut self, id: CommandId, leg: Leg, lifetime: Duration, now: Duration) -> Vec<Output> {
        let Some(epoch) = self.epoch() else {
            return ignore(Ignored::NoEpoch);
        };
        if epoch.hello_sent_at + lifetime < now {
            return self.refuse(id, NotExecuted::TooLate, Some(now), now);
        }
        let rested = |at: Duration| at.saturating_add(epoch.pulse_gap) <= now;
        let rested = !self.pinned.keeps_gap || self.state.pulsed_at.is_none_or(rested);
        if !rested || self.state.writing.is_some() {
            return self.refuse(id, NotExecuted::TooSoon, Some(now), now);
        }
        self.state.writing =
            Some(Writing { id, leg, lifetime, received_at: now, cancelled: false });
        vec![Output::WriteLedger(id)]
    }

    /// Pulses, now that the ledger holds the command, unless it died during the write.
    ///
    /// Pulse or not, it counts as executed from here on, because the ledger says so: a gate that
    /// reboots at this very point could not tell the two apart.
    fn act(&mut self, now: Duration) -> Vec<Output> {
        let Some(writing) = self.state.writing.take() else {
            return vec![];
        };
        self.state.ledger.push_back(writing.id);
        if LEDGER_LENGTH < self.state.ledger.len() {
            self.state.ledger.pop_front();
        }
        // No other epoch can have begun meanwhile; this one may have ended with its connection.
        let in_time =
            self.epoch().is_some_and(|epoch| now <= epoch.hello_sent_at + writing.lifetime);
        let opens = in_time && !writing.cancelled;
        let deed = if opens {
            self.state.pulsed_at = Some(now);
            Output::Pulse { command: writing.id, leg: writing.leg }
        } else {
            Output::Withhold(writing.id)
        };
        let mut todo = vec![deed];
        let pulsed_at = opens.then_some(now);
        let times = (Some(writing.received_at), pulsed_at);
        todo.extend(self.report_at(writing.id, Outcome::Executed, times));
        todo
    }

    fn give_up(&mut self, now: Duration) -> Vec<Output> {
        let Some(writing) = self.state.writing.take() else {
            return vec![];
        };
        self.refuse(writing.id, NotExecuted::LedgerFailed, Some(writing.received_at), now)
    }

    /// Kills the command for this epoch and says so. Without room to remember, says nothing.
    fn refuse(
        &mut self,
        id: CommandId,
        why: NotExecuted,
        received_at: Option<Duration>,
        now: Duration,
    ) -> Vec<Output> {
        let Some(epoch) = self.state.link.as_mut().and_then(|link| link.epoch.as_mut()) else {
            return vec![];
        };
        if MAX_TOMBSTONES <= epoch.tombstones.len() {
            self.hello_soon(now);
            return ignore(Ignored::TombstonesFull);
        }
        epoch.tombstones.insert(id, why);
        self.report_at(id, Outcome::NotExecuted { why }, (received_at, None))
    }

    /// Reports once more, or on what never came: without times.
    fn report(&self, id: CommandId, outcome: Outcome) -> Vec<Output> {
        self.report_at(id, outcome, (None, None))
    }

    /// Reports once more on an opening, and when its sensor saw what.
    fn sensed(&self, id: CommandId, moved: bool, now: Duration) -> Vec<Output> {
        let Some(epoch) = self.epoch().filter(|_| self.state.ledger.contains(&id)) else {
            return vec![];
        };
        let at = Some(epoch.ms(now));
        let (moved_ms, still_ms) = if moved { (at, None) } else { (None, at) };
        let status = Status::new(id, epoch.number, Outcome::Executed);
        vec![Output::Publish(Message::Status(Status { moved_ms, still_ms, ..status }))]
    }

    /// Reports in the current epoch, and when it received the command and pulsed; without an epoch,
    /// the next ready tells it all.
    fn report_at(
        &self,
        id: CommandId,
        outcome: Outcome,
        (received_at, pulsed_at): (Option<Duration>, Option<Duration>),
    ) -> Vec<Output> {
        let Some(epoch) = self.epoch() else {
            return vec![];
        };
        let ms = |at| epoch.ms(at);
        let (received_ms, pulsed_ms) = (received_at.map(ms), pulsed_at.map(ms));
        let status = Status::new(id, epoch.number, outcome);
        vec![Output::Publish(Message::Status(Status { received_ms, pulsed_ms, ..status }))]
    }

    fn goodbye(&self) -> Vec<Output> {
        let Some(link) = &self.state.link else {
            return vec![];
        };
        vec![Output::Publish(Message::Goodbye(Presence::gone(link.nonce)))]
    }

    fn epoch(&self) -> Option<&Epoch> {
        self.state.link.as_ref()?.epoch.as_ref()
    }
}

fn ignore(why: Ignored) -> Vec<Output> {
    vec![Output::Ignore(why)]
}

/// How long to wait for the welcome after that many hellos in vain.
fn patience(in_vain: u32) -> Duration {
    HELLO_PATIENCE.saturating_mul(1 << in_vain.min(16)).min(HELLO_RENEWAL)
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
