//! A furnished house: what most stories begin with, and the verbs in which they are told.

use device_sim::Simulation;
use serde_json::{Value, json};

use crate::guest::Guest;
use crate::house::{Code, House, Label, until};
use crate::owner::Owner;

/// A house, a gate on the wall, and an owner with an intercom and saved settings.
pub(crate) struct Home {
    pub(crate) owner: Owner,
    pub(crate) gate: Simulation,
    pub(crate) gate_label: Label,
    pub(crate) intercom: Label,
    pub(crate) house: House,
}

impl Home {
    pub(crate) async fn start() -> Self {
        Self::furnish(House::start().await).await
    }

    pub(crate) async fn furnish(house: House) -> Self {
        let owner = house.signs_in("+27821234567").await;
        let gate_label = house.makes("gate", &["--name", "Main Gate"]);
        let zone = ["--time-zone", "Africa/Johannesburg"];
        let intercom = house.makes("intercom", &["--name", "Unit 4", zone[0], zone[1]]);
        owner.claims(&gate_label).await;
        owner.claims(&intercom).await;
        let gate = house.mounts(&gate_label).await;
        let home = Self { owner, gate, gate_label, intercom, house };
        home.owner.saves(&home.intercom, &json!({ "entry_gate": home.gate_label.id })).await;
        home.gate_is_online(&home.gate_label).await;
        home
    }

    /// Waits until the service knows that a gate can be opened. After a start that is no proof: it
    /// may be what it knew before it died. So the gate on the wall has to be back first.
    pub(crate) async fn gate_is_online(&self, gate: &Label) {
        if gate.id == self.gate_label.id {
            self.gate.ready().await.expect("the gate comes back");
        }
        self.gate_is(gate, true).await;
    }

    /// Waits until the service knows that a gate can be opened, or cannot.
    pub(crate) async fn gate_is(&self, gate: &Label, online: bool) {
        is_seen(&self.owner, gate, online).await;
    }

    /// Waits until the gate stands in a later epoch than that, and the service knows.
    pub(crate) async fn gate_learns_after(&self, epoch: u64) {
        let learnt = self.gate.until(|journal| journal.epoch.is_some_and(|now| epoch < now)).await;
        learnt.expect("the gate says hello again");
        self.gate_is_online(&self.gate_label).await;
    }

    /// The owner issues a code.
    pub(crate) async fn issues(&self, name: &str) -> Code {
        self.owner.issues(&self.intercom, name).await
    }

    /// A guest with a fresh code, who has opened the link.
    pub(crate) async fn invites(&self, name: &str) -> (Code, Guest) {
        let code = self.issues(name).await;
        let mut guest = self.house.guest(&code.link);
        guest.opens_the_link().await;
        (code, guest)
    }

    /// What the board at the gate says.
    pub(crate) fn board(&self) -> &str {
        self.intercom.board_url.as_deref().expect("an intercom's label")
    }

    /// Waits until an attempt has come into this state.
    pub(crate) async fn attempt_is(&self, id: &str, state: &str) -> Value {
        let path = format!("/v1/attempts/{id}");
        let found = until(async || {
            let attempt = self.owner.get(&path).await.body;
            (attempt["state"] == state).then_some(attempt)
        });
        match found.await {
            Some(attempt) => attempt,
            None => panic!("not {state}: {}", self.owner.get(&path).await.body),
        }
    }

    /// Has the gate open for a guest and its report get lost; answers the attempt, too.
    pub(crate) async fn opens_unheard(&self, name: &str) -> (Code, Guest, String) {
        self.gate.lose_statuses(1);
        let (code, mut guest) = self.invites(name).await;
        guest.scans(self.board()).await;
        let attempt = guest.enters(&code.digits).await.attempt();
        let pulsed = until(async || (self.gate.pulses().len() == 1).then_some(())).await;
        pulsed.expect("the gate opens");
        (code, guest, attempt)
    }

    /// A guest at the gate whose command the gate has, and holds.
    pub(crate) async fn holds_a_command_for(&self, name: &str) -> (Code, Guest, String) {
        self.gate.hold();
        let (code, mut guest) = self.invites(name).await;
        guest.scans(self.board()).await;
        let attempt = guest.enters(&code.digits).await.attempt();
        self.attempt_is(&attempt, "sent").await;
        let arrived = until(async || (!self.gate.received().is_empty()).then_some(())).await;
        arrived.expect("the command arrives");
        (code, guest, attempt)
    }

    /// A guest who has gone in.
    pub(crate) async fn lets_in(&self, name: &str) -> (Code, Guest) {
        let (code, mut guest) = self.invites(name).await;
        guest.scans(self.board()).await;
        let attempt = guest.enters(&code.digits).await.attempt();
        self.attempt_is(&attempt, "opened").await;
        (code, guest)
    }

    /// Takes the gate off the wall, and waits until the service has seen it go.
    pub(crate) async fn gate_leaves(self) -> (Owner, Label, Label, House) {
        let Self { owner, gate, gate_label, intercom, house } = self;
        gate.stop().await;
        is_seen(&owner, &gate_label, false).await;
        (owner, gate_label, intercom, house)
    }
}

/// Waits until the service tells the owner that the gate can be opened, or cannot.
async fn is_seen(owner: &Owner, gate: &Label, online: bool) {
    let path = format!("/v1/devices/{}", gate.id);
    let seen = until(async || {
        let device = owner.get(&path).await;
        (device.body["online"] == online).then_some(())
    });
    seen.await.expect("the gate is seen to come or go");
}
