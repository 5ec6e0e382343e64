//! The pages for developers of apps and integrations: each command on them is run, in order and in one shell, against
//! the real binary, and what comes back is what the page shows.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::house::{House, Label, is_installed};
use crate::owner::pin_printed_after;

/// The server of the pages.
const SERVER: &str = "http://127.0.0.1:8080";

/// How long the whole page may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where the page's shell has told all that a block prints.
const END: &str = "--- end of block ---";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_for_app_developers_is_true_command_by_command() {
    is_true(include_str!("../../docs/app.md"), 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_on_api_keys_is_true_command_by_command() {
    is_true(include_str!("../../docs/api-keys.md"), 8).await;
}

/// Runs a page; more than so many answers stand on it.
async fn is_true(page: &'static str, least: usize) {
    if !is_installed("curl", "curl") || !is_installed("jq", "jq") {
        return;
    }
    let house = House::start().await;
    let mut shell = Shell::open(&house);
    let (mut gate, mut heard, mut compared) = (None, house.lines(), 0);
    for step in steps(page) {
        let commands = step.commands.replace(SERVER, house.http());
        for line in commands.lines() {
            shell.types(line);
            if line.starts_with("read -r pin") {
                shell.types(&pin_printed_after(&house, heard, "+27821234567").await);
                heard = house.lines();
            }
        }
        let told = shell.answer();
        if let Some(played) = told.lines().find_map(|line| line.strip_prefix("device-sim ")) {
            gate = Some(house.mounts(&label_of(played)).await);
        } else if let Some(printed) = step.answer {
            let printed = serde_json::from_str(printed).expect("the page shows JSON");
            let told = serde_json::from_str(&told);
            let told = told.unwrap_or_else(|_| panic!("no JSON came back from\n{commands}"));
            let differs = difference(&printed, &told, "");
            assert_eq!(differs, None, "\n{commands}\ntold {told:#}");
            compared += 1;
        }
    }
    assert!(least < compared, "only {compared} answers stand on the page");
    gate.expect("a gate is played").stop().await;
}

#[test]
fn words_on_the_page_must_come_back_and_ids_need_not() {
    let differs = |printed: &str, told: &str| {
        let [printed, told] = [printed, told].map(|text| serde_json::from_str(text).unwrap());
        difference(&printed, &told, "")
    };
    assert_eq!(differs(r#"{"a":"code_1"}"#, r#"{"a":"code_2"}"#), None);
    assert_eq!(differs(r#"[{"n":4}]"#, r#"[{"n":5}]"#), None);
    for (printed, told, at) in [
        (r#"{"state":"opened"}"#, r#"{"state":"not_opened"}"#, ".state"),
        (r#"{"status":409}"#, r#"{"status":404}"#, ".status"),
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, ".b"),
        (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, ".b"),
        (r#"[{"a":null}]"#, r#"[{"a":"x"}]"#, "[0].a"),
        ("[1]", "[]", ""),
    ] {
        let found = differs(printed, told).expect("they differ");
        assert!(found.starts_with(&format!("{at}: ")), "{found}");
    }
}

/// A block of commands, and what the page shows under it.
struct Step {
    commands: &'static str,
    answer: Option<&'static str>,
}

fn steps(page: &'static str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // What stands between fences is every second part.
    for block in page.split("```").skip(1).step_by(2) {
        match block.split_once('\n') {
            Some(("sh", commands)) => steps.push(Step { commands, answer: None }),
            Some(("json", answer)) => {
                let step = steps.last_mut().expect("an answer has a question");
                assert!(step.answer.replace(answer).is_none(), "one answer a block: {answer}");
            }
            Some(("text", _)) => {}
            _ => panic!("what is this block? {block}"),
        }
    }
    steps
}

/// Where the answer is not as printed. What one cannot know beforehand may differ: ids, moments,
/// secrets and counts; a word may not.
fn difference(printed: &Value, told: &Value, at: &str) -> Option<String> {
    match (printed, told) {
        (Value::Object(printed), Value::Object(told)) => {
            let fields = printed.keys().chain(told.keys());
            fields.into_iter().find_map(|field| {
                let at = format!("{at}.{field}");
                match (printed.get(field), told.get(field)) {
                    (Some(printed), Some(told)) => difference(printed, told, &at),
                    (Some(_), None) => Some(format!("{at}: on the page only")),
                    (None, _) => Some(format!("{at}: not on the page")),
                }
            })
        }
        (Value::Array(printed), Value::Array(told)) if printed.len() == told.len() => {
            let pairs = printed.iter().zip(told).enumerate();
            pairs
                .into_iter()
                .find_map(|(place, (one, other))| difference(one, other, &format!("{at}[{place}]")))
        }
        (Value::String(printed), Value::String(told)) if !is_word(printed) => {
            told.is_empty().then(|| format!("{at}: empty"))
        }
        (Value::Number(printed), Value::Number(told)) if !at.ends_with(".status") => {
            (printed.is_u64() != told.is_u64()).then(|| format!("{at}: another kind of number"))
        }
        _ => (printed != told).then(|| format!("{at}: {told} instead of {printed}")),
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The label on a line that plays a gate.
fn label_of(played: &str) -> Label {
    let words: Vec<&str> = played.split(' ').collect();
    let after = |flag| {
        let place = words.iter().position(|word| *word == flag).expect("the flag is given");
        words[place + 1].to_owned()
    };
    Label {
        id: String::new(),
        serial: after("--serial"),
        claim_code: String::new(),
        enrolment_secret: Some(after("--secret")),
        board_url: None,
    }
}

/// One shell for the whole page. `cargo run` is the binary under test on the house's data, and
/// where the page plays a gate, the story does.
struct Shell {
    process: Child,
    typing: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Shell {
    fn open(house: &House) -> Self {
        let flussd = house.command(&[]);
        let mut arguments = vec![flussd.get_program()];
        arguments.extend(flussd.get_args());
        let words = arguments.iter().map(|word| format!("'{}'", word.to_str().expect("text")));
        let words = words.collect::<Vec<_>>().join(" ");
        let mut process = Command::new("timeout")
            .args([&PATIENCE.as_secs().to_string(), "bash", "-u"])
            .current_dir(house.data.parent().expect("a folder"))
            .env("NO_PROXY", "*")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash starts");
        let typing = process.stdin.take().expect("piped");
        let told = BufReader::new(process.stdout.take().expect("piped"));
        let mut opened = Self { process, typing, told };
        opened.types(&format!(
            "cargo() {{\n\
               case \"$2\" in\n\
                 -p) shift 4; echo \"device-sim $*\" ;;\n\
                 --) shift 2; {words} \"$@\" ;;\n\
               esac\n\
             }}"
        ));
        opened
    }

    fn types(&mut self, commands: &str) {
        writeln!(self.typing, "{commands}").expect("the shell reads");
    }

    /// All that was printed since the last answer.
    fn answer(&mut self) -> String {
        self.types(&format!("wait; echo '{END}'"));
        let mut told = String::new();
        while !told.ends_with(&format!("{END}\n")) {
            let read = self.told.read_line(&mut told).expect("the shell tells");
            assert_ne!(read, 0, "the shell ended after:\n{told}");
        }
        told.truncate(told.len() - END.len() - 1);
        told
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
