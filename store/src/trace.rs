//! What is known of attempts, for who must find out why a gate did not open. Ids and moments only.

use domain::gate::Gate;
use domain::{Attempt, AttemptId, CodeId, Leg, Timestamp, UserId};

use crate::database::reading;
use crate::row::attempt::{
    Channel, CutBy, Hops, attempt_of, channel_of, cut_by, hops_of, leg_from,
};
use crate::row::device::gate_with;
use crate::sql::{Row, Tx, sql};
use crate::{Events, Result};

/// How many attempts of one code are told: the last ones.
const LONGEST_TRACE: u32 = 100;

/// All that is known of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The attempt as it stands.
    pub attempt: Attempt,
    /// Who asked for it, when it was not the guest: a host, or whoever pressed.
    pub host: Option<UserId>,
    /// When the bridge claimed it, whatever became of it since.
    pub claimed_at: Option<Timestamp>,
    /// Moments on its way that are known.
    pub hops: Hops,
    /// When the way to the gate was first cut while it was open, and at which end.
    pub cut: Option<(Timestamp, CutBy)>,
    /// When the gate was last asked about it: a query, or a cancel.
    pub asked_at: Option<Timestamp>,
    /// How the gate's word on it came, if it was the gate that settled it.
    pub channel: Option<Channel>,
    /// When the gate first said the opposite of what it had said before.
    pub contradicted_at: Option<Timestamp>,
    /// When its code was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// The gate as it stands now.
    pub gate: Gate,
}

/// What is known of the attempts of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The oldest first.
    pub attempts: Vec<Trace>,
    /// The last tap that was refused, and so made no attempt.
    pub refused: Option<RefusedTap>,
}

/// A tap that made no attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTap {
    /// When.
    pub at: Timestamp,
    /// In or out.
    pub leg: Leg,
    /// The word of its [`Refusal`](domain::access_code::Refusal).
    pub why: String,
}

impl Events {
    /// What is known of one attempt; for operators, who may see all.
    pub async fn trace(&self, id: AttemptId) -> Result<Option<Trace>> {
        reading!(self.0.db, |tx| {
            let row = sql("SELECT a.*, c.revoked_at FROM attempts a
                           LEFT JOIN codes c ON c.id = a.code_id WHERE a.id = $1");
            let Some(row) = row.bind(id).optional(tx).await? else { return Ok(None) };
            trace_of(tx, &row).await.map(Some)
        })
    }

    /// What is known of all attempts of one code, and of the last tap that made none.
    pub async fn traces(&self, code: CodeId) -> Result<Option<Traced>> {
        reading!(self.0.db, |tx| {
            let row = sql("SELECT refused_at, refused_leg, refused_why FROM codes WHERE id = $1");
            let Some(row) = row.bind(code).optional(tx).await? else { return Ok(None) };
            let refused = refused_tap(&row)?;
            let rows = sql("SELECT a.*, c.revoked_at FROM attempts a
                            JOIN codes c ON c.id = a.code_id WHERE a.code_id = $1
                            ORDER BY a.reserved_at DESC, a.id DESC LIMIT $2");
            let mut attempts = Vec::new();
            for row in rows.bind(code).bind(LONGEST_TRACE).all(tx).await? {
                attempts.push(trace_of(tx, &row).await?);
            }
            attempts.reverse();
            Ok(Some(Traced { attempts, refused }))
        })
    }
}

async fn trace_of(tx: &mut Tx, row: &Row) -> Result<Trace> {
    let attempt = attempt_of(row)?;
    // By the code, or by the gate: so an index finds it.
    let reserved = match attempt.visit() {
        Some(visit) => sql("SELECT actor_id FROM events
                            WHERE code_id = $1 AND attempt_id = $2 AND kind = 'attempt.reserved'")
        .bind(visit.code),
        None => sql("SELECT actor_id FROM events
                     WHERE device_id = $1 AND attempt_id = $2 AND kind = 'attempt.reserved'")
        .bind(attempt.gate),
    };
    let host = match reserved.bind(attempt.id).optional(tx).await? {
        Some(reserved) => reserved.parsed_if_any("actor_id", UserId::parse)?,
        None => None,
    };
    Ok(Trace {
        host,
        claimed_at: row.moment_if_any("sent_at")?,
        hops: hops_of(row)?,
        cut: row.moment_if_any("cut_at")?.zip(cut_by(row)?),
        asked_at: row.moment_if_any("asked_at")?,
        channel: channel_of(row)?,
        contradicted_at: row.moment_if_any("contradicted_at")?,
        revoked_at: row.moment_if_any("revoked_at")?,
        gate: gate_with(tx, attempt.gate).await?,
        attempt,
    })
}

fn refused_tap(row: &Row) -> Result<Option<RefusedTap>> {
    let at = row.moment_if_any("refused_at")?;
    let leg = row.parsed_if_any("refused_leg", leg_from)?;
    let why: Option<String> = row.take("refused_why")?;
    Ok(at.zip(leg).zip(why).map(|((at, leg), why)| RefusedTap { at, leg, why }))
}
