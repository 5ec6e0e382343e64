//! Commands on their way: what is due, claimed, asked about, settled.

use std::sync::Arc;
use std::time::Duration;

use domain::access_code::End;
use domain::attempt::{Evidence, Occasion, Settlement, State};
use domain::event::EventKind;
use domain::permission::{Act, Denied};
use domain::{AccessCode, Attempt, AttemptId, CodeId, GateId, Timestamp, UserId};

use crate::codes::lock_code;
use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::gates::lock_gate;
use crate::intercoms::lock_device;
use crate::presses::{has_right, hold_right, presses_to_cancel};
use crate::row::attempt::{Channel, Hops, attempt_of, save_attempt, save_channel, save_hops};
use crate::row::code::save_code;
use crate::row::device::{gate_with, role_of};
use crate::row::unless_corrupt;
use crate::sql::{Tx, sql};
use crate::vault::Vault;
use crate::{Answer, Inner, Result};

/// How long a gate has to answer before it is asked again.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Attempts at opening gates.
#[derive(Clone)]
pub struct Attempts(pub(crate) Arc<Inner>);

/// What the bridge must do about an attempt now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The attempt.
    pub attempt: Attempt,
    /// What to do.
    pub errand: Errand,
}

/// One of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Claim it, then send it.
    Open,
    /// The right to it was taken away after it was sent: try to stop it.
    Cancel,
    /// Its deadline has passed in silence and its gate is there: ask.
    Query,
}

