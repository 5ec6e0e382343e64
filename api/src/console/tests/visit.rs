//! A visit as its host sees it: at the gate, inside, let in, let out, deleted on the way.

use std::time::Duration;

use axum::http::StatusCode;
use domain::attempt::{Evidence, WhyNot};
use store::Issued;

use crate::guest::tests::world::{Browser, World, digits};

fn path(issued: &Issued) -> String {
    format!("/console/codes/{}", issued.pass.code.id)
}

/// Asks and answers "Let in?" or "Let out?".
async fn lets(owner: &mut Browser, issued: &Issued, way: &str) {
    let page = format!("{}/{way}", path(issued));
    let key = owner.get(&page).await.is(StatusCode::OK).hidden("key");
    Browser::leads(&owner.post(&page, &[("key", &key)]).await, &path(issued));
}

#[tokio::test]
async fn o_6_the_list_and_the_code_follow_the_visit() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let (issued, list) =
        (world.issues().await, format!("/console/intercoms/{}/codes", world.intercom));
    owner.get(&list).await.says("waiting for the guest").says("12 h 0 min left");
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    owner.get(&list).await.says("at the gate").says("<noscript><meta http-equiv=\"refresh\"");
    owner.get(&path(&issued)).await.says("at the gate").says("Opening for the way in…");
    world.gate_reports(&issued, Evidence::Executed).await;
    world.later(Duration::from_mins(130));
    world.gate_is_ready().await;
    owner.get(&list).await.says("inside for 2 h 10 min").does_not_say("<noscript>");
    let page = owner.get(&path(&issued)).await.says("inside for 2 h 10 min");
    page.says("The gate opened for the way in at").says("/let-out").does_not_say("/let-in");
    let form = guest.is_leaving(&issued).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    owner.get(&list).await.says("leaving");
    world.gate_reports(&issued, Evidence::Executed).await;
    owner.get(&list).await.does_not_say("Thandi");
    owner.get(&path(&issued)).await.says("was in and out").does_not_say("/let-");
}

#[tokio::test]
async fn o_7_what_was_on_its_way_when_the_code_was_deleted_is_told_to_its_end() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    for (evidence, told) in [
        (Evidence::Executed, "The gate opened for the way in before it could be stopped"),
        (Evidence::NotExecuted(WhyNot::Cancelled), "did not open for the way in: it was stopped"),
    ] {
        let (issued, mut guest) = (world.issues().await, world.browser());
        let form = guest.stands_at(&issued, &world.board).await;
        form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
        world.is_sent(&issued).await;
        let seen = owner.post(&format!("{}/delete", path(&issued)), &[]).await;
        Browser::leads(&seen, &path(&issued));
        let page = owner.get(&path(&issued)).await.says("It ends within 8 seconds");
        page.says("<noscript>").does_not_say("may be inside");
        world.later(Duration::from_secs(9));
        owner.get(&path(&issued)).await.says("Nothing can open any more.");
        world.gate_tells(&issued, evidence).await;
        let page = owner.get(&path(&issued)).await.says(told).does_not_say("<noscript>");
        if evidence == Evidence::Executed {
            page.says("Thandi may be inside").says("/let-out");
        } else {
            page.does_not_say("may be inside").does_not_say("/let-out");
        }
    }
}

#[tokio::test]
async fn o_10_who_is_inside_with_an_expired_code_stands_on_the_list_and_is_let_out() {
    let world = World::new().await;
    let (issued, list) =
        (world.issues().await, format!("/console/intercoms/{}/codes", world.intercom));
    world.lets_in(&issued).await;
    world.later(Duration::from_hours(13));
    world.gate_is_ready().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = owner.get(&list).await.says("Perhaps still inside").says("Thandi");
    page.says("no exit recorded").says("0 of 10 codes are active");
    owner.get(&path(&issued)).await.says("Thandi may be inside").says("/let-out");
    lets(&mut owner, &issued, "let-out").await;
    owner.get(&path(&issued)).await.says("Opening for the way out…").does_not_say("/let-out");
    world.gate_reports(&issued, Evidence::Executed).await;
    let page = owner.get(&path(&issued)).await.says("The gate opened for the way out at");
    page.does_not_say("may be inside");
    owner.get(&list).await.does_not_say("Thandi");
}

#[tokio::test]
async fn o_10_who_is_inside_stays_on_the_list_however_many_codes_end_afterwards() {
    let world = World::new().await;
    let list = format!("/console/intercoms/{}/codes", world.intercom);
    let inside = world.issues_to("Nomsa").await;
    world.lets_in(&inside).await;
    world.later(Duration::from_hours(12));
    for _ in 0..101 {
        world.revokes(&world.issues().await).await;
    }
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get(&list).await.says("Perhaps still inside").says("Nomsa").does_not_say("Thandi");
}

#[tokio::test]
async fn let_in_is_asked_first_and_pressed_twice_it_is_one_opening() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get(&path(&issued)).await.says("/let-in").does_not_say("/let-out");
    let page = format!("{}/let-in", path(&issued));
    let key = owner.get(&page).await.says("Let Thandi in?").hidden("key");
    assert!(world.look(&issued).await.latest.is_none(), "a question opens nothing");
    Browser::leads(&owner.post(&page, &[("key", &key)]).await, &path(&issued));
    let first = world.look(&issued).await.latest.unwrap();
    Browser::leads(&owner.post(&page, &[("key", &key)]).await, &path(&issued));
    // Another press while the first is under way leads to what is under way.
    Browser::leads(&owner.post(&page, &[("key", "another")]).await, &path(&issued));
    assert_eq!(world.look(&issued).await.latest.unwrap().id, first.id);
    world.is_sent(&issued).await;
    world.later(Duration::from_secs(9));
    owner.get(&path(&issued)).await.says("No answer from the gate yet for the way in");
    world.gate_tells(&issued, Evidence::Executed).await;
    // It may have lost its power between its ledger and its pulse: nobody knows, so nobody says so.
    let told = owner.get(&path(&issued)).await.says("The gate said at");
    told.says("that it had opened for the way in, or lost its power just before");
    let page = owner.post(&page, &[("key", "third")]).await.is(StatusCode::CONFLICT);
    page.says("The pass has been used for this way already");
}

#[tokio::test]
async fn a_gate_that_is_away_is_told_before_and_after_the_tap_and_nothing_is_used() {
    let world = World::new().await;
    let issued = world.issues().await;
    world.gate_is_gone().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get(&path(&issued)).await.says("The gate is not reachable right now.");
    let page = format!("{}/let-in", path(&issued));
    let key = owner.get(&page).await.hidden("key");
    let seen = owner.post(&page, &[("key", &key)]).await.is(StatusCode::CONFLICT);
    assert_eq!(seen.says("The gate is not reachable right now.").hidden("key"), key);
    world.gate_is_ready().await;
    Browser::leads(&owner.post(&page, &[("key", &key)]).await, &path(&issued));
}
