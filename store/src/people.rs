//! People a device is shared with: invited and changed; what they were given is [`domain::share`].
//! They are sent away by `people_end`, whole lists come by `people_import`, what tenants may do is in
//! `tenants`.
//!
//! Whoever changes a share locks its device first, so that a limit holds and a check still holds
//! when what it allowed is written (S-4). Accounts are locked after devices, by everybody.

use std::collections::HashSet;
use std::sync::Arc;

use domain::event::EventKind;
use domain::name::{Notes, PersonName};
use domain::permission::{Act, Denied, Role};
use domain::share::{Access, Holds, Share, TenantSettings, TooMuch};
use domain::{PhoneNumber, Timestamp, UserId};

use crate::database::{in_transaction, reading};
use crate::erasure::lock_user_with;
use crate::events::{About, record};
use crate::intercoms::lock_device;
use crate::logins::{phone_digest, user_with};
use crate::people_end::{CodesRevoked, revoke_codes};
use crate::row::device::role_of;
use crate::row::share::{PEOPLE, keep, person, person_of, seen};
use crate::sql::{Tx, sql};
use crate::tenants::{Invitations, invitations_of, tenant_settings_of};
use crate::vault::Vault;
use crate::{Answer, Inner, Result};

/// The most people that one device is shared with.
const MOST_PEOPLE: usize = 5_000;

/// Who a device is shared with.
#[derive(Clone)]
pub struct People(pub(crate) Arc<Inner>);

/// One of them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// Their number, which somebody typed who invited them.
    pub phone: PhoneNumber,
    /// What they were given.
    pub share: Share,
    /// Whether it holds.
    pub holds: Holds,
    /// What they were called by who invited them.
    pub name: Option<PersonName>,
    /// What was noted about them.
    pub notes: Option<Notes>,
    /// Since when.
    pub shared_at: Timestamp,
    /// Who invited them, where that is known.
    pub invited_by: Option<UserId>,
    /// How many active codes they made there; none where the reader may not know of codes (S-2).
    pub codes: Option<u32>,
    /// How many guests they invited whose time is not over.
    pub invitations: u32,
}

/// Whom to invite, and what they are given.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Their number.
    pub phone: PhoneNumber,
    /// What they get.
    pub share: Share,
    /// What to call them.
    pub name: Option<PersonName>,
    /// What to note about them.
    pub notes: Option<Notes>,
}

/// What is changed about a person; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another type of access.
    pub access: Option<Access>,
    /// The grant, given or taken.
    pub one_time_access: Option<bool>,
    /// With the grant, also takes back all active codes that they made there (X22).
    pub also_revoke: bool,
    /// Opening over Wi-Fi, allowed or not.
    pub wifi: Option<bool>,
    /// Another name.
    pub name: Option<PersonName>,
    /// Other notes.
    pub notes: Option<Notes>,
}

/// A person as they are now.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Who, and what they have.
    pub person: Person,
    /// What became of their codes, where those were to be revoked.
    pub revoked: Option<CodesRevoked>,
}

/// Why nobody was invited, or nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteRefusal {
    /// Not theirs to do.
    Denied(Denied),
    /// It is the number of the device's owner.
    Owners,
    /// The device is shared with this person already.
    AlreadyShared,
    /// The time would be over already.
    Over,
    /// Longer than tenants may invite for.
    TooLong(TenantSettings),
    /// The tenant has as many guests as they may.
    TooMany {
        /// Invitations that are not over.
        active: u32,
        /// How many may be.
        limit: u32,
        /// When the next one ends by itself.
        next_slot_at: Option<Timestamp>,
    },
    /// The device is shared with as many people as it can be.
    Crowded,
}

