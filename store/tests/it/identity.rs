//! Certificates over their lives: first used, renewed, expired, revoked, kept in quarantine; and
//! gates whose hardware is replaced.

use std::time::Duration;

use domain::attempt::{Evidence, Settlement, State, WhyNot};
use domain::gate::{PulseGap, RENEWAL_PAUSE};
use domain::permission::Denied;
use domain::secret::{ClaimCode, EnrolmentSecret};
use domain::{Attempt, GateId, Settings, Timestamp};
use store::{
    Actor, DeviceKind, Enrolment, Fingerprint, GateRefusal, Label, Peer, Renewal, Replacement,
    Unwelcome,
};

use crate::world::World;

crate::on_both_databases![
    the_broker_learns_which_certificates_ended_since_it_last_asked,
    revoked_certificates_are_listed_by_their_serial_until_they_expire,
    the_sweep_forgets_certificates_that_ended_long_ago,
    a_gate_in_quarantine_is_kept_out_and_nothing_it_says_counts,
    a_gate_is_released_from_quarantine_once_somebody_has_looked,
    p_11_a_renewed_certificate_takes_over_at_its_first_use_and_not_before,
    p_11_a_certificate_is_renewed_from_its_60th_day_on_and_not_in_a_hurry,
    a_gate_is_believed_by_its_present_key_and_by_the_next_one_until_that_is_used,
    a_renewed_gate_still_knows_what_it_was_sent,
    i_4_a_revoked_gate_is_kept_out_with_its_certificates_and_its_label,
    p_12_who_did_what_to_which_gate_is_told_to_its_owner,
    i_6_a_spare_takes_over_the_gate_and_all_that_refers_to_it,
    i_6_only_a_spare_of_nobodys_replaces_a_gate_and_only_for_its_owner,
    i_6_a_gate_that_was_part_of_something_is_refused_as_a_spare,
    i_6_an_operator_gives_a_gate_a_fresh_label,
    i_6_other_hardware_cannot_deny_what_was_sent_to_the_one_before,
];

const FIRST: Fingerprint = Fingerprint([1; 32]);
const SECOND: Fingerprint = Fingerprint([2; 32]);
const THIRD: Fingerprint = Fingerprint([3; 32]);
const FOURTH: Fingerprint = Fingerprint([4; 32]);
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

async fn the_sweep_forgets_certificates_that_ended_long_ago(world: World) {
    Labelled::enrolled(&world, FIRST).await;
    world.later(180 * DAY);
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Expired));
    world.later(DAY);
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Unknown));
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

async fn a_gate_is_released_from_quarantine_once_somebody_has_looked(world: World) {
    let gate = Labelled::enrolled(&world, FIRST).await;
    let (registry, devices) = (world.store.registry(), world.store.devices());
    registry.quarantine(gate.id, world.now()).await.unwrap();
    let stranger = Actor::Person(world.signs_in("+27839998888").await.user);
    let release = |actor| devices.release(actor, gate.id.to_string(), world.now());
    let denied = Err(GateRefusal::Denied(Denied::Unknown));
    assert_eq!(release(stranger).await.unwrap(), denied);
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Quarantined));
    assert_eq!(release(Actor::Operator).await.unwrap(), Ok(()));
    assert_eq!(release(Actor::Operator).await.unwrap(), Ok(()), "again is no news");
    assert_eq!(identify(&world, FIRST).await, Ok(Peer::Gate(gate.id)));
    world.gate_is_ready(gate.id, &[]).await;
}

async fn p_11_a_renewed_certificate_takes_over_at_its_first_use_and_not_before(world: World) {
    let gate = Labelled::enrolled(&world, FIRST).await;
    world.later(60 * DAY);
    assert_eq!(renew(&world, FIRST, SECOND).await, Ok(gate.id));
    let start = world.now();
    assert_eq!(identify(&world, FIRST).await, Ok(Peer::Gate(gate.id)), "no gap");
    assert_eq!(ended(&world, start).await, []);
    world.later(MINUTE);
    assert_eq!(identify(&world, SECOND).await, Ok(Peer::Gate(gate.id)));
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Revoked));
    assert_eq!(ended(&world, start).await, [FIRST]);
    let again = renew(&world, FIRST, THIRD).await;
    assert_eq!(again, Err(Renewal::Unwelcome(Unwelcome::Revoked)));
    assert_eq!(identify(&world, SECOND).await, Ok(Peer::Gate(gate.id)));
}

