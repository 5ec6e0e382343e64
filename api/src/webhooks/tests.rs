//! A receiver and its webhook: what it is told, how it knows that it is true, and what becomes of
//! what it does not take.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use data_encoding::BASE64;
use domain::secret::WebhookSecret;
use domain::webhook::PAUSES;
use domain::{UserId, WebhookId};
use ring::hmac;
use serde_json::{Value, json};
use store::Receivers;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Teller;
use crate::courier::stand_in::{Heard, StandIn};
use crate::guest::tests::world::World;

#[tokio::test]
async fn a_receiver_is_told_each_event_once_and_can_check_that_it_is_ours() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(200, "")]));
    let made = world.makes_a_webhook(&receiver.url()).await;
    let issued = world.issues_to("Canary Marigold").await;
    world.files_and_tells().await;
    world.files_and_tells().await;
    let heard = receiver.heard();
    let [told] = &heard[..] else { panic!("{heard:?}") };
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(body["type"], "pass.issued");
    assert_eq!(body["data"]["code"], issued.pass.code.id.to_string());
    assert_eq!(told.header("webhook-id"), body["data"]["id"].as_str().unwrap());
    assert!(!told.body.contains("Marigold"));
    assert!(is_signed(told, made["secret"].as_str().unwrap()));
    assert!(!is_signed(told, "whsec_AAAA"));
    let health = world.webhook().await;
    assert_eq!((&health["waiting"], &health["dead"]), (&json!(0), &json!(0)));
    assert!(health["told_at"].is_string() && health["secret"].is_null(), "{health}");
}

#[tokio::test]
async fn what_is_not_taken_is_told_again_with_the_same_id_and_dead_after_28_hours() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(500, "")]));
    world.makes_a_webhook(&receiver.url()).await;
    world.issues().await;
    world.files_and_tells().await;
    for pause in PAUSES {
        let millisecond = Duration::from_millis(1);
        world.later(pause.saturating_sub(millisecond));
        let before = receiver.heard().len();
        world.files_and_tells().await;
        assert_eq!(receiver.heard().len(), before, "not before {pause:?}");
        world.later(millisecond);
        world.files_and_tells().await;
        assert_eq!(receiver.heard().len(), before + 1, "after {pause:?}");
    }
    world.later(Duration::from_hours(48));
    world.files_and_tells().await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 8);
    assert!(heard.iter().all(|told| told.header("webhook-id") == heard[0].header("webhook-id")));
    let health = world.webhook().await;
    assert_eq!((&health["waiting"], &health["dead"]), (&json!(0), &json!(1)));
    assert_eq!(health["failed_why"], "answered 500");

    let id = health["id"].as_str().unwrap();
    let dead = world.owner_gets(Method::GET, &format!("/v1/webhooks/{id}/dead"), "").await;
    assert_eq!(dead["items"][0]["type"], "pass.issued");
    world.owner_gets(Method::POST, &format!("/v1/webhooks/{id}/dead"), "").await;
    world.files_and_tells().await;
    assert_eq!(receiver.heard().len(), 9, "told after all");
}

#[tokio::test]
async fn a_receiver_that_never_answers_keeps_no_other_waiting() {
    let (silent, world) = (Silent::new(), World::new().await);
    let receiver = StandIn::replying(&[(200, "")]);
    world.makes_a_webhook(&silent.url()).await;
    world.makes_a_webhook(&receiver.url()).await;
    for _ in 0..10 {
        world.issues().await;
    }
    world.files_all().await;
    world.tells_until(until(|| receiver.heard().len() == 10)).await;
}

/// There are ten of each of sixteen owners, with more to tell than is told at once.
#[tokio::test]
async fn receivers_that_never_answer_keep_no_other_owner_waiting() {
    let (silent, world) = (Silent::new(), World::new().await);
    let receiver = StandIn::replying(&[(200, "")]);
    for number in 0..16 {
        world.makes_an_owner(number, 5, &vec![silent.url(); 10]).await;
    }
    // Theirs was due first, and they were there first.
    world.later(Duration::from_secs(1));
    world.makes_a_webhook(&receiver.url()).await;
    world.issues().await;
    world.files_all().await;
    world.tells_until(until(|| receiver.heard().len() == 1)).await;
}

