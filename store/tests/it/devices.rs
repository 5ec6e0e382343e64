//! Devices, their people, and the settings of intercoms.

use std::time::Duration;

use domain::gate::PulseGap;
use domain::permission::{Denied, Role};
use domain::secret::{ClaimCode, EnrolmentSecret};
use domain::settings::{ExitGate, MaxUsers};
use domain::{GateId, Settings};
use store::{
    Actor, Behind, Certificate, Claimed, DeviceKind, Enrolment, Fingerprint, Peer, SaveRefusal,
    SettingsRefusal, Unwelcome,
};

use crate::world::World;

crate::on_both_databases![
    i_1_a_label_gives_a_gate_its_certificate_until_its_first_hello,
    i_1a_a_device_is_claimed_once,
    a_certificate_that_was_replaced_or_is_old_admits_nobody,
    gates_are_behind_as_long_as_a_certificate_from_before_lives,
    o_4_settings_are_saved_as_a_whole,
    o_4d_of_two_saves_the_second_sees_the_first,
    o_4e_only_the_owners_own_gates_may_be_named,
    o_4f_a_shared_user_neither_sees_nor_saves_settings,
    g_11_guests_may_call_the_owner_who_lets_them,
    s_1_s_2_the_grant_decides_about_codes,
    a_stranger_does_not_learn_that_a_device_exists,
    a_hello_heard_twice_raises_the_epoch_once,
    an_old_goodbye_does_not_speak_for_a_newer_connection,
    g_25_a_gate_that_is_there_is_named_until_it_was_told_its_pulse_gap,
];

async fn i_1_a_label_gives_a_gate_its_certificate_until_its_first_hello(world: World) {
    let (devices, now) = (world.store.devices(), world.now());
    let (id, label) = (GateId::new(&*world.dice, now), world.label("Side Gate"));
    let (serial, secret) = (label.serial.clone(), EnrolmentSecret::random(&*world.dice));
    devices.make_gate(id, label, secret.clone(), now).await.unwrap();
    let wrong = EnrolmentSecret::random(&*world.dice);
    let unknown = devices.enrolling(serial.clone(), wrong).await.unwrap();
    assert_eq!(unknown, Err(Enrolment::Unknown));
    let enrol = |print| {
        let certificate = world.certificate(Fingerprint([print; 32]));
        devices.enrolled(serial.clone(), secret.clone(), certificate, now)
    };
    assert_eq!(enrol(1).await.unwrap(), Ok(id));
    assert_eq!(enrol(2).await.unwrap(), Ok(id), "a lost answer may be asked for again");
    let registry = world.store.registry();
    let old = registry.identify(Fingerprint([1; 32]), now).await.unwrap();
    assert_eq!(old, Err(Unwelcome::Revoked), "only the newest certificate counts");
    assert_eq!(registry.identify(Fingerprint([2; 32]), now).await.unwrap(), Ok(Peer::Gate(id)));
    world.gate_is_ready(id, &[]).await;
    assert_eq!(enrol(3).await.unwrap(), Err(Enrolment::Already));
}

async fn i_1a_a_device_is_claimed_once(world: World) {
    let (devices, now) = (world.store.devices(), world.now());
    let (id, label) = (GateId::new(&*world.dice, now), world.label("Side Gate"));
    let code = label.claim_code.clone();
    devices.make_gate(id, label, EnrolmentSecret::random(&*world.dice), now).await.unwrap();
    let claim = |user, code: &ClaimCode| devices.claim(user, code.clone(), None, now);
    let other = world.signs_in("+27839998888").await.user;
    assert_eq!(claim(other, &code).await.unwrap().unwrap().kind, DeviceKind::Gate(id));
    assert!(claim(other, &code).await.unwrap().is_ok(), "the same owner may ask again");
    assert_eq!(claim(world.owner, &code).await.unwrap().unwrap_err(), Claimed::Already);
    let unknown = ClaimCode::random(&*world.dice);
    assert_eq!(claim(world.owner, &unknown).await.unwrap().unwrap_err(), Claimed::Unknown);
}

