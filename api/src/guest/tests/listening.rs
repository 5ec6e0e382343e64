//! Open pages hear of what happens.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::http::StatusCode;
use domain::attempt::Evidence;
use futures_util::StreamExt;
use store::Issued;
use tokio::time::timeout;

use super::world::{Browser, Seen, World, digits, link};
use crate::guest::live::PAGES_OF_A_PASS;

/// Longer than anything takes here.
const DEADLINE: Duration = Duration::from_secs(10);

/// An open stream of marks.
struct Marks(BodyDataStream);

impl Marks {
    /// The next mark; nothing when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        let heard = async {
            loop {
                let event = self.0.next().await?.unwrap();
                let event = String::from_utf8(event.to_vec()).unwrap();
                let mark = event.lines().find_map(|line| line.strip_prefix("data: "));
                if let Some(mark) = mark {
                    return Some(mark.to_owned());
                }
            }
        };
        timeout(DEADLINE, heard).await.expect("something to hear")
    }
}

impl Browser {
    /// Listens as the page of this pass does.
    async fn listens(&mut self, issued: &Issued) -> Result<Marks, StatusCode> {
        let answer = self.opens(&live(issued)).await;
        let status = answer.status();
        let marks = Marks(answer.into_body().into_data_stream());
        if status == StatusCode::OK { Ok(marks) } else { Err(status) }
    }
}

impl Seen {
    /// The mark that stands in the page.
    fn mark(&self) -> Option<String> {
        let (_, rest) = self.body.split_once(r#"data-mark=""#)?;
        rest.split('"').next().map(str::to_owned)
    }
}

fn live(issued: &Issued) -> String {
    format!("/live?pass={}", issued.pass.code.id)
}

#[tokio::test]
async fn g_9_an_open_page_hears_that_the_host_has_cancelled_the_pass() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let page = guest.get(&link(&issued)).await.says(&live(&issued));
    let mut marks = guest.listens(&issued).await.unwrap();
    assert_eq!(marks.next().await, page.mark(), "the page shows what is so");
    world.revokes(&issued).await;
    assert_ne!(marks.next().await, page.mark(), "there is something else to show");
    assert_eq!(marks.next().await, None, "nothing else will ever be seen");
    let page = guest.get(&link(&issued)).await.says("Cancelled by your host");
    assert_eq!(page.mark(), None, "so the page does not listen any more");
}

#[tokio::test]
async fn g_1_an_open_page_hears_the_gates_answer() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let mut marks = guest.listens(&issued).await.unwrap();
    let board = guest.get(&world.board).await;
    assert_eq!(marks.next().await, board.mark(), "the board's page listens too");
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    let opening = guest.get(&link(&issued)).await.says("Opening…");
    assert_eq!(marks.next().await, opening.mark());
    world.gate_reports(&issued, Evidence::Executed).await;
    let inside = guest.get(&link(&issued)).await.says("Gate is open. Welcome.");
    assert_eq!(marks.next().await, inside.mark());
    world.gate_is_gone().await;
    world.later(Duration::from_mins(1));
    world.renames_intercom("Rings the bell").await;
    let away = guest.get(&link(&issued)).await.says("not reachable right now");
    assert_eq!(marks.next().await, away.mark());
}

/// After a wrong code the page says how many tries are left; nothing must sweep that away.
#[tokio::test]
async fn g_7_the_answer_to_a_press_stays_until_something_happens() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let page = form.send(&mut guest, super::wrong_digits(&issued)).await.says("4 tries left");
    let mut marks = guest.listens(&issued).await.unwrap();
    assert_eq!(marks.next().await, page.mark());
}

#[tokio::test]
async fn only_who_has_the_link_hears_of_its_pass() {
    let world = World::new().await;
    let (issued, other) = (world.issues().await, world.issues().await);
    let refused = Err(StatusCode::NOT_FOUND);
    let heard = |marks: Result<Marks, StatusCode>| marks.map(drop);
    assert_eq!(heard(world.browser().listens(&issued).await), refused);
    let mut guest = world.browser();
    guest.get(&link(&other)).await;
    assert_eq!(heard(guest.listens(&issued).await), refused);
    assert_eq!(heard(guest.listens(&other).await), Ok(()));
}

#[tokio::test]
async fn so_many_pages_of_a_pass_listen_and_who_leaves_makes_room() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await;
    let mut pages = Vec::new();
    for _ in 0..PAGES_OF_A_PASS {
        pages.push(guest.listens(&issued).await.unwrap());
    }
    let too_many = guest.listens(&issued).await.map(drop);
    assert_eq!(too_many, Err(StatusCode::TOO_MANY_REQUESTS));
    drop(pages.pop());
    assert!(guest.listens(&issued).await.is_ok());
}

#[tokio::test]
async fn open_pages_let_go_within_a_second_when_the_service_stops() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await;
    let mut marks = guest.listens(&issued).await.unwrap();
    assert!(marks.next().await.is_some());
    world.stop.cancel();
    let end = timeout(Duration::from_secs(1), marks.next()).await;
    assert_eq!(end.expect("an end within a second"), None);
}
