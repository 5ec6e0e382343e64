//! Codes: made, sent, looked at, deleted.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use domain::settings::{ExitGate, InviteDuration, MaxUsers};
use domain::{IntercomId, Settings};

use crate::guest::tests::world::{Browser, Seen, World, digits};

fn list(intercom: IntercomId) -> String {
    format!("/console/intercoms/{intercom}/codes")
}

fn invite(intercom: IntercomId) -> String {
    format!("/console/intercoms/{intercom}/invite")
}

/// Fills in the Invite sheet and presses Generate.
async fn invites(owner: &mut Browser, world: &World, name: &str, mobile: &str) -> Seen {
    let key = owner.get(&invite(world.intercom)).await.is(StatusCode::OK).hidden("key");
    let typed = [("name", name), ("mobile", mobile), ("key", &key)];
    owner.post(&invite(world.intercom), &typed).await
}

#[tokio::test]
async fn o_5_generate_leads_to_the_sheet_with_the_digits_and_four_ways_to_send_them() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = owner.get(&list(world.intercom)).await.says("0 of 10 codes are active");
    page.says(&format!(r#"href="{}""#, invite(world.intercom)));
    let seen = invites(&mut owner, &world, "Zo%C3%AB+%26+Co", "0825550001").await;
    let sheet = seen.is(StatusCode::SEE_OTHER).header("location").to_owned();
    let page = owner.get(&sheet).await.is(StatusCode::OK).says("Zoë &#38; Co");
    let (_, rest) = page.body.split_once(r#"class="code""#).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let digits = &rest[..4];
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
    let code = format!("Code%3A%20{digits}");
    let page = page.says(r#"href="sms:+27825550001?body="#).says(&code);
    let page = page.says(r#"href="https://wa.me/27825550001?text="#).says(r#"href="mailto:?"#);
    page.says("<textarea").says("Scan the QR code on the intercom.").says("(SAST) on 29\u{a0}May");
    owner.get(&list(world.intercom)).await.says("Zoë &#38; Co").says("1 of 10 codes are active");
}

#[tokio::test]
async fn o_5_the_message_speaks_the_language_of_the_page_or_the_one_that_its_sender_chooses() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let sheet = format!("/console/codes/{}/send", world.issues().await.pass.code.id);
    for (page, asked, message, says) in [
        ("en", "", "en", "Scan the QR code on the intercom."),
        ("af", "", "af", "Skandeer die QR-kode op die interkom."),
        ("af", "?language=en", "en", "Scan the QR code on the intercom."),
        ("en", "?language=af", "af", "mailto:?subject=Jou%20toegang%20tot%20Unit%204"),
    ] {
        let request = Request::get(format!("{sheet}{asked}")).header("accept-language", page);
        let seen = owner.send(request, Body::empty()).await.is(StatusCode::OK).says(says);
        seen.says(&format!(r#"<html lang="{page}">"#))
            .says(&format!(r#"rows="16" lang="{message}""#))
            .says(&format!(r#"<a href="?language={message}" lang="{message}" aria-current"#));
    }
    owner.get(&format!("{sheet}?language=xx")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn o_5a_generate_pressed_twice_is_one_code_and_another_guest_needs_another_press() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let key = owner.get(&invite(world.intercom)).await.hidden("key");
    let typed = [("name", "Thandi"), ("mobile", "0825550001"), ("key", &key)];
    let once = owner.post(&invite(world.intercom), &typed).await.is(StatusCode::SEE_OTHER);
    world.later(std::time::Duration::from_mins(1));
    let twice = owner.post(&invite(world.intercom), &typed).await;
    Browser::leads(&twice, once.header("location"));

    let typed = [("name", "Sipho"), ("mobile", "0825550002"), ("key", &key)];
    let page = owner.post(&invite(world.intercom), &typed).await;
    let page = page.is(StatusCode::UNPROCESSABLE_ENTITY).says(r#"value="Sipho""#);
    assert_ne!(page.hidden("key"), key);
    owner.get(&list(world.intercom)).await.says("1 of 10 codes are active");
}

#[tokio::test]
async fn o_5b_what_is_wrong_with_name_and_mobile_is_told_at_both_and_what_was_typed_stays() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = invites(&mut owner, &world, "+", "12").await.is(StatusCode::UNPROCESSABLE_ENTITY);
    let page = page.says("Type a name of 1 to 80").says("Type the guest’s mobile number");
    page.says(r#"value="12""#).says(r#"aria-invalid="true""#);
    // C07: a second name is no second guest.
    let key = owner.get(&invite(world.intercom)).await.hidden("key");
    let two = [("name", "A"), ("name", "B"), ("mobile", "0825550001"), ("key", &key)];
    owner.post(&invite(world.intercom), &two).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    owner.get(&list(world.intercom)).await.says("0 of 10 codes are active");
}

#[tokio::test]
async fn o_5d_at_the_limit_the_next_free_place_is_named_and_o_5e_a_delete_frees_one_at_once() {
    let world = World::new().await;
    let settings = Settings {
        entry_gate: world.gate,
        exit_gate: ExitGate::SameAsEntry,
        max_users: MaxUsers::new(1).unwrap(),
        invite_duration: InviteDuration::default(),
        exit_grace: domain::settings::ExitGrace::default(),
    };
    world.saves_again(settings).await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let issued = world.issues().await;
    let page = owner.get(&list(world.intercom)).await.says("1 of 1 codes are active");
    page.says("1 active, limit 1: 1 must end before a new code can be made.");
    let page = invites(&mut owner, &world, "Sipho", "0825550002").await;
    let page = page.is(StatusCode::CONFLICT).says(r#"value="Sipho""#);
    page.says("That is at").says("(SAST) on").says("or delete a code");

    let delete = format!("/console/codes/{}/delete", issued.pass.code.id);
    owner.post(&delete, &[]).await.is(StatusCode::SEE_OTHER);
    invites(&mut owner, &world, "Sipho", "0825550002").await.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn o_7_a_code_is_deleted_after_a_question_and_leaves_the_list_for_the_history() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let issued = world.issues().await;
    let code = format!("/console/codes/{}", issued.pass.code.id);
    let page = owner.get(&code).await.says("Thandi").says(&digits(&issued)).says("12 h 0 min left");
    page.says("works").says(&format!(r#"href="{code}/delete""#));
    let page = owner.get(&format!("{code}/delete")).await.says("Delete access for Thandi?");
    page.says("This cannot be undone");
    owner.get(&list(world.intercom)).await.says("Thandi");

    let seen = owner.post(&format!("{code}/delete"), &[]).await;
    Browser::leads(&seen, &format!("{}?done=deleted", list(world.intercom)));
    let page = owner.get(seen.header("location")).await.says("Deleted.").says("0 of 10");
    page.does_not_say("Thandi");
    let history = format!("/console/intercoms/{}/history", world.intercom);
    owner.get(&history).await.says("Thandi").says("deleted at").says("Made by you");
    let page = owner.get(&code).await.says("opens nothing any more");
    page.does_not_say(&digits(&issued)).does_not_say("/delete");
    Browser::leads(&owner.get(&format!("{code}/send")).await, &code);
    // O-7a: again, and the answer is the same.
    Browser::leads(&owner.post(&format!("{code}/delete"), &[]).await, seen.header("location"));
}

#[tokio::test]
async fn o_7a_what_has_expired_cannot_be_deleted_and_the_page_says_so() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    world.later(std::time::Duration::from_hours(13));
    let page = owner.post(&format!("/console/codes/{}/delete", issued.pass.code.id), &[]).await;
    page.is(StatusCode::CONFLICT).says("The code has ended.");
    let history = format!("/console/intercoms/{}/history", world.intercom);
    owner.get(&history).await.says("expired unused at");
}

#[tokio::test]
async fn x6_a_long_history_is_told_page_by_page_to_its_end() {
    let world = World::new().await;
    let mut made = Vec::new();
    for _ in 0..101 {
        let issued = world.issues().await;
        world.revokes(&issued).await;
        made.push(issued.pass.code.id.to_string());
        world.later(std::time::Duration::from_secs(1));
    }
    let history = format!("/v1/intercoms/{}/history", world.intercom);
    let page = world.owner_asks(Method::GET, &history, "").await.is(StatusCode::OK);
    let page = page.says(&made[100]).says(&made[1]);
    page.does_not_say(&made[0]);
    let older = format!("{history}?before={}", made[1]);
    let page = world.owner_asks(Method::GET, &older, "").await.is(StatusCode::OK);
    page.says(&made[0]).does_not_say(&made[1]);
    let older = format!("{history}?before={}", made[0]);
    let page = world.owner_asks(Method::GET, &older, "").await.is(StatusCode::OK);
    page.says(r#"{"items":[]}"#);
    let wrong = format!("{history}?before=x");
    let seen = world.owner_asks(Method::GET, &wrong, "").await;
    seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says("before");

    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let history = format!("/console/intercoms/{}/history", world.intercom);
    let page = owner.get(&history).await.says(&made[1]);
    let older = format!("?before={}", made[1]);
    let page = page.says(&format!(r#"href="{older}""#));
    page.does_not_say(&made[0]).does_not_say("Back to the latest");
    let page =
        owner.get(&format!("{history}{older}")).await.says(&made[0]).says("Back to the latest");
    page.does_not_say(&made[1]).does_not_say("?before=");
    let page = owner.get(&format!("{history}?before={}", made[0])).await;
    page.says("There is nothing older.").says("Back to the latest");
}

#[tokio::test]
async fn s_1_with_the_grant_codes_are_shared_and_s_2_without_it_nothing_is_told_of_them() {
    let world = World::new().await;
    let issued = world.issues().await;
    let code = format!("/console/codes/{}", issued.pass.code.id);
    let mut other = world.browser();
    other.signs_in_as("%2B27825559999", &world).await;
    for path in [code.as_str(), &format!("{code}/send"), &list(world.intercom)] {
        other.get(path).await.is(StatusCode::NOT_FOUND).does_not_say("Thandi");
    }
    world.shares_with("+27825559999", false).await;
    let device = format!("/console/devices/{}", world.intercom);
    other.get(&device).await.is(StatusCode::OK).does_not_say("/codes");
    for path in [code.as_str(), &format!("{code}/send"), &list(world.intercom)] {
        other.get(path).await.is(StatusCode::FORBIDDEN).does_not_say("Thandi");
    }
    world.shares_with("+27825559999", true).await;
    other.get(&device).await.says("/codes");
    other.get(&list(world.intercom)).await.says("Thandi").says("1 of 10");
    other.get(&code).await.says(&digits(&issued)).says("Made by somebody else");
    other.post(&format!("{code}/delete"), &[]).await.is(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_link_that_is_locked_is_told_where_its_code_is() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    for _ in 0..5 {
        let form = guest.stands_at(&issued, &world.board).await;
        form.send(&mut guest, crate::guest::tests::world::wrong_digits(&issued)).await;
        world.later(std::time::Duration::from_secs(20));
    }
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get(&list(world.intercom)).await.says("locked after too many wrong codes");
    let page = owner.get(&format!("/console/codes/{}", issued.pass.code.id)).await;
    page.says("locked after too many wrong codes");
}
