//! What gates say, down to the database; nothing is connected.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use domain::login::Client;
use domain::name::DeviceName;
use domain::secret::{ClaimCode, EnrolmentSecret, LoginToken, Otp, SessionToken};
use domain::{AttemptId, Clock, Dice, PhoneNumber, UserId};
use protocol::{CommandId, NotExecuted, Outcome, SigningKey};
use rcgen::{KeyPair, PublicKeyData, SigningKey as _};
use store::{Certificate, Fingerprint, Keys, Label, Sending, Store};
use tempfile::TempDir;

use super::*;
use crate::connection::Latest;

const FIRST: Nonce = Nonce([1; 16]);
const SECOND: Nonce = Nonce([2; 16]);

#[tokio::test]
async fn a_gate_that_said_hello_and_ready_can_be_opened_until_it_is_gone() {
    let world = World::new().await;
    world.hears(&[hello(FIRST), world.ready(FIRST, 1)]).await;
    assert!(world.gate_is_ready().await);
    world.hears(&[hello(SECOND), world.ready(SECOND, 2), goodbye(SECOND)]).await;
    assert!(!world.gate_is_ready().await);
}

#[tokio::test]
async fn the_words_of_one_gate_keep_their_order() {
    let world = World::new().await;
    let mut words = Vec::new();
    for epoch in 1..=30 {
        let nonce = Nonce([epoch; 16]);
        words.extend([hello(nonce), world.ready(nonce, epoch.into()), goodbye(nonce)]);
    }
    words.extend([hello(FIRST), world.ready(FIRST, 31)]);
    world.hears(&words).await;
    assert!(world.gate_is_ready().await);
    assert_eq!(
        world.office.ignored.load(Ordering::Relaxed),
        0,
        "each ready answered the last hello"
    );
}

#[tokio::test]
async fn a_will_that_names_an_older_hello_of_the_connection_is_believed() {
    let world = World::new().await;
    let renewed = [hello(FIRST), world.ready(FIRST, 1), hello(SECOND), world.ready(SECOND, 2)];
    world.hears(&[renewed.as_slice(), &[goodbye(FIRST)]].concat()).await;
    assert!(!world.gate_is_ready().await);
}

#[tokio::test]
async fn after_a_new_connection_an_old_goodbye_changes_nothing() {
    let world = World::new().await;
    world
        .hears(&[hello(FIRST), world.ready(FIRST, 1), hello(SECOND), world.ready(SECOND, 2)])
        .await;
    world.hears(&[goodbye(FIRST)]).await;
    assert!(world.gate_is_ready().await, "the roll call of the new connection decides");
}

