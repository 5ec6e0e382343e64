//! One webhook: how it does, a message to try it out, a new secret, what it was not told, its end.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::confirm::Confirm;
use super::done::Done;
use super::owner::Owner;
use super::story::words_of;
use super::webhook_new::Once;
use super::webhooks::{Shown, why_not};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Path, Query};
use crate::caller::Caller;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Moment, Screen, Words, filters};
use crate::webhooks::test::Tried;
use crate::webhooks::{dead, end, endpoint, rotate, test};

#[derive(Template)]
#[template(path = "console/webhook.html")]
pub(super) struct Webhook {
    hook: Shown,
    /// What it was not told in the end.
    untold: Vec<(&'static str, Moment)>,
    /// What came of a trial or another press.
    news: Option<Words>,
    wrong: Option<Words>,
    done: Option<Words>,
}

/// `GET /console/webhooks/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Screen<Webhook>, Problem> {
    let page = look(&api, &caller, &id).await?;
    Ok(Screen(Webhook { done: done.words(), ..page }))
}

/// `POST /console/webhooks/{id}/test`: one message now; the page says what came of it.
pub(super) async fn try_out(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let tried = test::ask(&api, &caller, &id).await;
    let page = look(&api, &caller, &id).await?;
    Ok(match tried {
        Ok(tried) => Screen(page.telling(&tried)).into_response(),
        Err(problem) => {
            let is_enough = problem.code == Code::TooManyRequests;
            let wrong = if is_enough { Words::of("hook-test-enough") } else { (&problem).into() };
            pages::told_by(problem, Screen(Webhook { wrong: Some(wrong), ..page }))
        }
    })
}

/// `POST /console/webhooks/{id}/dead`: tells all that was given up from the beginning.
pub(super) async fn tell_again(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Redirect, Problem> {
    dead::ask(&api, &caller, &id).await?;
    Ok(Redirect::to(&format!("/console/webhooks/{id}?done=hook_revived")))
}

/// `GET /console/webhooks/{id}/secret`.
pub(super) async fn ask_to_rotate(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Confirm, Problem> {
    endpoint(&api, &caller, &id).await?;
    Ok(question("hook-rotate", "hook-rotate-button", false, &id, "secret"))
}

/// `POST /console/webhooks/{id}/secret`: shows the new one, once.
pub(super) async fn rotate(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Once>, Problem> {
    let secret = rotate::ask(&api, &caller, &id).await?;
    Ok(Screen(Once { id, said: "hook-rotated", secret }))
}

/// `GET /console/webhooks/{id}/delete`.
pub(super) async fn ask_to_end(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Confirm, Problem> {
    endpoint(&api, &caller, &id).await?;
    Ok(question("hook-end", "delete-button", true, &id, "delete"))
}

/// `POST /console/webhooks/{id}/delete`.
pub(super) async fn end(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Redirect, Problem> {
    end::ask(&api, &caller, &id).await?;
    Ok(Redirect::to("/console/webhooks?done=hook_ended"))
}

async fn look(api: &Api, caller: &Caller, id: &str) -> Result<Webhook, Problem> {
    let (webhooks, now) = (api.store.webhooks(), api.now());
    let id = endpoint(api, caller, id).await?.id;
    let all = webhooks.of(caller.user, now).await?;
    let health = all.iter().find(|health| health.endpoint.id == id);
    let hook = Shown::of(health.ok_or(Problem::from(Code::NotFound))?);
    let untold = webhooks.dead(caller.user, id).await?;
    let untold = untold.iter().map(|event| (words_of(&event.kind), Moment::new(event.at, "UTC")));
    Ok(Webhook { hook, untold: untold.collect(), news: None, wrong: None, done: None })
}

fn question(
    question: &'static str,
    button: &'static str,
    is_danger: bool,
    id: &str,
    action: &str,
) -> Confirm {
    let hook = format!("/console/webhooks/{id}");
    Confirm {
        question: Words::of(question),
        button: Words::of(button),
        is_danger,
        action: format!("{hook}/{action}"),
        key: None,
        back: hook,
        wrong: None,
    }
}

impl Webhook {
    /// The same, with what came of a trial.
    fn telling(self, tried: &Tried) -> Self {
        let took = u32::try_from(tried.took_ms.unwrap_or(0)).unwrap_or(u32::MAX);
        match (tried.status, tried.problem) {
            (Some(status @ 200..=299), _) => {
                let news = Words::of("hook-test-taken").with("status", status.to_string());
                Self { news: Some(news.count("ms", took)), ..self }
            }
            (Some(status), _) => {
                Self { wrong: Some(why_not(&format!("answered {status}"))), ..self }
            }
            (None, why) => Self { wrong: Some(why_not(why.unwrap_or_default())), ..self },
        }
    }
}
