//! An owner on the sofa, in a real browser.

use std::time::{Duration, Instant};

use fantoccini::key::Key;
use serde_json::json;

use super::browser::{Browser, Kind, there_is_none};
use crate::home::Home;
use crate::house::{House, until};

pub(super) const PHONE: &str = "+27821234567";

/// What stands at what is typed into and pressed to sign in.
pub(super) const ENGLISH: [&str; 4] = ["Mobile number", "Send the pin", "One-time pin", "Sign in"];
const AFRIKAANS: [&str; 4] = ["Selfoonnommer", "Stuur die pin", "Eenmalige pin", "Meld aan"];

/// How soon a page of a displaced session is gone: within two seconds, on a machine that is busy.
const SOON: Duration = Duration::from_secs(5);

/// The pin that the house prints next, after something is done.
pub(super) async fn pin_after(house: &House, lines: usize) -> String {
    house
        .printed_after(lines, |line| {
            let (_, pin) = line.strip_prefix("login pin for ")?.rsplit_once(": ")?;
            Some(pin.to_owned())
        })
        .await
}

/// Opens the console and has a pin sent; answers the pin.
async fn has_a_pin_sent(browser: &Browser, house: &House, [mobile, send, ..]: [&str; 4]) -> String {
    browser.opens(&format!("{}/console", house.http())).await;
    browser.types(mobile, PHONE).await;
    let lines = house.lines();
    browser.presses(send).await;
    pin_after(house, lines).await
}

/// Types the pin and is signed in.
async fn types_the_pin(browser: &Browser, told: &str, [.., pin, enter]: [&str; 4]) {
    browser.types(pin, told).await;
    browser.presses(enter).await;
    let is_in = until(async || (browser.path().await == "/console/devices").then_some(())).await;
    is_in.expect("the pin signs in");
}

/// Signs in by the words that stand there.
pub(super) async fn signs_in_by(browser: &Browser, house: &House, words: [&str; 4]) {
    let pin = has_a_pin_sent(browser, house, words).await;
    types_the_pin(browser, &pin, words).await;
}

/// A browser in which the owner is signed in.
pub(super) async fn sofa(house: &House) -> Browser {
    let owner = Browser::start().await;
    signs_in_by(&owner, house, ENGLISH).await;
    owner
}

#[tokio::test(flavor = "multi_thread")]
async fn o_1_an_owner_signs_in_and_out_in_a_real_browser() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = Browser::start().await;
    owner.opens(&format!("{}/console", home.house.http())).await;
    owner.sees("There is no password").await;
    owner.presses("No pin?").await;
    owner.sees("two SIM cards").await;
    owner.keeps("console-sign-in-help").await;
    owner.is_accessible().await;
    owner.types("Mobile number", "12").await;
    owner.presses("Send the pin").await;
    owner.sees("Type a mobile number").await;
    assert_eq!(owner.reads_field("Mobile number").await, "12");
    owner.keeps("console-sign-in-wrong").await;
    owner.is_accessible().await;
    signs_in_by(&owner, &home.house, ENGLISH).await;
    owner.sees("Main Gate").await;
    owner.presses("Sign out").await;
    owner.sees("There is no password").await;
    owner.closes().await;
}

/// O-4, I-1: from the labels to the first saved settings, with the question before changes are
/// lost (O-4a).
#[tokio::test(flavor = "multi_thread")]
async fn o_4_an_owner_adds_gate_and_intercom_and_saves_the_settings() {
    if there_is_none() {
        return;
    }
    let house = House::start().await;
    let gate = house.makes("gate", &["--name", "Main Gate"]);
    let intercom = house.makes("intercom", &["--name", "Unit 4"]);
    let owner = sofa(&house).await;
    owner.sees("There is no device on your account yet.").await;
    owner.keeps("console-devices-none").await;
    for label in [&intercom, &gate] {
        owner.presses("Add a device").await;
        owner.types("Code on the label", &label.claim_code).await;
        owner.presses("Add").await;
        owner.sees("The device is on your account.").await;
        owner.presses("Devices").await;
        owner.sees("Devices").await;
    }
    owner.presses("Unit 4").await;
    owner.sees("Codes can be sent once its owner has saved").await;
    owner.keeps("console-device-unsaved").await;
    owner.is_accessible().await;
    owner.presses("One Time Access Settings").await;
    owner.chooses("Entry Device", "Main Gate").await;
    owner.chooses("Max Users", "2").await;
    owner.presses("Devices").await;
    owner.sees("Save your changes?").await;
    owner.keeps("console-settings-unsaved").await;
    owner.is_accessible().await;
    owner.presses("Discard").await;
    owner.presses("Unit 4").await;
    owner.sees("Codes can be sent once its owner has saved").await;
    owner.presses("One Time Access Settings").await;
    owner.chooses("Entry Device", "Main Gate").await;
    owner.chooses("Max Users", "5").await;
    owner.presses("Devices").await;
    owner.sees("Save your changes?").await;
    owner.presses("Save").await;
    owner.sees("Saved. New codes use the new limit").await;
    owner.keeps("console-settings-saved").await;
    owner.presses("Active codes").await;
    owner.sees("0 of 5 codes are active").await;
    owner.keeps("console-codes-none").await;
    owner.is_accessible().await;
    owner.closes().await;
}

