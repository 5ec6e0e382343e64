//! `GET /live`: tells an open page when it has something else to show, by server-sent events.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::CodeId;
use domain::secret::LinkToken;
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};

use super::cookie::Kept;
use super::link::known;
use super::page::Trouble;
use super::sight::{self, Sight};
use crate::Api;
use crate::answers::Code;
use crate::body::Query;
use crate::caller::From;
use crate::limits::network;
use crate::places::Place;

/// Pages of one pass that may listen at once: two phones with a few tabs.
pub(super) const PAGES_OF_A_PASS: usize = 4;

/// Pages that may listen at once from one address, which a mobile network may share among many.
pub(super) const PAGES_OF_AN_ADDRESS: usize = 20;

/// Pages that may listen at once.
pub(super) const PAGES: usize = 1000;

/// How often a pass is read: not sooner after the last time than the first, not later than the
/// second. The bell is the hurry, reading is the truth.
const PACE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(5)];

/// The same while somebody waits for a gate.
const PACE_AT_THE_GATE: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(500)];

/// The pass whose page listens; one phone may have opened two, and its cookie is the latest one's.
#[derive(Deserialize)]
pub(super) struct Asked {
    pass: String,
}

/// Streams the mark of what there is to see whenever it changes, and ends with the last one. Whoever
/// finds no place looks again by themselves.
pub(super) async fn listen(
    State(api): State<Api>,
    From(address): From,
    Kept(kept): Kept,
    Query(asked): Query<Asked>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Trouble> {
    let link = kept.ok_or(Code::NotFound)?;
    let seen = known(&api, address, &link, api.now()).await?;
    let pass = seen.pass.code.id;
    if asked.pass != pass.to_string() {
        return Err(Code::NotFound.into());
    }
    let of_pass = api.crowd.pages_of_a_pass.take(pass).ok_or(Code::TooManyRequests)?;
    let from = api.crowd.pages_of_an_address.take(network(address)).ok_or(Code::TooManyRequests)?;
    let (bell, places) = (api.store.bell(), (of_pass, from));
    let page = Listening { api, link, bell, told: None, is_over: false, _places: places };
    let marks = stream::unfold(page, |mut page| async {
        let mark = page.next().await?;
        Some((Ok(Event::default().event("mark").data(mark)), page))
    });
    Ok(Sse::new(marks).keep_alive(KeepAlive::default()))
}

/// A page that listens.
struct Listening {
    api: Api,
    link: LinkToken,
    bell: Receiver<()>,
    told: Option<String>,
    is_over: bool,
    _places: (Place<CodeId>, Place<IpAddr>),
}

impl Listening {
    /// The next mark that was not told yet; none when there will be no other.
    async fn next(&mut self) -> Option<String> {
        while !self.is_over {
            self.bell.mark_unchanged();
            let now = self.api.now();
            let seen = self.api.store.redemptions().by_link(&self.link, now).await.ok()??;
            let (sight, mark) = (Sight::of(&seen, now), sight::mark(&seen, now));
            self.is_over = sight.is_last();
            if self.told.as_ref() != Some(&mark) {
                self.told = Some(mark.clone());
                return Some(mark);
            }
            let pace = if sight.is_under_way() { PACE_AT_THE_GATE } else { PACE };
            let stop = self.api.stop.clone();
            stop.run_until_cancelled(pause(&mut self.bell, pace)).await?;
        }
        None
    }
}

/// Waits until something was written.
async fn pause(bell: &mut Receiver<()>, [least, most]: [Duration; 2]) {
    sleep(least).await;
    // Whether it rang or was waited for long enough: what counts is read then.
    let _ = timeout(most.saturating_sub(least), bell.changed()).await;
}
