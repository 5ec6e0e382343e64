//! A host lets a guest in or out with one tap: O-10, and what it mends in G-10, G-14 and G-16.

use serde_json::{Value, json};

use crate::house::{Answer, Home, is_installed, until};
use crate::owner::key;

/// The attempt that a tap made.
#[track_caller]
fn tapped(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(answer.body["asked_by"], "host");
    answer.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn o_10_one_tap_lets_in_and_one_lets_out_and_the_code_is_used_up() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    let entry = tapped(&home.owner.lets_through(&code, "entry").await);
    home.attempt_is(&entry, "opened").await;
    guest.opens_the_link().await.says("/exit");
    guest.scans(home.board()).await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "pass_used"));
    let (key, out) = (key(), json!({ "leg": "exit" }));
    let exit = tapped(&home.owner.taps(&code, &out, &key).await);
    home.attempt_is(&exit, "opened").await;
    assert_eq!(tapped(&home.owner.taps(&code, &out, &key).await), exit, "the same tap");
    assert_eq!(home.owner.lets_through(&code, "exit").await.refusal(), (409, "pass_used"));
    assert_eq!(home.gate.pulses().len(), 2);
    let told = home.house.explains(&exit);
    assert!(told["attempts"][0]["asked_for_by"].as_str().unwrap().starts_with("user_"), "{told}");
}

#[tokio::test]
async fn o_10_what_is_under_way_is_named_and_what_is_offline_is_told() {
    let home = Home::start().await;
    let (code, guest, attempt) = home.holds_a_command_for("Thandi").await;
    let refused = home.owner.lets_through(&code, "entry").await;
    assert_eq!(refused.refusal(), (409, "already_opening"));
    assert_eq!(refused.body["attempt"], json!(attempt));
    assert_eq!(home.owner.lets_through(&code, "exit").await.refusal(), (409, "not_entered_yet"));
    home.gate.release();
    home.attempt_is(&attempt, "opened").await;
    let Home { owner, gate, gate_label, intercom: _, house: _house } = home;
    assert_eq!(gate.pulses().len(), 1);
    gate.stop().await;
    let path = format!("/v1/devices/{}", gate_label.id);
    let gone =
        until(async || (owner.get(&path).await.body["online"] == json!(false)).then_some(()));
    gone.await.expect("the gate is seen to go");
    assert_eq!(owner.lets_through(&code, "exit").await.refusal(), (409, "gate_offline"));
    drop(guest);
}

#[tokio::test]
async fn o_10_g_14_a_guest_whose_time_is_over_is_let_out_by_the_host() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (inside, mut guest) = home.lets_in("Thandi").await;
    let outside = home.issues("Sipho").await;
    home.house.sleeps("+13h").await;
    home.gate_is_online(&home.gate_label).await;
    assert_eq!(guest.leaves(&inside.digits).await.refusal(), (410, "pass_expired"));
    assert_eq!(home.owner.lets_through(&outside, "entry").await.refusal(), (410, "pass_expired"));
    let exit = tapped(&home.owner.lets_through(&inside, "exit").await);
    home.attempt_is(&exit, "opened").await;
    assert_eq!(home.owner.lets_through(&inside, "exit").await.refusal(), (409, "pass_used"));
    assert_eq!(home.gate.pulses().len(), 2);
    let ended = home.owner.history(&home.intercom).await;
    let left = ended.iter().find(|code| code["id"] == json!(inside.id)).unwrap();
    assert_eq!((&left["state"], &left["no_exit_recorded"]), (&json!("completed"), &json!(false)));
}

/// The gate has pulsed and its report is lost when the owner revokes: the cancel is answered from
/// the ledger, the owner hears how it ended, and lets the guest out.
#[tokio::test]
async fn r_4_g_10_a_gate_that_had_acted_is_told_as_opened_and_the_host_lets_the_guest_out() {
    let home = Home::start().await;
    let (code, mut guest, attempt) = home.opens_unheard("Thandi").await;
    let revoked = home.owner.revokes(&code).await.ok();
    assert_eq!(
        (&revoked["in_flight"], &revoked["attempt"]),
        (&json!("cancelling"), &json!(attempt))
    );
    home.attempt_is(&attempt, "opened").await;
    let again = home.owner.revokes(&code).await.ok();
    assert_eq!((&again["in_flight"], &again["attempt"]), (&json!("opened"), &json!(attempt)));
    assert_eq!(guest.leaves(&code.digits).await.refusal(), (410, "pass_revoked"));
    let ended = &home.owner.history(&home.intercom).await[0];
    assert_eq!((&ended["state"], &ended["no_exit_recorded"]), (&json!("revoked"), &json!(true)));
    let exit = tapped(&home.owner.lets_through(&code, "exit").await);
    home.attempt_is(&exit, "opened").await;
    let ended = &home.owner.history(&home.intercom).await[0];
    assert_eq!((&ended["state"], &ended["no_exit_recorded"]), (&json!("revoked"), &json!(false)));
    assert_eq!(home.gate.pulses().len(), 2);
}

#[tokio::test]
async fn o_10_who_may_not_revoke_may_not_let_through_and_bad_taps_are_named() {
    let home = Home::start().await;
    let phone = "+27839998888";
    let (code, other) = (home.issues("Thandi").await, home.house.signs_in(phone).await);
    assert_eq!(other.lets_through(&code, "entry").await.refusal(), (404, "not_found"));
    home.owner.shares(&home.intercom, phone, false).await;
    assert_eq!(other.lets_through(&code, "entry").await.refusal(), (403, "no_permission"));
    let path = format!("/v1/codes/{}/openings", code.id);
    let entry = json!({ "leg": "entry" });
    assert_eq!(home.house.post(&path, &entry).await.refusal(), (401, "session_missing"));
    let keyless = home.owner.post(&path, &entry).await;
    assert_eq!(keyless.refusal(), (400, "idempotency_key_required"));
    for wrong in [json!({ "leg": "both" }), json!({}), json!({ "leg": "exit", "more": 1 })] {
        let refused = home.owner.taps(&code, &wrong, &key()).await;
        assert_eq!(refused.refusal(), (422, "invalid_request"), "{wrong}");
    }
    assert!(home.gate.received().is_empty());
    home.owner.shares(&home.intercom, phone, true).await;
    let entry = tapped(&other.lets_through(&code, "entry").await);
    let attempt: Value = home.attempt_is(&entry, "opened").await;
    assert_eq!(attempt["leg"], "entry");
}
