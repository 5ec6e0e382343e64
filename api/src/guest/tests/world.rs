//! A small world: an owner with a gate and two intercoms, a clock set by hand, and browsers.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use authority::{Authorities, Authority};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use domain::api_key::{Verb, Verbs};
use domain::attempt::Evidence;
use domain::login::{Channel, Client};
use domain::name::{DeviceName, GuestName, KeyName};
use domain::secret::{
    ApiKeyToken, BoardToken, ClaimCode, EnrolmentSecret, LoginToken, Otp, SessionToken,
};
use domain::settings::{ExitGate, InviteDuration, MaxUsers};
use domain::share::Share;
use domain::{
    AttemptId, Clock, Dice, GateId, IntercomId, Leg, PhoneNumber, Settings, Timestamp, UserId,
};
use ring::signature::{Ed25519KeyPair, KeyPair};
use store::{
    Checkpoint, Guest, GuestPass, Invitation, Issue, Issued, Keys, Label, NewKey, Sending, Store,
    Vouch,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::courier::{Courier, Delivery, MessageId};
use crate::webhooks::Teller;
use crate::{Config, GateWelcome, Parts};

pub(crate) struct World {
    pub(crate) store: Store,
    /// The path that the QR of the owner's intercom opens.
    pub(crate) board: String,
    /// The same for another intercom.
    pub(crate) other_board: String,
    router: Router,
    pub(crate) authority: Authority,
    clock: Arc<Hand>,
    pub(crate) dice: Arc<Seeded>,
    pub(crate) owner: UserId,
    /// The owner's session token.
    pub(crate) session: String,
    pub(crate) gate: GateId,
    pub(crate) intercom: IntercomId,
    /// The owner's phone, which gets the pins.
    pub(crate) phone: Arc<Phone>,
    /// Stops the service when it is cancelled.
    pub(crate) stop: CancellationToken,
    serial: AtomicU64,
    folder: tempfile::TempDir,
}

impl World {
    /// Settings saved, the gate ready.
    pub(crate) async fn new() -> Self {
        Self::at("http://localhost:8080").await
    }

    pub(crate) async fn at(public_url: &str) -> Self {
        Self::at_hosts(public_url, None).await
    }

    /// The console under a name of its own.
    pub(crate) async fn at_hosts(public_url: &str, console_url: Option<&str>) -> Self {
        Self::with_all(public_url, console_url, lenient(Config::default())).await
    }

    /// With settings of its own.
    pub(crate) async fn with(config: Config) -> Self {
        Self::with_all("http://localhost:8080", None, lenient(config)).await
    }

    /// Webhooks lead to the public internet only, as usual; other tests have receivers here.
    pub(crate) async fn with_public_webhooks() -> Self {
        Self::with_all("http://localhost:8080", None, Config::default()).await
    }

    async fn with_all(public_url: &str, console_url: Option<&str>, config: Config) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("fluss.db").display());
        let phone = Arc::new(Phone::default());
        let (dice, clock) = (Arc::new(Seeded::default()), Arc::new(Hand::default()));
        let stop = CancellationToken::new();
        let keys = Keys { seal: [1; 32], pepper: [2; 32] };
        let store = Store::open(&url, &keys, dice.clone()).await.unwrap();
        let authority = Authority::create("test", clock.now().as_millis()).unwrap();
        let signing = Authority::from_pem(authority.ca_pem(), &authority.key_pem()).unwrap();
        let router = crate::router(Parts {
            store: store.clone(),
            clock: clock.clone(),
            dice: dice.clone(),
            courier: phone.clone(),
            teller: Teller::new(true).unwrap(),
            authorities: Arc::new(ArcSwap::from_pointee(Authorities { signing, other: None })),
            gate_welcome: GateWelcome {
                broker_host: "localhost".to_owned(),
                broker_port: 8883,
                command_keys: vec![("test".to_owned(), public_half(&signing_key()))],
            },
            ticket_key: [3; 32],
            config,
            login: crate::LoginConfig::default(),
            public_url: public_url.to_owned(),
            console_url: console_url.map(str::to_owned),
            stop: stop.clone(),
        });
        let router = router.unwrap();
        let (gate, intercom) =
            (GateId::new(&*dice, clock.now()), IntercomId::new(&*dice, clock.now()));
        let owner = UserId::new(&*dice, clock.now());
        let (board, other_board) = (String::new(), String::new());
        let serial = AtomicU64::new(0);
        let mut world = Self {
            store,
            board,
            other_board,
            router,
            authority,
            clock,
            dice,
            owner,
            session: String::new(),
            gate,
            intercom,
            phone,
            stop,
            serial,
            folder,
        };
        world.furnish().await;
        world
    }

    async fn furnish(&mut self) {
        (self.owner, self.session) = self.signs_in().await;
        let (id, now) = (self.gate, self.now());
        let (label, secret) = (self.label("Main Gate"), EnrolmentSecret::random(&*self.dice));
        let claim_code = label.claim_code.clone();
        self.store.devices().make_gate(id, label, secret, now).await.unwrap();
        self.claims(claim_code).await;
        self.board = self.makes_intercom(self.intercom, "Unit 4").await;
        let other = IntercomId::new(&*self.dice, now);
        self.other_board = self.makes_intercom(other, "Unit 9").await;
        let settings = Settings {
            entry_gate: self.gate,
            exit_gate: ExitGate::SameAsEntry,
            max_users: MaxUsers::default(),
            invite_duration: InviteDuration::default(),
            exit_grace: domain::settings::ExitGrace::default(),
        };
        let intercom = self.intercom.to_string();
        let saved = self.store.intercoms().save(self.owner, intercom, settings, 0, now).await;
        saved.unwrap().unwrap();
        self.gate_is_ready().await;
    }

    async fn signs_in(&self) -> (UserId, String) {
        self.signs_in_as("+27821234567").await
    }

    /// Signs in by the app; answers who it is and the token of their session.
    pub(crate) async fn signs_in_as(&self, number: &str) -> (UserId, String) {
        let (token, otp) = (LoginToken::random(&*self.dice), Otp::random(&*self.dice));
        let phone = PhoneNumber::parse(number, None).unwrap();
        let logins = self.store.logins();
        let (sending, now) = (Sending::default(), self.now());
        let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now);
        begun.await.unwrap().unwrap();
        let session = SessionToken::random(&*self.dice);
        let signed_in = logins.verify(token, otp, session.clone(), self.now()).await;
        (signed_in.unwrap().unwrap().user, session.reveal())
    }

    /// One more gate of the owner's; answers its serial number, its secret and its id.
    pub(crate) async fn makes_another_gate(&self) -> (String, String, GateId) {
        let (serial, claim_code, secret, id) = self.makes_a_spare().await;
        self.claims(claim_code).await;
        (serial, secret, id)
    }

    /// A gate that is nobody's yet.
    pub(crate) async fn makes_a_spare(&self) -> (String, ClaimCode, String, GateId) {
        let (id, now) = (GateId::new(&*self.dice, self.now()), self.now());
        let (label, secret) = (self.label("Side Gate"), EnrolmentSecret::random(&*self.dice));
        let (serial, claim_code) = (label.serial.clone(), label.claim_code.clone());
        self.store.devices().make_gate(id, label, secret.clone(), now).await.unwrap();
        (serial, claim_code, secret.reveal(), id)
    }

    async fn makes_intercom(&self, id: IntercomId, name: &str) -> String {
        let (label, board) = (self.label(name), BoardToken::random(&*self.dice));
        let (claim_code, path) = (label.claim_code.clone(), format!("/b/{}", board.reveal()));
        self.store.devices().make_intercom(id, label, board, self.now()).await.unwrap();
        self.claims(claim_code).await;
        path
    }

    /// An intercom that is nobody's yet.
    pub(crate) async fn makes_a_free_intercom(&self, name: &str) -> (IntercomId, ClaimCode) {
        let (id, label) = (IntercomId::new(&*self.dice, self.now()), self.label(name));
        let (claim_code, board) = (label.claim_code.clone(), BoardToken::random(&*self.dice));
        self.store.devices().make_intercom(id, label, board, self.now()).await.unwrap();
        (id, claim_code)
    }

    /// The owner shares the intercom with the holder of a number.
    pub(crate) async fn shares_with(&self, number: &str, one_time_access: bool) {
        self.shares(&self.intercom.to_string(), number, one_time_access).await;
    }

    /// The owner shares a device with the holder of a number.
    pub(crate) async fn shares(&self, device: &str, number: &str, one_time_access: bool) {
        let (id, phone) = (device.to_owned(), PhoneNumber::parse(number, None).unwrap());
        let people = self.store.people();
        let shared = people.share(self.owner, id, phone, one_time_access, self.now()).await;
        shared.unwrap().unwrap();
    }

    /// The owner shares devices with the holder of a number, who signs in; answers their session.
    pub(crate) async fn shared(&self, devices: &[String], share: Share, number: &str) -> String {
        let phone = PhoneNumber::parse(number, None).unwrap();
        for device in devices {
            let invitation = Invitation { phone: phone.clone(), share, name: None, notes: None };
            let people = self.store.people();
            let invited = people.invite(self.owner, device.clone(), invitation, self.now()).await;
            invited.unwrap().unwrap();
        }
        self.signs_in_as(number).await.1
    }

    /// The owner makes an API key; answers its id and what its holder shows.
    pub(crate) async fn makes_a_key(&self, verbs: &[Verb], devices: &[String]) -> (String, String) {
        let token = ApiKeyToken::random(&*self.dice);
        let (user, verbs) = (self.owner, Verbs::new(verbs.to_vec()).unwrap());
        let (name, devices) = (KeyName::parse("Home").unwrap(), devices.to_vec());
        let new = NewKey { user, name, verbs, devices, token: token.clone() };
        let made = self.store.api_keys().make(new, self.now()).await.unwrap().unwrap();
        (made.id.to_string(), token.reveal())
    }

    /// The owner gives the intercom and its gate to the holder of a number.
    pub(crate) async fn transfers_to(&self, number: &str) {
        let (id, phone) = (self.intercom.to_string(), PhoneNumber::parse(number, None).unwrap());
        let (devices, gates) = (self.store.devices(), vec![self.gate]);
        let given = devices.transfer(self.owner, id, phone, gates, self.now()).await;
        given.unwrap().unwrap();
    }

    fn label(&self, name: &str) -> Label {
        Label {
            serial: format!("S{}", self.serial.fetch_add(1, Ordering::Relaxed)),
            name: DeviceName::parse(name).unwrap(),
            time_zone: "Africa/Johannesburg".to_owned(),
            claim_code: ClaimCode::random(&*self.dice),
        }
    }

    async fn claims(&self, code: ClaimCode) {
        let claimed = self.store.devices().claim(self.owner, code, None, self.now()).await;
        claimed.unwrap().unwrap();
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn later(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) async fn gate_is_ready(&self) {
        let (gates, nonce) = (self.store.gates(), domain::roll(&*self.dice));
        let raised = gates.hello(self.gate, nonce, "test".to_owned(), self.now()).await;
        let epoch = raised.unwrap().unwrap().epoch;
        let ready = gates.ready(self.gate, nonce, epoch, Vec::new(), self.now()).await;
        assert!(ready.unwrap());
    }

    /// The owner saves other settings over the first ones.
    pub(crate) async fn saves_again(&self, settings: Settings) {
        let id = self.intercom.to_string();
        let saved = self.store.intercoms().save(self.owner, id, settings, 1, self.now()).await;
        saved.unwrap().unwrap();
    }

    pub(crate) async fn gate_is_gone(&self) {
        self.store.gates().forget_who_is_ready(self.now()).await.unwrap();
    }

    /// Lets guests of the intercom call its owner, or not any more.
    pub(crate) async fn lets_guests_call(&self, allowed: bool) {
        let (intercoms, id) = (self.store.intercoms(), self.intercom.to_string());
        let saved = intercoms.let_guests_call(self.owner, id, allowed, self.now()).await;
        assert_eq!(saved.unwrap().unwrap().is_some(), allowed);
    }

    /// Every byte that is kept.
    pub(crate) fn books(&self) -> Vec<Vec<u8>> {
        let kept = ["fluss.db", "fluss.db-wal"].map(|name| self.folder.path().join(name));
        kept.map(|file| std::fs::read(file).unwrap()).to_vec()
    }

    pub(crate) async fn renames_intercom(&self, name: &str) {
        let (id, name) = (self.intercom.to_string(), DeviceName::parse(name).unwrap());
        self.store.devices().rename(self.owner, id, name, self.now()).await.unwrap().unwrap();
    }

    pub(crate) async fn issues(&self) -> Issued {
        self.issues_to("Thandi").await
    }

    pub(crate) async fn issues_to(&self, name: &str) -> Issued {
        let count = self.serial.fetch_add(1, Ordering::Relaxed);
        let mobile = PhoneNumber::parse(&format!("+2782555{count:04}"), None).unwrap();
        let guest = Guest { name: GuestName::parse(name).unwrap(), mobile };
        let (user, device) = (self.owner, self.intercom.to_string());
        let issue = Issue { user, device, guest, key: count.to_string() };
        self.store.codes().issue(issue, self.now()).await.unwrap().unwrap()
    }

    pub(crate) async fn revokes(&self, issued: &Issued) {
        let revoked = self.store.codes().revoke(self.owner, issued.pass.code.id, self.now()).await;
        revoked.unwrap().unwrap();
    }

    /// The owner opens the gate for who is inside.
    pub(crate) async fn lets_out(&self, issued: &Issued) {
        self.lets_through(issued, Leg::Exit).await;
    }

    /// The owner opens the gate for the guest of a code.
    pub(crate) async fn lets_through(&self, issued: &Issued, leg: Leg) -> AttemptId {
        let code = issued.pass.code.id;
        let vouch = Vouch { user: self.owner, code, leg, key: "by the host".to_owned() };
        self.store.redemptions().vouch(vouch, self.now()).await.unwrap().unwrap().id
    }

    pub(crate) async fn look(&self, issued: &Issued) -> GuestPass {
        let pass = self.store.redemptions().by_link(&issued.pass.link, self.now()).await;
        pass.unwrap().unwrap()
    }

    /// The service signs how far each story has come.
    pub(crate) async fn signs_all(&self) {
        let events = self.store.events();
        for head in events.to_sign(self.now()).await.unwrap() {
            let sig =
                BASE64URL_NOPAD.encode(signing_key().sign(head.to_sign().as_bytes()).as_ref());
            events.keep(Checkpoint { head, kid: "test".to_owned(), sig }).await.unwrap();
        }
    }

    /// The bridge sends the command of the latest attempt.
    pub(crate) async fn is_sent(&self, issued: &Issued) {
        let latest = self.look(issued).await.latest.unwrap();
        assert!(self.store.attempts().claim(latest.id, self.now()).await.unwrap().is_some());
    }

    /// The gate reports on what was sent to it already.
    pub(crate) async fn gate_tells(&self, issued: &Issued, evidence: Evidence) {
        let id = self.look(issued).await.latest.unwrap().id;
        let settled = self.store.attempts().settle(self.gate, id, evidence, self.now()).await;
        settled.unwrap().unwrap();
    }

    /// The bridge sends the command of the latest attempt, and a second later the gate reports.
    pub(crate) async fn gate_reports(&self, issued: &Issued, evidence: Evidence) {
        self.is_sent(issued).await;
        self.later(Duration::from_secs(1));
        self.gate_tells(issued, evidence).await;
    }

    /// A browser that nobody used yet.
    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: None }
    }

    /// The owner's app asks for something.
    pub(crate) async fn owner_asks(&self, method: Method, path: &str, body: &str) -> Seen {
        self.owner_sends(method, path, "application/json", body).await
    }

    /// The same with a body of any type.
    pub(crate) async fn owner_sends(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: &str,
    ) -> Seen {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.session));
        let request = request.header(header::CONTENT_TYPE, kind);
        let request = request.header(header::IF_MATCH, "\"0\"");
        let request = request.header("idempotency-key", "press");
        self.browser().send(request, Body::from(body.to_owned())).await
    }

    /// The app with this session, if any, asks for something that may go on.
    pub(crate) async fn answers(
        &self,
        session: Option<&str>,
        method: Method,
        path: &str,
        body: String,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(session) = session {
            request = request.header(header::AUTHORIZATION, format!("Bearer {session}"));
        }
        let kind = if path.ends_with("/import") { "text/csv" } else { "application/json" };
        let request = request.header(header::CONTENT_TYPE, kind);
        let request = request.header(header::IF_MATCH, "\"1\"");
        let request = request.header("idempotency-key", "press");
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    /// The owner's app opens an answer that goes on, behind the last event that it has.
    pub(crate) async fn owner_listens(&self, path: &str, last: Option<&str>) -> Response {
        let request = Request::get(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.session));
        let request = match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        };
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// This address, the one of all browsers here, has guessed as often as it may.
    pub(crate) async fn has_guessed_too_often(&self) {
        let mut stranger = self.browser();
        let unknown = "/AAAAAAAAAAAAAAAAAAAAAA";
        while stranger.get(unknown).await.status != StatusCode::TOO_MANY_REQUESTS {}
    }

    /// A browser whose guest has come in, without a fault or a wait.
    pub(crate) async fn lets_in(&self, issued: &Issued) -> Browser {
        let mut browser = self.browser();
        let form = browser.stands_at(issued, &self.board).await;
        form.send(&mut browser, &digits(issued)).await.leads_to(issued);
        self.gate_reports(issued, Evidence::Executed).await;
        browser
    }
}

