//! `device-sim`: a gate on the command line. What it does stands in the library.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand};
use device_sim::faults::{LONGEST_DELAY, Sensor, Share, Skew};
use device_sim::storm::{self, Rush, Service, Storm, Traffic};
use device_sim::{Broker, Claim, Faults, Options, Simulation, enrol};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;

/// A Fluss+ gate, played by a program.
///
/// It is what your firmware has to be: it enrols with the secret on its label, connects to the
/// broker over mutual TLS, says hello, and pulses at most once for each signed command, never
/// late. It knows nothing but the device contract (docs/device-contract.md). Run it beside your
/// own board and compare.
#[derive(Parser)]
#[command(version, after_long_help = EXAMPLE)]
struct Arguments {
    #[command(subcommand)]
    act: Act,
}

const EXAMPLE: &str = "\
Example, line by line:

  Enrol once. The gate makes its own key in ./gate; the service certifies it.
    device-sim enrol --folder ./gate --server https://gates.example.com \\
        --serial FL-0001 --secret 7QX2-M4KD

  Run it. Each line tells one thing that happened (UTC).
    device-sim run --folder ./gate
    12:01:02.123 connected to gates.example.com:8883 as gate_7
    12:01:02.124 hello sent
    12:01:02.131 epoch 4 adopted
    12:01:09.570 received open entry 0101…
    12:01:09.574 OPEN entry 0101…: pulse 1
    12:01:09.574 reported 0101…: executed

  Both at once; a folder that is enrolled already is used as it is.
    device-sim run --folder ./gate --server http://127.0.0.1:8080 \\
        --serial FL-0001 --secret 7QX2-M4KD

  Run it on a bad day: of the messages 5 % are lost and 3 % doubled, each is up to 400 ms late, at
  one opening in ten the power fails. Seed 7 decides; the same seed decides the same again.
    device-sim run --folder ./gate --seed 7 --loss 5 --dup 3 --delay 400 --reboot 10
    12:04:11.020 received open entry 0102…
    12:04:11.024 on purpose, opening 10: the power fails between ledger and pulse

  Load a broker with a thousand of them, each enrolled in a folder of its own below ./gates.
    device-sim storm --gates ./gates --service data/keys/bridge.pem \\
        --ca ./gates/1/ca.pem --rate 500

Ctrl-C or SIGTERM says goodbye; kill -9 is a power cut, which the ledger in the folder survives.

It ends with
  0  when it was told to stop, or has done what it was asked for
  1  when it could not; one line on stderr says why
  2  when the command line was wrong; stderr names the option and what was expected";

const FAULTS: &str = "What goes wrong on purpose";

