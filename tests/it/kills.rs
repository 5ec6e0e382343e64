//! Kill -9 for real, again and again, while guests come and go and the owner opens gates; an oracle
//! judges what is left.
//!
//! The house dies at random instants and at its named crash points (`store/src/crash.rs`, in
//! debug builds only), gates die at each step of an opening. A run of CI is short; the long ones:
//!
//! ```text
//! KILLS=1000 cargo test --test it the_house_is_killed -- --nocapture
//! KILLS=1000 cargo test --test it a_gate_is_killed -- --nocapture
//! KILLS=10 AWAY=60 cargo test --test it a_broker_that_is_killed -- --nocapture
//! ```
//!
//! `SEED` names another row of instants; what the machine makes of them is its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use device_sim::Moment;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{interval, sleep_until};

use crate::chance::{Chance, from_env, quantiles};
use crate::guest::Guest;
use crate::house::{Answer, Code, House, Label, PATIENCE};
use crate::oracle::{Mounted, Oracle, Promise};
use crate::owner::{Owner, code, key, wish};

/// Guests at a time.
const CROWD: usize = 4;

/// From ready on, how long what was open before may take to be settled (INV13).
const SETTLING: Duration = Duration::from_secs(5);

/// How long a house may take until it serves again and its gates can be opened: p99.
const READY_AGAIN: Duration = Duration::from_secs(5);

/// After which of its writes a house dies that is to die at one.
const WRITES: u64 = 30;

