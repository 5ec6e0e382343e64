use std::fs;

use authority::Authority;
use axum::Extension;
use axum::body::Bytes;
use axum::routing::{get, post};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(10);
const NOW: i64 = 1_750_000_000_000;

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server =
        Running::start_with(&any_port(), hello(), Patience { head: SHORT, ..Patience::default() })
            .await;
    let mut client = server.connect().await;
    assert_eq!(read_to_end(&mut client).await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_let_go() {
    // More than any socket buffers.
    let large = Router::new().route("/", get(|| async { vec![b'x'; 64 * 1024 * 1024] }));
    let patience = Patience { write: SHORT, ..Patience::default() };
    let server = Running::start_with(&any_port(), large, patience).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    deaf.read_exact(&mut [0; 1]).await.unwrap();
    // No more is read; the server gives up by itself, so stopping need not wait for it.
    let stopping = std::time::Instant::now();
    server.cancel.cancel();
    server.task.await.unwrap();
    assert!(stopping.elapsed() < Patience::default().drain, "it was waited for");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let server =
        Running::start_with(&any_port(), hello(), Patience { head: SHORT, ..Patience::default() })
            .await;
    // The second looks like HTTP/2 for a while, the third never asks for anything.
    for start in ["GET / HTTP/1.1\r\nhost: a\r\nx-", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut client = server.connect().await;
        client.write_all(start.as_bytes()).await.unwrap();
        let answer = read_bytes_to_end(&mut client).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{start:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let server =
        Running::start_with(&any_port(), hello(), Patience { head: SHORT, ..Patience::default() })
            .await;
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let answer = read_to_end(&mut client).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let router = Router::new().route("/", post(async |body: Bytes| body));
    let body = Time { each: SHORT, most: LONG };
    let server =
        Running::start_with(&any_port(), router, Patience { body, ..Patience::default() }).await;
    let mut client = server.connect().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf";
    client.write_all(head.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

/// A picture over a bad line: it goes on for longer than any other body may.
#[tokio::test]
async fn a_body_that_keeps_coming_is_waited_for_where_a_route_gives_it_more_time() {
    let body = Time { each: Duration::from_secs(1), most: LONG };
    let server =
        Running::start_with(&any_port(), uploads(), Patience { body, ..Patience::default() }).await;
    let (patient, hasty) =
        tokio::join!(server.uploads("/patient", 10), server.uploads("/hasty", 10));
    assert!(patient.starts_with("HTTP/1.1 200"), "{patient}");
    assert!(patient.ends_with(&(10 * PIECE).to_string()), "{patient}");
    assert!(!hasty.starts_with("HTTP/1.1 200"), "{hasty}");
}

#[tokio::test]
async fn a_body_with_more_time_is_cut_off_when_it_stops_coming_or_never_ends() {
    for (each, most, pieces) in [(SHORT, LONG, 1), (LONG, SHORT, usize::MAX)] {
        let body = Time { each, most };
        let server =
            Running::start_with(&any_port(), uploads(), Patience { body, ..Patience::default() })
                .await;
        let began = Instant::now();
        let answer = server.uploads("/patient", pieces).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let server = Running::start(&any_port(), hello()).await;
    let head = |headers| {
        let others = "a: b\r\n".repeat(headers - 1);
        format!("GET / HTTP/1.1\r\nconnection: close\r\n{others}\r\n")
    };
    let few = server.ask(&head(MAX_HEADERS)).await;
    assert!(few.starts_with("HTTP/1.1 200"), "{few}");
    let many = server.ask(&head(MAX_HEADERS + 1)).await;
    assert!(many.starts_with("HTTP/1.1 431"), "{many}");
}

#[tokio::test]
async fn a_stopping_server_finishes_what_runs_and_takes_nothing_new() {
    let [started, finish] = [Arc::new(Notify::new()), Arc::new(Notify::new())];
    let (start, end) = (started.clone(), finish.clone());
    let slow = get(async move || {
        start.notify_one();
        end.notified().await;
        "done"
    });
    let server = Running::start(&any_port(), Router::new().route("/", slow)).await;
    let address = server.address;
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    started.notified().await;

    server.cancel.cancel();
    within(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    finish.notify_one();

    let answer = read_to_end(&mut client).await;
    assert!(answer.ends_with("done"), "{answer}");
    within(server.task).await.unwrap();
}

#[tokio::test]
async fn a_stopping_server_does_not_wait_for_ever() {
    let started = Arc::new(Notify::new());
    let start = started.clone();
    let stuck = get(async move || {
        start.notify_one();
        std::future::pending::<()>().await;
    });
    let server = Running::start_with(
        &any_port(),
        Router::new().route("/", stuck),
        Patience { drain: SHORT, ..Patience::default() },
    )
    .await;
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    started.notified().await;
    server.stop().await;
}

#[tokio::test]
async fn one_address_has_only_its_share_of_connections() {
    let config = Config { max_connections_per_address: 2, ..any_port() };
    let server = Running::start(&config, hello()).await;
    let mut first = server.connect_and_greet().await;
    let second = server.connect_and_greet().await;
    let mut third = server.connect().await;
    assert_eq!(read_to_end(&mut third).await, "");

    drop(second);
    within(async { while !server.answers().await {} }).await;
    first.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut first).await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn a_trusted_proxy_brings_many_but_not_more_than_all() {
    let config = Config {
        max_connections: 3,
        max_connections_per_address: 1,
        trusted_proxies: vec![Ipv4Addr::LOCALHOST.into()],
        ..any_port()
    };
    let server = Running::start(&config, hello()).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(server.connect_and_greet().await);
    }
    let mut fourth = server.connect().await;
    assert_eq!(read_to_end(&mut fourth).await, "");
    server.stop().await;
}

#[tokio::test]
async fn a_handler_learns_who_asks() {
    let strict = Running::start(&any_port(), who()).await;
    let head = "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.2.3.4\r\nconnection: close\r\n\r\n";
    assert!(strict.ask(head).await.ends_with("\r\n127.0.0.1"));

    let proxies = vec![Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(10, 0, 0, 1).into()];
    let behind = Running::start(&Config { trusted_proxies: proxies, ..any_port() }, who()).await;
    for (forwarded, client) in [
        ("1.2.3.4", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        ("2001:db8::7", "2001:db8::7"),
        ("nonsense", "127.0.0.1"),
        ("1.2.3.4, nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        let head = head.replace("1.2.3.4", forwarded);
        let answer = behind.ask(&head).await;
        assert!(answer.ends_with(&format!("\r\n{client}")), "{forwarded}: {answer}");
    }
}

#[tokio::test]
async fn https_speaks_both_versions() {
    let tls = Tls::new();
    let server = Running::start(&tls.config(), hello()).await;

    let mut http1 = tls.connect(&server, "http/1.1").await;
    http1.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut http1).await.starts_with("HTTP/1.1 200"));

    let mut http2 = tls.connect(&server, "h2").await;
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    http2.write_all(&settings).await.unwrap();
    // GET https://a/ from HPACK's static table, headers and stream ended.
    let get = [0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x84, 0x87, 0x41, 1, b'a'];
    http2.write_all(&get).await.unwrap();
    assert_eq!(first_header_byte(&mut http2).await, 0x88, "not :status 200");
}

#[tokio::test]
async fn another_certificate_is_shown_after_a_reload_and_nobody_is_dropped() {
    let tls = Tls::new();
    let patience = Patience { head: LONG, ..Patience::default() };
    let server = Running::start_with(&tls.config(), hello(), patience).await;
    let mut standing = tls.connect(&server, "http/1.1").await;
    let before = certificate_of(&standing);

    tls.renew();
    assert_eq!(certificate_of(&tls.connect(&server, "http/1.1").await), before);
    server.https.as_ref().unwrap().reload().unwrap();
    let after = certificate_of(&tls.connect(&server, "http/1.1").await);
    assert_ne!(after, before);

    // Half a renewal, as when the signal comes between the two files.
    let key = tls.config().key_file.unwrap();
    let other = Tls::new().config().key_file.map(|file| fs::read(file).unwrap());
    for broken in [b"half a k".to_vec(), other.unwrap()] {
        fs::write(&key, broken).unwrap();
        let refused = server.https.as_ref().unwrap().reload().unwrap_err().to_string();
        assert!(refused.contains(".pem: "), "{refused}");
        assert_eq!(certificate_of(&tls.connect(&server, "http/1.1").await), after);
    }
    standing.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut standing).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_off() {
    let tls = Tls::new();
    let server = Running::start_with(
        &tls.config(),
        hello(),
        Patience { handshake: SHORT, ..Patience::default() },
    )
    .await;
    let mut client = server.connect().await;
    client.write_all(&[22, 3, 1]).await.unwrap();
    assert_eq!(read_to_end(&mut client).await, "");
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let server = Running::start(&any_port(), hello()).await;
    let config = Config { listen: server.address, ..Config::default() };
    let refused = Server::bind(&config).await.err().unwrap().to_string();
    let expected = format!("http.listen: cannot listen on {}: Address already", server.address);
    assert!(refused.starts_with(&expected), "{refused}");
}

#[tokio::test]
async fn an_unusable_certificate_is_named() {
    let tls = Tls::new();
    let missing = tls.folder.path().join("missing.pem");
    let config = Config { certificate_file: Some(missing.clone()), ..tls.config() };
    let refused = Server::bind(&config).await.err().unwrap().to_string();
    assert!(refused.starts_with(&format!("{}: No such file", missing.display())), "{refused}");

    let config = Config { key_file: tls.config().certificate_file, ..tls.config() };
    let refused = Server::bind(&config).await.err().unwrap().to_string();
    assert!(refused.contains("certificate.pem: "), "{refused}");
}

#[test]
fn what_would_be_unsafe_is_refused() {
    let config = Config { listen: ([0, 0, 0, 0], 8080).into(), ..Config::default() };
    assert_eq!(
        config.check().unwrap_err().to_string(),
        "listen = \"0.0.0.0:8080\": expected a loopback address, since plain HTTP would show \
         codes to the network; for others set certificate_file and key_file, or trusted_proxies"
    );
    let proxied = Config { trusted_proxies: vec![Ipv4Addr::LOCALHOST.into()], ..config.clone() };
    assert_eq!(proxied.check(), Ok(()));
    let file = Some(PathBuf::from("a.pem"));
    let tls = Config { certificate_file: file.clone(), key_file: file.clone(), ..config };
    assert_eq!(tls.check(), Ok(()));

    let half = Config { certificate_file: file, ..Config::default() };
    assert_eq!(
        half.check().unwrap_err().to_string(),
        "key_file = (nothing, though certificate_file is set): expected the path of a PEM file"
    );
}

#[test]
fn a_public_url_is_an_origin() {
    let check =
        |url: &str| Config { public_url: Some(url.to_owned()), ..Config::default() }.check();
    for good in ["https://fluss.example", "http://127.0.0.1:8080", "https://[::1]:8443"] {
        assert_eq!(check(good), Ok(()));
    }
    for bad in ["", "fluss.example", "ftp://a", "https://a/", "https://a/a", "https://b@a", "//a"] {
        assert!(check(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_console_has_another_host_with_the_same_scheme() {
    let check = |public: Option<&str>, console: &str| {
        let [public_url, console_url] = [public, Some(console)].map(|url| url.map(str::to_owned));
        Config { public_url, console_url, ..Config::default() }.check()
    };
    let public = Some("https://fluss.example");
    assert_eq!(check(public, "https://console.fluss.example"), Ok(()));
    for bad in [
        "https://fluss.example",
        "https://fluss.example:8443",
        "http://console.example",
        "console.example",
        "https://a/",
    ] {
        assert!(check(public, bad).is_err(), "{bad}");
    }
    assert!(check(None, "https://console.example").is_err());
}

/// A server on a free port.
struct Running {
    address: SocketAddr,
    https: Option<Https>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(config: &Config, router: Router) -> Self {
        Self::start_with(config, router, Patience::default()).await
    }

    async fn start_with(config: &Config, router: Router, patience: Patience) -> Self {
        let mut server = Server::bind(config).await.unwrap();
        server.patience = patience;
        let (address, https) = (server.local_addr(), server.https());
        let cancel = CancellationToken::new();
        let task = tokio::spawn(server.run(router, cancel.clone()));
        Self { address, https, cancel, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect_and_greet(&self) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_some(&mut client).await.starts_with("HTTP/1.1 200"));
        client
    }

    async fn ask(&self, head: &str) -> String {
        let mut client = self.connect().await;
        client.write_all(head.as_bytes()).await.unwrap();
        read_to_end(&mut client).await
    }

    /// Sends so many pieces of a body that would have ten, one after the other, and reads the answer.
    async fn uploads(&self, path: &str, pieces: usize) -> String {
        let (mut reader, mut writer) = self.connect().await.into_split();
        let all = if pieces == usize::MAX { usize::MAX } else { 10 * PIECE };
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {all}\r\n\r\n");
        let sending = async {
            writer.write_all(head.as_bytes()).await?;
            let mut pace = tokio::time::interval(SHORT / 2);
            for _ in 0..pieces {
                pace.tick().await;
                writer.write_all(&vec![b'x'; PIECE]).await?;
            }
            std::future::pending::<io::Result<()>>().await
        };
        let mut answer = vec![0; 1024];
        let length = tokio::select! {
            length = within(reader.read(&mut answer)) => length.unwrap_or_default(),
            // Cut off while it was sending.
            _ = sending => 0,
        };
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    async fn answers(&self) -> bool {
        let mut client = self.connect().await;
        let asked = client.write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await;
        let mut answer = Vec::new();
        asked.is_ok() && client.read_to_end(&mut answer).await.is_ok() && !answer.is_empty()
    }

    async fn stop(self) {
        self.cancel.cancel();
        within(self.task).await.unwrap();
    }
}

/// A CA and a server's certificate in files.
struct Tls {
    folder: tempfile::TempDir,
    ca: Authority,
}

impl Tls {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Authority::create("Test CA", NOW).unwrap();
        let tls = Self { folder, ca };
        tls.renew();
        tls
    }

    /// Puts another certificate and its key into the files.
    fn renew(&self) {
        let issued = self.ca.server(&["localhost".to_owned()], NOW, NOW).unwrap();
        fs::write(self.folder.path().join("certificate.pem"), issued.certificate_pem).unwrap();
        fs::write(self.folder.path().join("key.pem"), issued.key_pem).unwrap();
    }

    fn config(&self) -> Config {
        let file = |name| Some(self.folder.path().join(name));
        Config {
            certificate_file: file("certificate.pem"),
            key_file: file("key.pem"),
            ..any_port()
        }
    }

    async fn connect(&self, server: &Running, alpn: &str) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.ca_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(StandingClock))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let client = connector.connect(name, server.connect().await).await.unwrap();
        assert_eq!(client.get_ref().1.alpn_protocol(), Some(alpn.as_bytes()));
        client
    }
}

#[derive(Debug)]
struct StandingClock;

impl TimeProvider for StandingClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(NOW.unsigned_abs())))
    }
}

fn any_port() -> Config {
    Config { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..Config::default() }
}

/// More than must come each time.
const PIECE: usize = 200 * 1024;

/// Answers how long a body is.
fn uploads() -> Router {
    let length = async |body: Body| {
        let body = axum::body::to_bytes(body, usize::MAX).await;
        body.map(|body| body.len().to_string()).map_err(|_| axum::http::StatusCode::BAD_REQUEST)
    };
    let patient = async move |Extension(more): Extension<MoreTime>, body: Body| {
        more.give();
        length(body).await
    };
    Router::new().route("/patient", post(patient)).route("/hasty", post(length))
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

fn who() -> Router {
    Router::new().route("/", get(async |peer: Extension<PeerAddress>| peer.0.0.to_string()))
}

fn certificate_of(client: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    client.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

async fn read_to_end(client: &mut TcpStream) -> String {
    String::from_utf8(read_bytes_to_end(client).await).unwrap()
}

/// Reads until the server closes, politely or not.
async fn read_bytes_to_end(client: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = within(client.read_to_end(&mut answer)).await;
    answer
}

async fn read_some(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = vec![0; 1024];
    let length = within(client.read(&mut answer)).await.unwrap();
    answer.truncate(length);
    String::from_utf8(answer).unwrap()
}

/// Skips frames up to the first HEADERS.
async fn first_header_byte(client: &mut (impl AsyncRead + Unpin)) -> u8 {
    loop {
        let mut head = [0; 9];
        within(client.read_exact(&mut head)).await.unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        within(client.read_exact(&mut payload)).await.unwrap();
        if head[3] == 1 {
            return payload[0];
        }
    }
}

async fn within<T>(wait: impl Future<Output = T>) -> T {
    timeout(LONG, wait).await.expect("waited in vain")
}
