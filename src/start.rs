//! Serving: every role with what it needs, stopped in order: first who talks to people, last what
//! everybody stands on.

use std::env;
use std::fs::{self, File};
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use api::courier::{Console, Courier, Post, Secret, WhatsappSecrets};
use api::server::Server;
use api::webhooks::Teller;
use arc_swap::ArcSwap;
use bridge::{Address, Bridge, Doors};
use broker::Broker;
use domain::{Clock, Dice, PhoneNumber, Timestamp};
use protocol::SigningKey;
use store::{Fingerprint, Keys, Store};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::info;

use crate::backup;
use crate::clerk::Clerk;
use crate::config::{Config, InvalidConfig, Role};
use crate::data::{self, CERTIFICATE_LIFETIME, Folder};
use crate::files;
use crate::housekeeping::Housekeeping;
use crate::lookout::Lookout;
use crate::machine::{SystemClock, SystemDice};
use crate::operator::Operator;

/// How long everything together may take to stop.
const LONGEST_GOODBYE: Duration = Duration::from_secs(10);

/// Names the key by which gates know the service.
const SIGNING_KEY_ID: &str = "k1";

/// The name of the embedded broker; its certificate always carries it.
const EMBEDDED_BROKER: &str = "localhost";

/// Serves the configured roles until the process is asked to stop; asked twice, it does not wait.
/// On SIGHUP it reloads all certificates.
pub(crate) async fn serve(mut config: Config) -> anyhow::Result<()> {
    let mut asked = Asked::listen()?;
    let mut hangups = signal(SignalKind::hangup())?;
    files::fit(&mut config);
    let clock = Arc::new(SystemClock::start());
    let courier = courier(&config)?;
    let running = Running::start(&config, clock, Arc::new(SystemDice), courier).await?;
    let told = running.tell(&config);
    // Who started this without a terminal does not read it.
    let _ = io::stdout().write_all(told.as_bytes());
    let (stop, reload) = (running.stop.clone(), Arc::clone(&running.reload));
    let mut ended = pin!(running.wait());
    while !stop.is_cancelled() {
        tokio::select! {
            ended = &mut ended => return ended,
            () = asked.to_stop() => stop.cancel(),
            _ = hangups.recv() => reload.notify_one(),
        }
    }
    tokio::select! {
        ended = &mut ended => ended,
        () = asked.to_stop() => bail!("asked twice to stop: did not wait for the rest"),
    }
}

/// Who delivers login pins: to phones, or to the terminal.
fn courier(config: &Config) -> anyhow::Result<Arc<dyn Courier>> {
    if config.plays(Role::Api) && config.courier.reaches_phones() {
        Ok(Arc::new(post(config)?))
    } else {
        Ok(Arc::new(terminal(config)?))
    }
}

fn post(config: &Config) -> anyhow::Result<Post> {
    let (whatsapp, sms) = (&config.courier.whatsapp, &config.courier.sms);
    let mut post = Post::default();
    if whatsapp.is_set() {
        let file = whatsapp.token_file.as_deref();
        let token = secret("courier.whatsapp.token_file", file, "FLUSS_WHATSAPP_TOKEN")?;
        let file = whatsapp.app_secret_file.as_deref();
        let setting = "courier.whatsapp.app_secret_file";
        let app_secret = secret_if_any(setting, file, "FLUSS_WHATSAPP_APP_SECRET")?;
        let file = whatsapp.verify_token_file.as_deref();
        let setting = "courier.whatsapp.verify_token_file";
        let verify_token = secret_if_any(setting, file, "FLUSS_WHATSAPP_VERIFY_TOKEN")?;
        let secrets = WhatsappSecrets { token, app_secret, verify_token };
        post = post.with_whatsapp(whatsapp, secrets)?;
    }
    if sms.is_set() {
        let file = sms.token_file.as_deref();
        let token = secret("courier.sms.token_file", file, "FLUSS_SMS_TOKEN")?;
        let (host, url) = (config.host_of_console(), config.http.public_url.as_deref());
        post = post.with_sms(sms, token, host.as_deref(), url)?;
    }
    Ok(post)
}

