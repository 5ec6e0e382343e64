//! What an owner sees to now and then, in a real browser: giving a device away, what happened, and
//! other systems that are told.

use serde_json::Value;

use super::browser::{Browser, Kind, there_is_none};
use super::owner::{ENGLISH, pin_after, signs_in_by, sofa};
use crate::home::Home;
use crate::house::{House, Label, until};
use crate::stand_in::StandIn;

const BUYER: &str = "+27831112222";

impl Browser {
    /// Looks at a page with all eyes; axe needs scripts.
    async fn is_fine(&self, name: &str) {
        self.keeps(name).await;
        if !self.is_without_scripts() {
            self.is_accessible().await;
        }
    }

    /// Proves by a fresh pin who it is.
    async fn proves_it(&self, house: &House) {
        self.sees("Is it you?").await;
        let lines = house.lines();
        self.presses("Send the pin").await;
        self.types("One-time pin", &pin_after(house, lines).await).await;
        self.presses("Go on").await;
    }

    async fn signs_in_as(&self, phone: &str, house: &House) {
        self.opens(&format!("{}/console", house.http())).await;
        self.types("Mobile number", phone).await;
        let lines = house.lines();
        self.presses("Send the pin").await;
        self.types("One-time pin", &pin_after(house, lines).await).await;
        self.presses("Sign in").await;
    }

    /// Puts a device on the account by its label.
    async fn adds(&self, claim_code: &str) {
        self.presses("Devices").await;
        self.presses("Add a device").await;
        self.types("Code on the label", claim_code).await;
        self.presses("Add").await;
        self.sees("The device is on your account.").await;
    }

    /// Puts a gate and the intercom that opens it on the account; answers the gate.
    async fn moves_in(&self, house: &House) -> Label {
        let gate = house.makes("gate", &["--name", "Main Gate"]);
        let intercom = house.makes("intercom", &["--name", "Unit 4"]);
        self.adds(&gate.claim_code).await;
        self.adds(&intercom.claim_code).await;
        self.presses("One Time Access Settings").await;
        self.chooses("Entry Device", "Main Gate").await;
        self.presses("Save").await;
        self.sees("Saved. New codes").await;
        gate
    }
}

