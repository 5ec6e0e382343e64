//! The owner's account: the number, the second factor, API keys, and the fresh pin that all ask for.

pub(super) mod app;
pub(super) mod keys;
pub(super) mod number;
pub(super) mod proof;

use askama::Template;
use axum::extract::{Query, State};
use domain::login::Channel;
use store::SecondFactorState;

use super::done::Done;
use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::pages::{Moment, Screen, Words, filters};

/// What can be changed about an account.
#[derive(Template)]
#[template(path = "console/account.html")]
pub(super) struct Account {
    phone: String,
    factor: Option<Factor>,
    done: Option<Words>,
}

/// A second factor that is on.
struct Factor {
    since: Moment,
    left: Words,
}

/// One question on a page of its own.
#[derive(Template)]
#[template(path = "console/ask.html")]
pub(super) struct Ask {
    /// What is asked; its note says why.
    pub(super) title: &'static str,
    pub(super) field: Field,
    pub(super) button: &'static str,
    /// Where the form goes.
    pub(super) action: String,
    /// Where who does not want it goes.
    pub(super) back: &'static str,
    /// Whether somebody is signed in here.
    pub(super) signed_in: bool,
    /// Why the last answer did nothing.
    pub(super) wrong: Option<Words>,
}

/// What is typed as the answer.
pub(super) enum Field {
    /// Nothing: only how a pin is sent is chosen.
    Channel(&'static [Channel]),
    /// A number, and how a pin is sent to it.
    Phone(String, &'static [Channel]),
    /// The pin.
    Pin,
    /// A code of an authenticator app; recovery codes are longer.
    Code,
    /// Nothing at all.
    Nothing,
}

impl Field {
    /// The ways that a pin can be sent.
    fn channels(&self) -> &'static [Channel] {
        match self {
            Self::Channel(channels) | Self::Phone(_, channels) => channels,
            Self::Pin | Self::Code | Self::Nothing => &[],
        }
    }
}

/// `GET /console/account`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Query(done): Query<Done>,
) -> Result<Screen<Account>, Problem> {
    let phone = api.store.sessions().phone_of(caller.user).await?.reveal().to_owned();
    let factor = api.store.second_factors().of(caller.user).await?.map(Factor::from);
    Ok(Screen(Account { phone, factor, done: done.words() }))
}

impl From<SecondFactorState> for Factor {
    fn from(state: SecondFactorState) -> Self {
        let left = Words::of("app-codes-left").count("codes", state.recovery_codes_left);
        Self { since: Moment::new(state.since, "UTC"), left }
    }
}
