//! Where it is kept: one function, one transaction, one use case.
//!
//! SQLite and Postgres behind one SQL text. A function that decides *writes first*: that takes
//! the row's lock on both databases, so that of many rivals exactly one decides at a time. What is
//! locked, and in this order: a number ([`Logins`]), the purse of all pins ([`Sending`]), a
//! device (gates before intercoms), an account, a gate's row, a code, a session; the code's row is the
//! lock of everything about the code, its attempts too; the gate's is that of presses at it.
//!
//! Each crate's constructor takes only the doors it needs.

mod api_keys;
mod attempts;
mod audit;
mod codes;
mod commitment;
mod crash;
mod database;
mod devices;
mod erasure;
mod events;
mod exceptions;
mod fault;
mod feed;
mod gates;
mod identity;
mod intercoms;
mod kept;
mod logins;
mod migrations;
mod overview;
mod past;
mod people;
mod people_end;
mod people_import;
mod pins;
mod plans;
mod presses;
mod readiness;
mod redeem;
mod registry;
mod removals;
mod restore;
mod row;
mod second_factors;
mod sessions;
mod spending;
mod sql;
mod step_up;
mod story;
mod tenants;
mod totp;
mod trace;
mod transfers;
mod vault;
mod visits;
mod ways;
mod webhooks;
mod writer;

use std::sync::Arc;

use domain::{Dice, SessionId, Timestamp};
use tokio::sync::watch;

pub use api_keys::{ApiKey, ApiKeys, KeyRefusal, NewKey};
pub use attempts::{Attempts, Due, Errand};
pub use audit::{Chain, Checkpoint, Entry, Head, How, Verdict, Wrong};
pub use codes::{
    Codes, Guest, Issue, IssueRefusal, Issued, LONGEST_LIST, Pass, RevokeRefusal, Revoked,
};
pub use commitment::{Opening, Salt};
pub use crash::crash_point;
pub use devices::{Claimed, Device, DeviceKind, Devices, Label, LastReport};
pub use erasure::{EraseRefusal, Erased, LivePass, Privacy};
pub use events::{Events, Happened};
pub use exceptions::{Exception, Exceptions};
pub use fault::{Answer, Fault, Result};
pub use feed::UnknownEvent;
pub use gates::{Gates, Raised};
pub use identity::{Actor, Enrolment, GateRefusal, Renewal, Replacement};
pub use intercoms::{Intercoms, SaveRefusal, SavedSettings, SettingsRefusal};
pub use kept::{Kept, KeptAccount, KeptDevice, KeptPass, KeptPin, KeptSession, KeptShare};
pub use logins::{Aim, Begun, LoginRefusal, Logins, SignedIn, TooManyPins};
pub use overview::{Glance, HOURS, Overview, PinTally, SLOT, SLOTS, SLOTS_AN_HOUR, Tally};
pub use past::Past;
pub use people::{Change, Changed, Invitation, InviteRefusal, People, Person};
pub use people_end::{CodesRevoked, Unshared};
pub use people_import::{Imported, Listed};
pub use pins::{End, Handed, Pins, Report};
pub use plans::PlanRefusal;
pub use presses::{Open, OpenRefusal, Presses};
pub use readiness::Readiness;
pub use redeem::{GuestPass, Redeem, Redemptions, Refused, Vouch, VouchRefusal};
pub use registry::{Behind, Certificate, Fingerprint, Peer, Registry, Unwelcome};
pub use restore::{Restored, Revived};
pub use row::attempt::{Channel, CutBy, Hops};
pub use second_factors::{FactorRefusal, SecondFactorState, SecondFactors};
pub use sessions::{Session, SessionRefusal, Sessions, StepUpNeeded};
pub use spending::{HeldBack, Sending, Spending, Spent, Withheld};
pub use step_up::NumberRefusal;
pub use story::Part;
pub use tenants::{SavedTenantSettings, TenantSaveRefusal};
pub use trace::{RefusedTap, Trace, Traced};
pub use transfers::{TransferRefusal, Transferred};
pub use vault::Keys;
pub use visits::Visits;
pub use ways::Hop;
pub use webhooks::{Endpoint, Health, Message, Receivers, TooManyEndpoints, Webhooks};

use database::{Database, in_transaction};
use sql::sql;
use vault::Vault;
use ways::Ways;

struct Inner {
    db: Database,
    vault: Arc<Vault>,
    ways: Arc<Ways>,
    /// Rung when a session ended.
    endings: watch::Sender<()>,
}

