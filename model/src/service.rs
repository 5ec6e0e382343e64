//! The service: its database, and what the bridge remembers of gates until it crashes.
//!
//! Each verb is one transaction of `store`, or one thing the bridge does between two of them; it
//! asks `domain` for every decision, as they do. A crash may come between any two verbs.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use bridge::mapping::{self, Letter};
use domain::access_code::{End, LegState, NotActive, Request, Revocation, Target};
use domain::attempt::{Evidence, Settlement, State, WhyNot};
use domain::gate::{Gate, PulseGap};
use domain::settings::ExitGrace;
use domain::{
    AccessCode, Attempt, AttemptId, CodeId, Dice, GateId, IntercomId, Leg, Passcode, Timestamp,
};
use protocol::{Hello, Nonce, Presence, Ready, Signed, SigningKey, Status, Topic, Up};

use crate::variant::Variant;

/// When the game begins, and the code is issued.
pub(crate) const START: Timestamp = Timestamp::from_millis(60_000);

pub(crate) const GATE: [u8; 16] = [7; 16];

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) code: AccessCode,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) gate: Gate,
    /// The nonce of the last hello.
    nonce: Option<Nonce>,
    bridge: Bridge,
}

/// Gone after a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Bridge {
    /// The epoch of the last hello it heard, and when that arrived.
    heard: Option<(u64, Timestamp)>,
    /// The last hello on this connection to the broker.
    last_hello: Option<Nonce>,
    /// Claimed, and not published yet.
    in_hand: BTreeSet<u8>,
    /// Newly connected; the roll is still to be called.
    is_new: bool,
}

/// All that changes in a [`Service`]; the digits never do.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Memory {
    legs: [LegState; 2],
    end: Option<End>,
    attempts: Vec<Attempt>,
    gate: Gate,
    nonce: Option<Nonce>,
    bridge: Bridge,
}

