//! Gates by the hundred, enrolled without their asking: keys and certificates as the service makes
//! them, straight into its books, and folders as `device-sim` keeps them.
//!
//! For benchmarks and stories that need more gates than would care to enrol over HTTP.

use std::fs::{self, File};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use authority::{Authority, BACKDATING};
use device_sim::{Broker, Enrolment};
use domain::name::DeviceName;
use domain::secret::{ClaimCode, EnrolmentSecret, serial_number};
use domain::{Dice, GateId, Timestamp};
use protocol::{SigningKey, VerifyingKeys};
use rcgen::{CertificateParams, KeyPair};
use store::{Certificate, Fingerprint, Keys, Label, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const LIFETIME: Duration = Duration::from_hours(24);

/// Gates that are enlisted at the same time: the store refuses more work than it can queue.
const DESKS: usize = 64;

/// A data folder of flussd with many gates in its books.
pub(crate) struct Fleet {
    /// The service's data folder; the certificate in `keys/bridge.pem` may publish to all gates.
    pub(crate) data: PathBuf,
    /// Below it, each gate has its folder; their authority is `ca.pem`.
    pub(crate) gates: PathBuf,
}

impl Fleet {
    /// Makes so many gates, told to connect there, below an empty folder.
    pub(crate) async fn enlist(folder: &Path, broker: SocketAddr, count: usize) -> Self {
        let [data, gates] = ["data", "gates"].map(|name| folder.join(name));
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_flussd"));
        let migrated = migrate.arg("--data").arg(&data).args(["--set", "log=warn", "migrate"]);
        assert!(migrated.status().expect("flussd starts").success(), "flussd migrate");

        let [(certificate, key), (service, its_key)] =
            ["ca.pem", "bridge.pem"].map(|name| pair(&data.join("keys").join(name)));
        let service = authority::Issued::from_pem(&service, &its_key).expect("a certificate");
        let recruiter = Arc::new(Recruiter {
            authority: Authority::from_pem(&certificate, &key).expect("an authority"),
            store: open(&data).await,
            gates: gates.clone(),
            enrolment: (
                Broker { host: broker.ip().to_string(), port: broker.port() },
                VerifyingKeys(vec![
                    SigningKey::from_seed("k1", &secret(&data, "signing.key")).verifying_key(),
                ]),
            ),
            now: now(),
        });
        let mut enlisting = JoinSet::new();
        let desks = Arc::new(Semaphore::new(DESKS));
        for _ in 0..count {
            let (recruiter, desks) = (Arc::clone(&recruiter), Arc::clone(&desks));
            enlisting.spawn(async move {
                let _desk = desks.acquire().await;
                recruiter.enlist().await;
            });
        }
        enlisting.join_all().await;
        let (registry, now) = (recruiter.store.registry(), recruiter.now);
        let fingerprint = Fingerprint(service.fingerprint);
        registry.admit_service(fingerprint, now + LIFETIME, now).await.expect("admits");
        recruiter.store.close().await;
        fs::write(gates.join("ca.pem"), certificate).expect("writes");
        Self { data, gates }
    }
}

struct Recruiter {
    authority: Authority,
    store: Store,
    gates: PathBuf,
    enrolment: (Broker, VerifyingKeys),
    now: Timestamp,
}

impl Recruiter {
    async fn enlist(&self) {
        let (id, secret) = (GateId::new(&Urandom, self.now), EnrolmentSecret::random(&Urandom));
        let serial = serial_number(&Urandom);
        let label = Label {
            serial: serial.clone(),
            name: DeviceName::parse("Gate").expect("a name"),
            time_zone: "UTC".to_owned(),
            claim_code: ClaimCode::random(&Urandom),
        };
        let key = KeyPair::generate().expect("a key");
        let request =
            CertificateParams::default().serialize_request(&key).and_then(|csr| csr.pem());
        let (name, now) = (id.to_string(), self.now);
        let (begins, ends) = ((now - BACKDATING).as_millis(), (now + LIFETIME).as_millis());
        let certified = self.authority.certify(&request.expect("a request"), &name, begins, ends);
        let certified = certified.expect("a certificate");
        let devices = self.store.devices();
        devices.make_gate(id, label, secret.clone(), now).await.expect("makes");
        let fingerprint = Fingerprint(certified.fingerprint);
        let certificate = Certificate {
            fingerprint,
            serial: certified.serial,
            public_key: certified.public_key,
            expires_at: Timestamp::from_millis(certified.not_after_ms),
        };
        let enrolled = devices.enrolled(serial, secret, certificate, now).await;
        enrolled.expect("enrols").expect("knows the label");
        // Shown once: the first time is written down, and is not what a storm is about.
        let shown = self.store.registry().identify(fingerprint, now).await;
        shown.expect("reads").expect("knows the certificate");

        let folder = self.gates.join(id.to_string());
        fs::create_dir_all(&folder).expect("makes a folder");
        let (broker, command_keys) = self.enrolment.clone();
        let gate_id = protocol::GateId::parse(&id.to_string()).expect("an id");
        let (renew_from_ms, server) = (None, None);
        let enrolment = Enrolment { gate_id, broker, command_keys, renew_from_ms, server };
        for (name, content) in [
            ("key.pem", key.serialize_pem()),
            ("certificate.pem", certified.certificate_pem),
            ("ca.pem", self.authority.ca_pem().to_owned()),
            ("ledger", String::new()),
            ("enrolment.json", serde_json::to_string(&enrolment).expect("JSON")),
        ] {
            fs::write(folder.join(name), content).expect("writes");
        }
    }
}

async fn open(data: &Path) -> Store {
    let url = format!("sqlite:{}", data.join("fluss.db").display());
    let keys = Keys { seal: secret(data, "seal.key"), pepper: secret(data, "pepper.key") };
    Store::open(&url, &keys, Arc::new(Urandom)).await.expect("opens")
}

fn secret(data: &Path, name: &str) -> [u8; 32] {
    let hex = text(&data.join("keys").join(name));
    let bytes = data_encoding::HEXLOWER.decode(hex.trim().as_bytes()).expect("hex");
    bytes.try_into().expect("32 bytes")
}

/// A certificate and its key, as the service keeps them in one file.
fn pair(file: &Path) -> (String, String) {
    let text = text(file);
    let (certificate, key) = text.split_at(text.find("-----BEGIN PRIVATE").expect("a key"));
    (certificate.to_owned(), key.to_owned())
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[expect(clippy::disallowed_methods, reason = "the books are filled before any rule looks")]
fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).expect("before the far future"))
}

/// The operating system's randomness, as good as the service's own.
struct Urandom;

impl Dice for Urandom {
    fn roll(&self, into: &mut [u8]) {
        let rolled = File::open("/dev/urandom").and_then(|mut dice| dice.read_exact(into));
        rolled.expect("/dev/urandom");
    }
}
