//! What happened, on pages; and its proof.

use std::time::Duration;

use axum::http::StatusCode;
use domain::event::EventKind;
use domain::share::{Access, Share};
use serde_json::Value;

use super::super::story::words_of;
use crate::guest::tests::world::World;
use crate::pages::{Tongue, Words};

#[tokio::test]
async fn an_owner_reads_what_happened_with_who_and_when_the_latest_first() {
    let world = World::new().await;
    world.shares_with("+27825559999", true).await;
    let issued = world.issues_to("Thandi").await;
    world.later(Duration::from_mins(1));
    world.lets_in(&issued).await;
    world.files_all().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let story = format!("/console/devices/{}/story", world.intercom);
    owner.get(&format!("/console/devices/{}", world.intercom)).await.says(&story);
    let page = owner.get(&story).await.is(StatusCode::OK).says("The gate opened").says("Main Gate");
    let page = page.says("<bdi>Thandi</bdi>").says("For +27825559999").says("28 May 2026");
    let page = page.says("SAST, by you").does_not_say("+2782555000");
    let at = |words: &str| page.body.find(words).unwrap_or_else(|| panic!("{words}"));
    assert!(at("The gate opened") < at("Code made") && at("Code made") < at("Settings saved"));
    let page = owner.get(&format!("{story}?of=openings")).await.says("The gate opened");
    let page = page.does_not_say("Code made").does_not_say("Settings saved");
    page.says(r#"<a href="?of=openings" aria-current="true">"#);
    owner.get(&format!("{story}?of=people")).await.says("Permission to send codes given");
    owner.get(&format!("{story}?of=nothing")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    let of_gate = owner.get(&format!("/console/devices/{}/story", world.gate)).await;
    of_gate.says("The gate is online").does_not_say("/audit");
}

#[tokio::test]
async fn a_long_story_is_read_page_by_page() {
    let world = World::new().await;
    for _ in 0..30 {
        let issued = world.issues().await;
        world.revokes(&issued).await;
        world.later(Duration::from_secs(1));
    }
    world.files_all().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let story = format!("/console/devices/{}/story", world.intercom);
    let mut next = format!("{story}?of=codes");
    let mut told = Vec::new();
    loop {
        let page = owner.get(&next).await.is(StatusCode::OK);
        told.extend(page.body.matches("<b>Code made</b>").map(str::to_owned));
        told.extend(page.body.matches("<b>Code deleted</b>").map(str::to_owned));
        let Some((before, _)) = page.body.split_once("\">Older</a>") else {
            page.says("Back to the latest");
            break;
        };
        let (_, query) = before.rsplit_once("href=\"").unwrap();
        next = format!("{story}{}", query.replace("&amp;", "&"));
    }
    assert_eq!(told.len(), 60, "nothing twice, nothing missing");
}

#[tokio::test]
async fn s_2_who_has_the_grant_reads_of_codes_and_nobody_else_reads_anything() {
    let world = World::new().await;
    let (mut granted, mut shared, mut stranger) =
        (world.browser(), world.browser(), world.browser());
    world.shares_with("+27825559991", true).await;
    world.shares_with("+27825559992", false).await;
    let issued = world.issues_to("Thandi").await;
    world.revokes(&issued).await;
    world.files_all().await;
    granted.signs_in_as("%2B27825559991", &world).await;
    shared.signs_in_as("%2B27825559992", &world).await;
    stranger.signs_in_as("%2B27825559993", &world).await;
    let device = format!("/console/devices/{}", world.intercom);
    let (story, audit) =
        (format!("{device}/story"), format!("/console/intercoms/{}/audit", world.intercom));
    granted.get(&device).await.says("/story");
    let page = granted.get(&story).await.is(StatusCode::OK).says("Code made").says("For you");
    let page = page.says("by somebody else").does_not_say("Settings saved").does_not_say("/audit");
    page.does_not_say("+27825559992").does_not_say("+27821234567");
    shared.get(&device).await.does_not_say("/story");
    shared.get(&story).await.is(StatusCode::FORBIDDEN).says("has not given you permission");
    stranger.get(&story).await.is(StatusCode::NOT_FOUND);
    for ending in ["", ".ndjson", ".csv"] {
        let path = format!("{audit}{ending}");
        granted.get(&path).await.is(StatusCode::FORBIDDEN).says("Only the owner may do this");
        shared.get(&path).await.is(StatusCode::FORBIDDEN);
        stranger.get(&path).await.is(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn who_has_full_access_finds_the_story_without_codes_and_no_plan() {
    let world = World::new().await;
    let share = Share { access: Access::Full, one_time_access: false, wifi: true };
    let ids = [world.intercom.to_string(), world.gate.to_string()];
    world.shared(&ids, share, "+27825559991").await;
    let issued = world.issues_to("Thandi").await;
    world.lets_in(&issued).await;
    world.revokes(&issued).await;
    world.files_all().await;
    let (mut owner, mut full) = (world.browser(), world.browser());
    owner.signs_in(&world).await;
    full.signs_in_as("%2B27825559991", &world).await;
    for (id, told) in ids.iter().zip(["Settings saved", "The gate is online"]) {
        let device = format!("/console/devices/{id}");
        let (story, plan) = (format!("{device}/story"), format!("{device}/plan"));
        full.get(&device).await.says(&story).says("/name\"").does_not_say(&plan);
        full.get(&plan).await.is(StatusCode::FORBIDDEN);
        let page = full.get(&story).await.is(StatusCode::OK).says(told);
        let page = page.does_not_say("Thandi").does_not_say("Code made");
        page.does_not_say("The gate opened").does_not_say("/audit");
        owner.get(&device).await.says(&story).says(&plan);
        owner.get(&plan).await.is(StatusCode::OK);
    }
    world.signs_in_as("+27825559992").await;
    world.transfers_to("+27825559992").await;
    let gate = format!("/console/devices/{}", world.gate);
    owner.get(&gate).await.says("/story").does_not_say("/plan");
}

/// Who makes codes at an intercom is nobody's former user at its gate.
#[tokio::test]
async fn a_gates_story_does_not_call_those_gone_who_were_never_there() {
    let world = World::new().await;
    let (mut owner, mut host) = (world.browser(), world.browser());
    world.shares_with("+27825559999", true).await;
    host.signs_in_as("%2B27825559999", &world).await;
    let form = format!("/console/intercoms/{}/invite", world.intercom);
    let key = host.get(&form).await.hidden("key");
    let typed = [("name", "Thandi"), ("mobile", "0825550001"), ("key", &key)];
    let made = host.post(&form, &typed).await.is(StatusCode::SEE_OTHER);
    let code = made.header("location").trim_end_matches("/send").to_owned();
    let let_in = format!("{code}/let-in");
    let key = host.get(&let_in).await.hidden("key");
    host.post(&let_in, &[("key", &key)]).await.is(StatusCode::SEE_OTHER);
    world.files_all().await;
    owner.signs_in(&world).await;
    let page = owner.get(&format!("/console/devices/{}/story", world.gate)).await;
    page.says("by somebody else").does_not_say("a former user");
    let page = owner.get(&format!("/console/devices/{}/story", world.intercom)).await;
    page.says("by +27825559999").does_not_say("a former user");
}

/// P-12: the owner sees that the story is as it was signed, and takes all of it away.
#[tokio::test]
async fn p_12_an_owner_sees_the_proof_of_what_happened_and_takes_a_copy_away() {
    let world = World::new().await;
    let issued = world.issues_to("Canary Marigold").await;
    world.lets_in(&issued).await;
    world.files_all().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let audit = format!("/console/intercoms/{}/audit", world.intercom);
    owner.get(&audit).await.says("has not signed this story yet").says("None is signed yet");
    world.signs_all().await;
    world.revokes(&issued).await;
    world.files_all().await;
    let page = owner.get(&audit).await.is(StatusCode::OK).says("all as they were written");
    let page = page.says("Held against 1 signature.").says("SAST");

    let lines = owner.get(&format!("{audit}.ndjson")).await.is(StatusCode::OK);
    assert!(lines.header("content-disposition").starts_with("attachment; filename=\"intercom_"));
    let lines = lines.does_not_say("Marigold");
    let read: Vec<Value> =
        lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (signed, entries) = read.split_last().unwrap();
    assert!(entries.iter().zip(1..).all(|(entry, number)| entry["entry"] == number), "{read:?}");
    assert_eq!(entries.last().unwrap()["type"], "pass.revoked");
    assert!(signed["signed"].as_str().unwrap().starts_with("fluss/v1/checkpoint\n"));
    assert!(page.body.contains(signed["sig"].as_str().unwrap()));

    let table = owner.get(&format!("{audit}.csv")).await.is(StatusCode::OK);
    let rows: Vec<Vec<&str>> = table.body.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), entries.len() + 2, "a head, and a checkpoint at the end");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{}", table.body);
    let last = rows.last().unwrap();
    let sig = last[15].trim_start_matches('\'');
    assert_eq!((last[4], sig), ("checkpoint", signed["sig"].as_str().unwrap()));
}

/// P-12: what was changed behind the service's back is told by its number.
#[tokio::test]
async fn p_12_a_story_that_somebody_changed_says_so() {
    let world = World::new().await;
    let issued = world.issues().await;
    world.lets_in(&issued).await;
    world.files_all().await;
    let events = world.store.events();
    let head = events.to_sign(world.now()).await.unwrap();
    let head = head.into_iter().find(|head| head.intercom == Some(world.intercom)).unwrap();
    let entry = head.chain.entries;
    let forged = store::Checkpoint { head, kid: "test".to_owned(), sig: "AAAA".to_owned() };
    events.keep(forged).await.unwrap();
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = owner.get(&format!("/console/intercoms/{}/audit", world.intercom)).await;
    page.says(&format!("Entry {entry} bears a signature that is not the service’s."));
}

#[tokio::test]
async fn a_story_is_not_read_from_end_to_end_for_ever() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let audit = format!("/console/intercoms/{}/audit.csv", world.intercom);
    for _ in 0..10 {
        owner.get(&audit).await.is(StatusCode::OK);
    }
    owner.get(&audit).await.is(StatusCode::TOO_MANY_REQUESTS);
    world.later(Duration::from_secs(6));
    owner.get(&audit).await.is(StatusCode::OK);
}

#[test]
fn everything_that_can_happen_has_words_in_each_language() {
    for tongue in Tongue::ALL {
        for kind in EventKind::ALL {
            let name = words_of(kind.as_str());
            assert!(Tongue::knows(name), "{name} of {}", kind.as_str());
            assert!(!Words::of("story-by").with("who", name).say(tongue).is_empty());
        }
    }
    assert_eq!(words_of("something.new"), "event-other");
}
