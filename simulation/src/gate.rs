//! A gate: the real state machine on a board whose power, flash, clock and line fail.

use std::sync::Arc;
use std::time::Duration;

use bridge::mapping::{self, Letter};
use device_sim::Moment;
use device_sim::gate::{Gate as Machine, Input, Message, Output, Pinned};
use domain::GateId;
use protocol::{
    Command, CommandId, Down, Greeting, LEDGER_LENGTH, Nonce, Order, Presence, Topic, Up,
    VerifyingKeys,
};

use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::Variant;
use crate::luck::Luck;
use crate::network::Way;
use crate::service::signing_key;
use crate::world::{Event, World};

/// How wrong a gate's quartz may be; see section 8 of `docs/device-contract.md`.
const DRIFT_PPM: i64 = 50;

pub(crate) struct Gate {
    pub(crate) id: GateId,
    pinned: Arc<Pinned>,
    key: Ed25519KeyPair,
    /// None while the power is off.
    machine: Option<Machine>,
    /// How often the power came on or the line came up: what was planned for an older one is void.
    life: u64,
    /// What outlives a power cut: all ids that were ever written, of which the last 64 count.
    pub(crate) flash: Vec<CommandId>,
    writing: Option<CommandId>,
    /// The first and the last nonce said on the line, while it stands.
    line: Option<(Nonce, Nonce)>,
    /// The epoch it acts in.
    pub(crate) epoch: Option<u64>,
    /// How much too fast its quartz is.
    drift_ppm: i64,
    clock_began: Duration,
    pub(crate) dies_at: Option<Moment>,
    pub(crate) ledger_fails: bool,
    pub(crate) flash_is_slow: bool,
    /// Down, up, and until when.
    cut_off: (bool, bool, u64),
}

impl Gate {
    pub(crate) fn new(id: GateId, luck: &Luck) -> Self {
        let gate = protocol::GateId::parse(&id.to_string()).expect("an id of ours");
        let keys = VerifyingKeys(vec![signing_key().verifying_key()]);
        let firmware = "simulation".to_owned();
        let drift = luck.below(2 * usize::try_from(DRIFT_PPM).expect("small") + 1);
        Self {
            id,
            pinned: Arc::new(Pinned { gate, keys, keeps_gap: true, firmware }),
            key: own_key(id),
            machine: None,
            life: 0,
            flash: Vec::new(),
            writing: None,
            line: None,
            epoch: None,
            drift_ppm: i64::try_from(drift).expect("small") - DRIFT_PPM,
            clock_began: luck.between(Duration::ZERO, Duration::from_hours(300)),
            dies_at: None,
            ledger_fails: false,
            flash_is_slow: false,
            cut_off: (false, false, 0),
        }
    }

    pub(crate) fn topic_id(&self) -> protocol::GateId {
        self.pinned.gate.clone()
    }

    pub(crate) fn cut_off(&mut self, (down, up): (bool, bool), until_ms: u64) {
        self.cut_off = (down, up, until_ms);
    }

    pub(crate) fn is_cut_off(&self, way: Way, now_ms: u64) -> bool {
        let (down, up, until_ms) = self.cut_off;
        let cut = match way {
            Way::Down => down,
            Way::Up => up,
        };
        cut && now_ms < until_ms
    }

    /// What was about to go wrong does not.
    pub(crate) fn recover(&mut self) {
        (self.dies_at, self.ledger_fails, self.flash_is_slow) = (None, false, false);
        self.cut_off = (false, false, 0);
    }

    /// The gate's own time: a quartz that is a little too fast or too slow.
    fn clock(&self, now_ms: u64) -> Duration {
        let nanos = i64::try_from(now_ms).expect("some days") * (1_000_000 + self.drift_ppm);
        self.clock_began + Duration::from_nanos(u64::try_from(nanos).expect("forward"))
    }

    fn said(&self, up: Up, body: Vec<u8>) -> Letter {
        Letter::new(Topic::Up(self.topic_id(), up).to_string(), body)
    }
}

/// The gate's own key. Gates may have one of either kind; what this one signs is the same each time.
fn own_key(id: GateId) -> Ed25519KeyPair {
    let seed = [id.to_bytes(); 2].concat();
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes are a seed")
}

/// The public half as a certificate has it (RFC 8410, section 4).
pub(crate) fn public_key(id: GateId) -> Vec<u8> {
    const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    [&ED25519, own_key(id).public_key().as_ref()].concat()
}

impl World {
    pub(crate) fn power_on(&mut self, gate: usize) {
        let at = &mut self.gates[gate];
        if at.machine.is_some() {
            return;
        }
        let kept = at.flash.len().saturating_sub(LEDGER_LENGTH);
        let lost = self.variant == Variant::LedgerLost;
        let ledger = if lost { &[] } else { &at.flash[kept..] };
        at.machine = Some(Machine::new(Arc::clone(&at.pinned), ledger));
        at.life += 1;
        let life = at.life;
        self.say(format_args!("gate {gate} is on"));
        self.plan(Duration::from_millis(30), Event::Line(gate, life));
    }

