//! Hosts who let guests in and out with one tap (O-10), and what is known of attempts afterwards.

use std::time::Duration;

use domain::access_code::{Refusal, Standing};
use domain::attempt::{AskedBy, Evidence, State, WhyNot};
use domain::permission::Denied;
use domain::{CodeId, Leg, Timestamp};
use store::{Channel, CutBy, Errand, Vouch, VouchRefusal};

use crate::world::World;

crate::on_both_databases![
    o_10_a_host_lets_in_and_out_and_uses_the_code_up,
    o_10_a_guest_whose_time_is_over_is_let_out_once,
    o_10_a_guest_whose_code_was_revoked_is_let_out_and_no_cancel_follows,
    o_10_only_who_may_revoke_may_let_through,
    o_10_the_same_tap_is_the_same_attempt_and_another_hears_of_it,
    o_10_an_offline_gate_and_a_code_that_has_ended_are_told,
    r_4_a_gate_that_had_acted_is_reported_as_opened_before_the_revoke,
    a_trace_tells_who_asked_when_the_way_was_cut_and_how_the_word_came,
    the_last_refused_tap_is_kept_and_no_more,
];

fn standing(pass: &store::GuestPass, now: Timestamp) -> Standing {
    pass.pass.code.standing(now)
}

async fn o_10_a_host_lets_in_and_out_and_uses_the_code_up(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let entry = world.lets_through(world.vouches(&issued, Leg::Entry)).await.unwrap();
    assert_eq!(entry.visit().unwrap().asked_by, AskedBy::Host);
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::AlreadyOpening);
    world.gate_opens(&entry).await;
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::Used);
    let exit = world.lets_through(world.vouches(&issued, Leg::Exit)).await.unwrap();
    world.gate_opens(&exit).await;
    assert_eq!(world.refused(world.asks_out(&issued)).await, Refusal::Used);
    for leg in [Leg::Entry, Leg::Exit] {
        let again = world.lets_through(world.vouches(&issued, leg)).await;
        assert_eq!(again, Err(VouchRefusal::Rule(Refusal::Used)));
    }
    let trace = world.store.events().trace(exit.id).await.unwrap().unwrap();
    assert_eq!(trace.host, Some(world.owner), "the event names who did it");
}

async fn o_10_a_guest_whose_time_is_over_is_let_out_once(world: World) {
    let world = world.ready().await;
    let issued = world.issues_and_lets_in().await;
    world.later(Duration::from_hours(12));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.refused(world.asks_out(&issued)).await, Refusal::Expired);
    let exit = world.lets_through(world.vouches(&issued, Leg::Exit)).await.unwrap();
    world.gate_opens(&exit).await;
    let at = world.now();
    let seen = world.look(&issued.pass.link).await;
    assert_eq!(standing(&seen, at), Standing::Completed { at });
    let again = world.lets_through(world.vouches(&issued, Leg::Exit)).await;
    assert_eq!(again, Err(VouchRefusal::Rule(Refusal::Used)));
}

async fn o_10_a_guest_whose_code_was_revoked_is_let_out_and_no_cancel_follows(world: World) {
    let world = world.ready().await;
    let issued = world.issues_and_lets_in().await;
    let id = issued.pass.code.id;
    let at = world.now();
    world.store.codes().revoke(world.owner, id, at).await.unwrap().unwrap();
    let exit = world.lets_through(world.vouches(&issued, Leg::Exit)).await.unwrap();
    assert_eq!(exit.visit().unwrap().asked_by, AskedBy::HostDespiteEnd);
    world.bridge_sends(&exit).await.expect("the revoke does not stop it");
    assert!(world.store.attempts().due(world.now()).await.unwrap().is_empty(), "no cancel");
    assert_eq!(world.store.attempts().to_resend(world.now()).await.unwrap()[0].id, exit.id);
    world.later(Duration::from_secs(9));
    let due = world.store.attempts().due(world.now()).await.unwrap();
    assert_eq!((due[0].attempt.id, due[0].errand), (exit.id, Errand::Query));
    let settle = world.store.attempts().settle(exit.gate, exit.id, Evidence::Executed, world.now());
    settle.await.unwrap();
    let seen = world.look(&issued.pass.link).await;
    assert_eq!(standing(&seen, world.now()), Standing::Revoked { at, inside: false });
}

async fn o_10_only_who_may_revoke_may_let_through(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let user = world.signs_in("+27839998888").await.user;
    let tap = || Vouch { user, ..world.vouches(&issued, Leg::Entry) };
    let denied = |denied| Err(VouchRefusal::Denied(denied));
    assert_eq!(world.lets_through(tap()).await, denied(Denied::Unknown));
    let share = |granted| {
        let (people, phone) = (world.store.people(), World::phone("+27839998888"));
        people.share(world.owner, world.intercom.to_string(), phone, granted, world.now())
    };
    share(false).await.unwrap().unwrap();
    assert_eq!(world.lets_through(tap()).await, denied(Denied::NoPermission));
    share(true).await.unwrap().unwrap();
    assert!(world.lets_through(tap()).await.is_ok());
}

