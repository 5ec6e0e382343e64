//! The couriers before providers on loopback that reply as documented; the sources stand beside the
//! tables in `whatsapp.rs` and `sms.rs`.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use domain::channel::Cause;
use ring::hmac;
use serde_json::{Value, json};
use store::End;

use super::stand_in::StandIn;
use super::*;

const TOKEN: &str = "EAAcanaryTOKEN";
const APP_SECRET: &str = "secret";
const ACCOUNT: &str = "AC00000000000000000000000000000042";
const ACCEPTED_BY_META: &str = r#"{"messaging_product":"whatsapp","contacts":[{"input":"27821234567","wa_id":"27821234567"}],"messages":[{"id":"wamid.HBgL"}]}"#;
const ACCEPTED_BY_TWILIO: &str =
    r#"{"sid":"SM00000000000000000000000000000001","status":"queued","error_code":null}"#;

fn whatsapp(base_url: String, patience: Duration) -> whatsapp::Whatsapp {
    let line = line(Channel::Whatsapp, patience);
    let config = WhatsappConfig {
        phone_number_id: "106540352242922".to_owned(),
        language: "en_US".to_owned(),
        base_url,
        ..WhatsappConfig::default()
    };
    let secret = |word: &str| Secret::parse(word).unwrap();
    let secrets = WhatsappSecrets {
        token: secret(TOKEN),
        app_secret: Some(secret(APP_SECRET)),
        verify_token: Some(secret("introduction")),
    };
    whatsapp::Whatsapp::new(line, &config, secrets)
}

fn sms(base_url: String, patience: Duration) -> sms::Sms {
    let sender = "+15005550006".to_owned();
    sms_from(sender, base_url, patience)
}

fn sms_from(sender: String, base_url: String, patience: Duration) -> sms::Sms {
    let line = line(Channel::Sms, patience);
    let account_sid = ACCOUNT.to_owned();
    let config = SmsConfig { account_sid, sender, base_url, ..SmsConfig::default() };
    let host = Some("console.fluss.example");
    sms::Sms::new(line, &config, Secret::parse(TOKEN).unwrap(), host, Some("https://fluss.example"))
}

fn line(channel: Channel, patience: Duration) -> Line {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Line::new(channel, patience).unwrap()
}

async fn sends(courier: &dyn Courier) -> Result<MessageId, NotSent> {
    let phone = PhoneNumber::parse("+27821234567", None).unwrap();
    courier.deliver(Channel::Sms, &phone, &Otp::parse("314159").unwrap()).await
}

#[tokio::test]
async fn whatsapp_is_asked_for_the_template_with_the_pin_in_body_and_button() {
    let meta = StandIn::replying(&[(200, ACCEPTED_BY_META)]);
    let sent = sends(&whatsapp(meta.url() + "/v23.0", PATIENCE)).await;
    assert_eq!(sent, Ok(MessageId("wamid.HBgL".to_owned())));
    let heard = meta.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].line, "POST /v23.0/106540352242922/messages HTTP/1.1");
    assert_eq!(heard[0].header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(heard[0].header("content-type"), "application/json");
    let pin = json!([{ "type": "text", "text": "314159" }]);
    let expected = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "27821234567",
        "type": "template",
        "template": {
            "name": "login_pin", "language": { "code": "en_US" },
            "components": [
                { "type": "body", "parameters": pin },
                { "type": "button", "sub_type": "url", "index": "0", "parameters": pin },
            ],
        },
    });
    assert_eq!(serde_json::from_str::<Value>(&heard[0].body).unwrap(), expected);
}

