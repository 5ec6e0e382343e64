//! A small world: one owner, one gate, one intercom, and a clock set by hand.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::access_code::Refusal;
use domain::channel::Wish;
use domain::login::{Channel, Client};
use domain::name::{DeviceName, GuestName};
use domain::secret::{
    BoardToken, ClaimCode, EnrolmentSecret, LinkToken, LoginToken, Otp, SessionToken,
};
use domain::settings::{ExitGate, InviteDuration, MaxUsers};
use domain::{Attempt, Dice, GateId, IntercomId, Leg, PhoneNumber, Settings, Timestamp, UserId};
use store::{
    Certificate, Fingerprint, Guest, Issue, IssueRefusal, Issued, Keys, Label, Redeem, Refused,
    SaveRefusal, SavedSettings, Sending, SignedIn, Store, Vouch, VouchRefusal,
};

pub(crate) const KEYS: Keys = Keys { seal: [1; 32], pepper: [2; 32] };

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) dice: Arc<Seeded>,
    pub(crate) owner: UserId,
    pub(crate) gate: GateId,
    pub(crate) intercom: IntercomId,
    pub(crate) url: String,
    now: AtomicI64,
    serial: AtomicU64,
    /// Holds the SQLite file's folder, if there is one.
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("fluss.db").display());
        Self::on(url, Some(folder)).await
    }

    pub(crate) async fn on_postgres() -> Option<Self> {
        let url = crate::postgres::fresh_database().await?;
        Some(Self::on(url, None).await)
    }

    /// An owner with a gate and an intercom; settings not saved yet, gate not there yet.
    async fn on(url: String, folder: Option<tempfile::TempDir>) -> Self {
        let dice = Arc::new(Seeded::default());
        let store = Store::open(&url, &KEYS, dice.clone()).await.expect("opens");
        let now = AtomicI64::new(1_780_000_000_000);
        let start = Timestamp::from_millis(now.load(Ordering::Relaxed));
        let (gate, intercom) = (GateId::new(&*dice, start), IntercomId::new(&*dice, start));
        let owner = UserId::new(&*dice, start);
        let serial = AtomicU64::new(0);
        let mut world =
            Self { store, dice, owner, gate, intercom, url, now, serial, _folder: folder };
        world.owner = world.signs_in("+27821234567").await.user;
        world.gate = world.makes_gate(world.owner, "Main Gate").await;
        world.intercom = world.makes_intercom(world.owner, "Unit 4").await;
        world
    }

    /// The usual world: settings saved, the gate ready in epoch 1.
    pub(crate) async fn ready(self) -> Self {
        self.saves(self.settings()).await.expect("saves");
        self.gate_is_ready(self.gate, &[]).await;
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }

    pub(crate) fn later(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).expect("a span");
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    /// Somebody sets the clock back.
    pub(crate) fn earlier(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).expect("a span");
        self.now.fetch_sub(millis, Ordering::Relaxed);
    }

    pub(crate) fn phone(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text, None).expect("a phone number")
    }

    /// By SMS, asked for on this machine, by the rules of a fresh installation.
    pub(crate) fn sending() -> Sending {
        let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Sending {
            wish: Wish { asked: Some(Channel::Sms), ..Wish::default() },
            network,
            rules: Arc::default(),
        }
    }

    pub(crate) async fn signs_in(&self, phone: &str) -> SignedIn {
        let (token, otp) = (LoginToken::random(&*self.dice), Otp::random(&*self.dice));
        let begun = self.store.logins().begin(
            Self::phone(phone),
            Client::App,
            otp.clone(),
            token.clone(),
            Sending::default(),
            self.now(),
        );
        begun.await.expect("no fault").expect("a pin may go out");
        let session = SessionToken::random(&*self.dice);
        let verified = self.store.logins().verify(token, otp, session, self.now()).await;
        verified.expect("no fault").expect("the right pin")
    }

    pub(crate) async fn makes_gate(&self, owner: UserId, name: &str) -> GateId {
        let id = GateId::new(&*self.dice, self.now());
        let secret = EnrolmentSecret::random(&*self.dice);
        let label = self.label(name);
        let claim_code = label.claim_code.clone();
        let made = self.store.devices().make_gate(id, label, secret, self.now());
        made.await.expect("makes");
        self.claims(owner, claim_code).await;
        id
    }

    pub(crate) async fn makes_intercom(&self, owner: UserId, name: &str) -> IntercomId {
        let id = IntercomId::new(&*self.dice, self.now());
        let board = BoardToken::random(&*self.dice);
        let label = self.label(name);
        let claim_code = label.claim_code.clone();
        let made = self.store.devices().make_intercom(id, label, board, self.now());
        made.await.expect("makes");
        self.claims(owner, claim_code).await;
        id
    }

    /// A certificate as the service signs it now.
    pub(crate) fn certificate(&self, fingerprint: Fingerprint) -> Certificate {
        let Fingerprint([first, ..]) = fingerprint;
        let expires_at = self.now() + Duration::from_hours(90 * 24);
        Certificate { fingerprint, serial: [first; 16], public_key: vec![first], expires_at }
    }

    pub(crate) fn label(&self, name: &str) -> Label {
        Label {
            serial: format!("S{}", self.serial.fetch_add(1, Ordering::Relaxed)),
            name: DeviceName::parse(name).expect("a name"),
            time_zone: "Africa/Johannesburg".to_owned(),
            claim_code: ClaimCode::random(&*self.dice),
        }
    }

    async fn claims(&self, owner: UserId, code: ClaimCode) {
        let claimed = self.store.devices().claim(owner, code, None, self.now()).await;
        claimed.expect("no fault").expect("claims");
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            entry_gate: self.gate,
            exit_gate: ExitGate::SameAsEntry,
            max_users: MaxUsers::default(),
            invite_duration: InviteDuration::default(),
            exit_grace: domain::settings::ExitGrace::default(),
        }
    }

    /// Saves over whatever was saved before.
    pub(crate) async fn saves(&self, settings: Settings) -> Result<SavedSettings, SaveRefusal> {
        let intercoms = self.store.intercoms();
        let before = intercoms.settings(self.owner, self.intercom.to_string(), self.now()).await;
        let before = before.expect("no fault").map_err(SaveRefusal::Settings)?;
        let version = before.map_or(0, |saved| saved.version);
        let id = self.intercom.to_string();
        intercoms.save(self.owner, id, settings, version, self.now()).await.expect("no fault")
    }

    /// A gate says hello and ready, with this ledger.
    pub(crate) async fn gate_is_ready(&self, gate: GateId, ledger: &[domain::AttemptId]) -> u64 {
        let nonce: [u8; 16] = domain::roll(&*self.dice);
        let gates = self.store.gates();
        let raised = gates.hello(gate, nonce, "test".to_owned(), self.now()).await;
        let epoch = raised.expect("no fault").expect("a known gate").epoch;
        let ready = gates.ready(gate, nonce, epoch, ledger.to_vec(), self.now()).await;
        assert!(ready.expect("no fault"), "the ready belongs to the hello");
        epoch
    }

    /// A number that was not given out before.
    pub(crate) fn next(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// The kinds of all that happened at the gate.
    pub(crate) async fn told_of_the_gate(&self) -> Vec<String> {
        self.store.events().file(self.now()).await.expect("no fault");
        let told = self.store.events().of_device(self.gate.to_string(), 100).await;
        told.expect("no fault").into_iter().map(|event| event.kind).collect()
    }

    pub(crate) fn guest(&self) -> Guest {
        let last = self.next();
        Guest {
            name: GuestName::parse("Thandi").expect("a name"),
            mobile: Self::phone(&format!("+2782555{:04}", last % 10_000)),
        }
    }

    pub(crate) async fn asks_for_a_code(&self, guest: Guest) -> Result<Issued, IssueRefusal> {
        let key = format!("key-{}", self.serial.fetch_add(1, Ordering::Relaxed));
        let device = self.intercom.to_string();
        let issue = Issue { user: self.owner, device, guest, key };
        self.store.codes().issue(issue, self.now()).await.expect("no fault")
    }

    pub(crate) async fn issues(&self) -> Issued {
        self.asks_for_a_code(self.guest()).await.expect("a code")
    }

    pub(crate) fn asks_in(&self, issued: &Issued) -> Redeem {
        Redeem {
            link: issued.pass.link.clone(),
            leg: Leg::Entry,
            typed: issued.pass.code.passcode.clone(),
            scanned: Some(self.intercom),
            key: format!("press-{}", self.serial.fetch_add(1, Ordering::Relaxed)),
        }
    }

    pub(crate) fn asks_out(&self, issued: &Issued) -> Redeem {
        Redeem { leg: Leg::Exit, scanned: None, ..self.asks_in(issued) }
    }

    pub(crate) async fn redeems(&self, redeem: Redeem) -> Result<Attempt, Refused> {
        self.store.redemptions().redeem(redeem, self.now()).await.expect("no fault")
    }

    pub(crate) async fn refused(&self, redeem: Redeem) -> Refusal {
        match self.redeems(redeem).await {
            Err(Refused::Rule(refusal)) => refusal,
            other => panic!("expected a refusal by rule, got {other:?}"),
        }
    }

    pub(crate) fn vouches(&self, issued: &Issued, leg: Leg) -> Vouch {
        let key = format!("tap-{}", self.serial.fetch_add(1, Ordering::Relaxed));
        Vouch { user: self.owner, code: issued.pass.code.id, leg, key }
    }

    pub(crate) async fn lets_through(&self, vouch: Vouch) -> Result<Attempt, VouchRefusal> {
        self.store.redemptions().vouch(vouch, self.now()).await.expect("no fault")
    }

    /// The bridge sends the command and the gate opens.
    pub(crate) async fn gate_opens(&self, attempt: &Attempt) {
        self.bridge_sends(attempt).await.expect("may be sent");
        let opened = domain::attempt::Evidence::Executed;
        let settled = self.store.attempts().settle(attempt.gate, attempt.id, opened, self.now());
        let news = Some(domain::attempt::Settlement::News);
        assert_eq!(settled.await.expect("no fault"), news);
    }

    pub(crate) async fn bridge_sends(&self, attempt: &Attempt) -> Option<Attempt> {
        self.store.attempts().claim(attempt.id, self.now()).await.expect("no fault")
    }

    /// A code whose guest is inside.
    pub(crate) async fn issues_and_lets_in(&self) -> Issued {
        let issued = self.issues().await;
        let attempt = self.redeems(self.asks_in(&issued)).await.expect("lets in");
        self.gate_opens(&attempt).await;
        issued
    }

    pub(crate) async fn revokes(&self, issued: &Issued) {
        let (codes, id) = (self.store.codes(), issued.pass.code.id);
        codes.revoke(self.owner, id, self.now()).await.expect("no fault").expect("revokes");
    }

    pub(crate) async fn look(&self, link: &LinkToken) -> store::GuestPass {
        let pass = self.store.redemptions().by_link(link, self.now()).await.expect("no fault");
        pass.expect("a pass")
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
        let mut state = self.0.lock().expect("not poisoned");
        for byte in into {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = mixed.to_be_bytes()[7];
        }
    }
}
