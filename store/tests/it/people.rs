//! People a device is shared with: what each type of access allows, when, and how it ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::access_code::Refusal;
use domain::permission::{Act, Denied};
use domain::settings::MaxUsers;
use domain::share::{
    Access, Day, LongestStay, MaxInvitations, Minute, Share, Stay, TenantSettings, Times,
};
use domain::{CodeId, Settings, Timestamp, UserId};
use store::{
    Change, Changed, CodesRevoked, Invitation, InviteRefusal, Issue, IssueRefusal, Issued, Person,
    RevokeRefusal, SettingsRefusal, TenantSaveRefusal, Unshared,
};

use crate::races::{both, race, saved};
use crate::world::World;

crate::on_both_databases![
    an_owner_invites_changes_and_sends_away_and_each_is_told,
    temporary_access_ends_by_itself_and_its_number_can_be_invited_anew,
    repeat_access_sees_the_device_always_and_uses_it_at_its_hours,
    full_access_administers_people_and_nothing_that_is_the_owners,
    a_tenant_invites_guests_within_the_settings_and_gets_the_slot_back,
    of_a_refused_invitation_nothing_is_kept_about_the_number,
    tenant_settings_hold_for_tenants_who_are_there_and_of_two_saves_the_second_is_told,
    a_tenant_knows_their_own_guests_and_nobody_else,
    x4_the_grant_is_the_owners_alone_to_give_and_to_take,
    x4_no_change_of_type_gives_the_grant_again_or_for_longer,
    s_3_x22_codes_go_with_the_grant_if_so_asked,
    s_2_e01_who_may_not_use_codes_neither_learns_of_them_nor_revokes_them,
    nobody_takes_from_the_owner_what_is_theirs,
    who_is_given_more_is_no_tenants_guest_any_more,
    s_3_x22_codes_stay_with_the_intercom_unless_they_are_revoked_with_their_maker,
    s_6_the_codes_of_all_who_make_them_count_in_one_limit,
    who_is_invited_is_kept_sealed_and_forgotten_a_month_after_the_end,
    s_4_of_a_code_beside_the_end_of_its_maker_nothing_is_left,
    s_4_who_is_sent_away_revokes_before_that_or_not_at_all,
    of_two_guests_for_a_tenants_last_slot_one_is_invited,
];

const FULL: &str = "+27830000001";
const TENANT: &str = "+27830000002";
const GUEST: &str = "+27830000003";
const OTHER: &str = "+27830000004";

const HOUR: Duration = Duration::from_hours(1);

async fn an_owner_invites_changes_and_sends_away_and_each_is_told(world: World) {
    let person = world.invites(world.owner, GUEST, Access::Always).await.unwrap();
    assert!(person.share.wifi && !person.share.one_time_access);
    assert_eq!(person.name.unwrap().as_str(), "Nomsa");
    let again = world.invites(world.owner, GUEST, Access::Full).await;
    assert_eq!(again.unwrap_err(), InviteRefusal::AlreadyShared);
    let own = world.invites(world.owner, "+27821234567", Access::Full).await;
    assert_eq!(own.unwrap_err(), InviteRefusal::Owners);

    let user = world.signs_in(GUEST).await.user;
    assert_eq!(user, person.user, "the same person, when they come");
    assert_eq!(world.may(user, Act::OpenGate).await, Ok(()));
    let change = Change { wifi: Some(false), one_time_access: Some(true), ..Change::default() };
    world.later(Duration::from_secs(1));
    let changed = world.changes(world.owner, user, change).await.unwrap();
    assert!(!changed.person.share.wifi && changed.person.share.one_time_access);
    assert_eq!(changed.person.name.unwrap().as_str(), "Nomsa");
    assert_eq!(world.may(user, Act::OpenGate).await, Err(Denied::NoWifi), "at once");
    world.later(Duration::from_secs(1));
    world.unshares(world.owner, user, false).await.unwrap();
    assert_eq!(world.may(user, Act::SeeDevice).await, Err(Denied::Unknown));
    world.unshares(world.owner, user, false).await.expect("done is done");
    let gone = world.changes(world.owner, user, Change::default()).await;
    assert_eq!(gone.unwrap_err(), InviteRefusal::Denied(Denied::Unknown));

    world.files_all().await;
    let told = world.told(world.owner, None, 1000).await;
    let about = told.iter().filter(|event| event.user == Some(user) && event.device.is_some());
    let kinds: Vec<_> = about.map(|event| event.kind.as_str()).collect();
    let expected =
        ["person.added", "grant.added", "person.changed", "grant.removed", "person.removed"];
    let set: BTreeSet<_> = kinds.iter().collect();
    assert_eq!(set, expected.iter().collect());
    assert_eq!((kinds.len(), kinds[0]), (5, "person.added"), "each once");
    let own: Vec<_> = world.told(user, None, 1000).await;
    let own = own.iter().filter(|event| event.kind.starts_with("person.")).count();
    assert_eq!(own, 3, "they hear of it themselves");
}

