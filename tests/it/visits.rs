//! The end of a visit on the real binary: G-7, G-10, G-14, G-15, G-16, O-8b, O-10; and gates that
//! are away while guests are expected.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::home::Home;
use crate::house::{Code, House, is_installed, until};
use crate::owner::Owner;

const OWNER: &str = "+27821234567";

/// G-14 and O-10: told at 17:30 and at 18:00, once each over restarts, and let out.
#[tokio::test]
async fn o_10_g_14_the_owner_is_told_before_the_end_and_at_the_end_and_lets_the_guest_out() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (inside, mut guest) = home.lets_in("Thandi").await;
    let (left, mut visitor) = home.lets_in("Sipho").await;
    let exit = visitor.leaves(&left.digits).await.attempt();
    home.attempt_is(&exit, "opened").await;
    for (later, told) in [
        ("+700m", &["visit.ending"][..]),
        ("+705m", &["visit.ending"]),
        ("+721m", &["visit.ending", "visit.overstay"]),
        ("+722m", &["visit.ending", "visit.overstay"]),
    ] {
        home.house.sleeps(later).await;
        home.gate_is_online(&home.gate_label).await;
        is_told(&home.owner, &inside, told).await;
        is_told(&home.owner, &left, &[]).await;
    }
    assert_eq!(guest.leaves(&inside.digits).await.refusal(), (410, "pass_expired"));
    guest.opens_the_link().await.says("your host can see that you are still inside");
    let read = home.owner.get(&format!("/v1/codes/{}", inside.id)).await.ok();
    assert_eq!((&read["state"], &read["alert"]), (&json!("expired"), &json!("overstay")));
    let exit = home.owner.lets_through(&inside, "exit").await.ok()["id"].clone();
    home.attempt_is(exit.as_str().unwrap(), "opened").await;
    home.house.sleeps("+13h").await;
    is_told(&home.owner, &inside, &["visit.ending", "visit.overstay"]).await;
}

/// Nobody looked when it was time: it is told late, by the moment of its telling, and once.
#[tokio::test]
async fn o_10_what_was_due_while_the_house_was_down_is_told_late_and_once() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (inside, _guest) = home.lets_in("Thandi").await;
    home.house.dies();
    home.house.starts_at("+20h").await;
    is_told(&home.owner, &inside, &["visit.overstay"]).await;
    home.house.dies();
    home.house.starts_at("+21h").await;
    is_told(&home.owner, &inside, &["visit.overstay"]).await;
    let told = events(&home.owner).await;
    let told = told.iter().find(|event| event["type"] == "visit.overstay").unwrap();
    let read = home.owner.get(&format!("/v1/codes/{}", inside.id)).await.ok();
    assert!(read["expires_at"].as_str().unwrap() < told["at"].as_str().unwrap(), "{told}");
}

#[tokio::test]
async fn g_15_with_a_grace_the_exit_works_after_the_end_and_the_entry_never() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (strict, mut unlucky) = home.lets_in("Sipho").await;
    let settings = json!({ "entry_gate": home.gate_label.id, "exit_grace_minutes": 120 });
    home.owner.saves(&home.intercom, &settings).await;
    let [(kind, mut guest), (slow, mut straggler)] =
        [home.lets_in("Thandi").await, home.lets_in("Lindiwe").await];
    let (waiting, mut latecomer) = home.invites("Zola").await;
    home.house.sleeps("+13h").await;
    home.gate_is_online(&home.gate_label).await;
    guest.opens_the_link().await.says("you can still leave");
    latecomer.scans(home.board()).await;
    assert_eq!(latecomer.enters(&waiting.digits).await.refusal(), (410, "pass_expired"));
    assert_eq!(unlucky.leaves(&strict.digits).await.refusal(), (410, "pass_expired"));
    let exit = guest.leaves(&kind.digits).await.attempt();
    home.attempt_is(&exit, "opened").await;
    home.house.sleeps("+15h").await;
    home.gate_is_online(&home.gate_label).await;
    assert_eq!(straggler.leaves(&slow.digits).await.refusal(), (410, "pass_expired"));
    is_told(&home.owner, &slow, &["visit.overstay"]).await;
    assert_eq!(home.gate.pulses().len(), 4, "three in, one out");
}

/// G-10: the word that the gate had opened comes after the revoke.
#[tokio::test]
async fn g_16_g_10_a_revoke_while_inside_is_told_to_the_owner_who_lets_the_guest_out() {
    let home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    is_told(&home.owner, &code, &[]).await;
    home.owner.revokes(&code).await.ok();
    is_told(&home.owner, &code, &["visit.overstay"]).await;
    assert_eq!(guest.leaves(&code.digits).await.refusal(), (410, "pass_revoked"));
    let exit = home.owner.lets_through(&code, "exit").await.body["id"].clone();
    home.attempt_is(exit.as_str().unwrap(), "opened").await;

    let before = home.gate.pulses().len();
    home.gate.lose_statuses(1);
    let (code, mut guest) = home.invites("Sipho").await;
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    let pulsed = until(async || (before < home.gate.pulses().len()).then_some(())).await;
    pulsed.expect("the gate opens");
    home.owner.revokes(&code).await.ok();
    home.attempt_is(&attempt, "opened").await;
    is_told(&home.owner, &code, &["visit.overstay"]).await;
}

