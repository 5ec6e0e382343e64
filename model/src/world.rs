//! Service and gate, the network between them, and time: all that can happen next.
//!
//! The network is the worst there can be: whatever was ever sent can arrive at any moment, any
//! number of times, in any order, or never.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bridge::mapping::Letter;
use device_sim::gate::State as MachineState;
use domain::access_code::{End, LegState};
use domain::settings::ExitGrace;
use domain::{AttemptId, Leg, Timestamp};
use protocol::{Command, Greeting, Hello, Order, Outcome, Presence, Ready, Signed, Status, Topic};

use crate::gate::{Gate, Now, Seen, forged};
use crate::pool::Pool;
use crate::promise::{ALLOWANCE, Promise};
use crate::service::{Memory, START, Service};
use crate::variant::Variant;

/// Two of these are longer than a command lives, by just what a clock may be behind.
const TICK: Duration = Duration::from_millis(4250);

/// How many moments a fair continuation takes at most.
const PATIENCE: u32 = 8;

/// How far the game goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How often a guest asks in vain or not, on both legs together.
    pub attempts: u8,
    /// How many moments there are after the first, 4.25 s apart.
    pub ticks: u8,
    /// From which moment on the code has expired.
    pub expires: u8,
    /// Whether who is inside may leave for longer than the game lasts.
    pub grace: bool,
    /// How many hellos the gate says.
    pub hellos: u8,
    /// How many hellos the service takes for new; more than there are when old ones return.
    pub epochs: u8,
    /// How many things break: bridge, broker, connection, power, flash, in any mixture.
    pub faults: u8,
    /// Whether the gate's clock may fall behind by 0.5 s, at any moment.
    pub slow_clock: bool,
    /// Whether the guest wants out again.
    pub exit: bool,
}

/// One state, by the numbers of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    service: u32,
    gate: u32,
    /// What was ever sent.
    network: u32,
    tick: u8,
    faults: u8,
    slow: bool,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    Wait,
    /// The gate's clock falls behind meanwhile.
    WaitSlow,
    Redeem(Leg),
    Revoke,
    Claim(u8),
    Send(u8),
    Ask(u8),
    Greet,
    /// A message arrives, by its number.
    Deliver(u32),
    Connect,
    SayHello,
    Written,
    WriteFails {
        reached_the_disk: bool,
    },
    LoseConnection,
    CutPower {
        reached_the_disk: bool,
    },
    CrashBridge,
    RestartBroker,
    /// N1 only.
    Release(u8),
}

/// What a step of one player led to.
#[derive(Clone)]
struct After {
    player: u32,
    said: Rc<[u32]>,
}

/// All players, networks and messages met so far, and the steps between them.
pub(crate) struct Game {
    variant: Variant,
    bounds: Bounds,
    services: Pool<Memory, Service>,
    gates: Pool<(MachineState, Seen), Gate>,
    messages: Pool<(String, Vec<u8>), (Topic, Vec<u8>)>,
    networks: Pool<Rc<[u32]>, Rc<[u32]>>,
    service_steps: HashMap<(u32, Move, Timestamp), After>,
    gate_steps: HashMap<(u32, Move, Timestamp, bool), After>,
    grown: HashMap<(u32, u32), u32>,
    forgeries: HashMap<(AttemptId, u64), u32>,
    /// Pairs of players from which every leg is settled, so far as was looked.
    settled: HashSet<(u32, u32, Timestamp, bool)>,
}

impl Game {
    pub(crate) fn new(variant: Variant, bounds: Bounds) -> Self {
        Self {
            variant,
            bounds,
            services: Pool::new(),
            gates: Pool::new(),
            messages: Pool::new(),
            networks: Pool::new(),
            service_steps: HashMap::new(),
            gate_steps: HashMap::new(),
            grown: HashMap::new(),
            forgeries: HashMap::new(),
            settled: HashSet::new(),
        }
    }

    pub(crate) fn begin(&mut self) -> World {
        let minutes = if self.bounds.grace { 30 } else { 0 };
        let grace = ExitGrace::from_minutes(minutes).expect("on offer");
        let service = Service::new(TICK * u32::from(self.bounds.expires), grace);
        let service = self.services.number(service.memory(), || service);
        let gate = Gate::new();
        let gate = self.gates.number(gate.memory(), || gate);
        let nothing: Rc<[u32]> = Rc::new([]);
        let network = self.networks.number(Rc::clone(&nothing), || nothing);
        World { service, gate, network, tick: 0, faults: 0, slow: false }
    }