async fn temporary_access_ends_by_itself_and_its_number_can_be_invited_anew(world: World) {
    let stay = world.stay(HOUR, 2 * HOUR);
    let user = world.invites(world.owner, GUEST, stay).await.unwrap().user;
    let soon = Denied::NotNow { from: Some(world.now() + HOUR) };
    assert_eq!(world.may(user, Act::OpenGate).await, Err(soon));
    assert_eq!(world.store.devices().of(user, world.now()).await.unwrap().len(), 1);
    world.later(HOUR);
    assert_eq!(world.may(user, Act::OpenGate).await, Ok(()));
    let again = world.invites(world.owner, GUEST, Access::Always).await;
    assert_eq!(again.unwrap_err(), InviteRefusal::AlreadyShared);
    world.later(HOUR);
    assert_eq!(world.may(user, Act::SeeDevice).await, Err(Denied::Unknown));
    assert!(world.store.devices().of(user, world.now()).await.unwrap().is_empty());
    let [ended] = &world.people(world.owner).await.unwrap()[..] else { panic!("one is told") };
    assert!(!ended.is_there());
    let over = world.invites(world.owner, OTHER, world.stay(Duration::ZERO, HOUR));
    over.await.expect("from now on");
    world.later(2 * HOUR);
    let past = Stay::new(world.now() - HOUR, world.now()).unwrap();
    let past = world.invites(world.owner, GUEST, Access::Temporary(past)).await;
    assert_eq!(past.unwrap_err(), InviteRefusal::Over);
    let anew = world.invites(world.owner, GUEST, Access::Always).await.unwrap();
    assert!(anew.is_there() && anew.user == user);
    assert_eq!(world.may(user, Act::OpenGate).await, Ok(()));
}

/// It is Thursday, 22:26 in Johannesburg.
async fn repeat_access_sees_the_device_always_and_uses_it_at_its_hours(world: World) {
    let world = world.ready().await;
    let at = |text| Minute::parse(text).unwrap();
    let times = Times::new(&[Day::Friday], at("08:00"), at("17:00")).unwrap();
    let user = world.invites(world.owner, GUEST, Access::Repeat(times)).await.unwrap().user;
    let grant = Change { one_time_access: Some(true), ..Change::default() };
    world.changes(world.owner, user, grant).await.unwrap();
    let friday = world.now() + Duration::from_mins(9 * 60 + 33) + Duration::from_secs(20);
    let not_now = Denied::NotNow { from: Some(friday) };
    assert_eq!(world.may(user, Act::OpenGate).await, Err(not_now));
    assert_eq!(world.may(user, Act::SeeDevice).await, Ok(()));
    let refused = world.makes_code(user).await.unwrap_err();
    assert_eq!(refused, IssueRefusal::Denied(not_now));
    world.later(world.now().until(friday));
    assert_eq!(world.may(user, Act::OpenGate).await, Ok(()));
    world.makes_code(user).await.expect("at its hours");
}