    /// What was being written may have reached the flash.
    pub(crate) fn power_fails(&mut self, gate: usize) {
        if self.gates[gate].machine.is_none() {
            return;
        }
        let reached = self.luck.percent(50);
        let at = &mut self.gates[gate];
        at.flash.extend(at.writing.take().filter(|_| reached));
        (at.machine, at.dies_at) = (None, None);
        self.say(format_args!("gate {gate} has no power"));
        self.farewell(gate);
        let (least, most) = self.luck.weigh(&[((100, 3_000), 6), ((3_000, 40_000), 3)]);
        let pause = self.luck.between(Duration::from_millis(least), Duration::from_millis(most));
        self.plan(pause, Event::PowerOn(gate));
    }

    pub(crate) async fn line_drops(&mut self, gate: usize) {
        if self.gates[gate].line.is_none() {
            return;
        }
        self.say(format_args!("gate {gate} loses its line"));
        self.farewell(gate);
        self.gate_meets(gate, Input::ConnectionLost).await;
        let at = &mut self.gates[gate];
        at.life += 1;
        let life = at.life;
        let longest = if self.is_calm { 100 } else { 5_000 };
        let pause = self.luck.between(Duration::from_millis(50), Duration::from_millis(longest));
        self.plan(pause, Event::Line(gate, life));
        if let Some(id) = self.gates[gate].writing {
            // The write goes on without a line.
            self.say(format_args!("gate {gate} still writes {id}"));
            self.plan(Duration::from_millis(5), Event::Written(gate, life));
        }
    }

    /// The broker notices, at once or by the keep-alive, and says goodbye on the gate's behalf: by
    /// its will, and in its own words.
    fn farewell(&mut self, gate: usize) {
        let at = &mut self.gates[gate];
        at.epoch = None;
        let Some((first, last)) = at.line.take() else { return };
        let gone = |nonce| at.said(Up::Presence, Presence::gone(nonce).to_bytes());
        let goodbyes: Vec<_> =
            (first != last).then(|| gone(first)).into_iter().chain([gone(last)]).collect();
        let notices_late = !self.is_calm && self.luck.percent(30);
        for goodbye in goodbyes {
            if notices_late {
                let late = self.luck.between(Duration::ZERO, Duration::from_secs(30));
                self.plan(late, Event::AtBridge(goodbye));
            } else {
                self.send(Way::Up, &goodbye);
            }
        }
    }

    pub(crate) async fn line_up(&mut self, gate: usize, life: u64) {
        let (now_ms, nonce) = (self.now_ms(), Nonce(self.luck.bytes()));
        let at = &mut self.gates[gate];
        if at.life != life || at.machine.is_none() || at.line.is_some() {
            return;
        }
        if at.is_cut_off(Way::Up, now_ms) || at.is_cut_off(Way::Down, now_ms) {
            self.plan(Duration::from_secs(1), Event::Line(gate, life));
            return;
        }
        at.line = Some((nonce, nonce));
        self.say(format_args!("gate {gate} is connected"));
        self.gate_meets(gate, Input::Connected { nonce }).await;
    }

    pub(crate) async fn hello_due(&mut self, gate: usize, life: u64) {
        let (now_ms, nonce) = (self.now_ms(), Nonce(self.luck.bytes()));
        let at = &self.gates[gate];
        let due = at.machine.as_ref().and_then(Machine::hello_due);
        if at.life == life && at.line.is_some() && due.is_some_and(|due| due <= at.clock(now_ms)) {
            self.gate_meets(gate, Input::HelloDue { nonce }).await;
        }
    }

    pub(crate) async fn at_gate(&mut self, letter: &Letter) {
        let Some(gate) = self.gate_of(letter).filter(|gate| self.gates[*gate].line.is_some())
        else {
            self.count("network: nobody at the gate");
            return;
        };
        match Topic::parse(&letter.topic) {
            Ok(Topic::Down(_, Down::Welcome)) => {
                let greeting = Greeting::from_bytes(&letter.body).expect("the service's words");
                self.gate_meets(gate, Input::Greeted { greeting, retained: false }).await;
            }
            Ok(Topic::Down(_, Down::Trigger)) => {
                let command = Command::from_bytes(&letter.body).expect("the service's words");
                self.say(format_args!("gate {gate} gets {:?} {}", command.order, command.id));
                self.obey(gate, command).await;
            }
            Ok(Topic::Up(..)) | Err(_) => unreachable!("only gates are sent letters"),
        }
    }

