//! Watches everything from outside: what was promised to whom, and each pulse, in true time.

use std::collections::BTreeMap;

use domain::access_code::{LegState, Refusal, Revocation, TRIGGER_LIFETIME};
use domain::attempt::{AskedBy, State, Visit};
use domain::gate::PulseGap;
use domain::{Attempt, AttemptId, CodeId, GateId, Leg, Timestamp, UserId};
use protocol::CommandId;
use store::Revoked;

use crate::house::GATES;
use crate::presses::Pressed;
use crate::world::{World, millis};

/// What clocks may be apart.
pub(crate) const ALLOWANCE_MS: u64 = 500;

/// The least time between two pulses of a gate.
const LEAST_GAP_MS: u64 = PulseGap::LEAST_MS as u64;

#[derive(Default)]
pub(crate) struct Oracle {
    /// The first promise that was broken.
    pub(crate) complaint: Option<String>,
    attempts: BTreeMap<AttemptId, Reserved>,
    latest: Option<AttemptId>,
    presses: BTreeMap<(CodeId, u8, String), AttemptId>,
    pulses: BTreeMap<(CodeId, u8), Vec<AttemptId>>,
    /// After this true moment nothing opens for a code that was revoked.
    shut_at_ms: BTreeMap<CodeId, u64>,
    ended: BTreeMap<(CodeId, u8), Ended>,
    /// How often a gate opened for each press without a code.
    openings: BTreeMap<AttemptId, u32>,
    /// The true moment of each gate's last pulse, over power cuts too.
    last_pulses_ms: [Option<u64>; GATES],
    pub(crate) pressed: Pressed,
}

/// A command as it was promised.
struct Reserved {
    attempt: Attempt,
    at_ms: u64,
}

/// What was said about the end of a way.
#[derive(Clone, Copy, Debug)]
enum Ended {
    ForGood,
    /// Its time was over by the clock of this process; the next one may have another.
    ByTheClockOf(u64),
}

impl Oracle {
    pub(crate) fn complain(&mut self, complaint: String) {
        self.complaint.get_or_insert(complaint);
    }

    pub(crate) fn latest_attempt(&self) -> Option<AttemptId> {
        self.latest
    }

    pub(crate) fn knows(&self, id: AttemptId) -> bool {
        self.attempts.contains_key(&id)
    }

    /// What a person's presses at a gate led to.
    pub(crate) fn presses_at(&self, user: UserId, gate: GateId) -> Vec<(AttemptId, Attempt)> {
        let all = self.attempts.iter().map(|(id, Reserved { attempt, .. })| (*id, attempt.clone()));
        let is_theirs = |attempt: &Attempt| {
            attempt.gate == gate && attempt.press().is_some_and(|press| press.user == user)
        };
        all.filter(|(_, attempt)| is_theirs(attempt)).collect()
    }

    /// A command was made.
    pub(crate) fn promised(&mut self, attempt: &Attempt, now_ms: u64) {
        self.latest = Some(attempt.id);
        self.attempts.insert(attempt.id, Reserved { attempt: attempt.clone(), at_ms: now_ms });
    }

    pub(crate) fn attempts(&self) -> Vec<AttemptId> {
        self.attempts.keys().copied().collect()
    }

    pub(crate) fn has_opened(&self, code: CodeId, leg: Leg) -> bool {
        self.pulses.contains_key(&(code, number(leg)))
    }

    /// Whether it has ended, or has led in and out.
    pub(crate) fn is_over(&self, code: CodeId) -> bool {
        self.ended.contains_key(&(code, number(Leg::Exit))) || self.has_opened(code, Leg::Exit)
    }

    pub(crate) fn issued(&mut self, active: usize, limit: u32) {
        if usize::try_from(limit).expect("small") < active {
            self.complain(format!("INV3: {active} active codes, {limit} allowed"));
        }
    }

