//! A broker that is the enemy: it drops, delays, replays, reorders, doubles and forges whatever
//! goes between the service's storage and a gate, in both directions, and cuts the gate's power.
//!
//! In one process, with a clock set by hand, so a seed plays the same again. The storage and the
//! gate's rules are the real ones; the few lines of the bridge between them are played here.
//!
//! ```text
//! MESSAGES=1000000 cargo test --release --test it an_enemy_of -- --nocapture
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bridge::mapping;
use device_sim::gate::{Gate, Input, Message, Output, Pinned};
use domain::access_code::{End, LegState, TRIGGER_LIFETIME};
use domain::secret::{ClaimCode, EnrolmentSecret, serial_number};
use domain::{Attempt, AttemptId, CodeId, Timestamp};
use protocol::{
    Command, CommandId, GateId, Greeting, Hello, Leg, Nonce, Order, Outcome, Presence, Ready,
    Report, Signed, SigningKey, Status, Up, VerifyingKeys, Welcome,
};
use rcgen::{KeyPair, PublicKeyData, SigningKey as _};
use store::{Certificate, Errand, Fingerprint, Issued};

use crate::chance::{Chance, from_env};
use crate::world::World;

/// What clocks may be apart.
const ALLOWANCE: Duration = Duration::from_millis(500);

/// The gate has a quick motor.
const GAP: Duration = Duration::from_millis(200);

/// How many messages the enemy remembers in each direction.
const MEMORY: usize = 512;

#[tokio::test]
async fn an_enemy_of_a_broker_opens_nothing_that_was_not_to_be_opened() {
    let messages = from_env("MESSAGES", 20_000);
    let mut battle = Battle::begin().await;
    while battle.delivered < messages {
        battle.turn().await;
    }
    battle.peace().await;
    let legs = battle.legs().await;
    println!("{}", battle.told(&legs));
    let Legs { opened_twice, free_after_pulse, used_for_nothing, .. } = legs;
    assert_eq!((opened_twice, free_after_pulse, used_for_nothing), (0, 0, 0));
    assert!(!battle.pulses.is_empty() && 0 < legs.used, "nothing went its way");
    assert!(0 < battle.forged && 0 < battle.forged_reports);
}

#[derive(Clone, Debug)]
enum Down {
    Greeting(Greeting),
    Command(Command),
}

/// A body on one of the gate's topics.
#[derive(Clone, Debug)]
struct Said {
    up: Up,
    body: Vec<u8>,
}

/// A command that the service has signed, and what it is for.
struct Opening {
    code: CodeId,
    leg: Leg,
    deadline: Timestamp,
}

/// What became of all legs.
#[derive(Debug, Default)]
struct Legs {
    used: u32,
    free: u32,
    opened_twice: u32,
    free_after_pulse: u32,
    used_for_nothing: u32,
}

struct Battle {
    world: World,
    chance: Chance,
    key: SigningKey,
    id: GateId,
    gate: Gate,
    pinned: Arc<Pinned>,
    /// The gate's own, and the enemy's.
    keys: [KeyPair; 2],
    disk: Vec<CommandId>,
    began: Timestamp,
    /// When the service heard the hello of an epoch.
    heard: BTreeMap<u64, Timestamp>,
    last_hello: (Nonce, u64),
    /// On its way, and then all that ever was.
    down: Vec<Down>,
    up: Vec<Said>,
    old_down: Vec<Down>,
    old_up: Vec<Said>,
    commands: BTreeMap<CommandId, Opening>,
    pulses: BTreeSet<CommandId>,
    ends: BTreeMap<CodeId, Timestamp>,
    guests: Vec<Issued>,
    all: Vec<Issued>,
    delivered: u64,
    forged: u64,
    /// How many of them spoke of what became of commands.
    forged_reports: u64,
}

