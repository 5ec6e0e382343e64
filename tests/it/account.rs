//! An owner's account, on the real binary: fresh pins, another number, a second factor.

use ring::hmac;
use serde_json::{Value, json};

use crate::house::{Answer, Home, House};
use crate::owner::{Owner, asks_for_a_pin, pin_printed_after};

const PHONE: &str = "+27821234567";
const NEW: &str = "+27831112222";

impl Owner {
    /// Asks for a pin by a request of a session, and reads it where it is printed.
    async fn is_sent_a_pin(
        &self,
        house: &House,
        path: &str,
        body: &Value,
        phone: &str,
    ) -> (String, String) {
        let from = house.lines();
        let sent = self.post(path, body).await.ok();
        let id = sent["login_id"].as_str().expect("an id").to_owned();
        (format!("{path}/{id}/verify"), pin_printed_after(house, from, phone).await)
    }

    pub(crate) async fn steps_up(&self, house: &House, phone: &str) {
        let (verify, pin) = self.is_sent_a_pin(house, "/v1/step-ups", &json!({}), phone).await;
        let stepped_up = self.post(&verify, &json!({ "pin": pin })).await.ok();
        assert!(stepped_up["until"].is_string());
    }

    async fn asks_for_number(&self, house: &House, phone: &str) -> (String, String) {
        self.is_sent_a_pin(house, "/v1/number-changes", &json!({ "phone": phone }), phone).await
    }
}

/// The code that an authenticator app shows in the step after this one, which is good already.
pub(crate) fn next_code(secret: &str) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_secs();
    code_at(&secret, now / 30 + 1)
}

fn code_at(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let place = usize::from(tag.as_ref()[19] & 0xF);
    let word = tag.as_ref()[place..place + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(word) & 0x7FFF_FFFF) % 1_000_000)
}

async fn proves_the_number(house: &House) -> (String, Answer) {
    let (login, pin) = asks_for_a_pin(house, PHONE, "app").await;
    let proved = house.post(&format!("/v1/logins/{login}/verify"), &json!({ "pin": pin })).await;
    (format!("/v1/logins/{login}/second-factor"), proved)
}

#[tokio::test]
async fn a22_an_owner_changes_the_number_and_keeps_gates_and_codes() {
    let home = Home::start().await;
    let code = home.owner.issues(&home.intercom, "Thandi").await;
    let asked = home.owner.post("/v1/number-changes", &json!({ "phone": NEW })).await;
    assert_eq!(asked.refusal(), (403, "step_up_needed"));
    home.owner.steps_up(&home.house, PHONE).await;
    let (verify, pin) = home.owner.asks_for_number(&home.house, NEW).await;
    let changed = home.owner.post(&verify, &json!({ "pin": pin })).await.ok();
    assert_eq!(changed["phone"], NEW);
    let me = home.owner.get("/v1/me").await.ok();
    assert_eq!(me["phone"], NEW, "the session goes on");
    let by_old = home.house.signs_in(PHONE).await;
    assert_eq!(by_old.get("/v1/devices").await.ok()["items"], json!([]));
    home.owner.get("/v1/me").await.ok();
    let by_new = home.house.signs_in(NEW).await;
    assert_eq!(by_new.get("/v1/me").await.ok()["user_id"], me["user_id"]);
    assert_eq!(by_new.codes(&home.intercom).await[0]["id"], json!(code.id));
}

#[tokio::test]
async fn a22_whether_a_number_has_an_account_learns_only_who_proves_the_number() {
    let house = House::start().await;
    let owner = house.signs_in(PHONE).await;
    house.signs_in(NEW).await;
    owner.steps_up(&house, PHONE).await;
    let (verify, pin) = owner.asks_for_number(&house, NEW).await;
    let wrong = if pin == "000000" { "000001" } else { "000000" };
    let refused = owner.post(&verify, &json!({ "pin": wrong })).await;
    assert_eq!(refused.refusal(), (403, "otp_invalid"));
    let refused = owner.post(&verify, &json!({ "pin": pin })).await;
    assert_eq!(refused.refusal(), (409, "number_in_use"));
    assert_eq!(owner.get("/v1/me").await.ok()["phone"], PHONE);
}

