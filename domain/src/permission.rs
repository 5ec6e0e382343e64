//! Who may do what with a device: its owner, people it is shared with, nobody else.

use jiff::tz::TimeZone;

use crate::Timestamp;
use crate::share::{Access, Holds, Share};

/// What somebody is to a device, at the moment for which it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The device is on their account.
    Owner,
    /// It is shared with them.
    Shared {
        /// What they were given.
        share: Share,
        /// Whether that holds.
        holds: Holds,
    },
    /// Nothing; the device's very existence is not theirs to know.
    Stranger,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// See the device's name, kind and whether it is online.
    SeeDevice,
    /// Open it from the app, without a code.
    OpenGate,
    /// Create, list and revoke codes, and read their attempts (C02, E01, X20).
    UseOneTimeAccess,
    /// Invite people, see those whom one has invited, and end their access; whom, says
    /// [`Role::may_give`].
    Invite,
    /// See all people, change and end their access, set what tenants may do.
    ManagePeople,
    /// Read all that happened to it.
    SeeLog,
    /// Change its name and how it works, but for one-time access.
    Configure,
    /// Read or change settings of one-time access (B02).
    ChangeSettings,
    /// Give it away, and decide about its hardware: what is the owner's alone.
    Manage,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// To them there is no such device.
    #[error("no such device")]
    Unknown,
    /// Only the owner may.
    #[error("only the owner may do this")]
    NotOwner,
    /// The owner has not given the grant.
    #[error("the owner has not given permission for this")]
    NoPermission,
    /// The owner has not allowed them to open from afar.
    #[error("the owner has not given access over Wi-Fi")]
    NoWifi,
    /// Their access does not hold now.
    #[error("access does not hold at this time")]
    NotNow {
        /// When it does, where that is known.
        from: Option<Timestamp>,
    },
}

impl Share {
    /// What somebody with this share is to the device: nobody, when it has ended.
    pub fn role(self, zone: Option<&TimeZone>, now: Timestamp) -> Role {
        match self.access.holds(zone, now) {
            Holds::Ended => Role::Stranger,
            holds @ (Holds::Now | Holds::From(_)) => Role::Shared { share: self, holds },
        }
    }
}

impl Role {
    /// Lets the act pass, or says why not.
    pub fn may(self, act: Act) -> Result<(), Denied> {
        let (share, holds) = match self {
            Self::Owner => return Ok(()),
            Self::Stranger => return Err(Denied::Unknown),
            Self::Shared { share, holds } => (share, holds),
        };
        match (act, share.access) {
            (Act::SeeDevice, _)
            | (Act::Invite, Access::Full | Access::Tenant)
            | (Act::ManagePeople | Act::SeeLog | Act::Configure, Access::Full) => Ok(()),
            (Act::OpenGate, _) if !share.wifi => Err(Denied::NoWifi),
            (Act::UseOneTimeAccess, _) if !share.one_time_access => Err(Denied::NoPermission),
            (Act::OpenGate | Act::UseOneTimeAccess, _) => match holds {
                Holds::Now => Ok(()),
                Holds::From(from) => Err(Denied::NotNow { from }),
                Holds::Ended => Err(Denied::Unknown),
            },
            (
                Act::Invite | Act::ManagePeople | Act::SeeLog | Act::Configure,
                Access::Tenant | Access::Always | Access::Repeat(_) | Access::Temporary(_),
            )
            | (Act::ChangeSettings | Act::Manage, _) => Err(Denied::NotOwner),
        }
    }

    /// Lets somebody give this to somebody else, or says why not: a tenant has guests, and the
    /// grant is the owner's alone to give (X4).
    pub fn may_give(self, given: Share) -> Result<(), Denied> {
        self.may(Act::Invite)?;
        if given.one_time_access && self.may(Act::Manage).is_err() {
            return Err(Denied::NoPermission);
        }
        match (self.may(Act::ManagePeople), given.access) {
            (Ok(()), _) | (Err(_), Access::Temporary(_)) => Ok(()),
            (Err(_), Access::Full | Access::Tenant | Access::Always | Access::Repeat(_)) => {
                Err(Denied::NoPermission)
            }
        }
    }

    /// Lets somebody make something else of what a person has, or says why not: the grant is the
    /// owner's alone to give, to take, and, by another type of access, to make longer (X4).
    pub fn may_change(self, before: Option<Share>, after: Share) -> Result<(), Denied> {
        self.may(Act::ManagePeople)?;
        let granted = before.filter(|before| before.one_time_access);
        let is_about_the_grant = after.one_time_access != granted.is_some()
            || granted.is_some_and(|granted| granted.access != after.access);
        if is_about_the_grant && self.may(Act::Manage).is_err() {
            return Err(Denied::NoPermission);
        }
        Ok(())
    }

