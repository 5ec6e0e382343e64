//! Whole services on loopback, with real gates.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use authority::Authority;
use device_sim::{Options, Simulation, ledger};
use domain::access_code::{LegState, Refusal};
use domain::attempt::{State, WhyNot};
use domain::login::Client;
use domain::name::{DeviceName, GuestName};
use domain::secret::{
    BoardToken, ClaimCode, EnrolmentSecret, LoginToken, Otp, SessionToken, serial_number,
};
use domain::settings::{ExitGate, InviteDuration, MaxUsers};
use domain::{Attempt, GateId, IntercomId, Leg, PhoneNumber, Settings, UserId};
use rcgen::PublicKeyData;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use store::{Guest, Issue, Issued, Label, Peer, Redeem, Refused, Sending};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

/// Longer than anything here may take.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_goes_in_and_out_and_the_service_stops_cleanly() {
    let home = Home::empty();
    let running = home.serve(&[Role::Bridge, Role::Broker]).await;
    let family = home.moves_in(&running).await;
    let gate = family.mounts_the_gate(&home, &running).await;
    let issued = family.issues(&home).await;

    for (leg, pulses) in [(Leg::Entry, 1), (Leg::Exit, 2)] {
        let attempt = family.redeems(&home, &issued, leg).await.unwrap();
        let settled = family.settled(&attempt).await;
        assert!(matches!(settled.state, State::Executed { .. }), "{settled:?}");
        assert_eq!(gate.journal().pulses.len(), pulses);
    }
    running.stop.cancel();
    running.wait().await.unwrap();
    let (_, store) = open(&home.config(&[]), &*home.clock, dice()).await.unwrap();
    assert!(!family.gate_is_ready(&store, &home).await, "nobody can be reached any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_lost_is_asked_for_after_the_deadline() {
    let home = Home::empty();
    let running = home.serve(&[Role::Bridge, Role::Broker]).await;
    let family = home.moves_in(&running).await;
    let gate = family.mounts_the_gate(&home, &running).await;
    gate.lose_statuses(1);
    let issued = family.issues(&home).await;
    let attempt = family.redeems(&home, &issued, Leg::Entry).await.unwrap();
    gate.until(|journal| journal.reported.len() == 1).await.unwrap();
    assert!(family.read(&attempt).await.is_on_the_wire());

    home.clock.later(Duration::from_secs(9));
    let settled = family.settled(&attempt).await;
    assert!(matches!(settled.state, State::Executed { .. }), "{settled:?}");
    assert_eq!(gate.journal().pulses.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_between_claim_and_publish_is_settled_when_the_gate_is_back() {
    let home = Home::empty();
    let running = home.serve(&[Role::Broker]).await;
    let family = home.moves_in(&running).await;
    let certificate = family.enrols_the_gate(&home, &running).await;
    let registry = running.store.registry();
    registry.identify(certificate, home.clock.now()).await.unwrap().expect("it was there before");
    family.gate_seems_ready(&home).await;
    let issued = family.issues(&home).await;
    let attempt = family.redeems(&home, &issued, Leg::Entry).await.unwrap();
    let claimed = family.store.attempts().claim(attempt.id, home.clock.now()).await.unwrap();
    assert!(claimed.is_some());

    let bridge = home.serve_beside(&running, &[Role::Bridge]).await;
    let gate = family.switches_on_the_gate(&home);
    let settled = family.settled(&attempt).await;
    let why = WhyNot::NotInLedger;
    assert!(matches!(settled.state, State::NotExecuted { why: w, .. } if w == why), "{settled:?}");
    assert!(gate.journal().pulses.is_empty());
    let link = &issued.pass.link;
    let pass = family.store.redemptions().by_link(link, home.clock.now()).await.unwrap().unwrap();
    assert_eq!(pass.pass.code.entry, LegState::Free, "the pass is not used");
    drop(bridge);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_broker_restarts_gates_and_bridge_find_each_other_again() {
    let home = Home::empty();
    let broker = home.serve(&[Role::Broker]).await;
    let family = home.moves_in(&broker).await;
    let bridge = home.serve_beside(&broker, &[Role::Bridge]).await;
    let gate = family.mounts_the_gate(&home, &broker).await;
    let epoch = gate.ready().await.unwrap();

    let mut config = home.config(&[Role::Broker]);
    config.broker.listen = broker.mqtt.unwrap();
    broker.stop.cancel();
    broker.wait().await.unwrap();
    until(async || !family.gate_is_ready(&bridge.store, &home).await).await;
    let broker = home.run(&config).await;
    until(async || family.gate_is_ready(&bridge.store, &home).await).await;
    gate.until(|journal| journal.epoch.is_some_and(|now| epoch < now)).await.unwrap();

    let family = Family { store: broker.store.clone(), ..family };
    let issued = family.issues(&home).await;
    let attempt = family.redeems(&home, &issued, Leg::Entry).await.unwrap();
    let settled = family.settled(&attempt).await;
    assert!(matches!(settled.state, State::Executed { .. }), "{settled:?}");
    drop(bridge);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_out_of_reach_makes_every_gate_unreachable_at_once() {
    let home = Home::empty();
    let broker = home.serve(&[Role::Broker]).await;
    let family = home.moves_in(&broker).await;
    family.gate_seems_ready(&home).await;
    let issued = family.issues(&home).await;

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut config = home.config(&[Role::Bridge]);
    config.bridge.broker = Address::from(closed);
    let bridge = home.run(&config).await;
    until(async || !family.gate_is_ready(&bridge.store, &home).await).await;
    let refused = family.redeems(&home, &issued, Leg::Entry).await.unwrap_err();
    assert!(matches!(refused, Refused::Rule(Refusal::GateOffline)), "{refused:?}");
    bridge.stop.cancel();
    bridge.wait().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_told_in_one_line() {
    let home = Home::empty();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let mut config = home.config(&[Role::Broker]);
    config.broker.listen = address;
    let Err(error) = Running::start(&config, home.clock.clone(), dice(), courier()).await else {
        panic!("the port is taken")
    };
    let expected = format!("broker.listen: cannot listen on {address}: Address already in use");
    assert!(format!("{error:#}").starts_with(&expected), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn renewed_certificates_are_used_for_new_connections() {
    let home = Home::empty();
    let config = home.config(&[Role::Bridge]);
    let clock: Arc<dyn Clock> = home.clock.clone();
    let (before, store) = open(&config, &*clock, dice()).await.unwrap();
    admit_bridge(&before, &store, clock.now()).await.unwrap();
    let bridge_tls = bridge::Tls::new(&certificates_of_bridge(&before), EMBEDDED_BROKER).unwrap();
    let broker_tls = broker::Tls::new(&certificates_of_broker(&before, "")).unwrap();
    let housekeeping = Housekeeping {
        data: config.data.clone(),
        names: Vec::new(),
        clock: clock.clone(),
        dice: dice(),
        store: store.clone(),
        guests_kept: config.privacy.guests_kept(),
        authorities: Arc::new(ArcSwap::new(Arc::clone(&before.authorities))),
        broker_tls: Some(broker_tls),
        bridge_tls: Some(bridge_tls),
        https: None,
        reload: Arc::default(),
    };

    home.clock.later(Duration::from_hours(61 * 24));
    housekeeping.renew_certificates().await.unwrap();
    let (after, _) = open(&config, &*clock, dice()).await.unwrap();
    assert_ne!(after.bridge.fingerprint, before.bridge.fingerprint);
    assert_ne!(after.broker.fingerprint, before.broker.fingerprint);
    let fingerprint = Fingerprint(after.bridge.fingerprint);
    let known = store.registry().identify(fingerprint, clock.now()).await.unwrap();
    assert_eq!(known, Ok(Peer::Service));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_shows_the_new_certificate_of_https() {
    let home = Home::empty();
    let now = home.clock.now();
    let [from, to] = [now - Duration::from_hours(1), now + Duration::from_hours(1)];
    let ca = Authority::create("Web CA", from.as_millis()).unwrap();
    let [certificate, key] = ["web.pem", "web.key"].map(|name| home.folder.path().join(name));
    let renew = || {
        let web = ca.server(&["localhost".to_owned()], from.as_millis(), to.as_millis()).unwrap();
        fs::write(&certificate, &web.certificate_pem).unwrap();
        fs::write(&key, web.key_pem).unwrap();
        CertificateDer::from_pem_slice(web.certificate_pem.as_bytes()).unwrap()
    };
    let first = renew();
    let mut config = home.config(&[Role::Api]);
    config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.http.certificate_file = Some(certificate.clone());
    config.http.key_file = Some(key.clone());
    let running = home.run(&config).await;
    let address = running.http.unwrap();
    // All certificates are looked at once by themselves, at the start.
    until(async || config.data.join("crl.pem").exists()).await;
    assert_eq!(shown_by(address, ca.ca_pem()).await, first);

    let second = renew();
    running.reload.notify_one();
    until(async || shown_by(address, ca.ca_pem()).await == second).await;
    running.stop.cancel();
    running.wait().await.unwrap();
}

/// The certificate that a server shows.
async fn shown_by(address: SocketAddr, ca: &str) -> CertificateDer<'static> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM")).expect("a CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let shaking = tokio::task::spawn_blocking(move || {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut tcp = std::net::TcpStream::connect(address).expect("connects");
        tls.complete_io(&mut tcp).expect("shakes hands");
        tls.peer_certificates().expect("a certificate")[0].clone()
    });
    shaking.await.expect("no panic")
}

/// A data folder and a clock that can be set ahead.
struct Home {
    folder: TempDir,
    clock: Arc<Ahead>,
}

impl Home {
    fn empty() -> Self {
        let clock = Arc::new(Ahead { clock: SystemClock::start(), by_ms: AtomicU64::new(0) });
        Self { folder: tempfile::tempdir().expect("a folder"), clock }
    }

    fn config(&self, roles: &[Role]) -> Config {
        let mut config = Config { roles: roles.to_vec(), ..Config::default() };
        config.data = self.folder.path().join("data");
        config.broker.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config
    }

    async fn serve(&self, roles: &[Role]) -> Running {
        self.run(&self.config(roles)).await
    }

    /// Roles in a process of their own that know of a broker elsewhere.
    async fn serve_beside(&self, broker: &Running, roles: &[Role]) -> Running {
        let mut config = self.config(roles);
        config.bridge.broker = Address::from(broker.mqtt.expect("it listens"));
        self.run(&config).await
    }

    async fn run(&self, config: &Config) -> Running {
        Running::start(config, self.clock.clone(), dice(), courier()).await.expect("it starts")
    }

    /// An owner with a gate and an intercom, settings saved; the gate is not mounted yet.
    async fn moves_in(&self, running: &Running) -> Family {
        let (store, dice, now) = (running.store.clone(), SystemDice, self.clock.now());
        let (token, otp) = (LoginToken::random(&dice), Otp::random(&dice));
        let phone = PhoneNumber::parse("+27821234567", None).expect("a number");
        let (logins, sending) = (store.logins(), Sending::default());
        let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now);
        begun.await.expect("no fault").expect("a pin may go out");
        let session = SessionToken::random(&dice);
        let signed_in = store.logins().verify(token, otp, session, now).await;
        let owner = signed_in.expect("no fault").expect("the right pin").user;

        let (gate, intercom) = (GateId::new(&dice, now), IntercomId::new(&dice, now));
        let secret = EnrolmentSecret::random(&dice);
        let (gate_label, board_label) = (label("Main gate"), label("Unit 4"));
        let serial = gate_label.serial.clone();
        let claims = [&gate_label, &board_label].map(|label| label.claim_code.clone());
        let made = store.devices().make_gate(gate, gate_label, secret.clone(), now).await;
        made.expect("makes");
        let board = BoardToken::random(&dice);
        let made = store.devices().make_intercom(intercom, board_label, board, now).await;
        made.expect("makes");
        for claim in claims {
            let claimed = store.devices().claim(owner, claim, None, now).await;
            claimed.expect("no fault").expect("claims");
        }
        let settings = Settings {
            entry_gate: gate,
            exit_gate: ExitGate::SameAsEntry,
            max_users: MaxUsers::default(),
            invite_duration: InviteDuration::default(),
            exit_grace: domain::settings::ExitGrace::default(),
        };
        let saved = store.intercoms().save(owner, intercom.to_string(), settings, 0, now).await;
        saved.expect("no fault").expect("saves");
        Family { store, owner, gate, intercom, serial, secret }
    }
}

fn dice() -> Arc<dyn Dice> {
    Arc::new(SystemDice)
}

fn label(name: &str) -> Label {
    Label {
        serial: serial_number(&SystemDice),
        name: DeviceName::parse(name).expect("a name"),
        time_zone: "UTC".to_owned(),
        claim_code: ClaimCode::random(&SystemDice),
    }
}

struct Family {
    store: Store,
    owner: UserId,
    gate: GateId,
    intercom: IntercomId,
    serial: String,
    secret: EnrolmentSecret,
}

impl Family {
    /// Enrols the gate, switches it on, and waits until it can be opened.
    async fn mounts_the_gate(&self, home: &Home, running: &Running) -> Simulation {
        self.enrols_the_gate(home, running).await;
        let gate = self.switches_on_the_gate(home);
        until(async || self.gate_is_ready(&self.store, home).await).await;
        gate
    }

    fn switches_on_the_gate(&self, home: &Home) -> Simulation {
        let options = Options { keeps_gap: false, ..Options::default() };
        let folder = home.folder.path().join(&self.serial);
        Simulation::start(&folder, options).expect("the gate starts")
    }

    /// Gives the gate its identity, without HTTP.
    async fn enrols_the_gate(&self, home: &Home, running: &Running) -> Fingerprint {
        let (config, now) = (home.config(&[]), home.clock.now());
        let folder = Folder::open(&config.data, &[], &SystemDice, now).expect("opens");
        let (from, to) = (now - Duration::from_hours(1), now + Duration::from_hours(1));
        let name = self.gate.to_string();
        let issued = folder.authorities.signing.client(&name, from.as_millis(), to.as_millis());
        let issued = issued.expect("a certificate");
        let (serial, secret) = (self.serial.clone(), self.secret.clone());
        let fingerprint = Fingerprint(issued.fingerprint);
        let key = rcgen::KeyPair::from_pem(&issued.key_pem).expect("a key");
        let certificate = store::Certificate {
            fingerprint,
            serial: [1; 16],
            public_key: key.subject_public_key_info(),
            expires_at: to,
        };
        let enrolled = self.store.devices().enrolled(serial, secret, certificate, now).await;
        enrolled.expect("no fault").expect("enrols");

        let at = home.folder.path().join(&self.serial);
        let enrolment = serde_json::json!({
            "gate_id": name,
            "broker": {"host": "127.0.0.1", "port": running.mqtt.expect("it listens").port()},
            "command_keys": [signing_key(&folder).verifying_key()],
        });
        fs::create_dir_all(&at).expect("a folder");
        for (file, text) in [
            ("key.pem", issued.key_pem.as_str()),
            ("certificate.pem", &issued.certificate_pem),
            ("ca.pem", &folder.authorities.bundle_pem()),
            ("enrolment.json", &enrolment.to_string()),
        ] {
            fs::write(at.join(file), text).expect("writes");
        }
        ledger::Ledger::begin(&at.join(ledger::FILE)).expect("begins a ledger");
        fingerprint
    }

    /// As a process that died left it: ready, though nobody is there.
    async fn gate_seems_ready(&self, home: &Home) {
        let (gates, now) = (self.store.gates(), home.clock.now());
        let hello = gates.hello(self.gate, [1; 16], "test".to_owned(), now).await;
        let epoch = hello.expect("no fault").expect("a known gate").epoch;
        assert!(gates.ready(self.gate, [1; 16], epoch, Vec::new(), now).await.expect("no fault"));
    }

    async fn gate_is_ready(&self, store: &Store, home: &Home) -> bool {
        let device =
            store.devices().details(self.owner, self.gate.to_string(), home.clock.now()).await;
        let gate = device.expect("no fault").expect("may see it").gate;
        gate.expect("it is a gate").ready(home.clock.now()).is_some()
    }

    async fn issues(&self, home: &Home) -> Issued {
        let guest = Guest {
            name: GuestName::parse("Thandi").expect("a name"),
            mobile: PhoneNumber::parse("+27825550001", None).expect("a number"),
        };
        let device = self.intercom.to_string();
        let issue = Issue { user: self.owner, device, guest, key: "first".to_owned() };
        let issued = self.store.codes().issue(issue, home.clock.now()).await;
        issued.expect("no fault").expect("a code")
    }

    async fn redeems(&self, home: &Home, issued: &Issued, leg: Leg) -> Result<Attempt, Refused> {
        let redeem = Redeem {
            link: issued.pass.link.clone(),
            leg,
            typed: issued.pass.code.passcode.clone(),
            scanned: Some(self.intercom).filter(|_| leg == Leg::Entry),
            key: format!("{leg:?}"),
        };
        self.store.redemptions().redeem(redeem, home.clock.now()).await.expect("no fault")
    }

    async fn read(&self, attempt: &Attempt) -> Attempt {
        let read = self.store.attempts().read(self.owner, attempt.id, attempt.reserved_at).await;
        read.expect("no fault").expect("may see it")
    }

    /// Waits until it is known what became of it.
    async fn settled(&self, attempt: &Attempt) -> Attempt {
        let is_open =
            |attempt: &Attempt| matches!(attempt.state, State::Pending) || attempt.is_on_the_wire();
        until(async || !is_open(&self.read(attempt).await)).await;
        self.read(attempt).await
    }
}

/// The machine's clock, set ahead by hand.
struct Ahead {
    clock: SystemClock,
    by_ms: AtomicU64,
}

impl Ahead {
    fn later(&self, span: Duration) {
        let span = u64::try_from(span.as_millis()).expect("a span");
        self.by_ms.fetch_add(span, Ordering::Relaxed);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.clock.now() + Duration::from_millis(self.by_ms.load(Ordering::Relaxed))
    }
}

/// Waits for what others bring about.
async fn until(condition: impl AsyncFn() -> bool) {
    let came = timeout(DEADLINE, async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    });
    came.await.expect("it takes too long");
}

fn courier() -> Arc<dyn Courier> {
    Arc::new(Console::new(SocketAddr::from(([127, 0, 0, 1], 0))).expect("on loopback"))
}
