//! A running broker with a CA of its own and a registry that is a table.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use authority::{Authority, Issued};
use broker::{Broker, Cause, Certificates, Config, Door, Roster, RouterSilent, Tls};
use domain::{Clock, GateId, Timestamp};
use rustls::pki_types::UnixTime;
use store::{Fault, Fingerprint, Peer, Unwelcome};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

/// Longer than anything here may take.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(DEADLINE, work).await.expect("it takes too long")
}

/// Waits for a condition that some other task brings about.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let mut looks = interval(Duration::from_millis(1));
    within(async {
        while !condition() {
            looks.tick().await;
        }
    })
    .await;
}

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) door: Door,
    pub(crate) ca: Authority,
    pub(crate) tls: Tls,
    pub(crate) table: Table,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<Result<(), RouterSilent>>,
}

impl House {
    /// A house whose gates may say as much as they like, because tests are quick.
    pub(crate) fn open() -> Self {
        let config = Config { gate_packets_per_second: 10_000, ..Config::default() };
        Self::open_with(config)
    }

    pub(crate) fn open_with(config: Config) -> Self {
        let table = Table::default();
        Self::over(table.clone(), table, config)
    }

    /// A house with this registry; the table is what the test knows of it.
    pub(crate) fn over(registry: impl Roster, table: Table, mut config: Config) -> Self {
        let ca = new_ca();
        let tls = Tls::new(&certificates(&ca, &[&ca])).expect("certificates fit");
        config.listen.set_port(0);
        let broker = Broker::bind(config, tls.clone(), registry, Arc::new(Stopped));
        let broker = broker.expect("a port is free");
        let (address, door, stop) = (broker.local_addr(), broker.door(), CancellationToken::new());
        let running = tokio::spawn(broker.run(stop.clone()));
        Self { address, door, ca, tls, table, stop, running }
    }

    /// A certificate of a registered gate.
    pub(crate) fn gate(&self, number: u8) -> Issued {
        self.registered(Answer::Known(Peer::Gate(gate(number))))
    }

    /// A certificate of the service.
    pub(crate) fn service(&self) -> Issued {
        self.registered(Answer::Known(Peer::Service))
    }

    pub(crate) fn registered(&self, answer: Answer) -> Issued {
        let issued = client_certificate(&self.ca);
        self.table.set(&issued, answer);
        issued
    }

    /// So often each of these causes came up since the start, and no other at all.
    pub(crate) async fn counted(&self, expected: &[(Cause, u64)]) {
        let of =
            |cause| expected.iter().find(|(of, _)| *of == cause).map_or(0, |(_, count)| *count);
        // A refusal of a CONNECT is counted after the client was told.
        let enough = || Cause::ALL.iter().all(|cause| of(*cause) <= self.count_of(*cause));
        until(enough).await;
        let came_up = Cause::ALL.map(|cause| (cause, self.count_of(cause)));
        assert_eq!(came_up, Cause::ALL.map(|cause| (cause, of(cause))));
    }

    pub(crate) fn count_of(&self, cause: Cause) -> u64 {
        self.door.count_of(cause)
    }
}

pub(crate) fn new_ca() -> Authority {
    Authority::create("test CA", now_ms()).expect("a CA is made")
}

pub(crate) fn client_certificate(ca: &Authority) -> Issued {
    let hour = 3_600_000;
    ca.client("client", now_ms() - hour, now_ms() + hour).expect("a certificate is made")
}

/// A server certificate by `ca`, with clients of `client_cas`.
pub(crate) fn certificates(ca: &Authority, client_cas: &[&Authority]) -> Certificates {
    let hour = 3_600_000;
    let names = ["127.0.0.1", "::1"].map(str::to_owned);
    let server = ca.server(&names, now_ms() - hour, now_ms() + hour).expect("it is made");
    Certificates {
        chain: server.certificate_pem,
        key: server.key_pem,
        client_cas: client_cas.iter().map(|ca| ca.ca_pem()).collect(),
        crls: String::new(),
    }
}

/// The time as TLS sees it: certificates are judged by the machine's own clock.
fn now_ms() -> i64 {
    i64::try_from(UnixTime::now().as_secs() * 1000).expect("a time of this age")
}

pub(crate) fn gate(number: u8) -> GateId {
    GateId::from_bytes([number; 16])
}

/// What the registry says about a certificate.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Known(Peer),
    Refused(Unwelcome),
    /// The gate was still known, but before this was said its certificate ended.
    EndedMeanwhile(GateId),
    Unavailable,
}

/// A registry in memory.
#[derive(Clone, Default)]
pub(crate) struct Table(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    answers: HashMap<[u8; 32], Answer>,
    ended: Vec<Fingerprint>,
    quarantined: Vec<GateId>,
}

impl Table {
    pub(crate) fn set(&self, issued: &Issued, answer: Answer) {
        self.lock().answers.insert(issued.fingerprint, answer);
    }

    /// Revokes a certificate: the broker is told when it asks.
    pub(crate) fn revoke(&self, issued: &Issued) {
        let mut entries = self.lock();
        entries.answers.insert(issued.fingerprint, Answer::Refused(Unwelcome::Revoked));
        entries.ended.push(Fingerprint(issued.fingerprint));
    }

    /// The gates that the broker put into quarantine.
    pub(crate) fn quarantined(&self) -> Vec<GateId> {
        self.lock().quarantined.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("no test panics with it")
    }
}

impl Roster for Table {
    async fn identify(
        &self,
        certificate: Fingerprint,
        _: Timestamp,
    ) -> store::Result<Result<Peer, Unwelcome>> {
        let mut entries = self.lock();
        match entries.answers.get(&certificate.0).copied() {
            Some(Answer::Known(Peer::Gate(gate))) if entries.quarantined.contains(&gate) => {
                Ok(Err(Unwelcome::Quarantined))
            }
            Some(Answer::Known(peer)) => Ok(Ok(peer)),
            Some(Answer::Refused(unwelcome)) => Ok(Err(unwelcome)),
            Some(Answer::EndedMeanwhile(gate)) => {
                entries.ended.push(certificate);
                Ok(Ok(Peer::Gate(gate)))
            }
            Some(Answer::Unavailable) => Err(Fault::Busy),
            None => Ok(Err(Unwelcome::Unknown)),
        }
    }

    async fn ended_since(&self, _: Timestamp, _: Timestamp) -> store::Result<Vec<Fingerprint>> {
        Ok(self.lock().ended.clone())
    }

    async fn quarantine(&self, gate: GateId, _: Timestamp) -> store::Result<bool> {
        self.lock().quarantined.push(gate);
        Ok(true)
    }
}

/// A clock that stands still: nothing in the broker depends on the hour.
pub(crate) struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
}
