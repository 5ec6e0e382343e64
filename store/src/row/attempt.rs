//! Attempts: one command a row.

use domain::attempt::{AskedBy, State, WhyNot};
use domain::{Attempt, AttemptId, CodeId, GateId, Leg};

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
        code: row.parsed("code_id", CodeId::parse)?,
        leg: row.parsed("leg", leg_from)?,
        gate: row.parsed("gate_id", GateId::parse)?,
        epoch: super::number(row, "epoch")?,
        reserved_at: row.moment("reserved_at")?,
        deadline: row.moment("deadline_at")?,
        asked_by: row.parsed("asked_by", asked_by_from)?,
        state,
    })
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

/// Where the way to the gate was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutBy {
    /// The bridge started anew, or lost the broker.
    Bridge,
    /// The gate left, or said hello anew.
    Gate,
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

pub(crate) fn asked_by_word(asked_by: AskedBy) -> &'static str {
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
