//! One Time Access Settings: five rows, saved together.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::UserId;
use domain::settings::{ExitGate, ExitGrace, InviteDuration, MaxUsers};
use serde::Deserialize;
use store::{Device, SavedSettings};

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{Form, Path, device};
use crate::caller::Caller;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};
use crate::settings::own_gates;
use crate::settings::replace::chosen;
use crate::wire::SAME_AS_ENTRY;

#[derive(Template)]
#[template(path = "console/settings.html")]
struct Page {
    id: String,
    place: String,
    /// Raised by each save; whoever saves over another one's is refused (O-4d).
    version: u64,
    wrong: Wrong,
    rows: [Row; 5],
    /// Without a gate there is nothing to save (O-4b).
    has_gates: bool,
}

/// One setting.
struct Row {
    /// Its name in the form.
    field: &'static str,
    /// Its label; the note says what it means.
    words: Words,
    /// From when on a change holds (X2).
    applies: Words,
    choices: Vec<Choice>,
    /// What somebody else saved meanwhile, where it is not what is chosen here.
    saved: Option<Words>,
}

/// What can be chosen.
struct Choice {
    value: String,
    words: Words,
    is_chosen: bool,
}

/// The five rows as a form carries them.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    #[serde(default)]
    entry_gate: String,
    #[serde(default)]
    exit_gate: String,
    #[serde(default)]
    max_active_codes: u32,
    #[serde(default)]
    invite_duration_hours: u32,
    #[serde(default)]
    exit_grace_minutes: u32,
    #[serde(default)]
    version: u64,
}

/// `GET /console/intercoms/{id}/settings`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let place = look(&api, caller.user, &id).await?;
    let page = place.page(&place.saved(), Wrong::default());
    Ok(Screen(page).into_response())
}

/// `POST /console/intercoms/{id}/settings`.
pub(super) async fn save(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Form(form): Form<Chosen>,
) -> Result<Response, Problem> {
    let Err(problem) = replace(&api, &caller, &id, &form).await else {
        let details = format!("/console/devices/{id}?done=saved");
        return Ok(Redirect::to(&details).into_response());
    };
    let place = look(&api, caller.user, &id).await?;
    let page = place.page(&form, Wrong::from(&problem));
    Ok(pages::told_by(problem, Screen(page)))
}

async fn replace(api: &Api, caller: &Caller, id: &str, form: &Chosen) -> Result<(), Problem> {
    let settings = chosen(
        &form.entry_gate,
        &form.exit_gate,
        form.max_active_codes,
        form.invite_duration_hours,
        form.exit_grace_minutes,
    )?;
    let intercoms = caller.store.intercoms();
    let saved = intercoms.save(caller.user, device(id)?, settings, form.version, api.now()).await?;
    saved.map(drop).map_err(Problem::from)
}

/// An intercom with what is saved for it, and the gates that may be set.
struct Place {
    id: String,
    name: String,
    saved: Option<SavedSettings>,
    gates: Vec<Device>,
}

async fn look(api: &Api, user: UserId, id: &str) -> Result<Place, Problem> {
    let id = device(id)?;
    let saved = api.store.intercoms().settings(user, id.clone(), api.now()).await??;
    let intercom = api.store.devices().details(user, id.clone(), api.now()).await??;
    let name = intercom.name.as_str().to_owned();
    Ok(Place { id, name, saved, gates: own_gates(api, user).await? })
}

impl Place {
    /// What is saved, or what would be unless chosen otherwise.
    fn saved(&self) -> Chosen {
        let settings = self.saved.map(|saved| saved.settings);
        let entry_gate = settings.map(|settings| settings.entry_gate.to_string());
        let exit_gate = match settings.map(|settings| settings.exit_gate) {
            None | Some(ExitGate::SameAsEntry) => SAME_AS_ENTRY.to_owned(),
            Some(ExitGate::Gate(gate)) => gate.to_string(),
        };
        let max_users = settings.map_or_else(MaxUsers::default, |settings| settings.max_users);
        let duration = settings.map_or_else(InviteDuration::default, |set| set.invite_duration);
        let grace = settings.map_or_else(ExitGrace::default, |set| set.exit_grace);
        Chosen {
            entry_gate: entry_gate.unwrap_or_default(),
            exit_gate,
            max_active_codes: max_users.codes(),
            invite_duration_hours: duration.hours().into(),
            exit_grace_minutes: grace.minutes().into(),
            version: self.saved.map_or(0, |saved| saved.version),
        }
    }

