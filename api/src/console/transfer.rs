//! Gives a device to another owner: to whom, what goes along, and the question whether that is
//! meant; before it all, a fresh pin.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::permission::Act;
use domain::{Leg, Timestamp};
use serde::Deserialize;
use store::{Device, NumberRefusal};

use super::account::proof::Next;
use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{self, Form, Path};
use crate::caller::{Caller, From as Address};
use crate::devices::transfer::{Transfer, give};
use crate::login::begin::phone;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Moment, Screen, Words, Wrong, filters};
use crate::settings::own_gates;

/// To whom, and what goes along.
#[derive(Template)]
#[template(path = "console/transfer.html")]
struct Page {
    device: Shown,
    typed: Typed,
    wrong: Wrong,
    /// Said instead of the form, so soon after a sign-in.
    held: Option<Words>,
}

/// Whether that is meant.
#[derive(Template)]
#[template(path = "console/transfer_sure.html")]
struct Sure {
    device: Shown,
    typed: Typed,
    to: String,
}

/// A device of the owner's.
struct Shown {
    id: String,
    name: String,
    is_intercom: bool,
    /// The gates of its settings that may go along.
    gates: Vec<Gate>,
}

/// A gate that may go along.
struct Gate {
    /// Its name in the form.
    field: &'static str,
    id: String,
    name: String,
}

/// What the form sends; a box that is not ticked sends nothing.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    phone: String,
    entry_gate: Option<String>,
    exit_gate: Option<String>,
    /// The second page was answered.
    sure: Option<String>,
}

/// `GET /console/devices/{id}/transfer`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (device, zone) = look(&api, &caller, &id).await?;
    Ok(match may_give(&api, &caller).await? {
        Ok(()) => {
            let typed = Typed::with_all(&device);
            Screen(Page { device, typed, wrong: Wrong::default(), held: None }).into_response()
        }
        Err(refusal) => stopped(device, refusal, &zone),
    })
}

/// `POST /console/devices/{id}/transfer`: asks whether it is meant; when it is, does it.
pub(super) async fn transfer(
    _: SameSite,
    State(api): State<Api>,
    Address(address): Address,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let (device, zone) = look(&api, &caller, &id).await?;
    if let Err(refusal) = may_give(&api, &caller).await? {
        return Ok(stopped(device, refusal, &zone));
    }
    let to = match phone(&api, &typed.phone, None) {
        Ok(to) => to.reveal().to_owned(),
        Err(problem) => return Ok(again(device, typed, problem)),
    };
    if typed.sure.is_none() {
        return Ok(Screen(Sure { device, typed, to }).into_response());
    }
    let wish = Transfer { phone: to, country: None, gates: typed.gates() };
    Ok(match give(&api, address, &caller, &device.id, &wish).await {
        Ok(given) => {
            let done = match (given.suspended, device.is_intercom) {
                (0, _) => "given",
                (_, true) => "given_suspended",
                (_, false) => "given_gate_suspended",
            };
            Redirect::to(&format!("/console/devices/{}?done={done}", device.id)).into_response()
        }
        Err(problem) if problem.code == Code::StepUpNeeded => {
            Next::Transfer(device.id).proof().into_response()
        }
        Err(problem) => again(device, typed, problem),
    })
}

/// A device that its owner may give away, and its zone.
async fn look(api: &Api, caller: &Caller, id: &str) -> Result<(Shown, String), Problem> {
    let device = api.store.devices().details(caller.user, body::device(id)?, api.now()).await??;
    device.role.may(Act::Manage)?;
    let is_intercom = device.gate.is_none();
    let gates = if is_intercom { gates_of(api, caller, &device).await? } else { Vec::new() };
    let (id, name) = (device.kind.id(), device.name.as_str().to_owned());
    Ok((Shown { id, name, is_intercom, gates }, device.time_zone))
}

/// The gates that an intercom's settings name, of its owner's own.
async fn gates_of(api: &Api, caller: &Caller, intercom: &Device) -> Result<Vec<Gate>, Problem> {
    let saved =
        api.store.intercoms().settings(caller.user, intercom.kind.id(), api.now()).await??;
    let Some(saved) = saved else { return Ok(Vec::new()) };
    let own = own_gates(api, caller.user).await?;
    let mut gates: Vec<Gate> = Vec::new();
    for (field, leg) in [("entry_gate", Leg::Entry), ("exit_gate", Leg::Exit)] {
        let id = saved.settings.gate_for(leg).to_string();
        let gate = own.iter().find(|gate| gate.kind.id() == id);
        let Some(gate) = gate.filter(|_| gates.iter().all(|other| other.id != id)) else {
            continue;
        };
        gates.push(Gate { field, id, name: gate.name.as_str().to_owned() });
    }
    Ok(gates)
}

async fn may_give(api: &Api, caller: &Caller) -> Result<Result<(), NumberRefusal>, Problem> {
    Ok(api.store.logins().may_take_over(caller.session, api.now()).await?)
}

/// Leads to the fresh pin, or says from when on it can be done.
fn stopped(device: Shown, refusal: NumberRefusal, zone: &str) -> Response {
    let held = match refusal {
        NumberRefusal::StepUp(_) => return Next::Transfer(device.id).proof().into_response(),
        NumberRefusal::Held { until } => Some(held_until(until, zone)),
        NumberRefusal::Pin(_) | NumberRefusal::InUse => None,
    };
    let problem = Problem::from(refusal);
    let wrong = if held.is_some() { Wrong::default() } else { Wrong::from(&problem) };
    pages::told_by(problem, Screen(Page { device, typed: Typed::default(), wrong, held }))
}

fn held_until(until: Timestamp, zone: &str) -> Words {
    Words::of("transfer-held").at("at", Moment::new(until, zone))
}

/// The form once more, with what was typed.
fn again(device: Shown, typed: Typed, problem: Problem) -> Response {
    let is_of_phone = matches!(problem.code, Code::UserNotFound | Code::AlreadyTheirs);
    let wrong = if is_of_phone {
        Wrong::field("phone", Words::on(problem.code))
    } else {
        Wrong::from(&problem)
    };
    pages::told_by(problem, Screen(Page { device, typed, wrong, held: None }))
}

impl Typed {
    /// Nothing typed, and all gates going along: so codes open what they opened.
    fn with_all(device: &Shown) -> Self {
        let gate = |field| device.gates.iter().find(|gate| gate.field == field);
        let id = |field| gate(field).map(|gate| gate.id.clone());
        Self { entry_gate: id("entry_gate"), exit_gate: id("exit_gate"), ..Self::default() }
    }

    fn gates(&self) -> Vec<String> {
        [&self.entry_gate, &self.exit_gate].into_iter().flatten().cloned().collect()
    }

    /// Whether a gate goes along.
    fn takes(&self, gate: &Gate) -> bool {
        [&self.entry_gate, &self.exit_gate].into_iter().flatten().any(|id| *id == gate.id)
    }
}
