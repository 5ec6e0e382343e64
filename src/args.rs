//! What can be asked of flussd on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use domain::gate::{InvalidPulseGap, PulseGap};
use domain::name::DeviceName;
use domain::phone::InvalidPhone;
use domain::{GateId, IntercomId, PhoneNumber, Timestamp};

use crate::data::Step;
use crate::explain::Subject;

const EXAMPLES: &str = "\
Examples:
  flussd                                     serve on the defaults, data in ./data
  flussd demo                                open a gate in a minute, with a simulated gate
  flussd --config /etc/flussd.toml           serve with a settings file
  flussd --set http.listen=127.0.0.1:0       change one setting
  flussd print-config > flussd.toml          start a settings file
  flussd ca                                  show the CAs and how to replace them
  flussd device make gate --name \"Main gate\" make a gate and print its label
  flussd explain attempt_01m80jerc0…         tell why a gate did not open
  flussd backup fluss.backup                 copy the database beside a running server";

/// Fluss+ one-time access: a guest opens a gate, once in and once out.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to do; `serve` when left out
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// A settings file; `flussd print-config` shows every setting
    #[arg(long, global = true, env = "FLUSS_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The data folder
    #[arg(long, global = true, env = "FLUSS_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// One setting, over the file's; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// One thing to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API, the bridge and the broker, as the roles say
    Serve,
    /// Serve with a simulated gate and a guest's link to try
    Demo {
        /// End when the story is told: exit code 0 when every step held
        #[arg(long)]
        exit: bool,
    },
    /// Print every setting with its default and its meaning
    PrintConfig,
    /// Bring the database up to date, and end
    Migrate,
    /// Make devices, and keep gates out or in
    #[command(subcommand)]
    Device(Device),
    /// Show the CAs that gates believe, or take the next step from one CA to another
    Ca {
        /// The step; each may be repeated
        step: Option<Step>,
        /// Take it though gates would be shut out until they are enrolled anew
        #[arg(long)]
        force: bool,
    },
    /// Tell what became of an attempt at opening a gate, hop by hop, and why it did not open
    Explain {
        /// An attempt's id, or a code's: then all its attempts
        #[arg(value_parser = Subject::parse, value_name = "ATTEMPT_OR_CODE")]
        subject: Subject,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Look through what happened, entry by entry, or write it down
    #[command(subcommand)]
    Audit(Audit),
    /// Write a copy of the SQLite database into a new file, beside a running server
    Backup {
        /// The new file; keep `keys/` elsewhere, without it nobody reads the backup
        file: PathBuf,
    },
    /// Put a backup in the database's place, and tell what must be looked through
    Restore {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        revoke: Revoke,
    },
    /// Let a number sign in again that had too many wrong pins; make sure first whose it is
    Unlock {
        /// The number, like +27821234567
        #[arg(value_parser = phone)]
        phone: PhoneNumber,
        /// Take its second factor away, too: its owner has lost the app and the recovery codes
        #[arg(long)]
        second_factor: bool,
    },
    /// Let a number be sent login pins though its country is blocked, for a time
    #[command(subcommand)]
    Country(Country),
    /// Write down all that is kept about a number, or erase it, for its owner who asks
    #[command(subcommand)]
    Person(Person),
    /// Sign out a number, or everybody: they must prove anew who they are
    SignOut {
        #[command(flatten)]
        whose: Whose,
    },
}

/// Whose sessions.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whose {
    /// The number, like +27821234567
    #[arg(value_parser = |text: &str| PhoneNumber::parse(text, None))]
    phone: Option<PhoneNumber>,
    /// Everybody
    #[arg(long)]
    all: bool,
}

impl Whose {
    /// The number; none means all of them.
    pub(crate) fn phone(self) -> Option<PhoneNumber> {
        self.phone.filter(|_| !self.all)
    }
}

/// Codes that shall not hold again after a restore.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Revoke {
    /// Revoke all codes in the backup
    #[arg(long)]
    revoke_all: bool,
    /// Revoke the codes that were issued before this moment, like 2026-11-21T21:00:00Z
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    revoke_issued_before: Option<Timestamp>,
}

impl Revoke {
    /// Codes that were issued before this moment are revoked.
    pub(crate) fn before(&self) -> Option<Timestamp> {
        let all = self.revoke_all.then_some(Timestamp::from_millis(i64::MAX));
        self.revoke_issued_before.or(all)
    }
}

fn phone(text: &str) -> Result<PhoneNumber, InvalidPhone> {
    PhoneNumber::parse(text, None)
}

fn words(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("expected a few words") } else { Ok(text.to_owned()) }
}

fn moment(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse().map(|at: jiff::Timestamp| Timestamp::from_millis(at.as_millisecond()))
}

