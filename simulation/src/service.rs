//! The service: the real office, relay and lanes of the bridge, advanced step by step, so that
//! anything can happen between two of their transactions.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use bridge::inbox::{self, Lane, Said};
use bridge::mapping::Letter;
use bridge::office::{NotConnected, Office, Outbox, Stopwatch};
use bridge::relay;
use domain::attempt::{Evidence, WhyNot};
use domain::{Clock, Ratchet, Timestamp};
use protocol::SigningKey;
use store::Due;
use tokio_util::sync::CancellationToken;

use crate::Variant;
use crate::network::Way;
use crate::world::{Event, Time, World};

/// How long after a write the relay looks.
const BELL: Duration = Duration::from_millis(2);

/// The first pause between two looks. It doubles while nothing is written; in production it stays
/// the same, but hours would take long to play.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Which task of one process.
pub(crate) type TaskId = u64;

/// One process of the service, from its start to its crash.
pub(crate) struct Service {
    life: u64,
    pub(crate) office: Arc<Office>,
    pub(crate) clock: Arc<ProcessClock>,
    door: Arc<Door>,
    /// Ends when the bridge loses its connection.
    closing: CancellationToken,
    /// Of each gate that said something on this connection.
    lanes: BTreeMap<usize, Queue>,
    tasks: BTreeMap<TaskId, Task>,
    next_task: TaskId,
    errands_running: u32,
    next_look: u64,
    look_again: Duration,
    gates_seem_ready: bool,
}

/// What one gate said and nobody has taken in yet. Its lane is away while it takes something in.
#[derive(Default)]
struct Queue {
    lane: Option<Lane>,
    words: VecDeque<Said>,
}

/// Something that the service is doing.
struct Task {
    work: Pin<Box<dyn Future<Output = End>>>,
    /// The letter it waits with, and the connection it is for.
    letter: Option<Letter>,
}

enum End {
    Errand,
    Greeted,
    Heard(usize, Lane),
}

enum Progress {
    Ended(End),
    AtTheDoor(Letter),
}

/// The process's clock, as `src/machine.rs` makes it of the machine's.
pub(crate) struct ProcessClock {
    time: Arc<Time>,
    started_ms: u64,
    ratchet: Ratchet,
}

impl ProcessClock {
    fn start(time: &Arc<Time>) -> Self {
        let (time, ratchet) = (Arc::clone(time), Ratchet::at(time.wall()));
        Self { started_ms: time.now_ms(), time, ratchet }
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        self.ratchet.read(self.time.wall(), self.elapsed()).0
    }
}

impl Stopwatch for ProcessClock {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.time.now_ms() - self.started_ms)
    }
}

/// Where a task stops with each of its letters, until it is told whether there is a connection.
#[derive(Default)]
struct Door(Mutex<Doorway>);

#[derive(Default)]
struct Doorway {
    is_open: bool,
    letter: Option<Letter>,
    answer: Option<Result<(), NotConnected>>,
}

impl Door {
    fn way(&self) -> MutexGuard<'_, Doorway> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl Outbox for Door {
    fn post(
        &self,
        letter: Letter,
    ) -> Pin<Box<dyn Future<Output = Result<(), NotConnected>> + Send + '_>> {
        let is_open = self.way().is_open;
        self.way().letter = is_open.then_some(letter);
        Box::pin(poll_fn(move |_| match self.way().answer.take() {
            Some(answer) => Poll::Ready(answer),
            None if is_open => Poll::Pending,
            None => Poll::Ready(Err(NotConnected)),
        }))
    }
}

/// The key that signs for the service; gates have its public half pinned.
pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed("k1", &[7; 32])
}

impl World {
    pub(crate) fn start_service(&mut self) {
        if self.service.is_some() {
            return;
        }
        self.lives += 1;
        let life = self.lives;
        self.say(format_args!("service starts, life {life}"));
        let (clock, door) = (Arc::new(ProcessClock::start(&self.time)), Arc::<Door>::default());
        let store = &self.house.store;
        let office = Office::new(
            store.gates().clone(),
            store.attempts().clone(),
            signing_key(),
            door.clone(),
            clock.clone(),
            clock.clone(),
        );
        self.service = Some(Service {
            life,
            office: Arc::new(office),
            clock,
            door,
            closing: CancellationToken::new(),
            lanes: BTreeMap::new(),
            tasks: BTreeMap::new(),
            next_task: 0,
            errands_running: 0,
            next_look: 0,
            look_again: LOOK_AGAIN,
            gates_seem_ready: true,
        });
        self.plan(Duration::from_millis(20), Event::Connect(life));
        self.ring();
    }

