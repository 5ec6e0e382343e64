//! `POST /v1/devices/{id}/people/import`: shares a device with everybody on a list.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;

use domain::share::Share;
use serde::{Deserialize, Serialize};
use store::Imported;
use utoipa::{IntoParams, ToSchema};

use super::csv::{self, Said};
use super::{Typed, typed, yes};
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{Path, Query, device, is_of_type};
use crate::caller::Caller;

/// The most that a list may weigh.
pub(crate) const MAX_BYTES: usize = csv::MAX_BYTES;

/// What everybody on the list gets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Given {
    /// `full`, `tenant`, `always`, `repeat` or `temporary`; `always` unless given
    #[serde(default = "always")]
    pub(crate) r#type: String,
    /// For `repeat`: days of the week, like `monday,friday`
    #[serde(default)]
    pub(crate) days: String,
    /// For `repeat`, a time like `08:00` in the device's zone; for `temporary`, a moment, and now
    /// unless given
    pub(crate) from: Option<String>,
    /// The same; a time that is not after `from` is one of the next day
    pub(crate) until: Option<String>,
    /// Whether they may create, list and revoke one-time codes; off unless given
    #[serde(default)]
    pub(crate) one_time_access: bool,
    /// Whether they may open over Wi-Fi; on unless given
    #[serde(default = "yes")]
    pub(crate) wifi: bool,
    /// Whether only to look what would become of the list
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What became of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportedBody {
    /// Whether nothing was written
    pub(crate) dry_run: bool,
    pub(crate) added: u32,
    pub(crate) already_there: u32,
    pub(crate) duplicates: u32,
    pub(crate) bad: u32,
    /// All lines but empty ones, in their order
    pub(crate) lines: Vec<LineBody>,
}

/// What became of a line.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineBody {
    /// Its number, from 1 on
    pub(crate) line: u64,
    /// `header`, `added`, `already_there`, `duplicate` or `bad`
    pub(crate) result: &'static str,
    /// For `duplicate`: the line that has the same number
    pub(crate) duplicate_of: Option<u64>,
    /// For `bad`: what is not as expected: `name`, `phone`, `notes`, `columns` or `quotes`
    pub(crate) field: Option<&'static str>,
}

/// Shares a device with everybody on a list of names, phone numbers and notes: CSV in UTF-8, at
/// most 1,000 lines and 256 kB, a header is skipped. The owner and who has full access may. Good
/// lines are taken, all in one transaction; who has the device already keeps what they have.
#[utoipa::path(post, path = "/v1/devices/{id}/people/import", tag = "people",
    security(("session" = [])), params(("id" = String, Path), Given),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportedBody)))]
pub(crate) async fn import(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(given): Query<Given>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<axum::Json<ImportedBody>, Problem> {
    if !is_of_type(&headers, "text/csv") {
        return Err(Code::NotCsv.into());
    }
    let body = body.map_err(|error| crate::body::unread(&error))?;
    Ok(axum::Json(ask(&api, &caller, &id, &given, &body).await?))
}

/// Takes a list, or only looks at it.
pub(crate) async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    given: &Given,
    list: &[u8],
) -> Result<ImportedBody, Problem> {
    let (id, now) = (device(id)?, api.now());
    let access = Typed {
        r#type: &given.r#type,
        days: given.days.split(',').filter(|day| !day.is_empty()).collect(),
        from: given.from.as_deref(),
        until: given.until.as_deref(),
    };
    let (one_time_access, wifi) = (given.one_time_access, given.wifi);
    let share = Share { access: typed(&access, now)?, one_time_access, wifi };
    let (people, user) = (caller.store.people(), caller.user);
    // Reading a long list is work: first whether it is theirs to ask for.
    people.import(user, id.clone(), Vec::new(), share, true, now).await??;
    let home = api.store.sessions().phone_of(user).await?.country();
    let list = list.to_vec();
    let read = tokio::task::spawn_blocking(move || csv::read(&list, home)).await;
    let lines = read.map_err(|_| Problem::from(Code::Internal))??;
    let listed = lines.iter().filter_map(|(_, said)| match said {
        Said::Somebody(listed) => Some(listed.clone()),
        Said::Header | Said::Duplicate { .. } | Said::Bad { .. } => None,
    });
    let listed = listed.collect();
    let answers = people.import(user, id, listed, share, given.dry_run, now).await??;
    Ok(ImportedBody::of(&lines, &answers, given.dry_run))
}

impl ImportedBody {
    /// The answers are about those lines that say somebody, in their order.
    fn of(lines: &[(u64, Said)], answers: &[Imported], dry_run: bool) -> Self {
        let mut answers = answers.iter();
        let mut body =
            Self { dry_run, added: 0, already_there: 0, duplicates: 0, bad: 0, lines: Vec::new() };
        for (line, said) in lines {
            let (result, duplicate_of, field) = match said {
                Said::Header => ("header", None, None),
                Said::Duplicate { of } => {
                    body.duplicates += 1;
                    ("duplicate", Some(*of), None)
                }
                Said::Bad { field } => {
                    body.bad += 1;
                    ("bad", None, Some(*field))
                }
                Said::Somebody(_) if answers.next() == Some(&Imported::Added) => {
                    body.added += 1;
                    ("added", None, None)
                }
                Said::Somebody(_) => {
                    body.already_there += 1;
                    ("already_there", None, None)
                }
            };
            body.lines.push(LineBody { line: *line, result, duplicate_of, field });
        }
        body
    }
}

fn always() -> String {
    "always".to_owned()
}
