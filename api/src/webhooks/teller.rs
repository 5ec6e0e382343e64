//! Tells what is to be told, endpoint by endpoint, until the receivers have taken it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::webhook::MAX_ENDPOINTS;
use domain::{Clock, Timestamp, UserId, WebhookId};
use futures_util::future::join_all;
use reqwest::{Url, redirect};
use store::{Endpoint, Receivers, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::address::{PublicOnly, may_be_public};
use super::message::Message;

/// How long a receiver may take: less than a claim holds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at least this often: the bell is the hurry, reading is the truth.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is filed within this time is told in one go.
const GATHERING: Duration = Duration::from_millis(20);

/// So many endpoints that took their last message are told at once, and so many that did not: for
/// those that hang, only others wait that failed, too.
const PLACES: usize = 32;

/// Until so many places are taken an owner may have several; the rest is for owners who have none.
const HALF: usize = PLACES / 2;

/// So many places are several.
const OF_OWNER: usize = 4;

/// So many endpoints are looked at for the places that are free. No more have to be passed over than
/// all that are being told, and all of the owners who have a place.
const LOOKED_AT: u32 = 400;
const _: () = assert!(2 * PLACES + PLACES * MAX_ENDPOINTS as usize <= LOOKED_AT as usize);

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

    /// Tells all that is due, until cancelled: what is on its way then is told by the next start.
    pub async fn run(self, store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let mut bell: watch::Receiver<()> = store.bell();
        let mut busy = Busy::default();
        loop {
            bell.mark_unchanged();
            for receivers in [Receivers::Taking, Receivers::Failing] {
                if let Err(fault) = self.look(receivers, &mut busy, &store, &clock).await {
                    error!(%fault, "could not look for webhooks to tell: {fault}");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = busy.ends_one() => {}
                _ = bell.changed() => sleep(GATHERING).await,
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Begins to tell those for whom there is a place.
    async fn look(
        &self,
        receivers: Receivers,
        busy: &mut Busy,
        store: &Store,
        clock: &Arc<dyn Clock>,
    ) -> store::Result<()> {
        let last = busy.last.get(&receivers).copied();
        for (webhook, owner) in
            store.webhooks().due(receivers, last, LOOKED_AT, clock.now()).await?
        {
            let told = self.clone().tell(store.clone(), Arc::clone(clock), webhook);
            busy.begin(receivers, webhook, owner, told);
        }
        Ok(())
    }

    /// Tells an endpoint some of what is due to it. Each is at a receiver of its own, so that a slow
    /// one keeps no other waiting.
    pub(super) async fn tell(self, store: Store, clock: Arc<dyn Clock>, webhook: WebhookId) {
        let claimed = match store.webhooks().claim(webhook, clock.now()).await {
            Ok(claimed) => claimed,
            Err(fault) => {
                error!(%fault, "could not claim messages of a webhook: {fault}");
                // They stay due: no haste while the storage cannot write.
                return sleep(LOOK_EVERY).await;
            }
        };
        join_all(claimed.iter().map(async |told| {
            let message = Message::of(&told.event);
            let answer = self.post(&told.endpoint, &message, clock.now()).await;
            let (webhooks, now) = (store.webhooks(), clock.now());
            let noted = match answer {
                Ok(Told { status: 200..=299, .. }) => {
                    webhooks.told(webhook, told.event.id, now).await
                }
                Ok(Told { status, .. }) => {
                    webhooks.failed(told, format!("answered {status}"), now).await
                }
                Err(why) => webhooks.failed(told, why.to_owned(), now).await,
            };
            if let Err(fault) = noted {
                error!(%fault, "could not note what became of a webhook's message: {fault}");
            }
        }))
        .await;
    }

    /// Posts one message; or why it did not arrive, without the address, which may be a secret.
    pub(super) async fn post(
        &self,
        endpoint: &Endpoint,
        message: &Message,
        now: Timestamp,
    ) -> Result<Told, &'static str> {
        let url = Url::parse(&endpoint.url).map_err(|_| "no address")?;
        if !self.may_be_private && !may_be_public(&url) {
            return Err("not on the public internet");
        }
        let (begun, sent_at) = (Instant::now(), now.as_millis() / 1000);
        let answer = self
            .client
            .post(url)
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

/// Endpoints that are being told: each has a place among those that do as it did.
#[derive(Default)]
struct Busy {
    places: HashMap<WebhookId, (Receivers, UserId)>,
    /// Who got a place last: who is behind them is next.
    last: HashMap<Receivers, WebhookId>,
    tasks: JoinSet<WebhookId>,
}

impl Busy {
    /// Begins to tell an endpoint, unless it is told already or there is no place for it now.
    fn begin(
        &mut self,
        receivers: Receivers,
        webhook: WebhookId,
        owner: UserId,
        told: impl Future<Output = ()> + Send + 'static,
    ) {
        let taken = || self.places.values().filter(|(of, _)| *of == receivers);
        let of_owner = taken().filter(|(_, other)| *other == owner).count();
        let may_have = match taken().count() {
            0..HALF => OF_OWNER,
            HALF..PLACES => 1,
            PLACES.. => 0,
        };
        if may_have <= of_owner || self.places.contains_key(&webhook) {
            return;
        }
        self.places.insert(webhook, (receivers, owner));
        self.last.insert(receivers, webhook);
        self.tasks.spawn(async move {
            told.await;
            webhook
        });
    }

    /// Waits until one was told; for ever when none is.
    async fn ends_one(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(webhook)) => drop(self.places.remove(&webhook)),
            // Nobody knows which one panicked, so all may be told again: each claim is one's own.
            Some(Err(_)) => self.places.clear(),
            None => std::future::pending().await,
        }
    }
}
