//! The repository itself: its floors, manifests, migrations and papers, and the manners of tests.
//!
//! Each complaint is a sentence that says what to do. Nothing here starts the service.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Each crate, from the ground floor up; which of ours it may know; and which its tests may, too.
const FLOORS: [(&str, &[&str], &[&str]); 11] = [
    ("domain", &[], &[]),
    ("protocol", &[], &[]),
    ("authority", &[], &[]),
    ("store", &["domain"], &[]),
    ("broker", &["domain", "protocol", "store"], &["authority"]),
    ("bridge", &["domain", "protocol", "store"], &[]),
    ("api", &["authority", "domain", "protocol", "store"], &[]),
    ("device-sim", &["protocol"], &[]),
    ("model", &["bridge", "device-sim", "domain", "protocol"], &[]),
    ("simulation", &["bridge", "device-sim", "domain", "protocol", "store"], &[]),
    (
        "flussd",
        &["api", "authority", "bridge", "broker", "device-sim", "domain", "protocol", "store"],
        &[],
    ),
];

/// Libraries that only these crates may use; tests may use them anywhere.
const CONFINED: [(&str, &[&str]); 5] = [
    ("axum", &["api", "flussd"]),
    ("rumqttc", &["bridge", "device-sim"]),
    ("rumqttd", &["broker"]),
    ("sqlx", &["store"]),
    ("tokio", &["api", "bridge", "broker", "device-sim", "flussd", "simulation", "store"]),
];

/// How a migration for SQLite reads on Postgres.
const TRANSLATION: [(&str, &str); 3] =
    [("BLOB", "BYTEA"), ("INTEGER", "BIGINT"), (") STRICT;", ");")];

/// Papers that may name what is not here: what is gone, and topics that look like paths.
const UNCHECKED: [&str; 2] = ["CHANGELOG.md", "docs/device-contract.md"];

