//! A running house: the real binary on a data folder of its own, with everybody who comes to it.
//!
//! Dropping a house asks it to stop, and asserts that it stopped cleanly and left no command
//! without its end.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use device_sim::{Claim, Options, Simulation};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::fleet::Fleet;
use crate::guest::Guest;
pub(crate) use crate::home::Home;
use crate::owner::Owner;

/// How long any wait may take before the story has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What kill -9 sends, and what a process sends itself to abort.
const SIGKILL: i32 = 9;
const SIGABRT: i32 = 6;

/// How much of what a house printed is told when it died by itself.
const LAST_LINES: usize = 100;

/// The binary, and the data folder it keeps.
pub(crate) struct House {
    process: Option<Process>,
    pub(crate) data: PathBuf,
    pub(crate) client: reqwest::Client,
    /// Kept over restarts, so that gates and links find the house again.
    ports: [u16; 2],
    /// Where it is kept, when not in the data folder.
    store_url: Option<String>,
    folder: Arc<TempDir>,
}

struct Process {
    child: Child,
    printed: Arc<Mutex<Vec<String>>>,
    /// Who read what it prints, until its end.
    readers: Vec<JoinHandle<()>>,
    http: String,
    mqtt: String,
}

impl Process {
    /// Waits until all that it printed is read. It has ended.
    fn reads_to_the_end(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("reads to the end");
        }
    }
}

/// How a process ended that was killed, or had died by itself before.
pub(crate) struct Death {
    /// None when the kill ended it.
    by_itself: Option<ExitStatus>,
    printed: Vec<String>,
}

/// What is printed on a device.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) serial: String,
    pub(crate) claim_code: String,
    pub(crate) enrolment_secret: Option<String>,
    pub(crate) board_url: Option<String>,
}

impl House {
    /// A new house on an empty folder, at ports of its own.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more settings, each `KEY=VALUE`.
    pub(crate) async fn start_with(settings: &[&str]) -> Self {
        let mut house = Self::empty();
        house.run(&mut house.command(settings)).await;
        house
    }

    /// A new house that keeps everything in this database.
    pub(crate) async fn start_on(store_url: &str) -> Self {
        let mut house = Self::empty();
        house.store_url = Some(store_url.to_owned());
        house.run(&mut house.command(&[])).await;
        house
    }

    /// A second process on the same data and at the same ports, not started yet.
    pub(crate) fn annex(&self) -> Self {
        Self {
            process: None,
            data: self.data.clone(),
            client: self.client.clone(),
            ports: self.ports,
            store_url: self.store_url.clone(),
            folder: Arc::clone(&self.folder),
        }
    }

    /// A folder where nothing runs yet.
    pub(crate) fn empty() -> Self {
        // Libraries that leave the choice of a provider to the process find this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let data = folder.path().join("data");
        let no_redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(no_redirects).no_proxy();
        let client = client.timeout(PATIENCE).build().expect("a client");
        Self {
            process: None,
            data,
            client,
            ports: [free_port(), free_port()],
            store_url: None,
            folder,
        }
    }

    /// Takes many gates into the books, at once and before anything runs; answers their folders.
    pub(crate) async fn is_given(&self, gates: usize) -> Vec<PathBuf> {
        let [_, mqtt] = self.ports;
        let fleet = Fleet::enlist(self.folder.path(), ([127, 0, 0, 1], mqtt).into(), gates).await;
        assert_eq!(fleet.data, self.data);
        let folders =
            fleet.gates.read_dir().expect("lists").map(|entry| entry.expect("lists").path());
        folders.filter(|path| path.is_dir()).collect()
    }

    /// The setting by which a bridge in another process finds this house's broker.
    pub(crate) fn way_to_its_broker(&self) -> String {
        let [_, mqtt] = self.ports;
        format!("bridge.broker=127.0.0.1:{mqtt}")
    }

    /// The binary's command line for this house.
    pub(crate) fn command(&self, settings: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flussd"));
        self.arguments(&mut command, settings);
        command
    }

