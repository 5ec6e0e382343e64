//! The operator's page: how the house is doing, and what became of one attempt.
//!
//! Nobody is asked who they are: it listens on loopback only, so whoever reaches it is on this
//! machine. It shows counts and ids, nothing of people, and changes nothing. What is *absent*
//! here: a second telling of an attempt (`explain`).

mod config;
mod metrics;
mod plot;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use api::server::{CannotServe, Server};
use askama::Template;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use domain::channel::Health;
use domain::login::Channel;
use domain::{Clock, Timestamp};
use serde::Deserialize;
use store::{HeldBack, PinTally, SLOT, SLOTS, SLOTS_AN_HOUR, Store, Tally};
use tokio_util::sync::CancellationToken;

use crate::config::Role;
use crate::explain::{self, Subject};

pub(crate) use config::Config;
use plot::{Column, Plot};

/// More than a person's browser opens; the house keeps its files for others.
const MAX_CONNECTIONS: usize = 16;

/// Six hours of five minutes.
const SLOTS_SHOWN: u16 = 72;

const HOURS_SHOWN: u16 = 24;

const HOUR: Duration = Duration::from_hours(1);

/// What browsers are told with every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A page that has its address and is not served yet.
pub(crate) struct Operator {
    server: Server,
    router: Router,
}

/// What the pages are made from.
#[derive(Clone)]
struct House {
    store: Store,
    clock: Arc<dyn Clock>,
    roles: Arc<[Role]>,
    channels: Arc<[Channel]>,
    names: Arc<[String]>,
}

/// The house at a glance.
#[derive(Template)]
#[template(path = "operator/glance.html")]
struct Glance {
    at: String,
    roles: Vec<&'static str>,
    gates: u32,
    online: u32,
    hour: Tally,
    day: Tally,
    oldest: Option<Oldest>,
    attempts: [Plot; 2],
    channels: Vec<ChannelSeen>,
    pins_cost: String,
    held_back: Vec<HeldBack>,
}

/// How login pins go one way.
struct ChannelSeen {
    name: &'static str,
    state: String,
    /// Whether the operator should look.
    is_bad: bool,
    hour: PinTally,
    day: PinTally,
    plot: Plot,
}

/// The attempt of which nobody knows the end for the longest time.
struct Oldest {
    id: String,
    age: String,
}

/// What became of one attempt, or of all with one code.
#[derive(Template)]
#[template(path = "operator/story.html")]
struct Story {
    of: String,
    told: String,
}

/// What was asked for cannot be shown.
#[derive(Template)]
#[template(path = "operator/wrong.html")]
struct Wrong {
    told: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    of: String,
}

impl Operator {
    /// Takes its address; nothing when none is set. `channels` are those by which pins go to phones.
    pub(crate) async fn bind(
        config: &Config,
        roles: &[Role],
        channels: &[Channel],
        store: &Store,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(listen) = config.listen else { return Ok(None) };
        let http = api::server::Config {
            listen,
            max_connections: MAX_CONNECTIONS,
            max_connections_per_address: MAX_CONNECTIONS,
            ..api::server::Config::default()
        };
        let server = Server::bind(&http).await.map_err(|error| match error {
            CannotServe::Address { address, cause } => {
                anyhow!("operator.listen: cannot listen on {address}: {cause}")
            }
            CannotServe::Setting(_) | CannotServe::Certificate { .. } => {
                anyhow!("operator: {error}")
            }
        })?;
        let house = House {
            store: store.clone(),
            clock: Arc::clone(clock),
            roles: roles.into(),
            channels: channels.into(),
            names: config.names.clone().into(),
        };
        Ok(Some(Self { server, router: router(house) }))
    }

    /// Where it listens.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Serves until cancelled.
    pub(crate) async fn run(self, stop: CancellationToken) {
        self.server.run(self.router, stop).await;
    }
}

fn router(house: House) -> Router {
    Router::new()
        .route("/", get(glance))
        .route("/explain", get(story))
        .route("/metrics", get(metrics::metrics))
        .route("/operator.css", get(stylesheet))
        .fallback(async || wrong(StatusCode::NOT_FOUND, "There is nothing at this address."))
        .method_not_allowed_fallback(async || {
            wrong(StatusCode::METHOD_NOT_ALLOWED, "This address only shows something.")
        })
        .layer(from_fn_with_state(house.clone(), rim))
        .with_state(house)
}