    /// How many different services, gates, messages and networks were met.
    pub(crate) fn sizes(&self) -> [usize; 4] {
        [self.services.len(), self.gates.len(), self.messages.len(), self.networks.len()]
    }

    /// The first promise that is broken here.
    pub(crate) fn broken(&mut self, world: World, promises: &[Promise]) -> Option<Promise> {
        let (service, gate) = (self.services.get(world.service), self.gates.get(world.gate));
        let broken = promises.iter().copied().find(|promise| !promise.holds(service, gate));
        if broken.is_none() && promises.contains(&Promise::Settled) && !self.settles(world) {
            return Some(Promise::Settled);
        }
        broken
    }

    /// All that can happen next and changes something.
    pub(crate) fn moves(&mut self, world: World) -> Vec<(Move, World)> {
        let mut possible = self.lawful(world);
        possible.extend(self.faults(world));
        let mut next = Vec::with_capacity(possible.len());
        for way in possible {
            let after = self.play(world, way);
            if after != world && !self.is_beyond(after) {
                next.push((way, after));
            }
        }
        next
    }

    fn lawful(&mut self, world: World) -> Vec<Move> {
        let (now, Bounds { attempts, ticks, hellos, .. }) = (now(world), self.bounds);
        let (service, gate) = (self.services.get(world.service), self.gates.get(world.gate));
        let mut moves = Vec::with_capacity(32);
        if world.tick < ticks {
            moves.push(Move::Wait);
            if self.bounds.slow_clock && !world.slow {
                moves.push(Move::WaitSlow);
            }
        }
        if service.attempts.len() < usize::from(attempts) {
            moves.push(Move::Redeem(Leg::Entry));
            if self.bounds.exit {
                moves.push(Move::Redeem(Leg::Exit));
            }
        }
        moves.push(Move::Revoke);
        moves.extend(self.errands(service, now.at));
        if gate.seen().hellos < hellos {
            moves.extend(hello(gate, now));
        }
        if gate.is_writing() {
            moves.push(Move::Written);
        }
        moves.extend(self.networks.get(world.network).iter().copied().map(Move::Deliver));
        let forgeries: Vec<_> = match gate.epoch() {
            Some(epoch) => service.attempts.iter().map(|attempt| (attempt.id, epoch)).collect(),
            None => vec![],
        };
        moves.extend(forgeries.into_iter().map(|(id, epoch)| Move::Deliver(self.forge(id, epoch))));
        moves
    }

    /// What the bridge finds to do.
    fn errands(&self, service: &Service, now: Timestamp) -> Vec<Move> {
        let mut errands = Vec::new();
        if service.may_greet() {
            errands.push(Move::Greet);
        }
        for nth in 0..u8::try_from(service.attempts.len()).expect("a short game") {
            if service.may_send(nth, self.variant, now) {
                errands.push(Move::Send(nth));
            }
            if service.may_claim(nth, now) {
                errands.push(Move::Claim(nth));
            }
            if service.may_ask(nth, now) {
                errands.push(Move::Ask(nth));
            }
            if self.variant == Variant::ReleaseOnTimeout {
                errands.push(Move::Release(nth));
            }
        }
        errands
    }

    fn faults(&self, world: World) -> Vec<Move> {
        if self.bounds.faults <= world.faults {
            return vec![];
        }
        let gate = self.gates.get(world.gate);
        let mut faults = vec![
            Move::CrashBridge,
            Move::RestartBroker,
            Move::LoseConnection,
            Move::CutPower { reached_the_disk: false },
        ];
        if gate.is_writing() {
            faults.push(Move::CutPower { reached_the_disk: true });
            for reached_the_disk in [false, true] {
                faults.push(Move::WriteFails { reached_the_disk });
            }
        }
        faults
    }

    fn is_beyond(&self, world: World) -> bool {
        u64::from(self.bounds.epochs) < self.services.get(world.service).gate.epoch
    }

