//! API keys: made for the owner's other systems, shown once, listed with their last use, revoked.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ApiKeyId;
use domain::permission::Act;

use super::proof::Next;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::api_keys::make::ask;
use crate::api_keys::{Verb, revoke};
use crate::body::{Form, Path, Query, segment};
use crate::console::confirm::Confirm;
use crate::console::done::Done;
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Moment, Screen, Words, Wrong, filters};

/// All keys.
#[derive(Template)]
#[template(path = "console/keys.html")]
pub(in crate::console) struct Keys {
    keys: Vec<Shown>,
    done: Option<Words>,
}

/// A key as a line of the list.
struct Shown {
    id: String,
    name: String,
    verbs: Vec<Words>,
    /// Their names.
    devices: Vec<String>,
    used_at: Option<Moment>,
}

/// What a new key is for.
#[derive(Template)]
#[template(path = "console/new_key.html")]
struct NewKey {
    name: String,
    verbs: Vec<Choice>,
    devices: Vec<Choice>,
    wrong: Wrong,
}

/// Something that can be ticked.
struct Choice {
    value: String,
    words: Words,
    is_ticked: bool,
}

/// A new key, shown once.
#[derive(Template)]
#[template(path = "console/made_key.html")]
struct MadeKey {
    name: String,
    key: String,
}

/// What the form sends: `name`, and `verb` and `device` once for each that is ticked.
type Ticked = Vec<(String, String)>;

/// Each verb with its word in forms and its message.
const VERBS: [(Verb, &str, &str); 5] = [
    (Verb::List, "list", "key-verb-list"),
    (Verb::Status, "status", "key-verb-status"),
    (Verb::Logs, "logs", "key-verb-logs"),
    (Verb::Trigger, "trigger", "key-verb-trigger"),
    (Verb::Access, "access", "key-verb-access"),
];

/// `GET /console/account/keys`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Query(done): Query<Done>,
) -> Result<Screen<Keys>, Problem> {
    let devices = api.store.devices().of(caller.user, api.now()).await?;
    let name_of = |id: &String| {
        let device = devices.iter().find(|device| device.kind.id() == *id);
        device.map(|device| device.name.as_str().to_owned())
    };
    let keys = api.store.api_keys().of(caller.user).await?;
    let keys = keys.iter().map(|key| Shown {
        id: key.id.to_string(),
        name: key.name.as_str().to_owned(),
        verbs: key.verbs.iter().map(|verb| words_of(verb.into())).collect(),
        devices: key.devices.iter().filter_map(name_of).collect(),
        used_at: key.used_at.map(|at| Moment::new(at, "UTC")),
    });
    Ok(Screen(Keys { keys: keys.collect(), done: done.words() }))
}

/// `GET /console/account/keys/new`.
pub(in crate::console) async fn ask_new(
    State(api): State<Api>,
    Owner(caller): Owner,
) -> Result<Response, Problem> {
    if caller.session.must_be_stepped_up(api.now()).is_err() {
        return Ok(Next::Key.proof().into_response());
    }
    let page = form(&api, &caller, &Vec::new(), Wrong::default()).await?;
    Ok(Screen(page).into_response())
}

/// `POST /console/account/keys/new`: makes the key and shows it.
pub(in crate::console) async fn make(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Form(ticked): Form<Ticked>,
) -> Result<Response, Problem> {
    let all = |field: &str| {
        let of = ticked.iter().filter(|(name, _)| name == field);
        of.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let name = all("name").pop().unwrap_or_default();
    let is_ticked = |word: &str| all("verb").iter().any(|verb| verb == word);
    let verbs = VERBS.iter().filter(|(_, word, _)| is_ticked(word)).map(|(verb, ..)| *verb);
    match ask(&api, &caller, &name, verbs.collect(), &all("device")).await {
        Ok((made, token)) => {
            let (name, key) = (made.name.as_str().to_owned(), token.reveal());
            Ok(Screen(MadeKey { name, key }).into_response())
        }
        Err(problem) if problem.code == Code::StepUpNeeded => Ok(Next::Key.proof().into_response()),
        Err(problem) => {
            let page = form(&api, &caller, &ticked, Wrong::from(&problem)).await?;
            Ok(pages::told_by(problem, Screen(page)))
        }
    }
}

/// `GET /console/account/keys/{id}/revoke`.
pub(in crate::console) async fn ask_revoke(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Confirm, Problem> {
    let id = segment(ApiKeyId::parse(&id))?;
    let keys = api.store.api_keys().of(caller.user).await?;
    let key = keys.iter().find(|key| key.id == id).ok_or(Problem::from(Code::NotFound))?;
    Ok(Confirm {
        question: Words::of("key-revoke").with("name", key.name.as_str()),
        button: Words::of("key-revoke-button"),
        is_danger: true,
        action: format!("/console/account/keys/{id}/revoke"),
        key: None,
        back: "/console/account/keys".to_owned(),
        wrong: None,
    })
}

/// `POST /console/account/keys/{id}/revoke`.
pub(in crate::console) async fn revoke(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Redirect, Problem> {
    revoke::ask(&api, &caller, &id).await?;
    Ok(Redirect::to("/console/account/keys?done=key_revoked"))
}

async fn form(
    api: &Api,
    caller: &crate::caller::Caller,
    ticked: &Ticked,
    wrong: Wrong,
) -> Result<NewKey, Problem> {
    let is_ticked = |field: &str, value: &str| {
        ticked.iter().any(|(name, chosen)| name == field && chosen == value)
    };
    let devices = api.store.devices().of(caller.user, api.now()).await?;
    let own = devices.iter().filter(|device| device.role.may(Act::Manage).is_ok());
    let devices = own.map(|device| {
        let value = device.kind.id();
        let words = Words::of("key-device").with("name", device.name.as_str());
        Choice { is_ticked: is_ticked("device", &value), words, value }
    });
    let verbs = VERBS.iter().map(|(verb, word, _)| Choice {
        value: (*word).to_owned(),
        words: words_of(*verb),
        is_ticked: is_ticked("verb", word),
    });
    let name = ticked.iter().find(|(name, _)| name == "name");
    Ok(NewKey {
        name: name.map(|(_, name)| name.clone()).unwrap_or_default(),
        verbs: verbs.collect(),
        devices: devices.collect(),
        wrong,
    })
}

fn words_of(verb: Verb) -> Words {
    let row = VERBS.iter().find(|(other, ..)| *other == verb);
    Words::of(row.map_or("key-verb-list", |(.., words)| words))
}
