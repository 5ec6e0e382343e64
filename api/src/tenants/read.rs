//! `GET /v1/devices/{id}/tenant-settings`.

use axum::extract::State;
use axum::response::IntoResponse;

use super::TenantSettingsBody;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;
use crate::settings::etag;

/// Reads what tenants of a device may do; they may, its owner, and who has full access. Save it
/// with the `ETag` as `If-Match`.
#[utoipa::path(get, path = "/v1/devices/{id}/tenant-settings", tag = "people",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = TenantSettingsBody, headers(("ETag" = String)))))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let saved = api.store.people().tenant_settings(caller.user, device(&id)?, api.now()).await??;
    Ok((etag(saved.version), axum::Json(TenantSettingsBody::from(saved))))
}
