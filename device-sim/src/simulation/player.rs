//! The board of a simulated gate: everything around the state machine, from the connection to the
//! motor.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use protocol::{
    Command, CommandId, Down, GateId, Greeting, Leg, Nonce, NotExecuted, Order, Outcome, Up,
};
use ring::rand::{self, RandomlyConstructable, SystemRandom};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::info;

use super::{Journal, Moment, Options, Pulse, Received, Switches};
use crate::connection::{self, Arrival, Outbox};
use crate::faults::{Fate, Faults, Later, Sensed, Way};
use crate::gate::{Gate, Input, Message, Output, Pinned};
use crate::identity::{Broker, Identity};
use crate::ledger::Ledger;
use crate::renewal;

/// How long a gate takes to boot after a power cut that does not last.
const BOOT: Duration = Duration::from_secs(1);

pub(super) fn pinned(identity: &Identity, options: &Options) -> Arc<Pinned> {
    Arc::new(Pinned {
        gate: identity.enrolment.gate_id.clone(),
        keys: identity.enrolment.command_keys.clone(),
        keeps_gap: options.keeps_gap,
        firmware: options.firmware.clone(),
    })
}

/// The gate's board: everything around the state machine.
pub(super) struct Player {
    pub(super) folder: PathBuf,
    pub(super) options: Options,
    /// Who the gate is for sure: the broker took this one.
    pub(super) identity: Identity,
    /// Who it is about to be, once the broker has taken that.
    pub(super) next: Option<Next>,
    /// The renewal that is being asked for.
    pub(super) renewing: Option<AbortOnDropHandle<Result<Identity>>>,
    pub(super) renewal_failures: u32,
    /// Not before then, after a renewal that failed.
    pub(super) renew_again: Option<Instant>,
    pub(super) gate: Gate,
    pub(super) ledger: Ledger,
    /// What a hung motor board has not looked at yet.
    pub(super) held: VecDeque<Input>,
    /// What goes wrong on purpose, by the row of decisions that the options name.
    pub(super) weather: Weather,
    /// Connections lost since the gate was last ready.
    pub(super) failures: u32,
    pub(super) born: Instant,
    pub(super) dice: SystemRandom,
    pub(super) switches: Arc<watch::Sender<Switches>>,
    pub(super) journal: watch::Sender<Journal>,
    pub(super) _lock: File,
}

/// Who a gate is about to be.
pub(super) struct Next {
    identity: Identity,
    turn: Turn,
    /// Whether it did not get in. It is kept all the same: the broker may have taken it and the
    /// answer been lost, and then the present one ends.
    has_failed: bool,
}

/// Which connection is made with the next identity, while the present one is not void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The one after the next, if that fails.
    Waits,
    /// The next one.
    Comes,
    /// This one.
    Is,
}

/// How much there was of what a fault can meet, and what comes later than it should.
#[derive(Default)]
pub(super) struct Weather {
    messages_down: u64,
    messages_up: u64,
    openings: u64,
    /// When the power fails in the opening under way.
    cut: Option<Moment>,
    arriving: Later<Arrival>,
    leaving: Later<Outgoing>,
    sensing: Later<(CommandId, Sensed)>,
}

/// A message between the gate's decision and the line.
#[derive(Clone)]
struct Outgoing {
    topic: Up,
    body: Vec<u8>,
    /// The epoch in which the gate is ready once this is out.
    ready: Option<u64>,
}

impl Player {
    pub(super) async fn play(mut self, leave: CancellationToken) {
        loop {
            let ended = self.converse(&leave).await;
            let _ = self.gate.step(Input::ConnectionLost, self.now());
            self.journal.send_modify(|journal| journal.epoch = None);
            // What was on the line ends with it.
            (self.weather.arriving, self.weather.leaving) = (Later::default(), Later::default());
            let error = match ended {
                Ok(End::Left) => break,
                Ok(End::BecameNext) => continue,
                Err(error) => match error.downcast_ref() {
                    Some(PowerCut::ForGood) => return,
                    Some(PowerCut::Briefly(moment)) => {
                        if !self.boots(*moment, &leave).await {
                            break;
                        }
                        continue;
                    }
                    None => error,
                },
            };
            self.journal.send_modify(|journal| journal.losses += 1);
            // Whichever of the two did not get in, it is the other one's turn.
            if let Some(next) = &mut self.next {
                next.has_failed |= next.turn == Turn::Is;
                next.turn = if next.turn == Turn::Is { Turn::Waits } else { Turn::Comes };
            }
            self.failures = self.failures.saturating_add(1);
            let pause = connection::pause_ceiling(self.failures).mul_f64(self.chance());
            self.say(format_args!("not connected: {error}; again in {} ms", pause.as_millis()));
            tokio::select! {
                () = sleep(pause) => {}
                () = leave.cancelled() => break,
            }
        }
        self.say(format_args!("stopped"));
    }

