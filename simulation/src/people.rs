//! Guests and hosts: they press, mistype, press again, issue, revoke, vouch and change their mind.

use std::time::Duration;

use domain::access_code::{Refusal, Revocation};
use domain::name::GuestName;
use domain::secret::LinkToken;
use domain::settings::{ExitGate, ExitGrace, InviteDuration, MaxUsers};
use domain::{CodeId, Leg, Passcode, PhoneNumber, Settings};
use store::{Guest, Issue, IssueRefusal, Redeem, Refused, RevokeRefusal, Vouch, VouchRefusal};

use crate::house::{INTERCOMS, Residents};
use crate::world::{Event, World};

/// How often people do what.
const ACTS: [(Act, u32); 9] = [
    (Act::Press, 48),
    (Act::Issue, 14),
    (Act::Mistype, 6),
    (Act::Revoke, 8),
    (Act::Tap, 12),
    (Act::Settings, 7),
    (Act::Look, 5),
    (Act::Open, 16),
    (Act::Share, 4),
];

#[derive(Clone, Copy, Debug)]
enum Act {
    Press,
    Issue,
    Mistype,
    Revoke,
    Tap,
    Settings,
    Look,
    Open,
    Share,
}

pub(crate) struct People {
    /// Of each intercom, with their version.
    settings: [(Settings, u64); INTERCOMS],
    passes: Vec<Pass>,
    keys: u64,
}

/// What a guest has in hand.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) id: CodeId,
    pub(crate) link: LinkToken,
    passcode: Passcode,
    board: usize,
    /// Whether its guest may leave after its end.
    has_grace: bool,
}

/// A guest's press of the button.
#[derive(Clone, Debug)]
pub(crate) struct Press {
    pub(crate) pass: usize,
    pub(crate) leg: Leg,
    typed: Passcode,
    scanned: Option<usize>,
    pub(crate) key: String,
    /// Whether the rules allow it, as far as digits and board go.
    pub(crate) is_right: bool,
}

/// A host's tap.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    pub(crate) pass: usize,
    pub(crate) leg: Leg,
    pub(crate) key: String,
}

impl People {
    pub(crate) fn new(residents: &Residents) -> Self {
        Self { settings: [(residents.settings, 1); INTERCOMS], passes: Vec::new(), keys: 0 }
    }

    pub(crate) fn pass(&self, pass: usize) -> &Pass {
        &self.passes[pass]
    }

    pub(crate) fn passes(&self) -> impl Iterator<Item = CodeId> {
        self.passes.iter().map(|pass| pass.id)
    }

    /// The settings that hold for a pass now.
    pub(crate) fn settings_for(&self, pass: usize) -> &Settings {
        &self.settings[self.passes[pass].board].0
    }

    pub(crate) fn fresh_key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }
}

impl World {
    pub(crate) async fn somebody_acts(&mut self) {
        let act = if self.people.passes.is_empty() { Act::Issue } else { self.luck.weigh(&ACTS) };
        match act {
            Act::Issue => drop(self.issue().await),
            Act::Press => self.presses(true),
            Act::Mistype => self.presses(false),
            Act::Tap => self.taps(),
            Act::Revoke => self.revoke().await,
            Act::Settings => self.save_settings().await,
            Act::Look => self.look_at_pass().await,
            Act::Open => self.opens(),
            Act::Share => self.share().await,
        }
    }

    /// A host issues a code, if the service is there.
    async fn issue(&mut self) -> Option<usize> {
        let board = self.luck.below(INTERCOMS);
        let key = self.people.fresh_key();
        let residents = self.house.residents.clone();
        let (intercom, user) = (residents.intercoms[board].to_string(), residents.owner);
        let clock = self.service.as_ref().map(|service| service.clock.clone())?;
        let now = domain::Clock::now(&*clock);
        let mobile = format!("+2782555{:04}", self.people.keys);
        let guest = Guest {
            name: GuestName::parse("Thandi").expect("a name"),
            mobile: PhoneNumber::from_kept(&mobile).expect("a number"),
        };
        let issue = Issue { user, device: intercom.clone(), guest, key };
        let codes = self.house.store.codes().clone();
        let answer = codes.issue(issue, now).await.expect("no fault");
        let limit = self.people.settings[board].0.max_users.codes();
        match answer {
            Ok(issued) => {
                let pass = issued.pass;
                let active = codes.active(user, intercom, now).await;
                let active = active.expect("no fault").expect("the owner may").len();
                self.say(format_args!("host issues {}, {active} of {limit}", pass.code.id));
                self.count("codes issued");
                self.oracle.issued(active, limit);
                let has_grace = pass.code.exit_grace != ExitGrace::default();
                let (id, link, passcode) = (pass.code.id, pass.link, pass.code.passcode);
                self.people.passes.push(Pass { id, link, passcode, board, has_grace });
                Some(self.people.passes.len() - 1)
            }
            Err(IssueRefusal::LimitReached { .. }) => {
                self.count("codes refused at the limit");
                self.say(format_args!("host may not issue: limit {limit}"));
                None
            }
            Err(refusal) => {
                self.oracle.complain(format!("a code is refused: {refusal:?}"));
                None
            }
        }
    }