async fn full_access_administers_people_and_nothing_that_is_the_owners(world: World) {
    let world = world.ready().await;
    let full = world.invites(world.owner, FULL, Access::Full).await.unwrap().user;
    for (number, access) in [(TENANT, Access::Tenant), (GUEST, Access::Full)] {
        world.invites(full, number, access).await.unwrap();
    }
    assert_eq!(world.people(full).await.unwrap().len(), 3);
    let own = Change { one_time_access: Some(true), ..Change::default() };
    let refused = world.changes(full, full, own.clone()).await.unwrap_err();
    assert_eq!(refused, InviteRefusal::Denied(Denied::NoPermission));
    let refused = world.changes(full, world.owner, own).await.unwrap_err();
    assert_eq!(refused, InviteRefusal::Denied(Denied::Unknown), "the owner is none of them");
    let (intercoms, id) = (world.store.intercoms(), world.intercom.to_string());
    let settings = intercoms.settings(full, id.clone(), world.now()).await.unwrap();
    assert_eq!(settings, Err(SettingsRefusal::Denied(Denied::NotOwner)));
    let other = world.people(full).await.unwrap()[2].user;
    world.unshares(full, other, false).await.expect("another one with full access");
    let refused = world.makes_code(full).await.unwrap_err();
    assert_eq!(refused, IssueRefusal::Denied(Denied::NoPermission), "no grant");
    // The log of the device, and nothing of codes.
    world.files_all().await;
    let told = world.told(full, None, 1000).await;
    assert!(told.iter().any(|event| event.kind == "settings.saved"));
    world.issues().await;
    world.files_all().await;
    assert!(world.told(full, None, 1000).await.iter().all(|event| event.code.is_none()));
}

async fn a_tenant_invites_guests_within_the_settings_and_gets_the_slot_back(world: World) {
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    world.tenants_may(60, 1, 0).await.unwrap();
    let denied = InviteRefusal::Denied(Denied::NoPermission);
    for access in [Access::Always, Access::Tenant, Access::Full] {
        assert_eq!(world.invites(tenant, GUEST, access).await.unwrap_err(), denied);
    }
    let long = world.invites(tenant, GUEST, world.stay(HOUR, 3 * HOUR)).await.unwrap_err();
    assert!(matches!(long, InviteRefusal::TooLong(settings) if settings.longest.minutes() == 60));
    let until = world.now() + HOUR;
    let guest = world.invites(tenant, GUEST, world.stay(Duration::ZERO, HOUR)).await.unwrap().user;
    let full = InviteRefusal::TooMany { active: 1, limit: 1, next_slot_at: Some(until) };
    let refused = world.invites(tenant, OTHER, world.stay(Duration::ZERO, HOUR)).await;
    assert_eq!(refused.unwrap_err(), full);
    world.unshares(tenant, guest, false).await.unwrap();
    let other = world.invites(tenant, OTHER, world.stay(Duration::ZERO, HOUR)).await;
    other.expect("sent away, the first leaves the slot");
    world.later(HOUR);
    let third = world.invites(tenant, GUEST, world.stay(Duration::ZERO, HOUR)).await;
    third.expect("so does the end of the second");
}

async fn of_a_refused_invitation_nothing_is_kept_about_the_number(world: World) {
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    world.tenants_may(60, 1, 0).await.unwrap();
    world.invites(tenant, GUEST, world.stay(Duration::ZERO, HOUR)).await.unwrap();
    let known = world.count("SELECT COUNT(*) FROM users").await;
    let hours = [(Duration::ZERO, HOUR), (HOUR, 3 * HOUR)];
    for access in hours.map(|(from, until)| world.stay(from, until)).into_iter().chain([
        Access::Always,
        Access::Temporary(Stay::new(Timestamp::from_millis(0), Timestamp::from_millis(1)).unwrap()),
    ]) {
        world.invites(tenant, OTHER, access).await.unwrap_err();
    }
    let (people, id) = (world.store.people(), world.intercom.to_string());
    let share = people.share(tenant, id, World::phone(OTHER), false, world.now()).await;
    share.unwrap().unwrap_err();
    assert_eq!(world.count("SELECT COUNT(*) FROM users").await, known);
}

