//! The languages that pages speak. What they say stands in `messages/`, one file a language.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

/// A language that we speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// Also for readers of languages that we do not speak
    #[default]
    English,
    Afrikaans,
}

static ENGLISH: LazyLock<Bundle> =
    LazyLock::new(|| bundle(Tongue::English, include_str!("../../messages/en.ftl")));
static AFRIKAANS: LazyLock<Bundle> =
    LazyLock::new(|| bundle(Tongue::Afrikaans, include_str!("../../messages/af.ftl")));

impl Tongue {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Afrikaans];

    /// The one that `Accept-Language` likes best (RFC 9110, 12.5.4): the language counts, wherever
    /// it is spoken.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|text| text.to_str().ok());
        let wishes = asked.unwrap_or_default().split(',').filter_map(|wish| {
            let (tag, quality) =
                wish.split_once(";q=").or_else(|| wish.split_once("; q=")).unwrap_or((wish, "1"));
            let language = tag.trim().split('-').next()?;
            let tongue =
                Self::ALL.into_iter().find(|one| one.tag().eq_ignore_ascii_case(language))?;
            let quality = quality.trim().parse::<f32>().ok()?;
            (0.0 < quality).then_some((tongue, quality))
        });
        // The first of equals is meant first.
        let best = wishes.reduce(|best, wish| if best.1 < wish.1 { wish } else { best });
        best.map_or_else(Self::default, |(tongue, _)| tongue)
    }

    /// Its tag (BCP 47).
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Afrikaans => "af",
        }
    }

    /// What it calls itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Afrikaans => "Afrikaans",
        }
    }

    /// A message, or one of its attributes. What is not translated is said in English; a message
    /// that does not exist is told by its name (a test sees to it that none is missing).
    pub(crate) fn say(self, key: &str, attribute: Option<&str>, with: &FluentArgs<'_>) -> String {
        let said = self.bundle().said(key, attribute, with);
        said.or_else(|| ENGLISH.said(key, attribute, with))
            .unwrap_or_else(|| if attribute.is_some() { String::new() } else { key.to_owned() })
    }

    /// Whether there is a message of that name.
    pub(crate) fn knows(key: &str) -> bool {
        ENGLISH.0.has_message(key)
    }

    fn bundle(self) -> &'static Bundle {
        match self {
            Self::English => &ENGLISH,
            Self::Afrikaans => &AFRIKAANS,
        }
    }
}

/// One language's messages.
struct Bundle(FluentBundle<FluentResource>);

impl Bundle {
    fn said(&self, key: &str, attribute: Option<&str>, with: &FluentArgs<'_>) -> Option<String> {
        let message = self.0.get_message(key)?;
        let pattern = match attribute {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        // What a message names and nobody gave is told by its name.
        let mut errors = Vec::new();
        Some(self.0.format_pattern(pattern, Some(with), &mut errors).into_owned())
    }
}

fn bundle(tongue: Tongue, text: &str) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![tongue.tag().parse().unwrap_or_default()]);
    // Names of people stand in `<bdi>` instead, which does the same.
    bundle.set_use_isolating(false);
    // A file that cannot be read says what it can; a test reads it strictly.
    let resource = match FluentResource::try_new(text.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    bundle.add_resource_overriding(resource);
    Bundle(bundle)
}

#[cfg(test)]
mod tests;
