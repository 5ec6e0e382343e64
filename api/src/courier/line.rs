//! The way to a provider: one question over HTTPS, and an end to waiting.
//!
//! What is logged is a status and a code: a provider's words, and the errors of its address, may
//! name numbers and accounts.

use std::time::Duration;

use domain::login::Channel;
use reqwest::{RequestBuilder, StatusCode, redirect};
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::NotSent;

/// How long a pin may take to be handed over, a second try included: less than our own answer may
/// take.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);

const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(3);

/// How long to wait before a question is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers are a few hundred bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The way to one provider.
pub(super) struct Line {
    pub(super) client: reqwest::Client,
    channel: &'static str,
    patience: Duration,
}

/// What a provider said.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// Null, when it was no JSON.
    pub(super) body: Value,
}

impl Line {
    /// Connects when something is to be sent.
    pub(super) fn new(channel: Channel, patience: Duration) -> Result<Self, reqwest::Error> {
        // Credentials go to the address that is set, and nowhere that it or the environment names.
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(PATIENCE_TO_CONNECT)
            .build()?;
        Ok(Self { client, channel: channel.as_str(), patience })
    }

    /// Asks once; and once more after a pause, where the provider says that a reply of this kind
    /// makes that safe. Without a reply nobody knows whether the message is on its way.
    pub(super) async fn ask(
        &self,
        question: RequestBuilder,
        is_safe_again: impl Fn(&Reply) -> bool,
    ) -> Result<Reply, NotSent> {
        let asked = timeout(self.patience, async {
            let again = question.try_clone();
            let first = reply(question).await?;
            let Some(again) = again.filter(|_| is_safe_again(&first)) else { return Ok(first) };
            sleep(PAUSE).await;
            reply(again).await
        });
        let (why, not_sent) = match asked.await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) if error.is_connect() => ("cannot connect", NotSent::ChannelDown),
            Ok(Err(_)) => ("the connection broke", NotSent::Unknown),
            Err(_) => ("no answer in time", NotSent::Unknown),
        };
        let channel = self.channel;
        warn!(channel, "cannot send login pins by {channel}: {why}");
        Err(not_sent)
    }

    /// Sorts a refusal by the provider's code for it: `unreachable` are those about the number.
    pub(super) fn refused(&self, reply: &Reply, code: &Value, unreachable: &[u64]) -> NotSent {
        let (channel, status) = (self.channel, reply.status.as_u16());
        let code = code.as_u64();
        if reply.status.is_client_error() && code.is_some_and(|code| unreachable.contains(&code)) {
            info!(channel, status, code, "a number cannot be reached by {channel}");
            return NotSent::NumberUnreachable;
        }
        // What stands between us and a provider knows no codes, nor what the provider did.
        let is_strange = reply.status.is_success() || reply.status.is_server_error();
        if is_strange && code.is_none() {
            warn!(
                channel,
                status, "cannot send login pins by {channel}: no answer of the provider"
            );
            return NotSent::Unknown;
        }
        warn!(channel, status, code, "cannot send login pins by {channel}: refused");
        NotSent::ChannelDown
    }
}

async fn reply(question: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let mut response = question.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if MAX_BYTES < body.len() + chunk.len() {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Reply { status: response.status(), body })
}
