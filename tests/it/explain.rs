//! What the operator is told of an attempt: P-12, after real faults.

use device_sim::faults::Sensor;
use device_sim::{Faults, Moment, Options};
use serde_json::{Value, json};

use crate::house::{Home, House, until};

/// The names of the hops that are told.
fn hops(told: &Value) -> Vec<&str> {
    told["hops"].as_array().unwrap().iter().map(|hop| hop["hop"].as_str().unwrap()).collect()
}

/// The one attempt that an explanation is about.
fn explained(house: &House, id: &str) -> Value {
    house.explains(id)["attempts"][0].clone()
}

#[tokio::test]
async fn p_12_an_opening_is_told_hop_by_hop_and_without_personal_data() {
    let home = Home::start().await;
    let (code, _guest) = home.lets_in("Thandi").await;
    let found = home.house.explains(&code.id);
    let told = &found["attempts"][0];
    assert_eq!((&told["outcome"], &told["failed_at"]), (&json!("opened"), &Value::Null));
    assert_eq!(
        hops(told),
        ["tap", "commit", "claim", "publish", "broker", "receipt", "pulse", "word"]
    );
    assert_eq!((&told["gate"], &told["leg"]), (&json!(home.gate_label.id), &json!("entry")));
    let text = found.to_string();
    let mobile = code.body["guest_mobile"].as_str().unwrap();
    for secret in [&format!("\"{}\"", code.digits), "Thandi", mobile, &code.reference] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let attempt = told["attempt"].as_str().unwrap();
    let printed = home.house.explains_in_words(attempt);
    assert!(printed.contains("The gate opened; its report came"), "{printed}");
}