impl Battle {
    async fn begin() -> Self {
        let world = World::on_sqlite().await;
        world.saves(world.settings()).await.expect("saves");
        let (key, began) = (SigningKey::from_seed("k1", &[7; 32]), world.now());
        let id = GateId::parse(&world.gate.to_string()).expect("an id");
        let keys = [ed25519(9), ed25519(8)];
        certify(&world, &keys[0]).await;
        let pinned = Arc::new(Pinned {
            gate: id.clone(),
            keys: VerifyingKeys(vec![key.verifying_key()]),
            keeps_gap: true,
            firmware: String::new(),
        });
        Self {
            world,
            chance: Chance::from_env(),
            key,
            id,
            gate: Gate::new(Arc::clone(&pinned), &[]),
            pinned,
            keys,
            disk: Vec::new(),
            began,
            heard: BTreeMap::new(),
            last_hello: (Nonce([0; 16]), 0),
            down: Vec::new(),
            up: Vec::new(),
            old_down: Vec::new(),
            old_up: Vec::new(),
            commands: BTreeMap::new(),
            pulses: BTreeSet::new(),
            ends: BTreeMap::new(),
            guests: Vec::new(),
            all: Vec::new(),
            delivered: 0,
            forged: 0,
            forged_reports: 0,
        }
    }

    /// One thing happens.
    async fn turn(&mut self) {
        self.world.later(self.chance.ms_below(40));
        match self.chance.below(100) {
            0..30 => self.deliver_down(),
            30..50 => self.deliver_up().await,
            50..75 => self.forge_down(),
            75..85 => self.replay_down(),
            85..88 => self.replay_up().await,
            88..90 => self.forge_up().await,
            90..92 => self.drop_one(),
            92..95 => self.guest_presses().await,
            95..98 => self.relay().await,
            98 if self.chance.once_in(20) => self.gate_reboots(),
            98 if self.chance.once_in(10) => self.owner_revokes().await,
            99 if self.chance.once_in(10) => self.world.later(self.chance.ms_below(9_000)),
            _ => self.gate_lives_on(),
        }
    }

    /// The enemy has gone: what is sent arrives, until nothing is open.
    async fn peace(&mut self) {
        // A gate that was made to seem away comes back when its line does.
        self.step(Input::ConnectionLost);
        for _ in 0..200 {
            self.gate_lives_on();
            self.relay().await;
            while !self.down.is_empty() || !self.up.is_empty() {
                self.deliver_down();
                self.deliver_up().await;
            }
            let open = self.world.store.attempts().unsettled().await.expect("counts");
            if open == 0 && self.gate.server_time_ms().is_some() {
                return;
            }
            self.world.later(Duration::from_secs(1));
        }
        panic!("INV13: commands without an end after all is well");
    }

    /// The gate connects, or says the hello that is due.
    fn gate_lives_on(&mut self) {
        let nonce = Nonce(domain::roll(&*self.world.dice));
        let input = match self.gate.hello_due() {
            None => Input::Connected { nonce },
            Some(_) => Input::HelloDue { nonce },
        };
        self.step(input);
    }

    fn gate_reboots(&mut self) {
        let last = &self.disk[self.disk.len().saturating_sub(protocol::LEDGER_LENGTH)..];
        self.gate = Gate::new(Arc::clone(&self.pinned), last);
    }

    /// Tells the gate what happened and does what it says, unless its power fails over it.
    fn step(&mut self, input: Input) {
        let mut todo = self.gate.step(input, self.on_gates_clock());
        todo.reverse();
        while let Some(output) = todo.pop() {
            match output {
                Output::WriteLedger(_) if self.chance.once_in(40) => return self.gate_reboots(),
                Output::WriteLedger(id) => {
                    self.disk.push(id);
                    if self.chance.once_in(40) {
                        return self.gate_reboots();
                    }
                    let after = self.gate.step(Input::LedgerWritten, self.on_gates_clock());
                    todo.extend(after.into_iter().rev());
                }
                Output::Pulse { command, leg } => {
                    self.pulse_is_lawful(command, leg);
                    if self.chance.once_in(40) {
                        return self.gate_reboots();
                    }
                }
                Output::Publish(message) => {
                    let said = self.signed(&message, &self.keys[0]);
                    remember(&mut self.old_up, said.clone());
                    self.up.push(said);
                }
                Output::Withhold(_) | Output::Ignore(_) => {}
            }
        }
    }

