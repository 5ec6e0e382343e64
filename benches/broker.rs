//! The embedded broker beside mosquitto, in one run, under the same clients:
//! `cargo bench --bench broker`, with `-- --help` for what can be set.
//!
//! Both listen on loopback over mutual TLS with the same P-256 certificates and rights by topic;
//! each round starts them anew, one after the other. Clients and broker share the machine.

mod common;

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;
use common::fleet::Fleet;
use common::{Server, cpu, flussd, free_address, meter};
use device_sim::storm::{Service, Storm, gates_in};
use device_sim::{Broker, Identity};

/// How long memory may take to come to rest.
const REST_PATIENCE: Duration = Duration::from_secs(15);

/// Compares the embedded broker with mosquitto.
#[derive(Parser)]
struct Arguments {
    /// How often each broker is started anew and measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Devices while messages are clocked.
    #[arg(long, default_value_t = 1000)]
    few: usize,
    /// Devices in the end.
    #[arg(long, default_value_t = 5000)]
    many: usize,
    /// Devices that connect at the same time.
    #[arg(long, default_value_t = 50)]
    at_once: usize,
    /// Messages per second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Another flussd than the one just built, to compare two of them.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_flussd"))]
    flussd: PathBuf,
    /// Leave mosquitto out.
    #[arg(long)]
    alone: bool,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured, in the order of a round.
const FIGURES: [(&str, &str); 12] = [
    ("connect rate, few", "/s"),
    ("broker CPU per connect", "ms"),
    ("connect to SUBACK p99", "ms"),
    ("RSS per idle device, few", "kB"),
    ("publish to device p50", "ms"),
    ("publish to device p99", "ms"),
    ("broker CPU per message", "ms"),
    ("connect rate, to many", "/s"),
    ("RSS per idle device, many", "kB"),
    ("open files, many", ""),
    ("messages lost or doubled", ""),
    ("connections refused or lost", ""),
];

type Figures = [f64; FIGURES.len()];

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    rlimit::increase_nofile_limit(u64::MAX).expect("raises the limit of open files");
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (free_address(), free_address());
    println!("making {} devices …", arguments.many);
    let fleet = Fleet::enlist(folder.path(), ours, arguments.many).await;
    let gates = gates_in(&fleet.gates).expect("reads the gates");
    let (own, ca) = (fleet.data.join("keys/bridge.pem"), fleet.gates.join("ca.pem"));
    let service = Service::load(&own, &ca).expect("reads the service");

    let mut brokers = vec![("flussd", Vec::new())];
    match mosquitto() {
        Some(_) if arguments.alone => {}
        Some(_) => brokers.push(("mosquitto", Vec::new())),
        None => println!("*** mosquitto IS NOT INSTALLED (apt: mosquitto): nothing to compare ***"),
    }
    for round in 1..=arguments.rounds {
        for (name, rounds) in &mut brokers {
            let (mut command, at) = match *name {
                "flussd" => (flussd(&arguments.flussd, &fleet, ours), ours),
                _ => (configured_mosquitto(folder.path(), &fleet, theirs), theirs),
            };
            let server = Server::start(&mut command, at).await;
            let figures = measure(&server, at, &gates, &service, &arguments).await;
            println!("round {round}, {name}: {}", told(&figures));
            rounds.push(figures);
        }
    }
    println!("\n{}", table(&brokers, &arguments));
}

/// One broker, from its start to its end.
async fn measure(
    server: &Server,
    at: SocketAddr,
    gates: &[Identity],
    service: &Service,
    arguments: &Arguments,
) -> Figures {
    let Arguments { few, at_once, rate, seconds, .. } = *arguments;
    let pid = server.pid();
    let (first, others) = gates.split_at(few.min(gates.len()));
    let empty = resting_kb(pid).await;
    let mut storm = Storm::at(Broker { host: at.ip().to_string(), port: at.port() });

    let before = cpu(pid);
    let rush = storm.connect(first, at_once).await;
    let connecting = cpu(pid).saturating_sub(before);
    let few_kb = resting_kb(pid).await;

    let before = cpu(pid);
    let traffic = storm.publish(service, rate, Duration::from_secs(seconds)).await;
    let traffic = traffic.expect("the service may publish");
    let publishing = cpu(pid).saturating_sub(before);

    let more = storm.connect(others, at_once).await;
    let many_kb = resting_kb(pid).await;

    let each = |kb: u64, count: usize| number(kb.saturating_sub(empty)) / number(count);
    let refusals = [rush.first_refusal, more.first_refusal].into_iter().flatten();
    let lost = storm.lost();
    for why in refusals.chain(lost.first().cloned()) {
        println!("  a connection failed: {why}");
    }
    [
        rush.per_second,
        connecting.as_secs_f64() * 1e3 / number(rush.connected),
        rush.each.p99_ms,
        each(few_kb, rush.connected),
        traffic.latency.p50_ms,
        traffic.latency.p99_ms,
        publishing.as_secs_f64() * 1e3 / number(traffic.sent),
        more.per_second,
        each(many_kb, rush.connected + more.connected),
        number(meter::open_files(pid)),
        number(traffic.sent - traffic.arrived + traffic.again),
        number(rush.refused + more.refused + lost.len()),
    ]
}