/// The same as [`secret`], where it may be missing.
fn secret_if_any(
    setting: &str,
    file: Option<&Path>,
    variable: &str,
) -> Result<Option<Secret>, InvalidConfig> {
    if file.is_none() && env::var_os(variable).is_none() {
        return Ok(None);
    }
    secret(setting, file, variable).map(Some)
}

/// A secret out of its file, or out of the environment where no file is set.
fn secret(setting: &str, file: Option<&Path>, variable: &str) -> Result<Secret, InvalidConfig> {
    let (text, value) = match file {
        Some(file) => (fs::read_to_string(file).ok(), format!("\"{}\"", file.display())),
        None => (env::var(variable).ok(), "(nothing)".to_owned()),
    };
    let secret = text.and_then(|text| Secret::parse(&text).ok());
    secret.ok_or_else(|| {
        InvalidConfig::new(format!(
            "{setting} = {value}: expected a file that holds the token and nothing else, or \
             without the setting the token in {variable}"
        ))
    })
}

/// The terminal, so only where nobody else can reach this process.
fn terminal(config: &Config) -> Result<Console, InvalidConfig> {
    let (http, plays) = (&config.http, config.plays(Role::Api));
    // Without the role nobody signs in here, wherever it would listen.
    let listen = if plays { http.listen } else { SocketAddr::from(([127, 0, 0, 1], 0)) };
    let public = http.public_url.as_ref().is_some_and(|url| url.starts_with("https:"));
    let refuse = |setting: &str| {
        InvalidConfig::new(format!(
            "{setting}: others could sign in here, but login pins are only printed to the \
             terminal: set courier.whatsapp or courier.sms, or serve this machine alone"
        ))
    };
    if plays && public {
        return Err(refuse("http.public_url"));
    }
    if plays && !http.trusted_proxies.is_empty() {
        return Err(refuse("http.trusted_proxies"));
    }
    Console::new(listen).map_err(|_| refuse("http.listen"))
}

/// Brings the database up to date.
pub(crate) async fn migrate(config: Config) -> anyhow::Result<()> {
    let (_, store) = open(&config, &SystemClock::start(), Arc::new(SystemDice)).await?;
    store.close().await;
    info!("the database is up to date");
    Ok(())
}

/// Lets a number sign in again that had too many wrong pins, or has lost its second factor.
pub(crate) async fn unlock(
    config: Config,
    phone: PhoneNumber,
    second_factor: bool,
) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    if second_factor && !store.second_factors().take_away(phone.clone(), clock.now()).await? {
        info!("it had no second factor");
    }
    store.logins().unlock(phone).await?;
    store.close().await;
    Ok(())
}

/// Signs out a number, or everybody; a server beside it cuts their streams within a second.
pub(crate) async fn sign_out(config: Config, whose: Option<PhoneNumber>) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let ended = store.sessions().sign_out(whose, clock.now()).await?;
    store.close().await;
    info!("sessions ended: {ended}");
    Ok(())
}

/// Opens the data folder and the storage, and brings both up to date.
pub(crate) async fn open(
    config: &Config,
    clock: &dyn Clock,
    dice: Arc<dyn Dice>,
) -> anyhow::Result<(Folder, Store)> {
    backup::must_not_be_half_restored(config)?;
    let folder = Folder::open(&config.data, &config.names_of_broker(), &*dice, clock.now())?;
    let keys = keys(&folder);
    // The address of a database may hold a password: a file is named, a server is not.
    let store =
        Store::open(&config.store_url(), &keys, dice).await.with_context(|| {
            match config.store_url().strip_prefix("sqlite:") {
                Some(file) => format!("cannot open the database {file}"),
                None => "cannot open the database that store.url names".to_owned(),
            }
        })?;
    Ok((folder, store))
}