    /// The same under another wall clock: moved by `offset` as libfaketime reads it, like `+13h`,
    /// or standing at a date like `@2027-03-27 19:00:00`.
    pub(crate) fn command_at(&self, offset: &str, settings: &[&str]) -> Command {
        let mut command = flussd_at(offset);
        self.arguments(&mut command, settings);
        command
    }

    fn arguments(&self, command: &mut Command, settings: &[&str]) {
        command.arg("--data").arg(&self.data);
        let [http, mqtt] = self.ports;
        // Everybody in a story comes from one address, so its limits are set for many.
        let usual = [
            format!("http.listen=127.0.0.1:{http}"),
            format!("broker.listen=127.0.0.1:{mqtt}"),
            "api.logins_per_address=1000".to_owned(),
            "api.guesses_per_address=1000".to_owned(),
            "api.pins.per_address_a_day=1000".to_owned(),
            "http.max_connections_per_address=500".to_owned(),
        ];
        for setting in usual.iter().map(String::as_str).chain(settings.iter().copied()) {
            command.arg("--set").arg(setting);
        }
        self.keeps(command);
    }

    fn keeps(&self, command: &mut Command) {
        if let Some(url) = &self.store_url {
            command.arg("--set").arg(format!("store.url={url}"));
        }
    }

    /// Starts the command and waits until it says that it is ready.
    pub(crate) async fn run(&mut self, command: &mut Command) {
        assert!(self.tries_to_run(command).await, "it died:\n{}", self.printed());
    }