async fn a_gate_is_believed_by_its_present_key_and_by_the_next_one_until_that_is_used(
    world: World,
) {
    let keys = async |gate: GateId| {
        let mut keys = world.store.gates().keys(gate, world.now()).await.unwrap();
        keys.sort();
        keys
    };
    let gate = Labelled::made(&world).await;
    assert!(keys(gate.id).await.is_empty(), "it has no certificate yet");
    gate.enrols(&world, FIRST).await;
    identify(&world, FIRST).await.unwrap();
    Labelled::enrolled(&world, FOURTH).await;
    assert_eq!(keys(gate.id).await, [[1]], "and not another gate's");
    world.later(60 * DAY);
    renew(&world, FIRST, SECOND).await.unwrap();
    assert_eq!(keys(gate.id).await, [[1], [2]]);
    identify(&world, SECOND).await.unwrap();
    assert_eq!(keys(gate.id).await, [[2]]);
    world.later(90 * DAY);
    assert!(keys(gate.id).await.is_empty(), "it has expired");
    let gate = Labelled::enrolled(&world, THIRD).await;
    let (devices, id) = (world.store.devices(), gate.id.to_string());
    devices.revoke(Actor::Operator, id, world.now()).await.unwrap().unwrap();
    assert!(keys(gate.id).await.is_empty(), "it was revoked");
}

async fn p_11_a_certificate_is_renewed_from_its_60th_day_on_and_not_in_a_hurry(world: World) {
    let unknown = Err(Renewal::Unwelcome(Unwelcome::Unknown));
    assert_eq!(renew(&world, FIRST, SECOND).await, unknown);
    let gate = Labelled::enrolled(&world, FIRST).await;
    let from = world.now() + 60 * DAY;
    world.later(59 * DAY);
    assert_eq!(renew(&world, FIRST, SECOND).await, Err(Renewal::TooEarly { from }));
    world.later(DAY);
    assert_eq!(renew(&world, FIRST, SECOND).await, Ok(gate.id));
    // Its answer was lost; a moment later the gate may ask again.
    let until = world.now() + RENEWAL_PAUSE;
    assert_eq!(renew(&world, FIRST, THIRD).await, Err(Renewal::TooSoon { until }));
    world.later(RENEWAL_PAUSE);
    assert_eq!(renew(&world, FIRST, THIRD).await, Ok(gate.id));
    assert_eq!(identify(&world, SECOND).await, Err(Unwelcome::Revoked), "of two the later one");
    assert_eq!(identify(&world, THIRD).await, Ok(Peer::Gate(gate.id)));

    world.later(90 * DAY);
    let expired = Err(Renewal::Unwelcome(Unwelcome::Expired));
    assert_eq!(renew(&world, THIRD, FOURTH).await, expired);
}

async fn a_renewed_gate_still_knows_what_it_was_sent(world: World) {
    let (world, gate, attempt) = sent_in_a_world_with_a_certificate(world).await;
    world.later(60 * DAY);
    assert_eq!(renew(&world, FIRST, SECOND).await, Ok(gate.id));
    assert_eq!(identify(&world, SECOND).await, Ok(Peer::Gate(gate.id)));
    world.gate_is_ready(gate.id, &[]).await;
    let why = WhyNot::NotInLedger;
    let settled = State::NotExecuted { at: world.now(), why };
    assert_eq!(read(&world, &attempt).await.state, settled);
}

