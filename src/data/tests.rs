use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::MetadataExt;
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::machine::SystemDice;

const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_second_start_finds_everything_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let first = open(&home, NOW).unwrap();
    let files = contents(&home);
    let second = open(&home, NOW + DAY * 59).unwrap();
    assert_eq!(contents(&home), files);
    assert_eq!(second.secrets.seal.0, first.secrets.seal.0);
    assert_eq!(second.broker.fingerprint, first.broker.fingerprint);
    assert_eq!(second.bridge.fingerprint, first.bridge.fingerprint);
    assert_eq!(second.authorities.bundle_pem(), first.authorities.bundle_pem());
    assert_eq!(second.path(), home.path().join("data"));
}

#[test]
fn everything_is_for_the_owner_only() {
    let home = tempfile::tempdir().unwrap();
    open(&home, NOW).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&home.path().join("data")), 0o700);
    assert_eq!(mode(&keys(&home)), 0o700);
    assert_eq!(contents(&home).len(), 7);
    for name in contents(&home).keys() {
        assert_eq!(mode(&keys(&home).join(name)), 0o600, "{name}");
    }
}

#[test]
fn the_certificates_are_what_they_are_for() {
    let home = tempfile::tempdir().unwrap();
    let names = ["gates.example".to_owned(), "192.0.2.7".to_owned()];
    let folder = Folder::open(&home.path().join("data"), &names, &SystemDice, NOW).unwrap();
    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    all.extend(names);
    let (ca, now) = (&folder.authorities.signing, NOW.as_millis());
    assert!(ca.vouches_for_server(&folder.broker.certificate_pem, &all, now));
    assert!(ca.vouches_for_client(&folder.bridge.certificate_pem, now));
}

#[test]
fn a_certificate_with_less_than_thirty_days_left_is_renewed() {
    let home = tempfile::tempdir().unwrap();
    let first = open(&home, NOW).unwrap();
    let later = NOW + DAY * 61;
    let second = open(&home, later).unwrap();
    assert_ne!(second.broker.fingerprint, first.broker.fingerprint);
    assert_ne!(second.bridge.fingerprint, first.bridge.fingerprint);
    assert_eq!(second.secrets.signing.0, first.secrets.signing.0);
    let later = (later + DAY * 89).as_millis();
    assert!(second.authorities.signing.vouches_for_client(&second.bridge.certificate_pem, later));
}

#[test]
fn a_new_name_gets_a_new_certificate() {
    let home = tempfile::tempdir().unwrap();
    let first = open(&home, NOW).unwrap();
    let names = ["gates.example".to_owned()];
    let second = Folder::open(first.path(), &names, &SystemDice, NOW).unwrap();
    assert_ne!(second.broker.fingerprint, first.broker.fingerprint);
    assert_eq!(second.bridge.fingerprint, first.bridge.fingerprint);
}

#[test]
fn a_broken_certificate_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    open(&home, NOW).unwrap();
    fs::write(keys(&home).join("broker.pem"), "half a certifi").unwrap();
    let again = open(&home, NOW).unwrap();
    let kept = open(&home, NOW).unwrap();
    assert_eq!(kept.broker.fingerprint, again.broker.fingerprint);
}

#[test]
fn of_many_starts_at_once_all_find_the_same_keys() {
    let home = tempfile::tempdir().unwrap();
    let seals = thread::scope(|scope| {
        let starts = [0; 8].map(|_| scope.spawn(|| open(&home, NOW).unwrap().secrets.seal.0));
        starts.map(|start| start.join().unwrap())
    });
    assert!(seals.iter().all(|seal| *seal == seals[0]));
}

#[test]
fn a_start_that_was_killed_while_making_keys_is_made_up_for() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("data/keys.new")).unwrap();
    fs::write(home.path().join("data/keys.new/seal.key"), "half").unwrap();
    open(&home, NOW).unwrap();
    assert!(!home.path().join("data/keys.new").exists());
}

#[test]
fn a_lost_key_is_not_replaced() {
    for name in ["seal.key", "ca.pem"] {
        let home = tempfile::tempdir().unwrap();
        open(&home, NOW).unwrap();
        let file = keys(&home).join(name);
        fs::remove_file(&file).unwrap();
        let expected = format!("{} is lost: bring it back from a backup", file.display());
        assert_eq!(complaint(&home), expected);
    }
}

#[test]
fn a_damaged_key_is_named() {
    let home = tempfile::tempdir().unwrap();
    open(&home, NOW).unwrap();
    let file = keys(&home).join("pepper.key");
    fs::write(&file, "0123").unwrap();
    assert_eq!(complaint(&home), format!("{}: expected 64 hex digits", file.display()));
}

#[test]
fn keys_that_others_can_read_are_refused() {
    for (name, mode, told, expected) in [
        ("", 0o755, "755", "700"),
        ("seal.key", 0o644, "644", "600"),
        ("ca.pem", 0o640, "640", "600"),
    ] {
        let home = tempfile::tempdir().unwrap();
        open(&home, NOW).unwrap();
        let path = if name.is_empty() { keys(&home) } else { keys(&home).join(name) };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let path = path.display();
        let line = format!("{path} is open to others (mode {told}): expected {expected}");
        assert_eq!(complaint(&home), line);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("data"), "a file").unwrap();
    let path = home.path().join("data");
    let line = format!("cannot make data folder {}: File exists (os error 17)", path.display());
    assert_eq!(complaint(&home), line);
}

#[test]
fn secrets_stay_out_of_debug() {
    let home = tempfile::tempdir().unwrap();
    let told = format!("{:?}", open(&home, NOW).unwrap());
    for text in contents(&home).values() {
        let mut lines = text.lines().filter(|line| !line.is_empty());
        assert!(lines.all(|line| !told.contains(line)));
    }
}

fn open(home: &TempDir, now: Timestamp) -> anyhow::Result<Folder> {
    Folder::open(&home.path().join("data"), &[], &SystemDice, now)
}

fn complaint(home: &TempDir) -> String {
    format!("{:#}", open(home, NOW).unwrap_err())
}

fn keys(home: &TempDir) -> PathBuf {
    home.path().join("data/keys")
}

fn contents(home: &TempDir) -> BTreeMap<String, String> {
    let entries = fs::read_dir(keys(home)).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}
