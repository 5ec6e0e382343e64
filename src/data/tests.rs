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
fn one_ca_follows_another_step_by_step() {
    let home = tempfile::tempdir().unwrap();
    let alone = open(&home, NOW).unwrap();
    assert_eq!(alone.phase, Phase::Alone);
    let old = alone.authorities.signing.ca_pem().to_owned();
    alone.take(Step::Add, &SystemDice, NOW + DAY).unwrap();

    let added = open(&home, NOW).unwrap();
    assert_eq!(added.phase, Phase::Added { at: NOW + DAY });
    let new = added.authorities.other.as_ref().unwrap().ca_pem().to_owned();
    assert_eq!(added.authorities.bundle_pem(), format!("{old}{new}"));
    assert_eq!(added.broker.fingerprint, alone.broker.fingerprint, "the old one still signs");
    assert_eq!(added.bridge.fingerprint, alone.bridge.fingerprint);
    added.take(Step::Switch, &SystemDice, NOW + DAY * 2).unwrap();

    let switched = open(&home, NOW).unwrap();
    assert_eq!(switched.phase, Phase::Switched { at: NOW + DAY * 2 });
    assert_eq!(switched.authorities.bundle_pem(), format!("{new}{old}"));
    let ca = &switched.authorities.signing;
    assert!(ca.vouches_for_client(&switched.bridge.certificate_pem, NOW.as_millis()));
    let names = ["localhost".to_owned()];
    assert!(ca.vouches_for_server(&switched.broker.certificate_pem, &names, NOW.as_millis()));
    switched.take(Step::Drop, &SystemDice, NOW + DAY * 3).unwrap();

    let again = open(&home, NOW).unwrap();
    assert_eq!(again.phase, Phase::Alone);
    assert_eq!(again.authorities.bundle_pem(), new);
    assert_eq!(again.broker.fingerprint, switched.broker.fingerprint);
    assert!(!contents(&home)["ca.pem"].contains(&old), "the old one is forgotten with its key");
}

#[test]
fn every_ca_has_a_name_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    open(&home, NOW).unwrap().take(Step::Add, &SystemDice, NOW).unwrap();
    let both = open(&home, NOW).unwrap().authorities;
    assert_ne!(both.signing.name(), both.other.as_ref().unwrap().name());
}

#[test]
fn a_step_that_was_cut_short_was_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let alone = open(&home, NOW).unwrap();
    alone.take(Step::Add, &SystemDice, NOW).unwrap();
    let added = contents(&home).remove("ca.pem").unwrap();
    let aside = keys(&home).join("ca.pem.new");
    write(&aside, &added[..added.len() / 2]).unwrap();
    let found = open(&home, NOW).unwrap();
    assert_eq!(found.phase, Phase::Added { at: NOW });
    found.take(Step::Switch, &SystemDice, NOW).unwrap();
    assert_eq!(open(&home, NOW).unwrap().phase, Phase::Switched { at: NOW });
    assert!(!aside.exists());
}

#[test]
fn nobody_finds_half_a_step() {
    let home = tempfile::tempdir().unwrap();
    open(&home, NOW).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let found = open(&home, NOW).unwrap();
                    let ca = &found.authorities.signing;
                    let bridge = &found.bridge.certificate_pem;
                    assert!(ca.vouches_for_client(bridge, NOW.as_millis()));
                    let is_alone = found.phase == Phase::Alone;
                    assert_eq!(found.authorities.other.is_none(), is_alone);
                }
            });
        }
        for step in [Step::Add, Step::Switch, Step::Drop].repeat(5) {
            open(&home, NOW).unwrap().take(step, &SystemDice, NOW).unwrap();
        }
    });
}

#[test]
fn of_two_who_take_a_step_the_second_looks_again() {
    let home = tempfile::tempdir().unwrap();
    let [first, second] = [1, 2].map(|_| open(&home, NOW).unwrap());
    first.take(Step::Add, &SystemDice, NOW).unwrap();
    let refused = second.take(Step::Add, &SystemDice, NOW).unwrap_err().to_string();
    assert!(refused.starts_with("somebody else changed the CA"), "{refused}");
    open(&home, NOW).unwrap().take(Step::Switch, &SystemDice, NOW).unwrap();
    assert_eq!(open(&home, NOW).unwrap().phase, Phase::Switched { at: NOW });
}

#[test]
fn brokers_elsewhere_find_whom_to_believe_and_no_key() {
    let home = tempfile::tempdir().unwrap();
    open(&home, NOW).unwrap().take(Step::Add, &SystemDice, NOW).unwrap();
    let folder = open(&home, NOW).unwrap();
    let crls = folder.authorities.crls(&[], NOW.as_millis(), (NOW + DAY).as_millis()).unwrap();
    folder.publish(&crls).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("ca-bundle.pem"), folder.authorities.bundle_pem());
    assert_eq!(read("crl.pem").matches("BEGIN X509 CRL").count(), 2);
    assert!(!read("ca-bundle.pem").contains("PRIVATE"));
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
fn a_ca_file_that_tells_no_phase_is_named() {
    for line in ["# added", "# added soon", "# lost 1750000000000"] {
        let home = tempfile::tempdir().unwrap();
        open(&home, NOW).unwrap().take(Step::Add, &SystemDice, NOW).unwrap();
        let file = keys(&home).join("ca.pem");
        let text = contents(&home).remove("ca.pem").unwrap();
        fs::write(&file, text.replace("# added 1750000000000", line)).unwrap();
        let expected = "expected `added` or `switched`, and milliseconds since 1970";
        assert_eq!(complaint(&home), format!("{}: {line}: {expected}", file.display()));
    }
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
