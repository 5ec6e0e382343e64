//! The settings: embedded defaults, then the file, then the command line.
//!
//! Each crate owns its section; here they come together, and a wrong one is told in one line.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::http::Uri;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use serde_path_to_error::Segment;
use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

use crate::{log, operator, privacy};

/// Every setting with its default and a comment.
pub(crate) const MANUAL: &str = include_str!("../flussd.toml");

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// What this process does.
    pub(crate) roles: Vec<Role>,
    /// What is logged.
    pub(crate) log: String,
    /// How it is logged.
    pub(crate) log_format: log::Format,
    /// Names and addresses by which gates reach this machine.
    pub(crate) names: Vec<String>,
    /// The time zone of a new device.
    pub(crate) time_zone: String,
    /// Where it is kept.
    pub(crate) store: Storage,
    /// Where HTTP is served.
    pub(crate) http: api::server::Config,
    /// Who may sign in over it, and how often strangers may ask.
    pub(crate) api: api::Config,
    /// How long who has signed in stays so.
    pub(crate) login: api::LoginConfig,
    /// How long it is remembered who guests were.
    pub(crate) privacy: privacy::Config,
    /// Who sends login pins.
    pub(crate) courier: api::courier::Config,
    /// The MQTT side.
    pub(crate) broker: broker::Config,
    /// The way from the database to the gates.
    pub(crate) bridge: bridge::Config,
    /// What the operator looks at.
    pub(crate) operator: operator::Config,
}

/// Where it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    /// `sqlite:PATH` or `postgres://…`; a file in the data folder when empty.
    pub(crate) url: String,
}

/// One part of the service; they meet only in the database and over MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// HTTP: guests and owners.
    Api,
    /// From the database to the gates and back.
    Bridge,
    /// The embedded MQTT broker.
    Broker,
}

impl Role {
    /// Its word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Bridge => "bridge",
            Self::Broker => "broker",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            roles: vec![Role::Api, Role::Bridge, Role::Broker],
            log: "info,rumqttd=off".to_owned(),
            log_format: log::Format::default(),
            names: Vec::new(),
            time_zone: "UTC".to_owned(),
            store: Storage::default(),
            http: api::server::Config::default(),
            api: api::Config::default(),
            login: api::LoginConfig::default(),
            privacy: privacy::Config::default(),
            courier: api::courier::Config::default(),
            broker: broker::Config::default(),
            bridge: bridge::Config::default(),
            operator: operator::Config::default(),
        }
    }
}

impl Config {
    /// Reads the settings: the file's over the defaults, and `KEY=VALUE`s over both.
    pub(crate) fn load(
        file: Option<&Path>,
        data: Option<PathBuf>,
        sets: &[String],
    ) -> Result<Self, InvalidConfig> {
        let mut table = Table::new();
        if let Some(file) = file {
            merge(&mut table, read(file)?);
        }
        for set in sets {
            merge(&mut table, assignment(set)?);
        }
        let mut config = Self::from_table(table)?;
        if let Some(data) = data {
            config.data = data;
        }
        config.check()?;
        Ok(config)
    }

