//! What tenants of a device may do: read with an `ETag`, replaced with `If-Match`.

pub(crate) mod read;
pub(crate) mod replace;

use serde::Serialize;
use store::SavedTenantSettings;
use utoipa::ToSchema;

/// What tenants of a device may do.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantSettingsBody {
    /// For how long a tenant may invite a guest at most, in minutes from 15 to 4320
    longest_invitation_minutes: u16,
    /// How many guests a tenant may have at once, from 1 to 100
    max_active_invitations: u32,
}

impl From<SavedTenantSettings> for TenantSettingsBody {
    fn from(saved: SavedTenantSettings) -> Self {
        Self {
            longest_invitation_minutes: saved.settings.longest.minutes(),
            max_active_invitations: saved.settings.at_once.count(),
        }
    }
}
