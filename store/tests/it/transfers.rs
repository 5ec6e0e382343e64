//! A device goes from one owner to another: what goes along, what stays, what opens meanwhile.

use std::time::Duration;

use domain::access_code::Refusal;
use domain::name::DeviceName;
use domain::permission::{Denied, Role};
use domain::secret::{ClaimCode, EnrolmentSecret};
use domain::settings::MaxUsers;
use domain::share::{Access, Holds, Share};
use domain::{GateId, Leg, Settings, UserId};
use store::{
    Device, GateRefusal, IssueRefusal, SaveRefusal, SettingsRefusal, TransferRefusal, Transferred,
};

use crate::world::World;

crate::on_both_databases![
    o_9_settings_grants_and_codes_go_along_with_an_intercom_and_its_gate,
    o_9_x18_without_their_gate_codes_are_suspended_until_one_is_chosen,
    o_8b_a_gate_that_is_given_away_opens_no_more_for_its_former_owners_guests,
    o_9_who_does_not_own_it_or_is_not_there_transfers_nothing,
    o_8b_a_gate_that_is_removed_suspends_codes_until_it_or_another_is_there,
];

pub(crate) const BUYER: &str = "+27830000009";

async fn o_9_settings_grants_and_codes_go_along_with_an_intercom_and_its_gate(world: World) {
    let world = world.ready().await;
    let inside = world.issues_and_lets_in().await;
    let buyer = world.signs_in(BUYER).await.user;
    let moved = world.transfers(&world.intercom.to_string(), &[world.gate]).await.unwrap();
    assert_eq!(moved, Transferred { to: buyer, gates: vec![world.gate], suspended: 0 });
    let exit = world.redeems(world.asks_out(&inside)).await.expect("the guest can leave");
    world.gate_opens(&exit).await;

    let intercom = world.intercom.to_string();
    let codes =
        world.store.codes().history(buyer, intercom.clone(), None, world.now()).await.unwrap();
    assert_eq!(codes.unwrap()[0].code.id, inside.pass.code.id);
    let kept = world
        .store
        .intercoms()
        .settings(buyer, intercom.clone(), world.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.unwrap().settings, world.settings());
    // The former owner may still use it, and change nothing.
    assert!(world.asks_for_a_code(world.guest()).await.is_ok());
    let denied = Err(SaveRefusal::Settings(SettingsRefusal::Denied(Denied::NotOwner)));
    assert_eq!(world.saves_blindly(world.settings(), 1).await, denied);
    let seen =
        world.store.devices().details(world.owner, intercom.clone(), world.now()).await.unwrap();
    let share = Share { access: Access::Full, one_time_access: true, wifi: true };
    assert_eq!(seen.unwrap().role, Role::Shared { share, holds: Holds::Now });
    let calls =
        world.store.intercoms().guests_may_call(buyer, intercom, world.now()).await.unwrap();
    assert_eq!(calls, Ok(None), "nobody's number is shown that did not agree");
}

async fn o_9_x18_without_their_gate_codes_are_suspended_until_one_is_chosen(world: World) {
    let world = world.ready().await;
    let (inside, waiting) = (world.issues_and_lets_in().await, world.issues().await);
    let buyer = world.signs_in(BUYER).await.user;
    world.later(Duration::from_secs(1));
    let moved = world.transfers(&world.intercom.to_string(), &[]).await.unwrap();
    assert_eq!(moved.suspended, 2);
    assert_eq!(world.refused(world.asks_in(&waiting)).await, Refusal::Suspended);
    assert_eq!(world.refused(world.asks_out(&inside)).await, Refusal::Suspended);
    let refused = world.asks_for_a_code(world.guest()).await.unwrap_err();
    assert_eq!(refused, IssueRefusal::GateMissing);

    world.later(Duration::from_secs(1));
    let own = world.makes_gate(buyer, "Other Gate").await;
    world.gate_is_ready(own, &[]).await;
    let settings = Settings { entry_gate: own, ..world.settings() };
    let id = world.intercom.to_string();
    let saved = world.store.intercoms().save(buyer, id, settings, 1, world.now()).await;
    saved.unwrap().unwrap();
    world.later(Duration::from_secs(1));
    let exit = world.redeems(world.asks_out(&inside)).await.unwrap();
    assert_eq!(exit.gate, own, "the new owner's gate");
    assert_eq!(world.redeems(world.asks_in(&waiting)).await.unwrap().gate, own);
    assert_eq!(world.kinds_of(&waiting).await[1..3], ["pass.suspended", "pass.resumed"]);
}

/// Whoever is inside leaves by a gate that is still there; nobody comes in who could not leave.
async fn o_8b_a_gate_that_is_given_away_opens_no_more_for_its_former_owners_guests(world: World) {
    let exit = world.makes_gate(world.owner, "Exit Gate").await;
    world.gate_is_ready(exit, &[]).await;
    let world = world.ready().await;
    let two = Settings { exit_gate: domain::settings::ExitGate::Gate(exit), ..world.settings() };
    world.saves(two).await.unwrap();
    let (inside, waiting) = (world.issues_and_lets_in().await, world.issues().await);
    world.signs_in(BUYER).await;
    let moved = world.transfers(&world.gate.to_string(), &[]).await.unwrap();
    assert_eq!(moved.suspended, 2);
    assert_eq!(world.refused(world.asks_in(&waiting)).await, Refusal::Suspended);
    let vouched = world.lets_through(world.vouches(&waiting, Leg::Entry)).await;
    assert_eq!(vouched, Err(store::VouchRefusal::Rule(Refusal::Suspended)));
    assert_eq!(world.redeems(world.asks_out(&inside)).await.unwrap().gate, exit);
}