async fn tenant_settings_hold_for_tenants_who_are_there_and_of_two_saves_the_second_is_told(
    world: World,
) {
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    let (people, id) = (world.store.people(), world.intercom.to_string());
    let read = people.tenant_settings(tenant, id.clone(), world.now()).await.unwrap().unwrap();
    assert_eq!((read.settings, read.version), (TenantSettings::default(), 0));
    world.invites(tenant, GUEST, world.stay(Duration::ZERO, 12 * HOUR)).await.unwrap();
    world.invites(tenant, OTHER, world.stay(Duration::ZERO, HOUR)).await.unwrap();
    let saved = world.tenants_may(30, 2, 0).await.unwrap();
    assert_eq!(saved.version, 1);
    assert_eq!(world.tenants_may(15, 5, 0).await, Err(TenantSaveRefusal::Stale(saved)));
    let refused = world.invites(tenant, FULL, world.stay(Duration::ZERO, HOUR)).await;
    assert!(matches!(refused, Err(InviteRefusal::TooLong(_))));
    let refused = world.invites(tenant, FULL, world.stay(Duration::ZERO, HOUR / 2)).await;
    assert!(matches!(refused, Err(InviteRefusal::TooMany { active: 2, limit: 2, .. })));
    assert_eq!(world.people(tenant).await.unwrap().len(), 2, "nobody is sent away by it");
    let settings = saved.settings;
    let by_tenant = people.save_tenant_settings(tenant, id.clone(), settings, 1, world.now()).await;
    assert_eq!(by_tenant.unwrap(), Err(TenantSaveRefusal::Denied(Denied::NotOwner)));
    let always = world.invites(world.owner, FULL, Access::Always).await.unwrap().user;
    let read = people.tenant_settings(always, id, world.now()).await.unwrap();
    assert_eq!(read, Err(Denied::NotOwner));
}

async fn a_tenant_knows_their_own_guests_and_nobody_else(world: World) {
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    let always = world.invites(world.owner, OTHER, Access::Always).await.unwrap().user;
    let guest = world.invites(tenant, GUEST, world.stay(Duration::ZERO, HOUR)).await.unwrap();
    let seen: Vec<_> = world.people(tenant).await.unwrap().iter().map(|it| it.user).collect();
    assert_eq!(seen, [guest.user]);
    let (people, id) = (world.store.people(), world.intercom.to_string());
    let one = people.one(tenant, id.clone(), always, world.now()).await.unwrap();
    assert_eq!(one.unwrap_err(), Denied::Unknown);
    let nobody = world.signs_in(FULL).await.user;
    for user in [always, nobody, world.owner, tenant] {
        let refused = world.unshares(tenant, user, false).await;
        assert_eq!(refused.unwrap_err(), Denied::Unknown, "as if there were nobody");
    }
    assert_eq!(world.people(guest.user).await.unwrap_err(), Denied::NotOwner);
    assert_eq!(world.people(nobody).await.unwrap_err(), Denied::Unknown);
    let tenants = world.people(world.owner).await.unwrap();
    let tenants = tenants.iter().find(|it| it.user == tenant).unwrap();
    assert_eq!((tenants.invitations, tenants.codes), (1, Some(0)));
    let gone = world.unshares(world.owner, tenant, true).await.unwrap();
    assert_eq!(gone, Unshared { codes: 0, invitations: 1, effective_at: world.now() });
    assert_eq!(world.may(guest.user, Act::SeeDevice).await, Err(Denied::Unknown));
}

