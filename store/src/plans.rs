//! What devices are used for: a record that their owner makes, and that moves to the hardware which
//! takes a faulty device's place (F02, F04).

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::{Act, Denied};
use domain::{Plan, Timestamp, UserId};

use crate::database::in_transaction;
use crate::devices::seen_by;
use crate::events::{About, record};
use crate::intercoms::{lock_device, lock_devices};
use crate::row::device::role_of;
use crate::sql::{Row, Tx, sql};
use crate::{Answer, Device, Devices, Result};

/// Why a plan did not go to another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanRefusal {
    /// One of them is not theirs.
    Denied(Denied),
    /// One is a gate, the other an intercom; or they are one and the same.
    OtherKind,
    /// There is no plan to go.
    Missing,
    /// The other device has one of its own.
    Taken,
}

impl Devices {
    /// Says what a device is used for.
    pub async fn set_plan(
        &self,
        owner: UserId,
        device: String,
        plan: Plan,
        now: Timestamp,
    ) -> Answer<Device, Denied> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            if let Err(denied) = role_of(tx, &device, owner, now).await?.may(Act::Manage) {
                return Ok(Err(denied));
            }
            if plan_of(tx, &device).await? != Some(plan) {
                put(tx, &device, Some(plan)).await?;
                let about = About::default().by(owner).device(&device);
                record(tx, &vault, EventKind::DevicePlanSet, about, now).await?;
            }
            seen_by(tx, &device, owner, now).await.map(Ok)
        })
    }

    /// Gives the plan of a device to another of the same owner and kind, which has none; the first
    /// has none from then on. Answers the one that has it now.
    pub async fn transfer_plan(
        &self,
        owner: UserId,
        from: String,
        to: String,
        now: Timestamp,
    ) -> Answer<Device, PlanRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_devices(tx, vec![from.clone(), to.clone()]).await?;
            for device in [&from, &to] {
                if let Err(denied) = role_of(tx, device, owner, now).await?.may(Act::Manage) {
                    return Ok(Err(PlanRefusal::Denied(denied)));
                }
            }
            let kind = |id: &str| id.split_once('_').map(|(kind, _)| kind.to_owned());
            if from == to || kind(&from) != kind(&to) {
                return Ok(Err(PlanRefusal::OtherKind));
            }
            let Some(plan) = plan_of(tx, &from).await? else {
                return Ok(Err(PlanRefusal::Missing));
            };
            if plan_of(tx, &to).await?.is_some() {
                return Ok(Err(PlanRefusal::Taken));
            }
            put(tx, &from, None).await?;
            put(tx, &to, Some(plan)).await?;
            // Both stories tell it: an intercom's chain is its own.
            for device in [&from, &to] {
                let about = About::default().by(owner).device(device);
                record(tx, &vault, EventKind::DevicePlanTransferred, about, now).await?;
            }
            seen_by(tx, &to, owner, now).await.map(Ok)
        })
    }
}

pub(crate) fn plan_in(row: &Row) -> Result<Option<Plan>> {
    row.parsed_if_any("plan", Plan::parse)
}

async fn plan_of(tx: &mut Tx, device: &str) -> Result<Option<Plan>> {
    plan_in(&sql("SELECT plan FROM devices WHERE id = $1").bind(device).one(tx).await?)
}

async fn put(tx: &mut Tx, device: &str, plan: Option<Plan>) -> Result<()> {
    let put = sql("UPDATE devices SET plan = $2 WHERE id = $1");
    put.bind(device).bind(plan.map(|plan| plan.as_str().to_owned())).execute(tx).await.map(drop)
}
