//! What a page says: a message of `messages/` by its name, with what it names.

use std::borrow::Cow;
use std::time::Duration;

use domain::attempt::WhyNot;
use domain::{Leg, Timestamp};
use fluent_bundle::FluentArgs;
use jiff::Zoned;

use super::Tongue;
use crate::answers::{Code, Problem};
use crate::wire;

/// A message, not yet in anybody's language.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub(crate) struct Words {
    key: Cow<'static, str>,
    with: Vec<(&'static str, Named)>,
}

/// What a message names: a text, a number that may decide between forms, or a moment.
#[derive(Clone, Debug, PartialEq, Hash)]
enum Named {
    Text(String),
    Number(u32),
    Moment(Moment),
}

impl Words {
    /// The message of that name.
    pub(crate) fn of(key: &'static str) -> Self {
        Self { key: key.into(), with: Vec::new() }
    }

    /// The same, naming something.
    pub(crate) fn with(mut self, name: &'static str, what: impl Into<String>) -> Self {
        self.with.push((name, Named::Text(what.into())));
        self
    }

    /// The same, telling which way it is about: messages ask for `entry` or `exit`.
    pub(crate) fn way(self, leg: Leg) -> Self {
        self.with(
            "leg",
            match leg {
                Leg::Entry => "entry",
                Leg::Exit => "exit",
            },
        )
    }

    /// The same, telling why a gate did not open: messages ask for the word.
    pub(crate) fn why(self, why: WhyNot) -> Self {
        self.with(
            "why",
            match why {
                WhyNot::Revoked | WhyNot::Cancelled | WhyNot::AccessRemoved => "cancelled",
                WhyNot::NotSentInTime | WhyNot::TooLate => "late",
                WhyNot::GateWentAway
                | WhyNot::StaleEpoch
                | WhyNot::NeverArrived
                | WhyNot::NotInLedger => "connection",
                WhyNot::TooSoon => "soon",
                WhyNot::LedgerFailed => "fault",
            },
        )
    }

    /// The same with a number, which may decide between forms.
    pub(crate) fn count(mut self, name: &'static str, number: impl Into<u32>) -> Self {
        self.with.push((name, Named::Number(number.into())));
        self
    }

    /// The same with a moment, told in its zone.
    pub(crate) fn at(mut self, name: &'static str, moment: Moment) -> Self {
        self.with.push((name, Named::Moment(moment)));
        self
    }

    /// The same with a span, for messages made of `{ span }`.
    pub(crate) fn span(self, span: Duration) -> Self {
        let minutes = span.as_secs() / 60;
        let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        self.count("hours", whole(minutes / 60)).count("minutes", whole(minutes % 60))
    }

    /// What a problem means, for people.
    pub(crate) fn on(code: Code) -> Self {
        Self {
            key: format!("problem-{}", code.as_str().replace('_', "-")).into(),
            with: Vec::new(),
        }
    }

    /// What is expected of a field of a form; of one that no form of ours has, that it is not as
    /// expected.
    pub(crate) fn on_field(field: &str) -> Self {
        let key = format!("field-{}", field.replace('_', "-"));
        if Tongue::knows(&key) {
            Self { key: key.into(), with: Vec::new() }
        } else {
            Self::on(Code::InvalidRequest)
        }
    }

    /// The message itself.
    pub(crate) fn say(&self, tongue: Tongue) -> String {
        self.attribute(tongue, None)
    }

    /// What the message goes on to say.
    pub(crate) fn note(&self, tongue: Tongue) -> String {
        self.attribute(tongue, Some("note"))
    }

    fn attribute(&self, tongue: Tongue, name: Option<&str>) -> String {
        let mut args = FluentArgs::new();
        for (name, what) in &self.with {
            match what {
                Named::Text(text) => args.set(*name, text.as_str()),
                Named::Number(number) => args.set(*name, *number),
                Named::Moment(moment) => args.set(*name, moment.say(tongue)),
            }
        }
        tongue.say(&self.key, name, &args)
    }
}

impl From<&Problem> for Words {
    fn from(problem: &Problem) -> Self {
        problem.first_field().map_or_else(|| Self::on(problem.code), Self::on_field)
    }
}

/// A moment, in the zone where it matters.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Moment(Zoned);

impl Moment {
    /// A moment in the words of a zone; UTC where the zone is not known.
    pub(crate) fn new(at: Timestamp, zone: &str) -> Self {
        Self(wire::in_zone(at, zone))
    }

    /// `06:00 (SAST) on 22 Nov`.
    pub(crate) fn say(&self, tongue: Tongue) -> String {
        self.told("moment", tongue)
    }

    /// `22 Nov 2026, 06:00 SAST`.
    pub(crate) fn dated(&self, tongue: Tongue) -> String {
        self.told("moment-dated", tongue)
    }

    fn told(&self, key: &'static str, tongue: Tongue) -> String {
        let words = Words::of(key)
            .with("time", self.0.strftime("%H:%M").to_string())
            .with("zone", self.0.strftime("%Z").to_string())
            .count("day", self.0.day().unsigned_abs())
            .count("month", self.0.month().unsigned_abs())
            .with("year", self.0.year().to_string());
        words.say(tongue)
    }
}

/// What templates say in the language of their reader: `{{ "devices"|say }}`, `{{ words|say }}`,
/// `{{ words|note }}`, `{{ until|moment }}`, `{{ at|dated }}`; and where what they load is: `{{ "guest.js"|asset }}`.
#[expect(
    unreachable_pub,
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "so `filter_fn` writes it"
)]
pub(crate) mod filters {
    use askama::{Values, filter_fn, get_value};

    use super::{Moment, Words};
    use crate::pages::{TONGUE, Tongue, assets};

    /// A name of a message, or words with what they name.
    pub(crate) trait Sayable {
        fn words(&self) -> Words;
    }

    impl Sayable for &'static str {
        fn words(&self) -> Words {
            Words::of(self)
        }
    }

    impl Sayable for Words {
        fn words(&self) -> Words {
            self.clone()
        }
    }

    impl<T: Sayable> Sayable for &T {
        fn words(&self) -> Words {
            (*self).words()
        }
    }

    /// A message.
    #[filter_fn]
    pub(crate) fn say(said: impl Sayable, values: &dyn Values) -> askama::Result<String> {
        Ok(said.words().say(*get_value::<Tongue>(values, TONGUE)?))
    }

    /// What a message goes on to say.
    #[filter_fn]
    pub(crate) fn note(said: impl Sayable, values: &dyn Values) -> askama::Result<String> {
        Ok(said.words().note(*get_value::<Tongue>(values, TONGUE)?))
    }

    /// A moment with its zone.
    #[filter_fn]
    pub(crate) fn moment(at: &Moment, values: &dyn Values) -> askama::Result<String> {
        Ok(at.say(*get_value::<Tongue>(values, TONGUE)?))
    }

    /// A moment with its date and its zone.
    #[filter_fn]
    pub(crate) fn dated(at: &Moment, values: &dyn Values) -> askama::Result<String> {
        Ok(at.dated(*get_value::<Tongue>(values, TONGUE)?))
    }

    /// The address of a script or a style sheet.
    #[filter_fn]
    pub(crate) fn asset(name: &str, _: &dyn Values) -> askama::Result<String> {
        Ok(assets::address(name))
    }

    /// The reader's language, for `lang`.
    #[filter_fn]
    pub(crate) fn tag(_: impl Sized, values: &dyn Values) -> askama::Result<&'static str> {
        Ok(get_value::<Tongue>(values, TONGUE)?.tag())
    }
}
