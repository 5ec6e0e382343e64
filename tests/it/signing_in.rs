//! An owner signs in: O-1 … O-3 of the product, on the real binary.

use serde_json::json;

use crate::house::{Home, House, is_installed};
use crate::owner::{Owner, asks_for_a_pin, pin_printed_after};

const PHONE: &str = "+27831112222";

async fn tries(house: &House, login: &str, pin: &str) -> crate::house::Answer {
    house.post(&format!("/v1/logins/{login}/verify"), &json!({ "pin": pin })).await
}

fn another(pin: &str) -> &'static str {
    if pin == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn o_1_o_1b_the_right_pin_signs_in_once() {
    let house = House::start().await;
    let (login, pin) = asks_for_a_pin(&house, PHONE, "app").await;
    let signed_in = tries(&house, &login, &pin).await.ok();
    let owner = Owner::with(&house, signed_in["token"].as_str().unwrap());
    let me = owner.get("/v1/me").await.ok();
    assert_eq!((&me["phone"], &me["client"]), (&json!(PHONE), &json!("app")));
    assert_eq!(tries(&house, &login, &pin).await.refusal(), (403, "otp_invalid"));
    owner.delete("/v1/session").await.ok();
    assert_eq!(owner.get("/v1/me").await.refusal(), (401, "session_missing"));
}

#[tokio::test]
async fn o_1a_after_five_wrong_pins_the_right_one_is_refused_too() {
    let house = House::start().await;
    let (login, pin) = asks_for_a_pin(&house, PHONE, "app").await;
    for _ in 0..4 {
        assert_eq!(tries(&house, &login, another(&pin)).await.refusal(), (403, "otp_invalid"));
    }
    assert_eq!(tries(&house, &login, another(&pin)).await.refusal(), (429, "otp_too_many"));
    assert_eq!(tries(&house, &login, &pin).await.refusal(), (429, "otp_too_many"));
}

#[tokio::test]
async fn o_1c_of_two_pins_only_the_newest_works() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut house = House::start().await;
    let (first, first_pin) = asks_for_a_pin(&house, PHONE, "app").await;
    let begin = json!({ "phone": PHONE, "client": "app" });
    let too_soon = house.post("/v1/logins", &begin).await;
    assert_eq!(too_soon.refusal(), (429, "otp_too_soon"));
    let wait: u64 = too_soon.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    house.sleeps("+60s").await;
    let (second, second_pin) = asks_for_a_pin(&house, PHONE, "app").await;
    assert_eq!(tries(&house, &first, &first_pin).await.refusal(), (403, "otp_invalid"));
    assert_eq!(tries(&house, &first, &second_pin).await.refusal(), (403, "otp_invalid"));
    tries(&house, &second, &second_pin).await.ok();
}

/// O-1h as well: the pin was sent before the restart.
#[tokio::test]
async fn o_1c_a_resent_pin_replaces_the_one_before() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut house = House::start().await;
    let (login, old) = asks_for_a_pin(&house, PHONE, "app").await;
    house.sleeps("+60s").await;
    let from = house.lines();
    let resend = format!("/v1/logins/{login}/resend");
    house.post(&resend, &json!({ "channel": "sms" })).await.ok();
    let new = pin_printed_after(&house, from, PHONE).await;
    if old != new {
        assert_eq!(tries(&house, &login, &old).await.refusal(), (403, "otp_invalid"));
    }
    tries(&house, &login, &new).await.ok();
}

