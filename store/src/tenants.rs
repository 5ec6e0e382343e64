//! What tenants of a device may do: for how long they may invite a guest, and how many at once
//! (F09). It holds for all of them from the moment it is saved.

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::{Act, Denied};
use domain::share::{LongestStay, MaxInvitations, TenantSettings};
use domain::{Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::intercoms::lock_device;
use crate::row::device::role_of;
use crate::sql::{Tx, sql};
use crate::{Answer, Fault, People, Result};

/// Tenant settings as they were saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedTenantSettings {
    /// Both rows.
    pub settings: TenantSettings,
    /// Raised by each save; 0 when never saved.
    pub version: u64,
}

/// Why tenant settings are not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantSaveRefusal {
    /// Not theirs to do.
    Denied(Denied),
    /// Somebody saved meanwhile; these are theirs.
    Stale(SavedTenantSettings),
}

impl People {
    /// What tenants of a device may do, for them and for who decides it.
    pub async fn tenant_settings(
        &self,
        user: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<SavedTenantSettings, Denied> {
        reading!(self.0.db, |tx| {
            if let Err(denied) = role_of(tx, &device, user, now).await?.may(Act::Invite) {
                return Ok(Err(denied));
            }
            tenant_settings_of(tx, &device).await.map(Ok)
        })
    }

    /// Replaces them, if nobody else did since `version` was read.
    pub async fn save_tenant_settings(
        &self,
        user: UserId,
        device: String,
        settings: TenantSettings,
        version: u64,
        now: Timestamp,
    ) -> Answer<SavedTenantSettings, TenantSaveRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            if let Err(denied) = role_of(tx, &device, user, now).await?.may(Act::ManagePeople) {
                return Ok(Err(TenantSaveRefusal::Denied(denied)));
            }
            let current = tenant_settings_of(tx, &device).await?;
            if current.version != version {
                return Ok(Err(TenantSaveRefusal::Stale(current)));
            }
            let saved = SavedTenantSettings { settings, version: version + 1 };
            sql(
                "INSERT INTO tenant_settings (device_id, longest_minutes, max_invitations, version,
                                              saved_at, saved_by)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (device_id) DO UPDATE SET
                     longest_minutes = excluded.longest_minutes,
                     max_invitations = excluded.max_invitations, version = excluded.version,
                     saved_at = excluded.saved_at, saved_by = excluded.saved_by",
            )
            .bind(device.as_str())
            .bind(u32::from(settings.longest.minutes()))
            .bind(settings.at_once.count())
            .bind(i64::try_from(saved.version).unwrap_or(i64::MAX))
            .bind(now)
            .bind(user)
            .execute(tx)
            .await?;
            let about = About::default().by(user).device(&device);
            record(tx, &vault, EventKind::TenantSettingsSaved, about, now).await?;
            Ok(Ok(saved))
        })
    }
}

/// What tenants of a device may do now.
pub(crate) async fn tenant_settings_of(tx: &mut Tx, device: &str) -> Result<SavedTenantSettings> {
    let row = sql("SELECT * FROM tenant_settings WHERE device_id = $1").bind(device);
    let Some(row) = row.optional(tx).await? else {
        return Ok(SavedTenantSettings { settings: TenantSettings::default(), version: 0 });
    };
    let corrupt = |what: &'static str| Fault::corrupt("tenant_settings", what, "not on offer");
    let longest = LongestStay::from_minutes(crate::row::number(&row, "longest_minutes")?);
    let at_once = MaxInvitations::new(crate::row::number(&row, "max_invitations")?);
    Ok(SavedTenantSettings {
        settings: TenantSettings {
            longest: longest.map_err(|_| corrupt("longest_minutes"))?,
            at_once: at_once.map_err(|_| corrupt("max_invitations"))?,
        },
        version: crate::row::number(&row, "version")?,
    })
}

/// Invitations of a tenant that are not over.
pub(crate) struct Invitations {
    pub(crate) active: u32,
    /// When the next one ends by itself.
    pub(crate) next_slot_at: Option<Timestamp>,
}

/// Counts them; the device's lock is held, so that of two exactly one gets the last slot.
pub(crate) async fn invitations_of(
    tx: &mut Tx,
    device: &str,
    tenant: UserId,
    now: Timestamp,
) -> Result<Invitations> {
    let row = sql("SELECT COUNT(*) AS active, MIN(until_at) AS next_slot_at FROM shares
                   WHERE device_id = $1 AND invited_by = $2 AND $3 < until_at")
    .bind(device)
    .bind(tenant)
    .bind(now)
    .one(tx)
    .await?;
    let active = crate::row::number(&row, "active")?;
    Ok(Invitations { active, next_slot_at: row.moment_if_any("next_slot_at")? })
}
