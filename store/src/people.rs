//! People a device is shared with, and the one grant: one-time access (X4).

use std::sync::Arc;

use domain::event::EventKind;
use domain::permission::{Act, Denied};
use domain::{PhoneNumber, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::events::{About, record};
use crate::logins::user_with;
use crate::row::device::role_of;
use crate::sql::sql;
use crate::{Answer, Inner};

/// Who a device is shared with.
#[derive(Clone)]
pub struct People(pub(crate) Arc<Inner>);

/// One of them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// Their number, which the owner typed.
    pub phone: PhoneNumber,
    /// Whether they may create, list and revoke codes.
    pub one_time_access: bool,
}

impl People {
    /// Shares a device, or changes what the person may.
    pub async fn share(
        &self,
        owner: UserId,
        device: String,
        phone: PhoneNumber,
        one_time_access: bool,
        now: Timestamp,
    ) -> Answer<Person, Denied> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            if let Err(denied) = role_of(tx, &device, owner).await?.may(Act::Manage) {
                return Ok(Err(denied));
            }
            let user = user_with(tx, &vault, &phone, now).await?;
            let before = role_of(tx, &device, user).await?.may(Act::UseOneTimeAccess).is_ok();
            sql("INSERT INTO shares (device_id, user_id, shared_at, one_time_access_at)
                 VALUES ($1, $2, $3, $4)
                 ON CONFLICT (device_id, user_id)
                 DO UPDATE SET one_time_access_at = excluded.one_time_access_at")
            .bind(device.as_str())
            .bind(user)
            .bind(now)
            .bind(one_time_access.then_some(now))
            .execute(tx)
            .await?;
            if before != one_time_access {
                let kind =
                    if one_time_access { EventKind::GrantAdded } else { EventKind::GrantRemoved };
                let about = About::default().by(owner).user(user).device(&device);
                record(tx, &vault, kind, about, now).await?;
            }
            Ok(Ok(Person { user, phone, one_time_access }))
        })
    }

    /// Ends the sharing with a person.
    pub async fn unshare(
        &self,
        owner: UserId,
        device: String,
        person: UserId,
        now: Timestamp,
    ) -> Answer<(), Denied> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            if let Err(denied) = role_of(tx, &device, owner).await?.may(Act::Manage) {
                return Ok(Err(denied));
            }
            let unshare = sql("DELETE FROM shares WHERE device_id = $1 AND user_id = $2");
            let granted = role_of(tx, &device, person).await?.may(Act::UseOneTimeAccess).is_ok();
            unshare.bind(device.as_str()).bind(person).execute(tx).await?;
            if granted {
                let about = About::default().by(owner).user(person).device(&device);
                record(tx, &vault, EventKind::GrantRemoved, about, now).await?;
            }
            Ok(Ok(()))
        })
    }

    /// Lists the people a device is shared with.
    pub async fn of(&self, owner: UserId, device: String) -> Answer<Vec<Person>, Denied> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            if let Err(denied) = role_of(tx, &device, owner).await?.may(Act::Manage) {
                return Ok(Err(denied));
            }
            let rows = sql("SELECT u.id, u.phone_sealed, s.one_time_access_at
                            FROM shares s JOIN users u ON u.id = s.user_id
                            WHERE s.device_id = $1 ORDER BY s.shared_at, u.id")
            .bind(device)
            .all(tx)
            .await?;
            let mut people = Vec::new();
            for row in rows {
                people.push(Person {
                    user: row.parsed("id", UserId::parse)?,
                    phone: crate::row::phone(
                        &vault,
                        "user",
                        &row.take::<Vec<u8>>("phone_sealed")?,
                    )?,
                    one_time_access: row.moment_if_any("one_time_access_at")?.is_some(),
                });
            }
            Ok(Ok(people))
        })
    }
}