async fn o_10_the_same_tap_is_the_same_attempt_and_another_hears_of_it(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let tap = world.vouches(&issued, Leg::Entry);
    let first = world.lets_through(tap.clone()).await.unwrap();
    assert_eq!(world.lets_through(tap.clone()).await, Ok(first.clone()));
    let other = world.lets_through(world.vouches(&issued, Leg::Entry)).await;
    assert_eq!(other, Err(VouchRefusal::UnderWay(first.id)));
    world.gate_opens(&first).await;
    let again = world.lets_through(tap).await.unwrap();
    assert_eq!((again.id, again.state), (first.id, State::Executed { at: world.now() }));
}

async fn o_10_an_offline_gate_and_a_code_that_has_ended_are_told(world: World) {
    world.saves(world.settings()).await.unwrap();
    let issued = world.issues().await;
    let refused = |refusal| Err(VouchRefusal::Rule(refusal));
    let tap = |leg| world.lets_through(world.vouches(&issued, leg));
    assert_eq!(tap(Leg::Entry).await, refused(Refusal::GateOffline));
    assert_eq!(tap(Leg::Exit).await, refused(Refusal::NotEnteredYet));
    world.gate_is_ready(world.gate, &[]).await;
    let id = issued.pass.code.id;
    world.store.codes().revoke(world.owner, id, world.now()).await.unwrap().unwrap();
    assert_eq!(tap(Leg::Entry).await, refused(Refusal::Revoked));
    assert_eq!(tap(Leg::Exit).await, refused(Refusal::NotEnteredYet));
    assert!(world.store.attempts().due(world.now()).await.unwrap().is_empty());
}

/// G-10 too: the final word follows as an event, and the guest is known to be inside.
async fn r_4_a_gate_that_had_acted_is_reported_as_opened_before_the_revoke(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let entry = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&entry).await.unwrap();
    let (id, at) = (issued.pass.code.id, world.now());
    world.store.codes().revoke(world.owner, id, at).await.unwrap().unwrap();
    world.later(Duration::from_millis(400));
    let settle =
        world.store.attempts().settle(world.gate, entry.id, Evidence::Executed, world.now());
    settle.await.unwrap();
    let events = world.store.events().of_code(id).await.unwrap();
    assert_eq!(events.last().unwrap().kind, "attempt.opened", "the final word");
    let seen = world.look(&issued.pass.link).await;
    assert_eq!(standing(&seen, world.now()), Standing::Revoked { at, inside: true });
    assert_eq!(world.refused(world.asks_out(&issued)).await, Refusal::Revoked);
    let exit = world.lets_through(world.vouches(&issued, Leg::Exit)).await.unwrap();
    world.gate_opens(&exit).await;
}

async fn a_trace_tells_who_asked_when_the_way_was_cut_and_how_the_word_came(world: World) {
    let world = world.ready().await;
    let (opened, lost) = (world.issues().await, world.issues().await);
    let executed = world.redeems(world.asks_in(&opened)).await.unwrap();
    let never = world.redeems(world.asks_in(&lost)).await.unwrap();
    for attempt in [&executed, &never] {
        world.bridge_sends(attempt).await.unwrap();
    }
    let claimed_at = Some(world.now());
    world.later(Duration::from_millis(30));
    world.store.gates().forget_who_is_ready(world.now()).await.unwrap();
    let cut = Some((world.now(), CutBy::Bridge));
    world.later(Duration::from_millis(500));
    world.gate_is_ready(world.gate, &[executed.id]).await;
    let at = world.now();
    let trace = async |id| world.store.events().trace(id).await.unwrap().unwrap();
    for (id, state) in [
        (executed.id, State::Executed { at }),
        (never.id, State::NotExecuted { at, why: WhyNot::NotInLedger }),
    ] {
        let told = trace(id).await;
        assert_eq!(
            (told.claimed_at, told.cut, told.host),
            (claimed_at, cut, None),
            "the first cut"
        );
        assert_eq!((told.attempt.state, told.channel), (state, Some(Channel::Ledger)));
    }
    let again = world.redeems(world.asks_in(&lost)).await.unwrap();
    world.gate_opens(&again).await;
    let told = trace(again.id).await;
    assert_eq!((told.cut, told.channel), (None, Some(Channel::Report)));
    let traced = world.store.events().traces(lost.pass.code.id).await.unwrap().unwrap();
    let ids: Vec<_> = traced.attempts.iter().map(|trace| trace.attempt.id).collect();
    assert_eq!(ids, [never.id, again.id]);
}

async fn the_last_refused_tap_is_kept_and_no_more(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    assert_eq!(world.refused(world.asks_out(&issued)).await, Refusal::NotEnteredYet);
    world.later(Duration::from_secs(1));
    world.store.gates().forget_who_is_ready(world.now()).await.unwrap();
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::GateOffline);
    let code = issued.pass.code.id;
    let tap = world.store.events().traces(code).await.unwrap().unwrap().refused.unwrap();
    assert_eq!((tap.at, tap.leg, tap.why.as_str()), (world.now(), Leg::Entry, "gate_offline"));
    let nobody = CodeId::new(&*world.dice, world.now());
    assert!(world.store.events().traces(nobody).await.unwrap().is_none());
}
