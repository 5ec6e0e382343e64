//! `GET /v1/devices/{id}/people`: who a device is shared with.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::PersonBody;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Path, device};
use crate::caller::Caller;

/// People, the longest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct People {
    items: Vec<PersonBody>,
}

/// Lists the people a device is shared with, for its owner and who has full access; for a tenant,
/// the guests they invited. Who was there until at most 30 days ago is among them.
#[utoipa::path(get, path = "/v1/devices/{id}/people", tag = "people",
    security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = People)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<People>, Problem> {
    let people = api.store.people().of(caller.user, device(&id)?, api.now()).await??;
    Ok(axum::Json(People { items: people.into_iter().map(PersonBody::from).collect() }))
}