/// mosquitto with the same certificates and the rights that a gate and the service have.
fn configured_mosquitto(folder: &Path, fleet: &Fleet, at: SocketAddr) -> Command {
    let broker = fleet.data.join("keys/broker.pem");
    let (acl, config) = (folder.join("mosquitto.acl"), folder.join("mosquitto.conf"));
    let mut rights = "user bridge\ntopic write fluss/v1/gates/+/trigger\n".to_owned();
    for word in ["welcome", "trigger"] {
        let _ = writeln!(rights, "pattern read fluss/v1/gates/%u/{word}");
    }
    for word in ["hello", "ready", "status", "presence"] {
        let _ = writeln!(rights, "pattern write fluss/v1/gates/%u/{word}");
    }
    fs::write(&acl, rights).expect("writes");
    // It would become another user, who may not read the keys.
    let settings = format!(
        "user root\nper_listener_settings false\npersistence false\nset_tcp_nodelay true\n\
         log_dest stderr\nallow_anonymous false\nacl_file {acl}\n\
         listener {port} {ip}\nmax_connections -1\ncafile {ca}\ncertfile {broker}\n\
         keyfile {broker}\nrequire_certificate true\nuse_identity_as_username true\n",
        acl = acl.display(),
        port = at.port(),
        ip = at.ip(),
        ca = fleet.gates.join("ca.pem").display(),
        broker = broker.display(),
    );
    fs::write(&config, settings).expect("writes");
    let mut command = Command::new(mosquitto().expect("installed"));
    command.arg("-c").arg(config);
    command
}

fn mosquitto() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file())
}

/// Waits until the memory of a process stands still for a second and a half.
async fn resting_kb(pid: u32) -> u64 {
    let deadline = Instant::now() + REST_PATIENCE;
    let (mut last, mut still) = (meter::rss_kb(pid), 0);
    while still < 3 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = meter::rss_kb(pid);
        still = if now.abs_diff(last) <= last / 200 { still + 1 } else { 0 };
        last = now;
    }
    last
}

fn told(figures: &Figures) -> String {
    let words = figures
        .iter()
        .zip(FIGURES)
        .map(|(figure, (name, unit))| format!("{name} {}{unit}", short(*figure)));
    words.collect::<Vec<_>>().join(", ")
}

/// The medians of all rounds, and how we compare.
fn table(brokers: &[(&str, Vec<Figures>)], arguments: &Arguments) -> String {
    let Arguments { rounds, few, many, at_once, rate, seconds, .. } = arguments;
    let mut table = format!(
        "medians of {rounds} rounds; few = {few}, many = {many} devices, {at_once} connecting at a \
         time; {rate} messages/s for {seconds} s at QoS 1;\nclients and broker share {} cores\n\n",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    let row = |cells: &[String]| {
        format!(
            "{:<30}{}\n",
            cells[0],
            cells[1..].iter().map(|cell| format!("{cell:>12}")).collect::<Vec<_>>().concat()
        )
    };
    let mut head = vec![String::new()];
    head.extend(brokers.iter().map(|(name, _)| (*name).to_owned()));
    if 1 < brokers.len() {
        head.push("ratio".to_owned());
    }
    table += &row(&head);
    for (at, (name, unit)) in FIGURES.iter().enumerate() {
        let medians: Vec<f64> = brokers.iter().map(|(_, rounds)| median(rounds, at)).collect();
        let mut cells = vec![format!("{name} {unit}")];
        cells.extend(medians.iter().map(|figure| short(*figure)));
        if let [ours, theirs] = medians[..]
            && theirs != 0.0
        {
            cells.push(format!("{:.2}", ours / theirs));
        }
        table += &row(&cells);
    }
    table
}

fn median(rounds: &[Figures], at: usize) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(|round| round[at]).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn short(figure: f64) -> String {
    if figure < 10.0 { format!("{figure:.2}") } else { format!("{figure:.0}") }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn number(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(0) as f64
}
