//! Ownership goes from one person to another, at once and for good (O-9); and what that means for
//! the codes whose gates stay behind (O-8b, X18).

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::{Act, Denied};
use domain::{CodeId, GateId, IntercomId, PhoneNumber, Timestamp, UserId};

use crate::database::in_transaction;
use crate::erasure::lock_user;
use crate::events::{About, record};
use crate::intercoms::lock_devices;
use crate::logins::phone_digest;
use crate::people_end::tell_of_ended;
use crate::readiness::forget_alerts;
use crate::row::code::still_opens;
use crate::row::device::{role_of, settings_with};
use crate::sql::{Tx, sql};
use crate::vault::Vault;
use crate::{Answer, Devices, Result};

/// What a transfer did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Who has the device now.
    pub to: UserId,
    /// Gates that went along.
    pub gates: Vec<GateId>,
    /// Codes that open nothing until a gate is chosen anew.
    pub suspended: usize,
}

/// Why nothing was transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferRefusal {
    /// Not theirs to give.
    Denied(Denied),
    /// Nobody has signed in with this number yet.
    UserNotFound,
    /// It is theirs already.
    AlreadyTheirs,
    /// One of the gates that should go along is not one that the intercom's settings name, or not
    /// the owner's.
    NotAlong(GateId),
}

impl Devices {
    /// Gives a device to somebody else; of an intercom also the gates of its settings that the
    /// owner names. What belongs to it goes along: settings, grants, codes, history. The former
    /// owner keeps full access with the grant, and no longer owns.
    pub async fn transfer(
        &self,
        owner: UserId,
        device: String,
        to: PhoneNumber,
        gates: Vec<GateId>,
        now: Timestamp,
    ) -> Answer<Transferred, TransferRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let mut gates = gates;
            gates.sort_unstable();
            gates.dedup();
            let moved =
                || std::iter::once(device.clone()).chain(gates.iter().map(GateId::to_string));
            let touched = lock_all(tx, moved().collect()).await?;
            if let Err(denied) = role_of(tx, &device, owner, now).await?.may(Act::Manage) {
                return Ok(Err(TransferRefusal::Denied(denied)));
            }
            // First, so that asking who has an account costs the device.
            for gate in &gates {
                if !may_go_along(tx, &device, *gate, owner, now).await? {
                    return Ok(Err(TransferRefusal::NotAlong(*gate)));
                }
            }
            // A row alone is also of somebody with whom a device was shared.
            let user = sql("SELECT id FROM users WHERE phone_digest = $1
                            AND EXISTS (SELECT 1 FROM sessions WHERE user_id = users.id)");
            let user = user.bind(phone_digest(&vault, &to)).optional(tx).await?;
            let Some(user) = user else { return Ok(Err(TransferRefusal::UserNotFound)) };
            let to = user.parsed("id", UserId::parse)?;
            if to == owner {
                return Ok(Err(TransferRefusal::AlreadyTheirs));
            }
            if !lock_user(tx, to).await? {
                return Ok(Err(TransferRefusal::UserNotFound));
            }
            let mut whole = Vec::new();
            for intercom in touched {
                whole.push((intercom, is_whole(tx, intercom).await?));
            }
            for device in moved() {
                hand_over(tx, &vault, &device, owner, to, now).await?;
            }
            let mut suspended = 0;
            for (intercom, before) in whole {
                suspended += tell_codes(tx, &vault, intercom, before, now).await?;
            }
            Ok(Ok(Transferred { to, gates, suspended }))
        })
    }
}

/// Whether a gate is one that the device's settings name, and the owner's own.
async fn may_go_along(
    tx: &mut Tx,
    device: &str,
    gate: GateId,
    owner: UserId,
    now: Timestamp,
) -> Result<bool> {
    let Ok(intercom) = IntercomId::parse(device) else { return Ok(false) };
    let settings = settings_with(tx, intercom).await?;
    let is_named = settings.is_some_and(|settings| {
        [domain::Leg::Entry, domain::Leg::Exit].map(|leg| settings.gate_for(leg)).contains(&gate)
    });
    Ok(is_named && role_of(tx, &gate.to_string(), owner, now).await?.may(Act::Manage).is_ok())
}

