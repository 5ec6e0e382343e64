//! Gates that open without a code, for whoever may open them.

use std::sync::Arc;
use std::time::Duration;

use domain::access_code::{LegState, Refusal, TRIGGER_LIFETIME};
use domain::attempt::{Evidence, Settlement, State, WhyNot};
use domain::gate::PulseGap;
use domain::name::DeviceName;
use domain::permission::Denied;
use domain::{Attempt, GateId, UserId};
use sqlx::{Connection, Executor, PgConnection};
use store::{Actor, Channel, Errand, Open, OpenRefusal};
use tokio::task::JoinHandle;

use crate::transfers::BUYER;
use crate::world::World;

crate::on_both_databases![
    whoever_may_open_a_gate_opens_it_without_a_code,
    who_may_not_open_a_gate_presses_nothing,
    a_press_is_one_attempt_however_often_it_comes,
    a_press_after_another_is_the_one_under_way_and_then_the_one_that_opened,
    a_press_that_another_answered_opens_nothing_when_it_is_repeated_later,
    a_gate_whose_word_is_held_up_is_sent_no_more_than_its_ledger_holds,
    a_clock_that_is_set_back_leads_to_no_second_pulse,
    two_people_press_each_for_themselves,
    a_gate_that_is_offline_is_sent_nothing_now_or_later,
    a_press_is_not_sent_when_its_access_was_removed,
    a_press_on_the_wire_is_cancelled_when_its_access_is_removed,
    silence_leaves_a_press_open_until_the_gates_ledger_tells,
    a_press_that_a_dead_process_never_sent_is_refused_by_the_next_ready,
    what_is_known_of_a_press_names_who_pressed,
];

const FRIEND: &str = "+27830000005";

impl World {
    /// A press of "open" at the gate, each time another.
    pub(crate) fn presses(&self, user: UserId) -> Open {
        let key = format!("open-{}", self.next());
        Open { user, api_key: None, device: self.gate.to_string(), key }
    }

    pub(crate) async fn opens(&self, open: Open) -> Result<Attempt, OpenRefusal> {
        self.store.presses().open(open, self.now()).await.expect("no fault")
    }

    /// Shares the gate, without the grant for codes.
    pub(crate) async fn shares_with(&self, phone: &str) -> UserId {
        let (device, phone) = (self.gate.to_string(), Self::phone(phone));
        let shared = self.store.people().share(self.owner, device, phone, false, self.now());
        shared.await.expect("no fault").expect("shares").user
    }

    pub(crate) async fn unshares_gate(&self, person: UserId) {
        let device = self.gate.to_string();
        let ended = self.store.people().unshare(self.owner, device, person, false, self.now());
        ended.await.expect("no fault").expect("unshares");
    }

    pub(crate) async fn reads(&self, attempt: &Attempt) -> State {
        let read = self.store.attempts().read(self.owner, attempt.id, self.now()).await;
        read.expect("no fault").expect("the owner may").state
    }

    pub(crate) async fn errands(&self) -> Vec<Errand> {
        let due = self.store.attempts().due(self.now()).await.expect("no fault");
        due.into_iter().map(|due| due.errand).collect()
    }

    /// What the bridge is to do about one attempt.
    pub(crate) async fn errand(&self, attempt: &Attempt) -> Option<Errand> {
        let due = self.store.attempts().due(self.now()).await.expect("no fault");
        due.into_iter().find(|due| due.attempt.id == attempt.id).map(|due| due.errand)
    }
}

async fn whoever_may_open_a_gate_opens_it_without_a_code(world: World) {
    let world = world.ready().await;
    let (friend, other) =
        (world.shares_with(FRIEND).await, world.shares_with("+27830000006").await);
    for user in [world.owner, friend] {
        let attempt = world.opens(world.presses(user)).await.unwrap();
        assert_eq!(attempt.press().unwrap().user, user);
        assert_eq!(world.errands().await, [Errand::Open]);
        world.gate_opens(&attempt).await;
        for (reader, may) in [(world.owner, true), (user, true), (other, false)] {
            let read = world.store.attempts().read(reader, attempt.id, world.now()).await.unwrap();
            assert_eq!(read.is_ok(), may, "{reader}");
        }
        assert!(matches!(world.reads(&attempt).await, State::Executed { .. }));
    }
    let told = world.told_of_the_gate().await;
    let opened = told.iter().filter(|kind| *kind == "attempt.opened").count();
    assert_eq!(opened, 2, "INV12: one a pulse");
}

