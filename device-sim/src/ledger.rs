//! The ids of executed commands, in a file that outlives kill -9 and power loss.
//!
//! The file is a row of 16-byte ids, oldest first. A last record cut short was never confirmed
//! to anybody: it does not count, and the next one overwrites it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use protocol::{CommandId, LEDGER_LENGTH};

use crate::files;

const RECORD_BYTES: usize = 16;

/// How many records the file may hold before it is rewritten with the last [`LEDGER_LENGTH`].
const COMPACT_AT: u64 = 1024;

/// Its name in the gate's folder.
pub const FILE: &str = "ledger";

/// The durable ledger of one gate.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    /// Whole, confirmed records; what lies behind them in the file is void.
    records: u64,
}

impl Ledger {
    /// Begins an empty ledger at the gate's enrolment; one that is there already is kept.
    pub fn begin(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).create(true).open(path)?;
        Self::open(path)
    }

    /// Opens the ledger. One that is lost is an error: an empty one in its place would tell the
    /// service that what was executed never happened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        // A record that reached the file without its fsync is believed from here on: make it last.
        file.sync_all()?;
        files::sync_folder_of(path)?;
        let records = file.metadata()?.len() / RECORD_BYTES as u64;
        Ok(Self { path: path.to_owned(), file, records })
    }

    /// The last [`LEDGER_LENGTH`] ids, oldest first.
    pub fn last_ids(&self) -> io::Result<Vec<CommandId>> {
        let first = self.records.saturating_sub(LEDGER_LENGTH as u64);
        (first..self.records)
            .map(|record| {
                let mut id = [0; RECORD_BYTES];
                self.file.read_exact_at(&mut id, offset(record))?;
                Ok(CommandId(id))
            })
            .collect()
    }

    /// Adds an id. Once this returns `Ok`, no loss of power can take it away; after an error the
    /// id may or may not be found in the file later, so the gate must not act on it.
    pub fn append(&mut self, id: CommandId) -> io::Result<()> {
        if COMPACT_AT <= self.records {
            self.compact()?;
        }
        self.file.write_all_at(&id.0, offset(self.records))?;
        self.file.sync_data()?;
        self.records += 1;
        Ok(())
    }

    fn compact(&mut self) -> io::Result<()> {
        let kept: Vec<u8> = self.last_ids()?.into_iter().flat_map(|id| id.0).collect();
        files::replace(&self.path, &kept)?;
        *self = Self::open(&self.path)?;
        if self.records != LEDGER_LENGTH as u64 {
            return Err(io::Error::new(ErrorKind::InvalidData, "someone else writes this ledger"));
        }
        Ok(())
    }
}

fn offset(record: u64) -> u64 {
    record * RECORD_BYTES as u64
}

#[cfg(test)]
mod tests;
