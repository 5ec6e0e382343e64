//! Pins by SMS, over Twilio's Messages API.
//!
//! <https://www.twilio.com/docs/messaging/api/message-resource>

use domain::PhoneNumber;
use domain::login::{Channel, OTP_LIFETIME};
use domain::secret::Otp;
use reqwest::StatusCode;

use super::line::{Line, Reply};
use super::{Courier, Delivery, NotSent, Secret, SmsConfig};

/// Codes that are about the number and no other, each described at
/// `https://www.twilio.com/docs/api/errors/{code}`. All other codes take the channel for down: 20003
/// (credentials), 20429 (too many requests), 21606 and 21659 (the sender), 21611 (its queue is full).
const UNREACHABLE: [u64; 9] = [
    21211, // not a valid number
    21265, // a short code
    21266, // the sender's own number
    21408, // messages to its region are not enabled for the account
    21608, // a trial account, and the number is not verified
    21610, // its owner has opted out
    21612, // no way from this sender to it
    21614, // not a mobile number
    21635, // a landline
];

/// Sends pins by SMS.
pub(super) struct Sms {
    line: Line,
    url: String,
    account: String,
    token: Secret,
    sender: String,
    host: Option<String>,
}

impl Sms {
    pub(super) fn new(line: Line, config: &SmsConfig, token: Secret, host: Option<&str>) -> Self {
        let account = config.account_sid.clone();
        Self {
            line,
            url: format!("{}/2010-04-01/Accounts/{account}/Messages.json", config.base_url),
            account,
            token,
            sender: config.sender.trim().to_owned(),
            host: host.map(str::to_owned),
        }
    }

    async fn send(&self, phone: &PhoneNumber, pin: &Otp) -> Result<(), NotSent> {
        let is_service = self.sender.starts_with("MG") && self.sender.len() == 34;
        let sender = if is_service { "MessagingServiceSid" } else { "From" };
        let (text, life) = (text(pin, self.host.as_deref()), OTP_LIFETIME.as_secs().to_string());
        let question = self.line.client.post(&self.url);
        let question = question.basic_auth(&self.account, Some(&self.token.0)).form(&[
            ("To", phone.reveal()),
            (sender, &self.sender),
            ("Body", &text),
            // A pin that waited longer in a queue is not worth its price.
            ("ValidityPeriod", &life),
        ]);
        // "An API Request that receives an error 429 response is never processed and is always safe
        // to retry": https://www.twilio.com/docs/api/errors/20429
        let is_throttled = |reply: &Reply| reply.status == StatusCode::TOO_MANY_REQUESTS;
        let reply = self.line.ask(question, is_throttled).await?;
        let is_taken = reply.status.is_success() && reply.body["sid"].is_string();
        let code = &reply.body["code"];
        if is_taken { Ok(()) } else { Err(self.line.refused(&reply, code, &UNREACHABLE)) }
    }
}

impl Courier for Sms {
    fn deliver<'a>(&'a self, _: Channel, phone: &'a PhoneNumber, pin: &'a Otp) -> Delivery<'a> {
        Box::pin(self.send(phone, pin))
    }
}

/// What the phone shows. By the last line browsers fill the pin in, on this host alone:
/// <https://wicg.github.io/sms-one-time-codes/>.
pub(super) fn text(pin: &Otp, host: Option<&str>) -> String {
    let pin = pin.reveal();
    let bound = host.map(|host| format!("\n\n@{host} #{pin}")).unwrap_or_default();
    format!("{pin} is your Fluss+ login pin. Never share it with anyone.{bound}")
}
