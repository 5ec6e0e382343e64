//! Signing in: a pin is asked for, asked for again, and tried.

mod alarms;
pub(crate) mod begin;
pub(crate) mod channels;
pub(crate) mod config;
pub(crate) mod resend;
pub(crate) mod second_factor;
pub(crate) mod verify;

use std::net::IpAddr;
use std::sync::Arc;

use domain::Timestamp;
use domain::channel::{self, Cause, Unavailable, Wish};
use domain::login::Channel;
use domain::secret::Otp;
use serde::{Deserialize, Serialize};
use store::{Begun, Handed, LoginRefusal, Sending, Withheld};
use tracing::error;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::courier::{MessageId, NotSent};
use crate::{limits, wire};

pub(crate) use alarms::Alarms;

/// How a pin is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChannelWord {
    /// Recommended as long as it works
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

impl From<Channel> for ChannelWord {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Whatsapp => Self::Whatsapp,
            Channel::Sms => Self::Sms,
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

/// A pin that perhaps did not go out, and which other ways are open, the best first.
struct Failed {
    why: NotSent,
    others: Vec<Channel>,
}

/// How a pin is to go out: which way among those that there are, for whom, and by the rules of
/// this house.
fn sending(api: &Api, asked: Option<ChannelWord>, address: IpAddr) -> Sending {
    let wish = Wish { asked: asked.map(Channel::from), set_up: api.courier.channels() };
    Sending { wish, network: limits::network(address), rules: Arc::clone(&api.rules) }
}

/// Why no pin goes out, with whom to turn to where that may help. Which budget is used up, only
/// the operator learns.
fn refused(api: &Api, refusal: LoginRefusal, now: Timestamp) -> Problem {
    if let LoginRefusal::Withheld(Withheld::Held { held, phone }) = &refusal {
        api.alarms.tell(held.by, phone, now);
    }
    let problem = Problem::from(refusal);
    helped(api, problem)
}

/// Hands a pin to the courier, and notes what became of it; also when its asker hangs up meanwhile,
/// or else an outage that nobody waits for would go unseen.
async fn send(api: &Api, begun: &Begun, pin: &Otp) -> Result<Result<(), Failed>, Problem> {
    let (api, begun, pin) = (api.clone(), begun.clone(), pin.clone());
    let sent = tokio::spawn(async move { deliver(&api, &begun, &pin).await });
    sent.await.map_err(|_| Problem::from(Code::Internal))?
}

async fn deliver(api: &Api, begun: &Begun, pin: &Otp) -> Result<Result<(), Failed>, Problem> {
    let sent = api.courier.deliver(begun.channel, &begun.phone, pin).await;
    let (handed, why) = match sent {
        Ok(MessageId(id)) => (Handed::Accepted(id), None),
        Err(why @ NotSent::ChannelDown) => (Handed::NotSent(Cause::Channel), Some(why)),
        Err(why @ NotSent::NumberUnreachable) => (Handed::NotSent(Cause::Number), Some(why)),
        Err(why @ NotSent::Unknown) => (Handed::Silent, Some(why)),
    };
    let noted = api.store.pins().handed_over(begun.pin, handed, api.now()).await;
    let Some(why) = why else {
        // It is on its way and can be typed, even if nobody could write that down.
        if let Err(fault) = noted {
            error!(%fault, pin.id = %begun.pin, "could not note that {} was sent", begun.pin);
        }
        return Ok(Ok(()));
    };
    noted?;
    let health = api.store.pins().health(api.now()).await?;
    let mut others = channel::order(api.courier.channels(), &health);
    others.retain(|other| *other != begun.channel && health.of(*other).is_open());
    Ok(Err(Failed { why, others }))
}

/// Tells that a pin did not go out; the login is named, so that the other channel can be tried by
/// a resend.
fn unavailable(api: &Api, login_id: &str, others: Vec<Channel>) -> Problem {
    let problem = Problem::from(Unavailable { others, retry_at: None });
    with_support(api, problem.with("login_id", login_id))
}

/// Names whom to turn to, where nothing else helps.
fn helped(api: &Api, problem: Problem) -> Problem {
    let may_help = matches!(
        problem.code,
        Code::ChannelUnavailable | Code::CountryBlocked | Code::NumberLocked
    );
    if may_help { with_support(api, problem) } else { problem }
}

fn with_support(api: &Api, problem: Problem) -> Problem {
    let contact = api.config.support_contact.clone();
    contact.into_iter().fold(problem, |problem, contact| problem.with("support", contact))
}

fn pin_sent(login_id: String, begun: &Begun) -> PinSent {
    let (expires_at, resend_at) = (wire::rfc3339(begun.expires_at), wire::rfc3339(begun.next_at));
    PinSent { login_id, channel: begun.channel.into(), expires_at, resend_at }
}

#[cfg(test)]
mod tests;
