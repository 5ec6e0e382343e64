//! Codes at the gate: looked at by link, redeemed by their guests, vouched for by hosts.

use std::sync::Arc;

use domain::access_code::{ATTEMPT_WINDOW, Leg, Refusal, Request, Target};
use domain::event::EventKind;
use domain::gate::MAX_SINCE_UNSETTLED;
use domain::permission::{Denied, Role};
use domain::secret::{LinkToken, Reference};
use domain::{
    AccessCode, Attempt, AttemptId, CodeId, GateId, IntercomId, Passcode, PhoneNumber, Timestamp,
    UserId,
};

use crate::attempts::attempt_with;
use crate::codes::{Pass, lock_code, may_act_on, may_use};
use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::row::attempt::{add_attempt, attempt_of, leg_word};
use crate::row::code::{pass_of, save_code};
use crate::row::device::{gate_with, role_of, settings_with};
use crate::row::phone;
use crate::sql::{Tx, sql};
use crate::transfers::same_owner;
use crate::vault::{Purpose, Vault, token_digest};
use crate::{Answer, Inner, Result};

/// The way to a gate, for guests and for hosts who vouch for them.
#[derive(Clone)]
pub struct Redemptions(pub(crate) Arc<Inner>);

/// A pass as its guest sees it.
#[derive(Clone, Debug)]
pub struct GuestPass {
    /// The pass.
    pub pass: Pass,
    /// The intercom's name.
    pub intercom_name: String,
    /// The intercom's time zone.
    pub time_zone: String,
    /// The latest attempt, whatever became of it.
    pub latest: Option<Attempt>,
    /// Whether the gate for the next way can be reached now.
    pub gate_is_there: bool,
    /// Whether a gate of the settings is not the owner's any more, so that the host must choose.
    pub is_suspended: bool,
    /// The owner's number as it is now, if the owner lets guests call.
    pub host: Option<PhoneNumber>,
    /// Whether who made it has the intercom no more (S-5).
    pub maker_is_former: bool,
}

/// A guest at the gate.
#[derive(Clone, Debug)]
pub struct Redeem {
    /// The secret of the link.
    pub link: LinkToken,
    /// In or out.
    pub leg: Leg,
    /// The digits as typed.
    pub typed: Passcode,
    /// The board scanned freshly, if any.
    pub scanned: Option<IntercomId>,
    /// Names this press of the button: pressed again, it is the same attempt (G-4).
    pub key: String,
}

/// Why a guest is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such link.
    UnknownLink,
    /// The rules say no.
    Rule(Refusal),
}

/// A host who lets a guest in or out.
#[derive(Clone, Debug)]
pub struct Vouch {
    /// The host.
    pub user: UserId,
    /// The guest's code.
    pub code: CodeId,
    /// In or out.
    pub leg: Leg,
    /// Names this tap: repeated, it is the same attempt.
    pub key: String,
}

/// Why a guest is not let through on a host's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VouchRefusal {
    /// Not theirs to say.
    Denied(Denied),
    /// This attempt is under way, or its gate keeps silent.
    UnderWay(AttemptId),
    /// The rules say no.
    Rule(Refusal),
}

impl Redemptions {
    /// The pass of a link. Reading changes nothing, however often (G-3).
    pub async fn by_link(&self, link: &LinkToken, now: Timestamp) -> Result<Option<GuestPass>> {
        let (vault, digest) = (Arc::clone(&self.0.vault), token_digest(link.reveal_bytes()));
        reading!(self.0.db, |tx| {
            let row = sql("SELECT id FROM codes WHERE link_digest = $1");
            let Some(row) = row.bind(digest).optional(tx).await? else { return Ok(None) };
            guest_pass(tx, &vault, row.parsed("id", CodeId::parse)?, now).await
        })
    }