    /// The same; whether it has not died on its way up.
    pub(crate) async fn tries_to_run(&mut self, command: &mut Command) -> bool {
        self.begin(command);
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let printed = self.printed();
            let word = |start| printed.lines().find_map(|line| word_with(line, start));
            if printed.contains("Ctrl-C stops it.") {
                let process = self.process.as_mut().expect("runs");
                // Who does not play a role does not name its address.
                process.http = word("http://").unwrap_or_default();
                let mqtt = word("mqtts://").unwrap_or_default();
                mqtt.trim_start_matches("mqtts://").clone_into(&mut process.mqtt);
                return true;
            }
            if self.is_dead() {
                // Its last words may still be in the pipe.
                self.process.as_mut().expect("ran").reads_to_the_end();
                return false;
            }
            pause.tick().await;
        }
        panic!("it does not start:\n{}", self.printed());
    }

    /// Starts the command, and does not wait.
    pub(crate) fn begin(&mut self, command: &mut Command) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let printed = Arc::new(Mutex::new(Vec::new()));
        let readers = [
            Box::new(child.stdout.take().expect("piped")) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().expect("piped")),
        ]
        .map(|stream| {
            let printed = Arc::clone(&printed);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    printed.lock().expect("not poisoned").push(line);
                }
            })
        });
        let (readers, http, mqtt) = (readers.into(), String::new(), String::new());
        self.process = Some(Process { child, printed, readers, http, mqtt });
    }

    /// Stops the house and starts it again under another clock, on the same folder.
    pub(crate) async fn sleeps(&mut self, offset: &str) {
        self.stop();
        let mut command = self.command_at(offset, &[]);
        self.run(&mut command).await;
    }

    /// Dies as in a power cut and starts again on the same folder, with these settings.
    pub(crate) async fn dies_and_starts(&mut self, settings: &[&str]) {
        self.dies();
        let mut command = self.command(settings);
        self.run(&mut command).await;
    }

    /// Dies as in a power cut, and not by itself before.
    pub(crate) fn dies(&mut self) {
        let death = self.is_killed();
        assert!(death.is_by_the_kill(), "{death}");
    }

    /// The same, if it has not died by itself before; how it ended.
    pub(crate) fn is_killed(&mut self) -> Death {
        let mut process = self.process.take().expect("the house runs");
        let had_ended = process.child.try_wait().expect("asks").is_some();
        process.child.kill().expect("kills");
        let status = process.child.wait().expect("waits");
        process.reads_to_the_end();
        forgets_clock_of(process.child.id());
        let is_by_the_kill = !had_ended && status.signal() == Some(SIGKILL);
        let printed = std::mem::take(&mut *process.printed.lock().expect("not poisoned"));
        Death { by_itself: (!is_by_the_kill).then_some(status), printed }
    }

    /// Whether it died by itself.
    pub(crate) fn is_dead(&mut self) -> bool {
        let process = self.process.as_mut().expect("the house runs");
        process.child.try_wait().expect("asks").is_some()
    }

    /// Asks the house to stop and waits until it did, cleanly.
    pub(crate) fn stop(&mut self) {
        self.stops_on("TERM");
    }

    /// Sends a signal and waits for a clean end.
    pub(crate) fn stops_on(&mut self, name: &str) {
        let Some(mut process) = self.process.take() else { return };
        signal(&process.child, name);
        let status = wait(&mut process.child);
        let printed = process.printed.lock().expect("not poisoned").join("\n");
        assert!(status.success(), "the house did not stop cleanly ({status}):\n{printed}");
    }

    /// By which the kernel knows it.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().expect("the house runs").child.id()
    }

    /// The kinds of the events that tell of this device, the oldest first.
    pub(crate) async fn events_of(&self, device: &str) -> Vec<String> {
        let url = format!("sqlite:{}", self.data.join("fluss.db").display());
        let mut books = SqliteConnection::connect(&url).await.expect("the books open");
        sqlx::query_scalar("SELECT kind FROM events WHERE device_id = $1 ORDER BY at, id")
            .bind(device)
            .fetch_all(&mut books)
            .await
            .expect("the books are read")
    }

    /// Has it reload all certificates, and waits until it did.
    pub(crate) async fn reloads(&self) {
        let process = self.process.as_ref().expect("the house runs");
        let times = || {
            let printed = process.printed.lock().expect("not poisoned");
            printed.iter().filter(|line| line.contains(" reloaded ")).count()
        };
        // The first time is by itself, at the start.
        let before = until(async || Some(times()).filter(|times| 0 < *times)).await;
        let before = before.expect("it looks after its certificates");
        signal(&process.child, "HUP");
        let again = until(async || (before < times()).then_some(())).await;
        again.expect("it reloads its certificates");
    }

    /// Takes a step from one CA to the next, or hears why not.
    pub(crate) fn takes(&self, step: &str) -> Result<String, String> {
        let asked = self.command(&[]).arg("ca").args(step.split(' ')).output();
        let asked = asked.expect("the binary runs");
        let [out, err] = [asked.stdout, asked.stderr].map(String::from_utf8);
        if asked.status.success() { Ok(out.expect("text")) } else { Err(err.expect("text")) }
    }

    /// Where HTTP is served: `http://127.0.0.1:…`.
    pub(crate) fn http(&self) -> &str {
        &self.process.as_ref().expect("the house runs").http
    }

    /// Where gates connect: host and port.
    pub(crate) fn mqtt(&self) -> &str {
        &self.process.as_ref().expect("the house runs").mqtt
    }

    /// The address of its database.
    fn url(&self) -> String {
        let file = || format!("sqlite:{}", self.data.join("fluss.db").display());
        self.store_url.clone().unwrap_or_else(file)
    }

    /// How many lines it has printed.
    pub(crate) fn lines(&self) -> usize {
        let process = self.process.as_ref().expect("the house runs");
        process.printed.lock().expect("not poisoned").len()
    }

    /// Everything it has printed, on both streams.
    pub(crate) fn printed(&self) -> String {
        let process = self.process.as_ref().expect("the house runs");
        process.printed.lock().expect("not poisoned").join("\n")
    }

    /// Waits for a line from the `from`th on in which something is found.
    pub(crate) async fn printed_after<T>(
        &self,
        from: usize,
        find: impl Fn(&str) -> Option<T>,
    ) -> T {
        let process = self.process.as_ref().expect("the house runs");
        let found = until(async || {
            let printed = process.printed.lock().expect("not poisoned");
            printed.iter().skip(from).find_map(|line| find(line))
        });
        match found.await {
            Some(found) => found,
            None => panic!("not printed:\n{}", process.printed.lock().expect("there").join("\n")),
        }
    }

    /// Somebody signs in with the phone app.
    pub(crate) async fn signs_in(&self, phone: &str) -> Owner {
        Owner::signs_in(self, phone, "app").await
    }

    /// Makes a device as the factory does and reads its label.
    pub(crate) fn makes(&self, kind: &str, arguments: &[&str]) -> Label {
        self.made_by(Command::new(env!("CARGO_BIN_EXE_flussd")), kind, arguments)
    }

    /// The same under another clock.
    pub(crate) fn makes_at(&self, offset: &str, kind: &str, arguments: &[&str]) -> Label {
        self.made_by(flussd_at(offset), kind, arguments)
    }

    fn made_by(&self, mut command: Command, kind: &str, arguments: &[&str]) -> Label {
        command.args(["device", "make", kind, "--json"]).args(arguments);
        self.label_from(command)
    }

    /// An operator does something to a gate.
    pub(crate) fn operates(&self, act: &str, gate: &Label) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flussd"));
        command.args(["device", act, &gate.id]);
        self.beside(&mut command);
        command.output().expect("the binary runs")
    }

    /// An operator asks what became of an attempt, or of a code.
    pub(crate) fn asked_to_explain(&self, id: &str, options: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flussd"));
        command.args(["explain", id]).args(options);
        self.beside(&mut command);
        command.output().expect("the binary runs")
    }

    /// What the operator is told, for machines.
    pub(crate) fn explains(&self, id: &str) -> Value {
        let told = self.asked_to_explain(id, &["--json"]);
        let errors = String::from_utf8_lossy(&told.stderr);
        serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("no story: {errors}"))
    }

    /// What the operator is told, for people.
    pub(crate) fn explains_in_words(&self, id: &str) -> String {
        String::from_utf8(self.asked_to_explain(id, &[]).stdout).expect("text")
    }

    /// An operator does something with the house's data; succeeds, or tells why not.
    pub(crate) fn told_to(&self, arguments: &[&str]) -> Result<String, String> {
        let told = self.asked(arguments);
        let [out, err] = [told.stdout, told.stderr].map(String::from_utf8);
        if told.status.success() { Ok(out.expect("text")) } else { Err(err.expect("text")) }
    }

    /// The same, however it ends.
    pub(crate) fn asked(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flussd"));
        command.args(arguments);
        self.beside(&mut command);
        command.output().expect("the binary runs")
    }

    /// Starts again after a stop, on the same folder.
    pub(crate) async fn starts(&mut self) {
        let mut command = self.command(&[]);
        self.run(&mut command).await;
    }

    /// An operator prints a fresh label for a gate.
    pub(crate) fn relabels(&self, gate: &Label) -> Label {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flussd"));
        command.args(["device", "replace", &gate.id, "--json"]);
        self.label_from(command)
    }

    /// Lets a command work on the house's own data.
    fn beside(&self, command: &mut Command) {
        command.arg("--data").arg(&self.data);
        if self.process.is_some() {
            command.arg("--set").arg(format!("http.public_url={}", self.http()));
        }
        self.keeps(command);
    }

    fn label_from(&self, mut command: Command) -> Label {
        self.beside(&mut command);
        let made = command.output().expect("the binary runs");
        let told = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "no label: {told}");
        let label: Value = serde_json::from_slice(&made.stdout).expect("a JSON label");
        let text = |name: &str| label[name].as_str().map(str::to_owned);
        Label {
            id: text("id").expect("an id"),
            serial: text("serial").expect("a serial"),
            claim_code: text("claim_code").expect("a claim code"),
            enrolment_secret: text("enrolment_secret"),
            board_url: text("board_url"),
        }
    }

    /// Mounts a gate: it enrols itself by its label, connects, and is ready. Its motor needs no
    /// rest, so that stories are short.
    pub(crate) async fn mounts(&self, label: &Label) -> Simulation {
        self.mounts_as(label, Options { keeps_gap: false, ..Options::default() }).await
    }

    /// Mounts a gate that is like this.
    pub(crate) async fn mounts_as(&self, label: &Label, options: Options) -> Simulation {
        let folder = self.enrols(label).await;
        let gate = Simulation::start(&folder, options).expect("the gate starts");
        gate.ready().await.expect("the gate gets ready");
        gate
    }

    /// A gate enrols itself; answers its folder.
    pub(crate) async fn enrols(&self, label: &Label) -> PathBuf {
        let folder = self.gate_folder(label);
        let claim = Claim {
            server: self.http().to_owned(),
            serial: label.serial.clone(),
            secret: label.enrolment_secret.clone().expect("a gate's label"),
            server_ca: None,
        };
        device_sim::enrol(&claim, &folder).await.expect("the gate enrols");
        folder
    }

    /// Where a gate keeps its identity and its ledger.
    pub(crate) fn gate_folder(&self, label: &Label) -> PathBuf {
        self.folder.path().join(&label.serial)
    }

    /// Who opens a link on a phone of their own.
    pub(crate) fn guest(&self, link: &str) -> Guest {
        Guest::new(self, link)
    }

    /// A gate that has nothing to do with the story.
    pub(crate) async fn another_gate(&self) -> Simulation {
        let label = self.makes("gate", &["--name", "Elsewhere"]);
        self.mounts(&label).await
    }

    /// Any request without a session.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.http());
        Answer::of(self.client.post(url).json(body).send().await).await
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        if std::thread::panicking() {
            let _ = process.child.kill();
            let _ = process.child.wait();
            let printed = process.printed.lock().expect("not poisoned").join("\n");
            eprintln!("--- the house printed:\n{printed}\n---");
            return;
        }
        self.process = Some(process);
        self.stop();
        let (url, data) = (self.url(), self.data.clone());
        // A runtime of its own: a drop cannot wait in the story's.
        let left = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(unsettled(&url, &data))
        });
        assert_eq!(left.join().expect("counts"), 0, "commands without an end were left behind");
    }
}

