//! Import a list of people: typed or from a file, looked at first, then taken.

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::response::{IntoResponse, Response};
use domain::permission::Act;

use super::Place;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::{self, Path};
use crate::console::owner::Owner;
use crate::pages::same_site::SameSite;
use crate::pages::{self, Screen, Words, Wrong, filters};
use crate::people::import as use_case;
use crate::people::import::{Given, ImportedBody};

/// The most that the form may weigh: a list, and what stands around it.
pub(in crate::console) const MAX_BYTES: usize = 2 * use_case::MAX_BYTES + 16 * 1024;

#[derive(Template)]
#[template(path = "console/people_import.html")]
struct Page {
    place: Place,
    typed: Typed,
    told: Option<Told>,
    wrong: Wrong,
}

/// What the form holds.
#[derive(Default)]
struct Typed {
    r#type: String,
    list: String,
    one_time_access: bool,
    /// Whether the list is to be taken, and not only looked at.
    is_meant: bool,
}

/// What became of a list, or would.
struct Told {
    above: Words,
    /// Whether it is to be taken yet.
    is_dry: bool,
    lines: Vec<Words>,
}

/// `GET /console/devices/{id}/people/import`.
pub(in crate::console) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let place = look(&api, caller.user, &id).await?;
    let typed = Typed { r#type: "always".to_owned(), ..Typed::default() };
    let page = Page { place, typed, told: None, wrong: Wrong::default() };
    Ok(Screen(page).into_response())
}

/// `POST /console/devices/{id}/people/import`: looks, unless the button says that it is meant.
pub(in crate::console) async fn import(
    _: SameSite,
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let place = look(&api, caller.user, &id).await?;
    let mut form = form.map_err(|_| Problem::from(Code::NotForm))?;
    let typed = match read(&mut form).await {
        Ok(typed) => typed,
        Err(problem) => {
            let wrong = Wrong::from(&problem);
            let typed = Typed { r#type: "always".to_owned(), ..Typed::default() };
            let page = Page { place, typed, told: None, wrong };
            return Ok(pages::told_by(problem, Screen(page)));
        }
    };
    let given = Given {
        r#type: typed.r#type.clone(),
        days: String::new(),
        from: None,
        until: None,
        one_time_access: typed.one_time_access,
        wifi: true,
        dry_run: !typed.is_meant,
    };
    match use_case::ask(&api, &caller, &id, &given, typed.list.as_bytes()).await {
        Ok(body) => {
            let page = Page { place, typed, told: Some(Told::of(&body)), wrong: Wrong::default() };
            Ok(Screen(page).into_response())
        }
        Err(problem) => {
            let wrong = Wrong::from(&problem);
            Ok(pages::told_by(problem, Screen(Page { place, typed, told: None, wrong })))
        }
    }
}

async fn look(api: &Api, user: domain::UserId, id: &str) -> Result<Place, Problem> {
    let device = api.store.devices().details(user, body::device(id)?, api.now()).await??;
    device.role.may(Act::ManagePeople)?;
    Ok(Place::from(&device))
}

/// Reads the fields; a file goes before what is typed, and stands in its place afterwards.
async fn read(form: &mut Multipart) -> Result<Typed, Problem> {
    let mut typed = Typed::default();
    let unread = |_| Problem::from(Code::TooLarge);
    while let Some(field) = form.next_field().await.map_err(unread)? {
        let name = field.name().unwrap_or_default().to_owned();
        let text = field.bytes().await.map_err(unread)?.to_vec();
        let text = String::from_utf8(text).map_err(|_| Problem::from(Code::NotCsv))?;
        match name.as_str() {
            "type" => typed.r#type = text,
            "list" if typed.list.is_empty() => typed.list = text,
            "file" if !text.is_empty() => typed.list = text,
            "one_time_access" => typed.one_time_access = true,
            "import" => typed.is_meant = true,
            _ => {}
        }
    }
    Ok(typed)
}

impl Told {
    fn of(body: &ImportedBody) -> Self {
        let above = if body.dry_run { "import-would" } else { "import-did" };
        let above = Words::of(above)
            .count("added", body.added)
            .count("there", body.already_there)
            .count("bad", body.bad + body.duplicates);
        let lines = body.lines.iter().map(|line| {
            let words = match (line.result, line.field) {
                ("header", _) => Words::of("import-header"),
                ("added", _) if body.dry_run => Words::of("import-will-add"),
                ("added", _) => Words::of("import-added"),
                ("already_there", _) => Words::of("import-there"),
                ("duplicate", _) => Words::of("import-duplicate")
                    .count("of", u32::try_from(line.duplicate_of.unwrap_or(0)).unwrap_or(0)),
                (_, Some("phone")) => Words::of("import-bad-phone"),
                (_, Some("name")) => Words::of("import-bad-name"),
                (_, Some("notes")) => Words::of("import-bad-notes"),
                (_, Some("quotes")) => Words::of("import-bad-quotes"),
                (_, _) => Words::of("import-bad-columns"),
            };
            words.count("line", u32::try_from(line.line).unwrap_or(u32::MAX))
        });
        Self { above, is_dry: body.dry_run, lines: lines.collect() }
    }
}
