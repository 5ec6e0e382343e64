//! One Time Access Settings.

use axum::http::StatusCode;
use domain::IntercomId;

use crate::guest::tests::world::{Browser, Seen, World};

fn path(intercom: IntercomId) -> String {
    format!("/console/intercoms/{intercom}/settings")
}

/// Saves this limit and this duration over the version of a page.
async fn saves(owner: &mut Browser, world: &World, page: &Seen, max: &str, hours: &str) -> Seen {
    let (gate, version) = (world.gate.to_string(), page.hidden("version"));
    let form = [
        ("entry_gate", gate.as_str()),
        ("exit_gate", "same_as_entry"),
        ("max_active_codes", max),
        ("invite_duration_hours", hours),
        ("version", &version),
    ];
    owner.post(&path(world.intercom), &form).await
}

#[tokio::test]
async fn o_4_the_one_time_access_row_appears_once_settings_are_saved() {
    let world = World::new().await;
    let (id, code) = world.makes_a_free_intercom("Unit 7").await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.post("/console/claim", &[("claim_code", &code.reveal())]).await;
    let device = format!("/console/devices/{id}");
    owner.get(&device).await.does_not_say("/codes").says("once its owner has saved the One Time");
    let codes = owner.get(&format!("/console/intercoms/{id}/codes")).await;
    codes.is(StatusCode::CONFLICT).says("Save the one-time access settings first.");

    let page = owner.get(&path(id)).await.is(StatusCode::OK);
    let page = page.says("Entry Device").says("Exit Device").says("Max Users");
    let page = page.says("Invite Duration").says("Same as entry").says("lower limits are safer");
    let page = page.says("applies now").says("applies to new codes").says("Choose a gate");
    let page = page.says(r#"value="10" selected"#).says(r#"value="12" selected"#);
    let version = page.hidden("version");
    let gate = world.gate.to_string();
    let form = [
        ("entry_gate", gate.as_str()),
        ("exit_gate", "same_as_entry"),
        ("max_active_codes", "2"),
        ("invite_duration_hours", "6"),
        ("version", &version),
    ];
    let seen = owner.post(&path(id), &form).await;
    Browser::leads(&seen, &format!("/console/devices/{id}?done=saved"));
    let page = owner.get(seen.header("location")).await.says("Saved.");
    page.says(&format!("/console/intercoms/{id}/codes"));
    let page = owner.get(&path(id)).await.says(r#"value="2" selected"#);
    page.says(r#"value="6" selected"#).says(&format!(r#"value="{gate}" selected"#));
}

#[tokio::test]
async fn o_4b_without_a_gate_on_the_account_one_is_asked_for_and_nothing_can_be_saved() {
    let world = World::new().await;
    let (id, code) = world.makes_a_free_intercom("Unit 7").await;
    let mut other = world.browser();
    other.signs_in_as("%2B27825559999", &world).await;
    other.post("/console/claim", &[("claim_code", &code.reveal())]).await;
    let page = other.get(&path(id)).await.says("Add a gate first");
    let page = page.does_not_say("<button form=\"settings\">").does_not_say("Main Gate");
    let (gate, version) = (world.gate.to_string(), page.hidden("version"));
    for gate in [gate.as_str(), "", &id.to_string()] {
        let form = [
            ("entry_gate", gate),
            ("exit_gate", "same_as_entry"),
            ("max_active_codes", "10"),
            ("invite_duration_hours", "12"),
            ("version", &version),
        ];
        let page = other.post(&path(id), &form).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        page.says("Choose a gate on your own account");
    }
    other.get(&format!("/console/devices/{id}")).await.does_not_say("/codes");
}

#[tokio::test]
async fn o_4c_what_is_not_on_offer_is_told_at_its_row_and_not_saved() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = owner.get(&path(world.intercom)).await;
    let seen = saves(&mut owner, &world, &page, "7", "25").await;
    let seen = seen.is(StatusCode::UNPROCESSABLE_ENTITY);
    seen.says("Choose 1, 2, 5, 10, 25 or 50.").says("Choose whole hours from 1 to 24.");
    owner.get(&path(world.intercom)).await.says(r#"value="10" selected"#);
}

#[tokio::test]
async fn o_4d_whoever_saves_second_sees_what_the_other_saved_beside_what_they_chose() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let both = owner.get(&path(world.intercom)).await;
    saves(&mut owner, &world, &both, "25", "12").await.is(StatusCode::SEE_OTHER);
    let page = saves(&mut owner, &world, &both, "2", "12").await;
    let page = page.is(StatusCode::PRECONDITION_FAILED).says("Somebody saved meanwhile");
    let page = page.says("Saved meanwhile: <bdi>25</bdi>").says(r#"value="2" selected"#);
    assert_eq!(page.body.matches("Saved meanwhile:").count(), 1, "the other rows are the same");
    saves(&mut owner, &world, &page, "2", "12").await.is(StatusCode::SEE_OTHER);
    owner.get(&path(world.intercom)).await.says(r#"value="2" selected"#);
}

#[tokio::test]
async fn o_4f_a_shared_user_neither_sees_nor_saves_settings_on_pages() {
    let world = World::new().await;
    world.shares_with("+27825559999", true).await;
    let mut other = world.browser();
    other.signs_in_as("%2B27825559999", &world).await;
    let page = other.get(&format!("/console/devices/{}", world.intercom)).await;
    page.does_not_say("/settings");
    let page = other.get(&path(world.intercom)).await.is(StatusCode::FORBIDDEN);
    page.says("Only the owner may do this").does_not_say("Main Gate");
    let gate = world.gate.to_string();
    let form = [
        ("entry_gate", gate.as_str()),
        ("exit_gate", "same_as_entry"),
        ("max_active_codes", "50"),
        ("invite_duration_hours", "24"),
        ("version", "1"),
    ];
    other.post(&path(world.intercom), &form).await.is(StatusCode::FORBIDDEN);
}