impl Service {
    pub(crate) fn new(valid_for: Duration, exit_grace: ExitGrace) -> Self {
        let passcode = Passcode::parse("4711").expect("four digits");
        let (code, intercom) = (CodeId::from_bytes([1; 16]), IntercomId::from_bytes([2; 16]));
        Self {
            code: AccessCode::issue(code, intercom, passcode, valid_for, exit_grace, START),
            attempts: Vec::new(),
            gate: Gate {
                id: GateId::from_bytes(GATE),
                epoch: 0,
                hello_at: START,
                ready_at: None,
                barred: None,
                hardware_since: 0,
                pulse_gap: PulseGap::default(),
            },
            nonce: None,
            bridge: Bridge::default(),
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory {
            legs: [self.code.entry, self.code.exit],
            end: self.code.end,
            attempts: self.attempts.clone(),
            gate: self.gate,
            nonce: self.nonce,
            bridge: self.bridge.clone(),
        }
    }

    pub(crate) fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == id)
    }

    /// `Redemptions::redeem` with a fresh key. The same key again finds the same attempt and
    /// changes nothing.
    pub(crate) fn redeem(&mut self, leg: Leg, now: Timestamp) {
        let open = |attempt: &&Attempt| {
            matches!(attempt.state, State::Pending | State::Sent { .. })
                && self.gate.hardware_since <= attempt.epoch
        };
        let unsettled = count(self.attempts.iter().filter(open));
        let typed = self.code.passcode.clone();
        let request = Request {
            leg,
            typed: &typed,
            scanned: Some(self.code.intercom),
            // The game is over long before the window is.
            recent_attempts: count(
                self.attempts.iter().filter(|attempt| attempt.leg() == Some(leg)),
            ),
        };
        let target = Target { gate: self.gate, unsettled, since_unsettled: 0 };
        let id = AttemptId::new(&Nth(self.attempts.len()), now);
        if let Ok(attempt) = self.code.redeem(&request, Some(target), id, now) {
            self.attempts.push(attempt);
        }
    }

    /// `Codes::revoke`.
    pub(crate) fn revoke(&mut self, now: Timestamp) -> Result<(), NotActive> {
        let in_flight = self.code.reserved_attempt().and_then(|id| self.attempt(id)).cloned();
        let revocation = self.code.revoke(in_flight.as_ref(), now)?;
        if let (Revocation::Withdrawn(_), Some(attempt)) = (revocation, in_flight) {
            self.code.not_opened(way(&attempt), attempt.id, now);
            self.attempt_mut(attempt.id).withdraw(now);
        }
        Ok(())
    }

    /// Whether the relay would claim it now.
    pub(crate) fn may_claim(&self, nth: u8, now: Timestamp) -> bool {
        let attempt = self.nth(nth);
        let heard = self.hello_age(attempt.epoch, now).is_some();
        attempt.state == State::Pending && (heard || attempt.deadline < now)
    }

    /// `Attempts::claim`. A crash after it leaves a command that is sent and never was.
    pub(crate) fn claim(&mut self, nth: u8, variant: Variant, now: Timestamp) {
        let (ready, revoked) = (self.gate.ready(now), self.is_revoked());
        let attempt = &mut self.attempts[usize::from(nth)];
        let (leg, id) = (way(attempt), attempt.id);
        match attempt.claim(revoked, ready, now) {
            Ok(()) if variant == Variant::PublishBeforeClaim => {}
            Ok(()) => drop(self.bridge.in_hand.insert(nth)),
            Err(_) => self.code.not_opened(leg, id, now),
        }
    }

    /// Whether there is something to publish.
    pub(crate) fn may_send(&self, nth: u8, variant: Variant, now: Timestamp) -> bool {
        if variant == Variant::PublishBeforeClaim {
            let mut attempt = self.nth(nth).clone();
            let claim = attempt.claim(self.is_revoked(), self.gate.ready(now), now);
            return self.nth(nth).state == State::Pending && claim.is_ok();
        }
        self.bridge.in_hand.contains(&nth)
    }

    /// The relay's `send_open`.
    pub(crate) fn send(&mut self, nth: u8, now: Timestamp) -> Option<Letter> {
        self.bridge.in_hand.remove(&nth);
        self.open(self.nth(nth), now)
    }

    /// Whether `Attempts::due` would name it for a cancel or a query. That it was asked before
    /// does not matter: the same question twice is a duplicate, of which the network has plenty.
    pub(crate) fn may_ask(&self, nth: u8, now: Timestamp) -> bool {
        let attempt = self.nth(nth);
        attempt.is_on_the_wire()
            && self.gate.ready_at.is_some()
            && self.gate.hardware_since <= attempt.epoch
            && (self.is_revoked() || attempt.deadline < now)
    }

    /// The relay's cancel or query.
    pub(crate) fn ask(&self, nth: u8) -> Letter {
        let ask = if self.is_revoked() { mapping::cancel } else { mapping::query };
        ask(self.nth(nth), &KEY)
    }

    /// A gate's word arrives in the bridge's inbox.
    pub(crate) fn hear(&mut self, topic: &Topic, body: &[u8], now: Timestamp) -> Option<Letter> {
        let Topic::Up(_, up) = topic else { return None };
        match up {
            Up::Hello => Some(self.hello(Hello::from_bytes(body).ok()?.nonce, now)),
            Up::Ready => {
                self.ready(&Signed::from_bytes(body).ok()?.said, now);
                None
            }
            Up::Status => {
                let status: Status = Signed::from_bytes(body).ok()?.said;
                let id = mapping::attempt_id(status.id);
                self.settle(id, mapping::evidence(status.outcome), now);
                None
            }
            Up::Presence => self.goodbye(Presence::from_bytes(body).ok()?.nonce),
        }
    }

    /// `Gates::hello`, and the welcome. Its time is left out: no rule about commands asks for it.
    fn hello(&mut self, nonce: Nonce, now: Timestamp) -> Letter {
        if self.nonce != Some(nonce) {
            self.nonce = Some(nonce);
            self.gate.epoch += 1;
            self.gate.hello_at = now;
            self.gate.ready_at = None;
            self.bridge.heard = Some((self.gate.epoch, now));
        }
        let epoch = self.gate.epoch;
        if self.hello_age(epoch, now).is_none() {
            // An earlier life of the bridge heard it.
            return mapping::hello_again(self.gate.id);
        }
        self.bridge.last_hello = Some(nonce);
        mapping::welcome(self.gate.id, nonce, epoch, self.gate.pulse_gap, &KEY, START)
    }

    /// `Gates::ready`.
    fn ready(&mut self, ready: &Ready, now: Timestamp) {
        if self.nonce != Some(ready.nonce) || self.gate.epoch != ready.epoch {
            return;
        }
        let ledger: Vec<_> = ready.ledger.iter().copied().map(mapping::attempt_id).collect();
        for attempt in self.attempts.clone().iter().filter(|attempt| attempt.is_on_the_wire()) {
            let in_ledger = ledger.contains(&attempt.id);
            if let Some(evidence) = attempt.evidence_in_ledger(ready.epoch, in_ledger) {
                self.settle(attempt.id, evidence, now);
            }
        }
        // Whether it is ready is asked, never since when.
        self.gate.ready_at = Some(START);
    }

    /// `Attempts::settle`.
    fn settle(&mut self, id: AttemptId, evidence: Evidence, now: Timestamp) {
        if self.attempt(id).is_none() {
            return;
        }
        let since = self.gate.hardware_since;
        let attempt = self.attempt_mut(id);
        let (leg, settlement) = (way(attempt), attempt.settle(evidence, since, now));
        match (settlement, evidence) {
            (Settlement::Known | Settlement::Hearsay | Settlement::Contradiction, _) => {}
            (Settlement::News, Evidence::Executed) => drop(self.code.opened(leg, id, now)),
            (Settlement::News, Evidence::NotExecuted(_)) => self.code.not_opened(leg, id, now),
        }
    }

    /// The inbox's goodbye, and `Gates::gone`.
    fn goodbye(&mut self, nonce: Nonce) -> Option<Letter> {
        let last = self.bridge.last_hello.unwrap_or(nonce);
        if self.nonce == Some(last) {
            self.gate.ready_at = None;
        }
        (last != nonce).then(|| mapping::hello_again(self.gate.id))
    }

    /// Kill -9 of the bridge, and its restart.
    pub(crate) fn crash(&mut self) {
        self.bridge = Bridge { is_new: true, ..Bridge::default() };
    }

    /// The bridge's connection ends and is made anew.
    pub(crate) fn reconnect(&mut self) {
        self.bridge.last_hello = None;
        self.bridge.is_new = true;
    }

    pub(crate) fn may_greet(&self) -> bool {
        self.bridge.is_new
    }

    /// What the bridge does first on a new connection.
    pub(crate) fn greet(&mut self, now: Timestamp) -> Vec<Letter> {
        self.bridge.is_new = false;
        let ready = self.gate.ready_at.map(|_| self.gate.epoch);
        let again = |attempt: &&Attempt| attempt.may_be_resent(ready, now) && !self.is_revoked();
        let open = self.attempts.iter().filter(again);
        let mut letters: Vec<_> = open.filter_map(|attempt| self.open(attempt, now)).collect();
        self.gate.ready_at = None;
        letters.push(mapping::hello_again(self.gate.id));
        letters
    }

    /// N1: what must never be done.
    pub(crate) fn release(&mut self, nth: u8, now: Timestamp) {
        let attempt = &mut self.attempts[usize::from(nth)];
        if attempt.is_unconfirmed(now) {
            attempt.state = State::NotExecuted { at: now, why: WhyNot::NeverArrived };
            let (leg, id) = (way(attempt), attempt.id);
            self.code.not_opened(leg, id, now);
        }
    }

    fn open(&self, attempt: &Attempt, now: Timestamp) -> Option<Letter> {
        let age = self.hello_age(attempt.epoch, now)?;
        Some(mapping::open(attempt, age, now, &KEY))
    }

    fn hello_age(&self, epoch: u64, now: Timestamp) -> Option<Duration> {
        let (_, at) = self.bridge.heard.filter(|(heard, _)| *heard == epoch)?;
        Some(at.until(now))
    }

    fn is_revoked(&self) -> bool {
        matches!(self.code.end, Some(End::Revoked { .. }))
    }

    fn nth(&self, nth: u8) -> &Attempt {
        &self.attempts[usize::from(nth)]
    }

    fn attempt_mut(&mut self, id: AttemptId) -> &mut Attempt {
        self.attempts.iter_mut().find(|attempt| attempt.id == id).expect("an attempt of ours")
    }
}

/// The way of an attempt; in this game nobody presses without a code.
fn way(attempt: &Attempt) -> Leg {
    attempt.leg().expect("a visit")
}

/// The service's key.
pub(crate) static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_seed("k1", &[7; 32]));

/// Makes ids that are told apart by their number.
struct Nth(usize);

impl Dice for Nth {
    fn roll(&self, into: &mut [u8]) {
        into.fill(u8::try_from(self.0).expect("a short game"));
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).expect("a short game")
}
