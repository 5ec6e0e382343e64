//! The audit of an intercom: whether its story is as it was written, and all of it to keep.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use domain::IntercomId;
use domain::permission::Act;
use futures_util::stream;
use serde_json::Value;
use store::{Checkpoint, How, Store, Verdict, Wrong};
use tokio::sync::Semaphore;

use super::owner::Owner;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::audit;
use crate::body::{Path, segment};
use crate::caller::Caller;
use crate::pages::{Moment, Screen, Words, filters};

/// How many chains are read at once.
static CHAINS: Semaphore = Semaphore::const_new(1);

#[derive(Template)]
#[template(path = "console/audit.html")]
pub(super) struct Audit {
    id: String,
    place: String,
    verdict: Words,
    is_good: bool,
    last: Option<Signed>,
}

/// How far the service signed it.
struct Signed {
    entries: i64,
    at: Moment,
    link: String,
    kid: String,
    sig: String,
}

/// An intercom of the reader's.
struct Place {
    id: IntercomId,
    name: String,
    zone: String,
}

/// How a story is written down.
#[derive(Clone, Copy)]
enum Kind {
    Lines,
    Table,
}

/// `GET /console/intercoms/{id}/audit`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Screen<Audit>, Problem> {
    let Place { id, name, zone } = look(&api, &caller, &id).await?;
    let keys = api.gate_welcome.command_keys.clone();
    let signed = move |checkpoint: &Checkpoint| audit::is_signed(&keys, checkpoint);
    // Reading a long chain keeps a connection; gates and guests need the others.
    let one_at_a_time = CHAINS.acquire().await.map_err(|_| Problem::from(Code::Internal))?;
    let verdict = api.store.events().verify(Some(id), signed).await?;
    drop(one_at_a_time);
    let last = api.store.events().checkpoints(Some(id)).await?.pop();
    Ok(Screen(Audit {
        id: id.to_string(),
        place: name,
        is_good: verdict.wrong.is_none(),
        verdict: told(&verdict),
        last: last.map(|Checkpoint { head, kid, sig }| Signed {
            entries: head.chain.entries,
            at: Moment::new(head.at, &zone),
            link: HEXLOWER.encode(&head.chain.head),
            kid,
            sig,
        }),
    }))
}

/// `GET /console/intercoms/{id}/audit.ndjson`: one JSON object a line.
pub(super) async fn lines(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let place = look(&api, &caller, &id).await?;
    Ok(written(&api.store, place.id, Kind::Lines))
}

/// `GET /console/intercoms/{id}/audit.csv`: a table.
pub(super) async fn table(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let place = look(&api, &caller, &id).await?;
    Ok(written(&api.store, place.id, Kind::Table))
}

async fn look(api: &Api, caller: &Caller, id: &str) -> Result<Place, Problem> {
    let id = segment(IntercomId::parse(id))?;
    let device = api.store.devices().details(caller.user, id.to_string(), api.now()).await??;
    device.role.may(Act::Manage)?;
    // Each of these reads all of it.
    api.limits.audit(caller.user)?;
    Ok(Place { id, name: device.name.as_str().to_owned(), zone: device.time_zone })
}

fn told(verdict: &Verdict) -> Words {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let Some(Wrong { entry, how, .. }) = &verdict.wrong else {
        let signed = u32::try_from(verdict.checkpoints).unwrap_or(u32::MAX);
        let words = Words::of("audit-good").count("entries", count(verdict.entries));
        return words.count("signed", signed);
    };
    let how = match how {
        How::Missing => "missing",
        How::Changed => "changed",
        How::NotAsSigned => "not-as-signed",
        How::Unsigned => "unsigned",
    };
    Words::of("audit-bad").count("entry", count(*entry)).with("how", how)
}

/// How far writing has come.
enum Step {
    Begin,
    Behind(i64),
    End,
}

/// Writes a story page by page as its reader takes it: its entries, then the checkpoints that are
/// about them. A fault on the way breaks the answer off.
fn written(store: &Store, intercom: IntercomId, kind: Kind) -> Response {
    let store = store.clone();
    let pages = stream::try_unfold(Step::Begin, move |step| {
        let store = store.clone();
        async move {
            let (text, next) = match step {
                Step::Begin => (kind.header(), Step::Behind(0)),
                Step::Behind(behind) => page(&store, intercom, behind, kind).await?,
                Step::End => return Ok::<_, store::Fault>(None),
            };
            Ok(Some((text, next)))
        }
    });
    let (name, mime) = match kind {
        Kind::Lines => (format!("{intercom}.ndjson"), "application/x-ndjson"),
        Kind::Table => (format!("{intercom}.csv"), "text/csv; charset=utf-8"),
    };
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, Body::from_stream(pages)).into_response()
}

async fn page(
    store: &Store,
    intercom: IntercomId,
    behind: i64,
    kind: Kind,
) -> store::Result<(String, Step)> {
    let events = store.events();
    let entries = events.entries(Some(intercom), behind).await?;
    let Some(last) = entries.last() else {
        let checkpoints = events.checkpoints(Some(intercom)).await?;
        // What was signed meanwhile is about entries that are not in here.
        let known = checkpoints.iter().filter(|one| one.head.chain.entries <= behind);
        return Ok((known.map(|one| kind.line(&audit::checkpoint(one))).collect(), Step::End));
    };
    let text = entries.iter().map(|entry| kind.line(&audit::entry(entry))).collect();
    Ok((text, Step::Behind(last.number)))
}

impl Kind {
    fn header(self) -> String {
        match self {
            Self::Lines => String::new(),
            Self::Table => audit::header(),
        }
    }

    fn line(self, line: &Value) -> String {
        match self {
            Self::Lines => format!("{line}\n"),
            Self::Table => audit::row(line),
        }
    }
}
