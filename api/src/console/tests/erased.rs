//! Guests who were forgotten, as their hosts see them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::privacy::GuestsKept;

use crate::guest::tests::world::{Browser, World};

#[tokio::test]
async fn p_13_the_history_tells_what_happened_and_not_with_whom() {
    let world = World::new().await;
    let issued = world.issues().await;
    world.revokes(&issued).await;
    let listed = format!("/v1/intercoms/{}/history", world.intercom);
    let told = world.owner_asks(Method::GET, &listed, "").await.is(StatusCode::OK);
    told.says(r#""guest_name":"Thandi""#);
    world.later(Duration::from_hours(30 * 24));
    let kept = GuestsKept::default();
    assert_eq!(world.store.privacy().forget_guests(kept, world.now()).await.unwrap(), 1);
    let told = world.owner_asks(Method::GET, &listed, "").await.is(StatusCode::OK);
    told.says(r#""guest_name":null"#).says(r#""state":"revoked""#);

    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let code = format!("/console/codes/{}", issued.pass.code.id);
    let page = owner.get(&format!("/console/intercoms/{}/history", world.intercom)).await;
    let page = page.says("guest (erased)").says("deleted at").says("Made by you");
    page.does_not_say("Thandi").does_not_say(&code);
    for path in [code.clone(), format!("{code}/send"), format!("{code}/delete")] {
        owner.get(&path).await.is(StatusCode::NOT_FOUND);
    }
    let link = format!("/{}", issued.pass.link.reveal());
    world.browser().get(&link).await.is(StatusCode::NOT_FOUND).does_not_say("Thandi");
}

/// O-10: somebody is inside, whoever they were.
#[tokio::test]
async fn o_10_a_guest_who_was_erased_while_inside_is_let_out_from_the_list() {
    let world = World::new().await;
    let issued = world.issues().await;
    world.lets_in(&issued).await;
    let guest = issued.pass.guest.mobile.clone();
    world.store.privacy().erase(guest, true, world.now()).await.unwrap().unwrap();
    let mut owner = world.browser();
    owner.signs_in(&world).await;
    let list = format!("/console/intercoms/{}/codes", world.intercom);
    let let_out = format!("/console/codes/{}/let-out", issued.pass.code.id);
    owner.get(&list).await.says("guest (erased)").says(&let_out);
    let page = owner.get(&let_out).await.is(StatusCode::OK).says("whose name was erased?");
    let seen = owner.post(&let_out, &[("key", &page.hidden("key"))]).await;
    Browser::leads(&seen, &list);
    let due = world.store.attempts().due(world.now()).await.unwrap();
    assert_eq!(due.len(), 1, "the way out is asked for");
    assert_eq!(due[0].attempt.leg(), Some(domain::Leg::Exit));
}
