//! Who follows what happens, over crashes of the service and of their own; and who changes
//! the story afterwards.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::chance::from_env;
use crate::home::Home;
use crate::house::{House, until};
use crate::stand_in::StandIn;

const OWNER: &str = "+27821234567";

/// A system that keeps what it was told, and how far it has come. It writes the two down one
/// after the other: when it dies in between, it hears the same once more.
#[derive(Default)]
struct Consumer {
    kept: BTreeMap<String, Value>,
    cursor: Option<String>,
    repeated: usize,
}

impl Consumer {
    /// Reads all there is. Of the first page that has something new it keeps the events, and dies
    /// before it has written down how far it has come.
    async fn reads(&mut self, home: &Home) {
        let mut has_died = false;
        loop {
            let after = self.cursor.as_ref().map(|id| format!("&after={id}")).unwrap_or_default();
            let page = home.owner.get(&format!("/v1/events?limit=4{after}")).await.ok();
            let events = page["items"].as_array().unwrap();
            for event in events {
                let id = event["id"].as_str().unwrap().to_owned();
                if let Some(before) = self.kept.insert(id, event.clone()) {
                    assert_eq!(&before, event, "the same id, the same event");
                    self.repeated += 1;
                }
            }
            let Some(last) = events.last() else { return };
            if has_died {
                self.cursor = last["id"].as_str().map(str::to_owned);
            }
            has_died = true;
        }
    }
}

/// The long run: `KILLS=100 cargo test --test it a_consumer -- --nocapture`.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_dies_beside_a_service_that_dies_misses_nothing() {
    let mut home = Home::start().await;
    let mut consumer = Consumer::default();
    for _ in 0..from_env("KILLS", 4) {
        let (code, mut guest) = home.lets_in("Thandi").await;
        consumer.reads(&home).await;
        let exit = guest.leaves(&code.digits).await.attempt();
        home.house.dies_and_starts(&[]).await;
        home.attempt_ends(&exit).await;
        home.gate_is_online(&home.gate_label).await;
    }
    let filed = until(async || all_filed(&home.house).await);
    let all = filed.await.expect("all is filed");
    consumer.reads(&home).await;
    let kept: BTreeSet<_> = consumer.kept.keys().cloned().collect();
    assert_eq!(all.difference(&kept).collect::<Vec<_>>(), [""; 0], "nothing is missing");
    assert_ne!(consumer.repeated, 0, "it did die in between");
    println!("{} events, {} of them heard again", consumer.kept.len(), consumer.repeated);
}