/// The keys of the storage.
pub(crate) fn keys(folder: &Folder) -> Keys {
    Keys { seal: folder.secrets.seal.0, pepper: folder.secrets.pepper.0 }
}

/// The key that signs for the service; gates pin its public half.
pub(crate) fn signing_key(folder: &Folder) -> SigningKey {
    SigningKey::from_seed(SIGNING_KEY_ID, &folder.secrets.signing.0)
}

/// Lets the bridge's certificate into the broker.
pub(crate) async fn admit_bridge(
    folder: &Folder,
    store: &Store,
    now: Timestamp,
) -> store::Result<()> {
    // The certificate itself ends no later than this, and says so to every broker.
    let expires_at = now + CERTIFICATE_LIFETIME;
    let fingerprint = Fingerprint(folder.bridge.fingerprint);
    store.registry().admit_service(fingerprint, expires_at, now).await
}

/// What a gate is told at its enrolment: where to connect, and whose commands to believe.
fn gate_welcome(config: &Config, mqtt: Option<SocketAddr>, key: &SigningKey) -> api::GateWelcome {
    let key = key.verifying_key();
    let (listening, port) = match mqtt {
        Some(local) if local.ip().is_unspecified() => (EMBEDDED_BROKER.to_owned(), local.port()),
        Some(local) => (local.ip().to_string(), local.port()),
        None => (config.bridge.broker.host().to_owned(), config.bridge.broker.port()),
    };
    // The first of the names by which gates reach this machine, where there is one.
    let broker_host = config.names.first().cloned().unwrap_or(listening);
    api::GateWelcome { broker_host, broker_port: port, command_keys: vec![(key.kid, key.key)] }
}

/// What the broker shows and whom it believes.
pub(crate) fn certificates_of_broker(folder: &Folder, crls: &str) -> broker::Certificates {
    broker::Certificates {
        chain: folder.broker.certificate_pem.clone(),
        key: folder.broker.key_pem.clone(),
        client_cas: folder.authorities.bundle_pem(),
        crls: crls.to_owned(),
    }
}

