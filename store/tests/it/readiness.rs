//! Gates that are away while guests are expected: owners hear of it, once, and when they are back.

use std::time::Duration;

use domain::secret::EnrolmentSecret;
use domain::settings::{ExitGate, ExitGrace};
use domain::share::Access;
use domain::visit::{GATE_ALERTS_REST, GATE_COMES_BACK};
use domain::{GateId, Settings, Timestamp};
use store::{Change, Part, Readiness};

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    a_gate_that_leaves_while_a_guest_is_expected_is_told_at_once_and_when_it_is_back,
    a_gate_that_was_never_there_is_told_like_one_that_left,
    a_gate_that_nobody_needs_is_not_told,
    nobody_hears_that_a_gate_is_back_which_the_settings_name_no_more,
    s_2_who_may_not_use_codes_does_not_hear_that_guests_are_expected,
    a_gate_that_flaps_is_told_once_in_ten_minutes,
    each_time_that_guests_are_expected_anew_a_gate_that_stays_away_is_told,
    nobody_hears_that_a_gate_is_back_whose_guests_are_no_longer_expected,
    who_gets_an_intercom_and_its_gate_hears_that_the_gate_is_away,
    who_was_not_told_that_a_gate_is_away_does_not_hear_that_it_is_back,
    a_gate_that_left_the_account_and_came_back_is_told_anew,
    who_is_lost_sight_of_by_the_service_gets_a_minute_to_come_back,
    what_left_before_the_service_began_is_told_a_minute_after,
    each_intercom_hears_of_its_own_gates_in_its_own_story,
    a_gate_counts_while_a_guest_inside_may_still_leave,
    the_pages_learn_which_gates_are_away,
];

/// When the service began, long ago.
const LONG_AGO: Timestamp = Timestamp::from_millis(0);

async fn a_gate_that_leaves_while_a_guest_is_expected_is_told_at_once_and_when_it_is_back(
    world: World,
) {
    let world = world.ready().await;
    world.issues().await;
    world.leaves(world.gate).await;
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
    assert_eq!(world.told_of_gates().await, ["visit.gate_offline", "visit.gate_online"]);
}

async fn a_gate_that_was_never_there_is_told_like_one_that_left(world: World) {
    world.saves(world.settings()).await.unwrap();
    world.issues().await;
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
    world.later(Duration::from_secs(1));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    assert_eq!(world.told_of_gates().await, ["visit.gate_offline", "visit.gate_online"]);
}

async fn nobody_hears_that_a_gate_is_back_which_the_settings_name_no_more(world: World) {
    let world = world.ready().await;
    let other = world.makes_gate(world.owner, "Side Gate").await;
    world.gate_is_ready(other, &[]).await;
    world.issues().await;
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    world.saves(Settings { entry_gate: other, ..world.settings() }).await.unwrap();
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells(LONG_AGO).await, 0);
    assert_eq!(world.told_of_gates().await, ["visit.gate_offline"]);
}

/// That an alert went out tells that a code is live.
async fn s_2_who_may_not_use_codes_does_not_hear_that_guests_are_expected(world: World) {
    let world = world.ready().await;
    let (people, full) = (world.store.people(), Some(Access::Full));
    let phone = World::phone("+27830000077");
    let mut reader = None;
    for device in [world.gate.to_string(), world.intercom.to_string()] {
        let shared = people.share(world.owner, device.clone(), phone.clone(), false, world.now());
        let user = shared.await.unwrap().unwrap().user;
        let change = Change { access: full, ..Change::default() };
        people.change(world.owner, device, user, change, world.now()).await.unwrap().unwrap();
        reader = Some(user);
    }
    let reader = reader.unwrap();
    world.issues().await;
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    world.files_all().await;
    let part = Part { of: None, before: None, at_most: 100 };
    for (who, hears) in [(world.owner, true), (reader, false)] {
        let feed = world.feed(who).await;
        let mut told: Vec<_> = feed.into_iter().map(|event| event.kind).collect();
        assert!(told.iter().any(|kind| kind == "gate.offline"), "that all of them hear");
        for device in [world.gate.to_string(), world.intercom.to_string()] {
            let story = world.store.events().story(who, device, part, world.now()).await;
            let story = story.unwrap().unwrap();
            assert_eq!(story.iter().any(|event| event.kind.starts_with("visit.")), hears);
            told.extend(story.into_iter().map(|event| event.kind));
        }
        assert_eq!(told.iter().any(|kind| kind.starts_with("visit.")), hears);
    }
}

