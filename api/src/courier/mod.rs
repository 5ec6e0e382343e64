//! How login pins reach people: one trait; [`Post`] carries them to phones, [`Console`] prints them
//! for development.
//!
//! A provider is one file: what it is asked, how its refusals are sorted, and how its reports are
//! read. What is *absent* here: who may be sent a pin, and how often (`domain::login`, `store`), and
//! which way it goes (`domain::channel`).

mod config;
mod line;
pub(crate) mod reports;
mod sms;
mod whatsapp;

use std::fmt;
use std::future::{self, Future};
use std::io::Write;
use std::pin::Pin;

use domain::PhoneNumber;
use domain::login::Channel;
use domain::secret::Otp;
use store::Report;

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

    /// Which ways it has, the recommended one first.
    fn channels(&self) -> &'static [Channel] {
        &Channel::ALL
    }

    /// Reads what a provider reports, if it is surely that provider's word.
    fn hear(&self, _: Channel, _: &Signed<'_>) -> Option<Vec<Report>> {
        None
    }

    /// Whether a provider that introduces itself by this word is ours.
    fn knows(&self, _: Channel, _word: &str) -> bool {
        false
    }
}

/// A pin on its way; it becomes the id by which its provider will report on it.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<MessageId, NotSent>> + Send + 'a>>;

/// A provider's id of a message; in some of them the number can be read.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageId(pub String);

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageId(····)")
    }
}

/// A report as it came, and what should prove whose it is.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// All bytes of the request's body.
    pub body: &'a [u8],
    /// What the provider's header says.
    pub signature: &'a str,
}

/// Why a pin could not be sent this way. Strangers are told the same of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Nobody can be reached this way now: an outage, a limit, or a setting that is wrong.
    #[error("the channel is down")]
    ChannelDown,
    /// Others can, this number cannot.
    #[error("this number cannot be reached this way")]
    NumberUnreachable,
    /// Nobody knows: the provider did not answer, and may have taken it.
    #[error("the provider did not say whether it took the pin")]
    Unknown,
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
        secrets: WhatsappSecrets,
    ) -> Result<Self, CannotSend> {
        let line = Line::new(Channel::Whatsapp, PATIENCE)?;
        self.whatsapp = Some(Box::new(whatsapp::Whatsapp::new(line, config, secrets)));
        Ok(self)
    }

    /// With pins by SMS, for the console at this host; reports come to where `public_url` leads.
    pub fn with_sms(
        mut self,
        config: &SmsConfig,
        token: Secret,
        host: Option<&str>,
        public_url: Option<&str>,
    ) -> Result<Self, CannotSend> {
        let line = Line::new(Channel::Sms, PATIENCE)?;
        self.sms = Some(Box::new(sms::Sms::new(line, config, token, host, public_url)));
        Ok(self)
    }

    fn by(&self, channel: Channel) -> Option<&dyn Courier> {
        match channel {
            Channel::Whatsapp => self.whatsapp.as_deref(),
            Channel::Sms => self.sms.as_deref(),
        }
    }
}

impl Courier for Post {
    fn deliver<'a>(
        &'a self,
        channel: Channel,
        phone: &'a PhoneNumber,
        pin: &'a Otp,
    ) -> Delivery<'a> {
        match self.by(channel) {
            Some(courier) => courier.deliver(channel, phone, pin),
            None => Box::pin(future::ready(Err(NotSent::ChannelDown))),
        }
    }

    fn channels(&self) -> &'static [Channel] {
        match (&self.whatsapp, &self.sms) {
            (Some(_), Some(_)) => &Channel::ALL,
            (Some(_), None) => &[Channel::Whatsapp],
            (None, Some(_)) => &[Channel::Sms],
            (None, None) => &[],
        }
    }

    fn hear(&self, channel: Channel, report: &Signed<'_>) -> Option<Vec<Report>> {
        self.by(channel)?.hear(channel, report)
    }

    fn knows(&self, channel: Channel, word: &str) -> bool {
        self.by(channel).is_some_and(|courier| courier.knows(channel, word))
    }
}

/// What Meta knows us by, and what we know Meta by.
pub struct WhatsappSecrets {
    /// Lets us send.
    pub token: Secret,
    /// Signs Meta's reports; without it none is heard.
    pub app_secret: Option<Secret>,
    /// The word by which Meta asks once whether reports are wanted here.
    pub verify_token: Option<Secret>,
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
        let sent = printed.map(|()| MessageId(String::new())).map_err(|_| NotSent::ChannelDown);
        Box::pin(future::ready(sent))
    }
}

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
