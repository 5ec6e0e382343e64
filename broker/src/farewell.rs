//! What is said on a gate's behalf when its connection ends.

use protocol::{GateId, Hello, Nonce, Presence, Topic, Up};

use crate::router::Message;

/// The last words of one connection; the router's link says them, however it ends.
#[derive(Debug)]
pub(crate) struct Farewell {
    presence: Topic,
    will: Option<Message>,
    nonce: Option<Nonce>,
}

impl Farewell {
    pub(crate) fn new(gate: &GateId, will: Option<Message>) -> Self {
        let presence = Topic::Up(gate.clone(), Up::Presence);
        Self { presence, will, nonce: None }
    }

    /// Remembers the nonce of the last hello that the service can have understood.
    pub(crate) fn overhear(&mut self, topic: &Topic, body: &[u8]) {
        if let (Topic::Up(_, Up::Hello), Ok(hello)) = (topic, Hello::from_bytes(body)) {
            self.nonce = Some(hello.nonce);
        }
    }

    /// Forgets the will: the gate said goodbye itself.
    pub(crate) fn revoke_will(&mut self) {
        self.will = None;
    }

    /// The will, and the goodbye for the last hello unless the will was just that.
    ///
    /// A will is fixed at CONNECT and may speak for an older hello of the same connection.
    pub(crate) fn into_messages(self) -> impl Iterator<Item = Message> {
        let gone = self.nonce.map(|nonce| Presence::gone(nonce).to_bytes().into());
        let gone = gone.map(|payload| Message { topic: self.presence, payload, qos: 1 });
        let said = self.will.as_ref().is_some_and(|will| {
            gone.as_ref().is_some_and(|gone| says_the_same(&will.payload, &gone.payload))
        });
        self.will.into_iter().chain(gone.filter(|_| !said))
    }
}

fn says_the_same(will: &[u8], gone: &[u8]) -> bool {
    match (Presence::from_bytes(will), Presence::from_bytes(gone)) {
        (Ok(will), Ok(gone)) => will == gone,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> GateId {
        GateId::parse("gate_7").unwrap()
    }

    fn hello(farewell: &mut Farewell, nonce: Nonce) {
        let body = Hello::new(nonce, "test").to_bytes();
        farewell.overhear(&Topic::Up(gate(), Up::Hello), &body);
    }

    fn will(nonce: Nonce) -> Message {
        let topic = Topic::Up(gate(), Up::Presence);
        Message { topic, payload: Presence::gone(nonce).to_bytes().into(), qos: 0 }
    }

    fn said(farewell: Farewell) -> Vec<Nonce> {
        let nonce = |m: Message| Presence::from_bytes(&m.payload).unwrap().nonce;
        farewell.into_messages().map(nonce).collect()
    }

    #[test]
    fn without_a_hello_nothing_is_said() {
        assert!(said(Farewell::new(&gate(), None)).is_empty());
    }

    #[test]
    fn the_last_hello_is_spoken_for() {
        let mut farewell = Farewell::new(&gate(), None);
        hello(&mut farewell, Nonce([1; 16]));
        hello(&mut farewell, Nonce([2; 16]));
        assert_eq!(said(farewell), [Nonce([2; 16])]);
    }

    #[test]
    fn a_will_for_the_last_hello_is_enough_and_an_older_one_is_not() {
        let mut farewell = Farewell::new(&gate(), Some(will(Nonce([1; 16]))));
        hello(&mut farewell, Nonce([1; 16]));
        assert_eq!(said(farewell), [Nonce([1; 16])]);
        let mut farewell = Farewell::new(&gate(), Some(will(Nonce([1; 16]))));
        hello(&mut farewell, Nonce([2; 16]));
        assert_eq!(said(farewell), [Nonce([1; 16]), Nonce([2; 16])]);
    }

    #[test]
    fn after_a_goodbye_only_the_edge_speaks() {
        let mut farewell = Farewell::new(&gate(), Some(will(Nonce([1; 16]))));
        hello(&mut farewell, Nonce([2; 16]));
        farewell.revoke_will();
        assert_eq!(said(farewell), [Nonce([2; 16])]);
    }
}