#[tokio::test]
async fn a_ready_that_answers_no_last_hello_is_ignored() {
    let world = World::new().await;
    world
        .hears(&[hello(FIRST), hello(SECOND), world.ready(FIRST, 1), world.ready(SECOND, 1)])
        .await;
    assert!(!world.gate_is_ready().await);
    assert_eq!(world.office.ignored.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn strangers_and_rubbish_are_counted_and_nothing_else() {
    let world = World::new().await;
    let inbox = Inbox::open(&world.office);
    let stranger = topic_of(GateId::from_bytes([9; 16]), Up::Hello);
    let own = topic_of(world.gate, Up::Status);
    let presence = topic_of(world.gate, Up::Presence);
    let unknown = AttemptId::from_bytes([3; 16]);
    let report = Status::new(CommandId(unknown.to_bytes()), 1, Outcome::Executed);
    let report = world.signed(report);
    for (topic, body) in [
        ("nothing/of/ours", b"{}".to_vec()),
        ("fluss/v1/gates/somebody/hello", Hello::new(FIRST, "").to_bytes()),
        (&stranger, Hello::new(FIRST, "").to_bytes()),
        (&own, b"{\"v\":1}".to_vec()),
        (&own, vec![0xff; 5000]),
        (&own, report),
        (
            &presence,
            [br#"{"v":1,"online":true,"nonce":""#, FIRST.to_string().as_bytes(), b"\"}"].concat(),
        ),
    ] {
        inbox.put(topic, &body).unwrap();
    }
    inbox.close().await;
    assert_eq!(world.office.ignored.load(Ordering::Relaxed), 7);
}

#[tokio::test]
async fn what_another_process_may_have_claimed_is_never_sent_again() {
    let mut world = World::new().await;
    world.hears(&[hello(FIRST), hello(FIRST), world.ready(FIRST, 1)]).await;
    assert!(world.office.hello_age(world.gate, 1).is_some(), "it may send in this epoch");

    world.restarts();
    world.hears(&[hello(FIRST), world.ready(FIRST, 1)]).await;
    assert!(world.office.hello_age(world.gate, 1).is_none(), "the same words bring nothing back");
    world.hears(&[hello(SECOND), world.ready(SECOND, 2)]).await;
    assert!(world.office.hello_age(world.gate, 2).is_some(), "a fresh hello does");
    assert!(world.gate_is_ready().await);
}

#[tokio::test]
async fn a_report_that_another_key_signed_changes_nothing() {
    let world = World::new().await;
    world.hears(&[hello(FIRST)]).await;
    let said = Ready::new(FIRST, 1, Vec::new());
    let stranger = KeyPair::generate().expect("a key");
    let by_a_stranger = by(&stranger, world.gate, said.clone());
    let by_nobody = Signed { said: said.clone(), sig: String::new() }.to_bytes();
    let of_another_gate = by(&world.key, GateId::from_bytes([9; 16]), said);
    for forged in [by_a_stranger, by_nobody, of_another_gate] {
        world.hears(&[(Up::Ready, forged)]).await;
        assert!(!world.gate_is_ready().await);
    }
    assert_eq!(world.office.ignored.load(Ordering::Relaxed), 3);
    world.hears(&[world.ready(FIRST, 1)]).await;
    assert!(world.gate_is_ready().await, "its own word counts");
}

#[tokio::test]
async fn a_report_counts_under_the_present_and_the_next_key_until_the_next_is_used() {
    let mut world = World::new().await;
    let [present, next] = [Fingerprint([1; 32]), Fingerprint([2; 32])];
    let next_key = KeyPair::generate().expect("a key");
    let later = Stopped.now() + domain::gate::RENEWAL_AGE;
    let renewed = world.store.devices().renewed(present, papers(next, &next_key), later).await;
    renewed.expect("no fault").expect("it is time");
    world.hears(&[hello(FIRST), world.ready(FIRST, 1)]).await;
    assert!(world.gate_is_ready().await, "the present key counts until the next is used");

    let taken = world.store.registry().identify(next, Stopped.now()).await;
    taken.expect("no fault").expect("the broker takes it");
    world.hears(&[hello(SECOND), world.ready(SECOND, 2)]).await;
    assert!(!world.gate_is_ready().await, "its time is over");
    assert_eq!(world.office.ignored.load(Ordering::Relaxed), 1);
    world.key = next_key;
    world.hears(&[world.ready(SECOND, 2)]).await;
    assert!(world.gate_is_ready().await, "the ready of the new connection settles it");
}

#[tokio::test]
async fn when_a_lane_is_full_the_connection_must_end() {
    let world = World::new().await;
    let inbox = Inbox::open(&world.office);
    let (topic, body) = (topic_of(world.gate, Up::Status), {
        let outcome = Outcome::NotExecuted { why: NotExecuted::TooLate };
        world.signed(Status::new(CommandId([3; 16]), 1, outcome))
    });
    // Nothing else runs on this thread meanwhile, so nothing is taken out.
    for _ in 0..LANE_LENGTH {
        inbox.put(&topic, &body).unwrap();
    }
    assert!(inbox.put(&topic, &body).is_err());
    inbox.close().await;
}

fn hello(nonce: Nonce) -> (Up, Vec<u8>) {
    (Up::Hello, Hello::new(nonce, "test\u{7} 1").to_bytes())
}

fn goodbye(nonce: Nonce) -> (Up, Vec<u8>) {
    (Up::Presence, Presence::gone(nonce).to_bytes())
}

/// A report with the signature that a gate would make.
fn by<T: Report>(key: &KeyPair, gate: GateId, said: T) -> Vec<u8> {
    let name = protocol::GateId::parse(&gate.to_string()).expect("an id");
    let signature = key.sign(said.to_sign(&name).as_bytes()).expect("signs");
    Signed::new(said, &signature).to_bytes()
}

fn papers(fingerprint: Fingerprint, key: &KeyPair) -> Certificate {
    let expires_at = Stopped.now() + domain::gate::CERTIFICATE_LIFETIME;
    let public_key = key.subject_public_key_info();
    Certificate { fingerprint, serial: [1; 16], public_key, expires_at }
}

fn topic_of(gate: GateId, up: Up) -> String {
    let gate = protocol::GateId::parse(&gate.to_string()).expect("an id");
    Topic::Up(gate, up).to_string()
}

/// One gate and its owner.
struct World {
    office: Arc<Office>,
    store: Store,
    owner: UserId,
    gate: GateId,
    key: KeyPair,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("fluss.db").display());
        let keys = Keys { seal: [1; 32], pepper: [2; 32] };
        let store = Store::open(&url, &keys, Arc::new(Counting)).await.expect("opens");
        let now = Stopped.now();
        let (token, otp) = (LoginToken::random(&Counting), Otp::random(&Counting));
        let phone = PhoneNumber::parse("+27821234567", None).expect("a number");
        let (logins, sending) = (store.logins(), Sending::default());
        let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now);
        begun.await.expect("no fault").expect("a pin may go out");
        let session = SessionToken::random(&Counting);
        let signed_in = store.logins().verify(token, otp, session, now).await;
        let owner = signed_in.expect("no fault").expect("the right pin").user;
        let (gate, claim_code) = (GateId::new(&Counting, now), ClaimCode::random(&Counting));
        let label = Label {
            serial: "S1".to_owned(),
            name: DeviceName::parse("Main gate").expect("a name"),
            time_zone: "UTC".to_owned(),
            claim_code: claim_code.clone(),
        };
        let secret = EnrolmentSecret::random(&Counting);
        store.devices().make_gate(gate, label, secret.clone(), now).await.expect("makes");
        let own = KeyPair::generate().expect("a key");
        let papers = papers(Fingerprint([1; 32]), &own);
        let enrolled = store.devices().enrolled("S1".to_owned(), secret, papers, now).await;
        enrolled.expect("no fault").expect("the right label");
        let claimed = store.devices().claim(owner, claim_code, None, now).await;
        claimed.expect("no fault").expect("claims");
        let office = office_of(&store);
        Self { office, store, owner, gate, key: own, _folder: folder }
    }

    /// The process dies, and another takes its place.
    fn restarts(&mut self) {
        self.office = office_of(&self.store);
    }

    /// What the gate reports, as it stands on the wire.
    fn signed<T: Report>(&self, said: T) -> Vec<u8> {
        by(&self.key, self.gate, said)
    }

    fn ready(&self, nonce: Nonce, epoch: u64) -> (Up, Vec<u8>) {
        (Up::Ready, self.signed(Ready::new(nonce, epoch, Vec::new())))
    }

    /// All that the gate says on one connection.
    async fn hears(&self, words: &[(Up, Vec<u8>)]) {
        let inbox = Inbox::open(&self.office);
        for (up, body) in words {
            inbox.put(&topic_of(self.gate, *up), body).expect("there is room");
        }
        inbox.close().await;
    }

    async fn gate_is_ready(&self) -> bool {
        let device =
            self.store.devices().details(self.owner, self.gate.to_string(), Stopped.now()).await;
        let gate = device.expect("no fault").expect("may see it").gate.expect("it is a gate");
        gate.ready(Stopped.now()).is_some()
    }
}

fn office_of(store: &Store) -> Arc<Office> {
    let key = SigningKey::from_seed("k1", &[7; 32]);
    let (gates, attempts) = (store.gates().clone(), store.attempts().clone());
    let (clock, stopwatch) = (Arc::new(Stopped), Arc::new(Instant::now()));
    let outbox = Arc::<Latest>::default();
    Arc::new(Office::new(gates, attempts, key, outbox, clock, stopwatch))
}

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_780_000_000_000)
    }
}

/// Dice that count.
struct Counting;

impl Dice for Counting {
    fn roll(&self, into: &mut [u8]) {
        static ROLLS: AtomicU64 = AtomicU64::new(0);
        let roll = ROLLS.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, fallen) in into.iter_mut().rev().zip(roll.into_iter().cycle()) {
            *byte = fallen;
        }
    }
}
