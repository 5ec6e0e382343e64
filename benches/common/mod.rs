//! What the benchmarks share: gates by the thousand, and a broker in a process of its own.

#[path = "../../tests/it/fleet.rs"]
pub(crate) mod fleet;
#[path = "../../tests/it/meter.rs"]
pub(crate) mod meter;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fleet::Fleet;

/// The kernel counts a process's time in these, whatever it ticks by.
const TICK: Duration = Duration::from_millis(10);

/// How long a broker may take to open its port.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// A broker's process; dropped, it is killed.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a broker and waits until it listens.
    pub(crate) async fn start(command: &mut Command, at: SocketAddr) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Self(quiet.spawn().expect("the broker starts"));
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect(at).is_err() {
            let ended = server.0.try_wait().expect("waits");
            assert!(ended.is_none(), "the broker ended: {command:?}");
            assert!(Instant::now() < deadline, "the broker does not listen: {command:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// By which the kernel knows it.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// flussd as a broker only, on the defaults, with these gates in its books.
pub(crate) fn flussd(binary: &Path, fleet: &Fleet, at: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.arg("--data").arg(&fleet.data);
    for setting in ["roles=[\"broker\"]".to_owned(), format!("broker.listen={at}")] {
        command.arg("--set").arg(setting);
    }
    command
}

/// Processor time so far, of all threads, for itself and in the kernel.
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = meter::read(pid, "stat");
    // The name before the bracket may hold blanks; user and system time come 12th after it.
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    let ticks =
        fields.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().expect("ticks"));
    TICK * ticks.sum::<u32>()
}

/// An address on loopback where nobody listens.
pub(crate) fn free_address() -> SocketAddr {
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    any.and_then(|listener| listener.local_addr()).expect("a free port")
}