#[tokio::test]
async fn g_7_the_owner_allows_five_more_once_and_the_guest_gets_in() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    let wrong = if code.digits == "9876" { "9875" } else { "9876" };
    guest.scans(home.board()).await;
    for _ in 0..3 {
        assert_eq!(guest.enters(wrong).await.refusal(), (403, "code_wrong"));
    }
    for later in ["+10s", "+30s"] {
        home.house.sleeps(later).await;
        home.gate_is_online(&home.gate_label).await;
        guest.scans(home.board()).await;
        assert_eq!(guest.enters(wrong).await.refusal(), (403, "code_wrong"));
    }
    assert_eq!(guest.enters(&code.digits).await.refusal(), (403, "link_locked"));
    let path = format!("/v1/codes/{}/allow-more", code.id);
    for _ in 0..2 {
        let told = home.owner.post(&path, &json!({})).await.ok();
        assert_eq!(told["link_locked_at"], Value::Null);
    }
    assert_eq!(guest.enters(wrong).await.body["tries_left"], json!(4));
    let attempt = guest.enters(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    let told = told_of(&home.owner, &code, "pass.").await;
    let count = |kind| told.iter().filter(|told| *told == kind).count();
    assert_eq!((count("pass.link_locked"), count("pass.unlocked")), (1, 1));
}

/// A gate that is taken off the account, and another in its place.
#[tokio::test]
async fn o_8b_codes_whose_gate_is_gone_wait_for_another_and_keep_their_end() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let path = format!("/v1/devices/{}", home.gate_label.id);
    assert_eq!(home.owner.delete(&path).await.refusal(), (403, "step_up_needed"));
    home.owner.steps_up(&home.house, OWNER).await;
    assert_eq!(home.owner.delete(&path).await.ok(), json!({ "suspended": 1 }));
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "pass_suspended"));
    guest.opens_the_link().await.says("needs your host");
    let read = home.owner.get(&format!("/v1/codes/{}", code.id)).await.ok();
    assert_eq!((&read["suspended"], &read["state"]), (&json!(true), &json!("issued")));
    assert_eq!(home.owner.codes(&home.intercom).await[0]["suspended"], json!(true));

    let other = home.house.makes("gate", &["--name", "Other Gate"]);
    home.owner.claims(&other).await;
    let gate = home.house.mounts(&other).await;
    home.gate_is_online(&other).await;
    home.owner.saves(&home.intercom, &json!({ "entry_gate": other.id })).await;
    let read = home.owner.get(&format!("/v1/codes/{}", code.id)).await.ok();
    assert_eq!(read["suspended"], json!(false));
    assert_eq!(read["expires_at"], code.body["expires_at"]);
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!((home.gate.pulses().len(), gate.pulses().len()), (0, 1));
    let told = told_of(&home.owner, &code, "pass.").await;
    assert_eq!(told, ["pass.issued", "pass.suspended", "pass.resumed"]);
}

/// G-11 before the drive: within 1.5 times the keep-alive of 20 s, and the page flips by itself.
#[tokio::test]
async fn a_gate_that_is_cut_while_a_guest_is_expected_is_told_at_once_and_when_it_is_back() {
    let home = Home::start().await;
    let (_code, mut guest) = home.invites("Thandi").await;
    guest.opens_the_link().await.says("Scan the board");
    let Home { owner, gate, gate_label, intercom, house } = home;
    let cut = Instant::now();
    gate.abandon().await;
    let told = until(async || gate_alerts(&owner).await.pop()).await.expect("the owner is told");
    assert!(cut.elapsed() < Duration::from_secs(30), "it took {:?}", cut.elapsed());
    assert_eq!(told["type"], "visit.gate_offline");
    assert_eq!((&told["device"], &told["intercom"]), (&json!(gate_label.id), &json!(intercom.id)));
    guest.opens_the_link().await.says("The gate is offline");
    // A gate that comes and goes is told once.
    for _ in 0..3 {
        let gate = house.mounts(&gate_label).await;
        let back = until(async || (gate_alerts(&owner).await.len() == 2).then_some(())).await;
        back.expect("the owner is told that it is back");
        gate.stop().await;
    }
    let kinds: Vec<_> =
        gate_alerts(&owner).await.into_iter().map(|told| told["type"].clone()).collect();
    assert_eq!(kinds, ["visit.gate_offline", "visit.gate_online"]);
    let gate = house.mounts(&gate_label).await;
    let page = until(async || {
        let mut again = guest.same_browser();
        let page = again.opens_the_link().await;
        page.html.contains("Scan the board").then_some(())
    });
    page.await.expect("the page tells that the gate is there");
    gate.stop().await;
}

/// Waits until the owner was told just this of a guest who is inside.
async fn is_told(owner: &Owner, code: &Code, kinds: &[&str]) {
    let told = until(async || (told_of(owner, code, "visit.").await == kinds).then_some(())).await;
    match told {
        Some(()) => {}
        None => panic!("{:?}, not {kinds:?}", told_of(owner, code, "visit.").await),
    }
}

/// What the owner was told of a code, in order.
async fn told_of(owner: &Owner, code: &Code, prefix: &str) -> Vec<String> {
    let events = events(owner).await.into_iter();
    let of_code = events.filter(|event| event["code"] == json!(code.id));
    let kinds = of_code.map(|event| event["type"].as_str().unwrap().to_owned());
    kinds.filter(|kind| kind.starts_with(prefix)).collect()
}

async fn gate_alerts(owner: &Owner) -> Vec<Value> {
    let mut events = events(owner).await;
    events.retain(|event| event["type"].as_str().unwrap().starts_with("visit.gate_"));
    events
}

async fn events(owner: &Owner) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/v1/events?limit=100{after}")).await.ok();
        let items = page["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { return all };
        after = format!("&after={}", last["id"].as_str().unwrap());
        all.extend(items);
    }
}

impl House {
    /// Starts again under another clock, on the same folder.
    async fn starts_at(&mut self, offset: &str) {
        let mut command = self.command_at(offset, &[]);
        self.run(&mut command).await;
    }
}