async fn s_3_x22_codes_stay_with_the_intercom_unless_they_are_revoked_with_their_maker(
    world: World,
) {
    let world = world.ready().await;
    let maker = world.may_make_codes(GUEST).await;
    let [kept, waiting] = [(); 2].map(|()| world.makes_code(maker));
    let (kept, waiting) = (kept.await.unwrap(), waiting.await.unwrap());
    let listed = world.people(world.owner).await.unwrap();
    assert_eq!(listed[0].codes, Some(2), "so the question can name them");
    world.unshares(world.owner, maker, false).await.unwrap();
    let refused = world.makes_code(maker).await.unwrap_err();
    assert_eq!(refused, IssueRefusal::Denied(Denied::Unknown));
    let attempt = world.redeems(world.asks_in(&kept)).await.expect("their guest still gets in");
    world.bridge_sends(&attempt).await.unwrap();

    let maker = world.may_make_codes(GUEST).await;
    world.issues().await;
    let gone = world.unshares(world.owner, maker, true).await.unwrap();
    assert_eq!((gone.codes, gone.invitations), (2, 0), "all of theirs, and only theirs");
    assert_eq!(gone.effective_at, attempt.deadline, "one is on the wire");
    let active = world.store.codes().active(world.owner, world.intercom.to_string(), world.now());
    assert_eq!(active.await.unwrap().unwrap().len(), 1);
    for code in [&kept, &waiting] {
        let events = world.store.events().of_code(code.pass.code.id).await.unwrap();
        assert!(events.iter().any(|event| event.kind == "pass.revoked"));
    }
    assert_eq!(world.unshares(world.owner, maker, true).await.unwrap().codes, 0);
}

async fn s_6_the_codes_of_all_who_make_them_count_in_one_limit(world: World) {
    let world = world.ready().await;
    let two = Settings { max_users: MaxUsers::new(2).unwrap(), ..world.settings() };
    world.saves(two).await.unwrap();
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    let grant = Change { one_time_access: Some(true), ..Change::default() };
    world.changes(world.owner, tenant, grant).await.unwrap();
    world.makes_code(tenant).await.unwrap();
    world.issues().await;
    let refused = world.makes_code(tenant).await.unwrap_err();
    assert!(matches!(refused, IssueRefusal::LimitReached { active: 2, limit: 2, .. }));
}

async fn who_is_invited_is_kept_sealed_and_forgotten_a_month_after_the_end(world: World) {
    world.invites(world.owner, GUEST, world.stay(Duration::ZERO, HOUR)).await.unwrap();
    world.store.sweep(world.now() + Duration::from_hours(24 * 30)).await.unwrap();
    assert_eq!(world.people(world.owner).await.unwrap().len(), 1);
    if let Some(path) = world.url.strip_prefix("sqlite:") {
        for file in [path.to_owned(), format!("{path}-wal")] {
            let bytes = std::fs::read(file).unwrap();
            let is_there = |word: &[u8]| bytes.windows(word.len()).any(|found| found == word);
            assert!(!is_there(b"Nomsa") && !is_there(b"Gardener") && !is_there(b"830000003"));
        }
    }
    world.store.sweep(world.now() + Duration::from_hours(24 * 30 + 2)).await.unwrap();
    assert!(world.people(world.owner).await.unwrap().is_empty());
}

async fn s_4_of_a_code_beside_the_end_of_its_maker_nothing_is_left(world: World) {
    race("issue/unshare", saved(world).await, 1, async |world, _| {
        let maker = world.may_make_codes(GUEST).await;
        let (at_work, owner) = (Arc::clone(&world), Arc::clone(&world));
        let made = async move { at_work.makes_code(maker).await };
        let gone = async move { owner.unshares(owner.owner, maker, true).await.unwrap() };
        let (made, gone) = both(made, gone).await;
        match made {
            Ok(_) => assert_eq!(gone.codes, 1, "made before, so revoked with them"),
            Err(refusal) => assert_eq!(refusal, IssueRefusal::Denied(Denied::Unknown)),
        }
        let id = world.intercom.to_string();
        let active = world.store.codes().active(world.owner, id, world.now()).await;
        assert!(active.unwrap().unwrap().is_empty());
    })
    .await;
}

