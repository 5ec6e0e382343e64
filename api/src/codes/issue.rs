//! `POST /v1/intercoms/{id}/codes`: issues a code for one guest.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use domain::PhoneNumber;
use domain::name::GuestName;
use serde::Deserialize;
use store::{Guest, Issue, Issued};
use utoipa::ToSchema;

use super::CodeWithDigits;
use super::share::Language;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Fields, IdempotencyKey, Json, Path, device};
use crate::caller::Caller;

/// The one guest of a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCode {
    /// 1 to 80 characters
    name: String,
    /// `+27821234567`, or in the local form of the caller's country
    mobile: String,
    /// Of the message in `share`
    #[serde(default)]
    language: Language,
    /// Always refused when given: one code is for one contact
    #[serde(default)]
    contacts: Option<serde_json::Value>,
}

/// Issues a code. The same `Idempotency-Key` gets the same code again, also after a crash.
#[utoipa::path(post, path = "/v1/intercoms/{id}/codes", tag = "codes",
    security(("session" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = NewCode,
    responses((status = 201, body = CodeWithDigits, description = "Issued now"),
              (status = 200, body = CodeWithDigits, description = "Issued before")))]
pub(crate) async fn issue(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(body): Json<NewCode>,
) -> Result<(StatusCode, axum::Json<CodeWithDigits>), Problem> {
    if body.contacts.is_some() {
        let code = Code::OneContactOnly;
        return Err(Problem::from(code).naming("contacts", code.title()));
    }
    let issued = ask(&api, &caller, &id, &body.name, &body.mobile, key).await?;
    let status = if issued.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, axum::Json(CodeWithDigits::of(&api, &issued, &HashSet::new(), body.language))))
}

/// Issues a code for who is named like this, as typed.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    intercom: &str,
    name: &str,
    mobile: &str,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Issued, Problem> {
    let home = api.store.sessions().phone_of(caller.user).await?.country();
    let mut fields = Fields::default();
    let name = fields.take("name", GuestName::parse(name));
    let mobile = fields.take("mobile", PhoneNumber::parse(mobile, home));
    let (Some(name), Some(mobile)) = (name, mobile) else { return Err(fields.problem()) };
    let (user, guest) = (caller.user, Guest { name, mobile });
    let issue = Issue { user, device: device(intercom)?, guest, key };
    Ok(caller.store.codes().issue(issue, api.now()).await??)
}