    /// INV8, INV5, INV2, and the half of INV1 that the gate alone keeps.
    fn pulse_is_lawful(&mut self, id: CommandId, leg: Leg) {
        let now = self.world.now();
        let signed = self.commands.get(&id);
        let signed = signed.unwrap_or_else(|| panic!("INV8: a pulse that nobody signed: {id}"));
        assert_eq!(signed.leg, leg, "INV8: another way than was signed");
        assert!(now <= signed.deadline + ALLOWANCE, "INV5: late");
        let end = self.ends.get(&signed.code);
        assert!(end.is_none_or(|end| now <= *end + ALLOWANCE), "INV2: after its code had ended");
        assert!(self.disk.contains(&id), "INV6: before its ledger entry");
        assert!(self.pulses.insert(id), "INV1: a second pulse");
    }

    fn deliver_down(&mut self) {
        if !self.down.is_empty() {
            let down = self.down.remove(0);
            self.arrives(down);
        }
    }

    fn arrives(&mut self, down: Down) {
        self.delivered += 1;
        let retained = self.chance.once_in(200);
        self.step(match down {
            Down::Greeting(greeting) => Input::Greeted { greeting, retained },
            Down::Command(command) => Input::Commanded { command, retained },
        });
    }

    fn replay_down(&mut self) {
        if !self.old_down.is_empty() {
            let down = self.chance.one_of(&self.old_down).clone();
            self.arrives(down);
        }
    }

    fn drop_one(&mut self) {
        if self.chance.once_in(2) {
            self.down.pop();
        } else {
            self.up.pop();
        }
    }

    /// Something like what the service has said once, and that it never said.
    fn forge_down(&mut self) {
        if self.old_down.is_empty() {
            return;
        }
        let [real, other] = [(); 2].map(|()| self.chance.one_of(&self.old_down).clone());
        let forged = match (real, other) {
            (Down::Greeting(Greeting::Welcome(real)), _) => {
                Greeting::Welcome(self.forge_welcome(real)).into()
            }
            (Down::Command(real), Down::Command(other)) => self.forge_command(real, &other),
            (Down::Command(real), Down::Greeting(_)) => self.tamper(&real),
            (Down::Greeting(Greeting::HelloAgain), _) => Greeting::HelloAgain.into(),
        };
        self.forged += 1;
        self.arrives(forged);
    }

    fn forge_welcome(&mut self, mut welcome: Welcome) -> Welcome {
        let enemy = SigningKey::from_seed("k1", &[8; 32]);
        match self.chance.below(5) {
            0 => welcome.epoch += 1 + self.chance.below(5),
            1 => welcome.nonce = self.last_hello.0,
            2 => welcome.server_time_ms += 1,
            3 => welcome.pulse_gap_ms = 0,
            _ => {
                let Welcome { gate, nonce, epoch, server_time_ms, .. } = welcome;
                return Welcome::signed(&enemy, &gate, nonce, epoch + 1, server_time_ms, GAP);
            }
        }
        welcome
    }

    fn forge_command(&mut self, mut command: Command, other: &Command) -> Down {
        let enemy = SigningKey::from_seed("k1", &[8; 32]);
        let way = *self.chance.one_of(&[Leg::Entry, Leg::Exit]);
        let open = Order::Open { leg: way, deadline_ms: u64::MAX >> 12 };
        match self.chance.below(9) {
            0 => command.epoch = self.last_hello.1,
            1 => command.order = open,
            2 => command.id = CommandId(domain::roll(&*self.world.dice)),
            3 => command.id = other.id,
            4 => command.sig.clone_from(&other.sig),
            5 => "k2".clone_into(&mut command.kid),
            6 => command.order = other.order,
            7 => return self.tamper(&command),
            _ => {
                let Command { id, gate, epoch, .. } = command;
                return Down::Command(Command::signed(&enemy, id, &gate, epoch, open));
            }
        }
        Down::Command(command)
    }

