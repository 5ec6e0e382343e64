//! What the binary says to the person at the keyboard.

use std::process::{Command, Output};

use tempfile::TempDir;

#[test]
fn the_help_shows_an_example_line_by_line() {
    let output = device_sim(&["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for line in ["docs/device-contract.md", "device-sim enrol --folder", "device-sim run --folder"]
    {
        assert!(help.contains(line), "{line} is missing in:\n{help}");
    }
}

#[test]
fn a_gate_that_cannot_enrol_ends_with_1_and_one_line() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().to_str().unwrap();
    let output = device_sim(&[
        "enrol",
        "--folder",
        folder,
        "--server",
        "http://127.0.0.1:1",
        "--serial",
        "FL-1",
        "--secret",
        "s3cret",
    ]);
    let error = ends_with_1_and_one_line(&output);
    let expected = "device-sim: cannot reach http://127.0.0.1:1/v1/enrolments: ";
    assert!(error.starts_with(expected), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn a_gate_that_was_never_enrolled_does_not_run() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().to_str().unwrap();
    let error = ends_with_1_and_one_line(&device_sim(&["run", "--folder", folder]));
    assert_eq!(error, format!("device-sim: {folder} holds no enrolled gate\n"));
}

#[test]
fn half_a_label_is_a_mistake() {
    for act in ["enrol", "run"] {
        let output = device_sim(&[act, "--serial", "FL-1"]);
        assert_eq!(output.status.code(), Some(2), "{act}");
    }
    assert_eq!(device_sim(&["enrol"]).status.code(), Some(2));
}

#[test]
fn the_help_of_run_names_each_fault_with_its_unit_its_range_and_an_example() {
    let output = device_sim(&["run", "--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    for told in [
        "--seed <NUMBER>",
        "--loss <PERCENT>",
        "0 to 100, like 5 or 0.5",
        "--dup <PERCENT>",
        "--delay <MS>",
        "0 to 60000, like 400",
        "--reboot <PERCENT>",
        "--skew <PPM>",
        "-500000 to 500000, like",
        "--sensor <ok|slow|stuck>",
        "`flussd explain` tells it",
    ] {
        assert!(unwrapped(&help).contains(told), "{told} is missing in:\n{help}");
    }
    let help = String::from_utf8(device_sim(&["--help"]).stdout).unwrap();
    assert!(help.contains("It ends with\n  0  when") && help.contains("--seed 7"), "{help}");
}

#[test]
fn what_is_out_of_range_is_refused_by_name_and_told_what_was_expected() {
    for (option, value, expected) in [
        ("--seed", "x", "invalid digit"),
        ("--loss", "101", "a percentage from 0 to 100"),
        ("--dup", "-1", "a percentage from 0 to 100"),
        ("--delay", "60001", "60001 is not in 0..=60000"),
        ("--reboot", "5%", "a percentage from 0 to 100"),
        ("--skew", "-500001", "-500001 is not in -500000..=500000"),
        ("--sensor", "broken", "expected ok, slow or stuck"),
    ] {
        let output = device_sim(&["run", &format!("{option}={value}")]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {error}");
        assert!(error.contains(option) && error.contains(expected), "{option} {value}: {error}");
    }
}

fn device_sim(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_device-sim"));
    command.args(arguments).output().expect("it runs")
}

fn ends_with_1_and_one_line(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

/// Without the line breaks that fit a terminal.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
