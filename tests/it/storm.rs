//! A storm: thousands of gates lose their broker in the same moment, and want it back.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use device_sim::storm::{Service, Storm, Traffic, gates_in};
use device_sim::{Options, Simulation};
use tokio::task::JoinSet;

use crate::house::{Home, House};
use crate::meter;

const GATES: usize = 2_000;

/// All of them come from one address here.
const SETTINGS: [&str; 2] = ["broker.max_newcomers_per_address=5000", "log=warn,rumqttd=off"];

/// Here a gate is a connection, a ledger and a lock; the service needs less.
const OPEN_FILES: u64 = 3 * GATES as u64 + 500;

/// How long somebody may wait for an answer during a storm, in a development build.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// How long all gates together may take, in a development build that shares its machine.
const STORM_PATIENCE: Duration = Duration::from_mins(2);

/// What the service may hold of 2,000 gates, in a development build.
const MAX_RSS_KB: u64 = 250_000;

/// Everything that the service has open apart from its gates.
const OTHER_FILES: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn all_of_2000_gates_come_back_by_themselves_after_kill_9() {
    let limit = rlimit::increase_nofile_limit(u64::MAX).expect("raises the limit of open files");
    assert!(OPEN_FILES <= limit, "this story needs {OPEN_FILES} open files; ulimit -Hn: {limit}");
    let mut house = House::empty();
    let folders = house.is_given(GATES).await;
    let mut command = house.command(&SETTINGS);
    house.run(&mut command).await;
    let mut home = Home::furnish(house).await;
    let gates = switch_on(folders).await;
    let mut epochs = Vec::new();
    let before = Instant::now();
    for gate in gates.iter().chain([&home.gate]) {
        epochs.push(comes_after(gate, 0, before).await);
    }

    home.house.dies_and_starts(&SETTINGS).await;
    let come_back = async {
        let before = Instant::now();
        for (gate, epoch) in gates.iter().chain([&home.gate]).zip(epochs) {
            comes_after(gate, epoch, before).await;
        }
    };
    tokio::select! {
        () = come_back => {}
        never = is_answered(&home) => match never {},
    }
    let (open_files, rss_kb) =
        (meter::open_files(home.house.pid()), meter::rss_kb(home.house.pid()));
    assert!(open_files <= GATES + OTHER_FILES, "{open_files} files are open");
    assert!(rss_kb <= MAX_RSS_KB, "{rss_kb} kB are in use");

    home.gate_is_online(&home.gate_label).await;
    home.lets_in("Who comes after the storm").await;
    assert_eq!(home.gate.pulses().len(), 1);
    for gate in gates {
        assert_eq!(gate.pulses(), [], "{} opened for nobody", gate.gate_id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_load_driver_counts_who_gets_in_what_arrives_and_who_is_lost() {
    let mut house = House::empty();
    let folders = house.is_given(20).await;
    let mut command = house.command(&SETTINGS);
    house.run(&mut command).await;
    let gates_folder = folders[0].parent().unwrap();
    let gates = gates_in(gates_folder).unwrap();
    let (own, ca) = (house.data.join("keys/bridge.pem"), gates_folder.join("ca.pem"));
    let service = Service::load(&own, &ca).unwrap();
    let mut storm = Storm::at(gates[0].enrolment.broker.clone());

    let rush = storm.connect(&gates, 5).await;
    assert_eq!((rush.connected, rush.refused), (20, 0), "{:?}", rush.first_refusal);
    let traffic = storm.publish(&service, 100, Duration::from_secs(1)).await.unwrap();
    assert!(50 <= traffic.sent, "sent {}", traffic.sent);
    let Traffic { sent, acknowledged, arrived, again, .. } = traffic;
    assert_eq!((acknowledged, arrived, again), (sent, sent, 0));
    assert_eq!(storm.lost(), [""; 0]);

    house.stop();
    let refused = storm.connect(&gates, 5).await;
    assert_eq!((refused.connected, refused.refused), (0, 20));
    assert!(refused.first_refusal.is_some());
    assert_eq!(storm.lost().len(), 20);
}

/// Waits until the gate is ready in a later epoch than this one, and says in which.
async fn comes_after(gate: &Simulation, epoch: u64, began: Instant) -> u64 {
    let is_later = |found: Option<u64>| found.is_some_and(|found| epoch < found);
    loop {
        match gate.until(|journal| is_later(journal.epoch)).await {
            Ok(journal) => return journal.epoch.expect("it is ready"),
            Err(error) => assert!(began.elapsed() < STORM_PATIENCE, "{error:#}"),
        }
    }
}

/// Asks for an answer again and again, as an owner's phone does; none may take long.
async fn is_answered(home: &Home) -> Infallible {
    loop {
        let asked = Instant::now();
        let answer = home.owner.get("/v1/devices").await;
        let took = asked.elapsed();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(took < ANSWER_PATIENCE, "an answer took {took:?}");
    }
}

/// All at once: opening a ledger waits for the disk.
async fn switch_on(folders: Vec<PathBuf>) -> Vec<Simulation> {
    let mut starting = JoinSet::new();
    for folder in folders {
        starting.spawn_blocking(move || Simulation::start(&folder, Options::default()));
    }
    starting.join_all().await.into_iter().collect::<Result<_, _>>().unwrap()
}
