//! Two at once, again and again: whoever comes first, both answers fit together.
//!
//! `RACES` is how many rounds each race takes, on each database:
//! `RACES=5000 cargo test --release -p store --test it races -- --nocapture`, 110,000 in all.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::access_code::{End, LegState, Refusal, Revocation};
use domain::attempt::{Evidence, State, WhyNot};
use domain::login::{Client, SessionLife};
use domain::permission::Denied;
use domain::secret::{LoginToken, Otp, SessionToken};
use domain::settings::MaxUsers;
use domain::spending::{Budgets, Rules};
use domain::{Attempt, Settings};
use store::{Errand, IssueRefusal, Open, Refused, SaveRefusal, Sending, SettingsRefusal};
use tokio::sync::Barrier;

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    of_two_presses_one_gets_a_command,
    a_press_beside_a_revoke_leaves_no_command_behind,
    a_claim_beside_a_revoke_is_told_of_or_comes_to_nothing,
    a_claim_beside_a_removal_of_its_gate_is_cancelled_or_comes_to_nothing,
    a_claim_beside_a_transfer_of_its_gate_is_cancelled_or_comes_to_nothing,
    of_two_creators_of_the_last_code_one_gets_it,
    a_press_beside_other_settings_goes_to_one_gate_in_its_own_epoch,
    a_transfer_beside_other_settings_leaves_no_mixture,
    o_8b_settings_beside_a_removal_of_their_gate_are_refused_or_suspend,
    o_8b_settings_beside_a_transfer_of_their_gate_are_refused_or_suspend,
    of_two_logins_of_one_number_one_session_is_left,
];

/// Rounds at the same time, so that pairs meet each other, too; each leaves one command open at
/// most, and a gate takes sixteen.
const TOGETHER: usize = 8;

/// From one batch of rounds to the next: digits last for a day's codes, a hello for an hour.
const BETWEEN: Duration = Duration::from_mins(2);

async fn of_two_presses_one_gets_a_command(world: World) {
    let world = saved(world).await;
    race("redeem/redeem", world, TOGETHER, async |world, _| {
        let issued = world.issues().await;
        let (one, other) = (world.asks_in(&issued), world.asks_in(&issued));
        let press = |world: Arc<World>, press| async move { world.redeems(press).await };
        let answers = both(press(Arc::clone(&world), one), press(Arc::clone(&world), other)).await;
        let expected = Err(Refused::Rule(Refusal::AlreadyOpening));
        match answers {
            (Ok(_), lost) | (lost, Ok(_)) => assert_eq!(lost, expected),
            neither => panic!("{neither:?}"),
        }
        world.revokes(&issued).await;
    })
    .await;
}

async fn a_press_beside_a_revoke_leaves_no_command_behind(world: World) {
    let world = saved(world).await;
    race("redeem/revoke", world, TOGETHER, async |world, _| {
        let issued = world.issues().await;
        let (press, at_the_gate) = (world.asks_in(&issued), Arc::clone(&world));
        let (owner, unwanted) = (Arc::clone(&world), issued.clone());
        let pressed = async move { at_the_gate.redeems(press).await };
        let revoked = async move { owner.revokes(&unwanted).await };
        let (pressed, ()) = both(pressed, revoked).await;
        if let Ok(attempt) = pressed {
            assert_eq!(world.bridge_sends(&attempt).await, None, "revoked before it was sent");
        }
        let pass = world.look(&issued.pass.link).await.pass;
        assert_eq!(pass.code.entry, LegState::Free);
        assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::Revoked);
    })
    .await;
}