    /// Comes back from a power cut with what its ledger holds, unless it is told to stop.
    async fn boots(&mut self, moment: Moment, leave: &CancellationToken) -> bool {
        let (nth, when) = (self.weather.openings, when(moment));
        self.say(format_args!("on purpose, opening {nth}: the power fails {when}"));
        self.held.clear();
        (self.weather.cut, self.weather.sensing) = (None, Later::default());
        self.journal.send_modify(|journal| journal.power_cuts += 1);
        if leave.run_until_cancelled(sleep(BOOT)).await.is_none() {
            return false;
        }
        match self.ledger.last_ids() {
            Ok(ids) => {
                self.gate = Gate::new(pinned(&self.identity, &self.options), &ids);
                true
            }
            Err(error) => {
                self.say(format_args!("the ledger cannot be read: {error}"));
                false
            }
        }
    }

    /// One connection, from its nonce to its end: `Ok` if the gate left on purpose.
    async fn converse(&mut self, leave: &CancellationToken) -> Result<End> {
        let nonce = self.nonce();
        let identity = match &mut self.next {
            Some(next) if next.turn != Turn::Waits => {
                next.turn = Turn::Is;
                next.identity.clone()
            }
            Some(_) | None => self.identity.clone(),
        };
        self.gate.give(pinned(&identity, &self.options));
        let opened = tokio::select! {
            opened = connection::open(&identity, nonce) => opened,
            () = leave.cancelled() => return Ok(End::Left),
        };
        let (outbox, mut inbox) = opened?;
        let Broker { host, port } = &identity.enrolment.broker;
        self.say(format_args!("connected to {host}:{port} as {}", self.gate_id()));
        self.step(Input::Connected { nonce }, &outbox)?;

        let mut switched = self.switches.subscribe();
        // What was held over from the last connection may be free by now.
        switched.mark_changed();
        loop {
            let arrival = {
                let mut next = pin!(inbox.next());
                loop {
                    let comes = self.next.as_ref().is_some_and(|next| next.turn == Turn::Comes);
                    if comes && self.held.is_empty() {
                        break Err(End::BecameNext);
                    }
                    tokio::select! {
                        arrival = &mut next => break Ok(arrival?),
                        () = come(self.hello_due()) => {
                            let nonce = self.nonce();
                            self.step(Input::HelloDue { nonce }, &outbox)?;
                        }
                        () = come(self.weather.due()) => self.lets_through(&outbox)?,
                        Ok(()) = switched.changed() => self.resume(&outbox)?,
                        renewed = ended(&mut self.renewing) => self.renewed(renewed),
                        () = leave.cancelled() => break Err(End::Left),
                    }
                }
            };
            match arrival {
                Ok(arrival) => self.meets_its_fate(&arrival, &outbox)?,
                Err(end) => {
                    self.step(Input::Leaving, &outbox)?;
                    // Who leaves on purpose has said before what was to be said.
                    let left: Vec<_> = self.weather.leaving.take_all().collect();
                    left.into_iter().try_for_each(|last| self.sends(last, &outbox))?;
                    connection::close(outbox, inbox).await;
                    return Ok(end);
                }
            }
        }
    }

    /// Renews the certificate once it is time, by the service's clock; the gate has none.
    fn renew_if_due(&mut self) {
        let (enrolment, now) = (&self.identity.enrolment, Instant::now());
        let from = enrolment.renew_from_ms.filter(|_| enrolment.server.is_some());
        let is_due = from.is_some_and(|from| Some(from) <= self.gate.server_time_ms());
        let is_early = self.renew_again.is_some_and(|again| now < again);
        let has_next = self.next.as_ref().is_some_and(|next| !next.has_failed);
        if !is_due || is_early || has_next || self.renewing.is_some() {
            return;
        }
        self.say(format_args!("asking for the next certificate"));
        let (folder, enrolment) = (self.folder.clone(), enrolment.clone());
        let ask = async move { renewal::ask(&folder, &enrolment).await };
        self.renewing = Some(AbortOnDropHandle::new(tokio::spawn(ask)));
    }