    /// Whoever is inside with a code that has a grace may be let out after its end.
    pub(crate) fn refused(&mut self, code: CodeId, grace: bool, refusal: Refusal, life: u64) {
        match refusal {
            Refusal::Revoked => {
                self.ends_for_good(code);
            }
            Refusal::Expired => {
                let over: &[Leg] = if grace { &[Leg::Entry] } else { &[Leg::Entry, Leg::Exit] };
                for leg in over {
                    let ended = self.ended.entry((code, number(*leg)));
                    let ended = ended.or_insert(Ended::ByTheClockOf(life));
                    if let Ended::ByTheClockOf(then) = ended {
                        *then = life;
                    }
                }
            }
            Refusal::Used
            | Refusal::NotEnteredYet
            | Refusal::AlreadyOpening
            | Refusal::ScanRequired
            | Refusal::WrongIntercom
            | Refusal::LinkLocked
            | Refusal::Wait { .. }
            | Refusal::WrongCode { .. }
            | Refusal::TooManyAttempts
            | Refusal::GateOffline
            | Refusal::Suspended => {}
        }
    }

    pub(crate) fn revoked(&mut self, revoked: &Revoked, now: Timestamp, now_ms: u64) {
        let code = &revoked.code;
        self.ends_for_good(code.id);
        let Some(domain::access_code::End::Revoked { effective_at, .. }) = code.end else {
            self.complain(format!("INV2: {} was revoked, and is not", code.id));
            return;
        };
        if revoked.revocation == Revocation::Again {
            return;
        }
        if TRIGGER_LIFETIME < now.until(effective_at) && revoked.in_flight.is_none() {
            self.complain(format!("INV2: {} is shut only at {effective_at:?}", code.id));
        }
        self.shut_at_ms.insert(code.id, now_ms + millis(now.until(effective_at)));
    }

    fn ends_for_good(&mut self, code: CodeId) {
        for leg in [Leg::Entry, Leg::Exit] {
            self.ended.insert((code, number(leg)), Ended::ForGood);
        }
    }
}

impl World {
    /// A way was reserved, now or by the same press before. With a guest's press comes whether it
    /// was right.
    pub(crate) fn reserved(
        &mut self,
        pass: usize,
        leg: Leg,
        (key, was_right): (String, Option<bool>),
        attempt: &Attempt,
    ) {
        let (now_ms, life) = (self.now_ms(), self.lives);
        let gate = self.people.settings_for(pass).gate_for(leg);
        let code = self.people.pass(pass).id;
        let oracle = &mut self.oracle;
        let before = oracle.presses.insert((code, number(leg), key), attempt.id);
        if before.is_some_and(|before| before != attempt.id) {
            oracle.complain(format!("INV1: one press made {before:?} and {}", attempt.id));
        }
        if oracle.attempts.contains_key(&attempt.id) {
            if before.is_none() {
                oracle.complain(format!("INV1: two presses share {}", attempt.id));
            }
            return;
        }
        if was_right == Some(false) {
            oracle.complain(format!("INV9: {} for a wrong code or board", attempt.id));
        }
        if oracle.has_opened(code, leg) {
            oracle.complain(format!("INV1b: the {leg:?} of {code} is free after a pulse"));
        }
        let visit = attempt.visit();
        let is_for = visit.is_some_and(|visit| visit.leg == leg && visit.code == code);
        if attempt.gate != gate || !is_for {
            oracle.complain(format!("INV10: {attempt:?} is not for {gate}"));
        }
        let is_despite_end = visit.is_some_and(|visit| visit.asked_by == AskedBy::HostDespiteEnd);
        let may_be_ended = is_despite_end && leg == Leg::Exit;
        match oracle.ended.get(&(code, number(leg))) {
            Some(Ended::ForGood) if !may_be_ended => {
                oracle.complain(format!("INV2: {code} came to life again"));
            }
            Some(Ended::ByTheClockOf(then)) if *then == life && !may_be_ended => {
                oracle.complain(format!("INV2: {code} came to life again by the same clock"));
            }
            Some(_) | None => {}
        }
        oracle.promised(attempt, now_ms);
        self.count("commands");
    }

