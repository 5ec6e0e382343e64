//! `POST /enter` and `POST /exit`: a press of the button.
//!
//! What a browser gets as a page, a program that accepts JSON gets as the attempt or the problem.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::BASE64URL_NOPAD;
use domain::access_code::{ATTEMPT_WINDOW, Refusal};
use domain::secret::{LinkToken, Reference};
use domain::{Attempt, IntercomId, Leg, Passcode, Timestamp};
use serde::Deserialize;
use serde_json::json;
use store::{GuestPass, Redeem, Refused, crash_point};

use super::cookie::{self, Kept};
use super::link::{known, path_of};
use super::page::{self, Call, Greeting, Live, Page, Refresh, Trouble};
use super::words;
use super::{ticket, unknown};
use crate::answers::{Code, Problem};
use crate::body::Form;
use crate::caller::From;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Words};
use crate::{Api, wire};

/// What the form at the board sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    ticket: String,
    /// The pass whose page this is; programs may leave it out.
    pass: Option<String>,
    reference: Option<String>,
}

/// What the form on the pass sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exit {
    #[serde(default)]
    code: String,
    #[serde(default)]
    key: String,
    /// The pass whose page this is; programs may leave it out.
    pass: Option<String>,
}

/// Asks for the gate on the way in.
pub(super) async fn enter(
    site: Result<SameSite, Problem>,
    State(api): State<Api>,
    From(address): From,
    Kept(kept): Kept,
    headers: HeaderMap,
    body: Result<Form<Entry>, Problem>,
) -> Response {
    let opening = async {
        site?;
        let Form(typed) = body?;
        way_in(&api, address, kept, typed).await
    };
    told(&api, &headers, opening.await)
}

/// Asks for the gate on the way out; the board is outside, so it need not be scanned (X16).
pub(super) async fn exit(
    site: Result<SameSite, Problem>,
    State(api): State<Api>,
    From(address): From,
    Kept(kept): Kept,
    headers: HeaderMap,
    body: Result<Form<Exit>, Problem>,
) -> Response {
    let opening = async {
        site?;
        let Form(typed) = body?;
        way_out(&api, address, kept, typed).await
    };
    told(&api, &headers, opening.await)
}

async fn way_in(
    api: &Api,
    address: IpAddr,
    kept: Option<LinkToken>,
    typed: Entry,
) -> Result<Opening, Trouble> {
    let now = api.now();
    let scanned = ticket::read(&api.ticket_key, &typed.ticket, now);
    let form = page::Form::at_board(api, typed.pass.clone(), typed.ticket, typed.reference.clone());
    let is_kept = typed.reference.is_none();
    let link = match typed.reference.map(|reference| Reference::parse(&reference)) {
        None => kept,
        Some(Ok(reference)) => Some(referred_to(api, address, &reference, scanned, now).await?),
        Some(Err(invalid)) => {
            let problem = Problem::field("reference", invalid);
            return Err(again(problem, Words::of("guest-not-a-reference"), form));
        }
    };
    let Some(link) = link else {
        let problem = Problem::field("reference", "is required without the link's cookie");
        return Err(again(problem, Words::of("guest-type-reference"), form.with_reference()));
    };
    let seen = its_pass(api, address, &link, typed.pass.as_deref(), now).await?;
    let digits = digits(&typed.code, &form)?;
    let key = key(&typed.key)?;
    let press = Press { leg: Leg::Entry, link, is_kept, seen, digits, scanned, key, form };
    press.opens(api, address, now).await
}

async fn way_out(
    api: &Api,
    address: IpAddr,
    kept: Option<LinkToken>,
    typed: Exit,
) -> Result<Opening, Trouble> {
    let now = api.now();
    let link = kept.ok_or(Code::NotFound)?;
    let seen = its_pass(api, address, &link, typed.pass.as_deref(), now).await?;
    let form = page::Form::new(api, Leg::Exit, typed.pass);
    let digits = digits(&typed.code, &form)?;
    let key = key(&typed.key)?;
    let (leg, is_kept, scanned) = (Leg::Exit, true, None);
    let press = Press { leg, link, is_kept, seen, digits, scanned, key, form };
    press.opens(api, address, now).await
}

/// Refuses a link that nobody knows before anything is written, and a form of another pass: one
/// phone may have opened two, and its cookie is the latest one's.
async fn its_pass(
    api: &Api,
    address: IpAddr,
    link: &LinkToken,
    named: Option<&str>,
    now: Timestamp,
) -> Result<GuestPass, Trouble> {
    let seen = known(api, address, link, now).await?;
    if named.is_some_and(|named| named != seen.pass.code.id.to_string()) {
        return Err(Trouble::new(Code::NotFound, Page::saying(Words::of("guest-another-pass"))));
    }
    Ok(seen)
}

/// The link behind a reference, at the board that was scanned.
async fn referred_to(
    api: &Api,
    address: IpAddr,
    reference: &Reference,
    scanned: Option<IntercomId>,
    now: Timestamp,
) -> Result<LinkToken, Trouble> {
    // Short enough to be guessed, so nobody over budget gets a look.
    api.limits.may_guess(address)?;
    let Some(intercom) = scanned else {
        let said = words::refused(Refusal::ScanRequired, Leg::Entry, now);
        return Err(Trouble::new(Refusal::ScanRequired, Page::saying(said)));
    };
    let link = api.store.redemptions().link_for(reference, intercom).await?;
    link.ok_or_else(|| unknown(api, address))
}

