//! A gate's conversation with the service: hello, ready, gone.

use std::sync::Arc;

use domain::attempt::Settlement;
use domain::event::EventKind;
use domain::gate::{Gate, PulseGap};
use domain::visit::GATE_COMES_BACK;
use domain::{AttemptId, GateId, Timestamp};

use crate::attempts::{claim_one, settle_one};
use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::intercoms::lock_device;
use crate::row::attempt::{Channel, attempt_of, save_hops};
use crate::row::device::{gate_of, pulse_gap};
use crate::sql::{Row, Sql, Tx, sql};
use crate::vault::Vault;
use crate::ways::Ways;
use crate::{Inner, Result};

/// What a gate's hello began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The gate's epoch from here on.
    pub epoch: u64,
    /// The least time between two pulses in this epoch.
    pub pulse_gap: PulseGap,
    /// Whether it raised the epoch; not when the same hello had been heard before.
    pub is_news: bool,
}

/// Gates as the bridge knows them.
#[derive(Clone)]
pub struct Gates(pub(crate) Arc<Inner>);

impl Gates {
    /// Raises the gate's epoch for a new hello; none when there is no such gate, or it is barred.
    ///
    /// Commands of the older epoch are dead from here on. The same hello twice (QoS 1) raises
    /// it once.
    pub async fn hello(
        &self,
        gate: GateId,
        nonce: [u8; 16],
        firmware: String,
        now: Timestamp,
    ) -> Result<Option<Raised>> {
        let (vault, ways) = (Arc::clone(&self.0.vault), Arc::clone(&self.0.ways));
        in_transaction!(self.0.db, |tx| {
            let Some(row) = lock_gate(tx, gate).await? else { return Ok(None) };
            let before = gate_of(&row)?;
            if before.barred.is_some() {
                return Ok(None);
            }
            if nonce_of(&row)? == Some(nonce) {
                let pulse_gap = pulse_gap(&row, "told_gap_ms")?;
                return Ok(Some(Raised { epoch: before.epoch, pulse_gap, is_news: false }));
            }
            sql("UPDATE gates SET epoch = epoch + 1, hello_nonce = $2, hello_at = $3,
                                  ready_at = NULL, firmware = $4, told_gap_ms = pulse_gap_ms,
                                  missed_from = COALESCE(missed_from, $5)
                 WHERE id = $1")
            .bind(gate)
            .bind(nonce)
            .bind(now)
            .bind(firmware)
            .bind(now + GATE_COMES_BACK)
            .execute(tx)
            .await?;
            cut_by_gate(tx, &ways, gate, now).await?;
            if before.ready_at.is_some() {
                record(tx, &vault, EventKind::GateOffline, About::default().gate(gate), now)
                    .await?;
            }
            let Gate { epoch, pulse_gap, .. } = before;
            Ok(Some(Raised { epoch: epoch + 1, pulse_gap, is_news: true }))
        })
    }

    /// The gate adopted its epoch: it can be opened, and its ledger settles what is open from
    /// older epochs. A ready that does not belong to the last hello is ignored, as is one of a
    /// gate that is barred.
    pub async fn ready(
        &self,
        gate: GateId,
        nonce: [u8; 16],
        epoch: u64,
        ledger: Vec<AttemptId>,
        now: Timestamp,
    ) -> Result<bool> {
        let (vault, ways) = (Arc::clone(&self.0.vault), Arc::clone(&self.0.ways));
        in_transaction!(self.0.db, |tx| {
            // Presses among what it settles ask for the device's lock, which comes before the gate's.
            lock_device(tx, &gate.to_string()).await?;
            let Some(row) = lock_gate(tx, gate).await? else { return Ok(false) };
            let before = gate_of(&row)?;
            let answers_last_hello = nonce_of(&row)? == Some(nonce) && before.epoch == epoch;
            if before.barred.is_some() || !answers_last_hello {
                return Ok(false);
            }
            let open = sql("SELECT * FROM attempts WHERE gate_id = $1 AND state = 'sent'
                            ORDER BY code_id");
            for row in open.bind(gate).all(tx).await? {
                let attempt = attempt_of(&row)?;
                let in_ledger = ledger.contains(&attempt.id);
                if let Some(evidence) = attempt.evidence_in_ledger(epoch, in_ledger) {
                    let channel = Channel::Ledger;
                    let id = attempt.id;
                    let settled = settle_one(tx, &vault, gate, id, evidence, channel, now).await?;
                    if settled == Some(Settlement::News) {
                        // It may have been sent while the hello came in.
                        save_hops(tx, id, ways.of(id)).await?;
                    }
                }
            }
            let ready = sql("UPDATE gates SET ready_at = $2, missed_from = NULL WHERE id = $1");
            ready.bind(gate).bind(now).execute(tx).await?;
            // What a process that died had not sent yet can be sent no more: its claim fails.
            let unsent = sql("SELECT id FROM attempts
                              WHERE gate_id = $1 AND state = 'pending' AND epoch < $2
                              ORDER BY code_id");
            let epoch = i64::try_from(epoch).unwrap_or(i64::MAX);
            for row in unsent.bind(gate).bind(epoch).all(tx).await? {
                let id = row.parsed("id", AttemptId::parse)?;
                claim_one(tx, &vault, id, ways.of(id), now).await?;
            }
            if before.ready_at.is_none() {
                record(tx, &vault, EventKind::GateOnline, About::default().gate(gate), now).await?;
            }
            Ok(true)
        })
    }

    /// The keys by which a gate may sign what it reports: that of its present certificate, and of
    /// the renewed one that it has not used yet.
    pub async fn keys(&self, gate: GateId, now: Timestamp) -> Result<Vec<Vec<u8>>> {
        reading!(self.0.db, |tx| {
            let keys = sql("SELECT public_key FROM certificates
                            WHERE gate_id = $1 AND revoked_at IS NULL AND $2 < expires_at
                              AND public_key IS NOT NULL");
            let rows = keys.bind(gate).bind(now).all(tx).await?;
            rows.iter().map(|row| row.take("public_key")).collect()
        })
    }

    /// The gates that stand connected and were told another least time between two pulses than
    /// the one that is set.
    pub async fn to_tell(&self) -> Result<Vec<GateId>> {
        reading!(self.0.db, |tx| {
            let unaware = sql("SELECT id FROM gates
                               WHERE pulse_gap_ms <> told_gap_ms AND ready_at IS NOT NULL");
            let rows = unaware.all(tx).await?;
            rows.iter().map(|row| row.parsed("id", GateId::parse)).collect()
        })
    }

    /// The connection whose hello had this nonce is gone; a goodbye of an older one is ignored.
    pub async fn gone(&self, gate: GateId, nonce: [u8; 16], now: Timestamp) -> Result<()> {
        let (vault, ways) = (Arc::clone(&self.0.vault), Arc::clone(&self.0.ways));
        in_transaction!(self.0.db, |tx| {
            let gone = sql("UPDATE gates SET ready_at = NULL, missed_from = $3
                            WHERE id = $1 AND hello_nonce = $2 AND ready_at IS NOT NULL");
            if gone.bind(gate).bind(nonce).bind(now).execute(tx).await? != 0 {
                cut_by_gate(tx, &ways, gate, now).await?;
                record(tx, &vault, EventKind::GateOffline, About::default().gate(gate), now)
                    .await?;
            }
            Ok(())
        })
    }

    /// Takes no gate for ready any more: who is really there was not seen meanwhile. Answers all
    /// gates that have a certificate, so that they can be asked to say hello again; also one whose
    /// very first hello was lost.
    pub async fn forget_who_is_ready(&self, now: Timestamp) -> Result<Vec<GateId>> {
        let ways = Arc::clone(&self.0.ways);
        in_transaction!(self.0.db, |tx| {
            let unseen = sql("UPDATE gates SET ready_at = NULL, missed_from = $1
                              WHERE ready_at IS NOT NULL OR missed_from IS NULL");
            unseen.bind(now + GATE_COMES_BACK).execute(tx).await?;
            let sent = sql("SELECT id FROM attempts WHERE state = 'sent' ORDER BY id");
            keep_ways(tx, &ways, sent).await?;
            let cut = sql("UPDATE attempts SET cut_at = $1, cut_by = 'bridge'
                           WHERE state IN ('pending', 'sent') AND cut_at IS NULL");
            cut.bind(now).execute(tx).await?;
            let enrolled = sql("SELECT id FROM gates WHERE enrolled_at IS NOT NULL ORDER BY id");
            enrolled.all(tx).await?.iter().map(|row| row.parsed("id", GateId::parse)).collect()
        })
    }
}

/// Notes on the gate's open commands that the way to it was cut at its end, for [`Trace`].
///
/// [`Trace`]: crate::Trace
async fn cut_by_gate(tx: &mut Tx, ways: &Ways, gate: GateId, now: Timestamp) -> Result<()> {
    let sent = sql("SELECT id FROM attempts WHERE gate_id = $1 AND state = 'sent' ORDER BY id");
    keep_ways(tx, ways, sent.bind(gate)).await?;
    let cut = sql("UPDATE attempts SET cut_at = $2, cut_by = 'gate'
                   WHERE gate_id = $1 AND state IN ('pending', 'sent') AND cut_at IS NULL");
    cut.bind(gate).bind(now).execute(tx).await.map(drop)
}

/// Writes what is known of the ways of these commands: nobody asks about them while the gate is away.
async fn keep_ways(tx: &mut Tx, ways: &Ways, commands: Sql) -> Result<()> {
    for row in commands.all(tx).await? {
        let id = row.parsed("id", AttemptId::parse)?;
        save_hops(tx, id, ways.of(id)).await?;
    }
    Ok(())
}

/// The gate cannot be opened any more: whatever is pending for it is refused.
pub(crate) async fn close(tx: &mut Tx, vault: &Vault, gate: GateId, now: Timestamp) -> Result<()> {
    let close = sql("UPDATE gates SET ready_at = NULL, missed_from = $2
                     WHERE id = $1 AND ready_at IS NOT NULL");
    if close.bind(gate).bind(now).execute(tx).await? != 0 {
        record(tx, vault, EventKind::GateOffline, About::default().gate(gate), now).await?;
    }
    Ok(())
}

/// Writing first takes the gate's lock.
pub(crate) async fn lock_gate(tx: &mut Tx, gate: GateId) -> Result<Option<Row>> {
    sql("UPDATE gates SET epoch = epoch WHERE id = $1 RETURNING *").bind(gate).optional(tx).await
}

pub(crate) fn nonce_of(row: &Row) -> Result<Option<[u8; 16]>> {
    let nonce: Option<Vec<u8>> = row.take("hello_nonce")?;
    Ok(nonce.and_then(|nonce| nonce.try_into().ok()))
}
