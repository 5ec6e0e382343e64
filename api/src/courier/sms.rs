//! Pins by SMS, over Twilio's Messages API.
//!
//! <https://www.twilio.com/docs/messaging/api/message-resource>
//!
//! Reports come to the `StatusCallback` that each message names:
//! <https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks>, signed
//! as <https://www.twilio.com/docs/usage/security#validating-requests> says.

use data_encoding::BASE64;
use domain::PhoneNumber;
use domain::channel::Cause;
use domain::login::{Channel, OTP_LIFETIME};
use domain::secret::Otp;
use reqwest::StatusCode;
use ring::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key};
use store::{End, Report};

use super::line::{Line, Reply};
use super::{Courier, Delivery, MessageId, NotSent, Secret, Signed, SmsConfig, reports};

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

/// The same for codes that reports bring. All others, like 30002 (the account is suspended), 30007
/// (filtered) and 30008 (unknown), speak against the channel.
const OUT_OF_REACH: [u64; 4] = [
    30003, // switched off, or without a signal
    30004, // it takes no messages
    30005, // nobody has it
    30006, // a landline
];

/// Sends pins by SMS.
pub(super) struct Sms {
    line: Line,
    url: String,
    account: String,
    token: Secret,
    sender: String,
    host: Option<String>,
    /// Where reports come to.
    callback: Option<String>,
    /// By which they are signed: SHA-1, because Twilio signs by nothing else.
    reports: Key,
}

impl Sms {
    pub(super) fn new(
        line: Line,
        config: &SmsConfig,
        token: Secret,
        host: Option<&str>,
        public_url: Option<&str>,
    ) -> Self {
        let account = config.account_sid.clone();
        Self {
            line,
            url: format!("{}/2010-04-01/Accounts/{account}/Messages.json", config.base_url),
            account,
            reports: Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.0.as_bytes()),
            callback: public_url.map(|url| format!("{url}{}", reports::BY_SMS)),
            token,
            sender: config.sender.trim().to_owned(),
            host: host.map(str::to_owned),
        }
    }

    async fn send(&self, phone: &PhoneNumber, pin: &Otp) -> Result<MessageId, NotSent> {
        let is_service = self.sender.starts_with("MG") && self.sender.len() == 34;
        let sender = if is_service { "MessagingServiceSid" } else { "From" };
        let (text, life) = (text(pin, self.host.as_deref()), OTP_LIFETIME.as_secs().to_string());
        let question = self.line.client.post(&self.url);
        let mut form = vec![
            ("To", phone.reveal()),
            (sender, &self.sender),
            ("Body", &text),
            // A pin that waited longer in a queue is not worth its price.
            ("ValidityPeriod", &life),
        ];
        form.extend(self.callback.as_deref().map(|url| ("StatusCallback", url)));
        let question = question.basic_auth(&self.account, Some(&self.token.0)).form(&form);
        // "An API Request that receives an error 429 response is never processed and is always safe
        // to retry": https://www.twilio.com/docs/api/errors/20429
        let is_throttled = |reply: &Reply| reply.status == StatusCode::TOO_MANY_REQUESTS;
        let reply = self.line.ask(question, is_throttled).await?;
        let id = reply.body["sid"].as_str().filter(|_| reply.status.is_success());
        let id = id.map(|id| MessageId(id.to_owned()));
        id.ok_or_else(|| self.line.refused(&reply, &reply.body["code"], &UNREACHABLE))
    }
}

impl Courier for Sms {
    fn deliver<'a>(&'a self, _: Channel, phone: &'a PhoneNumber, pin: &'a Otp) -> Delivery<'a> {
        Box::pin(self.send(phone, pin))
    }

    fn hear(&self, _: Channel, report: &Signed<'_>) -> Option<Vec<Report>> {
        let signature = BASE64.decode(report.signature.as_bytes()).ok()?;
        let fields: Vec<_> = form_urlencoded::parse(report.body).into_owned().collect();
        let signed = signed(self.callback.as_deref()?, &fields);
        hmac::verify(&self.reports, signed.as_bytes(), &signature).ok()?;
        Some(read(&fields).into_iter().collect())
    }
}

/// What Twilio signs: the address and, in the order of their names, all fields.
pub(super) fn signed(url: &str, fields: &[(String, String)]) -> String {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort();
    fields.dedup();
    fields.iter().fold(url.to_owned(), |text, (name, value)| text + name + value)
}

/// What is said of a message; that it is `queued` or `sent` says no more than we know.
fn read(fields: &[(String, String)]) -> Option<Report> {
    let field = |wanted| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let end = match field("MessageStatus")?.as_str() {
        "delivered" | "read" => End::Delivered,
        "undelivered" | "failed" => {
            let code = field("ErrorCode").and_then(|code| code.parse().ok());
            let is_number = code
                .is_some_and(|code| OUT_OF_REACH.contains(&code) || UNREACHABLE.contains(&code));
            End::Lost(if is_number { Cause::Number } else { Cause::Channel })
        }
        _ => return None,
    };
    Some(Report { message: field("MessageSid")?.clone(), end })
}

/// What the phone shows. By the last line browsers fill the pin in, on this host alone:
/// <https://wicg.github.io/sms-one-time-codes/>.
pub(super) fn text(pin: &Otp, host: Option<&str>) -> String {
    let pin = pin.reveal();
    let bound = host.map(|host| format!("\n\n@{host} #{pin}")).unwrap_or_default();
    format!("{pin} is your Fluss+ login pin. Never share it with anyone.{bound}")
}
