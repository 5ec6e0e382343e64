//! `DELETE /v1/codes/{id}`: takes a code back.

use axum::extract::State;
use domain::access_code::End;
use domain::{CodeId, Timestamp};
use serde::Serialize;
use store::Revoked;
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
    /// most 8 s after `revoked_at`. Except that a host may let out who is inside
    effective_at: String,
    /// `none`; `cancelling`: an opening was on its way, and the attempt tells what becomes of it;
    /// or `opened`: the gate had opened before the cancel came, so the guest may be inside
    in_flight: &'static str,
    /// The attempt that was on its way
    attempt: Option<String>,
}

/// Takes a code back, for entry and exit, for good. Doing it again changes nothing, and tells what
/// became of an opening that was on its way.
#[utoipa::path(delete, path = "/v1/codes/{id}", tag = "codes", security(("session" = [])),
    params(("id" = String, Path)), responses((status = 200, body = RevokedBody)))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<RevokedBody>, Problem> {
    let now = api.now();
    let revoked = ask(&caller, segment(CodeId::parse(&id))?, now).await?;
    let (at, effective_at) = match revoked.code.end {
        Some(End::Revoked { at, effective_at }) => (at, effective_at),
        Some(End::Completed { .. } | End::Expired { .. }) | None => (now, now),
    };
    let (in_flight, attempt) = match &revoked.in_flight {
        None => ("none", None),
        Some(attempt) if attempt.is_on_the_wire() => ("cancelling", Some(attempt.id)),
        Some(attempt) => ("opened", Some(attempt.id)),
    };
    Ok(axum::Json(RevokedBody {
        id: revoked.code.id.to_string(),
        revoked_at: wire::rfc3339(at),
        effective_at: wire::rfc3339(effective_at),
        in_flight,
        attempt: attempt.map(|attempt| attempt.to_string()),
    }))
}

/// Takes a code back.
pub(crate) async fn ask(caller: &Caller, code: CodeId, now: Timestamp) -> Result<Revoked, Problem> {
    let revoked = caller.store.codes().revoke(caller.user, code, now).await??;
    tracing::info!(code.id = %code, "revoked {code}");
    Ok(revoked)
}