#[tokio::test]
async fn p_12_the_operators_page_shows_the_house_and_tells_the_same_story() {
    let home = Home::furnish(House::start_with(&["operator.listen=127.0.0.1:0"]).await).await;
    let (code, _guest) = home.lets_in("Canary-Thandi").await;
    let printed = home.house.printed();
    let page = printed.lines().find_map(|line| line.strip_prefix("  page  ")).unwrap().to_owned();
    let read = async |path: &str| {
        let answer = home.house.client.get(format!("{page}{path}")).send().await.unwrap();
        answer.text().await.unwrap().replace("&#39;", "'")
    };
    let glance = read("/").await;
    assert!(glance.contains("<b>1</b> of 1"), "{glance}");
    assert!(glance.contains("<td>1</td><td>0</td><td>0</td>"), "{glance}");
    assert!(glance.contains(r#"class="opened""#) && !glance.contains(r#"class="unsettled""#));
    let story = read(&format!("/explain?of={}", code.id)).await;
    let in_words = home.house.explains_in_words(&code.id);
    assert!(story.contains(in_words.trim()), "{in_words} is not in {story}");
    let mobile = code.body["guest_mobile"].as_str().unwrap();
    for secret in ["Canary-Thandi", mobile, &code.reference, &home.owner.token] {
        assert!(!glance.contains(secret) && !story.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn p_12_a_tap_at_a_gate_that_is_offline_is_told_by_the_code() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let (.., house) = home.gate_leaves().await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "gate_offline"));
    let found = house.explains(&code.id);
    assert_eq!(found["attempts"], json!([]));
    let tap = &found["last_refused_tap"];
    assert_eq!((&tap["why"], &tap["leg"]), (&json!("gate_offline"), &json!("entry")));
    assert!(tap["told"].as_str().unwrap().contains("could not be reached"), "{tap}");
}

#[tokio::test]
async fn p_12_a_lost_report_is_told_as_lost_on_the_way_back() {
    let home = Home::start().await;
    let (.., attempt) = home.opens_unheard("Thandi").await;
    let home = loses_power(home).await;
    home.attempt_is(&attempt, "opened").await;
    let told = explained(&home.house, &attempt);
    assert_eq!((&told["outcome"], &told["failed_at"]), (&json!("opened"), &json!("report")));
    assert_eq!(hops(&told), ["tap", "commit", "claim", "publish", "broker", "cut", "word"]);
}

#[tokio::test]
async fn p_12_a_gate_that_lost_power_with_the_command_is_told_as_gone_before_it_acted() {
    let home = Home::start().await;
    let (_code, _guest, attempt) = home.holds_a_command_for("Thandi").await;
    let told = explained(&home.house, &attempt);
    assert_eq!((&told["outcome"], &told["failed_at"]), (&json!("unsettled"), &Value::Null));
    let home = loses_power(home).await;
    home.attempt_is(&attempt, "not_opened").await;
    let told = explained(&home.house, &attempt);
    assert_eq!((&told["why"], &told["failed_at"]), (&json!("not_in_ledger"), &json!("wire")));
    let words = told["told"].as_str().unwrap();
    assert!(words.contains("before it went away (the gate left"), "{told}");
    assert!(words.contains("The broker had taken it"), "{told}");
}

#[tokio::test]
async fn p_12_a_gate_that_dies_at_any_step_of_opening_is_told_by_what_its_ledger_holds() {
    for moment in Moment::ALL {
        let home = Home::start().await;
        let (code, mut guest) = home.invites("Thandi").await;
        home.gate.dies_at(moment);
        guest.scans(home.board()).await;
        let attempt = guest.enters(&code.digits).await.attempt();
        let dead = until(async || home.gate.is_dead().then_some(())).await;
        dead.expect("its power fails");
        let home = loses_power(home).await;
        let (state, failed_at, words) = match moment {
            Moment::BeforeLedger => ("not_opened", "wire", "before it went away (the gate left"),
            Moment::BeforePulse | Moment::BeforeReport => {
                ("opened", "report", "The gate opened, or lost power just before it did.")
            }
        };
        home.attempt_is(&attempt, state).await;
        let told = explained(&home.house, &attempt);
        assert_eq!(
            (&told["outcome"], &told["failed_at"]),
            (&json!(state), &json!(failed_at)),
            "{moment:?}: {told}"
        );
        assert!(told["told"].as_str().unwrap().contains(words), "{moment:?}: {told}");
        assert_eq!(hops(&told), ["tap", "commit", "claim", "publish", "broker", "cut", "word"]);
    }
}

#[tokio::test]
async fn p_12_a_gate_that_cannot_write_its_ledger_is_told_as_failed_at_the_gate() {
    let home = Home::start().await;
    home.gate.refuse_ledger(true);
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    home.attempt_is(&attempt, "not_opened").await;
    let told = explained(&home.house, &attempt);
    assert_eq!((&told["why"], &told["failed_at"]), (&json!("ledger_failed"), &json!("gate")));
}

#[tokio::test(flavor = "multi_thread")]
async fn p_12_what_a_sensor_at_the_gate_saw_is_told_after_the_opening() {
    for (sensor, failed_at, outcome, words) in [
        (Sensor::Ok, Value::Null, "opened", "The gate opened"),
        (Sensor::Stuck, json!("gate"), "not_opened", "its sensor saw nothing move"),
    ] {
        let Home { owner, gate, gate_label, intercom, house } = Home::start().await;
        gate.stop().await;
        let faults = Faults { sensor: Some(sensor), ..Faults::default() };
        let options = Options { keeps_gap: false, faults, ..Options::default() };
        let gate = house.mounts_as(&gate_label, options).await;
        let home = Home { owner, gate, gate_label, intercom, house };
        home.gate_is_online(&home.gate_label).await;
        let (code, _guest) = home.lets_in("Thandi").await;
        let seen = until(async || {
            let told = home.house.explains(&code.id)["attempts"][0].clone();
            (hops(&told).last() == Some(&"sensor")).then_some(told)
        });
        let told = seen.await.expect("the sensor's word arrives");
        assert_eq!((&told["outcome"], &told["failed_at"]), (&json!(outcome), &failed_at), "{told}");
        assert!(told["told"].as_str().unwrap().contains(words), "{told}");
    }
}

#[tokio::test]
async fn p_12_a_bridge_that_was_away_is_told_as_the_hop_before_the_command_was_sent() {
    let mut home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    home.house.dies_and_starts(&["roles=[\"api\",\"broker\"]"]).await;
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    let told = explained(&home.house, &attempt);
    assert_eq!(
        (&told["outcome"], &told["told"]),
        (&json!("unsettled"), &json!("It waits for the bridge."))
    );
    home.house.dies_and_starts(&[]).await;
    home.attempt_is(&attempt, "not_opened").await;
    let told = explained(&home.house, &attempt);
    assert_eq!(told["failed_at"], "claim");
    assert_eq!(hops(&told), ["tap", "cut", "word"]);
    // Both happened: the bridge began anew, and the gate said hello to it. The first that was heard
    // is told.
    let words = told["told"].as_str().unwrap();
    assert!(words.contains("before the command could be sent"), "{told}");
    let reasons = ["(the bridge started anew", "(the gate left or said hello anew"];
    assert!(reasons.iter().any(|reason| words.contains(reason)), "{told}");
}

#[tokio::test]
async fn p_12_a_broker_that_died_with_the_command_is_told_as_lost_on_the_wire() {
    let mut house = House::empty();
    let mut broker = house.annex();
    broker.run(&mut broker.command(&["roles=[\"broker\"]"])).await;
    let way = house.way_to_its_broker();
    house.run(&mut house.command(&["roles=[\"api\",\"bridge\"]", &way])).await;
    let home = Home::furnish(house).await;
    let (_code, _guest, attempt) = home.holds_a_command_for("Thandi").await;
    broker.dies_and_starts(&["roles=[\"broker\"]"]).await;
    home.attempt_is(&attempt, "not_opened").await;
    let told = explained(&home.house, &attempt);
    assert_eq!((&told["why"], &told["failed_at"]), (&json!("not_in_ledger"), &json!("wire")));
    assert!(told["told"].as_str().unwrap().contains("lost the broker"), "{told}");
    assert!(home.gate.pulses().is_empty());
    home.gate.release();
    home.lets_in("Sipho").await;
}

#[tokio::test]
async fn p_12_what_was_never_tried_is_said_to_be_unknown() {
    let home = Home::start().await;
    let unknown = home.house.asked_to_explain("attempt_00000000000000000000000000", &[]);
    assert_eq!(unknown.status.code(), Some(1));
    let told = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(told.contains("nothing was sent"), "{told}");
    let wrong = home.house.asked_to_explain(&home.gate_label.id, &[]);
    assert_eq!(wrong.status.code(), Some(64));
}

/// The gate on the wall loses power and comes back.
async fn loses_power(home: Home) -> Home {
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.abandon().await;
    let gate = house.mounts(&gate_label).await;
    Home { owner, gate, gate_label, intercom, house }
}
