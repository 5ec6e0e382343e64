//! A gate leaves its owner's account, and perhaps comes back.

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::Act;
use domain::{GateId, IntercomId, Timestamp, UserId};

use crate::database::in_transaction;
use crate::events::{About, record};
use crate::people_end::tell_of_ended;
use crate::readiness::forget_alerts;
use crate::row::device::role_of;
use crate::sql::{Tx, sql};
use crate::transfers::{is_whole, lock_all, tell_codes};
use crate::vault::Vault;
use crate::{Answer, Devices, GateRefusal, Result};

impl Devices {
    /// Takes a gate off its owner's account: whoever has its label may claim it anew, and is told
    /// nothing of its past unless it is they who took it off. Codes of intercoms whose settings name
    /// it open nothing until another one is chosen (O-8b); answers how many are suspended by this.
    pub async fn remove(
        &self,
        owner: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<usize, GateRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let touched = lock_all(tx, vec![device.clone()]).await?;
            if let Err(denied) = role_of(tx, &device, owner, now).await?.may(Act::Manage) {
                return Ok(Err(GateRefusal::Denied(denied)));
            }
            if GateId::parse(&device).is_err() {
                return Ok(Err(GateRefusal::NotAGate));
            }
            let mut whole = Vec::new();
            for intercom in touched {
                whole.push((intercom, is_whole(tx, intercom).await?));
            }
            sql("UPDATE devices SET owner_id = NULL, claimed_at = NULL, taken_off_by = $2
                 WHERE id = $1")
            .bind(device.as_str())
            .bind(owner)
            .execute(tx)
            .await?;
            let ended = sql("DELETE FROM shares WHERE device_id = $1
                             RETURNING user_id, one_time_access_at");
            let ended = ended.bind(device.as_str()).all(tx).await?;
            tell_of_ended(tx, &vault, &device, owner, &ended, now).await?;
            for statement in [
                "DELETE FROM tenant_settings WHERE device_id = $1",
                "DELETE FROM api_key_devices WHERE device_id = $1",
            ] {
                sql(statement).bind(device.as_str()).execute(tx).await?;
            }
            forget_alerts(tx, &device).await?;
            let about = About::default().by(owner).user(owner).device(&device);
            record(tx, &vault, EventKind::DeviceRemoved, about, now).await?;
            let mut suspended = 0;
            for (intercom, before) in whole {
                suspended += tell_codes(tx, &vault, intercom, before, now).await?;
            }
            Ok(Ok(suspended))
        })
    }
}

/// Tells the codes of intercoms, locked before, which were without a device that has just come onto
/// an account, that their gates are there again.
pub(crate) async fn tell_of_arrival(
    tx: &mut Tx,
    vault: &Vault,
    intercoms: Vec<IntercomId>,
    now: Timestamp,
) -> Result<()> {
    for intercom in intercoms {
        // Nobody's gate was nobody's part of anything: they were not whole before.
        tell_codes(tx, vault, intercom, false, now).await?;
    }
    Ok(())
}