/// whoever takes a code back is told of the command that was sent before, or it never is.
async fn a_claim_beside_a_revoke_is_told_of_or_comes_to_nothing(world: World) {
    let world = saved(world).await;
    race("claim/revoke", world, TOGETHER, async |world, _| {
        let issued = world.issues().await;
        let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
        let (bridge, to_send) = (Arc::clone(&world), attempt.clone());
        let (host, unwanted) = (Arc::clone(&world), issued.pass.code.id);
        let claimed = async move { bridge.bridge_sends(&to_send).await };
        let revoked = async move {
            let revoked = host.store.codes().revoke(host.owner, unwanted, host.now()).await;
            revoked.unwrap().unwrap()
        };
        let (claimed, revoked) = both(claimed, revoked).await;
        let Some(End::Revoked { at, effective_at }) = revoked.code.end else {
            panic!("{revoked:?}");
        };
        let (id, in_flight) = (attempt.id, revoked.in_flight.map(|attempt| attempt.id));
        let entry = world.look(&issued.pass.link).await.pass.code.entry;
        let left = (entry, world.errand(&attempt).await);
        if let Some(sent) = claimed {
            assert_eq!((revoked.revocation, in_flight), (Revocation::Cancelling(id), Some(id)));
            assert!(sent.deadline <= effective_at, "it may open after {effective_at:?}");
            assert_eq!(left, (LegState::Reserved(id), Some(Errand::Cancel)));
        } else {
            assert_eq!((revoked.revocation, in_flight), (Revocation::Withdrawn(id), None));
            assert_eq!((effective_at, left), (at, (LegState::Free, None)));
            let why = WhyNot::Revoked;
            assert_eq!(world.reads(&attempt).await, State::NotExecuted { at, why });
        }
    })
    .await;
}

/// F08, of the owner: what was sent for them is stopped, and nothing is sent that was not.
async fn a_claim_beside_a_removal_of_its_gate_is_cancelled_or_comes_to_nothing(world: World) {
    race("claim/removal of the gate", saved(world).await, 1, async |world, _| {
        let gate = world.makes_gate(world.owner, "Side Gate").await;
        world.gate_is_ready(gate, &[]).await;
        let press = Open { device: gate.to_string(), ..world.presses(world.owner) };
        beside_a_claim(world, press, async move |world| {
            let removed = world.store.devices().remove(world.owner, gate.to_string(), world.now());
            removed.await.unwrap().unwrap();
        })
        .await;
    })
    .await;
}

/// The same of a key: to the former owner themselves the gate is shared from then on.
async fn a_claim_beside_a_transfer_of_its_gate_is_cancelled_or_comes_to_nothing(world: World) {
    world.signs_in(BUYER).await;
    race("claim/transfer of the gate", saved(world).await, 1, async |world, _| {
        let gate = world.makes_gate(world.owner, "Side Gate").await;
        world.gate_is_ready(gate, &[]).await;
        let key = world.makes_key_for(gate, "trigger").await.unwrap();
        let press = Open { device: gate.to_string(), ..world.presses_by(&key) };
        beside_a_claim(Arc::clone(&world), press, async move |world| {
            world.transfers(&gate.to_string(), &[]).await.unwrap();
        })
        .await;
        assert!(world.revokes_key(&key).await, "a person has twenty at most");
    })
    .await;
}

