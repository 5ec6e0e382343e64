//! A database that comes from a backup (P-9): nothing sent before is believed, nothing is freed.

use std::time::Duration;

use domain::GateId;
use domain::access_code::{End, LegState, Refusal, TRIGGER_LIFETIME};
use domain::attempt::{Evidence, Settlement, State};
use domain::secret::EnrolmentSecret;
use store::Enrolment;

use crate::world::{KEYS, World};

/// By how much epochs jump at least.
const JUMP: u64 = 1 << 32;

#[tokio::test]
async fn what_was_open_at_the_backup_is_settled_by_evidence_and_never_freed_by_absence() {
    let world = World::on_sqlite().await.ready().await;
    let (executed, absent) = (world.issues().await, world.issues().await);
    let pending = world.redeems(world.asks_in(&executed)).await.unwrap();
    let sent = world.redeems(world.asks_in(&absent)).await.unwrap();
    world.bridge_sends(&sent).await.unwrap();
    let restored = world.store.take_back(None, world.now()).await.unwrap();
    let mut open = vec![pending.id, sent.id];
    open.sort_unstable();
    assert_eq!((restored.open, restored.revived.len()), (open, 2));
    assert!(world.store.attempts().due(world.now()).await.unwrap().is_empty(), "nothing goes out");
    assert_eq!(world.bridge_sends(&pending).await, None);

    world.later(TRIGGER_LIFETIME + Duration::from_secs(1));
    // What was pending at the backup had been sent after it, and the gate has it in its ledger.
    let epoch = world.gate_is_ready(world.gate, &[pending.id]).await;
    assert!(JUMP < epoch, "{epoch}");
    let entry = async |link| world.look(link).await.pass.code.entry;
    assert!(matches!(entry(&executed.pass.link).await, LegState::Used { .. }));
    assert_eq!(entry(&absent.pass.link).await, LegState::Reserved(sent.id));
    let denied = Evidence::NotExecuted(domain::attempt::WhyNot::NeverArrived);
    let settled = world.store.attempts().settle(world.gate, sent.id, denied, world.now()).await;
    assert_eq!(settled.unwrap(), Some(Settlement::Hearsay));
    assert_eq!(world.refused(world.asks_in(&absent)).await, Refusal::AlreadyOpening);
    let trace = world.store.events().trace(sent.id).await.unwrap().unwrap();
    assert!(matches!(trace.attempt.state, State::Sent { .. }));
}

/// A press that was open at the backup stays open, and keeps nobody from pressing; keys end.
#[tokio::test]
async fn after_a_restore_old_presses_block_nobody_and_old_keys_open_nothing() {
    let world = World::on_sqlite().await.ready().await;
    let key = world.makes_key("trigger").await.unwrap();
    let press = world.opens(world.presses(world.owner)).await.unwrap();
    let restored = world.store.take_back(None, world.now()).await.unwrap();
    assert_eq!(restored.open, [press.id]);
    world.gate_is_ready(world.gate, &[]).await;
    assert!(matches!(world.reads(&press).await, State::Sent { .. }), "absence proves nothing");
    let again = world.opens(world.presses(world.owner)).await.unwrap();
    assert_ne!(again.id, press.id);
    world.gate_opens(&again).await;
    let by_key = store::Open { api_key: Some(key.id), ..world.presses(world.owner) };
    assert!(world.opens(by_key).await.is_err());
    assert!(world.store.api_keys().of(world.owner).await.unwrap().is_empty());
}