    fn play(&mut self, world: World, way: Move) -> World {
        let now = now(world);
        match way {
            Move::Wait => World { tick: world.tick + 1, ..world },
            Move::WaitSlow => World { tick: world.tick + 1, slow: true, ..world },
            Move::Redeem(_)
            | Move::Revoke
            | Move::Claim(_)
            | Move::Send(_)
            | Move::Ask(_)
            | Move::Greet
            | Move::Release(_) => self.serve(world, way, now),
            Move::Deliver(message) => match self.messages.get(message).0 {
                Topic::Up(..) => self.serve(world, way, now),
                Topic::Down(..) => self.act(world, way, now),
            },
            Move::Connect | Move::SayHello | Move::Written => self.act(world, way, now),
            Move::WriteFails { .. } | Move::LoseConnection | Move::CutPower { .. } => {
                let after = self.act(world, way, now);
                one_more_fault(world, after)
            }
            Move::CrashBridge => one_more_fault(world, self.serve(world, way, now)),
            Move::RestartBroker => {
                let after = self.serve(world, way, now);
                one_more_fault(world, self.act(after, Move::LoseConnection, now))
            }
        }
    }

    fn serve(&mut self, world: World, way: Move, now: Now) -> World {
        let After { player, said } = self.service_step(world.service, way, now.at);
        World { service: player, network: self.with(world.network, &said), ..world }
    }

    fn act(&mut self, world: World, way: Move, now: Now) -> World {
        let After { player, said } = self.gate_step(world.gate, way, now);
        World { gate: player, network: self.with(world.network, &said), ..world }
    }

    fn service_step(&mut self, number: u32, way: Move, now: Timestamp) -> After {
        if let Some(after) = self.service_steps.get(&(number, way, now)) {
            return after.clone();
        }
        let mut service = self.services.get(number).clone();
        let letters = match way {
            Move::Redeem(leg) => {
                service.redeem(leg, now);
                vec![]
            }
            Move::Revoke => {
                // Too late is an answer like any other.
                let _ = service.revoke(now);
                vec![]
            }
            Move::Claim(nth) => {
                service.claim(nth, self.variant, now);
                vec![]
            }
            Move::Send(nth) => service.send(nth, now).into_iter().collect(),
            Move::Ask(nth) => vec![service.ask(nth)],
            Move::Greet => service.greet(now),
            Move::Deliver(message) => {
                let (topic, body) = self.messages.get(message);
                service.hear(topic, body, now).into_iter().collect()
            }
            Move::CrashBridge => {
                service.crash();
                vec![]
            }
            Move::RestartBroker => {
                service.reconnect();
                vec![]
            }
            Move::Release(nth) => {
                service.release(nth, now);
                vec![]
            }
            Move::Wait
            | Move::WaitSlow
            | Move::Connect
            | Move::SayHello
            | Move::Written
            | Move::WriteFails { .. }
            | Move::LoseConnection
            | Move::CutPower { .. } => unreachable!("{way:?} is not the service's"),
        };
        let said = self.post(letters);
        let after = After { player: self.services.number(service.memory(), || service), said };
        self.service_steps.insert((number, way, now), after.clone());
        after
    }

    fn gate_step(&mut self, number: u32, way: Move, now: Now) -> After {
        let key = (number, way, now.at, !now.lag.is_zero());
        if let Some(after) = self.gate_steps.get(&key) {
            return after.clone();
        }
        let mut gate = self.gates.get(number).clone();
        let letters = match way {
            Move::Connect => gate.connect(now),
            Move::SayHello => gate.say_hello(now),
            Move::Written => gate.written(true, true, now),
            Move::WriteFails { reached_the_disk } => gate.written(false, reached_the_disk, now),
            Move::LoseConnection => gate.lose_connection(now),
            Move::CutPower { reached_the_disk } => gate.cut_power(reached_the_disk, self.variant),
            Move::Deliver(message) => {
                let (topic, body) = self.messages.get(message);
                gate.hear(topic, body, self.variant, now)
            }
            Move::Wait
            | Move::WaitSlow
            | Move::Redeem(_)
            | Move::Revoke
            | Move::Claim(_)
            | Move::Send(_)
            | Move::Ask(_)
            | Move::Greet
            | Move::CrashBridge
            | Move::RestartBroker
            | Move::Release(_) => unreachable!("{way:?} is not the gate's"),
        };
        let said = self.post(letters);
        let after = After { player: self.gates.number(gate.memory(), || gate), said };
        self.gate_steps.insert(key, after.clone());
        after
    }

    fn post(&mut self, letters: Vec<Letter>) -> Rc<[u32]> {
        letters.into_iter().map(|letter| self.numbered(letter)).collect()
    }

    fn numbered(&mut self, Letter { topic, body, .. }: Letter) -> u32 {
        let parsed = Topic::parse(&topic).expect("a topic of the contract");
        self.messages.number((topic, body.clone()), || (parsed, body))
    }

