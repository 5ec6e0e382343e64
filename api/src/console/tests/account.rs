//! The account on pages: a fresh pin, another number, a second factor.

use std::time::Duration;

use axum::http::StatusCode;
use domain::second_factor::{STEP, step_at};
use domain::secret::TotpSecret;
use ring::hmac;

use crate::guest::tests::world::{Browser, World};

impl Browser {
    /// Proves by a fresh pin that it is the owner, and goes where that leads.
    async fn proves_it(&mut self, next: &str, world: &World) {
        self.proves_it_for(next, &format!("/console/account/{next}"), world).await;
    }

    /// The same for a page that asks for it by a word of its own.
    pub(super) async fn proves_it_for(&mut self, next: &str, page: &str, world: &World) {
        let proof = format!("/console/account/proof?next={next}");
        Self::leads(&self.get(page).await, &proof);
        self.get(&proof).await.says("Is it you?");
        let pin = self.is_sent_to(&proof, &[("channel", "sms")]).await;
        self.get(&pin).await.says("Type your pin").says("/pin.js");
        let wrong = if world.phone.pin().1 == "111111" { "222222" } else { "111111" };
        let refused = self.post(&pin, &[("pin", wrong)]).await.is(StatusCode::FORBIDDEN);
        refused.says("The pin is not valid.");
        let (_, right) = world.phone.pin();
        let seen = self.post(&pin, &[("pin", &right)]).await;
        Self::leads(&seen, page);
    }

    /// Sends a form and answers where it leads.
    pub(super) async fn is_sent_to(&mut self, path: &str, form: &[(&str, &str)]) -> String {
        let seen = self.post(path, form).await.is(StatusCode::SEE_OTHER);
        seen.header("location").to_owned()
    }
}

fn shown(secret: &TotpSecret, world: &World) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.reveal_bytes());
    let tag = hmac::sign(&key, &step_at(world.now()).to_be_bytes());
    let place = usize::from(tag.as_ref()[19] & 0xF);
    let bytes = tag.as_ref()[place..place + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(bytes) & 0x7FFF_FFFF) % 1_000_000)
}

#[tokio::test]
async fn a22_an_owner_changes_the_number_on_pages() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    world.later(std::time::Duration::from_hours(24));
    owner.get("/console/account").await.says("+27821234567").says("Change your number");
    owner.proves_it("number", &world).await;
    owner.get("/console/account/number").await.says("Your new number");
    let form = [("phone", "12"), ("channel", "sms")];
    let page = owner.post("/console/account/number", &form).await;
    page.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type a mobile number").says(r#"value="12""#);
    let form = [("phone", "%2B27831112222"), ("channel", "sms")];
    let pin = owner.is_sent_to("/console/account/number", &form).await;
    owner.get(&pin).await.says("We sent it to your new number");
    let (_, right) = world.phone.pin();
    let seen = owner.post(&pin, &[("pin", &right)]).await;
    Browser::leads(&seen, "/console/account?done=number");
    let page = owner.get("/console/account?done=number").await;
    page.says("Your number is changed.").says("+27831112222");
}

#[tokio::test]
async fn a22_a_number_that_is_held_after_a_sign_in_is_told_so_on_its_page() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.proves_it("number", &world).await;
    let page = owner.get("/console/account/number").await.is(StatusCode::FORBIDDEN);
    page.says("This can be done a day after.");
}

#[tokio::test]
async fn a23_an_owner_turns_an_app_on_signs_in_with_it_and_turns_it_off_on_pages() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    owner.get("/console/account").await.says("Off. A pin alone signs in.");
    // It is not the first session of the account: whoever took the number over waits, too.
    owner.proves_it("app", &world).await;
    let held = owner.post("/console/account/app/secret", &[]).await;
    held.is(StatusCode::FORBIDDEN).says("This can be done a day after.");
    world.later(Duration::from_hours(24));
    let unproved = owner.post("/console/account/app/secret", &[]).await;
    Browser::leads(&unproved, "/console/account/proof?next=app");
    owner.proves_it("app", &world).await;
    owner.get("/console/account/app").await.says("Set it up");
    let page = owner.post("/console/account/app/secret", &[]).await.is(StatusCode::OK);
    let page = page.says("<svg").says("otpauth://totp/");
    let (_, rest) = page.body.split_once("<bdi>").unwrap();
    let secret = TotpSecret::parse(rest.split_once("</bdi>").unwrap().0).unwrap();
    let wrong = owner.post("/console/account/app/code", &[("code", "12")]).await;
    wrong.is(StatusCode::UNPROCESSABLE_ENTITY).says("Type the six digits that the app shows");
    let code = shown(&secret, &world);
    let page = owner.post("/console/account/app/code", &[("code", &code)]).await;
    let page = page.is(StatusCode::OK).says("Your recovery codes");
    assert_eq!(page.body.matches("<code>").count(), 10);
    owner.get("/console/account").await.says("10 recovery codes left");

    world.later(STEP);
    let mut other = world.browser();
    let asked = [("phone", "%2B27821234567"), ("channel", "whatsapp")];
    other.post("/console/sign-in", &asked).await;
    let (_, pin) = world.phone.pin();
    let seen = other.post("/console/pin", &[("pin", &pin), ("by", "whatsapp")]).await;
    Browser::leads(&seen, "/console/second-factor");
    Browser::leads(&other.get("/console/devices").await, "/console/sign-in");
    other.get("/console/second-factor").await.says("One more code");
    let old = other.post("/console/second-factor", &[("code", &code)]).await;
    old.is(StatusCode::FORBIDDEN).says("The pin is not valid.");
    let seen = other.post("/console/second-factor", &[("code", &shown(&secret, &world))]).await;
    Browser::leads(&seen, "/console/devices");

    world.later(STEP);
    other.proves_it("app", &world).await;
    other.get("/console/account/app").await.says("Turn the app off");
    let seen = other.post("/console/account/app", &[("code", &shown(&secret, &world))]).await;
    Browser::leads(&seen, "/console/account?done=app_off");
    other.get("/console/account").await.says("Off. A pin alone signs in.");
}
