//! Routers that die and routers that hang, under a broker with real clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authority::Authority;
use domain::{Clock, Timestamp};
use protocol::{Down, GateId, Topic};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, TlsConfiguration, Transport,
};
use rustls::pki_types::UnixTime;
use store::{Fingerprint, Peer, Unwelcome};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::router::Router;
use crate::{Broker, Certificates, Config, Door, Roster, Tls};

/// A registry that believes everybody: the service first, then one gate.
struct Anybody(Fingerprint);

impl Roster for Anybody {
    async fn identify(
        &self,
        certificate: Fingerprint,
        _: Timestamp,
    ) -> store::Result<Result<Peer, Unwelcome>> {
        let gate = Peer::Gate(domain::GateId::from_bytes([1; 16]));
        Ok(Ok(if certificate == self.0 { Peer::Service } else { gate }))
    }

    async fn ended_since(&self, _: Timestamp, _: Timestamp) -> store::Result<Vec<Fingerprint>> {
        Ok(Vec::new())
    }

    async fn quarantine(&self, _: domain::GateId, _: Timestamp) -> store::Result<bool> {
        Ok(true)
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
}

struct House {
    broker: Arc<crate::listener::House>,
    door: Door,
    service: (AsyncClient, EventLoop),
    gate: (AsyncClient, EventLoop),
    trigger: String,
    _stop: tokio_util::sync::DropGuard,
}

impl House {
    fn open() -> Self {
        let now = i64::try_from(UnixTime::now().as_secs() * 1000).unwrap();
        let (from, to) = (now - 3_600_000, now + 3_600_000);
        let ca = Authority::create("test CA", now).unwrap();
        let server = ca.server(&["127.0.0.1".to_owned()], from, to).unwrap();
        let [service, gate] = [(); 2].map(|()| ca.client("client", from, to).unwrap());
        let tls = Tls::new(&Certificates {
            chain: server.certificate_pem,
            key: server.key_pem,
            client_cas: ca.ca_pem().to_owned(),
            crls: String::new(),
        });
        let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::default() };
        let roster = Anybody(Fingerprint(service.fingerprint));
        let broker = Broker::bind(config, tls.unwrap(), roster, Arc::new(Stopped)).unwrap();
        let (port, stop) = (broker.local_addr().port(), CancellationToken::new());
        let gate_id = domain::GateId::from_bytes([1; 16]).to_string();
        let trigger = Topic::Down(GateId::parse(&gate_id).unwrap(), Down::Trigger).to_string();
        let client = |id: &str, issued: &authority::Issued| {
            let mut options = MqttOptions::new(id, "127.0.0.1", port);
            options.set_transport(Transport::Tls(TlsConfiguration::Simple {
                ca: ca.ca_pem().into(),
                alpn: None,
                client_auth: Some((
                    issued.certificate_pem.clone().into(),
                    issued.key_pem.clone().into(),
                )),
            }));
            AsyncClient::new(options, 16)
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let house = Self {
            broker: broker.house(),
            door: broker.door(),
            service: client("service-1", &service),
            gate: client(&gate_id, &gate),
            trigger,
            _stop: stop.clone().drop_guard(),
        };
        tokio::spawn(broker.run(stop));
        house
    }

    /// A message from the service reaches the gate; both connect anew when they must.
    async fn moves_messages(&mut self, word: &str) {
        let Self { service, gate, trigger, .. } = self;
        let arrives = async {
            loop {
                match gate.1.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        gate.0.try_subscribe(&*trigger, QoS::AtLeastOnce).unwrap();
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => {
                        service.0.try_publish(&*trigger, QoS::AtLeastOnce, false, word).unwrap();
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) if publish.payload == word => {
                        return;
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        };
        let serves = async {
            loop {
                let _ = service.1.poll().await;
            }
        };
        tokio::select! {
            done = timeout(Duration::from_secs(20), arrives) => done.unwrap(),
            () = serves => {}
        }
    }

    async fn router(&self) -> Router {
        self.broker.switch.current().await.unwrap().router.clone()
    }

    /// Both clients are sent away, and how long that took.
    async fn all_are_sent_away(&mut self) -> Duration {
        let before = Instant::now();
        let both = async {
            let gone = async |events: &mut EventLoop| while events.poll().await.is_ok() {};
            tokio::join!(gone(&mut self.service.1), gone(&mut self.gate.1));
        };
        timeout(Duration::from_secs(20), both).await.unwrap();
        before.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_router_is_replaced_and_everybody_comes_back() {
    let mut house = House::open();
    house.moves_messages("before").await;
    for replaced in 1..=2 {
        house.router().await.kill();
        let took = house.all_are_sent_away().await;
        assert!(took < Duration::from_secs(3), "after {took:?}");
        house.moves_messages(&format!("after {replaced}")).await;
        assert_eq!((house.door.replaced_routers(), house.door.health()), (replaced, Health::Good));
    }
    assert_eq!(house.door.count_of(Cause::Router), 4, "two clients, twice");
    assert_eq!(house.door.count_of(Cause::Fault), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_router_is_seen_within_three_seconds_and_replaced() {
    let mut house = House::open();
    house.moves_messages("before").await;
    let hung = house.router().await.hang();
    let took = house.all_are_sent_away().await;
    // Three, and what a busy machine needs to tell two clients.
    assert!(took < Duration::from_millis(3_500), "after {took:?}");
    house.moves_messages("after").await;
    assert_eq!((house.door.replaced_routers(), house.door.health()), (1, Health::Good));
    drop(hung);
}

#[test]
fn routers_that_die_again_and_again_end_the_process() {
    let start = Instant::now();
    let mut recent = VecDeque::new();
    let rarely = (0..100).any(|n| is_too_often(&mut recent, start + ROUTER_WINDOW * n));
    assert!(!rarely);
    let mut recent = VecDeque::new();
    let often = (0..100).position(|_| is_too_often(&mut recent, start));
    assert_eq!(often, Some(MAX_REPLACEMENTS));
}
