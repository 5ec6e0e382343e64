//! The Router for real: what goes in comes out, once, in order; and how it is broken on purpose.

use std::sync::mpsc;
use std::time::Duration;

use protocol::{GateId, Up};

use super::*;

impl Router {
    /// Ends the Router's thread, by a topic that no client gets through the edge.
    pub(crate) fn kill(&self) {
        let (mut tx, _rx, _) = (self.link)("killer").unwrap();
        tx.try_publish("\u{e9}", "x").unwrap();
    }

    /// Lets the Router's thread wait for as long as the returned sender lives.
    pub(crate) fn hang(&self) -> mpsc::Sender<()> {
        let router = self.clone();
        let (release, released) = mpsc::channel();
        let (hangs, hung) = mpsc::channel();
        thread::spawn(move || {
            let (mut tx, _rx, _) = (router.link)("hung").unwrap();
            loop {
                tx.try_publish("x", "x").unwrap();
                let kept = tx.buffer();
                // Told that something is there, the Router now waits for its lock.
                if !kept.is_empty() {
                    hangs.send(()).unwrap();
                    let _ = released.recv();
                    return;
                }
            }
        });
        hung.recv().unwrap();
        release
    }
}

fn cargo(number: u64, up: Up, qos: u8) -> Cargo {
    let topic = Topic::Up(GateId::parse("gate_7").unwrap(), up);
    Cargo::Message(Message { topic, payload: number.to_string().into(), qos }, number)
}

async fn heard(ear: &mut Ear) -> Cargo {
    timeout(Duration::from_secs(10), ear.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_as_it_was_sent() {
    let (mut mouth, mut ear) = Router::start().open().await.unwrap();
    for sent in [cargo(1, Up::Status, 0), cargo(2, Up::Hello, 1), Cargo::Echo] {
        mouth.publish(&sent).unwrap();
        assert_eq!(heard(&mut ear).await, sent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_paused_hears_everything_in_order() {
    let (mut mouth, mut ear) = Router::start().open().await.unwrap();
    // More than the router queues for one link, so it waits to be woken again.
    let numbers = 0..Mouth::ROOM as u64;
    for number in numbers.clone() {
        let up = Up::ALL[usize::try_from(number).unwrap() % Up::ALL.len()];
        mouth.publish(&cargo(number, up, 1)).unwrap();
    }
    for number in numbers {
        let up = Up::ALL[usize::try_from(number).unwrap() % Up::ALL.len()];
        assert_eq!(heard(&mut ear).await, cargo(number, up, 1));
    }
}
