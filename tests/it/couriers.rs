//! Login pins go to phones, by providers on loopback that speak as the real ones do.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use ring::hmac;
use serde_json::{Value, json};

use crate::house::{Answer, House, is_installed, until};
use crate::owner::Owner;
use crate::stand_in::StandIn;

const PHONE: &str = "+27831112222";
const ACCOUNT: &str = "AC00000000000000000000000000000042";
const WHATSAPP_TOKEN: &str = "EAAcanaryOfWhatsapp";
const SMS_TOKEN: &str = "canaryOfSms";

const APP_SECRET: &str = "canaryOfTheApp";
const TAKEN_BY_META: (u16, &str) = (200, r#"{"messages":[{"id":"wamid.{n}"}]}"#);
const TAKEN_BY_TWILIO: (u16, &str) = (201, r#"{"sid":"SM{n}","status":"queued"}"#);
const META_IS_DOWN: (u16, &str) = (500, r#"{"error":{"message":"(#131000)","code":131000}}"#);
const TWILIO_IS_DOWN: (u16, &str) = (503, r#"{"code":20503,"status":503}"#);

/// O-1 with A13: WhatsApp cannot reach the number, so the owner takes SMS. Nothing of it is logged,
/// however much is.
#[tokio::test]
async fn o_1_an_owner_signs_in_by_sms_at_a_house_that_others_can_reach() {
    let meta = StandIn::replying(&[(400, r#"{"error":{"message":"no","code":131026}}"#)]);
    let twilio = StandIn::replying(&[(201, r#"{"sid":"SM01","status":"queued"}"#)]);
    let mut house = House::empty();
    let token_file = house.data.with_file_name("whatsapp-token");
    fs::write(&token_file, format!("{WHATSAPP_TOKEN}\n")).unwrap();
    let mut command = house.command(&[
        "log=trace,rumqttd=off",
        "http.listen=0.0.0.0:0",
        "http.trusted_proxies=[\"127.0.0.2\"]",
        "http.public_url=https://fluss.example",
        "courier.whatsapp.phone_number_id='106540352242922'",
        &format!("courier.whatsapp.token_file={}", token_file.display()),
        &format!("courier.whatsapp.base_url={}", meta.url()),
        &format!("courier.sms.account_sid={ACCOUNT}"),
        "courier.sms.sender='+15005550006'",
        &format!("courier.sms.base_url={}", twilio.url()),
    ]);
    house.run(command.env("FLUSS_SMS_TOKEN", SMS_TOKEN)).await;

    let begun = house.post("/v1/logins", &json!({ "phone": PHONE, "client": "app" })).await;
    assert_eq!(begun.refusal(), (503, "channel_unavailable"));
    assert_eq!(begun.body["try"], json!(["sms"]));
    let login = begun.body["login_id"].as_str().unwrap();
    let resend = format!("/v1/logins/{login}/resend");
    house.post(&resend, &json!({ "channel": "sms" })).await.ok();

    let heard = twilio.heard();
    let (_, text) = heard[0].body.split_once("&Body=").unwrap();
    let pin = &text[..6];
    assert!(text.contains(&format!("%40fluss.example+%23{pin}&")), "{text}");
    let tried = house.post(&format!("/v1/logins/{login}/verify"), &json!({ "pin": pin })).await;
    let owner = Owner::with(&house, tried.ok()["token"].as_str().unwrap());
    assert_eq!(owner.get("/v1/me").await.ok()["phone"], json!(PHONE));

    let printed = house.printed();
    assert!(printed.contains("a number cannot be reached by whatsapp"), "{printed}");
    // Behind the time, which has digits of its own.
    let words = printed.lines().filter_map(|line| line.split_once(' ')).flat_map(|(_, told)| {
        told.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
    });
    let secrets = [&PHONE[1..], pin, WHATSAPP_TOKEN, SMS_TOKEN];
    for word in words {
        assert!(!secrets.contains(&word), "{word:?} is in what was printed");
    }
}

/// A house with both providers, and what they hear.
struct Mail {
    house: House,
    meta: StandIn,
    twilio: StandIn,
}

impl Mail {
    async fn start() -> Self {
        let (house, meta) = (House::empty(), StandIn::replying(&[TAKEN_BY_META]));
        let mut mail = Self { house, meta, twilio: StandIn::replying(&[TAKEN_BY_TWILIO]) };
        mail.starts_at("+0s").await;
        mail
    }

    /// Starts again on the same folder, at another time.
    async fn starts_at(&mut self, offset: &str) {
        let (meta, twilio) = (self.meta.url(), self.twilio.url());
        self.starts_with(offset, &meta, &twilio).await;
    }

    async fn starts_with(&mut self, offset: &str, meta: &str, twilio: &str) {
        let settings = [
            "http.public_url=https://fluss.example".to_owned(),
            "operator.listen=127.0.0.1:0".to_owned(),
            "api.support_contact=support@fluss.example".to_owned(),
            "courier.whatsapp.phone_number_id='106540352242922'".to_owned(),
            format!("courier.whatsapp.base_url={meta}"),
            format!("courier.sms.account_sid={ACCOUNT}"),
            "courier.sms.sender='+15005550006'".to_owned(),
            format!("courier.sms.base_url={twilio}"),
        ];
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        let mut command = match offset {
            "+0s" => self.house.command(&settings),
            offset => self.house.command_at(offset, &settings),
        };
        self.house.run(with_secrets(&mut command)).await;
    }

    async fn asks(&self, phone: &str, channel: Option<&str>) -> Answer {
        let mut body = json!({ "phone": phone, "client": "app" });
        if let Some(channel) = channel {
            body["channel"] = json!(channel);
        }
        self.house.post("/v1/logins", &body).await
    }

    async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.house.http());
        Answer::of(self.house.client.get(url).send().await).await
    }

    async fn page(&self, url: String) -> String {
        let page = self.house.client.get(url).send().await.unwrap();
        page.text().await.unwrap()
    }

    async fn operators_page(&self) -> String {
        let printed = self.house.printed();
        let page = printed.lines().rev().find_map(|line| line.strip_prefix("  page  ")).unwrap();
        self.page(page.to_owned()).await
    }

    /// The ways in the order in which they are offered, and whether they are open.
    async fn order(&self) -> Vec<(String, bool)> {
        let told = self.get("/v1/login-channels").await.ok();
        let items = told["items"].as_array().unwrap().iter();
        items
            .map(|item| {
                let channel = item["channel"].as_str().unwrap().to_owned();
                (channel, item["open"].as_bool().unwrap())
            })
            .collect()
    }

    async fn is_told(&self, by: &str, signature: (&'static str, String), body: String) -> u16 {
        let url = format!("{}/couriers/{by}", self.house.http());
        let (name, signature) = signature;
        let kind =
            if by == "sms" { "application/x-www-form-urlencoded" } else { "application/json" };
        let report = self.house.client.post(url).header(name, signature);
        let report = report.header("content-type", kind).body(body);
        report.send().await.unwrap().status().as_u16()
    }

    async fn meta_reports(&self, statuses: &[Value]) -> u16 {
        let value = json!({ "messaging_product": "whatsapp", "statuses": statuses });
        let change = json!({ "field": "messages", "value": value });
        let body = json!({ "object": "whatsapp_business_account",
                           "entry": [{ "id": "1", "changes": [change] }] });
        let body = body.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
        let tag = hmac::sign(&key, body.as_bytes());
        let tag = data_encoding::HEXLOWER.encode(tag.as_ref());
        self.is_told("whatsapp", ("x-hub-signature-256", format!("sha256={tag}")), body).await
    }

    async fn twilio_reports(&self, sid: &str, status: &str, signed_by: &str) -> u16 {
        let text =
            format!("https://fluss.example/couriers/smsMessageSid{sid}MessageStatus{status}");
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, signed_by.as_bytes());
        let tag = data_encoding::BASE64.encode(hmac::sign(&key, text.as_bytes()).as_ref());
        let body = format!("MessageStatus={status}&MessageSid={sid}");
        self.is_told("sms", ("x-twilio-signature", tag), body).await
    }
}

fn with_secrets(command: &mut Command) -> &mut Command {
    command
        .env("FLUSS_SMS_TOKEN", SMS_TOKEN)
        .env("FLUSS_WHATSAPP_TOKEN", WHATSAPP_TOKEN)
        .env("FLUSS_WHATSAPP_APP_SECRET", APP_SECRET)
        .env("FLUSS_WHATSAPP_VERIFY_TOKEN", "introduction")
}

fn number(last: u32) -> String {
    format!("+2783111{last:04}")
}

fn order(told: [(&str, bool); 2]) -> Vec<(String, bool)> {
    told.map(|(channel, is_open)| (channel.to_owned(), is_open)).to_vec()
}

/// P-7 and O-1e: the outage is seen by the second number that meets it, whoever is signed in stays
/// so, and the channel comes back by one pin that finds out.
#[tokio::test]
async fn p_7_o_1e_an_outage_changes_the_order_and_the_channel_comes_back_by_itself() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut mail = Mail::start().await;
    let login = mail.asks(&number(1), None).await.ok();
    assert_eq!(login["channel"], "whatsapp", "the recommended one");
    let message: Value = serde_json::from_str(&mail.meta.heard()[0].body).unwrap();
    let pin = &message["template"]["components"][0]["parameters"][0]["text"];
    let path = format!("/v1/logins/{}/verify", login["login_id"].as_str().unwrap());
    let signed_in = mail.house.post(&path, &json!({ "pin": pin })).await.ok();
    let token = signed_in["token"].as_str().unwrap().to_owned();

    mail.meta.turns_to(&[META_IS_DOWN]);
    let outage = Instant::now();
    for last in [2, 3] {
        assert_eq!(mail.order().await, order([("whatsapp", true), ("sms", true)]));
        let down = mail.asks(&number(last), Some("whatsapp")).await;
        assert_eq!(down.refusal(), (503, "channel_unavailable"));
        assert_eq!(down.body["try"], json!(["sms"]));
        assert_eq!(down.body["support"], "support@fluss.example");
        let login = down.body["login_id"].as_str().unwrap();
        let resend = format!("/v1/logins/{login}/resend");
        mail.house.post(&resend, &json!({ "channel": "sms" })).await.ok();
    }
    assert_eq!(mail.order().await, order([("sms", true), ("whatsapp", false)]));
    assert!(outage.elapsed() < Duration::from_mins(1), "{:?}", outage.elapsed());

    // Nobody is sent there any more, and everybody is told of the other.
    let asked = mail.meta.heard().len();
    assert_eq!(mail.asks(&number(4), None).await.ok()["channel"], "sms");
    let closed = mail.asks(&number(5), Some("whatsapp")).await;
    assert_eq!(closed.refusal(), (503, "channel_unavailable"));
    assert_eq!((&closed.body["try"], mail.meta.heard().len()), (&json!(["sms"]), asked));
    let sign_in = mail.page(format!("{}/console/sign-in", mail.house.http())).await;
    assert!(sign_in.contains(r#"value="sms" checked"#), "{sign_in}");
    assert!(sign_in.contains("does not work at the moment"), "{sign_in}");
    assert!(mail.operators_page().await.contains("the provider takes no pins, since"));

    mail.twilio.turns_to(&[TWILIO_IS_DOWN]);
    for last in [6, 7] {
        let down = mail.asks(&number(last), Some("sms")).await;
        assert_eq!((down.refusal(), &down.body["try"]), ((503, "channel_unavailable"), &json!([])));
    }
    let both = mail.asks(&number(8), None).await;
    assert_eq!((both.refusal(), &both.body["try"]), ((503, "channel_unavailable"), &json!([])));
    assert_eq!(both.body["support"], "support@fluss.example");
    let wait: u64 = both.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait) && both.body["retry_at"].is_string(), "{wait}");
    Owner::with(&mail.house, &token).get("/v1/me").await.ok();

    // It is not forgotten over a restart, and 30 s later one pin finds out.
    mail.twilio.turns_to(&[TAKEN_BY_TWILIO]);
    mail.house.stop();
    mail.starts_at("+31s").await;
    assert!(!mail.order().await[0].1, "{:?}", mail.order().await);
    assert_eq!(mail.asks(&number(9), None).await.ok()["channel"], "sms", "WhatsApp is still down");
    assert_eq!(mail.meta.heard().len(), asked + 1, "it was asked once");
    assert_eq!(mail.asks(&number(10), None).await.ok()["channel"], "sms");
    assert_eq!(mail.meta.heard().len(), asked + 1, "and not again");

    mail.meta.turns_to(&[TAKEN_BY_META]);
    mail.house.stop();
    mail.starts_at("+90s").await;
    assert_eq!(mail.asks(&number(11), None).await.ok()["channel"], "whatsapp");
    assert_eq!(mail.order().await, order([("whatsapp", true), ("sms", true)]));
    Owner::with(&mail.house, &token).get("/v1/me").await.ok();
}

/// A13: it may have taken the pin, so it counts; the user need not wait for the other way.
#[tokio::test]
async fn a_provider_that_does_not_answer_spends_a_pin_and_the_other_may_be_asked_at_once() {
    // Its backlog takes connections that nobody ever accepts.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let meta = format!("http://{}", silent.local_addr().unwrap());
    let (house, unused) = (House::empty(), StandIn::replying(&[TAKEN_BY_META]));
    let mut mail = Mail { house, meta: unused, twilio: StandIn::replying(&[TAKEN_BY_TWILIO]) };
    let twilio = mail.twilio.url();
    mail.starts_with("+0s", &meta, &twilio).await;
    let silent = mail.asks(PHONE, Some("whatsapp")).await;
    assert_eq!(silent.refusal(), (503, "channel_unavailable"));
    assert_eq!(silent.body["try"], json!(["sms"]));
    let resend = format!("/v1/logins/{}/resend", silent.body["login_id"].as_str().unwrap());
    let again = mail.house.post(&resend, &json!({ "channel": "whatsapp" })).await;
    assert_eq!(again.refusal(), (429, "otp_too_soon"));
    mail.house.post(&resend, &json!({ "channel": "sms" })).await.ok();
    let third = mail.house.post(&resend, &json!({ "channel": "whatsapp" })).await;
    assert_eq!(third.refusal(), (429, "otp_too_soon"));

    // Whoever hangs up before that hides no outage.
    let asked = json!({ "phone": number(2), "client": "app", "channel": "whatsapp" });
    let url = format!("{}/v1/logins", mail.house.http());
    let asked = mail.house.client.post(url).json(&asked).timeout(Duration::from_secs(1));
    assert!(asked.send().await.unwrap_err().is_timeout());
    let closed = order([("sms", true), ("whatsapp", false)]);
    let seen = until(async || (mail.order().await == closed).then_some(())).await;
    seen.expect("the outage is seen");
}

#[tokio::test]
async fn p_7_an_outage_behind_a_provider_is_seen_by_its_reports() {
    let mail = Mail::start().await;
    for last in 1..=4 {
        mail.asks(&number(last), None).await.ok();
    }
    let status = |id: &str, status: &str, code: u32| json!({ "id": id, "status": status, "errors": [{ "code": code }] });
    let delivered = [status("wamid.1", "sent", 0), status("wamid.1", "delivered", 0)];
    assert_eq!(mail.meta_reports(&delivered).await, 200);
    let lost = [2, 3, 4].map(|n| status(&format!("wamid.{n}"), "failed", 131_000));
    let outage = Instant::now();
    assert_eq!(mail.meta_reports(&lost[..2]).await, 200);
    assert_eq!(mail.order().await, order([("whatsapp", true), ("sms", true)]));
    assert_eq!(mail.meta_reports(&lost).await, 200);
    // Whoever asks for it is still served: perhaps these numbers are odd.
    assert_eq!(mail.order().await, order([("sms", true), ("whatsapp", true)]));
    assert!(outage.elapsed() < Duration::from_mins(1), "{:?}", outage.elapsed());
    assert_eq!(mail.asks(&number(5), None).await.ok()["channel"], "sms");
    assert_eq!(mail.asks(&number(6), Some("whatsapp")).await.ok()["channel"], "whatsapp");
    assert!(mail.operators_page().await.contains("pins do not arrive, since"));
    assert_eq!(mail.meta_reports(&[status("wamid.5", "delivered", 0)]).await, 200);
    assert_eq!(mail.order().await, order([("whatsapp", true), ("sms", true)]));
}

#[tokio::test]
async fn a_report_is_believed_by_its_signature_and_tells_its_sender_nothing() {
    let mail = Mail::start().await;
    for last in [1, 2] {
        mail.asks(&number(last), Some("sms")).await.ok();
    }
    let delivered = async || {
        let page = mail.operators_page().await;
        let (_, sms) = page.split_once(r#"<h2 id="SMS">"#).unwrap();
        let (_, row) = sms.split_once("reported as delivered</th><td>").unwrap();
        row.split('<').next().unwrap().to_owned()
    };
    assert_eq!(mail.twilio_reports("SM1", "delivered", "another token").await, 404);
    assert_eq!(mail.twilio_reports("SM9", "delivered", SMS_TOKEN).await, 200, "as any other");
    assert_eq!(mail.is_told("sms", ("x-none", String::new()), String::new()).await, 404);
    assert_eq!(mail.is_told("whatsapp", ("x-none", String::new()), "{}".to_owned()).await, 404);
    let large = "x".repeat(300_000);
    assert_eq!(mail.is_told("whatsapp", ("x-none", String::new()), large).await, 413);
    assert_eq!(delivered().await, "0");
    for _ in 0..2 {
        assert_eq!(mail.twilio_reports("SM1", "sent", SMS_TOKEN).await, 200);
        assert_eq!(mail.twilio_reports("SM1", "delivered", SMS_TOKEN).await, 200);
    }
    let seen = until(async || (delivered().await == "1").then_some(())).await;
    seen.expect("it is counted once");

    let asks = async |mode: &str, word: &str, challenge: &str| {
        let path = format!("/couriers/whatsapp?hub.mode={mode}&hub.verify_token={word}");
        let answer = mail.page(format!("{}{path}&hub.challenge={challenge}", mail.house.http()));
        answer.await
    };
    assert_eq!(asks("subscribe", "introduction", "1158201444").await, "1158201444");
    for (mode, word, challenge) in [
        ("subscribe", "introductio", "1158201444"),
        ("subscribe", "", "1158201444"),
        ("unsubscribe", "introduction", "1158201444"),
        ("subscribe", "introduction", "%3Cscript%3E"),
    ] {
        let told = asks(mode, word, challenge).await;
        assert!(told.contains("not_found") && !told.contains(challenge), "{told}");
    }
}

#[tokio::test]
async fn o_1e_no_way_is_offered_that_is_not_set_up() {
    let twilio = StandIn::replying(&[TAKEN_BY_TWILIO, TWILIO_IS_DOWN]);
    let mut house = House::empty();
    let mut command = house.command(&[
        &format!("courier.sms.account_sid={ACCOUNT}"),
        "courier.sms.sender='+15005550006'",
        &format!("courier.sms.base_url={}", twilio.url()),
    ]);
    house.run(command.env("FLUSS_SMS_TOKEN", SMS_TOKEN)).await;
    let asks = async |last: u32, body: Value| {
        let mut body = body;
        body["phone"] = json!(number(last));
        body["client"] = json!("app");
        house.post("/v1/logins", &body).await
    };
    let missing = asks(1, json!({ "channel": "whatsapp" })).await;
    assert_eq!(missing.refusal(), (503, "channel_unavailable"));
    assert_eq!(missing.body["try"], json!(["sms"]));
    assert_eq!(asks(1, json!({})).await.ok()["channel"], "sms", "the only one is recommended");
    let down = asks(2, json!({})).await;
    assert_eq!((down.refusal(), &down.body["try"]), ((503, "channel_unavailable"), &json!([])));
    let url = format!("{}/console/sign-in", house.http());
    let page = house.client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(r#"value="sms" checked"#) && !page.contains(r#"value="whatsapp""#));
}
