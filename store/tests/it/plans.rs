//! Plans of devices (F02, F04), and what gates last said of themselves.

use domain::permission::Denied;
use domain::{Plan, UserId};
use store::{Device, PlanRefusal};

use crate::world::World;

crate::on_both_databases![
    f_04_an_owner_says_what_a_device_is_used_for,
    f_02_a_plan_goes_to_a_device_of_the_same_owner_and_kind,
    i_6_hardware_that_is_replaced_keeps_the_plan,
    a_gate_has_said_nothing_before_its_first_hello,
];

async fn f_04_an_owner_says_what_a_device_is_used_for(world: World) {
    let intercom = world.intercom.to_string();
    assert_eq!(world.details(&intercom).await.plan, None);
    let devices = world.store.devices();
    for plan in [Plan::Home, Plan::Home, Plan::Commercial] {
        let set = devices.set_plan(world.owner, intercom.clone(), plan, world.now()).await;
        assert_eq!(set.unwrap().unwrap().plan, Some(plan));
    }
    assert_eq!(world.details(&intercom).await.plan, Some(Plan::Commercial));
    assert_eq!(world.heard_of("device.plan_set").await, 2, "the same again is no news");
    let stranger = UserId::new(&*world.dice, world.now());
    let set = devices.set_plan(stranger, intercom, Plan::Home, world.now()).await.unwrap();
    assert_eq!(set.unwrap_err(), Denied::Unknown);
}

async fn f_02_a_plan_goes_to_a_device_of_the_same_owner_and_kind(world: World) {
    let faulty = world.intercom.to_string();
    let new = world.makes_intercom(world.owner, "Unit 4, new").await.to_string();
    let other = world.signs_in("+27830000001").await.user;
    let foreign = world.makes_intercom(other, "Elsewhere").await.to_string();
    let gate = world.gate.to_string();
    assert_eq!(world.gives_plan(&faulty, &new).await.unwrap_err(), PlanRefusal::Missing);
    let set = world.store.devices().set_plan(world.owner, faulty.clone(), Plan::Home, world.now());
    set.await.unwrap().unwrap();

    for (to, refusal) in [
        (&foreign, PlanRefusal::Denied(Denied::Unknown)),
        (&gate, PlanRefusal::OtherKind),
        (&faulty, PlanRefusal::OtherKind),
    ] {
        assert_eq!(world.gives_plan(&faulty, to).await.unwrap_err(), refusal);
    }
    let given = world.gives_plan(&faulty, &new).await.unwrap();
    assert_eq!((given.kind.id(), given.plan), (new.clone(), Some(Plan::Home)));
    assert_eq!(world.details(&faulty).await.plan, None, "the old one has none any more");
    assert_eq!(world.gives_plan(&faulty, &new).await.unwrap_err(), PlanRefusal::Missing);
    let set = world.store.devices().set_plan(world.owner, faulty.clone(), Plan::Home, world.now());
    set.await.unwrap().unwrap();
    assert_eq!(world.gives_plan(&faulty, &new).await.unwrap_err(), PlanRefusal::Taken);
    assert_eq!(world.heard_of("device.plan_transferred").await, 2, "one in each story");
}

async fn i_6_hardware_that_is_replaced_keeps_the_plan(world: World) {
    let world = world.ready().await;
    let gate = world.gate.to_string();
    let set = world.store.devices().set_plan(world.owner, gate.clone(), Plan::Home, world.now());
    set.await.unwrap().unwrap();
    let (label, secret) =
        (world.label("Spare"), domain::secret::EnrolmentSecret::random(&*world.dice));
    let (spare, code) = (domain::GateId::new(&*world.dice, world.now()), label.claim_code.clone());
    let devices = world.store.devices();
    devices.make_gate(spare, label, secret, world.now()).await.unwrap();
    let replaced = devices.replace(world.owner, gate, code, world.now()).await.unwrap().unwrap();
    assert_eq!(replaced.plan, Some(Plan::Home));
}

async fn a_gate_has_said_nothing_before_its_first_hello(world: World) {
    let gate = world.gate.to_string();
    assert_eq!(world.details(&gate).await.last_report, None);
    world.gate_is_ready(world.gate, &[]).await;
    let said = world.details(&gate).await.last_report.unwrap();
    assert_eq!((said.at, said.firmware.as_str()), (world.now(), "test"));
    assert_eq!(world.details(&world.intercom.to_string()).await.last_report, None);
}

impl World {
    async fn details(&self, device: &str) -> Device {
        let details = self.store.devices().details(self.owner, device.to_owned(), self.now()).await;
        details.unwrap().unwrap()
    }

    async fn gives_plan(&self, from: &str, to: &str) -> Result<Device, PlanRefusal> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.store.devices().transfer_plan(self.owner, from, to, self.now()).await.unwrap()
    }

    /// How often the owner is told of something.
    async fn heard_of(&self, kind: &str) -> usize {
        self.files_all().await;
        let told =
            self.store.events().after(self.owner, None, 1000, self.now()).await.unwrap().unwrap();
        told.iter().filter(|event| event.kind == kind).count()
    }
}
