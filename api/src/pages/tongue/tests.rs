use domain::Timestamp;

use super::super::words::{Moment, Words};
use super::*;

fn heard(wish: &str) -> Tongue {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_LANGUAGE, wish.parse().unwrap());
    Tongue::of(&headers)
}

#[test]
fn readers_get_the_language_that_they_like_best() {
    assert_eq!(heard("af"), Tongue::Afrikaans);
    assert_eq!(heard("af-ZA,en;q=0.8"), Tongue::Afrikaans);
    assert_eq!(heard("en-ZA,af;q=0.5"), Tongue::English);
    assert_eq!(heard("en;q=0.5,af;q=0.9"), Tongue::Afrikaans);
    assert_eq!(heard("zu,af;q=0.5"), Tongue::Afrikaans);
    assert_eq!(heard("af;q=0"), Tongue::English, "0 means: not this one");
    assert_eq!(heard("en; q=0.1, af; q=0.2"), Tongue::Afrikaans);
    assert_eq!(heard("zu"), Tongue::English);
    assert_eq!(heard("*"), Tongue::English);
    assert_eq!(heard("\u{ff}%%;;q=,"), Tongue::English);
    assert_eq!(Tongue::of(&HeaderMap::new()), Tongue::English);
}

#[test]
fn a_moment_is_told_in_the_zone_where_it_matters() {
    let at = Timestamp::from_millis(1_795_320_000_000);
    let told = |zone, tongue| Moment::new(at, zone).say(tongue);
    assert_eq!(told("Africa/Johannesburg", Tongue::English), "06:00 (SAST) on 22\u{a0}Nov");
    assert_eq!(told("Africa/Johannesburg", Tongue::Afrikaans), "06:00 (SAST) op 22\u{a0}Nov");
    assert_eq!(told("No/Where", Tongue::English), "04:00 (UTC) on 22\u{a0}Nov");
}

#[test]
fn one_is_not_many() {
    let left = |tries: u32| Words::of("guest-wrong-code").count("tries", tries);
    assert_eq!(left(1).note(Tongue::English), "That code is not right. 1 try left.");
    assert_eq!(left(4).note(Tongue::English), "That code is not right. 4 tries left.");
    assert_eq!(left(1).note(Tongue::Afrikaans), "Daardie kode is nie reg nie. Nog 1 poging.");
}
