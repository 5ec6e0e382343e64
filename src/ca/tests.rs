use domain::name::DeviceName;
use domain::secret::{ClaimCode, EnrolmentSecret, serial_number};
use domain::{GateId, roll};
use store::{Certificate, Fingerprint, Label};
use tempfile::TempDir;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_750_000_000_000);
const DAY: Duration = Duration::from_hours(24);
const LIFETIME: Duration = Duration::from_hours(90 * 24);

#[tokio::test]
async fn the_next_ca_signs_only_when_no_gate_can_have_missed_it() {
    let yard = Yard::open().await;
    let gate = yard.gate(START).await;
    let added = START + DAY;
    yard.take(Step::Add, added).await.unwrap();
    let expected = "not yet: gates that may know the old CA alone: 1; each until it renews, the \
                    last until 2025-09-13 15:06 UTC (--force does it all the same)";
    assert_eq!(yard.take(Step::Switch, added + DAY).await.unwrap_err(), expected);

    // One that was told by a flussd that had not heard of the step.
    yard.certify(&gate, added + UNHEARD - Duration::from_millis(1)).await;
    yard.take(Step::Switch, added + DAY).await.unwrap_err();
    yard.certify(&gate, added + UNHEARD).await;
    yard.take(Step::Switch, added + DAY).await.unwrap();
    assert_eq!(yard.phase(), Phase::Switched { at: added + DAY });
}

#[tokio::test]
async fn the_old_ca_is_forgotten_when_no_gate_needs_it() {
    let yard = Yard::open().await;
    yard.take(Step::Add, START).await.unwrap();
    yard.gate(START + DAY).await;
    let switched = START + DAY * 2;
    yard.take(Step::Switch, switched).await.unwrap();
    let refused = yard.take(Step::Drop, switched + DAY).await.unwrap_err();
    assert!(refused.starts_with("not yet: gates that may have a certificate of the old CA: 1;"));
    // It never renews: its time ends by itself.
    yard.take(Step::Drop, START + DAY + LIFETIME - DAY).await.unwrap_err();
    yard.take(Step::Drop, START + DAY + LIFETIME).await.unwrap();
    assert_eq!(yard.phase(), Phase::Alone);
}

#[tokio::test]
async fn without_gates_a_step_waits_until_every_process_has_heard_of_the_last() {
    let yard = Yard::open().await;
    yard.take(Step::Add, START).await.unwrap();
    let heard = START + UNHEARD;
    let early = yard.take(Step::Switch, heard - Duration::from_millis(1)).await.unwrap_err();
    assert!(early.contains("may not have heard until 2025-06-15 17:06 UTC"), "{early}");
    yard.take(Step::Switch, heard).await.unwrap();
}

#[tokio::test]
async fn a_step_may_be_repeated_and_none_is_left_out() {
    let yard = Yard::open().await;
    assert!(yard.take(Step::Switch, START).await.unwrap_err().contains("there is no next CA"));
    yard.take(Step::Drop, START).await.unwrap();
    yard.take(Step::Add, START).await.unwrap();
    assert!(yard.take(Step::Drop, START).await.unwrap_err().contains("the old CA still signs"));
    yard.take(Step::Add, START + DAY).await.unwrap();
    assert_eq!(yard.phase(), Phase::Added { at: START }, "it is as it was");
    yard.take(Step::Switch, START + DAY).await.unwrap();
    yard.take(Step::Switch, START + DAY * 2).await.unwrap();
    assert_eq!(yard.phase(), Phase::Switched { at: START + DAY }, "it is as it was");
    assert!(yard.take(Step::Add, START).await.unwrap_err().contains("not forgotten yet"));
}

#[tokio::test]
async fn force_takes_the_next_step_at_once_and_no_other() {
    let yard = Yard::open().await;
    yard.gate(START).await;
    yard.forced(Step::Switch).await.unwrap_err();
    for step in [Step::Add, Step::Switch, Step::Drop] {
        yard.forced(step).await.unwrap();
    }
    assert_eq!(yard.phase(), Phase::Alone);
}

