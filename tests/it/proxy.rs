//! A bad line between a gate and the broker: bytes arrive late, in drops, or never; connections
//! break on one side or on both. What is carried stays encrypted, so nothing is forged here.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::chance::Chance;

/// After so long a lost segment is sent again, and twice as long when it is lost again, as by TCP.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// Pieces on their way in one direction.
const ON_THE_WAY: usize = 1024;

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// So many of a hundred segments are lost, and sent again.
    Loss(u64),
    /// Each piece takes up to so many milliseconds; none overtakes another.
    Delay(u64),
    /// One piece in ten is held up, with all behind it, for up to so many milliseconds.
    Stall(u64),
    /// So many bytes a second.
    Trickle(u32),
    /// Each connection is reset within so many milliseconds.
    Reset(u64),
    /// Each connection loses one of its directions within so many milliseconds.
    HalfClose(u64),
    /// Nothing arrives and nobody is told; what was sent arrives when it is over.
    Hole,
}

/// A line; all that is on it breaks when it is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    fault: watch::Sender<Fault>,
    _task: AbortOnDropHandle<()>,
}

impl Proxy {
    /// A good line to this address.
    pub(crate) async fn to(broker: &str, chance: Chance) -> Self {
        let broker: SocketAddr = broker.parse().expect("an address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let (fault, _) = watch::channel(Fault::None);
        let lines = accept(listener, broker, fault.clone(), chance);
        Self { port, fault, _task: AbortOnDropHandle::new(tokio::spawn(lines)) }
    }

    /// From now on this is wrong with the line.
    pub(crate) fn suffers(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

async fn accept(
    listener: TcpListener,
    broker: SocketAddr,
    fault: watch::Sender<Fault>,
    mut chance: Chance,
) {
    let mut lines = JoinSet::new();
    while let Ok((gate, _)) = listener.accept().await {
        let Ok(broker) = TcpStream::connect(broker).await else { continue };
        lines.spawn(carry(gate, broker, fault.clone(), chance.another()));
        while lines.try_join_next().is_some() {}
    }
}

/// One connection to its end.
async fn carry(
    gate: TcpStream,
    broker: TcpStream,
    fault: watch::Sender<Fault>,
    mut chance: Chance,
) {
    for socket in [&gate, &broker] {
        // So that what is dropped in the middle is reset, and not closed in order.
        let _ = (socket.set_nodelay(true), socket.set_zero_linger());
    }
    let (from_gate, to_gate) = gate.into_split();
    let (from_broker, to_broker) = broker.into_split();
    let (up, down) = (chance.another(), chance.another());
    let mut pumps = [
        AbortOnDropHandle::new(tokio::spawn(pump(from_gate, to_broker, fault.subscribe(), up))),
        AbortOnDropHandle::new(tokio::spawn(pump(from_broker, to_gate, fault.subscribe(), down))),
    ];
    let mut changed = fault.subscribe();
    loop {
        let now = *changed.borrow_and_update();
        let (Fault::Reset(within) | Fault::HalfClose(within)) = now else {
            let [up, down] = &mut pumps;
            tokio::select! {
                Ok(()) = changed.changed() => continue,
                _ = async { tokio::join!(ended(up), ended(down)) } => return,
            }
        };
        let breaks_at = Instant::now() + chance.ms_below(within);
        let [up, down] = &mut pumps;
        tokio::select! {
            Ok(()) = changed.changed() => continue,
            _ = async { tokio::join!(ended(up), ended(down)) } => return,
            () = sleep_until(breaks_at) => {}
        }
        if now == Fault::Reset(within) {
            return;
        }
        // Its writing half ends with it, in order; the other direction goes on.
        let [up, down] = pumps;
        let (lost, left) = if chance.once_in(2) { (up, down) } else { (down, up) };
        drop(lost);
        let _ = left.await;
        return;
    }
}

/// Waits for the end of a direction, which may have come while the fault was another.
async fn ended(pump: &mut AbortOnDropHandle<()>) {
    if !pump.is_finished() {
        let _ = pump.await;
    }
}

/// One direction of a connection.
async fn pump(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    mut fault: watch::Receiver<Fault>,
    mut chance: Chance,
) {
    let (pieces, queue) = mpsc::channel(ON_THE_WAY);
    let writer = AbortOnDropHandle::new(tokio::spawn(deliver(to, queue, fault.clone())));
    let mut buffer = vec![0; 1400];
    let mut due = Instant::now();
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        let fault = *fault.borrow_and_update();
        due = due.max(Instant::now()) + lateness(fault, bytes, due, &mut chance);
        if pieces.send((due, buffer[..bytes].to_vec())).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let _ = writer.await;
}

/// How much later than the piece before it, or than now, a piece arrives.
fn lateness(fault: Fault, bytes: usize, last: Instant, chance: &mut Chance) -> Duration {
    match fault {
        Fault::Loss(percent) => {
            let mut late = Duration::ZERO;
            let mut wait = RETRANSMISSION;
            while chance.below(100) < percent {
                late += wait;
                wait *= 2;
            }
            late
        }
        Fault::Delay(up_to) => {
            let arrives = Instant::now() + chance.ms_below(up_to);
            arrives.saturating_duration_since(last.max(Instant::now()))
        }
        Fault::Stall(up_to) if chance.once_in(10) => chance.ms_below(up_to),
        Fault::None | Fault::Stall(_) | Fault::Reset(_) | Fault::HalfClose(_) | Fault::Hole => {
            Duration::ZERO
        }
        Fault::Trickle(rate) => Duration::from_secs(u64::try_from(bytes).expect("small")) / rate,
    }
}

/// Writes what is due, and closes in order when there is no more.
async fn deliver(
    mut to: OwnedWriteHalf,
    mut queue: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut fault: watch::Receiver<Fault>,
) {
    while let Some((due, piece)) = queue.recv().await {
        sleep_until(due).await;
        let is_over = fault.wait_for(|fault| *fault != Fault::Hole).await.is_ok();
        if !is_over || to.write_all(&piece).await.is_err() {
            return;
        }
    }
    let _ = fault.wait_for(|fault| *fault != Fault::Hole).await;
    let _ = to.shutdown().await;
}
