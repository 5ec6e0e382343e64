//! Adding a device: by the code on its label, typed or read by the camera.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::owner::Owner;
use crate::Api;
use crate::answers::Code;
use crate::body::{Form, Query};
use crate::caller::From as Address;
use crate::devices::claim as use_case;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};

#[derive(Template)]
#[template(path = "console/claim.html")]
pub(super) struct Claim {
    wrong: Wrong,
    typed: Typed,
}

/// What a label's QR may bring along.
#[derive(Deserialize)]
pub(super) struct Read {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    claim_code: String,
    #[serde(default)]
    name: String,
}

/// `GET /console/claim`.
pub(super) async fn show(_: Owner, Query(read): Query<Read>) -> Screen<Claim> {
    Screen(Claim {
        wrong: Wrong::default(),
        typed: Typed { claim_code: read.code, name: String::new() },
    })
}

/// `POST /console/claim`.
pub(super) async fn claim(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Address(address): Address,
    Form(typed): Form<Typed>,
) -> Response {
    let named = Some(typed.name.as_str()).filter(|name| !name.trim().is_empty());
    match use_case::ask(&api, address, &caller, &typed.claim_code, named).await {
        Ok(device) => {
            let its_page = format!("/console/devices/{}?done=claimed", device.kind.id());
            Redirect::to(&its_page).into_response()
        }
        Err(problem) => {
            let wrong = if problem.code == Code::NotFound {
                Wrong::field("claim_code", Words::of("claim-unknown"))
            } else {
                Wrong::from(&problem)
            };
            pages::told_by(problem, Screen(Claim { wrong, typed }))
        }
    }
}
