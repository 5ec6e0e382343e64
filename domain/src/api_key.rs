//! What an API key may do: some verbs at some devices, and never more than who made it.

use std::time::Duration;

/// How many keys a person may have at once.
pub const MAX_KEYS: u32 = 20;

/// How stale the last use of a key may be: not each request needs a write.
pub const USED_STEP: Duration = Duration::from_mins(1);

/// Defines the verbs once, with the word that the database and the API know them by.
macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Something that an API key may be good for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verb { $($(#[$doc])* $name,)* }

        impl Verb {
            /// All verbs.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|verb| verb.as_str() == word)
            }
        }
    };
}

verbs! {
    /// See the devices of the key.
    List = "list",
    /// See whether a device can be reached.
    Status = "status",
    /// See what happened at a device.
    Logs = "logs",
    /// Open a gate.
    Trigger = "trigger",
    /// See who has access to a device, with their numbers.
    Access = "access",
}

/// The verbs of a key: each once, in their order, and at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verbs(Vec<Verb>);

impl Verbs {
    /// Takes verbs in any order.
    pub fn new(mut verbs: Vec<Verb>) -> Result<Self, NoVerbs> {
        verbs.sort_unstable();
        verbs.dedup();
        if verbs.is_empty() { Err(NoVerbs) } else { Ok(Self(verbs)) }
    }

    /// Reads words with spaces between them.
    pub fn parse(words: &str) -> Result<Self, NoVerbs> {
        let verbs: Option<Vec<Verb>> = words.split(' ').map(Verb::parse).collect();
        Self::new(verbs.ok_or(NoVerbs)?)
    }

    /// The words with spaces between them.
    pub fn words(&self) -> String {
        self.0.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether this one is among them.
    pub fn include(&self, verb: Verb) -> bool {
        self.0.contains(&verb)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Verb> + '_ {
        self.0.iter().copied()
    }
}

/// Not verbs of ours, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected at least one of list, status, logs, trigger and access")]
pub struct NoVerbs;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_kept_once_each_and_in_their_order() {
        let verbs = Verbs::new(vec![Verb::Trigger, Verb::List, Verb::Trigger]).unwrap();
        assert_eq!(verbs.words(), "list trigger");
        assert_eq!(Verbs::parse("trigger list"), Ok(verbs.clone()));
        assert!(verbs.include(Verb::List) && !verbs.include(Verb::Access));
        assert_eq!(verbs.iter().collect::<Vec<_>>(), [Verb::List, Verb::Trigger]);
        for words in ["", "open", "list  status", "list,status"] {
            assert_eq!(Verbs::parse(words), Err(NoVerbs), "{words:?}");
        }
        assert_eq!(Verbs::new(Vec::new()), Err(NoVerbs));
    }

    #[test]
    fn the_refusal_names_every_verb() {
        for verb in Verb::ALL {
            assert!(NoVerbs.to_string().contains(verb.as_str()), "{verb:?}");
        }
    }
}
