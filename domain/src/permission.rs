//! Who may do what with a device: its owner, people it is shared with, nobody else.

/// What somebody is to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The device is on their account.
    Owner,
    /// The owner shared it with them, with or without the one grant (X4).
    Shared {
        /// May create, list and revoke one-time codes.
        one_time_access: bool,
    },
    /// Nothing; the device's very existence is not theirs to know.
    Stranger,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// See the device's name, kind and whether it is online.
    SeeDevice,
    /// Open the gate without a code.
    OpenGate,
    /// Create, list and revoke codes, and read their attempts (C02, E01, X20).
    UseOneTimeAccess,
    /// Read or change settings (B02).
    ChangeSettings,
    /// Name it, share it, decide who has the grant.
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
}

impl Role {
    /// Lets the act pass, or says why not.
    pub fn may(self, act: Act) -> Result<(), Denied> {
        match (self, act) {
            (Self::Owner, _)
            | (Self::Shared { .. }, Act::SeeDevice | Act::OpenGate)
            | (Self::Shared { one_time_access: true }, Act::UseOneTimeAccess) => Ok(()),
            (Self::Shared { one_time_access: false }, Act::UseOneTimeAccess) => {
                Err(Denied::NoPermission)
            }
            (Self::Shared { .. }, Act::ChangeSettings | Act::Manage) => Err(Denied::NotOwner),
            (Self::Stranger, _) => Err(Denied::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Act::{ChangeSettings, Manage, OpenGate, SeeDevice, UseOneTimeAccess};
        let acts = [SeeDevice, OpenGate, UseOneTimeAccess, ChangeSettings, Manage];
        let granted = Role::Shared { one_time_access: true };
        let shared = Role::Shared { one_time_access: false };
        let not_owner = Err(Denied::NotOwner);
        let unknown = Err(Denied::Unknown);
        for (role, answers) in [
            (Role::Owner, [Ok(()); 5]),
            (granted, [Ok(()), Ok(()), Ok(()), not_owner, not_owner]),
            (shared, [Ok(()), Ok(()), Err(Denied::NoPermission), not_owner, not_owner]),
            (Role::Stranger, [unknown; 5]),
        ] {
            assert_eq!(acts.map(|act| role.may(act)), answers, "{role:?}");
        }
    }
}
