//! The owner's way through the console: real router, real SQLite, clock by hand.

mod account;
mod codes;
mod devices;
mod ends;
mod erased;
mod hosts;
mod keys;
mod live;
mod open;
mod people;
mod plans;
mod settings;
mod story;
mod transfer;
mod visit;
mod webhooks;

use axum::http::StatusCode;
use domain::login::Channel;

use crate::guest::tests::world::{Browser, Seen, World};

impl Browser {
    /// Presses a button and goes where it leads.
    #[track_caller]
    fn leads(seen: &Seen, to: &str) {
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.body);
        assert_eq!(seen.header("location"), to);
    }

    /// Signs in to the console with the owner's number.
    pub(crate) async fn signs_in(&mut self, world: &World) {
        self.signs_in_as("%2B27821234567", world).await;
    }

    /// Signs in to the console with any number.
    pub(crate) async fn signs_in_as(&mut self, number: &str, world: &World) {
        let asked = [("phone", number), ("channel", "whatsapp")];
        Self::leads(&self.post("/console/sign-in", &asked).await, "/console/pin");
        let (_, pin) = world.phone.pin();
        let seen = self.post("/console/pin", &[("pin", &pin), ("by", "whatsapp")]).await;
        Self::leads(&seen, "/console/devices");
    }
}

#[tokio::test]
async fn o_1_an_owner_signs_in_sees_the_devices_and_signs_out() {
    let world = World::new().await;
    let mut owner = world.browser();
    Browser::leads(&owner.get("/console").await, "/console/devices");
    Browser::leads(&owner.get("/console/devices").await, "/console/sign-in");
    owner.get("/console/sign-in").await.says("There is no password").says("two SIM cards");
    owner.signs_in(&world).await;
    let page = owner.get("/console/devices").await.is(StatusCode::OK);
    page.says("Main Gate").says("Unit 4").says("online");
    Browser::leads(&owner.get("/console/sign-in").await, "/console/devices");
    Browser::leads(&owner.post("/console/sign-out", &[]).await, "/console/sign-in");
    Browser::leads(&owner.get("/console/devices").await, "/console/sign-in");
}

