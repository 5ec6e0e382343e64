//! Pins by WhatsApp, over Meta's Cloud API: an authentication template with the pin in its body and
//! in its copy-code button.
//!
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates/auth-otp-template-messages>

use domain::PhoneNumber;
use domain::login::Channel;
use domain::secret::Otp;
use serde_json::{Value, json};

use super::line::Line;
use super::{Courier, Delivery, NotSent, Secret, WhatsappConfig};

/// Codes that are about the number and no other, from
/// <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>. All other codes
/// take the channel for down: 0, 10, 190, 200–299 (credentials), 4, 80007, 130429, 131048 (limits),
/// 1, 2, 131000, 131016 (their trouble), 131042 (not paid), 132000–132016 (the template).
///
/// That a number is not on WhatsApp is often found out only after the message was accepted; then
/// only a webhook tells.
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
}

impl Whatsapp {
    pub(super) fn new(line: Line, config: &WhatsappConfig, token: Secret) -> Self {
        Self {
            line,
            url: format!("{}/{}/messages", config.base_url, config.phone_number_id),
            token,
            template: config.template.clone(),
            language: config.language.clone(),
        }
    }

    async fn send(&self, phone: &PhoneNumber, pin: &Otp) -> Result<(), NotSent> {
        let question = self.line.client.post(&self.url).bearer_auth(&self.token.0);
        let question = question.json(&self.message(phone, pin));
        // Meta says of no reply that the message was surely not taken.
        let reply = self.line.ask(question, |_| false).await?;
        let is_taken = reply.status.is_success() && reply.body["messages"][0]["id"].is_string();
        let code = &reply.body["error"]["code"];
        if is_taken { Ok(()) } else { Err(self.line.refused(&reply, code, &UNREACHABLE)) }
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
}
