//! The scripts and the console's style sheet: the only things that browsers may keep. They keep them
//! for good, since the address changes with what they say.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use data_encoding::HEXLOWER;
use ring::digest::{Context, SHA256};

use super::rim;
use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Path;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! script {
    ($name:literal) => {
        ($name, SCRIPT, include_str!(concat!("../../scripts/", $name)))
    };
}

/// What each is called, its type, and what it says. Each script begins by saying what it is for.
const ASSETS: [(&str, &str, &str); 11] = [
    script!("camera.js"),
    script!("claim.js"),
    script!("contact.js"),
    script!("copy.js"),
    script!("guest.js"),
    script!("live.js"),
    script!("pin.js"),
    script!("scan.js"),
    script!("under_way.js"),
    script!("unsaved.js"),
    ("console.css", STYLE, CONSOLE),
];

const CONSOLE: &str = concat!(
    include_str!("../../templates/colours.css"),
    include_str!("../../templates/console/console.css")
);

/// A folder for all of them, named by what they say: scripts import one another.
static FOLDER: LazyLock<String> = LazyLock::new(|| {
    let mut said = Context::new(&SHA256);
    for (name, _, text) in ASSETS {
        said.update(name.as_bytes());
        said.update(text.as_bytes());
    }
    HEXLOWER.encode(&said.finish().as_ref()[..8])
});

/// All of them, under every host name.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let assets = Router::new().route("/assets/{folder}/{name}", get(asset));
    assets.layer(from_fn_with_state(api.clone(), rim))
}

/// Where a page finds one.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *FOLDER)
}

/// `GET /assets/{folder}/{name}`: of this release; a page of another one works without scripts.
async fn asset(Path((folder, name)): Path<(String, String)>) -> Result<impl IntoResponse, Problem> {
    let asset = ASSETS.iter().find(|(known, ..)| *known == name && folder == *FOLDER);
    let (_, kind, text) = asset.ok_or(Problem::from(Code::NotFound))?;
    let keep = "public, max-age=31536000, immutable";
    Ok(([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, keep)], *text))
}
