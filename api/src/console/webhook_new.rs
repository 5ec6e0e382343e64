//! One more webhook: its address, and then its secret, once.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::owner::Owner;
use crate::Api;
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

/// `GET /console/webhooks/new`.
pub(super) async fn show(_: Owner) -> Screen<New> {
    Screen(New { url: String::new(), wrong: Wrong::default() })
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
        Err(problem) => {
            let wrong = Wrong::from(&problem);
            pages::told_by(problem, Screen(New { url, wrong }))
        }
    }
}

fn told(bad: BadAddress) -> Words {
    Words::of(match bad {
        BadAddress::TooLong => "hook-url-too-long",
        BadAddress::NotHttps => "hook-url-not-https",
        BadAddress::NotPublic => "hook-url-not-public",
    })
}
