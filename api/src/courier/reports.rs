//! Where providers report what became of pins.
//!
//! A provider is known by its signature alone. To whoever has none these addresses do not exist, and
//! whoever has one learns nothing either: a report about a message that nobody sent is thanked for
//! as any other. Reports may come twice and in any order.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use domain::login::Channel;
use serde::Deserialize;

use super::Signed;
use crate::Api;
use crate::answers::{Code, Problem};

/// Where Twilio reports, below the public address.
pub(super) const BY_SMS: &str = "/couriers/sms";

/// Where Meta reports.
const BY_WHATSAPP: &str = "/couriers/whatsapp";

/// Meta gathers reports of some hundred bytes each; what people write to our number comes the same
/// way. A report that is too large is lost: its pins count as not reported.
const MAX_BYTES: usize = 256 * 1024;

/// Longer than any challenge of Meta's.
const MAX_CHALLENGE: usize = 64;

/// The addresses for providers; no app has a use for them, so they are not in the document.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(BY_WHATSAPP, get(introduce).post(by_whatsapp))
        .route(BY_SMS, post(by_sms))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
}

/// How Meta asks, once, whether its reports are wanted here.
#[derive(Deserialize)]
struct Introduction {
    #[serde(rename = "hub.mode")]
    mode: String,
    #[serde(rename = "hub.verify_token")]
    word: String,
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// `GET /couriers/whatsapp`.
async fn introduce(
    State(api): State<Api>,
    asked: Result<Query<Introduction>, QueryRejection>,
) -> Result<String, Problem> {
    let Ok(Query(Introduction { mode, word, challenge })) = asked else {
        return Err(Code::NotFound.into());
    };
    let is_plain = challenge.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && challenge.len() <= MAX_CHALLENGE;
    let is_meta = mode == "subscribe" && api.courier.knows(Channel::Whatsapp, &word);
    if is_meta && is_plain { Ok(challenge) } else { Err(Code::NotFound.into()) }
}

/// `POST /couriers/whatsapp`.
async fn by_whatsapp(
    State(api): State<Api>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    hear(&api, Channel::Whatsapp, &headers, "x-hub-signature-256", &body).await
}

/// `POST /couriers/sms`.
async fn by_sms(
    State(api): State<Api>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    hear(&api, Channel::Sms, &headers, "x-twilio-signature", &body).await
}

async fn hear(
    api: &Api,
    channel: Channel,
    headers: &HeaderMap,
    signature: &str,
    body: &[u8],
) -> Result<StatusCode, Problem> {
    let signature = headers.get(signature).and_then(|text| text.to_str().ok()).unwrap_or_default();
    let reports = api.courier.hear(channel, &Signed { body, signature });
    let reports = reports.ok_or(Problem::from(Code::NotFound))?;
    if !reports.is_empty() {
        api.store.pins().reported(channel, reports, api.now()).await?;
    }
    Ok(StatusCode::OK)
}