#[test]
fn no_crate_looks_upwards_or_sideways() {
    let mut complaints = Vec::new();
    for (name, manifest) in manifests() {
        let floor = FLOORS.iter().find(|(floor, ..)| *floor == name);
        let Some((_, may_know, tests_may)) = floor else {
            complaints.push(format!("{name} stands on no floor: give it a line in FLOORS"));
            continue;
        };
        for (section, known, _) in dependencies(&manifest) {
            let is_ours = FLOORS.iter().any(|(floor, ..)| *floor == known);
            let by_tests = section == "dev-dependencies" && tests_may.contains(&known);
            if is_ours && !may_know.contains(&known) && !by_tests {
                complaints.push(format!("{name} must not know {known}: see FLOORS ({section})"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn a_library_is_used_only_where_it_belongs() {
    let mut complaints = Vec::new();
    for (name, manifest) in manifests() {
        for (section, used, _) in dependencies(&manifest) {
            let confined = CONFINED.iter().find(|(library, _)| *library == used);
            if section == "dependencies" && confined.is_some_and(|(_, to)| !to.contains(&&*name)) {
                complaints.push(format!("{name} must not use {used}: see CONFINED"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn lints_and_versions_come_from_the_workspace() {
    let is_inherited = |value: Option<&Value>| {
        value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
    };
    let mut complaints = Vec::new();
    for (name, manifest) in manifests() {
        if !is_inherited(manifest.get("lints")) {
            complaints.push(format!("{name} needs [lints] workspace = true"));
        }
        for (_, used, value) in dependencies(&manifest) {
            if !is_inherited(Some(value)) {
                complaints.push(format!("{name} must take {used} from [workspace.dependencies]"));
            }
        }
    }
    let workspace: Table = parsed("Cargo.toml");
    if workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str() != Some("forbid") {
        complaints.push("unsafe_code must be forbidden for the whole workspace".to_owned());
    }
    none_of(&complaints);
}

/// The reason stands behind the dependency, or above its group; a blank line ends a group.
#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("[workspace.dependencies]\n").expect("has the section");
    let mut complaints = Vec::new();
    let mut group_has_reason = false;
    for line in section.lines().take_while(|line| !line.starts_with('[')) {
        if line.is_empty() || line.starts_with('#') {
            group_has_reason = !line.is_empty();
        } else if !group_has_reason && !line.contains(" # ") && !line.contains("path = ") {
            complaints.push(format!("say why in Cargo.toml: {line}"));
        }
    }
    none_of(&complaints);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let [sqlite, postgres] = ["sqlite", "postgres"].map(|database| {
        let mut files = files_in(&root().join("migrations").join(database));
        files.sort();
        files
    });
    let names = |files: &[PathBuf]| -> Vec<_> {
        files.iter().filter_map(|file| file.file_name()).map(ToOwned::to_owned).collect()
    };
    assert_eq!(names(&sqlite), names(&postgres), "the two folders hold different migrations");
    let run = read("store/src/migrations.rs");
    let mut complaints = Vec::new();
    for (sqlite, postgres) in sqlite.iter().zip(&postgres) {
        let translated =
            TRANSLATION.iter().fold(text_of(sqlite), |text, (from, to)| text.replace(from, to));
        let (translated, original) = (lines_of(&translated), lines_of(&text_of(postgres)));
        if translated != original {
            let same = translated.iter().zip(&original).take_while(|(a, b)| a == b).count();
            let (file, line) = (shown(postgres), same + 1);
            complaints.push(format!("{file}, line {line}: differs from SQLite's"));
        }
        for file in [sqlite, postgres].map(|file| shown(file)) {
            if !run.contains(&file) {
                complaints.push(format!("{file} is never run: name it in store/src/migrations.rs"));
            }
        }
    }
    none_of(&complaints);
}

/// What looks like a path must be one; a name of five words and more is a test's.
#[test]
fn what_the_papers_name_exists() {
    let code: String = texts_ending("rs").map(|(_, text)| text).collect();
    let mut complaints = Vec::new();
    for (paper, text) in texts_ending("md") {
        if UNCHECKED.contains(&&*paper) {
            continue;
        }
        for word in inline_code(&text) {
            let is_gone = if is_path(word) {
                !root().join(word).exists()
            } else {
                is_test_name(word) && !code.contains(&format!("fn {word}("))
            };
            if is_gone {
                complaints.push(format!("{paper} names `{word}`, which does not exist"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn every_row_of_the_mqtt_tables_names_its_tests() {
    let code: String = texts_ending("rs").map(|(_, text)| text).collect();
    let paper = read("docs/mqtt.md");
    let rows = paper.lines().filter(|line| line.starts_with("| ") && !line.ends_with("shown by |"));
    let mut complaints = Vec::new();
    for row in rows {
        let mut names = inline_code(last_cell(row)).peekable();
        if names.peek().is_none() {
            complaints.push(format!("docs/mqtt.md: no test shows {row}"));
        }
        for name in names.filter(|name| !is_test(&code, name)) {
            complaints.push(format!("docs/mqtt.md names `{name}`, which is no test"));
        }
    }
    assert!(
        paper.lines().filter(|line| line.starts_with("| ")).count() > 40,
        "the tables are gone"
    );
    none_of(&complaints);
}

/// The chapters 6 and 7 of ASVS 5.0: the requirements of levels 1 and 2 in each section.
const ASVS: [(&str, usize); 13] = [
    ("6.1", 3),
    ("6.2", 12),
    ("6.3", 4),
    ("6.4", 4),
    ("6.5", 5),
    ("6.6", 3),
    ("6.8", 4),
    ("7.1", 3),
    ("7.2", 4),
    ("7.3", 2),
    ("7.4", 5),
    ("7.5", 2),
    ("7.6", 2),
];

#[test]
fn every_requirement_of_asvs_names_its_tests_or_says_why_not() {
    let code: String = texts_ending("rs").map(|(_, text)| text).collect();
    let paper = read("docs/asvs.md");
    let mut complaints = Vec::new();
    for (section, count) in ASVS {
        for number in (1..=count).map(|number| format!("| {section}.{number} |")) {
            if paper.lines().filter(|line| line.starts_with(&number)).count() != 1 {
                complaints.push(format!("docs/asvs.md has not one row {number}"));
            }
        }
    }
    for row in paper.lines().filter(|line| line.starts_with("| 6.") || line.starts_with("| 7.")) {
        let shown_by = last_cell(row);
        let says_why =
            ["Deviation", "Does not apply: "].iter().any(|why| shown_by.starts_with(why));
        let mut names = inline_code(shown_by).peekable();
        if names.peek().is_none() && !says_why {
            complaints.push(format!("docs/asvs.md: no test shows {row}"));
        }
        for name in names.filter(|name| !is_test(&code, name)) {
            complaints.push(format!("docs/asvs.md names `{name}`, which is no test"));
        }
    }
    none_of(&complaints);
}

fn last_cell(row: &str) -> &str {
    row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default()
}

/// The line above a test, or above its `async`, is its attribute.
fn is_test(code: &str, name: &str) -> bool {
    let (before, _) = code.split_once(&format!("fn {name}(")).unwrap_or_default();
    let beside = ["", "async"];
    let mut above = before.lines().rev().map(str::trim).skip_while(|line| beside.contains(line));
    above.next().is_some_and(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}

#[test]
fn no_test_is_ignored_or_sleeps() {
    let mut complaints = Vec::new();
    for (file, text) in texts_ending("rs") {
        let tests = tests_in(&file, &text);
        for (words, instead) in [
            (concat!("#[", "ignore"), "a test runs or is deleted"),
            (concat!("sleep", "("), "wait for a condition, with a deadline"),
        ] {
            if tests.contains(words) {
                complaints.push(format!("{file} has `{words}` in a test: {instead}"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let mut complaints = Vec::new();
    for (file, text) in texts() {
        for path in [concat!("/wo", "rk/"), concat!("/tmp/", "target")] {
            if text.contains(path) {
                complaints.push(format!("{file} names {path}, which only one machine has"));
            }
        }
    }
    none_of(&complaints);
}

fn none_of(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Each crate's name and manifest.
fn manifests() -> Vec<(String, Table)> {
    let workspace: Table = parsed("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().expect("members are a list");
    let members = members.iter().filter_map(Value::as_str);
    let manifests = members.map(|member| parsed(&format!("{member}/Cargo.toml")));
    manifests
        .chain([workspace.clone()])
        .map(|manifest| {
            (manifest["package"]["name"].as_str().expect("a name").to_owned(), manifest)
        })
        .collect()
}

/// Each dependency: in which section, its name, and how it is given.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&'static str, &str, &Value)> {
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    sections.into_iter().flat_map(|section| {
        let table = manifest.get(section).and_then(Value::as_table);
        table.into_iter().flatten().map(move |(name, value)| (section, &**name, value))
    })
}

/// What stands between backticks, outside of code blocks.
fn inline_code(text: &str) -> impl Iterator<Item = &str> {
    let mut is_block = false;
    let lines = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    lines.flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn is_path(word: &str) -> bool {
    let looks_so =
        word.contains('/') || [".md", ".rs", ".toml"].iter().any(|end| word.ends_with(end));
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    looks_so && is_plain && !word.starts_with('/')
}

fn is_test_name(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    word.bytes().all(is_plain) && 4 <= word.matches('_').count()
}

/// The part of a source file that is tests; by our habit they come last.
fn tests_in<'t>(file: &str, text: &'t str) -> &'t str {
    let is_all_tests = file.contains("tests/") || text.contains("#[test]");
    match text.find("#[cfg(test)]") {
        Some(start) => &text[start..],
        None if is_all_tests => text,
        None => "",
    }
}

fn texts_ending(extension: &str) -> impl Iterator<Item = (String, String)> {
    texts().filter(move |(file, _)| Path::new(file).extension().is_some_and(|end| end == extension))
}

/// Every text file that is not ignored by git, by its path from the root.
fn texts() -> impl Iterator<Item = (String, String)> {
    files_in(root()).into_iter().filter_map(|file| {
        let text = fs::read_to_string(&file).ok()?;
        Some((shown(&file), text))
    })
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let ignored = read(".gitignore");
    let ignored: Vec<&str> = ignored.lines().chain(["/.git"]).collect();
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("lists a folder").flatten() {
            let path = entry.path();
            if ignored.contains(&&*format!("/{}", shown(&path))) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

fn lines_of(sql: &str) -> Vec<String> {
    sql.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn parsed(path: &str) -> Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read(path: &str) -> String {
    text_of(&root().join(path))
}

fn text_of(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