async fn i_4_a_revoked_gate_is_kept_out_with_its_certificates_and_its_label(world: World) {
    let gate = Labelled::enrolled(&world, FIRST).await;
    world.later(60 * DAY);
    renew(&world, FIRST, SECOND).await.unwrap();
    let devices = world.store.devices();
    let revoke = |actor| devices.revoke(actor, gate.id.to_string(), world.now());
    let stranger = Actor::Person(world.signs_in("+27839998888").await.user);
    let denied = Err(GateRefusal::Denied(Denied::Unknown));
    assert_eq!(revoke(stranger).await.unwrap(), denied);
    assert_eq!(identify(&world, FIRST).await, Ok(Peer::Gate(gate.id)));
    world.gate_is_ready(gate.id, &[]).await;

    let start = world.now();
    assert_eq!(revoke(Actor::Operator).await.unwrap(), Ok(()));
    for print in [FIRST, SECOND] {
        assert_eq!(identify(&world, print).await, Err(Unwelcome::Revoked));
        assert!(ended(&world, start).await.contains(&print));
    }
    let hello = world.store.gates().hello(gate.id, [9; 16], String::new(), world.now()).await;
    assert_eq!(hello.unwrap(), None, "its connection may stand for a moment longer");
    assert_eq!(gate.tries_to_enrol(&world, THIRD).await, Err(Enrolment::Unknown));
    let no_gate = devices.revoke(Actor::Operator, world.intercom.to_string(), world.now()).await;
    assert_eq!(no_gate.unwrap(), Err(GateRefusal::NotAGate));
}

async fn p_12_who_did_what_to_which_gate_is_told_to_its_owner(world: World) {
    let world = world.ready().await;
    let spare = Labelled::enrolled_but_never_seen(&world, FIRST).await;
    let (registry, devices) = (world.store.registry(), world.store.devices());
    let (gate, owner) = (world.gate.to_string(), Actor::Person(world.owner));
    let gap = PulseGap::from_ms(7_000).unwrap();
    registry.quarantine(world.gate, world.now()).await.unwrap();
    world.later(MINUTE);
    devices.release(owner, gate.clone(), world.now()).await.unwrap().unwrap();
    world.later(MINUTE);
    devices.set_pulse_gap(owner, gate.clone(), gap, world.now()).await.unwrap().unwrap();
    world.later(MINUTE);
    devices.revoke(Actor::Operator, gate.clone(), world.now()).await.unwrap().unwrap();
    world.later(MINUTE);
    let replaced = devices.replace(world.owner, gate.clone(), spare.claim_code, world.now());
    replaced.await.unwrap().unwrap();
    let (of, by_owner) = (Some(gate), Some(world.owner));
    let done = [
        ("device.quarantined", None),
        ("device.released", by_owner),
        ("device.pulse_gap_set", by_owner),
        ("device.revoked", None),
        ("device.replaced", by_owner),
    ];
    world.files_all().await;
    let mut told = world.feed(world.owner).await;
    told.retain(|event| done.iter().any(|(kind, _)| *kind == event.kind));
    let told: Vec<_> = told.into_iter().map(|e| (e.kind, e.actor, e.device)).collect();
    let done = done.map(|(kind, actor)| (kind.to_owned(), actor, of.clone()));
    assert_eq!(told, done);
}

