//! Keeps an open page true, by server-sent events: each says which mark the page would have now, and
//! a page with another mark is loaded again.
//!
//! A mark is made of all that a page shows, so it is another one whenever the page would be, and
//! nothing is lost between two connections.

use std::convert::Infallible;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::{SessionId, UserId};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{self, Interval};

use crate::Api;
use crate::answers::{Code, Problem};
use crate::caller::Caller;
use crate::places::Place;
use crate::tenure::while_signed_in;

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
    pub(super) mark: String,
    /// Whether a gate is about to answer: then the page is loaded again without scripts, too.
    pub(super) is_under_way: bool,
}

/// The mark of what a page shows.
pub(super) fn mark(shown: &impl Debug) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{shown:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Streams the mark whenever it changes, as `look` finds it; ends with the session, and with the
/// permission to look.
pub(super) fn stream<L, F>(api: &Api, caller: &Caller, look: L) -> Result<Response, Problem>
where
    L: Fn(Api, UserId) -> F + Send + 'static,
    F: Future<Output = Result<String, Problem>> + Send + 'static,
{
    let place = api.pages_of_sessions.take(caller.session.id);
    let place = place.ok_or(Problem::from(Code::TooManyRequests))?;
    let (bell, checks) = (api.store.bell(), time::interval(CHECK_EVERY));
    let (quiet, told) = (QUIET_CHECKS, String::new());
    let user = caller.user;
    let page = Page { api: api.clone(), user, look, bell, checks, quiet, told, _place: place };
    let marks = stream::unfold(page, |mut page| async {
        let mark = page.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("mark").data(mark)), page))
    });
    let marks = while_signed_in(api, caller, marks);
    Ok(Sse::new(marks).keep_alive(KeepAlive::default()).into_response())
}

/// An open page that listens.
struct Page<L> {
    api: Api,
    user: UserId,
    look: L,
    bell: watch::Receiver<()>,
    checks: Interval,
    /// Checks since the page was looked at.
    quiet: u8,
    told: String,
    _place: Place<SessionId>,
}

impl<L, F> Page<L>
where
    L: Fn(Api, UserId) -> F,
    F: Future<Output = Result<String, Problem>>,
{
    /// The next mark that was not told yet; none when there will be no other.
    async fn next(&mut self) -> Option<String> {
        loop {
            self.api.stop.run_until_cancelled(self.checks.tick()).await?;
            let has_rung = self.bell.has_changed().unwrap_or(true);
            if !has_rung && self.quiet < QUIET_CHECKS {
                self.quiet += 1;
                continue;
            }
            self.bell.mark_unchanged();
            self.quiet = 0;
            let mark = (self.look)(self.api.clone(), self.user).await.ok()?;
            if mark != self.told {
                self.told.clone_from(&mark);
                return Some(mark);
            }
        }
    }
}