async fn o_9_who_does_not_own_it_or_is_not_there_transfers_nothing(world: World) {
    let world = world.ready().await;
    let intercom = world.intercom.to_string();
    let nobody = Err(TransferRefusal::UserNotFound);
    assert_eq!(world.transfers(&intercom, &[]).await, nobody);
    // Somebody typed the number, and nobody has ever signed in with it.
    let shared = world.store.people().share(
        world.owner,
        intercom.clone(),
        World::phone(BUYER),
        false,
        world.now(),
    );
    shared.await.unwrap().unwrap();
    assert_eq!(world.transfers(&intercom, &[]).await, nobody);
    let buyer = world.signs_in(BUYER).await.user;
    let unnamed = world.makes_gate(world.owner, "Other Gate").await;
    let not_along = Err(TransferRefusal::NotAlong(unnamed));
    assert_eq!(world.transfers(&intercom, &[unnamed]).await, not_along);
    let (devices, to) = (world.store.devices(), World::phone("+27821234567"));
    let own = devices.transfer(world.owner, intercom.clone(), to.clone(), vec![], world.now());
    assert_eq!(own.await.unwrap(), Err(TransferRefusal::AlreadyTheirs));
    let theirs = devices.transfer(buyer, intercom, to, vec![], world.now()).await.unwrap();
    assert_eq!(theirs, Err(TransferRefusal::Denied(Denied::NotOwner)), "only shared with them");
    let limit = Settings { max_users: MaxUsers::new(5).unwrap(), ..world.settings() };
    world.saves(limit).await.expect("it is still theirs");
}

async fn o_8b_a_gate_that_is_removed_suspends_codes_until_it_or_another_is_there(world: World) {
    let world = world.ready().await;
    let waiting = world.issues().await;
    let spare = world.label("Other Gate");
    let claim_code = spare.claim_code.clone();
    let (id, secret) =
        (GateId::new(&*world.dice, world.now()), EnrolmentSecret::random(&*world.dice));
    world.store.devices().make_gate(id, spare, secret, world.now()).await.unwrap();
    let claim = async || {
        let claimed =
            world.store.devices().claim(world.owner, claim_code.clone(), None, world.now());
        claimed.await.unwrap().unwrap();
    };
    claim().await;
    world.gate_is_ready(id, &[]).await;
    world.saves(Settings { entry_gate: id, ..world.settings() }).await.unwrap();
    let remove = async |who, device: String| {
        world.later(Duration::from_secs(1));
        world.store.devices().remove(who, device, world.now()).await.unwrap()
    };
    let stranger = world.signs_in(BUYER).await.user;
    let denied = Err(GateRefusal::Denied(Denied::Unknown));
    assert_eq!(remove(stranger, id.to_string()).await, denied);
    assert_eq!(remove(world.owner, world.intercom.to_string()).await, Err(GateRefusal::NotAGate));
    assert_eq!(remove(world.owner, id.to_string()).await, Ok(1));
    assert_eq!(world.refused(world.asks_in(&waiting)).await, Refusal::Suspended);
    assert_eq!(remove(world.owner, id.to_string()).await, denied, "it is nobody's now");
    let known =
        world.store.codes().details(world.owner, waiting.pass.code.id, world.now()).await.unwrap();
    assert!(known.unwrap().is_suspended);

    world.later(Duration::from_secs(1));
    claim().await;
    let seen = world.look(&waiting.pass.link).await;
    assert_eq!(
        (seen.is_suspended, seen.pass.code.expires_at),
        (false, waiting.pass.code.expires_at)
    );
    world.later(Duration::from_secs(1));
    assert_eq!(world.redeems(world.asks_in(&waiting)).await.unwrap().gate, id);
    assert_eq!(world.kinds_of(&waiting).await[1..3], ["pass.suspended", "pass.resumed"]);
    world.store.events().file(world.now()).await.unwrap();
    let told =
        world.store.events().after(world.owner, None, 100, world.now()).await.unwrap().unwrap();
    assert!(told.iter().any(|event| event.kind == "device.removed"), "its owner is to know");
}

impl World {
    pub(crate) async fn transfers(
        &self,
        device: &str,
        gates: &[GateId],
    ) -> Result<Transferred, TransferRefusal> {
        let (devices, to) = (self.store.devices(), Self::phone(BUYER));
        let moved = devices.transfer(self.owner, device.to_owned(), to, gates.to_vec(), self.now());
        moved.await.expect("no fault")
    }

    /// Saves as the first owner, whatever was saved meanwhile.
    pub(crate) async fn saves_blindly(
        &self,
        settings: Settings,
        version: u64,
    ) -> Result<(), SaveRefusal> {
        let (intercoms, id) = (self.store.intercoms(), self.intercom.to_string());
        let saved = intercoms.save(self.owner, id, settings, version, self.now()).await;
        saved.expect("no fault").map(drop)
    }

    /// The owner takes the gate off their account, a minute later.
    pub(crate) async fn takes_off(&self) {
        self.later(Duration::from_mins(1));
        let (devices, gate) = (self.store.devices(), self.gate.to_string());
        devices.remove(self.owner, gate, self.now()).await.unwrap().unwrap();
    }

    pub(crate) async fn claimed(
        &self,
        owner: UserId,
        claim_code: &ClaimCode,
        name: Option<DeviceName>,
    ) -> Device {
        let claimed = self.store.devices().claim(owner, claim_code.clone(), name, self.now());
        claimed.await.unwrap().unwrap()
    }

    pub(crate) async fn kinds_of(&self, issued: &store::Issued) -> Vec<String> {
        let events = self.store.events().of_code(issued.pass.code.id).await.expect("no fault");
        events.into_iter().map(|event| event.kind).collect()
    }
}
