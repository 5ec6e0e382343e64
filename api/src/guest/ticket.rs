//! The proof that a board was scanned a moment ago: stateless, signed, in a field of the form.

use data_encoding::BASE64URL_NOPAD;
use domain::access_code::SCAN_LIFETIME;
use domain::{IntercomId, Timestamp};
use ring::hmac::{self, Key};

/// The intercom's id and the moment its board page was shown.
const CLAIM_BYTES: usize = 16 + 8;

/// Writes a ticket for the board that is shown now.
pub(super) fn write(key: &Key, intercom: IntercomId, now: Timestamp) -> String {
    let mut ticket = [&intercom.to_bytes()[..], &now.as_millis().to_be_bytes()].concat();
    let tag = hmac::sign(key, &ticket);
    ticket.extend_from_slice(tag.as_ref());
    BASE64URL_NOPAD.encode(&ticket)
}

/// The intercom whose board was scanned less than [`SCAN_LIFETIME`] ago, if the ticket is ours.
pub(super) fn read(key: &Key, ticket: &str, now: Timestamp) -> Option<IntercomId> {
    let ticket = BASE64URL_NOPAD.decode(ticket.as_bytes()).ok()?;
    let (claim, tag) = ticket.split_at_checked(CLAIM_BYTES)?;
    hmac::verify(key, claim, tag).ok()?;
    let (intercom, shown_at) = claim.split_first_chunk()?;
    let shown_at = Timestamp::from_millis(i64::from_be_bytes(shown_at.try_into().ok()?));
    // A ticket from the future is one from before the clock was set back: how old, nobody knows.
    let is_fresh = shown_at <= now && now < shown_at + SCAN_LIFETIME;
    is_fresh.then(|| IntercomId::from_bytes(*intercom))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SHOWN_AT: Timestamp = Timestamp::from_millis(1_780_000_000_000);

    fn key(byte: u8) -> Key {
        Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn board(byte: u8) -> IntercomId {
        IntercomId::from_bytes([byte; 16])
    }

    #[test]
    fn a_ticket_holds_until_its_last_millisecond() {
        let ticket = write(&key(1), board(7), SHOWN_AT);
        let last = SHOWN_AT + SCAN_LIFETIME - Duration::from_millis(1);
        assert_eq!(read(&key(1), &ticket, SHOWN_AT), Some(board(7)));
        assert_eq!(read(&key(1), &ticket, last), Some(board(7)));
        assert_eq!(read(&key(1), &ticket, last + Duration::from_millis(1)), None);
        assert_eq!(read(&key(1), &ticket, SHOWN_AT - Duration::from_millis(1)), None);
    }

    #[test]
    fn a_ticket_names_its_own_board_only() {
        let ticket = write(&key(1), board(8), SHOWN_AT);
        assert_eq!(read(&key(1), &ticket, SHOWN_AT), Some(board(8)));
        assert_ne!(ticket, write(&key(1), board(7), SHOWN_AT));
    }

    #[test]
    fn a_ticket_with_any_byte_changed_is_no_ticket() {
        let ticket = write(&key(1), board(7), SHOWN_AT);
        let bytes = BASE64URL_NOPAD.decode(ticket.as_bytes()).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let forged = BASE64URL_NOPAD.encode(&forged);
            assert_eq!(read(&key(1), &forged, SHOWN_AT), None, "byte {at}");
        }
        assert_eq!(read(&key(2), &ticket, SHOWN_AT), None, "signed with another key");
    }

    #[test]
    fn garbage_is_no_ticket() {
        let long = "A".repeat(10_000);
        for text in ["", "A", "!", "AAAA", "tickét", long.as_str()] {
            assert_eq!(read(&key(1), text, SHOWN_AT), None, "{text}");
        }
    }
}
