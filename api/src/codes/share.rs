//! The message to the guest, ready for four ways of sending it. The service itself sends nothing
//! to guests: the sender's own apps do (C13).

use std::fmt::Write;

use serde::Serialize;
use store::Issued;
use utoipa::ToSchema;

use crate::wire;

/// The message and the links that open it in an app of the sender's.
#[derive(Serialize, ToSchema)]
pub(crate) struct Share {
    /// The message: for the clipboard, or anything else
    pub(crate) text: String,
    /// Opens the text message app
    pub(crate) sms: String,
    /// Opens WhatsApp
    pub(crate) whatsapp: String,
    /// Opens the mail app
    pub(crate) email: String,
}

impl Share {
    pub(crate) fn of(issued: &Issued, link: &str) -> Self {
        let pass = &issued.pass;
        let text = text(issued, link);
        let subject = format!("Your access to {}", issued.intercom_name);
        let (body, mobile) = (encoded(&text), &pass.guest.mobile);
        Self {
            sms: format!("sms:{}?body={body}", mobile.reveal()),
            whatsapp: format!("https://wa.me/{}?text={body}", mobile.digits()),
            // A mail's line ends are CR LF (RFC 6068).
            email: format!(
                "mailto:?subject={}&body={}",
                encoded(&subject),
                encoded(&text.replace('\n', "\r\n"))
            ),
            text,
        }
    }
}

fn text(issued: &Issued, link: &str) -> String {
    let pass = &issued.pass;
    format!(
        "Hi {name}, you can enter and leave {place} once.\n\
         \n\
         Code: {code}\n\
         Link: {link}\n\
         Valid until {until}\n\
         \n\
         1. Open the link.\n\
         2. Scan the QR code on the intercom.\n\
         3. Enter the code. To leave, open the link again.\n\
         \n\
         Reference, if the page asks for it: {reference}",
        name = pass.guest.name.as_str(),
        place = issued.intercom_name,
        code = pass.code.passcode.reveal(),
        until = told(pass.code.expires_at, &issued.time_zone),
        reference = pass.reference.reveal(),
    )
}

/// A moment in the words of a zone, which is named: `22 Nov 2026, 06:00 SAST`.
fn told(at: domain::Timestamp, zone: &str) -> String {
    wire::in_zone(at, zone).strftime("%-d %b %Y, %H:%M %Z").to_string()
}

/// Percent-encodes everything but unreserved letters (RFC 3986).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                // Writing to a text cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_means_something_in_a_link_is_encoded() {
        assert_eq!(encoded("A&B=1?#\n"), "A%26B%3D1%3F%23%0A");
        assert_eq!(encoded("Zoë 🦊"), "Zo%C3%AB%20%F0%9F%A6%8A");
    }

    /// G-23, O-5g: twelve real hours through a night that skips or repeats one.
    #[test]
    fn the_end_is_told_in_the_zone_of_the_intercom() {
        let evening = |text: &str| -> domain::Timestamp {
            let at: jiff::Timestamp = text.parse().unwrap();
            domain::Timestamp::from_millis(at.as_millisecond())
        };
        let twelve = domain::settings::InviteDuration::default().span();
        let told_after = |from: &str, zone: &str| told(evening(from) + twelve, zone);
        let spring = told_after("2026-03-28T19:00:00Z", "Europe/Berlin");
        assert_eq!(spring, "29 Mar 2026, 09:00 CEST");
        let autumn = told_after("2026-10-24T18:00:00Z", "Europe/Berlin");
        assert_eq!(autumn, "25 Oct 2026, 07:00 CET");
        let south_africa = told_after("2026-03-28T18:00:00Z", "Africa/Johannesburg");
        assert_eq!(south_africa, "29 Mar 2026, 08:00 SAST");
        assert_eq!(told_after("2026-03-28T18:00:00Z", "No/Where"), "29 Mar 2026, 06:00 UTC");
    }
}
