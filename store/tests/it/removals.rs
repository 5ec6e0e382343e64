//! A gate leaves an account: what whoever claims it next is told of it.

use std::time::Duration;

use domain::name::DeviceName;
use domain::permission::Denied;
use domain::secret::{ClaimCode, EnrolmentSecret, WebhookSecret};
use domain::share::Access;
use domain::{GateId, Plan, UserId};
use store::{Change, Happened, Part};

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    f_01_a_gate_that_somebody_else_claims_has_no_past_for_them,
    f_01_who_took_a_gate_off_and_claims_it_back_has_all_as_before,
    f_01_what_happened_since_that_claim_goes_along_with_a_transfer,
];

async fn f_01_a_gate_that_somebody_else_claims_has_no_past_for_them(world: World) {
    let (world, claim_code) = world.with_a_past().await;
    let press = world.opens(world.presses(world.owner)).await.unwrap();
    world.gate_opens(&press).await;
    let visit = world.issues_and_lets_in().await;
    let stranger = world.signs_in(BUYER).await.user;
    let (webhooks, secret) = (world.store.webhooks(), WebhookSecret::random(&*world.dice));
    let url = "https://example.com/hook".to_owned();
    let hook = webhooks.make(stranger, url, secret, world.now()).await.unwrap().unwrap().id;
    world.takes_off().await;
    world.later(Duration::from_mins(1));
    let device = world.claimed(stranger, &claim_code, None).await;
    assert_eq!((device.name.as_str(), device.plan), (device.serial.as_str(), None));

    world.files_all().await;
    assert_eq!(world.told_at_the_gate(stranger).await, [["device.claimed"; 1]; 3].map(Vec::from));
    let hooked = webhooks.claim(hook, world.now()).await.unwrap();
    let hooked =
        hooked.into_iter().filter(|told| told.event.device == Some(world.gate.to_string()));
    assert_eq!(hooked.map(|told| told.event.kind).collect::<Vec<_>>(), ["device.claimed"]);
    let read = world.store.attempts().read(stranger, press.id, world.now()).await.unwrap();
    assert_eq!(read, Err(Denied::Unknown));
    // With whom they share it, they share no more than they have.
    let (people, gate) = (world.store.people(), world.gate.to_string());
    let friend = World::phone("+27830000001");
    let shared = people.share(stranger, gate.clone(), friend, false, world.now()).await.unwrap();
    let friend = shared.unwrap().user;
    let full = Change { access: Some(Access::Full), ..Change::default() };
    people.change(stranger, gate, friend, full, world.now()).await.unwrap().unwrap();
    world.later(Duration::from_mins(1));
    world.gate_is_ready(world.gate, &[]).await;
    world.files_all().await;
    for who in [stranger, friend] {
        let [feed, story, _] = world.told_at_the_gate(who).await;
        for told in [feed, story] {
            let of = |kind: &str| told.iter().filter(|told| *told == kind).count();
            assert_eq!((of("gate.offline"), of("attempt.opened")), (1, 0), "{told:?}");
        }
    }

    // What happened to the codes of their intercom stays the earlier owner's to know.
    let feed = world.feed(world.owner).await;
    let opened = feed.iter().find(|event| event.kind == "attempt.opened").unwrap();
    assert_eq!((opened.code, opened.intercom), (Some(visit.pass.code.id), Some(world.intercom)));
}

async fn f_01_who_took_a_gate_off_and_claims_it_back_has_all_as_before(world: World) {
    let (world, claim_code) = world.with_a_past().await;
    world.files_all().await;
    let [before, ..] = world.told_at_the_gate(world.owner).await;
    world.takes_off().await;
    world.later(Duration::from_mins(1));
    let device = world.claimed(world.owner, &claim_code, None).await;
    assert_eq!((device.name.as_str(), device.plan), ("Side Gate", Some(Plan::Home)));
    world.files_all().await;
    for told in world.told_at_the_gate(world.owner).await {
        assert_eq!(told[..before.len()], before, "and then that it went and came");
        assert_eq!(told[before.len()..], ["device.removed", "device.claimed"]);
    }
}

async fn f_01_what_happened_since_that_claim_goes_along_with_a_transfer(world: World) {
    let (mut world, claim_code) = world.with_a_past().await;
    world.takes_off().await;
    world.later(Duration::from_mins(1));
    let second = world.signs_in("+27830000008").await.user;
    let named = DeviceName::parse("Drive").unwrap();
    let device = world.claimed(second, &claim_code, Some(named.clone())).await;
    assert_eq!(device.name, named);
    let third = world.signs_in(BUYER).await.user;
    world.later(Duration::from_mins(1));
    world.owner = second;
    world.transfers(&world.gate.to_string(), &[]).await.unwrap();
    world.files_all().await;
    for told in world.told_at_the_gate(third).await {
        let expected = ["device.claimed", "person.added", "grant.added", "owner.transferred"];
        assert_eq!(told, expected);
    }
}

impl World {
    /// Its gate is one whose label is known, with a name and a plan, and guests come through it.
    async fn with_a_past(mut self) -> (Self, ClaimCode) {
        let (id, label) = (GateId::new(&*self.dice, self.now()), self.label("Side Gate"));
        let claim_code = label.claim_code.clone();
        let (devices, secret) = (self.store.devices(), EnrolmentSecret::random(&*self.dice));
        devices.make_gate(id, label, secret, self.now()).await.unwrap();
        self.claimed(self.owner, &claim_code, None).await;
        let set = devices.set_plan(self.owner, id.to_string(), Plan::Home, self.now()).await;
        set.unwrap().unwrap();
        self.gate = id;
        (self.ready().await, claim_code)
    }

    pub(crate) async fn feed(&self, reader: UserId) -> Vec<Happened> {
        let feed = self.store.events().after(reader, None, 1000, self.now()).await;
        feed.unwrap().unwrap()
    }

    /// What happened at the gate, oldest first: as the feed, the story and the logs tell it.
    async fn told_at_the_gate(&self, reader: UserId) -> [Vec<String>; 3] {
        let (events, gate) = (self.store.events(), self.gate.to_string());
        let mut feed = self.feed(reader).await;
        feed.retain(|event| event.device.as_ref() == Some(&gate));
        let part = Part { of: None, before: None, at_most: 1000 };
        let story = events.story(reader, gate.clone(), part, self.now()).await.unwrap();
        let (mut story, mut logs) = (story.unwrap(), events.of_device(gate, 1000).await.unwrap());
        // Both tell the latest first.
        story.reverse();
        logs.reverse();
        [feed, story, logs].map(|told| told.into_iter().map(|event| event.kind).collect())
    }
}