/// Answers under names that mean this machine only: a page elsewhere whose name is made to lead
/// here (DNS rebinding) reads nothing.
async fn rim(State(house): State<House>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(Authority::as_str));
    let mut response = if host.is_some_and(|host| config::is_ours(host, &house.names)) {
        next.run(request).await
    } else {
        let told = "Ask for localhost, 127.0.0.1, or a name in operator.names.\n";
        (StatusCode::MISDIRECTED_REQUEST, told).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `GET /`.
async fn glance(State(house): State<House>) -> Response {
    let now = house.clock.now();
    let seen = match house.store.overview().glance(now).await {
        Ok(seen) => seen,
        Err(fault) => return unavailable(&fault),
    };
    let spent = match house.store.spending().seen(now).await {
        Ok(spent) => spent,
        Err(fault) => return unavailable(&fault),
    };
    page(&Glance {
        at: explain::moment(now),
        roles: house.roles.iter().map(|role| role.as_str()).collect(),
        gates: seen.gates,
        online: seen.online,
        hour: seen.latest(SLOTS_AN_HOUR),
        day: seen.latest(SLOTS),
        oldest: seen
            .oldest_unsettled
            .map(|(id, since)| Oldest { id: id.to_string(), age: age(since, now) }),
        attempts: [
            Plot::of("by-minutes", seen.slots.iter().map(ends_of), SLOTS_SHOWN, SLOT),
            Plot::of("by-hours", seen.hours().map(|tally| ends_of(&tally)), HOURS_SHOWN, HOUR),
        ],
        channels: Channel::ALL.map(|channel| channel_seen(&house, &seen, channel, now)).into(),
        pins_cost: money(spent.in_an_hour),
        held_back: spent.held_back,
    })
}

fn channel_seen(
    house: &House,
    seen: &store::Glance,
    channel: Channel,
    now: Timestamp,
) -> ChannelSeen {
    let pins = seen.pins.of(channel);
    let (state, is_bad) = match *seen.channels.of(channel) {
        _ if house.channels.is_empty() => ("pins are printed to the terminal".to_owned(), false),
        _ if !house.channels.contains(&channel) => ("not set up".to_owned(), false),
        Health::Up => ("nothing speaks against it".to_owned(), false),
        Health::Doubtful { since } => {
            (format!("pins do not arrive, since {}", age(since, now)), true)
        }
        Health::Down { since, .. } => {
            (format!("the provider takes no pins, since {}", age(since, now)), true)
        }
    };
    let (name, id) = match channel {
        Channel::Whatsapp => ("WhatsApp", "by-whatsapp"),
        Channel::Sms => ("SMS", "by-sms"),
    };
    ChannelSeen {
        name,
        state,
        is_bad,
        hour: PinTally::sum(&pins[..1]),
        day: PinTally::sum(pins),
        plot: Plot::of(id, pins.iter().map(fates_of), HOURS_SHOWN, HOUR),
    }
}

fn ends_of(tally: &Tally) -> Column {
    let Tally { opened, not_opened, unsettled } = *tally;
    [("opened", opened), ("not-opened", not_opened), ("unsettled", unsettled)]
}

fn fates_of(tally: &PinTally) -> Column {
    let open = tally.sent.saturating_sub(tally.arrived + tally.failed);
    [("arrived", tally.arrived), ("failed", tally.failed), ("not-known", open)]
}

/// `GET /explain?of=…`: the same as `flussd explain` tells.
async fn story(
    State(house): State<House>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(Asked { of })) = asked else {
        let told = "Ask for /explain?of= and the id of an attempt or a code.";
        return wrong(StatusCode::UNPROCESSABLE_ENTITY, told);
    };
    let tell = |status: StatusCode, told: String| {
        (status, page(&Story { of: of.clone(), told })).into_response()
    };
    let subject = match Subject::parse(of.trim()) {
        Ok(subject) => subject,
        Err(expected) => return tell(StatusCode::UNPROCESSABLE_ENTITY, expected.to_owned()),
    };
    match explain::find(&house.store, subject).await {
        Err(fault) => unavailable(&fault),
        Ok(None) => tell(StatusCode::NOT_FOUND, explain::NOTHING_FOUND.to_owned()),
        Ok(Some(found)) => match explain::text(&found, house.clock.now()) {
            Ok(told) => tell(StatusCode::OK, told),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
    }
}

async fn stylesheet() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind], include_str!("../templates/operator/operator.css"))
}

fn page(page: &impl Template) -> Response {
    page_of(page, |html| Html(html).into_response())
}

fn page_of(page: &impl Template, told: impl FnOnce(String) -> Response) -> Response {
    match page.render() {
        Ok(text) => told(text),
        Err(error) => {
            tracing::error!(%error, "could not write the operator's page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn unavailable(fault: &store::Fault) -> Response {
    tracing::error!(%fault, "could not look for the operator");
    wrong(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer; see the log.")
}

fn wrong(status: StatusCode, told: &'static str) -> Response {
    (status, page(&Wrong { told })).into_response()
}

/// `0.06`, of millionths; rounded up, as money that is gone.
fn money(millionths: u64) -> String {
    let hundredths = millionths.div_ceil(10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `2 h 05 min`, `3 min 20 s`, `4 s`.
fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = since.until(now).as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests;
