//! What devices are used for, and hardware that takes a faulty gate's place.

use axum::http::StatusCode;

use crate::guest::tests::world::{Browser, World};

#[tokio::test]
async fn f_04_an_owner_says_what_a_device_is_used_for_and_nobody_else_does() {
    let world = World::new().await;
    let (mut owner, mut other) = (world.browser(), world.browser());
    world.shares_with("+27825559999", true).await;
    owner.signs_in(&world).await;
    let device = format!("/console/devices/{}", world.intercom);
    let path = format!("{device}/plan");
    owner.get(&device).await.says(&path).does_not_say("Commercial");
    let page = owner.post(&path, &[("plan", "")]).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Choose a plan.");
    let seen = owner.post(&path, &[("plan", "commercial")]).await;
    Browser::leads(&seen, &format!("{device}?done=changed"));
    owner.get(&device).await.says("<dt>Plan</dt><dd>Commercial</dd>");
    owner.get("/console/devices").await.says("Commercial");
    owner.get(&path).await.says(r#"value="commercial" required checked"#);

    other.signs_in_as("%2B27825559999", &world).await;
    other.get(&path).await.is(StatusCode::FORBIDDEN);
    other.post(&path, &[("plan", "home")]).await.is(StatusCode::FORBIDDEN);
    other.get(&device).await.says("Commercial").does_not_say(&path);
}

#[tokio::test]
async fn f_02_a_plan_goes_to_the_device_that_takes_the_others_place() {
    let world = World::new().await;
    let (new, code) = world.makes_a_free_intercom("Unit 4, new").await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.post("/console/claim", &[("claim_code", &code.reveal())]).await.is(StatusCode::SEE_OTHER);
    let device = format!("/console/devices/{}", world.intercom);
    let (path, give) = (format!("{device}/plan"), format!("{device}/plan/transfer"));
    let to = new.to_string();
    let page = owner.post(&give, &[("to", &to)]).await.is(StatusCode::CONFLICT);
    page.says("This device has no plan to give");
    owner.post(&path, &[("plan", "home")]).await.is(StatusCode::SEE_OTHER);
    owner.get(&path).await.says("Give the plan").says("Unit 4, new");
    let page = owner.post(&give, &[("to", &world.gate.to_string())]).await.is(StatusCode::CONFLICT);
    page.says("same kind only");
    let seen = owner.post(&give, &[("to", &to)]).await;
    Browser::leads(&seen, &format!("/console/devices/{to}?done=plan"));
    owner.get(seen.header("location")).await.says("The plan was given.").says("<dd>Home</dd>");
    owner.get(&device).await.does_not_say("<dt>Plan</dt>");
}

#[tokio::test]
async fn i_6_a_spare_takes_a_gates_place_and_codes_and_settings_stay() {
    let world = World::new().await;
    let issued = world.issues().await;
    let (_, not_a_gate) = world.makes_a_free_intercom("Intercom").await;
    let (_, spare, ..) = world.makes_a_spare().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let device = format!("/console/devices/{}", world.gate);
    let path = format!("{device}/replacement");
    owner.get(&device).await.says(&path).says("Last report").says("Firmware");
    owner.get(&path).await.says("keeps its name");
    let foreign = format!("/console/devices/{}/replacement", world.intercom);
    owner.get(&foreign).await.is(StatusCode::CONFLICT).says("This device is no gate");
    for (typed, status, told) in [
        ("12", StatusCode::UNPROCESSABLE_ENTITY, "Type the fifteen letters and digits"),
        ("AAAAA-BBBBB-CCCCC", StatusCode::NOT_FOUND, "No device has this code"),
        (&not_a_gate.reveal(), StatusCode::CONFLICT, "Only a gate that nobody has claimed"),
    ] {
        let page = owner.post(&path, &[("claim_code", typed)]).await.is(status).says(told);
        page.says(&format!(r#"value="{typed}""#));
    }
    let seen = owner.post(&path, &[("claim_code", &spare.reveal())]).await;
    Browser::leads(&seen, &format!("{device}?done=replaced"));
    let page = owner.get(seen.header("location")).await.says("Connect the spare now");
    page.says("<bdi>Main Gate</bdi>").says("offline");
    owner.get(&format!("/console/codes/{}", issued.pass.code.id)).await.says("Thandi");
    let settings = format!("/console/intercoms/{}/settings", world.intercom);
    owner
        .get(&settings)
        .await
        .says("Main Gate")
        .says(&format!(r#"value="{}" selected"#, world.gate));
}
