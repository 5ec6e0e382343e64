//! The message to the guest, in a language that its sender chooses, ready for four ways of sending it. The service itself sends nothing
//! to guests: the sender's own apps do (C13).

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use store::Issued;
use utoipa::ToSchema;

use crate::pages::{Moment, Tongue, Words};

/// In which language the message to the guest is written.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    /// English
    #[default]
    En,
    /// Afrikaans
    Af,
}

/// The same, asked for in the address.
#[derive(Deserialize)]
pub(crate) struct Asked {
    pub(crate) language: Option<Language>,
}

impl From<Language> for Tongue {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::English,
            Language::Af => Self::Afrikaans,
        }
    }
}

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
    pub(crate) fn of(issued: &Issued, link: &str, tongue: Tongue) -> Self {
        let pass = &issued.pass;
        let text = text(issued, link, tongue);
        let subject = Words::of("share-subject").with("place", &*issued.intercom_name).say(tongue);
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

fn text(issued: &Issued, link: &str, tongue: Tongue) -> String {
    let pass = &issued.pass;
    let until = Moment::new(pass.code.expires_at, &issued.time_zone);
    let words = Words::of("share-text")
        .with("guest", pass.guest.name.as_str())
        .with("place", &*issued.intercom_name)
        .with("code", pass.code.passcode.reveal())
        .with("link", link)
        .with("until", until.dated(tongue))
        .with("reference", pass.reference.reveal());
    words.say(tongue)
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
        let told = |at, zone: &str| Moment::new(at, zone).dated(Tongue::English);
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