/// Where a debug build can be told to die; see `store/src/crash.rs`.
const CRASH_POINTS: [&str; 8] = [
    "redeemed",
    "claimed",
    "published",
    "reported",
    "settled",
    "greeted",
    "committing",
    "committed",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_house_is_killed_again_and_again_and_nothing_is_lost_doubled_or_wrongly_freed() {
    let kills = from_env("KILLS", 100);
    let mut siege = Siege::begin().await;
    siege.house.dies();
    let mut points: BTreeMap<&str, u64> = BTreeMap::new();
    for kill in 0..kills {
        if kill.is_multiple_of(10) {
            siege.is_judged().await;
        }
        if cfg!(debug_assertions) && kill.is_multiple_of(3) {
            let point = CRASH_POINTS[usize::try_from(kill / 3).expect("small") % 8];
            let reached = siege.dies_at(point).await;
            *points.entry(point).or_default() += u64::from(reached);
        } else {
            siege.dies_at_any_moment().await;
        }
    }
    siege.rises(None).await;
    siege.is_judged().await;
    let stillborn = siege.stillborn;
    let Times { served, ready, settled, .. } = &mut siege.times;
    println!("killed {kills} times, and {stillborn} on the way up; at crash points: {points:?}");
    println!("serves again: {}", quantiles(served));
    println!("a gate can be opened again: {}", quantiles(ready));
    println!("settled after ready: {}", quantiles(settled));
    let promises = siege.record.promises();
    let presses = promises.iter().filter(|told| matches!(told, Promise::Pressed { .. })).count();
    println!("promises kept: {}, {presses} of them of presses without a code", promises.len());
    assert!(ready[ready.len() * 99 / 100] <= READY_AGAIN);
    if cfg!(debug_assertions) && 48 <= kills {
        let missed: Vec<_> =
            CRASH_POINTS.iter().filter(|point| points.get(*point) == Some(&0)).collect();
        assert!(missed.is_empty(), "never died at {missed:?}");
    }
    siege.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_is_killed_at_each_step_of_opening_and_opens_neither_twice_nor_for_nothing() {
    let kills = from_env("KILLS", 100);
    let mut siege = Siege::begin().await;
    let mut died: BTreeMap<String, u64> = BTreeMap::new();
    for kill in 0..kills {
        let moment = *siege.chance.one_of(&Moment::ALL);
        let which = usize::try_from(siege.chance.below(2)).expect("small");
        siege.gate_dies_at(which, moment).await;
        *died.entry(format!("{moment:?}")).or_default() += 1;
        if kill.is_multiple_of(10) {
            siege.is_judged().await;
        }
    }
    siege.is_judged().await;
    println!("gates killed {kills} times: {died:?}");
    println!("settled after ready: {}", quantiles(&mut siege.times.settled));
    siege.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_stays_away_costs_no_way_and_all_come_back_by_themselves() {
    let (kills, away) = (from_env("KILLS", 2), Duration::from_secs(from_env("AWAY", 5)));
    let mut house = House::empty();
    let mut broker = house.annex();
    broker.run(&mut broker.command(&["roles=[\"broker\"]"])).await;
    let way = house.way_to_its_broker();
    house.run(&mut house.command(&["roles=[\"api\",\"bridge\"]", &way])).await;
    let mut siege = Siege::of(house).await;
    for gate in &mut siege.gates {
        gate.gate().ready().await.unwrap();
        gate.is_ready_again();
    }
    for kill in 0..kills {
        siege.broker_dies(&mut broker, away).await;
        if kill.is_multiple_of(10) {
            siege.is_judged().await;
        }
    }
    siege.is_judged().await;
    let Times { noticed, ready, settled, .. } = &mut siege.times;
    println!("the broker was killed {kills} times, and away for {away:?}");
    println!("guests were told that a gate is offline: {}", quantiles(noticed));
    println!("a gate can be opened again: {}", quantiles(ready));
    println!("settled after ready: {}", quantiles(settled));
    println!("promises kept: {}", siege.record.promises().len());
    siege.ends().await;
}

/// A house under siege: its gates for in and out, its guests, and what it has promised.
struct Siege {
    guests: Vec<Walker>,
    gates: [Mounted; 2],
    place: Place,
    record: Record,
    chance: Chance,
    times: Times,
    /// When the process of this life was started.
    rose_at: Instant,
    /// How many processes were killed on their way up.
    stillborn: u64,
    house: House,
}

/// Where all guests come.
struct Place {
    owner: Owner,
    intercom: Label,
    board: String,
}

/// How long things took.
#[derive(Default)]
struct Times {
    served: Vec<Duration>,
    /// From the broker's death on, until guests are told that the gate is offline.
    noticed: Vec<Duration>,
    ready: Vec<Duration>,
    settled: Vec<Duration>,
}

impl Siege {
    async fn begin() -> Self {
        Self::of(House::start().await).await
    }

    async fn of(house: House) -> Self {
        let owner = house.signs_in("+27821234567").await;
        let intercom = house.makes("intercom", &["--name", "Unit 4"]);
        owner.claims(&intercom).await;
        let mut gates = Vec::new();
        for name in ["In", "Out"] {
            let label = house.makes("gate", &["--name", name]);
            owner.claims(&label).await;
            gates.push(Mounted::on(house.enrols(&label).await));
        }
        let Ok(gates) = <[Mounted; 2]>::try_from(gates) else { panic!("two gates") };
        let buttons = gates.each_ref().map(|gate| gate.id.clone());
        let [entry, exit] = &buttons;
        let settings = json!({ "entry_gate": entry, "exit_gate": exit, "max_active_codes": 50 });
        owner.saves(&intercom, &settings).await;
        let mut chance = Chance::from_env();
        let nobody = house.guest("");
        let walker = |nth| {
            // At each gate one presses: what another pressed meanwhile would be the same press.
            let button = buttons.get(nth).cloned();
            Walker::new(nobody.second_phone(), button, chance.another())
        };
        let guests = (0..CROWD).map(walker).collect();
        let board = intercom.board_url.clone().expect("an intercom's label");
        let place = Place { owner, intercom, board };
        let (record, times, rose_at) = (Record::new(), Times::default(), Instant::now());
        Self { guests, gates, place, record, chance, times, rose_at, stillborn: 0, house }
    }

    /// One life, ended from outside at any moment from serving on, or from when gates can be opened.
    async fn dies_at_any_moment(&mut self) {
        let is_early = self.chance.once_in(3);
        let life = self.chance.ms_below(if is_early { 300 } else { 150 });
        self.rises(None).await;
        self.lives(is_early, life, None).await;
    }

    /// One life that ends at a crash point, if that comes; whether it did. One that ends there on
    /// its way up is followed by one that nothing but us may end.
    async fn dies_at(&mut self, point: &str) -> bool {
        let of_many = ["committing", "committed"].contains(&point);
        let times = 1 + self.chance.below(if of_many { WRITES } else { 2 });
        let has_died = self.rises(Some((point, times))).await;
        let to_come = (!has_died).then_some(point);
        self.lives(false, Duration::from_secs(3), to_come).await || has_died
    }

    /// Starts the house again, some of the times not at the first try. One that is to die at a
    /// crash point may do so on its way up, and is started once more then; whether it did.
    async fn rises(&mut self, crash_at: Option<(&str, u64)>) -> bool {
        if self.chance.once_in(5) {
            self.record.tells("dies on its way up");
            self.house.begin(&mut self.house.command(&[]));
            sleep_until((Instant::now() + self.chance.ms_below(40)).into()).await;
            self.house.dies();
            self.stillborn += 1;
        }
        self.record.tells(&format!("rises, to die at {crash_at:?}"));
        self.rose_at = Instant::now();
        let mut command = self.house.command(&[]);
        command.envs(crash_at.map(|(at, times)| ("FLUSSD_CRASH_AT", format!("{at}:{times}"))));
        let has_died = !self.house.tries_to_run(&mut command).await;
        if has_died {
            let (death, point) = (self.house.is_killed(), crash_at.map(|(point, _)| point));
            assert!(point.is_some_and(|point| death.is_at(point)), "to die at {point:?}: {death}");
            self.house.run(&mut self.house.command(&[])).await;
        }
        self.times.served.push(self.rose_at.elapsed());
        has_died
    }

    /// Guests come and go until the house dies at the crash point that is to come, if any, or is
    /// killed after this time. The time begins at once, or when both gates can be opened. Whether
    /// it died at the point; of anything else it may not die.
    async fn lives(&mut self, from_now: bool, life: Duration, to_come: Option<&str>) -> bool {
        let Self { guests, gates, place, record, times, rose_at, house, .. } = self;
        let mut oracle = Oracle::beside(&house.data).await;
        record.is_over.store(false, Ordering::Relaxed);
        let end = async {
            let mut end_at = from_now.then(|| Instant::now() + life);
            let mut watched = Return::of(gates, *rose_at);
            let mut pause = interval(Duration::from_millis(2));
            loop {
                pause.tick().await;
                if house.is_dead() || end_at.is_some_and(|at| at <= Instant::now()) {
                    break;
                }
                if watched.is_complete(&mut oracle, times, record).await && end_at.is_none() {
                    end_at = Some(Instant::now() + life);
                }
            }
            let death = house.is_killed();
            record.is_over.store(true, Ordering::Relaxed);
            let is_there = to_come.is_some_and(|point| death.is_at(point));
            assert!(is_there || death.is_by_the_kill(), "to die at {to_come:?}: {death}");
            record.tells(&format!("dies, at the point that was to come: {is_there}"));
            is_there
        };
        let walks = guests.iter_mut().map(|guest| guest.walks(place, record));
        let (is_there, _) = tokio::join!(end, join_all(walks));
        is_there
    }

    /// Guests come and go while one gate's power fails at this moment, and comes back.
    async fn gate_dies_at(&mut self, which: usize, moment: Moment) {
        let Self { guests, gates, place, record, times, house, .. } = self;
        let mut oracle = Oracle::beside(&house.data).await;
        record.is_over.store(false, Ordering::Relaxed);
        gates[which].dies_at(moment);
        let end = async {
            let mut pause = interval(Duration::from_millis(2));
            let deadline = Instant::now() + PATIENCE;
            while !gates[which].gate().is_dead() {
                assert!(Instant::now() < deadline, "no opening came");
                pause.tick().await;
            }
            record.tells(&format!("gate {which} dies {moment:?}"));
            gates[which].reboots().await;
            let mut watched = Return::of(&mut gates[which..=which], Instant::now());
            while !watched.is_complete(&mut oracle, times, record).await {
                pause.tick().await;
            }
            record.is_over.store(true, Ordering::Relaxed);
        };
        let walks = guests.iter_mut().map(|guest| guest.walks(place, record));
        tokio::join!(end, join_all(walks));
    }

    /// Guests come and go while the broker is killed, stays away, and comes back.
    async fn broker_dies(&mut self, broker: &mut House, away: Duration) {
        let Self { guests, gates, place, record, times, house, chance, .. } = self;
        let mut oracle = Oracle::beside(&house.data).await;
        record.is_over.store(false, Ordering::Relaxed);
        // A bridge that lost its last connection after a short life waits before it tries again.
        let before = Duration::from_secs(5) + chance.ms_below(1_000);
        let code = place.owner.issues(&place.intercom, "Zola").await;
        let mut newcomer = house.guest(&code.link);
        newcomer.opens_the_link().await;
        let end = async {
            let mut pause = interval(Duration::from_millis(2));
            sleep_until((Instant::now() + before).into()).await;
            record.tells("the broker dies");
            let died_at = Instant::now();
            broker.dies();
            while !newcomer.scans(&place.board).await.html.contains("not reachable") {
                assert!(died_at.elapsed() < PATIENCE, "nobody is told that the gate is offline");
                pause.tick().await;
            }
            times.noticed.push(died_at.elapsed());
            place.owner.revokes(&code).await.ok();
            sleep_until((died_at + away).into()).await;
            record.tells("the broker comes back");
            let back_at = Instant::now();
            broker.run(&mut broker.command(&["roles=[\"broker\"]"])).await;
            let mut watched = Return::of(gates, back_at);
            while !watched.is_complete(&mut oracle, times, record).await {
                pause.tick().await;
            }
            record.is_over.store(true, Ordering::Relaxed);
        };
        let walks = guests.iter_mut().map(|guest| guest.walks(place, record));
        tokio::join!(end, join_all(walks));
    }

    /// Asks the oracle about all that was promised and done.
    async fn is_judged(&mut self) {
        let mut oracle = Oracle::beside(&self.house.data).await;
        let promises = self.record.promises();
        let mut complaints = oracle.complaints(&mut self.gates, &promises).await;
        complaints.extend(self.record.complaints());
        let (history, seed) = (self.record.history(), from_env("SEED", 1));
        let complaints = complaints.join("\n");
        assert!(complaints.is_empty(), "SEED={seed}:\n{complaints}\nafter:\n{history}");
    }

    /// Lets every command find its end.
    async fn ends(self) {
        let mut oracle = Oracle::beside(&self.house.data).await;
        let mut pause = interval(Duration::from_millis(10));
        let deadline = Instant::now() + PATIENCE;
        while 0 < oracle.open().await {
            assert!(Instant::now() < deadline, "commands without an end");
            pause.tick().await;
        }
    }
}

/// Gates on their way back: ready, and then with nothing open from before.
struct Return<'g> {
    gates: &'g mut [Mounted],
    since: Instant,
    /// Of each gate: its epoch, and since when it is ready in it.
    ready: Vec<Option<(u64, Instant)>>,
    settled: Vec<bool>,
}

impl<'g> Return<'g> {
    fn of(gates: &'g mut [Mounted], since: Instant) -> Self {
        let (ready, settled) = (vec![None; gates.len()], vec![false; gates.len()]);
        Self { gates, since, ready, settled }
    }

    async fn is_complete(
        &mut self,
        oracle: &mut Oracle,
        times: &mut Times,
        record: &Record,
    ) -> bool {
        for ((gate, ready), settled) in
            self.gates.iter_mut().zip(&mut self.ready).zip(&mut self.settled)
        {
            if let Some(epoch) = gate.is_ready_again() {
                times.ready.push(self.since.elapsed());
                *ready = Some((epoch, Instant::now()));
            }
            let Some((epoch, since)) = *ready else { continue };
            if !*settled && oracle.open_before(&gate.id, epoch).await == 0 {
                *settled = true;
                times.settled.push(since.elapsed());
            }
            if !*settled && SETTLING < since.elapsed() {
                *settled = true;
                record.complains(format!("INV13: {} ready in {epoch}, and open legs", gate.id));
            }
        }
        let is_complete = self.settled.iter().all(|settled| *settled);
        assert!(is_complete || self.since.elapsed() < PATIENCE, "a gate does not come back");
        is_complete
    }
}

/// One guest after the other, each from the wish for a code to the way out; between them perhaps
/// the owner, who opens a gate without a code.
struct Walker {
    phone: Guest,
    /// The gate that the owner opens here, if any.
    button: Option<String>,
    /// What the last press at it led to.
    pressed: Option<String>,
    stage: Stage,
    chance: Chance,
}

enum Stage {
    /// The owner asks for a code, until there is an answer.
    Wanted { key: String, wish: Value },
    /// There is a code, and one way is next.
    Invited { code: Code, phone: Guest, way: Way },
    /// The digits are typed, or the host taps instead with this key; until there is an answer, and
    /// then what came of it.
    Pressed { code: Code, phone: Guest, way: Way, tap: Option<String>, attempt: Option<String> },
    /// The owner revokes the code, until there is an answer.
    Unwanted { code: Code },
    /// The owner opens a gate without a code.
    Opening(Press),
}

/// Pressed until there is an answer, and then what came of it.
struct Press {
    gate: String,
    key: String,
    attempt: Option<String>,
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

impl Walker {
    fn new(phone: Guest, button: Option<String>, chance: Chance) -> Self {
        Self { phone, button, pressed: None, stage: Stage::wanted(), chance }
    }

    /// Goes on from where the last life of the house ended, until this one does.
    async fn walks(&mut self, place: &Place, record: &Record) {
        let mut pause = interval(Duration::from_millis(3));
        while !record.is_over.load(Ordering::Relaxed) && self.step(place, record).await.is_some() {
            pause.tick().await;
        }
    }

    /// One request, and what follows from its answer; none when the house died over it.
    async fn step(&mut self, place: &Place, record: &Record) -> Option<()> {
        let owner = &place.owner;
        let next = match &mut self.stage {
            Stage::Wanted { key, wish } => {
                let code = code(owner.tries_to_issue(&place.intercom, key, wish).await?.ok());
                record.promised(Promise::Issued { code: code.id.clone() });
                let phone = self.phone.somebody_with(&code.link);
                Some(Stage::Invited { code, phone, way: Way::In })
            }
            Stage::Invited { code, .. } if self.chance.once_in(12) => {
                Some(Stage::Unwanted { code: code.clone() })
            }
            Stage::Invited { code, phone, way } if self.chance.once_in(6) => {
                let (code, phone, tap) = (code.clone(), phone.same_browser(), Some(key()));
                Some(Stage::Pressed { code, phone, way: *way, tap, attempt: None })
            }
            Stage::Invited { code, phone, way } => {
                let mut page = phone.tries_the_link().await?;
                if matches!(way, Way::In) {
                    page = phone.tries_to_open(&place.board).await?;
                }
                // Without a button the gate is not there yet.
                let (code, phone, way) = (code.clone(), phone.same_browser(), *way);
                let (tap, attempt) = (None, None);
                page.hidden("key").map(|_| Stage::Pressed { code, phone, way, tap, attempt })
            }
            Stage::Pressed { code, phone, way, tap, attempt: None } => {
                let answer = owner.or_guest_presses(phone, code, *way, tap.as_deref()).await?;
                match (answer.status, answer.refusal().1) {
                    (202, _) => {
                        let (attempt, leg) = (answer.attempt(), way.leg());
                        let promise = Promise::Redeemed {
                            attempt: attempt.clone(),
                            code: code.id.clone(),
                            leg,
                        };
                        record.promised(promise);
                        let (code, phone, tap) = (code.clone(), phone.same_browser(), tap.take());
                        let attempt = Some(attempt);
                        Some(Stage::Pressed { code, phone, way: *way, tap, attempt })
                    }
                    (409, "gate_offline" | "already_opening") => None,
                    (_, "too_many_attempts" | "too_many_requests") => {
                        Some(Stage::Unwanted { code: code.clone() })
                    }
                    (status, why) => {
                        record.complains(format!(
                            "{status} {why} for the {} of {}",
                            way.leg(),
                            code.id
                        ));
                        Some(Stage::wanted())
                    }
                }
            }
            // Who presses once more is told of the same attempt, however often the house died.
            Stage::Pressed { code, phone, way, tap, attempt: Some(attempt) }
                if self.chance.once_in(4) =>
            {
                let again = owner.or_guest_presses(phone, code, *way, tap.as_deref()).await?;
                if again.status != 202 || again.attempt() != *attempt {
                    record.complains(format!("pressed twice: {attempt}, then {}", again.body));
                }
                None
            }
            Stage::Pressed { code, phone, way, attempt: Some(attempt), .. } => {
                let told = owner.tries_to_get(&format!("/v1/attempts/{attempt}")).await?.ok();
                let (code, phone) = (code.clone(), phone.same_browser());
                match (told["state"].as_str().expect("a state"), *way) {
                    ("opened", Way::In) => Some(Stage::Invited { code, phone, way: Way::Out }),
                    ("opened", Way::Out) => {
                        Some(Stage::anew(self.button.as_ref(), &mut self.chance))
                    }
                    ("not_opened", way) => Some(Stage::Invited { code, phone, way }),
                    _ => None,
                }
            }
            Stage::Unwanted { code } => {
                owner.tries_to_revoke(code).await?.ok();
                record.promised(Promise::Revoked { code: code.id.clone() });
                Some(Stage::anew(self.button.as_ref(), &mut self.chance))
            }
            Stage::Opening(press) => {
                let is_over =
                    press.step(&mut self.pressed, &mut self.chance, owner, record).await?;
                is_over.then(|| Stage::anew(self.button.as_ref(), &mut self.chance))
            }
        };
        if let Some(next) = next {
            self.stage = next;
        }
        Some(())
    }
}

impl Stage {
    fn wanted() -> Self {
        Self::Wanted { key: key(), wish: wish("Thandi") }
    }

    /// After one guest the next, or the owner before.
    fn anew(button: Option<&String>, chance: &mut Chance) -> Self {
        match button {
            Some(gate) if chance.once_in(2) => {
                Self::Opening(Press { gate: gate.clone(), key: key(), attempt: None })
            }
            Some(_) | None => Self::wanted(),
        }
    }
}

impl Press {
    /// One request, and whether that was the last; none when the house died over it.
    async fn step(
        &mut self,
        last: &mut Option<String>,
        chance: &mut Chance,
        owner: &Owner,
        record: &Record,
    ) -> Option<bool> {
        let Self { gate, key, attempt } = self;
        if let Some(attempt) = attempt.as_ref().filter(|_| !chance.once_in(4)) {
            let told = owner.tries_to_get(&format!("/v1/attempts/{attempt}")).await?.ok();
            let state = told["state"].as_str().expect("a state");
            return Some(["opened", "not_opened"].contains(&state));
        }
        let answer = owner.tries_to_open(gate, key).await?;
        match (answer.status, answer.refusal().1) {
            (202, _) if attempt.is_none() && *last == Some(answer.attempt()) => {
                // At once after the last press, and so the same.
                return Some(true);
            }
            (202, _) if attempt.is_none() => {
                let (id, gate, key) = (answer.attempt(), gate.clone(), key.clone());
                record.promised(Promise::Pressed { attempt: id.clone(), gate, key });
                *last = Some(id);
                attempt.clone_from(last);
            }
            (202, _) if *attempt == Some(answer.attempt()) => {}
            (503, "gate_offline") if attempt.is_none() => {}
            (status, why) => {
                record.complains(format!("{status} {why} for {attempt:?} at {gate}"));
                return Some(true);
            }
        }
        Some(false)
    }
}

impl Owner {
    /// The guest presses the button, or the host taps with this key instead; unless the house dies
    /// over it.
    async fn or_guest_presses(
        &self,
        phone: &Guest,
        code: &Code,
        way: Way,
        tap: Option<&str>,
    ) -> Option<Answer> {
        match tap {
            Some(key) => self.tries_to_let_through(code, way.leg(), key).await,
            None => phone.tries_to_press(way.path(), &code.digits).await,
        }
    }
}

impl Way {
    fn path(self) -> &'static str {
        match self {
            Self::In => "/enter",
            Self::Out => "/exit",
        }
    }

    fn leg(self) -> &'static str {
        match self {
            Self::In => "entry",
            Self::Out => "exit",
        }
    }
}

/// What the service answered, what was wrong with it, and what happened, in its order.
struct Record {
    began: Instant,
    is_over: AtomicBool,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    promises: Vec<Promise>,
    complaints: Vec<String>,
    history: Vec<String>,
}

impl Record {
    fn new() -> Self {
        Self { began: Instant::now(), is_over: AtomicBool::default(), told: Mutex::default() }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tells(&self, what: &str) {
        self.told().history.push(format!("{:>8} ms {what}", self.began.elapsed().as_millis()));
    }

    fn promised(&self, promise: Promise) {
        self.tells(&format!("{promise:?}"));
        self.told().promises.push(promise);
    }

    fn complains(&self, complaint: String) {
        self.tells(&complaint);
        self.told().complaints.push(complaint);
    }

    fn promises(&self) -> Vec<Promise> {
        self.told().promises.clone()
    }

    fn complaints(&self) -> Vec<String> {
        self.told().complaints.clone()
    }

    /// The last of it.
    fn history(&self) -> String {
        let told = self.told();
        let from = told.history.len().saturating_sub(200);
        told.history[from..].join("\n")
    }
}
