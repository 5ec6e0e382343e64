//! The life of one guest's code: once in, once out, within its time, unless revoked.
//!
//! What is *absent* here: the command at the gate (`attempt`), and who may do it (`permission`).
//! Save the code after a refusal too: a wrong try counts.

use std::time::Duration;

use crate::attempt::{AskedBy, Occasion, Visit};
use crate::gate::{self, Gate};
use crate::secret::Passcode;
use crate::settings::ExitGrace;
use crate::{Attempt, AttemptId, CodeId, GateId, IntercomId, Timestamp};

/// How long a command may travel from its reservation on; the gate never acts later.
pub const TRIGGER_LIFETIME: Duration = Duration::from_secs(8);

/// Wrong digits a link takes before it locks, for the whole life of the link, unless a host allows
/// as many more.
pub const MAX_WRONG_TRIES: u8 = 5;

/// How fresh the scan of the board must be for an entry.
pub const SCAN_LIFETIME: Duration = Duration::from_mins(5);

/// How many attempts one leg may take within [`ATTEMPT_WINDOW`].
pub const MAX_ATTEMPTS: u32 = 6;

/// The window of [`MAX_ATTEMPTS`].
pub const ATTEMPT_WINDOW: Duration = Duration::from_mins(10);

/// How long the digits of an ended code are not given out again at its intercom (O-5f).
pub const DIGITS_REST: Duration = Duration::from_hours(24);

/// How long after its end the guest of a code may still turn to the host.
pub const HELP_LASTS: Duration = Duration::from_hours(24);

/// Generate pressed again by the same person for the same mobile within this is a double tap
/// (O-5a).
pub const DOUBLE_TAP: Duration = Duration::from_secs(10);

/// The way a guest is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leg {
    /// In; needs the scan of the board.
    Entry,
    /// Out, after the entry; needs no scan (X16).
    Exit,
}

/// How far one leg of a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegState {
    /// Not used, nothing under way.
    Free,
    /// A command is under way, or its fate is not known yet.
    Reserved(AttemptId),
    /// The gate reported the opening.
    Used {
        /// The attempt that opened.
        attempt: AttemptId,
        /// When the service heard of it.
        at: Timestamp,
    },
}

/// How a code ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Somebody permitted revoked it. Final (E05).
    Revoked {
        /// When the revoke committed: nothing new can start from here on.
        at: Timestamp,
        /// After this no pulse can happen any more, unless a host lets out who is inside.
        effective_at: Timestamp,
    },
    /// The guest has been in and out.
    Completed {
        /// When the exit was reported.
        at: Timestamp,
    },
    /// Its time was seen to be over, and its digits may be given out again: whatever a clock says
    /// later, it stays ended.
    Expired {
        /// When its time was over.
        at: Timestamp,
    },
}

/// What protects the digits: tries are counted at the link, so that only its holder can spend
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkGuard {
    /// Wrong digits since the last right ones.
    pub wrong_tries: u8,
    /// Before this moment no digits are looked at.
    pub wait_until: Option<Timestamp>,
    /// Set when the tries are spent; even the right digits are refused then.
    pub locked_at: Option<Timestamp>,
}

/// One guest's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessCode {
    /// Which code.
    pub id: CodeId,
    /// The intercom it was issued for.
    pub intercom: IntercomId,
    /// The four digits.
    pub passcode: Passcode,
    /// Since when it holds.
    pub issued_at: Timestamp,
    /// It holds while `now < expires_at`; fixed when it was issued (B17).
    pub expires_at: Timestamp,
    /// For how long after that who is inside may still leave; fixed as well.
    pub exit_grace: ExitGrace,
    /// Tries at the digits.
    pub guard: LinkGuard,
    /// The way in.
    pub entry: LegState,
    /// The way out.
    pub exit: LegState,
    /// Set when it ended before its time.
    pub end: Option<End>,
}

