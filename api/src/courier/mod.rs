//! How login pins reach people: one trait; [`Post`] carries them to phones, [`Console`] prints them
//! for development.
//!
//! A provider is one file: what it is asked and how its refusals are sorted. What is *absent* here:
//! who may be sent a pin, and how often (`domain::login`, `store`).

mod config;
mod line;
mod sms;
mod whatsapp;

use std::fmt;
use std::future::{self, Future};
use std::io::Write;
use std::pin::Pin;

use domain::PhoneNumber;
use domain::login::Channel;
use domain::secret::Otp;

pub use config::{Config, Sms as SmsConfig, Whatsapp as WhatsappConfig};

use line::{Line, PATIENCE};

/// Delivers login pins.
pub trait Courier: Send + Sync {
    /// Sends a pin, or says why not; nothing else may read the pin.
    fn deliver<'a>(
        &'a self,
        channel: Channel,
        phone: &'a PhoneNumber,
        pin: &'a Otp,
    ) -> Delivery<'a>;
}

/// A pin on its way.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<(), NotSent>> + Send + 'a>>;

/// Why a pin could not be sent this way. Strangers are told the same of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Nobody can be reached this way now: an outage, a limit, or a setting that is wrong.
    #[error("the channel is down")]
    ChannelDown,
    /// Others can, this number cannot.
    #[error("this number cannot be reached this way")]
    NumberUnreachable,
}

/// Sends pins to phones, by a courier for each channel that is set up.
#[derive(Default)]
pub struct Post {
    whatsapp: Option<Box<dyn Courier>>,
    sms: Option<Box<dyn Courier>>,
}

impl Post {
    /// With pins by WhatsApp.
    pub fn with_whatsapp(
        mut self,
        config: &WhatsappConfig,
        token: Secret,
    ) -> Result<Self, CannotSend> {
        let line = Line::new(Channel::Whatsapp, PATIENCE)?;
        self.whatsapp = Some(Box::new(whatsapp::Whatsapp::new(line, config, token)));
        Ok(self)
    }

    /// With pins by SMS, for the console at this host.
    pub fn with_sms(
        mut self,
        config: &SmsConfig,
        token: Secret,
        host: Option<&str>,
    ) -> Result<Self, CannotSend> {
        let line = Line::new(Channel::Sms, PATIENCE)?;
        self.sms = Some(Box::new(sms::Sms::new(line, config, token, host)));
        Ok(self)
    }
}

impl Courier for Post {
    fn deliver<'a>(
        &'a self,
        channel: Channel,
        phone: &'a PhoneNumber,
        pin: &'a Otp,
    ) -> Delivery<'a> {
        let courier = match channel {
            Channel::Whatsapp => &self.whatsapp,
            Channel::Sms => &self.sms,
        };
        match courier {
            Some(courier) => courier.deliver(channel, phone, pin),
            None => Box::pin(future::ready(Err(NotSent::ChannelDown))),
        }
    }
}

/// What a provider knows us by; nothing prints it.
pub struct Secret(String);

impl Secret {
    /// Takes the text of a file or a variable: one word, with or without a line's end.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let word = text.trim();
        let ok = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        if ok { Ok(Self(word.to_owned())) } else { Err(InvalidSecret) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(····)")
    }
}

/// Not one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one word of visible ASCII characters")]
pub struct InvalidSecret;

/// This machine cannot make TLS connections.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to providers of messages: {0}")]
pub struct CannotSend(#[from] reqwest::Error);

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
    ) -> Delivery<'a> {
        let line = format!("login pin for {phone:?} by {}: {}\n", channel.as_str(), pin.reveal());
        let printed = std::io::stdout().write_all(line.as_bytes());
        Box::pin(future::ready(printed.map_err(|_| NotSent::ChannelDown)))
    }
}

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
