//! Signing in: a pin goes out, comes back, and becomes the one session of its number.

use std::sync::Arc;

use domain::channel::{Fate, Unavailable};
use domain::event::EventKind;
use domain::login::{self, Channel, Client, Failures, Login, Refusal, Sent};
use domain::secret::{LoginToken, Otp, SessionToken};
use domain::{PhoneNumber, PinId, SessionId, Timestamp, UserId, roll};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::pins;
use crate::row::login::{channel_from, client_of, login_of};
use crate::row::pin::fate_of;
use crate::second_factors::has_second_factor;
use crate::sessions::Session;
use crate::spending::{self, Sending, Whom, Withheld};
use crate::sql::{Row, Tx, sql};
use crate::vault::{Purpose, Vault, token_digest};
use crate::{Answer, Inner, Result};

/// The digest of a pin that is none, and a login that nobody knows: nothing has it.
const NO_DIGEST: [u8; 32] = [0; 32];

/// Logins under way.
#[derive(Clone)]
pub struct Logins(pub(crate) Arc<Inner>);

/// What a pin is for; it is good for nothing else.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    /// A new session.
    SignIn(Client),
    /// A fresh proof that this session is its owner's.
    StepUp(Session),
    /// That the owner of this session has this number, too.
    NewNumber(Session),
}

impl From<Client> for Aim {
    fn from(client: Client) -> Self {
        Self::SignIn(client)
    }
}

/// A pin may go out now.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The number it goes to.
    pub phone: PhoneNumber,
    /// The way it goes.
    pub channel: Channel,
    /// Tell [`Pins`](crate::Pins) what became of it.
    pub pin: PinId,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// When the next one may go out.
    pub next_at: Timestamp,
}

/// Too many pins went to this number; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPins {
    /// When the next one may.
    pub until: Timestamp,
}

/// Why a login does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginRefusal {
    /// The rules of the pin.
    Pin(Refusal),
    /// The pace of pins.
    Pace(TooManyPins),
    /// No pin can go the way that was asked for.
    Channel(Unavailable),
    /// Where pins go, and what they may cost.
    Withheld(Withheld),
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: UserId,
    /// With which session.
    pub session: SessionId,
    /// With what kind of client.
    pub client: Client,
    /// Whether an older session ended by it.
    pub displaced: bool,
}

impl Logins {
    /// Begins a login: voids older ones of the number with the same aim, so that only the newest
    /// pin works (O-1c).
    ///
    /// Nothing here depends on whether the number is known (O-1g).
    pub async fn begin(
        &self,
        phone: PhoneNumber,
        aim: impl Into<Aim>,
        otp: Otp,
        token: LoginToken,
        sending: Sending,
        now: Timestamp,
    ) -> Answer<Begun, LoginRefusal> {
        let aim = aim.into();
        let vault = Arc::clone(&self.0.vault);
        let (number, whom) = (phone_digest(&vault, &phone), Whom::of(&vault, &phone, sending));
        // A flood of refusals is to cost no write. Who passes here is judged again under the lock.
        if let Err(refusal) = self.may_begin(number, whom.clone(), now).await? {
            return Ok(Err(refusal));
        }
        in_transaction!(self.0.db, |tx| {
            lock_number(tx, number).await?;
            let channel = match goes(tx, &whom, now).await? {
                Ok(channel) => channel,
                Err(refusal) => return Ok(Err(refusal)),
            };
            sql("UPDATE logins SET ended_at = $2, otp_digest = NULL
                 WHERE phone_digest = $1 AND purpose = $3 AND ended_at IS NULL")
            .bind(number)
            .bind(now)
            .bind(aim.purpose())
            .execute(tx)
            .await?;
            let (id, login) = (login_id(&token), Login::begin(now));
            let pin = pins::went(tx, &vault, number, channel, now).await?;
            sql("INSERT INTO logins (id, phone_digest, phone_sealed, client, otp_digest, tries,
                                     expires_at, created_at, pin_id, purpose, session_id)
                 VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10)")
            .bind(id)
            .bind(number)
            .bind(vault.seal("login", &[phone.reveal()])?)
            .bind(aim.client().as_str())
            .bind(vault.digest(Purpose::Otp, &[&id, otp.reveal().as_bytes()]))
            .bind(login.expires_at)
            .bind(now)
            .bind(pin)
            .bind(aim.purpose())
            .bind(aim.session())
            .execute(tx)
            .await?;
            let next_at = pace(tx, number, now).await?.next_at;
            Ok(Ok(Begun { phone, channel, pin, expires_at: login.expires_at, next_at }))
        })
    }