/// There are four of each of 24 owners, and none took its last message.
#[tokio::test]
async fn receivers_that_failed_leave_the_places_of_those_that_did_not() {
    let (silent, world) = (Silent::new(), World::new().await);
    let receiver = StandIn::replying(&[(200, "")]);
    for number in 0..24 {
        world.makes_an_owner(number, 1, &vec![silent.url(); 4]).await;
    }
    world.files_all().await;
    let webhooks = world.store.webhooks();
    for (webhook, _) in world.due().await {
        for message in webhooks.claim(webhook, world.now()).await.unwrap() {
            webhooks.failed(&message, "no answer in 10 s".to_owned(), world.now()).await.unwrap();
        }
    }
    world.later(PAUSES[0]);
    assert_eq!(world.due().await.len(), 24 * 4, "all are to be told again");
    let told = async {
        until(|| 32 <= silent.calls()).await;
        world.makes_a_webhook(&receiver.url()).await;
        world.issues().await;
        world.files_all().await;
        until(|| receiver.heard().len() == 1).await;
    };
    world.tells_until(told).await;
}

/// An owner has four places, and five receivers with more to be told than is told at once.
#[tokio::test]
async fn a_place_that_is_free_again_goes_to_the_next() {
    let (world, mut slow) = (World::new().await, Vec::new());
    for _ in 0..5 {
        let receiver = Slow::new().await;
        world.later(Duration::from_millis(1));
        world.makes_a_webhook(&receiver.url()).await;
        slow.push(receiver);
    }
    for _ in 0..8 {
        world.issues().await;
    }
    world.files_all().await;
    let heard = || slow.iter().map(Slow::heard).collect::<Vec<_>>();
    let told = async {
        until(|| heard() == [4, 4, 4, 4, 0]).await;
        slow[0].takes(4);
        until(|| heard() == [4, 4, 4, 4, 4]).await;
    };
    world.tells_until(told).await;
}

/// Who has claimed a message and dies has not told it, or has and cannot say so.
#[tokio::test]
async fn what_a_dead_teller_had_claimed_is_told_by_another() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(200, "")]));
    world.makes_a_webhook(&receiver.url()).await;
    world.issues().await;
    world.files_all().await;
    let [(webhook, _)] = world.due().await[..] else { panic!("one endpoint") };
    assert_eq!(world.store.webhooks().claim(webhook, world.now()).await.unwrap().len(), 1);
    world.files_and_tells().await;
    assert_eq!(receiver.heard().len(), 0, "somebody else tells it");
    world.later(Duration::from_secs(20));
    world.files_and_tells().await;
    assert_eq!(receiver.heard().len(), 1);
}

/// The answer to the first of two new secrets was lost: the receiver still has the original one.
#[tokio::test]
async fn for_a_day_messages_are_signed_by_each_old_secret_too() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(200, "")]));
    let made = world.makes_a_webhook(&receiver.url()).await;
    let path = format!("/v1/webhooks/{}/secret", made["id"].as_str().unwrap());
    let (lost, hour) = (world.owner_gets(Method::POST, &path, "").await, Duration::from_hours(1));
    world.later(hour);
    let fresh = world.owner_gets(Method::POST, &path, "").await;
    let secrets = [made, lost, fresh].map(|made| made["secret"].as_str().unwrap().to_owned());
    for (pause, signs) in [
        (Duration::ZERO, [true, true, true]),
        (Duration::from_hours(23), [false, true, true]),
        (hour, [false, false, true]),
    ] {
        world.later(pause);
        world.issues().await;
        world.files_and_tells().await;
        let heard = receiver.heard();
        let told = heard.last().unwrap();
        assert_eq!(secrets.each_ref().map(|secret| is_signed(told, secret)), signs);
    }
    assert_eq!(receiver.heard().len(), 3);
}

#[tokio::test]
async fn a_trial_says_what_came_of_it() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(204, ""), (418, "")]));
    let made = world.makes_a_webhook(&receiver.url()).await;
    let path = format!("/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    for status in [204, 418] {
        assert_eq!(world.owner_gets(Method::POST, &path, "").await["status"], status);
    }
    let heard = receiver.heard();
    assert!(heard[0].body.contains(r#""type":"webhook.test""#), "{}", heard[0].body);
    assert!(is_signed(&heard[0], made["secret"].as_str().unwrap()));
    let nobody = world.makes_a_webhook("http://127.0.0.1:1").await;
    let path = format!("/v1/webhooks/{}/test", nobody["id"].as_str().unwrap());
    assert_eq!(world.owner_gets(Method::POST, &path, "").await["problem"], "cannot connect");
    // Ten trials of one person at whatever receiver, and then one each six minutes.
    for _ in 3..10 {
        world.owner_gets(Method::POST, &path, "").await;
    }
    let refused = world.owner_asks(Method::POST, &path, "").await;
    refused.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    world.later(Duration::from_mins(6));
    world.owner_gets(Method::POST, &path, "").await;
}

#[tokio::test]
async fn an_ended_webhook_hears_nothing_more_and_ten_are_enough() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(500, ""), (200, "")]));
    let made = world.makes_a_webhook(&receiver.url()).await;
    world.issues().await;
    world.files_and_tells().await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    world.owner_asks(Method::DELETE, &path, "").await.is(StatusCode::NO_CONTENT);
    world.owner_asks(Method::DELETE, &path, "").await.refuses(StatusCode::NOT_FOUND, "not_found");
    world.later(Duration::from_hours(1));
    world.files_and_tells().await;
    let replied: Vec<_> = receiver.heard().iter().map(|told| told.replied).collect();
    assert_eq!(replied, [500], "what was not taken dies with it");
    for _ in 0..10 {
        world.makes_a_webhook(&receiver.url()).await;
    }
    let body = json!({ "url": receiver.url() }).to_string();
    let seen = world.owner_asks(Method::POST, "/v1/webhooks", &body).await;
    seen.refuses(StatusCode::CONFLICT, "too_many_webhooks");
}