impl People {
    /// Shares a device always, or gives and takes the grant of who has it already.
    pub async fn share(
        &self,
        by: UserId,
        device: String,
        phone: PhoneNumber,
        one_time_access: bool,
        now: Timestamp,
    ) -> Answer<Person, InviteRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let Invited { role, before } =
                match invited(tx, &vault, &device, by, &phone, Act::ManagePeople, now).await? {
                    Ok(invited) => invited,
                    Err(refusal) => return Ok(Err(refusal)),
                };
            let had = before.as_ref().map(|before| before.share);
            let share = Share { one_time_access, ..had.unwrap_or(Share::ALWAYS) };
            if let Err(denied) = role.may_change(had, share) {
                return Ok(Err(InviteRefusal::Denied(denied)));
            }
            let known = match &before {
                Some(before) => before.clone(),
                None if is_crowded(tx, &device, 1).await? => {
                    return Ok(Err(InviteRefusal::Crowded));
                }
                None => Person::new(by, user_with(tx, &vault, &phone, now).await?, phone, now),
            };
            let after = Person { share, ..known };
            keep(tx, &vault, &device, &after, now).await?;
            told(tx, &vault, &device, by, before.as_ref(), Some(&after), now).await?;
            Ok(Ok(after.seen_by(role)))
        })
    }

    /// Invites somebody with whom the device is not shared yet.
    pub async fn invite(
        &self,
        by: UserId,
        device: String,
        invitation: Invitation,
        now: Timestamp,
    ) -> Answer<Person, InviteRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            let Invitation { phone, share, name, notes } = invitation;
            let Invited { role, before } =
                match invited(tx, &vault, &device, by, &phone, Act::Invite, now).await? {
                    Ok(invited) => invited,
                    Err(refusal) => return Ok(Err(refusal)),
                };
            if let Err(refusal) = may_give(tx, &device, by, role, share, now).await? {
                return Ok(Err(refusal));
            }
            if before.is_some() {
                return Ok(Err(InviteRefusal::AlreadyShared));
            }
            if is_crowded(tx, &device, 1).await? {
                return Ok(Err(InviteRefusal::Crowded));
            }
            let user = user_with(tx, &vault, &phone, now).await?;
            let person = Person { share, name, notes, ..Person::new(by, user, phone, now) };
            keep(tx, &vault, &device, &person, now).await?;
            told(tx, &vault, &device, by, None, Some(&person), now).await?;
            let person = seen(tx, &vault, &device, user, now).await?;
            Ok(Ok(person.seen_by(role)))
        })
    }

    /// Changes what somebody was given, at once; or how they are called, and what is noted. Whose
    /// access had ended comes back without the grant, unless that is given anew.
    pub async fn change(
        &self,
        by: UserId,
        device: String,
        user: UserId,
        change: Change,
        now: Timestamp,
    ) -> Answer<Changed, InviteRefusal> {
        let vault = Arc::clone(&self.0.vault);
        in_transaction!(self.0.db, |tx| {
            lock_device(tx, &device).await?;
            let role = role_of(tx, &device, by, now).await?;
            if let Err(denied) = role.may(Act::ManagePeople) {
                return Ok(Err(InviteRefusal::Denied(denied)));
            }
            let Some(kept) = person(tx, &vault, &device, user, now).await? else {
                return Ok(Err(InviteRefusal::Denied(Denied::Unknown)));
            };
            // Nobody gives themselves more than they were given.
            if user == by {
                return Ok(Err(InviteRefusal::Denied(Denied::NoPermission)));
            }
            let before = Some(&kept).filter(|kept| kept.is_there());
            let had_grant = before.is_some_and(|before| before.share.one_time_access);
            let mut after = kept.clone();
            after.share = Share {
                access: change.access.unwrap_or(kept.share.access),
                one_time_access: change.one_time_access.unwrap_or(had_grant),
                wifi: change.wifi.unwrap_or(kept.share.wifi),
            };
            if let Err(denied) = role.may_change(before.map(|before| before.share), after.share) {
                return Ok(Err(InviteRefusal::Denied(denied)));
            }
            after.name = change.name.or(after.name);
            after.notes = change.notes.or(after.notes);
            if change.access.is_some_and(|access| access.holds(None, now) == Holds::Ended) {
                return Ok(Err(InviteRefusal::Over));
            }
            let is_taken = had_grant && !after.share.one_time_access;
            let revoked = if change.also_revoke && is_taken {
                Some(revoke_codes(tx, &vault, &device, by, user, now).await?)
            } else {
                None
            };
            keep(tx, &vault, &device, &after, now).await?;
            let after = seen(tx, &vault, &device, user, now).await?;
            told(tx, &vault, &device, by, before, Some(&after).filter(|it| it.is_there()), now)
                .await?;
            Ok(Ok(Changed { person: after.seen_by(role), revoked }))
        })
    }

    /// Lists the people a device is shared with, the longest first; to a tenant, their guests. Who
    /// was there until not long ago is among them.
    pub async fn of(
        &self,
        by: UserId,
        device: String,
        now: Timestamp,
    ) -> Answer<Vec<Person>, Denied> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let role = role_of(tx, &device, by, now).await?;
            if let Err(denied) = role.may(Act::Invite) {
                return Ok(Err(denied));
            }
            let mut people = Vec::new();
            for row in sql(PEOPLE).bind(device.as_str()).bind(now).all(tx).await? {
                let person = person_of(&vault, &device, &row, now)?;
                if role.may_end(person.is_guest_of(by)).is_ok() {
                    people.push(person.seen_by(role));
                }
            }
            Ok(Ok(people))
        })
    }

    /// Who of these has the device no more: what they made there is a former user's (S-5).
    pub async fn former(
        &self,
        device: String,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<HashSet<UserId>> {
        reading!(self.0.db, |tx| {
            let mut former = HashSet::new();
            for user in HashSet::<UserId>::from_iter(users) {
                if role_of(tx, &device, user, now).await? == Role::Stranger {
                    former.insert(user);
                }
            }
            Ok(former)
        })
    }

    /// One of them.
    pub async fn one(
        &self,
        by: UserId,
        device: String,
        user: UserId,
        now: Timestamp,
    ) -> Answer<Person, Denied> {
        let vault = Arc::clone(&self.0.vault);
        reading!(self.0.db, |tx| {
            let role = role_of(tx, &device, by, now).await?;
            let person = person(tx, &vault, &device, user, now).await?;
            let is_theirs = person.as_ref().is_some_and(|person| person.is_guest_of(by));
            if let Err(denied) = role.may_end(is_theirs) {
                return Ok(Err(denied));
            }
            Ok(person.map(|person| person.seen_by(role)).ok_or(Denied::Unknown))
        })
    }
}

