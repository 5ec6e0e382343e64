//! Open pages of the console hear their marks for as long as their session may look.

use std::time::Duration;

use axum::response::Response;
use domain::{SessionId, UserId};

use crate::Api;
use crate::answers::{Code, Problem};
use crate::caller::Caller;
use crate::marks::{self, Look, Mark, Watch};
use crate::places::Place;

/// Pages of one session that may listen at once.
pub(crate) const PAGES_OF_A_SESSION: usize = 4;

/// Pages that may listen at once.
pub(crate) const PAGES: usize = 500;

/// How often it is checked whether the bell has rung: no page is looked at more often, however much
/// is written meanwhile.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// After so many checks a page is looked at though the bell was silent: time passes, and whoever
/// wrote something may be another process.
const QUIET_CHECKS: u8 = 4;

/// What a page listens to, and what it shows now.
pub(super) struct Live {
    pub(super) from: String,
    pub(super) mark: Mark,
    /// Whether a gate is about to answer: then the page is loaded again without scripts, too.
    pub(super) is_under_way: bool,
}

/// Streams the mark whenever it changes, as `look` finds it; ends with the session, and with the
/// permission to look.
pub(super) fn stream<L, F>(api: &Api, caller: &Caller, look: L) -> Result<Response, Problem>
where
    L: Fn(Api, UserId) -> F + Send + 'static,
    F: Future<Output = Result<Mark, Problem>> + Send + 'static,
{
    let place = api.pages_of_sessions.take(caller.session.id);
    let place = place.ok_or(Problem::from(Code::TooManyRequests))?;
    let page = Page { api: api.clone(), user: caller.user, look, quiet: 0, _place: place };
    Ok(marks::stream_for(api, caller, page))
}

/// An open page that listens.
struct Page<L> {
    api: Api,
    user: UserId,
    look: L,
    /// Checks since the page was looked at.
    quiet: u8,
    _place: Place<SessionId>,
}

impl<L, F> Watch for Page<L>
where
    L: Fn(Api, UserId) -> F + Send + 'static,
    F: Future<Output = Result<Mark, Problem>> + Send + 'static,
{
    const EVENT: &'static str = "mark";

    fn pace(&self) -> [Duration; 2] {
        [CHECK_EVERY; 2]
    }

    async fn look(&mut self, has_rung: bool) -> Option<Look> {
        if !has_rung && self.quiet < QUIET_CHECKS {
            self.quiet += 1;
            return Some(Look::Same);
        }
        self.quiet = 0;
        let looking = (self.look)(self.api.clone(), self.user);
        Some(Look::page(looking.await.ok()?, false))
    }
}
