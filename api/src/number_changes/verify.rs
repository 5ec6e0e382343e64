//! `POST /v1/number-changes/{login_id}/verify`: tries the pin that went to the new number.

use axum::extract::State;
use domain::PhoneNumber;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path};
use crate::caller::Caller;
use crate::login::verify::{Verify, login_token, pin};

/// The account has another number.
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberChanged {
    phone: String,
}

/// Tries the pin of a new number. The right one makes it the number of the account; devices and
/// codes stay, and so does this session.
#[utoipa::path(post, path = "/v1/number-changes/{login_id}/verify", tag = "sign in",
    security(("session" = [])), params(("login_id" = String, Path)), request_body = Verify,
    responses((status = 200, body = NumberChanged)))]
pub(crate) async fn verify(
    State(api): State<Api>,
    caller: Caller,
    Path(login_id): Path<String>,
    Json(body): Json<Verify>,
) -> Result<axum::Json<NumberChanged>, Problem> {
    let phone = change(&api, &caller, &login_id, &body.pin).await?;
    Ok(axum::Json(NumberChanged { phone: phone.reveal().to_owned() }))
}

/// Tries a pin, for the app and the console alike.
pub(crate) async fn change(
    api: &Api,
    caller: &Caller,
    login_id: &str,
    typed: &str,
) -> Result<PhoneNumber, Problem> {
    let (pin, token) = (pin(typed)?, login_token(login_id)?);
    Ok(api.store.logins().change_number(caller.session, token, pin, api.now()).await??)
}