/// Where a code stands now, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody came yet.
    Issued,
    /// The entry gate was asked to open.
    Entering,
    /// The guest is inside.
    Inside {
        /// Since when.
        since: Timestamp,
    },
    /// The exit gate was asked to open.
    Leaving {
        /// Inside since when.
        since: Timestamp,
    },
    /// Its time is over, and the guest is inside and may still leave (G-15).
    InGrace {
        /// Inside since when.
        since: Timestamp,
        /// Until when the way out stays open.
        until: Timestamp,
    },
    /// In and out: done.
    Completed {
        /// When the guest left.
        at: Timestamp,
    },
    /// Its time is over.
    Expired {
        /// When it ended.
        at: Timestamp,
        /// Whether the guest went in and never out (G-19).
        inside: bool,
    },
    /// Taken back by the host.
    Revoked {
        /// When.
        at: Timestamp,
        /// Whether the guest went in and never out.
        inside: bool,
    },
}

/// What the guest shows when asking for a gate.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// In or out.
    pub leg: Leg,
    /// The digits as typed.
    pub typed: &'a Passcode,
    /// The board that was scanned at most [`SCAN_LIFETIME`] ago, if any.
    pub scanned: Option<IntercomId>,
    /// Attempts on this leg within [`ATTEMPT_WINDOW`].
    pub recent_attempts: u32,
}

/// The gate that the settings name now, and how busy it is.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The gate.
    pub gate: Gate,
    /// Its commands that wait for an answer.
    pub unsettled: u32,
    /// What it was told to do since the oldest of those that may have reached it.
    pub since_unsettled: u32,
}

impl Target {
    /// The epoch in which the gate would act on one more command now, if it can be reached.
    pub fn reachable(&self, now: Timestamp) -> Option<u64> {
        let ledger_reaches_back = self.unsettled < gate::MAX_UNSETTLED
            && self.since_unsettled < gate::MAX_SINCE_UNSETTLED;
        self.gate.ready(now).filter(|_| ledger_reaches_back)
    }
}

/// Why a guest is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The host took the code back.
    #[error("the host has cancelled this pass")]
    Revoked,
    /// Its time is over.
    #[error("the pass has expired")]
    Expired,
    /// This way was used already.
    #[error("the pass has been used for this way already")]
    Used,
    /// Out before in.
    #[error("the pass has not been used to enter yet")]
    NotEnteredYet,
    /// A command for this leg is under way.
    #[error("the pass is being used right now")]
    AlreadyOpening,
    /// The board was not scanned, or too long ago.
    #[error("the board at the gate must be scanned first")]
    ScanRequired,
    /// The board of another intercom was scanned.
    #[error("the pass is for another gate")]
    WrongIntercom,
    /// Too many wrong digits; only the host can help.
    #[error("too many wrong codes: the link is locked")]
    LinkLocked,
    /// A pause after wrong digits; no digits are looked at before its end.
    #[error("wait before the next try")]
    Wait {
        /// The end of the pause.
        until: Timestamp,
    },
    /// The digits are wrong.
    #[error("the code is wrong")]
    WrongCode {
        /// How many tries are left.
        tries_left: u8,
    },
    /// Too many attempts on this leg within a short time.
    #[error("too many attempts")]
    TooManyAttempts,
    /// The gate cannot be reached; nothing is used up.
    #[error("the gate is not reachable right now; the pass is not used")]
    GateOffline,
    /// A gate of the settings is not the intercom's owner's any more; nothing is used up (O-8b).
    #[error("the host must choose the gate anew; the pass is not used")]
    Suspended,
}

impl Refusal {
    /// The word by which the database and the API know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "pass_revoked",
            Self::Expired => "pass_expired",
            Self::Used => "pass_used",
            Self::NotEnteredYet => "not_entered_yet",
            Self::AlreadyOpening => "already_opening",
            Self::ScanRequired => "scan_required",
            Self::WrongIntercom => "wrong_intercom",
            Self::LinkLocked => "link_locked",
            Self::Wait { .. } => "code_wait",
            Self::WrongCode { .. } => "code_wrong",
            Self::TooManyAttempts => "too_many_requests",
            Self::GateOffline => "gate_offline",
            Self::Suspended => "pass_suspended",
        }
    }
}

/// What a revoke did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Nothing was under way: no pulse can happen from now on.
    Clean,
    /// A command had been created and not sent; it never will be.
    Withdrawn(AttemptId),
    /// A command is on the wire; a cancel goes after it, and it dies by itself at the latest at
    /// `effective_at`.
    Cancelling(AttemptId),
    /// It was revoked before; nothing changes (O-7a).
    Again,
}