async fn a_certificate_that_was_replaced_or_is_old_admits_nobody(world: World) {
    let registry = world.store.registry();
    let end = world.now() + Duration::from_hours(1);
    let service = Fingerprint([9; 32]);
    let unknown = registry.identify(service, world.now()).await.unwrap();
    assert_eq!(unknown, Err(Unwelcome::Unknown));
    registry.admit_service(service, end, world.now()).await.unwrap();
    registry.admit_service(service, end, world.now()).await.unwrap();
    assert_eq!(registry.identify(service, world.now()).await.unwrap(), Ok(Peer::Service));
    assert_eq!(registry.identify(service, end).await.unwrap(), Err(Unwelcome::Expired));
}

async fn gates_are_behind_as_long_as_a_certificate_from_before_lives(world: World) {
    let (devices, registry) = (world.store.devices(), world.store.registry());
    let (start, hour) = (world.now(), Duration::from_hours(1));
    let service = Fingerprint([9; 32]);
    registry.admit_service(service, start + hour * 100, start).await.unwrap();
    let certificate = |number, expires_at| Certificate {
        fingerprint: Fingerprint([number; 32]),
        serial: [number; 16],
        public_key: Vec::new(),
        expires_at,
    };
    let mut labels = Vec::new();
    for gate in 1..=2 {
        let (id, label) = (GateId::new(&*world.dice, start), world.label("Side Gate"));
        let (serial, secret) = (label.serial.clone(), EnrolmentSecret::random(&*world.dice));
        devices.make_gate(id, label, secret.clone(), start).await.unwrap();
        let certificate = certificate(gate, start + hour * 10 * gate.into());
        let enrolled = devices.enrolled(serial.clone(), secret.clone(), certificate, start).await;
        enrolled.unwrap().unwrap();
        labels.push((serial, secret));
    }
    let behind = |moment, now| registry.certified_before(moment, now);
    assert_eq!(behind(start, start).await.unwrap(), None, "issued at the moment, not before");
    let both = Behind { gates: 2, until: start + hour * 20 };
    assert_eq!(behind(start + hour, start + hour).await.unwrap(), Some(both));

    // The second gets another certificate, which voids its first.
    let (serial, secret) = labels.remove(1);
    let now = start + hour;
    let certificate = certificate(3, now + hour * 50);
    devices.enrolled(serial, secret, certificate, now).await.unwrap().unwrap();
    let first = Behind { gates: 1, until: start + hour * 10 };
    assert_eq!(behind(now, now).await.unwrap(), Some(first));
    assert_eq!(behind(now, start + hour * 10).await.unwrap(), None, "its time is over");
}

async fn o_4_settings_are_saved_as_a_whole(world: World) {
    let intercoms = world.store.intercoms();
    let id = world.intercom.to_string();
    assert_eq!(intercoms.settings(world.owner, id.clone(), world.now()).await.unwrap(), Ok(None));
    let details = || world.store.devices().details(world.owner, id.clone(), world.now());
    assert!(!details().await.unwrap().unwrap().has_settings);
    let settings = world.settings();
    let saved = world.saves(settings).await.unwrap();
    assert_eq!((saved.settings, saved.version), (settings, 1));
    let read = intercoms.settings(world.owner, id.clone(), world.now()).await.unwrap().unwrap();
    assert_eq!(read, Some(saved));
    assert!(details().await.unwrap().unwrap().has_settings);
}

async fn o_4d_of_two_saves_the_second_sees_the_first(world: World) {
    let (intercoms, id) = (world.store.intercoms(), world.intercom.to_string());
    let two = Settings { max_users: MaxUsers::new(2).unwrap(), ..world.settings() };
    let save = |settings| intercoms.save(world.owner, id.clone(), settings, 0, world.now());
    let first = save(two).await.unwrap().unwrap();
    let second = save(world.settings()).await.unwrap();
    assert_eq!(second, Err(SaveRefusal::Stale(Some(first))));
}