    /// Whether this process plays the role.
    pub(crate) fn plays(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The storage's address.
    pub(crate) fn store_url(&self) -> String {
        match self.store.url.as_str() {
            "" => format!("sqlite:{}", self.data.join("fluss.db").display()),
            url => url.to_owned(),
        }
    }

    /// The names and addresses in the broker's certificate: those set, and where it listens.
    pub(crate) fn names_of_broker(&self) -> Vec<String> {
        let listening = Some(self.broker.listen.ip()).filter(|ip| !ip.is_unspecified());
        self.names.iter().cloned().chain(listening.map(|ip| ip.to_string())).collect()
    }

    /// How people and devices reach the HTTP side that listens there.
    pub(crate) fn public_url_at(&self, listening: SocketAddr) -> String {
        self.http.public_url.clone().unwrap_or_else(|| self.url_at(listening))
    }

    /// The name under which browsers know the console, where one is set.
    pub(crate) fn host_of_console(&self) -> Option<String> {
        let url = self.http.console_url.as_ref().or(self.http.public_url.as_ref())?;
        url.parse::<Uri>().ok()?.host().map(str::to_owned)
    }

    /// How this machine reaches the HTTP side that listens there.
    pub(crate) fn url_at(&self, listening: SocketAddr) -> String {
        let scheme = if self.http.certificate_file.is_some() { "https" } else { "http" };
        format!("{scheme}://{listening}")
    }

    fn from_table(table: Table) -> Result<Self, InvalidConfig> {
        let table = Value::Table(table);
        serde_path_to_error::deserialize(table.clone()).map_err(|error| {
            let key = error.path().to_string();
            let message = one_line(error.inner().message());
            // What stands under a mistyped name, or in `store`, may hold a password.
            let may_be_secret = message.starts_with("unknown field") || key.starts_with("store");
            let value = at(&table, error.path()).filter(|_| !may_be_secret);
            let value = value.map_or_else(String::new, |value| format!(" = {value}"));
            let hint = match at(&manual(), error.path()) {
                Some(default) if !message.contains("expected") => {
                    format!(", expected something like {default}")
                }
                Some(_) | None => String::new(),
            };
            InvalidConfig(format!("{key}{value}: {message}{hint}"))
        })
    }

    fn check(&self) -> Result<(), InvalidConfig> {
        let invalid = |text: String| Err(InvalidConfig(text));
        if self.roles.is_empty() {
            return invalid("roles = []: expected at least one of api, bridge, broker".to_owned());
        }
        if let Err(error) = EnvFilter::try_new(&self.log) {
            let (log, error) = (&self.log, one_line(&error.to_string()));
            return invalid(format!("log = {log:?}: {error}"));
        }
        if let Some(name) = self.names.iter().find(|name| !is_name(name)) {
            return invalid(format!("names = [{name:?}]: expected host names and IP addresses"));
        }
        let is_known = |scheme: &&str| self.store.url.starts_with(*scheme);
        let schemes = ["sqlite:", "postgres://", "postgresql://"];
        if !self.store.url.is_empty() && !schemes.iter().any(is_known) {
            // It may hold a password, so it is not repeated.
            return invalid("store.url: expected sqlite:PATH or postgres://…".to_owned());
        }
        if let Some(name) = self.bridge.server_name.as_ref().filter(|name| !is_name(name)) {
            return invalid(format!(
                "bridge.server_name = {name:?}: expected a host name or an IP address"
            ));
        }
        self.http.check().or_else(|error| invalid(format!("http.{error}")))?;
        self.api.check().or_else(|error| invalid(format!("api.{error}")))?;
        self.login.check().or_else(|error| invalid(format!("login.{error}")))?;
        self.privacy.check().or_else(|error| invalid(format!("privacy.{error}")))?;
        self.courier.check().or_else(|error| invalid(format!("courier.{error}")))?;
        self.operator.check().or_else(|error| invalid(format!("operator.{error}")))
    }
}

/// A setting that cannot stand: which, its value, and what was expected, in one line.
#[derive(Debug)]
pub(crate) struct InvalidConfig(String);

impl InvalidConfig {
    /// Says which setting, and what was expected.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidConfig {}

fn read(file: &Path) -> Result<Table, InvalidConfig> {
    let name = file.display();
    let text =
        fs::read_to_string(file).map_err(|error| InvalidConfig(format!("{name}: {error}")))?;
    text.parse::<Table>().map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        InvalidConfig(format!("{name}, line {line}: {}", one_line(error.message())))
    })
}

/// Reads `http.listen=127.0.0.1:0`; what is no TOML value is taken as text, so quotes may be left
/// out.
fn assignment(set: &str) -> Result<Table, InvalidConfig> {
    let (key, value) = set
        .split_once('=')
        .filter(|(key, _)| key.split('.').all(|part| !part.trim().is_empty()))
        .ok_or_else(|| InvalidConfig(format!("--set {set}: expected KEY=VALUE")))?;
    let value = value.parse().unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok(nest(key, value))
}

fn nest(key: &str, value: Value) -> Table {
    let (key, value) = match key.split_once('.') {
        Some((section, rest)) => (section, Value::Table(nest(rest, value))),
        None => (key, value),
    };
    Table::from_iter([(key.trim().to_owned(), value)])
}

fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn manual() -> Value {
    MANUAL.parse::<Table>().map_or(Value::Boolean(false), Value::Table)
}

fn at(value: &Value, path: &serde_path_to_error::Path) -> Option<Value> {
    let found = path.iter().try_fold(value, |value, segment| match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } => value.get(key),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    found.cloned()
}

fn is_name(text: &str) -> bool {
    ServerName::try_from(text).is_ok()
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
