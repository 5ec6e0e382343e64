//! `flussd ca`: which CAs gates believe, and the steps from one CA to the next.
//!
//! A gate believes the CAs that it was told at its enrolment or its last renewal. So the next CA is
//! made known before it signs, and the old one is believed until nobody needs it: each step waits
//! for the slowest gate.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use authority::Authority;
use data_encoding::HEXLOWER;
use domain::{Clock, Dice, Timestamp};
use store::{Behind, Store};

use crate::config::Config;
use crate::data::{Folder, Phase, Step};
use crate::housekeeping::CERTIFICATES_INTERVAL;
use crate::machine::{SystemClock, SystemDice};
use crate::start::open;

/// How long a running flussd may go on as if a step had not been taken: until it looks again, and
/// once more in case that failed.
const UNHEARD: Duration = CERTIFICATES_INTERVAL.saturating_mul(2);

/// Takes a step, when one is asked for, and says where the CAs stand.
pub(crate) async fn run(config: Config, step: Option<Step>, force: bool) -> anyhow::Result<()> {
    let (clock, dice) = (SystemClock::start(), Arc::new(SystemDice));
    let (mut folder, store) = open(&config, &clock, dice.clone()).await?;
    if let Some(step) = step {
        take(step, &folder, &store, force, &*dice, clock.now()).await?;
        folder = Folder::open(&config.data, &config.names_of_broker(), &*dice, clock.now())?;
    }
    let told = report(&folder, &store, clock.now()).await?;
    store.close().await;
    Ok(io::stdout().write_all(told.as_bytes())?)
}

/// Takes the step, unless it was taken before or somebody would be shut out by it.
async fn take(
    step: Step,
    folder: &Folder,
    store: &Store,
    force: bool,
    dice: &dyn Dice,
    now: Timestamp,
) -> anyhow::Result<()> {
    if !folder.phase.awaits(step)? {
        return Ok(());
    }
    if let Some(obstacle) = obstacle(folder.phase, store, now).await?
        && !force
    {
        bail!("not yet: {obstacle} (--force does it all the same)");
    }
    folder.take(step, dice, now)
}

/// What the next step must wait for.
async fn obstacle(phase: Phase, store: &Store, now: Timestamp) -> anyhow::Result<Option<String>> {
    let (at, what) = match phase {
        Phase::Alone => return Ok(None),
        Phase::Added { at } => (at, "know the old CA alone"),
        Phase::Switched { at } => (at, "have a certificate of the old CA"),
    };
    let heard = at + UNHEARD;
    if let Some(Behind { gates, until }) = store.registry().certified_before(heard, now).await? {
        let until = told(until);
        return Ok(Some(format!(
            "gates that may {what}: {gates}; each until it renews, the last until {until}"
        )));
    }
    let is_heard = heard <= now;
    Ok((!is_heard).then(|| format!("a running flussd may not have heard until {}", told(heard))))
}

/// Where the CAs stand and what comes next.
async fn report(folder: &Folder, store: &Store, now: Timestamp) -> anyhow::Result<String> {
    let (other, step) = match folder.phase {
        Phase::Alone => (String::new(), Step::Add),
        Phase::Added { at } => (format!("is believed too, since {}", told(at)), Step::Switch),
        Phase::Switched { at } => {
            (format!("signed until {}, is still believed", told(at)), Step::Drop)
        }
    };
    let mut text = String::new();
    let authorities = &folder.authorities;
    describe(&mut text, &authorities.signing, "signs")?;
    if let Some(ca) = &authorities.other {
        describe(&mut text, ca, &other)?;
    }
    match obstacle(folder.phase, store, now).await? {
        None => writeln!(text, "Next: {step}")?,
        Some(obstacle) => writeln!(text, "Next: {step}, but not yet: {obstacle}")?,
    }
    writeln!(text, "A running flussd follows a step within the hour, and at once on SIGHUP.")?;
    Ok(text)
}

fn describe(text: &mut String, ca: &Authority, what: &str) -> std::fmt::Result {
    let (name, fingerprint) = (ca.name(), HEXLOWER.encode(&ca.fingerprint()));
    let until = told(Timestamp::from_millis(ca.not_after()));
    writeln!(text, "{name}  {what}\n  valid until {until}\n  SHA-256 {fingerprint}")
}

fn told(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests;
