//! How long a stream goes on: no longer than the session that opened it holds.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::time;

use crate::Api;
use crate::caller::Caller;

/// How often a session is asked for again though nobody rang: another process may have ended it,
/// and it must be cut within a second of that.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// Ends a stream when the session of its caller ends, in whatever the stream is waiting for.
pub(crate) fn while_signed_in<S: Stream>(
    api: &Api,
    caller: &Caller,
    stream: S,
) -> impl Stream<Item = S::Item> + use<S> {
    let (api, token) = (api.clone(), caller.token.clone());
    let mut endings = api.store.sessions().endings();
    let mut checks = time::interval(CHECK_EVERY);
    let ended = async move {
        loop {
            endings.mark_unchanged();
            // A database that does not answer says of nobody that they are signed in.
            if !matches!(api.session(&token).await, Ok(Ok(_))) {
                return;
            }
            tokio::select! {
                _ = endings.changed() => {}
                _ = checks.tick() => {}
            }
        }
    };
    stream.take_until(ended)
}