async fn who_may_not_open_a_gate_presses_nothing(world: World) {
    let world = world.ready().await;
    let stranger = world.signs_in(FRIEND).await.user;
    let refused = |denied| Err(OpenRefusal::Denied(denied));
    assert_eq!(world.opens(world.presses(stranger)).await, refused(Denied::Unknown));
    let intercom = world.intercom.to_string();
    let at_the_board = |user| Open { device: intercom.clone(), ..world.presses(user) };
    assert_eq!(world.opens(at_the_board(world.owner)).await, Err(OpenRefusal::NotAGate));
    assert_eq!(world.opens(at_the_board(stranger)).await, refused(Denied::Unknown));
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0);
}

async fn a_press_is_one_attempt_however_often_it_comes(world: World) {
    let world = world.ready().await;
    let press = world.presses(world.owner);
    let attempt = world.opens(press.clone()).await.unwrap();
    world.gate_opens(&attempt).await;
    world.later(Duration::from_mins(5));
    let again = world.opens(press).await.unwrap();
    assert_eq!(again.id, attempt.id);
    assert!(world.errands().await.is_empty(), "nothing more is sent");
}

async fn a_press_after_another_is_the_one_under_way_and_then_the_one_that_opened(world: World) {
    let world = world.ready().await;
    let attempt = world.opens(world.presses(world.owner)).await.unwrap();
    let second = world.opens(world.presses(world.owner)).await.unwrap();
    assert_eq!(second.id, attempt.id);
    world.gate_opens(&attempt).await;
    world.later(Duration::from_millis(2_999));
    assert_eq!(world.opens(world.presses(world.owner)).await.unwrap().id, attempt.id);
    world.later(Duration::from_millis(1));
    assert_ne!(world.opens(world.presses(world.owner)).await.unwrap().id, attempt.id);
}

/// Its answer was lost on the way, and the app asks again once the gate has rested.
async fn a_press_that_another_answered_opens_nothing_when_it_is_repeated_later(world: World) {
    let world = world.ready().await;
    let attempt = world.opens(world.presses(world.owner)).await.unwrap();
    let lost = world.presses(world.owner);
    assert_eq!(world.opens(lost.clone()).await.unwrap().id, attempt.id);
    world.gate_opens(&attempt).await;
    world.later(Duration::from_secs(6));
    assert_eq!(world.opens(lost.clone()).await.unwrap().id, attempt.id);
    assert!(world.errands().await.is_empty(), "nothing more is sent");
    world.later(Duration::from_hours(23));
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(world.opens(lost).await.unwrap().id, attempt.id, "for a day");
}

