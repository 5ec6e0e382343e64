//! The storage fails under a running house: no room, a lock held by somebody else, a damaged file.
//!
//! What cannot be written down opens nothing; what gates said meanwhile is not lost. The long run:
//! `LOCKED=30 cargo test --test it a_locked_database -- --nocapture` (seconds).

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use device_sim::Pulse;
use domain::AttemptId;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::time::sleep_until;

use crate::chance::from_env;
use crate::guest::Guest;
use crate::home::Home;
use crate::house::{Code, House, until};

/// What a busy machine adds to the bars below.
const BUSY: Duration = Duration::from_millis(1_500);

/// How long a request may wait for the storage.
const BOUND: Duration = Duration::from_secs(5);

/// How long a command lives, and a moment more.
const LONGER_THAN_A_COMMAND: Duration = Duration::from_millis(8_500);

/// How long after the fault is gone everything may take to work again.
const RECOVERY: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_opens_and_with_room_again_it_goes_on_by_itself() {
    let Some(disk) = SmallDisk::mount() else { return };
    let mut house = House::empty();
    house.data = disk.folder.path().join("data");
    house.run(&mut house.command(&[])).await;
    let home = Home::furnish(house).await;
    let (code, guest) = at_the_board(&home, "Sipho").await;
    // One command is at the gate when the disk is full.
    let (.., under_way) = home.holds_a_command_for("Thandi").await;

    disk.fills_up();
    home.gate.release();
    pulses(&home, 1).await;
    for _ in 0..10 {
        assert_eq!(guest.enters(&code.digits).await.refusal(), (503, "unavailable"));
    }
    assert_eq!(home.gate.pulses().len(), 1, "nothing opens that is not written down");

    disk.has_room_again();
    let took = goes_on(&home, &[(code, guest)], &under_way).await;
    println!("with room again a guest was let in after {took:?}");
    let told = home.house.explains(&under_way)["attempts"][0].clone();
    assert_eq!(told["outcome"], "opened", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_told_within_5_s_and_what_gates_said_meanwhile_is_not_lost() {
    let locked = Duration::from_secs(from_env("LOCKED", 10));
    let home = Home::start().await;
    let mut guests = Vec::new();
    for name in ["Sipho", "Lindiwe", "Anele", "Zola"] {
        guests.push(at_the_board(&home, name).await);
    }
    let (.., under_way) = home.holds_a_command_for("Thandi").await;
    let file = SqliteConnectOptions::new().filename(home.house.data.join("fluss.db"));
    let mut other = file.connect().await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let locked_at = Instant::now();
    home.gate.release();
    pulses(&home, 1).await;

    // One press after the other, as long as it lasts: nobody waits behind those before.
    let (guests_ref, seconds) = (&guests, locked.as_secs());
    let presses = (0..seconds.saturating_sub(6)).map(async |second| {
        sleep_until((locked_at + Duration::from_secs(second)).into()).await;
        let (code, guest) = &guests_ref[usize::try_from(second).expect("small") % guests_ref.len()];
        let asked = Instant::now();
        let answer = guest.enters(&code.digits).await;
        assert_eq!(answer.refusal(), (503, "unavailable"));
        asked.elapsed()
    });
    let longest = join_all(presses).await.into_iter().max().unwrap();
    assert!(longest <= BOUND + BUSY, "told after {longest:?}");
    sleep_until((locked_at + locked).into()).await;
    assert_eq!(home.gate.pulses().len(), 1);

    lock.rollback().await.unwrap();
    let took = goes_on(&home, &guests, &under_way).await;
    println!("told after {longest:?} at most; free again, guests were let in after {took:?}");
    // What counts is when the report came, not when it could be written down.
    let told = home.house.explains(&under_way)["attempts"][0].clone();
    assert_eq!((&told["outcome"], &told["failed_at"]), (&json!("opened"), &json!(null)));
    other.close().await.unwrap();
}

/// The bridge is another process, which finds the command only when it looks, once a second; by
/// then the database is locked.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_lock_holds_up_past_its_deadline_opens_nothing_and_is_explained_by_it() {
    let mut house = House::empty();
    let mut other_roles = house.annex();
    other_roles.run(&mut other_roles.command(&["roles=[\"broker\",\"bridge\"]"])).await;
    let way = house.way_to_its_broker();
    house.run(&mut house.command(&["roles=[\"api\"]", &way])).await;
    let home = Home::furnish(house).await;
    let file = SqliteConnectOptions::new().filename(home.house.data.join("fluss.db"));
    let mut other = file.connect().await.unwrap();
    let mut tries = 0;
    let caught = loop {
        tries += 1;
        assert!(tries <= 20, "the bridge is always first");
        let (code, guest) = at_the_board(&home, "Thandi").await;
        let attempt = guest.enters(&code.digits).await.attempt();
        let mut lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let (locked_at, state) = (Instant::now(), "SELECT state FROM attempts WHERE id = ?");
        let state = sqlx::query_scalar(state).bind(&attempt).fetch_one(&mut *lock);
        let state: String = state.await.unwrap();
        if state == "pending" {
            sleep_until((locked_at + LONGER_THAN_A_COMMAND).into()).await;
            lock.rollback().await.unwrap();
            break attempt;
        }
        lock.rollback().await.unwrap();
    };
    home.attempt_is(&caught, "not_opened").await;
    let told = home.house.explains(&caught)["attempts"][0].clone();
    assert_eq!((&told["why"], &told["failed_at"]), (&json!("too_late"), &json!("claim")));
    assert!(told["told"].as_str().unwrap().contains("the service needed"), "{told}");
    let is_it = |one: &Pulse| AttemptId::from_bytes(one.command.0).to_string() == caught;
    assert!(!home.gate.pulses().iter().any(is_it), "it opened all the same");
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_refused_at_the_start_and_a_backup_brings_it_back() {
    let mut home = Home::start().await;
    let code = home.issues("Thandi").await;
    let backup = home.house.data.with_file_name("fluss.backup");
    let backup = backup.to_str().unwrap();
    home.house.told_to(&["backup", backup]).expect("a backup");
    home.house.stop();
    let database = home.house.data.join("fluss.db");
    // What stands in the journal would heal the file.
    let file = SqliteConnectOptions::new().filename(&database);
    let mut books = file.connect().await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut books).await.unwrap();
    books.close().await.unwrap();
    let whole = fs::read(&database).unwrap();
    let middle = whole.len() / 2;
    let page = |at: usize| {
        let mut damaged = whole.clone();
        damaged[at..at + 4096].fill(0xA5);
        damaged
    };
    let damages = [
        ("a page in the middle", page(middle - middle % 4096)),
        ("the first page", page(0)),
        ("half of the file is gone", whole[..middle].to_vec()),
        ("another file", b"a letter to the installer, and no database ".repeat(500)),
    ];
    for (what, damaged) in damages {
        fs::write(&database, &damaged).unwrap();
        let serves = home.house.tries_to_run(&mut home.house.command(&[])).await;
        let told = home.house.printed();
        assert!(!serves, "{what}: it serves");
        assert!(told.contains("the file is damaged, restore a backup"), "{what}: {told}");
        assert!(told.contains(database.to_str().unwrap()), "{what}: {told}");
        assert_eq!(told.lines().count(), 1, "{what}: {told}");
        // It ended by itself, as it should.
        let _ = home.house.is_killed();
        assert!(fs::read(&database).unwrap() == damaged, "{what}: it was written to");

        let began = Instant::now();
        home.house.told_to(&["restore", backup]).unwrap_or_else(|why| panic!("{what}: {why}"));
        home.house.starts().await;
        println!("{what}: serves again {:?} after the restore was begun", began.elapsed());
        home.owner = home.house.signs_in("+27821234567").await;
        assert_eq!(home.owner.codes(&home.intercom).await[0]["id"], json!(code.id), "{what}");
        home.house.stop();
    }
    home.house.starts().await;
    home.gate_is_online(&home.gate_label).await;
}

/// A guest with a fresh code who has scanned the board.
async fn at_the_board(home: &Home, name: &str) -> (Code, Guest) {
    let (code, mut guest) = home.invites(name).await;
    guest.scans(home.board()).await;
    (code, guest)
}

async fn pulses(home: &Home, count: usize) {
    home.gate.until(|journal| journal.pulses.len() == count).await.expect("the gate opens");
}

/// Asserts that guests are let in again soon, and that the opening under way during the fault is
/// settled, too; how long it took for the guests.
async fn goes_on(home: &Home, guests: &[(Code, Guest)], under_way: &str) -> Duration {
    let began = Instant::now();
    let goes = join_all(guests.iter().map(async |(code, guest)| {
        let pressed = until(async || {
            let answer = guest.enters(&code.digits).await;
            (answer.status == 202).then(|| answer.attempt())
        });
        let attempt = pressed.await.expect("the guest is heard again");
        home.attempt_is(&attempt, "opened").await;
        began.elapsed()
    }));
    let took = goes.await.into_iter().max().expect("guests");
    assert!(took <= RECOVERY + BUSY, "let in after {took:?}");
    home.attempt_is(under_way, "opened").await;
    assert_eq!(home.gate.pulses().len(), 1 + guests.len());
    took
}

/// A disk of 16 MiB in memory, mounted as long as this lives.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts it, where that is allowed. Where it is not, that is said loudly; CI insists.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = as_root("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "fluss-small-disk"]).arg(folder.path());
        let told = mount.output().expect("sh runs");
        if told.status.success() {
            return Some(Self { folder });
        }
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount a tmpfs: {told}");
        eprintln!("\n*** NO TMPFS CAN BE MOUNTED ({}): a story was not told ***\n", told.trim());
        None
    }

    fn fills_up(&self) {
        let mut ballast = File::create(self.ballast()).expect("creates");
        while ballast.write_all(&[0; 4096]).is_ok() {}
        // The last bytes, too.
        while ballast.write_all(&[0]).is_ok() {}
    }

    fn has_room_again(&self) {
        fs::remove_file(self.ballast()).expect("removes");
    }

    fn ballast(&self) -> impl AsRef<Path> + use<> {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = as_root("umount").arg(self.folder.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("could not unmount {}", self.folder.path().display());
        }
    }
}

/// A command as root, or by a sudo that asks for no password.
fn as_root(program: &str) -> Command {
    let mut command = Command::new("sh");
    let choice = r#"[ "$(id -u)" = 0 ] && exec "$@"; exec sudo -n "$@""#;
    command.args(["-c", choice, "as-root", program]);
    command
}
