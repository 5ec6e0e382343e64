//! The audit: each intercom's story is a chain in which every entry is bound to all before it, so
//! that none can be changed or left out afterwards without being noticed.
//!
//! What the chain itself cannot show is that it was written anew from somewhere on, all of it. That
//! is what checkpoints are for: the service signs how far a chain has come, and whoever keeps a
//! checkpoint elsewhere can hold the chain against it.

use data_encoding::HEXLOWER;
use domain::{EventId, IntercomId, Timestamp};
use ring::digest::{Context, SHA256};

use crate::database::{in_transaction, reading};
use crate::sql::{Row, Tx, sql};
use crate::{Events, Happened, Result};

/// A chain is signed anew after so many entries, or when its last checkpoint is an hour old.
const ENTRIES_A_CHECKPOINT: i64 = 100;

/// The other measure of [`ENTRIES_A_CHECKPOINT`].
const CHECKPOINT_AFTER: std::time::Duration = std::time::Duration::from_hours(1);

/// How many entries are read at once.
const PAGE: i64 = 1000;

/// How far a chain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many entries it has.
    pub entries: i64,
    /// The link of the last one.
    pub head: [u8; 32],
}

/// How far a chain had come, in the words that the service signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose chain; none is that of all that belongs to no intercom.
    pub intercom: Option<IntercomId>,
    /// How far it has come.
    pub chain: Chain,
    /// When that was looked at.
    pub at: Timestamp,
}

/// A head with the service's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// What is signed.
    pub head: Head,
    /// Names the key.
    pub kid: String,
    /// The signature over [`Head::to_sign`].
    pub sig: String,
}

/// One entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1 on.
    pub number: i64,
    /// Its place in the feed.
    pub position: i64,
    /// What happened.
    pub event: Happened,
    /// Binds it to all entries before it.
    pub link: [u8; 32],
}

/// What became of looking a chain through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose chain.
    pub intercom: Option<IntercomId>,
    /// How many entries it should have.
    pub entries: i64,
    /// How many checkpoints were held against it.
    pub checkpoints: usize,
    /// The first thing that is wrong with it.
    pub wrong: Option<Wrong>,
}

/// What is wrong with a chain, and from which entry on it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The number of the first bad entry.
    pub entry: i64,
    /// Its event, if there is one.
    pub event: Option<EventId>,
    /// In which way it is bad.
    pub how: How,
}

/// In which way an entry is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is not there.
    Missing,
    /// It does not say what was chained.
    Changed,
    /// It is not what the service signed.
    NotAsSigned,
    /// The service did not sign this checkpoint.
    Unsigned,
}

impl Chain {
    /// A chain as it stands; one without entries is empty.
    pub(crate) async fn of(tx: &mut Tx, intercom: Option<IntercomId>) -> Result<Self> {
        let row = sql("SELECT entries, head FROM chains WHERE intercom_id = $1");
        match row.bind(key(intercom)).optional(tx).await? {
            Some(row) => Self::read(&row),
            None => Ok(Self { entries: 0, head: [0; 32] }),
        }
    }

    fn read(row: &Row) -> Result<Self> {
        Ok(Self { entries: row.take("entries")?, head: link_in(row, "head")? })
    }

    /// The chain with one entry more.
    pub(crate) fn with(self, event: &Happened, position: i64) -> Self {
        let Happened {
            id,
            at,
            kind,
            actor,
            user,
            device,
            intercom,
            code,
            attempt,
            exception,
            commitment,
        } = event;
        let mut link = Context::new(&SHA256);
        // An entry that commits to a guest has a form of its own, so that none from before reads
        // otherwise now, and no commitment can be taken from an entry or given to one.
        link.update(match commitment {
            None => b"fluss/v1/audit",
            Some(_) => b"fluss/v2/audit",
        });
        link.update(&self.head);
        for field in [
            Some(position.to_string()),
            Some(id.to_string()),
            Some(at.as_millis().to_string()),
            Some(kind.clone()),
            actor.map(|id| id.to_string()),
            user.map(|id| id.to_string()),
            device.clone(),
            intercom.map(|id| id.to_string()),
            code.map(|id| id.to_string()),
            attempt.map(|id| id.to_string()),
            exception.map(|id| id.to_string()),
        ] {
            // Each behind its length, so that no two events read the same; none is no length.
            let length = field.as_ref().map_or(u64::MAX, |field| field.len() as u64);
            link.update(&length.to_be_bytes());
            link.update(field.unwrap_or_default().as_bytes());
        }
        if let Some(commitment) = commitment {
            link.update(&(commitment.len() as u64).to_be_bytes());
            link.update(commitment);
        }
        let mut head = [0; 32];
        head.copy_from_slice(link.finish().as_ref());
        Self { entries: self.entries + 1, head }
    }