#[tokio::test]
async fn sms_is_asked_for_by_a_form_with_the_account_as_its_user() {
    let twilio = StandIn::replying(&[(201, ACCEPTED_BY_TWILIO)]);
    let sent = sends(&sms(twilio.url(), PATIENCE)).await;
    assert_eq!(sent, Ok(MessageId("SM00000000000000000000000000000001".to_owned())));
    let service = format!("MG{}", "0".repeat(32));
    sends(&sms_from(service.clone(), twilio.url(), PATIENCE)).await.unwrap();
    let heard = twilio.heard();
    let path = format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1");
    let user = data_encoding::BASE64.encode(format!("{ACCOUNT}:{TOKEN}").as_bytes());
    for request in &heard {
        assert_eq!(request.line, path);
        assert_eq!(request.header("authorization"), format!("Basic {user}"));
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    }
    let text = "314159+is+your+Fluss%2B+login+pin.+Never+share+it+with+anyone.%0A%0A\
                %40console.fluss.example+%23314159";
    let number = format!(
        "To=%2B27821234567&From=%2B15005550006&Body={text}&ValidityPeriod=600\
         &StatusCallback=https%3A%2F%2Ffluss.example%2Fcouriers%2Fsms"
    );
    assert_eq!(heard[0].body, number);
    assert!(heard[1].body.contains(&format!("&MessagingServiceSid={service}&")));
}

#[test]
fn the_text_ends_with_the_line_for_browsers_and_fits_into_one_message() {
    let pin = Otp::parse("314159").unwrap();
    let host = "console.gates.of-a-rather-long-name.fluss.example";
    let text = sms::text(&pin, Some(host));
    assert_eq!(text.lines().last(), Some(&*format!("@{host} #314159")));
    assert!(text.contains("Never share it"));
    // All of these take one place of the 160 in GSM 03.38.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " \n@#+.-".contains(c);
    assert!(text.chars().all(is_plain) && text.len() <= 160, "{}: {text}", text.len());
    assert_eq!(sms::text(&pin, None).lines().count(), 1, "without a host there is nothing to bind");
}

#[tokio::test]
async fn what_whatsapp_refuses_is_about_the_number_or_about_the_channel() {
    use NotSent::{ChannelDown, NumberUnreachable};
    for (status, code, expected) in [
        (400, 131_026, NumberUnreachable), // not on WhatsApp
        (400, 100, NumberUnreachable),     // invalid number
        (403, 130_497, NumberUnreachable),
        (400, 131_056, NumberUnreachable),
        (401, 190, ChannelDown), // the token has expired
        (401, 0, ChannelDown),
        (403, 10, ChannelDown),
        (429, 130_429, ChannelDown), // throttled
        (429, 80_007, ChannelDown),
        (404, 132_001, ChannelDown), // no such template
        (400, 131_042, ChannelDown), // not paid
        (500, 131_000, ChannelDown),
        (503, 2, ChannelDown),
        (500, 131_026, ChannelDown), // an outage is an outage, whatever it calls itself
    ] {
        let body = json!({ "error": {
            "message": "(#) to +27821234567", "type": "OAuthException", "code": code,
            "error_data": { "messaging_product": "whatsapp", "details": "…" },
            "fbtrace_id": "Az8or2yhqkZfEZ",
        } });
        let meta = StandIn::replying(&[(status, &body.to_string())]);
        let sent = sends(&whatsapp(meta.url(), PATIENCE)).await;
        assert_eq!(sent, Err(expected), "{status} {code}");
        assert_eq!(meta.heard().len(), 1, "{status} {code} is not asked again");
    }
}

