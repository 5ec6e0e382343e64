//! The story of a device, as its owner and others may read it, in the order of what happened.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::permission::Denied;
use domain::{EventId, UserId};
use store::{Happened, Part};

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    what_happened_at_one_moment_stands_in_the_order_in_which_it_did,
    an_owner_reads_the_story_of_a_device_part_by_part_the_latest_first,
    a_story_can_be_read_by_the_kind_of_what_happened,
    s_2_who_has_the_grant_reads_of_codes_alone_and_strangers_read_nothing,
    o_9_the_story_goes_along_and_its_former_owner_reads_who_has_it,
];

const FRIEND: &str = "+27830000001";

/// All that one transaction tells has one moment.
async fn what_happened_at_one_moment_stands_in_the_order_in_which_it_did(world: World) {
    let world = world.ready().await;
    world.signs_in(BUYER).await;
    let mut codes = BTreeSet::new();
    for _ in 0..5 {
        codes.insert(world.issues().await.pass.code.id);
    }
    // Several transactions of one moment have no order on Postgres.
    world.later(Duration::from_millis(1));
    world.transfers(&world.intercom.to_string(), &[]).await.unwrap();
    world.files().await;
    let entries = world.store.events().entries(Some(world.intercom), 0).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| &entry.event).collect();
    let given = told.iter().position(|event| event.kind == "owner.transferred").unwrap();
    let after: Vec<_> = told[given + 1..].iter().map(|event| (&*event.kind, event.code)).collect();
    let suspended: Vec<_> = codes.iter().map(|code| ("pass.suspended", Some(*code))).collect();
    assert_eq!(after, suspended, "first the cause, then what came of it, code by code");
}

async fn an_owner_reads_the_story_of_a_device_part_by_part_the_latest_first(world: World) {
    let world = world.ready().await;
    for _ in 0..3 {
        world.issues_and_lets_in().await;
    }
    world.files().await;
    let owner = world.owner;
    let whole = world.story(owner, None, None, 1000).await.unwrap();
    let entries = world.store.events().entries(Some(world.intercom), 0).await.unwrap();
    let told: Vec<_> = entries.into_iter().rev().map(|entry| entry.event).collect();
    assert_eq!(whole, told, "all that its chain has, from the end on");
    let mut read: Vec<Happened> = Vec::new();
    loop {
        let part = world.story(owner, None, read.last().map(|last| last.id), 4).await.unwrap();
        if part.is_empty() {
            break;
        }
        assert!(part.len() <= 4);
        read.extend(part);
    }
    assert_eq!(read, whole, "nothing twice, nothing missing");
}

async fn a_story_can_be_read_by_the_kind_of_what_happened(world: World) {
    let world = world.ready().await;
    world.issues_and_lets_in().await;
    world.files().await;
    let opened = world.story(world.owner, Some(["attempt"; 3]), None, 1000).await.unwrap();
    assert_eq!(kinds(&opened), ["attempt.opened", "attempt.reserved", "attempt.sent"]);
    let gate = world.gate.to_string();
    let part = Part { of: Some(["gate", "device", "device"]), before: None, at_most: 1000 };
    let of_gate =
        world.store.events().story(world.owner, gate, part, world.now()).await.unwrap().unwrap();
    let kinds = kinds(&of_gate);
    assert!(kinds.contains(&"gate.online") && kinds.contains(&"device.claimed"), "{kinds:?}");
}

async fn s_2_who_has_the_grant_reads_of_codes_alone_and_strangers_read_nothing(world: World) {
    let world = world.ready().await;
    let friend = world.signs_in(FRIEND).await.user;
    let stranger = world.signs_in("+27830000002").await.user;
    let (people, intercom) = (world.store.people(), world.intercom.to_string());
    let share = async |granted| {
        let phone = World::phone(FRIEND);
        let shared = people.share(world.owner, intercom.clone(), phone, granted, world.now());
        shared.await.unwrap().unwrap();
    };
    share(false).await;
    world.issues_and_lets_in().await;
    world.files().await;
    let refused = world.story(friend, None, None, 1000).await;
    assert_eq!(refused.unwrap_err(), Denied::NoPermission);
    assert_eq!(world.story(stranger, None, None, 1000).await.unwrap_err(), Denied::Unknown);
    share(true).await;
    world.files().await;
    let read = world.story(friend, None, None, 1000).await.unwrap();
    let expected = [
        "attempt.opened",
        "attempt.reserved",
        "attempt.sent",
        "grant.added",
        "pass.issued",
        "person.added",
    ];
    assert_eq!(kinds(&read), expected);
    // The grant is for an intercom's codes; of a gate that is shared it tells nothing.
    let phone = World::phone(FRIEND);
    let gate = world.gate.to_string();
    people.share(world.owner, gate.clone(), phone, true, world.now()).await.unwrap().unwrap();
    world.files().await;
    let part = Part { of: None, before: None, at_most: 1000 };
    let of_gate =
        world.store.events().story(friend, gate, part, world.now()).await.unwrap().unwrap();
    assert_eq!(kinds(&of_gate), ["grant.added", "person.added"]);
}

async fn o_9_the_story_goes_along_and_its_former_owner_reads_who_has_it(world: World) {
    let world = world.ready().await;
    let buyer = world.signs_in(BUYER).await.user;
    world.issues_and_lets_in().await;
    world.later(Duration::from_secs(1));
    world.transfers(&world.intercom.to_string(), &[world.gate]).await.unwrap();
    world.files().await;
    let theirs = world.story(buyer, None, None, 1000).await.unwrap();
    assert_eq!(theirs[0].kind, "owner.transferred");
    assert!(theirs.iter().any(|event| event.kind == "settings.saved"));
    let kept = world.story(world.owner, None, None, 1000).await.unwrap();
    assert_eq!((&*kept[0].kind, kept[0].user), ("owner.transferred", Some(buyer)));
    assert!(kept.iter().any(|event| event.kind == "settings.saved"), "they keep full access");
}

/// What happened, in the order of the alphabet: several transactions at one moment have no other.
fn kinds(story: &[Happened]) -> Vec<&str> {
    let mut kinds: Vec<_> = story.iter().map(|event| &*event.kind).collect();
    kinds.sort_unstable();
    kinds
}

impl World {
    async fn files(&self) {
        while self.store.events().file(self.now()).await.unwrap() != 0 {}
    }

    /// What somebody reads of the intercom's story.
    async fn story(
        &self,
        reader: UserId,
        of: Option<[&'static str; 3]>,
        before: Option<EventId>,
        at_most: u32,
    ) -> Result<Vec<Happened>, Denied> {
        let part = Part { of, before, at_most };
        let story = self.store.events().story(reader, self.intercom.to_string(), part, self.now());
        story.await.expect("no fault")
    }
}