    pub(crate) async fn save(self, tx: &mut Tx, intercom: Option<IntercomId>) -> Result<()> {
        sql("INSERT INTO chains (intercom_id, entries, head) VALUES ($1, $2, $3)
             ON CONFLICT (intercom_id)
             DO UPDATE SET entries = excluded.entries, head = excluded.head")
        .bind(key(intercom))
        .bind(self.entries)
        .bind(self.head)
        .execute(tx)
        .await?;
        Ok(())
    }
}

impl Head {
    /// The signed bytes: one line a field.
    pub fn to_sign(&self) -> String {
        let Self { intercom, chain: Chain { entries, head }, at } = self;
        let (whose, head) = (key(*intercom), HEXLOWER.encode(head));
        format!("fluss/v1/checkpoint\n{whose}\n{entries}\n{head}\n{}\n", at.as_millis())
    }
}

impl Events {
    /// The chains that it is time to sign.
    pub async fn to_sign(&self, now: Timestamp) -> Result<Vec<Head>> {
        reading!(self.0.db, |tx| {
            let rows = sql("SELECT c.intercom_id, c.entries, c.head FROM chains c
                LEFT JOIN (SELECT intercom_id, MAX(entries) AS entries, MAX(at) AS at
                           FROM checkpoints GROUP BY intercom_id) AS last
                    ON last.intercom_id = c.intercom_id
                WHERE COALESCE(last.entries, 0) < c.entries
                  AND (COALESCE(last.entries, 0) + $1 <= c.entries
                       OR COALESCE(last.at, 0) <= $2)
                ORDER BY c.intercom_id")
            .bind(ENTRIES_A_CHECKPOINT)
            .bind(now - CHECKPOINT_AFTER)
            .all(tx)
            .await?;
            let head =
                |row: &Row| Ok(Head { intercom: whose(row)?, chain: Chain::read(row)?, at: now });
            rows.iter().map(head).collect()
        })
    }

    /// Keeps what was signed.
    pub async fn keep(&self, checkpoint: Checkpoint) -> Result<()> {
        in_transaction!(self.0.db, |tx| {
            let Checkpoint { head: Head { intercom, chain, at }, kid, sig } = checkpoint;
            sql("INSERT INTO checkpoints (intercom_id, entries, head, at, kid, sig)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")
            .bind(key(intercom))
            .bind(chain.entries)
            .bind(chain.head)
            .bind(at)
            .bind(kid)
            .bind(sig)
            .execute(tx)
            .await
            .map(drop)
        })
    }

    /// Whose chains there are.
    pub async fn chains(&self) -> Result<Vec<Option<IntercomId>>> {
        reading!(self.0.db, |tx| {
            let rows =
                sql("SELECT intercom_id FROM chains UNION SELECT intercom_id FROM checkpoints
                            UNION SELECT COALESCE(intercom_id, '') AS intercom_id FROM events
                                  WHERE entry IS NOT NULL
                            ORDER BY intercom_id")
                .all(tx)
                .await?;
            rows.iter().map(whose).collect()
        })
    }

    /// Entries of a chain behind one, in order, not all at once.
    pub async fn entries(&self, intercom: Option<IntercomId>, behind: i64) -> Result<Vec<Entry>> {
        reading!(self.0.db, |tx| {
            page(tx, intercom, behind).await?.iter().map(Entry::of).collect()
        })
    }

    /// The checkpoints of a chain, in order.
    pub async fn checkpoints(&self, intercom: Option<IntercomId>) -> Result<Vec<Checkpoint>> {
        reading!(self.0.db, |tx| { checkpoints(tx, intercom).await })
    }

    /// Looks a chain through from its first entry on. `signed` tells whether the service signed a
    /// checkpoint.
    pub async fn verify(
        &self,
        intercom: Option<IntercomId>,
        signed: impl Fn(&Checkpoint) -> bool + Send + 'static,
    ) -> Result<Verdict> {
        reading!(self.0.db, |tx| {
            // Read first: what is filed meanwhile comes behind it.
            let kept = Chain::of(tx, intercom).await?;
            let checkpoints = checkpoints(tx, intercom).await?;
            let mut verdict = Verdict {
                intercom,
                entries: kept.entries,
                checkpoints: checkpoints.len(),
                wrong: None,
            };
            let mut signatures = checkpoints.iter().peekable();
            let mut walked = Chain { entries: 0, head: [0; 32] };
            let mut wrong = |entry, event, how| {
                verdict.wrong = Some(Wrong { entry, event, how });
                Ok(verdict.clone())
            };
            // What the service signed counts more than what the database says of itself.
            let end = checkpoints.last().map_or(0, |last| last.head.chain.entries);
            let end = end.max(kept.entries);
            while walked.entries < end {
                let rows = page(tx, intercom, walked.entries).await?;
                if rows.is_empty() {
                    return wrong(walked.entries + 1, None, How::Missing);
                }
                for row in rows {
                    let number = walked.entries + 1;
                    if row.take::<i64>("entry")? != number {
                        return wrong(number, None, How::Missing);
                    }
                    // What no rule of ours could have written was changed, too.
                    let Ok(Entry { event, position, link, .. }) = Entry::of(&row) else {
                        return wrong(number, None, How::Changed);
                    };
                    walked = walked.with(&event, position);
                    let event = Some(event.id);
                    if link != walked.head || (number == kept.entries && link != kept.head) {
                        return wrong(number, event, How::Changed);
                    }
                    let up_to_here = |signed: &&Checkpoint| signed.head.chain.entries <= number;
                    if let Some(checkpoint) = signatures.next_if(up_to_here) {
                        // One of an entry before this, or of none, is not of this chain.
                        let is_here = checkpoint.head.chain.entries == number;
                        if !is_here || !signed(checkpoint) {
                            return wrong(number, event, How::Unsigned);
                        }
                        if checkpoint.head.chain != walked {
                            return wrong(number, event, How::NotAsSigned);
                        }
                    }
                }
            }
            Ok(verdict)
        })
    }
}

impl Entry {
    fn of(row: &Row) -> Result<Self> {
        let (number, position) = (row.take("entry")?, row.take("position")?);
        Ok(Self { number, position, event: Happened::of(row)?, link: link_in(row, "link")? })
    }
}

async fn page(tx: &mut Tx, intercom: Option<IntercomId>, behind: i64) -> Result<Vec<Row>> {
    sql("SELECT * FROM events
                    WHERE COALESCE(intercom_id, '') = $1 AND $2 < entry ORDER BY entry LIMIT $3")
    .bind(key(intercom))
    .bind(behind)
    .bind(PAGE)
    .all(tx)
    .await
}

async fn checkpoints(tx: &mut Tx, intercom: Option<IntercomId>) -> Result<Vec<Checkpoint>> {
    let rows = sql("SELECT * FROM checkpoints WHERE intercom_id = $1 ORDER BY entries");
    let checkpoint = |row: &Row| {
        let head = Head { intercom, chain: Chain::read(row)?, at: row.moment("at")? };
        Ok(Checkpoint { head, kid: row.take("kid")?, sig: row.take("sig")? })
    };
    rows.bind(key(intercom)).all(tx).await?.iter().map(checkpoint).collect()
}

/// How a chain is named in its rows.
fn key(intercom: Option<IntercomId>) -> String {
    intercom.map(|id| id.to_string()).unwrap_or_default()
}

fn whose(row: &Row) -> Result<Option<IntercomId>> {
    let name: String = row.take("intercom_id")?;
    if name.is_empty() { Ok(None) } else { row.parsed("intercom_id", IntercomId::parse).map(Some) }
}

fn link_in(row: &Row, column: &'static str) -> Result<[u8; 32]> {
    let bytes: Vec<u8> = row.take(column)?;
    bytes.try_into().map_err(|_| crate::Fault::corrupt("events", column, "no SHA-256"))
}