#[tokio::test]
async fn o_1d_of_two_devices_with_the_same_pin_one_is_signed_in() {
    let house = House::start().await;
    let (login, pin) = asks_for_a_pin(&house, PHONE, "app").await;
    let (a, b) = tokio::join!(tries(&house, &login, &pin), tries(&house, &login, &pin));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn o_1f_a_blocked_country_gets_no_pin_on_either_channel() {
    let house = House::start_with(&["api.blocked_prefixes=[\"1876\"]"]).await;
    for channel in ["whatsapp", "sms"] {
        let begin = json!({ "phone": "+18762345678", "client": "app", "channel": channel });
        let blocked = house.post("/v1/logins", &begin).await;
        assert_eq!(blocked.refusal(), (403, "country_blocked"));
    }
    assert!(!house.printed().contains("5678"), "nothing was sent");
}

/// O-1f: an operator makes an exception while the house runs, for one number and for a time. The
/// operator's commands wait; on another thread the connections see meanwhile that they were closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o_1f_an_operator_lets_one_number_of_a_blocked_country_in_and_ends_it() {
    let house = House::start_with(&["api.blocked_prefixes=[\"1876\"]"]).await;
    let begin =
        async |phone| house.post("/v1/logins", &json!({ "phone": phone, "client": "app" })).await;
    let (guest, neighbour) = ("+18762345678", "+18762345679");
    assert_eq!(begin(guest).await.refusal(), (403, "country_blocked"));
    let told = |arguments: &[&str]| house.told_to(&[&["country"], arguments].concat());
    let allow = ["allow", guest, "--why", "a guest house", "--by", "Naledi", "--until"];
    let past = told(&[&allow[..], &["2020-01-01T00:00:00Z"]].concat()).unwrap_err();
    assert!(past.contains("--until 2020-01-01T00:00:00.000Z: expected a moment to come"), "{past}");
    let id = told(&[&allow[..], &["2100-01-01T00:00:00Z"]].concat()).unwrap();
    assert_eq!(begin(neighbour).await.refusal(), (403, "country_blocked"));
    assert_eq!(begin(guest).await.status, 202);
    let list = told(&["list"]).unwrap();
    for words in [guest, "holds until 2100-01-01", id.trim(), r#"by "Naledi": "a guest house""#] {
        assert!(list.contains(words), "{words} is not in {list}");
    }
    assert_eq!(told(&["revoke", guest]), Ok(String::new()));
    let twice = told(&["revoke", guest]).unwrap_err();
    assert!(twice.contains("there is no exception for +18762345678"), "{twice}");
    let wait = begin(guest).await;
    assert!(told(&["list"]).unwrap().contains("ended "));
    assert_eq!(wait.refusal(), (403, "country_blocked"), "and not that a pin was just sent");
}

#[tokio::test]
async fn o_1_bad_input_names_its_fields_and_unknown_ones_are_refused() {
    let house = House::start().await;
    let begin = async |body| house.post("/v1/logins", &body).await;
    let not_a_number = begin(json!({ "phone": "123", "client": "app" })).await;
    assert_eq!((not_a_number.status, not_a_number.fields()), (422, vec!["phone"]));
    let missing = begin(json!({ "phone": PHONE })).await;
    assert_eq!((missing.status, missing.fields()), (422, vec!["client"]));
    let unknown = begin(json!({ "phone": PHONE, "client": "app", "colour": 1 })).await;
    assert_eq!((unknown.status, unknown.fields()), (422, vec!["colour"]));
    let wrong = begin(json!({ "phone": PHONE, "client": "fridge" })).await;
    assert_eq!((wrong.status, wrong.fields()), (422, vec!["client"]));
    let local = begin(json!({ "phone": "083 111 2222", "country": "ZA", "client": "app" })).await;
    assert_eq!(local.status, 202, "{}", local.body);
}

#[tokio::test]
async fn o_3_a_newer_sign_in_ends_the_older_session_and_its_streams() {
    let home = Home::start().await;
    let (_, _, attempt) = home.holds_a_command_for("Thandi").await;
    let mut stream = home.owner.stream(&format!("/v1/attempts/{attempt}/events")).await;
    assert!(stream.chunk().await.unwrap().is_some(), "the stream tells the state at once");
    let dashboard = Owner::signs_in(&home.house, "+27821234567", "dashboard").await;
    ends_within_a_second(&mut stream).await;
    let displaced = home.owner.get("/v1/me").await;
    assert_eq!(displaced.refusal(), (401, "session_displaced"));
    assert_eq!(displaced.body["by"], "dashboard");
    dashboard.get("/v1/me").await.ok();
    // And back again: the app displaces the dashboard.
    let app = home.house.signs_in("+27821234567").await;
    assert_eq!(dashboard.get("/v1/me").await.refusal(), (401, "session_displaced"));
    home.gate.release();
    opens(&app, &attempt).await;
}