impl Death {
    pub(crate) fn is_by_the_kill(&self) -> bool {
        self.by_itself.is_none()
    }

    /// Whether it died where it was told to; see `store/src/crash.rs`.
    pub(crate) fn is_at(&self, point: &str) -> bool {
        self.by_itself.is_some_and(|status| status.signal() == Some(SIGABRT))
            && self.printed.contains(&format!("dies at {point}"))
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by_itself {
            None => writeln!(f, "killed; the last that it printed:")?,
            Some(status) => writeln!(f, "died by itself ({status}); the last that it printed:")?,
        }
        let from = self.printed.len().saturating_sub(LAST_LINES);
        f.write_str(&self.printed[from..].join("\n"))
    }
}

/// A code as its sender got it.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) id: String,
    pub(crate) digits: String,
    pub(crate) link: String,
    pub(crate) reference: String,
    pub(crate) body: Value,
}

/// An HTTP answer with a JSON body, or none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(sent: reqwest::Result<reqwest::Response>) -> Self {
        let response = sent.expect("an answer");
        Self::read(response).await.expect("a body")
    }

    /// The answer, unless the house died over it.
    pub(crate) async fn if_any(sent: reqwest::Result<reqwest::Response>) -> Option<Self> {
        Self::read(sent.ok()?).await.ok()
    }

    async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        Ok(Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// The stable code of a refusal, with its status.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    /// The fields that a refusal names.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        errors.into_iter().flatten().filter_map(|error| error["field"].as_str()).collect()
    }

    /// The id of the attempt that a redemption made, or a tap or a press without the digits.
    #[track_caller]
    pub(crate) fn attempt(&self) -> String {
        assert_eq!(self.status, 202, "{}", self.body);
        let attempt = self.body.get("attempt").unwrap_or(&self.body);
        attempt["id"].as_str().expect("an attempt").to_owned()
    }

    /// Asserts that all went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }
}