    /// Whether a pin may go out, as far as can be seen without a lock.
    async fn may_begin(
        &self,
        number: [u8; 32],
        whom: Whom,
        now: Timestamp,
    ) -> Answer<(), LoginRefusal> {
        reading!(self.0.db, |tx| {
            // First that its country is blocked, which no waiting changes.
            if let Err(withheld) = whom.may_be_sent(tx, whom.likely(), now).await? {
                return Ok(Err(LoginRefusal::Withheld(withheld)));
            }
            let pace = pace(tx, number, now).await?;
            let may_go = Channel::ALL.into_iter().any(|channel| pace.lets(channel, now));
            let too_many = LoginRefusal::Pace(TooManyPins { until: pace.next_at });
            Ok(if may_go { Ok(()) } else { Err(too_many) })
        })
    }

    /// Takes a new pin for the same login; the old one is void, the tries are kept.
    pub async fn renew(
        &self,
        token: LoginToken,
        otp: Otp,
        sending: Sending,
        now: Timestamp,
    ) -> Answer<Begun, LoginRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let id = login_id(&token);
            let (Some(row), number) = lock_login(tx, id).await? else {
                return Ok(Err(LoginRefusal::Pin(Refusal::Invalid)));
            };
            let mut login = login_of(&row)?;
            if let Err(refusal) = login.renew(now) {
                return Ok(Err(LoginRefusal::Pin(refusal)));
            }
            let phone = phone_of(&vault, &row)?;
            let whom = Whom::of(&vault, &phone, sending);
            let channel = match goes(tx, &whom, now).await? {
                Ok(channel) => channel,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let pin = pins::went(tx, &vault, number, channel, now).await?;
            sql("UPDATE logins SET otp_digest = $2, expires_at = $3, pin_id = $4 WHERE id = $1")
                .bind(id)
                .bind(vault.digest(Purpose::Otp, &[&id, otp.reveal().as_bytes()]))
                .bind(login.expires_at)
                .bind(pin)
                .execute(tx)
                .await?;
            let next_at = pace(tx, number, now).await?.next_at;
            Ok(Ok(Begun { phone, channel, pin, expires_at: login.expires_at, next_at }))
        })
    }

    /// Lets a number sign in again that had too many wrong pins: for an operator, who has made
    /// sure whose it is.
    pub async fn unlock(&self, phone: PhoneNumber) -> Result<()> {
        let number = phone_digest(&self.0.vault, &phone);
        in_transaction!(self.0.db, |tx| {
            let forget = sql("DELETE FROM phone_failures WHERE phone_digest = $1");
            forget.bind(number).execute(tx).await.map(drop)
        })
    }

    /// Tries a pin. The right one makes the session and ends the older one in the same breath.
    pub async fn verify(
        &self,
        token: LoginToken,
        typed: Otp,
        session: SessionToken,
        now: Timestamp,
    ) -> Answer<SignedIn, Refusal> {
        let vault = Arc::clone(&self.0.vault);
        let signed_in = in_transaction!(self.0.db, |tx| {
            let row = match try_pin(tx, &vault, &token, &typed, None, now).await? {
                Ok(row) => row,
                Err(refusal) => return Ok(Err(refusal)),
            };
            sign_in(tx, &vault, &row, &session, now).await.map(Ok)
        });
        if matches!(signed_in, Ok(Ok(_))) {
            self.0.endings.send_replace(());
        }
        signed_in
    }
}

