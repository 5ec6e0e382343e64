//! Guests at gates whose line to the broker is bad in every way we know.
//!
//! Each fault has a gate, an intercom and guests of its own, all at one house at the same time.
//! The long runs (guests a fault, and one fault alone, as the table prints it):
//!
//! ```text
//! CHAOS=200 cargo test --test it bad_lines -- --nocapture
//! CHAOS=1000 LINE='Loss(5)' cargo test --test it bad_lines -- --nocapture
//! ```

use std::path::Path;
use std::time::{Duration, Instant};

use device_sim::faults::{Sensor, Skew};
use device_sim::{Faults, Journal};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{interval, sleep_until};

use crate::chance::{Chance, from_env, quantiles};
use crate::guest::Guest;
use crate::house::{Answer, Code, House, Label, until};
use crate::oracle::{Mounted, Oracle, Promise};
use crate::owner::Owner;
use crate::proxy::{Fault, Proxy};

/// What is tried, and whether everybody must be let in within the life of a command all the same.
const FAULTS: [(Fault, bool); 10] = [
    (Fault::None, true),
    (Fault::Loss(1), true),
    (Fault::Loss(5), true),
    (Fault::Loss(20), false),
    (Fault::Delay(1_000), false),
    (Fault::Delay(5_000), false),
    (Fault::Stall(3_000), false),
    (Fault::Trickle(1_500), false),
    (Fault::Reset(2_000), false),
    (Fault::HalfClose(2_000), false),
];

/// Guests at one gate at a time.
const WAVE: u64 = 8;

/// How long a command lives.
const LIFE: Duration = Duration::from_secs(8);

/// How long a guest goes on pressing.
const TEMPER: Duration = Duration::from_secs(20);

/// When the line is good again, how long a gate may take until it can be opened and all is settled:
/// a back-off of 10 s, or the life of a command, the question after it, and the next question.
const HEALED: Duration = Duration::from_secs(25);

/// How long a gate that went silent may seem to be there: 1.5 times its keep-alive.
const SILENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn on_bad_lines_no_gate_opens_twice_late_or_for_nothing() {
    let guests = from_env("CHAOS", WAVE);
    let mut chance = Chance::from_env();
    let house = House::start().await;
    let owner = house.signs_in("+27821234567").await;
    let (mut lines, faults) = (Vec::new(), faults());
    for &(fault, _) in &faults {
        lines.push(Line::at(&house, &owner, fault, chance.another()).await);
    }
    join_all(lines.iter_mut().map(|line| line.plays(&owner, &house.data, guests))).await;

    let (mut gates, mut promises) = (Vec::new(), Vec::new());
    for (mut line, (_, everybody)) in lines.into_iter().zip(faults) {
        let told = line.told();
        println!("{told}");
        assert_eq!(line.wrongly_explained(&house), [""; 0], "{told}");
        // 99.9 of 100; all of them, where there are fewer than a thousand.
        let late = guests - line.in_time.len() as u64;
        assert!(!everybody || late <= guests / 1_000, "{told}");
        promises.append(&mut line.promises);
        gates.push(line.gate);
    }
    let complaints = Oracle::beside(&house.data).await.complaints(&mut gates, &promises).await;
    let seed = from_env("SEED", 1);
    assert!(complaints.is_empty(), "SEED={seed}:\n{}", complaints.join("\n"));
    drop(gates);
}