/// The embedded broker with its addresses taken, if this process has one.
fn bound_broker(
    config: &Config,
    folder: &Folder,
    store: &Store,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<(Broker, broker::Tls)>> {
    if !config.plays(Role::Broker) {
        return Ok(None);
    }
    // Housekeeping brings the revocation lists; until then the registry revokes alone.
    let tls = broker::Tls::new(&certificates_of_broker(folder, ""))?;
    let (listen, registry) = (config.broker.clone(), store.registry().clone());
    let bound = Broker::bind(listen, tls.clone(), registry, Arc::clone(clock));
    let bound = bound.map_err(|error| anyhow!("broker.listen: {error}"))?;
    Ok(Some((bound, tls)))
}

/// What the bridge shows and whom it believes.
pub(crate) fn certificates_of_bridge(folder: &Folder) -> bridge::Certificates {
    bridge::Certificates {
        chain: folder.bridge.certificate_pem.clone(),
        key: folder.bridge.key_pem.clone(),
        broker_cas: folder.authorities.bundle_pem(),
    }
}

/// The roles of this process at work.
pub(crate) struct Running {
    /// Where HTTP is served.
    pub(crate) http: Option<SocketAddr>,
    /// Where the embedded broker listens for MQTT over TLS.
    pub(crate) mqtt: Option<SocketAddr>,
    /// Where the operator's page is.
    operator: Option<SocketAddr>,
    /// The storage under all of them.
    pub(crate) store: Store,
    /// Stops all of them; cancelled also when one of them ends by itself.
    pub(crate) stop: CancellationToken,
    /// Has all certificates looked at now.
    pub(crate) reload: Arc<Notify>,
    /// In the order in which they stop.
    parts: Vec<Part>,
    /// Keeps a restore away.
    _serving: File,
}

impl Running {
    /// Takes all addresses, then starts every role.
    pub(crate) async fn start(
        config: &Config,
        clock: Arc<dyn Clock>,
        dice: Arc<dyn Dice>,
        courier: Arc<dyn Courier>,
    ) -> anyhow::Result<Self> {
        let (folder, store) = open(config, &*clock, Arc::clone(&dice)).await?;
        let serving = data::serving(folder.path())?;

        let broker = bound_broker(config, &folder, &store, &clock)?;
        let (broker, broker_tls) = broker.unzip();
        let mqtt = broker.as_ref().map(Broker::local_addr);

        let mut bridge_tls = None;
        let mut bridge = None;
        if config.plays(Role::Bridge) {
            admit_bridge(&folder, &store, clock.now()).await?;
            let (address, name) = match mqtt {
                Some(local) => (Address::from(local), EMBEDDED_BROKER),
                None => (config.bridge.broker.clone(), config.bridge.name_of_broker()),
            };
            let tls = bridge::Tls::new(&certificates_of_bridge(&folder), name)?;
            let doors = Doors {
                gates: store.gates().clone(),
                attempts: store.attempts().clone(),
                bell: store.bell(),
            };
            let (key, clock, dice) = (signing_key(&folder), Arc::clone(&clock), Arc::clone(&dice));
            bridge = Some(Bridge::new(address, tls.clone(), doors, key, clock, dice));
            bridge_tls = Some(tls);
        }

        let authorities = Arc::new(ArcSwap::new(Arc::clone(&folder.authorities)));
        let stop = CancellationToken::new();
        let mut server = None;
        if config.plays(Role::Api) {
            // Takes half a second in a development build: nobody should wait for it.
            tokio::task::spawn_blocking(domain::phone::warm_up);
            let bound = Server::bind(&config.http).await;
            let bound = bound.map_err(|error| anyhow!("http.listen: {error}"))?;
            let teller = Teller::new(config.api.webhooks_to_private_addresses)?;
            let router = api::router(api::Parts {
                teller: teller.clone(),
                store: store.clone(),
                clock: Arc::clone(&clock),
                dice: Arc::clone(&dice),
                courier,
                gate_welcome: gate_welcome(config, mqtt, &signing_key(&folder)),
                ticket_key: folder.secrets.ticket.0,
                config: config.api.clone(),
                login: config.login.clone(),
                public_url: config.public_url_at(bound.local_addr()),
                console_url: config.http.console_url.clone(),
                stop: stop.clone(),
                authorities: Arc::clone(&authorities),
            })?;
            server = Some((bound, router, teller));
        }
        let http = server.as_ref().map(|(bound, ..)| bound.local_addr());
        let https = server.as_ref().and_then(|(bound, ..)| bound.https());

        let channels = config.courier.channels();
        let operator =
            Operator::bind(&config.operator, &config.roles, &channels, &store, &clock).await?;
        let operator_at = operator.as_ref().map(Operator::local_addr);

        let reload = Arc::new(Notify::new());
        let key = signing_key(&folder);
        let clerk = Clerk { store: store.clone(), clock: Arc::clone(&clock), key };
        let lookout = Lookout { store: store.clone(), clock: Arc::clone(&clock) };
        let housekeeping = Housekeeping {
            data: folder.path().to_owned(),
            names: config.names_of_broker(),
            clock: Arc::clone(&clock),
            dice,
            store: store.clone(),
            guests_kept: config.privacy.guests_kept(),
            authorities,
            broker_tls,
            bridge_tls,
            https,
            reload: Arc::clone(&reload),
        };

        let mut parts = vec![Part::start("housekeeping", &stop, |stop| housekeeping.run(stop))];
        // Stops before the others have written their last; the next start files that.
        parts.push(Part::serve("clerk", &stop, |stop| clerk.run(stop)));
        parts.push(Part::serve("lookout", &stop, |stop| lookout.run(stop)));
        if let Some(operator) = operator {
            parts.push(Part::serve("operator's page", &stop, |stop| operator.run(stop)));
        }
        if let Some((server, router, teller)) = server {
            let (store, clock) = (store.clone(), Arc::clone(&clock));
            parts.push(Part::serve("webhooks", &stop, |stop| teller.run(store, clock, stop)));
            parts.push(Part::serve("HTTP side", &stop, |stop| server.run(router, stop)));
        }
        if let Some(bridge) = bridge {
            parts.push(Part::serve("bridge", &stop, |stop| bridge.run(stop)));
        }
        if let Some(broker) = broker {
            parts.push(Part::start("broker", &stop, async |stop| Ok(broker.run(stop).await?)));
        }
        Ok(Self {
            http,
            mqtt,
            operator: operator_at,
            store,
            stop,
            reload,
            parts,
            _serving: serving,
        })
    }

    /// Waits until all is stopped: because somebody said so, or because a part ended by itself,
    /// which is an error.
    pub(crate) async fn wait(self) -> anyhow::Result<()> {
        self.stop.cancelled().await;
        let stopped = timeout(LONGEST_GOODBYE, async {
            let mut ended = Ok(());
            for part in self.parts {
                ended = ended.and(part.stop().await);
            }
            self.store.close().await;
            ended
        });
        let seconds = LONGEST_GOODBYE.as_secs();
        stopped.await.unwrap_or_else(|_| bail!("could not stop within {seconds} s"))
    }

    /// Says where it listens and what to do next.
    fn tell(&self, config: &Config) -> String {
        let line = |what: &str, address: String| format!("  {what:<6}{address}\n");
        let http = self.http.map(|address| line("HTTP", config.url_at(address)));
        let mqtt = self.mqtt.map(|address| line("MQTT", format!("mqtts://{address}")));
        let operator = self.operator.map(|address| line("page", format!("http://{address}")));
        let data = line("data", config.data.display().to_string());
        let option = if config.data == Path::new("data") {
            String::new()
        } else {
            format!(" --data {}", config.data.display())
        };
        // As it was called, so that the line can be copied.
        let flussd = std::env::args().next().unwrap_or_else(|| "flussd".to_owned());
        format!(
            "flussd is ready\n{}{}{}{data}\
             Next, in another terminal: {flussd}{option} device make gate --name \"Main gate\"\n\
             Ctrl-C stops it.\n",
            http.unwrap_or_default(),
            mqtt.unwrap_or_default(),
            operator.unwrap_or_default(),
        )
    }
}

/// One thing that runs until it is stopped.
struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: AbortOnDropHandle<anyhow::Result<()>>,
}

