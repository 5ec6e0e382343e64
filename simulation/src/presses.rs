//! People who open gates without a code: the owner, and a friend whose access comes and goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::access_code::TRIGGER_LIFETIME;
use domain::attempt::State;
use domain::{Attempt, AttemptId, PhoneNumber, UserId};
use store::{Open, OpenRefusal};

use crate::house::{FRIEND, GATES};
use crate::oracle::ALLOWANCE_MS;
use crate::world::{Event, World, millis};

/// A press of "open".
#[derive(Clone, Debug)]
pub(crate) struct OpenPress {
    is_friend: bool,
    gate: usize,
    key: String,
}

/// What was promised about presses.
#[derive(Default)]
pub(crate) struct Pressed {
    /// At which gates the friend has no access, since which true moment.
    removed_at_ms: [Option<u64>; GATES],
    /// What each press was answered with.
    answers: BTreeMap<(UserId, usize, String), AttemptId>,
    /// What was not sent yet when its access was removed: never opens.
    forbidden: BTreeSet<AttemptId>,
}

impl World {
    /// Somebody presses, perhaps twice, perhaps with another key.
    pub(crate) fn opens(&mut self) {
        let (is_friend, gate) = (self.luck.percent(60), self.luck.below(GATES));
        let press = OpenPress { is_friend, gate, key: self.people.fresh_key() };
        if self.luck.percent(40) {
            self.count("double presses of open");
            let key =
                if self.luck.percent(50) { press.key.clone() } else { self.people.fresh_key() };
            let soon = self.luck.between(Duration::ZERO, Duration::from_secs(6));
            self.plan(soon, Event::Open(OpenPress { key, ..press.clone() }));
        }
        self.plan(Duration::ZERO, Event::Open(press));
    }

    pub(crate) async fn open(&mut self, press: OpenPress) {
        if self.service.is_none() {
            self.plan(Duration::from_secs(1), Event::Open(press));
            return;
        }
        let OpenPress { is_friend, gate, key } = press.clone();
        let (now, residents) = (self.service_time(), self.house.residents.clone());
        let user = if is_friend { residents.friend } else { residents.owner };
        let device = residents.gates[gate].to_string();
        let open = Open { user, api_key: None, device, key };
        let answer = self.house.store.presses().open(open, now).await.expect("no fault");
        self.count("presses of open");
        let may = !is_friend || self.oracle.pressed.removed_at_ms[gate].is_none();
        match answer {
            Ok(attempt) if may => {
                self.say(format_args!("{user} presses open at gate {gate}: {}", attempt.id));
                let asked = (user, gate, press.key.clone());
                let before = self.oracle.pressed.answers.insert(asked, attempt.id);
                if before.is_some_and(|before| before != attempt.id) {
                    let complaint = format!("INV1: one press made {before:?} and {}", attempt.id);
                    self.oracle.complain(complaint);
                }
                self.made(user, &attempt).await;
            }
            Ok(attempt) => {
                self.oracle.complain(format!("F08: {} for somebody without access", attempt.id));
            }
            Err(OpenRefusal::GateOffline) => self.count("presses of open refused: gate offline"),
            Err(OpenRefusal::Denied(_)) if !may => self.count("presses of open refused: no access"),
            Err(refusal) => self.oracle.complain(format!("{user} may not press: {refusal:?}")),
        }
        if !self.is_calm && self.luck.percent(8) {
            self.count("answers lost");
            let later = self.luck.between(Duration::ZERO, Duration::from_secs(15));
            self.plan(later, Event::Open(press));
        }
    }

    /// A press led to an attempt, now or before.
    async fn made(&mut self, user: UserId, attempt: &Attempt) {
        if self.oracle.knows(attempt.id) {
            return;
        }
        for (id, other) in self.oracle.presses_at(user, attempt.gate) {
            if matches!(self.kept(id).await, State::Pending | State::Sent { .. }) {
                let (second, deadline) = (attempt.id, other.deadline);
                let complaint = format!("INV1: {second} while {id} of {deadline:?} is open");
                self.oracle.complain(complaint);
            }
        }
        let now_ms = self.now_ms();
        self.oracle.promised(attempt, now_ms);
        self.count("commands for presses");
    }

    /// The owner takes the friend's access to a gate away, or gives it back.
    pub(crate) async fn share(&mut self) {
        if self.service.is_none() {
            return;
        }
        let gate = self.luck.below(GATES);
        let (now, residents) = (self.service_time(), self.house.residents.clone());
        let (owner, friend, id) = (residents.owner, residents.friend, residents.gates[gate]);
        let people = self.house.store.people().clone();
        if self.oracle.pressed.removed_at_ms[gate].is_some() {
            let phone = PhoneNumber::from_kept(FRIEND).expect("a number");
            let shared = people.share(owner, id.to_string(), phone, false, now).await;
            shared.expect("no fault").expect("the owner may");
            self.say(format_args!("the owner shares gate {gate} again"));
            self.oracle.pressed.removed_at_ms[gate] = None;
            for (attempt, _) in self.oracle.presses_at(friend, id) {
                self.oracle.pressed.forbidden.remove(&attempt);
            }
            return;
        }
        let ended = people.unshare(owner, id.to_string(), friend, false, now).await;
        ended.expect("no fault").expect("the owner may");
        self.say(format_args!("the owner shares gate {gate} no more"));
        self.count("accesses removed");
        self.oracle.pressed.removed_at_ms[gate] = Some(self.now_ms());
        for (attempt, _) in self.oracle.presses_at(friend, id) {
            if self.kept(attempt).await == State::Pending {
                self.count("accesses removed before a claim");
                self.oracle.pressed.forbidden.insert(attempt);
            }
        }
    }

    /// A gate's motor moves for a press.
    pub(crate) fn pulsed_for_press(&mut self, gate: usize, attempt: &Attempt) {
        self.count("pulses for presses");
        let (id, now_ms) = (attempt.id, self.now_ms());
        if self.oracle.pressed.forbidden.contains(&id) {
            self.oracle.complain(format!("F08: {id} was sent after its access was removed"));
        }
        let by_friend =
            attempt.press().is_some_and(|press| press.user == self.house.residents.friend);
        let removed = self.oracle.pressed.removed_at_ms[gate].filter(|_| by_friend);
        let shut = removed.map(|at_ms| at_ms + millis(TRIGGER_LIFETIME) + ALLOWANCE_MS);
        if shut.is_some_and(|shut| shut < now_ms) {
            self.oracle.complain(format!("F08: {id} opens long after its access was removed"));
        }
    }

    /// How far an attempt is, by the tables.
    pub(crate) async fn kept(&self, id: AttemptId) -> State {
        let kept = self
            .house
            .store
            .attempts()
            .read(self.house.residents.owner, id, self.service_time())
            .await;
        kept.expect("no fault").expect("the owner may see it").state
    }
}
