//! Codes: issued, listed, revoked, remembered.

use std::collections::HashSet;
use std::time::Duration;

use domain::access_code::{End, NotActive, Revocation};
use domain::permission::Denied;
use domain::settings::{InviteDuration, MaxUsers};
use domain::{CodeId, Settings};
use store::{Issue, IssueRefusal, RevokeRefusal};

use crate::world::World;

crate::on_both_databases![
    o_5_a_code_is_issued_listed_and_read_again,
    o_5a_the_same_wish_gets_the_same_code,
    o_5a_a_double_tap_with_two_keys_gets_one_code,
    o_5h_the_second_key_of_a_double_tap_keeps_its_answer,
    a_code_that_was_seen_to_end_stays_ended_when_the_clock_is_set_back,
    a_key_that_meant_something_else_is_refused,
    o_5c_no_code_without_settings_nor_on_a_gate,
    o_5d_o_5e_at_the_limit_nothing_until_one_is_revoked,
    o_5f_digits_are_unique_and_rest_for_a_day,
    o_6_expired_codes_leave_the_list_and_stay_in_the_history,
    o_7a_revoking_again_changes_nothing_and_ended_codes_are_not_revoked,
    o_7a_a_second_revoke_tells_what_the_first_told_of_an_opening_under_way,
    o_8_settings_change_only_new_codes,
    a_code_of_somebody_else_is_unknown,
];

async fn o_5_a_code_is_issued_listed_and_read_again(world: World) {
    let world = world.ready().await;
    let guest = world.guest();
    let issued = world.asks_for_a_code(guest.clone()).await.unwrap();
    let code = &issued.pass.code;
    assert_eq!(code.expires_at, world.now() + Duration::from_hours(12));
    assert_eq!((issued.pass.guest.clone(), issued.repeated), (guest, false));
    let codes = world.store.codes();
    let listed = codes.active(world.owner, world.intercom.to_string(), world.now()).await;
    assert_eq!(listed.unwrap().unwrap()[0].code, *code);
    let details = codes.details(world.owner, code.id, world.now()).await.unwrap().unwrap();
    assert_eq!(details.pass.code.passcode.reveal(), code.passcode.reveal());
    assert_eq!(details.pass.link, issued.pass.link);
}

async fn o_5a_the_same_wish_gets_the_same_code(world: World) {
    let world = world.ready().await;
    let (device, key) = (world.intercom.to_string(), "once".to_owned());
    let issue = Issue { user: world.owner, device, guest: world.guest(), key };
    let first = world.store.codes().issue(issue.clone(), world.now()).await.unwrap().unwrap();
    world.later(Duration::from_mins(5));
    let again = world.store.codes().issue(issue, world.now()).await.unwrap().unwrap();
    assert_eq!(first.pass.code, again.pass.code);
    assert_eq!((first.repeated, again.repeated), (false, true));
}

async fn o_5a_a_double_tap_with_two_keys_gets_one_code(world: World) {
    let world = world.ready().await;
    let guest = world.guest();
    let first = world.asks_for_a_code(guest.clone()).await.unwrap();
    let second = world.asks_for_a_code(guest.clone()).await.unwrap();
    assert_eq!(first.pass.code.id, second.pass.code.id);
    world.later(Duration::from_secs(10));
    let third = world.asks_for_a_code(guest).await.unwrap();
    assert_ne!(first.pass.code.id, third.pass.code.id);
}

async fn o_5h_the_second_key_of_a_double_tap_keeps_its_answer(world: World) {
    let world = world.ready().await;
    let guest = world.guest();
    let ask = |key: &str| {
        let (device, key) = (world.intercom.to_string(), key.to_owned());
        let issue = Issue { user: world.owner, device, guest: guest.clone(), key };
        world.store.codes().issue(issue, world.now())
    };
    let first = ask("first").await.unwrap().unwrap().pass.code.id;
    assert_eq!(ask("second").await.unwrap().unwrap().pass.code.id, first);
    world.later(Duration::from_mins(1));
    assert_eq!(ask("second").await.unwrap().unwrap().pass.code.id, first);
}

async fn a_code_that_was_seen_to_end_stays_ended_when_the_clock_is_set_back(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let before = world.now();
    world.later(Duration::from_hours(12));
    // The next issue notes the end and may give the digits out again after their rest.
    world.issues().await;
    let ask = world.store.redemptions().redeem(world.asks_in(&issued), before).await.unwrap();
    let refusal = domain::access_code::Refusal::Expired;
    assert_eq!(ask.unwrap_err(), store::Refused::Rule(refusal));
}

async fn a_key_that_meant_something_else_is_refused(world: World) {
    let world = world.ready().await;
    let ask = |guest| {
        let (device, key) = (world.intercom.to_string(), "once".to_owned());
        let issue = Issue { user: world.owner, device, guest, key };
        world.store.codes().issue(issue, world.now())
    };
    ask(world.guest()).await.unwrap().unwrap();
    assert_eq!(ask(world.guest()).await.unwrap().unwrap_err(), IssueRefusal::KeyReused);
}

async fn o_5c_no_code_without_settings_nor_on_a_gate(world: World) {
    let refusal = world.asks_for_a_code(world.guest()).await.unwrap_err();
    assert_eq!(refusal, IssueRefusal::SettingsMissing);
    let (device, key) = (world.gate.to_string(), "k".to_owned());
    let issue = Issue { user: world.owner, device, guest: world.guest(), key };
    let refusal = world.store.codes().issue(issue, world.now()).await.unwrap().unwrap_err();
    assert_eq!(refusal, IssueRefusal::NotAnIntercom);
}

