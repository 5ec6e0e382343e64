//! The main loop: what is to happen, in the order of its moments, and what can go wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bridge::mapping::Letter;
use device_sim::Moment;
use domain::{Timestamp, roll_below};

use tokio::sync::watch;

use crate::gate::Gate;
use crate::house::{BEGINNING, House};
use crate::luck::Luck;
use crate::network::{Network, Weather};
use crate::oracle::Oracle;
use crate::people::{People, Press, Tap};
use crate::presses::OpenPress;
use crate::service::{Service, TaskId};
use crate::trace::Trace;
use crate::{Broken, Played, Tally, Variant};

/// What people do in one run.
const ACTS: u32 = 32;

/// How long after the last fault everything must be settled: the life of a command, the patience
/// of a gate whose hello was lost, and some.
const CALM: Duration = Duration::from_secs(40);

/// Ten years, as far as a clock may be wrong.
const TEN_YEARS_MS: i64 = 10 * 365 * 24 * 3_600_000;

/// All that can go wrong, and how often.
const FAULTS: [(Fault, u32); 18] = [
    (Fault::Weather, 10),
    (Fault::Partition, 5),
    (Fault::LineDrops, 6),
    (Fault::PowerCut, 4),
    (Fault::PowerCutAt(Moment::BeforeLedger), 3),
    (Fault::PowerCutAt(Moment::BeforePulse), 3),
    (Fault::PowerCutAt(Moment::BeforeReport), 3),
    (Fault::LedgerFails, 3),
    (Fault::SlowFlash, 4),
    (Fault::Crash, 4),
    (Fault::CrashAtTheDoor, 6),
    (Fault::Stall, 6),
    (Fault::BrokerGone, 4),
    (Fault::Clock(By::Seconds), 3),
    (Fault::Clock(By::Years), 3),
    (Fault::Replay, 6),
    (Fault::Misdelivery, 2),
    (Fault::Forgery, 3),
];

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The network loses, repeats and delays more or less than before.
    Weather,
    /// Nothing gets through to a gate or from it for a while, and nobody is told.
    Partition,
    /// A gate's connection ends.
    LineDrops,
    /// A gate's power fails now.
    PowerCut,
    /// A gate's power will fail at this moment of its next opening.
    PowerCutAt(Moment),
    /// A gate's next write of its ledger fails; the id may stand there all the same.
    LedgerFails,
    /// A gate's next write takes seconds.
    SlowFlash,
    /// The service dies between any two of its steps.
    Crash,
    /// It dies between its next transaction and the letter that follows from it.
    CrashAtTheDoor,
    /// Its next letter waits for seconds.
    Stall,
    /// The service loses the broker.
    BrokerGone,
    /// Somebody sets the clock of the service's machine.
    Clock(By),
    /// Something that was sent before is sent again.
    Replay,
    /// A command reaches another gate.
    Misdelivery,
    /// Somebody without the key asks a gate to open.
    Forgery,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Seconds,
    Years,
}

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Somebody does something, and perhaps something goes wrong soon.
    Act,
    /// A guest presses, or does so again.
    Press(Press),
    /// A host taps, or does so again.
    Tap(Tap),
    /// Somebody presses "open" without a code, or does so again.
    Open(OpenPress),
    Strike,
    /// The service starts.
    Start,
    /// The bridge tries to reach the broker.
    Connect(u64),
    /// The relay looks for what is due.
    Look(u64, u64),
    /// A task of the service goes on: with its first step, or with the letter it waits with.
    GoOn(u64, TaskId),
    /// A letter reaches its gate.
    AtGate(Letter),
    /// Something reaches the bridge.
    AtBridge(Letter),
    /// A gate's line comes up.
    Line(usize, u64),
    /// A gate may be due to say hello.
    HelloDue(usize, u64),
    /// A gate's ledger was written.
    Written(usize, u64),
    PowerOn(usize),
    /// Nothing goes wrong from now on.
    Calm,
    /// All must be settled by now, and a new guest gets in.
    Verdict,
    LastGuest,
}

/// True time, and what the machine's clock says.
#[derive(Default)]
pub(crate) struct Time {
    now_ms: AtomicU64,
    wall_ahead_ms: AtomicI64,
}

impl Time {
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn wall(&self) -> Timestamp {
        let true_ms = i64::try_from(self.now_ms()).expect("some days");
        let ahead_ms = self.wall_ahead_ms.load(Ordering::Relaxed);
        Timestamp::from_millis(BEGINNING.as_millis() + true_ms + ahead_ms)
    }
}