/// O-5, O-7: a code is made, shared four ways, deleted after a question, and stands in the history.
#[tokio::test(flavor = "multi_thread")]
async fn o_5_o_7_an_owner_makes_a_code_shares_it_and_deletes_it() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("Active codes").await;
    owner.presses("New code").await;
    owner.types("Name", "Thandi").await;
    owner.types("Mobile", "12").await;
    owner.presses("Generate").await;
    owner.sees("Type the guest’s mobile number").await;
    assert_eq!(owner.reads_field("Name").await, "Thandi");
    owner.keeps("console-invite-wrong").await;
    owner.is_accessible().await;
    owner.presses("One Time Access").await;
    owner.presses("New code").await;
    owner.types("Name", "Thandi").await;
    owner.types("Mobile", "+27 82 555 0101").await;
    owner.keeps("console-invite-filled").await;
    owner.presses("Generate").await;
    owner.sees("Share the code").await;
    for (way, scheme) in [
        ("SMS", "sms:+27825550101?body="),
        ("WhatsApp", "https://wa.me/27825550101?text="),
        ("Email", "mailto:?subject="),
    ] {
        let address = owner.leads_to(way).await;
        assert!(address.starts_with(scheme), "{address}");
    }
    owner.tells("Browser.grantPermissions", json!({ "permissions": CLIPBOARD })).await;
    owner.presses("Copy").await;
    owner.sees("Copied.").await;
    let message = owner.reads_field("Message to the guest").await;
    let copied = "navigator.clipboard.readText().then(arguments[arguments.length - 1])";
    assert_eq!(owner.waits_for(copied).await, json!(message));
    owner.presses("Show the code").await;
    owner.sees("waiting for the guest").await;
    owner.presses("Delete").await;
    owner.sees("Delete access for Thandi?").await;
    owner.presses("Back").await;
    owner.presses("Delete").await;
    owner.sees("This cannot be undone.").await;
    owner.presses("Delete").await;
    owner.sees("Deleted. The code opens nothing any more").await;
    owner.sees("0 of 10 codes are active").await;
    owner.keeps("console-deleted").await;
    owner.is_accessible().await;
    owner.presses("History").await;
    owner.sees("deleted at").await;
    owner.keeps("console-history").await;
    owner.is_accessible().await;
    owner.closes().await;
}

const CLIPBOARD: [&str; 2] = ["clipboardReadWrite", "clipboardSanitizedWrite"];

