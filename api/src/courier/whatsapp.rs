//! Pins by WhatsApp, over Meta's Cloud API: an authentication template with the pin in its body and
//! in its copy-code button.
//!
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates/auth-otp-template-messages>
//!
//! Reports come as webhooks of the field `messages`:
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>, introduced and
//! signed as <https://developers.facebook.com/docs/graph-api/webhooks/getting-started> says.

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::PhoneNumber;
use domain::channel::Cause;
use domain::login::Channel;
use domain::secret::Otp;
use ring::hmac::{self, HMAC_SHA256, Key, Tag};
use serde_json::{Value, json};
use store::{End, Report};

use super::line::Line;
use super::{
    Courier, Delivery, MessageId, NotSent, Secret, Signed, WhatsappConfig, WhatsappSecrets,
};

/// Codes that are about the number and no other, from
/// <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>. All other codes
/// take the channel for down: 0, 10, 190, 200–299 (credentials), 4, 80007, 130429, 131048 (limits),
/// 1, 2, 131000, 131016 (their trouble), 131042 (not paid), 132000–132016 (the template).
///
/// That a number is not on WhatsApp is often found out only after the message was accepted; then
/// a report tells, with the same codes.
const UNREACHABLE: [u64; 6] = [
    100,     // a parameter is wrong: what we vary is the number, "or it is not on WhatsApp"
    130_497, // messages to this country are not allowed to the business
    131_021, // the number is the sender's own
    131_026, // undeliverable: not on WhatsApp, an old version, terms not accepted
    131_030, // a test account, and the number is not on its list
    131_056, // too many messages to this number in a short time
];

/// Sends pins by WhatsApp.
pub(super) struct Whatsapp {
    line: Line,
    url: String,
    token: Secret,
    template: String,
    language: String,
    /// By which reports are signed.
    reports: Option<Key>,
    /// The word of introduction: a key of it, and its own tag under that key. So it is compared
    /// without telling by time how much was right.
    introduction: Option<(Key, Tag)>,
}

impl Whatsapp {
    pub(super) fn new(line: Line, config: &WhatsappConfig, secrets: WhatsappSecrets) -> Self {
        let key = |secret: &Secret| Key::new(HMAC_SHA256, secret.0.as_bytes());
        let introduction = |word: &Secret| {
            let key = key(word);
            let tag = hmac::sign(&key, word.0.as_bytes());
            (key, tag)
        };
        Self {
            line,
            url: format!("{}/{}/messages", config.base_url, config.phone_number_id),
            token: secrets.token,
            template: config.template.clone(),
            language: config.language.clone(),
            reports: secrets.app_secret.as_ref().map(key),
            introduction: secrets.verify_token.as_ref().map(introduction),
        }
    }

    async fn send(&self, phone: &PhoneNumber, pin: &Otp) -> Result<MessageId, NotSent> {
        let question = self.line.client.post(&self.url).bearer_auth(&self.token.0);
        let question = question.json(&self.message(phone, pin));
        // Meta says of no reply that the message was surely not taken.
        let reply = self.line.ask(question, |_| false).await?;
        let id = reply.body["messages"][0]["id"].as_str().filter(|_| reply.status.is_success());
        let code = &reply.body["error"]["code"];
        let id = id.map(|id| MessageId(id.to_owned()));
        id.ok_or_else(|| self.line.refused(&reply, code, &UNREACHABLE))
    }

    fn message(&self, phone: &PhoneNumber, pin: &Otp) -> Value {
        let pin = json!([{ "type": "text", "text": pin.reveal() }]);
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": phone.digits(),
            "type": "template",
            "template": {
                "name": self.template,
                "language": { "code": self.language },
                "components": [
                    { "type": "body", "parameters": pin },
                    { "type": "button", "sub_type": "url", "index": "0", "parameters": pin },
                ],
            },
        })
    }
}

impl Courier for Whatsapp {
    fn deliver<'a>(&'a self, _: Channel, phone: &'a PhoneNumber, pin: &'a Otp) -> Delivery<'a> {
        Box::pin(self.send(phone, pin))
    }

    fn hear(&self, _: Channel, report: &Signed<'_>) -> Option<Vec<Report>> {
        let signature = report.signature.strip_prefix("sha256=")?;
        let signature = HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).ok()?;
        hmac::verify(self.reports.as_ref()?, report.body, &signature).ok()?;
        let told: Value = serde_json::from_slice(report.body).unwrap_or_default();
        let changes = each(&told, "entry").flat_map(|entry| each(entry, "changes"));
        let statuses = changes.flat_map(|change| each(&change["value"], "statuses"));
        Some(statuses.filter_map(read).collect())
    }

    fn knows(&self, _: Channel, word: &str) -> bool {
        let own = self.introduction.as_ref();
        own.is_some_and(|(key, tag)| hmac::verify(key, word.as_bytes(), tag.as_ref()).is_ok())
    }
}

/// One status of a message; `sent` says no more than we know.
fn read(status: &Value) -> Option<Report> {
    let end = match status["status"].as_str()? {
        "delivered" | "read" => End::Delivered,
        "failed" => {
            let code = status["errors"][0]["code"].as_u64();
            let is_number = code.is_some_and(|code| UNREACHABLE.contains(&code));
            End::Lost(if is_number { Cause::Number } else { Cause::Channel })
        }
        _ => return None,
    };
    Some(Report { message: status["id"].as_str()?.to_owned(), end })
}

fn each<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[list].as_array().into_iter().flatten()
}