fn lenient(config: Config) -> Config {
    Config { webhooks_to_private_addresses: true, ..config }
}

/// By which the service signs.
fn signing_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap()
}

fn public_half(key: &Ed25519KeyPair) -> String {
    BASE64URL_NOPAD.encode(key.public_key().as_ref())
}

pub(crate) fn link(issued: &Issued) -> String {
    format!("/{}", issued.pass.link.reveal())
}

pub(crate) fn digits(issued: &Issued) -> String {
    issued.pass.code.passcode.reveal()
}

/// Four digits that are not the code.
pub(crate) fn wrong_digits(issued: &Issued) -> &'static str {
    if digits(issued) == "4711" { "4712" } else { "4711" }
}

/// A browser with its cookie jar.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.post_with(path, fields, &[]).await
    }

    pub(crate) async fn post_with(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(HeaderName, &str)],
    ) -> Seen {
        let fields: Vec<String> =
            fields.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let kind = "application/x-www-form-urlencoded";
        let mut request = Request::post(path).header(header::CONTENT_TYPE, kind);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.send(request, Body::from(fields.join("&"))).await
    }

    pub(crate) async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Seen {
        let cookie = self.cookie.as_deref().unwrap_or_default();
        let request = request.header(header::COOKIE, cookie).body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        Seen { status: head.status, headers: head.headers, body }
    }

    /// Opens an answer that goes on, and leaves it open.
    pub(crate) async fn opens(&self, path: &str) -> Response {
        let cookie = self.cookie.as_deref().unwrap_or_default();
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty());
        self.router.clone().oneshot(request.unwrap()).await.unwrap()
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, rest) = cookie.split_once(';').unwrap();
        let name = format!("{}=", pair.split('=').next().unwrap());
        let jar = self.cookie.take().unwrap_or_default();
        let kept = jar.split("; ").filter(|one| !one.is_empty() && !one.starts_with(&name));
        let fresh = (!rest.contains("Max-Age=0;")).then_some(pair);
        let jar: Vec<&str> = kept.chain(fresh).collect();
        self.cookie = Some(jar.join("; ")).filter(|jar| !jar.is_empty());
    }

    /// Opens the link, scans a board, and reads the form there.
    pub(crate) async fn stands_at(&mut self, issued: &Issued, board: &str) -> Filled {
        self.get(&link(issued)).await.is(StatusCode::OK);
        let page = self.get(board).await.is(StatusCode::OK);
        Filled { action: "/enter", ticket: Some(page.hidden("ticket")), key: page.hidden("key") }
    }

    /// Opens the link and reads the form for the way out.
    pub(crate) async fn is_leaving(&mut self, issued: &Issued) -> Filled {
        let page = self.get(&link(issued)).await.is(StatusCode::OK);
        assert!(page.body.contains(r#"action="/exit""#), "{}", page.body);
        Filled { action: "/exit", ticket: None, key: page.hidden("key") }
    }
}

/// A form as it stands on a page.
#[derive(Clone)]
pub(crate) struct Filled {
    pub(crate) action: &'static str,
    pub(crate) ticket: Option<String>,
    pub(crate) key: String,
}

impl Filled {
    pub(crate) async fn send(&self, browser: &mut Browser, code: &str) -> Seen {
        let mut fields = vec![("code", code), ("key", self.key.as_str())];
        fields.extend(self.ticket.as_deref().map(|ticket| ("ticket", ticket)));
        browser.post(self.action, &fields).await
    }
}

/// An answer.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    #[track_caller]
    pub(crate) fn is(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.body.contains(words), "{words:?} is not in {}", self.body);
        self
    }

    /// A problem document with this code.
    #[track_caller]
    pub(crate) fn refuses(self, status: StatusCode, code: &str) -> Self {
        let seen = self.is(status);
        assert_eq!(seen.header("content-type"), "application/problem+json");
        seen.says(&format!(r#""code":"{code}""#))
    }

    #[track_caller]
    pub(crate) fn leads_to(self, issued: &Issued) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        assert_eq!(self.header("location"), link(issued));
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, words: &str) -> Self {
        assert!(!self.body.contains(words), "{words:?} is in {}", self.body);
        self
    }

    /// Whether it asks for the digits.
    pub(crate) fn has_form(&self) -> bool {
        self.body.contains(r#"name="code""#)
    }

    /// The value of a hidden field.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let before = format!(r#"type="hidden" name="{name}" value=""#);
        let rest = self.body.split(&before).nth(1);
        let value = rest.and_then(|rest| rest.split('"').next());
        value.unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }
}