#[derive(Subcommand)]
enum Act {
    /// Makes the gate's key and has the service certify it.
    Enrol {
        #[command(flatten)]
        label: Label,
        #[command(flatten)]
        folder: Folder,
    },
    /// Connects and obeys until it is told to stop; enrols first when it is given a label.
    Run {
        #[command(flatten)]
        label: Option<Label>,
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        faults: FaultOptions,
    },
    /// Loads a broker with many gates at once, and says how it bore them.
    ///
    /// The gates connect over mutual TLS, subscribe and keep alive, as the contract says; they
    /// obey nothing. With --service, messages are published to them and clocked, from the write
    /// of the one to the read of the other. Any MQTT 3.1.1 broker will do that knows their
    /// authority. Mind its limits by address, and the limit of open files (ulimit -n) here: one
    /// for each gate.
    Storm {
        /// A folder of gates' folders, each as `enrol` leaves it.
        #[arg(long, value_name = "FOLDER")]
        gates: PathBuf,
        /// Where they connect, instead of where they were told at their enrolment.
        #[arg(long, value_name = "HOST:PORT", value_parser = broker)]
        broker: Option<Broker>,
        /// How many connect at the same time; the others wait their turn.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        at_once: usize,
        /// The certificate and key (PEM, one file) of a client that may publish to all gates:
        /// for flussd `keys/bridge.pem` in its data folder.
        #[arg(long, value_name = "FILE", requires = "ca")]
        service: Option<PathBuf>,
        /// The authority of the broker's certificate (PEM), for --service; gates bring their own.
        #[arg(long, value_name = "FILE", requires = "service")]
        ca: Option<PathBuf>,
        /// Messages published per second.
        #[arg(long, value_name = "COUNT", default_value_t = 500, requires = "service")]
        rate: u32,
        /// How long they are published.
        #[arg(long, default_value_t = 10, requires = "service")]
        seconds: u64,
        /// Print one JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// What `storm` found out.
#[derive(Serialize)]
struct Found {
    connecting: Rush,
    publishing: Option<Traffic>,
    lost: usize,
    first_loss: Option<String>,
}

#[derive(Args)]
struct Folder {
    /// Where the gate's key, certificate and ledger are kept.
    #[arg(long, default_value = "gate")]
    folder: PathBuf,
}

/// Each message and each opening has a number, and the seed decides by that number alone.
#[derive(Args)]
#[command(next_help_heading = FAULTS)]
struct FaultOptions {
    /// Names the row of decisions; like 7.
    ///
    /// Any whole number from 0 on. The same seed decides the same about the first message, the
    /// second, and so on, in each run; each kind of fault has a row of its own. What is said to
    /// happen "on purpose" in the log is the trace of these decisions.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// This share of the messages is lost, each way: 0 to 100, like 5 or 0.5.
    ///
    /// The connection stands: the gate does not see the message, or the broker does not get it. A
    /// lost hello or welcome costs 10 s; a lost ready costs up to 30 min, in which the gate cannot
    /// be opened, unless its connection ends before.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    loss: Share,
    /// This share of the messages gets through twice, each way: 0 to 100, like 3.
    ///
    /// Of those that are not lost.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    dup: Share,
    /// Each message is up to so many milliseconds late, each way: 0 to 60000, like 400.
    ///
    /// Nothing overtakes. A command lives for 8000 ms.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = delays())]
    delay: u64,
    /// At this share of the openings the power fails: 0 to 100, like 10.
    ///
    /// It fails before the ledger is written, between ledger and pulse, or between pulse and
    /// report. The gate is back after a second and knows what its ledger holds.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    reboot: Share,
    /// The gate's clock runs so many millionths fast, or slow below 0: -500000 to 500000, like 50.
    ///
    /// The contract allows for 50 either way. A clock that is slower lets the gate open late.
    #[arg(long, value_name = "PPM", default_value_t = 0, value_parser = skews(),
          allow_negative_numbers = true)]
    skew: i32,
    /// What a sensor sees after each pulse: the gate moves, moves late, or not.
    ///
    /// `ok`: within 1.5 s; `slow`: after 5 to 10 s; `stuck`: not at all, after 10 s. The gate reports
    /// it, and `flussd explain` tells it.
    #[arg(long, value_name = "ok|slow|stuck")]
    sensor: Option<Sensor>,
}

/// All of it or nothing.
#[derive(Args)]
struct Label {
    /// The service to enrol with.
    #[arg(long, value_name = "URL", required = false, requires_all = ["serial", "secret"])]
    server: String,
    /// The serial number on the gate's label.
    #[arg(long, required = false, requires = "server")]
    serial: String,
    /// The secret on the gate's label.
    #[arg(long, required = false, requires = "server")]
    secret: String,
    /// A file of authorities to believe about the server (PEM), instead of the machine's own.
    #[arg(long, requires = "server")]
    server_ca: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    print_what_happens();
    match act(arguments.act).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("device-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(act: Act) -> Result<()> {
    match act {
        Act::Enrol { label, folder: Folder { folder } } => {
            let identity = enrol(&label.claim()?, &folder).await?;
            println!("enrolled as {} in {}", identity.enrolment.gate_id, folder.display());
        }
        Act::Run { label, folder: Folder { folder }, faults } => {
            if let Some(label) = label {
                enrol(&label.claim()?, &folder).await?;
            }
            let faults = Faults::from(faults);
            if faults != (Faults { seed: faults.seed, ..Faults::default() }) {
                println!("on purpose, by {faults}");
            }
            let gate = Simulation::start(&folder, Options { faults, ..Options::default() })?;
            told_to_stop().await?;
            gate.stop().await;
        }
        Act::Storm { gates: folder, broker, at_once, service, ca, rate, seconds, json } => {
            let gates = storm::gates_in(&folder)?;
            let none = || format!("{} holds no enrolled gate", folder.display());
            let first = gates.first().with_context(none)?;
            let service = service.zip(ca).map(|(own, ca)| Service::load(&own, &ca)).transpose()?;
            let mut storm = Storm::at(broker.unwrap_or_else(|| first.enrolment.broker.clone()));
            let connecting = storm.connect(&gates, at_once).await;
            let publishing = match service {
                Some(service) => {
                    Some(storm.publish(&service, rate, Duration::from_secs(seconds)).await?)
                }
                None => None,
            };
            let lost = storm.lost();
            let found = Found {
                connecting,
                publishing,
                lost: lost.len(),
                first_loss: lost.first().cloned(),
            };
            if json {
                println!("{}", serde_json::to_string(&found)?);
            } else {
                print!("{found}");
            }
        }
    }
    Ok(())
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connecting: rush, publishing, lost, .. } = self;
        let reason =
            |why: &Option<String>| why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        let (in_all, refusal) = (rush.connected + rush.refused, reason(&rush.first_refusal));
        writeln!(
            f,
            "connected  {} of {in_all} in {:.1} s, {:.0}/s{refusal}",
            rush.connected, rush.seconds, rush.per_second
        )?;
        writeln!(f, "  each     {}", rush.each)?;
        if let Some(traffic) = publishing {
            let Traffic { sent, acknowledged, arrived, again, latency } = traffic;
            writeln!(
                f,
                "published  {sent}, acknowledged {acknowledged}, arrived {arrived}, twice {again}"
            )?;
            writeln!(f, "  each     {latency}")?;
        }
        writeln!(f, "lost       {lost} connections{}", reason(&self.first_loss))
    }
}