    /// The same bytes but for one; what cannot be read any more arrives as it was.
    fn tamper(&mut self, command: &Command) -> Down {
        let mut bytes = command.to_bytes();
        let at = usize::try_from(self.chance.below(bytes.len() as u64)).expect("small");
        bytes[at] ^= 1 << self.chance.below(7);
        Down::Command(Command::from_bytes(&bytes).unwrap_or_else(|_| command.clone()))
    }

    async fn deliver_up(&mut self) {
        if !self.up.is_empty() {
            let message = self.up.remove(0);
            self.is_heard(message).await;
        }
    }

    async fn replay_up(&mut self) {
        if !self.old_up.is_empty() {
            let message = self.chance.one_of(&self.old_up).clone();
            self.is_heard(message).await;
        }
    }

    /// What a gate would say if it lied, under whatever signature the enemy has.
    async fn forge_up(&mut self) {
        let ids: Vec<CommandId> = self.commands.keys().rev().take(8).copied().collect();
        let (nonce, epoch) = self.last_hello;
        let why = protocol::NotExecuted::NeverArrived;
        let status = |id, outcome| Message::Status(Status::new(id, epoch, outcome));
        let lie = match (self.chance.below(12), ids.is_empty()) {
            (0..4, false) => status(*self.chance.one_of(&ids), Outcome::Executed),
            (4..8, false) => status(*self.chance.one_of(&ids), Outcome::NotExecuted { why }),
            (8, _) => Message::Goodbye(Presence::gone(nonce)),
            _ => Message::Ready(Ready::new(nonce, epoch, Vec::new())),
        };
        let said = match (self.chance.below(3), self.genuine_signature()) {
            (0, Some(signature)) => Said { up: lie.topic(), body: lie.to_bytes(&signature) },
            (1, _) => Said { up: lie.topic(), body: lie.to_bytes(&[]) },
            _ => self.signed(&lie, &self.keys[1]),
        };
        self.forged += 1;
        self.forged_reports += u64::from(said.up != Up::Presence);
        self.is_heard(said).await;
    }

    /// One that the gate made once, for something else.
    fn genuine_signature(&mut self) -> Option<Vec<u8>> {
        let old = self.old_up.last()?;
        let Said { up, body } =
            if self.chance.once_in(2) { old } else { self.chance.one_of(&self.old_up) };
        let sig = match up {
            Up::Ready => Signed::<Ready>::from_bytes(body).ok()?.sig,
            Up::Status => Signed::<Status>::from_bytes(body).ok()?.sig,
            Up::Hello | Up::Presence => return None,
        };
        data_encoding::BASE64URL_NOPAD.decode(sig.as_bytes()).ok()
    }

    fn signed(&self, message: &Message, key: &KeyPair) -> Said {
        let signature = message.to_sign(&self.id).map(|said| key.sign(said.as_bytes()));
        let signature = signature.transpose().expect("signs").unwrap_or_default();
        Said { up: message.topic(), body: message.to_bytes(&signature) }
    }

