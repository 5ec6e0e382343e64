//! The couriers before providers on loopback that reply as documented; the sources stand beside the
//! tables in `whatsapp.rs` and `sms.rs`.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::stand_in::StandIn;
use super::*;

const TOKEN: &str = "EAAcanaryTOKEN";
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
    whatsapp::Whatsapp::new(line, &config, Secret::parse(TOKEN).unwrap())
}

fn sms(base_url: String, patience: Duration) -> sms::Sms {
    let sender = "+15005550006".to_owned();
    sms_from(sender, base_url, patience)
}

fn sms_from(sender: String, base_url: String, patience: Duration) -> sms::Sms {
    let line = line(Channel::Sms, patience);
    let account_sid = ACCOUNT.to_owned();
    let config = SmsConfig { account_sid, sender, base_url, ..SmsConfig::default() };
    sms::Sms::new(line, &config, Secret::parse(TOKEN).unwrap(), Some("console.fluss.example"))
}

fn line(channel: Channel, patience: Duration) -> Line {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Line::new(channel, patience).unwrap()
}

async fn sends(courier: &dyn Courier) -> Result<(), NotSent> {
    let phone = PhoneNumber::parse("+27821234567", None).unwrap();
    courier.deliver(Channel::Sms, &phone, &Otp::parse("314159").unwrap()).await
}

#[tokio::test]
async fn whatsapp_is_asked_for_the_template_with_the_pin_in_body_and_button() {
    let meta = StandIn::replying(&[(200, ACCEPTED_BY_META)]);
    assert_eq!(sends(&whatsapp(meta.url() + "/v23.0", PATIENCE)).await, Ok(()));
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
    assert_eq!(sends(&sms(twilio.url(), PATIENCE)).await, Ok(()));
    let service = format!("MG{}", "0".repeat(32));
    assert_eq!(sends(&sms_from(service.clone(), twilio.url(), PATIENCE)).await, Ok(()));
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
    let number = format!("To=%2B27821234567&From=%2B15005550006&Body={text}&ValidityPeriod=600");
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
    assert_eq!(sends(&sms(twilio.url(), PATIENCE)).await, Ok(()));
    assert_eq!(twilio.heard().len(), 2);
    let twilio = StandIn::replying(&[throttled]);
    assert_eq!(sends(&sms(twilio.url(), PATIENCE)).await, Err(NotSent::ChannelDown));
    assert_eq!(twilio.heard().len(), 2);
}

#[tokio::test]
async fn an_answer_that_nobody_documented_takes_the_channel_for_down() {
    for (status, body) in [
        (200, ""),
        (200, "<html>maintenance</html>"),
        (200, "[]"),
        (200, r#"{"messages":[]}"#),
        (201, r#"{"sid":null}"#),
        (302, ""),
        (400, r#"{"code":"21211","error":{"code":"131026"}}"#),
        (502, "Bad Gateway"),
    ] {
        let provider = StandIn::replying(&[(status, body)]);
        for sent in [
            sends(&whatsapp(provider.url(), PATIENCE)).await,
            sends(&sms(provider.url(), PATIENCE)).await,
        ] {
            assert_eq!(sent, Err(NotSent::ChannelDown), "{status} {body}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_or_silent_is_not_waited_for() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{gone}");
    // Its backlog takes connections that nobody ever accepts.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("http://{}", silent.local_addr().unwrap());
    let patience = Duration::from_millis(300);
    for url in [gone, mute] {
        let began = Instant::now();
        assert_eq!(sends(&sms(url.clone(), patience)).await, Err(NotSent::ChannelDown));
        assert_eq!(sends(&whatsapp(url, patience)).await, Err(NotSent::ChannelDown));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_channel_that_is_not_set_up_is_down() {
    let phone = PhoneNumber::parse("+27821234567", None).unwrap();
    let pin = Otp::parse("314159").unwrap();
    let post = Post::default();
    for channel in [Channel::Whatsapp, Channel::Sms] {
        assert_eq!(post.deliver(channel, &phone, &pin).await, Err(NotSent::ChannelDown));
    }
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
