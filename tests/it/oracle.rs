//! Judges a house by its database and by what its gates did, whatever was done to both.
//!
//! It reads the tables itself: what it believes, no code of the service has told it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use device_sim::{Faults, Moment, Options, Pulse, Received, Simulation};
use domain::AttemptId;
use protocol::{CommandId, Leg, Order};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions, Row};

use crate::house::Home;
use crate::owner::key;

/// What clocks may be apart.
const ALLOWANCE_MS: i64 = 500;

/// What the service said that it did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    Issued { code: String },
    Redeemed { attempt: String, code: String, leg: &'static str },
    Pressed { attempt: String, gate: String, key: String },
    Revoked { code: String },
}

/// A gate over all its lives: its folder, and what it did in each.
pub(crate) struct Mounted {
    pub(crate) id: String,
    folder: PathBuf,
    gate: Option<Simulation>,
    /// What goes wrong at it by itself.
    faults: Faults,
    /// The last epoch in which it was seen to be ready.
    seen: u64,
    past: Vec<Pulse>,
    /// The attempts whose openings came to it in its past lives.
    received: BTreeSet<String>,
    /// Whether its power failed: then what its ledger holds need not have moved it.
    was_cut: bool,
    evidence: BTreeSet<String>,
}

impl Mounted {
    /// Switches on the gate that is enrolled in this folder.
    pub(crate) fn on(folder: PathBuf) -> Self {
        let faults = Faults::default();
        let gate = Self::play(&folder, &faults);
        let (id, gate) = (gate.gate_id().to_string(), Some(gate));
        let (past, received, evidence) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Self { id, folder, gate, faults, seen: 0, past, received, was_cut: false, evidence }
    }

    fn play(folder: &Path, faults: &Faults) -> Simulation {
        let faults = faults.clone();
        let options = Options { keeps_gap: false, faults, ..Options::default() };
        Simulation::start(folder, options).expect("the gate starts")
    }

    /// From its next power-on on, which is now, it suffers these faults.
    pub(crate) async fn suffers(&mut self, faults: Faults) {
        self.faults = faults;
        self.reboots().await;
    }

    pub(crate) fn gate(&self) -> &Simulation {
        self.gate.as_ref().expect("it is on")
    }

    /// Its power fails at this moment of its next opening.
    pub(crate) fn dies_at(&self, moment: Moment) {
        self.gate().dies_at(moment);
    }

    /// The epoch, when it is ready in one that was not seen before.
    pub(crate) fn is_ready_again(&mut self) -> Option<u64> {
        let epoch = self.gate().journal().epoch.filter(|epoch| self.seen < *epoch)?;
        self.seen = epoch;
        Some(epoch)
    }

    /// Its power fails, and comes back.
    pub(crate) async fn reboots(&mut self) {
        let gate = self.gate.take().expect("it is on");
        let journal = gate.watch();
        gate.abandon().await;
        self.past.extend(&journal.borrow().pulses);
        self.received.extend(openings(&journal.borrow().received));
        self.was_cut = true;
        self.gate = Some(Self::play(&self.folder, &self.faults));
    }

    /// Whether it ever pulsed for this attempt.
    pub(crate) fn pulsed_for(&self, attempt: &str) -> bool {
        self.pulses().any(|pulse| AttemptId::from_bytes(pulse.command.0).to_string() == attempt)
    }

    /// Whether an opening for this attempt ever came to it.
    pub(crate) fn received(&self, attempt: &str) -> bool {
        self.received.contains(attempt)
            || openings(&self.gate().received()).any(|opening| opening == attempt)
    }

    /// Whether its power ever failed.
    pub(crate) fn was_cut(&self) -> bool {
        self.was_cut || self.gate().journal().power_cuts != 0
    }

    fn pulses(&self) -> impl Iterator<Item = Pulse> {
        self.past.iter().copied().chain(self.gate().pulses())
    }

    /// Keeps what the ledger holds before newer commands push it out.
    pub(crate) fn reads_its_ledger(&mut self) {
        let file = std::fs::read(self.folder.join(device_sim::ledger::FILE)).expect("a ledger");
        let (records, _) = file.as_chunks();
        self.evidence.extend(records.iter().map(|id| AttemptId::from_bytes(*id).to_string()));
    }
}