    fn renewed(&mut self, renewed: Result<Identity>) {
        self.renewing = None;
        match renewed {
            Ok(next) => {
                self.say(format_args!("the next certificate is here"));
                self.next = Some(Next::new(next));
                // If the broker should refuse it, another is not asked for in a hurry.
                self.renew_again = Some(Instant::now() + renewal::pause(1));
            }
            Err(error) => {
                self.renewal_failures = self.renewal_failures.saturating_add(1);
                let pause = renewal::pause(self.renewal_failures);
                self.renew_again = Some(Instant::now() + pause);
                let minutes = pause.as_secs() / 60;
                self.say(format_args!("not renewed: {error:#}; again in {minutes} min"));
            }
        }
    }

    /// The broker took this connection, and so the identity it was made with.
    fn got_in(&mut self) {
        if let Some(next) = self.next.take_if(|next| next.turn == Turn::Is) {
            match renewal::adopt(&self.folder) {
                Ok(()) => {
                    self.identity = next.identity;
                    self.renewal_failures = 0;
                    self.renew_again = None;
                    self.journal.send_modify(|journal| journal.renewals += 1);
                    self.say(format_args!("the next certificate is the present one"));
                }
                // It is safe where it is, and tried again after the next hello.
                Err(error) => {
                    self.next = Some(next);
                    self.say(format_args!("cannot put it in place: {error:#}"));
                }
            }
        }
    }

    /// A message has come; whether and when the gate sees it is decided here.
    fn meets_its_fate(&mut self, arrival: &Arrival, outbox: &Outbox) -> Result<()> {
        let fate = self.fate(Way::Down, arrival.down.as_str());
        for _ in 0..fate.times {
            self.weather.arriving.put(arrival.clone(), Instant::now() + fate.late);
        }
        self.lets_through(outbox)
    }

    /// What becomes of the next message that goes this way; says so when it is anything special.
    fn fate(&mut self, way: Way, what: &str) -> Fate {
        let (count, to) = match way {
            Way::Down => (&mut self.weather.messages_down, "to the gate"),
            Way::Up => (&mut self.weather.messages_up, "from the gate"),
        };
        *count += 1;
        let nth = *count;
        let fate = self.faults().of_message(way, nth);
        let doubled = if fate.times == 2 { ", doubled" } else { "" };
        let ms = fate.late.as_millis();
        match fate {
            Fate { times: 1, late: Duration::ZERO } => {}
            Fate { times: 0, .. } => {
                self.say(format_args!("on purpose, message {nth} {to} ({what}): lost"));
            }
            Fate { .. } => {
                let told = format_args!("on purpose, message {nth} {to} ({what}): {ms} ms late");
                self.say(format_args!("{told}{doubled}"));
            }
        }
        fate
    }

    /// Lets through what was held up until now.
    fn lets_through(&mut self, outbox: &Outbox) -> Result<()> {
        let now = Instant::now();
        while let Some(arrival) = self.weather.arriving.take(now) {
            self.take_in(arrival, outbox)?;
        }
        self.sends_what_is_due(outbox)?;
        while let Some((command, sensed)) = self.weather.sensing.take(now) {
            let (ms, moved) = (sensed.after.as_millis(), sensed.moved);
            let moved = if moved { "the gate moved" } else { "the gate has not moved" };
            self.say(format_args!("sensor, {ms} ms after {command}: {moved}"));
            self.journal.send_modify(|journal| journal.sensed.push((command, sensed)));
            self.step(Input::Sensed { command, moved: sensed.moved }, outbox)?;
        }
        Ok(())
    }

    fn sends_what_is_due(&mut self, outbox: &Outbox) -> Result<()> {
        while let Some(outgoing) = self.weather.leaving.take(Instant::now()) {
            self.sends(outgoing, outbox)?;
        }
        Ok(())
    }

    fn sends(&self, outgoing: Outgoing, outbox: &Outbox) -> Result<()> {
        outbox.publish(outgoing.topic, outgoing.body)?;
        if outgoing.ready.is_some() {
            self.journal.send_modify(|journal| journal.epoch = outgoing.ready);
        }
        Ok(())
    }

    fn take_in(&mut self, arrival: Arrival, outbox: &Outbox) -> Result<()> {
        let at = Instant::now();
        let Arrival { down, retained, body } = arrival;
        let unreadable = match down {
            Down::Welcome => match Greeting::from_bytes(&body) {
                Ok(greeting) => {
                    self.step(Input::Greeted { greeting, retained }, outbox)?;
                    self.renew_if_due();
                    return Ok(());
                }
                Err(error) => error,
            },
            Down::Trigger => match Command::from_bytes(&body) {
                Ok(command) => return self.receive(command, retained, at, outbox),
                Err(error) => error,
            },
        };
        self.ignored(format_args!("a {} message: {unreadable}", down.as_str()));
        Ok(())
    }