impl Person {
    /// Whether the device is still shared with them.
    pub fn is_there(&self) -> bool {
        self.holds != Holds::Ended
    }

    /// As somebody may know them: who may not use codes does not learn that there are any (S-2).
    fn seen_by(self, reader: Role) -> Self {
        let codes = self.codes.filter(|_| reader.may(Act::UseOneTimeAccess).is_ok());
        Self { codes, ..self }
    }

    /// Whether a tenant brought them and nobody gave them more since.
    pub(crate) fn is_guest_of(&self, tenant: UserId) -> bool {
        let is_guest = matches!(self.share.access, Access::Temporary(_));
        self.invited_by == Some(tenant) && is_guest && !self.share.one_time_access
    }

    pub(crate) fn new(by: UserId, user: UserId, phone: PhoneNumber, now: Timestamp) -> Self {
        Self {
            user,
            phone,
            share: Share::ALWAYS,
            holds: Holds::Now,
            name: None,
            notes: None,
            shared_at: now,
            invited_by: Some(by),
            codes: Some(0),
            invitations: 0,
        }
    }
}

/// Somebody is invited, as far as that does not depend on what they are given.
struct Invited {
    /// What who invites is to the device.
    role: Role,
    /// Who is invited, if the device is shared with them already.
    before: Option<Person>,
}