impl Aim {
    /// The word in rows.
    fn purpose(self) -> &'static str {
        match self {
            Self::SignIn(_) => "sign_in",
            Self::StepUp(_) => "step_up",
            Self::NewNumber(_) => "new_number",
        }
    }

    fn client(self) -> Client {
        match self {
            Self::SignIn(client) => client,
            Self::StepUp(session) | Self::NewNumber(session) => session.client,
        }
    }

    fn session(self) -> Option<SessionId> {
        match self {
            Self::SignIn(_) => None,
            Self::StepUp(session) | Self::NewNumber(session) => Some(session.id),
        }
    }
}

/// Tries the pin of a login with this aim, `None` being to sign in; answers the login's row.
///
/// A login that is unknown, or for something else, is refused like a wrong pin and with the same
/// work.
pub(crate) async fn try_pin(
    tx: &mut Tx,
    vault: &Vault,
    token: &LoginToken,
    typed: &Otp,
    aim: Option<Aim>,
    now: Timestamp,
) -> Answer<Row, Refusal> {
    let id = login_id(token);
    let (row, number) = lock_login(tx, id).await?;
    let is_for_this = row.as_ref().map_or(Ok(false), |row| is_for(row, aim))?;
    let row = row.filter(|_| is_for_this);
    let mut login = row.as_ref().map_or(Ok(Login::over(now)), login_of)?;
    let mut failures = failures_of(tx, number).await?;
    let before = failures;
    let digest = row.as_ref().map(|row| row.take::<Option<Vec<u8>>>("otp_digest")).transpose()?;
    let digest = digest.flatten().unwrap_or_else(|| NO_DIGEST.to_vec());
    let right = vault.matches(Purpose::Otp, &[&id, typed.reveal().as_bytes()], &digest);
    let has_second_factor = has_second_factor(tx, number).await?;
    let verdict = if aim.is_none() && has_second_factor {
        login.submit_first(right, &mut failures, now)
    } else {
        login.submit(right, &mut failures, now)
    };
    if verdict.is_ok() && has_second_factor {
        // A pin for something else forgives no wrong codes of the app.
        failures = before;
    }
    // What is not for this is not touched.
    let saved = if row.is_some() { id } else { NO_DIGEST };
    save(tx, saved, &login, number, failures).await?;
    if matches!(verdict, Ok(()) | Err(Refusal::SecondFactorNeeded)) {
        // Whoever answers pins is no flood.
        let answered = sql("UPDATE pins_sent SET answered_at = $2 WHERE phone_digest = $1");
        answered.bind(number).bind(now).execute(tx).await?;
        let verified = sql("UPDATE pins_sent SET verified_at = $2
                            WHERE id = (SELECT pin_id FROM logins WHERE id = $1)");
        verified.bind(id).bind(now).execute(tx).await?;
        spending::used(tx, number, now).await?;
    }
    Ok(verdict.and_then(|()| row.ok_or(Refusal::Invalid)))
}

/// Makes the session of a login that was proved, and ends the older one in the same breath.
pub(crate) async fn sign_in(
    tx: &mut Tx,
    vault: &Vault,
    row: &Row,
    token: &SessionToken,
    now: Timestamp,
) -> Result<SignedIn> {
    let client = client_of(row)?;
    let user = user_with(tx, vault, &phone_of(vault, row)?, now).await?;
    let (session, displaced) = start_session(tx, vault, user, client, token, now).await?;
    Ok(SignedIn { user, session, client, displaced })
}

/// The user with this number; makes one at the first success.
pub(crate) async fn user_with(
    tx: &mut Tx,
    vault: &Vault,
    phone: &PhoneNumber,
    now: Timestamp,
) -> Result<UserId> {
    // No time in it: whoever shares with a number does not learn since when it has been known here.
    let fresh = UserId::from_bytes(roll(vault.dice()));
    // Updating to itself on conflict makes the older row answer.
    let row = sql("INSERT INTO users (id, phone_digest, phone_sealed, created_at)
                   VALUES ($1, $2, $3, $4)
                   ON CONFLICT (phone_digest) DO UPDATE SET phone_digest = excluded.phone_digest
                   RETURNING id")
    .bind(fresh)
    .bind(phone_digest(vault, phone))
    .bind(vault.seal("user", &[phone.reveal()])?)
    .bind(now)
    .one(tx)
    .await?;
    row.parsed("id", UserId::parse)
}

pub(crate) fn phone_digest(vault: &Vault, phone: &PhoneNumber) -> [u8; 32] {
    vault.digest(Purpose::Phone, &[phone.reveal().as_bytes()])
}

async fn start_session(
    tx: &mut Tx,
    vault: &Vault,
    user: UserId,
    client: Client,
    token: &SessionToken,
    now: Timestamp,
) -> Result<(SessionId, bool)> {
    let displaced = sql("UPDATE sessions SET ended_at = $2, displaced_by = $3
                         WHERE user_id = $1 AND ended_at IS NULL")
    .bind(user)
    .bind(now)
    .bind(client.as_str())
    .execute(tx)
    .await?;
    let id = SessionId::new(vault.dice(), now);
    sql("INSERT INTO sessions (id, user_id, token_digest, client, started_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $5)")
    .bind(id)
    .bind(user)
    .bind(token_digest(token.reveal_bytes()))
    .bind(client.as_str())
    .bind(now)
    .execute(tx)
    .await?;
    if displaced != 0 {
        record(tx, vault, EventKind::SessionDisplaced, About::default().user(user), now).await?;
    }
    record(tx, vault, EventKind::SessionStarted, About::default().user(user), now).await?;
    Ok((id, displaced != 0))
}

pub(crate) fn login_id(token: &LoginToken) -> [u8; 32] {
    token_digest(token.reveal_bytes())
}

/// Writing first takes the number's lock: all decisions about one number come one by one.
pub(crate) async fn lock_number(tx: &mut Tx, number: [u8; 32]) -> Result<()> {
    sql("INSERT INTO phone_failures (phone_digest, in_a_row) VALUES ($1, 0)
         ON CONFLICT (phone_digest) DO UPDATE SET in_a_row = phone_failures.in_a_row")
    .bind(number)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a login, if there is one, under the lock of its number; of one that nobody knows under a
/// lock of its own, which the sweep takes away.
pub(crate) async fn lock_login(tx: &mut Tx, id: [u8; 32]) -> Result<(Option<Row>, [u8; 32])> {
    // Which number it is never changes, so it may be read before the lock.
    let row = sql("SELECT phone_digest FROM logins WHERE id = $1").bind(id).optional(tx).await?;
    let number = row.map(|row| row.take::<Vec<u8>>("phone_digest")).transpose()?;
    let number = number.and_then(|number| number.try_into().ok()).unwrap_or(id);
    lock_number(tx, number).await?;
    let row = sql("SELECT * FROM logins WHERE id = $1").bind(id).optional(tx).await?;
    Ok((row, number))
}

/// Whether a login is for this; `None` is to sign in.
pub(crate) fn is_for(row: &Row, aim: Option<Aim>) -> Result<bool> {
    let (purpose, session): (String, Option<String>) =
        (row.take("purpose")?, row.take("session_id")?);
    let wanted = aim.map_or("sign_in", Aim::purpose);
    Ok(purpose == wanted && session == aim.and_then(Aim::session).map(|id| id.to_string()))
}

/// Decides which way a pin goes, and pays for it. Call it under the lock of the number.
async fn goes(
    tx: &mut Tx,
    whom: &Whom,
    now: Timestamp,
) -> Result<std::result::Result<Channel, LoginRefusal>> {
    let pace = pace(tx, whom.number(), now).await?;
    // Before the way is chosen: a pin that is not sent must not be the one that finds out whether a
    // closed channel works again.
    if let Err(withheld) = whom.may_be_sent(tx, whom.likely(), now).await? {
        return Ok(Err(LoginRefusal::Withheld(withheld)));
    }
    let may_go = |channel| {
        if pace.lets(channel, now) { Ok(()) } else { Err(TooManyPins { until: pace.next_at }) }
    };
    let channel = match pins::way(tx, whom.wish(), may_go, now).await? {
        Ok(channel) => channel,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let paid = spending::pay(tx, whom, channel, now).await?;
    Ok(paid.map(|()| channel).map_err(LoginRefusal::Withheld))
}

/// How pins went to a number, and when the next one may.
struct Pace {
    unanswered: Vec<Sent>,
    in_a_day: usize,
    next_at: Timestamp,
}

impl Pace {
    /// Whether a pin may go this way now.
    fn lets(&self, channel: Channel, now: Timestamp) -> bool {
        self.next_at <= now || login::may_switch(&self.unanswered, self.in_a_day, channel, now)
    }
}

async fn pace(tx: &mut Tx, number: [u8; 32], now: Timestamp) -> Result<Pace> {
    let rows = sql("SELECT * FROM pins_sent
                    WHERE phone_digest = $1 AND $2 < at ORDER BY at DESC, id DESC")
    .bind(number)
    .bind(now - login::SEND_DAY)
    .all(tx)
    .await?;
    let (mut all, mut unanswered) = (Vec::new(), Vec::new());
    for row in &rows {
        let (fate, at) = (fate_of(row)?, row.moment("at")?);
        if !fate.counts() {
            continue;
        }
        all.push(at);
        if row.moment_if_any("answered_at")?.is_none() {
            let by = row.parsed_if_any("channel", channel_from)?;
            unanswered.push(Sent { at, by, is_silent: fate == Fate::Silent });
        }
    }
    let moments: Vec<_> = unanswered.iter().map(|pin| pin.at).collect();
    let next_at = login::next_send(&moments, &all, now);
    Ok(Pace { unanswered, in_a_day: all.len(), next_at })
}

pub(crate) async fn failures_of(tx: &mut Tx, number: [u8; 32]) -> Result<Failures> {
    let row = sql("SELECT in_a_row, wait_until FROM phone_failures WHERE phone_digest = $1");
    let row = row.bind(number).one(tx).await?;
    let in_a_row = crate::row::number(&row, "in_a_row")?;
    Ok(Failures { in_a_row, wait_until: row.moment_if_any("wait_until")? })
}

pub(crate) async fn save(
    tx: &mut Tx,
    id: [u8; 32],
    login: &Login,
    number: [u8; 32],
    failures: Failures,
) -> Result<()> {
    let is_over = login.ended_at.or(login.proved_at).is_some() || login::MAX_TRIES <= login.tries;
    sql("UPDATE logins SET tries = $2, ended_at = $3, proved_at = $4, expires_at = $5,
             otp_digest = CASE WHEN $6 = 1 THEN NULL ELSE otp_digest END
         WHERE id = $1")
    .bind(id)
    .bind(login.tries)
    .bind(login.ended_at)
    .bind(login.proved_at)
    .bind(login.expires_at)
    .bind(i64::from(is_over))
    .execute(tx)
    .await?;
    save_failures(tx, number, failures).await
}

pub(crate) async fn save_failures(tx: &mut Tx, number: [u8; 32], failures: Failures) -> Result<()> {
    sql("UPDATE phone_failures SET in_a_row = $2, wait_until = $3 WHERE phone_digest = $1")
        .bind(number)
        .bind(failures.in_a_row)
        .bind(failures.wait_until)
        .execute(tx)
        .await?;
    Ok(())
}

pub(crate) fn phone_of(vault: &Vault, row: &Row) -> Result<PhoneNumber> {
    let sealed: Vec<u8> = row.take("phone_sealed")?;
    crate::row::phone(vault, "login", &sealed)
}
