//! What opens something to whoever knows it. None has a `Display`; `reveal` is greppable.

use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, Encoding, Specification};
use zeroize::Zeroize;

use crate::{Dice, roll, roll_below};

/// A guest's four digits. Text, not a number: `0427` keeps its zero.
#[derive(Clone, PartialEq, Eq)]
pub struct Passcode([u8; 4]);

impl Passcode {
    /// Reads exactly four ASCII digits.
    pub fn parse(text: &str) -> Result<Self, InvalidPasscode> {
        match <[u8; 4]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            Ok(_) | Err(_) => Err(InvalidPasscode),
        }
    }

    /// All 10,000, in order, from a random place on and round again: to find one not yet taken.
    pub fn from_a_random_place(dice: &dyn Dice) -> impl Iterator<Item = Self> + use<> {
        let start = roll_below(dice, 10_000);
        (0..10_000).map(move |step| Self::from_number((start + step) % 10_000))
    }

    /// Draws one that is not too easy to guess; may be taken already.
    pub fn random(dice: &dyn Dice) -> Self {
        loop {
            let drawn = Self::from_number(roll_below(dice, 10_000));
            if !drawn.is_banned() {
                return drawn;
            }
        }
    }

    /// Whether it is one of those that people try first: `1234` and repeated digits (O-5f).
    pub fn is_banned(&self) -> bool {
        &self.0 == b"1234" || self.0.iter().all(|digit| *digit == self.0[0])
    }

    /// The digits, for the guest's message, the owner's sheet and the seal.
    pub fn reveal(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// Compares without telling by time how much was right.
    pub fn matches(&self, typed: &Self) -> bool {
        same(&self.0, &typed.0)
    }

    fn from_number(number: u32) -> Self {
        let digit = |place: u32| b'0' + u8::try_from(number / place % 10).unwrap_or(0);
        Self([digit(1000), digit(100), digit(10), digit(1)])
    }
}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passcode(····)")
    }
}

impl Drop for Passcode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A login pin of six digits.
#[derive(Clone)]
pub struct Otp([u8; 6]);

impl Otp {
    /// Draws a pin, each with the same chance.
    pub fn random(dice: &dyn Dice) -> Self {
        Self::of(roll_below(dice, 1_000_000))
    }

    /// The last six digits of a number.
    pub fn of(number: u32) -> Self {
        let text = format!("{:06}", number % 1_000_000);
        Self(text.as_bytes().try_into().unwrap_or([b'0'; 6]))
    }

    /// Reads exactly six ASCII digits.
    pub fn parse(text: &str) -> Result<Self, InvalidOtp> {
        match <[u8; 6]>::try_from(text.trim().as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            Ok(_) | Err(_) => Err(InvalidOtp),
        }
    }

    /// The digits, for the courier and the digest.
    pub fn reveal(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// Compares without telling by time how much was right.
    pub fn matches(&self, typed: &Self) -> bool {
        same(&self.0, &typed.0)
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Otp(······)")
    }
}

impl Drop for Otp {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Random bytes that are the whole credential, written in base64url behind a prefix.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Draws a new one.
            pub fn random(dice: &dyn Dice) -> Self {
                Self(roll(dice))
            }

            /// Reads one back.
            pub fn parse(text: &str) -> Result<Self, InvalidToken> {
                let body = text.strip_prefix($prefix).ok_or(InvalidToken($what))?;
                let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).ok();
                let bytes = bytes.and_then(|b| b.try_into().ok());
                bytes.map(Self).ok_or(InvalidToken($what))
            }

            /// The text that its holder keeps.
            pub fn reveal(&self) -> String {
                format!("{}{}", $prefix, BASE64URL_NOPAD.encode(&self.0))
            }

