//! One more webhook: its address, and then its secret, once.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::account::proof::Next;
use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Form;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};
use crate::webhooks::{BadAddress, checked, make};

/// Where to.
#[derive(Template)]
#[template(path = "console/webhook_new.html")]
pub(super) struct New {
    url: String,
    wrong: Wrong,
}

/// The secret by which a receiver knows our messages.
#[derive(Template)]
#[template(path = "console/webhook_secret.html")]
pub(super) struct Once {
    pub(super) id: String,
    pub(super) said: &'static str,
    pub(super) secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    url: String,
}

/// `GET /console/webhooks/new`: after a fresh pin.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
) -> Result<Response, Problem> {
    let url = String::new();
    Ok(match api.store.logins().may_take_over(caller.session, api.now()).await? {
        Ok(()) => Screen(New { url, wrong: Wrong::default() }).into_response(),
        Err(refusal) => again(url, refusal.into()),
    })
}

/// The form once more, with what is wrong; or first to the fresh pin.
fn again(url: String, problem: Problem) -> Response {
    if problem.code == Code::StepUpNeeded {
        return Next::Webhook.proof().into_response();
    }
    let wrong = Wrong::from(&problem);
    pages::told_by(problem, Screen(New { url, wrong }))
}

/// `POST /console/webhooks/new`.
pub(super) async fn add(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Form(Typed { url }): Form<Typed>,
) -> Response {
    let checked = match checked(&api, url.trim()) {
        Ok(checked) => checked,
        Err(bad) => {
            let wrong = Wrong::field("url", told(bad));
            return pages::told_by(bad.into(), Screen(New { url, wrong }));
        }
    };
    match make::ask(&api, &caller, checked).await {
        Ok((endpoint, secret)) => {
            let (id, said) = (endpoint.id.to_string(), "hook-made");
            Screen(Once { id, said, secret }).into_response()
        }
        Err(problem) => again(url, problem),
    }
}

fn told(bad: BadAddress) -> Words {
    Words::of(match bad {
        BadAddress::TooLong => "hook-url-too-long",
        BadAddress::NotHttps => "hook-url-not-https",
        BadAddress::NotPublic => "hook-url-not-public",
    })
}
