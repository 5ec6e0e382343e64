//! The end of a visit: who may still leave, who is told of it, and links that are unlocked.

use std::sync::Arc;
use std::time::Duration;

use domain::access_code::{NotActive, Refusal, Standing, TRIGGER_LIFETIME};
use domain::permission::Denied;
use domain::settings::{ExitGrace, MaxUsers};
use domain::visit::ENDING_NOTICE;
use domain::{Leg, Passcode, Settings};
use store::{Issued, Redeem, RevokeRefusal};

use crate::world::World;

crate::on_both_databases![
    g_15_the_grace_of_a_code_is_the_one_it_was_made_with,
    x11_a_code_in_its_grace_holds_no_slot_and_its_digits_rest,
    o_10_a_host_is_told_once_before_the_end_and_once_at_the_end,
    o_10_what_was_due_while_nobody_looked_is_told_late_and_once,
    o_10_of_many_who_look_at_once_one_tells,
    o_10_nobody_hears_of_a_guest_who_left_or_never_came,
    one_attempt_that_nobody_can_read_keeps_no_other_host_from_hearing,
    g_16_g_10_a_host_who_revokes_hears_that_the_guest_is_inside,
    a_guest_at_the_exit_alarms_nobody_before_the_gate_can_open_no_more,
    g_7_a_locked_link_is_unlocked_once_and_by_who_may,
    g_7_tries_and_taps_at_once_never_exceed_what_was_allowed,
];

const BEFORE_THE_NOTICE: Duration = Duration::from_mins(11 * 60 + 29);

async fn g_15_the_grace_of_a_code_is_the_one_it_was_made_with(world: World) {
    let world = world.ready().await;
    let strict = world.issues_and_lets_in().await;
    world.grants(120).await;
    let (kind, waiting) = (world.issues_and_lets_in().await, world.issues().await);
    world.grants(0).await;
    world.later(Duration::from_hours(13));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.refused(world.asks_out(&strict)).await, Refusal::Expired);
    assert_eq!(world.refused(world.asks_in(&waiting)).await, Refusal::Expired);
    let (since, until) = (kind.pass.code.issued_at, kind.pass.code.expires_at + TWO_HOURS);
    let standing = world.look(&kind.pass.link).await.pass.code.standing(world.now());
    assert_eq!(standing, Standing::InGrace { since, until });
    let exit = world.redeems(world.asks_out(&kind)).await.unwrap();
    world.gate_opens(&exit).await;
    let standing = world.look(&kind.pass.link).await.pass.code.standing(world.now());
    assert_eq!(standing, Standing::Completed { at: world.now() });
}

const TWO_HOURS: Duration = Duration::from_hours(2);

async fn x11_a_code_in_its_grace_holds_no_slot_and_its_digits_rest(world: World) {
    let world = world.ready().await;
    let one = MaxUsers::new(1).unwrap();
    let exit_grace = ExitGrace::from_minutes(2880).unwrap();
    world.saves(Settings { max_users: one, exit_grace, ..world.settings() }).await.unwrap();
    let inside = world.issues_and_lets_in().await;
    world.later(Duration::from_hours(12));
    world.gate_is_ready(world.gate, &[]).await;
    let next = world.issues().await;
    assert_ne!(next.pass.code.passcode.reveal(), inside.pass.code.passcode.reveal());
    // That the next code was made has noted the end of this one; its way out is open all the same.
    world.later(Duration::from_hours(47));
    world.gate_is_ready(world.gate, &[]).await;
    let exit = world.redeems(world.asks_out(&inside)).await.unwrap();
    world.gate_opens(&exit).await;
}

async fn o_10_a_host_is_told_once_before_the_end_and_once_at_the_end(world: World) {
    let world = world.ready().await;
    let inside = world.issues_and_lets_in().await;
    world.later(BEFORE_THE_NOTICE);
    assert_eq!(world.tells_hosts().await, 0);
    world.later(Duration::from_mins(1));
    assert_eq!((world.tells_hosts().await, world.tells_hosts().await), (1, 0));
    assert_eq!(world.alerts_of(&inside).await, ["visit.ending"]);
    world.later(ENDING_NOTICE);
    assert_eq!((world.tells_hosts().await, world.tells_hosts().await), (1, 0));
    assert_eq!(world.alerts_of(&inside).await, ["visit.ending", "visit.overstay"]);
}