#[tokio::test]
async fn o_3_two_numbers_are_signed_in_side_by_side() {
    let house = House::start().await;
    let one = house.signs_in("+27831112222").await;
    let other = house.signs_in("+27831113333").await;
    one.get("/v1/me").await.ok();
    other.get("/v1/me").await.ok();
}

/// O-1, A04: a session outlives the process.
#[tokio::test]
async fn o_2_a_session_survives_kill_9() {
    let mut house = House::start().await;
    let token = house.signs_in(PHONE).await.token;
    house.dies_and_starts(&[]).await;
    Owner::with(&house, &token).get("/v1/me").await.ok();
}

#[tokio::test]
async fn o_2_a_session_outlives_60_quiet_days_and_ends_after_90() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut house = House::start().await;
    let token = house.signs_in(PHONE).await.token;
    house.sleeps("+60d").await;
    Owner::with(&house, &token).get("/v1/me").await.ok();
    house.sleeps("+151d").await;
    let ended = Owner::with(&house, &token).get("/v1/me").await;
    assert_eq!(ended.refusal(), (401, "session_missing"));
}

#[tokio::test]
async fn o_2_how_long_a_session_lives_can_be_set() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut house = House::start().await;
    let token = house.signs_in(PHONE).await.token;
    house.stop();
    let mut command = house.command_at("+60d", &["login.session_idle_days=30"]);
    house.run(&mut command).await;
    let ended = Owner::with(&house, &token).get("/v1/me").await;
    assert_eq!(ended.refusal(), (401, "session_missing"));
}

#[tokio::test]
async fn o_3_open_pages_of_the_console_end_with_its_session() {
    let home = Home::start().await;
    let dashboard = Owner::signs_in(&home.house, "+27821234567", "dashboard").await;
    let page = format!("{}/console/intercoms/{}/codes/live", home.house.http(), home.intercom.id);
    let page = home.house.client.get(page).header("cookie", format!("sid={}", dashboard.token));
    let mut page = page.send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.chunk().await.unwrap().is_some(), "the page hears its mark at once");
    let app = home.house.signs_in("+27821234567").await;
    ends_within_a_second(&mut page).await;
    app.get("/v1/me").await.ok();
}

/// The answer to the first press is lost; the app presses again, and after it was displaced, too.
#[tokio::test]
async fn o_3b_a_displaced_client_makes_no_second_pass_of_one_wish() {
    let home = Home::start().await;
    let (key, wish) = (crate::owner::key(), crate::owner::wish("Thandi"));
    let (pressed, dashboard) = tokio::join!(
        home.owner.asks_for_a_code(&home.intercom, &key, &wish),
        Owner::signs_in(&home.house, "+27821234567", "dashboard"),
    );
    let issued = match pressed.status {
        200 | 201 => Some(pressed.body["id"].clone()),
        _ => {
            assert_eq!(pressed.refusal(), (401, "session_displaced"));
            None
        }
    };
    let again = home.owner.asks_for_a_code(&home.intercom, &key, &wish).await;
    assert_eq!(again.refusal(), (401, "session_displaced"));
    let after = dashboard.asks_for_a_code(&home.intercom, &key, &wish).await.ok();
    assert!(issued.is_none_or(|issued| issued == after["id"]), "the same pass is told again");
    assert_eq!(dashboard.codes(&home.intercom).await.len(), 1);
}

