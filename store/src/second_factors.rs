//! Second factors: an authenticator app, and ten codes for the day when it is gone.
//!
//! What is *absent* here: how many wrong codes are too many (`domain::login`).

use std::sync::Arc;

use domain::event::EventKind;
use domain::login::{Login, Refusal};
use domain::second_factor::{SETUP_LIFETIME, SecondFactor, open_steps, step_at};
use domain::secret::{LoginToken, Otp, RecoveryCode, SessionToken, TotpSecret};
use domain::{PhoneNumber, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::logins::{
    Logins, SignedIn, failures_of, is_for, lock_login, lock_number, login_id, phone_digest, save,
    save_failures, sign_in,
};
use crate::row::login::login_of;
use crate::sql::{Row, Tx, sql};
use crate::vault::{Purpose, Vault};
use crate::{Answer, Fault, Inner, Result, totp};

/// Second factors.
#[derive(Clone)]
pub struct SecondFactors(pub(crate) Arc<Inner>);

/// A second factor that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Since when.
    pub since: Timestamp,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u32,
}

/// Why a second factor is not set up or turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorRefusal {
    /// There is one already.
    On,
    /// There is none, or its setting-up took too long.
    Off,
    /// The rules of its codes.
    Code(Refusal),
}

/// What a right code matched, to be used up.
enum Matched {
    Step(i64),
    Recovery([u8; 32]),
}

impl SecondFactors {
    /// The second factor of a user, if it is on.
    pub async fn of(&self, user: UserId) -> Result<Option<SecondFactorState>> {
        reading!(self.0.db, |tx| {
            let Some(row) = confirmed(tx, user).await? else { return Ok(None) };
            let left = sql("SELECT COUNT(*) AS codes FROM recovery_codes
                            WHERE user_id = $1 AND used_at IS NULL");
            let left = left.bind(user).one(tx).await?;
            let recovery_codes_left = crate::row::number(&left, "codes")?;
            Ok(Some(SecondFactorState { since: row.moment("confirmed_at")?, recovery_codes_left }))
        })
    }

    /// Keeps the secret of an app; it counts from its first right code on.
    pub async fn set_up(
        &self,
        user: UserId,
        secret: TotpSecret,
        now: Timestamp,
    ) -> Answer<(), FactorRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let kept = sql("INSERT INTO second_factors (user_id, secret_sealed, made_at)
                            VALUES ($1, $2, $3)
                            ON CONFLICT (user_id) DO UPDATE SET
                                secret_sealed = excluded.secret_sealed, made_at = excluded.made_at
                            WHERE second_factors.confirmed_at IS NULL")
            .bind(user)
            .bind(vault.seal(&sealed_for(user), &[&secret.reveal()])?)
            .bind(now)
            .execute(tx)
            .await?;
            Ok(if kept == 0 { Err(FactorRefusal::On) } else { Ok(()) })
        })
    }

    /// Turns the second factor on by the first right code, with its recovery codes.
    pub async fn confirm(
        &self,
        user: UserId,
        typed: Otp,
        codes: Vec<RecoveryCode>,
        now: Timestamp,
    ) -> Answer<(), FactorRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            // Writing first takes the row's lock.
            let row = sql("UPDATE second_factors SET made_at = made_at
                           WHERE user_id = $1 RETURNING *");
            let Some(row) = row.bind(user).optional(tx).await? else {
                return Ok(Err(FactorRefusal::Off));
            };
            if row.moment_if_any("confirmed_at")?.is_some() {
                return Ok(Err(FactorRefusal::On));
            }
            if row.moment("made_at")? + SETUP_LIFETIME <= now {
                return Ok(Err(FactorRefusal::Off));
            }
            let Some(step) = step_of(&vault, user, &row, &typed, now)? else {
                return Ok(Err(FactorRefusal::Code(Refusal::Invalid)));
            };
            sql("UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1")
                .bind(user)
                .bind(now)
                .bind(step)
                .execute(tx)
                .await?;
            for code in &codes {
                sql("INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)")
                    .bind(user)
                    .bind(recovery_digest(&vault, user, code))
                    .execute(tx)
                    .await?;
            }
            record(tx, &vault, EventKind::SecondFactorOn, About::default().user(user), now).await?;
            Ok(Ok(()))
        })
    }

    /// Turns the second factor off by one of its codes. Wrong ones count as wrong pins do.
    pub async fn turn_off(
        &self,
        user: UserId,
        typed: SecondFactor,
        now: Timestamp,
    ) -> Answer<(), FactorRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let number = sql("SELECT phone_digest FROM users WHERE id = $1").bind(user).one(tx);
            let number: Vec<u8> = number.await?.take("phone_digest")?;
            let number = number
                .try_into()
                .map_err(|_| Fault::corrupt("users", user, "its phone_digest is no digest"))?;
            lock_number(tx, number).await?;
            if confirmed(tx, user).await?.is_none() {
                return Ok(Err(FactorRefusal::Off));
            }
            let mut failures = failures_of(tx, number).await?;
            let matched = matched(tx, &vault, user, &typed, now).await?;
            let verdict = failures.submit(matched.is_some(), now);
            save_failures(tx, number, failures).await?;
            if let Err(refusal) = verdict {
                return Ok(Err(FactorRefusal::Code(refusal)));
            }
            remove(tx, &vault, user, now).await.map(Ok)
        })
    }

    /// Turns the second factor of a number off without a code: for an operator, who has made sure
    /// whose it is. Says whether there was one.
    pub async fn take_away(&self, phone: PhoneNumber, now: Timestamp) -> Result<bool> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let number = phone_digest(&vault, &phone);
            lock_number(tx, number).await?;
            let Some(user) = user_of(tx, number).await? else { return Ok(false) };
            let was_on = confirmed(tx, user).await?.is_some();
            if was_on {
                remove(tx, &vault, user, now).await?;
            }
            Ok(was_on)
        })
    }
}