#[tokio::test]
async fn a22_a_number_is_held_for_a_day_after_a_sign_in_somewhere_else() {
    let house = House::start().await;
    house.signs_in(PHONE).await;
    let thief = house.signs_in(PHONE).await;
    thief.steps_up(&house, PHONE).await;
    let asked = thief.post("/v1/number-changes", &json!({ "phone": NEW })).await;
    assert_eq!(asked.refusal(), (403, "number_held"));
    assert!(asked.body["retry_at"].is_string());
}

#[tokio::test]
async fn a23_with_a_second_factor_pin_and_code_sign_in_and_neither_alone() {
    let house = House::start().await;
    let owner = house.signs_in(PHONE).await;
    let refused = owner.post("/v1/second-factor", &json!({})).await;
    assert_eq!(refused.refusal(), (403, "step_up_needed"));
    owner.steps_up(&house, PHONE).await;
    let made = owner.post("/v1/second-factor", &json!({})).await.ok();
    let secret = made["secret"].as_str().unwrap();
    assert!(made["uri"].as_str().unwrap().contains(secret));
    let used = next_code(secret);
    let on = owner.post("/v1/second-factor/confirm", &json!({ "code": used })).await.ok();
    let recovery: Vec<&str> = on["recovery_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    assert_eq!(recovery.len(), 10);
    assert_eq!(owner.get("/v1/second-factor").await.ok()["recovery_codes_left"], 10);

    let (second, proved) = proves_the_number(&house).await;
    assert_eq!(proved.refusal(), (403, "second_factor_needed"));
    owner.get("/v1/me").await.ok();
    let replayed = house.post(&second, &json!({ "code": used })).await;
    assert_eq!(replayed.refusal(), (403, "otp_invalid"));
    let no_code = house.post(&second, &json!({ "code": "12" })).await;
    assert_eq!((no_code.status, no_code.fields()), (422, vec!["code"]));
    let signed_in = house.post(&second, &json!({ "code": recovery[0] })).await.ok();
    assert_eq!(signed_in["displaced_another"], true);
    assert_eq!(owner.get("/v1/me").await.refusal(), (401, "session_displaced"));

    let owner = Owner::with(&house, signed_in["token"].as_str().unwrap());
    let off = json!({ "code": recovery[1] });
    let refused = owner.post("/v1/second-factor/off", &off).await;
    assert_eq!(refused.refusal(), (403, "step_up_needed"));
    owner.steps_up(&house, PHONE).await;
    let spent = owner.post("/v1/second-factor/off", &json!({ "code": recovery[0] })).await;
    assert_eq!(spent.refusal(), (403, "otp_invalid"));
    assert_eq!(owner.post("/v1/second-factor/off", &off).await.status, 204);
    assert_eq!(
        owner.post("/v1/second-factor/off", &off).await.refusal(),
        (409, "second_factor_off")
    );
    house.signs_in(PHONE).await;
}

#[tokio::test]
async fn a23_an_operator_helps_who_has_lost_the_app_and_the_codes() {
    let house = House::start().await;
    let owner = house.signs_in(PHONE).await;
    owner.steps_up(&house, PHONE).await;
    let made = owner.post("/v1/second-factor", &json!({})).await.ok();
    let code = json!({ "code": next_code(made["secret"].as_str().unwrap()) });
    owner.post("/v1/second-factor/confirm", &code).await.ok();
    assert_eq!(proves_the_number(&house).await.1.refusal(), (403, "second_factor_needed"));
    house.told_to(&["unlock", PHONE]).unwrap();
    assert_eq!(proves_the_number(&house).await.1.refusal(), (403, "second_factor_needed"));
    house.told_to(&["unlock", "--second-factor", PHONE]).unwrap();
    proves_the_number(&house).await.1.ok();
}
