//! Certificates over their lives: first used, expired, revoked, kept in quarantine.

use std::time::Duration;

use domain::secret::EnrolmentSecret;
use domain::{GateId, Timestamp};
use store::{Fingerprint, Peer, Unwelcome};

use crate::world::World;

crate::on_both_databases![
    the_broker_learns_which_certificates_ended_since_it_last_asked,
    revoked_certificates_are_listed_by_their_serial_until_they_expire,
    a_gate_in_quarantine_is_kept_out_and_nothing_it_says_counts,
];

const FIRST: Fingerprint = Fingerprint([1; 32]);
const SECOND: Fingerprint = Fingerprint([2; 32]);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

async fn the_broker_learns_which_certificates_ended_since_it_last_asked(world: World) {
    let gate = Labelled::made(&world).await;
    gate.enrols(&world, FIRST).await;
    let start = world.now();
    assert_eq!(ended(&world, start).await, []);
    world.later(MINUTE);
    gate.enrols(&world, SECOND).await;
    assert_eq!(ended(&world, start).await, [FIRST], "another took its place");
    assert_eq!(ended(&world, world.now()).await, [FIRST], "the moment itself counts");
    world.later(MINUTE);
    assert_eq!(ended(&world, world.now() - MINUTE / 2).await, [], "that was told before");
    world.later(90 * DAY);
    let expired = ended(&world, world.now() - MINUTE).await;
    assert_eq!(expired, [SECOND], "the other one was over before");
}

async fn revoked_certificates_are_listed_by_their_serial_until_they_expire(world: World) {
    let gate = Labelled::made(&world).await;
    gate.enrols(&world, FIRST).await;
    let registry = world.store.registry();
    assert_eq!(registry.revoked(world.now()).await.unwrap(), []);
    world.later(MINUTE);
    gate.enrols(&world, SECOND).await;
    let listed = [(vec![1; 16], world.now())];
    assert_eq!(registry.revoked(world.now()).await.unwrap(), listed);
    world.later(80 * DAY);
    assert_eq!(registry.revoked(world.now()).await.unwrap(), listed);
    world.later(10 * DAY);
    assert_eq!(registry.revoked(world.now()).await.unwrap(), [], "it ends by itself now");
}

async fn a_gate_in_quarantine_is_kept_out_and_nothing_it_says_counts(world: World) {
    let gate = Labelled::made(&world).await;
    gate.enrols(&world, FIRST).await;
    assert_eq!(identify(&world, FIRST).await, Ok(Peer::Gate(gate.id)));
    world.gate_is_ready(gate.id, &[]).await;
    let (registry, gates) = (world.store.registry(), world.store.gates());
    let start = world.now();

    assert!(registry.quarantine(gate.id, world.now()).await.unwrap());
    assert!(!registry.quarantine(gate.id, world.now()).await.unwrap(), "no news");
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Quarantined));
    assert_eq!(ended(&world, start).await, [FIRST]);
    // Its connection may stand for a moment longer.
    let ready = gates.ready(gate.id, [9; 16], 1, Vec::new(), world.now()).await.unwrap();
    assert!(!ready);
    let hello = gates.hello(gate.id, [9; 16], String::new(), world.now()).await.unwrap();
    assert_eq!(hello, None);
    let nobody = GateId::new(&*world.dice, world.now());
    assert!(!registry.quarantine(nobody, world.now()).await.unwrap());
}

/// A gate with its label, not enrolled yet.
struct Labelled {
    id: GateId,
    serial: String,
    secret: EnrolmentSecret,
}

impl Labelled {
    async fn made(world: &World) -> Self {
        let (id, label) = (GateId::new(&*world.dice, world.now()), world.label("Side Gate"));
        let (serial, secret) = (label.serial.clone(), EnrolmentSecret::random(&*world.dice));
        let made = world.store.devices().make_gate(id, label, secret.clone(), world.now());
        made.await.unwrap();
        Self { id, serial, secret }
    }

    async fn enrols(&self, world: &World, print: Fingerprint) {
        let (serial, secret) = (self.serial.clone(), self.secret.clone());
        let certificate = world.certificate(print);
        let enrolled = world.store.devices().enrolled(serial, secret, certificate, world.now());
        assert_eq!(enrolled.await.unwrap(), Ok(self.id));
    }
}

async fn identify(world: &World, print: Fingerprint) -> Result<Peer, Unwelcome> {
    world.store.registry().identify(print, world.now()).await.unwrap()
}

async fn ended(world: &World, since: Timestamp) -> Vec<Fingerprint> {
    world.store.registry().ended_since(since, world.now()).await.unwrap()
}