/// A broker that is not trusted swallows one report, and no other. Were the opening to fall out of
/// the ledger of 64, its gate would deny it, and the way would be free after a pulse.
async fn a_gate_whose_word_is_held_up_is_sent_no_more_than_its_ledger_holds(world: World) {
    let world = world.ready().await;
    let held_up = world.issues().await;
    let swallowed = world.redeems(world.asks_in(&held_up)).await.unwrap();
    world.bridge_sends(&swallowed).await.unwrap();
    let mut ledger = vec![swallowed.id];
    let refused = loop {
        world.later(Duration::from_secs(3));
        match world.opens(world.presses(world.owner)).await {
            Ok(attempt) => {
                world.gate_opens(&attempt).await;
                ledger.push(attempt.id);
            }
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refused, OpenRefusal::GateOffline);
    assert!((16..=48).contains(&ledger.len()), "it opens on for a while: {}", ledger.len());
    let next = world.issues().await;
    assert_eq!(world.refused(world.asks_in(&next)).await, Refusal::GateOffline);
    // Its ledger still tells; then it opens as ever.
    world.gate_is_ready(world.gate, &ledger).await;
    let entry = world.look(&held_up.pass.link).await.pass.code.entry;
    assert!(matches!(entry, LegState::Used { .. }));
    world.opens(world.presses(world.owner)).await.unwrap();
    world.redeems(world.asks_in(&next)).await.unwrap();
}

async fn a_clock_that_is_set_back_leads_to_no_second_pulse(world: World) {
    let world = world.ready().await;
    let opened = world.opens(world.presses(world.owner)).await.unwrap();
    world.gate_opens(&opened).await;
    world.earlier(Duration::from_hours(1));
    world.gate_is_ready(world.gate, &[]).await;
    let open = world.opens(world.presses(world.owner)).await.unwrap();
    assert_ne!(open.id, opened.id);
    assert_eq!(world.opens(world.presses(world.owner)).await.unwrap().id, open.id);
}

async fn two_people_press_each_for_themselves(world: World) {
    let world = world.ready().await;
    let friend = world.shares_with(FRIEND).await;
    let mine = world.opens(world.presses(world.owner)).await.unwrap();
    let theirs = world.opens(world.presses(friend)).await.unwrap();
    assert_ne!(mine.id, theirs.id);
    world.gate_opens(&mine).await;
    world.bridge_sends(&theirs).await.unwrap();
    let too_soon = Evidence::NotExecuted(WhyNot::TooSoon);
    let settled = world.store.attempts().settle(world.gate, theirs.id, too_soon, world.now());
    assert_eq!(settled.await.unwrap(), Some(Settlement::News));
}

async fn a_gate_that_is_offline_is_sent_nothing_now_or_later(world: World) {
    world.saves(world.settings()).await.unwrap();
    let refused = world.opens(world.presses(world.owner)).await;
    assert_eq!(refused, Err(OpenRefusal::GateOffline));
    world.gate_is_ready(world.gate, &[]).await;
    assert!(world.errands().await.is_empty());
}

/// F08.
async fn a_press_is_not_sent_when_its_access_was_removed(world: World) {
    let world = world.ready().await;
    let friend = world.shares_with(FRIEND).await;
    let attempt = world.opens(world.presses(friend)).await.unwrap();
    world.unshares_gate(friend).await;
    assert_eq!(world.bridge_sends(&attempt).await, None);
    let why = WhyNot::AccessRemoved;
    assert_eq!(world.reads(&attempt).await, State::NotExecuted { at: world.now(), why });
    assert!(world.errands().await.is_empty());
}

async fn a_press_on_the_wire_is_cancelled_when_its_access_is_removed(world: World) {
    let world = world.ready().await;
    let friend = world.shares_with(FRIEND).await;
    let attempt = world.opens(world.presses(friend)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    assert!(world.errands().await.is_empty());
    let to_resend = world.store.attempts().to_resend(world.now()).await.unwrap();
    assert_eq!(to_resend.len(), 1);
    world.unshares_gate(friend).await;
    assert_eq!(world.errands().await, [Errand::Cancel]);
    assert!(world.store.attempts().to_resend(world.now()).await.unwrap().is_empty());
    world.store.attempts().asked(attempt.id, world.now()).await.unwrap();
    assert!(world.errands().await.is_empty(), "not at once again");
    let cancelled = Evidence::NotExecuted(WhyNot::Cancelled);
    let settled = world.store.attempts().settle(world.gate, attempt.id, cancelled, world.now());
    assert_eq!(settled.await.unwrap(), Some(Settlement::News));
}

async fn silence_leaves_a_press_open_until_the_gates_ledger_tells(world: World) {
    let world = world.ready().await;
    for is_in_ledger in [true, false] {
        let attempt = world.opens(world.presses(world.owner)).await.unwrap();
        world.bridge_sends(&attempt).await.unwrap();
        world.later(TRIGGER_LIFETIME + Duration::from_secs(1));
        assert_eq!(world.errands().await, [Errand::Query]);
        assert!(matches!(world.reads(&attempt).await, State::Sent { .. }));
        let again = world.opens(world.presses(world.owner)).await.unwrap();
        assert_eq!(again.id, attempt.id, "no second pulse while the first is open");
        let ledger = if is_in_ledger { vec![attempt.id] } else { Vec::new() };
        world.gate_is_ready(world.gate, &ledger).await;
        let executed = matches!(world.reads(&attempt).await, State::Executed { .. });
        assert_eq!(executed, is_in_ledger);
        let trace = world.store.events().trace(attempt.id).await.unwrap().unwrap();
        assert_eq!(trace.channel, Some(Channel::Ledger));
        world.later(Duration::from_secs(3));
    }
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0);
}

async fn a_press_that_a_dead_process_never_sent_is_refused_by_the_next_ready(world: World) {
    let world = world.ready().await;
    let attempt = world.opens(world.presses(world.owner)).await.unwrap();
    world.gate_is_ready(world.gate, &[]).await;
    let why = WhyNot::GateWentAway;
    assert_eq!(world.reads(&attempt).await, State::NotExecuted { at: world.now(), why });
}

async fn what_is_known_of_a_press_names_who_pressed(world: World) {
    let world = world.ready().await;
    let friend = world.shares_with(FRIEND).await;
    let attempt = world.opens(world.presses(friend)).await.unwrap();
    world.gate_opens(&attempt).await;
    let trace = world.store.events().trace(attempt.id).await.unwrap().unwrap();
    assert_eq!((trace.host, trace.revoked_at), (Some(friend), None));
    assert_eq!(trace.channel, Some(Channel::Report));
    let denied = Evidence::NotExecuted(WhyNot::NeverArrived);
    let settled = world.store.attempts().settle(world.gate, attempt.id, denied, world.now());
    assert_eq!(settled.await.unwrap(), Some(Settlement::Contradiction));
    let trace = world.store.events().trace(attempt.id).await.unwrap().unwrap();
    assert_eq!(trace.contradicted_at, Some(world.now()));
}

/// What writes on somebody's behalf keeps their right until its commit, so it waits for whoever is
/// just taking it away. SQLite has one writer; on Postgres two may be under way.
#[tokio::test]
async fn s_4_nothing_is_done_beside_the_removal_of_the_right_to_it() {
    let Some(world) = World::on_postgres().await else { return };
    let world = Arc::new(world.ready().await);
    let (people, intercom) = (world.store.people(), world.intercom.to_string());
    let friend = world.shares_with(FRIEND).await;
    let host = people.share(world.owner, intercom.clone(), World::phone(FRIEND), true, world.now());
    assert_eq!(host.await.unwrap().unwrap().user, friend);
    let gate = world.gate.to_string();

    let attempt = world.opens(world.presses(friend)).await.unwrap();
    let claiming = Arc::clone(&world);
    let claimed =
        world.beside_a_removal(&gate, friend, async move { claiming.bridge_sends(&attempt).await });
    assert_eq!(claimed.await, None, "sent after the access was removed");

    world.shares_with(FRIEND).await;
    let opening = Arc::clone(&world);
    let opened = world.beside_a_removal(&gate, friend, async move {
        opening.opens(opening.presses(friend)).await
    });
    assert_eq!(opened.await, Err(OpenRefusal::Denied(Denied::Unknown)));

    let issuing = Arc::clone(&world);
    let issued = world.beside_a_removal(&intercom, friend, async move {
        let (device, guest) = (issuing.intercom.to_string(), issuing.guest());
        let issue = store::Issue { user: friend, device, guest, key: "0123456789abcdef".into() };
        issuing.store.codes().issue(issue, issuing.now()).await.unwrap().map(drop)
    });
    assert_eq!(issued.await, Err(store::IssueRefusal::Denied(Denied::Unknown)));
}

/// An owner's rights over a gate end with its transfer.
#[tokio::test]
async fn o_9_nothing_is_done_to_a_gate_beside_its_transfer() {
    let Some(world) = World::on_postgres().await else { return };
    let world = Arc::new(world.ready().await);
    let buyer = world.signs_in(BUYER).await.user;
    let (owner, gate) = (world.owner, world.gate.to_string());
    let given = |to: UserId| format!("UPDATE devices SET owner_id = '{to}' WHERE id = '{gate}'");
    for act in ["rename", "pulse gap", "revoke", "release"] {
        let (acting, device) = (Arc::clone(&world), gate.clone());
        let done = world.beside(&gate, given(buyer), async move {
            let (devices, now) = (acting.store.devices(), acting.now());
            let actor = Actor::Person(owner);
            match act {
                "rename" => {
                    let name = DeviceName::parse("Mine").unwrap();
                    devices.rename(owner, device, name, now).await.unwrap().is_ok()
                }
                "pulse gap" => {
                    let gap = PulseGap::from_ms(9_000).unwrap();
                    devices.set_pulse_gap(actor, device, gap, now).await.unwrap().is_ok()
                }
                "revoke" => devices.revoke(actor, device, now).await.unwrap().is_ok(),
                _ => devices.release(actor, device, now).await.unwrap().is_ok(),
            }
        });
        assert!(!done.await, "{act} by who was the owner");
        let back = sqlx::raw_sql(sqlx::AssertSqlSafe(given(owner)));
        PgConnection::connect(&world.url).await.unwrap().execute(back).await.unwrap();
    }
}

/// A claim that has looked at the right to a press comes before the end of that right, also in its
/// commit: whoever was told of the end hears of no command that was sent afterwards.
#[tokio::test]
async fn s_4_no_press_is_sent_by_a_right_whose_end_was_answered() {
    let Some(world) = World::on_postgres().await else { return };
    let world = Arc::new(world.ready().await);
    world.signs_in(BUYER).await;
    let mut sent_too_late = Vec::new();
    for (who, how) in [
        (Presser::Friend, Loss::Unshared),
        (Presser::Friend, Loss::Removed),
        (Presser::Owner, Loss::Removed),
        (Presser::Key, Loss::Removed),
        (Presser::Key, Loss::Transferred),
    ] {
        let gate = world.makes_gate(world.owner, "Side Gate").await;
        world.gate_is_ready(gate, &[]).await;
        let open = world.allowed(who, gate).await;
        let attempt = world.opens(open.clone()).await.unwrap();
        let ends = world.clone().loses(open, how);
        if world.sends_after(attempt, ends).await {
            sent_too_late.push((who, how));
        }
    }
    assert_eq!(sent_too_late, []);
}

/// Who presses without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presser {
    Owner,
    Friend,
    Key,
}

