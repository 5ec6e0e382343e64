//! What gates prove themselves by, over their lives: P-11, I-4 and I-6.

use std::fs;
use std::path::Path;
use std::time::Duration;

use device_sim::{Options, Simulation};
use serde_json::{Value, json};

use crate::house::{Home, House, Label, is_installed, until};

/// The house is 61 days old when the story begins: a certificate that was just signed must hold by
/// the clock of this machine too, so it is the beginning that lies elsewhere.
const LONG_AGO: &str = "-61d";

#[tokio::test]
async fn p_11_a_gate_renews_its_certificate_by_itself_and_keeps_opening() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::of_long_ago().await;
    let folder = home.house.gate_folder(&home.gate_label);
    let before = copy_of(&folder);
    home.house.sleeps("+0s").await;
    home.gate.until(|journal| journal.renewals == 1).await.unwrap();
    home.gate_is_online(&home.gate_label).await;
    assert_ne!(
        fs::read(folder.join("key.pem")).unwrap(),
        fs::read(before.path().join("key.pem")).unwrap()
    );
    let (code, mut guest) = home.lets_in("Thandi").await;
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!(home.gate.pulses().len(), 2);

    // The key of before is dead: who kept it neither gets in nor drives the gate out.
    let epoch = home.gate.journal().epoch;
    let who_kept_it = Simulation::start(before.path(), Options::default()).unwrap();
    let refused = who_kept_it.until(|journal| 3 <= journal.losses).await.unwrap();
    assert_eq!(refused.epoch, None);
    assert_eq!(home.gate.journal().epoch, epoch);
    home.lets_in("Sipho").await;
}

#[tokio::test]
async fn p_11_a_next_certificate_that_is_refused_leaves_the_present_one_in_use() {
    let home = Home::start().await;
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.stop().await;
    let folder = house.gate_folder(&gate_label);
    let present = fs::read(folder.join("certificate.pem")).unwrap();
    let next = folder.join("renewal.json");
    fs::write(&next, foreign_renewal(&folder, &gate_label).to_string()).unwrap();
    let gate = house.mounts(&gate_label).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;
    home.lets_in("Thandi").await;
    assert_eq!(fs::read(folder.join("certificate.pem")).unwrap(), present);
    // Had the broker taken it and the answer been lost, the present one would end soon.
    assert!(next.exists(), "it is kept until another takes its place");
}

#[tokio::test]
async fn i_4_a_revoked_gate_is_thrown_out_at_once_and_stays_out() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let revoke = format!("/v1/devices/{}/certificates", home.gate_label.id);
    let other = home.house.signs_in("+27839998888").await;
    assert_eq!(other.delete(&revoke).await.refusal(), (404, "not_found"));
    let before = std::time::Instant::now();
    let revoked = home.owner.delete(&revoke).await.ok();
    assert_eq!((&revoked["online"], &revoked["barred"]), (&json!(false), &json!("revoked")));
    home.gate.until(|journal| journal.epoch.is_none()).await.unwrap();
    // A second, and another for a machine that is busy with other stories.
    let took = before.elapsed();
    assert!(took < Duration::from_secs(2), "thrown out after {took:?}");
    let stays_out = home.gate.until(|journal| 3 <= journal.losses).await.unwrap();
    assert_eq!(stays_out.epoch, None);
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "gate_offline"));
}

#[tokio::test(flavor = "multi_thread")]
async fn i_4_two_holders_of_one_key_are_shut_out_until_the_owner_has_looked() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let own = home.house.gate_folder(&home.gate_label);
    let stolen = own.with_extension("stolen");
    fs::create_dir(&stolen).unwrap();
    for entry in fs::read_dir(&own).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), stolen.join(entry.file_name())).unwrap();
    }
    let thief = Simulation::start(&stolen, Options::default()).unwrap();
    let device = format!("/v1/devices/{}", home.gate_label.id);
    let barred = async || {
        let device = home.owner.get(&device).await.ok();
        (device["barred"] == "quarantined").then_some(())
    };
    assert!(until(barred).await.is_some(), "in quarantine");
    let told = home.house.events_of(&home.gate_label.id).await;
    assert_eq!(told.iter().filter(|kind| *kind == "device.quarantined").count(), 1, "{told:?}");
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "gate_offline"));

    thief.stop().await;
    home.owner.delete(&format!("{device}/quarantine")).await.ok();
    home.gate_is_online(&home.gate_label).await;
    home.lets_in("Sipho").await;
}

