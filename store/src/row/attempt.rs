//! Attempts: one command a row.

use domain::attempt::{AskedBy, Occasion, Press, State, Visit, WhyNot};
use domain::{ApiKeyId, Attempt, AttemptId, CodeId, GateId, Leg, Timestamp, UserId};

use crate::sql::{Row, Tx, sql};
use crate::{Fault, Result};

pub(crate) fn attempt_of(row: &Row) -> Result<Attempt> {
    let id = row.parsed("id", AttemptId::parse)?;
    let word: String = row.take("state")?;
    let (sent, settled) = (row.moment_if_any("sent_at")?, row.moment_if_any("settled_at")?);
    let why = row.parsed_if_any("why", |word| WhyNot::parse(word).ok_or("no reason of ours"))?;
    let state = match (word.as_str(), sent, settled, why) {
        ("pending", None, None, None) => State::Pending,
        ("sent", Some(at), None, None) => State::Sent { at },
        ("executed", Some(_), Some(at), None) => State::Executed { at },
        ("not_executed", _, Some(at), Some(why)) => State::NotExecuted { at, why },
        _ => return Err(Fault::corrupt("attempts", id, format!("{word} with these moments"))),
    };
    Ok(Attempt {
        id,
        occasion: occasion_of(row, id)?,
        gate: row.parsed("gate_id", GateId::parse)?,
        epoch: super::number(row, "epoch")?,
        reserved_at: row.moment("reserved_at")?,
        deadline: row.moment("deadline_at")?,
        state,
    })
}

fn occasion_of(row: &Row, id: AttemptId) -> Result<Occasion> {
    let code = row.parsed_if_any("code_id", CodeId::parse)?;
    let leg = row.parsed_if_any("leg", leg_from)?;
    let asked_by = row.parsed_if_any("asked_by", asked_by_from)?;
    let user = row.parsed_if_any("opened_by", UserId::parse)?;
    let api_key = row.parsed_if_any("api_key_id", ApiKeyId::parse)?;
    match (code, leg, asked_by, user, api_key) {
        (Some(code), Some(leg), Some(asked_by), None, None) => {
            Ok(Occasion::Visit(Visit { code, leg, asked_by }))
        }
        (None, None, None, Some(user), api_key) => Ok(Occasion::Press(Press { user, api_key })),
        _ => Err(Fault::corrupt("attempts", id, "neither a visit nor a press")),
    }
}

/// Writes down a command that was just made; `key` names the press that made it.
pub(crate) async fn add_attempt(tx: &mut Tx, attempt: &Attempt, key: &str) -> Result<()> {
    let (visit, press) = (attempt.visit(), attempt.press());
    sql("INSERT INTO attempts (id, code_id, leg, asked_by, opened_by, api_key_id, request_key,
                               gate_id, epoch, reserved_at, deadline_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending')")
    .bind(attempt.id)
    .bind(visit.map(|visit| visit.code))
    .bind(visit.map(|visit| leg_word(visit.leg)))
    .bind(visit.map(|visit| asked_by_word(visit.asked_by)))
    .bind(press.map(|press| press.user))
    .bind(press.and_then(|press| press.api_key))
    .bind(key)
    .bind(attempt.gate)
    .bind(i64::try_from(attempt.epoch).unwrap_or(i64::MAX))
    .bind(attempt.reserved_at)
    .bind(attempt.deadline)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes how far an attempt is.
pub(crate) async fn save_attempt(tx: &mut Tx, attempt: &Attempt) -> Result<()> {
    let (word, settled, why) = match attempt.state {
        State::Pending => ("pending", None, None),
        State::Sent { .. } => ("sent", None, None),
        State::Executed { at } => ("executed", Some(at), None),
        State::NotExecuted { at, why } => ("not_executed", Some(at), Some(why.as_str())),
    };
    let sent = match attempt.state {
        State::Sent { at } => Some(at),
        State::Pending | State::Executed { .. } | State::NotExecuted { .. } => None,
    };
    sql("UPDATE attempts
         SET state = $2, sent_at = COALESCE($3, sent_at), settled_at = $4, why = $5
         WHERE id = $1")
    .bind(attempt.id)
    .bind(word)
    .bind(sent)
    .bind(settled)
    .bind(why)
    .execute(tx)
    .await?;
    Ok(())
}

/// How the gate's word on a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// As its report on this command.
    Report,
    /// In the ledger of a ready, in a later epoch or after a report that was lost.
    Ledger,
}

/// Moments on a command's way that nothing depends on: told to who asks why a gate did not open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hops {
    /// When its reservation is known to have been committed.
    pub committed_at: Option<Timestamp>,
    /// When it went to the broker; its claim was committed by then.
    pub published_at: Option<Timestamp>,
    /// When the broker confirmed that it had taken it.
    pub taken_at: Option<Timestamp>,
    /// When the gate received it, as the gate says.
    pub received_at: Option<Timestamp>,
    /// When the gate pulsed, as the gate says; none when it held back.
    pub pulsed_at: Option<Timestamp>,
    /// When a sensor saw the gate move, as the gate says.
    pub moved_at: Option<Timestamp>,
    /// When a sensor had waited for that in vain, as the gate says.
    pub still_at: Option<Timestamp>,
}

impl Hops {
    /// What either knows; what this one knows stays.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            committed_at: self.committed_at.or(other.committed_at),
            published_at: self.published_at.or(other.published_at),
            taken_at: self.taken_at.or(other.taken_at),
            received_at: self.received_at.or(other.received_at),
            pulsed_at: self.pulsed_at.or(other.pulsed_at),
            moved_at: self.moved_at.or(other.moved_at),
            still_at: self.still_at.or(other.still_at),
        }
    }
}

