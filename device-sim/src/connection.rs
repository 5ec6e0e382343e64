//! One MQTT 3.1.1 connection over TLS, from CONNECT to its end; never revived.
//!
//! rumqttc would reconnect by itself, but without back-off, without renewing subscriptions, with
//! the old last will and dropping what was queued. So each connection is a new one.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use protocol::{Down, GateId, KEEP_ALIVE, MAX_BODY_BYTES, Nonce, Presence, Topic, Up};
use rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, Outgoing, Packet, QoS,
    SubscribeFilter, SubscribeReasonCode, TlsConfiguration, Transport,
};
use tokio::time::timeout;

use crate::Identity;

/// How long all of TCP, TLS, CONNECT and SUBSCRIBE may take together.
const OPENING_DEADLINE: Duration = Duration::from_secs(10);

/// How long a clean farewell may take.
const CLOSING_DEADLINE: Duration = Duration::from_secs(2);

/// Messages waiting to be written; more means that the connection is stuck.
const OUTBOX_LENGTH: usize = 256;

/// A packet is a body, its topic and a few bytes more.
const MAX_PACKET_BYTES: usize = MAX_BODY_BYTES + 512;

/// The back-off's first and last ceiling.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Something the service sent.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) down: Down,
    pub(crate) retained: bool,
    pub(crate) body: Vec<u8>,
}

/// The half that publishes.
pub(crate) struct Outbox {
    client: AsyncClient,
    gate: GateId,
}

/// The half that must be polled for anything to happen at all.
pub(crate) struct Inbox {
    events: EventLoop,
    gate: GateId,
}

/// Connects and subscribes to both topics; both are granted when this returns.
pub(crate) async fn open(identity: &Identity, nonce: Nonce) -> Result<(Outbox, Inbox)> {
    let gate = identity.enrolment.gate_id.clone();
    let (client, mut events) = AsyncClient::new(mqtt_options(identity, nonce), OUTBOX_LENGTH);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    events.set_network_options(network);
    let filter = |down| Topic::Down(gate.clone(), down).to_string();
    let filters = Down::ALL.map(|down| SubscribeFilter::new(filter(down), QoS::AtLeastOnce));
    client.try_subscribe_many(filters)?;
    timeout(OPENING_DEADLINE, subscribed(&mut events)).await.context("the broker is silent")??;
    Ok((Outbox { client, gate: gate.clone() }, Inbox { events, gate }))
}

/// Waits for the SUBACK. What else arrives before it belongs to no epoch and may be lost.
async fn subscribed(events: &mut EventLoop) -> Result<()> {
    loop {
        if let Event::Incoming(Packet::SubAck(ack)) = events.poll().await? {
            let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
            let all = ack.return_codes.iter().all(|code| *code == granted);
            ensure!(all, "the broker refuses the subscriptions");
            return Ok(());
        }
    }
}

fn mqtt_options(identity: &Identity, nonce: Nonce) -> MqttOptions {
    let gate = &identity.enrolment.gate_id;
    let broker = &identity.enrolment.broker;
    let presence = Topic::Up(gate.clone(), Up::Presence).to_string();
    let will = Presence::gone(nonce).to_bytes();
    let mut options = MqttOptions::new(gate.as_str(), &broker.host, broker.port);
    options
        .set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(identity.tls())))
        .set_clean_session(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_max_packet_size(MAX_PACKET_BYTES, MAX_PACKET_BYTES)
        .set_last_will(LastWill::new(presence, will, QoS::AtLeastOnce, false));
    options
}

impl Outbox {
    /// Queues a message, QoS 1; a full queue is a broken connection.
    pub(crate) fn publish(&self, up: Up, body: Vec<u8>) -> Result<()> {
        let topic = Topic::Up(self.gate.clone(), up).to_string();
        self.client.try_publish(topic, QoS::AtLeastOnce, false, body).context("the outbox is full")
    }
}

impl Inbox {
    /// Waits for the next message on a topic of this gate.
    ///
    /// Not to be dropped half-way while the connection shall live: rumqttc may be writing.
    pub(crate) async fn next(&mut self) -> Result<Arrival> {
        loop {
            let Event::Incoming(Packet::Publish(publish)) = self.events.poll().await? else {
                continue;
            };
            if let Ok(Topic::Down(gate, down)) = Topic::parse(&publish.topic)
                && gate == self.gate
            {
                let body = publish.payload.to_vec();
                return Ok(Arrival { down, retained: publish.retain, body });
            }
        }
    }
}

/// Lets the outbox drain and ends with a clean DISCONNECT; gives up when that takes long.
pub(crate) async fn close(outbox: Outbox, mut inbox: Inbox) {
    let farewell = async {
        let _ = outbox.client.disconnect().await;
        while let Ok(event) = inbox.events.poll().await {
            if event == Event::Outgoing(Outgoing::Disconnect) {
                break;
            }
        }
    };
    let _ = timeout(CLOSING_DEADLINE, pin!(farewell)).await;
}

/// The longest pause after that many failures in a row; the real one is a random part of it, so
/// that gates which lost a broker together do not come back together.
pub(crate) fn pause_ceiling(failures: u32) -> Duration {
    let (first, last) = PAUSE;
    first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_starts_short_doubles_and_stays_bounded() {
        let ceilings = [1, 2, 3, 6, 7, 100, u32::MAX].map(|n| pause_ceiling(n).as_millis());
        assert_eq!(ceilings, [200, 400, 800, 6400, 10_000, 10_000, 10_000]);
    }
}