    /// It dies as by kill -9: all that it did not write is gone.
    pub(crate) fn crash(&mut self) {
        if self.service.take().is_none() {
            return;
        }
        self.say(format_args!("service is dead"));
        let pause = self.luck.between(Duration::from_millis(50), Duration::from_secs(12));
        self.plan(pause, Event::Start);
    }

    /// The broker is gone for the bridge; gates do not notice.
    pub(crate) fn lose_broker(&mut self) {
        let pause = self.luck.between(Duration::from_millis(100), Duration::from_secs(9));
        let Some(service) = &mut self.service else { return };
        let was_open = std::mem::take(&mut service.door.way().is_open);
        if was_open {
            service.closing.cancel();
            let life = service.life;
            self.plan(pause, Event::Connect(life));
        }
    }

    /// The bridge connects, once what it heard on the connection before is taken in; or finds
    /// nobody and says so.
    pub(crate) async fn connect(&mut self, life: u64) {
        let fails = !self.is_calm && self.luck.percent(25);
        let Some(service) = self.service.as_mut().filter(|service| service.life == life) else {
            return;
        };
        if service.door.way().is_open {
            return;
        }
        let is_busy = service.lanes.values().any(|queue| queue.lane.is_none());
        if fails && !is_busy && service.gates_seem_ready {
            service.gates_seem_ready = !service.office.forget_gates().await;
            self.say(format_args!("no broker: all gates forgotten"));
        }
        if fails || is_busy {
            self.plan(Duration::from_millis(400), Event::Connect(life));
            return;
        }
        let Some(service) = &mut self.service else { return };
        service.gates_seem_ready = true;
        service.lanes.clear();
        service.closing = CancellationToken::new();
        service.door.way().is_open = true;
        let (office, enough) = (Arc::clone(&service.office), service.closing.clone());
        self.say(format_args!("bridge connected"));
        self.begin(async move {
            relay::greet(&office, &enough).await;
            End::Greeted
        });
    }

    /// Something was written: the relay should look soon.
    pub(crate) fn ring(&mut self) {
        if let Some(service) = &mut self.service {
            service.look_again = LOOK_AGAIN;
            self.look_in(BELL);
        }
    }

    /// The next look comes then, instead of any that was planned.
    fn look_in(&mut self, pause: Duration) {
        let Some(service) = &mut self.service else { return };
        service.next_look += 1;
        let (life, look) = (service.life, service.next_look);
        self.plan(pause, Event::Look(life, look));
    }

    pub(crate) async fn look(&mut self, life: u64, look: u64) {
        let Some(service) = self.service.as_mut().filter(|service| service.life == life) else {
            return;
        };
        // The next look comes when this one's errands are done.
        if service.next_look != look || service.errands_running != 0 {
            return;
        }
        let office = Arc::clone(&service.office);
        if self.variant == Variant::ReleaseOnTimeout {
            self.release_on_timeout().await;
        }
        let due = relay::due(&office).await.expect("no fault");
        for due in due {
            let Due { attempt, errand } = &due;
            self.say(format_args!("due: {errand:?} {}", attempt.id));
            let office = Arc::clone(&office);
            self.begin(async move {
                relay::run_errand(&office, &due).await.expect("no fault");
                End::Errand
            });
            if let Some(service) = &mut self.service {
                service.errands_running += 1;
            }
        }
        self.look_later();
    }

    fn look_later(&mut self) {
        let Some(service) = &mut self.service else { return };
        if service.errands_running == 0 {
            let pause = service.look_again;
            service.look_again *= 2;
            self.look_in(pause);
        }
    }

    /// What a wrong service would do.
    async fn release_on_timeout(&mut self) {
        let (now, attempts) = (self.service_time(), self.house.store.attempts().clone());
        for id in self.oracle.attempts() {
            let attempt = attempts.read(self.house.residents.owner, id, now).await;
            let attempt = attempt.expect("no fault").expect("the owner may see it");
            if attempt.is_unconfirmed(now) {
                let evidence = Evidence::NotExecuted(WhyNot::NeverArrived);
                attempts.settle(attempt.gate, id, evidence, now).await.expect("no fault");
            }
        }
    }

    pub(crate) fn service_time(&self) -> Timestamp {
        self.service.as_ref().map_or_else(|| self.time.wall(), |service| service.clock.now())
    }