/// How they lose the right to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Unshared,
    Removed,
    Transferred,
}

impl World {
    /// A press at this gate by somebody who may.
    async fn allowed(&self, who: Presser, gate: GateId) -> Open {
        let (people, device) = (self.store.people(), gate.to_string());
        let open = match who {
            Presser::Owner => self.presses(self.owner),
            Presser::Friend => {
                let to = Self::phone(FRIEND);
                let shared = people.share(self.owner, device.clone(), to, false, self.now());
                self.presses(shared.await.unwrap().unwrap().user)
            }
            Presser::Key => self.presses_by(&self.makes_key_for(gate, "trigger").await.unwrap()),
        };
        Open { device, ..open }
    }

    /// They may not any more.
    async fn loses(self: Arc<Self>, Open { user, device, .. }: Open, how: Loss) {
        let (owner, now) = (self.owner, self.now());
        match how {
            Loss::Unshared => {
                let people = self.store.people();
                people.unshare(owner, device, user, false, now).await.unwrap().unwrap();
            }
            Loss::Removed => {
                self.store.devices().remove(owner, device, now).await.unwrap().unwrap();
            }
            Loss::Transferred => drop(self.transfers(&device, &[]).await.unwrap()),
        }
    }

    /// Ends the right to a press while its claim, which has looked at it, is kept from its commit.
    /// Whether the end was answered before that, and the claim sends the command all the same.
    async fn sends_after(
        self: &Arc<Self>,
        attempt: Attempt,
        ends: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let mut keeper = PgConnection::connect(&self.url).await.unwrap();
        let id = attempt.id;
        let keep = format!("BEGIN; SELECT id FROM attempts WHERE id = '{id}' FOR UPDATE");
        keeper.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(keep))).await.unwrap();
        let claiming = Arc::clone(self);
        let claimed = tokio::spawn(async move { claiming.bridge_sends(&attempt).await });
        self.waiting(1, &claimed).await;
        let ended = tokio::spawn(ends);
        self.waiting(2, &ended).await;
        let was_answered = ended.is_finished();
        keeper.execute("COMMIT").await.unwrap();
        let claimed = claimed.await.unwrap();
        ended.await.unwrap();
        was_answered && claimed.is_some()
    }

    /// Until so many wait for a lock, or this one is through.
    async fn waiting<T>(&self, so_many: i64, one: &JoinHandle<T>) {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while !one.is_finished() && self.count(waiting).await < so_many {
            tokio::task::yield_now().await;
        }
    }

    /// Does something while a share is being taken away: begun before that is committed, and ended
    /// after.
    async fn beside_a_removal<T: Send + 'static>(
        &self,
        device: &str,
        user: UserId,
        act: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let of = format!("device_id = '{device}' AND user_id = '{user}'");
        let taken_away = format!("DELETE FROM shares WHERE {of}");
        Box::pin(self.beside(device, taken_away, act)).await
    }

    /// Does something about a device while its right is taken away under the device's lock, as
    /// whoever takes it away does.
    async fn beside<T: Send + 'static>(
        &self,
        device: &str,
        taken_away: String,
        act: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let mut removal = PgConnection::connect(&self.url).await.unwrap();
        let mut run = async |statement: String| {
            let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
            removal.execute(statement).await.unwrap();
        };
        run(format!("BEGIN; UPDATE devices SET kind = kind WHERE id = '{device}'")).await;
        run(taken_away).await;
        let acting = tokio::spawn(act);
        self.waiting(1, &acting).await;
        run("COMMIT".to_owned()).await;
        acting.await.unwrap()
    }
}