/// All options of `device-sim run` at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_gate_on_its_bad_days_opens_neither_twice_nor_late_nor_for_nothing() {
    let guests = from_env("CHAOS", WAVE);
    let house = House::start().await;
    let owner = house.signs_in("+27821234567").await;
    let mut line = Line::at(&house, &owner, Fault::None, Chance::from_env()).await;
    let percent = |text: &str| text.parse().expect("a share");
    line.faults = Faults {
        seed: from_env("SEED", 1),
        loss: percent("2"),
        dup: percent("10"),
        delay: Duration::from_millis(300),
        reboot: percent("20"),
        skew: Skew::new(-50).expect("in range"),
        sensor: Some(Sensor::Ok),
    };
    line.plays(&owner, &house.data, guests).await;
    let told = line.told();
    println!("on bad days ({}): {told}", line.faults);
    assert!(!line.in_time.is_empty(), "nobody was let in");
    assert_eq!(line.wrongly_explained(&house), [""; 0], "{}", line.faults);
    let (mut gates, promises) = ([line.gate], line.promises);
    let complaints = Oracle::beside(&house.data).await.complaints(&mut gates, &promises).await;
    assert!(complaints.is_empty(), "{}:\n{}", line.faults, complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_hears_and_says_everything_twice_opens_once() {
    let house = House::start().await;
    let owner = house.signs_in("+27821234567").await;
    let mut line = Line::at(&house, &owner, Fault::None, Chance::from_env()).await;
    let guest = line.invites(&owner).await;
    let everything = "100".parse().expect("a share");
    let sensor = Some(Sensor::Ok);
    line.gate.suffers(Faults { dup: everything, sensor, ..Faults::default() }).await;
    line.gate.gate().ready().await.expect("the gate gets ready");
    let heard = until(async || {
        let answer = guest.presses().await;
        (answer.status == 202).then(|| answer.attempt())
    });
    let attempt = heard.await.expect("the gate is seen to come");
    assert_eq!(line.fate(&owner, &attempt, Instant::now() + LIFE).await, "opened");
    let twice = line.gate.gate().until(|journal| {
        let Journal { received, sensed, .. } = journal;
        (received.len(), sensed.len()) == (2, 1)
    });
    assert_eq!(twice.await.expect("it comes twice").pulses.len(), 1);
    let (mut gates, promises) = ([line.gate], line.promises);
    let complaints = Oracle::beside(&house.data).await.complaints(&mut gates, &promises).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_went_silent_is_noticed_within_30_s_and_what_was_on_it_opens_nothing() {
    let house = House::start().await;
    let owner = house.signs_in("+27821234567").await;
    let mut line = Line::at(&house, &owner, Fault::Hole, Chance::from_env()).await;
    let mut early = line.invites(&owner).await;
    let late = line.invites(&owner).await;
    line.proxy.suffers(Fault::Hole);
    let silent_at = Instant::now();
    // It still seems to be there, so the command is sent, and swallowed.
    let attempt = early.presses().await.attempt();
    let mut pause = interval(Duration::from_millis(50));
    while line.is_online(&owner).await {
        assert!(silent_at.elapsed() < SILENCE + Duration::from_secs(2), "it still seems there");
        pause.tick().await;
    }
    println!("the silent gate was taken for gone after {:?}", silent_at.elapsed());
    assert_eq!(late.presses().await.refusal(), (409, "gate_offline"));
    assert!(LIFE < silent_at.elapsed());

    // Now the swallowed command arrives, too late.
    line.proxy.suffers(Fault::None);
    line.is_well_again(&owner, &mut Oracle::beside(&house.data).await).await;
    let told = owner.get(&format!("/v1/attempts/{attempt}")).await.body;
    assert_eq!(told["state"], "not_opened");
    line.promises.push(Promise::Redeemed { attempt, code: early.code.id.clone(), leg: "entry" });
    assert_eq!(line.wrongly_explained(&house), [""; 0]);
    assert!(line.gate.gate().pulses().is_empty());
    // Both passes are kept.
    early.looks_again(&line.board).await;
    for guest in [&early, &late] {
        let attempt = guest.presses().await.attempt();
        assert_eq!(line.fate(&owner, &attempt, Instant::now() + LIFE).await, "opened");
    }
    drop(line);
}

/// All faults, or the one that `LINE` names.
fn faults() -> Vec<(Fault, bool)> {
    let Ok(alone) = std::env::var("LINE") else { return FAULTS.to_vec() };
    let is_named = |(fault, _): &(Fault, bool)| format!("{fault:?}") == alone;
    let named: Vec<_> = FAULTS.into_iter().filter(is_named).collect();
    assert!(!named.is_empty(), "LINE={alone} is none of {FAULTS:?}");
    named
}

/// A gate at the end of a bad line.
struct Line {
    fault: Fault,
    /// What goes wrong at the gate itself.
    faults: Faults,
    proxy: Proxy,
    gate: Mounted,
    label: Label,
    intercom: Label,
    board: String,
    nobody: Guest,
    chance: Chance,
    promises: Vec<Promise>,
    /// From the first press to the open gate, of those who were let in within a command's life.
    in_time: Vec<Duration>,
    /// Likewise of those who had to wait longer or to press again.
    later: Vec<Duration>,
    not_at_all: u64,
    /// Who was told that the gate is offline, at least once.
    offline: u64,
    /// The longest time that it took to be well again.
    healed: Duration,
}

impl Line {
    async fn at(house: &House, owner: &Owner, fault: Fault, mut chance: Chance) -> Self {
        let label = house.makes("gate", &["--name", "Main Gate"]);
        let intercom = house.makes("intercom", &["--name", "Unit 4"]);
        for device in [&label, &intercom] {
            owner.claims(device).await;
        }
        let settings = json!({ "entry_gate": label.id, "max_active_codes": 50 });
        owner.saves(&intercom, &settings).await;
        let proxy = Proxy::to(house.mqtt(), chance.another()).await;
        let folder = house.enrols(&label).await;
        leads_to(&folder, proxy.port);
        let gate = Mounted::on(folder);
        gate.gate().ready().await.expect("the gate gets ready");
        let (board, nobody) = (intercom.board_url.clone().expect("a board"), house.guest(""));
        let (in_time, later, promises) = (Vec::new(), Vec::new(), Vec::new());
        let (not_at_all, offline, healed) = (0, 0, Duration::ZERO);
        let line = Self {
            fault,
            faults: Faults::default(),
            proxy,
            gate,
            label,
            intercom,
            board,
            nobody,
            chance,
            promises,
            in_time,
            later,
            not_at_all,
            offline,
            healed,
        };
        let seen = until(async || line.is_online(owner).await.then_some(())).await;
        seen.expect("the gate is seen to come");
        line
    }

    /// Guests come in waves while the line is bad; after each it is good again.
    async fn plays(&mut self, owner: &Owner, oracle: &Path, guests: u64) {
        let mut left = guests;
        while 0 < left {
            let wave = left.min(WAVE);
            left -= wave;
            let mut pressers = Vec::new();
            for _ in 0..wave {
                pressers.push(self.invites(owner).await);
            }
            let codes: Vec<_> = pressers.iter().map(|presser| presser.code.clone()).collect();
            self.proxy.suffers(self.fault);
            if self.faults != Faults::default() {
                self.gate.suffers(self.faults.clone()).await;
            }
            let delays: Vec<_> = (0..wave).map(|_| self.chance.ms_below(2_000)).collect();
            let line = &*self;
            let goes = pressers.into_iter().zip(delays);
            let ends = join_all(goes.map(|(presser, delay)| line.lets_in(owner, presser, delay)));
            for end in ends.await {
                self.offline += u64::from(end.was_offline);
                self.promises.extend(end.promises);
                match end.took {
                    Some(took) if took <= LIFE => self.in_time.push(took),
                    Some(took) => self.later.push(took),
                    None => self.not_at_all += 1,
                }
            }
            self.proxy.suffers(Fault::None);
            if self.faults != Faults::default() {
                self.gate.suffers(Faults::default()).await;
                self.gate.gate().ready().await.expect("the gate gets ready");
            }
            let healed = self.is_well_again(owner, &mut Oracle::beside(oracle).await).await;
            self.healed = self.healed.max(healed);
            // Its ledger holds 64 openings, and there is room for fifty codes.
            self.gate.reads_its_ledger();
            for code in codes {
                owner.revokes(&code).await.ok();
                self.promises.push(Promise::Revoked { code: code.id });
            }
        }
    }

    /// A guest presses until the gate opens, or gives up.
    async fn lets_in(&self, owner: &Owner, mut presser: Presser, delay: Duration) -> End {
        sleep_until((Instant::now() + delay).into()).await;
        let mut end = End { took: None, was_offline: false, promises: Vec::new() };
        let mut pause = interval(Duration::from_millis(100));
        let began = Instant::now();
        while began.elapsed() < TEMPER {
            pause.tick().await;
            let answer = presser.presses().await;
            if answer.status != 202 {
                end.was_offline |= answer.refusal() == (409, "gate_offline");
                continue;
            }
            let attempt = answer.attempt();
            let code = presser.code.id.clone();
            end.promises.push(Promise::Redeemed { attempt: attempt.clone(), code, leg: "entry" });
            match self.fate(owner, &attempt, began + TEMPER).await.as_str() {
                "opened" => {
                    end.took = Some(began.elapsed());
                    break;
                }
                "not_opened" => presser.looks_again(&self.board).await,
                _ => break,
            }
        }
        end
    }

    /// What has become of an attempt until then, at the latest.
    async fn fate(&self, owner: &Owner, attempt: &str, until: Instant) -> String {
        let mut pause = interval(Duration::from_millis(50));
        let path = format!("/v1/attempts/{attempt}");
        loop {
            pause.tick().await;
            let told = owner.get(&path).await.ok();
            let state = told["state"].as_str().expect("a state");
            if ["opened", "not_opened"].contains(&state) || until <= Instant::now() {
                return state.to_owned();
            }
        }
    }

    /// A guest with a fresh code, at the board.
    async fn invites(&mut self, owner: &Owner) -> Presser {
        let code = owner.issues(&self.intercom, "Thandi").await;
        self.promises.push(Promise::Issued { code: code.id.clone() });
        let mut phone = self.nobody.somebody_with(&code.link);
        phone.opens_the_link().await;
        phone.scans(&self.board).await;
        Presser { phone, code }
    }

    async fn is_online(&self, owner: &Owner) -> bool {
        owner.get(&format!("/v1/devices/{}", self.label.id)).await.ok()["online"] == true
    }

    /// Waits until the gate can be opened and nothing at it is without its end.
    async fn is_well_again(&self, owner: &Owner, oracle: &mut Oracle) -> Duration {
        let mut pause = interval(Duration::from_millis(20));
        let began = Instant::now();
        while !self.is_online(owner).await || oracle.open_at(&self.gate.id).await != 0 {
            assert!(began.elapsed() < HEALED, "not well again after {:?}", self.fault);
            pause.tick().await;
        }
        began.elapsed()
    }

    /// What `flussd explain` says of an attempt here that does not fit what the gate saw (P-12).
    fn wrongly_explained(&self, house: &House) -> Vec<String> {
        let attempts = self.promises.iter().filter_map(|promise| match promise {
            Promise::Redeemed { attempt, .. } => Some(attempt),
            Promise::Issued { .. } | Promise::Pressed { .. } | Promise::Revoked { .. } => None,
        });
        let told = attempts.map(|attempt| (attempt, house.explains(attempt)["attempts"][0].take()));
        let wrong = told.filter(|(attempt, told)| !self.is_right(attempt, told));
        wrong.map(|(attempt, told)| format!("{:?}, {attempt}: {told}", self.fault)).collect()
    }

    fn is_right(&self, attempt: &str, told: &Value) -> bool {
        let hops = told["hops"].as_array().expect("hops");
        let has = |name: &str| hops.iter().any(|hop| hop["hop"] == name);
        let (pulsed, received) = (self.gate.pulsed_for(attempt), self.gate.received(attempt));
        // The service and its line to the broker are well: what is sent is taken.
        let fits =
            has("commit") && has("claim") == has("publish") && has("publish") == has("broker");
        // What only the gate can know, it told.
        let fits = fits && (received || !has("receipt")) && (pulsed || !has("pulse"));
        let failed_at = told["failed_at"].as_str();
        // A first report may be lost, and then the sensor's is the first to come.
        let by_word = (has("receipt") && has("pulse")) || has("sensor");
        // Between ledger and pulse nobody can tell the two apart, and it says so.
        let words = told["told"].as_str().expect("words");
        let lost_power = self.gate.was_cut() && words.contains("or lost power just before it did");
        fits && match (told["outcome"].as_str(), failed_at) {
            (Some("opened"), None) => pulsed && by_word,
            (Some("opened"), Some("report")) => pulsed || lost_power,
            // The gate's line is what is bad.
            (Some("not_opened"), Some("wire")) => !pulsed && has("claim"),
            (Some("not_opened"), Some("claim")) => !pulsed && !received && !has("claim"),
            _ => false,
        }
    }

    /// One line of the table.
    fn told(&mut self) -> String {
        let (fault, later, healed) = (self.fault, self.later.len(), self.healed);
        let Self { not_at_all, offline, in_time, .. } = self;
        format!(
            "{fault:?}: in time {}; later {later}, not at all {not_at_all}, told that it is \
             offline {offline}; well again within {healed:?}",
            quantiles(in_time)
        )
    }
}

/// What became of one guest.
struct End {
    took: Option<Duration>,
    was_offline: bool,
    promises: Vec<Promise>,
}

/// A guest at the board, with the digits typed.
struct Presser {
    phone: Guest,
    code: Code,
}

impl Presser {
    async fn presses(&self) -> Answer {
        self.phone.enters(&self.code.digits).await
    }

    async fn looks_again(&mut self, board: &str) {
        self.phone.scans(board).await;
    }
}

/// Tells an enrolled gate another port of its broker.
fn leads_to(folder: &Path, port: u16) {
    let file = folder.join("enrolment.json");
    let text = std::fs::read_to_string(&file).expect("an enrolment");
    let mut enrolment: Value = serde_json::from_str(&text).expect("JSON");
    enrolment["broker"]["port"] = json!(port);
    std::fs::write(file, enrolment.to_string()).expect("writes");
}
