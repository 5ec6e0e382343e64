//! `flussd backup` and `flussd restore`: the SQLite file, there and back.
//!
//! The keys are not in a backup, so that who steals one reads nothing: keep `keys/` elsewhere.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use domain::{Clock, Timestamp};
use store::{Restored, Revived, Store};

use crate::config::Config;
use crate::data::{self, Folder, sync_parent};
use crate::explain::moment;
use crate::machine::{SystemClock, SystemDice};
use crate::start::{keys, open};

/// Writes a copy of the database into a new file. A server may run meanwhile.
pub(crate) async fn back_up(config: Config, file: &Path) -> anyhow::Result<()> {
    database(&config)?;
    let (_, store) = open(&config, &SystemClock::start(), Arc::new(SystemDice)).await?;
    let written = copy_into(&store, file).await;
    store.close().await;
    written
}

/// Puts a backup in the database's place. No server may run meanwhile.
pub(crate) async fn restore(
    config: Config,
    file: &Path,
    revoke_issued_before: Option<Timestamp>,
) -> anyhow::Result<()> {
    let database = database(&config)?;
    let (clock, dice) = (SystemClock::start(), Arc::new(SystemDice));
    let now = clock.now();
    let folder = Folder::open(&config.data, &config.names_of_broker(), &*dice, now)?;
    let _alone = data::alone(folder.path())?;
    // All work is done on a copy; what is there now stays as it is until the copy is fit.
    let work = beside(&database, ".restoring");
    remove_with_journals(&work)?;
    fs::copy(file, &work).with_context(|| format!("cannot read {}", file.display()))?;
    let fit = async {
        let url = format!("sqlite:{}", work.display());
        let store = Store::open(&url, &keys(&folder), dice).await?;
        let restored = store.take_back(revoke_issued_before, now).await?;
        let clean = beside(&database, ".restoring-clean");
        remove_with_journals(&clean)?;
        copy_into(&store, &clean).await?;
        store.close().await;
        fs::rename(&clean, half_restored(&database))?;
        anyhow::Ok(restored)
    };
    let fit = fit.await;
    remove_with_journals(&work)?;
    let restored = fit.with_context(|| format!("cannot restore {}", file.display()))?;
    put_in_place(&database).context("cannot put the backup in place; run it again")?;
    Ok(io::stdout().write_all(report(&restored, &database)?.as_bytes())?)
}

/// Refuses a folder where a restore was cut short between taking the old file away and putting
/// the new one in its place.
pub(crate) fn must_not_be_half_restored(config: &Config) -> anyhow::Result<()> {
    match database(config) {
        Ok(database) if half_restored(&database).exists() => {
            bail!("a restore was cut short: run `flussd restore` again")
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The SQLite file.
fn database(config: &Config) -> anyhow::Result<PathBuf> {
    let Some(file) = config.store_url().strip_prefix("sqlite:").map(PathBuf::from) else {
        bail!("the database is Postgres: use its own pg_dump and pg_restore")
    };
    Ok(file)
}

/// Copies the database into a file for its owner alone, durably.
async fn copy_into(store: &Store, file: &Path) -> anyhow::Result<()> {
    let written = async {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        store.back_up(file).await?;
        File::open(file)?.sync_all()?;
        sync_parent(file)?;
        anyhow::Ok(())
    };
    written.await.with_context(|| format!("cannot write {}", file.display()))
}

/// The old file with its journal goes aside, the new one takes its place.
fn put_in_place(database: &Path) -> io::Result<()> {
    for journal in ["-wal", ""] {
        let aside = beside(database, &format!(".replaced{journal}"));
        unless_missing(fs::rename(beside(database, journal), aside))?;
    }
    unless_missing(fs::remove_file(beside(database, "-shm")))?;
    fs::rename(half_restored(database), database)?;
    sync_parent(database)
}

fn half_restored(database: &Path) -> PathBuf {
    beside(database, ".restored")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

fn remove_with_journals(file: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm"] {
        unless_missing(fs::remove_file(beside(file, ending)))?;
    }
    Ok(())
}

fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn report(restored: &Restored, database: &Path) -> Result<String, std::fmt::Error> {
    let Restored { revived, revoked, open } = restored;
    let mut text = String::new();
    let replaced = beside(database, ".replaced");
    writeln!(text, "Restored. What was there before is kept as {}.", replaced.display())?;
    writeln!(text, "Everybody must sign in again.")?;
    if 0 < *revoked {
        writeln!(text, "Revoked: {revoked} codes.")?;
    }
    if !revived.is_empty() {
        writeln!(
            text,
            "These codes hold again, though they may have been used or revoked after the backup:"
        )?;
        for Revived { code, intercom, issued_at, expires_at } in revived {
            let (from, until) = (moment(*issued_at), moment(*expires_at));
            writeln!(text, "  {code}  {intercom}  issued {from}, good until {until}")?;
        }
        writeln!(
            text,
            "To revoke them, run it again with --revoke-all, or with --revoke-issued-before MOMENT."
        )?;
    }
    if !open.is_empty() {
        writeln!(
            text,
            "These openings were under way at the backup. Their ways stay reserved unless the \
             gate still has them in its ledger; give these guests new codes:"
        )?;
        for attempt in open {
            writeln!(text, "  {attempt}")?;
        }
    }
    writeln!(
        text,
        "Look through what else was taken back after the backup and is given again: people's \
         permissions, and gates that were revoked or quarantined. A gate that renewed its \
         certificate since needs a new label: flussd device replace."
    )?;
    Ok(text)
}