async fn a_gate_that_nobody_needs_is_not_told(world: World) {
    let world = world.ready().await;
    let other = world.makes_gate(world.owner, "Shed").await;
    world.gate_is_ready(other, &[]).await;
    let revoked = world.issues().await;
    world.revokes(&revoked).await;
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 0, "no code is live");
    world.issues().await;
    assert_eq!(world.tells(LONG_AGO).await, 1, "now one is");
    world.leaves(other).await;
    assert_eq!(world.tells(LONG_AGO).await, 0, "no settings name it");
}

async fn a_gate_that_flaps_is_told_once_in_ten_minutes(world: World) {
    let world = world.ready().await;
    world.issues().await;
    for _ in 0..20 {
        world.leaves(world.gate).await;
        world.tells(LONG_AGO).await;
        world.gate_is_ready(world.gate, &[]).await;
        world.tells(LONG_AGO).await;
        world.later(Duration::from_secs(20));
    }
    assert_eq!(world.told_of_gates().await, ["visit.gate_offline", "visit.gate_online"]);
    // Who stays away is told when the ten minutes are over.
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 0);
    world.later(GATE_ALERTS_REST);
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
}

async fn each_time_that_guests_are_expected_anew_a_gate_that_stays_away_is_told(world: World) {
    let world = world.ready().await;
    world.issues().await;
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    // The code ends by itself, and days later there is another.
    world.later(Duration::from_hours(72));
    assert_eq!(world.tells(LONG_AGO).await, 0, "that nobody comes any more is no news");
    let issued = world.issues().await;
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
    // Nor has the host to wait after a revoke.
    world.revokes(&issued).await;
    assert_eq!(world.tells(LONG_AGO).await, 0);
    world.issues().await;
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
}

async fn nobody_hears_that_a_gate_is_back_whose_guests_are_no_longer_expected(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    world.revokes(&issued).await;
    assert_eq!(world.tells(LONG_AGO).await, 0);
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells(LONG_AGO).await, 0);
}

async fn who_gets_an_intercom_and_its_gate_hears_that_the_gate_is_away(world: World) {
    let world = world.away_as_told().await;
    world.transfers(&world.intercom.to_string(), &[world.gate]).await.unwrap();
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells(LONG_AGO).await, 1, "and that it is back");
}

async fn who_was_not_told_that_a_gate_is_away_does_not_hear_that_it_is_back(world: World) {
    let world = world.away_as_told().await;
    world.transfers(&world.intercom.to_string(), &[world.gate]).await.unwrap();
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells(LONG_AGO).await, 0);
}

async fn a_gate_that_left_the_account_and_came_back_is_told_anew(mut world: World) {
    let (id, label) = (GateId::new(&*world.dice, world.now()), world.label("Side Gate"));
    let (claim, secret) = (label.claim_code.clone(), EnrolmentSecret::random(&*world.dice));
    world.store.devices().make_gate(id, label, secret, world.now()).await.unwrap();
    world.claimed(world.owner, &claim, None).await;
    world.gate = id;
    let world = world.away_as_told().await;
    world.takes_off().await;
    assert_eq!(world.tells(LONG_AGO).await, 0, "it is nobody's");
    world.claimed(world.owner, &claim, None).await;
    assert_eq!((world.tells(LONG_AGO).await, world.tells(LONG_AGO).await), (1, 0));
}

/// A hello is renewed every half hour on a standing connection, and bridges restart.
async fn who_is_lost_sight_of_by_the_service_gets_a_minute_to_come_back(world: World) {
    let world = world.ready().await;
    world.issues().await;
    let nonce = domain::roll(&*world.dice);
    let hello = world.store.gates().hello(world.gate, nonce, "test".to_owned(), world.now());
    let epoch = hello.await.unwrap().unwrap().epoch;
    assert_eq!(world.tells(LONG_AGO).await, 0);
    assert!(
        world.store.gates().ready(world.gate, nonce, epoch, vec![], world.now()).await.unwrap()
    );
    world.later(GATE_COMES_BACK);
    world.store.gates().forget_who_is_ready(world.now()).await.unwrap();
    world.later(GATE_COMES_BACK.saturating_sub(Duration::from_millis(1)));
    assert_eq!(world.tells(LONG_AGO).await, 0);
    world.later(Duration::from_millis(1));
    assert_eq!(world.tells(LONG_AGO).await, 1);
}

