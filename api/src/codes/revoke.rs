//! `DELETE /v1/codes/{id}`: takes a code back.

use axum::extract::State;
use domain::CodeId;
use domain::access_code::{End, Revocation};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::body::{Path, segment};
use crate::caller::Caller;
use crate::{Api, wire};

/// What a revoke promises.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedBody {
    id: String,
    /// From here on nothing new can start
    revoked_at: String,
    /// After this moment no opening can happen any more, whatever is offline or restarted; at
    /// most 8 s after `revoked_at`
    effective_at: String,
    /// `none`, or `cancelling`: an opening was on its way, and the attempt tells what became of it
    in_flight: &'static str,
    /// The attempt on its way
    attempt: Option<String>,
}

/// Takes a code back, for entry and exit, for good. Doing it again gets the same answer.
#[utoipa::path(delete, path = "/v1/codes/{id}", tag = "codes", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 200, body = RevokedBody)))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<RevokedBody>, Problem> {
    let now = api.now();
    let revoked =
        api.store.codes().revoke(caller.user, segment(CodeId::parse(&id))?, now).await??;
    let (at, effective_at) = match revoked.code.end {
        Some(End::Revoked { at, effective_at }) => (at, effective_at),
        Some(End::Completed { .. } | End::Expired { .. }) | None => (now, now),
    };
    let attempt = match revoked.revocation {
        Revocation::Cancelling(attempt) => Some(attempt),
        Revocation::Again => revoked.code.reserved_attempt(),
        Revocation::Clean | Revocation::Withdrawn(_) => None,
    };
    tracing::info!(code.id = %revoked.code.id, "revoked {}", revoked.code.id);
    Ok(axum::Json(RevokedBody {
        id: revoked.code.id.to_string(),
        revoked_at: wire::rfc3339(at),
        effective_at: wire::rfc3339(effective_at),
        in_flight: if attempt.is_some() { "cancelling" } else { "none" },
        attempt: attempt.map(|attempt| attempt.to_string()),
    }))
}