    /// A gate's motor moves.
    pub(crate) async fn pulsed(&mut self, gate: usize, id: AttemptId, leg: protocol::Leg) {
        self.count("pulses");
        self.say(format_args!("gate {gate} OPENS for {id}"));
        let now_ms = self.now_ms();
        let last_ms = self.oracle.last_pulses_ms[gate].replace(now_ms);
        // The gate's quartz may be a little too fast.
        let may_open_ms = last_ms.map_or(0, |last_ms| last_ms + LEAST_GAP_MS - 1);
        if now_ms < may_open_ms {
            self.oracle.complain(format!("G-25: gate {gate} opens again after {last_ms:?}"));
        }
        let Some(Reserved { attempt, at_ms }) = self.oracle.attempts.get(&id) else {
            self.oracle.complain(format!("INV8: a pulse for no command: {id}"));
            return;
        };
        let (attempt, at_ms) = (attempt.clone(), *at_ms);
        let way = attempt.leg().unwrap_or(Leg::Entry);
        let is_same_way =
            leg == if way == Leg::Entry { protocol::Leg::Entry } else { protocol::Leg::Exit };
        if attempt.gate != self.gates[gate].id || !is_same_way {
            self.oracle.complain(format!("INV10: {id} opens gate {gate} for {leg:?}"));
        }
        if self.gates[gate].epoch != Some(attempt.epoch) {
            self.oracle.complain(format!("INV8: {id} opens a gate in another epoch"));
        }
        let late_ms = now_ms.saturating_sub(at_ms + millis(TRIGGER_LIFETIME));
        if ALLOWANCE_MS < late_ms {
            self.oracle.complain(format!("INV5: {id} opens {late_ms} ms late"));
        }
        match self.kept(id).await {
            State::Sent { .. } | State::Executed { .. } => {}
            State::Pending => self.oracle.complain(format!("INV8: {id} opens before its claim")),
            State::NotExecuted { why, .. } => {
                self.oracle.complain(format!("INV1b: {id} opens, though settled: {why:?}"));
            }
        }
        let times = self.oracle.openings.entry(id).or_default();
        *times += 1;
        if 1 < *times {
            self.oracle.complain(format!("INV1: {id} opens twice"));
        }
        let Some(Visit { code, asked_by, .. }) = attempt.visit() else {
            self.pulsed_for_press(gate, &attempt);
            return;
        };
        if asked_by != AskedBy::HostDespiteEnd
            && self.oracle.shut_at_ms.get(&code).is_some_and(|shut| shut + ALLOWANCE_MS < now_ms)
        {
            self.oracle.complain(format!("INV2: {id} opens after {code} was shut"));
        }
        let pulses = self.oracle.pulses.entry((code, number(way))).or_default();
        pulses.push(id);
        if 1 < pulses.len() {
            self.oracle.complain(format!("INV1: the {way:?} of {code} opens twice, now for {id}"));
        }
        let owner = self.house.residents.owner;
        let now = self.service_time();
        let kept = self.house.store.codes().details(owner, code, now).await.expect("no fault");
        let entry = kept.expect("the owner may see it").pass.code.entry;
        if way == Leg::Exit && !matches!(entry, LegState::Used { .. }) {
            self.oracle.complain(format!("INV7: out of {code} without in"));
        }
    }

    /// Nothing goes wrong for long enough: all is settled.
    pub(crate) async fn judge_the_calm(&mut self) {
        let unsettled = self.house.store.attempts().unsettled().await.expect("no fault");
        if unsettled != 0 {
            self.oracle.complain(format!("INV13: {unsettled} commands are open when all is over"));
        }
    }