    pub(crate) fn at_bridge(&mut self, letter: &Letter) {
        let Some(gate) = self.gate_of(letter) else { return };
        let Some(service) = self.service.as_mut().filter(|service| service.door.way().is_open)
        else {
            self.count("network: nobody at the bridge");
            return;
        };
        let said = inbox::hear(&service.office, &letter.topic, &letter.body);
        let said = said.expect("gates speak clearly");
        let (office, closing) = (&service.office, &service.closing);
        let fresh = || Queue {
            lane: Some(Lane::new(Arc::clone(office), closing.clone())),
            words: VecDeque::new(),
        };
        service.lanes.entry(gate).or_insert_with(fresh).words.push_back(said);
        let what = letter.topic.rsplit('/').next().unwrap_or_default();
        self.say(format_args!("bridge hears {what} of gate {gate}"));
        self.take_in(gate);
    }

    /// Takes in the next word of a gate, if its lane is free.
    fn take_in(&mut self, gate: usize) {
        let Some(queue) = self.service.as_mut().and_then(|at| at.lanes.get_mut(&gate)) else {
            return;
        };
        if queue.lane.is_none() {
            return;
        }
        let Some(said) = queue.words.pop_front() else { return };
        let Some(mut lane) = queue.lane.take() else { return };
        self.begin(async move {
            lane.take(said).await;
            End::Heard(gate, lane)
        });
    }

    /// Plans the first step of something.
    fn begin(&mut self, work: impl Future<Output = End> + 'static) {
        // As soon as it can, or when the machine has time.
        let pause = if self.is_calm || self.luck.percent(80) { 0 } else { 200 };
        let pause = self.luck.between(Duration::ZERO, Duration::from_millis(pause));
        let Some(service) = &mut self.service else { return };
        service.next_task += 1;
        let (life, task) = (service.life, service.next_task);
        service.tasks.insert(task, Task { work: Box::pin(work), letter: None });
        self.plan(pause, Event::GoOn(life, task));
    }

    /// One step of something: up to its next letter, or to its end.
    pub(crate) async fn go_on(&mut self, life: u64, id: TaskId) {
        let Some(service) = self.service.as_mut().filter(|service| service.life == life) else {
            return;
        };
        let Some(mut task) = service.tasks.remove(&id) else { return };
        let door = Arc::clone(&service.door);
        if let Some(letter) = task.letter.take() {
            let is_open = door.way().is_open;
            door.way().answer = Some(if is_open { Ok(()) } else { Err(NotConnected) });
            if is_open {
                self.send(Way::Down, &letter);
            }
        }
        let progress = poll_fn(|context| match task.work.as_mut().poll(context) {
            Poll::Ready(end) => Poll::Ready(Progress::Ended(end)),
            // Without a letter it waits for the storage, which will wake it.
            Poll::Pending => match door.way().letter.take() {
                Some(letter) => Poll::Ready(Progress::AtTheDoor(letter)),
                None => Poll::Pending,
            },
        });
        match progress.await {
            Progress::AtTheDoor(letter) => self.at_the_door(life, id, task, letter),
            Progress::Ended(end) => self.ended(end),
        }
    }

    fn at_the_door(&mut self, life: u64, id: TaskId, mut task: Task, letter: Letter) {
        let what = letter.topic.rsplit('/').next().unwrap_or_default();
        self.say(format_args!("service has a {what} to send"));
        if std::mem::take(&mut self.network.next_letter_kills) {
            self.count("service died between a write and its letter");
            self.crash();
            return;
        }
        let stalls = std::mem::take(&mut self.network.next_letter_stalls);
        let longest = if stalls { Duration::from_secs(12) } else { Duration::from_millis(3) };
        let pause = self.luck.between(Duration::ZERO, longest);
        task.letter = Some(letter);
        if let Some(service) = &mut self.service {
            service.tasks.insert(id, task);
            self.plan(pause, Event::GoOn(life, id));
        }
    }

    fn ended(&mut self, end: End) {
        let Some(service) = &mut self.service else { return };
        match end {
            End::Errand => {
                service.errands_running -= 1;
                self.look_later();
            }
            End::Greeted => self.say(format_args!("bridge has called the roll")),
            End::Heard(gate, lane) => {
                if let Some(queue) = service.lanes.get_mut(&gate) {
                    queue.lane = Some(lane);
                }
                self.take_in(gate);
            }
        }
    }
}