    /// A guest presses, perhaps twice, perhaps with another key.
    fn presses(&mut self, knows: bool) {
        let (pass, leg) = self.some_way();
        let Pass { passcode, board, .. } = self.people.pass(pass).clone();
        let other = Passcode::random(&self.luck);
        let typed = if knows { passcode.clone() } else { other };
        let scanned = match (leg, self.luck.below(20)) {
            (_, 0) => Some(self.luck.below(INTERCOMS)),
            (Leg::Entry, 1) | (Leg::Exit, _) => None,
            (Leg::Entry, _) => Some(board),
        };
        let at_the_board = scanned == Some(board) || (scanned.is_none() && leg == Leg::Exit);
        let is_right = typed == passcode && at_the_board;
        let key = self.people.fresh_key();
        let press = Press { pass, leg, typed, scanned, key, is_right };
        if self.luck.percent(25) {
            self.count("double presses");
            let key =
                if self.luck.percent(50) { press.key.clone() } else { self.people.fresh_key() };
            let soon = self.luck.between(Duration::ZERO, Duration::from_millis(400));
            self.plan(soon, Event::Press(Press { key, ..press.clone() }));
        }
        self.plan(Duration::ZERO, Event::Press(press));
    }

    pub(crate) async fn press(&mut self, press: Press) {
        if self.service.is_none() {
            self.plan(Duration::from_secs(1), Event::Press(press));
            return;
        }
        let now = self.service_time();
        let redeem = Redeem {
            link: self.people.pass(press.pass).link.clone(),
            leg: press.leg,
            typed: press.typed.clone(),
            scanned: press.scanned.map(|board| self.house.residents.intercoms[board]),
            key: press.key.clone(),
        };
        let answer = self.house.store.redemptions().redeem(redeem, now).await.expect("no fault");
        let Pass { id, has_grace, .. } = *self.people.pass(press.pass);
        self.count("presses");
        match &answer {
            Ok(attempt) => {
                self.say(format_args!("guest of {id} presses {:?}: {}", press.leg, attempt.id));
                let key = (press.key.clone(), Some(press.is_right));
                self.reserved(press.pass, press.leg, key, attempt);
            }
            Err(Refused::Rule(refusal)) => {
                self.say(format_args!("guest of {id} presses {:?}: {refusal:?}", press.leg));
                self.count("presses refused");
                if *refusal == Refusal::GateOffline {
                    self.count("presses refused: gate offline");
                }
                self.oracle.refused(id, has_grace, *refusal, self.lives);
            }
            Err(Refused::UnknownLink) => self.oracle.complain(format!("the link of {id} is gone")),
        }
        if !self.is_calm && self.luck.percent(8) {
            self.count("answers lost");
            let later = self.luck.between(Duration::ZERO, Duration::from_secs(15));
            self.plan(later, Event::Press(press));
        }
    }

    fn taps(&mut self) {
        let (pass, leg) = self.some_way();
        let key = self.people.fresh_key();
        self.plan(Duration::ZERO, Event::Tap(Tap { pass, leg, key }));
    }

    pub(crate) async fn tap(&mut self, tap: Tap) {
        if self.service.is_none() {
            self.plan(Duration::from_secs(1), Event::Tap(tap));
            return;
        }
        let (now, user) = (self.service_time(), self.house.residents.owner);
        let Tap { pass, leg, key } = tap.clone();
        let Pass { id: code, has_grace, .. } = *self.people.pass(pass);
        let vouch = Vouch { user, code, leg, key: key.clone() };
        let answer = self.house.store.redemptions().vouch(vouch, now).await.expect("no fault");
        self.count("taps");
        match &answer {
            Ok(attempt) => {
                self.say(format_args!("host taps {leg:?} of {code}: {}", attempt.id));
                self.reserved(pass, leg, (key, None), attempt);
            }
            Err(VouchRefusal::Rule(refusal)) => {
                self.say(format_args!("host taps {leg:?} of {code}: {refusal:?}"));
                self.oracle.refused(code, has_grace, *refusal, self.lives);
            }
            Err(VouchRefusal::UnderWay(id)) => {
                self.say(format_args!("host taps {leg:?} of {code}: {id} is under way"));
            }
            Err(VouchRefusal::Denied(denied)) => {
                self.oracle.complain(format!("the owner may not vouch: {denied:?}"));
            }
        }
        if !self.is_calm && self.luck.percent(8) {
            self.plan(Duration::from_secs(3), Event::Tap(tap));
        }
    }