/// Everything in one run.
pub(crate) struct World {
    pub(crate) variant: Variant,
    pub(crate) luck: Luck,
    pub(crate) time: Arc<Time>,
    agenda: BTreeMap<(u64, u64), Event>,
    planned: u64,
    pub(crate) trace: Trace,
    pub(crate) tally: Tally,
    pub(crate) house: House,
    bell: watch::Receiver<()>,
    pub(crate) service: Option<Service>,
    /// How often the service was started.
    pub(crate) lives: u64,
    pub(crate) gates: Vec<Gate>,
    pub(crate) network: Network,
    pub(crate) people: People,
    pub(crate) oracle: Oracle,
    acts_left: u32,
    pub(crate) is_calm: bool,
}

impl World {
    pub(crate) async fn play(
        seed: u64,
        variant: Variant,
        is_loud: bool,
    ) -> Result<Played, Box<Broken>> {
        let _named = Named(seed);
        let mut world = Self::new(seed, variant, is_loud).await;
        while let Some(((at_ms, _), event)) = world.agenda.pop_first() {
            world.time.now_ms.store(at_ms, Ordering::Relaxed);
            world.count("steps");
            world.happens(event).await;
            if world.bell.has_changed().expect("the storage is open") {
                world.bell.mark_unchanged();
                world.ring();
            }
            if let Some(complaint) = world.oracle.complaint.take() {
                let (line, story) = (world.trace.lines(), world.trace.last_lines());
                return Err(Box::new(Broken { seed, variant, line, complaint, story }));
            }
        }
        world.house.store.close().await;
        Ok(Played { digest: world.trace.digest(), tally: world.tally })
    }