async fn hand_over(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    from: UserId,
    to: UserId,
    now: Timestamp,
) -> Result<()> {
    // Guests were shown the number of who let them call, and of nobody else.
    sql("UPDATE devices SET owner_id = $2, claimed_at = $3, guests_may_call_since = NULL
         WHERE id = $1")
    .bind(device)
    .bind(to)
    .bind(now)
    .execute(tx)
    .await?;
    let ended = sql("DELETE FROM shares WHERE device_id = $1 AND user_id = $2
                     RETURNING user_id, one_time_access_at");
    let ended = ended.bind(device).bind(to).all(tx).await?;
    tell_of_ended(tx, vault, device, from, &ended, now).await?;
    let stays =
        sql("INSERT INTO shares (device_id, user_id, shared_at, one_time_access_at, access)
                     VALUES ($1, $2, $3, $3, 'full') ON CONFLICT (device_id, user_id) DO NOTHING");
    if stays.bind(device).bind(from).bind(now).execute(tx).await? != 0 {
        for kind in [EventKind::PersonAdded, EventKind::GrantAdded] {
            let about = About::default().by(from).user(from).device(device);
            record(tx, vault, kind, about, now).await?;
        }
    }
    // Keys are good for what is their owner's, and not again if it comes back one day.
    let keys = sql("DELETE FROM api_key_devices WHERE device_id = $1");
    keys.bind(device).execute(tx).await?;
    forget_alerts(tx, device).await?;
    let about = About::default().by(from).user(to).device(device);
    record(tx, vault, EventKind::OwnerTransferred, about, now).await
}

/// Locks devices, and the intercoms whose settings name one of them, in everybody's order
/// ([`lock_device`](crate::intercoms::lock_device)); answers the intercoms.
pub(crate) async fn lock_all(tx: &mut Tx, devices: Vec<String>) -> Result<Vec<IntercomId>> {
    let is_gate = |device: &String| GateId::parse(device).is_ok();
    let (gates, others): (Vec<_>, Vec<_>) = devices.into_iter().partition(is_gate);
    lock_devices(tx, gates.clone()).await?;
    // No settings come to name a gate while it is locked.
    let mut intercoms: Vec<_> = others.iter().flat_map(|id| IntercomId::parse(id)).collect();
    for gate in gates {
        let rows = sql("SELECT intercom_id FROM settings
                        WHERE entry_gate_id = $1 OR exit_gate_id = $1");
        for row in rows.bind(gate).all(tx).await? {
            intercoms.push(row.parsed("intercom_id", IntercomId::parse)?);
        }
    }
    intercoms.sort_unstable();
    intercoms.dedup();
    lock_devices(tx, intercoms.iter().map(IntercomId::to_string).collect()).await?;
    Ok(intercoms)
}

/// Whether two devices are on the same account.
pub(crate) async fn same_owner(tx: &mut Tx, intercom: IntercomId, gate: GateId) -> Result<bool> {
    let row = sql("SELECT 1 AS one FROM devices i JOIN devices g ON g.owner_id = i.owner_id
                   WHERE i.id = $1 AND g.id = $2");
    Ok(row.bind(intercom).bind(gate).optional(tx).await?.is_some())
}

/// Whether all gates that an intercom's settings name are its owner's.
pub(crate) async fn is_whole(tx: &mut Tx, intercom: IntercomId) -> Result<bool> {
    let Some(settings) = settings_with(tx, intercom).await? else { return Ok(false) };
    for leg in [domain::Leg::Entry, domain::Leg::Exit] {
        if !same_owner(tx, intercom, settings.gate_for(leg)).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes down for each active code that its gates were taken from it, or are there again; answers
/// how many are suspended by this.
pub(crate) async fn tell_codes(
    tx: &mut Tx,
    vault: &Vault,
    intercom: IntercomId,
    was_whole: bool,
    now: Timestamp,
) -> Result<usize> {
    let kind = match (was_whole, is_whole(tx, intercom).await?) {
        (true, false) => EventKind::PassSuspended,
        (false, true) => EventKind::PassResumed,
        (true, true) | (false, false) => return Ok(0),
    };
    let rows = sql(concat!(
        "SELECT id FROM codes c WHERE intercom_id = $1 AND ",
        still_opens!("$2"),
        " ORDER BY id"
    ));
    let codes = rows.bind(intercom).bind(now).all(tx).await?;
    for row in &codes {
        let code = row.parsed("id", CodeId::parse)?;
        record(tx, vault, kind, About::default().intercom(intercom).code(code), now).await?;
    }
    Ok(if kind == EventKind::PassSuspended { codes.len() } else { 0 })
}
