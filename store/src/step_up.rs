//! What a pin is for beside signing in: a fresh proof for an old session, and another number for
//! its account.

use std::sync::Arc;

use domain::event::EventKind;
use domain::login::{OTP_LIFETIME, Refusal, STEP_UP_LIFETIME, may_change_number_at};
use domain::secret::{LoginToken, Otp};
use domain::{PhoneNumber, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::intercoms::lock_devices;
use crate::logins::{Aim, Logins, phone_digest, phone_of, try_pin};
use crate::row::share::hand_over;
use crate::sessions::{Session, StepUpNeeded};
use crate::sql::{Tx, sql};
use crate::vault::Vault;
use crate::{Answer, Result};

/// Why a number stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberRefusal {
    /// The old number was not proved lately.
    StepUp(StepUpNeeded),
    /// Somebody signed in not long ago, perhaps with a number that was taken over.
    Held {
        /// Until when.
        until: Timestamp,
    },
    /// The rules of the pin.
    Pin(Refusal),
    /// The number has an account. Only who has proved the number learns that.
    InUse,
}

impl Logins {
    /// Tries the pin of a step-up. The right one covers for a while what a session alone does not;
    /// it ends no session.
    pub async fn step_up(
        &self,
        session: Session,
        token: LoginToken,
        typed: Otp,
        now: Timestamp,
    ) -> Answer<(), Refusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let aim = Some(Aim::StepUp(session));
            if let Err(refusal) = try_pin(tx, &vault, &token, &typed, aim, now).await? {
                return Ok(Err(refusal));
            }
            let stepped_up = sql("UPDATE sessions SET stepped_up_at = $2
                                  WHERE id = $1 AND ended_at IS NULL");
            if stepped_up.bind(session.id).bind(now).execute(tx).await? == 0 {
                return Ok(Err(Refusal::Invalid));
            }
            let about = About::default().user(session.user);
            record(tx, &vault, EventKind::SessionSteppedUp, about, now).await.map(Ok)
        })
    }

    /// Whether a session may ask for another number now.
    pub async fn may_take_over(
        &self,
        session: Session,
        now: Timestamp,
    ) -> Answer<(), NumberRefusal> {
        if let Err(needed) = session.must_be_stepped_up(now) {
            return Ok(Err(NumberRefusal::StepUp(needed)));
        }
        let is_first = reading!(self.0.db, |tx| {
            let others = sql("SELECT id FROM sessions WHERE user_id = $1 AND id <> $2 LIMIT 1");
            let others = others.bind(session.user).bind(session.id);
            Ok(others.optional(tx).await?.is_none())
        })?;
        let until = may_change_number_at(session.started_at, is_first);
        Ok(if now < until { Err(NumberRefusal::Held { until }) } else { Ok(()) })
    }

    /// Tries the pin that went to another number. The right one makes it the number of the account,
    /// with all that is on it; the old one does not sign in to it any more. The session goes on: it
    /// is the only one there is.
    pub async fn change_number(
        &self,
        session: Session,
        token: LoginToken,
        typed: Otp,
        now: Timestamp,
    ) -> Answer<PhoneNumber, NumberRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let aim = Some(Aim::NewNumber(session));
            let row = match try_pin(tx, &vault, &token, &typed, aim, now).await? {
                Ok(row) => row,
                Err(refusal) => return Ok(Err(NumberRefusal::Pin(refusal))),
            };
            let phone = phone_of(&vault, &row)?;
            let number = phone_digest(&vault, &phone);
            // First the devices: who is sent away from one at this moment is not sent away as
            // somebody else.
            let shared = sql("SELECT s.device_id FROM shares s JOIN users u ON u.id = s.user_id
                              WHERE u.phone_digest = $1");
            let shared = shared.bind(number).all(tx).await?;
            let shared: Result<Vec<String>> =
                shared.iter().map(|row| row.take("device_id")).collect();
            lock_devices(tx, shared?).await?;
            // Then the user, then the session: a sign-in with the old number locks them so, too.
            let lock = sql("UPDATE users SET created_at = created_at WHERE id = $1");
            lock.bind(session.user).execute(tx).await?;
            let theirs = sql("SELECT id FROM users WHERE phone_digest = $1
                              AND EXISTS (SELECT 1 FROM sessions WHERE user_id = users.id)");
            if theirs.bind(number).optional(tx).await?.is_some() {
                return Ok(Err(NumberRefusal::InUse));
            }
            // Each fresh pin covers one change, begun while it held.
            let spend = sql("UPDATE sessions SET stepped_up_at = NULL
                             WHERE id = $1 AND ended_at IS NULL AND $2 < stepped_up_at");
            let since = now - STEP_UP_LIFETIME - OTP_LIFETIME;
            if spend.bind(session.id).bind(since).execute(tx).await? == 0 {
                return Ok(Err(NumberRefusal::StepUp(StepUpNeeded)));
            }
            take_in(tx, &vault, session.user, number).await?;
            sql("UPDATE users SET phone_digest = $2, phone_sealed = $3 WHERE id = $1")
                .bind(session.user)
                .bind(number)
                .bind(vault.seal("user", &[phone.reveal()])?)
                .execute(tx)
                .await?;
            let about = About::default().user(session.user);
            record(tx, &vault, EventKind::NumberChanged, about, now).await?;
            Ok(Ok(phone))
        })
    }
}

/// Gives an account what was shared with its new number before anybody had signed in with it.
async fn take_in(tx: &mut Tx, vault: &Vault, user: UserId, number: [u8; 32]) -> Result<()> {
    let waiting = sql("SELECT id FROM users WHERE phone_digest = $1").bind(number);
    let Some(row) = waiting.optional(tx).await? else { return Ok(()) };
    let waiting = row.parsed("id", UserId::parse)?;
    let theirs = sql("DELETE FROM shares WHERE user_id = $1 AND device_id IN (
                          SELECT id FROM devices WHERE owner_id = $2
                          UNION SELECT device_id FROM shares WHERE user_id = $2)");
    theirs.bind(waiting).bind(user).execute(tx).await?;
    hand_over(tx, vault, waiting, user).await?;
    let gone = sql("DELETE FROM users WHERE id = $1 AND id <> $2");
    gone.bind(waiting).bind(user).execute(tx).await.map(drop)
}