impl Attempts {
    /// All that is due, oldest first.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<Due>> {
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT a.*, c.revoked_at FROM attempts a
                            LEFT JOIN codes c ON c.id = a.code_id
                            JOIN gates g ON g.id = a.gate_id
                            WHERE a.state = 'pending'
                               OR (a.state = 'sent' AND g.ready_at IS NOT NULL
                                   AND g.hardware_since <= a.epoch
                                   AND (a.deadline_at < $1 OR (c.revoked_at IS NOT NULL
                                        AND a.asked_by <> 'host_despite_end'))
                                   AND (a.asked_at IS NULL OR a.asked_at <= $2))
                            ORDER BY a.reserved_at, a.id LIMIT 256")
            .bind(now)
            .bind(now - ASK_AGAIN)
            .all(tx)
            .await?;
            let mut due = Vec::with_capacity(rows.len());
            for row in rows {
                let Some(attempt) = unless_corrupt(attempt_of(&row))? else { continue };
                let revoked = row.moment_if_any("revoked_at")?.is_some();
                let cancelled = revoked && attempt.ends_with_the_code();
                let errand = match (attempt.state, cancelled) {
                    (State::Pending, _) => Errand::Open,
                    (_, true) => Errand::Cancel,
                    (_, false) => Errand::Query,
                };
                due.push(Due { attempt, errand });
            }
            for attempt in presses_to_cancel(tx, now).await? {
                due.push(Due { attempt, errand: Errand::Cancel });
            }
            Ok(due)
        })
    }

    /// Claims a pending command for publishing. Only after this answers may it go out; none when
    /// it must not: revoked, late, the gate's epoch is another, or who pressed may not open it any
    /// more. Then a leg is free again.
    pub async fn claim(&self, id: AttemptId, now: Timestamp) -> Result<Option<Attempt>> {
        let (vault, hops) = (Arc::clone(&self.0.vault), self.0.ways.of(id));
        in_transaction!(self.0.db, |tx| { claim_one(tx, &vault, id, hops, now).await })
    }

    /// Commands that were sent and may be sent once more: same epoch, still in time.
    pub async fn to_resend(&self, now: Timestamp) -> Result<Vec<Attempt>> {
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT a.*, g.epoch AS gate_epoch, g.ready_at FROM attempts a
                            JOIN gates g ON g.id = a.gate_id
                            LEFT JOIN codes c ON c.id = a.code_id
                            WHERE a.state = 'sent' AND $1 <= a.deadline_at
                              AND (c.revoked_at IS NULL OR a.asked_by = 'host_despite_end')
                            ORDER BY a.reserved_at, a.id LIMIT 256")
            .bind(now)
            .all(tx)
            .await?;
            let mut open = Vec::new();
            for row in rows {
                let Some(attempt) = unless_corrupt(attempt_of(&row))? else { continue };
                let number = crate::row::number(&row, "gate_epoch")?;
                let ready = row.moment_if_any("ready_at")?;
                let ready = ready.map(|_| number);
                if attempt.may_be_resent(ready, now) && has_right(tx, &attempt, now).await? {
                    open.push(attempt);
                }
            }
            Ok(open)
        })
    }

    /// Remembers that the gate was asked about a command, and what is known of its way.
    pub async fn asked(&self, id: AttemptId, now: Timestamp) -> Result<()> {
        let hops = self.0.ways.of(id);
        in_transaction!(self.0.db, |tx| {
            save_hops(tx, id, hops).await?;
            let asked = sql("UPDATE attempts SET asked_at = $2 WHERE id = $1");
            asked.bind(id).bind(now).execute(tx).await.map(drop)
        })
    }

    /// How many commands wait for their end.
    pub async fn unsettled(&self) -> Result<u64> {
        let row = reading!(self.0.db, |tx| {
            let open = "SELECT COUNT(*) AS open FROM attempts WHERE state IN ('pending', 'sent')";
            sql(open).one(tx).await
        })?;
        crate::row::number(&row, "open")
    }

    /// Takes a gate's word on a command. None when there is no such command for this gate.
    pub async fn settle(
        &self,
        gate: GateId,
        id: AttemptId,
        evidence: Evidence,
        now: Timestamp,
    ) -> Result<Option<Settlement>> {
        self.settle_told(gate, id, evidence, Hops::default(), now).await
    }

    /// The same, with the moments that the gate names.
    pub async fn settle_told(
        &self,
        gate: GateId,
        id: AttemptId,
        evidence: Evidence,
        named: Hops,
        now: Timestamp,
    ) -> Result<Option<Settlement>> {
        let (vault, seen) = (Arc::clone(&self.0.vault), self.0.ways.of(id));
        let settled = in_transaction!(self.0.db, |tx| {
            let channel = Channel::Report;
            let settled = settle_one(tx, &vault, gate, id, evidence, channel, now).await?;
            match settled {
                // A first report may come after the answer to a question, and what a sensor saw
                // comes last.
                Some(Settlement::News | Settlement::Known) => {
                    save_hops(tx, id, seen.or(named)).await?;
                }
                Some(Settlement::Contradiction | Settlement::Hearsay) | None => {}
            }
            Ok(settled)
        })?;
        if settled.is_some() {
            self.0.ways.forget(id);
        }
        Ok(settled)
    }

    /// One attempt, for somebody who may see the codes of its intercom; a press, for who pressed
    /// and for the owner of the gate, if it belongs to the past that they are told.
    pub async fn read(
        &self,
        user: UserId,
        id: AttemptId,
        now: Timestamp,
    ) -> Answer<Attempt, Denied> {
        reading!(self.0.db, |tx| {
            let row = sql("SELECT a.*, c.intercom_id, d.told_since FROM attempts a
                           JOIN devices d ON d.id = a.gate_id
                           LEFT JOIN codes c ON c.id = a.code_id WHERE a.id = $1");
            let Some(row) = row.bind(id).optional(tx).await? else {
                return Ok(Err(Denied::Unknown));
            };
            let attempt = attempt_of(&row)?;
            let may = match attempt.occasion {
                Occasion::Visit(_) => {
                    let intercom: String = row.take("intercom_id")?;
                    role_of(tx, &intercom, user, now).await?.may(Act::UseOneTimeAccess)
                }
                Occasion::Press(press) if press.user == user => Ok(()),
                Occasion::Press(_)
                    if row.moment_if_any("told_since")? > Some(attempt.reserved_at) =>
                {
                    Err(Denied::Unknown)
                }
                Occasion::Press(_) => {
                    role_of(tx, &attempt.gate.to_string(), user, now).await?.may(Act::Manage)
                }
            };
            Ok(may.map(|()| attempt))
        })
    }
}

pub(crate) async fn claim_one(
    tx: &mut Tx,
    vault: &Vault,
    id: AttemptId,
    hops: Hops,
    now: Timestamp,
) -> Result<Option<Attempt>> {
    let Some(Held { mut attempt, code }) = lock_attempt(tx, vault, id).await? else {
        return Ok(None);
    };
    if attempt.state != State::Pending {
        return Ok(None);
    }
    let ready = gate_with(tx, attempt.gate).await?.ready(now);
    if let Some(press) = attempt.press() {
        hold_right(tx, attempt.gate, press).await?;
    }
    let revoked = match &code {
        Some(code) => matches!(code.end, Some(End::Revoked { .. })),
        None => !has_right(tx, &attempt, now).await?,
    };
    let claimed = attempt.claim(revoked, ready, now);
    save_attempt(tx, &attempt).await?;
    if claimed.is_err() {
        save_hops(tx, id, hops).await?;
        if let Some((mut code, leg)) = code.zip(attempt.leg()) {
            code.not_opened(leg, id, now);
            save_code(tx, &code).await?;
        }
        record(tx, vault, EventKind::AttemptRefused, about(&attempt), now).await?;
        return Ok(None);
    }
    record(tx, vault, EventKind::AttemptSent, about(&attempt), now).await?;
    Ok(Some(attempt))
}