#[tokio::test]
async fn i_4_an_operator_revokes_a_gate_and_a_strangers_id_is_told() {
    let home = Home::start().await;
    let revoked = home.house.operates("revoke", &home.gate_label);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    home.gate_is(&home.gate_label, false).await;
    let unknown = Label { id: format!("gate_{}", "0".repeat(26)), ..home.gate_label.clone() };
    let refused = home.house.operates("revoke", &unknown);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("there is no gate gate_0"), "{told}");
    assert!(home.house.operates("release", &home.gate_label).status.success());
    assert!(!home.house.operates("release", &unknown).status.success());
}

#[tokio::test]
async fn i_6_a_spare_takes_the_gates_place_and_the_guest_inside_gets_out() {
    let mut home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    let spare = home.house.makes("gate", &["--name", "Spare"]);
    let replace = format!("/v1/devices/{}/replacement", home.gate_label.id);
    let claim = json!({ "claim_code": spare.claim_code });
    let other = home.house.signs_in("+27839998888").await;
    assert_eq!(other.post(&replace, &claim).await.refusal(), (404, "not_found"));
    let before = std::time::Instant::now();
    let replaced = home.owner.post(&replace, &claim).await.ok();
    home.gate.until(|journal| journal.epoch.is_none()).await.unwrap();
    // A second, and another for a machine that is busy with other stories.
    let took = before.elapsed();
    assert!(took < Duration::from_secs(2), "thrown out after {took:?}");
    assert_eq!(
        (&replaced["id"], &replaced["name"], &replaced["serial"]),
        (&json!(home.gate_label.id), &json!("Main Gate"), &json!(spare.serial))
    );
    assert_eq!(guest.leaves(&code.digits).await.refusal(), (409, "gate_offline"));

    let hardware = home.house.mounts(&spare).await;
    assert_eq!(hardware.gate_id().as_str(), home.gate_label.id);
    let faulty = std::mem::replace(&mut home.gate, hardware);
    home.gate_is_online(&home.gate_label).await;
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!((faulty.pulses().len(), home.gate.pulses().len()), (1, 1));
}

#[tokio::test]
async fn i_6_an_operators_fresh_label_does_the_same() {
    let home = Home::start().await;
    let fresh = home.house.relabels(&home.gate_label);
    assert_eq!(fresh.id, home.gate_label.id);
    assert_ne!(fresh.serial, home.gate_label.serial);
    let hardware = home.house.mounts(&fresh).await;
    let home = Home { gate: hardware, ..home };
    home.gate_is_online(&home.gate_label).await;
    home.lets_in("Thandi").await;
    assert_eq!(home.gate.pulses().len(), 1);
}

impl Home {
    /// A home whose gate was mounted [`LONG_AGO`].
    async fn of_long_ago() -> Self {
        let mut house = House::empty();
        house.run(&mut house.command_at(LONG_AGO, &[])).await;
        let owner = house.signs_in("+27821234567").await;
        let gate_label = house.makes_at(LONG_AGO, "gate", &["--name", "Main Gate"]);
        let intercom = house.makes_at(LONG_AGO, "intercom", &["--name", "Unit 4"]);
        owner.claims(&gate_label).await;
        owner.claims(&intercom).await;
        let gate = house.mounts(&gate_label).await;
        owner.saves(&intercom, &json!({ "entry_gate": gate_label.id })).await;
        Self { owner, gate, gate_label, intercom, house }
    }
}

fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// What a renewal would leave behind, had it been signed by an authority that nobody believes.
fn foreign_renewal(folder: &Path, gate: &Label) -> Value {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let enrolment: Value = serde_json::from_str(&text("enrolment.json")).unwrap();
    let renew_from = enrolment["renew_from_ms"].as_i64().unwrap();
    let day = 24 * 60 * 60 * 1000;
    let stranger = authority::Authority::create("stranger", renew_from - 61 * day).unwrap();
    let issued = stranger.client(&gate.id, renew_from - 61 * day, renew_from).unwrap();
    json!({
        "key": issued.key_pem, "certificate": issued.certificate_pem, "ca": text("ca.pem"),
        "enrolment": enrolment,
    })
}
