//! An owner opens a gate and makes a key for another system, in a real browser.

use super::browser::{Browser, there_is_none};
use super::owner::{pin_after, sofa};
use crate::house::{House, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_opens_a_gate_and_makes_a_key_in_a_real_browser() {
    if there_is_none() {
        return;
    }
    let house = House::start().await;
    let label = house.makes("gate", &["--name", "Main Gate"]);
    let owner: Browser = sofa(&house).await;
    owner.presses("Add a device").await;
    owner.types("Code on the label", &label.claim_code).await;
    owner.presses("Add").await;
    owner.sees("The device is on your account.").await;
    owner.presses("Open").await;
    owner.sees("Nothing was sent, and nothing is sent later.").await;
    owner.keeps("console-open-offline").await;
    let gate = house.mounts(&label).await;
    let details = format!("{}/console/devices/{}", house.http(), label.id);
    let is_there = until(async || {
        owner.opens(&details).await;
        owner.reads().await.to_lowercase().contains("online").then_some(())
    });
    is_there.await.expect("the gate comes online");

    // The page tells by itself what the gate says.
    gate.hold();
    owner.taps_twice("Open").await;
    owner.sees("The gate was asked to open").await;
    owner.keeps("console-open-asked").await;
    gate.release();
    owner.sees("The gate opened at").await;
    owner.keeps("console-open-opened").await;
    owner.is_accessible().await;
    assert_eq!(gate.pulses().len(), 1);

    owner.opens(&format!("{}/console/account", house.http())).await;
    owner.presses("API keys").await;
    owner.sees("You have made none yet.").await;
    owner.presses("Make an API key").await;
    owner.sees("Is it you?").await;
    let lines = house.lines();
    owner.presses("Send the pin").await;
    let pin = pin_after(&house, lines).await;
    owner.types("One-time pin", &pin).await;
    owner.presses("Go on").await;
    owner.types("Name", "Home Assistant").await;
    owner.presses("Make it").await;
    owner.sees("Choose at least one device.").await;
    assert_eq!(owner.reads_field("Name").await, "Home Assistant");
    owner.ticks("open gates").await;
    owner.ticks("Main Gate").await;
    owner.keeps("console-key-new").await;
    owner.is_accessible().await;
    owner.presses("Make it").await;
    owner.sees("It is shown only now.").await;
    let page = owner.reads().await;
    let key = page.split_whitespace().find(|word| word.starts_with("flk_")).expect("a key");
    let trigger = format!("{}/fluss/v1/devices/{}/trigger", house.http(), label.id);
    let rested = until(async || {
        let answer = house.client.post(&trigger).bearer_auth(key).send().await.expect("an answer");
        (answer.status() == 200 && gate.pulses().len() == 2).then_some(())
    });
    rested.await.expect("the key opens the gate once it has rested");

    owner.presses("I have kept it").await;
    owner.sees("Home Assistant").await;
    owner.sees("last used at").await;
    owner.keeps("console-keys").await;
    owner.presses("Revoke").await;
    owner.sees("Revoke Home Assistant?").await;
    owner.presses("Revoke").await;
    owner.sees("The key opens nothing any more.").await;
    let answer = house.client.post(&trigger).bearer_auth(key).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    owner.closes().await;
    gate.stop().await;
}
