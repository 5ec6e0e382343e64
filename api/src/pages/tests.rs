//! Nothing on a page is missing in a language.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;

use super::Tongue;
use crate::answers::Code;

const ENGLISH: &str = include_str!("../../messages/en.ftl");

/// The names of messages, and of attributes as `message.attribute`, each with what it names.
fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut message, mut current) = (String::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|first: char| first.is_ascii_lowercase()) {
            message = line.split(" =").next().unwrap().to_owned();
            current.clone_from(&message);
        } else if let Some(attribute) = line.strip_prefix("    .") {
            current = format!("{message}.{}", attribute.split(" =").next().unwrap());
        }
        let named = line.split('$').skip(1).map(|rest| {
            rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        });
        let named = named.filter_map(|mut words| words.next().map(str::to_owned));
        if !current.is_empty() {
            found.entry(current.clone()).or_default().extend(named);
        }
    }
    found
}

fn file(tongue: Tongue) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("messages");
    fs::read_to_string(path.join(tongue.tag()).with_extension("ftl")).unwrap()
}

#[test]
fn every_language_says_the_same_things() {
    let english = messages(ENGLISH);
    for tongue in Tongue::ALL {
        let text = file(tongue);
        assert!(FluentResource::try_new(text.clone()).is_ok(), "{} can be read", tongue.tag());
        assert_eq!(messages(&text), english, "{}", tongue.tag());
    }
}

#[test]
fn every_message_that_is_asked_for_exists() {
    let messages = messages(ENGLISH);
    for code in Code::ALL {
        let name = format!("problem-{}", code.as_str().replace('_', "-"));
        assert!(messages.contains_key(&name), "{name}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = 0;
    for (folder, before, after) in [
        ("src", "Words::of(\"", "\""),
        ("templates", "{{ \"", "\"|say"),
        ("templates", "{{ \"", "\"|note"),
    ] {
        for text in texts(&root.join(folder)) {
            for rest in text.split(before).skip(1) {
                let Some((name, _)) = rest.split_once(after) else { continue };
                if name.contains(['"', '\n', ' ']) {
                    continue;
                }
                used += 1;
                assert!(messages.contains_key(name), "{name} of {folder}");
            }
        }
    }
    assert!(20 < used, "the search finds what it looks for: {used}");
}

/// Words chosen by a `match` inside `Words::of(…)` escape the search above, so this asks the other
/// way round.
#[test]
fn every_message_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all: String = [texts(&root.join("src")), texts(&root.join("templates"))].concat().concat();
    for name in messages(ENGLISH).keys().filter(|name| !name.contains('.')) {
        let is_made_up = name.starts_with("problem-") || name.starts_with("field-");
        let is_named =
            all.contains(&format!("\"{name}\"")) || ENGLISH.contains(&format!("{{ {name} }}"));
        assert!(is_made_up || is_named, "{name}");
    }
}

fn texts(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(self::texts(&path));
        } else {
            texts.push(fs::read_to_string(path).unwrap_or_default());
        }
    }
    texts
}
