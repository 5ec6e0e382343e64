//! The accept loop: from a socket to the router, with a limit on everything a stranger can hold.
//!
//! `axum::serve` sets no timeouts, so one silent client would keep its socket for ever. What
//! requests mean lives in the router; nothing here reads one beyond its head.

mod https;
mod pace;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Uri};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, error, info, warn};

pub use https::Https;
use pace::{InTime, Time};
pub(crate) use pace::{MoreTime, TooSlow};

const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: u16 = 16 * 1024;
const MAX_STREAMS: u32 = 64;
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a body may take that a route gives more time.
pub(crate) const LONGEST_BODY: Duration = Duration::from_secs(90);

/// Where HTTP is served, and to how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate chain (PEM); with it HTTPS is served, without it plain HTTP.
    pub certificate_file: Option<PathBuf>,
    /// The certificate's private key (PEM).
    pub key_file: Option<PathBuf>,
    /// The proxies in front, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How guests reach this server, as printed in links and boards: `https://host`.
    pub public_url: Option<String>,
    /// The console's own host: `https://host`.
    pub console_url: Option<String>,
    /// How many connections may be open at a time.
    pub max_connections: usize,
    /// How many of them from one IPv4 address or one IPv6 /64; trusted proxies are not counted.
    pub max_connections_per_address: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            certificate_file: None,
            key_file: None,
            trusted_proxies: Vec::new(),
            public_url: None,
            console_url: None,
            max_connections: 4096,
            max_connections_per_address: 50,
        }
    }
}

impl Config {
    /// Refuses what would be unsafe or could not work.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let tls = match (&self.certificate_file, &self.key_file) {
            (Some(_), Some(_)) => true,
            (None, None) => false,
            (Some(_), None) => return Err(InvalidSetting::missing("key_file", "certificate_file")),
            (None, Some(_)) => return Err(InvalidSetting::missing("certificate_file", "key_file")),
        };
        if !tls && self.trusted_proxies.is_empty() && !self.listen.ip().to_canonical().is_loopback()
        {
            return Err(InvalidSetting {
                setting: "listen",
                value: format!("{:?}", self.listen.to_string()),
                expected: "a loopback address, since plain HTTP would show codes to the network; \
                           for others set certificate_file and key_file, or trusted_proxies",
            });
        }
        match &self.public_url {
            Some(url) if !is_origin(url) => Err(InvalidSetting {
                setting: "public_url",
                value: format!("{url:?}"),
                expected: "https:// (or http://) and a host, without a path or a slash at the end",
            }),
            Some(_) | None => self.check_console(),
        }
    }

    fn check_console(&self) -> Result<(), InvalidSetting> {
        let Some(console) = &self.console_url else { return Ok(()) };
        let parsed = |url: &str| is_origin(url).then(|| url.parse::<Uri>().ok()).flatten();
        let both = self.public_url.as_deref().and_then(parsed).zip(parsed(console));
        // Another port would not do: cookies do not tell ports apart.
        if both.is_some_and(|(public, own)| {
            public.scheme() == own.scheme() && public.host() != own.host()
        }) {
            return Ok(());
        }
        Err(InvalidSetting {
            setting: "console_url",
            value: format!("{console:?}"),
            expected: "https:// (or http://, like public_url, which must be set too) and another \
                       host than there, without a path or a slash at the end",
        })
    }
}

/// A setting that cannot stand, told in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} = {value}: expected {expected}")]
pub struct InvalidSetting {
    /// Its name within [`Config`].
    pub setting: &'static str,
    /// Its value, as it would stand in the file.
    pub value: String,
    /// What would have been right.
    pub expected: &'static str,
}

impl InvalidSetting {
    fn missing(setting: &'static str, other: &str) -> Self {
        let value = format!("(nothing, though {other} is set)");
        Self { setting, value, expected: "the path of a PEM file" }
    }
}

/// Why the server could not take its place.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    /// A setting is wrong.
    #[error("http.{0}")]
    Setting(#[from] InvalidSetting),
    /// The address is taken, or not this machine's.
    #[error("http.listen: cannot listen on {address}: {cause}")]
    Address {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("{}: {cause}", file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

/// Where a request comes from, in the extensions of every request.
///
/// It is the connection's other end or, when that is a trusted proxy, the nearest address in
/// `X-Forwarded-For` that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// A bound socket, not served yet.
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    https: Option<Https>,
    config: Config,
    patience: Patience,
}

impl Server {
    /// Takes the address, so that a taken one is told at once, and links know their port before
    /// [`run`](Self::run) serves them.
    pub async fn bind(config: &Config) -> Result<Self, CannotServe> {
        config.check()?;
        let https = match (&config.certificate_file, &config.key_file) {
            (Some(certificate), Some(key)) => Some(Https::read(certificate, key)?),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        let taken = |cause| CannotServe::Address { address: config.listen, cause };
        let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
        let local_addr = listener.local_addr().map_err(taken)?;
        let (config, patience) = (config.clone(), Patience::default());
        Ok(Self { listener, local_addr, https, config, patience })
    }

    /// The address taken, with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The certificate of HTTPS, to read it anew later; nothing over plain HTTP.
    pub fn https(&self) -> Option<Https> {
        self.https.clone()
    }

    /// Serves until cancelled, then lets running requests finish for a while.
    pub async fn run(self, router: Router, cancel: CancellationToken) {
        info!(address = %self.local_addr, "serving HTTP on {}", self.local_addr);
        let reception = Arc::new(Reception {
            http: http(self.patience),
            https: self.https.clone(),
            router,
            trusted_proxies: self.config.trusted_proxies.clone(),
            patience: self.patience,
        });
        let mut connections = Connections::default();
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                Some(ended) = connections.tasks.join_next_with_id() => connections.leave(ended),
                (socket, peer) = accept(&self.listener) => {
                    let from = network(peer);
                    if !self.has_room(&connections, peer, from) {
                        debug!("too many connections");
                        continue;
                    }
                    let reception = Arc::clone(&reception);
                    connections.enter(from, reception.attend(socket, peer, cancel.clone()));
                }
            }
        }
        drop(self.listener);
        let finished = async { while connections.tasks.join_next().await.is_some() {} };
        if timeout(self.patience.drain, finished).await.is_err() {
            warn!("stopped with {} connections still busy", connections.tasks.len());
            connections.tasks.shutdown().await;
        }
    }

    fn has_room(&self, connections: &Connections, peer: IpAddr, from: IpAddr) -> bool {
        connections.tasks.len() < self.config.max_connections
            && (self.config.trusted_proxies.contains(&peer)
                || connections.from(from) < self.config.max_connections_per_address)
    }
}

/// How long to wait for a client.
#[derive(Clone, Copy)]
struct Patience {
    handshake: Duration,
    /// For the head of a request, from connecting or from the answer before.
    head: Duration,
    /// For the body of a request.
    body: Time,
    /// For the client to read more of an answer that waits to be written.
    write: Duration,
    /// For running requests, when the server stops; the others need their time to stop, too.
    drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(5),
            body: Time { each: Duration::from_secs(10), most: LONGEST_BODY },
            write: Duration::from_secs(10),
            drain: Duration::from_secs(5),
        }
    }
}

