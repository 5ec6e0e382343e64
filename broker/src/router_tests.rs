//! The Router for real: what goes in comes out, once, in order; and how it is broken on purpose.

use std::sync::mpsc;

use protocol::GateId;
use tokio::time::timeout;

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

fn message(number: usize, qos: u8) -> Message {
    let topic = Topic::Up(GateId::parse("gate_7").unwrap(), Up::Status);
    Message { topic, payload: number.to_string().into(), qos }
}

async fn heard(link: &mut Link) -> (Message, u64) {
    unseal(timeout(Duration::from_secs(10), link.next()).await.unwrap().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_with_the_qos_it_was_sent_with() {
    let router = Router::start();
    let [mut from, mut to] = [router.open().await.unwrap(), router.open().await.unwrap()];
    to.subscribe(Channel::Up(Up::Status)).unwrap();
    for qos in [0, 1] {
        from.publish(Channel::Up(Up::Status), seal(&message(1, qos), 5)).await;
        assert_eq!(heard(&mut to).await, (message(1, qos), 5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_paused_hears_everything_in_order() {
    let router = Router::start();
    let [mut from, mut to] = [router.open().await.unwrap(), router.open().await.unwrap()];
    to.subscribe(Channel::Up(Up::Status)).unwrap();
    // More than the router queues for one link, so it waits to be woken again.
    for number in 0..1000 {
        from.publish(Channel::Up(Up::Status), seal(&message(number, 1), number as u64)).await;
    }
    for number in 0..1000 {
        assert_eq!(heard(&mut to).await, (message(number, 1), number as u64));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_too_slowly_knows_that_something_is_missing() {
    let router = Router::start();
    let [mut from, mut to] = [router.open().await.unwrap(), router.open().await.unwrap()];
    to.subscribe(Channel::Up(Up::Status)).unwrap();
    let large = Message { payload: vec![0; 4_000].into(), ..message(0, 1) };
    // Twice of what the ring keeps.
    for number in 0..2_000 {
        from.publish(Channel::Up(Up::Status), seal(&large, number)).await;
    }
    let (mut missing, mut last) = (0, 0);
    while last < 1_999 {
        let (_, number) = heard(&mut to).await;
        missing += u64::from(!to.is_next(Channel::Up(Up::Status), number));
        last = number;
    }
    assert!(0 < missing, "the ring was read in time after all: the test proves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_come_and_go_in_few_slots() {
    let router = Router::start();
    for _ in 0..3 * MAX_LINKS {
        drop(router.open().await.unwrap());
    }
    let mut open = Vec::new();
    let full = async {
        while let Ok(link) = router.open().await {
            open.push(link);
        }
    };
    timeout(Duration::from_secs(20), full).await.unwrap();
    assert_eq!(open.len(), MAX_LINKS);
}