/// Told late, it says so itself: it is later than the end of its code.
async fn o_10_what_was_due_while_nobody_looked_is_told_late_and_once(world: World) {
    let world = world.ready().await;
    let inside = world.issues_and_lets_in().await;
    world.later(Duration::from_hours(40));
    assert_eq!((world.tells_hosts().await, world.tells_hosts().await), (1, 0));
    assert_eq!(world.alerts_of(&inside).await, ["visit.overstay"], "it does not end soon any more");
    let events = world.store.events().of_code(inside.pass.code.id).await.unwrap();
    let told = events.iter().find(|event| event.kind == "visit.overstay").unwrap();
    assert_eq!((told.at, told.intercom), (world.now(), Some(world.intercom)));
}

async fn o_10_of_many_who_look_at_once_one_tells(world: World) {
    let world = Arc::new(world.ready().await);
    let inside = world.issues_and_lets_in().await;
    world.later(Duration::from_hours(12));
    let mut rivals = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let world = Arc::clone(&world);
        rivals.spawn(async move { world.tells_hosts().await });
    }
    assert_eq!(rivals.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(world.alerts_of(&inside).await, ["visit.overstay"]);
}

async fn o_10_nobody_hears_of_a_guest_who_left_or_never_came(world: World) {
    let world = world.ready().await;
    let (_waiting, left) = (world.issues().await, world.issues_and_lets_in().await);
    let exit = world.redeems(world.asks_out(&left)).await.unwrap();
    world.gate_opens(&exit).await;
    for _ in 0..2 {
        world.later(BEFORE_THE_NOTICE);
        world.later(Duration::from_mins(5));
        assert_eq!(world.tells_hosts().await, 0);
    }
}

async fn one_attempt_that_nobody_can_read_keeps_no_other_host_from_hearing(world: World) {
    let world = world.ready().await;
    let (damaged, inside) = (world.issues_and_lets_in().await, world.issues_and_lets_in().await);
    let leaving = world.redeems(world.asks_out(&damaged)).await.unwrap();
    let damage = format!("UPDATE attempts SET epoch = -1 WHERE id = '{}'", leaving.id);
    world.runs(&damage).await;
    world.later(Duration::from_hours(12));
    assert_eq!((world.tells_hosts().await, world.tells_hosts().await), (1, 0));
    assert_eq!(world.alerts_of(&inside).await, ["visit.overstay"]);
}

/// G-10 as well: the word that the gate had opened comes after the revoke.
async fn g_16_g_10_a_host_who_revokes_hears_that_the_guest_is_inside(world: World) {
    let world = world.ready().await;
    let inside = world.issues_and_lets_in().await;
    world.revokes(&inside).await;
    assert_eq!((world.tells_hosts().await, world.tells_hosts().await), (1, 0));
    assert_eq!(world.alerts_of(&inside).await, ["visit.overstay"]);

    let entering = world.issues().await;
    let attempt = world.redeems(world.asks_in(&entering)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    world.revokes(&entering).await;
    assert_eq!(world.tells_hosts().await, 0, "nobody is inside yet");
    let opened = domain::attempt::Evidence::Executed;
    world.store.attempts().settle(world.gate, attempt.id, opened, world.now()).await.unwrap();
    assert_eq!((world.tells_hosts().await, world.tells_hosts().await), (1, 0));
    let exit = world.lets_through(world.vouches(&entering, Leg::Exit)).await.unwrap();
    world.gate_opens(&exit).await;
    world.later(Duration::from_hours(12));
    assert_eq!(world.tells_hosts().await, 0, "and never again");
}

async fn a_guest_at_the_exit_alarms_nobody_before_the_gate_can_open_no_more(world: World) {
    let world = world.ready().await;
    let [quick, stuck] = [world.issues_and_lets_in().await, world.issues_and_lets_in().await];
    world.later(Duration::from_hours(12).saturating_sub(Duration::from_secs(1)));
    world.gate_is_ready(world.gate, &[]).await;
    assert_eq!(world.tells_hosts().await, 2, "both end soon");
    let exit = world.redeems(world.asks_out(&quick)).await.unwrap();
    let silent = world.redeems(world.asks_out(&stuck)).await.unwrap();
    world.bridge_sends(&silent).await.unwrap();
    world.later(Duration::from_secs(2));
    assert_eq!(world.tells_hosts().await, 0);
    world.gate_opens(&exit).await;
    world.later(TRIGGER_LIFETIME);
    assert_eq!(world.tells_hosts().await, 1);
    assert_eq!(world.alerts_of(&quick).await, ["visit.ending"]);
    assert_eq!(world.alerts_of(&stuck).await, ["visit.ending", "visit.overstay"]);
}

async fn g_7_a_locked_link_is_unlocked_once_and_by_who_may(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    world.locks(&issued).await;
    assert_eq!(world.refused(world.asks_in(&issued)).await, Refusal::LinkLocked);
    let id = issued.pass.code.id;
    let unlock = |user| world.store.codes().allow_more(user, id, world.now());
    let stranger = world.signs_in("+27839998888").await.user;
    let refused = unlock(stranger).await.unwrap().unwrap_err();
    assert_eq!(refused, RevokeRefusal::Denied(Denied::Unknown));
    for _ in 0..2 {
        unlock(world.owner).await.unwrap().unwrap();
        let guard = world.look(&issued.pass.link).await.pass.code.guard;
        assert_eq!((guard.wrong_tries, guard.locked_at), (0, None));
    }
    let events = world.store.events().of_code(id).await.unwrap();
    let unlocked: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "pass.unlocked")
        .map(|event| event.actor)
        .collect();
    assert_eq!(unlocked, [Some(world.owner)], "once, and by whom");
    assert!(world.redeems(world.asks_in(&issued)).await.is_ok());
    world.revokes(&issued).await;
    let refused = unlock(world.owner).await.unwrap().unwrap_err();
    assert_eq!(refused, RevokeRefusal::NotActive(NotActive::Revoked));
}