    fn receive(
        &mut self,
        command: Command,
        retained: bool,
        at: Instant,
        outbox: &Outbox,
    ) -> Result<()> {
        self.say(format_args!("received {} {}", name(command.order), command.id));
        let received = Received { command: command.clone(), at };
        self.journal.send_modify(|journal| journal.received.push(received));
        let input = Input::Commanded { command, retained };
        if self.is_held() {
            self.held.push_back(input);
            return Ok(());
        }
        self.step(input, outbox)
    }

    /// Lets the motor board see what arrived while it hung.
    fn resume(&mut self, outbox: &Outbox) -> Result<()> {
        while !self.is_held()
            && let Some(input) = self.held.pop_front()
        {
            self.step(input, outbox)?;
        }
        Ok(())
    }

    /// Tells the gate what happened and does what it says.
    fn step(&mut self, input: Input, outbox: &Outbox) -> Result<()> {
        let mut todo = VecDeque::from(self.gate.step(input, self.now()));
        while let Some(output) = todo.pop_front() {
            match output {
                Output::Publish(message) => self.publish(&message, outbox)?,
                Output::WriteLedger(id) => {
                    self.weather.openings += 1;
                    self.weather.cut = self.faults().of_opening(self.weather.openings);
                    self.outlives(Moment::BeforeLedger)?;
                    let written = self.write_ledger(id);
                    self.outlives(Moment::BeforePulse)?;
                    todo.extend(self.gate.step(written, self.now()));
                }
                Output::Pulse { command, leg } => {
                    self.pulse(command, leg);
                    self.outlives(Moment::BeforeReport)?;
                }
                Output::Withhold(id) => self.say(format_args!("no pulse for {id}: it died first")),
                Output::Ignore(why) => self.ignored(format_args!("a message: {why:?}")),
            }
        }
        Ok(())
    }

    fn publish(&mut self, message: &Message, outbox: &Outbox) -> Result<()> {
        match message {
            Message::Hello(_) => self.say(format_args!("hello sent")),
            Message::Goodbye(_) => self.say(format_args!("goodbye")),
            Message::Ready(ready) => {
                self.failures = 0;
                self.got_in();
                self.say(format_args!("epoch {} adopted", ready.epoch));
            }
            Message::Status(status) => {
                self.say(format_args!("reported {}: {}", status.id, tell(status.outcome)));
                self.journal.send_modify(|journal| journal.reported.push(*status));
                if self.loses_status() {
                    self.say(format_args!("the report was lost on purpose"));
                    return Ok(());
                }
            }
        }
        let topic = message.topic();
        let ready = match message {
            Message::Ready(ready) => Some(ready.epoch),
            Message::Hello(_) | Message::Status(_) | Message::Goodbye(_) => None,
        };
        let signature = match message.to_sign(self.gate_id()) {
            Some(said) => self.present().sign(said.as_bytes())?,
            None => Vec::new(),
        };
        let fate = self.fate(Way::Up, topic.as_str());
        for _ in 0..fate.times {
            let outgoing = Outgoing { topic, body: message.to_bytes(&signature), ready };
            self.weather.leaving.put(outgoing, Instant::now() + fate.late);
        }
        self.sends_what_is_due(outbox)
    }

    fn outlives(&self, moment: Moment) -> Result<(), PowerCut> {
        if self.switches.borrow().dies_at == Some(moment) {
            return Err(PowerCut::ForGood);
        }
        if self.weather.cut == Some(moment) { Err(PowerCut::Briefly(moment)) } else { Ok(()) }
    }

    fn is_held(&self) -> bool {
        self.switches.borrow().held
    }

    fn loses_status(&self) -> bool {
        self.switches.send_if_modified(|switches| {
            let loses = 0 < switches.statuses_to_lose;
            switches.statuses_to_lose = switches.statuses_to_lose.saturating_sub(1);
            loses
        })
    }

    fn write_ledger(&mut self, id: CommandId) -> Input {
        let written = if self.switches.borrow().refuses_ledger {
            Err(io::Error::other("refused on purpose"))
        } else {
            self.ledger.append(id)
        };
        match written {
            Ok(()) => Input::LedgerWritten,
            Err(error) => {
                self.say(format_args!("the ledger cannot be written: {error}"));
                Input::LedgerFailed
            }
        }
    }

