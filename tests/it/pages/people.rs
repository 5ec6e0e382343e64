//! An owner who lets other people use a device, in a real browser.

use serde_json::json;

use super::browser::Browser;
use super::browser::there_is_none;
use super::owner::sofa;
use crate::home::Home;
use crate::owner::{code, key, wish};

/// Ticks a box or sets a time, which keys do differently in each language.
async fn sets(owner: &Browser, script: &str) {
    owner.asks(script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_invites_people_sets_what_tenants_may_imports_a_list_and_removes_somebody() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("Who may use this device").await;
    owner.sees("Nobody has been invited yet.").await;
    owner.presses("Invite somebody").await;
    owner.sees("Which access do they get?").await;
    owner.is_accessible().await;
    owner.presses("Repeat").await;
    owner.types("Mobile number", "082 555 0001").await;
    owner.types("Name", "Nomsa").await;
    sets(&owner, "document.querySelector('[name=saturday]').click()").await;
    sets(&owner, "document.getElementById('from').value = '08:00'").await;
    sets(&owner, "document.getElementById('until').value = '17:00'").await;
    owner.keeps("console-people-invite-filled").await;
    owner.is_accessible().await;
    owner.presses("Invite somebody").await;
    owner.sees("Invited. They see the device").await;
    owner.sees("Repeat").await;
    owner.keeps("console-people-invited").await;
    owner.is_accessible().await;

    owner.presses("Nomsa").await;
    owner.presses("Change the type").await;
    owner.presses("Tenant").await;
    owner.presses("Save").await;
    owner.sees("Saved.").await;
    owner.presses("Tenant settings").await;
    owner.chooses("Longest invitation", "1 h 0 min").await;
    owner.presses("Save").await;
    owner.sees("Saved.").await;

    owner.presses("Import a list").await;
    owner.types("Or paste the list", "Zoë,082 555 0002,Unit 7\nSipho,12").await;
    owner.presses("Look what would happen").await;
    owner.sees("Line 1: will be added").await;
    owner.sees("Line 2: this is no mobile number").await;
    owner.keeps("console-people-import-looked").await;
    owner.is_accessible().await;
    owner.presses("Import").await;
    owner.sees("Line 1: added").await;

    owner.presses("Users, Unit 4").await;
    owner.sees("Zoë").await;
    owner.presses("Nomsa").await;
    owner.presses("Remove").await;
    owner.sees("Remove Nomsa?").await;
    owner.keeps("console-people-remove").await;
    owner.is_accessible().await;
    owner.presses("Remove").await;
    owner.sees("Removed.").await;
    assert!(!owner.reads().await.contains("Nomsa"));
    owner.closes().await;
}

/// S-3, X22: with the box ticked, what somebody made ends with their access; their guest is told.
#[tokio::test(flavor = "multi_thread")]
async fn s_3_x22_who_is_removed_with_the_box_ticked_takes_their_codes_along() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let nomsa = home.house.signs_in("+27839998888").await;
    let people = format!("/v1/devices/{}/people", home.intercom.id);
    let invited = json!({ "phone": "+27839998888", "type": "always", "one_time_access": true,
        "name": "Nomsa" });
    home.owner.post(&people, &invited).await.ok();
    let made = nomsa.asks_for_a_code(&home.intercom, &key(), &wish("Sipho")).await.ok();
    let made = code(made);
    home.issues("Thandi").await;
    home.house.guest(&made.link).opens_the_link().await.says("Unit 4");

    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("Who may use this device").await;
    owner.presses("Nomsa").await;
    owner.presses("Remove").await;
    owner.sees("Remove Nomsa?").await;
    owner.ticks("Also delete the code they made").await;
    owner.keeps("console-people-remove-also").await;
    owner.is_accessible().await;
    owner.presses("Remove").await;
    owner.sees("Removed.").await;
    owner.presses("Unit 4").await;
    owner.presses("Active codes").await;
    owner.sees("Thandi").await;
    assert!(!owner.reads().await.contains("Sipho"), "only the owner's own is left");
    owner.opens(&made.link).await;
    owner.sees("Cancelled by your host").await;
    owner.closes().await;
}
