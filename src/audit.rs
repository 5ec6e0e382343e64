//! `flussd audit`: looks the chains through, and writes one down for a dispute.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::bail;
use domain::IntercomId;
use protocol::VerifyingKeys;
use serde_json::json;
use store::{Checkpoint, How, Opening, Store, Verdict, Wrong};

use crate::config::Config;
use crate::machine::{SystemClock, SystemDice};
use crate::start::{open, signing_key};

/// Looks all chains through, or one. A server may run meanwhile. An error when one is bad.
pub(crate) async fn verify(config: Config, intercom: Option<IntercomId>) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (folder, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let keys = VerifyingKeys(vec![signing_key(&folder).verifying_key()]);
    let judged = judge(&store, intercom, &keys).await;
    store.close().await;
    let (mut text, mut bad) = (String::new(), 0);
    for verdict in judged? {
        text.push_str(&told(&verdict));
        bad += usize::from(verdict.wrong.is_some());
    }
    if text.is_empty() {
        "Nothing has been filed yet.\n".clone_into(&mut text);
    }
    io::stdout().write_all(text.as_bytes())?;
    if bad == 0 { Ok(()) } else { bail!("{bad} of the chains cannot be believed as a whole") }
}

async fn judge(
    store: &Store,
    intercom: Option<IntercomId>,
    keys: &VerifyingKeys,
) -> store::Result<Vec<Verdict>> {
    let chains = match intercom {
        Some(intercom) => vec![Some(intercom)],
        None => store.events().chains().await?,
    };
    let mut verdicts = Vec::new();
    for chain in chains {
        let keys = keys.clone();
        let signed = move |checkpoint: &Checkpoint| {
            let Checkpoint { head, kid, sig } = checkpoint;
            keys.check(kid, &head.to_sign(), sig).is_ok()
        };
        verdicts.push(store.events().verify(chain, signed).await?);
    }
    Ok(verdicts)
}

fn told(verdict: &Verdict) -> String {
    let Verdict { intercom, entries, checkpoints, wrong } = verdict;
    let name = name(*intercom);
    let Some(Wrong { entry, event, how }) = wrong else {
        return format!(
            "{name}: {entries} entries as they were, {checkpoints} signed on the way\n"
        );
    };
    let event = event.map(|event| format!(" ({event})")).unwrap_or_default();
    let how = match how {
        How::Missing => "is missing",
        How::Changed => "was changed",
        How::NotAsSigned => "is not what the service signed",
        How::Unsigned => "has a checkpoint that the service did not sign",
    };
    format!("{name}: entry {entry}{event} {how}; what comes from it on proves nothing\n")
}

fn name(intercom: Option<IntercomId>) -> String {
    intercom.map_or_else(|| "everything else".to_owned(), |intercom| intercom.to_string())
}

/// Writes an intercom's story down, one JSON object a line: its entries, then its checkpoints.
pub(crate) async fn export(
    config: Config,
    intercom: IntercomId,
    guests: bool,
) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let written = write(&store, intercom, guests).await;
    store.close().await;
    written
}

async fn write(store: &Store, intercom: IntercomId, guests: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut behind = 0;
    loop {
        let entries = store.events().entries(Some(intercom), behind).await?;
        let Some(last) = entries.last() else { break };
        behind = last.number;
        for entry in &entries {
            let mut line = api::audit::entry(entry);
            if let (Some(_), Some(code)) = (entry.event.commitment, entry.event.code) {
                line["guest"] = guest(store.events().opening(code).await?, guests);
            }
            writeln!(out, "{line}")?;
        }
    }
    for checkpoint in store.events().checkpoints(Some(intercom)).await? {
        writeln!(out, "{}", api::audit::checkpoint(&checkpoint))?;
    }
    Ok(())
}

/// What opens an entry's commitment, for who asked for it.
fn guest(opening: Option<Opening>, shown: bool) -> serde_json::Value {
    match opening {
        None => json!("erased"),
        Some(_) if !shown => json!("kept"),
        Some(Opening { guest, salt }) => {
            let (name, mobile) = (guest.name.as_str(), guest.mobile.reveal());
            json!({ "name": name, "mobile": mobile, "salt": salt.reveal() })
        }
    }
}