    fn forge(&mut self, attempt: AttemptId, epoch: u64) -> u32 {
        if let Some(forgery) = self.forgeries.get(&(attempt, epoch)) {
            return *forgery;
        }
        let forgery = self.numbered(forged(attempt, epoch));
        self.forgeries.insert((attempt, epoch), forgery);
        forgery
    }

    /// The network when these were sent, too.
    fn with(&mut self, mut network: u32, said: &[u32]) -> u32 {
        for message in said {
            let grown = self.grown.get(&(network, *message)).copied();
            network = grown.unwrap_or_else(|| self.grow(network, *message));
        }
        network
    }

    fn grow(&mut self, network: u32, message: u32) -> u32 {
        let before = self.networks.get(network);
        let sent: Rc<[u32]> = match before.binary_search(&message) {
            Ok(_) => Rc::clone(before),
            Err(place) => {
                let (low, high) = before.split_at(place);
                low.iter().chain(&[message]).chain(high).copied().collect()
            }
        };
        let grown = self.networks.number(Rc::clone(&sent), || sent);
        self.grown.insert((network, message), grown);
        grown
    }

    /// Whether no leg stays reserved when nothing breaks any more: all that is under way is lost,
    /// and from now on everybody does what is due and is heard.
    ///
    /// That something old still arrives in between needs no looking at: that is another state.
    fn settles(&mut self, world: World) -> bool {
        let World { mut service, mut gate, .. } = world;
        let mut now = now(world);
        let mut met = Vec::new();
        for _ in 0..PATIENCE {
            let place = (service, gate, now.at, world.slow);
            if self.services.get(service).code.reserved_attempt().is_none()
                || self.settled.contains(&place)
            {
                self.settled.extend(met);
                return true;
            }
            met.push(place);
            let before = (service, gate);
            self.do_what_is_due(&mut service, &mut gate, now);
            let hello_in = self.gates.get(gate).hello_in(now);
            let pause = if before == (service, gate) { hello_in } else { None };
            now.at = now.at + pause.unwrap_or_default().max(TICK);
        }
        false
    }

    /// Everybody does what is due, once, and every word is heard, in order.
    fn do_what_is_due(&mut self, service: &mut u32, gate: &mut u32, now: Now) {
        let (mut under_way, mut done) = (VecDeque::new(), HashSet::new());
        loop {
            let way = if let Some(message) = under_way.pop_front() {
                Move::Deliver(message)
            } else {
                let (service, gate) = (self.services.get(*service), self.gates.get(*gate));
                let written = gate.is_writing().then_some(Move::Written);
                let due = hello(gate, now).into_iter().chain(written);
                let errands = self.errands(service, now.at);
                let Some(way) = due.chain(errands).find(|way| done.insert(*way)) else { return };
                way
            };
            let is_gates = if let Move::Deliver(message) = way {
                matches!(self.messages.get(message).0, Topic::Down(..))
            } else {
                [Move::Connect, Move::SayHello, Move::Written].contains(&way)
            };
            let After { player, said } = if is_gates {
                self.gate_step(*gate, way, now)
            } else {
                self.service_step(*service, way, now.at)
            };
            *(if is_gates { &mut *gate } else { &mut *service }) = player;
            under_way.extend(said.iter().copied());
        }
    }

    /// Tells a move in words.
    pub(crate) fn tell(&self, before: World, way: Move) -> String {
        let at = now(before).at.as_millis() - START.as_millis();
        let what = match way {
            Move::Wait => "time passes".to_owned(),
            Move::WaitSlow => "time passes, and the gate's clock falls behind".to_owned(),
            Move::Redeem(leg) => format!("the guest asks for the {}", way_of(leg)),
            Move::Revoke => "the host revokes the code".to_owned(),
            Move::Claim(nth) => format!("the bridge claims attempt {nth}"),
            Move::Send(nth) => format!("the bridge publishes attempt {nth}"),
            Move::Ask(nth) => format!("the bridge asks about attempt {nth}"),
            Move::Greet => "the bridge is connected and calls the roll".to_owned(),
            Move::Deliver(message) => {
                let (topic, body) = self.messages.get(message);
                let hears = if matches!(topic, Topic::Up(..)) { "service" } else { "gate" };
                format!("the {hears} hears {}", words_of(body))
            }
            Move::Connect => "the gate connects and says hello".to_owned(),
            Move::SayHello => "the gate says hello again".to_owned(),
            Move::Written => "the gate's ledger is written".to_owned(),
            Move::WriteFails { reached_the_disk } => {
                format!("the gate's ledger cannot be written{}", and_yet(reached_the_disk))
            }
            Move::LoseConnection => "the gate's connection is lost".to_owned(),
            Move::CutPower { reached_the_disk } => {
                format!("the gate's power is cut{}", and_yet(reached_the_disk))
            }
            Move::CrashBridge => "the bridge is killed".to_owned(),
            Move::RestartBroker => "the broker restarts".to_owned(),
            Move::Release(nth) => format!("the service gives up attempt {nth}"),
        };
        format!("{at:>6} ms  {what}")
    }

