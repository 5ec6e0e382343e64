//! A good device at a broker under siege: `cargo bench --bench siege`, `-- --help` for what can be
//! set.
//!
//! Silent sockets, handshakes cut in half and CONNECTs cut in half are held at once against the
//! embedded broker on its default limits, and renewed as it ends them, while good devices connect
//! one after the other from another address. Besiegers, devices and broker share the machine.

mod common;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use common::fleet::Fleet;
use common::{Server, cpu, flussd, free_address, meter};
use device_sim::storm::{Line, Spread, gates_in};
use device_sim::{Broker, Identity};
use rumqttc::mqttbytes::v4::{Connect, Packet};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

/// A besieger who is sent away at once rests so long before the next try.
const REST: Duration = Duration::from_secs(1);

/// Whoever is sent away sooner than this was not let in at all.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How long the besiegers may take to arrive.
const MUSTER: Duration = Duration::from_secs(15);

/// How long a good device waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a good device may wait, at the 99th of a hundred.
const BAR_MS: f64 = 250.0;

/// Besieges the embedded broker while good devices connect.
#[derive(Parser)]
struct Arguments {
    /// Besiegers of each of the three kinds.
    #[arg(long, default_value_t = 1000)]
    each: usize,
    /// How often a good device connects.
    #[arg(long, default_value_t = 400)]
    devices: usize,
    /// How long the next one waits, in milliseconds.
    #[arg(long, default_value_t = 25)]
    pause_ms: u64,
    /// Another flussd than the one just built.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_flussd"))]
    flussd: PathBuf,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What a besieger does before it falls silent.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Silent,
    HalfHandshake,
    HalfConnect,
}

/// How the besiegers fare.
#[derive(Debug, Default)]
struct Tally {
    ended: AtomicUsize,
    turned_away: AtomicUsize,
}

fn main() {
    let arguments = Arguments::parse();
    rlimit::increase_nofile_limit(u64::MAX).expect("raises the limit of open files");
    // Two runtimes, so that devices do not queue behind besiegers in one program.
    let runtime = |threads| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(threads).enable_all().build().expect("a runtime")
    };
    let (good, bad) = (runtime(1), runtime(1));
    good.block_on(tell(&arguments, bad.handle()));
    bad.shutdown_background();
}

async fn tell(arguments: &Arguments, bad: &tokio::runtime::Handle) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = free_address();
    let fleet = Fleet::enlist(folder.path(), at, arguments.devices + 1).await;
    let gates = gates_in(&fleet.gates).expect("reads the gates");
    println!(
        "{} silent sockets, half handshakes and half CONNECTs each; {} good devices, one each {} ms\n",
        arguments.each, arguments.devices, arguments.pause_ms
    );
    // By default one address may hold 100 connections.
    for (name, addresses) in [("no siege", 0), ("from 3 addresses", 3), ("from 60 addresses", 60)] {
        let mut command = flussd(&arguments.flussd, &fleet, at);
        let server = Server::start(&mut command, at).await;
        besiege(name, addresses, at, &server, &gates, arguments, bad).await;
    }
}

