//! The registry as it is in the service: certificates in a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use authority::Issued;
use broker::Config;
use domain::name::DeviceName;
use domain::secret::{ClaimCode, EnrolmentSecret};
use domain::{Dice, Timestamp};
use store::{Devices, Fingerprint, Keys, Label, Store};

use crate::house::{House, Table, client_certificate, gate};
use crate::raw::{BOTH, Raw, connect};

const NOW: Timestamp = Timestamp::from_millis(0);
const LATER: Timestamp = Timestamp::from_millis(1);

/// Dice that fall in order.
#[derive(Default)]
struct Counting(AtomicU64);

impl Dice for Counting {
    fn roll(&self, into: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        into.iter_mut().zip(next.into_iter().cycle()).for_each(|(byte, next)| *byte = next);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_says_about_a_certificate_decides() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let keys = Keys { seal: [1; 32], pepper: [2; 32] };
    let store = Store::open(&url, &keys, Arc::<Counting>::default()).await.expect("it opens");
    let house = House::over(store.registry().clone(), Table::default(), Config::default());
    let [service, first, second] = [(); 3].map(|()| client_certificate(&house.ca));
    let admitted = store.registry().admit_service(Fingerprint(service.fingerprint), LATER, NOW);
    admitted.await.expect("it is written");
    let secret = EnrolmentSecret::random(&Counting::default());
    make_gate(store.devices(), &secret).await;
    enrol(store.devices(), &secret, &first).await;
    for version in BOTH {
        Raw::connect(&house, &service, version, "service-1").await;
        Raw::connect(&house, &first, version, &gate(1).to_string()).await;
    }
    enrol(store.devices(), &secret, &second).await;
    Raw::connect(&house, &second, 5, &gate(1).to_string()).await;
    let mut replaced = Raw::dial(&house, &first, 5).await;
    replaced.send(&connect(5, &gate(1).to_string(), 20, None)).await;
    assert_eq!(replaced.packet().await[3], 0x87);
}

async fn make_gate(devices: &Devices, secret: &EnrolmentSecret) {
    let label = Label {
        serial: "1".to_owned(),
        name: DeviceName::parse("gate").expect("a name"),
        time_zone: "Africa/Johannesburg".to_owned(),
        claim_code: ClaimCode::random(&Counting::default()),
    };
    devices.make_gate(gate(1), label, secret.clone(), NOW).await.expect("it is written");
}

async fn enrol(devices: &Devices, secret: &EnrolmentSecret, certificate: &Issued) {
    let fingerprint = Fingerprint(certificate.fingerprint);
    let (serial, public_key) = ([1; 16], Vec::new());
    let certificate = store::Certificate { fingerprint, serial, public_key, expires_at: LATER };
    let enrolled = devices.enrolled("1".to_owned(), secret.clone(), certificate, NOW).await;
    assert_eq!(enrolled.expect("it is written"), Ok(gate(1)));
}