    /// Tells how the code and its attempts stand.
    pub(crate) fn tell_state(&self, world: World) -> String {
        let (service, gate) = (self.services.get(world.service), self.gates.get(world.gate));
        let leg = |leg: &LegState| match leg {
            LegState::Free => "free",
            LegState::Reserved(_) => "reserved",
            LegState::Used { .. } => "used",
        };
        let end = match service.code.end {
            None => String::new(),
            Some(End::Revoked { effective_at, .. }) => {
                let at = effective_at.as_millis() - START.as_millis();
                format!(", revoked, effective at {at} ms")
            }
            Some(End::Completed { .. }) => ", completed".to_owned(),
            Some(End::Expired { .. }) => ", expired".to_owned(),
        };
        let (entry, exit) = (leg(&service.code.entry), leg(&service.code.exit));
        let pulses: Vec<_> = gate
            .seen()
            .pulses
            .iter()
            .map(|pulse| {
                let nth = service.attempts.iter().position(|attempt| attempt.id == pulse.attempt);
                let at = pulse.at.as_millis() - START.as_millis();
                nth.map_or(format!("of nobody at {at} ms"), |nth| format!("of {nth} at {at} ms"))
            })
            .collect();
        format!("entry {entry}, exit {exit}{end}; pulses: {}", pulses.join(", "))
    }
}

fn now(world: World) -> Now {
    let lag = if world.slow { ALLOWANCE } else { Duration::ZERO };
    Now { at: START + TICK * u32::from(world.tick), lag }
}

/// What the gate says when its time has come.
fn hello(gate: &Gate, now: Now) -> Option<Move> {
    if !gate.is_connected() {
        return Some(Move::Connect);
    }
    gate.hello_in(now).filter(Duration::is_zero).map(|_| Move::SayHello)
}

fn one_more_fault(before: World, after: World) -> World {
    let is_felt = World { faults: before.faults, ..after } != before;
    World { faults: before.faults + u8::from(is_felt), ..after }
}

fn way_of(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "entry",
        Leg::Exit => "exit",
    }
}

fn and_yet(reached_the_disk: bool) -> &'static str {
    if reached_the_disk { ", but it reached the disk" } else { "" }
}

fn words_of(body: &[u8]) -> String {
    if let Ok(Command { id, epoch, order, .. }) = Command::from_bytes(body) {
        let nth = id.0[15];
        return match order {
            Order::Open { deadline_ms, .. } => {
                format!("open {nth} in epoch {epoch}, {deadline_ms} ms from its hello")
            }
            Order::Cancel => format!("cancel {nth} in epoch {epoch}"),
            Order::Query => format!("query {nth} in epoch {epoch}"),
        };
    }
    if let Ok(Signed { said: status, .. }) = Signed::<Status>::from_bytes(body) {
        let nth = status.id.0[15];
        return match status.outcome {
            Outcome::Executed => format!("executed {nth}"),
            Outcome::NotExecuted { why } => format!("not executed {nth}: {why:?}"),
        };
    }
    if let Ok(Signed { said: ready, .. }) = Signed::<Ready>::from_bytes(body) {
        return format!("ready in epoch {} with {} in its ledger", ready.epoch, ready.ledger.len());
    }
    if let Ok(presence) = Presence::from_bytes(body) {
        return format!("goodbye of hello {}", presence.nonce.0[0]);
    }
    match (Greeting::from_bytes(body), Hello::from_bytes(body)) {
        (Ok(Greeting::Welcome(welcome)), _) => format!("welcome to epoch {}", welcome.epoch),
        (Ok(Greeting::HelloAgain), _) => "say hello again".to_owned(),
        (Err(_), Ok(hello)) => format!("hello {}", hello.nonce.0[0]),
        (Err(_), Err(_)) => "noise".to_owned(),
    }
}
