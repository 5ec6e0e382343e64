//! Many gates at once, to load a broker: the same thin clients against any MQTT 3.1.1 broker.
//!
//! These gates connect as the contract says, listen, keep alive and clock what arrives; they obey
//! nothing and report nothing. A gate that does is played by [`crate::simulation`].

mod figures;
mod line;

pub use figures::{Rush, Spread, Traffic};
pub use line::Line;

use std::convert::Infallible;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use protocol::{Down, GateId, KEEP_ALIVE, Topic};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, Publish};
use rustls::ClientConfig;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, interval_at, sleep, timeout};

use crate::identity::{self, Broker, Identity};
use figures::Flight;
use line::hail;

/// How long all of TCP, TLS, CONNECT and SUBSCRIBE may take together.
const OPENING_DEADLINE: Duration = Duration::from_secs(20);

/// How long a message may take to count as arrived, after the last one was sent.
const ARRIVAL_DEADLINE: Duration = Duration::from_secs(5);

/// Reads all gates below a folder, each in a folder as [`crate::enrol`] leaves it.
pub fn gates_in(folder: &Path) -> Result<Vec<Identity>> {
    let cannot_read = || format!("cannot read {}", folder.display());
    let mut gates = Vec::new();
    for entry in folder.read_dir().with_context(cannot_read)? {
        let path = entry.with_context(cannot_read)?.path();
        if path.is_dir() {
            gates.extend(Identity::load(&path)?);
        }
    }
    gates.sort_by(|a, b| a.enrolment.gate_id.as_str().cmp(b.enrolment.gate_id.as_str()));
    Ok(gates)
}

/// Who publishes to all gates.
#[derive(Clone, Debug)]
pub struct Service(Arc<ClientConfig>);

impl Service {
    /// Reads the service's certificate and key from one file, its authority from another (PEM).
    pub fn load(certificate_and_key: &Path, ca: &Path) -> Result<Self> {
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let own = read(certificate_and_key)?;
        let tls = identity::tls(&own, &own, &read(ca)?);
        Ok(Self(tls.with_context(|| certificate_and_key.display().to_string())?))
    }
}

/// Gates at one broker. Dropped, all of them vanish as by a power cut.
#[derive(Debug)]
pub struct Storm {
    broker: Broker,
    gates: Vec<GateId>,
    lost: Vec<String>,
    born: Instant,
    heard: mpsc::UnboundedReceiver<Heard>,
    tell: mpsc::UnboundedSender<Heard>,
    tasks: JoinSet<()>,
}

/// What the gates tell.
#[derive(Debug)]
enum Heard {
    Opened { gate: GateId, took: Duration },
    Refused(String),
    Arrived { stamp: u64, took: Duration },
    Lost(String),
}

