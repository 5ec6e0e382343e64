//! How long the body of a request may take to come.
//!
//! It must come whole within a while. A route that takes large bodies may give one more time: then
//! so many bytes must come within each such while, up to a bound.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Body as Coming, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// The bytes that must come within each while: 16 kB a second, as a bad line still carries.
const ENOUGH: usize = 160 * 1024;

/// A body was cut off, since it came too slowly.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub(crate) struct TooSlow;

impl TooSlow {
    /// Whether that is why something could not be read.
    pub(crate) fn is_behind(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |cause| (*cause).source()).any(<dyn Error>::is::<Self>)
    }
}

/// Gives the body of a request more time, as long as it keeps coming.
#[derive(Clone, Debug, Default)]
pub(crate) struct MoreTime(Arc<AtomicBool>);

impl MoreTime {
    pub(crate) fn give(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_given(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that comes in time or not at all.
pub(super) struct InTime<B> {
    body: B,
    time: Time,
    more: MoreTime,
    until: Pin<Box<Sleep>>,
    /// Not even with more time later than this.
    at_last: Instant,
    /// Since it was given more time.
    came: usize,
}

/// The while in which a body must come, and the bound for one that is given more.
#[derive(Clone, Copy)]
pub(super) struct Time {
    pub(super) each: Duration,
    pub(super) most: Duration,
}

impl<B> InTime<B>
where
    B: Coming<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    pub(super) fn body(body: B, time: Time) -> (Body, MoreTime) {
        let (more, now) = (MoreTime::default(), Instant::now());
        let until = Box::pin(sleep_until(now + time.each));
        let (at_last, came) = (now + time.most, 0);
        (Body::new(Self { body, time, more: more.clone(), until, at_last, came }), more)
    }

    fn came(&mut self, frame: &Frame<Bytes>) {
        self.came += frame.data_ref().map_or(0, Bytes::len);
        if ENOUGH <= self.came && self.more.is_given() {
            self.came = 0;
            self.until.as_mut().reset(self.at_last.min(Instant::now() + self.time.each));
        }
    }
}

impl<B> Coming for InTime<B>
where
    B: Coming<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        // What has come is taken first: whoever sends is not to blame if it was not read at once.
        if let Poll::Ready(next) = Pin::new(&mut this.body).poll_frame(context) {
            if let Some(Ok(frame)) = &next {
                this.came(frame);
            }
            return Poll::Ready(next.map(|frame| frame.map_err(Into::into)));
        }
        ready!(this.until.as_mut().poll(context));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