    /// The service takes in what a gate said, as the bridge does.
    async fn is_heard(&mut self, Said { up, body }: Said) {
        self.delivered += 1;
        let (world, now) = (&self.world, self.world.now());
        let (gates, attempts) = (world.store.gates(), world.store.attempts());
        match up {
            Up::Hello => {
                let Hello { nonce, .. } = Hello::from_bytes(&body).expect("a hello");
                let raised = gates.hello(world.gate, nonce.0, String::new(), now).await;
                let epoch = raised.expect("no fault").expect("a known gate").epoch;
                self.heard.entry(epoch).or_insert(now);
                self.last_hello = (nonce, epoch);
                let ms = now.as_millis();
                let welcome = Welcome::signed(&self.key, &self.id, nonce, epoch, ms, GAP);
                self.sends(Greeting::Welcome(welcome).into());
            }
            Up::Ready => {
                let ready: Signed<Ready> = Signed::from_bytes(&body).expect("a ready");
                if self.believes(&ready).await {
                    let Ready { nonce, epoch, ledger, .. } = ready.said;
                    let ledger = ledger.into_iter().map(attempt_id).collect();
                    let adopted = gates.ready(world.gate, nonce.0, epoch, ledger, now).await;
                    adopted.expect("no fault");
                }
            }
            Up::Status => {
                let status: Signed<Status> = Signed::from_bytes(&body).expect("a status");
                if self.believes(&status).await {
                    let Status { id, outcome, .. } = status.said;
                    let (id, evidence) = (attempt_id(id), mapping::evidence(outcome));
                    let settled = attempts.settle(world.gate, id, evidence, now).await;
                    settled.expect("no fault");
                }
            }
            Up::Presence => {
                let Presence { nonce, .. } = Presence::from_bytes(&body).expect("a goodbye");
                gates.gone(world.gate, nonce.0, now).await.expect("no fault");
            }
        }
    }

    async fn believes<T: Report>(&self, report: &Signed<T>) -> bool {
        let (gate, gates) = (self.world.gate, self.world.store.gates());
        let keys = gates.keys(gate, self.world.now()).await.expect("reads");
        mapping::is_said_by(gate, report, &keys)
    }

    /// The service sends what is due, as the bridge does: claimed first.
    async fn relay(&mut self) {
        let now = self.world.now();
        let attempts = self.world.store.attempts().clone();
        for due in attempts.due(now).await.expect("reads") {
            let (attempt, id) = (&due.attempt, CommandId(due.attempt.id.to_bytes()));
            let order = match due.errand {
                Errand::Cancel => Order::Cancel,
                Errand::Query => Order::Query,
                Errand::Open => {
                    let claimed = attempts.claim(attempt.id, now).await.expect("no fault");
                    let Some(claimed) = claimed else { continue };
                    self.opening(&claimed, now)
                }
            };
            if due.errand != Errand::Open {
                attempts.asked(attempt.id, now).await.expect("no fault");
            }
            let command = Command::signed(&self.key, id, &self.id, attempt.epoch, order);
            self.sends(Down::Command(command));
        }
    }

    fn opening(&mut self, claimed: &Attempt, now: Timestamp) -> Order {
        let visit = claimed.visit().expect("nobody presses without a code");
        let leg = match visit.leg {
            domain::Leg::Entry => Leg::Entry,
            domain::Leg::Exit => Leg::Exit,
        };
        let left = now.until(claimed.deadline).min(TRIGGER_LIFETIME);
        let age = self.heard[&claimed.epoch].until(now);
        let deadline_ms = u64::try_from((age + left).as_millis()).expect("small");
        let (code, deadline) = (visit.code, claimed.deadline);
        let id = CommandId(claimed.id.to_bytes());
        self.commands.insert(id, Opening { code, leg, deadline });
        Order::Open { leg, deadline_ms }
    }

    fn sends(&mut self, down: Down) {
        remember(&mut self.old_down, down.clone());
        self.down.push(down);
        if self.chance.once_in(10) {
            // Out of order.
            self.down.reverse();
        }
    }

    /// Some guest tries to go in or out; who has no more use for a code gets another.
    async fn guest_presses(&mut self) {
        if self.guests.len() < 6 {
            let issued = self.world.issues().await;
            self.guests.push(issued.clone());
            self.all.push(issued);
        }
        let which = usize::try_from(self.chance.below(self.guests.len() as u64)).expect("small");
        let guest = &self.guests[which];
        let (goes_in, goes_out) = (self.world.asks_in(guest), self.world.asks_out(guest));
        let went = [self.world.redeems(goes_in).await, self.world.redeems(goes_out).await];
        if went.iter().all(Result::is_err) && self.chance.once_in(8) {
            self.revokes(which).await;
        }
    }

