//! The Router behind the switch, for real: what goes in comes out, once, in order.

use std::time::Duration;

use protocol::{GateId, Hello, Nonce, Presence, Topic};
use tokio::time::timeout;

use super::*;

const TOPIC: &str = "fluss/v1/gates/gate_7/status";

fn message(number: usize, qos: u8) -> Message {
    Message { topic: TOPIC.to_owned(), payload: number.to_string().into(), qos }
}

async fn heard(link: &mut Link) -> Message {
    timeout(Duration::from_secs(10), link.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_with_the_qos_it_was_sent_with() {
    let switch = Switch::start(2);
    let [mut from, mut to] = [switch.open(None).await.unwrap(), switch.open(None).await.unwrap()];
    to.subscribe(&Up::Status.of_all_gates()).unwrap();
    for qos in [0, 1] {
        from.publish(&message(1, qos)).unwrap();
        assert_eq!(heard(&mut to).await, message(1, qos));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_paused_hears_everything_in_order() {
    let switch = Switch::start(2);
    let [mut from, mut to] = [switch.open(None).await.unwrap(), switch.open(None).await.unwrap()];
    to.subscribe(&Up::Status.of_all_gates()).unwrap();
    // More than the router queues for one link, so it waits to be woken again.
    for number in 0..1000 {
        from.publish(&message(number, 1)).unwrap();
    }
    for number in 0..1000 {
        assert_eq!(heard(&mut to).await, message(number, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_come_and_go_in_few_slots_and_each_says_farewell() {
    let gate = GateId::parse("gate_7").unwrap();
    let switch = Switch::start(2);
    let mut service = switch.open(None).await.unwrap();
    service.subscribe(&Up::Presence.of_all_gates()).unwrap();
    for number in 0..100 {
        let nonce = Nonce([number; 16]);
        let mut farewell = Farewell::new(&gate, None);
        let hello = Hello::new(nonce, "test").to_bytes();
        farewell.overhear(&Topic::Up(gate.clone(), Up::Hello), &hello);
        drop(switch.open(Some(farewell)).await.unwrap());
        let gone = heard(&mut service).await;
        assert_eq!(Presence::from_bytes(&gone.payload).unwrap(), Presence::gone(nonce));
    }
}
