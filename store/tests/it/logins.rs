//! Pins and sessions.

use std::time::Duration;

use domain::login::{Client, Refusal, SessionLife};
use domain::secret::{LoginToken, Otp, SessionToken};
use store::{LoginRefusal, SessionRefusal};

use crate::world::World;

crate::on_both_databases![
    o_1_the_right_pin_makes_a_session,
    o_1a_five_wrong_pins_end_the_login,
    o_1b_a_pin_works_once,
    o_1c_only_the_newest_pin_works,
    o_3_a_newer_login_displaces_the_older_session,
    o_3c_failed_logins_displace_nobody,
    pins_are_paced,
    a_session_is_kept_while_it_is_used_and_ends_when_signed_out,
    a_session_lives_as_long_as_is_set,
    a11_the_system_signs_out_a_number_or_everybody,
    o_3_whoever_serves_a_session_hears_of_its_end,
    the_sweep_forgets_what_is_old_and_keeps_what_is_not,
];

const PHONE: &str = "+27831112222";

struct Asked {
    token: LoginToken,
    otp: Otp,
}

impl World {
    async fn asks_for_a_pin(&self, phone: &str, client: Client) -> Asked {
        let asked = Asked { token: LoginToken::random(&*self.dice), otp: Otp::random(&*self.dice) };
        let (otp, token) = (asked.otp.clone(), asked.token.clone());
        let (phone, sending, now) = (World::phone(phone), World::sending(), self.now());
        let begun = self.store.logins().begin(phone, client, otp, token, sending, now);
        begun.await.unwrap().unwrap();
        asked
    }

    async fn tries(&self, asked: &Asked, otp: &Otp) -> Result<SessionToken, Refusal> {
        let session = SessionToken::random(&*self.dice);
        let (token, otp) = (asked.token.clone(), otp.clone());
        let verified = self.store.logins().verify(token, otp, session.clone(), self.now());
        verified.await.unwrap().map(|_| session)
    }
}

fn wrong(asked: &Asked) -> Otp {
    let digits = asked.otp.reveal();
    let other = if digits == "000000" { "000001" } else { "000000" };
    Otp::parse(other).unwrap()
}

async fn o_1_the_right_pin_makes_a_session(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::Dashboard).await;
    let token = world.tries(&asked, &asked.otp).await.unwrap();
    let session = world
        .store
        .sessions()
        .find(&token, SessionLife::USUAL, world.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.client, Client::Dashboard);
    let phone = world.store.sessions().phone_of(session.user).await.unwrap();
    assert_eq!(phone, World::phone(PHONE));
}

async fn o_1a_five_wrong_pins_end_the_login(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::App).await;
    for _ in 0..4 {
        assert_eq!(world.tries(&asked, &wrong(&asked)).await.unwrap_err(), Refusal::Invalid);
    }
    assert_eq!(world.tries(&asked, &wrong(&asked)).await.unwrap_err(), Refusal::TooMany);
    assert_eq!(world.tries(&asked, &asked.otp).await.unwrap_err(), Refusal::TooMany);
    // A new login does not refill the number's own count: after ten in a row it must wait.
    world.later(Duration::from_secs(31));
    let next = world.asks_for_a_pin(PHONE, Client::App).await;
    for _ in 0..5 {
        let _ = world.tries(&next, &wrong(&next)).await;
    }
    world.later(Duration::from_secs(61));
    world.later(Duration::from_mins(10));
    let third = world.asks_for_a_pin(PHONE, Client::App).await;
    let _ = world.tries(&third, &wrong(&third)).await;
    let refusal = world.tries(&third, &third.otp).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Wait { until: Some(_) }), "{refusal:?}");
    world.store.logins().unlock(World::phone(PHONE)).await.unwrap();
    world.tries(&third, &third.otp).await.unwrap();
}

async fn o_1b_a_pin_works_once(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::App).await;
    world.tries(&asked, &asked.otp).await.unwrap();
    assert_eq!(world.tries(&asked, &asked.otp).await.unwrap_err(), Refusal::Invalid);
}

async fn o_1c_only_the_newest_pin_works(world: World) {
    let first = world.asks_for_a_pin(PHONE, Client::App).await;
    world.later(Duration::from_secs(31));
    let newest = Otp::random(&*world.dice);
    let (token, otp, now) = (first.token.clone(), newest.clone(), world.now());
    let renewed = world.store.logins().renew(token, otp, World::sending(), now);
    assert_eq!(renewed.await.unwrap().unwrap().phone, World::phone(PHONE));
    assert_eq!(world.tries(&first, &first.otp).await.unwrap_err(), Refusal::Invalid);
    world.later(Duration::from_secs(61));
    let second = world.asks_for_a_pin(PHONE, Client::App).await;
    assert_eq!(world.tries(&first, &newest).await.unwrap_err(), Refusal::Invalid);
    world.tries(&second, &second.otp).await.unwrap();
}

async fn o_3_a_newer_login_displaces_the_older_session(world: World) {
    let app = world.asks_for_a_pin(PHONE, Client::App).await;
    let app = world.tries(&app, &app.otp).await.unwrap();
    let dashboard = world.asks_for_a_pin(PHONE, Client::Dashboard).await;
    let dashboard = world.tries(&dashboard, &dashboard.otp).await.unwrap();
    let find = async |token| {
        world.store.sessions().find(token, SessionLife::USUAL, world.now()).await.unwrap()
    };
    let displaced = SessionRefusal::Displaced { by: Client::Dashboard, at: world.now() };
    assert_eq!(find(&app).await.unwrap_err(), displaced);
    assert!(find(&dashboard).await.is_ok());
}

