//! `GET /v1/second-factor`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::caller::Caller;
use crate::{Api, wire};

/// Whether a pin alone signs in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    on: bool,
    /// Since when it is on
    since: Option<String>,
    /// Recovery codes that were not used yet
    recovery_codes_left: u32,
}

/// Tells of the caller's second factor.
#[utoipa::path(get, path = "/v1/second-factor", tag = "sign in", security(("session" = [])),
    responses((status = 200, body = SecondFactor)))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
) -> Result<axum::Json<SecondFactor>, Problem> {
    let state = api.store.second_factors().of(caller.user).await?;
    Ok(axum::Json(SecondFactor {
        on: state.is_some(),
        since: state.map(|state| wire::rfc3339(state.since)),
        recovery_codes_left: state.map_or(0, |state| state.recovery_codes_left),
    }))
}
