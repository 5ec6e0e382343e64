//! The real storage with a small world in it: one owner, three gates, two intercoms.
//!
//! It is furnished once; each run begins with a copy of the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use domain::login::Client;
use domain::name::DeviceName;
use domain::secret::{BoardToken, ClaimCode, EnrolmentSecret, LoginToken, Otp, SessionToken};
use domain::settings::{ExitGate, ExitGrace, InviteDuration, MaxUsers};
use domain::{GateId, IntercomId, PhoneNumber, Settings, Timestamp, UserId};
use store::{Certificate, Fingerprint, Keys, Label, Sending, Store};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::gate::public_key;
use crate::luck::Luck;

/// When each run begins, by the service's clock.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_millis(1_780_000_000_000);

pub(crate) const GATES: usize = 3;
pub(crate) const INTERCOMS: usize = 2;

const KEYS: Keys = Keys { seal: [1; 32], pepper: [2; 32] };
const FILE: &str = "fluss.db";

/// No certificate ends, however far a clock is set: renewal is not played here.
const FOR_EVER: Duration = Duration::from_hours(1_000_000);

/// The number of the owner's friend.
pub(crate) const FRIEND: &str = "+27831234567";

/// Who lives in each run's world.
#[derive(Clone)]
pub(crate) struct Residents {
    pub(crate) owner: UserId,
    /// The gates are shared with them, to begin with.
    pub(crate) friend: UserId,
    pub(crate) gates: [GateId; GATES],
    pub(crate) intercoms: [IntercomId; INTERCOMS],
    /// What each intercom begins with, in version 1.
    pub(crate) settings: Settings,
}

/// The storage of one run.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) residents: Residents,
    _folder: TempDir,
}

impl House {
    /// A fresh copy of the furnished one, with dice of its own.
    pub(crate) async fn open(luck: Luck) -> Self {
        static FURNISHED: OnceLock<(Residents, Vec<u8>)> = OnceLock::new();
        // From another thread, because a runtime cannot be run within another.
        let furnish = || std::thread::spawn(furnish).join().expect("furnishes");
        let (residents, file) = FURNISHED.get_or_init(furnish);
        let folder = folder();
        fs::write(folder.path().join(FILE), file).expect("copies");
        let store = open(folder.path(), luck).await;
        Self { store, residents: residents.clone(), _folder: folder }
    }
}

/// A runtime that does one thing at a time.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// In memory where the machine has a file system for that: no promise here is about a disk.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

async fn open(folder: &Path, luck: Luck) -> Store {
    let url = format!("sqlite:{}", folder.join(FILE).display());
    Store::open(&url, &KEYS, Arc::new(luck)).await.expect("opens")
}

fn furnish() -> (Residents, Vec<u8>) {
    let folder = folder();
    let runtime = runtime();
    let residents = runtime.block_on(async {
        let store = open(folder.path(), Luck::new(0, 1)).await;
        let residents = move_in(&store).await;
        store.close().await;
        residents
    });
    drop(runtime);
    // The last connection ends in a thread of its own, and takes the journal with it.
    let (file, since) = (folder.path().join(FILE), Instant::now());
    while file.with_extension("db-wal").exists() {
        assert!(since.elapsed() < Duration::from_secs(20), "the storage does not close");
        std::thread::yield_now();
    }
    (residents, fs::read(file).expect("reads"))
}

async fn move_in(store: &Store) -> Residents {
    let (luck, now) = (Luck::new(0, 2), BEGINNING);
    let (token, otp) = (LoginToken::random(&luck), Otp::random(&luck));
    let phone = PhoneNumber::from_kept("+27821234567").expect("a number");
    let (logins, sending) = (store.logins(), Sending::default());
    let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now).await;
    begun.expect("no fault").expect("a pin may go out");
    let session = SessionToken::random(&luck);
    let signed_in = store.logins().verify(token, otp, session, now).await;
    let owner = signed_in.expect("no fault").expect("the right pin").user;
    let gates: [GateId; GATES] = std::array::from_fn(|_| GateId::new(&luck, now));
    let settings = Settings {
        entry_gate: gates[0],
        exit_gate: ExitGate::SameAsEntry,
        max_users: MaxUsers::new(5).expect("on offer"),
        invite_duration: InviteDuration::from_hours(1).expect("on offer"),
        exit_grace: ExitGrace::default(),
    };
    let intercoms: [IntercomId; INTERCOMS] = std::array::from_fn(|_| IntercomId::new(&luck, now));
    let devices = store.devices();
    let mut friend = owner;
    for (nth, gate) in (1..).zip(gates) {
        let (label, secret) = (label("G", nth, &luck), EnrolmentSecret::random(&luck));
        let (serial, claim_code) = (label.serial.clone(), label.claim_code.clone());
        devices.make_gate(gate, label, secret.clone(), now).await.expect("makes");
        devices.claim(owner, claim_code, None, now).await.expect("no fault").expect("claims");
        let certificate = Certificate {
            fingerprint: Fingerprint([nth; 32]),
            serial: [nth; 16],
            expires_at: now + FOR_EVER,
            public_key: public_key(gate),
        };
        let enrolled = devices.enrolled(serial, secret, certificate, now).await;
        enrolled.expect("no fault").expect("enrols");
        let phone = PhoneNumber::from_kept(FRIEND).expect("a number");
        let shared = store.people().share(owner, gate.to_string(), phone, false, now).await;
        friend = shared.expect("no fault").expect("shares").user;
    }
    for (nth, intercom) in (1..).zip(intercoms) {
        let (label, board) = (label("I", nth, &luck), BoardToken::random(&luck));
        let claim_code = label.claim_code.clone();
        devices.make_intercom(intercom, label, board, now).await.expect("makes");
        devices.claim(owner, claim_code, None, now).await.expect("no fault").expect("claims");
        let saved = store.intercoms().save(owner, intercom.to_string(), settings, 0, now).await;
        saved.expect("no fault").expect("saves");
    }
    Residents { owner, friend, gates, intercoms, settings }
}

fn label(kind: &str, nth: u8, luck: &Luck) -> Label {
    Label {
        serial: format!("{kind}{nth}"),
        name: DeviceName::parse(&format!("{kind}{nth}")).expect("a name"),
        time_zone: "Africa/Johannesburg".to_owned(),
        claim_code: ClaimCode::random(luck),
    }
}