async fn what_left_before_the_service_began_is_told_a_minute_after(world: World) {
    let world = world.ready().await;
    world.issues().await;
    world.leaves(world.gate).await;
    world.later(Duration::from_mins(1));
    let began = world.now();
    assert_eq!(world.tells(began).await, 0, "all gates went when the service stopped");
    world.later(GATE_COMES_BACK);
    assert_eq!(world.tells(began).await, 1);
}

async fn each_intercom_hears_of_its_own_gates_in_its_own_story(world: World) {
    let exit = world.makes_gate(world.owner, "Exit Gate").await;
    world.gate_is_ready(exit, &[]).await;
    let world = world.ready().await;
    let two = Settings { exit_gate: ExitGate::Gate(exit), ..world.settings() };
    world.saves(two).await.unwrap();
    world.issues().await;
    world.leaves(exit).await;
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 2);
    world.store.events().file(world.now()).await.unwrap();
    let events =
        world.store.events().after(world.owner, None, 100, world.now()).await.unwrap().unwrap();
    let told = events.iter().filter(|event| event.kind == "visit.gate_offline");
    let mut told: Vec<_> = told.map(|event| (event.intercom, event.device.clone())).collect();
    told.sort();
    let mut gates = [exit, world.gate].map(|gate| (Some(world.intercom), Some(gate.to_string())));
    gates.sort();
    assert_eq!(told, gates);
}

async fn a_gate_counts_while_a_guest_inside_may_still_leave(world: World) {
    let world = world.ready().await;
    let exit_grace = ExitGrace::from_minutes(120).unwrap();
    world.saves(Settings { exit_grace, ..world.settings() }).await.unwrap();
    let inside = world.issues_and_lets_in().await;
    world.later(Duration::from_hours(13));
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells(LONG_AGO).await, 1);
    let exit = world.redeems(world.asks_out(&inside)).await.unwrap();
    world.gate_opens(&exit).await;
    world.later(GATE_ALERTS_REST);
    world.leaves(world.gate).await;
    assert_eq!(world.tells(LONG_AGO).await, 0, "everybody has left");
}

async fn the_pages_learn_which_gates_are_away(world: World) {
    let look = async |world: &World| {
        let (visits, intercom) = (world.store.visits(), world.intercom.to_string());
        visits.readiness(world.owner, intercom, world.now()).await.unwrap().unwrap()
    };
    assert_eq!(look(&world).await, None, "nothing is saved yet");
    let world = world.ready().await;
    assert_eq!(look(&world).await, Some(Readiness { away: vec![], is_suspended: false }));
    world.leaves(world.gate).await;
    let away = vec![domain::name::DeviceName::parse("Main Gate").unwrap()];
    assert_eq!(look(&world).await, Some(Readiness { away, is_suspended: false }));
    world.signs_in("+27830000009").await;
    world.transfers(&world.gate.to_string(), &[]).await.unwrap();
    assert_eq!(look(&world).await, Some(Readiness { away: vec![], is_suspended: true }));
}

impl World {
    /// A guest is expected, and it was told that the gate is away; there is somebody to give it to.
    async fn away_as_told(self) -> Self {
        let world = self.ready().await;
        world.signs_in(BUYER).await;
        world.issues().await;
        world.leaves(world.gate).await;
        assert_eq!(world.tells(LONG_AGO).await, 1);
        world
    }

    async fn tells(&self, since: Timestamp) -> usize {
        self.store.visits().tell_of_gates(since, self.now()).await.expect("no fault")
    }

    /// The connection of a gate ends.
    async fn leaves(&self, gate: GateId) {
        let nonce = domain::roll(&*self.dice);
        let gates = self.store.gates();
        let raised = gates.hello(gate, nonce, "test".to_owned(), self.now()).await;
        let epoch = raised.expect("no fault").expect("a gate").epoch;
        let ready = gates.ready(gate, nonce, epoch, vec![], self.now()).await;
        assert!(ready.expect("no fault"));
        gates.gone(gate, nonce, self.now()).await.expect("no fault");
    }

    /// What the owner was told of gates, in order.
    async fn told_of_gates(&self) -> Vec<String> {
        self.store.events().file(self.now()).await.expect("no fault");
        let events = self.store.events().after(self.owner, None, 500, self.now()).await;
        let kinds = events.expect("no fault").expect("from the start").into_iter();
        kinds.map(|event| event.kind).filter(|kind| kind.starts_with("visit.")).collect()
    }
}
