//! The body of one packet, read from its front: numbers, texts and the properties of MQTT 5.
//!
//! Whatever a length promises must be there, and nothing is read twice or past its end.

use bytes::{Buf, Bytes, TryGetError};

use crate::cause::Cause;

/// What is left of a packet's body.
#[derive(Debug)]
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) fn new(body: Bytes) -> Self {
        Self(body)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(self) -> Bytes {
        self.0
    }

    /// Makes sure that everything was read.
    pub(crate) fn end(self) -> Result<(), Cause> {
        if self.is_empty() { Ok(()) } else { Err(Cause::Malformed) }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Cause> {
        self.0.try_get_u8().map_err(too_short)
    }

    pub(crate) fn two_bytes(&mut self) -> Result<u16, Cause> {
        self.0.try_get_u16().map_err(too_short)
    }

    /// A packet id; 0 is none.
    pub(crate) fn packet_id(&mut self) -> Result<u16, Cause> {
        match self.two_bytes()? {
            0 => Err(Cause::Malformed),
            id => Ok(id),
        }
    }

    pub(crate) fn binary(&mut self) -> Result<Bytes, Cause> {
        let length = self.two_bytes()?.into();
        self.split_to(length)
    }

    /// A text in UTF-8; MQTT forbids the letter NUL.
    pub(crate) fn text(&mut self) -> Result<String, Cause> {
        let bytes = self.binary()?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Cause::Malformed)?;
        if text.contains('\0') { Err(Cause::Malformed) } else { Ok(text.to_owned()) }
    }

    /// The properties, of which only those of this kind of packet may be there.
    pub(crate) fn properties(&mut self, allowed: &[u8]) -> Result<Properties, Cause> {
        let length = self.number()?;
        let mut from = Self(self.split_to(length)?);
        let mut properties = Properties::default();
        while !from.is_empty() {
            let id = from.byte()?;
            if !allowed.contains(&id) {
                return Err(Cause::Malformed);
            }
            if id != property::USER && properties.has(id) {
                return Err(Cause::Protocol);
            }
            let number = from.property(id)?;
            properties.0.push((id, number));
        }
        Ok(properties)
    }

    /// Reads the value of one property; what is no number is only checked.
    fn property(&mut self, id: u8) -> Result<u32, Cause> {
        match id {
            property::PAYLOAD_FORMAT | property::PROBLEM_INFO | property::RESPONSE_INFO => {
                let flag = self.byte()?;
                if 1 < flag { Err(Cause::Protocol) } else { Ok(flag.into()) }
            }
            property::RECEIVE_MAXIMUM | property::TOPIC_ALIAS_MAXIMUM | property::TOPIC_ALIAS => {
                self.two_bytes().map(u32::from)
            }
            property::MESSAGE_EXPIRY
            | property::SESSION_EXPIRY
            | property::WILL_DELAY
            | property::MAXIMUM_PACKET_SIZE => self.0.try_get_u32().map_err(too_short),
            property::SUBSCRIPTION_ID => {
                self.number()?;
                Ok(0)
            }
            property::CORRELATION_DATA | property::AUTHENTICATION_DATA => {
                self.binary()?;
                Ok(0)
            }
            property::USER => {
                self.text()?;
                self.text()?;
                Ok(0)
            }
            property::CONTENT_TYPE
            | property::RESPONSE_TOPIC
            | property::AUTHENTICATION_METHOD
            | property::REASON => {
                self.text()?;
                Ok(0)
            }
            _ => Err(Cause::Malformed),
        }
    }

    /// A number in up to four bytes of seven bits, the lowest first.
    fn number(&mut self) -> Result<usize, Cause> {
        let mut number = 0;
        for place in 0..4 {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7F) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Cause::Malformed)
    }

    fn split_to(&mut self, length: usize) -> Result<Bytes, Cause> {
        if self.0.len() < length { Err(Cause::Malformed) } else { Ok(self.0.split_to(length)) }
    }
}

/// The properties that were there; those that are numbers with their values.
#[derive(Debug, Default)]
pub(crate) struct Properties(Vec<(u8, u32)>);

impl Properties {
    pub(crate) fn has(&self, id: u8) -> bool {
        self.number(id).is_some()
    }

    pub(crate) fn number(&self, id: u8) -> Option<u32> {
        self.0.iter().find(|(there, _)| *there == id).map(|(_, number)| *number)
    }
}

/// The properties that a client may send, see MQTT 5, table 2-4.
pub(crate) mod property {
    pub(crate) const PAYLOAD_FORMAT: u8 = 1;
    pub(crate) const MESSAGE_EXPIRY: u8 = 2;
    pub(crate) const CONTENT_TYPE: u8 = 3;
    pub(crate) const RESPONSE_TOPIC: u8 = 8;
    pub(crate) const CORRELATION_DATA: u8 = 9;
    pub(crate) const SUBSCRIPTION_ID: u8 = 11;
    pub(crate) const SESSION_EXPIRY: u8 = 17;
    pub(crate) const AUTHENTICATION_METHOD: u8 = 21;
    pub(crate) const AUTHENTICATION_DATA: u8 = 22;
    pub(crate) const PROBLEM_INFO: u8 = 23;
    pub(crate) const WILL_DELAY: u8 = 24;
    pub(crate) const RESPONSE_INFO: u8 = 25;
    pub(crate) const REASON: u8 = 31;
    pub(crate) const RECEIVE_MAXIMUM: u8 = 33;
    pub(crate) const TOPIC_ALIAS_MAXIMUM: u8 = 34;
    pub(crate) const TOPIC_ALIAS: u8 = 35;
    pub(crate) const USER: u8 = 38;
    pub(crate) const MAXIMUM_PACKET_SIZE: u8 = 39;

    pub(crate) const OF_CONNECT: &[u8] = &[
        SESSION_EXPIRY,
        AUTHENTICATION_METHOD,
        AUTHENTICATION_DATA,
        PROBLEM_INFO,
        RESPONSE_INFO,
        RECEIVE_MAXIMUM,
        TOPIC_ALIAS_MAXIMUM,
        USER,
        MAXIMUM_PACKET_SIZE,
    ];
    pub(crate) const OF_WILL: &[u8] = &[
        PAYLOAD_FORMAT,
        MESSAGE_EXPIRY,
        CONTENT_TYPE,
        RESPONSE_TOPIC,
        CORRELATION_DATA,
        WILL_DELAY,
        USER,
    ];
    pub(crate) const OF_PUBLISH: &[u8] = &[
        PAYLOAD_FORMAT,
        MESSAGE_EXPIRY,
        CONTENT_TYPE,
        RESPONSE_TOPIC,
        CORRELATION_DATA,
        TOPIC_ALIAS,
        USER,
    ];
    pub(crate) const OF_PUBACK: &[u8] = &[REASON, USER];
    pub(crate) const OF_SUBSCRIBE: &[u8] = &[SUBSCRIPTION_ID, USER];
    pub(crate) const OF_UNSUBSCRIBE: &[u8] = &[USER];
    pub(crate) const OF_DISCONNECT: &[u8] = &[SESSION_EXPIRY, REASON, USER];
}

fn too_short(_: TryGetError) -> Cause {
    Cause::Malformed
}
