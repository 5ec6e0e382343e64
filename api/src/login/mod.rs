//! Signing in: a pin is asked for, asked for again, and tried.

pub(crate) mod begin;
pub(crate) mod resend;
pub(crate) mod verify;

use domain::PhoneNumber;
use domain::login::Channel;
use domain::secret::Otp;
use serde::{Deserialize, Serialize};
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
    login_id: String,
    channel: ChannelWord,
    expires_at: String,
    /// The earliest moment for another pin
    resend_at: String,
}

/// Hands a pin to the courier; what it says about the other channel is a hint, not a promise.
async fn send(
    api: &Api,
    channel: ChannelWord,
    phone: &PhoneNumber,
    pin: &Otp,
) -> Result<(), Problem> {
    let other = match channel {
        ChannelWord::Whatsapp => "sms",
        ChannelWord::Sms => "whatsapp",
    };
    api.courier.deliver(channel.into(), phone, pin).await.map_err(|_| {
        let problem = Problem::from(Code::ChannelUnavailable).with("try", vec![other]);
        with_support(api, problem)
    })
}

fn with_support(api: &Api, problem: Problem) -> Problem {
    let contact = api.config.support_contact.clone();
    contact.into_iter().fold(problem, |problem, contact| problem.with("support", contact))
}

fn pin_sent(
    login_id: String,
    channel: ChannelWord,
    expires_at: domain::Timestamp,
    resend_at: domain::Timestamp,
) -> PinSent {
    let (expires_at, resend_at) = (wire::rfc3339(expires_at), wire::rfc3339(resend_at));
    PinSent { login_id, channel, expires_at, resend_at }
}
