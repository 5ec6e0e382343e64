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
    // The permission alone could be taken with them, too.
    owner.sees("For when you take that permission away").await;
    owner.keeps("console-person-grant").await;
    owner.is_accessible().await;
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

/// While a list is on its way, its page says so and sends it no second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_imported_says_that_it_is_on_its_way_and_goes_once() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    let import = format!("/console/devices/{}/people/import", home.intercom.id);
    owner.opens(&format!("{}{import}", home.house.http())).await;
    let line = |last: usize| format!("Guest {last},+2782123{last:04},\\n");
    let list: String = (0..1_000).map(line).collect();
    owner.asks(&format!("document.getElementById('list').value = '{list}'")).await;

    // The request is held: the page does what it does, and the form does not leave.
    let hold = "window.held = []; addEventListener('submit', window.hold = (event) => { \
                held.push(event.defaultPrevented); event.preventDefault(); })";
    owner.asks(hold).await;
    owner.taps_twice("Look what would happen").await;
    owner.sees("Looking at the list…").await;
    assert_eq!(owner.asks("return held").await, json!([false, true]), "it goes once");
    let told = "return document.querySelectorAll('[role=status] progress').length";
    assert_eq!(owner.asks(told).await, json!(1));
    owner.keeps("console-people-import-under-way").await;
    owner.is_accessible().await;

    // The page comes back from where the browser put it aside.
    owner.asks("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))").await;
    assert_eq!(owner.asks(told).await, json!(0));
    owner.asks("removeEventListener('submit', hold)").await;
    owner.presses("Look what would happen").await;
    owner.sees("Nothing has been changed yet. New: 1000.").await;
    let pressed = "document.querySelector('[name=import]').click(); \
                   return document.querySelector('form [role=status]').innerText";
    assert_eq!(owner.asks(pressed).await, json!("Importing the list…"));
    owner.sees("Imported. New: 1000.").await;
    owner.closes().await;
}