/// A name that leads home is as little of the public internet as the address itself.
#[tokio::test]
async fn nothing_is_told_inside_our_own_network_unless_that_is_allowed() {
    let (world, receiver) = (World::new().await, StandIn::replying(&[(200, "")]));
    let port = receiver.url().rsplit(':').next().unwrap().to_owned();
    for url in [receiver.url(), format!("http://localhost:{port}")] {
        world.makes_a_webhook(&url).await;
    }
    world.issues().await;
    world.files_all().await;
    world.tells(&Teller::new(false).unwrap()).await;
    assert_eq!(receiver.heard().len(), 0);
    world.later(PAUSES[0]);
    world.files_and_tells().await;
    assert_eq!(receiver.heard().len(), 2, "it is there");
}

/// Not even where the address that it leads to would be allowed.
#[tokio::test]
async fn a_receiver_that_leads_elsewhere_is_not_followed_and_has_not_taken_the_message() {
    for status in [302, 307] {
        let (world, elsewhere) = (World::new().await, StandIn::replying(&[(200, "")]));
        let receiver = StandIn::leading(status, &elsewhere.url());
        world.makes_a_webhook(&receiver.url()).await;
        world.issues().await;
        world.files_and_tells().await;
        assert_eq!((receiver.heard().len(), elsewhere.heard().len()), (1, 0), "{status}");
        let health = world.webhook().await;
        assert_eq!(health["failed_why"], format!("answered {status}"));
        assert_eq!((&health["told_at"], &health["waiting"]), (&Value::Null, &json!(1)));
    }
}

#[tokio::test]
async fn a_wrong_address_is_told() {
    let world = World::new().await;
    let long = format!("https://example.com/{}", "x".repeat(500));
    for url in ["", "example.com", "ftp://example.com", "https://", "https://a b", &long] {
        let body = json!({ "url": url }).to_string();
        let seen = world.owner_asks(Method::POST, "/v1/webhooks", &body).await;
        seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says(r#""field":"url""#);
    }
}

/// As a receiver checks it, by the words of the scheme.
fn is_signed(told: &Heard, secret: &str) -> bool {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, at) = (told.header("webhook-id"), told.header("webhook-timestamp"));
    let text = format!("{id}.{at}.{}", told.body);
    told.header("webhook-signature").split(' ').any(|signature| {
        let signature = BASE64.decode(signature.strip_prefix("v1,").unwrap().as_bytes()).unwrap();
        hmac::verify(&key, text.as_bytes(), &signature).is_ok()
    })
}

impl World {
    async fn owner_gets(&self, method: Method, path: &str, body: &str) -> Value {
        let seen = self.owner_asks(method, path, body).await;
        assert!(seen.status.is_success(), "{}: {}", seen.status, seen.body);
        serde_json::from_str(&seen.body).unwrap()
    }

    pub(crate) async fn makes_a_webhook(&self, url: &str) -> Value {
        self.files_all().await;
        let body = json!({ "url": url }).to_string();
        let seen = self.owner_asks(Method::POST, "/v1/webhooks", &body).await;
        if seen.status == StatusCode::FORBIDDEN {
            self.owner_steps_up().await;
            return self.owner_gets(Method::POST, "/v1/webhooks", &body).await;
        }
        serde_json::from_str(&seen.is(StatusCode::CREATED).body).unwrap()
    }

    /// A webhook that stands, by a session that was proved some time ago; answers its id.
    pub(crate) async fn has_a_webhook(&self, url: &str) -> String {
        let secret = WebhookSecret::random(&*self.dice);
        let made = self.store.webhooks().make(self.owner, url.to_owned(), secret, self.now()).await;
        made.unwrap().unwrap().id.to_string()
    }

