//! The HTTP face: login, devices, settings, codes, attempts, the guest's pages and the console.
//!
//! One endpoint, one file: its wire types and its handler. Text becomes a type in the first lines
//! of a handler; the clock is read once there; what is decided, `store` and `domain` decide.
//! What is *absent* here: MQTT, gates' conversations, SQL.

pub mod answers;
mod api_keys;
mod attempts;
pub mod audit;
mod body;
mod caller;
mod calls;
mod codes;
pub mod config;
mod console;
pub mod courier;
mod devices;
mod enrolments;
mod events;
mod fluss;
mod guest;
mod limits;
mod login;
mod marks;
mod number_changes;
mod openapi;
mod pages;
mod people;
mod places;
mod renewals;
mod second_factor;
pub mod server;
mod sessions;
mod settings;
mod step_ups;
mod strays;
mod tenants;
mod tenure;
pub mod webhooks;
mod wire;

use std::sync::Arc;

use arc_swap::ArcSwap;
use authority::Authorities;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use domain::login::SessionLife;
use domain::secret::SessionToken;
use domain::spending::Rules;
use domain::{Clock, Dice, SessionId, Timestamp};
use store::{Answer, Session, SessionRefusal, Store};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use config::Config;
pub use login::config::Config as LoginConfig;
pub use openapi::document;

use courier::Courier;
use limits::Limits;
use login::Alarms;
use pages::hosts;
use places::Places;
use webhooks::Teller;

/// Everything the handlers need.
pub struct Parts {
    /// The storage.
    pub store: Store,
    /// The service's clock.
    pub clock: Arc<dyn Clock>,
    /// The service's dice.
    pub dice: Arc<dyn Dice>,
    /// Delivers login pins.
    pub courier: Arc<dyn Courier>,
    /// Sign the certificates of gates; exchanged while one CA follows another.
    pub authorities: Arc<ArcSwap<Authorities>>,
    /// What a gate must know to connect.
    pub gate_welcome: GateWelcome,
    /// Signs tickets of scanned boards.
    pub ticket_key: [u8; 32],
    /// Tells webhooks.
    pub teller: Teller,
    /// Settings of this crate.
    pub config: Config,
    /// How long who has signed in stays so.
    pub login: LoginConfig,
    /// How guests and owners reach this server: `https://host`, without a slash at the end.
    pub public_url: String,
    /// The console's own host, in the same form; without one it is beside everything else.
    pub console_url: Option<String>,
    /// Cancelled when the service stops: open streams end then.
    pub stop: CancellationToken,
}

/// What a gate is told at its enrolment, beside its certificate.
#[derive(Clone, Debug)]
pub struct GateWelcome {
    /// The broker's host.
    pub broker_host: String,
    /// The broker's port.
    pub broker_port: u16,
    /// The keys by which it knows the service's commands: name and base64url of 32 bytes.
    pub command_keys: Vec<(String, String)>,
}

/// The state behind all handlers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

pub(crate) struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    courier: Arc<dyn Courier>,
    authorities: Arc<ArcSwap<Authorities>>,
    gate_welcome: GateWelcome,
    ticket_key: ring::hmac::Key,
    teller: Teller,
    config: Config,
    session_life: SessionLife,
    rules: Arc<Rules>,
    alarms: Alarms,
    public_url: String,
    console_url: Option<String>,
    limits: Limits,
    crowd: guest::Crowd,
    pages_of_sessions: Places<SessionId>,
    stop: CancellationToken,
}

impl std::ops::Deref for Api {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The session of a token, if it still holds.
    async fn session(&self, token: &SessionToken) -> Answer<Session, SessionRefusal> {
        self.store.sessions().find(token, self.session_life, self.now()).await
    }

    /// Whether this server is reached over TLS, under all of its names: then its cookies say so.
    fn is_public_tls(&self) -> bool {
        self.public_url.starts_with("https:")
    }
}

