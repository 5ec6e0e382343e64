//! Open pages that listen.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::http::StatusCode;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::console::PAGES_OF_A_SESSION;
use crate::guest::tests::world::{Browser, Seen, World, digits};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

async fn listens(owner: &Browser, page: &Seen) -> BodyDataStream {
    let answer = owner.opens(attribute(page, "data-live")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    answer.into_body().into_data_stream()
}

/// The next mark; none at the end of the stream.
async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let chunk = timeout(PATIENCE, stream.next()).await.expect("a mark in time")?;
    let text = String::from_utf8(chunk.unwrap().to_vec()).unwrap();
    let (_, mark) = text.split_once("data: ").unwrap();
    Some(mark.trim().to_owned())
}

fn attribute<'a>(page: &'a Seen, name: &str) -> &'a str {
    let rest = page.body.split(&format!(r#"{name}=""#)).nth(1).unwrap();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn o_6_a_page_hears_the_mark_that_it_has_and_another_one_when_something_changed() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let (issued, mut guest) = (world.issues().await, world.browser());
    for path in [
        format!("/console/intercoms/{}/codes", world.intercom),
        format!("/console/codes/{}", issued.pass.code.id),
    ] {
        let page = owner.get(&path).await.is(StatusCode::OK);
        let mut stream = listens(&owner, &page).await;
        assert_eq!(next(&mut stream).await.unwrap(), attribute(&page, "data-mark"));
        world.later(Duration::from_mins(1));
        let minute = next(&mut stream).await.unwrap();
        assert_eq!(minute, attribute(&owner.get(&path).await, "data-mark"), "less time is left");
    }
    let page = owner.get(&format!("/console/codes/{}", issued.pass.code.id)).await;
    let mut stream = listens(&owner, &page).await;
    next(&mut stream).await.unwrap();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    assert_ne!(next(&mut stream).await.unwrap(), attribute(&page, "data-mark"));
}

#[tokio::test]
async fn o_3_a_page_of_a_displaced_session_hears_nothing_more_after_a_second() {
    let world = World::new().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    one.signs_in(&world).await;
    let page = one.get(&format!("/console/intercoms/{}/codes", world.intercom)).await;
    let mut stream = listens(&one, &page).await;
    next(&mut stream).await.unwrap();
    world.later(Duration::from_mins(2));
    two.signs_in(&world).await;
    let displaced = Instant::now();
    let end = async { while stream.next().await.is_some() {} };
    timeout_at(displaced + Duration::from_secs(1), end).await.expect("ends within a second");
    Browser::leads(&one.get(attribute(&page, "data-live")).await, "/console/sign-in");
}

#[tokio::test]
async fn s_3_a_page_hears_nothing_more_when_the_permission_is_gone() {
    let world = World::new().await;
    world.shares_with("+27825559999", true).await;
    let mut other = world.browser();
    other.signs_in_as("%2B27825559999", &world).await;
    let page = other.get(&format!("/console/intercoms/{}/codes", world.intercom)).await;
    let mut stream = listens(&other, &page).await;
    next(&mut stream).await.unwrap();
    world.shares_with("+27825559999", false).await;
    let end = async { while stream.next().await.is_some() {} };
    timeout(Duration::from_secs(1), end).await.expect("ends within a second");
}

#[tokio::test]
async fn so_many_pages_of_a_session_listen_at_once_and_a_closed_one_makes_room() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let page = owner.get(&format!("/console/intercoms/{}/codes", world.intercom)).await;
    let mut open = Vec::new();
    for _ in 0..PAGES_OF_A_SESSION {
        open.push(listens(&owner, &page).await);
    }
    let answer = owner.opens(attribute(&page, "data-live")).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    open.pop();
    open.push(listens(&owner, &page).await);
}