#[tokio::test]
async fn the_report_tells_each_ca_and_what_comes_next() {
    let yard = Yard::open().await;
    let first = yard.folder().authorities.signing.name().to_owned();
    let told = yard.report(START).await;
    assert!(told.starts_with(&format!("{first}  signs\n  valid until 2035-")), "{told}");
    assert!(told.contains("\nNext: flussd ca add\n"), "{told}");

    yard.take(Step::Add, START).await.unwrap();
    let second = yard.folder().authorities.other.as_ref().unwrap().name().to_owned();
    let told = yard.report(START).await;
    let line = format!("{second}  is believed too, since 2025-06-15 15:06 UTC\n");
    assert!(told.contains(&line) && told.contains("\nNext: flussd ca switch, but not yet: "));

    yard.take(Step::Switch, START + DAY).await.unwrap();
    let told = yard.report(START + DAY * 2).await;
    let line = format!("{first}  signed until 2025-06-16 15:06 UTC, is still believed\n");
    assert!(told.starts_with(&format!("{second}  signs\n")) && told.contains(&line), "{told}");
    assert!(told.contains("\nNext: flussd ca drop\n"), "{told}");
}

/// A data folder and its storage; the time is told with each step.
struct Yard {
    home: TempDir,
    store: Store,
}

/// A clock that stands.
struct Start;

impl Clock for Start {
    fn now(&self) -> Timestamp {
        START
    }
}

/// A gate that may enrol again, as one that renews.
struct Gate {
    serial: String,
    secret: EnrolmentSecret,
}

impl Yard {
    async fn open() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let config = Config { data: home.path().join("data"), ..Config::default() };
        let (_, store) = open(&config, &Start, Arc::new(SystemDice)).await.expect("opens");
        Self { home, store }
    }

    fn folder(&self) -> Folder {
        let path = self.home.path().join("data");
        Folder::open(&path, &[], &SystemDice, START).expect("opens")
    }

    fn phase(&self) -> Phase {
        self.folder().phase
    }

    async fn take(&self, step: Step, now: Timestamp) -> Result<(), String> {
        let taken = take(step, &self.folder(), &self.store, false, &SystemDice, now).await;
        taken.map_err(|error| error.to_string())
    }

    async fn forced(&self, step: Step) -> anyhow::Result<()> {
        take(step, &self.folder(), &self.store, true, &SystemDice, START).await
    }

    async fn report(&self, now: Timestamp) -> String {
        report(&self.folder(), &self.store, now).await.expect("reports")
    }

    /// A gate that got its certificate then.
    async fn gate(&self, now: Timestamp) -> Gate {
        let secret = EnrolmentSecret::random(&SystemDice);
        let label = Label {
            serial: serial_number(&SystemDice),
            name: DeviceName::parse("Gate").expect("a name"),
            time_zone: "UTC".to_owned(),
            claim_code: ClaimCode::random(&SystemDice),
        };
        let gate = Gate { serial: label.serial.clone(), secret: secret.clone() };
        let made =
            self.store.devices().make_gate(GateId::new(&SystemDice, now), label, secret, now);
        made.await.expect("makes");
        self.certify(&gate, now).await;
        gate
    }

    /// The gate gets another certificate, which voids the one before.
    async fn certify(&self, gate: &Gate, now: Timestamp) {
        let certificate = Certificate {
            fingerprint: Fingerprint(roll(&SystemDice)),
            serial: roll(&SystemDice),
            public_key: Vec::new(),
            expires_at: now + LIFETIME,
        };
        let (serial, secret) = (gate.serial.clone(), gate.secret.clone());
        let enrolled = self.store.devices().enrolled(serial, secret, certificate, now).await;
        enrolled.expect("no fault").expect("enrols");
    }
}
