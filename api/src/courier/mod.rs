//! How login pins reach people. One trait; WhatsApp and SMS come beside [`Console`].

use std::future::Future;
use std::io::Write;
use std::pin::Pin;

use domain::PhoneNumber;
use domain::login::Channel;
use domain::secret::Otp;

/// Delivers login pins.
pub trait Courier: Send + Sync {
    /// Sends a pin, or says that this channel is down; nothing else may read the pin.
    fn deliver<'a>(
        &'a self,
        channel: Channel,
        phone: &'a PhoneNumber,
        pin: &'a Otp,
    ) -> Pin<Box<dyn Future<Output = Result<(), ChannelDown>> + Send + 'a>>;
}

/// The pin could not be sent this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel is down")]
pub struct ChannelDown;

/// Prints pins to the terminal of a development start. Refuses to exist where others could reach
/// the server: a pin on a terminal proves nothing about a phone.
pub struct Console(());

impl Console {
    /// For a server that only this machine can reach.
    pub fn new(listen: std::net::SocketAddr) -> Result<Self, NotLoopback> {
        if listen.ip().to_canonical().is_loopback() { Ok(Self(())) } else { Err(NotLoopback) }
    }
}

/// The console courier works on loopback only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the console courier prints login pins, so it serves a loopback address only")]
pub struct NotLoopback;

impl Courier for Console {
    fn deliver<'a>(
        &'a self,
        channel: Channel,
        phone: &'a PhoneNumber,
        pin: &'a Otp,
    ) -> Pin<Box<dyn Future<Output = Result<(), ChannelDown>> + Send + 'a>> {
        let line = format!("login pin for {phone:?} by {}: {}\n", channel.as_str(), pin.reveal());
        let printed = std::io::stdout().write_all(line.as_bytes()).map_err(|_| ChannelDown);
        Box::pin(std::future::ready(printed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_printed_on_loopback_only() {
        assert!(Console::new("127.0.0.1:8080".parse().unwrap()).is_ok());
        assert!(Console::new("[::1]:8080".parse().unwrap()).is_ok());
        assert_eq!(Console::new("0.0.0.0:8080".parse().unwrap()).err(), Some(NotLoopback));
        assert_eq!(Console::new("10.0.0.1:8080".parse().unwrap()).err(), Some(NotLoopback));
    }
}