impl Part {
    /// Starts a part; when it ends, for whatever reason, all others are to stop too.
    fn start<F>(
        name: &'static str,
        all: &CancellationToken,
        run: impl FnOnce(CancellationToken) -> F,
    ) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let (running, others) = (run(stop.clone()), all.clone().drop_guard());
        let task = tokio::spawn(async move {
            let _others = others;
            running.await
        });
        Self { name, stop, task: AbortOnDropHandle::new(task) }
    }

    /// The same for one that only ends when it is told to.
    fn serve<F>(
        name: &'static str,
        all: &CancellationToken,
        run: impl FnOnce(CancellationToken) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start(name, all, |stop| {
            let running = run(stop);
            async {
                running.await;
                Ok(())
            }
        })
    }

    /// Stops it and says how it ended.
    async fn stop(self) -> anyhow::Result<()> {
        let by_itself = self.task.is_finished();
        self.stop.cancel();
        let ended = self.task.await.unwrap_or_else(|panic| Err(panic.into()));
        let name = self.name;
        match ended {
            Ok(()) if by_itself => bail!("the {name} ended by itself"),
            ended => ended.with_context(|| format!("the {name} failed")),
        }
    }
}

/// The signals that ask a process to stop.
pub(crate) struct Asked {
    interrupt: Signal,
    terminate: Signal,
}

impl Asked {
    /// Takes the signals: from here on they do not end the process.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits until the process is asked once (more).
    #[expect(clippy::wrong_self_convention, reason = "nothing is converted: asked to stop")]
    pub(crate) async fn to_stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests;