/// Whether somebody may invite a number; takes the device's lock and then the account's, if there
/// is one. Of a refused invitation nothing is kept: an account is made by who goes through with it.
async fn invited(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    by: UserId,
    phone: &PhoneNumber,
    act: Act,
    now: Timestamp,
) -> Answer<Invited, InviteRefusal> {
    lock_device(tx, device).await?;
    let role = role_of(tx, device, by, now).await?;
    if let Err(denied) = role.may(act) {
        return Ok(Err(InviteRefusal::Denied(denied)));
    }
    let Some(user) = lock_user_with(tx, phone_digest(vault, phone)).await? else {
        return Ok(Ok(Invited { role, before: None }));
    };
    if role_of(tx, device, user, now).await? == Role::Owner {
        return Ok(Err(InviteRefusal::Owners));
    }
    // Nobody gives themselves more than they were given.
    if user == by {
        return Ok(Err(InviteRefusal::Denied(Denied::NoPermission)));
    }
    let before = person(tx, vault, device, user, now).await?.filter(Person::is_there);
    Ok(Ok(Invited { role, before }))
}

/// Whether somebody may give this; a tenant within what the tenant settings say now.
async fn may_give(
    tx: &mut Tx,
    device: &str,
    by: UserId,
    role: Role,
    share: Share,
    now: Timestamp,
) -> Answer<(), InviteRefusal> {
    if let Err(denied) = role.may_give(share) {
        return Ok(Err(InviteRefusal::Denied(denied)));
    }
    let Access::Temporary(stay) = share.access else { return Ok(Ok(())) };
    if stay.until() <= now {
        return Ok(Err(InviteRefusal::Over));
    }
    if role.may(Act::ManagePeople).is_ok() {
        return Ok(Ok(()));
    }
    let settings = tenant_settings_of(tx, device).await?.settings;
    let Invitations { active, next_slot_at } = invitations_of(tx, device, by, now).await?;
    Ok(settings.admit(stay, active).map_err(|too_much| match too_much {
        TooMuch::Time => InviteRefusal::TooLong(settings),
        TooMuch::Invitations => {
            InviteRefusal::TooMany { active, limit: settings.at_once.count(), next_slot_at }
        }
    }))
}

/// Whether so many more people cannot be added to a device.
pub(crate) async fn is_crowded(tx: &mut Tx, device: &str, more: usize) -> Result<bool> {
    let row = sql("SELECT COUNT(*) AS people FROM shares WHERE device_id = $1").bind(device);
    let people: usize = crate::row::number(&row.one(tx).await?, "people")?;
    Ok(MOST_PEOPLE < people + more)
}

/// Writes down what became another for a person: the sharing, what they were given, the grant.
pub(crate) async fn told(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    by: UserId,
    before: Option<&Person>,
    after: Option<&Person>,
    now: Timestamp,
) -> Result<()> {
    let Some(person) = after.or(before) else { return Ok(()) };
    let given = |person: &Person| (person.share.access, person.share.wifi);
    let sharing = match (before, after) {
        (None, Some(_)) => Some(EventKind::PersonAdded),
        (Some(_), None) => Some(EventKind::PersonRemoved),
        (Some(before), Some(after)) if given(before) != given(after) => {
            Some(EventKind::PersonChanged)
        }
        (Some(_), Some(_)) | (None, None) => None,
    };
    let has_grant = |person: Option<&Person>| person.is_some_and(|it| it.share.one_time_access);
    let grant = match (has_grant(before), has_grant(after)) {
        (false, true) => Some(EventKind::GrantAdded),
        (true, false) => Some(EventKind::GrantRemoved),
        (true, true) | (false, false) => None,
    };
    for kind in sharing.into_iter().chain(grant) {
        let about = About::default().by(by).user(person.user).device(device);
        record(tx, vault, kind, about, now).await?;
    }
    Ok(())
}