impl Storm {
    /// No gate yet.
    pub fn at(broker: Broker) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        Self {
            broker,
            gates: Vec::new(),
            lost: Vec::new(),
            born: Instant::now(),
            heard,
            tell,
            tasks: JoinSet::new(),
        }
    }

    /// Lets these gates connect and subscribe, so many at once; they stay. None tries twice.
    pub async fn connect(&mut self, gates: &[Identity], at_once: usize) -> Rush {
        let turns = Arc::new(Semaphore::new(at_once.max(1)));
        let began = Instant::now();
        for gate in gates {
            let gate = gate.clone();
            let (broker, turns) = (self.broker.clone(), Arc::clone(&turns));
            self.tasks.spawn(play(gate, broker, turns, self.born, self.tell.clone()));
        }
        let (mut took, mut refused) = (Vec::new(), Vec::new());
        while took.len() + refused.len() < gates.len() {
            match self.heard.recv().await {
                Some(Heard::Opened { gate, took: one }) => {
                    self.gates.push(gate);
                    took.push(one);
                }
                Some(Heard::Refused(why)) => refused.push(why),
                Some(Heard::Lost(why)) => self.lost.push(why),
                Some(Heard::Arrived { .. }) => {}
                None => break,
            }
        }
        Rush::new(took, refused, began.elapsed())
    }

    /// Publishes to one gate after another, chosen as by chance, so many messages a second with
    /// QoS 1, and waits a little for the last ones.
    pub async fn publish(
        &mut self,
        service: &Service,
        per_second: u32,
        span: Duration,
    ) -> Result<Traffic> {
        ensure!(!self.gates.is_empty(), "no gate is there to publish to");
        let name = format!("service-storm-{}", std::process::id());
        let mut line = Line::open(&self.broker, Arc::clone(&service.0)).await?;
        line.connect(hail(&name)).await?;
        let mut ticks = interval(Duration::from_secs(1) / per_second.max(1));
        let mut pings = pings();
        let mut flight = Flight::default();
        let ends = Instant::now() + span;
        let patience = sleep(span + ARRIVAL_DEADLINE);
        let mut patience = pin!(patience);
        while Instant::now() < ends || !flight.is_over() {
            tokio::select! {
                _ = ticks.tick(), if Instant::now() < ends => {
                    let topic = self.trigger_of_any(flight.sent).to_string();
                    let stamp = nanos(self.born.elapsed());
                    let mut publish = Publish::new(topic, QoS::AtLeastOnce, stamp.to_be_bytes());
                    publish.pkid = flight.take_off(stamp);
                    line.send(&Packet::Publish(publish)).await?;
                }
                _ = pings.tick() => line.send(&Packet::PingReq).await?,
                packet = line.receive() => {
                    flight.acknowledged += usize::from(matches!(packet?, Packet::PubAck(_)));
                }
                Some(heard) = self.heard.recv() => self.hear(heard, &mut flight),
                () = &mut patience => break,
            }
        }
        line.send(&Packet::Disconnect).await?;
        Ok(flight.land())
    }

    /// Connections that ended by themselves so far, each with its reason.
    pub fn lost(&mut self) -> &[String] {
        while let Ok(heard) = self.heard.try_recv() {
            self.hear(heard, &mut Flight::default());
        }
        &self.lost
    }

    fn hear(&mut self, heard: Heard, flight: &mut Flight) {
        match heard {
            Heard::Arrived { stamp, took } => flight.arrive(stamp, took),
            Heard::Lost(why) => self.lost.push(why),
            // All have been heard before `connect` returned.
            Heard::Opened { .. } | Heard::Refused(_) => {}
        }
    }

    /// The same gates in the same order each time, in no order that a broker could guess.
    fn trigger_of_any(&self, turn: usize) -> Topic {
        let gate = turn.wrapping_mul(0x9e37_79b9).rotate_right(7) % self.gates.len();
        Topic::Down(self.gates[gate].clone(), Down::Trigger)
    }
}

/// One gate, from its turn to connect to the end of its connection.
async fn play(
    gate: Identity,
    broker: Broker,
    turns: Arc<Semaphore>,
    born: Instant,
    tell: mpsc::UnboundedSender<Heard>,
) {
    let Ok(turn) = turns.acquire().await else { return };
    let began = Instant::now();
    let opened = timeout(OPENING_DEADLINE, Line::of(&gate, &broker)).await;
    let opened = opened.context("the broker is silent").flatten();
    drop(turn);
    let mut line = match opened {
        Ok(line) => line,
        Err(error) => {
            let _ = tell.send(Heard::Refused(format!("{error:#}")));
            return;
        }
    };
    let _ = tell.send(Heard::Opened { gate: gate.enrolment.gate_id, took: began.elapsed() });
    let Err(error) = stay(&mut line, born, &tell).await;
    let _ = tell.send(Heard::Lost(format!("{error:#}")));
}

/// Keeps the connection alive, acknowledges and clocks what arrives.
async fn stay(
    line: &mut Line,
    born: Instant,
    tell: &mpsc::UnboundedSender<Heard>,
) -> Result<Infallible> {
    let mut pings = pings();
    loop {
        let packet = tokio::select! {
            _ = pings.tick() => {
                line.send(&Packet::PingReq).await?;
                continue;
            }
            packet = line.receive() => packet?,
        };
        let Packet::Publish(publish) = packet else { continue };
        let now = born.elapsed();
        // What a bridge sends has no such body.
        if let Ok(stamp) = publish.payload[..].try_into().map(u64::from_be_bytes) {
            let took = now.saturating_sub(Duration::from_nanos(stamp));
            let _ = tell.send(Heard::Arrived { stamp, took });
        }
        if publish.qos == QoS::AtLeastOnce {
            line.send(&Packet::PubAck(PubAck::new(publish.pkid))).await?;
        }
    }
}

/// Each gate asks in time, and not all of them at once.
fn pings() -> Interval {
    let mut pings = interval_at((Instant::now() + KEEP_ALIVE / 2).into(), KEEP_ALIVE / 2);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