fn pulse_gap(text: &str) -> Result<PulseGap, InvalidPulseGap> {
    PulseGap::from_ms(text.parse().map_err(|_| InvalidPulseGap)?)
}

/// What to do with numbers of blocked countries.
#[derive(Debug, Subcommand)]
pub(crate) enum Country {
    /// Make an exception of a number; make sure first whose it is
    Allow {
        /// The number, like +27821234567
        #[arg(value_parser = phone, value_name = "NUMBER")]
        phone: PhoneNumber,
        /// Until when, like 2026-12-31T22:00:00Z
        #[arg(long, value_name = "MOMENT", value_parser = moment)]
        until: Timestamp,
        /// The reason, for the record
        #[arg(long, value_name = "TEXT", value_parser = words)]
        why: String,
        /// Who allows it, for the record
        #[arg(long, value_name = "NAME", value_parser = words)]
        by: String,
    },
    /// Show all exceptions on record: which hold, and which have ended
    List,
    /// End the exception of a number
    Revoke {
        /// The number, like +27821234567
        #[arg(value_parser = phone, value_name = "NUMBER")]
        phone: PhoneNumber,
    },
}

/// What to do with all that is kept about a number; make sure first whose it is.
#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// Print it as one JSON object: as a guest, as somebody a device is shared with, as an account
    Export {
        /// The number, like +27821234567
        #[arg(value_parser = phone, value_name = "NUMBER")]
        phone: PhoneNumber,
    },
    /// Erase it; what happened stays, without the person. Who owns devices must give them away first
    Erase {
        /// The number, like +27821234567
        #[arg(value_parser = phone, value_name = "NUMBER")]
        phone: PhoneNumber,
        /// Revoke codes for the number that still hold; otherwise they are listed, and nothing is
        /// erased
        #[arg(long)]
        revoke: bool,
    },
}

/// What to do with the story of what happened.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Tell whether an entry was changed or dropped afterwards; exit code 1 if so
    Verify {
        /// An intercom's id; all when left out
        #[arg(value_parser = IntercomId::parse)]
        intercom: Option<IntercomId>,
    },
    /// Print an intercom's story, one JSON object a line, with the service's signatures
    Export {
        /// The intercom's id
        #[arg(value_parser = IntercomId::parse)]
        intercom: IntercomId,
        /// Name the guests who are not erased yet, with what proves that it was them; such an
        /// export must be erased in time, too
        #[arg(long)]
        guests: bool,
    },
}

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Make a device
    #[command(subcommand)]
    Make(Make),
    /// Keep a gate out that was stolen or copied: its certificates and its label are void
    Revoke {
        /// The gate's id
        #[arg(value_parser = GateId::parse)]
        gate: GateId,
    },
    /// Print a fresh label for other hardware in a gate's place; what is there now is kept out
    Replace {
        /// The gate's id; it stays the same
        #[arg(value_parser = GateId::parse)]
        gate: GateId,
        /// Print one JSON object, for a label printer
        #[arg(long)]
        json: bool,
    },
    /// Let a gate in again that was quarantined because two seemed to hold its key
    Release {
        /// The gate's id
        #[arg(value_parser = GateId::parse)]
        gate: GateId,
    },
    /// Set the least time between two pulses of a gate; a gate that is connected learns of it
    PulseGap {
        /// The gate's id
        #[arg(value_parser = GateId::parse)]
        gate: GateId,
        /// Milliseconds, from 3000 to 60000
        #[arg(value_name = "MS", value_parser = pulse_gap)]
        gap: PulseGap,
    },
}

/// Which device to make.
#[derive(Debug, Subcommand)]
pub(crate) enum Make {
    /// A gate: what stands on its label, for its owner and for the gate itself
    Gate {
        #[command(flatten)]
        label: Label,
    },
    /// An intercom: a board to print, whose QR brings guests to the gate
    Intercom {
        #[command(flatten)]
        label: Label,
        /// Where the board's QR goes as a picture
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
}

/// What every device has.
#[derive(Debug, clap::Args)]
pub(crate) struct Label {
    /// What people call it, until its owner gives it another name
    #[arg(long, value_parser = DeviceName::parse)]
    pub(crate) name: Option<DeviceName>,
    /// Where it stands, like Africa/Johannesburg; the setting `time_zone` when left out
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Print one JSON object, for a label printer
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_make_sense_to_clap() {
        Args::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_before_or_after_the_command() {
        for line in ["flussd --set a=b demo --exit", "flussd demo --exit --set a=b"] {
            let args = Args::try_parse_from(line.split(' ')).unwrap();
            assert!(matches!(args.command, Some(Command::Demo { exit: true })));
            assert_eq!(args.set, ["a=b"]);
        }
    }
}
