//! What an operator may set, and the limits that nobody should.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The broker's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen for MQTT over TLS.
    pub listen: SocketAddr,
    /// Connections at the same time, each an open file of the process.
    pub max_connections: usize,
    /// Connections among them whose client has not shown yet who it is.
    pub max_newcomers: usize,
    /// Newcomers from one IPv4 address or one IPv6 /64. Known clients do not count: many gates
    /// may stand behind one address.
    pub max_newcomers_per_address: usize,
    /// TLS handshakes computed at the same time; the others wait their turn.
    pub max_concurrent_handshakes: usize,
    /// Packets per second from one gate, over all its connections, at least 1; a gate that sends
    /// more is disconnected. Acknowledgements of what it was sent do not count.
    pub gate_packets_per_second: u32,
    /// Packets per second from the service, at least 1; above it the edge reads slower.
    pub service_packets_per_second: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8883)),
            max_connections: 10_000,
            max_newcomers: 4_000,
            max_newcomers_per_address: 100,
            max_concurrent_handshakes: 64,
            gate_packets_per_second: 20,
            service_packets_per_second: 5_000,
        }
    }
}

/// How long a client may take for its TLS handshake, from the moment it was accepted and without
/// its wait for a turn, which may be as long again.
pub(crate) const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(5);
/// How long one handshake keeps others waiting; a client that stalls longer waits on its own.
pub(crate) const HANDSHAKE_TURN: Duration = Duration::from_millis(20);
/// How long a client may take from the handshake to a complete CONNECT.
pub(crate) const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long a newcomer may keep us waiting once others from its address stand in line.
pub(crate) const CROWDED_PATIENCE: Duration = Duration::from_secs(1);
/// How many newcomers are looked up in the registry at the same time. The others wait here and not
/// in the storage, where they would stand before the guests.
pub(crate) const MAX_LOOKUPS: usize = 4;
/// How long the registry may take to answer.
pub(crate) const REGISTRY_PATIENCE: Duration = Duration::from_secs(5);
/// How long a client may leave its receive window closed.
pub(crate) const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a last word to a client may take.
pub(crate) const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);
/// How often the registry is asked whose certificate ended.
pub(crate) const REGISTRY_INTERVAL: Duration = Duration::from_millis(500);
/// How far back it is asked each time: more than it takes from a client's identification to its
/// seat, and more than the clock of whoever revokes may be behind ours.
pub(crate) const REGISTRY_OVERLAP: Duration = Duration::from_hours(24);

/// How long all connections together may take to end when the broker stops.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// The largest packet in either direction, header included.
pub(crate) const MAX_PACKET_BYTES: u16 = 4096;
/// The longest keep-alive in seconds; longer ones, and none at all, become this.
pub(crate) const MAX_KEEP_ALIVE_SECONDS: u16 = 60;
/// Unacknowledged messages to one gate.
pub(crate) const GATE_WINDOW: u16 = 8;
/// Messages that wait for room in that window; a gate that lets more pile up is let go.
pub(crate) const GATE_MAILBOX: usize = 256;
/// Unacknowledged messages to the service.
pub(crate) const SERVICE_WINDOW: u16 = 256;
/// Likewise for the service: as much as thousands of gates say when they come back together.
pub(crate) const SERVICE_MAILBOX: usize = 16_384;
/// Takeovers that a living holder of the same key suffered, within [`CONTEST_WINDOW`], that put
/// the gate into quarantine.
pub(crate) const MAX_CONTESTS: usize = 3;
/// See [`MAX_CONTESTS`].
pub(crate) const CONTEST_WINDOW: Duration = Duration::from_mins(1);

/// What the system may keep for a client that does not read.
pub(crate) const SEND_BUFFER_BYTES: u32 = 64 * 1024;
/// Connections that may wait to be accepted.
pub(crate) const BACKLOG: u32 = 1024;
/// How long the accept loop rests after an error, for instance when files ran out.
pub(crate) const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How often it is logged what was refused and ended.
pub(crate) const TALLY_INTERVAL: Duration = Duration::from_mins(1);
/// How often the broker speaks to itself through its router.
pub(crate) const ECHO_INTERVAL: Duration = Duration::from_secs(1);
/// After how many of these without an echo the router counts as dead.
pub(crate) const MAX_MISSED_ECHOES: u32 = 3;
/// How long a new router may take to answer.
pub(crate) const ROUTER_PATIENCE: Duration = Duration::from_secs(2);
/// So many routers may be replaced within [`ROUTER_WINDOW`]; then the process should end.
pub(crate) const MAX_REPLACEMENTS: usize = 5;
/// See [`MAX_REPLACEMENTS`].
pub(crate) const ROUTER_WINDOW: Duration = Duration::from_mins(10);