/// O-6, O-10: the list and the code say by themselves who comes in, and the owner lets them out.
#[tokio::test(flavor = "multi_thread")]
async fn o_6_o_10_open_pages_follow_the_visit_and_the_owner_lets_the_guest_out() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    home.issues("Sipho").await;
    guest.scans(home.board()).await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("Active codes").await;
    owner.sees("waiting for the guest").await;
    home.gate.hold();
    guest.enters(&code.digits).await.attempt();
    owner.sees("at the gate").await;
    owner.keeps("console-live-at-the-gate").await;
    home.gate.release();
    owner.sees("inside for less than a minute").await;
    owner.keeps("console-live-inside").await;
    owner.is_accessible().await;
    owner.presses("Thandi").await;
    owner.sees("The gate opened for the way in").await;
    owner.keeps("console-code-inside").await;
    owner.is_accessible().await;
    owner.presses("Let out").await;
    owner.sees("Let Thandi out?").await;
    owner.keeps("console-let-out").await;
    owner.is_accessible().await;
    owner.presses("Let out").await;
    owner.sees("The gate opened for the way out").await;
    owner.sees("was in and out").await;
    owner.keeps("console-code-completed").await;
    owner.is_accessible().await;
    assert_eq!(home.gate.pulses().len(), 2);
    owner.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o_5_o_7_a_code_is_made_and_deleted_without_scripts() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = Browser::of(Kind { without_scripts: true, ..Kind::default() }).await;
    signs_in_by(&owner, &home.house, ENGLISH).await;
    owner.presses("Unit 4").await;
    owner.presses("Active codes").await;
    owner.presses("New code").await;
    owner.types("Name", "Thandi").await;
    owner.types("Mobile", "+27 82 555 0101").await;
    owner.presses("Generate").await;
    owner.sees("Share the code").await;
    owner.keeps("console-plain-send").await;
    owner.presses("Show the code").await;
    owner.presses("Delete").await;
    owner.sees("Delete access for Thandi?").await;
    owner.presses("Delete").await;
    owner.sees("0 of 10 codes are active").await;
    owner.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o_5_the_keyboard_alone_signs_in_and_makes_a_code() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = Browser::start().await;
    owner.opens(&format!("{}/console", home.house.http())).await;
    owner.tabs_to("Mobile number").await;
    owner.strikes_text(PHONE).await;
    let lines = home.house.lines();
    owner.tabs_to("Send the pin").await;
    owner.strikes(&[Key::Enter]).await;
    let pin = pin_after(&home.house, lines).await;
    owner.sees("Type your pin").await;
    owner.tabs_to("One-time pin").await;
    owner.strikes_text(&pin).await;
    owner.strikes(&[Key::Enter]).await;
    for (at, next) in [
        ("Main Gate", "Unit 4"),
        ("Serial number", "Active codes"),
        ("No code is active", "New code"),
    ] {
        owner.sees(at).await;
        owner.tabs_to(next).await;
        owner.strikes(&[Key::Enter]).await;
    }
    owner.sees("Of one guest.").await;
    owner.tabs_to("Name").await;
    owner.strikes_text("Thandi").await;
    owner.tabs_to("Mobile").await;
    owner.strikes_text("+27825550101").await;
    owner.tabs_to("Generate").await;
    owner.strikes(&[Key::Enter]).await;
    owner.sees("Share the code").await;
    owner.closes().await;
}

/// O-4d: whoever saves second sees what the other saved, and keeps what they chose.
#[tokio::test(flavor = "multi_thread")]
async fn o_4d_of_two_tabs_the_second_to_save_sees_the_firsts_values_and_loses_nothing() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    let settings = format!("{}/console/intercoms/{}/settings", home.house.http(), home.intercom.id);
    owner.opens(&settings).await;
    owner.chooses("Max Users", "2").await;
    let second = owner.tab().await;
    owner.opens_a_tab().await;
    owner.opens(&settings).await;
    owner.chooses("Max Users", "5").await;
    owner.chooses("Invite Duration", "3 hours").await;
    owner.presses("Save").await;
    owner.sees("Saved. New codes").await;
    owner.turns_to(second).await;
    owner.chooses("Exit Device", "Main Gate").await;
    owner.presses("Save").await;
    owner.sees("Somebody saved meanwhile").await;
    owner.sees("Saved meanwhile: 5").await;
    owner.sees("Saved meanwhile: 3 hours").await;
    assert_eq!(owner.reads_field("Max Users").await, "2");
    assert_eq!(owner.reads_field("Exit Device").await, home.gate_label.id);
    owner.keeps("console-settings-saved-meanwhile").await;
    owner.is_accessible().await;
    owner.chooses("Invite Duration", "3 hours").await;
    owner.presses("Save").await;
    owner.sees("Saved. New codes").await;
    owner.opens(&settings).await;
    assert_eq!(owner.reads_field("Max Users").await, "2");
    assert_eq!(owner.reads_field("Invite Duration").await, "3");
    owner.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o_3_the_open_page_of_a_displaced_session_goes_to_the_sign_in_and_says_by_whom() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("Active codes").await;
    owner.sees("No code is active").await;
    home.house.signs_in(PHONE).await;
    let displaced = Instant::now();
    owner.sees("You were signed out here because the app was signed in with your number.").await;
    let waited = displaced.elapsed();
    assert!(waited < SOON, "it took {waited:?}");
    owner.keeps("console-displaced").await;
    owner.is_accessible().await;
    owner.closes().await;
}

