//! The owner's console: what the app does, on pages, in the words of the help articles.
//!
//! One screen, one file, with its template of the same name; [`confirm`] asks "do you want that?"
//! for all. Every page works without scripts, and nothing but a POST changes anything. The use
//! cases are those of the JSON interface. What is *absent* here: rules, and who may do what
//! (`domain`).

mod account;
mod allow_more;
mod audit;
mod board;
mod calls;
mod claim;
mod code;
mod codes;
mod confirm;
mod delete;
mod devices;
mod done;
mod history;
mod invite;
mod let_through;
mod live;
mod open;
mod owner;
mod people;
mod plan;
mod rename;
mod replace;
mod send;
mod settings;
mod sign_in;
mod story;
mod take_off;
mod transfer;
mod trouble;
mod visit;
mod webhook;
mod webhook_new;
mod webhooks;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Redirect;
use axum::routing::{get, post};
use data_encoding::BASE64URL_NOPAD;

use crate::Api;
use crate::pages;
pub(crate) use live::{PAGES, PAGES_OF_A_SESSION};
pub(crate) use trouble::told;

/// The first page of who is signed in.
const HOME: &str = "/console/devices";

/// All pages.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let let_in = get(let_through::ask_in).post(let_through::let_in);
    let let_out = get(let_through::ask_out).post(let_through::let_out);
    let proof = get(account::proof::pin).post(account::proof::try_pin);
    let number = get(account::number::pin).post(account::number::try_pin);
    let hook_secret = get(webhook::ask_to_rotate).post(webhook::rotate);
    let hook_end = get(webhook::ask_to_end).post(webhook::end);
    let new_key = get(account::keys::ask_new).post(account::keys::make);
    let revoke_key = get(account::keys::ask_revoke).post(account::keys::revoke);
    let invite = get(people::invite::show).post(people::invite::invite);
    let person = get(people::person::show).post(people::person::save);
    let remove = get(people::remove::ask).post(people::remove::remove);
    let tenants = get(people::tenants::show).post(people::tenants::save);
    Router::new()
        .route("/console", get(async || Redirect::to(HOME)))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::ask))
        .route("/console/pin", get(sign_in::pin).post(sign_in::try_pin))
        .route("/console/pin/again", post(sign_in::ask_again))
        .route("/console/second-factor", get(sign_in::code).post(sign_in::try_code))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/account", get(account::show))
        .route("/console/account/proof", get(account::proof::show).post(account::proof::send))
        .route("/console/account/proof/{id}", proof)
        .route("/console/account/number", get(account::number::show).post(account::number::send))
        .route("/console/account/number/{id}", number)
        .route("/console/account/app", get(account::app::show).post(account::app::turn_off))
        .route("/console/account/app/secret", post(account::app::set_up))
        .route("/console/account/app/code", post(account::app::confirm))
        .route("/console/account/keys", get(account::keys::show))
        .route("/console/account/keys/new", new_key)
        .route("/console/account/keys/{id}/revoke", revoke_key)
        .route("/console/claim", get(claim::show).post(claim::claim))
        .route("/console/devices", get(devices::list))
        .route("/console/devices/{id}", get(devices::details))
        .route("/console/gates/{id}/open", post(open::open))
        .route("/console/gates/{id}/removal", get(take_off::ask).post(take_off::take_off))
        .route("/console/openings/{id}", get(open::show))
        .route("/console/openings/{id}/live", get(open::live))
        .route("/console/intercoms/{id}/board", get(board::show))
        .route("/console/intercoms/{id}/board.svg", get(board::svg))
        .route("/console/intercoms/{id}/board.pdf", get(board::pdf))
        .route("/console/intercoms/{id}/calls", get(calls::show).post(calls::save))
        .route("/console/devices/{id}/name", get(rename::show).post(rename::rename))
        .route("/console/devices/{id}/plan", get(plan::show).post(plan::choose))
        .route("/console/devices/{id}/plan/transfer", post(plan::give))
        .route("/console/devices/{id}/replacement", get(replace::show).post(replace::replace))
        .route("/console/intercoms/{id}/settings", get(settings::show).post(settings::save))
        .route("/console/intercoms/{id}/codes", get(codes::show))
        .route("/console/intercoms/{id}/codes/live", get(codes::live))
        .route("/console/intercoms/{id}/invite", get(invite::show).post(invite::generate))
        .route("/console/intercoms/{id}/history", get(history::show))
        .route("/console/devices/{id}/story", get(story::show))
        .route("/console/intercoms/{id}/audit", get(audit::show))
        .route("/console/intercoms/{id}/audit.ndjson", get(audit::lines))
        .route("/console/intercoms/{id}/audit.csv", get(audit::table))
        .route("/console/devices/{id}/transfer", get(transfer::show).post(transfer::transfer))
        .route("/console/webhooks", get(webhooks::show))
        .route("/console/webhooks/new", get(webhook_new::show).post(webhook_new::add))
        .route("/console/webhooks/{id}", get(webhook::show))
        .route("/console/webhooks/{id}/test", post(webhook::try_out))
        .route("/console/webhooks/{id}/dead", post(webhook::tell_again))
        .route("/console/webhooks/{id}/secret", hook_secret)
        .route("/console/webhooks/{id}/delete", hook_end)
        .route("/console/codes/{id}", get(code::show))
        .route("/console/codes/{id}/live", get(code::live))
        .route("/console/codes/{id}/send", get(send::show))
        .route("/console/codes/{id}/delete", get(delete::ask).post(delete::delete))
        .route("/console/codes/{id}/allow-more", post(allow_more::allow_more))
        .route("/console/codes/{id}/let-in", let_in)
        .route("/console/codes/{id}/let-out", let_out)
        .route("/console/devices/{id}/people", get(people::show))
        .route("/console/devices/{id}/people/invite", invite)
        .route("/console/devices/{id}/people/{user}", person)
        .route("/console/devices/{id}/people/{user}/type", get(people::person::types))
        .route("/console/devices/{id}/people/{user}/remove", remove)
        .route("/console/devices/{id}/tenants", tenants)
        .layer(map_response(trouble::told))
        .layer(from_fn_with_state(api.clone(), pages::rim))
}

/// The page that takes more than a form's few bytes: a list of people.
pub(crate) fn lists(api: &Api) -> Router<Api> {
    let limit = DefaultBodyLimit::max(people::import::MAX_BYTES);
    let import = get(people::import::show).post(people::import::import).layer(limit);
    Router::new()
        .route("/console/devices/{id}/people/import", import)
        .layer(map_response(trouble::told))
        .layer(from_fn_with_state(api.clone(), pages::rim))
}

/// Names one press of a button: pressed again, it is the same.
fn fresh_key(api: &Api) -> String {
    BASE64URL_NOPAD.encode(&domain::roll::<16>(&*api.dice))
}

#[cfg(test)]
mod tests;
