//! The file of the CAs, `keys/ca.pem`: who signs, and how far another CA has followed it.
//!
//! ```text
//! certificate and key of the CA that signs
//! # added 1750000000000          (or: # switched 1750000000000)
//! certificate and key of the other CA: the next one, or the one before
//! ```
//!
//! All of it is one file, so a step from one CA to the next is one rename: nobody finds half a
//! step, and no crash leaves one.

use std::fmt;

use anyhow::{Context, bail};
use authority::{Authorities, Authority};
use clap::ValueEnum;
use data_encoding::HEXLOWER;
use domain::{Dice, Timestamp, roll};

use super::split;

/// The CAs, and how far one has followed the other.
#[derive(Debug)]
pub(super) struct Succession {
    pub(super) authorities: Authorities,
    pub(super) phase: Phase,
}

/// How far the next CA has followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There is one CA.
    Alone,
    /// The next one is believed too; the old one signs.
    Added {
        /// Since then.
        at: Timestamp,
    },
    /// The new one signs; the old one is still believed.
    Switched {
        /// Since then.
        at: Timestamp,
    },
}

/// A step from one CA to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Make the next CA: gates learn of it when they renew, while the old one goes on signing
    Add,
    /// Sign with the next CA: refused while a gate may know the old one alone
    Switch,
    /// Forget the old CA: refused while a gate may have a certificate of it
    Drop,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "flussd ca add",
            Self::Switch => "flussd ca switch",
            Self::Drop => "flussd ca drop",
        })
    }
}

impl Phase {
    /// Whether the step is still to be taken; refuses one that is not the next.
    pub(crate) fn awaits(self, step: Step) -> anyhow::Result<bool> {
        match (step, self) {
            (Step::Add, Self::Alone)
            | (Step::Switch, Self::Added { .. })
            | (Step::Drop, Self::Switched { .. }) => Ok(true),
            (Step::Add, Self::Added { .. })
            | (Step::Switch, Self::Switched { .. })
            | (Step::Drop, Self::Alone) => Ok(false),
            (Step::Add, Self::Switched { .. }) => {
                bail!("the CA before is not forgotten yet: `{}` comes first", Step::Drop)
            }
            (Step::Switch, Self::Alone) => {
                bail!("there is no next CA: `{}` makes one", Step::Add)
            }
            (Step::Drop, Self::Added { .. }) => {
                bail!("the old CA still signs: `{}` comes first", Step::Switch)
            }
        }
    }
}

impl Succession {
    /// The first CA, alone.
    pub(super) fn begin(dice: &dyn Dice, now: Timestamp) -> authority::Result<Self> {
        let authorities = Authorities { signing: new_authority(dice, now)?, other: None };
        Ok(Self { authorities, phase: Phase::Alone })
    }

    /// Takes a step that the phase awaits.
    pub(super) fn take(
        self,
        step: Step,
        dice: &dyn Dice,
        now: Timestamp,
    ) -> authority::Result<Self> {
        let Authorities { signing, other } = self.authorities;
        let (authorities, phase) = match (step, other) {
            (Step::Add, _) => {
                let next = new_authority(dice, now)?;
                (Authorities { signing, other: Some(next) }, Phase::Added { at: now })
            }
            (Step::Switch, Some(next)) => {
                let authorities = Authorities { signing: next, other: Some(signing) };
                (authorities, Phase::Switched { at: now })
            }
            (Step::Switch | Step::Drop, _) => (Authorities { signing, other: None }, Phase::Alone),
        };
        Ok(Self { authorities, phase })
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let Some((signing, rest)) = text.split_once("# ") else {
            let authorities = Authorities { signing: authority(text)?, other: None };
            return Ok(Self { authorities, phase: Phase::Alone });
        };
        let (line, other) = rest.split_once('\n').unwrap_or((rest, ""));
        let moment = |text: &str| text.trim().parse().map(Timestamp::from_millis);
        let phase = match line.split_once(' ') {
            Some(("added", at)) => moment(at).map(|at| Phase::Added { at }).ok(),
            Some(("switched", at)) => moment(at).map(|at| Phase::Switched { at }).ok(),
            Some(_) | None => None,
        };
        let phase = phase.with_context(|| {
            format!("# {line}: expected `added` or `switched`, and milliseconds since 1970")
        })?;
        let authorities =
            Authorities { signing: authority(signing)?, other: Some(authority(other)?) };
        Ok(Self { authorities, phase })
    }

    pub(super) fn to_text(&self) -> String {
        let pair = |ca: &Authority| format!("{}{}", ca.ca_pem(), ca.key_pem());
        let line = match self.phase {
            Phase::Alone => String::new(),
            Phase::Added { at } => format!("# added {}\n", at.as_millis()),
            Phase::Switched { at } => format!("# switched {}\n", at.as_millis()),
        };
        let other = self.authorities.other.as_ref().map(pair).unwrap_or_default();
        format!("{}{line}{other}", pair(&self.authorities.signing))
    }
}

fn authority(pair: &str) -> anyhow::Result<Authority> {
    let (certificate, key) = split(pair);
    Ok(Authority::from_pem(certificate, key)?)
}

/// Each CA has a name of its own, because a revocation list finds its CA by the name.
fn new_authority(dice: &dyn Dice, now: Timestamp) -> authority::Result<Authority> {
    let distinct: [u8; 4] = roll(dice);
    Authority::create(&format!("Fluss+ CA {}", HEXLOWER.encode(&distinct)), now.as_millis())
}
