//! `GET /v1/me`: who is signed in here.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::caller::Caller;
use crate::{Api, wire};

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    user_id: String,
    /// The caller's own number
    phone: String,
    session_id: String,
    client: &'static str,
    signed_in_at: String,
}

/// Tells who is signed in with this session.
#[utoipa::path(get, path = "/v1/me", tag = "sign in", security(("session" = [])),
    responses((status = 200, body = Me)))]
pub(crate) async fn me(State(api): State<Api>, caller: Caller) -> Result<axum::Json<Me>, Problem> {
    let phone = api.store.sessions().phone_of(caller.user).await?;
    Ok(axum::Json(Me {
        user_id: caller.user.to_string(),
        phone: phone.reveal().to_owned(),
        session_id: caller.session.id.to_string(),
        client: caller.session.client.as_str(),
        signed_in_at: wire::rfc3339(caller.session.started_at),
    }))
}