async fn o_4e_only_the_owners_own_gates_may_be_named(world: World) {
    let other = world.signs_in("+27839998888").await.user;
    let foreign = world.makes_gate(other, "Next Door").await;
    let entry = Settings { entry_gate: foreign, ..world.settings() };
    let refused = |field| Err(SaveRefusal::GateNotOwned { field });
    assert_eq!(world.saves(entry).await, refused("entry_gate"));
    let exit = Settings { exit_gate: ExitGate::Gate(foreign), ..world.settings() };
    assert_eq!(world.saves(exit).await, refused("exit_gate"));
    let nowhere = GateId::new(&*world.dice, world.now());
    let missing = Settings { entry_gate: nowhere, ..world.settings() };
    assert_eq!(world.saves(missing).await, refused("entry_gate"));
}

async fn o_4f_a_shared_user_neither_sees_nor_saves_settings(world: World) {
    let id = world.intercom.to_string();
    let phone = World::phone("+27839998888");
    let people = world.store.people();
    let person = people.share(world.owner, id.clone(), phone, true, world.now()).await.unwrap();
    let user = person.unwrap().user;
    let denied = SettingsRefusal::Denied(Denied::NotOwner);
    let intercoms = world.store.intercoms();
    assert_eq!(intercoms.settings(user, id.clone(), world.now()).await.unwrap(), Err(denied));
    let saved = intercoms.save(user, id, world.settings(), 0, world.now()).await.unwrap();
    assert_eq!(saved, Err(SaveRefusal::Settings(denied)));
}

async fn g_11_guests_may_call_the_owner_who_lets_them(world: World) {
    let world = world.ready().await;
    let (intercoms, id) = (world.store.intercoms(), world.intercom.to_string());
    let issued = world.issues().await;
    let lets = |user, allowed| intercoms.let_guests_call(user, id.clone(), allowed, world.now());
    assert_eq!(world.look(&issued.pass.link).await.host, None);
    assert_eq!(lets(world.owner, false).await.unwrap(), Ok(None));
    let since = world.now();
    assert_eq!(lets(world.owner, true).await.unwrap(), Ok(Some(since)));
    world.later(Duration::from_secs(1));
    assert_eq!(lets(world.owner, true).await.unwrap(), Ok(Some(since)), "since then, still");
    let number = world.look(&issued.pass.link).await.host;
    assert_eq!(number, Some(World::phone("+27821234567")));
    let told = intercoms.guests_may_call(world.owner, id.clone(), world.now()).await.unwrap();
    assert_eq!(told, Ok(Some(since)));

    let phone = World::phone("+27839998888");
    let people = world.store.people();
    let person = people.share(world.owner, id.clone(), phone, true, world.now()).await.unwrap();
    let shared = person.unwrap().user;
    let denied = Err(SettingsRefusal::Denied(Denied::NotOwner));
    assert_eq!(lets(shared, false).await.unwrap(), denied);
    assert_eq!(intercoms.guests_may_call(shared, id.clone(), world.now()).await.unwrap(), denied);
    assert_eq!(lets(world.owner, false).await.unwrap(), Ok(None));
    assert_eq!(world.look(&issued.pass.link).await.host, None);
}

async fn s_1_s_2_the_grant_decides_about_codes(world: World) {
    let world = world.ready().await;
    let (people, id) = (world.store.people(), world.intercom.to_string());
    let phone = World::phone("+27839998888");
    let share =
        |granted| people.share(world.owner, id.clone(), phone.clone(), granted, world.now());
    let user = share(false).await.unwrap().unwrap().user;
    let issued = world.issues().await;
    let list = || world.store.codes().active(user, id.clone(), world.now());
    let no_permission = Denied::NoPermission;
    assert_eq!(list().await.unwrap().unwrap_err(), SettingsRefusal::Denied(no_permission));
    let details = || world.store.codes().details(user, issued.pass.code.id, world.now());
    assert_eq!(details().await.unwrap().unwrap_err(), no_permission);
    share(true).await.unwrap().unwrap();
    assert_eq!(list().await.unwrap().unwrap().len(), 1, "codes made by others too");
    assert!(details().await.unwrap().is_ok());
    let revoked = world.store.codes().revoke(user, issued.pass.code.id, world.now()).await;
    assert!(revoked.unwrap().is_ok());
    people.unshare(world.owner, id.clone(), user, false, world.now()).await.unwrap().unwrap();
    assert_eq!(list().await.unwrap().unwrap_err(), SettingsRefusal::Denied(Denied::Unknown));
}