/// Ends the right to a press while the bridge claims it: it is not sent, or is cancelled.
async fn beside_a_claim<F>(world: Arc<World>, press: Open, ends: impl FnOnce(Arc<World>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let attempt = world.opens(press).await.unwrap();
    let (bridge, to_send) = (Arc::clone(&world), attempt.clone());
    let claimed = async move { bridge.bridge_sends(&to_send).await };
    let (claimed, ()) = both(claimed, ends(Arc::clone(&world))).await;
    let (left, trace) =
        (world.errand(&attempt).await, world.store.events().trace(attempt.id).await);
    let state = trace.unwrap().unwrap().attempt.state;
    if let Some(sent) = claimed {
        assert_eq!((state, left), (sent.state, Some(Errand::Cancel)));
        // The gate obeys, so that the next rounds' errands are not behind this one.
        let (gate, obeys) = (attempt.gate, Evidence::NotExecuted(WhyNot::Cancelled));
        world.store.attempts().settle(gate, attempt.id, obeys, world.now()).await.unwrap();
    } else {
        let why = WhyNot::AccessRemoved;
        assert_eq!((state, left), (State::NotExecuted { at: world.now(), why }, None));
    }
}

async fn of_two_creators_of_the_last_code_one_gets_it(world: World) {
    let one = Settings { max_users: MaxUsers::new(1).unwrap(), ..world.settings() };
    world.saves(one).await.unwrap();
    race("issue/issue", Arc::new(world), 1, async |world, _| {
        let asks = |world: Arc<World>| async move { world.asks_for_a_code(world.guest()).await };
        let won = match both(asks(Arc::clone(&world)), asks(Arc::clone(&world))).await {
            (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => {
                assert!(matches!(lost, IssueRefusal::LimitReached { active: 1, limit: 1, .. }));
                won
            }
            answers => panic!("{answers:?}"),
        };
        world.revokes(&won).await;
    })
    .await;
}

async fn a_press_beside_other_settings_goes_to_one_gate_in_its_own_epoch(world: World) {
    let other = world.makes_gate(world.owner, "Other Gate").await;
    let world = saved(world).await;
    let own = world.gate;
    // The epochs of the two are never the same.
    for _ in 0..5 {
        world.gate_is_ready(other, &[]).await;
    }
    race("settings/redeem", world, 1, async |world, round| {
        let epochs = [world.gate_is_ready(own, &[]).await, world.gate_is_ready(other, &[]).await];
        let issued = world.issues().await;
        let (press, at_the_gate) = (world.asks_in(&issued), Arc::clone(&world));
        let entry_gate = if round % 2 == 0 { other } else { own };
        let (owner, next) = (Arc::clone(&world), Settings { entry_gate, ..world.settings() });
        let pressed = async move { at_the_gate.redeems(press).await };
        let saved = async move { owner.saves(next).await };
        let (pressed, saved) = both(pressed, saved).await;
        let Attempt { gate, epoch, .. } = pressed.unwrap();
        saved.unwrap();
        let of_gate = if gate == own { epochs[0] } else { epochs[1] };
        assert!((gate == own || gate == other) && epoch == of_gate, "{gate} in {epoch}");
        world.revokes(&issued).await;
    })
    .await;
}

/// Either the old owner's settings went along, or the new owner has those from before.
async fn a_transfer_beside_other_settings_leaves_no_mixture(world: World) {
    let other = world.makes_gate(world.owner, "Other Gate").await;
    let buyer = world.signs_in("+27830000009").await.user;
    race("transfer/settings", saved(world).await, 1, async move |world, _| {
        let intercom = world.makes_intercom(world.owner, "Unit 5").await;
        let (intercoms, id) = (world.store.intercoms().clone(), intercom.to_string());
        let first = intercoms.save(world.owner, id.clone(), world.settings(), 0, world.now()).await;
        first.unwrap().unwrap();
        let two = Settings {
            entry_gate: other,
            max_users: MaxUsers::new(1).unwrap(),
            ..world.settings()
        };
        let (seller, other_hand) = (Arc::clone(&world), Arc::clone(&world));
        let (to_save, to_give) = (id.clone(), id.clone());
        let saved = async move {
            let intercoms = other_hand.store.intercoms();
            intercoms.save(other_hand.owner, to_save, two, 1, other_hand.now()).await.unwrap()
        };
        let given = async move {
            let (devices, to) = (seller.store.devices(), World::phone("+27830000009"));
            devices.transfer(seller.owner, to_give, to, vec![], seller.now()).await.unwrap()
        };
        let (saved, given) = both(saved, given).await;
        assert_eq!(given.unwrap().to, buyer);
        let kept = intercoms.settings(buyer, id, world.now()).await.unwrap().unwrap().unwrap();
        let refused = SaveRefusal::Settings(SettingsRefusal::Denied(Denied::NotOwner));
        match saved {
            Ok(_) => assert_eq!((kept.settings, kept.version), (two, 2)),
            Err(refusal) => {
                assert_eq!(refusal, refused);
                assert_eq!((kept.settings, kept.version), (world.settings(), 1));
            }
        }
    })
    .await;
}

async fn o_8b_settings_beside_a_removal_of_their_gate_are_refused_or_suspend(world: World) {
    race("settings/removal", saved(world).await, 1, async |world, _| {
        beside_settings(world, async |world, gate| {
            let removed = world.store.devices().remove(world.owner, gate, world.now());
            removed.await.unwrap().unwrap()
        })
        .await;
    })
    .await;
}

async fn o_8b_settings_beside_a_transfer_of_their_gate_are_refused_or_suspend(world: World) {
    world.signs_in(BUYER).await;
    race("settings/transfer of the gate", saved(world).await, 1, async |world, _| {
        beside_settings(world, async |world, gate| {
            world.transfers(&gate, &[]).await.unwrap().suspended
        })
        .await;
    })
    .await;
}

/// Names a gate in settings while it goes: afterwards they do not name it, or codes are suspended.
async fn beside_settings<F>(world: Arc<World>, goes: impl FnOnce(Arc<World>, String) -> F)
where
    F: Future<Output = usize> + Send + 'static,
{
    let leaving = world.makes_gate(world.owner, "Side Gate").await;
    let fifty = Settings { max_users: MaxUsers::new(50).unwrap(), ..world.settings() };
    let version = world.saves(fifty).await.unwrap().version;
    let waiting = world.issues().await;
    let (host, named) = (Arc::clone(&world), Settings { entry_gate: leaving, ..fifty });
    let saving = async move { host.saves_blindly(named, version).await };
    let (saved, suspended) = both(saving, goes(Arc::clone(&world), leaving.to_string())).await;
    let told = world.kinds_of(&waiting).await.contains(&"pass.suspended".to_owned());
    match saved {
        Ok(()) => assert_eq!((suspended, told), (1, true), "no code opens a gate that is gone"),
        Err(refusal) => {
            assert_eq!(refusal, SaveRefusal::GateNotOwned { field: "entry_gate" });
            assert_eq!((suspended, told), (0, false));
        }
    }
    world.revokes(&waiting).await;
}

async fn of_two_logins_of_one_number_one_session_is_left(world: World) {
    race("login/login", Arc::new(world), TOGETHER, async |world, round| {
        // No budget of pins is to stand in the way: neighbours differ in more than four digits.
        let phone = World::phone(&format!("+2783{:03}{:04}", 100 + round % 900, round / 900));
        world.later(Duration::from_hours(2));
        let generous = Budgets {
            per_country_a_day: 1_000_000,
            money_an_hour: 1_000_000_000_000,
            ..Budgets::default()
        };
        let sending = Sending {
            network: IpAddr::V4(Ipv4Addr::from(u32::try_from(round).unwrap())),
            rules: Arc::new(Rules { budgets: generous, ..Rules::default() }),
            ..Sending::default()
        };
        let signs_in = |world: Arc<World>| {
            let (phone, sending) = (phone.clone(), sending.clone());
            async move {
                let (token, otp) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
                let (logins, now) = (world.store.logins(), world.now());
                let client = Client::App;
                let begun = logins.begin(phone, client, otp.clone(), token.clone(), sending, now);
                begun.await.unwrap().ok()?;
                let session = SessionToken::random(&*world.dice);
                let verified = logins.verify(token, otp, session.clone(), now).await.unwrap();
                verified.ok().map(|_| session)
            }
        };
        let (one, other) = both(signs_in(Arc::clone(&world)), signs_in(Arc::clone(&world))).await;
        let mut left = 0;
        for session in [one, other].into_iter().flatten() {
            let found = world
                .store
                .sessions()
                .find(&session, SessionLife::USUAL, world.now())
                .await
                .unwrap();
            left += u32::from(found.is_ok());
        }
        assert_eq!(left, 1);
    })
    .await;
}

/// Runs both at once, on threads of their own if there are any.
pub(crate) async fn both<A, B>(one: A, other: B) -> (A::Output, B::Output)
where
    A: Future<Output: Send> + Send + 'static,
    B: Future<Output: Send> + Send + 'static,
{
    let start = Arc::new(Barrier::new(2));
    let go = Arc::clone(&start);
    let one = tokio::spawn(async move {
        go.wait().await;
        one.await
    });
    let other = tokio::spawn(async move {
        start.wait().await;
        other.await
    });
    (one.await.unwrap(), other.await.unwrap())
}

/// Runs as many rounds as `RACES` says, so many of them together.
pub(crate) async fn race<R>(name: &str, world: Arc<World>, together: usize, round: R)
where
    R: AsyncFn(Arc<World>, usize),
{
    let rounds = std::env::var("RACES").map_or(16, |text| text.parse().expect("a number"));
    let began = Instant::now();
    for first in (0..rounds).step_by(together) {
        world.later(BETWEEN);
        world.gate_is_ready(world.gate, &[]).await;
        let batch = first..rounds.min(first + together);
        let batch = batch.map(|nth| round(Arc::clone(&world), nth));
        futures_util::future::join_all(batch).await;
    }
    let (took, database) = (began.elapsed(), world.url.split(':').next().unwrap_or_default());
    println!("{name} on {database}: {rounds} rounds in {took:.1?}, 0 violations");
}

pub(crate) async fn saved(world: World) -> Arc<World> {
    let fifty = Settings { max_users: MaxUsers::new(50).unwrap(), ..world.settings() };
    world.saves(fifty).await.unwrap();
    Arc::new(world)
}
