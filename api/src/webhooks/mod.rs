//! Webhooks: an owner's other systems are told what happened, by the Standard Webhooks scheme
//! (<https://www.standardwebhooks.com>, version 1).

pub(crate) mod address;
pub(crate) mod dead;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod make;
mod message;
pub(crate) mod rotate;
mod teller;
pub(crate) mod test;
#[cfg(test)]
mod tests;

use data_encoding::BASE64;
use domain::WebhookId;
use domain::secret::WebhookSecret;
use reqwest::Url;
use serde::Serialize;
use store::{Endpoint, Health};
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::segment;
use crate::caller::Caller;
use crate::wire::rfc3339;

pub use teller::{CannotTell, Teller};

/// The longest address.
const LONGEST_URL: usize = 500;

/// Where the caller is told what happened, and how that goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    id: String,
    url: String,
    made_at: String,
    /// When a message was last taken
    told_at: Option<String>,
    /// Since the last one that was taken: when one was not, and why not
    failed_at: Option<String>,
    failed_why: Option<String>,
    /// Messages that are still to be told
    waiting: u32,
    /// Messages that were given up after 28 hours: the feed has their events
    dead: u32,
}

impl From<&Health> for Webhook {
    fn from(Health { endpoint, waiting, dead }: &Health) -> Self {
        let failed = endpoint.failed.as_ref();
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            made_at: rfc3339(endpoint.made_at),
            told_at: endpoint.told_at.map(rfc3339),
            failed_at: failed.map(|(at, _)| rfc3339(*at)),
            failed_why: failed.map(|(_, why)| why.clone()),
            waiting: *waiting,
            dead: *dead,
        }
    }
}

/// A secret as receivers know it: `whsec_` and base64.
fn shown(secret: &WebhookSecret) -> String {
    format!("whsec_{}", BASE64.encode(secret.reveal_bytes()))
}

/// The caller's endpoint of this id.
pub(crate) async fn endpoint(api: &Api, caller: &Caller, id: &str) -> Result<Endpoint, Problem> {
    let id = segment(WebhookId::parse(id))?;
    let endpoint = api.store.webhooks().find(caller.user, id, api.now()).await?;
    endpoint.ok_or_else(|| Code::NotFound.into())
}

/// Why no message may go to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadAddress {
    TooLong,
    NotHttps,
    NotPublic,
}

impl From<BadAddress> for Problem {
    fn from(bad: BadAddress) -> Self {
        let why = match bad {
            BadAddress::TooLong => "is longer than 500 characters",
            BadAddress::NotHttps => "expected https:// and a host",
            BadAddress::NotPublic => "is an address that is not on the public internet",
        };
        Self::field("url", why)
    }
}

/// An address to which messages may go.
pub(crate) fn checked(api: &Api, url: &str) -> Result<String, BadAddress> {
    if LONGEST_URL < url.len() {
        return Err(BadAddress::TooLong);
    }
    let may_be_private = api.config.webhooks_to_private_addresses;
    // Read as it will be when it is connected to: `127.1` is an address, too.
    let url = Url::parse(url).ok().filter(|url| url.fragment().is_none());
    let Some(url) = url.filter(Url::has_host) else {
        return Err(BadAddress::NotHttps);
    };
    match url.scheme() {
        "https" => {}
        "http" if may_be_private => {}
        _ => return Err(BadAddress::NotHttps),
    }
    if !may_be_private && !address::may_be_public(&url) {
        return Err(BadAddress::NotPublic);
    }
    Ok(url.into())
}