/// Where the way to the gate was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutBy {
    /// The bridge started anew, or lost the broker.
    Bridge,
    /// The gate left, or said hello anew.
    Gate,
}

/// Writes which hops are known by now; what was known stays, and nothing new is not written.
pub(crate) async fn save_hops(tx: &mut Tx, id: AttemptId, hops: Hops) -> Result<()> {
    if hops == Hops::default() {
        return Ok(());
    }
    let row = sql("SELECT * FROM attempts WHERE id = $1").bind(id).optional(tx).await?;
    let Some(row) = row else { return Ok(()) };
    let known = hops_of(&row)?;
    let all = known.or(hops);
    if all == known {
        return Ok(());
    }
    sql("UPDATE attempts SET committed_at = $2, published_at = $3, taken_at = $4, received_at = $5,
                             pulsed_at = $6, moved_at = $7, still_at = $8 WHERE id = $1")
    .bind(id)
    .bind(all.committed_at)
    .bind(all.published_at)
    .bind(all.taken_at)
    .bind(all.received_at)
    .bind(all.pulsed_at)
    .bind(all.moved_at)
    .bind(all.still_at)
    .execute(tx)
    .await
    .map(drop)
}

/// Reads them.
pub(crate) fn hops_of(row: &Row) -> Result<Hops> {
    Ok(Hops {
        committed_at: row.moment_if_any("committed_at")?,
        published_at: row.moment_if_any("published_at")?,
        taken_at: row.moment_if_any("taken_at")?,
        received_at: row.moment_if_any("received_at")?,
        pulsed_at: row.moment_if_any("pulsed_at")?,
        moved_at: row.moment_if_any("moved_at")?,
        still_at: row.moment_if_any("still_at")?,
    })
}

/// Writes how the gate's word came.
pub(crate) async fn save_channel(tx: &mut Tx, id: AttemptId, channel: Channel) -> Result<()> {
    let word = match channel {
        Channel::Report => "report",
        Channel::Ledger => "ledger",
    };
    sql("UPDATE attempts SET settled_by = $2 WHERE id = $1")
        .bind(id)
        .bind(word)
        .execute(tx)
        .await?;
    Ok(())
}

/// Reads how the gate's word came.
pub(crate) fn channel_of(row: &Row) -> Result<Option<Channel>> {
    row.parsed_if_any("settled_by", |word| match word {
        "report" => Ok(Channel::Report),
        "ledger" => Ok(Channel::Ledger),
        _ => Err("no channel"),
    })
}

/// Reads where the way was cut.
pub(crate) fn cut_by(row: &Row) -> Result<Option<CutBy>> {
    row.parsed_if_any("cut_by", |word| match word {
        "bridge" => Ok(CutBy::Bridge),
        "gate" => Ok(CutBy::Gate),
        _ => Err("no end of a way"),
    })
}

fn asked_by_word(asked_by: AskedBy) -> &'static str {
    match asked_by {
        AskedBy::Guest => "guest",
        AskedBy::Host => "host",
        AskedBy::HostDespiteEnd => "host_despite_end",
    }
}

fn asked_by_from(word: &str) -> std::result::Result<AskedBy, &'static str> {
    match word {
        "guest" => Ok(AskedBy::Guest),
        "host" => Ok(AskedBy::Host),
        "host_despite_end" => Ok(AskedBy::HostDespiteEnd),
        _ => Err("nobody"),
    }
}

pub(crate) fn leg_word(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "entry",
        Leg::Exit => "exit",
    }
}

pub(crate) fn leg_from(word: &str) -> std::result::Result<Leg, &'static str> {
    match word {
        "entry" => Ok(Leg::Entry),
        "exit" => Ok(Leg::Exit),
        _ => Err("no leg"),
    }
}
