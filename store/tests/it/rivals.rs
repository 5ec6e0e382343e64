//! 64 at once: what must happen once happens once, and what fails takes nothing with it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::access_code::{LegState, Refusal};
use domain::gate::RENEWAL_AGE;
use domain::login::{Client, SessionLife};
use domain::permission::Role;
use domain::secret::{EnrolmentSecret, LoginToken, Otp, SessionToken};
use domain::settings::{ExitGate, MaxUsers};
use domain::visit::GATE_COMES_BACK;
use domain::{Attempt, AttemptId, GateId, Leg, Settings};
use store::{Fingerprint, IssueRefusal, Open, Refused};

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    of_64_guests_with_one_code_exactly_one_gets_a_command,
    of_64_hosts_and_guests_with_one_code_exactly_one_gets_a_command,
    of_64_creators_at_the_limit_exactly_the_free_slots_are_filled,
    a_revoke_among_64_redeems_leaves_no_command_behind,
    of_64_same_pins_exactly_one_makes_a_session,
    of_64_logins_of_one_number_one_session_is_left,
    of_64_claims_of_one_command_exactly_one_may_publish,
    of_64_enrolments_by_one_label_one_certificate_is_left,
    of_64_renewals_of_one_certificate_one_is_given,
    of_64_replacements_by_one_spare_one_gate_gets_it,
    of_64_same_presses_one_command_comes,
    of_64_presses_of_one_person_one_command_comes,
    no_press_is_sent_after_its_access_was_removed,
    of_64_makers_of_keys_exactly_twenty_get_one,
    nobody_waits_for_each_other_while_a_device_goes_to_whom_it_is_shared_with,
    nobody_waits_for_each_other_while_the_gate_of_settings_comes_and_goes,
];

const RIVALS: usize = 64;

/// Runs 64 of the same at once and gathers their answers.
pub(crate) async fn all_at_once<F, T>(act: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(RIVALS));
    let mut rivals = tokio::task::JoinSet::new();
    for n in 0..RIVALS {
        let (start, act) = (Arc::clone(&start), act(n));
        rivals.spawn(async move {
            start.wait().await;
            act.await
        });
    }
    rivals.join_all().await
}

async fn of_64_guests_with_one_code_exactly_one_gets_a_command(world: World) {
    let world = Arc::new(world.ready().await);
    for _ in 0..5 {
        let issued = world.issues().await;
        let answers = all_at_once(|_| {
            let (world, press) = (Arc::clone(&world), world.asks_in(&issued));
            async move { world.redeems(press).await }
        })
        .await;
        let won: Vec<&Attempt> = answers.iter().flatten().collect();
        assert_eq!(won.len(), 1);
        let lost = answers.iter().filter(|answer| answer.is_err());
        let expected = Err(Refused::Rule(Refusal::AlreadyOpening));
        assert!(lost.into_iter().all(|answer| *answer == expected));
        world.gate_opens(won[0]).await;
    }
}

/// O-10: the host's tap and the guest's go the same way.
async fn of_64_hosts_and_guests_with_one_code_exactly_one_gets_a_command(world: World) {
    let world = Arc::new(world.ready().await);
    for _ in 0..5 {
        let issued = world.issues().await;
        for leg in [Leg::Entry, Leg::Exit] {
            let answers = all_at_once(|n| {
                let (world, tap) = (Arc::clone(&world), world.vouches(&issued, leg));
                let press = match leg {
                    Leg::Entry => world.asks_in(&issued),
                    Leg::Exit => world.asks_out(&issued),
                };
                async move {
                    if n % 2 == 0 {
                        return world.lets_through(tap).await.ok();
                    }
                    world.redeems(press).await.ok()
                }
            })
            .await;
            let won: Vec<Attempt> = answers.into_iter().flatten().collect();
            assert_eq!(won.len(), 1);
            world.gate_opens(&won[0]).await;
        }
    }
}