/// The attempts of the openings among these commands.
fn openings(received: &[Received]) -> impl Iterator<Item = String> {
    let open = |received: &&Received| matches!(received.command.order, Order::Open { .. });
    let open = received.iter().filter(open);
    open.map(|received| AttemptId::from_bytes(received.command.id.0).to_string())
}

/// Compares what was promised and what gates did with what the tables say.
pub(crate) struct Oracle {
    database: SqliteConnection,
}

struct Attempt {
    /// Code and leg; none for a press without a code.
    visit: Option<(String, String)>,
    gate: String,
    state: String,
    deadline_at: i64,
    key: String,
}

struct Code {
    legs: [(&'static str, Option<String>, bool); 2],
    effective_at: Option<i64>,
}

impl Promise {
    fn is_kept(
        &self,
        attempts: &BTreeMap<String, Attempt>,
        codes: &BTreeMap<String, Code>,
    ) -> bool {
        match self {
            Self::Issued { code } => codes.contains_key(code),
            Self::Revoked { code } => {
                codes.get(code).is_some_and(|code| code.effective_at.is_some())
            }
            Self::Redeemed { attempt, code, leg } => attempts
                .get(attempt)
                .is_some_and(|found| found.visit == Some((code.clone(), (*leg).to_owned()))),
            Self::Pressed { attempt, gate, key } => attempts.get(attempt).is_some_and(|found| {
                found.visit.is_none() && (&found.gate, &found.key) == (gate, key)
            }),
        }
    }
}

impl Oracle {
    /// Opens the house's SQLite file beside the house.
    pub(crate) async fn beside(data: &Path) -> Self {
        let file = SqliteConnectOptions::new().filename(data.join("fluss.db"));
        let file = file.busy_timeout(Duration::from_secs(5));
        Self { database: file.connect().await.expect("opens") }
    }

    /// How many commands of older epochs than this wait for their end at a gate (INV13).
    pub(crate) async fn open_before(&mut self, gate: &str, epoch: u64) -> i64 {
        let open = "SELECT COUNT(*) FROM attempts
                    WHERE state IN ('pending', 'sent') AND gate_id = ? AND epoch < ?";
        let epoch = i64::try_from(epoch).expect("small");
        let open = sqlx::query_scalar(open).bind(gate).bind(epoch);
        open.fetch_one(&mut self.database).await.expect("counts")
    }

    /// How many commands wait for their end at a gate.
    pub(crate) async fn open_at(&mut self, gate: &str) -> i64 {
        self.open_before(gate, u64::MAX >> 1).await
    }

    /// How many commands wait for their end at all.
    pub(crate) async fn open(&mut self) -> i64 {
        let open = "SELECT COUNT(*) FROM attempts WHERE state IN ('pending', 'sent')";
        sqlx::query_scalar(open).fetch_one(&mut self.database).await.expect("counts")
    }

    /// All that ever happened to commands, in its order.
    pub(crate) async fn story(&mut self) -> Vec<(String, String)> {
        let story = "SELECT attempt_id, kind FROM events WHERE attempt_id IS NOT NULL ORDER BY id";
        let rows = self.rows(story).await;
        rows.into_iter().map(|row| (row.get("attempt_id"), row.get("kind"))).collect()
    }

    /// Every invariant that is broken, in words; none is the only good answer.
    pub(crate) async fn complaints(
        &mut self,
        gates: &mut [Mounted],
        promises: &[Promise],
    ) -> Vec<String> {
        // First what gates did: whatever they do later may not be in the tables yet.
        let pulses: Vec<(String, Pulse)> = gates
            .iter()
            .flat_map(|gate| gate.pulses().map(|pulse| (gate.id.clone(), pulse)))
            .collect();
        let now = Instant::now();
        let now_ms: i64 = self.now_ms().await;
        // One transaction sees one moment.
        self.does("BEGIN").await;
        let (attempts, codes) = (self.attempts().await, self.codes().await);
        let told = self.openings_told().await;
        self.does("COMMIT").await;
        for gate in &mut *gates {
            gate.reads_its_ledger();
        }
        let evidence = |gate: &str, attempt: &String| stands_in_a_ledger(gates, gate, attempt);

        let mut complaints = Vec::new();
        for promise in promises.iter().filter(|promise| !promise.is_kept(&attempts, &codes)) {
            complaints.push(format!("INV4: answered and lost: {promise:?}"));
        }

        let mut moved: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let mut presses: BTreeMap<String, u32> = BTreeMap::new();
        for (gate, pulse) in &pulses {
            let id = AttemptId::from_bytes(pulse.command.0).to_string();
            let Some(attempt) = attempts.get(&id) else {
                complaints.push(format!("INV8: a pulse for no attempt: {id}"));
                continue;
            };
            let at_ms = now_ms - i64::try_from((now - pulse.at).as_millis()).expect("small");
            let Attempt { visit, state, deadline_at, .. } = attempt;
            let leg = visit.as_ref().map_or("entry", |(_, leg)| leg);
            if attempt.gate != *gate || way(pulse.leg) != leg {
                complaints.push(format!("INV10: {id} opened {gate} for {:?}", pulse.leg));
            }
            if !["sent", "executed"].contains(&state.as_str()) {
                complaints.push(format!("INV1b: a pulse for {id}, which is {state}"));
            }
            if deadline_at + ALLOWANCE_MS < at_ms {
                complaints.push(format!("INV5: {id} opened {} ms late", at_ms - deadline_at));
            }
            let Some((code, leg)) = visit else {
                *presses.entry(id).or_default() += 1;
                continue;
            };
            let effective_at = codes.get(code).and_then(|code| code.effective_at);
            if effective_at.is_some_and(|effective_at| effective_at + ALLOWANCE_MS < at_ms) {
                complaints.push(format!("INV2: {id} opened after its code had ended"));
            }
            *moved.entry((code, leg)).or_default() += 1;
        }
        for (id, times) in presses.into_iter().filter(|(_, times)| 1 < *times) {
            complaints.push(format!("INV1: {times} pulses for the press {id}"));
        }
        complaints.extend(of_presses(&attempts, gates));
        for ((code, leg), times) in &moved {
            if 1 < *times {
                complaints.push(format!("INV1: {times} pulses for the {leg} of {code}"));
            }
        }
        for (id, code) in &codes {
            let mut entered = true;
            for (leg, attempt, is_used) in &code.legs {
                match attempt {
                    None if moved.contains_key(&(id.as_str(), *leg)) => {
                        complaints.push(format!("INV1b: the {leg} of {id} is free after a pulse"));
                    }
                    Some(attempt) if *is_used => {
                        let found = attempts.get(attempt);
                        let is_executed = found.is_some_and(|found| found.state == "executed");
                        if !is_executed || !found.is_some_and(|at| evidence(&at.gate, attempt)) {
                            complaints.push(format!("INV6: the {leg} of {id} is used for nothing"));
                        }
                        if !entered {
                            complaints.push(format!("INV7: out of {id} without in"));
                        }
                    }
                    None | Some(_) => {}
                }
                entered = *is_used;
            }
        }
        for (id, attempt) in &attempts {
            let times = told.get(id).copied().unwrap_or_default();
            if times != i64::from(attempt.state == "executed") {
                complaints.push(format!("INV12: {id} is {}, told {times} times", attempt.state));
            }
        }
        complaints
    }

    async fn attempts(&mut self) -> BTreeMap<String, Attempt> {
        let rows = self.rows("SELECT * FROM attempts").await;
        let attempt = |row: SqliteRow| {
            let (code, leg): (Option<String>, Option<String>) =
                (row.get("code_id"), row.get("leg"));
            let attempt = Attempt {
                visit: code.zip(leg),
                gate: row.get("gate_id"),
                state: row.get("state"),
                deadline_at: row.get("deadline_at"),
                key: row.get("request_key"),
            };
            (row.get("id"), attempt)
        };
        rows.into_iter().map(attempt).collect()
    }

    async fn codes(&mut self) -> BTreeMap<String, Code> {
        let rows = self.rows("SELECT * FROM codes").await;
        let code = |row: SqliteRow| {
            let is_there = |name| row.get::<Option<i64>, _>(name).is_some();
            let legs = [
                ("entry", row.get("entry_attempt"), is_there("entered_at")),
                ("exit", row.get("exit_attempt"), is_there("left_at")),
            ];
            (row.get("id"), Code { legs, effective_at: row.get("effective_at") })
        };
        rows.into_iter().map(code).collect()
    }

    /// How often each attempt is told to have opened (INV12).
    async fn openings_told(&mut self) -> BTreeMap<String, i64> {
        let told = "SELECT attempt_id, COUNT(*) AS times FROM events
                    WHERE kind = 'attempt.opened' GROUP BY attempt_id";
        let rows = self.rows(told).await;
        rows.into_iter().map(|row| (row.get("attempt_id"), row.get("times"))).collect()
    }

    async fn rows(&mut self, query: &'static str) -> Vec<SqliteRow> {
        sqlx::query(query).fetch_all(&mut self.database).await.expect("reads")
    }

    async fn does(&mut self, statement: &'static str) {
        sqlx::query(statement).execute(&mut self.database).await.expect(statement);
    }

    /// The machine's time, as the service has it.
    async fn now_ms(&mut self) -> i64 {
        let now = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";
        sqlx::query_scalar(now).fetch_one(&mut self.database).await.expect("counts")
    }
}

/// What is wrong with attempts without a code, but for what their pulses tell.
fn of_presses(attempts: &BTreeMap<String, Attempt>, gates: &[Mounted]) -> Vec<String> {
    let (mut complaints, mut keys) = (Vec::new(), BTreeSet::new());
    for (id, press) in attempts.iter().filter(|(_, attempt)| attempt.visit.is_none()) {
        if !keys.insert((&press.gate, &press.key)) {
            complaints.push(format!("INV1: {id} is not the first for {}", press.key));
        }
        if press.state != "executed" {
            continue;
        }
        if !stands_in_a_ledger(gates, &press.gate, id) {
            complaints.push(format!("INV6: the press {id} is executed for nothing"));
        }
        // The pulse comes before the report, so it is there by now.
        let is_its = |pulse: Pulse| AttemptId::from_bytes(pulse.command.0).to_string() == *id;
        let moved = |gate: &Mounted| gate.was_cut || gate.pulses().any(is_its);
        if !gates.iter().any(|gate| gate.id == press.gate && moved(gate)) {
            complaints.push(format!("INV6: the press {id} is executed and nothing moved"));
        }
    }
    complaints
}

fn stands_in_a_ledger(gates: &[Mounted], gate: &str, attempt: &String) -> bool {
    gates.iter().any(|at| at.id == gate && at.evidence.contains(attempt))
}

#[tokio::test]
async fn the_oracle_sees_what_was_lost_and_what_opened_twice_or_for_nothing() {
    let home = Home::start().await;
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.stop().await;
    let mut gates = [Mounted::on(house.gate_folder(&gate_label))];
    gates[0].gate().ready().await.unwrap();
    let gate = house.another_gate().await;
    let home = Home { owner, gate, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;
    let (code, _) = home.lets_in("Thandi").await;
    let (gate, key) = (gates[0].id.clone(), key());
    let attempt = home.owner.tries_to_open(&gate, &key).await.expect("an answer").attempt();
    home.attempt_is(&attempt, "opened").await;
    let mut promises = vec![
        Promise::Issued { code: code.id.clone() },
        Promise::Pressed { attempt: attempt.clone(), gate: gate.clone(), key },
    ];
    let mut oracle = Oracle::beside(&home.house.data).await;
    assert_eq!(oracle.complaints(&mut gates, &promises).await, [""; 0]);

    let [pulse, press] = gates[0].gate().pulses()[..] else { panic!("two pulses") };
    let nobodys = Pulse { command: CommandId([7; 16]), ..pulse };
    gates[0].past.extend([pulse, press, nobodys, Pulse { leg: Leg::Exit, ..pulse }]);
    promises.push(Promise::Pressed { attempt, gate, key: "of another press".to_owned() });
    promises.push(Promise::Revoked { code: code.id });
    promises.push(Promise::Issued { code: "code_that_was_lost".to_owned() });
    let complaints = oracle.complaints(&mut gates, &promises).await.join("\n");
    for (broken, times) in [("INV1:", 2), ("INV4:", 3), ("INV8:", 1), ("INV10:", 1)] {
        assert_eq!(complaints.matches(broken).count(), times, "{broken} {complaints}");
    }
}

fn way(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "entry",
        Leg::Exit => "exit",
    }
}