/// A22 and A23: the fresh pin, the app with its picture, ten codes, and another number.
#[tokio::test(flavor = "multi_thread")]
async fn a22_a23_an_owner_sets_up_an_app_and_changes_the_number_in_a_real_browser() {
    if there_is_none() {
        return;
    }
    let house = House::start().await;
    let owner = sofa(&house).await;
    owner.presses("Account").await;
    owner.sees("Off. A pin alone signs in.").await;
    owner.presses("Authenticator app").await;
    owner.sees("Is it you?").await;
    let lines = house.lines();
    owner.presses("Send the pin").await;
    owner.types("One-time pin", &pin_after(&house, lines).await).await;
    owner.keeps("console-account-pin").await;
    owner.is_accessible().await;
    owner.presses("Go on").await;
    owner.sees("when somebody takes over your number").await;
    owner.keeps("console-account-app").await;
    owner.is_accessible().await;
    owner.presses("Set it up").await;
    owner.sees("Or type this key into the app").await;
    owner.keeps("console-account-secret").await;
    owner.is_accessible().await;
    let seen = owner.reads().await;
    let is_key = |word: &&str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let key = seen.split_whitespace().find(is_key).expect("a key");
    owner.types("Code", &crate::account::next_code(key)).await;
    owner.presses("Turn it on").await;
    owner.sees("Your recovery codes").await;
    owner.keeps("console-account-recovery").await;
    owner.is_accessible().await;
    owner.presses("I have kept them").await;
    owner.sees("10 recovery codes left").await;
    owner.keeps("console-account-on").await;
    owner.is_accessible().await;
    owner.presses("Change your number").await;
    owner.types("Mobile number", "+27831112222").await;
    owner.keeps("console-account-number").await;
    owner.is_accessible().await;
    let lines = house.lines();
    owner.presses("Send the pin").await;
    owner.types("One-time pin", &pin_after(&house, lines).await).await;
    owner.presses("Change the number").await;
    owner.sees("Your number is changed.").await;
    owner.sees("+27831112222").await;
    owner.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_console_is_for_everybody() {
    looks_at_every_page("console", Kind::default(), ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_console_can_be_read_twice_as_large() {
    let kind = Kind { zoomed: true, ..Kind::default() };
    looks_at_every_page("console-large", kind, ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_console_can_be_read_in_afrikaans() {
    let kind = Kind { speaks: Some("af-ZA"), ..Kind::default() };
    looks_at_every_page("console-af", kind, AFRIKAANS).await;
}

/// Keeps each page of the console; by the usual eyes, axe looks at each, too.
async fn looks_at_every_page(name: &str, kind: Kind, words: [&str; 4]) {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let ended = home.issues("Sipho").await;
    home.owner.revokes(&ended).await.ok();
    let owner = Browser::of(kind).await;
    let keeps = async |page: &str| {
        owner.keeps(&format!("{name}-{page}")).await;
        if name == "console" {
            owner.is_accessible().await;
        }
    };
    owner.opens(&format!("{}/console/sign-in", home.house.http())).await;
    keeps("sign-in").await;
    let pin = has_a_pin_sent(&owner, &home.house, words).await;
    let asked = until(async || (owner.path().await == "/console/pin").then_some(())).await;
    asked.expect("the pin is asked for");
    keeps("pin").await;
    types_the_pin(&owner, &pin, words).await;
    keeps("devices").await;
    let (intercom, gate, code) = (&home.intercom.id, &home.gate_label.id, &code.id);
    for (page, path) in [
        ("device", format!("devices/{intercom}")),
        ("gate", format!("devices/{gate}")),
        ("rename", format!("devices/{intercom}/name")),
        ("people", format!("devices/{intercom}/people")),
        ("people-types", format!("devices/{intercom}/people/invite")),
        ("people-invite", format!("devices/{intercom}/people/invite?type=repeat")),
        ("people-import", format!("devices/{intercom}/people/import")),
        ("tenants", format!("devices/{intercom}/tenants")),
        ("plan", format!("devices/{intercom}/plan")),
        ("replace", format!("devices/{gate}/replacement")),
        ("calls", format!("intercoms/{intercom}/calls")),
        ("story", format!("devices/{intercom}/story")),
        ("audit", format!("intercoms/{intercom}/audit")),
        ("hooks", "webhooks".to_owned()),
        ("claim", "claim".to_owned()),
        ("account", "account".to_owned()),
        ("account-proof", "account/proof?next=number".to_owned()),
        ("settings", format!("intercoms/{intercom}/settings")),
        ("codes", format!("intercoms/{intercom}/codes")),
        ("history", format!("intercoms/{intercom}/history")),
        ("invite", format!("intercoms/{intercom}/invite")),
        ("send", format!("codes/{code}/send")),
        ("code", format!("codes/{code}")),
        ("let-in", format!("codes/{code}/let-in")),
        ("delete", format!("codes/{code}/delete")),
        ("ended", format!("codes/{}", ended.id)),
        ("nothing", "codes/nothing".to_owned()),
    ] {
        owner.opens(&format!("{}/console/{path}", home.house.http())).await;
        keeps(page).await;
    }
    owner.closes().await;
}