pub(crate) async fn settle_one(
    tx: &mut Tx,
    vault: &Vault,
    gate: GateId,
    id: AttemptId,
    evidence: Evidence,
    channel: Channel,
    now: Timestamp,
) -> Result<Option<Settlement>> {
    let Some(Held { mut attempt, code }) = lock_attempt(tx, vault, id).await? else {
        return Ok(None);
    };
    if attempt.gate != gate {
        return Ok(None);
    }
    let since = gate_with(tx, gate).await?.hardware_since;
    let settlement = attempt.settle(evidence, since, now);
    let kind = match (settlement, evidence) {
        (Settlement::Known | Settlement::Hearsay, _) => return Ok(Some(settlement)),
        (Settlement::Contradiction, _) => {
            // Told once: whoever carries the gate's word can repeat it without end.
            let note = sql("UPDATE attempts SET contradicted_at = $2
                            WHERE id = $1 AND contradicted_at IS NULL");
            if note.bind(id).bind(now).execute(tx).await? != 0 {
                record(tx, vault, EventKind::AttemptContradicted, about(&attempt), now).await?;
            }
            return Ok(Some(settlement));
        }
        (Settlement::News, Evidence::Executed) => EventKind::AttemptOpened,
        (Settlement::News, Evidence::NotExecuted(_)) => EventKind::AttemptRefused,
    };
    save_attempt(tx, &attempt).await?;
    save_channel(tx, id, channel).await?;
    record(tx, vault, kind, about(&attempt), now).await?;
    if let Some((mut code, leg)) = code.zip(attempt.leg()) {
        match evidence {
            Evidence::Executed if code.opened(leg, id, now) => {
                record(tx, vault, EventKind::PassCompleted, about(&attempt), now).await?;
            }
            Evidence::Executed => {}
            Evidence::NotExecuted(_) => code.not_opened(leg, id, now),
        }
        save_code(tx, &code).await?;
    }
    Ok(Some(settlement))
}

/// An attempt under its lock.
struct Held {
    attempt: Attempt,
    /// The code whose way it is for; a press has none.
    code: Option<AccessCode>,
}

/// Reads an attempt under the lock of its code, or those of its device and gate if it is a press.
async fn lock_attempt(tx: &mut Tx, vault: &Vault, id: AttemptId) -> Result<Option<Held>> {
    // What it is for never changes, so it may be read before the lock.
    let row = sql("SELECT code_id, gate_id FROM attempts WHERE id = $1");
    let Some(row) = row.bind(id).optional(tx).await? else { return Ok(None) };
    let code = if let Some(code) = row.parsed_if_any("code_id", CodeId::parse)? {
        let Some(code) = lock_code(tx, vault, code).await? else { return Ok(None) };
        Some(code)
    } else {
        let gate = row.parsed("gate_id", GateId::parse)?;
        lock_device(tx, &gate.to_string()).await?;
        lock_gate(tx, gate).await?;
        None
    };
    Ok(Some(Held { attempt: attempt_with(tx, id).await?, code }))
}

/// What an event about an attempt is about.
fn about(attempt: &Attempt) -> About {
    let about = About::default().attempt(attempt.id).gate(attempt.gate);
    match attempt.visit() {
        Some(visit) => about.code(visit.code),
        None => about,
    }
}

pub(crate) async fn attempt_with(tx: &mut Tx, id: AttemptId) -> Result<Attempt> {
    attempt_of(&sql("SELECT * FROM attempts WHERE id = $1").bind(id).one(tx).await?)
}

/// Takes back a command that was not sent, under the lock of its code.
pub(crate) async fn withdraw(tx: &mut Tx, mut attempt: Attempt, now: Timestamp) -> Result<()> {
    attempt.withdraw(now);
    save_attempt(tx, &attempt).await
}
