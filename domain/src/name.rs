//! Names that people give: to guests, devices and API keys.

use std::fmt;

/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 80;

/// Defines a name: trimmed, white space folded, 1 to [`MAX_NAME_CHARS`] characters, nothing
/// invisible that could turn text around.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $debug:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Reads a name as typed.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                folded(text).map(Self)
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let shown: fn(&str) -> String = $debug;
                f.write_str(&shown(&self.0))
            }
        }
    };
}

name!(
    /// The name of a guest: personal, so its `Debug` is masked.
    GuestName, |_| "GuestName(…)".to_owned());
name!(
    /// The name of somebody a device is shared with: personal, so its `Debug` is masked.
    PersonName, |_| "PersonName(…)".to_owned());
name!(
    /// The name of a gate or an intercom, like `Main Gate`.
    DeviceName, |name| format!("{name:?}"));

name!(
    /// What an owner calls an API key, like `Home Assistant`.
    KeyName, |_| "KeyName(…)".to_owned());

/// The longest notes, in characters.
pub const MAX_NOTES_CHARS: usize = 500;

/// What somebody noted about a person: personal, so its `Debug` is masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Notes(String);

impl Notes {
    /// Reads notes as typed: lines are kept, nothing invisible that could turn text around.
    pub fn parse(text: &str) -> Result<Self, InvalidNotes> {
        let notes = text.replace("\r\n", "\n");
        let notes = notes.trim();
        let is_odd =
            |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || turns_text_around(c);
        if MAX_NOTES_CHARS < notes.chars().count() || notes.chars().any(is_odd) {
            return Err(InvalidNotes);
        }
        Ok(Self(notes.to_owned()))
    }

    /// The notes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notes(…)")
    }
}

fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn folded(text: &str) -> Result<String, InvalidName> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = words.join(" ");
    if name.chars().any(|c| c.is_control() || turns_text_around(c)) {
        return Err(InvalidName);
    }
    let length = name.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&length) { Ok(name) } else { Err(InvalidName) }
}

/// Not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a name of 1 to {MAX_NAME_CHARS} characters")]
pub struct InvalidName;

/// Not notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected notes of at most {MAX_NOTES_CHARS} characters")]
pub struct InvalidNotes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_letters_and_loses_its_line_breaks() {
        let name = GuestName::parse("  Zoë 🦊 &\n Sons ").unwrap();
        assert_eq!(name.as_str(), "Zoë 🦊 & Sons");
    }

    #[test]
    fn notes_keep_their_lines_and_may_be_empty() {
        assert_eq!(Notes::parse(" Gardener\r\nMondays ").unwrap().as_str(), "Gardener\nMondays");
        assert_eq!(Notes::parse("").unwrap().as_str(), "");
        for text in ["a\u{0}b", "a\u{202e}b", &"x".repeat(501)] {
            assert_eq!(Notes::parse(text), Err(InvalidNotes), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "  \n ", "a\u{0}b", "a\u{202e}b", &"x".repeat(81)] {
            assert_eq!(GuestName::parse(text), Err(InvalidName), "{text:?}");
        }
    }
}