/// Takes away what libfaketime shares within a process and leaves behind when it is killed: the next
/// process with that id would end over it.
fn forgets_clock_of(process: u32) {
    for left in [format!("faketime_shm_{process}"), format!("sem.faketime_sem_{process}")] {
        let _ = fs::remove_file(Path::new("/dev/shm").join(left));
    }
}

/// The binary under another clock. The wrapper `faketime` would not pass signals on, so it is only
/// asked which library it preloads.
fn flussd_at(offset: &str) -> Command {
    static LIBRARY: LazyLock<String> = LazyLock::new(|| {
        // Where one that was killed had the same process id, it ends with an error.
        let asks = (0..10).map(|_| {
            let mut ask = Command::new("faketime");
            let asked = ask.args(["-f", "+0s", "printenv", "LD_PRELOAD"]).output();
            asked.expect("faketime is installed (apt: faketime)")
        });
        let answer = asks.into_iter().find(|answer| answer.status.success());
        let library = answer.expect("faketime answers").stdout;
        String::from_utf8_lossy(&library).trim().to_owned()
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_flussd"));
    command.env("LD_PRELOAD", &*LIBRARY);
    command.env("FAKETIME", offset).env("TZ", "UTC");
    command
}

/// Whether a tool that a story wants is installed. Where it is not, that is said loudly; CI insists.
pub(crate) fn is_installed(tool: &str, package: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    assert!(found || std::env::var_os("CI").is_none(), "CI must have {tool} (apt: {package})");
    if !found {
        eprintln!("\n*** NO {tool} FOUND (apt: {package}): a story was not told ***\n");
    }
    found
}

/// Tries until something is there, for at most [`PATIENCE`].
pub(crate) async fn until<T>(look: impl AsyncFn() -> Option<T>) -> Option<T> {
    let mut pause = tokio::time::interval(Duration::from_millis(10));
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look().await {
            return Some(found);
        }
        pause.tick().await;
    }
    None
}

/// Sends a signal to a process that the story started.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.expect("kill runs").success());
}

