//! Where the broker is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The bridge's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The broker to connect to, TLS only.
    pub broker: Address,
    /// The name in the broker's certificate; the host of `broker` when left out.
    pub server_name: Option<String>,
}

impl Config {
    /// The name that the broker's certificate must carry.
    pub fn name_of_broker(&self) -> &str {
        self.server_name.as_deref().unwrap_or(&self.broker.host)
    }
}

/// A host and a port, written `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Reads `broker.example:8883`, `10.0.0.7:8883` or `[::1]:8883`.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let (host, port) = text.rsplit_once(':').ok_or(InvalidAddress)?;
        let port = port.parse().map_err(|_| InvalidAddress)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bare {
            Some(host) => host.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '/', '[', ']', ' ']),
        };
        if !is_host || port == 0 {
            return Err(InvalidAddress);
        }
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }

    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Default for Address {
    fn default() -> Self {
        Self { host: Ipv4Addr::LOCALHOST.to_string(), port: 8883 }
    }
}

/// How a broker that listens there is reached from the same machine.
impl From<SocketAddr> for Address {
    fn from(listening: SocketAddr) -> Self {
        let host = match listening.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        Self { host: host.to_string(), port: listening.port() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidAddress;
    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// The text is no `host:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a host and a port, like 127.0.0.1:8883")]
pub struct InvalidAddress;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_itself() {
        for text in ["127.0.0.1:8883", "broker.example:1", "[::1]:65535"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Address::parse("[::1]:8883").unwrap().host(), "::1");
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for text in ["", "broker", "broker:", ":8883", "broker:0", "broker:65536", "::1:8883"] {
            assert_eq!(Address::parse(text), Err(InvalidAddress), "{text}");
        }
        for text in ["mqtts://broker:8883", "[broker]:8883", "[::1:8883", "a b:8883"] {
            assert_eq!(Address::parse(text), Err(InvalidAddress), "{text}");
        }
    }

    #[test]
    fn a_broker_on_all_addresses_is_reached_on_loopback() {
        for (listening, reached) in [
            ("0.0.0.0:8883", "127.0.0.1:8883"),
            ("[::]:8883", "[::1]:8883"),
            ("10.0.0.7:8883", "10.0.0.7:8883"),
        ] {
            let listening: SocketAddr = listening.parse().unwrap();
            assert_eq!(Address::from(listening).to_string(), reached);
        }
    }
}
