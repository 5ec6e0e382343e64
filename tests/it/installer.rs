//! An installer at the wall, and a firmware developer with stock tools: I-1 and the contract.

use std::process::Stdio;

use data_encoding::BASE64URL_NOPAD;
use device_sim::Identity;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::house::{Home, House, Label, PATIENCE, is_installed, until};

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

#[tokio::test]
async fn i_2_the_least_time_between_pulses_is_3_to_60_seconds_and_the_owners_to_set() {
    let home = Home::start().await;
    let gate = format!("/v1/devices/{}", home.gate_label.id);
    let path = format!("{gate}/pulse_gap");
    for wrong in [json!(2_999), json!(60_001), json!(-1), json!(3_000.5)] {
        let refused = home.owner.put(&path, &json!({ "pulse_gap_ms": wrong })).await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["pulse_gap_ms"]), "{wrong}");
        let limits = "expected whole milliseconds from 3000 to 60000";
        assert_eq!(refused.body["errors"][0]["message"], limits, "{}", refused.body);
    }
    let gap = json!({ "pulse_gap_ms": 5_000 });
    let stranger = home.house.signs_in("+27839998888").await;
    assert_eq!(stranger.put(&path, &gap).await.refusal(), (404, "not_found"));
    let intercom = format!("/v1/devices/{}/pulse_gap", home.intercom.id);
    assert_eq!(home.owner.put(&intercom, &gap).await.refusal(), (409, "not_a_gate"));
    assert_eq!(home.owner.get(&gate).await.body["pulse_gap_ms"], 3_000, "unless chosen");
    assert_eq!(home.owner.put(&path, &gap).await.ok()["pulse_gap_ms"], 5_000);
    assert_eq!(home.owner.get(&gate).await.body["pulse_gap_ms"], 5_000);
    let told = home.house.told_to(&["device", "pulse-gap", &home.gate_label.id, "2999"]);
    assert!(told.unwrap_err().contains("from 3000 to 60000"));
}

/// Stock MQTT clients with the gate's own certificate say hello and ready, and receive a trigger on
/// the gate's trigger topic.
#[tokio::test]
async fn i_1_a_stock_client_with_a_gates_certificate_receives_its_trigger() {
    if !is_installed("mosquitto_sub", "mosquitto-clients") {
        return;
    }
    let home = Home::start().await;
    let stock = Stock::of(&home.house, &home.gate_label);
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.stop().await;
    let nonce = "000102030405060708090a0b0c0d0e0f";
    let hello = json!({ "v": 1, "nonce": nonce, "firmware": "stock" }).to_string();
    let welcome = ["-t", &stock.topic("hello"), "-e", &stock.topic("welcome"), "-m", &hello];
    let welcome: Value = stock.says("mosquitto_rr", &welcome).await;
    assert_eq!(welcome["nonce"], nonce);
    let epoch = &welcome["epoch"];
    let lines = format!("fluss/v1/ready\n{}\n{nonce}\n{epoch}\n", stock.gate);
    let identity = Identity::load(&house.gate_folder(&gate_label)).unwrap().unwrap();
    let sig = BASE64URL_NOPAD.encode(&identity.sign(lines.as_bytes()).unwrap());
    let ready = json!({ "v": 1, "nonce": nonce, "epoch": epoch, "ledger": [], "sig": sig });
    let ready = ["-t", &stock.topic("ready"), "-q", "1", "-m", &ready.to_string()];
    stock.says::<Option<Value>>("mosquitto_pub", &ready).await;
    let home = Home { owner, gate: house.another_gate().await, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;

    // -d also prints the subscription, which must stand before the gate is asked for; into a pipe
    // it would all be kept back until the end.
    let trigger =
        ["-oL", "mosquitto_sub", "-d", "-t", &stock.topic("trigger"), "-q", "1", "-W", "30"];
    let mut listening = stock.command("stdbuf", &trigger).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().expect("a subscription").starts_with("Subscribed") {}
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    let command = loop {
        let line = lines.next_line().await.unwrap().expect("a command");
        if line.starts_with('{') {
            break serde_json::from_str::<Value>(&line).unwrap();
        }
    };
    listening.kill().await.unwrap();
    assert_eq!((&command["order"], &command["leg"]), (&json!("open"), &json!("entry")));
    assert_eq!(
        (&command["gate"], &command["epoch"]),
        (&json!(home.gate_label.id), &welcome["epoch"])
    );
    // The real gate comes back without it in its ledger: the pass is not used up.
    let home = Home { gate: home.house.mounts(&home.gate_label).await, ..home };
    let refused = home.attempt_is(&attempt, "not_opened").await;
    assert_eq!(refused["why"], "not_in_ledger");
}

/// Mosquitto's command-line clients, in the name of one gate.
struct Stock {
    gate: String,
    arguments: Vec<String>,
}

impl Stock {
    fn of(house: &House, gate: &Label) -> Self {
        let (host, port) = house.mqtt().rsplit_once(':').unwrap();
        let folder = house.gate_folder(gate);
        let file = |name| folder.join(name).display().to_string();
        let (ca, certificate, key) = (file("ca.pem"), file("certificate.pem"), file("key.pem"));
        let arguments = ["-h", host, "-p", port, "-i", &gate.id, "--cafile", &ca];
        let identity = ["--cert", &certificate, "--key", &key];
        let arguments = arguments.into_iter().chain(identity).map(str::to_owned).collect();
        Self { gate: gate.id.clone(), arguments }
    }

    fn topic(&self, word: &str) -> String {
        format!("fluss/v1/gates/{}/{word}", self.gate)
    }

    /// A client that ends with the story; all of its waits are bounded by what it is waited for.
    fn command(&self, tool: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool);
        command.args(arguments).args(&self.arguments).kill_on_drop(true);
        command
    }

    /// Runs a client to its end and reads what it printed.
    async fn says<T: DeserializeOwned>(&self, tool: &str, arguments: &[&str]) -> T {
        let ended = tokio::time::timeout(PATIENCE, self.command(tool, arguments).output()).await;
        let output = ended.expect("the client ends").unwrap();
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool}: {} {wrong}", output.status);
        let printed = if output.stdout.is_empty() { b"null" } else { output.stdout.as_slice() };
        serde_json::from_slice(printed).unwrap()
    }
}