#[tokio::test]
async fn o_1_a_wrong_number_and_a_wrong_pin_are_told_by_their_field_and_nothing_is_lost() {
    let world = World::new().await;
    let mut owner = world.browser();
    let page = owner.post("/console/sign-in", &[("phone", "12"), ("channel", "sms")]).await;
    let page = page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type a mobile number");
    page.says(r#"value="12""#).says(r#"value="sms" checked"#);

    let asked = [("phone", "%2B27821234567"), ("channel", "sms")];
    Browser::leads(&owner.post("/console/sign-in", &asked).await, "/console/pin?by=sms");
    assert_eq!(world.phone.pin().0, Channel::Sms);
    owner.get("/console/pin?by=sms").await.says("We sent a pin by SMS");
    let page = owner.post("/console/pin", &[("pin", "12"), ("by", "sms")]).await;
    page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type the six digits").says("by SMS");
    let wrong = if world.phone.pin().1 == "111111" { "222222" } else { "111111" };
    let page = owner.post("/console/pin", &[("pin", wrong), ("by", "sms")]).await;
    page.is(StatusCode::FORBIDDEN).says("The pin is not valid.");
}

#[tokio::test]
async fn a_pin_that_was_just_sent_is_told_with_its_wait_and_leads_to_where_it_is_typed() {
    let world = World::new().await;
    let (mut owner, mut other) = (world.browser(), world.browser());
    let asked = [("phone", "%2B27821234567"), ("channel", "sms")];
    Browser::leads(&owner.post("/console/sign-in", &asked).await, "/console/pin?by=sms");
    world.later(std::time::Duration::from_secs(10));
    let page = owner.post("/console/sign-in", &asked).await.is(StatusCode::TOO_MANY_REQUESTS);
    let wait: u32 = page.header("retry-after").parse().unwrap();
    let page = page.says(&format!("You can have another one in {wait} seconds."));
    page.says(r#"<a href="/console/pin?by=sms">Type the pin that was sent</a>"#);
    let page = other.post("/console/sign-in", &asked).await.is(StatusCode::TOO_MANY_REQUESTS);
    page.does_not_say("/console/pin");
    let page = owner.post("/console/pin/again", &[("by", "sms")]).await;
    page.says(&format!("in {wait} seconds."));
    let typed = [("pin", world.phone.pin().1), ("by", "sms".to_owned())];
    let typed = typed.each_ref().map(|(name, value)| (*name, value.as_str()));
    Browser::leads(&owner.post("/console/pin", &typed).await, "/console/devices");
}

#[tokio::test]
async fn o_3_who_was_displaced_is_told_by_whom_and_when() {
    let world = World::new().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    one.signs_in(&world).await;
    world.later(std::time::Duration::from_mins(2));
    two.signs_in(&world).await;
    Browser::leads(&one.get("/console/devices").await, "/console/sign-in");
    let page = one.get("/console/sign-in").await;
    page.says("another browser was signed in with your number").says("(UTC) on 28\u{a0}May");
}

#[tokio::test]
async fn g_11_an_owner_lets_guests_call_and_takes_it_back() {
    let world = World::new().await;
    let (mut owner, issued) = (world.browser(), world.issues().await);
    owner.signs_in(&world).await;
    let details = format!("/console/devices/{}", world.intercom);
    let saved = format!("{details}?done=changed");
    let calls = format!("/console/intercoms/{}/calls", world.intercom);
    owner.get(&details).await.says(&calls).says("Calls from guests");
    let page = owner.get(&calls).await.is(StatusCode::OK).says("+27821234567");
    assert!(!page.body.contains("checked"));
    Browser::leads(&owner.post(&calls, &[("allowed", "yes")]).await, &saved);
    owner.get(&calls).await.says("checked");
    assert!(world.look(&issued).await.host.is_some());
    Browser::leads(&owner.post(&calls, &[]).await, &saved);
    assert!(world.look(&issued).await.host.is_none());
    let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    let page = owner.post_with(&calls, &[("allowed", "yes")], &foreign).await;
    page.is(StatusCode::FORBIDDEN);
    assert!(world.look(&issued).await.host.is_none());
    let gate = format!("/console/intercoms/{}/calls", world.gate);
    owner.get(&gate).await.is(StatusCode::CONFLICT).says("Only intercoms");
}

#[tokio::test]
async fn o_3_a_form_filled_by_who_was_displaced_does_nothing_and_leads_to_who_did_it() {
    let world = World::new().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    one.signs_in(&world).await;
    let form = format!("/console/intercoms/{}/invite", world.intercom);
    let key = one.get(&form).await.is(StatusCode::OK).hidden("key");
    world.later(std::time::Duration::from_mins(2));
    two.signs_in(&world).await;
    let typed = [("name", "Thandi"), ("mobile", "0825550001"), ("key", &key)];
    Browser::leads(&one.post(&form, &typed).await, "/console/sign-in");
    one.get("/console/sign-in").await.says("another browser was signed in with your number");
    let list = format!("/console/intercoms/{}/codes", world.intercom);
    two.get(&list).await.says("No code is active").says("0 of 10 codes are active");
}

/// Nothing may be missing when scripts are: each is only asked for by pages that have its place.
#[tokio::test]
async fn every_script_that_a_page_asks_for_is_ours_and_is_served() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let (intercom, code) = (world.intercom, world.issues().await.pass.code.id);
    for path in [
        "/console/claim".to_owned(),
        format!("/console/intercoms/{intercom}/settings"),
        format!("/console/intercoms/{intercom}/codes"),
        format!("/console/intercoms/{intercom}/invite"),
        format!("/console/codes/{code}"),
        format!("/console/codes/{code}/send"),
    ] {
        let page = owner.get(&path).await.is(StatusCode::OK).does_not_say("<style");
        assert!(page.header("content-security-policy").contains("script-src 'self'"));
        let scripts: Vec<&str> = page.body.split("<script").skip(1).collect();
        assert_eq!(scripts.len(), 1, "{path}");
        let source = scripts[0].strip_prefix(r#" type="module" src=""#).unwrap();
        let (source, rest) = source.split_once('"').unwrap();
        assert!(rest.starts_with("></script>"), "{path}: {rest}");
        let script = world.browser().get(source).await.is(StatusCode::OK);
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
        assert!(script.body.starts_with("// "), "{source} says what it is for");
    }
    owner.get("/assets/0000000000000000/live.js").await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_problem_of_the_console_is_a_page_and_speaks_the_readers_language() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = owner.get("/console/devices/gate_nobody").await.is(StatusCode::NOT_FOUND);
    page.says("<h1>There is no such thing");
    let request = axum::http::Request::get("/console/sign-in").header("accept-language", "af-ZA");
    let page = world.browser().send(request, axum::body::Body::empty()).await;
    page.says(r#"lang="af""#).says("Meld aan");
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let foreign = [(axum::http::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    let page = owner.post_with("/console/sign-out", &[], &foreign).await;
    page.is(StatusCode::FORBIDDEN).says("not from a page of ours");
    owner.get("/console/devices").await.is(StatusCode::OK);
}
