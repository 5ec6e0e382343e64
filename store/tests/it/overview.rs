//! What the operator sees: gates, attempts by their end, pins.

use std::time::Duration;

use domain::attempt::Evidence;
use store::{PinTally, SLOT, SLOTS, Tally};

use crate::world::World;

crate::on_both_databases![
    an_empty_house_is_told_as_empty,
    gates_attempts_and_pins_are_counted_as_they_are,
    an_attempt_leaves_the_count_after_a_day,
];

async fn an_empty_house_is_told_as_empty(world: World) {
    let glance = world.store.overview().glance(world.now()).await.unwrap();
    assert_eq!(glance.slots.len(), SLOTS);
    assert_eq!(glance.latest(SLOTS), Tally::default());
    assert_eq!((glance.online, glance.oldest_unsettled), (0, None));
}

async fn gates_attempts_and_pins_are_counted_as_they_are(world: World) {
    let world = world.ready().await;
    world.makes_gate(world.owner, "Never mounted").await;
    let issued = world.issues_and_lets_in().await;
    world.later(SLOT);
    let open = world.redeems(world.asks_out(&issued)).await.unwrap();
    world.bridge_sends(&open).await.unwrap();
    world.later(Duration::from_secs(1));
    world.gate_is_ready(world.gate, &[]).await;

    let other = world.issues().await;
    let entry = world.redeems(world.asks_in(&other)).await.unwrap();
    let glance = world.store.overview().glance(world.now()).await.unwrap();
    assert_eq!((glance.gates, glance.online), (2, 1));
    // What was sent in an older epoch and is not in the ledger did not open.
    assert_eq!(glance.slots[0], Tally { not_opened: 1, unsettled: 1, ..Tally::default() });
    assert_eq!(glance.slots[1], Tally { opened: 1, ..Tally::default() });
    assert_eq!(glance.latest(SLOTS).all(), 3);
    assert_eq!(glance.oldest_unsettled, Some((entry.id, entry.reserved_at)));

    world.bridge_sends(&entry).await.unwrap();
    let attempts = world.store.attempts();
    attempts.settle(world.gate, entry.id, Evidence::Executed, world.now()).await.unwrap();
    world.signs_in("+27830000001").await;
    let later = world.store.overview().glance(world.now()).await.unwrap();
    assert_eq!(later.slots[0], Tally { opened: 1, not_opened: 1, unsettled: 0 });
    assert_eq!(later.oldest_unsettled, None);
    let (before, after) = (glance.pins.whatsapp[0], later.pins.whatsapp[0]);
    assert_eq!((after.sent, after.verified), (before.sent + 1, before.verified + 1));
}

async fn an_attempt_leaves_the_count_after_a_day(world: World) {
    let world = world.ready().await;
    world.issues_and_lets_in().await;
    let day = SLOT * u32::try_from(SLOTS).unwrap();
    world.later(day.saturating_sub(Duration::from_millis(1)));
    let seen = world.store.overview().glance(world.now()).await.unwrap().slots[SLOTS - 1];
    world.later(Duration::from_secs(5));
    let glance = world.store.overview().glance(world.now()).await.unwrap();
    assert_eq!((seen.all(), glance.latest(SLOTS).all()), (1, 0));
    assert_eq!((glance.pins.whatsapp[0], glance.online), (PinTally::default(), 0), "a day later");
}