    async fn revoke(&mut self) {
        if self.service.is_none() {
            return;
        }
        let (now, user) = (self.service_time(), self.house.residents.owner);
        let pass = self.some_pass();
        let id = self.people.pass(pass).id;
        let answer = self.house.store.codes().revoke(user, id, now).await.expect("no fault");
        match answer {
            Ok(revoked) => {
                self.say(format_args!("host revokes {id}: {:?}", revoked.revocation));
                self.count(match revoked.revocation {
                    Revocation::Clean => "revokes: clean",
                    Revocation::Withdrawn(_) => "revokes: withdrew a command",
                    Revocation::Cancelling(_) => "revokes: a command on the wire",
                    Revocation::Again => "revokes: again",
                });
                let now_ms = self.now_ms();
                self.oracle.revoked(&revoked, now, now_ms);
            }
            Err(RevokeRefusal::NotActive(why)) => {
                self.say(format_args!("host cannot revoke {id}: {why:?}"));
            }
            Err(RevokeRefusal::Denied(denied)) => {
                self.oracle.complain(format!("the owner may not revoke: {denied:?}"));
            }
        }
    }

    async fn save_settings(&mut self) {
        if self.service.is_none() {
            return;
        }
        let (now, residents) = (self.service_time(), self.house.residents.clone());
        let board = self.luck.below(INTERCOMS);
        let exit_gate = match self.luck.below(3) {
            0 => ExitGate::SameAsEntry,
            _ => ExitGate::Gate(*self.luck.pick(&residents.gates)),
        };
        let codes = u32::from(*self.luck.pick(&MaxUsers::OFFERED[..3]));
        let hours = *self.luck.pick(&[1, 2, 12]);
        let grace = *self.luck.pick(&ExitGrace::OFFERED_MINUTES);
        let settings = Settings {
            entry_gate: *self.luck.pick(&residents.gates),
            exit_gate,
            max_users: MaxUsers::new(codes).expect("on offer"),
            invite_duration: InviteDuration::from_hours(hours).expect("on offer"),
            exit_grace: ExitGrace::from_minutes(grace.into()).expect("on offer"),
        };
        let (intercom, version) =
            (residents.intercoms[board].to_string(), self.people.settings[board].1);
        let saved = self.house.store.intercoms();
        let saved = saved.save(residents.owner, intercom, settings, version, now).await;
        let saved = saved.expect("no fault").expect("nobody else saves");
        self.say(format_args!("host saves settings {} of board {board}", saved.version));
        self.count("settings saved");
        self.people.settings[board] = (settings, saved.version);
    }

    async fn look_at_pass(&mut self) {
        let (now, pass) = (self.service_time(), self.some_pass());
        let Pass { id, link, .. } = self.people.pass(pass).clone();
        let pass = self.house.store.redemptions().by_link(&link, now).await;
        let pass = pass.expect("no fault").expect("the link holds");
        let standing = pass.pass.code.standing(now);
        self.say(format_args!("guest of {id} looks: {standing:?}, gate {}", pass.gate_is_there));
    }

    /// One of the passes, most of the time one that is of use.
    fn some_pass(&self) -> usize {
        let all = self.people.passes.len();
        let some: [usize; 4] = std::array::from_fn(|_| self.luck.below(all));
        let is_of_use = |pass: &usize| !self.oracle.is_over(self.people.passes[*pass].id);
        some.into_iter().find(is_of_use).unwrap_or(some[0])
    }

    /// One of the passes and the way that its guest goes next, most of the time.
    fn some_way(&self) -> (usize, Leg) {
        let pass = self.some_pass();
        let is_in = self.oracle.has_opened(self.people.pass(pass).id, Leg::Entry);
        let is_in = is_in != self.luck.percent(15);
        (pass, if is_in { Leg::Exit } else { Leg::Entry })
    }

    /// When all is settled, somebody gets in as if nothing had happened: no way is blocked.
    pub(crate) async fn verdict(&mut self) {
        self.judge_the_calm().await;
        let mut pass = self.issue().await;
        if pass.is_none() {
            self.revoke_all().await;
            pass = self.issue().await;
        }
        let Some(pass) = pass else {
            self.oracle.complain("INV13: no code can be issued when all is over".to_owned());
            return;
        };
        let Pass { passcode, board, .. } = self.people.pass(pass).clone();
        let (leg, scanned, key) = (Leg::Entry, Some(board), self.people.fresh_key());
        let press = Press { pass, leg, typed: passcode, scanned, key, is_right: true };
        self.press(press).await;
        self.plan(Duration::from_secs(8), Event::LastGuest);
    }

    /// Makes room below the limit.
    async fn revoke_all(&mut self) {
        let (now, owner) = (self.service_time(), self.house.residents.owner);
        for id in self.people.passes() {
            drop(self.house.store.codes().revoke(owner, id, now).await.expect("no fault"));
        }
    }

    pub(crate) async fn last_guest(&mut self) {
        let pass = self.people.passes.len() - 1;
        if !self.oracle.has_opened(self.people.pass(pass).id, Leg::Entry) {
            self.oracle.complain("INV13: nobody gets in when all is over".to_owned());
        }
        self.judge_the_end().await;
        self.end();
    }
}