async fn s_4_who_is_sent_away_revokes_before_that_or_not_at_all(world: World) {
    race("revoke/unshare", saved(world).await, 1, async |world, _| {
        let maker = world.may_make_codes(GUEST).await;
        let code = world.issues().await.pass.code.id;
        let (at_work, owner) = (Arc::clone(&world), Arc::clone(&world));
        let revoked = async move { at_work.revokes_as(maker, code).await };
        let gone = async move { owner.unshares(owner.owner, maker, true).await.unwrap() };
        let (revoked, _) = both(revoked, gone).await;
        let unknown = Err(RevokeRefusal::Denied(Denied::Unknown));
        assert!(revoked == Ok(()) || revoked == unknown, "{revoked:?}");
        assert_eq!(world.revokes_as(maker, code).await, unknown);
        world.revokes_as(world.owner, code).await.unwrap();
    })
    .await;
}

async fn of_two_guests_for_a_tenants_last_slot_one_is_invited(world: World) {
    let world = saved(world).await;
    world.tenants_may(60, 1, 0).await.unwrap();
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    race("invite/invite", world, 1, async move |world, _| {
        let stay = world.stay(Duration::ZERO, HOUR);
        let invites =
            |world: Arc<World>, number| async move { world.invites(tenant, number, stay).await };
        let one = invites(Arc::clone(&world), GUEST);
        let guest = match both(one, invites(Arc::clone(&world), OTHER)).await {
            (Ok(guest), Err(refusal)) | (Err(refusal), Ok(guest)) => {
                assert!(matches!(refusal, InviteRefusal::TooMany { active: 1, limit: 1, .. }));
                guest
            }
            answers => panic!("{answers:?}"),
        };
        world.unshares(tenant, guest.user, false).await.unwrap();
    })
    .await;
}

async fn x4_the_grant_is_the_owners_alone_to_give_and_to_take(world: World) {
    let full = world.invites(world.owner, FULL, Access::Full).await.unwrap().user;
    let friend = world.may_make_codes(OTHER).await;
    let no = || Err(InviteRefusal::Denied(Denied::NoPermission));
    let (people, id) = (world.store.people(), world.intercom.to_string());
    for (number, granted) in [(GUEST, true), (OTHER, false)] {
        let shared = people.share(full, id.clone(), World::phone(number), granted, world.now());
        assert_eq!(shared.await.unwrap().map(drop), no());
    }
    let take = Change { one_time_access: Some(false), ..Change::default() };
    assert_eq!(world.changes(full, friend, take).await.map(drop), no());
    let share = Share { access: Access::Always, one_time_access: true, wifi: true };
    let import = people.import(full, id, Vec::new(), share, true, world.now()).await.unwrap();
    assert_eq!(import.map(drop), no());
    assert_eq!(world.may(friend, Act::UseOneTimeAccess).await, Ok(()));
}