async fn of_64_creators_at_the_limit_exactly_the_free_slots_are_filled(world: World) {
    let ten = Settings { max_users: MaxUsers::new(10).unwrap(), ..world.settings() };
    world.saves(ten).await.unwrap();
    let world = Arc::new(world);
    for _ in 0..7 {
        world.issues().await;
    }
    let answers = all_at_once(|_| {
        let (world, guest) = (Arc::clone(&world), world.guest());
        async move { world.asks_for_a_code(guest).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    let refused = answers.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|refusal| {
        matches!(refusal, IssueRefusal::LimitReached { active: 10, limit: 10, .. })
    }));
}

async fn a_revoke_among_64_redeems_leaves_no_command_behind(world: World) {
    let world = Arc::new(world.ready().await);
    for _ in 0..5 {
        let issued = world.issues().await;
        let id = issued.pass.code.id;
        let answers = all_at_once(|n| {
            let (world, press) = (Arc::clone(&world), world.asks_in(&issued));
            async move {
                if n == RIVALS / 2 {
                    let owner = world.owner;
                    world.store.codes().revoke(owner, id, world.now()).await.unwrap().unwrap();
                    return None;
                }
                world.redeems(press).await.ok()
            }
        })
        .await;
        for attempt in answers.into_iter().flatten() {
            assert_eq!(world.bridge_sends(&attempt).await, None, "revoked before it was sent");
        }
        let pass = world.look(&issued.pass.link).await.pass;
        assert_eq!(pass.code.entry, LegState::Free);
        assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::Revoked);
    }
}

async fn of_64_same_pins_exactly_one_makes_a_session(world: World) {
    // O-1d, with more than two devices.
    let world = Arc::new(world);
    let (token, otp) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
    let phone = World::phone("+27831112222");
    let (logins, sending, now) = (world.store.logins(), World::sending(), world.now());
    let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now);
    begun.await.unwrap().unwrap();
    let answers = all_at_once(|_| {
        let (world, token, otp) = (Arc::clone(&world), token.clone(), otp.clone());
        async move {
            let session = SessionToken::random(&*world.dice);
            world.store.logins().verify(token, otp, session, world.now()).await.unwrap().is_ok()
        }
    })
    .await;
    assert_eq!(answers.into_iter().filter(|signed_in| *signed_in).count(), 1);
}

async fn of_64_logins_of_one_number_one_session_is_left(world: World) {
    let world = Arc::new(world);
    let phone = World::phone("+27831112222");
    // Each rival signs in for itself; who comes last stays (O-3a).
    let tokens = all_at_once(|_| {
        let (world, phone) = (Arc::clone(&world), phone.clone());
        async move {
            let (token, otp) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
            let (logins, sending, now) = (world.store.logins(), World::sending(), world.now());
            let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now);
            begun.await.unwrap().ok()?;
            let session = SessionToken::random(&*world.dice);
            let verified = logins.verify(token, otp, session.clone(), world.now()).await.unwrap();
            verified.ok().map(|_| session)
        }
    })
    .await;
    let tokens: Vec<SessionToken> = tokens.into_iter().flatten().collect();
    assert!(!tokens.is_empty());
    let mut left = 0;
    for token in &tokens {
        left += usize::from(
            world
                .store
                .sessions()
                .find(token, SessionLife::USUAL, world.now())
                .await
                .unwrap()
                .is_ok(),
        );
    }
    assert_eq!(left, 1, "of {} that signed in", tokens.len());
}

async fn of_64_claims_of_one_command_exactly_one_may_publish(world: World) {
    let world = Arc::new(world.ready().await);
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    let claims = all_at_once(|_| {
        let (world, attempt) = (Arc::clone(&world), attempt.clone());
        async move { world.bridge_sends(&attempt).await }
    })
    .await;
    assert_eq!(claims.into_iter().flatten().count(), 1);
}

