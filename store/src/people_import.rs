//! A list of people at once: all who are new get the same, all others stay as they are.

use std::collections::HashSet;
use std::sync::Arc;

use domain::name::{Notes, PersonName};
use domain::permission::Act;
use domain::share::{Holds, Share};
use domain::{PhoneNumber, Timestamp, UserId};

use crate::database::in_transaction;
use crate::intercoms::lock_device;
use crate::logins::{phone_digest, user_with};
use crate::people::{InviteRefusal, is_crowded, told};
use crate::row::device::role_of;
use crate::row::share::keep;
use crate::sql::{Tx, sql};
use crate::{Answer, People, Person, Result};

/// Somebody on a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Their number; no other on the list has it.
    pub phone: PhoneNumber,
    /// What to call them.
    pub name: Option<PersonName>,
    /// What to note about them.
    pub notes: Option<Notes>,
}

/// What became of somebody on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The device is shared with them now.
    Added,
    /// It was before, or is theirs; they have what they had.
    AlreadyThere,
}

impl People {
    /// Shares a device with all on a list who do not have it yet, in one transaction; answers in
    /// the order of the list. With `only_look` it writes nothing and answers the same.
    ///
    /// What it answers depends on who has this device and on nothing else, so it tells of no
    /// number whether it has an account.
    pub async fn import(
        &self,
        by: UserId,
        device: String,
        list: Vec<Listed>,
        share: Share,
        only_look: bool,
        now: Timestamp,
    ) -> Answer<Vec<Imported>, InviteRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            let role = role_of(tx, &device, by, now).await?;
            if let Err(denied) = role.may(Act::ManagePeople).and_then(|()| role.may_give(share)) {
                return Ok(Err(InviteRefusal::Denied(denied)));
            }
            if share.access.holds(None, now) == Holds::Ended {
                return Ok(Err(InviteRefusal::Over));
            }
            let there = numbers_of(tx, &device, now).await?;
            let mut answers = vec![Imported::AlreadyThere; list.len()];
            let mut new = Vec::new();
            for (answer, listed) in answers.iter_mut().zip(list) {
                let digest = phone_digest(&vault, &listed.phone);
                if !there.contains(digest.as_slice()) {
                    *answer = Imported::Added;
                    new.push((digest, listed));
                }
            }
            if is_crowded(tx, &device, new.len()).await? {
                return Ok(Err(InviteRefusal::Crowded));
            }
            if only_look {
                return Ok(Ok(answers));
            }
            // Accounts are locked by all lists in the same order.
            new.sort_unstable_by_key(|(digest, _)| *digest);
            for (_, Listed { phone, name, notes }) in new {
                let user = user_with(tx, &vault, &phone, now).await?;
                let person = Person { share, name, notes, ..Person::new(by, user, phone, now) };
                keep(tx, &vault, &device, &person, now).await?;
                told(tx, &vault, &device, by, None, Some(&person), now).await?;
            }
            Ok(Ok(answers))
        })
    }
}

/// The digests of the numbers of all who have a device.
async fn numbers_of(tx: &mut Tx, device: &str, now: Timestamp) -> Result<HashSet<Vec<u8>>> {
    let rows = sql("SELECT phone_digest FROM users WHERE id IN (
                        SELECT owner_id FROM devices WHERE id = $1
                        UNION SELECT user_id FROM shares
                            WHERE device_id = $1 AND (until_at IS NULL OR $2 < until_at))");
    let rows = rows.bind(device).bind(now).all(tx).await?;
    rows.iter().map(|row| row.take("phone_digest")).collect()
}
