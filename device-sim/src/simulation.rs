//! A gate running: the state machine of [`crate::gate`] between a broker, a ledger and a clock.
//!
//! Whatever goes wrong on purpose, goes wrong here at the edge: by itself, as [`Faults`] decide
//! it, or by switches, when a test wants it now. The rules of the gate know nothing of either.

mod player;

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use protocol::{Command, CommandId, GateId, Leg, Status};
use ring::rand::SystemRandom;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::player::{Next, Player, Weather, pinned};
use crate::faults::{Faults, Sensed};
use crate::gate::Gate;
use crate::identity::Identity;
use crate::ledger::{self, Ledger};
use crate::renewal;

/// How long [`Simulation::until`] waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a simulated gate differs from the usual one.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether it keeps the least time between two pulses that it is told. Only a play in which
    /// nobody has seconds to wait does without.
    pub keeps_gap: bool,
    /// The firmware it names in its hello.
    pub firmware: String,
    /// What goes wrong by itself, on purpose.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        let firmware = concat!("device-sim ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { keeps_gap: true, firmware, faults: Faults::default() }
    }
}

/// A moment in an opening at which a gate can lose its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The command is believed; nothing is written.
    BeforeLedger,
    /// The ledger holds it; the motor has not moved.
    BeforePulse,
    /// The motor has moved; nobody was told.
    BeforeReport,
}

impl Moment {
    /// All moments, in their order.
    pub const ALL: [Self; 3] = [Self::BeforeLedger, Self::BeforePulse, Self::BeforeReport];
}

/// What whoever holds the [`Simulation`] lets go wrong at this very moment.
#[derive(Clone, Debug, Default)]
struct Switches {
    dies_at: Option<Moment>,
    held: bool,
    statuses_to_lose: u32,
    refuses_ledger: bool,
}

/// One pulse of the motor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Which command asked for it.
    pub command: CommandId,
    /// The way the guest was going.
    pub leg: Leg,
    /// When.
    pub at: Instant,
}

/// One command as it arrived, before any check.
#[derive(Clone, Debug)]
pub struct Received {
    /// The command.
    pub command: Command,
    /// When.
    pub at: Instant,
}

/// All that a gate saw and did in this run; grows as long as it runs.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The epoch in which it is ready; the service may still be reading its ready.
    pub epoch: Option<u64>,
    /// Every pulse.
    pub pulses: Vec<Pulse>,
    /// Every command that arrived.
    pub received: Vec<Received>,
    /// Every status that the gate meant to publish, lost or not.
    pub reported: Vec<Status>,
    /// How many messages were met with silence.
    pub ignored: u64,
    /// How many connections were refused or lost.
    pub losses: u64,
    /// How often the power failed by itself, and came back.
    pub power_cuts: u64,
    /// What the sensor saw after which command.
    pub sensed: Vec<(CommandId, Sensed)>,
    /// How often a next key took the place of the present one.
    pub renewals: u64,
}

/// A running gate. Dropped, it vanishes as by a power cut.
#[derive(Debug)]
pub struct Simulation {
    gate: GateId,
    switches: Arc<watch::Sender<Switches>>,
    journal: watch::Receiver<Journal>,
    leave: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Simulation {
    /// Switches on the gate that is enrolled in this folder. One program at a time plays it.
    pub fn start(folder: &Path, options: Options) -> Result<Self> {
        let identity = Identity::load(folder)?
            .with_context(|| format!("{} holds no enrolled gate", folder.display()))?;
        let lock = File::open(folder)?;
        lock.try_lock().context("another program plays this gate")?;
        let path = folder.join(ledger::FILE);
        let ledger = Ledger::open(&path).with_context(|| {
            format!("cannot open the ledger {}; where it is lost, enrol anew", path.display())
        })?;

        let gate = identity.enrolment.gate_id.clone();
        let switches = Arc::new(watch::Sender::new(Switches::default()));
        let (seen, journal) = watch::channel(Journal::default());
        let leave = CancellationToken::new();
        let next = renewal::load(folder)?.map(Next::new);
        let player = Player {
            gate: Gate::new(pinned(&identity, &options), &ledger.last_ids()?),
            folder: folder.to_owned(),
            options,
            identity,
            next,
            renewing: None,
            renewal_failures: 0,
            renew_again: None,
            ledger,
            held: VecDeque::new(),
            weather: Weather::default(),
            failures: 0,
            born: Instant::now(),
            dice: SystemRandom::new(),
            switches: Arc::clone(&switches),
            journal: seen,
            _lock: lock,
        };
        let task = AbortOnDropHandle::new(tokio::spawn(player.play(leave.clone())));
        Ok(Self { gate, switches, journal, leave, task })
    }

    /// Which gate this is.
    pub fn gate_id(&self) -> &GateId {
        &self.gate
    }

    /// Waits until the gate is ready, and says in which epoch.
    pub async fn ready(&self) -> Result<u64> {
        let journal = self.until(|journal| journal.epoch.is_some()).await?;
        journal.epoch.context("the gate is not ready")
    }

    /// Waits until the journal shows it, at most 30 s.
    pub async fn until(&self, it_shows: impl FnMut(&Journal) -> bool) -> Result<Journal> {
        let mut journal = self.journal.clone();
        let shown = timeout(PATIENCE, journal.wait_for(it_shows)).await;
        let gate = &self.gate;
        let shown = shown.with_context(|| format!("{gate} waited {} s", PATIENCE.as_secs()))?;
        Ok(shown.with_context(|| format!("{gate} does not run any more"))?.clone())
    }

    /// All that the gate saw and did so far.
    pub fn journal(&self) -> Journal {
        self.journal.borrow().clone()
    }

    /// The pulses so far.
    pub fn pulses(&self) -> Vec<Pulse> {
        self.journal.borrow().pulses.clone()
    }

    /// The commands that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.journal.borrow().received.clone()
    }

    /// From now on commands arrive, but the gate acts on none: a hung motor board.
    pub fn hold(&self) {
        self.switches.send_modify(|switches| switches.held = true);
    }

    /// The hung motor board wakes up and finds the commands that arrived meanwhile.
    pub fn release(&self) {
        self.switches.send_modify(|switches| switches.held = false);
    }

    /// The next so many statuses get lost on their way.
    pub fn lose_statuses(&self, times: u32) {
        self.switches.send_modify(|switches| switches.statuses_to_lose = times);
    }

    /// The ledger's flash fails, or works again.
    pub fn refuse_ledger(&self, refuses: bool) {
        self.switches.send_modify(|switches| switches.refuses_ledger = refuses);
    }

    /// At this moment of the next opening its power fails: nothing after it happens.
    pub fn dies_at(&self, moment: Moment) {
        self.switches.send_modify(|switches| switches.dies_at = Some(moment));
    }

    /// Whether its power has failed; the folder can be played again.
    pub fn is_dead(&self) -> bool {
        self.task.is_finished()
    }

    /// Leaves with a goodbye and a clean DISCONNECT.
    pub async fn stop(self) {
        self.leave.cancel();
        let _ = self.task.await;
    }

    /// Watches the journal; what stands in it last stays readable when the gate is gone.
    pub fn watch(&self) -> watch::Receiver<Journal> {
        self.journal.clone()
    }

    /// Vanishes without a word, as by a power cut; the folder can be played again afterwards.
    pub async fn abandon(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