            /// The raw bytes, for a digest or a seal.
            pub fn reveal_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

token!(
    /// The secret in a guest's link: 128 bits, 22 letters (X15).
    LinkToken, 16, "", "link");
token!(
    /// What a signed-in client shows with each request: 256 bits.
    SessionToken, 32, "fls_", "session token");
token!(
    /// What an owner's other systems show with each request: 256 bits.
    ApiKeyToken, 32, "flk_", "API key");
token!(
    /// Holds one login attempt together: whoever asked for the pin, and nobody else, may use it.
    LoginToken, 16, "login_", "login id");
token!(
    /// Names a printed board: 128 bits. A locator, not a proof of presence.
    BoardToken, 16, "", "board");

token!(
    /// By which the receiver of a webhook knows our messages.
    WebhookSecret, 32, "", "webhook secret");

/// What an authenticator app shares with the service: 160 bits, as RFC 4226 wants it.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    /// Draws a new one.
    pub fn random(dice: &dyn Dice) -> Self {
        Self(roll(dice))
    }

    /// Reads one back.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let bytes = BASE32_NOPAD.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(InvalidToken("secret of an authenticator app"))
    }

    /// The letters that an app takes, for its owner's eyes once and for the seal.
    pub fn reveal(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The raw bytes, for the codes.
    pub fn reveal_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl Drop for TotpSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Random letters that a person can read out and type, in groups of five.
macro_rules! spoken {
    ($(#[$doc:meta])* $name:ident, $letters:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Draws a new one.
            pub fn random(dice: &dyn Dice) -> Self {
                let letter = |byte: u8| char::from(CROCKFORD[usize::from(byte & 31)]);
                Self(roll::<$letters>(dice).map(letter).iter().collect())
            }

            /// Reads one as people type it: small letters, spaces, O for 0, I and L for 1.
            pub fn parse(text: &str) -> Result<Self, InvalidToken> {
                let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
                let letters: String = typed.take($letters + 1).map(as_crockford).collect();
                let ok = letters.len() == $letters
                    && letters.bytes().all(|b| CROCKFORD.contains(&b));
                if ok { Ok(Self(letters)) } else { Err(InvalidToken($what)) }
            }

            /// The letters in groups of five, as printed.
            pub fn reveal(&self) -> String {
                let groups: Vec<&str> = (0..self.0.len())
                    .step_by(5)
                    .map(|at| &self.0[at..self.0.len().min(at + 5)])
                    .collect();
                groups.join("-")
            }

            /// The raw letters, for a digest or a seal.
            pub fn reveal_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

spoken!(
    /// The short reference in a guest's message (50 bits), for browsers that lost the link (G-2).
    Reference, 10, "reference");
spoken!(
    /// On a device's label, for its owner: claims the device once (75 bits).
    ClaimCode, 15, "claim code");
spoken!(
    /// On a gate's label, for the gate itself: asks for its certificate (125 bits).
    EnrolmentSecret, 25, "enrolment secret");

spoken!(
    /// Takes the place of a second factor once, when the authenticator app is gone (50 bits).
    RecoveryCode, 10, "recovery code");

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn as_crockford(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

/// Compares all bytes whatever they are, so that time tells nothing.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differing = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differing) == 0 && a.len() == b.len()
}

/// Four digits were expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected four digits")]
pub struct InvalidPasscode;

/// Six digits were expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected six digits")]
pub struct InvalidOtp;

/// The text is no token of this kind; it is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {0}")]
pub struct InvalidToken(&'static str);

/// Base32 for serial numbers: upper case, no padding, nothing that looks like another letter.
pub fn serial_number(dice: &dyn Dice) -> String {
    let mut spec = Specification::new();
    spec.symbols.push_str(std::str::from_utf8(CROCKFORD).unwrap_or_default());
    let encoding: Option<Encoding> = spec.encoding().ok();
    encoding.map(|base32| base32.encode(&roll::<5>(dice))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Seeded;

    #[test]
    fn four_digits_are_text_and_keep_their_zero() {
        assert_eq!(Passcode::parse("0427").unwrap().reveal(), "0427");
        for text in ["427", "04270", "042a", "٠٤٢٧", "", "-427", " 427"] {
            assert_eq!(Passcode::parse(text), Err(InvalidPasscode), "{text}");
        }
    }

    #[test]
    fn easy_codes_are_never_drawn() {
        let easy = |number| Passcode::from_number(number).is_banned();
        let banned: Vec<u32> = (0..10_000).filter(|number| easy(*number)).collect();
        let repeated = (0..10).map(|digit| digit * 1111);
        let mut expected: Vec<u32> = repeated.chain([1234]).collect();
        expected.sort_unstable();
        assert_eq!(banned, expected);
        let dice = Seeded::new(1);
        assert!((0..20_000).all(|_| !Passcode::random(&dice).is_banned()));
    }

    #[test]
    fn all_codes_are_tried_once_from_a_random_place() {
        let dice = Seeded::new(3);
        let all: Vec<String> =
            Passcode::from_a_random_place(&dice).map(|code| code.reveal()).collect();
        let next: u32 = all[0].parse::<u32>().unwrap() + 1;
        assert_eq!(all[1].parse::<u32>().unwrap(), next % 10_000);
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!((all.len(), different.len()), (10_000, 10_000));
    }

    #[test]
    fn differences_that_look_alike_do_not_cancel_out() {
        let code = |text| Passcode::parse(text).unwrap();
        assert!(code("0427").matches(&code("0427")));
        assert!(!code("0011").matches(&code("1100")) && !code("0101").matches(&code("1010")));
    }

    #[test]
    fn six_digits_are_a_pin_and_nothing_else_is() {
        assert_eq!(Otp::parse(" 012345 ").unwrap().reveal(), "012345");
        for text in ["12345", "1234567", "12345a", "", "٠١٢٣٤٥"] {
            assert!(Otp::parse(text).is_err(), "{text}");
        }
        let pin = Otp::random(&Seeded::new(1));
        assert_eq!(Otp::parse(&pin.reveal()).unwrap().reveal(), pin.reveal());
    }

    #[test]
    fn a_serial_number_is_eight_letters_that_nobody_mistakes() {
        let dice = Seeded::new(4);
        let (one, other) = (serial_number(&dice), serial_number(&dice));
        assert_ne!(one, other);
        assert_eq!(one.len(), 8);
        assert!(one.bytes().all(|letter| CROCKFORD.contains(&letter)), "{one}");
    }

    #[test]
    fn nothing_secret_is_in_a_debug() {
        let dice = Seeded::new(1);
        let (passcode, otp) = (Passcode::random(&dice), Otp::random(&dice));
        let (link, reference) = (LinkToken::random(&dice), Reference::random(&dice));
        let shown = format!("{passcode:?} {otp:?} {link:?} {reference:?}");
        assert!(shown.starts_with("Passcode(····) Otp(······) "), "{shown}");
        let secrets = [passcode.reveal(), otp.reveal(), link.reveal(), reference.reveal()];
        assert!(secrets.iter().all(|secret| !shown.contains(secret.as_str())), "{shown}");
    }

    #[test]
    fn tokens_read_back_as_themselves_and_have_their_length() {
        let dice = Seeded::new(2);
        let link = LinkToken::random(&dice);
        assert_eq!(link.reveal().len(), 22);
        assert!(LinkToken::parse(&link.reveal()) == Ok(link));
        let session = SessionToken::random(&dice);
        assert!(SessionToken::parse(&session.reveal()) == Ok(session));
    }

    #[test]
    fn a_reference_is_read_as_people_type_it() {
        let reference = Reference::parse("o1l23-4567i").unwrap();
        assert_eq!(reference.reveal(), "01123-45671");
        assert!(Reference::parse("0112345671 ") == Ok(reference));
        assert!(Reference::parse("01123-4567").is_err());
        assert!(Reference::parse("01123-4567U").is_err());
    }
}
