//! Login pins go to phones, by providers on loopback that speak as the real ones do.

use std::fs;

use serde_json::json;

use crate::house::House;
use crate::owner::Owner;
use crate::stand_in::StandIn;

const PHONE: &str = "+27831112222";
const ACCOUNT: &str = "AC00000000000000000000000000000042";
const WHATSAPP_TOKEN: &str = "EAAcanaryOfWhatsapp";
const SMS_TOKEN: &str = "canaryOfSms";

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