#[tokio::test]
async fn o_3c_wrong_pins_leave_the_session_and_its_streams_alone() {
    let home = Home::start().await;
    let (_, _, attempt) = home.holds_a_command_for("Thandi").await;
    let mut stream = home.owner.stream(&format!("/v1/attempts/{attempt}/events")).await;
    assert!(stream.chunk().await.unwrap().is_some());
    let (login, pin) = asks_for_a_pin(&home.house, "+27821234567", "dashboard").await;
    for _ in 0..5 {
        let status = tries(&home.house, &login, another(&pin)).await.status;
        assert!([403, 429].contains(&status));
    }
    home.owner.get("/v1/me").await.ok();
    home.gate.release();
    let opened = stream.chunk().await.unwrap().expect("the stream goes on");
    assert!(String::from_utf8_lossy(&opened).contains("opened"), "{opened:?}");
}

#[tokio::test]
async fn a11_the_operator_signs_out_a_number_and_its_streams_end_within_a_second() {
    let home = Home::start().await;
    let (_, _, attempt) = home.holds_a_command_for("Thandi").await;
    let other = home.house.signs_in(PHONE).await;
    let mut stream = home.owner.stream(&format!("/v1/attempts/{attempt}/events")).await;
    assert!(stream.chunk().await.unwrap().is_some());
    home.house.told_to(&["sign-out", "+27821234567"]).unwrap();
    ends_within_a_second(&mut stream).await;
    let signed_out = home.owner.get("/v1/me").await;
    assert_eq!(signed_out.refusal(), (401, "session_ended"));
    assert_eq!(signed_out.body["by"], "system");
    assert!(signed_out.body["at"].is_string());
    other.get("/v1/me").await.ok();
    let again = home.house.signs_in("+27821234567").await;
    home.gate.release();
    opens(&again, &attempt).await;
    home.house.told_to(&["sign-out", "--all"]).unwrap();
    assert_eq!(other.get("/v1/me").await.refusal(), (401, "session_ended"));
    assert_eq!(again.get("/v1/me").await.refusal(), (401, "session_ended"));
    home.house.told_to(&["sign-out"]).unwrap_err();
}

async fn opens(owner: &Owner, attempt: &str) {
    let path = format!("/v1/attempts/{attempt}");
    let opened = crate::house::until(async || {
        (owner.get(&path).await.body["state"] == "opened").then_some(())
    });
    opened.await.expect("opens");
}

/// O-1g: nothing in an answer tells whether a number has an account, nor a login apart from none.
#[tokio::test]
async fn strangers_are_answered_as_owners_are() {
    let house = House::start().await;
    house.signs_in(PHONE).await;
    let mut shapes = Vec::new();
    for phone in [PHONE, "+27831113333"] {
        let begin = json!({ "phone": phone, "client": "app" });
        let sent = house.post("/v1/logins", &begin).await;
        let names: Vec<String> = sent.body.as_object().unwrap().keys().cloned().collect();
        let wrong = format!("/v1/logins/{}/verify", sent.body["login_id"].as_str().unwrap());
        let refused = house.post(&wrong, &json!({ "pin": "000000" })).await;
        shapes.push((sent.status, names, refused.status, refused.body));
    }
    assert_eq!(shapes[0], shapes[1]);
    let (used, pin) = asks_for_a_pin(&house, "+27831114444", "app").await;
    tries(&house, &used, &pin).await.ok();
    let unknown = "login_AAAAAAAAAAAAAAAAAAAAAA";
    for login in [used.as_str(), unknown, "login_x", "x"] {
        let refused = tries(&house, login, &pin).await;
        assert_eq!((refused.status, &refused.body), (shapes[0].2, &shapes[0].3), "{login}");
    }
}

/// Waits for the end of a stream, which was told to end just now.
async fn ends_within_a_second(stream: &mut reqwest::Response) {
    let told = std::time::Instant::now();
    while stream.chunk().await.unwrap().is_some() {}
    let took = told.elapsed();
    assert!(took < std::time::Duration::from_secs(1), "the stream ended after {took:?}");
}