#[tokio::test]
async fn what_sms_refuses_is_about_the_number_or_about_the_channel() {
    use NotSent::{ChannelDown, NumberUnreachable};
    for (status, code, expected) in [
        (400, 21211, NumberUnreachable), // not a number
        (400, 21614, NumberUnreachable), // not a mobile
        (400, 21635, NumberUnreachable), // a landline
        (400, 21610, NumberUnreachable), // opted out
        (403, 21408, NumberUnreachable), // its region
        (401, 20003, ChannelDown),       // wrong credentials
        (400, 21606, ChannelDown),       // the sender
        (400, 21611, ChannelDown),
        (404, 20404, ChannelDown),
        (500, 20500, ChannelDown),
        (503, 20503, ChannelDown),
    ] {
        let more = format!("https://www.twilio.com/docs/errors/{code}");
        let message = "The 'To' number +27821234567 is not valid";
        let body = json!({ "code": code, "message": message, "more_info": more, "status": status });
        let twilio = StandIn::replying(&[(status, &body.to_string())]);
        let sent = sends(&sms(twilio.url(), PATIENCE)).await;
        assert_eq!(sent, Err(expected), "{status} {code}");
        assert_eq!(twilio.heard().len(), 1, "{status} {code} is not asked again");
    }
}

#[tokio::test]
async fn a_throttled_sms_is_asked_for_once_more_and_no_third_time() {
    let throttled = (429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#);
    let twilio = StandIn::replying(&[throttled, (201, ACCEPTED_BY_TWILIO)]);
    sends(&sms(twilio.url(), PATIENCE)).await.unwrap();
    assert_eq!(twilio.heard().len(), 2);
    twilio.turns_to(&[throttled]);
    assert_eq!(sends(&sms(twilio.url(), PATIENCE)).await, Err(NotSent::ChannelDown));
    assert_eq!(twilio.heard().len(), 4);
}

/// A provider that took a pin says so; a refusal has a code. What has neither tells nothing.
#[tokio::test]
async fn an_answer_that_nobody_documented_is_no_answer_unless_it_refuses() {
    use NotSent::{ChannelDown, Unknown};
    for (status, body, expected) in [
        (200, "", Unknown),
        (200, "<html>maintenance</html>", Unknown),
        (200, "[]", Unknown),
        (200, r#"{"messages":[]}"#, Unknown),
        (201, r#"{"sid":null}"#, Unknown),
        (502, "Bad Gateway", Unknown),
        (504, "", Unknown),
        (302, "", ChannelDown),
        (400, r#"{"code":"21211","error":{"code":"131026"}}"#, ChannelDown),
        (403, "<html>forbidden</html>", ChannelDown),
    ] {
        let provider = StandIn::replying(&[(status, body)]);
        for sent in [
            sends(&whatsapp(provider.url(), PATIENCE)).await,
            sends(&sms(provider.url(), PATIENCE)).await,
        ] {
            assert_eq!(sent, Err(expected), "{status} {body}");
        }
    }
}

#[tokio::test]
async fn who_cannot_be_reached_was_told_nothing_and_what_a_silent_one_did_nobody_knows() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{gone}");
    // Its backlog takes connections that nobody ever accepts.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("http://{}", silent.local_addr().unwrap());
    let patience = Duration::from_millis(300);
    for (url, expected) in [(gone, NotSent::ChannelDown), (mute, NotSent::Unknown)] {
        let began = Instant::now();
        assert_eq!(sends(&sms(url.clone(), patience)).await, Err(expected));
        assert_eq!(sends(&whatsapp(url, patience)).await, Err(expected));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_channel_that_is_not_set_up_is_down() {
    let phone = PhoneNumber::parse("+27821234567", None).unwrap();
    let pin = Otp::parse("314159").unwrap();
    let post = Post::default();
    for channel in Channel::ALL {
        assert_eq!(post.deliver(channel, &phone, &pin).await, Err(NotSent::ChannelDown));
    }
    assert_eq!(post.channels(), []);
}

fn meta_says(body: &str, signature: &str) -> Option<Vec<Report>> {
    let signed = Signed { body: body.as_bytes(), signature };
    whatsapp("http://127.0.0.1:1".to_owned(), PATIENCE).hear(Channel::Whatsapp, &signed)
}

fn meta_signs(body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    format!("sha256={}", data_encoding::HEXLOWER.encode(tag.as_ref()))
}

fn told(reports: Option<Vec<Report>>) -> Option<Vec<(String, End)>> {
    reports.map(|all| all.into_iter().map(|report| (report.message, report.end)).collect())
}

/// The shapes are those of
/// <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples>.
#[test]
fn what_meta_reports_is_read_status_by_status() {
    let status = |word: &str, code: u64| {
        let errors = json!([{ "code": code, "title": "Message undeliverable" }]);
        json!({ "id": format!("wamid.{word}{code}"), "status": word, "timestamp": "1750857384",
                "recipient_id": "27821234567", "errors": errors })
    };
    let change = |statuses: Value| {
        json!({ "field": "messages", "value": { "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15556459128", "phone_number_id": "106540352242922" },
            "statuses": statuses } })
    };
    let body = json!({ "object": "whatsapp_business_account", "entry": [
        { "id": "1", "changes": [
            change(json!([status("sent", 0), status("delivered", 0)])),
            change(json!([status("read", 0)])),
        ] },
        { "id": "1", "changes": [
            change(json!([status("failed", 131_026), status("failed", 131_042)])),
            { "field": "messages", "value": { "messages": [{ "from": "27821234567", "type": "text" }] } },
        ] },
    ] });
    let body = body.to_string();
    let lost = End::Lost;
    let expected = [
        ("wamid.delivered0", End::Delivered),
        ("wamid.read0", End::Delivered),
        ("wamid.failed131026", lost(Cause::Number)),
        ("wamid.failed131042", lost(Cause::Channel)),
    ];
    let expected = expected.map(|(id, end)| (id.to_owned(), end)).to_vec();
    assert_eq!(told(meta_says(&body, &meta_signs(&body))), Some(expected));
}

#[test]
fn meta_is_known_by_its_signature_over_every_byte() {
    // As other libraries compute it.
    let known = "sha256=0329a06b62cd16b33eb6792be8c60b158d89a2ee3a876fce9a881ebb488c0914";
    assert_eq!(meta_signs("test"), known);
    assert_eq!(told(meta_says("test", known)), Some(vec![]), "signed, though it says nothing");
    assert_eq!(told(meta_says("test", &known.to_uppercase().replace("SHA", "sha"))), Some(vec![]));
    for (body, signature) in [
        ("tesT", known),
        ("test ", known),
        ("test", ""),
        ("test", "sha256="),
        ("test", &known[..known.len() - 2]),
        ("test", known.strip_prefix("sha256=").unwrap()),
        ("test", &known.replace("sha256", "sha1")),
        ("test", &known.replace("032", "132")),
    ] {
        assert_eq!(told(meta_says(body, signature)), None, "{body} {signature}");
    }
    let line = line(Channel::Whatsapp, PATIENCE);
    let token = Secret::parse(TOKEN).unwrap();
    let secrets = WhatsappSecrets { token, app_secret: None, verify_token: None };
    let deaf = whatsapp::Whatsapp::new(line, &WhatsappConfig::default(), secrets);
    let signed = Signed { body: b"test", signature: known };
    assert!(deaf.hear(Channel::Whatsapp, &signed).is_none(), "without the secret nobody is heard");
    assert!(!deaf.knows(Channel::Whatsapp, ""));
}

#[test]
fn meta_is_known_by_the_word_of_its_introduction() {
    let whatsapp = whatsapp("http://127.0.0.1:1".to_owned(), PATIENCE);
    assert!(whatsapp.knows(Channel::Whatsapp, "introduction"));
    for word in ["", "introductio", "introduction ", "Introduction", TOKEN, APP_SECRET] {
        assert!(!whatsapp.knows(Channel::Whatsapp, word), "{word}");
    }
}

fn twilio_signs(fields: &[(&str, &str)]) -> (String, String) {
    let owned: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let signed = sms::signed("https://fluss.example/couriers/sms", &owned);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
    let signature = data_encoding::BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    (body, signature)
}

fn twilio_says(body: &str, signature: &str) -> Option<Vec<(String, End)>> {
    let signed = Signed { body: body.as_bytes(), signature };
    told(sms("http://127.0.0.1:1".to_owned(), PATIENCE).hear(Channel::Sms, &signed))
}

/// From Twilio's own libraries:
/// <https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py>.
#[test]
fn twilio_signs_its_address_and_the_fields_in_the_order_of_their_names() {
    let fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signed = sms::signed("https://mycompany.com/myapp.php?foo=1&bar=2", &fields);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
    let signature = data_encoding::BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    assert_eq!(signature, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
}

#[test]
fn what_twilio_reports_is_read_by_its_status_and_code() {
    for (status, code, expected) in [
        ("queued", "", None),
        ("sent", "", None),
        ("delivered", "", Some(End::Delivered)),
        ("undelivered", "30003", Some(End::Lost(Cause::Number))), // switched off
        ("undelivered", "30006", Some(End::Lost(Cause::Number))), // a landline
        ("failed", "21610", Some(End::Lost(Cause::Number))),      // opted out
        ("undelivered", "30007", Some(End::Lost(Cause::Channel))), // filtered
        ("failed", "30002", Some(End::Lost(Cause::Channel))),     // suspended
        ("failed", "", Some(End::Lost(Cause::Channel))),
        ("failed", "one", Some(End::Lost(Cause::Channel))),
    ] {
        let mut fields = vec![
            ("MessageSid", "SM1"),
            ("SmsSid", "SM1"),
            ("MessageStatus", status),
            ("To", "+27821234567"),
            ("From", "+15005550006"),
            ("AccountSid", ACCOUNT),
        ];
        fields.extend((!code.is_empty()).then_some(("ErrorCode", code)));
        let (body, signature) = twilio_signs(&fields);
        let expected: Vec<_> = expected.map(|end| ("SM1".to_owned(), end)).into_iter().collect();
        assert_eq!(twilio_says(&body, &signature), Some(expected), "{status} {code}");
    }
}

#[test]
fn twilio_is_known_by_its_signature_over_every_field() {
    let (body, signature) = twilio_signs(&[("MessageSid", "SM1"), ("MessageStatus", "delivered")]);
    assert!(twilio_says(&body, &signature).is_some());
    let other = body.replace("SM1", "SM2");
    let more = format!("{body}&ErrorCode=30003");
    for (body, signature) in [
        (other.as_str(), signature.as_str()),
        (&more, &signature),
        (&body, ""),
        (&body, "0000"),
        (&body, &signature[..signature.len() - 4]),
    ] {
        assert_eq!(twilio_says(body, signature), None, "{body} {signature}");
    }
    let line = line(Channel::Sms, PATIENCE);
    let config = SmsConfig::default();
    let deaf = sms::Sms::new(line, &config, Secret::parse(TOKEN).unwrap(), None, None);
    let signed = Signed { body: body.as_bytes(), signature: &signature };
    assert!(deaf.hear(Channel::Sms, &signed).is_none(), "without an address nobody is heard");
}

#[test]
fn a_secret_is_one_word_and_shows_itself_to_nobody() {
    assert_eq!(Secret::parse("EAAB.x-y_z\n").unwrap().0, "EAAB.x-y_z");
    assert_eq!(format!("{:?}", Secret::parse(TOKEN).unwrap()), "Secret(····)");
    for text in ["", "\n", "two words", "line\nline", "gehe\u{ed}m"] {
        assert!(Secret::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn pins_are_printed_on_loopback_only() {
    assert!(Console::new("127.0.0.1:8080".parse().unwrap()).is_ok());
    assert!(Console::new("[::1]:8080".parse().unwrap()).is_ok());
    assert_eq!(Console::new("0.0.0.0:8080".parse().unwrap()).err(), Some(NotLoopback));
    assert_eq!(Console::new("10.0.0.1:8080".parse().unwrap()).err(), Some(NotLoopback));
}
