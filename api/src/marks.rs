//! Keeps what is open true, by server-sent events: pages hear the mark that they would have now, and
//! fetch themselves anew when they have another one; apps hear the state of an attempt.
//!
//! A mark is made of all that there is to see, so it is another one whenever that would be, and
//! nothing is lost between two connections. What is *absent* here: what there is to see, and who
//! may.

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::Api;
use crate::caller::Caller;
use crate::tenure::while_signed_in;

/// A word for all that there is to see; another one when there is something else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) fn of(shown: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        shown.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Somebody who watches what becomes of something, and what else is theirs meanwhile: a place.
pub(crate) trait Watch: Send + 'static {
    /// What its events are called.
    const EVENT: &'static str;

    /// How long to wait before the next look: not less than the first, not more than the second,
    /// between which the bell is the hurry. Looking is the truth.
    fn pace(&self) -> [Duration; 2];

    /// Looks, whether the bell has rung since or not; nothing if nobody may look any more.
    fn look(&mut self, has_rung: bool) -> impl Future<Output = Option<Look>> + Send;
}

/// What somebody who looked has found.
pub(crate) enum Look {
    /// The same as before, for all that is known without a closer look.
    Same,
    /// All that there is to see.
    Seen {
        mark: Mark,
        /// What the event says of it.
        says: String,
        /// Whether nothing else will ever be seen.
        is_last: bool,
    },
}

impl Look {
    /// A page, which hears its mark and nothing else.
    pub(crate) fn page(mark: Mark, is_last: bool) -> Self {
        Self::Seen { mark, says: mark.to_string(), is_last }
    }
}

/// Streams what is to be seen whenever it is something else, and ends with the last.
pub(crate) fn stream<W: Watch>(api: &Api, watch: W) -> Response {
    answer(events(api, watch))
}

/// The same for somebody signed in: ends with the session, too.
pub(crate) fn stream_for<W: Watch>(api: &Api, caller: &Caller, watch: W) -> Response {
    answer(while_signed_in(api, caller, events(api, watch)))
}

fn answer(events: impl Stream<Item = Told> + Send + 'static) -> Response {
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

fn events<W: Watch>(api: &Api, watch: W) -> impl Stream<Item = Told> + use<W> {
    let (bell, stop) = (api.store.bell(), api.stop.clone());
    let open = Open { watch, bell, stop, has_looked: false, told: None, is_over: false };
    stream::unfold(open, |mut open| async {
        let says = open.next().await?;
        Some((Ok(Event::default().event(W::EVENT).data(says)), open))
    })
}

/// What a stream tells; it ends without a word where it cannot go on.
type Told = Result<Event, Infallible>;

/// An open stream.
struct Open<W> {
    watch: W,
    bell: Receiver<()>,
    stop: CancellationToken,
    has_looked: bool,
    told: Option<Mark>,
    is_over: bool,
}

impl<W: Watch> Open<W> {
    /// The next that was not told yet; none when there will be no other.
    async fn next(&mut self) -> Option<String> {
        while !self.is_over {
            let mut has_rung = true;
            if self.has_looked {
                let ringing = rings(&mut self.bell, self.watch.pace());
                has_rung = self.stop.run_until_cancelled(ringing).await?;
            }
            self.has_looked = true;
            match self.watch.look(has_rung).await? {
                Look::Same => {}
                Look::Seen { mark, says, is_last } => {
                    self.is_over = is_last;
                    if self.told.replace(mark) != Some(mark) {
                        return Some(says);
                    }
                }
            }
        }
        None
    }
}

/// Waits until something was written, and says whether it was or the time was up.
async fn rings(bell: &mut Receiver<()>, [least, most]: [Duration; 2]) -> bool {
    sleep(least).await;
    timeout(most.saturating_sub(least), bell.changed()).await.is_ok()
}