    /// The tables say what happened, and nothing else.
    pub(crate) async fn judge_the_end(&mut self) {
        let mut complaints = Vec::new();
        let (store, owner) = (self.house.store.clone(), self.house.residents.owner);
        let now = self.service_time();
        let codes: Vec<_> = self.people.passes().collect();
        for id in codes {
            let code = store.codes().details(owner, id, now).await.expect("no fault");
            let code = code.expect("the owner may see it").pass.code;
            for leg in [Leg::Entry, Leg::Exit] {
                match code.leg(leg) {
                    LegState::Free if self.oracle.has_opened(id, leg) => {
                        complaints
                            .push(format!("INV1b: the {leg:?} of {id} is free after a pulse"));
                    }
                    LegState::Reserved(attempt) => {
                        complaints.push(format!("INV13: the {leg:?} of {id} waits for {attempt}"));
                    }
                    LegState::Used { attempt, .. } if !self.is_evident(*attempt).await => {
                        complaints.push(format!("INV6: the {leg:?} of {id} is used for nothing"));
                    }
                    LegState::Free | LegState::Used { .. } => {}
                }
            }
            let went_in = matches!(code.entry, LegState::Used { .. });
            if matches!(code.exit, LegState::Used { .. }) && !went_in {
                complaints.push(format!("INV7: out of {id} without in"));
            }
            let told = store.events().of_code(id).await.expect("no fault");
            for (attempt, reserved) in &self.oracle.attempts {
                if reserved.attempt.visit().is_none_or(|visit| visit.code != id) {
                    continue;
                }
                let kept = store.attempts().read(owner, *attempt, now).await.expect("no fault");
                let executed = matches!(kept.expect("the owner may").state, State::Executed { .. });
                let times = told
                    .iter()
                    .filter(|event| event.kind == "attempt.opened")
                    .filter(|event| event.attempt == Some(*attempt))
                    .count();
                if times != usize::from(executed) {
                    complaints.push(format!("INV12: {attempt} opened: {executed}, told {times}"));
                }
            }
        }
        complaints.extend(self.complaints_of_presses().await);
        if !complaints.is_empty() {
            self.oracle.complain(complaints.join("\n"));
        }
        self.say(format_args!("judged"));
    }

    /// What is wrong with what the tables say of presses without a code.
    async fn complaints_of_presses(&self) -> Vec<String> {
        let (mut complaints, events) = (Vec::new(), self.house.store.events());
        while events.file(self.service_time()).await.expect("no fault") != 0 {}
        let mut told = Vec::new();
        for gate in &self.gates {
            told.extend(events.of_device(gate.id.to_string(), u32::MAX).await.expect("no fault"));
        }
        for (id, Reserved { attempt, .. }) in &self.oracle.attempts {
            if attempt.press().is_none() {
                continue;
            }
            let is_executed = matches!(self.kept(*id).await, State::Executed { .. });
            if self.oracle.openings.contains_key(id) && !is_executed {
                complaints.push(format!("INV1b: {id} opened, and the tables say it did not"));
            }
            if is_executed && !self.is_evident(*id).await {
                complaints.push(format!("INV6: {id} has opened for nothing"));
            }
            let opened = told.iter().filter(|event| event.kind == "attempt.opened");
            let times = opened.filter(|event| event.attempt == Some(*id)).count();
            if times != usize::from(is_executed) {
                complaints.push(format!("INV12: {id} opened: {is_executed}, told {times}"));
            }
        }
        complaints
    }

    /// Whether a command was executed, and its gate's flash says so.
    async fn is_evident(&self, id: AttemptId) -> bool {
        let Some(Reserved { attempt, .. }) = self.oracle.attempts.get(&id) else { return false };
        let gate = self.gates.iter().find(|gate| gate.id == attempt.gate);
        let written = gate.is_some_and(|gate| gate.flash.contains(&CommandId(id.to_bytes())));
        let owner = self.house.residents.owner;
        let kept = self
            .house
            .store
            .attempts()
            .read(owner, id, self.service_time())
            .await
            .expect("no fault");
        let kept = kept.expect("the owner may see it");
        written && matches!(kept.state, State::Executed { .. })
    }
}

fn number(leg: Leg) -> u8 {
    match leg {
        Leg::Entry => 0,
        Leg::Exit => 1,
    }
}