/// The receiver breaks off now and then, and the service dies: in the end it has all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_webhooks_is_told_everything_over_crashes_of_the_service() {
    let receiver = StandIn::replying(&[(200, ""), (503, ""), (200, ""), (500, ""), (200, "")]);
    let settings = ["api.webhooks_to_private_addresses=true"];
    let mut home = Home::furnish(House::start_with(&settings).await).await;
    home.owner.steps_up(&home.house, OWNER).await;
    let made = home.owner.post("/v1/webhooks", &json!({ "url": receiver.url() })).await.ok();
    let before = until(async || all_filed(&home.house).await).await.expect("all is filed");
    for _ in 0..from_env("KILLS", 3) {
        let (code, mut guest) = home.lets_in("Thandi").await;
        let exit = guest.leaves(&code.digits).await.attempt();
        home.house.dies_and_starts(&settings).await;
        home.attempt_ends(&exit).await;
        home.gate_is_online(&home.gate_label).await;
    }
    let told = async || {
        let all = all_filed(&home.house).await?;
        let heard = receiver.heard();
        let taken = heard.iter().filter(|told| told.replied == 200);
        let heard: BTreeSet<_> = taken.map(|told| told.header("webhook-id")).collect();
        all.difference(&before).all(|id| heard.contains(id.as_str())).then_some(heard.len())
    };
    // What the service had claimed when it died waits for twenty seconds.
    let mut heard = None;
    for _ in 0..4 {
        heard = heard.or(until(&told).await);
    }
    let told = heard.expect("it is told everything");
    let id = made["id"].as_str().unwrap();
    println!("{told} events told by {} messages to {id}", receiver.heard().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn p_12_what_was_changed_in_the_books_is_named_and_the_rest_can_be_shown_to_others() {
    let mut home = Home::start().await;
    home.lets_in("Thandi").await;
    home.house.stop();
    home.house.starts().await;
    let intercom = home.intercom.id.clone();
    let filed = until(async || {
        let export = home.house.told_to(&["audit", "export", &intercom]).ok()?;
        export.contains("attempt.opened").then_some(export)
    });
    let export = filed.await.expect("it is filed");
    let lines: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(links_of(&lines), lines.iter().filter(|line| line["entry"].is_i64()).count());
    let told = home.house.told_to(&["audit", "verify"]).unwrap();
    assert!(told.contains(&format!("{intercom}: ")) && !told.contains("nothing"), "{told}");

    let opened = lines.iter().find(|line| line["type"] == "attempt.opened").unwrap();
    let (number, id) = (&opened["entry"], opened["id"].as_str().unwrap());
    let url = format!("sqlite:{}", home.house.data.join("fluss.db").display());
    let mut books = SqliteConnection::connect(&url).await.unwrap();
    let change = sqlx::query("UPDATE events SET kind = 'attempt.refused' WHERE id = $1");
    change.bind(id).execute(&mut books).await.unwrap();
    let told = home.house.told_to(&["audit", "verify", &intercom]).unwrap_err();
    assert!(told.contains("cannot be believed"), "{told}");
    let told = home.house.printed_by(&["audit", "verify", &intercom]);
    assert!(told.contains(&format!("entry {number} ({id}) was changed")), "{told}");
    let drop = sqlx::query("DELETE FROM events WHERE id = $1").bind(id);
    drop.execute(&mut books).await.unwrap();
    let told = home.house.printed_by(&["audit", "verify", &intercom]);
    assert!(told.contains(&format!("entry {number} is missing")), "{told}");
}

/// Checks the links of an exported chain by the rule of docs/events.md alone, and tells how many.
fn links_of(lines: &[Value]) -> usize {
    let (mut link, mut count) = ([0_u8; 32].to_vec(), 0);
    for entry in lines.iter().filter(|line| line["entry"].is_i64()) {
        let commitment = entry["commitment"].as_str();
        let version = if commitment.is_some() { 2 } else { 1 };
        let mut text = format!("fluss/v{version}/audit").into_bytes();
        text.extend(&link);
        let at: jiff::Timestamp = entry["at"].as_str().unwrap().parse().unwrap();
        let numbers = [entry["position"].to_string(), at.as_millisecond().to_string()];
        let word = |name: &str| entry[name].as_str().map(str::to_owned);
        let [position, at] = numbers.map(Some);
        for field in [
            position,
            word("id"),
            at,
            word("type"),
            word("actor"),
            word("user"),
            word("device"),
            word("intercom"),
            word("code"),
            word("attempt"),
            word("exception"),
        ] {
            let length = field.as_ref().map_or(u64::MAX, |field| field.len() as u64);
            text.extend(length.to_be_bytes());
            text.extend(field.unwrap_or_default().as_bytes());
        }
        if let Some(commitment) = commitment {
            text.extend(32_u64.to_be_bytes());
            text.extend(data_encoding::HEXLOWER.decode(commitment.as_bytes()).unwrap());
        }
        link = digest(&SHA256, &text).as_ref().to_vec();
        assert_eq!(entry["link"], data_encoding::HEXLOWER.encode(&link), "{entry}");
        count += 1;
    }
    count
}

/// The ids of all events, once each of them is filed.
async fn all_filed(house: &House) -> Option<BTreeSet<String>> {
    let url = format!("sqlite:{}", house.data.join("fluss.db").display());
    let mut books = SqliteConnection::connect(&url).await.unwrap();
    let all = sqlx::query_as("SELECT id, position FROM events").fetch_all(&mut books).await;
    let all: Vec<(String, Option<i64>)> = all.unwrap();
    all.into_iter().map(|(id, position)| position.map(|_| id)).collect()
}

impl Home {
    /// Waits until the gate has told what became of an attempt, by its report or its ledger.
    async fn attempt_ends(&self, id: &str) {
        let path = format!("/v1/attempts/{id}");
        let ended = until(async || {
            let state = self.owner.get(&path).await.ok()["state"].clone();
            (state == "opened" || state == "not_opened").then_some(())
        });
        ended.await.expect("the gate tells it");
    }
}

impl House {
    /// What flussd prints when it is asked something, however it ends.
    fn printed_by(&self, arguments: &[&str]) -> String {
        let told = self.asked(arguments);
        String::from_utf8(told.stdout).unwrap()
    }
}