/// A phone that keeps the pins that reach it.
#[derive(Default)]
pub(crate) struct Phone {
    pins: Mutex<Vec<(Channel, String)>>,
}

impl Phone {
    /// The latest pin, and how it came.
    pub(crate) fn pin(&self) -> (Channel, String) {
        self.pins.lock().unwrap().last().unwrap().clone()
    }

    /// How many came.
    pub(crate) fn pins(&self) -> usize {
        self.pins.lock().unwrap().len()
    }
}

impl Courier for Phone {
    fn deliver<'a>(&'a self, channel: Channel, _: &'a PhoneNumber, pin: &'a Otp) -> Delivery<'a> {
        self.pins.lock().unwrap().push((channel, pin.reveal()));
        Box::pin(std::future::ready(Ok(MessageId(String::new()))))
    }
}

/// A clock that stands still until it is set.
struct Hand(AtomicI64);

impl Default for Hand {
    fn default() -> Self {
        Self(AtomicI64::new(1_780_000_000_000))
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Dice that fall the same way in each world (splitmix64).
pub(crate) struct Seeded(Mutex<u64>);

impl Default for Seeded {
    fn default() -> Self {
        Self(Mutex::new(7))
    }
}

impl Dice for Seeded {
    fn roll(&self, into: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for byte in into {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = mixed.to_be_bytes()[7];
        }
    }
}