async fn x4_no_change_of_type_gives_the_grant_again_or_for_longer(world: World) {
    let full = world.invites(world.owner, FULL, Access::Full).await.unwrap().user;
    let guest = world.invites(world.owner, GUEST, world.stay(Duration::ZERO, HOUR)).await.unwrap();
    let (guest, grant) = (guest.user, Change { one_time_access: Some(true), ..Change::default() });
    world.changes(world.owner, guest, grant.clone()).await.unwrap();
    let always = Change { access: Some(Access::Always), ..Change::default() };
    let refused = world.changes(full, guest, always.clone()).await.unwrap_err();
    assert_eq!(refused, InviteRefusal::Denied(Denied::NoPermission));
    let called = Change { name: domain::name::PersonName::parse("Zoë").ok(), ..Change::default() };
    world.changes(full, guest, called).await.expect("a name is no right");
    world.later(HOUR);
    let back = world.changes(full, guest, always).await.unwrap().person;
    assert!(back.is_there() && !back.share.one_time_access, "{back:?}");
    assert_eq!(world.may(guest, Act::UseOneTimeAccess).await, Err(Denied::NoPermission));
    world.changes(world.owner, guest, grant).await.expect("anew, and by the owner");
    assert_eq!(world.may(guest, Act::UseOneTimeAccess).await, Ok(()));
}

async fn s_3_x22_codes_go_with_the_grant_if_so_asked(world: World) {
    let world = world.ready().await;
    let (stays, goes) = (world.may_make_codes(GUEST).await, world.may_make_codes(OTHER).await);
    let (kept, revoked) =
        (world.makes_code(stays).await.unwrap(), world.makes_code(goes).await.unwrap());
    let entry = world.redeems(world.asks_in(&revoked)).await.unwrap();
    world.gate_opens(&entry).await;
    let take = Change { one_time_access: Some(false), ..Change::default() };
    let told = world.changes(world.owner, stays, take.clone()).await.unwrap();
    assert_eq!((told.revoked, told.person.codes), (None, Some(1)));
    let both = Change { also_revoke: true, ..take };
    let told = world.changes(world.owner, goes, both.clone()).await.unwrap();
    let codes = CodesRevoked { codes: 1, effective_at: world.now() };
    assert_eq!((told.revoked, told.person.codes), (Some(codes), Some(0)));
    assert!(told.person.is_there() && !told.person.share.one_time_access);
    assert_eq!(world.makes_code(goes).await.unwrap_err(), NO_PERMISSION);
    assert_eq!(world.refused(world.asks_out(&revoked)).await, Refusal::Revoked);
    world.redeems(world.asks_in(&kept)).await.expect("it stays");
    let again = world.changes(world.owner, stays, both).await.unwrap();
    assert_eq!(again.revoked, None, "there is no grant to take");
}

const NO_PERMISSION: IssueRefusal = IssueRefusal::Denied(Denied::NoPermission);

async fn s_2_e01_who_may_not_use_codes_neither_learns_of_them_nor_revokes_them(world: World) {
    let world = world.ready().await;
    let full = world.invites(world.owner, FULL, Access::Full).await.unwrap().user;
    let host = world.may_make_codes(OTHER).await;
    let code = world.makes_code(host).await.unwrap();
    let seen = world.people(full).await.unwrap();
    assert!(seen.iter().all(|person| person.codes.is_none()), "{seen:?}");
    assert!(world.people(world.owner).await.unwrap().iter().any(|it| it.codes == Some(1)));
    let told = world.unshares(full, host, true).await.unwrap();
    assert_eq!((told.codes, told.effective_at), (0, world.now()));
    world.redeems(world.asks_in(&code)).await.expect("the code is not theirs to revoke");
    let told = world.unshares(world.owner, host, true).await.unwrap();
    assert_eq!(told.codes, 1, "the owner may, also when its maker has gone");
}

async fn nobody_takes_from_the_owner_what_is_theirs(world: World) {
    let world = world.ready().await;
    let full = world.invites(world.owner, FULL, Access::Full).await.unwrap().user;
    let issued = world.issues().await;
    let refused = world.unshares(full, world.owner, true).await;
    assert_eq!(refused.unwrap_err(), Denied::NotOwner);
    assert!(world.look(&issued.pass.link).await.pass.code.is_active(world.now()));
}