/// A gate that has been in use stays itself: whoever has seen its label gets no certificate.
#[tokio::test]
async fn a_restore_does_not_make_labels_good_again() {
    let world = World::on_sqlite().await.ready().await;
    let (devices, secret) = (world.store.devices(), EnrolmentSecret::random(&*world.dice));
    let (gate, label) = (GateId::new(&*world.dice, world.now()), world.label("Side Gate"));
    let serial = label.serial.clone();
    devices.make_gate(gate, label, secret.clone(), world.now()).await.unwrap();
    assert_eq!(devices.enrolling(serial.clone(), secret.clone()).await.unwrap(), Ok(gate));
    let epoch = world.gate_is_ready(gate, &[]).await;
    assert_eq!(
        devices.enrolling(serial.clone(), secret.clone()).await.unwrap(),
        Err(Enrolment::Already)
    );
    world.store.take_back(None, world.now()).await.unwrap();
    assert_eq!(devices.enrolling(serial, secret).await.unwrap(), Err(Enrolment::Already));
    assert!(epoch + JUMP < world.gate_is_ready(gate, &[]).await, "and it is back as ever");
}

#[tokio::test]
async fn each_restore_gives_out_epochs_above_all_before_it() {
    let world = World::on_sqlite().await.ready().await;
    let mut last = 1;
    for _ in 0..3 {
        world.later(Duration::from_mins(1));
        world.store.take_back(None, world.now()).await.unwrap();
        let epoch = world.gate_is_ready(world.gate, &[]).await;
        assert!(last + 1 < epoch, "{last} {epoch}");
        // As if the backup were older than the last restore.
        assert!(u64::try_from(world.now().as_millis()).unwrap() <= epoch);
        last = epoch;
    }
    // Somebody set the clock back before the restore.
    world.earlier(Duration::from_hours(24 * 3650));
    world.store.take_back(None, world.now()).await.unwrap();
    let epoch = world.gate_is_ready(world.gate, &[]).await;
    assert!(last + JUMP < epoch, "{last} {epoch}");
}

/// Each start looks whether the pages are sound; a backup's indices must fit its tables, too.
#[tokio::test]
async fn a_backup_whose_indices_do_not_fit_its_tables_is_refused() {
    let world = World::on_sqlite().await.ready().await;
    world.issues_and_lets_in().await;
    world.store.close().await;
    let other = "PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET sql = 'CREATE INDEX attempts_of_gate ON attempts (epoch, id)'
                 WHERE name = 'attempts_of_gate'";
    world.runs(other).await;
    let opened = store::Store::open(&world.url, &KEYS, world.dice.clone()).await.unwrap();
    let refused = opened.take_back(None, world.now()).await;
    let told = refused.expect_err("damaged").to_string();
    assert!(told.contains("the file is damaged"), "{told}");
}

#[tokio::test]
async fn codes_are_revoked_by_their_age() {
    let world = World::on_sqlite().await.ready().await;
    let old = world.issues().await;
    world.later(Duration::from_mins(1));
    let (new, at) = (world.issues().await, world.now());
    let restored = world.store.take_back(Some(at), world.now()).await.unwrap();
    assert_eq!((restored.revoked, restored.revived.len()), (1, 1));
    assert_eq!(restored.revived[0].code, new.pass.code.id);
    let end = world.look(&old.pass.link).await.pass.code.end;
    assert_eq!(end, Some(End::Revoked { at, effective_at: at }));
}

/// A code within its grace still opens the way out, so it comes back, too, and can be revoked.
#[tokio::test]
async fn p_9_a_code_in_its_grace_is_named_and_revoked_with_the_restore() {
    let world = World::on_sqlite().await.ready().await;
    world.grants(2880).await;
    let inside = world.issues_and_lets_in().await;
    let waiting = world.issues().await;
    world.later(Duration::from_hours(13));
    let (id, now) = (inside.pass.code.id, world.now());
    let restored = world.store.take_back(None, now).await.unwrap();
    let named: Vec<_> = restored.revived.iter().map(|code| (code.code, code.expires_at)).collect();
    assert_eq!(
        named,
        [(id, inside.pass.code.exit_until())],
        "{:?} has expired",
        waiting.pass.code.id
    );
    let restored = world.store.take_back(Some(now), now).await.unwrap();
    assert_eq!((restored.revoked, restored.revived.len()), (1, 0));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.refused(world.asks_out(&inside)).await, Refusal::Revoked);
}
