//! O-9 on the real binary: an owner gives the intercom away, with a guest inside.

use serde_json::json;

use crate::home::Home;
use crate::owner::key;

const OWNER: &str = "+27821234567";
const BUYER: &str = "+27831112222";

#[tokio::test]
async fn o_9_an_intercom_goes_to_another_owner_and_the_guest_inside_can_leave() {
    let home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    let (gate, intercom) = (&home.gate_label.id, &home.intercom.id);
    let path = format!("/v1/devices/{intercom}/transfer");
    let wish = json!({ "phone": BUYER, "gates": [gate] });
    assert_eq!(home.owner.post(&path, &wish).await.refusal(), (403, "step_up_needed"));
    home.owner.steps_up(&home.house, OWNER).await;
    assert_eq!(home.owner.post(&path, &wish).await.refusal(), (422, "user_not_found"));
    let buyer = home.house.signs_in(BUYER).await;
    let given = home.owner.post(&path, &wish).await.ok();
    assert_eq!(given, json!({ "gates": [gate], "suspended": 0 }));

    let exit = guest.leaves(&code.digits).await.attempt();
    let settings = format!("/v1/intercoms/{intercom}/settings");
    let saved = buyer.get(&settings).await.ok();
    assert_eq!(saved["settings"]["entry_gate"], json!(gate));
    assert_eq!(home.owner.get(&settings).await.refusal(), (403, "not_owner"));
    let history = format!("/v1/intercoms/{intercom}/history");
    let path = format!("/v1/attempts/{exit}");
    let left = crate::house::until(async || {
        (buyer.get(&path).await.ok()["state"] == "opened").then_some(())
    });
    left.await.expect("the guest is let out");
    assert_eq!(buyer.get(&history).await.ok()["items"][0]["id"], json!(code.id));
    assert_eq!(home.gate.pulses().len(), 2, "once in, once out");
}

#[tokio::test]
async fn x18_codes_whose_gate_stays_behind_wait_for_another() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let intercom = &home.intercom.id;
    let buyer = home.house.signs_in(BUYER).await;
    home.owner.steps_up(&home.house, OWNER).await;
    let path = format!("/v1/devices/{intercom}/transfer");
    let given = home.owner.post(&path, &json!({ "phone": BUYER })).await.ok();
    assert_eq!(given["suspended"], 1);
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "pass_suspended"));
    guest.opens_the_link().await.says("needs your host");
    let wish = json!({ "name": "Sipho", "mobile": "+27831234567" });
    let refused = buyer.asks_for_a_code(&home.intercom, &key(), &wish).await;
    assert_eq!(refused.refusal(), (409, "gate_missing"));
    assert_eq!(home.gate.pulses().len(), 0);
}