async fn o_5d_o_5e_at_the_limit_nothing_until_one_is_revoked(world: World) {
    let two = Settings { max_users: MaxUsers::new(2).unwrap(), ..world.settings() };
    world.saves(two).await.unwrap();
    let first = world.issues().await;
    world.issues().await;
    let refusal = world.asks_for_a_code(world.guest()).await.unwrap_err();
    let next_slot_at = Some(first.pass.code.expires_at);
    assert_eq!(refusal, IssueRefusal::LimitReached { active: 2, limit: 2, next_slot_at });
    let revoked = world.store.codes().revoke(world.owner, first.pass.code.id, world.now()).await;
    assert_eq!(revoked.unwrap().unwrap().revocation, Revocation::Clean);
    world.issues().await;
}

async fn o_5f_digits_are_unique_and_rest_for_a_day(world: World) {
    let fifty = Settings { max_users: MaxUsers::new(50).unwrap(), ..world.settings() };
    world.saves(fifty).await.unwrap();
    let mut digits = HashSet::new();
    // So many that without the rest some would come twice: of 10,000 digits, 400 are drawn.
    for round in 0..8 {
        let mut codes = Vec::new();
        for _ in 0..50 {
            let issued = world.issues().await;
            assert!(digits.insert(issued.pass.code.passcode.reveal()), "given out twice in a day");
            codes.push(issued);
        }
        // Their digits rest for a day from their end on, whichever end it is.
        if round == 0 {
            world.later(Duration::from_hours(12));
        } else {
            for issued in &codes {
                world.revokes(issued).await;
            }
        }
    }
}

async fn o_6_expired_codes_leave_the_list_and_stay_in_the_history(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let (codes, id) = (world.store.codes(), world.intercom.to_string());
    world.later(Duration::from_hours(12));
    let active = codes.active(world.owner, id.clone(), world.now()).await.unwrap().unwrap();
    assert!(active.is_empty());
    let history = codes.history(world.owner, id, None, world.now()).await.unwrap().unwrap();
    assert_eq!(history[0].code.id, issued.pass.code.id);
}

async fn o_7a_revoking_again_changes_nothing_and_ended_codes_are_not_revoked(world: World) {
    let world = world.ready().await;
    let (issued, other) = (world.issues().await, world.issues().await);
    let revoke = |id: CodeId| world.store.codes().revoke(world.owner, id, world.now());
    let first = revoke(issued.pass.code.id).await.unwrap().unwrap();
    let at = world.now();
    assert_eq!(first.code.end, Some(End::Revoked { at, effective_at: at }));
    world.later(Duration::from_secs(5));
    let again = revoke(issued.pass.code.id).await.unwrap().unwrap();
    assert_eq!((again.revocation, again.code), (Revocation::Again, first.code));
    let events = world.store.events().of_code(issued.pass.code.id).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "pass.revoked").count(), 1);
    world.later(Duration::from_hours(12));
    let expired = revoke(other.pass.code.id).await.unwrap().unwrap_err();
    assert_eq!(expired, RevokeRefusal::NotActive(NotActive::Expired));
}

async fn o_7a_a_second_revoke_tells_what_the_first_told_of_an_opening_under_way(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    let revoke = || world.store.codes().revoke(world.owner, issued.pass.code.id, world.now());
    let first = revoke().await.unwrap().unwrap();
    assert_eq!(first.in_flight.map(|attempt| attempt.id), Some(attempt.id));
    let again = revoke().await.unwrap().unwrap();
    assert_eq!(again.in_flight.map(|attempt| attempt.id), Some(attempt.id));
}

async fn o_8_settings_change_only_new_codes(world: World) {
    let world = world.ready().await;
    let old = world.issues().await.pass.code;
    let hour = InviteDuration::from_hours(1).unwrap();
    let one = MaxUsers::new(1).unwrap();
    world
        .saves(Settings { invite_duration: hour, max_users: one, ..world.settings() })
        .await
        .unwrap();
    let kept =
        world.store.codes().details(world.owner, old.id, world.now()).await.unwrap().unwrap().pass;
    assert_eq!((kept.code.expires_at, kept.limit_at_issue), (old.expires_at, 10));
    let refusal = world.asks_for_a_code(world.guest()).await.unwrap_err();
    assert!(matches!(refusal, IssueRefusal::LimitReached { active: 1, limit: 1, .. }));
    world.store.codes().revoke(world.owner, old.id, world.now()).await.unwrap().unwrap();
    let new = world.issues().await.pass;
    assert_eq!(new.code.expires_at, world.now() + Duration::from_hours(1));
    assert_eq!(new.limit_at_issue, 1);
}

async fn a_code_of_somebody_else_is_unknown(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let stranger = world.signs_in("+27839998888").await.user;
    let codes = world.store.codes();
    let details = codes.details(stranger, issued.pass.code.id, world.now()).await.unwrap();
    assert_eq!(details.unwrap_err(), Denied::Unknown);
    let revoked = codes.revoke(stranger, issued.pass.code.id, world.now()).await.unwrap();
    assert_eq!(revoked.unwrap_err(), RevokeRefusal::Denied(Denied::Unknown));
    assert!(world.look(&issued.pass.link).await.pass.code.is_active(world.now()));
}