/// O-9: with and without scripts, an intercom and its gate go to somebody else.
async fn gives_an_intercom_away(kind: Kind, name: &str) {
    if there_is_none() {
        return;
    }
    let house = House::start().await;
    let owner = Browser::of(kind).await;
    signs_in_by(&owner, &house, ENGLISH).await;
    owner.moves_in(&house).await;
    owner.presses("Give to another owner").await;
    owner.proves_it(&house).await;
    owner.sees("at once and for good").await;
    owner.is_fine(&format!("{name}-transfer")).await;
    owner.types("The new owner", BUYER).await;
    owner.presses("Go on").await;
    owner.sees("Give it away for good?").await;
    owner.is_fine(&format!("{name}-transfer-sure")).await;
    owner.ticks("I know that this cannot be undone").await;
    owner.presses("Give it away").await;
    owner.sees("Nobody has signed in with this number yet").await;
    owner.is_fine(&format!("{name}-transfer-unknown")).await;
    house.signs_in(BUYER).await;
    owner.presses("Go on").await;
    owner.ticks("I know that this cannot be undone").await;
    owner.presses("Give it away").await;
    owner.sees("on the new owner’s account now").await;
    owner.is_fine(&format!("{name}-transfer-given")).await;
    // One browser at a time: their number is bounded.
    owner.closes().await;
    let buyer = Browser::start().await;
    buyer.signs_in_as(BUYER, &house).await;
    buyer.sees("Main Gate").await;
    buyer.presses("Unit 4").await;
    buyer.sees("One Time Access Settings").await;
    buyer.presses("What happened").await;
    buyer.sees("Given to another owner").await;
    buyer.is_fine(&format!("{name}-transfer-taken")).await;
    buyer.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o_9_an_owner_gives_an_intercom_and_its_gate_away_in_a_real_browser() {
    gives_an_intercom_away(Kind::default(), "console").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o_9_an_owner_gives_an_intercom_away_without_scripts() {
    gives_an_intercom_away(Kind { without_scripts: true, ..Kind::default() }, "console-plain")
        .await;
}

/// O-9: so soon after a sign-in that is not the first, nothing is given away.
#[tokio::test(flavor = "multi_thread")]
async fn o_9_who_signed_in_not_long_ago_is_told_when_a_device_can_be_given_away() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.is_fine("console-device-all").await;
    owner.presses("Give to another owner").await;
    owner.proves_it(&home.house).await;
    owner.sees("For your safety this can only be done after").await;
    owner.is_fine("console-transfer-held").await;
    owner.closes().await;
}

/// P-12: what happened, its proof, and a copy of it, which is what the operator's export is.
#[tokio::test(flavor = "multi_thread")]
async fn p_12_an_owner_reads_what_happened_and_takes_its_proof_away() {
    if there_is_none() {
        return;
    }
    let mut home = Home::start().await;
    home.lets_in("Thandi").await;
    let code = home.issues("Sipho").await;
    home.owner.revokes(&code).await.ok();
    // A chain is signed when the house begins to run, or some time later.
    home.house.dies_and_starts(&[]).await;
    home.gate_is_online(&home.gate_label).await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("What happened").await;
    owner.sees("Code deleted").await;
    owner.sees("The gate opened").await;
    owner.is_fine("console-story").await;
    owner.presses("Openings").await;
    owner.sees("The gate was told to open").await;
    assert!(!owner.reads().await.contains("Code deleted"));
    owner.is_fine("console-story-openings").await;
    owner.presses("The gate opened").await;
    owner.sees("Thandi").await;
    owner.goes_back().await;
    owner.presses("Proof of what happened").await;
    let is_signed = async || {
        owner.reloads().await;
        owner.reads().await.contains("Last signature").then_some(())
    };
    until(is_signed).await.expect("the story is signed");
    owner.sees("as they were written").await;
    owner.is_fine("console-audit").await;
    let copy = "fetch(document.querySelector('a[href$=ndjson]').href) \
                .then((answer) => answer.text()).then(arguments[arguments.length - 1])";
    let copy = owner.waits_for(copy).await;
    let mut export = home.house.command(&[]);
    let export = export.args(["audit", "export", &home.intercom.id]).output().unwrap();
    let lines = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let mut exported = lines(&String::from_utf8(export.stdout).unwrap());
    for line in exported.iter_mut().filter_map(Value::as_object_mut) {
        // Whether it is still known who the guest was is the operator's to see.
        line.remove("guest");
    }
    assert_eq!(lines(copy.as_str().unwrap()), exported);
    let last: Value = serde_json::from_str(copy.as_str().unwrap().lines().last().unwrap()).unwrap();
    owner.sees(last["sig"].as_str().unwrap()).await;
    owner
        .opens(&format!("{}/console/devices/{}/story", home.house.http(), home.gate_label.id))
        .await;
    owner.sees("The gate is online").await;
    owner.is_fine("console-story-gate").await;
    owner.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_makes_a_webhook_tries_it_out_and_ends_it() {
    if there_is_none() {
        return;
    }
    let receiver = StandIn::replying(&[(204, ""), (500, "")]);
    let house = House::start_with(&["api.webhooks_to_private_addresses=true"]).await;
    let owner = sofa(&house).await;
    owner.presses("Account").await;
    owner.presses("Webhooks").await;
    owner.sees("There is no webhook yet").await;
    owner.is_fine("console-hooks-none").await;
    owner.presses("Add a webhook").await;
    owner.proves_it(&house).await;
    owner.types("Address", "ftp://receiver.example").await;
    owner.presses("Add").await;
    owner.sees("begins with https://").await;
    owner.is_fine("console-hook-wrong").await;
    owner.types("Address", &format!("{}/a/long/path/of/a/receiver?of=fluss", receiver.url())).await;
    owner.presses("Add").await;
    owner.sees("It is shown only now").await;
    assert!(owner.reads_field("Secret").await.starts_with("whsec_"));
    owner.is_fine("console-hook-secret").await;
    owner.presses("I have kept it").await;
    owner.sees("Nothing to tell yet").await;
    owner.presses("Send a test").await;
    owner.sees("Taken: answered 204").await;
    owner.is_fine("console-hook-taken").await;
    owner.presses("Send a test").await;
    owner.sees("The receiver answered 500.").await;
    owner.is_fine("console-hook-not-taken").await;
    owner.presses("New secret").await;
    owner.sees("Make a new secret?").await;
    owner.presses("New secret").await;
    owner.sees("for 24 hours").await;
    owner.presses("I have kept it").await;
    owner.presses("Webhooks").await;
    owner.is_fine("console-hooks").await;
    owner.presses("a/long/path").await;
    owner.presses("Delete").await;
    owner.sees("Delete this webhook?").await;
    owner.is_fine("console-hook-end").await;
    owner.presses("Delete").await;
    owner.sees("Deleted. Nothing is told there any more.").await;
    owner.closes().await;
}

/// O-8b: a gate leaves the account, its intercom's codes wait, and they open it again when it is
/// back.
#[tokio::test(flavor = "multi_thread")]
async fn o_8b_an_owner_takes_a_gate_off_the_account_and_puts_it_back() {
    if there_is_none() {
        return;
    }
    let house = House::start().await;
    let owner = sofa(&house).await;
    let gate = owner.moves_in(&house).await;
    owner.presses("Devices").await;
    owner.presses("Main Gate").await;
    owner.presses("Take it off my account").await;
    owner.proves_it(&house).await;
    owner.sees("Take Main Gate off your account?").await;
    owner.is_fine("console-take-off").await;
    owner.presses("Take it off").await;
    owner.sees("The gate is off your account.").await;
    owner.is_fine("console-taken-off").await;
    owner.presses("Unit 4").await;
    owner.sees("A gate of the settings is not on this account any more").await;
    owner.adds(&gate.claim_code).await;
    owner.presses("Devices").await;
    owner.presses("Unit 4").await;
    owner.sees("One Time Access Settings").await;
    assert!(!owner.reads().await.contains("is not on this account any more"));
    owner.closes().await;
}

/// O-8b: so soon after a sign-in that is not the first, no gate leaves the account.
#[tokio::test(flavor = "multi_thread")]
async fn o_8b_who_signed_in_not_long_ago_takes_no_gate_off_and_makes_no_webhook() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    owner.presses("Main Gate").await;
    owner.presses("Take it off my account").await;
    owner.proves_it(&home.house).await;
    owner.sees("You signed in not long ago").await;
    owner.is_fine("console-take-off-held").await;
    owner.presses("Account").await;
    owner.presses("Webhooks").await;
    owner.presses("Add a webhook").await;
    owner.sees("You signed in not long ago").await;
    owner.is_fine("console-hook-held").await;
    owner.closes().await;
}
