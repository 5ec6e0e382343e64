//! What the broker offers of MQTT 3.1.1 and 5, row by row as in `docs/mqtt.md`.
//!
//! What a test elsewhere in this folder shows already is not shown again; the table names it.

mod clients;
mod connecting;
mod framing;
mod publishing;
mod subscribing;

use protocol::{Down, GateId, Topic, Up};

use crate::house::{House, gate};
use crate::raw::{Connecting, Raw, text};

fn gate_id() -> GateId {
    GateId::parse(&gate(1).to_string()).expect("an id")
}

fn trigger() -> String {
    Topic::Down(gate_id(), Down::Trigger).to_string()
}

fn status() -> String {
    Topic::Up(gate_id(), Up::Status).to_string()
}

/// A user property of MQTT 5.
fn user_property() -> Vec<u8> {
    [vec![0x26], text("key"), text("value")].concat()
}

/// All that gate 1 is answered to this CONNECT, until the line is closed.
async fn answer_to(house: &House, connecting: Connecting<'_>) -> Vec<u8> {
    let mut raw = Raw::dial(house, &house.gate(1), connecting.version).await;
    raw.send(&connecting.bytes()).await;
    raw.rest().await
}

/// Gate 1, let in with this CONNECT.
async fn let_in(house: &House, connecting: Connecting<'_>) -> Raw {
    let mut raw = Raw::dial(house, &house.gate(1), connecting.version).await;
    raw.send(&connecting.bytes()).await;
    assert_eq!(raw.packet().await[2..4], [0, 0], "let in, without a session");
    raw
}

/// Gate 1 is disconnected for these bytes with this code.
async fn is_sent_away_for(house: &House, version: u8, bytes: &[u8], code: u8) {
    let mut gate = Raw::gate(house, 1, version).await;
    gate.send(bytes).await;
    gate.is_disconnected(code, &format!("{bytes:?}")).await;
}