fn broker(text: &str) -> Result<Broker, &'static str> {
    let wrong = "expected HOST:PORT";
    let (host, port) = text.rsplit_once(':').ok_or(wrong)?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6,
        None if host.is_empty() || host.contains(':') => return Err(wrong),
        None => host,
    };
    Ok(Broker { host: host.to_owned(), port: port.parse().map_err(|_| wrong)? })
}

impl From<FaultOptions> for Faults {
    fn from(options: FaultOptions) -> Self {
        let FaultOptions { seed, loss, dup, delay, reboot, skew, sensor } = options;
        let (delay, skew) = (Duration::from_millis(delay), Skew::new(skew).unwrap_or_default());
        Self { seed, loss, dup, delay, reboot, skew, sensor }
    }
}

fn delays() -> impl TypedValueParser<Value = u64> {
    let longest = u64::try_from(LONGEST_DELAY.as_millis()).unwrap_or(u64::MAX);
    clap::value_parser!(u64).range(..=longest)
}

fn skews() -> impl TypedValueParser<Value = i32> {
    let (slowest, fastest) = (i64::from(*Skew::RANGE.start()), i64::from(*Skew::RANGE.end()));
    clap::value_parser!(i32).range(slowest..=fastest)
}

impl Label {
    fn claim(self) -> Result<Claim> {
        let Self { server, serial, secret, server_ca } = self;
        let read = |path: PathBuf| {
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        Ok(Claim { server, serial, secret, server_ca: server_ca.map(read).transpose()? })
    }
}

async fn told_to_stop() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// One line for each thing that happens: the time of day and the words, nothing else.
fn print_what_happens() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("off,device_sim=info"))
        .with_timer(TimeOfDay)
        .with_ansi(false)
        .with_level(false)
        .with_target(false)
        .fmt_fields(
            debug_fn(|line, field, value| match field.name() {
                "message" => write!(line, "{value:?}"),
                _ => Ok(()),
            })
            .delimited(""),
        )
        .init();
}

/// `12:01:02.123`, in UTC.
struct TimeOfDay;

impl FormatTime for TimeOfDay {
    #[expect(clippy::disallowed_methods, reason = "for people who read the log; no rule sees it")]
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, ms) = (since_1970.as_secs(), since_1970.subsec_millis());
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        write!(line, "{hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_make_sense_to_clap() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_broker_is_a_host_and_a_port() {
        let read = |text: &str| broker(text).map(|Broker { host, port }| (host, port));
        assert_eq!(read("gates.example.com:8883"), Ok(("gates.example.com".to_owned(), 8883)));
        assert_eq!(read("[::1]:8883"), Ok(("::1".to_owned(), 8883)));
        for wrong in ["gates.example.com", "gates.example.com:x", "::1", ":8883"] {
            assert_eq!(read(wrong), Err("expected HOST:PORT"), "{wrong}");
        }
    }
}