    /// A wrong gate is the real one that hears, or forgets, what makes it wrong.
    async fn obey(&mut self, gate: usize, mut command: Command) {
        let is_question = command.order.deadline().is_none();
        let before = self.gates[gate].machine.clone();
        if self.variant == Variant::NoDeadline
            && command.verify(&self.gates[gate].pinned.keys).is_ok()
            && let Order::Open { leg, .. } = command.order
        {
            let order = Order::Open { leg, deadline_ms: 24 * 3_600_000 };
            command =
                Command::signed(&signing_key(), command.id, &command.gate, command.epoch, order);
        }
        self.gate_meets(gate, Input::Commanded { command, retained: false }).await;
        if self.variant == Variant::NoTombstone && is_question {
            self.gates[gate].machine = before;
        }
    }

    /// The ledger's write ends, well or not.
    pub(crate) async fn written(&mut self, gate: usize, life: u64) {
        let at = &mut self.gates[gate];
        if at.life != life || at.machine.is_none() {
            return;
        }
        let Some(id) = at.writing.take() else { return };
        if std::mem::take(&mut at.ledger_fails) {
            let reached = self.luck.percent(50);
            self.gates[gate].flash.extend(reached.then_some(id));
            self.say(format_args!("gate {gate} cannot write {id}, reached: {reached}"));
            self.gate_meets(gate, Input::LedgerFailed).await;
        } else {
            at.flash.push(id);
            self.gate_meets(gate, Input::LedgerWritten).await;
        }
    }

    /// Tells a gate what happened and does what it says, unless its power fails.
    async fn gate_meets(&mut self, gate: usize, input: Input) {
        let now_ms = self.now_ms();
        let at = &mut self.gates[gate];
        let now = at.clock(now_ms);
        let Some(machine) = &mut at.machine else { return };
        for output in machine.step(input, now) {
            match output {
                Output::Publish(message) => self.publish(gate, &message),
                Output::WriteLedger(id) => {
                    if self.dies(gate, Moment::BeforeLedger) {
                        return;
                    }
                    self.write(gate, id);
                }
                Output::Pulse { command, leg } => {
                    if self.dies(gate, Moment::BeforePulse) {
                        return;
                    }
                    self.pulsed(gate, mapping::attempt_id(command), leg).await;
                    if self.dies(gate, Moment::BeforeReport) {
                        return;
                    }
                }
                Output::Withhold(id) => self.say(format_args!("gate {gate} withholds {id}")),
                Output::Ignore(why) => {
                    self.count("gate ignored a message");
                    self.say(format_args!("gate {gate} ignores it: {why:?}"));
                }
            }
        }
        self.plan_hello(gate);
    }

    fn dies(&mut self, gate: usize, moment: Moment) -> bool {
        let dies = self.gates[gate].dies_at == Some(moment);
        if dies {
            self.count(match moment {
                Moment::BeforeLedger => "gate died before its ledger",
                Moment::BeforePulse => "gate died between ledger and pulse",
                Moment::BeforeReport => "gate died between pulse and report",
            });
            self.power_fails(gate);
        }
        dies
    }

    fn write(&mut self, gate: usize, id: CommandId) {
        let is_slow = std::mem::take(&mut self.gates[gate].flash_is_slow);
        let longest = if is_slow { Duration::from_secs(10) } else { Duration::from_millis(30) };
        let pause = self.luck.between(Duration::from_millis(1), longest);
        let at = &mut self.gates[gate];
        at.writing = Some(id);
        let life = at.life;
        self.plan(pause, Event::Written(gate, life));
    }

    fn publish(&mut self, gate: usize, message: &Message) {
        let at = &mut self.gates[gate];
        match message {
            Message::Hello(hello) => {
                if let Some((_, last)) = &mut at.line {
                    *last = hello.nonce;
                }
            }
            Message::Ready(ready) => at.epoch = Some(ready.epoch),
            Message::Status(_) | Message::Goodbye(_) => {}
        }
        let signature = message.to_sign(&at.pinned.gate);
        let signature = signature.map(|said| at.key.sign(said.as_bytes()).as_ref().to_vec());
        let body = message.to_bytes(&signature.unwrap_or_default());
        let letter = at.said(message.topic(), body);
        match message {
            Message::Hello(_) => self.say(format_args!("gate {gate} says hello")),
            Message::Ready(ready) => {
                self.say(format_args!("gate {gate} is ready in epoch {}", ready.epoch));
            }
            Message::Status(status) => {
                self.say(format_args!("gate {gate} reports {} {:?}", status.id, status.outcome));
            }
            Message::Goodbye(_) => {}
        }
        self.send(Way::Up, &letter);
    }

    fn plan_hello(&mut self, gate: usize) {
        let (now_ms, at) = (self.now_ms(), &self.gates[gate]);
        let Some(due) = at.machine.as_ref().and_then(Machine::hello_due) else { return };
        // A little later on any quartz.
        let wait = due.saturating_sub(at.clock(now_ms)).mul_f64(1.000_1);
        let wait = wait + Duration::from_millis(1);
        let life = at.life;
        self.plan(wait, Event::HelloDue(gate, life));
    }
}