    /// The pass of a code, for a host who may see it; none once its guest was erased.
    pub async fn for_host(
        &self,
        user: UserId,
        id: CodeId,
        now: Timestamp,
    ) -> Answer<GuestPass, Denied> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            if let Err(denied) = may_use(tx, user, id, now).await? {
                return Ok(Err(denied));
            }
            Ok(guest_pass(tx, &vault, id, now).await?.ok_or(Denied::Unknown))
        })
    }

    /// The link behind a reference, at the intercom whose board was scanned (G-2).
    pub async fn link_for(
        &self,
        reference: &Reference,
        intercom: IntercomId,
    ) -> Result<Option<LinkToken>> {
        let vault = Arc::clone(&self.0.vault);
        let digest = vault.digest(Purpose::Reference, &[reference.reveal_bytes()]);
        reading!(self.0.db, |tx| {
            let row = sql("SELECT * FROM codes WHERE reference_digest = $1 AND intercom_id = $2");
            let row = row.bind(digest).bind(intercom).optional(tx).await?;
            let pass = row.map_or(Ok(None), |row| pass_of(&vault, &row))?;
            Ok(pass.map(|pass| pass.link))
        })
    }

    /// Reserves a leg and creates the command for the gate that the settings name *now*, or says
    /// why not. A wrong try counts in the same transaction.
    pub async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Answer<Attempt, Refused> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let digest = token_digest(redeem.link.reveal_bytes());
            let row = sql("SELECT id FROM codes WHERE link_digest = $1");
            let Some(row) = row.bind(digest).optional(tx).await? else {
                return Ok(Err(Refused::UnknownLink));
            };
            let id = row.parsed("id", CodeId::parse)?;
            let Some(mut code) = lock_code(tx, &vault, id).await? else {
                return Ok(Err(Refused::UnknownLink));
            };
            if let Some(attempt) = pressed_before(tx, id, redeem.leg, &redeem.key).await? {
                return Ok(Ok(attempt));
            }
            let target = target_for(tx, &code, redeem.leg).await?;
            let request = Request {
                leg: redeem.leg,
                typed: &redeem.typed,
                scanned: redeem.scanned,
                recent_attempts: recent_attempts(tx, id, redeem.leg, now).await?,
            };
            let attempt = AttemptId::new(vault.dice(), now);
            let answer = code.redeem(&request, target, attempt, now);
            // Saved after a refusal too: a wrong try counts.
            save_code(tx, &code).await?;
            let about = || About::default().code(id).intercom(code.intercom);
            match answer {
                Ok(attempt) => {
                    let about = about();
                    reserved(tx, &vault, &attempt, &redeem.key, about, now).await?;
                    Ok(Ok(attempt))
                }
                Err(refusal) => {
                    remember(tx, id, redeem.leg, refusal, now).await?;
                    if let Refusal::WrongCode { tries_left } = refusal {
                        record(tx, &vault, EventKind::PassCodeRejected, about(), now).await?;
                        if tries_left == 0 {
                            record(tx, &vault, EventKind::PassLinkLocked, about(), now).await?;
                        }
                    }
                    Ok(Err(Refused::Rule(refusal)))
                }
            }
        })
    }

    /// Reserves a leg on a host's word, who needs neither digits nor board: whoever may revoke the
    /// code may. The same command on the same way as a guest's, so at most once with theirs.
    pub async fn vouch(&self, vouch: Vouch, now: Timestamp) -> Answer<Attempt, VouchRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let Vouch { user, code: id, leg, key } = vouch;
            let code = lock_code(tx, &vault, id).await?;
            if let Err(denied) = may_act_on(tx, user, id, now).await? {
                return Ok(Err(VouchRefusal::Denied(denied)));
            }
            let Some(mut code) = code else {
                return Ok(Err(VouchRefusal::Denied(Denied::Unknown)));
            };
            // Guests' keys have no slash, so nobody takes another's.
            let key = format!("{user}/{key}");
            if let Some(attempt) = pressed_before(tx, id, leg, &key).await? {
                return Ok(Ok(attempt));
            }
            let target = target_for(tx, &code, leg).await?;
            let recent = recent_vouchings(tx, id, leg, now).await?;
            let attempt = AttemptId::new(vault.dice(), now);
            let attempt = match code.vouch(leg, recent, target, attempt, now) {
                Ok(attempt) => attempt,
                Err(refusal) => {
                    let open = code.reserved_attempt();
                    let open = open.filter(|_| refusal == Refusal::AlreadyOpening);
                    let refusal = open.map_or(VouchRefusal::Rule(refusal), VouchRefusal::UnderWay);
                    return Ok(Err(refusal));
                }
            };
            save_code(tx, &code).await?;
            reserved(tx, &vault, &attempt, &key, About::default().code(id).by(user), now).await?;
            Ok(Ok(attempt))
        })
    }
}

/// Writes down a command that was just reserved.
pub(crate) async fn reserved(
    tx: &mut Tx,
    vault: &Vault,
    attempt: &Attempt,
    key: &str,
    about: About,
    now: Timestamp,
) -> Result<()> {
    add_attempt(tx, attempt, key).await?;
    let about = about.attempt(attempt.id).gate(attempt.gate);
    record(tx, vault, EventKind::AttemptReserved, about, now).await
}