/// INV9: each unlocking gives five tries and no more, whatever comes between two of them.
async fn g_7_tries_and_taps_at_once_never_exceed_what_was_allowed(world: World) {
    let world = Arc::new(world.ready().await);
    let issued = world.issues().await;
    world.locks(&issued).await;
    let before = world.rejected(&issued).await;
    let mut rivals = tokio::task::JoinSet::new();
    for n in 0..32 {
        let (world, wrong, id) =
            (Arc::clone(&world), world.asks_wrong(&issued), issued.pass.code.id);
        rivals.spawn(async move {
            if n % 8 == 0 {
                let tapped = world.store.codes().allow_more(world.owner, id, world.now()).await;
                tapped.unwrap().unwrap();
            } else {
                world.redeems(wrong).await.unwrap_err();
            }
        });
    }
    rivals.join_all().await;
    let events = world.store.events().of_code(issued.pass.code.id).await.unwrap();
    let unlocked = events.iter().filter(|event| event.kind == "pass.unlocked").count();
    let tried = world.rejected(&issued).await - before;
    assert!(0 < unlocked && 0 < tried && tried <= 5 * unlocked, "{tried} tries, {unlocked} taps");
}

impl World {
    /// Lets guests of new codes leave for so long after the end.
    pub(crate) async fn grants(&self, minutes: u32) {
        let exit_grace = ExitGrace::from_minutes(minutes).expect("on offer");
        self.saves(Settings { exit_grace, ..self.settings() }).await.expect("saves");
    }

    async fn tells_hosts(&self) -> usize {
        self.store.visits().tell(self.now()).await.expect("no fault")
    }

    async fn alerts_of(&self, issued: &Issued) -> Vec<String> {
        let events = self.store.events().of_code(issued.pass.code.id).await.expect("no fault");
        let kinds = events.into_iter().map(|event| event.kind);
        kinds.filter(|kind| kind.starts_with("visit.")).collect()
    }

    fn asks_wrong(&self, issued: &Issued) -> Redeem {
        let wrong = if issued.pass.code.passcode.reveal() == "9876" { "9875" } else { "9876" };
        Redeem { typed: Passcode::parse(wrong).expect("digits"), ..self.asks_in(issued) }
    }

    async fn locks(&self, issued: &Issued) {
        for _ in 0..5 {
            self.later(Duration::from_secs(15));
            self.redeems(self.asks_wrong(issued)).await.expect_err("wrong");
        }
    }

    async fn rejected(&self, issued: &Issued) -> usize {
        let events = self.store.events().of_code(issued.pass.code.id).await.expect("no fault");
        events.iter().filter(|event| event.kind == "pass.code_rejected").count()
    }
}
