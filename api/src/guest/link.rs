//! `GET /{token}`: a guest's pass, from "scan the board" to "goodbye".

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::access_code::Standing;
use domain::attempt;
use domain::secret::LinkToken;
use domain::{Leg, Timestamp};
use store::GuestPass;

use super::cookie::{self, Kept};
use super::page::{Form, Greeting, Page, Refresh, Trouble};
use super::words::{self, Words};
use crate::Api;
use crate::answers::Code;
use crate::caller::From;

/// How long the gate is said to be open; later the guest is simply inside.
const WELCOME: Duration = Duration::from_mins(1);

/// Shows the pass and keeps its link in a cookie, for the board's page.
pub(super) async fn show(
    State(api): State<Api>,
    From(address): From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    let now = api.now();
    let link = super::in_path(path, LinkToken::parse);
    let Some(link) = link else { return Err(api.limits.unknown(address)) };
    let Some(seen) = api.store.redemptions().by_link(&link, now).await? else {
        return Err(unknown(&api, address));
    };
    Ok((cookie::keep(&api, &link), page(&api, &seen, None, now)).into_response())
}