/// The open connections, and from where they come.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    networks: HashMap<task::Id, IpAddr>,
    counts: HashMap<IpAddr, usize>,
}

impl Connections {
    fn from(&self, network: IpAddr) -> usize {
        self.counts.get(&network).copied().unwrap_or(0)
    }

    fn enter(&mut self, network: IpAddr, attendance: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(attendance).id();
        self.networks.insert(id, network);
        *self.counts.entry(network).or_default() += 1;
    }

    fn leave(&mut self, ended: Result<(task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(fault) => {
                error!("a connection's task failed: {fault}");
                fault.id()
            }
        };
        let Some(network) = self.networks.remove(&id) else { return };
        let left = self.from(network).saturating_sub(1);
        if left == 0 {
            self.counts.remove(&network);
        } else {
            self.counts.insert(network, left);
        }
    }
}

/// What every connection needs.
struct Reception {
    http: auto::Builder<TokioExecutor>,
    https: Option<Https>,
    router: Router,
    trusted_proxies: Vec<IpAddr>,
    patience: Patience,
}

impl Reception {
    async fn attend(self: Arc<Self>, socket: TcpStream, peer: IpAddr, cancel: CancellationToken) {
        // Answers are small; waiting to fill a packet would only delay them.
        let _ = socket.set_nodelay(true);
        let Some(https) = &self.https else {
            return self.serve(socket, peer, cancel).await;
        };
        let handshake = TlsAcceptor::from(https.current()).accept(socket);
        let handshake = timeout(self.patience.handshake, handshake);
        match cancel.run_until_cancelled(handshake).await {
            Some(Ok(Ok(socket))) => self.serve(socket, peer, cancel).await,
            Some(Ok(Err(error))) => debug!("no TLS: {error}"),
            Some(Err(_)) => debug!("no TLS in time"),
            None => {}
        }
    }

    async fn serve<S>(&self, socket: S, peer: IpAddr, cancel: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = AtomicBool::new(false);
        let service = service_fn(|request| {
            asked.store(true, Ordering::Relaxed);
            self.router.clone().oneshot(self.admit(request, peer))
        });
        let mut socket = TimeoutStream::new(socket);
        socket.set_write_timeout(Some(self.patience.write));
        let socket = TokioIo::new(Box::pin(socket));
        let mut connection = pin!(self.http.serve_connection(socket, service));

        // hyper times the head of a request, but not the first bytes, by which it tells HTTP/1
        // from HTTP/2, nor an HTTP/2 client that never asks for anything.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = cancel.cancelled() => {}
            () = sleep(self.patience.head) => if !asked.load(Ordering::Relaxed) { return },
        }
        tokio::select! {
            _ = connection.as_mut() => return,
            () = cancel.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    fn admit(&self, request: Request<Incoming>, peer: IpAddr) -> Request<Body> {
        let client = PeerAddress(self.client(peer, request.headers()));
        let (mut head, body) = request.into_parts();
        head.extensions.insert(client);
        if body.is_end_stream() {
            return Request::from_parts(head, Body::empty());
        }
        let (body, more_time) = InTime::body(body, self.patience.body);
        head.extensions.insert(more_time);
        Request::from_parts(head, body)
    }

    /// Walks back through the proxies as far as they are trusted.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = forwarded.flat_map(|hops| hops.to_str().unwrap_or("?").rsplit(','));
        let mut client = peer;
        while self.trusted_proxies.contains(&client) {
            let Some(Ok(hop)) = hops.next().map(|hop| hop.trim().parse::<IpAddr>()) else { break };
            client = hop.to_canonical();
        }
        client
    }
}

fn http(patience: Patience) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES.into());
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES.into())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    http
}

/// Waits for the next connection; backs off while the machine cannot give one.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    let mut pause = Duration::from_millis(50);
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer.ip().to_canonical()),
            Err(error) if is_the_peers_doing(&error) => {}
            Err(error) => {
                warn!("cannot accept connections: {error}");
                sleep(pause).await;
                pause = Duration::from_secs(1).min(pause * 2);
            }
        }
    }
}

fn is_the_peers_doing(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What one subscriber can have many of: nothing smaller than an IPv6 /64 is worth counting.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

fn is_origin(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.authority())
    else {
        return false;
    };
    !host.as_str().contains('@') && url == format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests;
