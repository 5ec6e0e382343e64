//! What a thief finds in the database: nothing that opens or names anybody.

use std::sync::Arc;
use std::time::Duration;

use domain::login::Client;
use domain::secret::{ApiKeyToken, LoginToken, Otp};
use store::{Keys, Store};

use crate::world::{Seeded, World};

/// O-5, I-1: after a whole story the SQLite files hold no secret and no personal data in clear.
#[tokio::test]
async fn a_stolen_database_holds_no_secret_in_clear() {
    let world = World::on_sqlite().await.ready().await;
    let issued = world.issues_and_lets_in().await;
    let (token, otp) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
    let phone = World::phone("+27831112222");
    let (logins, sending, now) = (world.store.logins(), World::sending(), world.now());
    let begun = logins.begin(phone, Client::App, otp.clone(), token.clone(), sending, now);
    begun.await.unwrap().unwrap();
    let (excepted, until) = (World::phone("+18762345678"), now + Duration::from_hours(1));
    let (why, by) = ("a guest house".to_owned(), "Naledi".to_owned());
    world.store.exceptions().allow(excepted, until, why, by, now).await.unwrap();
    let key = ApiKeyToken::random(&*world.dice);
    let made = world.store.api_keys().make(world.asks_for_a_key("list", &key), now).await;
    made.unwrap().unwrap();
    world.store.close().await;
    let path = world.url.strip_prefix("sqlite:").unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let mobile = issued.pass.guest.mobile.reveal().to_owned();
    for (what, secret) in [
        ("link", issued.pass.link.reveal().into_bytes()),
        ("link bytes", issued.pass.link.reveal_bytes().to_vec()),
        ("reference", issued.pass.reference.reveal_bytes().to_vec()),
        ("guest name", b"Thandi".to_vec()),
        ("guest mobile", mobile.into_bytes()),
        ("owner phone", b"27821234567".to_vec()),
        ("login phone", b"27831112222".to_vec()),
        ("prefix of the login phone", b"2783111".to_vec()),
        ("address of who asked", vec![127, 0, 0, 1]),
        ("excepted phone", b"18762345678".to_vec()),
        ("why it is excepted", b"a guest house".to_vec()),
        ("by whom", b"Naledi".to_vec()),
        ("login pin", otp.reveal().into_bytes()),
        ("API key", key.reveal().into_bytes()),
        ("API key bytes", key.reveal_bytes().to_vec()),
        ("login token", token.reveal_bytes().to_vec()),
    ] {
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{what} stands in clear in the database");
    }
}

/// A database is not opened with another key at all: nothing would be sealed beside what it has.
#[tokio::test]
async fn another_key_opens_nothing() {
    let world = World::on_sqlite().await.ready().await;
    world.issues().await;
    let other = Keys { seal: [9; 32], pepper: [2; 32] };
    let opened = Store::open(&world.url, &other, Arc::new(Seeded::default())).await;
    assert!(matches!(opened.err(), Some(store::Fault::WrongKeys)));
}

/// A second start finds everything as it was.
#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let world = World::on_sqlite().await.ready().await;
    let issued = world.issues_and_lets_in().await;
    world.store.close().await;
    let keys = crate::world::KEYS;
    let store = Store::open(&world.url, &keys, Arc::new(Seeded::default())).await.unwrap();
    let details = store
        .codes()
        .details(world.owner, issued.pass.code.id, world.now())
        .await
        .unwrap()
        .unwrap();
    let standing = details.pass.code.standing(world.now());
    assert_eq!(standing, domain::access_code::Standing::Inside { since: world.now() });
}