async fn i_6_a_spare_takes_over_the_gate_and_all_that_refers_to_it(world: World) {
    let world = world.ready().await;
    let inside = world.issues_and_lets_in().await;
    let spare = Labelled::enrolled_but_never_seen(&world, FIRST).await;
    let start = world.now();
    let replace = || {
        let (gate, claim) = (world.gate.to_string(), spare.claim_code.clone());
        world.store.devices().replace(world.owner, gate, claim, world.now())
    };
    let device = replace().await.unwrap().unwrap();
    assert_eq!((&device.serial, device.name.as_str()), (&spare.serial, "Main Gate"));
    assert!(device.gate.unwrap().ready(world.now()).is_none(), "nobody is there yet");
    assert!(replace().await.unwrap().is_ok(), "a lost answer may be asked for again");
    let vanished =
        world.store.devices().claim(world.owner, spare.claim_code.clone(), None, world.now());
    assert_eq!(vanished.await.unwrap().unwrap().kind, DeviceKind::Gate(world.gate));
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Revoked), "it names another gate");
    assert_eq!(ended(&world, start).await, [FIRST]);

    let taken_over = Labelled { id: world.gate, ..spare };
    taken_over.enrols(&world, SECOND).await;
    taken_over.enrols(&world, THIRD).await;
    assert_eq!(identify(&world, THIRD).await, Ok(Peer::Gate(world.gate)));
    world.gate_is_ready(world.gate, &[]).await;
    let label = taken_over.tries_to_enrol(&world, FOURTH).await;
    assert_eq!(label, Err(Enrolment::Already));
    let attempt = world.redeems(world.asks_out(&inside)).await.expect("lets out");
    assert_eq!(attempt.gate, world.gate);
    world.gate_opens(&attempt).await;
}

async fn i_6_only_a_spare_of_nobodys_replaces_a_gate_and_only_for_its_owner(world: World) {
    let (devices, gate) = (world.store.devices(), world.gate.to_string());
    let replace =
        |user, claim: &ClaimCode| devices.replace(user, gate.clone(), claim.clone(), world.now());
    let spare = Labelled::made(&world).await;
    let person = world.signs_in("+27839998888").await.user;
    let refused = |denied| Replacement::Gate(GateRefusal::Denied(denied));
    let stranger = replace(person, &spare.claim_code).await.unwrap().unwrap_err();
    assert_eq!(stranger, refused(Denied::Unknown));
    let phone = World::phone("+27839998888");
    let people = world.store.people();
    people.share(world.owner, gate.clone(), phone, true, world.now()).await.unwrap().unwrap();
    let shared = replace(person, &spare.claim_code).await.unwrap().unwrap_err();
    assert_eq!(shared, refused(Denied::NotOwner));

    let nothing = ClaimCode::random(&*world.dice);
    let claimed = Labelled::made(&world).await;
    devices.claim(person, claimed.claim_code.clone(), None, world.now()).await.unwrap().unwrap();
    let used = Labelled::made(&world).await;
    world.gate_is_ready(used.id, &[]).await;
    for (claim, refusal) in [
        (&nothing, Replacement::Unknown),
        (&claimed.claim_code, Replacement::NotASpare),
        (&used.claim_code, Replacement::NotASpare),
    ] {
        assert_eq!(replace(world.owner, claim).await.unwrap().unwrap_err(), refusal);
    }
    assert!(replace(world.owner, &spare.claim_code).await.unwrap().is_ok());
}

/// What was claimed, and then taken off the account, is a spare again unless something names it.
async fn i_6_a_gate_that_was_part_of_something_is_refused_as_a_spare(world: World) {
    let devices = world.store.devices();
    let replace = async |claim: &ClaimCode| {
        let gate = world.gate.to_string();
        let replaced = devices.replace(world.owner, gate, claim.clone(), world.now()).await;
        replaced.unwrap().map(drop)
    };
    let remove = async |gate: GateId| {
        devices.remove(world.owner, gate.to_string(), world.now()).await.unwrap().unwrap();
    };
    let named = Labelled::made(&world).await;
    world.claimed(world.owner, &named.claim_code, None).await;
    world.saves(Settings { entry_gate: named.id, ..world.settings() }).await.unwrap();
    world.issues().await;
    // It never came, and that was told.
    world.store.gates().forget_who_is_ready(world.now()).await.unwrap();
    world.later(MINUTE);
    let visits = world.store.visits();
    assert_eq!(visits.tell_of_gates(world.now() - DAY, world.now()).await.unwrap(), 1);
    remove(named.id).await;
    assert_eq!(replace(&named.claim_code).await, Err(Replacement::NotASpare));

    // In other hardware, and not seen since; what it opened before still names it.
    let used = Labelled::enrolled(&world, FIRST).await;
    world.claimed(world.owner, &used.claim_code, None).await;
    world.saves(Settings { entry_gate: used.id, ..world.settings() }).await.unwrap();
    world.gate_is_ready(used.id, &[]).await;
    world.issues_and_lets_in().await;
    let fresh = Labelled { id: used.id, ..Labelled::new(&world).0 };
    let (serial, claim) = (fresh.serial.clone(), fresh.claim_code.clone());
    let (id, secret) = (used.id.to_string(), fresh.secret.clone());
    devices.relabel(id, serial, claim, secret, world.now()).await.unwrap().unwrap();
    fresh.enrols(&world, SECOND).await;
    world.saves(world.settings()).await.unwrap();
    remove(used.id).await;
    assert_eq!(replace(&fresh.claim_code).await, Err(Replacement::NotASpare));

    assert_eq!(replace(&named.claim_code).await, Ok(()), "settings name it no more");
}

