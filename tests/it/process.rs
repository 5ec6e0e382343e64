//! flussd as a process: P-1, starting, stopping, and saying clearly what is wrong.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::house::{Home, House};

/// P-1, with nothing configured but the ports.
#[tokio::test]
async fn p_1_the_first_start_makes_everything_and_the_second_finds_it() {
    let mut house = House::start().await;
    let told = house.printed();
    assert!(told.contains("http://127.0.0.1:") && told.contains("mqtts://127.0.0.1:"), "{told}");
    assert!(house.data.join("fluss.db").is_file());
    let keys: Vec<_> = walk(&house.data.join("keys"));
    assert!(!keys.is_empty());
    for (path, bytes) in &keys {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others", path.display());
        assert!(!bytes.is_empty());
    }
    house.dies_and_starts(&[]).await;
    assert_eq!(walk(&house.data.join("keys")), keys, "a second start finds everything as it was");
}

#[tokio::test]
async fn p_1_the_openapi_document_is_served_and_names_every_endpoint() {
    let house = House::start().await;
    let url = format!("{}/openapi.json", house.http());
    let document: serde_json::Value =
        house.client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    for path in
        ["/v1/logins", "/v1/me", "/v1/devices", "/v1/codes/{id}", "/v1/attempts/{id}/events"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
}

/// P-15, on a small machine: a thousand files for everything.
#[tokio::test(flavor = "multi_thread")]
async fn p_15_few_files_are_shared_so_that_a_flood_stops_neither_gates_nor_guests() {
    rlimit::increase_nofile_limit(10_000).unwrap();
    let mut house = House::empty();
    // Whoever floods and whoever does not share one address here.
    let flussd = house.command(&["broker.max_newcomers_per_address=5000"]);
    let mut small = Command::new("sh");
    small.args(["-c", r#"ulimit -n 1024 && exec "$0" "$@""#]);
    small.arg(flussd.get_program()).args(flussd.get_args());
    house.run(&mut small).await;
    let told = house.printed();
    assert!(told.contains("broker.max_connections = 10000 becomes 576"), "{told}");
    let home = Home::furnish(house).await;
    let mut flood = Vec::new();
    for _ in 0..1_500 {
        flood.push(tokio::net::TcpStream::connect(home.house.mqtt()).await.unwrap());
    }
    home.lets_in("Thandi").await;
    home.house.another_gate().await.ready().await.unwrap();
    drop(flood);
}

#[test]
fn p_1_what_is_wrong_is_told_in_one_line() {
    let house = House::empty();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let listen = format!("http.listen={taken}");
    let broker = format!("broker.listen={taken}");
    for (settings, code, named) in [
        (vec!["http.listen=nowhere"], 64, "http.listen"),
        (vec!["http.colour=red"], 64, "colour"),
        (vec!["http.listen=0.0.0.0:8080"], 64, "http.listen"),
        (vec!["api.blocked_prefixes=[\"JM\"]"], 64, "blocked_prefixes"),
        (vec!["http.trusted_proxies=[\"127.0.0.1\"]"], 64, "http.trusted_proxies"),
        (vec!["http.public_url=https://fluss.example"], 64, "http.public_url"),
        (vec!["courier.whatsapp.phone_number_id=1"], 64, "courier.whatsapp.phone_number_id"),
        (vec!["courier.whatsapp.phone_number_id='1'"], 64, "courier.whatsapp.token_file"),
        (vec![listen.as_str()], 1, &taken),
        (vec![broker.as_str()], 1, &taken),
    ] {
        let (status, told) = fails(&house.command(&settings));
        assert_eq!(status, code, "{settings:?}: {told}");
        assert!(told.contains(named) && told.lines().count() == 1, "{settings:?}: {told}");
    }
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_flussd"));
    nowhere.args(["--data", "/proc/flussd"]);
    let (status, told) = fails(&nowhere);
    assert_eq!((status, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("/proc/flussd"), "{told}");
}

#[tokio::test]
async fn p_1_it_stops_cleanly_on_ctrl_c_while_a_gate_is_connected() {
    let mut home = Home::start().await;
    let asked = Instant::now();
    home.house.interrupt();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10), "stopped after {took:?}");
}

/// P-1: the whole story, as CI and a newcomer run it.
#[test]
fn p_1_the_demo_plays_to_its_end() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_flussd"));
    let demo = demo.args(["demo", "--exit"]).output().unwrap();
    let told = String::from_utf8_lossy(&demo.stdout);
    let wrong = String::from_utf8_lossy(&demo.stderr);
    assert!(demo.status.success(), "{told}\n{wrong}");
    for step in ["signed in", "settings saved", "code issued", "in", "out", "revoked", "quick"] {
        // A step stands behind its time, alone in its column.
        let is_told = told.lines().any(|line| {
            let told = line.split_once(" s  ").map(|(_, told)| told);
            told.is_some_and(|told| told.starts_with(&format!("{step}  ")) || told == step)
        });
        assert!(is_told, "{step:?} is missing in:\n{told}");
    }
}

/// What nobody may find in what a house prints: names, numbers, digits, links, tokens.
#[tokio::test]
async fn nothing_secret_is_logged_even_at_trace() {
    let home = Home::furnish(House::start_with(&["log=trace"]).await).await;
    let (code, mut guest) = home.lets_in("Canary-Thandi").await;
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    let link = code.link.rsplit('/').next().unwrap().to_owned();
    let mobile = code.body["guest_mobile"].as_str().unwrap().to_owned();
    let reference = code.reference.clone();
    let secret = home.gate_label.enrolment_secret.clone().unwrap();
    let claim_code = home.gate_label.claim_code.clone();
    let board = home.board().rsplit('/').next().unwrap().to_owned();
    let told = home.house.printed();
    for (what, secret) in [
        ("guest name", "Canary-Thandi".to_owned()),
        ("link", link),
        ("mobile", mobile),
        ("reference", reference),
        ("owner's number", "27821234567".to_owned()),
        ("session token", home.owner.token.clone()),
        ("enrolment secret", secret),
        ("claim code", claim_code),
        ("board", board),
    ] {
        let leak = told.lines().find(|said| said.contains(&secret));
        assert_eq!(leak, None, "{what} is in the log");
    }
}

impl House {
    /// Presses Ctrl-C and waits for a clean end.
    fn interrupt(&mut self) {
        self.stops_on("INT");
    }
}

/// Runs what must fail; if it serves instead, it is ended, and its exit code tells.
fn fails(command: &Command) -> (i32, String) {
    let mut bounded = Command::new("timeout");
    let output = bounded.arg("20").arg(command.get_program()).args(command.get_args()).output();
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    (output.status.code().unwrap(), told)
}

fn walk(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}