    async fn owner_revokes(&mut self) {
        if !self.guests.is_empty() {
            let which = self.chance.below(self.guests.len() as u64);
            self.revokes(usize::try_from(which).expect("small")).await;
        }
    }

    async fn revokes(&mut self, which: usize) {
        let (world, code) = (&self.world, self.guests.remove(which).pass.code.id);
        let revoked = world.store.codes().revoke(world.owner, code, world.now()).await;
        if let Ok(revoked) = revoked.expect("no fault")
            && let Some(End::Revoked { effective_at, .. }) = revoked.code.end
        {
            self.ends.insert(code, effective_at);
        }
    }

    /// What the service believes of all legs, beside what the gate did.
    async fn legs(&self) -> Legs {
        let mut moved: BTreeMap<(CodeId, bool), u32> = BTreeMap::new();
        for id in &self.pulses {
            let Opening { code, leg, .. } = &self.commands[id];
            *moved.entry((*code, *leg == Leg::Entry)).or_default() += 1;
        }
        let mut legs = Legs::default();
        for issued in &self.all {
            let code = self.world.look(&issued.pass.link).await.pass.code;
            for (leg, is_entry) in [(code.entry, true), (code.exit, false)] {
                let times = moved.get(&(code.id, is_entry)).copied().unwrap_or_default();
                legs.opened_twice += u32::from(1 < times);
                match leg {
                    LegState::Free => {
                        legs.free += 1;
                        legs.free_after_pulse += u32::from(times != 0);
                    }
                    LegState::Used { attempt, .. } => {
                        legs.used += 1;
                        let is_written = self.disk.contains(&CommandId(attempt.to_bytes()));
                        legs.used_for_nothing += u32::from(!is_written);
                    }
                    LegState::Reserved(_) => {}
                }
            }
        }
        legs
    }

    fn told(&self, legs: &Legs) -> String {
        let Self { delivered, forged, forged_reports, commands, pulses, .. } = self;
        let (commands, pulses) = (commands.len(), pulses.len());
        format!(
            "{delivered} messages, {forged} of them forged ({forged_reports} reports), {commands} \
             openings signed, {pulses} pulses; {legs:?}"
        )
    }

    fn on_gates_clock(&self) -> Duration {
        // It was switched on a second before all began.
        self.began.until(self.world.now()) + Duration::from_secs(1)
    }
}

impl From<Greeting> for Down {
    fn from(greeting: Greeting) -> Self {
        Self::Greeting(greeting)
    }
}

fn remember<T>(memory: &mut Vec<T>, what: T) {
    if memory.len() == MEMORY {
        memory.remove(0);
    }
    memory.push(what);
}

/// The gate gets a label and its certificate.
async fn certify(world: &World, key: &KeyPair) {
    let (devices, dice, now) = (world.store.devices(), &*world.dice, world.now());
    let (serial, secret) = (serial_number(dice), EnrolmentSecret::random(dice));
    let (gate, claim_code) = (world.gate.to_string(), ClaimCode::random(dice));
    let labelled = devices.relabel(gate, serial.clone(), claim_code, secret.clone(), now).await;
    labelled.expect("no fault").expect("a gate");
    let public_key = key.subject_public_key_info();
    let certificate = Certificate { public_key, ..world.certificate(Fingerprint([1; 32])) };
    let enrolled = devices.enrolled(serial, secret, certificate, now).await;
    enrolled.expect("no fault").expect("the right label");
}

/// A key that plays the same again: Ed25519 signs without dice.
fn ed25519(seed: u8) -> KeyPair {
    let pkcs8 = data_encoding::HEXLOWER.decode(b"302e020100300506032b657004220420").expect("hex");
    let pkcs8 = [pkcs8, vec![seed; 32]].concat();
    KeyPair::try_from(pkcs8.as_slice()).expect("every 32 bytes are a seed")
}

fn attempt_id(id: CommandId) -> AttemptId {
    AttemptId::from_bytes(id.0)
}