async fn i_6_an_operator_gives_a_gate_a_fresh_label(world: World) {
    let gate = Labelled::enrolled(&world, FIRST).await;
    world.store.registry().quarantine(gate.id, world.now()).await.unwrap();
    let fresh = Labelled { id: gate.id, ..Labelled::new(&world).0 };
    let relabel = |device: String| {
        let (serial, claim) = (fresh.serial.clone(), fresh.claim_code.clone());
        let secret = fresh.secret.clone();
        world.store.devices().relabel(device, serial, claim, secret, world.now())
    };
    let nobody = GateId::new(&*world.dice, world.now()).to_string();
    let unknown = Err(GateRefusal::Denied(Denied::Unknown));
    assert_eq!(relabel(nobody).await.unwrap(), unknown);
    assert_eq!(relabel(gate.id.to_string()).await.unwrap(), Ok(()));
    assert_eq!(gate.tries_to_enrol(&world, SECOND).await, Err(Enrolment::Unknown));
    assert_eq!(identify(&world, FIRST).await, Err(Unwelcome::Revoked));
    fresh.enrols(&world, SECOND).await;
    assert_eq!(identify(&world, SECOND).await, Ok(Peer::Gate(gate.id)), "and no quarantine");

    // Revoked before the next hardware came, its label is as dead as the gate.
    assert_eq!(relabel(gate.id.to_string()).await.unwrap(), Ok(()));
    let devices = world.store.devices();
    let revoked = devices.revoke(Actor::Operator, gate.id.to_string(), world.now()).await;
    assert_eq!(revoked.unwrap(), Ok(()));
    assert_eq!(fresh.tries_to_enrol(&world, THIRD).await, Err(Enrolment::Unknown));
}

/// `INV1b`: what was sent to the hardware before may have opened the gate, whatever is missing now.
async fn i_6_other_hardware_cannot_deny_what_was_sent_to_the_one_before(world: World) {
    let (world, gate, attempt) = sent_in_a_world_with_a_certificate(world).await;
    let fresh = Labelled { id: gate.id, ..Labelled::new(&world).0 };
    let (serial, claim) = (fresh.serial.clone(), fresh.claim_code.clone());
    let secret = fresh.secret.clone();
    let devices = world.store.devices();
    let relabelled = devices.relabel(gate.id.to_string(), serial, claim, secret, world.now());
    relabelled.await.unwrap().unwrap();
    fresh.enrols(&world, SECOND).await;
    // The older hardware has not heard of it and says hello, before the new one comes.
    world.gate_is_ready(gate.id, &[]).await;
    identify(&world, SECOND).await.unwrap();
    let between = world.issues().await;
    let between = world.redeems(world.asks_in(&between)).await.unwrap();
    world.bridge_sends(&between).await.unwrap();
    world.gate_is_ready(gate.id, &[]).await;

    world.later(MINUTE);
    let attempts = world.store.attempts();
    for sent in [&attempt, &between] {
        let denied = Evidence::NotExecuted(WhyNot::NeverArrived);
        let settled = attempts.settle(gate.id, sent.id, denied, world.now()).await.unwrap();
        assert_eq!(settled, Some(Settlement::Hearsay));
        assert!(read(&world, sent).await.is_on_the_wire(), "neither given back nor spent");
    }
    assert_eq!(attempts.due(world.now()).await.unwrap(), [], "nobody is asked who cannot know");
    let guest = world.issues_and_lets_in().await;
    let attempt = world.redeems(world.asks_out(&guest)).await.expect("the new hardware opens");
    world.bridge_sends(&attempt).await.unwrap();
    world.gate_is_ready(gate.id, &[]).await;
    let settled = read(&world, &attempt).await.state;
    assert!(matches!(settled, State::NotExecuted { .. }), "what it was sent itself, it knows");
}