    /// The page with these rows; each that differs from what somebody saved meanwhile says so.
    fn page(&self, form: &Chosen, wrong: Wrong) -> Page {
        let saved = self.saved();
        let is_stale = form.version != saved.version;
        let rows = [
            (Row::entry(&self.gates, &form.entry_gate), Row::entry(&self.gates, &saved.entry_gate)),
            (Row::exit(&self.gates, &form.exit_gate), Row::exit(&self.gates, &saved.exit_gate)),
            (Row::max_users(form.max_active_codes), Row::max_users(saved.max_active_codes)),
            (Row::duration(form.invite_duration_hours), Row::duration(saved.invite_duration_hours)),
            (Row::grace(form.exit_grace_minutes), Row::grace(saved.exit_grace_minutes)),
        ];
        Page {
            id: self.id.clone(),
            place: self.name.clone(),
            version: saved.version,
            wrong,
            rows: rows.map(|(chosen, saved)| if is_stale { chosen.beside(&saved) } else { chosen }),
            has_gates: !self.gates.is_empty(),
        }
    }
}

impl Row {
    fn entry(gates: &[Device], chosen: &str) -> Self {
        let gates = gates.iter().map(|gate| Choice::gate(gate, chosen)).collect();
        Self::new("entry_gate", "setting-entry-gate", "setting-applies-now", gates)
    }

    fn exit(gates: &[Device], chosen: &str) -> Self {
        let same = Choice {
            value: SAME_AS_ENTRY.to_owned(),
            words: Words::of("setting-same-as-entry"),
            is_chosen: chosen == SAME_AS_ENTRY,
        };
        let gates = gates.iter().map(|gate| Choice::gate(gate, chosen));
        let choices = std::iter::once(same).chain(gates).collect();
        Self::new("exit_gate", "setting-exit-gate", "setting-applies-now", choices)
    }

    fn max_users(chosen: u32) -> Self {
        let offered = MaxUsers::OFFERED.into_iter().map(|codes| Choice {
            value: codes.to_string(),
            words: Words::of("setting-codes").count("codes", codes),
            is_chosen: u32::from(codes) == chosen,
        });
        let choices = offered.collect();
        Self::new("max_active_codes", "setting-max-users", "setting-applies-to-new", choices)
    }

    fn duration(chosen: u32) -> Self {
        let offered = (InviteDuration::MIN_HOURS..=InviteDuration::MAX_HOURS).map(|hours| Choice {
            value: hours.to_string(),
            words: Words::of("setting-hours").count("hours", hours),
            is_chosen: u32::from(hours) == chosen,
        });
        let choices = offered.collect();
        Self::new("invite_duration_hours", "setting-duration", "setting-applies-to-new", choices)
    }

    fn grace(chosen: u32) -> Self {
        let offered = ExitGrace::OFFERED_MINUTES.into_iter().map(|minutes| Choice {
            value: minutes.to_string(),
            words: Words::of("setting-minutes").count("minutes", minutes),
            is_chosen: u32::from(minutes) == chosen,
        });
        let choices = offered.collect();
        Self::new("exit_grace_minutes", "setting-grace", "setting-applies-to-new", choices)
    }

    fn new(
        field: &'static str,
        words: &'static str,
        applies: &'static str,
        choices: Vec<Choice>,
    ) -> Self {
        let (words, applies) = (Words::of(words), Words::of(applies));
        Self { field, words, applies, choices, saved: None }
    }

    fn beside(self, saved: &Self) -> Self {
        let theirs = saved
            .choice()
            .filter(|theirs| self.choice().is_none_or(|mine| mine.value != theirs.value));
        let saved = theirs.map(|theirs| theirs.words.clone());
        Self { saved, ..self }
    }

    /// What is chosen; nothing at first, and when a gate is on the account no more.
    fn choice(&self) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.is_chosen)
    }
}

impl Choice {
    fn gate(gate: &Device, chosen: &str) -> Self {
        let value = gate.kind.id();
        let is_chosen = value == chosen;
        Self { words: Words::of("setting-gate").with("name", gate.name.as_str()), value, is_chosen }
    }
}
