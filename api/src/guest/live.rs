//! `GET /live`: tells an open page when it has something else to show, by server-sent events.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use domain::CodeId;
use domain::secret::LinkToken;
use serde::Deserialize;

use super::cookie::Kept;
use super::link::known;
use super::page::Trouble;
use super::sight::{self, Sight};
use crate::Api;
use crate::answers::Code;
use crate::body::Query;
use crate::caller::From;
use crate::limits::network;
use crate::marks::{self, Look, Watch};
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
) -> Result<Response, Trouble> {
    let link = kept.ok_or(Code::NotFound)?;
    let seen = known(&api, address, &link, api.now()).await?;
    let pass = seen.pass.code.id;
    if asked.pass != pass.to_string() {
        return Err(Code::NotFound.into());
    }
    let of_pass = api.crowd.pages_of_a_pass.take(pass).ok_or(Code::TooManyRequests)?;
    let from = api.crowd.pages_of_an_address.take(network(address)).ok_or(Code::TooManyRequests)?;
    let page = Page { api: api.clone(), link, pace: PACE, _places: (of_pass, from) };
    Ok(marks::stream(&api, page))
}

/// An open page that listens.
struct Page {
    api: Api,
    link: LinkToken,
    pace: [Duration; 2],
    _places: (Place<CodeId>, Place<IpAddr>),
}

impl Watch for Page {
    const EVENT: &'static str = "mark";

    fn pace(&self) -> [Duration; 2] {
        self.pace
    }

    async fn look(&mut self, _: bool) -> Option<Look> {
        let now = self.api.now();
        let seen = self.api.store.redemptions().by_link(&self.link, now).await.ok()??;
        let sight = Sight::of(&seen, now);
        self.pace = if sight.is_under_way() { PACE_AT_THE_GATE } else { PACE };
        Some(Look::page(sight::mark(&seen, now), sight.is_last()))
    }
}