async fn of_64_enrolments_by_one_label_one_certificate_is_left(world: World) {
    let world = Arc::new(world);
    let (id, label) = (GateId::new(&*world.dice, world.now()), world.label("Side Gate"));
    let (serial, secret) = (label.serial.clone(), EnrolmentSecret::random(&*world.dice));
    world.store.devices().make_gate(id, label, secret.clone(), world.now()).await.unwrap();
    let prints = all_at_once(|n| {
        let (world, serial, secret) = (Arc::clone(&world), serial.clone(), secret.clone());
        async move {
            let print = Fingerprint([u8::try_from(n).unwrap(); 32]);
            let certificate = world.certificate(print);
            let enrolled = world.store.devices().enrolled(serial, secret, certificate, world.now());
            assert_eq!(enrolled.await.unwrap(), Ok(id));
            print
        }
    })
    .await;
    let mut admitted = 0;
    for print in prints {
        let peer = world.store.registry().identify(print, world.now()).await.unwrap();
        admitted += usize::from(peer.is_ok());
    }
    assert_eq!(admitted, 1, "the latest voids all others");
}

async fn of_64_renewals_of_one_certificate_one_is_given(world: World) {
    let world = Arc::new(world);
    let (id, label) = (GateId::new(&*world.dice, world.now()), world.label("Side Gate"));
    let (serial, secret) = (label.serial.clone(), EnrolmentSecret::random(&*world.dice));
    let devices = world.store.devices();
    devices.make_gate(id, label, secret.clone(), world.now()).await.unwrap();
    let present = Fingerprint([255; 32]);
    let certificate = world.certificate(present);
    devices.enrolled(serial, secret, certificate, world.now()).await.unwrap().unwrap();
    world.later(RENEWAL_AGE);
    let answers = all_at_once(|n| {
        let world = Arc::clone(&world);
        async move {
            let certificate = world.certificate(Fingerprint([u8::try_from(n).unwrap(); 32]));
            world.store.devices().renewed(present, certificate, world.now()).await.unwrap()
        }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

async fn of_64_replacements_by_one_spare_one_gate_gets_it(world: World) {
    let world = Arc::new(world);
    let (spare, label) = (GateId::new(&*world.dice, world.now()), world.label("Spare"));
    let (claim_code, secret) = (label.claim_code.clone(), EnrolmentSecret::random(&*world.dice));
    world.store.devices().make_gate(spare, label, secret, world.now()).await.unwrap();
    let gates = [world.gate, world.makes_gate(world.owner, "Other Gate").await];
    let answers = all_at_once(|n| {
        let (world, gate) = (Arc::clone(&world), gates[n % 2]);
        let claim_code = claim_code.clone();
        async move {
            let devices = world.store.devices();
            let replaced = devices.replace(world.owner, gate.to_string(), claim_code, world.now());
            replaced.await.unwrap().map(|_| gate)
        }
    })
    .await;
    // Asking again for the same gate is no news; the other one's owner is told.
    let won: HashSet<GateId> = answers.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
}

async fn of_64_same_presses_one_command_comes(world: World) {
    let world = Arc::new(world.ready().await);
    let press = world.presses(world.owner);
    let answers = all_at_once(|_| {
        let (world, press) = (Arc::clone(&world), press.clone());
        async move { world.opens(press).await.unwrap().id }
    })
    .await;
    assert_eq!(commands(&world, answers).await, 1);
}

async fn of_64_presses_of_one_person_one_command_comes(world: World) {
    let world = Arc::new(world.ready().await);
    let answers = all_at_once(|_| {
        let (world, press) = (Arc::clone(&world), world.presses(world.owner));
        async move { world.opens(press).await.unwrap().id }
    })
    .await;
    assert_eq!(commands(&world, answers).await, 1);
}

/// How many commands were made, and are all that there are.
async fn commands(world: &World, answers: Vec<AttemptId>) -> usize {
    let made: HashSet<AttemptId> = answers.into_iter().collect();
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), made.len() as u64);
    made.len()
}

/// F08: whoever presses while the owner takes the access away, nothing is claimed afterwards.
async fn no_press_is_sent_after_its_access_was_removed(world: World) {
    let world = Arc::new(world.ready().await);
    for round in 0..5 {
        let friend = world.shares_with(&format!("+2783000010{round}")).await;
        let is_over = Arc::new(AtomicBool::new(false));
        all_at_once(|n| {
            let (world, is_over) = (Arc::clone(&world), Arc::clone(&is_over));
            let press = Open { user: friend, ..world.presses(friend) };
            async move {
                if n == RIVALS / 2 {
                    world.unshares_gate(friend).await;
                    is_over.store(true, Ordering::SeqCst);
                    return;
                }
                let was_over = is_over.load(Ordering::SeqCst);
                let Ok(attempt) = world.opens(press).await else { return };
                assert!(!was_over, "who has no access presses nothing");
                let was_over = is_over.load(Ordering::SeqCst);
                let claimed = world.bridge_sends(&attempt).await;
                assert!(!was_over || claimed.is_none(), "sent after the access was removed");
            }
        })
        .await;
        assert!(world.opens(world.presses(friend)).await.is_err());
    }
}

async fn of_64_makers_of_keys_exactly_twenty_get_one(world: World) {
    let world = Arc::new(world.ready().await);
    let answers = all_at_once(|_| {
        let world = Arc::clone(&world);
        async move { world.makes_key("trigger").await.is_ok() }
    })
    .await;
    assert_eq!(answers.into_iter().filter(|made| *made).count(), 20);
    assert_eq!(world.store.api_keys().of(world.owner).await.unwrap().len(), 20);
}

/// Who shares, who transfers and who makes a key lock the device and accounts, all in one order.
async fn nobody_waits_for_each_other_while_a_device_goes_to_whom_it_is_shared_with(world: World) {
    let mut world = world.ready().await;
    let buyer = world.signs_in(BUYER).await.user;
    for _ in 0..5 {
        world.gate = world.makes_gate(world.owner, "Side Gate").await;
        world = race_to_share(world).await;
        let device = world.store.devices().details(buyer, world.gate.to_string(), world.now());
        assert_eq!(device.await.unwrap().unwrap().role, Role::Owner);
    }
}

async fn race_to_share(world: World) -> World {
    let world = Arc::new(world);
    all_at_once(|n| {
        let (world, gate) = (Arc::clone(&world), world.gate.to_string());
        async move {
            match n % 3 {
                0 => drop(world.transfers(&gate, &[]).await),
                1 => drop(world.makes_key("trigger").await),
                _ => {
                    let (people, to) = (world.store.people(), World::phone(BUYER));
                    let shared = people.share(world.owner, gate, to, false, world.now()).await;
                    drop(shared.expect("no fault"));
                }
            }
        }
    })
    .await;
    Arc::into_inner(world).expect("all have done")
}

/// Whoever touches several devices locks them in one order: a fault would be two who wait.
async fn nobody_waits_for_each_other_while_the_gate_of_settings_comes_and_goes(world: World) {
    let world = world.ready().await;
    let (exit, label) = (GateId::new(&*world.dice, world.now()), world.label("Exit Gate"));
    let (claim, secret) = (label.claim_code.clone(), EnrolmentSecret::random(&*world.dice));
    world.store.devices().make_gate(exit, label, secret, world.now()).await.unwrap();
    world.claimed(world.owner, &claim, None).await;
    let both = Settings { exit_gate: ExitGate::Gate(exit), ..world.settings() };
    world.saves(both).await.unwrap();
    world.issues().await;
    world.store.gates().forget_who_is_ready(world.now()).await.unwrap();
    world.later(GATE_COMES_BACK);
    let world = Arc::new(world);
    all_at_once(|n| {
        let (world, claim, owner) = (Arc::clone(&world), claim.clone(), world.owner);
        let (entry, exit, now) = (world.gate.to_string(), exit.to_string(), world.now());
        async move {
            let (devices, visits) = (world.store.devices(), world.store.visits());
            match n % 6 {
                0 => drop(world.saves_blindly(both, 2).await),
                1 => drop(devices.remove(owner, exit, now).await.expect("no fault")),
                2 => drop(devices.claim(owner, claim, None, now).await.expect("no fault")),
                3 => drop(devices.transfer_plan(owner, exit, entry, now).await.expect("no fault")),
                4 => drop(devices.replace(owner, entry, claim, now).await.expect("no fault")),
                _ => {
                    let told = visits.tell_of_gates(now - GATE_COMES_BACK, now).await;
                    assert!(told.expect("no fault") <= 2, "once a gate");
                }
            }
        }
    })
    .await;
}