impl Logins {
    /// Tries the second factor after the right pin. The right code signs in.
    pub async fn verify_second(
        &self,
        token: LoginToken,
        typed: SecondFactor,
        session: SessionToken,
        now: Timestamp,
    ) -> Answer<SignedIn, Refusal> {
        let vault = Arc::clone(&self.0.vault);
        let signed_in = in_transaction!(self.0.db, |tx| {
            let id = login_id(&token);
            let (row, number) = lock_login(tx, id).await?;
            let Some(row) = row else { return Ok(Err(Refusal::Invalid)) };
            if !is_for(&row, None)? {
                return Ok(Err(Refusal::Invalid));
            }
            let mut login: Login = login_of(&row)?;
            let mut failures = failures_of(tx, number).await?;
            let user = user_of(tx, number).await?;
            let matched = match user {
                Some(user) => matched(tx, &vault, user, &typed, now).await?,
                None => None,
            };
            let verdict = login.submit_second(matched.is_some(), &mut failures, now);
            save(tx, id, &login, number, failures).await?;
            if let Err(refusal) = verdict {
                return Ok(Err(refusal));
            }
            if let (Some(user), Some(matched)) = (user, matched) {
                use_up(tx, &vault, user, matched, now).await?;
            }
            sign_in(tx, &vault, &row, &session, now).await.map(Ok)
        });
        if matches!(signed_in, Ok(Ok(_))) {
            self.0.endings.send_replace(());
        }
        signed_in
    }
}