async fn o_3c_failed_logins_displace_nobody(world: World) {
    let app = world.asks_for_a_pin(PHONE, Client::App).await;
    let app = world.tries(&app, &app.otp).await.unwrap();
    let stranger = world.asks_for_a_pin(PHONE, Client::Dashboard).await;
    world.tries(&stranger, &wrong(&stranger)).await.unwrap_err();
    assert!(
        world.store.sessions().find(&app, SessionLife::USUAL, world.now()).await.unwrap().is_ok()
    );
}

async fn pins_are_paced(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::App).await;
    let otp = Otp::random(&*world.dice);
    let (token, now) = (asked.token.clone(), world.now());
    let renewed = world.store.logins().renew(token, otp, World::sending(), now);
    let refusal = renewed.await.unwrap().unwrap_err();
    let until = world.now() + Duration::from_secs(30);
    assert_eq!(refusal, LoginRefusal::Pace(store::TooManyPins { until }));
}

async fn a_session_is_kept_while_it_is_used_and_ends_when_signed_out(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::App).await;
    let token = world.tries(&asked, &asked.otp).await.unwrap();
    let sessions = world.store.sessions();
    for _ in 0..3 {
        world.later(Duration::from_hours(60 * 24));
        assert!(sessions.find(&token, SessionLife::USUAL, world.now()).await.unwrap().is_ok());
    }
    let session = sessions.find(&token, SessionLife::USUAL, world.now()).await.unwrap().unwrap();
    sessions.end(session.id, world.now()).await.unwrap();
    let refusal =
        sessions.find(&token, SessionLife::USUAL, world.now()).await.unwrap().unwrap_err();
    assert_eq!(refusal, SessionRefusal::Unknown);
}

async fn a_session_lives_as_long_as_is_set(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::App).await;
    let token = world.tries(&asked, &asked.otp).await.unwrap();
    let (day, sessions) = (Duration::from_hours(24), world.store.sessions());
    let idle = SessionLife { idle: day, total: 365 * day };
    let total = SessionLife { idle: 365 * day, total: day };
    let short_of_a_day = Duration::from_millis(24 * 60 * 60 * 1000 - 1);
    world.later(short_of_a_day);
    for life in [idle, total] {
        // Neither is used here, or the other would begin anew.
        assert!(sessions.find(&token, life, world.now()).await.unwrap().is_ok(), "{life:?}");
    }
    world.later(day);
    for life in [idle, total] {
        let ended = sessions.find(&token, life, world.now()).await.unwrap();
        assert_eq!(ended.unwrap_err(), SessionRefusal::Unknown, "{life:?}");
    }
}

async fn a11_the_system_signs_out_a_number_or_everybody(world: World) {
    let signs_in = async |phone| {
        let asked = world.asks_for_a_pin(phone, Client::App).await;
        world.tries(&asked, &asked.otp).await.unwrap()
    };
    let (one, other) = (signs_in(PHONE).await, signs_in("+27831113333").await);
    let sessions = world.store.sessions();
    let find = async |token| sessions.find(token, SessionLife::USUAL, world.now()).await.unwrap();
    world.later(Duration::from_mins(1));
    let signed_out = SessionRefusal::SignedOut { at: world.now() };
    let number = Some(World::phone(PHONE));
    assert_eq!(sessions.sign_out(number.clone(), world.now()).await.unwrap(), 1);
    assert_eq!(find(&one).await.unwrap_err(), signed_out);
    assert!(find(&other).await.is_ok());
    // The owner of the world is signed in, too.
    assert_eq!(sessions.sign_out(None, world.now()).await.unwrap(), 2);
    assert_eq!(find(&other).await.unwrap_err(), signed_out);
    assert_eq!(sessions.sign_out(number, world.now()).await.unwrap(), 0);
}

async fn o_3_whoever_serves_a_session_hears_of_its_end(world: World) {
    let mut endings = world.store.sessions().endings();
    let rang = async |endings: &mut tokio::sync::watch::Receiver<()>| {
        let heard = tokio::time::timeout(Duration::from_secs(10), endings.changed()).await;
        heard.expect("it rings").unwrap();
    };
    let app = world.asks_for_a_pin(PHONE, Client::App).await;
    world.tries(&app, &app.otp).await.unwrap();
    rang(&mut endings).await;
    let dashboard = world.asks_for_a_pin(PHONE, Client::Dashboard).await;
    let token = world.tries(&dashboard, &dashboard.otp).await.unwrap();
    rang(&mut endings).await;
    let sessions = world.store.sessions();
    let session = sessions.find(&token, SessionLife::USUAL, world.now()).await.unwrap().unwrap();
    sessions.end(session.id, world.now()).await.unwrap();
    rang(&mut endings).await;
    sessions.sign_out(None, world.now()).await.unwrap();
    rang(&mut endings).await;
}

async fn the_sweep_forgets_what_is_old_and_keeps_what_is_not(world: World) {
    let asked = world.asks_for_a_pin(PHONE, Client::App).await;
    world.store.sweep(world.now()).await.unwrap();
    world.tries(&asked, &asked.otp).await.unwrap();
    world.later(Duration::from_hours(25));
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(world.tries(&asked, &asked.otp).await.unwrap_err(), Refusal::Invalid);
}