async fn who_is_given_more_is_no_tenants_guest_any_more(world: World) {
    let tenant = world.invites(world.owner, TENANT, Access::Tenant).await.unwrap().user;
    let stay = world.stay(Duration::ZERO, HOUR);
    let guest = world.invites(tenant, GUEST, stay).await.unwrap().user;
    assert_eq!(world.people(tenant).await.unwrap().len(), 1);
    let more = Change { access: Some(Access::Full), ..Change::default() };
    world.changes(world.owner, guest, more).await.unwrap();
    assert!(world.people(tenant).await.unwrap().is_empty());
    assert_eq!(world.unshares(tenant, guest, true).await.unwrap_err(), Denied::Unknown);
}

impl World {
    pub(crate) fn stay(&self, from: Duration, until: Duration) -> Access {
        Access::Temporary(Stay::new(self.now() + from, self.now() + until).expect("a stay"))
    }

    pub(crate) async fn invites(
        &self,
        by: UserId,
        number: &str,
        access: Access,
    ) -> Result<Person, InviteRefusal> {
        let invitation = Invitation {
            phone: Self::phone(number),
            share: Share { access, one_time_access: false, wifi: true },
            name: Some(domain::name::PersonName::parse("Nomsa").expect("a name")),
            notes: Some(domain::name::Notes::parse("Gardener").expect("notes")),
        };
        let (people, id) = (self.store.people(), self.intercom.to_string());
        people.invite(by, id, invitation, self.now()).await.expect("no fault")
    }

    async fn changes(
        &self,
        by: UserId,
        user: UserId,
        change: Change,
    ) -> Result<Changed, InviteRefusal> {
        let (people, id) = (self.store.people(), self.intercom.to_string());
        people.change(by, id, user, change, self.now()).await.expect("no fault")
    }

    async fn unshares(
        &self,
        by: UserId,
        user: UserId,
        also_revoke: bool,
    ) -> Result<Unshared, Denied> {
        let (people, id) = (self.store.people(), self.intercom.to_string());
        people.unshare(by, id, user, also_revoke, self.now()).await.expect("no fault")
    }

    pub(crate) async fn people(&self, by: UserId) -> Result<Vec<Person>, Denied> {
        let people = self.store.people().of(by, self.intercom.to_string(), self.now()).await;
        people.expect("no fault")
    }

    async fn may(&self, user: UserId, act: Act) -> Result<(), Denied> {
        let device = self.store.devices().details(user, self.intercom.to_string(), self.now());
        device.await.expect("no fault")?.role.may(act)
    }

    async fn tenants_may(
        &self,
        minutes: u32,
        at_once: u32,
        version: u64,
    ) -> Result<store::SavedTenantSettings, TenantSaveRefusal> {
        let settings = TenantSettings {
            longest: LongestStay::from_minutes(minutes).expect("on offer"),
            at_once: MaxInvitations::new(at_once).expect("on offer"),
        };
        let (people, id) = (self.store.people(), self.intercom.to_string());
        let saved = people.save_tenant_settings(self.owner, id, settings, version, self.now());
        saved.await.expect("no fault")
    }

    /// Somebody with this number may make codes from now on.
    async fn may_make_codes(&self, number: &str) -> UserId {
        let (people, id) = (self.store.people(), self.intercom.to_string());
        let shared = people.share(self.owner, id, Self::phone(number), true, self.now()).await;
        shared.expect("no fault").expect("shares").user
    }

    async fn makes_code(&self, user: UserId) -> Result<Issued, IssueRefusal> {
        let (device, guest) = (self.intercom.to_string(), self.guest());
        let key = format!("{:?}", guest.mobile);
        let issue = Issue { user, device, guest, key };
        self.store.codes().issue(issue, self.now()).await.expect("no fault")
    }

    async fn revokes_as(&self, user: UserId, code: CodeId) -> Result<(), RevokeRefusal> {
        let revoked = self.store.codes().revoke(user, code, self.now()).await.expect("no fault");
        revoked.map(drop)
    }
}
