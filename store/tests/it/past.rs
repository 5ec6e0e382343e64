//! Codes that have ended: their history, page by page, and whose guests are perhaps still inside.

use std::time::Duration;

use domain::settings::{ExitGrace, InviteDuration, MaxUsers};
use domain::{CodeId, Settings};
use store::{Issued, LONGEST_LIST, Past};

use crate::world::World;

crate::on_both_databases![
    x6_the_history_is_told_page_by_page_without_gap_and_without_what_is_active,
    o_10_who_is_inside_is_found_behind_all_codes_that_ended_since,
    o_10_perhaps_inside_is_who_went_in_and_not_out_until_a_day_after_they_could,
];

async fn x6_the_history_is_told_page_by_page_without_gap_and_without_what_is_active(world: World) {
    let world = world.ready().await;
    let mut ended = Vec::new();
    for _ in 0..=LONGEST_LIST {
        let issued = world.issues().await;
        world.later(Duration::from_millis(1));
        world.revokes(&issued).await;
        ended.insert(0, issued.pass.code.id);
    }
    world.issues().await;
    let first = world.history(None).await;
    assert_eq!(first, ended[..LONGEST_LIST as usize]);
    let second = world.history(first.last().copied()).await;
    assert_eq!(second, ended[LONGEST_LIST as usize..]);
    assert_eq!(world.history(second.last().copied()).await, []);
}

async fn o_10_who_is_inside_is_found_behind_all_codes_that_ended_since(world: World) {
    let world = world.ready().await;
    let inside = world.issues_and_lets_in().await;
    world.later(Duration::from_hours(12));
    for _ in 0..=LONGEST_LIST {
        let issued = world.issues().await;
        world.revokes(&issued).await;
    }
    assert_eq!(world.perhaps_inside().await, [inside.pass.code.id]);
}

async fn o_10_perhaps_inside_is_who_went_in_and_not_out_until_a_day_after_they_could(world: World) {
    let world = world.ready().await;
    let usual = Settings { max_users: MaxUsers::new(50).unwrap(), ..world.settings() };
    world.saves(usual).await.unwrap();
    let _waiting = world.issues().await;
    let left = world.issues_and_lets_in().await;
    let exit = world.redeems(world.asks_out(&left)).await.unwrap();
    world.gate_opens(&exit).await;
    let (revoked, expiring) = (world.issues_and_lets_in().await, world.issues_and_lets_in().await);
    let exit_grace = ExitGrace::from_minutes(2880).unwrap();
    let invite_duration = InviteDuration::from_hours(24).unwrap();
    world.saves(Settings { exit_grace, invite_duration, ..usual }).await.unwrap();
    let graced = world.issues_and_lets_in().await;
    assert_eq!(world.perhaps_inside().await, []);
    world.later(Duration::from_hours(1));
    world.revokes(&revoked).await;
    world.later(Duration::from_hours(10));
    // By the hours since they were made: who was revoked after one, who expired after twelve, and
    // who expired after 24 with two days to leave.
    let ids = |all: &[&Issued]| all.iter().map(|issued| issued.pass.code.id).collect::<Vec<_>>();
    for (hours, expected) in [
        (11, ids(&[&revoked])),
        (12, ids(&[&expiring, &revoked])),
        (24, ids(&[&graced, &expiring, &revoked])),
        (25, ids(&[&graced, &expiring])),
        (35, ids(&[&graced, &expiring])),
        (36, ids(&[&graced])),
        (95, ids(&[&graced])),
        (96, Vec::new()),
    ] {
        let then = graced.pass.code.issued_at + Duration::from_hours(hours);
        world.later(world.now().until(then));
        assert_eq!(world.perhaps_inside().await, expected, "after {hours} h");
    }
}

impl World {
    async fn history(&self, before: Option<CodeId>) -> Vec<CodeId> {
        let (codes, id) = (self.store.codes(), self.intercom.to_string());
        let history = codes.history(self.owner, id, before, self.now()).await;
        ids_of(&history.unwrap().unwrap())
    }

    async fn perhaps_inside(&self) -> Vec<CodeId> {
        let (codes, id) = (self.store.codes(), self.intercom.to_string());
        let inside = codes.perhaps_inside(self.owner, id, self.now()).await;
        ids_of(&inside.unwrap().unwrap())
    }
}

fn ids_of(past: &[Past]) -> Vec<CodeId> {
    past.iter().map(|past| past.code.id).collect()
}
