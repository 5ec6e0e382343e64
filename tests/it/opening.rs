//! Gates that open without a code: from the app, over the real line, through kill -9.

use serde_json::{Value, json};

use crate::home::Home;
use crate::house::{Answer, Label, until};
use crate::owner::{Owner, key};

const FRIEND: &str = "+27830000005";

impl Owner {
    /// Presses "open" in the app.
    async fn opens(&self, gate: &Label, key: &str) -> Answer {
        self.post_as(&format!("/v1/devices/{}/open", gate.id), &Value::Null, key).await
    }
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn who_a_gate_is_shared_with_opens_it_once_a_press_until_the_owner_ends_that() {
    let mut home = Home::start().await;
    let (gate, friend) = (home.gate_label.clone(), home.house.signs_in(FRIEND).await);
    assert_eq!(friend.opens(&gate, &key()).await.refusal(), (404, "not_found"));
    let shared = home.owner.shares(&gate, FRIEND, false).await;
    let press = key();
    // The same button twice, and another button at once.
    let other = key();
    let (first, second, third) = tokio::join!(
        friend.opens(&gate, &press),
        friend.opens(&gate, &press),
        friend.opens(&gate, &other),
    );
    let attempt = id(&first);
    assert_eq!([id(&second), id(&third)], [attempt.clone(), attempt.clone()]);
    home.attempt_is(&attempt, "opened").await;
    assert_eq!(home.gate.pulses().len(), 1);
    let told = home.house.explains_in_words(&attempt);
    assert!(told.contains("opened from the app") && told.contains("The gate opened"), "{told}");

    // While no bridge runs, the owner changes their mind: what was not sent never is.
    home.house.dies_and_starts(&["roles=[\"api\",\"broker\"]"]).await;
    let pressed = until(async || {
        let answer = friend.opens(&gate, &key()).await;
        (answer.body["state"] == "reserved").then_some(answer)
    });
    let pressed = id(&pressed.await.expect("the press waits for the bridge"));
    let person = shared["user_id"].as_str().expect("an id");
    let ended = format!("/v1/devices/{}/people/{person}", gate.id);
    assert_eq!(home.owner.delete(&ended).await.status, 204);
    home.house.dies_and_starts(&[]).await;
    let refused = home.attempt_is(&pressed, "not_opened").await;
    assert!(
        ["access_removed", "gate_went_away", "not_sent_in_time"]
            .contains(&refused["why"].as_str().expect("why"))
    );
    assert_eq!(home.gate.pulses().len(), 1);
}

/// INV1, INV4: killed while the gate's word is under way, the house asks the gate's ledger.
#[tokio::test]
async fn a_press_whose_report_is_lost_is_settled_after_kill_9_and_opens_no_second_time() {
    let mut home = Home::start().await;
    home.gate.lose_statuses(1);
    let (gate, press) = (home.gate_label.clone(), key());
    let attempt = id(&home.owner.opens(&gate, &press).await);
    let pulsed = until(async || (home.gate.pulses().len() == 1).then_some(())).await;
    pulsed.expect("the gate opens");
    home.house.dies_and_starts(&[]).await;
    assert_eq!(id(&home.owner.opens(&gate, &press).await), attempt, "the press is kept");
    let opened = home.attempt_is(&attempt, "opened").await;
    assert_eq!((&opened["asked_by"], &opened["code"]), (&json!("person"), &Value::Null));
    assert_eq!(home.gate.pulses().len(), 1);
}

#[tokio::test]
async fn a_gate_off_the_wall_is_told_and_opens_nothing_when_it_is_back() {
    let (owner, gate, _, house) = Home::start().await.gate_leaves().await;
    assert_eq!(owner.opens(&gate, &key()).await.refusal(), (503, "gate_offline"));
    let back = house.mounts(&gate).await;
    let is_back = until(async || {
        let seen = owner.get(&format!("/v1/devices/{}", gate.id)).await.body;
        (seen["online"] == true).then_some(())
    });
    is_back.await.expect("it is online again");
    assert!(back.received().is_empty() && back.pulses().is_empty());
    back.stop().await;
}
