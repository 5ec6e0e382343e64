//! A reader of the feed, page by page and by stream: what it is told, and where it goes on.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use crate::guest::tests::world::World;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let world = World::new().await;
    let issued = world.issues().await;
    world.lets_in(&issued).await;
    world.files_all().await;
    let whole = world.reads("/v1/events?limit=500").await;
    let (mut read, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.reads(&format!("/v1/events?limit=3{after}")).await;
        let items = page["items"].as_array().unwrap().clone();
        if let Some(last) = items.last() {
            after = format!("&after={}", last["id"].as_str().unwrap());
        }
        read.extend(items);
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(Value::Array(read), whole["items"]);
    let opened =
        whole["items"].as_array().unwrap().iter().find(|event| event["type"] == "attempt.opened");
    let opened = opened.unwrap();
    assert_eq!(opened["intercom"], world.intercom.to_string());
    assert_eq!(opened["device"], world.gate.to_string());
    assert_eq!(opened["code"], issued.pass.code.id.to_string());
}

#[tokio::test]
async fn a_feed_tells_ids_and_no_names() {
    let world = World::new().await;
    let issued = world.issues_to("Canary Marigold").await;
    world.files_all().await;
    let seen = world.owner_asks(Method::GET, "/v1/events", "").await.is(StatusCode::OK);
    let seen = seen.says("pass.issued").does_not_say("Marigold");
    let mobile = issued.pass.guest.mobile.reveal();
    seen.does_not_say(mobile).does_not_say(&issued.pass.link.reveal());
}

#[tokio::test]
async fn a_wrong_place_or_length_is_told_by_its_name() {
    let world = World::new().await;
    let unknown = "event_00000000000000000000000000";
    for (path, field) in [
        ("/v1/events?after=yesterday".to_owned(), "after"),
        (format!("/v1/events?after={unknown}"), "after"),
        ("/v1/events?limit=0".to_owned(), "limit"),
        ("/v1/events?limit=501".to_owned(), "limit"),
        (format!("/v1/events/stream?after={unknown}"), "after"),
    ] {
        let seen = world.owner_asks(Method::GET, &path, "").await;
        let seen = seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
        seen.says(&format!(r#""field":"{field}""#));
    }
}

/// What a reader heard before its line broke, and what it hears behind that, is everything.
#[tokio::test]
async fn o_6_a_stream_goes_on_behind_the_last_event_that_its_reader_has() {
    let world = World::new().await;
    world.files_all().await;
    let path = "/v1/events/stream";
    let answer = world.owner_listens(path, None).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let (mut stream, mut heard) = (answer.into_body().into_data_stream(), Vec::new());
    let issued = world.issues().await;
    world.files_all().await;
    while heard.last().is_none_or(|(_, kind)| kind != "pass.issued") {
        let chunk = timeout(PATIENCE, stream.next()).await.expect("in time").unwrap().unwrap();
        heard.extend(events_in(&chunk));
    }
    drop(stream);
    world.revokes(&issued).await;
    world.files_all().await;
    let last = heard.last().unwrap().0.clone();
    let mut stream = world.owner_listens(path, Some(&last)).await.into_body().into_data_stream();
    let chunk = timeout(PATIENCE, stream.next()).await.expect("in time").unwrap().unwrap();
    heard.extend(events_in(&chunk));
    assert_eq!(heard.last().unwrap().1, "pass.revoked");
    let whole = world.reads("/v1/events?limit=500").await;
    let whole = whole["items"].as_array().unwrap().iter();
    let whole: Vec<_> = whole.map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    let heard: Vec<_> = heard.into_iter().map(|(id, _)| id).collect();
    assert_eq!(heard, whole);
}

/// Ids and kinds of the events in a piece of a stream.
fn events_in(chunk: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(chunk.to_vec()).unwrap();
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let event = |block: &str| Some((field(block, "id:")?, field(block, "event:")?));
    text.split("\n\n").filter_map(event).collect()
}

impl World {
    pub(crate) async fn files_all(&self) {
        while self.store.events().file(self.now()).await.unwrap() != 0 {}
    }

    async fn reads(&self, path: &str) -> Value {
        let seen = self.owner_asks(Method::GET, path, "").await.is(StatusCode::OK);
        serde_json::from_str(&seen.body).unwrap()
    }
}
