//! Ids that know their kind: `code_…` is never taken for `gate_…`.

use std::fmt;

use crate::{Dice, Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is not an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that begins with `{prefix}_`")]
pub struct InvalidId {
    prefix: &'static str,
}

/// 128 bits: 48 of time, so that ids sort by age, and 80 of dice. Printed as 26 letters of
/// Crockford's base32.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Makes a new id.
            pub fn new(dice: &dyn Dice, now: Timestamp) -> Self {
                Self(time_ordered(dice, now))
            }

            /// Reads an id of this kind.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let bits = text.strip_prefix(concat!($prefix, "_")).and_then(decode);
                bits.map(Self).ok_or(InvalidId { prefix: $prefix })
            }

            /// The id's 16 bytes.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The id with these 16 bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}

id!(
    /// A person who signed in with a phone number.
    UserId, "user");
id!(
    /// One session of one client.
    SessionId, "session");
id!(
    /// A device that opens something and speaks MQTT.
    GateId, "gate");
id!(
    /// A printed QR board with its settings; no electronics.
    IntercomId, "intercom");
id!(
    /// One guest's one-time access code.
    CodeId, "code");
id!(
    /// One try at opening a gate; also the id of its command at the gate.
    AttemptId, "attempt");
id!(
    /// One login pin that was handed to a courier.
    PinId, "pin");
id!(
    /// Where somebody wants to be told what happened.
    WebhookId, "webhook");
id!(
    /// What an owner's other systems show instead of a session.
    ApiKeyId, "key");
id!(
    /// Something that happened.
    EventId, "event");
id!(
    /// A number that is sent pins though its country is blocked.
    ExceptionId, "exception");

impl EventId {
    /// Makes the id of something that happened at a moment behind `earlier` other things, all told
    /// in one go: ids of one moment sort in this order. 16 bits of it are taken from the dice.
    pub fn nth(dice: &dyn Dice, now: Timestamp, earlier: u16) -> Self {
        let mut bytes = Self::new(dice, now).to_bytes();
        bytes[6..8].copy_from_slice(&earlier.to_be_bytes());
        Self::from_bytes(bytes)
    }
}

fn time_ordered(dice: &dyn Dice, now: Timestamp) -> u128 {
    let mut bytes = [0; 16];
    dice.roll(&mut bytes);
    let millis = now.as_millis().to_be_bytes();
    bytes[..6].copy_from_slice(&millis[2..]);
    u128::from_be_bytes(bytes)
}

fn encode(bits: u128) -> String {
    (0..26).rev().map(|place| char::from(ALPHABET[(bits >> (place * 5)) as usize & 31])).collect()
}

fn decode(text: &str) -> Option<u128> {
    if text.len() != 26 || b'7' < text.as_bytes()[0] {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, letter| {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        Some(bits << 5 | value as u128)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_reads_back_as_itself(bits: u128) {
            let id = CodeId::from_bytes(bits.to_be_bytes());
            prop_assert_eq!(CodeId::parse(&id.to_string()), Ok(id));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = CodeId::parse(&text);
            let _ = CodeId::parse(&format!("code_{text}"));
        }
    }

    #[test]
    fn later_ids_sort_later_and_two_of_one_moment_differ() {
        let dice = crate::tests::Seeded::new(1);
        let at = |millis| CodeId::new(&dice, Timestamp::from_millis(millis));
        let (first, same, later) =
            (at(1_780_000_000_000), at(1_780_000_000_000), at(1_780_000_000_001));
        assert_ne!(first, same);
        assert!(first.to_string() < later.to_string() && same.to_string() < later.to_string());
    }

    #[test]
    fn what_happened_at_one_moment_sorts_as_it_was_told() {
        let (dice, now) = (crate::tests::Seeded::new(1), Timestamp::from_millis(1_780_000_000_000));
        let ids: Vec<_> = (0..1000).map(|earlier| EventId::nth(&dice, now, earlier)).collect();
        assert!(ids.is_sorted());
        let later = EventId::nth(&dice, now + std::time::Duration::from_millis(1), 0);
        assert!(ids.iter().all(|id| id.to_string() < later.to_string()));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let gate = GateId::from_bytes([7; 16]).to_string();
        assert_eq!(CodeId::parse(&gate), Err(InvalidId { prefix: "code" }));
    }
}