/// Keeps the last refusal, so that somebody can tell the guest's host why the gate stayed shut.
async fn remember(
    tx: &mut Tx,
    id: CodeId,
    leg: Leg,
    refusal: Refusal,
    now: Timestamp,
) -> Result<()> {
    sql("UPDATE codes SET refused_at = $2, refused_leg = $3, refused_why = $4 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(leg_word(leg))
        .bind(refusal.as_str())
        .execute(tx)
        .await
        .map(drop)
}

async fn guest_pass(
    tx: &mut Tx,
    vault: &Vault,
    id: CodeId,
    now: Timestamp,
) -> Result<Option<GuestPass>> {
    let row = sql("SELECT c.*, d.name AS intercom_name, d.time_zone, u.phone_sealed AS host_sealed
                   FROM codes c
                   JOIN devices d ON d.id = c.intercom_id
                   LEFT JOIN users u ON u.id = d.owner_id AND d.guests_may_call_since IS NOT NULL
                   WHERE c.id = $1");
    let row = row.bind(id).one(tx).await?;
    let host: Option<Vec<u8>> = row.take("host_sealed")?;
    let Some(pass) = pass_of(vault, &row)? else { return Ok(None) };
    let latest = sql("SELECT * FROM attempts WHERE code_id = $1
                      ORDER BY reserved_at DESC, id DESC LIMIT 1");
    let latest = latest.bind(id).optional(tx).await?;
    let next = match pass.code.entry {
        domain::access_code::LegState::Used { .. } => Leg::Exit,
        domain::access_code::LegState::Free | domain::access_code::LegState::Reserved(_) => {
            Leg::Entry
        }
    };
    let target = target_for(tx, &pass.code, next).await?;
    let maker = role_of(tx, &pass.code.intercom.to_string(), pass.issued_by, now).await?;
    Ok(Some(GuestPass {
        maker_is_former: maker == Role::Stranger,
        intercom_name: row.take("intercom_name")?,
        time_zone: row.take("time_zone")?,
        latest: latest.map(|row| attempt_of(&row)).transpose()?,
        is_suspended: target.is_none(),
        gate_is_there: target.is_some_and(|target| target.gate.ready(now).is_some()),
        host: host.map(|sealed| phone(vault, "user", &sealed)).transpose()?,
        pass,
    }))
}

/// The attempt that the same press of the button made before.
async fn pressed_before(tx: &mut Tx, id: CodeId, leg: Leg, key: &str) -> Result<Option<Attempt>> {
    let row = sql("SELECT id FROM attempts WHERE code_id = $1 AND request_key = $2 AND leg = $3");
    let row = row.bind(id).bind(key).bind(leg_word(leg));
    let Some(row) = row.optional(tx).await? else { return Ok(None) };
    attempt_with(tx, row.parsed("id", AttemptId::parse)?).await.map(Some)
}

/// The gate for this way, as the settings name it now (X2), and how busy it is.
async fn target_for(tx: &mut Tx, code: &AccessCode, leg: Leg) -> Result<Option<Target>> {
    let Some(settings) = settings_with(tx, code.intercom).await? else { return Ok(None) };
    // Who comes in must be able to leave; who is inside needs no entry any more.
    let ways: &[Leg] = match leg {
        Leg::Entry => &[Leg::Entry, Leg::Exit],
        Leg::Exit => &[Leg::Exit],
    };
    for way in ways {
        if !same_owner(tx, code.intercom, settings.gate_for(*way)).await? {
            return Ok(None);
        }
    }
    target_at(tx, settings.gate_for(leg)).await.map(Some)
}

/// A gate, and how busy it is.
pub(crate) async fn target_at(tx: &mut Tx, id: GateId) -> Result<Target> {
    // What older hardware was sent and never told does not stand in the ledger of today's.
    let row = sql("SELECT COUNT(*) AS unsettled FROM attempts a JOIN gates g ON g.id = a.gate_id
                   WHERE a.gate_id = $1 AND a.state IN ('pending', 'sent')
                     AND g.hardware_since <= a.epoch");
    let unsettled = crate::row::number(&row.bind(id).one(tx).await?, "unsettled")?;
    let row = sql("SELECT COUNT(*) AS since FROM (
                       SELECT 1 FROM attempts WHERE gate_id = $1 AND id > (
                           SELECT MIN(a.id) FROM attempts a JOIN gates g ON g.id = a.gate_id
                           WHERE a.gate_id = $1 AND a.state = 'sent'
                             AND g.hardware_since <= a.epoch)
                       LIMIT $2) AS later");
    let row = row.bind(id).bind(MAX_SINCE_UNSETTLED).one(tx).await?;
    let since_unsettled = crate::row::number(&row, "since")?;
    Ok(Target { gate: gate_with(tx, id).await?, unsettled, since_unsettled })
}

async fn recent_attempts(tx: &mut Tx, id: CodeId, leg: Leg, now: Timestamp) -> Result<u32> {
    let row = sql("SELECT COUNT(*) AS recent FROM attempts
                   WHERE code_id = $1 AND leg = $2 AND $3 < reserved_at");
    let row = row.bind(id).bind(leg_word(leg)).bind(now - ATTEMPT_WINDOW).one(tx).await?;
    crate::row::number(&row, "recent")
}

/// The same for hosts; what guests have tried does not keep a host from helping.
async fn recent_vouchings(tx: &mut Tx, id: CodeId, leg: Leg, now: Timestamp) -> Result<u32> {
    let row = sql("SELECT COUNT(*) AS recent FROM attempts
                   WHERE code_id = $1 AND leg = $2 AND $3 < reserved_at AND asked_by <> 'guest'");
    let row = row.bind(id).bind(leg_word(leg)).bind(now - ATTEMPT_WINDOW).one(tx).await?;
    crate::row::number(&row, "recent")
}