    fn pulse(&mut self, command: CommandId, leg: Leg) {
        let pulse = Pulse { command, leg, at: Instant::now() };
        self.journal.send_modify(|journal| journal.pulses.push(pulse));
        let nth = self.journal.borrow().pulses.len();
        self.say(format_args!("OPEN {} {command}: pulse {nth}", way(leg)));
        if let Some(sensed) = self.faults().sensed(self.weather.openings) {
            self.weather.sensing.put((command, sensed), pulse.at + sensed.after);
        }
    }

    fn ignored(&self, what: fmt::Arguments<'_>) {
        self.journal.send_modify(|journal| journal.ignored += 1);
        self.say(format_args!("ignored {what}"));
    }

    fn say(&self, what: fmt::Arguments<'_>) {
        info!(gate = %self.gate_id(), "{what}");
    }

    /// Who the gate is on this connection.
    fn present(&self) -> &Identity {
        let next = self.next.as_ref().filter(|next| next.turn == Turn::Is);
        next.map_or(&self.identity, |next| &next.identity)
    }

    fn faults(&self) -> &Faults {
        &self.options.faults
    }

    /// What the gate's own clock shows.
    fn now(&self) -> Duration {
        self.faults().skew.shows(self.born.elapsed())
    }

    fn hello_due(&self) -> Option<Instant> {
        self.gate.hello_due().map(|due| self.born + self.faults().skew.after(due))
    }

    fn gate_id(&self) -> &GateId {
        &self.identity.enrolment.gate_id
    }

    fn nonce(&self) -> Nonce {
        Nonce(random(&self.dice))
    }

    /// Anything from 0 to 1.
    fn chance(&self) -> f64 {
        f64::from(u32::from_ne_bytes(random(&self.dice))) / f64::from(u32::MAX)
    }
}

impl Next {
    /// One that is tried at once.
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity, turn: Turn::Comes, has_failed: false }
    }
}

impl Weather {
    /// When the next of what is held up comes.
    fn due(&self) -> Option<Instant> {
        let Self { arriving, leaving, sensing, .. } = self;
        [arriving.due(), leaving.due(), sensing.due()].into_iter().flatten().min()
    }
}

/// The power failed on purpose; the gate does not even notice.
#[derive(Debug)]
enum PowerCut {
    /// Whoever cut it starts the gate again.
    ForGood,
    /// It comes back by itself.
    Briefly(Moment),
}

impl fmt::Display for PowerCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the power failed")
    }
}

impl std::error::Error for PowerCut {}

/// Why a gate ends a connection on purpose.
enum End {
    /// It was told to stop.
    Left,
    /// To come back as who it is next.
    BecameNext,
}

/// Waits for the end of a renewal; where there is none, for ever.
async fn ended(renewing: &mut Option<AbortOnDropHandle<Result<Identity>>>) -> Result<Identity> {
    match renewing {
        Some(renewing) => renewing.await?,
        None => pending().await,
    }
}

fn random<const N: usize>(dice: &SystemRandom) -> [u8; N]
where
    [u8; N]: RandomlyConstructable,
{
    // A machine without randomness can play no gate.
    rand::generate(dice).expect("the operating system has randomness").expose()
}

/// Waits for a moment; for none at all, for ever.
async fn come(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => pending().await,
    }
}

fn name(order: Order) -> &'static str {
    match order {
        Order::Open { leg, .. } => match leg {
            Leg::Entry => "open entry",
            Leg::Exit => "open exit",
        },
        Order::Cancel => "cancel",
        Order::Query => "query",
    }
}

fn when(moment: Moment) -> &'static str {
    match moment {
        Moment::BeforeLedger => "before the ledger was written",
        Moment::BeforePulse => "between ledger and pulse",
        Moment::BeforeReport => "between pulse and report",
    }
}

fn way(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "entry",
        Leg::Exit => "exit",
    }
}

fn tell(outcome: Outcome) -> &'static str {
    let Outcome::NotExecuted { why } = outcome else {
        return "executed";
    };
    match why {
        NotExecuted::TooLate => "not executed, too late",
        NotExecuted::TooSoon => "not executed, too soon after the last pulse",
        NotExecuted::StaleEpoch => "not executed, of an older epoch",
        NotExecuted::Cancelled => "not executed, cancelled",
        NotExecuted::NeverArrived => "not executed, the opening never arrived",
        NotExecuted::LedgerFailed => "not executed, the ledger cannot be written",
    }
}
