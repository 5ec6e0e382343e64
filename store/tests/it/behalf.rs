//! Who is displaced writes nothing any more, however late the displacement comes (O-3b).

use std::sync::Arc;

use domain::Settings;
use domain::login::Client;
use domain::settings::MaxUsers;
use store::{Fault, Issue, IssueRefusal, Issued, SessionRefusal, Store};

use crate::rivals::all_at_once;
use crate::world::World;

crate::on_both_databases![
    o_3b_what_a_displaced_session_asks_for_is_not_written,
    o_3b_a_displaced_session_hears_so_before_any_other_refusal,
    o_3b_a_login_among_64_wishes_leaves_just_the_codes_that_were_granted,
];

const OWNER: &str = "+27821234567";

async fn asks(world: &World, store: &Store, n: usize) -> store::Answer<Issued, IssueRefusal> {
    let (user, device, key) = (world.owner, world.intercom.to_string(), format!("wish-{n}"));
    let issue = Issue { user, device, guest: world.guest(), key };
    store.codes().issue(issue, world.now()).await
}

fn is_displaced<T>(answer: &Result<T, Fault>) -> bool {
    let by_app =
        |how: &SessionRefusal| matches!(how, SessionRefusal::Displaced { by: Client::App, .. });
    matches!(answer, Err(Fault::SessionEnded(how)) if by_app(how))
}

async fn active(world: &World) -> usize {
    let (codes, intercom) = (world.store.codes(), world.intercom.to_string());
    codes.active(world.owner, intercom, world.now()).await.unwrap().unwrap().len()
}

async fn o_3b_what_a_displaced_session_asks_for_is_not_written(world: World) {
    let world = world.ready().await;
    let session = world.signs_in(OWNER).await.session;
    let store = world.store.on_behalf_of(session);
    asks(&world, &store, 1).await.unwrap().unwrap();
    world.signs_in(OWNER).await;
    assert!(is_displaced(&asks(&world, &store, 2).await));
    assert_eq!(active(&world).await, 1);
}

async fn o_3b_a_displaced_session_hears_so_before_any_other_refusal(world: World) {
    // Without settings no code is issued to anybody.
    let store = world.store.on_behalf_of(world.signs_in(OWNER).await.session);
    assert_eq!(asks(&world, &store, 1).await.unwrap().unwrap_err(), IssueRefusal::SettingsMissing);
    world.signs_in(OWNER).await;
    assert!(is_displaced(&asks(&world, &store, 2).await));
}

async fn o_3b_a_login_among_64_wishes_leaves_just_the_codes_that_were_granted(world: World) {
    let fifty = Settings { max_users: MaxUsers::new(50).unwrap(), ..world.settings() };
    world.saves(fifty).await.unwrap();
    let world = Arc::new(world);
    let store = world.store.on_behalf_of(world.signs_in(OWNER).await.session);
    let answers = all_at_once(|n| {
        let (world, store) = (Arc::clone(&world), store.clone());
        async move {
            if n == 7 {
                world.signs_in(OWNER).await;
                return None;
            }
            Some(asks(&world, &store, n).await)
        }
    })
    .await;
    let mut granted = 0;
    for answer in answers.into_iter().flatten() {
        if is_displaced(&answer) {
            continue;
        }
        match answer.unwrap() {
            Ok(_) => granted += 1,
            Err(refusal) => assert!(matches!(refusal, IssueRefusal::LimitReached { .. })),
        }
    }
    assert_eq!(active(&world).await, granted);
    assert!(is_displaced(&asks(&world, &store, 64).await));
}
