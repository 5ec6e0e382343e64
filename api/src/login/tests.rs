//! Fraud against the sign-in: the floods that it must stand, and whom it refuses.

use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::login::Channel;
use futures_util::future::join_all;

use crate::config::{Config, Pins};
use crate::guest::tests::world::{Seen, World};
use crate::server::PeerAddress;

const MINUTE: Duration = Duration::from_mins(1);

const SUPPORT: &str = "support@fluss.example";

/// The n-th address of the internet.
fn address(n: u32) -> IpAddr {
    IpAddr::V4((0x0b00_0000 + n).into())
}

fn begin(phone: &str, channel: &str) -> String {
    format!(r#"{{"phone":"{phone}","channel":"{channel}","client":"app"}}"#)
}

impl World {
    async fn says(&self, path: &str, body: String, address: IpAddr) -> Seen {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.browser().send(request.extension(PeerAddress(address)), Body::from(body)).await
    }

    async fn asks(&self, phone: &str, channel: &str, address: IpAddr) -> Seen {
        self.says("/v1/logins", begin(phone, channel), address).await
    }

    /// Asks for a pin and signs in with it.
    async fn comes_in(&self, phone: &str, address: IpAddr) {
        let sent = self.asks(phone, "whatsapp", address).await.is(StatusCode::ACCEPTED);
        let (_, pin) = self.phone.pin();
        let path = format!("/v1/logins/{}/verify", member(&sent, "login_id"));
        self.says(&path, format!(r#"{{"pin":"{pin}"}}"#), address).await.is(StatusCode::OK);
    }
}

fn member(seen: &Seen, name: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    body[name].as_str().unwrap().to_owned()
}

fn wait(seen: &Seen) -> u64 {
    seen.header("retry-after").parse().unwrap()
}

/// OTP bombing: whoever asks, from wherever, the phone of one person rings three times.
#[tokio::test]
async fn ten_thousand_requests_for_one_number_in_ten_minutes_send_three_pins() {
    let world = World::new().await;
    let owner = world.phone.pins();
    for n in 0..10_000 {
        let seen = world.asks("+27831112222", "sms", address(n % 5000)).await;
        if n == 1 {
            let seen = seen.refuses(StatusCode::TOO_MANY_REQUESTS, "otp_too_soon");
            assert_eq!(wait(&seen), 30);
        }
        world.later(MINUTE / 1000);
    }
    assert_eq!(world.phone.pins() - owner, 3);
}

#[tokio::test]
async fn ten_thousand_numbers_from_one_network_get_five_pins_and_one_a_minute_an_address() {
    let world = World::new().await;
    let mut sent = [0; 3];
    for n in 0..10_000 {
        let from = n as usize % 3;
        let phone = format!("+2783{:03}{:04}", n % 1000, n);
        let seen = world.asks(&phone, "sms", address(n % 3)).await;
        sent[from] += u32::from(seen.status == StatusCode::ACCEPTED);
        world.later(MINUTE / 1000);
    }
    for count in sent {
        assert!((14..=15).contains(&count), "{sent:?}");
    }
}

/// SMS pumping: who earns by pins to 50,000 numbers of their own, in four countries, from thousands of
/// addresses, gets an hour's money at the most; and people elsewhere notice nothing.
#[tokio::test]
async fn a_pump_of_fifty_thousand_numbers_costs_what_it_may_and_people_elsewhere_are_served() {
    let world = World::new().await;
    // There were people before.
    for n in 0..10 {
        world.comes_in(&format!("+2783{n:03}0000"), address(60_000 + n)).await;
        world.later(MINUTE);
    }
    world.later(60 * MINUTE);
    let (before, mut served, mut pumped) = (world.phone.pins(), 0_usize, 0);
    for batch in 0..500_u32 {
        let asked = (0..100).map(|n| {
            let (n, world) = (batch * 100 + n, &world);
            let (code, last) = (["+26481", "+26097", "+25882", "+26377"][n as usize % 4], n / 200);
            let phone = format!("{code}{:03}{last:04}", 200 + n % 200 / 4);
            async move { world.asks(&phone, "sms", address(n % 9000)).await.status }
        });
        let statuses = join_all(asked).await;
        assert!(statuses.iter().all(|status| !status.is_server_error()));
        pumped += statuses.iter().filter(|status| **status == StatusCode::ACCEPTED).count();
        if batch % 5 == 0 {
            world.comes_in(&format!("+2784{batch:03}0000"), address(70_000 + batch)).await;
            served += 1;
        }
        world.later(60 * MINUTE / 500);
    }
    let spent = world.store.spending().seen(world.now()).await.unwrap().in_an_hour;
    assert!(spent <= Pins::default().money_an_hour, "{spent}");
    assert_eq!(world.phone.pins() - before, pumped + served);
    assert_eq!(served, 100);
    assert!((50..=166).contains(&pumped), "half of the money: {pumped}");
}

#[tokio::test]
async fn p_8_a_prefix_is_stopped_others_are_not_and_the_log_tells_the_prefix_only() {
    let world = World::new().await;
    let log = Log::default();
    let _telling = log.listens();
    let before = world.phone.pins();
    for n in 0..500 {
        let seen = world.asks(&format!("+2783555{n:04}"), "sms", address(n)).await;
        if 10 <= n {
            let seen = seen.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
            assert_eq!(wait(&seen), 3600);
            let seen = seen.says("retry_at");
            for hidden in ["prefix", "budget", "country"] {
                assert!(!seen.body.contains(hidden), "{}", seen.body);
            }
        }
    }
    assert_eq!(world.phone.pins() - before, 10);
    world.asks("+27835560000", "sms", address(1000)).await.is(StatusCode::ACCEPTED);
    let told = log.told();
    assert_eq!(told.matches("holding back").count(), 1, "{told}");
    assert!(told.contains("WARN") && told.contains("to +2783555···· in ZA"), "{told}");
    for n in [0, 9, 10, 499] {
        assert!(!told.contains(&format!("2783555{n:04}")), "{told}");
    }
}

#[tokio::test]
async fn o_1f_a_blocked_country_is_told_whom_to_ask_and_an_exception_opens_it() {
    let config = Config {
        blocked_prefixes: vec!["1876".to_owned()],
        home_country: Some("ZA".to_owned()),
        support_contact: Some(SUPPORT.to_owned()),
        ..Config::default()
    };
    let world = World::with(config).await;
    let jamaican = "+18762345678";
    let before = world.phone.pins();
    for channel in ["whatsapp", "sms"] {
        let seen = world.asks(jamaican, channel, address(0)).await;
        seen.refuses(StatusCode::FORBIDDEN, "country_blocked").says(SUPPORT);
    }
    let local = r#"{"phone":"876 234 5678","country":"JM","client":"app"}"#.to_owned();
    let seen = world.says("/v1/logins", local, address(0)).await;
    seen.refuses(StatusCode::FORBIDDEN, "country_blocked");
    let mut browser = world.browser();
    let fields = [("phone", "%2B18762345678"), ("channel", "sms")];
    let page = browser.post("/console/sign-in", &fields).await;
    page.is(StatusCode::FORBIDDEN).says(SUPPORT);
    assert_eq!(world.phone.pins(), before);
    assert_eq!(
        world.store.spending().seen(world.now()).await.unwrap().in_an_hour,
        20_000,
        "the owner signed in by WhatsApp"
    );
    world.asks("083 111 2222", "sms", address(1)).await.is(StatusCode::ACCEPTED);

    let phone = domain::PhoneNumber::parse(jamaican, None).unwrap();
    let (until, why, by) = (world.now() + MINUTE, "a guest house".to_owned(), "Naledi".to_owned());
    let exceptions = world.store.exceptions();
    exceptions.allow(phone, until, why, by, world.now()).await.unwrap();
    let sent = world.asks(jamaican, "sms", address(2)).await.is(StatusCode::ACCEPTED);
    world.later(MINUTE);
    let again = format!("/v1/logins/{}/resend", member(&sent, "login_id"));
    let seen = world.says(&again, r#"{"channel":"sms"}"#.to_owned(), address(2)).await;
    seen.refuses(StatusCode::FORBIDDEN, "country_blocked").says(SUPPORT);
}

#[tokio::test]
async fn where_countries_are_allowed_all_others_are_blocked() {
    let allowed_countries = vec!["ZA".to_owned()];
    let world = World::with(Config { allowed_countries, ..Config::default() }).await;
    world.asks("+27831112222", "sms", address(0)).await.is(StatusCode::ACCEPTED);
    let seen = world.asks("+264811234567", "sms", address(0)).await;
    seen.refuses(StatusCode::FORBIDDEN, "country_blocked");
}

#[tokio::test]
async fn a_number_that_earns_or_reaches_nobody_is_told_what_it_is() {
    let world = World::new().await;
    let before = world.phone.pins();
    for (phone, what) in [
        ("+27862345678", "is a premium-rate number"),
        ("+27860123456", "is a shared-cost number"),
        ("+27801234567", "is a toll-free number"),
    ] {
        let seen = world.asks(phone, "sms", address(0)).await;
        let seen = seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
        seen.says(r#""field":"phone""#).says(what);
    }
    assert_eq!(world.phone.pins(), before);
    world.asks("+12122345678", "sms", address(0)).await.is(StatusCode::ACCEPTED);
}

/// Whoever asks for another pin, asks for a pin.
#[tokio::test]
async fn another_pin_counts_for_the_address_that_asks_for_it() {
    let logins_per_address = 1;
    let world = World::with(Config { logins_per_address, ..Config::default() }).await;
    let sent = world.asks("+27831112222", "sms", address(0)).await.is(StatusCode::ACCEPTED);
    world.later(MINUTE / 2);
    let again = format!("/v1/logins/{}/resend", member(&sent, "login_id"));
    let whatsapp = || r#"{"channel":"whatsapp"}"#.to_owned();
    let seen = world.says(&again, whatsapp(), address(0)).await;
    seen.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    world.later(MINUTE / 2);
    world.says(&again, whatsapp(), address(0)).await.is(StatusCode::ACCEPTED);
    assert_eq!(world.phone.pin().0, Channel::Whatsapp);
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listens(&self) -> tracing::subscriber::DefaultGuard {
        // While there is one listener only, what another test's thread says first is dead for all;
        // so there is a second one, which hears nothing.
        let deaf = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        let _ = tracing::subscriber::set_global_default(deaf);
        let log = self.clone();
        let listener = tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone());
        tracing::subscriber::set_default(listener.finish())
    }

    fn told(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
