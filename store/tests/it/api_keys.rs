//! API keys: for some verbs at some devices, for one person, until revoked.

use std::time::Duration;

use domain::GateId;
use domain::api_key::Verbs;
use domain::attempt::{State, WhyNot};
use domain::name::KeyName;
use domain::permission::Denied;
use domain::secret::ApiKeyToken;
use store::{ApiKey, KeyRefusal, NewKey, Open, OpenRefusal};

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    a_key_is_found_by_its_token_until_it_is_revoked,
    a_keys_last_use_is_known_to_the_minute,
    only_an_owner_makes_keys_and_only_for_what_is_theirs,
    a_key_opens_only_where_and_what_it_is_good_for,
    a_transfer_ends_a_keys_right_and_no_return_brings_it_back,
    a_press_of_a_key_that_was_revoked_is_not_sent,
];

impl World {
    pub(crate) fn asks_for_a_key(&self, verbs: &str, token: &ApiKeyToken) -> NewKey {
        NewKey {
            user: self.owner,
            name: KeyName::parse("Home Assistant").expect("a name"),
            verbs: Verbs::parse(verbs).expect("verbs"),
            devices: vec![self.gate.to_string()],
            token: token.clone(),
        }
    }

    /// A key of the owner for the gate.
    pub(crate) async fn makes_key(&self, verbs: &str) -> Result<ApiKey, KeyRefusal> {
        self.makes_key_for(self.gate, verbs).await
    }

    /// The same for another gate.
    pub(crate) async fn makes_key_for(
        &self,
        gate: GateId,
        verbs: &str,
    ) -> Result<ApiKey, KeyRefusal> {
        let new = self.asks_for_a_key(verbs, &ApiKeyToken::random(&*self.dice));
        let new = NewKey { devices: vec![gate.to_string()], ..new };
        self.store.api_keys().make(new, self.now()).await.expect("no fault")
    }

    pub(crate) fn presses_by(&self, key: &ApiKey) -> Open {
        Open { api_key: Some(key.id), ..self.presses(self.owner) }
    }

    pub(crate) async fn revokes_key(&self, key: &ApiKey) -> bool {
        self.store.api_keys().revoke(self.owner, key.id, self.now()).await.expect("no fault")
    }
}

async fn a_key_is_found_by_its_token_until_it_is_revoked(world: World) {
    let (token, keys) = (ApiKeyToken::random(&*world.dice), world.store.api_keys());
    let new = world.asks_for_a_key("status list", &token);
    let made = keys.make(new, world.now()).await.unwrap().unwrap();
    let found = keys.find(&token, world.now()).await.unwrap().unwrap();
    assert_eq!((found.id, found.user), (made.id, world.owner));
    assert_eq!((found.verbs.words(), found.devices), ("list status".into(), made.devices.clone()));
    let other = ApiKeyToken::random(&*world.dice);
    assert!(keys.find(&other, world.now()).await.unwrap().is_none());

    let stranger = world.signs_in(BUYER).await.user;
    assert!(!keys.revoke(stranger, made.id, world.now()).await.unwrap());
    assert!(world.revokes_key(&made).await);
    assert!(!world.revokes_key(&made).await, "once");
    assert!(keys.find(&token, world.now()).await.unwrap().is_none());
    assert!(keys.of(world.owner).await.unwrap().is_empty());
}

async fn a_keys_last_use_is_known_to_the_minute(world: World) {
    let (token, keys) = (ApiKeyToken::random(&*world.dice), world.store.api_keys());
    let new = world.asks_for_a_key("list", &token);
    keys.make(new, world.now()).await.unwrap().unwrap();
    let used_at = async || keys.of(world.owner).await.unwrap()[0].used_at;
    assert_eq!(used_at().await, None);
    let first = world.now();
    for (after, seen) in [(0, first), (59, first), (1, first + Duration::from_mins(1))] {
        world.later(Duration::from_secs(after));
        keys.find(&token, world.now()).await.unwrap().unwrap();
        assert_eq!(used_at().await, Some(seen));
    }
}

async fn only_an_owner_makes_keys_and_only_for_what_is_theirs(world: World) {
    let friend = world.shares_with(BUYER).await;
    let new = world.asks_for_a_key("list", &ApiKeyToken::random(&*world.dice));
    let refused = async |new| world.store.api_keys().make(new, world.now()).await.unwrap().err();
    let shared = NewKey { user: friend, ..new.clone() };
    assert_eq!(refused(shared).await, Some(KeyRefusal::Denied(Denied::NotOwner)));
    let devices = vec![world.gate.to_string(), "gate_none".to_owned()];
    let unknown = NewKey { devices, ..new };
    assert_eq!(refused(unknown).await, Some(KeyRefusal::Denied(Denied::Unknown)));
    assert!(world.store.api_keys().of(world.owner).await.unwrap().is_empty());
}

async fn a_key_opens_only_where_and_what_it_is_good_for(world: World) {
    let world = world.ready().await;
    let (reader, opener) =
        (world.makes_key("list").await.unwrap(), world.makes_key("trigger").await);
    let unknown = Err(OpenRefusal::Denied(Denied::Unknown));
    assert_eq!(world.opens(world.presses_by(&reader)).await, unknown);
    let opener = opener.unwrap();
    let other = world.makes_gate(world.owner, "Other Gate").await;
    let elsewhere = Open { device: other.to_string(), ..world.presses_by(&opener) };
    assert_eq!(world.opens(elsewhere).await, unknown);
    let attempt = world.opens(world.presses_by(&opener)).await.unwrap();
    assert_eq!(attempt.press().unwrap().api_key, Some(opener.id));
    world.gate_opens(&attempt).await;
}

/// O-9: what a key was made for is not its owner's any more.
async fn a_transfer_ends_a_keys_right_and_no_return_brings_it_back(world: World) {
    let world = world.ready().await;
    let key = world.makes_key("trigger").await.unwrap();
    let attempt = world.opens(world.presses_by(&key)).await.unwrap();
    let buyer = world.signs_in(BUYER).await.user;
    let gate = world.gate.to_string();
    let transfer = async |from, to| {
        let moved = world.store.devices().transfer(
            from,
            gate.clone(),
            World::phone(to),
            Vec::new(),
            world.now(),
        );
        moved.await.unwrap().unwrap();
    };
    transfer(world.owner, BUYER).await;
    assert_eq!(world.bridge_sends(&attempt).await, None);
    let unknown = Err(OpenRefusal::Denied(Denied::Unknown));
    assert_eq!(world.opens(world.presses_by(&key)).await, unknown);
    assert!(world.opens(world.presses(world.owner)).await.is_ok(), "it is shared with them now");
    transfer(buyer, "+27821234567").await;
    assert_eq!(world.opens(world.presses_by(&key)).await, unknown);
    let kept = world.store.api_keys().of(world.owner).await.unwrap();
    assert!(kept[0].devices.is_empty());
}

async fn a_press_of_a_key_that_was_revoked_is_not_sent(world: World) {
    let world = world.ready().await;
    let key = world.makes_key("trigger").await.unwrap();
    let attempt = world.opens(world.presses_by(&key)).await.unwrap();
    assert!(world.revokes_key(&key).await);
    assert_eq!(world.bridge_sends(&attempt).await, None);
    let why = WhyNot::AccessRemoved;
    assert_eq!(world.reads(&attempt).await, State::NotExecuted { at: world.now(), why });
}
