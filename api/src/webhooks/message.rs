//! A message: what its body says, and by what its receiver knows that it is ours.

use data_encoding::BASE64;
use domain::Timestamp;
use domain::secret::WebhookSecret;
use ring::hmac;
use serde::Serialize;
use store::Happened;

use crate::events::Event;
use crate::wire::rfc3339;

/// What is posted.
pub(super) struct Message {
    /// The event's id: the same each time it is told.
    pub(super) id: String,
    pub(super) body: String,
}

/// The body of every message.
#[derive(Serialize)]
struct Body<'a, T> {
    r#type: &'a str,
    timestamp: String,
    data: T,
}

impl Message {
    /// Tells an event.
    pub(super) fn of(event: &Happened) -> Self {
        let data = Event::of(event.clone());
        Self::new(&event.id.to_string(), &event.kind, event.at, data)
    }

    /// A message that tells nothing, so that a receiver can be tried out.
    pub(super) fn trial(id: &str, now: Timestamp) -> Self {
        Self::new(id, "webhook.test", now, serde_json::json!({}))
    }

    fn new(id: &str, kind: &str, at: Timestamp, data: impl Serialize) -> Self {
        let body = Body { r#type: kind, timestamp: rfc3339(at), data };
        Self { id: id.to_owned(), body: serde_json::to_string(&body).unwrap_or_default() }
    }

    /// Signs it for each secret, as the header `webhook-signature` says them.
    pub(super) fn signatures(&self, secrets: &[WebhookSecret], sent_at: i64) -> String {
        let text = format!("{}.{sent_at}.{}", self.id, self.body);
        let sign = |secret: &WebhookSecret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal_bytes());
            let signature = hmac::sign(&key, text.as_bytes());
            format!("v1,{}", BASE64.encode(signature.as_ref()))
        };
        secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}