/// Makes the storage with its doors: each a handle to the same storage with its own verbs.
macro_rules! doors {
    ($($verb:ident: $door:ident),*) => {
        /// The open storage; cheap to clone, as all its doors are.
        #[derive(Clone)]
        pub struct Store {
            inner: Arc<Inner>,
            $($verb: $door,)*
        }

        impl Store {
            fn new(inner: Arc<Inner>) -> Self {
                Self { $($verb: $door(Arc::clone(&inner)),)* inner }
            }

            $(#[doc = concat!("The door of [`", stringify!($door), "`].")]
            pub fn $verb(&self) -> &$door {
                &self.$verb
            })*
        }
    };
}

doors! {
    api_keys: ApiKeys, attempts: Attempts, codes: Codes, devices: Devices, events: Events,
    exceptions: Exceptions, gates: Gates, intercoms: Intercoms, logins: Logins, overview: Overview,
    people: People, pins: Pins, presses: Presses, privacy: Privacy, redemptions: Redemptions,
    registry: Registry, second_factors: SecondFactors, sessions: Sessions, spending: Spending,
    visits: Visits, webhooks: Webhooks
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…` and brings its tables up to date. Refuses keys that
    /// are not those of the database: what they seal could not be read beside what is sealed.
    pub async fn open(url: &str, keys: &Keys, dice: Arc<dyn Dice>) -> Result<Self> {
        let vault = Arc::new(Vault::new(keys, dice)?);
        let db = Database::open(url).await?;
        check_keys(&db, &vault).await?;
        let (endings, _) = watch::channel(());
        let ways = Arc::default();
        Ok(Self::new(Arc::new(Inner { db, vault, ways, endings })))
    }

    /// The same storage for a caller: it writes only while their session holds at the commit, and
    /// else fails with [`Fault::SessionEnded`] (O-3b).
    #[must_use]
    pub fn on_behalf_of(&self, session: SessionId) -> Self {
        let db = self.inner.db.on_behalf_of(session);
        let (vault, endings) = (Arc::clone(&self.inner.vault), self.inner.endings.clone());
        let ways = Arc::clone(&self.inner.ways);
        Self::new(Arc::new(Inner { db, vault, ways, endings }))
    }

    /// Rings when something was written; whoever waits for a change reads again then.
    pub fn bell(&self) -> watch::Receiver<()> {
        self.inner.db.bell()
    }

    /// Forgets what has no use any more: pins, logins and idempotency keys older than a day, numbers
    /// without wrong pins, and certificates that ended by themselves long ago.
    pub async fn sweep(&self, now: Timestamp) -> Result<()> {
        let day_ago = now - domain::login::SEND_DAY;
        let long_ago = now - domain::gate::CERTIFICATE_LIFETIME;
        in_transaction!(self.inner.db, |tx| {
            let ended = sql("DELETE FROM certificates WHERE expires_at < $1");
            ended.bind(long_ago).execute(tx).await?;
            spending::sweep(tx, now).await?;
            exceptions::sweep(tx, now).await?;
            webhooks::sweep(tx, now).await?;
            people_end::sweep(tx, now).await?;
            // What a clock that was ahead wrote down must not hold for as long as it was ahead.
            for statement in [
                "UPDATE pins_sent SET at = $1 WHERE $1 < at",
                "UPDATE pin_spending SET at = $1 WHERE $1 < at",
            ] {
                sql(statement).bind(now).execute(tx).await?;
            }
            let longest = now + domain::login::LONGEST_WAIT;
            let waits = sql("UPDATE phone_failures SET wait_until = $1 WHERE $1 < wait_until");
            waits.bind(longest).execute(tx).await?;
            second_factors::forget_steps_ahead(tx, now).await?;
            // Kept, they would tell by time that a number has signed in before.
            sql("DELETE FROM phone_failures WHERE in_a_row = 0").execute(tx).await?;
            for statement in [
                "DELETE FROM pins_sent WHERE at < $1",
                "DELETE FROM logins WHERE expires_at < $1",
                "DELETE FROM issue_requests WHERE at < $1",
                "DELETE FROM press_repeats WHERE at < $1",
            ] {
                sql(statement).bind(day_ago).execute(tx).await?;
            }
            Ok(())
        })
    }

    /// Writes what still waits and closes all connections.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }
}

async fn check_keys(db: &Database, vault: &Arc<Vault>) -> Result<()> {
    let sealed = vault.seal("key_check", &["fluss"])?;
    let kept: Vec<u8> = in_transaction!(db, |tx| {
        let keep = sql("INSERT INTO key_check (id, sealed) VALUES (1, $1)
                        ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING sealed");
        keep.bind(sealed).one(tx).await?.take("sealed")
    })?;
    let opened: Result<[String; 1]> = vault.open("key_check", &kept);
    opened.map(drop).map_err(|_| Fault::WrongKeys)
}
