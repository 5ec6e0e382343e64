//! Signing in: a pin is asked for, asked for again, and tried.

pub(crate) mod begin;
pub(crate) mod config;
pub(crate) mod resend;
pub(crate) mod second_factor;
pub(crate) mod verify;

use domain::Timestamp;
use domain::login::Channel;
use domain::secret::Otp;
use serde::{Deserialize, Serialize};
use store::Begun;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::wire;

/// How a pin is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChannelWord {
    /// Recommended
    #[default]
    Whatsapp,
    /// A text message
    Sms,
}

impl From<ChannelWord> for Channel {
    fn from(word: ChannelWord) -> Self {
        match word {
            ChannelWord::Whatsapp => Self::Whatsapp,
            ChannelWord::Sms => Self::Sms,
        }
    }
}

/// A pin is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct PinSent {
    /// Keep it: only its holder can use the pin
    pub(crate) login_id: String,
    pub(crate) channel: ChannelWord,
    expires_at: String,
    /// The earliest moment for another pin
    resend_at: String,
}

/// Hands a pin to the courier. One that did not go out does not count, and the answer names the
/// login so that the other channel can be tried by a resend; a hint, not a promise.
async fn send(
    api: &Api,
    login_id: &str,
    channel: ChannelWord,
    begun: &Begun,
    pin: &Otp,
    sent_at: Timestamp,
) -> Result<(), Problem> {
    let other = match channel {
        ChannelWord::Whatsapp => "sms",
        ChannelWord::Sms => "whatsapp",
    };
    if api.courier.deliver(channel.into(), &begun.phone, pin).await.is_ok() {
        return Ok(());
    }
    api.store.logins().undelivered(begun.phone.clone(), sent_at).await?;
    let problem = Problem::from(Code::ChannelUnavailable).with("try", vec![other]);
    Err(with_support(api, problem.with("login_id", login_id)))
}

fn with_support(api: &Api, problem: Problem) -> Problem {
    let contact = api.config.support_contact.clone();
    contact.into_iter().fold(problem, |problem, contact| problem.with("support", contact))
}

fn pin_sent(login_id: String, channel: ChannelWord, begun: &Begun) -> PinSent {
    let (expires_at, resend_at) = (wire::rfc3339(begun.expires_at), wire::rfc3339(begun.next_at));
    PinSent { login_id, channel, expires_at, resend_at }
}