    /// Lets somebody see a person and end their access, or says why not: to a tenant there are
    /// only those whom they invited.
    pub fn may_end(self, invited_by_them: bool) -> Result<(), Denied> {
        self.may(Act::Invite)?;
        match self.may(Act::ManagePeople) {
            Err(_) if !invited_by_them => Err(Denied::Unknown),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::{Day, Minute, Stay, Times};

    const NOW: Timestamp = Timestamp::from_millis(1_780_000_000_000);

    fn always(access: Access) -> Share {
        Share { access, one_time_access: true, wifi: true }
    }

    fn role(share: Share) -> Role {
        share.role(Some(&TimeZone::UTC), NOW)
    }

    fn stay(from: i64, until: i64) -> Access {
        let at = |minutes| Timestamp::from_millis(NOW.as_millis() + minutes * 60_000);
        Access::Temporary(Stay::new(at(from), at(until)).unwrap())
    }

    /// From noon to one; it is 20:26 on a Thursday.
    fn noon() -> Access {
        let at = |text| Minute::parse(text).unwrap();
        Access::Repeat(Times::new(&Day::ALL, at("12:00"), at("13:00")).unwrap())
    }

    /// X4: by whom, from what, to what.
    #[test]
    fn only_the_owner_gives_takes_or_prolongs_the_grant() {
        let share = |access, one_time_access| Share { one_time_access, ..always(access) };
        let full = role(always(Access::Full));
        let (for_a_while, later) = (stay(-10, 10), stay(-10, 20));
        for (before, after, is_about_the_grant) in [
            (None, share(Access::Always, false), false),
            (None, share(Access::Always, true), true),
            (Some(share(Access::Always, false)), share(Access::Full, false), false),
            (Some(share(Access::Always, false)), share(Access::Always, true), true),
            (Some(share(Access::Always, true)), share(Access::Always, false), true),
            (Some(share(for_a_while, true)), share(later, true), true),
            (Some(share(for_a_while, true)), share(for_a_while, true), false),
        ] {
            assert_eq!(Role::Owner.may_change(before, after), Ok(()));
            let expected = if is_about_the_grant { Err(Denied::NoPermission) } else { Ok(()) };
            assert_eq!(full.may_change(before, after), expected, "{before:?} {after:?}");
        }
        let tenant = role(always(Access::Tenant));
        let refused = tenant.may_change(None, share(Access::Always, false));
        assert_eq!(refused, Err(Denied::NotOwner));
        let stranger = Role::Stranger.may_change(None, share(Access::Always, false));
        assert_eq!(stranger, Err(Denied::Unknown));
    }

    /// INV11: nobody but the owner gets past the last two columns.
    #[test]
    fn the_whole_table() {
        let acts = [
            Act::SeeDevice,
            Act::OpenGate,
            Act::UseOneTimeAccess,
            Act::Invite,
            Act::ManagePeople,
            Act::SeeLog,
            Act::Configure,
            Act::ChangeSettings,
            Act::Manage,
        ];
        let (ok, owners, unknown) = (Ok(()), Err(Denied::NotOwner), Err(Denied::Unknown));
        let later = |hours| {
            let from = Timestamp::from_millis(NOW.as_millis() + hours);
            Err(Denied::NotNow { from: Some(from) })
        };
        let (soon, tomorrow) = (later(600_000), later(56_000_000));
        let table = [
            (Role::Owner, [ok; 9]),
            (role(always(Access::Full)), [ok, ok, ok, ok, ok, ok, ok, owners, owners]),
            (
                role(always(Access::Tenant)),
                [ok, ok, ok, ok, owners, owners, owners, owners, owners],
            ),
            (
                role(always(Access::Always)),
                [ok, ok, ok, owners, owners, owners, owners, owners, owners],
            ),
            (
                role(always(stay(-10, 10))),
                [ok, ok, ok, owners, owners, owners, owners, owners, owners],
            ),
            (
                role(always(stay(10, 20))),
                [ok, soon, soon, owners, owners, owners, owners, owners, owners],
            ),
            (role(always(stay(-10, 0))), [unknown; 9]),
            (
                role(always(noon())),
                [ok, tomorrow, tomorrow, owners, owners, owners, owners, owners, owners],
            ),
            (Role::Stranger, [unknown; 9]),
        ];
        for (role, answers) in table {
            assert_eq!(acts.map(|act| role.may(act)), answers, "{role:?}");
        }
    }

    #[test]
    fn without_the_grant_no_codes_and_without_wifi_no_opening_whatever_the_type() {
        for access in [Access::Full, Access::Tenant, Access::Always, stay(-1, 1), noon()] {
            let share = Share { access, one_time_access: false, wifi: false };
            let role = role(share);
            assert_eq!(role.may(Act::UseOneTimeAccess), Err(Denied::NoPermission));
            assert_eq!(role.may(Act::OpenGate), Err(Denied::NoWifi));
        }
    }

    #[test]
    fn a_tenant_invites_guests_and_sees_only_those() {
        let types = [Access::Full, Access::Tenant, Access::Always, noon(), stay(0, 1)];
        let given =
            |one_time_access| types.map(|access| Share { access, one_time_access, wifi: true });
        let tenant = role(always(Access::Tenant));
        for share in given(true).into_iter().chain(given(false)) {
            assert_eq!(Role::Owner.may_give(share), Ok(()));
            let may = if share.one_time_access { Err(Denied::NoPermission) } else { Ok(()) };
            assert_eq!(role(always(Access::Full)).may_give(share), may);
            for access in [Access::Always, noon(), stay(-1, 1)] {
                assert_eq!(role(always(access)).may_give(share), Err(Denied::NotOwner));
            }
            let is_guest = share == given(false)[4];
            let answer = if is_guest { Ok(()) } else { Err(Denied::NoPermission) };
            assert_eq!(tenant.may_give(share), answer, "{share:?}");
            assert_eq!(Role::Stranger.may_give(share), Err(Denied::Unknown));
        }
        assert_eq!(tenant.may_end(true), Ok(()));
        assert_eq!(tenant.may_end(false), Err(Denied::Unknown));
        assert_eq!(Role::Owner.may_end(false), Ok(()));
        assert_eq!(role(always(Access::Full)).may_end(false), Ok(()));
        assert_eq!(role(always(Access::Always)).may_end(true), Err(Denied::NotOwner));
    }
}