    async fn new(seed: u64, variant: Variant, is_loud: bool) -> Self {
        let luck = Luck::new(seed, 1);
        let house = House::open(Luck::new(seed, 2)).await;
        let gates = house.residents.gates.map(|gate| Gate::new(gate, &luck));
        let people = People::new(&house.residents);
        let mut world = Self {
            variant,
            luck,
            time: Arc::default(),
            agenda: BTreeMap::new(),
            planned: 0,
            trace: Trace::new(is_loud),
            tally: Tally::new(),
            bell: house.store.bell(),
            house,
            service: None,
            lives: 0,
            gates: gates.into(),
            network: Network::default(),
            people,
            oracle: Oracle::default(),
            acts_left: ACTS,
            is_calm: false,
        };
        world.plan(Duration::ZERO, Event::Start);
        for gate in 0..world.gates.len() {
            world.plan(Duration::from_millis(500), Event::PowerOn(gate));
        }
        world.plan(Duration::from_secs(2), Event::Act);
        world
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Act => self.act().await,
            Event::Press(press) => self.press(press).await,
            Event::Tap(tap) => self.tap(tap).await,
            Event::Open(press) => self.open(press).await,
            Event::Strike => self.strike().await,
            Event::Start => self.start_service(),
            Event::Connect(life) => self.connect(life).await,
            Event::Look(life, look) => self.look(life, look).await,
            Event::GoOn(life, task) => self.go_on(life, task).await,
            Event::AtGate(letter) => self.at_gate(&letter).await,
            Event::AtBridge(letter) => self.at_bridge(&letter),
            Event::Line(gate, life) => self.line_up(gate, life).await,
            Event::HelloDue(gate, life) => self.hello_due(gate, life).await,
            Event::Written(gate, life) => self.written(gate, life).await,
            Event::PowerOn(gate) => self.power_on(gate),
            Event::Calm => self.calm_down().await,
            Event::Verdict => self.verdict().await,
            Event::LastGuest => self.last_guest().await,
        }
    }

    async fn act(&mut self) {
        if self.acts_left == 0 {
            self.plan(Duration::from_secs(5), Event::Calm);
            return;
        }
        self.acts_left -= 1;
        self.somebody_acts().await;
        let (least, most) = self.luck.weigh(&[
            ((0, 400), 45),
            ((500, 5_000), 38),
            ((5_000, 40_000), 15),
            ((600_000, 4_000_000), 2),
        ]);
        let pause = self.luck.between(Duration::from_millis(least), Duration::from_millis(most));
        self.plan(pause, Event::Act);
        if self.luck.percent(40) {
            let soon = self.luck.between(Duration::ZERO, pause.min(Duration::from_secs(9)));
            self.plan(soon, Event::Strike);
        }
    }

    /// Something goes wrong.
    async fn strike(&mut self) {
        if self.is_calm {
            return;
        }
        let (fault, gate) = (self.luck.weigh(&FAULTS), self.luck.below(self.gates.len()));
        self.say(format_args!("! {fault:?} (gate {gate})"));
        self.count(match fault {
            Fault::Weather => "fault: weather changes",
            Fault::Partition => "fault: partition",
            Fault::LineDrops => "fault: gate loses its line",
            Fault::PowerCut => "fault: gate's power fails",
            Fault::PowerCutAt(_) => "fault: gate's power to fail at an opening",
            Fault::LedgerFails => "fault: ledger to fail",
            Fault::SlowFlash => "fault: ledger to be slow",
            Fault::Crash => "fault: service dies",
            Fault::CrashAtTheDoor => "fault: service to die before its next letter",
            Fault::Stall => "fault: letter to stall",
            Fault::BrokerGone => "fault: broker gone",
            Fault::Clock(By::Seconds) => "fault: clock set by seconds",
            Fault::Clock(By::Years) => "fault: clock set by years",
            Fault::Replay => "fault: replay",
            Fault::Misdelivery => "fault: misdelivery",
            Fault::Forgery => "fault: forgery",
        });
        match fault {
            Fault::Weather => self.network.weather = *self.luck.pick(&Weather::ALL),
            Fault::Partition => {
                let span = self.luck.between(Duration::from_secs(1), Duration::from_secs(25));
                let until_ms = self.now_ms() + millis(span);
                let ways =
                    self.luck.weigh(&[((true, true), 2), ((true, false), 1), ((false, true), 1)]);
                self.gates[gate].cut_off(ways, until_ms);
            }
            Fault::LineDrops => self.line_drops(gate).await,
            Fault::PowerCut => self.power_fails(gate),
            Fault::PowerCutAt(moment) => self.gates[gate].dies_at = Some(moment),
            Fault::LedgerFails => self.gates[gate].ledger_fails = true,
            Fault::SlowFlash => self.gates[gate].flash_is_slow = true,
            Fault::Crash => self.crash(),
            Fault::CrashAtTheDoor => self.network.next_letter_kills = true,
            Fault::Stall => self.network.next_letter_stalls = true,
            Fault::BrokerGone => self.lose_broker(),
            Fault::Clock(by) => self.set_clock(by),
            Fault::Replay => self.replay(),
            Fault::Misdelivery => self.misdeliver(gate),
            Fault::Forgery => self.forge(gate),
        }
    }

    fn set_clock(&mut self, by: By) {
        let range_ms = match by {
            By::Seconds => 30_000,
            By::Years => TEN_YEARS_MS,
        };
        let share = i64::from(roll_below(&self.luck, 2_001)) - 1_000;
        let ahead_ms = range_ms / 1_000 * share;
        self.time.wall_ahead_ms.store(ahead_ms, Ordering::Relaxed);
        self.say(format_args!("the machine's clock is {ahead_ms} ms ahead"));
    }

    /// The last fault is over: what is cut is mended, and every gate makes a new connection.
    async fn calm_down(&mut self) {
        self.is_calm = true;
        self.say(format_args!("calm"));
        self.network = Network::calm(self.network.take_letters());
        self.agenda.retain(|_, event| !matches!(event, Event::AtGate(_) | Event::AtBridge(_)));
        if self.service.is_none() {
            self.start_service();
        }
        for gate in 0..self.gates.len() {
            self.gates[gate].recover();
            self.line_drops(gate).await;
            self.power_on(gate);
        }
        self.plan(CALM, Event::Verdict);
    }

    pub(crate) fn end(&mut self) {
        self.agenda.clear();
        // What was written to judge rings for nobody.
        self.bell.mark_unchanged();
    }

    pub(crate) fn plan(&mut self, after: Duration, event: Event) {
        self.planned += 1;
        self.agenda.insert((self.now_ms() + millis(after), self.planned), event);
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.time.now_ms()
    }

    pub(crate) fn say(&mut self, what: std::fmt::Arguments<'_>) {
        let now_ms = self.now_ms();
        self.trace.say(now_ms, what);
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }
}

/// Names the seed should the run panic.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("panicked in seed {}", self.0);
        }
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("some days at most")
}