    /// The owner proves by a fresh pin that it is them.
    async fn owner_steps_up(&self) {
        let begun = self.owner_gets(Method::POST, "/v1/step-ups", "{}").await;
        let verify = format!("/v1/step-ups/{}/verify", begun["login_id"].as_str().unwrap());
        let pin = json!({ "pin": self.phone.pin().1 }).to_string();
        self.owner_asks(Method::POST, &verify, &pin).await.is(StatusCode::OK);
    }

    /// The owner's one webhook.
    async fn webhook(&self) -> Value {
        self.owner_gets(Method::GET, "/v1/webhooks", "").await["items"][0].clone()
    }

    pub(crate) async fn files_and_tells(&self) {
        self.files_all().await;
        self.tells(&Teller::new(true).unwrap()).await;
    }

    async fn tells(&self, teller: &Teller) {
        loop {
            let due = self.due().await;
            if due.is_empty() {
                return;
            }
            for (webhook, _) in due {
                teller.clone().tell(self.store.clone(), self.clock(), webhook).await;
            }
        }
    }

    /// All to whom something is to be told now, and their owners.
    async fn due(&self) -> Vec<(WebhookId, UserId)> {
        let (webhooks, now) = (self.store.webhooks(), self.now());
        let mut due = webhooks.due(Receivers::Taking, None, 1000, now).await.unwrap();
        due.extend(webhooks.due(Receivers::Failing, None, 1000, now).await.unwrap());
        due
    }

    /// Tells as the service does until this has come about, in less time than a receiver may take.
    async fn tells_until(&self, done: impl Future<Output = ()>) {
        let (teller, stop) = (Teller::new(true).unwrap(), CancellationToken::new());
        let telling = tokio::spawn(teller.run(self.store.clone(), self.clock(), stop.clone()));
        let done = tokio::time::timeout(Duration::from_secs(8), done).await;
        done.expect("nobody waits for a receiver that does not answer");
        stop.cancel();
        let stopped = tokio::time::timeout(Duration::from_secs(1), telling).await;
        stopped.expect("nor does it hold up the end").unwrap();
    }

    /// Somebody else with webhooks to these addresses, who are to be told of so many devices.
    async fn makes_an_owner(&self, number: u32, devices: u32, urls: &[String]) {
        // Later than who came before: ids sort by time.
        self.later(Duration::from_millis(1));
        let (owner, _) = self.signs_in_as(&format!("+2783{number:03}0000")).await;
        self.files_all().await;
        for url in urls {
            let secret = WebhookSecret::parse(&"A".repeat(43)).unwrap();
            let made = self.store.webhooks().make(owner, url.clone(), secret, self.now());
            made.await.unwrap().unwrap();
        }
        for _ in 0..devices {
            let (_, code) = self.makes_a_free_intercom("Unit 7").await;
            let claimed = self.store.devices().claim(owner, code, None, self.now()).await;
            claimed.unwrap().unwrap();
        }
    }
}

/// Receivers at which nobody ever answers.
struct Silent {
    listener: TcpListener,
    calls: RefCell<Vec<TcpStream>>,
}

impl Silent {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener, calls: RefCell::default() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// How many have called so far, and wait.
    fn calls(&self) -> usize {
        let mut calls = self.calls.borrow_mut();
        calls.extend(self.listener.incoming().map_while(Result::ok));
        calls.len()
    }
}

/// A receiver that takes a message when it may.
struct Slow {
    address: SocketAddr,
    heard: Arc<AtomicUsize>,
    may_answer: Arc<Semaphore>,
}

impl Slow {
    async fn new() -> Self {
        let (heard, may_answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ears, mouth) = (Arc::clone(&heard), Arc::clone(&may_answer));
        tokio::spawn(async move {
            while let Ok((call, _)) = listener.accept().await {
                let (ears, mouth) = (Arc::clone(&ears), Arc::clone(&mouth));
                tokio::spawn(async move {
                    call.readable().await.unwrap();
                    ears.fetch_add(1, Ordering::Relaxed);
                    mouth.acquire().await.unwrap().forget();
                    call.try_read(&mut [0; 10_000]).unwrap();
                    call.try_write(b"HTTP/1.1 204 .\r\nconnection: close\r\n\r\n").unwrap();
                });
            }
        });
        Self { address, heard, may_answer }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many messages it heard.
    fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    /// Takes so many.
    fn takes(&self, messages: usize) {
        self.may_answer.add_permits(messages);
    }
}

/// Waits until something is so.
async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::task::yield_now().await;
    }
}
