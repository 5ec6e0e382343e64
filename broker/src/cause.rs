//! Why the edge refused something or ended a connection: its code on the wire and its count.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use rumqttd::protocol::ConnectReturnCode;
use tokio::time::interval;
use tracing::info;

use crate::codec::Version;
use crate::config::TALLY_INTERVAL;

/// Declares the causes with their words, and the list of all of them.
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Why the edge refused something or ended a connection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Cause {
            $($(#[$doc])* $name,)*
        }

        impl Cause {
            /// All causes, in the order of a connection's life.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$name),*];

            /// The cause as it stands in logs and metrics.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

causes! {
    /// There are too many connections.
    Crowded = "crowded",
    /// There are too many newcomers from its address.
    CrowdedAddress = "crowded_address",
    /// It kept us waiting while others stood in line.
    Evicted = "evicted",
    /// The TLS handshake failed or took too long; also a missing or foreign certificate.
    Handshake = "handshake",
    /// No complete CONNECT came in time.
    NoConnect = "no_connect",
    /// It speaks neither MQTT 3.1.1 nor 5.
    Version = "version",
    /// It wants an extended authentication; the certificate is the only one.
    Authentication = "authentication",
    /// The registry does not know its certificate.
    Unknown = "unknown",
    /// Its certificate was revoked, replaced, or its time is over; also during a connection.
    Revoked = "revoked",
    /// Two hold its key: it was shut out until somebody looked.
    Quarantined = "quarantined",
    /// Its client id is not its identity.
    ClientId = "client_id",
    /// Its will is not for its own presence.
    Will = "will",
    /// Bytes that are no packet of MQTT.
    Malformed = "malformed",
    /// A packet that MQTT does not allow there, or that contradicts itself.
    Protocol = "protocol",
    /// A packet that is too large.
    TooLarge = "too_large",
    /// A publish to a topic that is not its own.
    Topic = "topic",
    /// A publish or will with QoS 2.
    Qos = "qos",
    /// A retained publish or will.
    Retain = "retain",
    /// A topic alias.
    TopicAlias = "topic_alias",
    /// A subscription to a filter that is not its own; the connection stays.
    Filter = "filter",
    /// A subscription identifier.
    SubscriptionId = "subscription_id",
    /// Too many packets in a second.
    TooFast = "too_fast",
    /// An acknowledgement of nothing; the connection stays.
    StrayAck = "stray_ack",
    /// Nothing was heard for one and a half keep-alives.
    Silent = "silent",
    /// It does not read what it is sent.
    SlowReader = "slow_reader",
    /// A message larger than the client takes; the connection stays.
    TooLargeForClient = "too_large_for_client",
    /// A newer connection of the same identity came.
    TakenOver = "taken_over",
    /// The broker stops.
    Stopping = "stopping",
    /// The router had to be replaced.
    Router = "router",
    /// A fault on our side: the registry or a panic.
    Fault = "fault",
}

impl Cause {
    /// The CONNACK code by which a CONNECT is refused; MQTT 3.1.1 has none for one it cannot read.
    pub(crate) fn connack(self, version: Version) -> Option<ConnectReturnCode> {
        use ConnectReturnCode as Code;
        let (v4, v5) = match self {
            Self::Malformed => return (version == Version::V5).then_some(Code::MalformedPacket),
            Self::Version => (Code::RefusedProtocolVersion, Code::UnsupportedProtocolVersion),
            Self::ClientId => (Code::ClientIdentifierNotValid, Code::ClientIdentifierNotValid),
            Self::Authentication => (Code::NotAuthorized, Code::BadAuthenticationMethod),
            Self::Qos => (Code::NotAuthorized, Code::QoSNotSupported),
            Self::Retain => (Code::NotAuthorized, Code::RetainNotSupported),
            Self::Protocol => (Code::NotAuthorized, Code::ProtocolError),
            Self::TooLarge | Self::TooLargeForClient => (Code::NotAuthorized, Code::PacketTooLarge),
            Self::TooFast => (Code::ServiceUnavailable, Code::ConnectionRateExceeded),
            Self::Quarantined => (Code::NotAuthorized, Code::Banned),
            Self::Crowded
            | Self::CrowdedAddress
            | Self::Evicted
            | Self::Handshake
            | Self::NoConnect
            | Self::Silent
            | Self::SlowReader
            | Self::TakenOver
            | Self::Stopping
            | Self::Router
            | Self::Fault => (Code::ServiceUnavailable, Code::ServerUnavailable),
            Self::Unknown
            | Self::Revoked
            | Self::Will
            | Self::Topic
            | Self::TopicAlias
            | Self::Filter
            | Self::SubscriptionId
            | Self::StrayAck => (Code::NotAuthorized, Code::NotAuthorized),
        };
        Some(match version {
            Version::V4 => v4,
            Version::V5 => v5,
        })
    }

    /// The code of the DISCONNECT that tells an MQTT 5 client.
    pub(crate) fn disconnect(self) -> u8 {
        match self {
            Self::Fault | Self::SlowReader => 0x80,
            Self::Malformed => 0x81,
            Self::Protocol | Self::StrayAck => 0x82,
            Self::Handshake
            | Self::NoConnect
            | Self::Version
            | Self::Authentication
            | Self::Unknown
            | Self::ClientId
            | Self::Will
            | Self::Topic
            | Self::Filter => 0x87,
            Self::Crowded | Self::CrowdedAddress | Self::Evicted => 0x89,
            Self::Stopping | Self::Router => 0x8B,
            Self::Silent => 0x8D,
            Self::TakenOver => 0x8E,
            Self::TopicAlias => 0x94,
            Self::TooLarge | Self::TooLargeForClient => 0x95,
            Self::TooFast => 0x96,
            Self::Revoked | Self::Quarantined => 0x98,
            Self::Retain => 0x9A,
            Self::Qos => 0x9B,
            Self::SubscriptionId => 0xA1,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often each cause came up since the start.
#[derive(Debug, Default)]
pub(crate) struct Tally([AtomicU64; Cause::ALL.len()]);

impl Tally {
    pub(crate) fn count(&self, cause: Cause) {
        self.0[cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn of(&self, cause: Cause) -> u64 {
        self.0[cause as usize].load(Ordering::Relaxed)
    }

    /// Logs each minute how often which cause came up, when one did.
    pub(crate) async fn tell(&self) -> Infallible {
        let mut told = [0; Cause::ALL.len()];
        let mut ticks = interval(TALLY_INTERVAL);
        loop {
            ticks.tick().await;
            if let Some(news) = self.news(&mut told) {
                info!("refused or ended in the last minute: {news}");
            }
        }
    }

    /// What was counted since it was told, in words.
    fn news(&self, told: &mut [u64; Cause::ALL.len()]) -> Option<String> {
        let mut news = Vec::new();
        for (cause, told) in Cause::ALL.into_iter().zip(told) {
            let now = self.of(cause);
            if now != *told {
                news.push(format!("{cause} {}", now - *told));
                *told = now;
            }
        }
        (!news.is_empty()).then(|| news.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_once() {
        let (tally, mut told) = (Tally::default(), [0; Cause::ALL.len()]);
        assert_eq!(tally.news(&mut told), None);
        tally.count(Cause::Topic);
        tally.count(Cause::Handshake);
        tally.count(Cause::Topic);
        assert_eq!(tally.news(&mut told).as_deref(), Some("handshake 1, topic 2"));
        assert_eq!(tally.news(&mut told), None);
    }
}
