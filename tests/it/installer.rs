//! An installer at the wall, and a firmware developer with stock tools: I-1 and the contract.

use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::house::{Home, House, is_installed, until};

#[tokio::test]
async fn i_1_a_gate_makes_its_own_key_and_gets_in_by_its_label() {
    let house = House::start().await;
    let owner = house.signs_in("+27821234567").await;
    let label = house.makes("gate", &["--name", "Main Gate"]);
    let gate = house.mounts(&label).await;
    let claimed = owner.claims(&label).await;
    assert_eq!((&claimed["kind"], &claimed["name"]), (&json!("gate"), &json!("Main Gate")));
    let path = format!("/v1/devices/{}", label.id);
    let online =
        until(async || (owner.get(&path).await.body["online"] == json!(true)).then_some(()));
    online.await.expect("the gate is seen");
    gate.stop().await;
    let offline =
        until(async || (owner.get(&path).await.body["online"] == json!(false)).then_some(()));
    offline.await.expect("the gate is seen to go");
    let renamed = json!({ "name": "North Gate" });
    let url = format!("{}{path}", house.http());
    let request = house.client.patch(url).bearer_auth(&owner.token).json(&renamed);
    assert_eq!(crate::house::Answer::of(request.send().await).await.ok()["name"], "North Gate");
}

#[tokio::test]
async fn i_1a_a_label_enrols_and_is_claimed_once() {
    let house = House::start().await;
    let label = house.makes("gate", &["--name", "Main Gate"]);
    let gate = house.mounts(&label).await;
    let enrol = json!({
        "serial": label.serial, "secret": label.enrolment_secret, "csr": "not looked at",
    });
    let again = house.post("/v1/enrolments", &enrol).await;
    assert_eq!(again.refusal(), (409, "already_enrolled"));
    let stranger = json!({
        "serial": label.serial, "secret": "00000-00000-00000-00000-00000", "csr": "",
    });
    assert_eq!(house.post("/v1/enrolments", &stranger).await.refusal(), (404, "not_found"));
    let owner = house.signs_in("+27821234567").await;
    owner.claims(&label).await;
    let other = house.signs_in("+27839998888").await;
    let claim = json!({ "claim_code": label.claim_code });
    let refused = other.post("/v1/devices/claim", &claim).await;
    assert_eq!(refused.refusal(), (409, "already_claimed"));
    drop(gate);
}

#[test]
fn i_1_a_label_is_printed_for_people_with_the_boards_code() {
    let house = House::empty();
    let mut command = house.command(&[]);
    let svg = house.data.with_extension("svg");
    let made = command.args(["device", "make", "intercom", "--name", "Unit 4", "--svg"]).arg(&svg);
    let made = made.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let printed = String::from_utf8(made.stdout).unwrap();
    assert!(printed.contains("claim code") && printed.contains("/b/"), "{printed}");
    assert!(printed.contains('█'), "the QR in the terminal:\n{printed}");
    assert!(std::fs::read_to_string(svg).unwrap().starts_with("<svg"));
}

/// A stock MQTT client with the gate's own certificate hears the gate's trigger topic, and only
/// that. It speaks no hello, so the gate is said to be ready through the storage's own door.
#[tokio::test]
async fn p_3_a_stock_client_with_a_gates_certificate_receives_its_trigger() {
    if !is_installed("mosquitto_sub", "mosquitto-clients") {
        return;
    }
    let home = Home::start().await;
    let folder = home.house.gate_folder(&home.gate_label);
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.stop().await;
    let path = format!("/v1/devices/{}", gate_label.id);
    let gone =
        until(async || (owner.get(&path).await.body["online"] == json!(false)).then_some(()));
    gone.await.expect("the gate is seen to go");
    let (host, port) = house.mqtt().rsplit_once(':').unwrap();
    let topic = format!("fluss/v1/gates/{}/trigger", gate_label.id);
    // Into a pipe it would keep its words to itself until the end.
    let subscriber = Command::new("stdbuf")
        .args([
            "-oL",
            "mosquitto_sub",
            "-h",
            host,
            "-p",
            port,
            "-i",
            &gate_label.id,
            "-t",
            &topic,
            "-q",
            "1",
        ])
        .args(["-C", "1", "-W", "25", "-d"])
        .arg("--cafile")
        .arg(folder.join("ca.pem"))
        .arg("--cert")
        .arg(folder.join("certificate.pem"))
        .arg("--key")
        .arg(folder.join("key.pem"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut subscriber = subscriber.expect("mosquitto_sub is installed (apt: mosquitto-clients)");
    let mut heard = subscriber.stdout.take().unwrap();
    // -d prints "Subscribed" before anything else is heard.
    let (mut said, mut heard) = tokio::task::spawn_blocking(move || {
        let (mut said, mut bytes) = (String::new(), [0; 256]);
        while !said.contains("Subscribed") {
            let count = heard.read(&mut bytes).unwrap();
            assert!(count != 0, "mosquitto_sub ended: {said}");
            said.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        (said, heard)
    })
    .await
    .unwrap();
    house.says_ready_for(&gate_label).await;
    let home = Home { owner, gate: house.another_gate().await, gate_label, intercom, house };
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    let (said, ended) = tokio::task::spawn_blocking(move || {
        heard.read_to_string(&mut said).unwrap();
        (said, subscriber.wait().unwrap())
    })
    .await
    .unwrap();
    assert!(ended.success(), "{said}");
    assert!(said.contains("\"order\":\"open\"") && said.contains("\"sig\""), "{said}");
    // The real gate comes back without it in its ledger: the pass is not used up.
    let home = Home { gate: home.house.mounts(&home.gate_label).await, ..home };
    let refused = home.attempt_is(&attempt, "not_opened").await;
    assert_eq!(refused["why"], "not_in_ledger");
}