/// A ready world whose gate has its certificate, and a command that was sent to it.
async fn sent_in_a_world_with_a_certificate(world: World) -> (World, Labelled, Attempt) {
    let gate = Labelled::enrolled(&world, FIRST).await;
    let claim = gate.claim_code.clone();
    let claimed = world.store.devices().claim(world.owner, claim, None, world.now()).await;
    claimed.unwrap().unwrap();
    let settings = Settings { entry_gate: gate.id, ..world.settings() };
    world.saves(settings).await.unwrap();
    world.gate_is_ready(gate.id, &[]).await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    (world, gate, attempt)
}

async fn read(world: &World, attempt: &Attempt) -> Attempt {
    world.store.attempts().read(world.owner, attempt.id, world.now()).await.unwrap().unwrap()
}

async fn renew(world: &World, present: Fingerprint, new: Fingerprint) -> Result<GateId, Renewal> {
    let devices = world.store.devices();
    let asked = devices.renewing(present, world.now()).await.unwrap();
    let renewed = devices.renewed(present, world.certificate(new), world.now()).await.unwrap();
    assert_eq!(asked, renewed, "asked before the signature as after it");
    renewed
}

/// A gate and its label.
struct Labelled {
    id: GateId,
    serial: String,
    claim_code: ClaimCode,
    secret: EnrolmentSecret,
}

impl Labelled {
    fn new(world: &World) -> (Self, Label) {
        let (id, label) = (GateId::new(&*world.dice, world.now()), world.label("Side Gate"));
        let (serial, claim_code) = (label.serial.clone(), label.claim_code.clone());
        let secret = EnrolmentSecret::random(&*world.dice);
        (Self { id, serial, claim_code, secret }, label)
    }

    /// In the books, not enrolled.
    async fn made(world: &World) -> Self {
        let (gate, label) = Self::new(world);
        let devices = world.store.devices();
        let made = devices.make_gate(gate.id, label, gate.secret.clone(), world.now());
        made.await.unwrap();
        gate
    }

    async fn enrolled_but_never_seen(world: &World, print: Fingerprint) -> Self {
        let gate = Self::made(world).await;
        gate.enrols(world, print).await;
        gate
    }

    /// Enrolled, and seen at the broker.
    async fn enrolled(world: &World, print: Fingerprint) -> Self {
        let gate = Self::enrolled_but_never_seen(world, print).await;
        assert_eq!(identify(world, print).await, Ok(Peer::Gate(gate.id)));
        gate
    }

    async fn enrols(&self, world: &World, print: Fingerprint) {
        assert_eq!(self.tries_to_enrol(world, print).await, Ok(self.id));
    }

    async fn tries_to_enrol(&self, world: &World, print: Fingerprint) -> Result<GateId, Enrolment> {
        let (serial, secret) = (self.serial.clone(), self.secret.clone());
        let certificate = world.certificate(print);
        let enrolled = world.store.devices().enrolled(serial, secret, certificate, world.now());
        enrolled.await.unwrap()
    }
}

async fn identify(world: &World, print: Fingerprint) -> Result<Peer, Unwelcome> {
    world.store.registry().identify(print, world.now()).await.unwrap()
}

async fn ended(world: &World, since: Timestamp) -> Vec<Fingerprint> {
    world.store.registry().ended_since(since, world.now()).await.unwrap()
}