/// Waits for the end of a process that was asked to stop.
pub(crate) fn wait(child: &mut Child) -> std::process::ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("waits") {
            return status;
        }
        assert!(Instant::now() < deadline, "the process did not stop");
        std::thread::yield_now();
    }
}

async fn unsettled(url: &str, data: &std::path::Path) -> u64 {
    struct NoDice;
    impl domain::Dice for NoDice {
        fn roll(&self, into: &mut [u8]) {
            // Only the check of the keys is sealed here, and what is kept of it is the older seal.
            into.fill(0);
        }
    }
    let key = |name: &str| {
        let file = std::fs::read_to_string(data.join("keys").join(name)).expect("a key");
        let bytes = data_encoding::HEXLOWER.decode(file.trim().as_bytes()).expect("hex");
        <[u8; 32]>::try_from(bytes).expect("32 bytes")
    };
    let keys = store::Keys { seal: key("seal.key"), pepper: key("pepper.key") };
    let store = store::Store::open(url, &keys, Arc::new(NoDice)).await.expect("opens");
    let left = store.attempts().unsettled().await.expect("counts");
    store.close().await;
    left
}

/// A port below those that the system gives out by itself, and given out once by us.
fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 80).expect("small") * 100;
    loop {
        let port = 20_000 + start + NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn word_with(line: &str, start: &str) -> Option<String> {
    let word = line.split_whitespace().find(|word| word.starts_with(start))?;
    Some(word.trim_end_matches(['.', ',', '/']).to_owned())
}