/// One press of the button, fully read.
struct Press {
    leg: Leg,
    link: LinkToken,
    /// Whether the browser has the link; whoever has only a reference is not led to the pass.
    is_kept: bool,
    /// The pass as it stood before the press.
    seen: GuestPass,
    digits: Passcode,
    scanned: Option<IntercomId>,
    key: String,
    /// The same form, for the next press.
    form: page::Form,
}

/// A gate was asked to open.
struct Opening {
    attempt: Attempt,
    link: LinkToken,
    now: Timestamp,
}

impl Press {
    async fn opens(self, api: &Api, address: IpAddr, now: Timestamp) -> Result<Opening, Trouble> {
        let redeem = Redeem {
            link: self.link.clone(),
            leg: self.leg,
            typed: self.digits.clone(),
            scanned: self.scanned,
            key: self.key.clone(),
        };
        let answer = api.store.redemptions().redeem(redeem, now).await?;
        crash_point("redeemed");
        match answer {
            Ok(attempt) => {
                api.store.attempts().was_seen(&attempt, api.now());
                Ok(Opening { attempt, link: self.link, now })
            }
            Err(Refused::UnknownLink) => Err(unknown(api, address)),
            Err(Refused::Rule(refusal)) => Err(self.refused(refusal, now)),
        }
    }

    fn refused(self, refusal: Refusal, now: Timestamp) -> Trouble {
        let mut problem = Problem::from(refusal);
        if refusal == Refusal::TooManyAttempts {
            problem = problem.retry_after(ATTEMPT_WINDOW);
        }
        let pass = self.is_kept.then(|| path_of(&self.link));
        let opens_already = refusal == Refusal::AlreadyOpening;
        let from = pass.clone().filter(|_| opens_already);
        let needs_host = self.is_kept && needs_the_host(refusal);
        let call = || Call::to_host(&self.seen, &self.link, true, now);
        let page = Page {
            refresh: from.map(|pass| Refresh { seconds: 2, from: Some(pass) }),
            pass,
            greeting: self.is_kept.then(|| Greeting::of(&self.seen)),
            scan: must_scan(refusal),
            call: needs_host.then(call).flatten(),
            live: Live::of(&self.seen, now).filter(|_| self.is_kept),
            form: may_try_again(refusal).then_some(self.form),
            ..Page::saying(words::refused(refusal, self.leg, now))
        };
        Trouble::new(problem, page)
    }
}

/// Whether the same form can help.
fn may_try_again(refusal: Refusal) -> bool {
    match refusal {
        Refusal::WrongCode { tries_left } => 0 < tries_left,
        Refusal::Wait { .. }
        | Refusal::GateOffline
        | Refusal::Suspended
        | Refusal::TooManyAttempts => true,
        Refusal::Revoked
        | Refusal::Expired
        | Refusal::Used
        | Refusal::NotEnteredYet
        | Refusal::AlreadyOpening
        | Refusal::ScanRequired
        | Refusal::WrongIntercom
        | Refusal::LinkLocked => false,
    }
}

/// Whether another scan can help.
fn must_scan(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::ScanRequired | Refusal::WrongIntercom)
}

/// Whether only the host can help.
fn needs_the_host(refusal: Refusal) -> bool {
    match refusal {
        Refusal::Revoked
        | Refusal::Expired
        | Refusal::LinkLocked
        | Refusal::WrongCode { tries_left: 0 }
        | Refusal::TooManyAttempts
        | Refusal::GateOffline
        | Refusal::Suspended => true,
        Refusal::Used
        | Refusal::NotEnteredYet
        | Refusal::AlreadyOpening
        | Refusal::ScanRequired
        | Refusal::WrongIntercom
        | Refusal::Wait { .. }
        | Refusal::WrongCode { .. } => false,
    }
}

fn digits(code: &str, form: &page::Form) -> Result<Passcode, Trouble> {
    Passcode::parse(code.trim()).map_err(|invalid| {
        again(Problem::field("code", invalid), Words::of("guest-not-four-digits"), form.clone())
    })
}

/// The key of a form of ours; the guest never sees it, so only programs can get it wrong.
fn key(text: &str) -> Result<String, Problem> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
    if bytes.len() == 16 {
        Ok(text.to_owned())
    } else {
        Err(Problem::field("key", "expected 16 random bytes in base64url"))
    }
}

fn again(problem: Problem, said: Words, form: page::Form) -> Trouble {
    Trouble::new(problem, Page { form: Some(form), ..Page::saying(said) })
}

/// Tells a program or a guest what became of a press.
fn told(api: &Api, headers: &HeaderMap, opening: Result<Opening, Trouble>) -> Response {
    let wants_json = wants_json(headers);
    match opening {
        Ok(Opening { attempt, link, now }) if wants_json => {
            let attempt = json!({ "attempt": wire::AttemptBody::of(&attempt, now) });
            let kept = cookie::keep(api, &link);
            (StatusCode::ACCEPTED, kept, axum::Json(attempt)).into_response()
        }
        Ok(Opening { link, .. }) => {
            (cookie::keep(api, &link), Redirect::to(&path_of(&link))).into_response()
        }
        Err(trouble) if wants_json => trouble.problem.into_response(),
        Err(trouble) => trouble.into_response(),
    }
}

/// Browsers accept pages, whatever else they accept.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    !pages::are_accepted(headers)
        && accept.is_some_and(|accept| accept.contains("application/json"))
}