/// The whole face: JSON under `/v1`, the OpenAPI document, the guest's pages, and the owner's
/// console under `/console`.
pub fn router(parts: Parts) -> Result<Router, config::InvalidSetting> {
    let rules = Arc::new(parts.config.rules()?);
    let limits = Limits::new(&parts.config, Arc::clone(&parts.clock));
    let api = Api(Arc::new(Inner {
        store: parts.store,
        clock: parts.clock,
        dice: parts.dice,
        courier: parts.courier,
        authorities: parts.authorities,
        gate_welcome: parts.gate_welcome,
        ticket_key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &parts.ticket_key),
        limits,
        crowd: guest::Crowd::default(),
        pages_of_sessions: Places::new(console::PAGES_OF_A_SESSION, console::PAGES),
        teller: parts.teller,
        session_life: parts.login.life(),
        config: parts.config,
        rules,
        alarms: Alarms::default(),
        public_url: parts.public_url,
        console_url: parts.console_url,
        stop: parts.stop,
    }));
    let (json, mut document) = endpoints().split_for_parts();
    let (lists, more) = lists().split_for_parts();
    document.merge(more);
    let openapi = openapi::route(&openapi::with_problems(document));
    let lists = lists.route_layer(from_fn_with_state(api.clone(), hosts::public));
    let pages_of_lists = console::lists(&api);
    let pages_of_lists =
        pages_of_lists.route_layer(from_fn_with_state(api.clone(), hosts::console));
    let lists = lists.merge(pages_of_lists);
    let public = json.merge(guest::routes(&api)).merge(openapi);
    let public = public.route_layer(from_fn_with_state(api.clone(), hosts::public));
    let pictures = guest::pictures(&api);
    let pictures = pictures.route_layer(from_fn_with_state(api.clone(), hosts::public));
    let console = console::routes(&api);
    let console = console.route_layer(from_fn_with_state(api.clone(), hosts::console));
    let router = public
        .merge(console)
        .merge(pages::assets::routes(&api))
        .fallback(answers::not_found)
        .method_not_allowed_fallback(answers::method_not_allowed);
    let reports = courier::reports::routes();
    let reports = reports.route_layer(from_fn_with_state(api.clone(), hosts::public));
    let router =
        body::small(router).merge(body::large(pictures)).merge(body::large(lists)).merge(reports);
    let clock = Arc::clone(&api.clock);
    let router = body::told(router.with_state(api.clone()), clock);
    Ok(router.layer(from_fn_with_state(api, strays::told)))
}

fn endpoints() -> OpenApiRouter<Api> {
    openapi::begin()
        .routes(routes!(login::begin::begin))
        .routes(routes!(login::channels::channels))
        .routes(routes!(login::resend::resend))
        .routes(routes!(login::verify::verify))
        .routes(routes!(login::second_factor::verify))
        .routes(routes!(sessions::me::me))
        .routes(routes!(sessions::log_out::log_out))
        .routes(routes!(step_ups::begin::begin))
        .routes(routes!(step_ups::verify::verify))
        .routes(routes!(number_changes::begin::begin))
        .routes(routes!(number_changes::verify::verify))
        .routes(routes!(second_factor::read::read, second_factor::set_up::set_up))
        .routes(routes!(second_factor::confirm::confirm))
        .routes(routes!(second_factor::turn_off::turn_off))
        .routes(routes!(devices::list::list))
        .routes(routes!(devices::claim::claim))
        .routes(routes!(
            devices::details::details,
            devices::rename::rename,
            devices::remove::remove
        ))
        .routes(routes!(devices::revoke::revoke))
        .routes(routes!(devices::transfer::transfer))
        .routes(routes!(devices::release::release))
        .routes(routes!(devices::replace::replace))
        .routes(routes!(devices::pulse_gap::set))
        .routes(routes!(devices::plan::set))
        .routes(routes!(devices::plan_transfer::transfer))
        .routes(routes!(devices::open::open))
        .routes(routes!(people::list::list, people::share::share, people::invite::invite))
        .routes(routes!(people::change::change, people::unshare::unshare))
        .routes(routes!(tenants::read::read, tenants::replace::replace))
        .routes(routes!(enrolments::enrol))
        .routes(routes!(renewals::renew))
        .routes(routes!(settings::read::read, settings::replace::replace))
        .routes(routes!(calls::read::read, calls::allow::allow))
        .routes(routes!(codes::list::list, codes::issue::issue))
        .routes(routes!(codes::history::history))
        .routes(routes!(codes::details::details, codes::revoke::revoke))
        .routes(routes!(codes::let_through::let_through))
        .routes(routes!(codes::allow_more::allow_more))
        .routes(routes!(attempts::read::read))
        .routes(routes!(attempts::stream::stream))
        .routes(routes!(webhooks::list::list, webhooks::make::make))
        .routes(routes!(webhooks::end::end))
        .routes(routes!(webhooks::rotate::rotate))
        .routes(routes!(webhooks::test::test))
        .routes(routes!(webhooks::dead::list, webhooks::dead::revive))
        .routes(routes!(events::list::list))
        .routes(routes!(events::stream::stream))
        .routes(routes!(api_keys::list::list, api_keys::make::make))
        .routes(routes!(api_keys::revoke::revoke))
        .routes(routes!(fluss::list::list))
        .routes(routes!(fluss::status::status))
        .routes(routes!(fluss::logs::logs))
        .routes(routes!(fluss::access::access))
        .routes(routes!(fluss::trigger::trigger))
        .routes(routes!(fluss::trigger::open))
}

/// The endpoints that take more than a few fields.
fn lists() -> OpenApiRouter<Api> {
    let import = OpenApiRouter::new().routes(routes!(people::import::import));
    import.layer(DefaultBodyLimit::max(people::import::MAX_BYTES))
}

#[cfg(test)]
mod tests;
