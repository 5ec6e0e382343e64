//! Tells what is to be told, endpoint by endpoint, until the receivers have taken it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Uri;
use domain::{Clock, Timestamp};
use futures_util::{StreamExt, stream};
use reqwest::redirect;
use store::{Endpoint, Store};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::address::{PublicOnly, is_public, literal};
use super::message::Message;

/// How long a receiver may take: less than a claim holds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at least this often: the bell is the hurry, reading is the truth.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many messages are on their way at once.
const AT_ONCE: usize = 16;

/// Posts messages.
#[derive(Clone)]
pub struct Teller {
    client: reqwest::Client,
    may_be_private: bool,
}

/// What a receiver answered.
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) took: Duration,
}

/// This machine cannot make TLS connections.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to receivers of webhooks: {0}")]
pub struct CannotTell(#[from] reqwest::Error);

impl Teller {
    /// Tells receivers on the public internet; elsewhere, too, if that is allowed.
    pub fn new(may_be_private: bool) -> Result<Self, CannotTell> {
        // A receiver's answer leads nowhere else, nor does the environment.
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("fluss-one-time-access/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE);
        let client =
            if may_be_private { client } else { client.dns_resolver(Arc::new(PublicOnly)) };
        Ok(Self { client: client.build()?, may_be_private })
    }

    /// Tells all that is due, until cancelled.
    pub async fn run(self, store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let mut bell: watch::Receiver<()> = store.bell();
        loop {
            bell.mark_unchanged();
            match self.tell_due(&store, &*clock).await {
                // There may be more.
                Ok(1..) if !stop.is_cancelled() => continue,
                Ok(_) => {}
                Err(fault) => error!(%fault, "could not tell webhooks: {fault}"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = bell.changed() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Tells what is due now, and answers how much that was.
    pub(super) async fn tell_due(&self, store: &Store, clock: &dyn Clock) -> store::Result<usize> {
        let due = store.webhooks().claim(clock.now()).await?;
        let count = due.len();
        let told = stream::iter(due).map(async |due| {
            let message = Message::of(&due.event);
            let answer = self.post(&due.endpoint, &message, clock.now()).await;
            let webhooks = store.webhooks();
            match answer {
                Ok(Told { status: 200..=299, .. }) => {
                    webhooks.told(due.endpoint.id, due.event.id, clock.now()).await
                }
                Ok(Told { status, .. }) => {
                    webhooks.failed(&due, format!("answered {status}"), clock.now()).await
                }
                Err(why) => webhooks.failed(&due, why.to_owned(), clock.now()).await,
            }
        });
        let mut told = told.buffer_unordered(AT_ONCE);
        while let Some(written) = told.next().await {
            written?;
        }
        Ok(count)
    }

    /// Posts one message; or why it did not arrive, without the address, which may be a secret.
    pub(super) async fn post(
        &self,
        endpoint: &Endpoint,
        message: &Message,
        now: Timestamp,
    ) -> Result<Told, &'static str> {
        let host = endpoint.url.parse::<Uri>().ok().and_then(|url| url.host().and_then(literal));
        if !self.may_be_private && host.is_some_and(|ip| !is_public(ip)) {
            return Err("not on the public internet");
        }
        let (begun, sent_at) = (Instant::now(), now.as_millis() / 1000);
        let answer = self
            .client
            .post(&endpoint.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", sent_at)
            .header("webhook-signature", message.signatures(&endpoint.secrets, sent_at))
            .body(message.body.clone())
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(Told { status: answer.status().as_u16(), took: begun.elapsed() }),
            Err(error) if error.is_timeout() => Err("no answer in 10 s"),
            Err(error) if error.is_connect() => Err("cannot connect"),
            Err(_) => Err("the connection broke"),
        }
    }
}