/// Why nothing is changed about a code: it is not active any more (E03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotActive {
    /// It was revoked before.
    #[error("the code has been revoked")]
    Revoked,
    /// Its time was over before.
    #[error("the code has expired")]
    Expired,
    /// The guest has been in and out.
    #[error("the code has been used up")]
    Completed,
}

impl AccessCode {
    /// A fresh code.
    pub fn issue(
        id: CodeId,
        intercom: IntercomId,
        passcode: Passcode,
        valid_for: Duration,
        exit_grace: ExitGrace,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            intercom,
            passcode,
            issued_at: now,
            expires_at: now + valid_for,
            exit_grace,
            guard: LinkGuard::default(),
            entry: LegState::Free,
            exit: LegState::Free,
            end: None,
        }
    }

    /// Reserves a leg and makes the command for the gate, or says why not.
    ///
    /// The pass is not used by this: only the gate's own report uses it.
    pub fn redeem(
        &mut self,
        request: &Request<'_>,
        target: Option<Target>,
        attempt: AttemptId,
        now: Timestamp,
    ) -> Result<Attempt, Refusal> {
        self.must_hold(request.leg, now)?;
        self.must_be_next(request.leg)?;
        self.must_be_at_the_board(request)?;
        if MAX_ATTEMPTS <= request.recent_attempts {
            return Err(Refusal::TooManyAttempts);
        }
        let (gate, epoch) = reachable(target, now)?;
        self.must_know_the_digits(request.typed, now)?;
        *self.leg_mut(request.leg) = LegState::Reserved(attempt);
        let occasion = self.occasion(request.leg, AskedBy::Guest);
        Ok(Attempt::reserved(attempt, occasion, gate, epoch, now))
    }

    /// The same on the host's word, who vouches for the guest: without digits, board or pause. Who
    /// is inside can be let out though the code has ended (O-10); nobody gets in with such a code.
    /// `recent_attempts` are those of the host.
    pub fn vouch(
        &mut self,
        leg: Leg,
        recent_attempts: u32,
        target: Option<Target>,
        attempt: AttemptId,
        now: Timestamp,
    ) -> Result<Attempt, Refusal> {
        let asked_by = self.may_be_vouched_for(leg, now)?;
        if MAX_ATTEMPTS <= recent_attempts {
            return Err(Refusal::TooManyAttempts);
        }
        let (gate, epoch) = reachable(target, now)?;
        *self.leg_mut(leg) = LegState::Reserved(attempt);
        Ok(Attempt::reserved(attempt, self.occasion(leg, asked_by), gate, epoch, now))
    }

    /// The way that a host's word could open now, if its gate is there.
    pub fn way_on_hosts_word(&self, now: Timestamp) -> Option<Leg> {
        let ways = [Leg::Entry, Leg::Exit];
        ways.into_iter().find(|leg| self.may_be_vouched_for(*leg, now).is_ok())
    }

    /// Takes the code back. `in_flight` is the attempt that holds a leg reserved, if any; its own
    /// [`Attempt::withdraw`] must be called when it is [`Revocation::Withdrawn`].
    pub fn revoke(
        &mut self,
        in_flight: Option<&Attempt>,
        now: Timestamp,
    ) -> Result<Revocation, NotActive> {
        match self.end {
            Some(End::Revoked { .. }) => return Ok(Revocation::Again),
            Some(End::Completed { .. }) => return Err(NotActive::Completed),
            Some(End::Expired { .. }) | None => {}
        }
        // Within its grace it still opens the way out, so it can be taken back until then.
        if !self.still_opens(now) {
            return Err(NotActive::Expired);
        }
        // The caller read the clock before it had the code for itself; what happened meanwhile
        // happened before the revoke.
        let now = self.last_used_at().into_iter().fold(now, Timestamp::max);
        let (effective_at, revocation) = match in_flight {
            None => (now, Revocation::Clean),
            // The whole life of a command, not its deadline: true however clocks are set between.
            Some(attempt) if attempt.is_on_the_wire() => {
                (now + TRIGGER_LIFETIME, Revocation::Cancelling(attempt.id))
            }
            Some(attempt) => (now, Revocation::Withdrawn(attempt.id)),
        };
        self.end = Some(End::Revoked { at: now, effective_at });
        Ok(revocation)
    }

    /// Gives a locked link as many tries again; says whether it was locked, so that a second tap
    /// gives none (G-7).
    pub fn allow_more(&mut self, now: Timestamp) -> Result<bool, NotActive> {
        match self.end {
            Some(End::Revoked { .. }) => return Err(NotActive::Revoked),
            Some(End::Completed { .. }) => return Err(NotActive::Completed),
            Some(End::Expired { .. }) | None => {}
        }
        if !self.still_opens(now) {
            return Err(NotActive::Expired);
        }
        let was_locked = self.guard.locked_at.is_some();
        if was_locked {
            self.guard = LinkGuard::default();
        }
        Ok(was_locked)
    }

    /// The gate opened for this attempt: the leg is used. Says whether that completed the code.
    pub fn opened(&mut self, leg: Leg, attempt: AttemptId, now: Timestamp) -> bool {
        if *self.leg(leg) != LegState::Reserved(attempt) {
            return false;
        }
        *self.leg_mut(leg) = LegState::Used { attempt, at: now };
        let lived = matches!(self.end, None | Some(End::Expired { .. }));
        let completed = leg == Leg::Exit && lived;
        if completed {
            self.end = Some(End::Completed { at: now });
        }
        completed
    }

    /// The gate did not open for this attempt and never will: the leg is free again.
    pub fn not_opened(&mut self, leg: Leg, attempt: AttemptId, now: Timestamp) {
        if *self.leg(leg) != LegState::Reserved(attempt) {
            return;
        }
        *self.leg_mut(leg) = LegState::Free;
        if let Some(End::Revoked { at, effective_at }) = &mut self.end {
            *effective_at = now.clamp(*at, *effective_at);
        }
    }

    /// Whether it holds a slot and can be used or revoked.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.end.is_none() && now < self.expires_at
    }

    /// Whether it may still open a gate: while it is active, and the way out within its grace.
    pub fn still_opens(&self, now: Timestamp) -> bool {
        self.is_active(now) || self.is_in_grace(now)
    }

    /// Whether its guest may still turn to the host: for some time after its end, too.
    pub fn may_ask_for_help(&self, now: Timestamp) -> bool {
        let ended_at = match self.end {
            Some(End::Revoked { at, .. } | End::Completed { at }) => at,
            Some(End::Expired { .. }) | None => self.exit_until(),
        };
        now < ended_at + HELP_LASTS
    }

    /// Where it stands, in one word.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let since = match self.entry {
            LegState::Used { at, .. } => Some(at),
            LegState::Free | LegState::Reserved(_) => None,
        };
        let inside = since.is_some() && !matches!(self.exit, LegState::Used { .. });
        match (self.end, since, self.entry, self.exit) {
            (Some(End::Revoked { at, .. }), ..) => Standing::Revoked { at, inside },
            (Some(End::Completed { at }), ..) => Standing::Completed { at },
            (_, Some(since), ..) if self.is_in_grace(now) => {
                Standing::InGrace { since, until: self.exit_until() }
            }
            (Some(End::Expired { at }), ..) => Standing::Expired { at, inside },
            (None, ..) if self.expires_at <= now => {
                Standing::Expired { at: self.expires_at, inside }
            }
            (None, Some(since), _, LegState::Reserved(_)) => Standing::Leaving { since },
            (None, Some(since), _, LegState::Free | LegState::Used { .. }) => {
                Standing::Inside { since }
            }
            (None, None, LegState::Reserved(_), _) => Standing::Entering,
            (None, None, LegState::Free | LegState::Used { .. }, _) => Standing::Issued,
        }
    }

    /// How far this way is.
    pub fn leg(&self, leg: Leg) -> &LegState {
        match leg {
            Leg::Entry => &self.entry,
            Leg::Exit => &self.exit,
        }
    }

    /// The attempt that holds a leg reserved; there is at most one, because out comes after in.
    pub fn reserved_attempt(&self) -> Option<AttemptId> {
        match (self.entry, self.exit) {
            (LegState::Reserved(attempt), _) | (_, LegState::Reserved(attempt)) => Some(attempt),
            (LegState::Free | LegState::Used { .. }, LegState::Free | LegState::Used { .. }) => {
                None
            }
        }
    }

    fn leg_mut(&mut self, leg: Leg) -> &mut LegState {
        match leg {
            Leg::Entry => &mut self.entry,
            Leg::Exit => &mut self.exit,
        }
    }

    fn occasion(&self, leg: Leg, asked_by: AskedBy) -> Occasion {
        Occasion::Visit(Visit { code: self.id, leg, asked_by })
    }

    fn last_used_at(&self) -> Option<Timestamp> {
        let used_at = |leg: &LegState| match leg {
            LegState::Used { at, .. } => Some(*at),
            LegState::Free | LegState::Reserved(_) => None,
        };
        used_at(&self.entry).max(used_at(&self.exit))
    }

    fn may_be_vouched_for(&self, leg: Leg, now: Timestamp) -> Result<AskedBy, Refusal> {
        let asked_by = match (self.must_hold(leg, now), leg) {
            (Ok(()), Leg::Entry | Leg::Exit) => AskedBy::Host,
            (Err(Refusal::Revoked | Refusal::Expired), Leg::Exit) => AskedBy::HostDespiteEnd,
            (Err(refusal), Leg::Entry | Leg::Exit) => return Err(refusal),
        };
        self.must_be_next(leg)?;
        Ok(asked_by)
    }

    fn must_hold(&self, leg: Leg, now: Timestamp) -> Result<(), Refusal> {
        match (self.end, leg) {
            (Some(End::Revoked { .. }), _) => Err(Refusal::Revoked),
            (Some(End::Completed { .. }), _) => Err(Refusal::Used),
            (None, _) if now < self.expires_at => Ok(()),
            (None | Some(End::Expired { .. }), Leg::Exit) if self.is_in_grace(now) => Ok(()),
            (None | Some(End::Expired { .. }), _) => Err(Refusal::Expired),
        }
    }

    fn must_be_next(&self, leg: Leg) -> Result<(), Refusal> {
        match (leg, self.entry, self.exit) {
            (Leg::Entry, LegState::Free, _)
            | (Leg::Exit, LegState::Used { .. }, LegState::Free) => Ok(()),
            (Leg::Entry, LegState::Reserved(_), _)
            | (Leg::Exit, LegState::Used { .. }, LegState::Reserved(_)) => {
                Err(Refusal::AlreadyOpening)
            }
            (Leg::Entry, LegState::Used { .. }, _)
            | (Leg::Exit, LegState::Used { .. }, LegState::Used { .. }) => Err(Refusal::Used),
            (Leg::Exit, LegState::Free | LegState::Reserved(_), _) => Err(Refusal::NotEnteredYet),
        }
    }

    fn must_be_at_the_board(&self, request: &Request<'_>) -> Result<(), Refusal> {
        match (request.leg, request.scanned) {
            (Leg::Exit, None) => Ok(()),
            (Leg::Entry, None) => Err(Refusal::ScanRequired),
            (Leg::Entry | Leg::Exit, Some(board)) if board == self.intercom => Ok(()),
            (Leg::Entry | Leg::Exit, Some(_)) => Err(Refusal::WrongIntercom),
        }
    }

    fn must_know_the_digits(&mut self, typed: &Passcode, now: Timestamp) -> Result<(), Refusal> {
        if self.guard.locked_at.is_some() {
            return Err(Refusal::LinkLocked);
        }
        if let Some(until) = self.guard.wait_until.filter(|until| now < *until) {
            return Err(Refusal::Wait { until });
        }
        if self.passcode.matches(typed) {
            self.guard = LinkGuard::default();
            return Ok(());
        }
        self.guard.wrong_tries += 1;
        let tries_left = MAX_WRONG_TRIES.saturating_sub(self.guard.wrong_tries);
        self.guard.wait_until = match tries_left {
            2 => Some(now + Duration::from_secs(5)),
            1 => Some(now + Duration::from_secs(15)),
            _ => None,
        };
        if tries_left == 0 {
            self.guard.locked_at = Some(now);
        }
        Err(Refusal::WrongCode { tries_left })
    }
}

fn reachable(target: Option<Target>, now: Timestamp) -> Result<(GateId, u64), Refusal> {
    let target = target.ok_or(Refusal::Suspended)?;
    let epoch = target.reachable(now).ok_or(Refusal::GateOffline)?;
    Ok((target.gate.id, epoch))
}
