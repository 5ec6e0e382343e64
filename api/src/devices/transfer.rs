//! `POST /v1/devices/{id}/transfer`: gives a device to another owner.

use std::net::IpAddr;

use axum::extract::State;
use domain::GateId;
use serde::{Deserialize, Serialize};
use store::TransferRefusal;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::Problem;
use crate::body::{Json, Path, device};
use crate::caller::{Caller, From as Address};
use crate::login::begin::phone;

/// To whom, and what goes along.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfer {
    /// The new owner's number, who has signed in before: `+27821234567`, or in the local form
    /// together with `country`
    pub(crate) phone: String,
    /// Where a local number is dialled: two letters like `ZA`
    pub(crate) country: Option<String>,
    /// Of an intercom: the gates of its settings that go along. Codes of one whose gates stay open
    /// nothing until the new owner has chosen others
    #[serde(default)]
    pub(crate) gates: Vec<String>,
}

/// It is theirs now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transferred {
    /// Gates that went along
    gates: Vec<String>,
    /// Codes that open nothing until a gate is chosen anew
    suspended: usize,
}

/// Gives a device away, at once and for good; a fresh pin must have proved the session, which must
/// be a day old, or the first of its account. Settings,
/// grants, codes and history go along. The caller keeps the grant to invite.
#[utoipa::path(post, path = "/v1/devices/{id}/transfer", tag = "devices",
    security(("session" = [])), params(("id" = String, Path)), request_body = Transfer,
    responses((status = 200, body = Transferred)))]
pub(crate) async fn transfer(
    State(api): State<Api>,
    Address(address): Address,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Transfer>,
) -> Result<axum::Json<Transferred>, Problem> {
    let given = give(&api, address, &caller, &id, &body).await?;
    let gates = given.gates.iter().map(GateId::to_string).collect();
    Ok(axum::Json(Transferred { gates, suspended: given.suspended }))
}

/// Gives a device away, for the app and the console alike.
pub(crate) async fn give(
    api: &Api,
    address: IpAddr,
    caller: &Caller,
    id: &str,
    body: &Transfer,
) -> Result<store::Transferred, Problem> {
    let (id, to) = (device(id)?, phone(api, &body.phone, body.country.as_deref())?);
    let gates: Result<Vec<_>, _> = body.gates.iter().map(|gate| GateId::parse(gate)).collect();
    let gates = gates.map_err(|error| Problem::field("gates", error))?;
    // What cannot be undone waits a day after a sign-in, as a change of number does.
    api.store.logins().may_take_over(caller.session, api.now()).await??;
    api.limits.may_guess(address)?;
    let given = caller.store.devices().transfer(caller.user, id, to, gates, api.now()).await?;
    if given == Err(TransferRefusal::UserNotFound) {
        api.limits.guessed_wrong(address);
    }
    Ok(given?)
}