async fn a_stranger_does_not_learn_that_a_device_exists(world: World) {
    let stranger = world.signs_in("+27839998888").await.user;
    let devices = world.store.devices();
    let there =
        devices.details(stranger, world.gate.to_string(), world.now()).await.unwrap().unwrap_err();
    let nowhere = GateId::new(&*world.dice, world.now()).to_string();
    let missing = devices.details(stranger, nowhere, world.now()).await.unwrap().unwrap_err();
    assert_eq!((there, missing), (Denied::Unknown, Denied::Unknown));
    assert!(devices.of(stranger, world.now()).await.unwrap().is_empty());
    let own = devices.of(world.owner, world.now()).await.unwrap();
    assert!(own.len() == 2 && own.iter().all(|device| device.role == Role::Owner));
}

async fn a_hello_heard_twice_raises_the_epoch_once(world: World) {
    let gates = world.store.gates();
    let hello = async |nonce| {
        let raised = gates.hello(world.gate, [nonce; 16], "fw".to_owned(), world.now()).await;
        raised.unwrap().unwrap().epoch
    };
    assert_eq!([hello(1).await, hello(1).await, hello(2).await], [1, 1, 2]);
    let nowhere = GateId::new(&*world.dice, world.now());
    assert_eq!(gates.hello(nowhere, [1; 16], String::new(), world.now()).await.unwrap(), None);
}

async fn g_25_a_gate_that_is_there_is_named_until_it_was_told_its_pulse_gap(world: World) {
    let (gates, devices) = (world.store.gates(), world.store.devices());
    let set = async |ms| {
        let (gate, gap) = (world.gate.to_string(), PulseGap::from_ms(ms).unwrap());
        let owner = Actor::Person(world.owner);
        devices.set_pulse_gap(owner, gate, gap, world.now()).await.unwrap().unwrap();
    };
    let hello = async |nonce| {
        let raised = gates.hello(world.gate, [nonce; 16], String::new(), world.now()).await;
        raised.unwrap().unwrap().pulse_gap.as_ms()
    };
    set(4_000).await;
    assert_eq!(gates.to_tell().await.unwrap(), [], "it is not there");
    assert_eq!(hello(1).await, 4_000);
    gates.ready(world.gate, [1; 16], 1, Vec::new(), world.now()).await.unwrap();
    assert_eq!(gates.to_tell().await.unwrap(), [], "it knows");
    set(5_000).await;
    assert_eq!(gates.to_tell().await.unwrap(), [world.gate]);
    assert_eq!(hello(1).await, 4_000, "one hello is answered in one way");
    assert_eq!(gates.to_tell().await.unwrap(), [world.gate]);
    assert_eq!(hello(2).await, 5_000);
    gates.ready(world.gate, [2; 16], 2, Vec::new(), world.now()).await.unwrap();
    assert_eq!(gates.to_tell().await.unwrap(), []);
}

async fn an_old_goodbye_does_not_speak_for_a_newer_connection(world: World) {
    let gates = world.store.gates();
    for (nonce, epoch) in [(1, 1), (2, 2)] {
        gates.hello(world.gate, [nonce; 16], String::new(), world.now()).await.unwrap();
        let ready = gates.ready(world.gate, [nonce; 16], epoch, Vec::new(), world.now()).await;
        assert!(ready.unwrap());
    }
    let is_there = || async {
        let details =
            world.store.devices().details(world.owner, world.gate.to_string(), world.now()).await;
        details.unwrap().unwrap().gate.unwrap().ready(world.now()).is_some()
    };
    gates.gone(world.gate, [1; 16], world.now()).await.unwrap();
    assert!(is_there().await);
    let stale = gates.ready(world.gate, [1; 16], 1, Vec::new(), world.now()).await.unwrap();
    assert!(!stale, "a ready of an older epoch is ignored");
    gates.gone(world.gate, [2; 16], world.now()).await.unwrap();
    assert!(!is_there().await);
}
