//! Whoever recorded everything, on HTTP and on MQTT, sends it once more: nothing opens.
//!
//! The long run: `REPLAYS=1000 cargo test --test it sent_again -- --nocapture` (openings).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Down, GateId, KEEP_ALIVE, LEDGER_LENGTH, Topic, Up};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{interval, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::chance::from_env;
use crate::guest::Guest;
use crate::house::{Code, Home, House, PATIENCE};
use crate::oracle::Oracle;
use crate::owner::{code, key, wish};

/// A gate says more in this test than any gate may.
const SETTINGS: [&str; 1] = ["broker.gate_packets_per_second=5000"];

/// So much is sent at once, and then again: the service takes in what one gate says one by one,
/// and ends the connection when more than 128 words wait.
const AT_ONCE: usize = 50;
const REST: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_ever_sent_opens_nothing_when_it_is_sent_again() {
    let openings = from_env("REPLAYS", 20);
    let home = Home::furnish(House::start_with(&SETTINGS).await).await;
    let ear = Client::connects(&home.house, "service-ear", &home.house.data);
    ear.listens().await;
    // From its first word on.
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.stop().await;
    let gate = house.mounts(&gate_label).await;
    let mut home = Home { owner, gate, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;
    let mut recorded = Vec::new();
    for _ in 0..openings / 2 {
        recorded.push(Recorded::of(&home).await);
    }
    let commands = home.gate.received();
    let pulses = home.gate.pulses().len();
    assert_eq!(pulses as u64, openings / 2 * 2);
    let said = ear.heard();
    assert!(pulses < said.len(), "hello, ready, and what became of each command");

    let epoch = home.gate.ready().await.unwrap();
    home.house.dies_and_starts(&SETTINGS).await;
    home.gate.until(|journal| journal.epoch.is_some_and(|now| epoch < now)).await.unwrap();
    home.gate_is_online(&home.gate_label).await;
    let mut oracle = Oracle::beside(&home.house.data).await;
    let story = oracle.story().await;

    for record in &mut recorded {
        record.is_sent_again(&home).await;
    }
    let gate = GateId::parse(&home.gate_label.id).unwrap();
    let mouth = Client::connects(&home.house, "service-mouth", &home.house.data);
    let trigger = Topic::Down(gate, Down::Trigger).to_string();
    let mut arrived = home.gate.received().len();
    let mut pace = interval(REST);
    for some in commands.chunks(AT_ONCE) {
        pace.tick().await;
        for received in some {
            mouth.says(&trigger, received.command.to_bytes()).await;
        }
        arrived += some.len();
        home.gate.until(|journal| arrived <= journal.received.len()).await.unwrap();
    }

    // And what the gate has said, said by whoever has its key.
    let Home { owner, gate, gate_label, intercom, house } = home;
    let before = gate.pulses().len();
    gate.stop().await;
    let liar = Client::connects(&house, &gate_label.id, &house.gate_folder(&gate_label));
    for some in said.chunks(AT_ONCE) {
        pace.tick().await;
        for (topic, body) in some {
            liar.says(topic, body.clone()).await;
        }
    }
    liar.has_said(said.len()).await;
    drop(liar);
    let gate = house.mounts(&gate_label).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;

    assert_eq!((before, home.gate.pulses().len()), (pulses, 0));
    // A command that has left the ledger is answered as of an older epoch: written down, and not
    // believed.
    let (doubts, now): (Vec<_>, Vec<_>) =
        oracle.story().await.into_iter().partition(|(_, kind)| kind == "attempt.contradicted");
    assert_eq!(now, story, "what happened to all commands");
    assert_eq!(doubts.len(), pulses.saturating_sub(LEDGER_LENGTH), "each answer was heard");
    println!(
        "{pulses} openings; sent again: {} commands, {} words of the gate, {} requests: 0 pulses, \
         0 changes, {} contradictions written down",
        commands.len(),
        said.len(),
        recorded.len() * 5,
        doubts.len()
    );
}

/// All requests of one guest who went in and out, and of the owner who invited them.
struct Recorded {
    key: String,
    wish: Value,
    code: Code,
    at_the_board: Guest,
    inside: Guest,
    attempts: [String; 2],
}

impl Recorded {
    async fn of(home: &Home) -> Self {
        let (key, wish) = (key(), wish("Thandi"));
        let code = code(home.owner.asks_for_a_code(&home.intercom, &key, &wish).await.ok());
        let mut at_the_board = home.house.guest(&code.link);
        at_the_board.opens_the_link().await;
        at_the_board.scans(home.board()).await;
        let entry = at_the_board.enters(&code.digits).await.attempt();
        home.attempt_is(&entry, "opened").await;
        let mut inside = at_the_board.same_browser();
        inside.opens_the_link().await;
        let exit = inside.presses_exit(&code.digits).await.attempt();
        home.attempt_is(&exit, "opened").await;
        Self { key, wish, code, at_the_board, inside, attempts: [entry, exit] }
    }

    /// The same bytes once more get the same answers, and nothing else happens.
    async fn is_sent_again(&mut self, home: &Home) {
        let Self { key, wish, code, at_the_board, inside, attempts } = self;
        let issued = home.owner.asks_for_a_code(&home.intercom, key, wish).await.ok();
        assert_eq!(issued["id"], code.id.as_str());
        assert_eq!(at_the_board.enters(&code.digits).await.attempt(), attempts[0]);
        assert_eq!(inside.presses_exit(&code.digits).await.attempt(), attempts[1]);
        at_the_board.opens_the_link().await;
        at_the_board.scans(home.board()).await;
    }
}

/// What was published: topic and body.
type Word = (String, Vec<u8>);

/// A stock MQTT client with somebody's key.
struct Client {
    mouth: AsyncClient,
    heard: watch::Receiver<(usize, Vec<Word>)>,
    _task: AbortOnDropHandle<()>,
}

impl Client {
    /// Connects with the papers in a folder: the service's own, or a gate's.
    fn connects(house: &House, id: &str, papers: &Path) -> Self {
        let (host, port) = house.mqtt().split_once(':').expect("host and port");
        let mut options = MqttOptions::new(id, host, port.parse().expect("a port"));
        let tls = TlsConfiguration::Rustls(Arc::new(tls(papers)));
        options.set_transport(Transport::tls_with_config(tls)).set_keep_alive(KEEP_ALIVE);
        let (mouth, mut events) = AsyncClient::new(options, 100);
        let (sender, heard) = watch::channel((0, Vec::new()));
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::PubAck(_) | Packet::SubAck(_)) => {
                        sender.send_modify(|(acks, _)| *acks += 1);
                    }
                    Event::Incoming(Packet::Publish(said)) => {
                        let word = (said.topic, said.payload.to_vec());
                        sender.send_modify(|(_, words)| words.push(word));
                    }
                    Event::Incoming(_) | Event::Outgoing(_) => {}
                }
            }
        });
        Self { mouth, heard, _task: AbortOnDropHandle::new(task) }
    }

    /// Hears all that gates say.
    async fn listens(&self) {
        for up in Up::ALL {
            let filter = up.of_all_gates();
            self.mouth.subscribe(filter, QoS::AtLeastOnce).await.expect("is connected");
        }
        self.has_said(Up::ALL.len()).await;
    }

    fn heard(&self) -> Vec<Word> {
        self.heard.borrow().1.clone()
    }

    async fn says(&self, topic: &str, body: Vec<u8>) {
        let said = self.mouth.publish(topic, QoS::AtLeastOnce, false, body).await;
        said.expect("is connected");
    }

    /// Waits until so much was acknowledged.
    async fn has_said(&self, words: usize) {
        let mut heard = self.heard.clone();
        let said = timeout(PATIENCE, heard.wait_for(|(acks, _)| words <= *acks)).await;
        said.expect("takes too long").expect("is connected");
    }
}

fn tls(papers: &Path) -> ClientConfig {
    let read = |name: &str| std::fs::read(papers.join(name)).ok();
    let [own, key, cas] = if papers.join("keys").exists() {
        ["keys/bridge.pem", "keys/bridge.pem", "ca-bundle.pem"]
    } else {
        ["certificate.pem", "key.pem", "ca.pem"]
    }
    .map(|name| read(name).expect("papers"));
    let mut roots = RootCertStore::empty();
    for ca in CertificateDer::pem_slice_iter(&cas) {
        roots.add(ca.expect("PEM")).expect("a CA");
    }
    let own = CertificateDer::from_pem_slice(&own).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(&key).expect("PEM");
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![own], key)
        .expect("they fit")
}
