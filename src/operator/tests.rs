//! The operator's page over real HTTP, beside a house in the same process.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use domain::PhoneNumber;
use domain::channel::Wish;
use domain::login::{Channel, Client};
use domain::secret::{LoginToken, Otp};
use store::Sending;

use crate::machine::{SystemClock, SystemDice};

use super::*;

/// A page on a database of its own.
struct Page {
    url: String,
    store: Store,
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Page {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("fluss.db").display());
        let keys = store::Keys { seal: [1; 32], pepper: [2; 32] };
        let store = Store::open(&url, &keys, Arc::new(SystemDice)).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = Config { listen, names: vec!["fluss.internal".to_owned()] };
        let operator =
            Operator::bind(&config, &[Role::Api, Role::Bridge], &[Channel::Sms], &store, &clock);
        let operator = operator.await;
        let operator = operator.unwrap().unwrap();
        let (url, stop) = (format!("http://{}", operator.local_addr()), CancellationToken::new());
        tokio::spawn(operator.run(stop.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, store, clock, client, stop, _folder: folder }
    }

    /// To the n-th number of Namibia, long enough ago for its owner to have typed it.
    async fn sends_a_pin_by_sms(&self, n: u32) {
        let (token, otp) = (LoginToken::random(&SystemDice), Otp::random(&SystemDice));
        let phone = PhoneNumber::parse(&format!("+264812{n:02}0000"), None).unwrap();
        let network = IpAddr::V4(Ipv4Addr::from(n));
        let wish = Wish { asked: Some(Channel::Sms), ..Wish::default() };
        let sending = Sending { wish, network, rules: Arc::default() };
        let (logins, at) = (self.store.logins(), self.clock.now() - Duration::from_mins(3));
        logins.begin(phone, Client::App, otp, token, sending, at).await.unwrap().unwrap();
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        self.get_as("localhost", path).await
    }

    async fn get_as(&self, host: &str, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.url)).header(header::HOST, host);
        let answer = request.send().await.unwrap();
        for (name, value) in HEADERS {
            assert_eq!(answer.headers()[&name], value);
        }
        (answer.status(), answer.text().await.unwrap())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn the_operator_sees_the_house_at_a_glance() {
    let page = Page::open().await;
    let (status, told) = page.get("/").await;
    assert_eq!(status, StatusCode::OK);
    for words in [
        "<b>0</b> of 0",
        "Oldest unsettled attempt",
        "api and bridge",
        "<svg",
        "Login pins by WhatsApp</dt><dd>not set up",
        "Login pins by SMS</dt><dd>nothing speaks against it",
        "Attempts in each 5 minutes, from 6 hours ago",
        "Attempts in each hour, from 24 hours ago",
    ] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
    assert_eq!(page.get("/operator.css").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_monitor_reads_the_same_figures_and_each_has_its_type_and_help() {
    let page = Page::open().await;
    page.sends_a_pin_by_sms(0).await;
    let (status, told) = page.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        "fluss_gates 0",
        "fluss_attempts_last_hour{end=\"opened\"} 0",
        "fluss_oldest_unsettled_attempt_seconds 0",
        "fluss_login_channel_health{channel=\"sms\"} 1",
        "fluss_login_pins_last_hour{channel=\"sms\",fate=\"sent\"} 1",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
    }
    assert!(told.ends_with('\n') && !told.contains("\n\n"), "{told}");
    for line in told.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        for kind in ["HELP", "TYPE"] {
            let kind = format!("# {kind} {name} ");
            assert!(told.lines().any(|line| line.starts_with(&kind)), "{kind} is not in {told}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_explained_is_said_as_explain_says_it() {
    let page = Page::open().await;
    let nobodys = "attempt_00000000000000000000000000";
    let (status, told) = page.get(&format!("/explain?of={nobodys}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(told.contains("There is no such attempt or code here"), "{told}");
    let (status, told) = page.get("/explain?of=%3Cscript%3E").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.contains("expected an id") && !told.contains("<script"), "{told}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_on_a_page() {
    let page = Page::open().await;
    for (path, status, words) in [
        ("/no/such/page", StatusCode::NOT_FOUND, "nothing at this address"),
        ("/explain", StatusCode::UNPROCESSABLE_ENTITY, "/explain?of="),
        ("/explain?of=a&of=b", StatusCode::UNPROCESSABLE_ENTITY, "/explain?of="),
    ] {
        let (answered, told) = page.get(path).await;
        assert_eq!(answered, status, "{path}");
        assert!(told.contains("<!doctype html>") && told.contains(words), "{path}: {told}");
    }
    let answer = page.client.post(&page.url).header(header::HOST, "localhost").send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert!(answer.text().await.unwrap().contains("only shows something"));
}

#[tokio::test]
async fn a_foreign_name_that_leads_here_reads_nothing() {
    let page = Page::open().await;
    for host in ["evil.example", "localhost.evil.example", "10.0.0.1"] {
        let (status, told) = page.get_as(host, "/").await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!told.contains("Gates"), "{told}");
    }
    assert_eq!(page.get_as("fluss.internal:8081", "/").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told() {
    let page = Page::open().await;
    page.store.close().await;
    assert_eq!(page.get("/").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_country_whose_pins_are_held_back_is_named_with_what_pins_cost() {
    let page = Page::open().await;
    for n in 0..50 {
        page.sends_a_pin_by_sms(n).await;
    }
    let (_, told) = page.get("/").await;
    assert!(told.contains("<b>3.00</b>"), "{told}");
    assert!(told.contains("<b>NA</b> (0 of the latest 50 used)"), "{told}");
}

#[test]
fn money_is_told_in_whole_hundredths_and_never_as_less() {
    assert_eq!([0, 1, 10_000, 3_200_001].map(money), ["0.00", "0.01", "0.01", "3.21"]);
}

#[test]
fn an_age_is_told_as_people_say_it() {
    let told = |seconds| {
        let start = Timestamp::from_millis(0);
        age(start, start + std::time::Duration::from_secs(seconds))
    };
    assert_eq!(
        (told(4), told(200), told(7500)),
        ("4 s".into(), "3 min 20 s".into(), "2 h 05 min".into())
    );
}
