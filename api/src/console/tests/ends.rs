//! What an owner sees at the end of a visit, of a locked link, and of gates that are away.

use std::time::Duration;

use axum::http::StatusCode;
use domain::attempt::Evidence;

use crate::guest::tests::world::{Browser, World, link, wrong_digits};

#[tokio::test]
async fn o_10_list_and_code_tell_that_a_visit_ends_soon_and_offer_to_let_out() {
    let world = World::new().await;
    let (issued, list) =
        (world.issues().await, format!("/console/intercoms/{}/codes", world.intercom));
    let code = format!("/console/codes/{}", issued.pass.code.id);
    let out = format!("{code}/let-out");
    world.lets_in(&issued).await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get(&list).await.does_not_say("is still inside").does_not_say(&out);
    world.later(Duration::from_mins(11 * 60 + 31));
    world.gate_is_ready().await;
    for page in [&list, &code] {
        let page =
            owner.get(page).await.says("Thandi is still inside. This code lets them out until");
        page.says(&out);
    }
    world.later(Duration::from_mins(30));
    world.gate_is_ready().await;
    let page = owner.get(&list).await.says("Perhaps still inside").says(&out);
    page.does_not_say("This code lets them out until");
    owner.get(&code).await.says("Thandi may be inside").says(&out);
    world.lets_out(&issued).await;
    world.gate_reports(&issued, Evidence::Executed).await;
    owner.get(&list).await.does_not_say(&out);
}

#[tokio::test]
async fn g_15_whoever_may_still_leave_stands_with_those_who_are_perhaps_inside() {
    let world = World::new().await;
    world.grants_two_hours().await;
    let issued = world.issues().await;
    world.lets_in(&issued).await;
    world.later(Duration::from_hours(12));
    world.gate_is_ready().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let list = format!("/console/intercoms/{}/codes", world.intercom);
    let page = owner.get(&list).await.says("Perhaps still inside").says("can still leave until");
    page.says("0 of 10 codes are active").says("Let out");
    let code = format!("/console/codes/{}", issued.pass.code.id);
    let page = owner.get(&code).await.says("and can leave until").says("/let-out");
    // It still opens the way out, and is its host's to close.
    page.says("/delete");
    owner.post(&format!("{code}/delete"), &[]).await;
    owner.get(&code).await.does_not_say("and can leave until").says("Thandi may be inside");
}

#[tokio::test]
async fn g_15_the_grace_is_a_row_of_the_settings_and_applies_to_new_codes() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let path = format!("/console/intercoms/{}/settings", world.intercom);
    let page = owner.get(&path).await.says("Exit Grace").says("48 hours");
    let row = page.body.split("Exit Grace").nth(1).unwrap();
    assert!(row.contains("applies to new codes"), "{row}");
    let (gate, version) = (world.gate.to_string(), page.hidden("version"));
    let mut form = [
        ("entry_gate", gate.as_str()),
        ("exit_gate", "same_as_entry"),
        ("max_active_codes", "10"),
        ("invite_duration_hours", "12"),
        ("exit_grace_minutes", "45"),
        ("version", &version),
    ];
    let page = owner.post(&path, &form).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Choose none, 30 minutes, 2 hours or 48 hours.");
    form[4].1 = "120";
    owner.post(&path, &form).await.is(StatusCode::SEE_OTHER);
    owner.get(&path).await.says(r#"value="120" selected"#);
}

#[tokio::test]
async fn g_7_a_locked_link_is_told_and_unlocked_with_one_tap() {
    let world = World::new().await;
    let issued = world.issues().await;
    let (mut guest, mut owner) = (world.browser(), world.browser());
    owner.signs_in(&world).await;
    let code = format!("/console/codes/{}", issued.pass.code.id);
    let button = format!("{code}/allow-more");
    owner.get(&code).await.does_not_say(&button);
    let form = guest.stands_at(&issued, &world.board).await;
    for _ in 0..5 {
        world.later(Duration::from_secs(15));
        form.send(&mut guest, wrong_digits(&issued)).await;
    }
    let list = format!("/console/intercoms/{}/codes", world.intercom);
    owner.get(&list).await.says("locked after too many wrong codes");
    owner.get(&code).await.says("Wrong codes were typed five times").says(&button);
    let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    owner.post_with(&button, &[], &foreign).await.is(StatusCode::FORBIDDEN);
    Browser::leads(&owner.post(&button, &[]).await, &code);
    Browser::leads(&owner.post(&button, &[]).await, &code);
    owner.get(&code).await.does_not_say(&button).says("works");
    guest.get(&link(&issued)).await.does_not_say("Too many wrong codes");
    world.revokes(&issued).await;
    owner.post(&button, &[]).await.is(StatusCode::CONFLICT).says("The code has ended.");
}

#[tokio::test]
async fn a_gate_that_is_away_is_told_where_guests_are_expected() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let list = format!("/console/intercoms/{}/codes", world.intercom);
    let device = format!("/console/devices/{}", world.intercom);
    let away = "Main Gate is not reachable right now.";
    for page in [&list, &device] {
        owner.get(page).await.does_not_say(away);
    }
    world.gate_is_gone().await;
    for page in [&list, &device] {
        owner.get(page).await.says(away);
    }
    world.gate_is_ready().await;
    owner.get(&list).await.does_not_say(away);
}