/// Whether a pin alone does not sign this number in. Without an account of its own the next one in
/// the index is read instead, so that it takes as long.
pub(crate) async fn has_second_factor(tx: &mut Tx, number: [u8; 32]) -> Result<bool> {
    let user = sql("SELECT id, phone_digest FROM users WHERE $1 <= phone_digest
                    ORDER BY phone_digest LIMIT 1");
    let Some(row) = user.bind(number).optional(tx).await? else { return Ok(false) };
    let is_theirs = row.take::<Vec<u8>>("phone_digest")? == number;
    let factor = confirmed(tx, row.parsed("id", UserId::parse)?).await?;
    Ok(is_theirs && factor.is_some())
}

async fn user_of(tx: &mut Tx, number: [u8; 32]) -> Result<Option<UserId>> {
    let user = sql("SELECT id FROM users WHERE phone_digest = $1").bind(number).optional(tx);
    user.await?.map(|row| row.parsed("id", UserId::parse)).transpose()
}

async fn confirmed(tx: &mut Tx, user: UserId) -> Result<Option<Row>> {
    let factor =
        sql("SELECT * FROM second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL");
    factor.bind(user).optional(tx).await
}

async fn matched(
    tx: &mut Tx,
    vault: &Vault,
    user: UserId,
    typed: &SecondFactor,
    now: Timestamp,
) -> Result<Option<Matched>> {
    let Some(row) = confirmed(tx, user).await? else { return Ok(None) };
    match typed {
        SecondFactor::App(typed) => Ok(step_of(vault, user, &row, typed, now)?.map(Matched::Step)),
        SecondFactor::Recovery(typed) => {
            let digest = recovery_digest(vault, user, typed);
            let unused = sql("SELECT digest FROM recovery_codes
                              WHERE user_id = $1 AND digest = $2 AND used_at IS NULL");
            let unused = unused.bind(user).bind(digest).optional(tx).await?;
            Ok(unused.map(|_| Matched::Recovery(digest)))
        }
    }
}

/// The step in which the app shows this code. All that are open are looked at, so that time does
/// not tell which it was.
fn step_of(
    vault: &Vault,
    user: UserId,
    row: &Row,
    typed: &Otp,
    now: Timestamp,
) -> Result<Option<i64>> {
    let place = sealed_for(user);
    let [secret] = vault.open(&place, &row.take::<Vec<u8>>("secret_sealed")?)?;
    let secret = TotpSecret::parse(&secret)
        .map_err(|error| Fault::corrupt("second_factors", user, error))?;
    let open = open_steps(row.take("last_step")?, now);
    Ok(open.filter(|step| totp::code(&secret, *step).matches(typed)).last())
}

async fn use_up(
    tx: &mut Tx,
    vault: &Vault,
    user: UserId,
    matched: Matched,
    now: Timestamp,
) -> Result<()> {
    match matched {
        Matched::Step(step) => {
            let take = sql("UPDATE second_factors SET last_step = $2 WHERE user_id = $1");
            take.bind(user).bind(step).execute(tx).await.map(drop)
        }
        Matched::Recovery(digest) => {
            sql("UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND digest = $2")
                .bind(user)
                .bind(digest)
                .bind(now)
                .execute(tx)
                .await?;
            record(tx, vault, EventKind::RecoveryCodeUsed, About::default().user(user), now).await
        }
    }
}

async fn remove(tx: &mut Tx, vault: &Vault, user: UserId, now: Timestamp) -> Result<()> {
    for statement in [
        "DELETE FROM recovery_codes WHERE user_id = $1",
        "DELETE FROM second_factors WHERE user_id = $1",
    ] {
        sql(statement).bind(user).execute(tx).await?;
    }
    record(tx, vault, EventKind::SecondFactorOff, About::default().user(user), now).await
}

fn recovery_digest(vault: &Vault, user: UserId, code: &RecoveryCode) -> [u8; 32] {
    let user = user.to_string();
    vault.digest(Purpose::RecoveryCode, &[user.as_bytes(), code.reveal_bytes()])
}

/// What the seal of a secret belongs to: in another user's row it does not open.
fn sealed_for(user: UserId) -> String {
    format!("second factor of {user}")
}

/// Lets codes be good again that a clock that was ahead had counted as taken.
pub(crate) async fn forget_steps_ahead(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let clamp = sql("UPDATE second_factors SET last_step = $1 WHERE $1 < last_step - 1");
    clamp.bind(step_at(now)).execute(tx).await.map(drop)
}