/// One siege, and what the good devices met.
async fn besiege(
    name: &str,
    addresses: u8,
    at: SocketAddr,
    server: &Server,
    gates: &[Identity],
    arguments: &Arguments,
    bad: &tokio::runtime::Handle,
) {
    let tally = Arc::new(Tally::default());
    let idle = meter::open_files(server.pid());
    let (accomplice, good) = gates.split_first().expect("there are gates");
    let mut besiegers = Vec::new();
    if 0 < addresses {
        for number in 0..arguments.each * 3 {
            let kind = [Kind::Silent, Kind::HalfHandshake, Kind::HalfConnect][number % 3];
            let host = u8::try_from(number / 3 % usize::from(addresses)).expect("a small number");
            let from = IpAddr::from([127, 0, 1, 1 + host]);
            let (tally, gate) = (Arc::clone(&tally), accomplice.clone());
            besiegers.push(bad.spawn(async move { renew(kind, from, at, &gate, &tally).await }));
        }
        muster(server, idle + arguments.each * 3).await;
    }
    let (ended, away) = (tally.ended.load(Relaxed), tally.turned_away.load(Relaxed));
    let before = cpu(server.pid());
    let began = Instant::now();
    let (mut held, mut took, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for (number, gate) in good.iter().enumerate() {
        let next = sleep(Duration::from_millis(arguments.pause_ms));
        if number % 10 == 0 {
            held.push(meter::open_files(server.pid()).saturating_sub(idle));
        }
        match visit(gate, at).await {
            Ok(one) => took.push(one),
            Err(error) => failures.push(format!("{error:#}")),
        }
        next.await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let spread = Spread::of(took);
    let verdict = if spread.p99_ms <= BAR_MS && failures.is_empty() { "held" } else { "MISSED" };
    println!("{name}");
    println!("  connect to SUBACK  {spread}   (bar: p99 {BAR_MS} ms, {verdict})");
    if let Some(first) = failures.first() {
        println!("  did not get in     {} ({first})", failures.len());
    }
    if 0 < addresses {
        println!(
            "  besiegers          {} to {} connections held at once; in {seconds:.0} s the broker ended \
             {} after their time and turned {} away at once",
            held.iter().min().expect("some"),
            held.iter().max().expect("some"),
            tally.ended.load(Relaxed) - ended,
            tally.turned_away.load(Relaxed) - away,
        );
    }
    println!(
        "  broker             {} kB RSS, {:.0} % of a core\n",
        meter::rss_kb(server.pid()),
        cpu(server.pid()).saturating_sub(before).as_secs_f64() / seconds * 100.0,
    );
    for besieger in besiegers {
        besieger.abort();
    }
}

/// Waits until the broker holds all of them, or no more than a second before.
async fn muster(server: &Server, all: usize) {
    let deadline = Instant::now() + MUSTER;
    let mut last = 0;
    loop {
        sleep(Duration::from_secs(1)).await;
        let held = meter::open_files(server.pid());
        if all <= held || held <= last || deadline < Instant::now() {
            return;
        }
        last = held;
    }
}

/// Besieges, again and again.
async fn renew(kind: Kind, from: IpAddr, at: SocketAddr, gate: &Identity, tally: &Tally) {
    loop {
        let began = Instant::now();
        let _ = hold(kind, from, at, gate).await;
        if began.elapsed() < AT_ONCE {
            tally.turned_away.fetch_add(1, Relaxed);
            sleep(REST).await;
        } else {
            tally.ended.fetch_add(1, Relaxed);
        }
    }
}

/// Does the first half of something and waits until the broker has enough of it.
async fn hold(kind: Kind, from: IpAddr, at: SocketAddr, gate: &Identity) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let mut tcp = socket.connect(at).await?;
    match kind {
        Kind::Silent => until_closed(&mut tcp).await,
        Kind::HalfHandshake => {
            let hello = hello(gate, at)?;
            tcp.write_all(&hello[..hello.len() / 2]).await?;
            until_closed(&mut tcp).await
        }
        Kind::HalfConnect => {
            let mut line = Line::over(tcp, &at.ip().to_string(), gate.tls()).await?;
            line.stream().write_all(&half_connect(gate)?).await?;
            line.stream().flush().await?;
            let (tcp, _) = line.stream().get_mut();
            until_closed(tcp).await
        }
    }
}

async fn until_closed(tcp: &mut TcpStream) -> Result<()> {
    while 0 < tcp.read(&mut [0; 256]).await? {}
    Ok(())
}

fn hello(gate: &Identity, at: SocketAddr) -> Result<Vec<u8>> {
    let mut client = ClientConnection::new(gate.tls(), ServerName::from(at.ip()))?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello)?;
    Ok(hello)
}

fn half_connect(gate: &Identity) -> Result<Vec<u8>> {
    let mut connect = bytes::BytesMut::new();
    Packet::Connect(Connect::new(gate.enrolment.gate_id.as_str())).write(&mut connect, 4096)?;
    Ok(connect[..connect.len() / 2].to_vec())
}

/// A good device comes in and leaves; how long it took to come in.
async fn visit(gate: &Identity, at: SocketAddr) -> Result<Duration> {
    let broker = Broker { host: at.ip().to_string(), port: at.port() };
    let began = Instant::now();
    let line = timeout(PATIENCE, Line::of(gate, &broker)).await;
    let mut line = line.context("did not get in")??;
    let took = began.elapsed();
    line.send(&Packet::Disconnect).await?;
    Ok(took)
}
