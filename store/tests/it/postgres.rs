//! A throw-away Postgres server on a temporary folder, for the time of this test process.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The address of a fresh, empty database; none where no Postgres is installed.
pub(crate) async fn fresh_database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server = SERVER.get_or_init(Server::start).as_ref()?;
    let name = format!("world_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = server.url("postgres");
    let created = tokio::task::spawn_blocking({
        let (bin, name) = (server.bin.clone(), name.clone());
        move || {
            Command::new(bin.join("createdb")).arg("--maintenance-db").arg(admin).arg(name).status()
        }
    });
    let created = created.await.expect("joins").expect("createdb runs");
    assert!(created.success(), "createdb failed");
    Some(server.url(&name))
}

struct Server {
    bin: PathBuf,
    folder: PathBuf,
    /// Holds the server's life: it ends when this process's end of the pipe closes.
    _watchdog: Child,
}

impl Server {
    fn start() -> Option<Self> {
        let Some(bin) = installed() else {
            assert!(std::env::var_os("CI").is_none(), "CI must have Postgres installed");
            eprintln!("\n*** NO POSTGRES BINARIES FOUND: the suite runs on SQLite only ***\n");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("fluss-pg-").tempdir().expect("a folder");
        let folder = folder.keep();
        // Postgres refuses to run as root, so root hands the folder to the user `postgres`.
        let script = r#"
            set -e
            bin=$1 folder=$2
            if [ "$(id -u)" = 0 ]; then
                chown postgres "$folder"; as="runuser -u postgres --"
            else as=; fi
            cd "$folder"
            $as "$bin/initdb" -D "$folder/data" -A trust -U fluss --no-sync >"$folder/log" 2>&1
            $as "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= \
                -c max_connections=400 >>"$folder/log" 2>&1 </dev/null &
            cat >/dev/null
            $as "$bin/pg_ctl" stop -D "$folder/data" -m fast >>"$folder/log" 2>&1 || true
            rm -rf "$folder"
        "#;
        let watchdog = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&bin)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let server = Self { bin, folder, _watchdog: watchdog };
        server.wait_until_it_answers();
        Some(server)
    }

    fn wait_until_it_answers(&self) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
        let answers = || {
            let mut ask = Command::new(self.bin.join("pg_isready"));
            let ask = ask.arg("-q").arg("-d").arg(self.url("postgres"));
            ask.status().is_ok_and(|status| status.success())
        };
        while !answers() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(std::time::Instant::now() < deadline, "Postgres did not start:\n{log}");
            std::thread::yield_now();
        }
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://fluss@{socket}/{database}")
    }
}

/// The folder of the newest installed server binaries.
fn installed() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).find(|folder| folder.join("postgres").is_file())
    });
    let debian = std::fs::read_dir("/usr/lib/postgresql").ok().and_then(|versions| {
        let bins = versions.flatten().map(|version| version.path().join("bin"));
        bins.filter(|bin| bin.join("postgres").is_file()).max()
    });
    debian.or(on_path)
}
