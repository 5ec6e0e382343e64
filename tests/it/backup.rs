//! Backup and restore, with a real restart: P-9.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::house::{Home, House};

const OWNER: &str = "+27821234567";

/// Takes a backup beside the running house.
fn backs_up(house: &House) -> PathBuf {
    let file = house.data.with_file_name("fluss.backup");
    house.told_to(&["backup", path(&file)]).expect("a backup");
    file
}

fn path(file: &std::path::Path) -> &str {
    file.to_str().unwrap()
}

/// Stops the house, puts the backup in place, starts it, and the owner signs in anew.
async fn goes_back(home: &mut Home, file: &std::path::Path, options: &[&str]) -> String {
    home.house.stop();
    let told = home.house.told_to(&[&["restore", path(file)], options].concat()).expect("restores");
    home.house.starts().await;
    // Signed out by the restore, or in after the backup, which then knows nothing of the session.
    let answer = home.owner.get("/v1/devices").await;
    let (status, why) = answer.refusal();
    assert!(status == 401 && ["session_ended", "session_missing"].contains(&why), "{why}");
    home.owner = home.house.signs_in(OWNER).await;
    home.gate_is_online(&home.gate_label).await;
    told
}

#[tokio::test]
async fn p_9_a_restore_jumps_epochs_ends_sessions_and_names_the_codes_that_hold_again() {
    let mut home = Home::start().await;
    let (waiting, mut guest) = home.invites("Thandi").await;
    let (inside, mut visitor) = home.lets_in("Sipho").await;
    let file = backs_up(&home.house);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(home.house.told_to(&["backup", path(&file)]).is_err(), "nothing is overwritten");
    home.owner.revokes(&waiting).await.ok();
    let later = home.issues("Lindiwe").await;
    let serving = home.house.told_to(&["restore", path(&file)]).expect_err("it serves");
    assert!(serving.contains("stop it first"), "{serving}");

    let told = goes_back(&mut home, &file, &[]).await;
    assert!(told.contains(&waiting.id) && told.contains(&inside.id), "{told}");
    assert!(!told.contains(&later.id), "{told}");
    let unknown = home.owner.get(&format!("/v1/codes/{}", later.id)).await;
    assert_eq!(unknown.refusal(), (404, "not_found"), "issued after the backup");
    guest.scans(home.board()).await;
    let entry = guest.enters(&waiting.digits).await.attempt();
    let exit = visitor.leaves(&inside.digits).await.attempt();
    for attempt in [&entry, &exit] {
        home.attempt_is(attempt, "opened").await;
    }
    assert_eq!(home.gate.pulses().len(), 3);
    let issued_at: jiff::Timestamp = waiting.body["issued_at"].as_str().unwrap().parse().unwrap();
    let epoch = home.house.explains(&entry)["attempts"][0]["epoch"].as_i64().unwrap();
    assert!(issued_at.as_millisecond() < epoch, "above all epochs since the backup: {epoch}");
}

#[tokio::test]
async fn p_9_codes_can_be_revoked_on_the_way_back_and_the_same_backup_serves_twice() {
    let mut home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    let file = backs_up(&home.house);
    let before = ["--revoke-issued-before", "2020-01-01T00:00:00Z"];
    let told = goes_back(&mut home, &file, &before).await;
    assert!(told.contains(&code.id), "issued later than that: {told}");
    let told = goes_back(&mut home, &file, &["--revoke-all"]).await;
    assert!(told.contains("Revoked: 1 codes.") && !told.contains(&code.id), "{told}");
    guest.scans(home.board()).await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (410, "pass_revoked"));
    home.lets_in("Sipho").await;
}

/// The gate opens after the backup was taken. Its ledger remembers what the database forgot.
#[tokio::test]
async fn p_9_an_opening_under_way_at_the_backup_is_known_by_the_gates_ledger() {
    let mut home = Home::start().await;
    let (code, mut guest, attempt) = home.holds_a_command_for("Thandi").await;
    let file = backs_up(&home.house);
    home.gate.release();
    home.attempt_is(&attempt, "opened").await;
    let told = goes_back(&mut home, &file, &[]).await;
    assert!(told.contains(&attempt), "{told}");
    home.attempt_is(&attempt, "opened").await;
    guest.scans(home.board()).await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "pass_used"));
    assert_eq!(home.gate.pulses().len(), 1);
}

#[tokio::test]
async fn p_9_what_is_no_backup_of_this_house_leaves_all_as_it_was() {
    let mut home = Home::start().await;
    let code = home.issues("Thandi").await;
    let file = backs_up(&home.house);
    let mut damaged = std::fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8192].fill(0xA5);
    let broken = file.with_extension("broken");
    std::fs::write(&broken, damaged).unwrap();
    let text = file.with_extension("txt");
    std::fs::write(&text, "not a database, and long enough to be none".repeat(100)).unwrap();
    let stranger = House::start().await;
    let foreign = backs_up(&stranger);
    home.house.stop();
    for file in [&broken, &text, &foreign, &file.with_extension("missing")] {
        let refused = home.house.told_to(&["restore", path(file)]);
        assert!(refused.is_err(), "{} was taken: {refused:?}", file.display());
    }
    home.house.starts().await;
    let codes = home.owner.codes(&home.intercom).await;
    assert_eq!(codes[0]["id"], json!(code.id), "still signed in, still there");
}

#[test]
fn p_9_postgres_is_left_to_its_own_tools() {
    let house = House::empty();
    for command in ["backup", "restore"] {
        let mut asked = house.command(&["store.url=postgres://nobody@127.0.0.1:1/none"]);
        let refused = asked.args([command, "/tmp/none"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(told.contains("pg_dump"), "{told}");
    }
}

/// Killed after the old file went aside: nobody may serve from an empty database then.
#[tokio::test]
async fn p_9_a_restore_that_was_cut_short_is_run_again() {
    let mut home = Home::start().await;
    let code = home.issues("Thandi").await;
    let file = backs_up(&home.house);
    home.house.stop();
    let database = home.house.data.join("fluss.db");
    std::fs::copy(&file, home.house.data.join("fluss.db.restored")).unwrap();
    std::fs::remove_file(&database).unwrap();
    let refused = home.house.told_to(&["migrate"]).expect_err("half restored");
    assert!(refused.contains("run `flussd restore` again"), "{refused}");
    assert!(!database.exists(), "no empty database was made");
    goes_back(&mut home, &file, &[]).await;
    assert_eq!(home.owner.codes(&home.intercom).await[0]["id"], json!(code.id));
}
