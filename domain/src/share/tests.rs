use proptest::prelude::*;

use super::*;

/// Minutes from one moment to another.
const MINUTE: i64 = 60_000;

fn at(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn times(days: &[Day], from: &str, until: &str) -> Times {
    Times::new(days, Minute::parse(from).unwrap(), Minute::parse(until).unwrap()).unwrap()
}

fn repeat(days: &[Day], from: &str, until: &str) -> Access {
    Access::Repeat(times(days, from, until))
}

#[test]
fn repeat_access_holds_on_its_days_at_its_hours_in_the_zone_of_the_device() {
    let zone = zone("Africa/Johannesburg");
    let weekdays = repeat(&Day::ALL[..5], "08:00", "17:00");
    let holds = |moment| weekdays.holds(Some(&zone), at(moment));
    let monday = Holds::From(Some(at("2026-11-23T06:00:00Z")));
    assert_eq!(holds("2026-11-23T05:59:59Z"), monday, "07:59:59 there");
    assert_eq!(holds("2026-11-23T06:00:00Z"), Holds::Now);
    assert_eq!(holds("2026-11-23T14:59:59Z"), Holds::Now);
    let tuesday = Holds::From(Some(at("2026-11-24T06:00:00Z")));
    assert_eq!(holds("2026-11-23T15:00:00Z"), tuesday, "until 17:00, and not at it");
    assert_eq!(holds("2026-11-21T10:00:00Z"), monday, "a Saturday");
    assert_eq!(weekdays.holds(None, at("2026-11-23T06:00:00Z")), Holds::From(None));
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
    let zone = zone("Africa/Johannesburg");
    let friday = repeat(&[Day::Friday], "22:00", "06:00");
    let holds = |moment| friday.holds(Some(&zone), at(moment)) == Holds::Now;
    assert!(!holds("2026-11-20T03:00:00Z"), "the morning of Friday");
    assert!(holds("2026-11-20T20:00:00Z") && holds("2026-11-21T03:59:59Z"));
    assert!(!holds("2026-11-21T04:00:00Z") && !holds("2026-11-21T20:00:00Z"));
    let round = repeat(&[Day::Friday], "12:00", "12:00");
    let holds = |moment| round.holds(Some(&zone), at(moment)) == Holds::Now;
    assert!(holds("2026-11-20T10:00:00Z") && holds("2026-11-21T09:59:59Z"));
    assert!(!holds("2026-11-20T09:59:59Z") && !holds("2026-11-21T10:00:00Z"));
}

#[test]
fn on_a_night_when_the_clocks_change_the_clock_on_the_wall_decides() {
    let berlin = zone("Europe/Berlin");
    // 29 March 2026: after 01:59 comes 03:00.
    let night = repeat(&[Day::Sunday], "02:30", "05:00");
    let holds = |moment| night.holds(Some(&berlin), at(moment));
    assert_eq!(holds("2026-03-29T00:59:59Z"), Holds::From(Some(at("2026-03-29T01:00:00Z"))));
    assert_eq!(holds("2026-03-29T01:00:00Z"), Holds::Now, "03:00, straight into the hours");
    // Hours that there are not on that day are told of a week later.
    let gone = repeat(&[Day::Sunday], "02:10", "02:50");
    let next = Holds::From(Some(at("2026-04-05T00:10:00Z")));
    assert_eq!(gone.holds(Some(&berlin), at("2026-03-29T00:30:00Z")), next);
    // 25 October 2026: 02:00 to 03:00 comes twice.
    let twice = repeat(&[Day::Sunday], "02:15", "02:45");
    let holds = |moment| twice.holds(Some(&berlin), at(moment));
    assert_eq!(holds("2026-10-25T00:20:00Z"), Holds::Now);
    assert_eq!(holds("2026-10-25T00:50:00Z"), Holds::From(Some(at("2026-10-25T01:15:00Z"))));
    assert_eq!(holds("2026-10-25T01:20:00Z"), Holds::Now);
}

#[test]
fn temporary_access_holds_from_its_first_millisecond_to_its_last_and_then_has_ended() {
    let (from, until) = (Timestamp::from_millis(1000), Timestamp::from_millis(2000));
    let stay = Access::Temporary(Stay::new(from, until).unwrap());
    let holds = |millis| stay.holds(None, Timestamp::from_millis(millis));
    assert_eq!(holds(999), Holds::From(Some(from)));
    assert_eq!([holds(1000), holds(1999)], [Holds::Now; 2]);
    assert_eq!([holds(2000), holds(9999)], [Holds::Ended; 2]);
    assert_eq!(Stay::new(until, until), Err(InvalidStay));
    assert_eq!(Stay::new(until, from), Err(InvalidStay));
}

#[test]
fn a_tenant_may_invite_for_as_long_and_as_often_as_the_settings_say() {
    let settings = TenantSettings {
        longest: LongestStay::from_minutes(60).unwrap(),
        at_once: MaxInvitations::new(2).unwrap(),
    };
    let stay = |minutes: i64| {
        let begin = Timestamp::from_millis(7);
        Stay::new(begin, Timestamp::from_millis(7 + minutes * MINUTE)).unwrap()
    };
    assert_eq!(settings.admit(stay(60), 1), Ok(()));
    assert_eq!(settings.admit(stay(61), 1), Err(TooMuch::Time));
    assert_eq!(settings.admit(stay(60), 2), Err(TooMuch::Invitations));
    let lengths = |minutes: &u32| LongestStay::from_minutes(*minutes).is_ok();
    assert_eq!((0..9999).filter(lengths).collect::<Vec<_>>(), (15..=4320).collect::<Vec<_>>());
    assert_eq!((settings.longest.minutes(), settings.at_once.count()), (60, 2));
    let counts = |count: &u32| MaxInvitations::new(*count).is_ok();
    assert_eq!((0..999).filter(counts).collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
}

#[test]
fn times_are_read_as_a_clock_shows_them() {
    assert_eq!(Minute::parse("08:30").unwrap().as_number(), 510);
    assert_eq!(Minute::parse("23:59").unwrap().to_string(), "23:59");
    for text in ["", "8:30", "24:00", "12:60", "12:3", "+1:30", "12:30:00", "ab:cd", "１２:30"] {
        assert_eq!(Minute::parse(text), Err(InvalidTimes), "{text:?}");
    }
    let noon = Minute::parse("12:00").unwrap();
    assert_eq!(Times::new(&[], noon, noon), Err(InvalidTimes));
    assert_eq!(Times::of_bits(128, noon, noon), Err(InvalidTimes));
    let days: Vec<_> = times(&[Day::Sunday, Day::Monday], "12:00", "13:00").days().collect();
    assert_eq!(days, [Day::Monday, Day::Sunday]);
    assert!(Day::ALL.into_iter().all(|day| Day::parse(day.as_str()) == Ok(day)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Walks the clock minute by minute over the nights on which it changes.
    #[test]
    fn the_next_moment_that_is_told_is_the_first_minute_at_which_it_holds(
        days in 1_u8..128, from in 0_u16..1440, until in 0_u16..1440, begin in 0_i64..2880,
        autumn: bool, place in prop::sample::select(vec!["Europe/Berlin", "Australia/Lord_Howe"]),
    ) {
        let zone = zone(place);
        let minute = |minutes| Minute::of_day(minutes).unwrap();
        let times = Times::of_bits(days, minute(from), minute(until)).unwrap();
        let berlin = place == "Europe/Berlin";
        let change = match (berlin, autumn) {
            (true, true) => "2026-10-24T12:00:00Z",
            (true, false) => "2026-03-28T12:00:00Z",
            (false, true) => "2026-04-04T12:00:00Z",
            (false, false) => "2026-10-03T12:00:00Z",
        };
        let moment = |minutes: i64| Timestamp::from_millis(at(change).as_millis() + minutes * MINUTE);
        prop_assume!(!times.hold(&zone, moment(begin)));
        // Whatever recurs weekly comes within two weeks.
        let mut fortnight = begin..begin + 14 * 1440;
        let first = fortnight.find(|minutes| times.hold(&zone, moment(*minutes))).map(moment);
        prop_assert_eq!(times.next(&zone, moment(begin)), first);
    }
}

#[test]
fn the_words_and_bits_in_the_books_are_kept() {
    let stay = Stay::new(at("2026-11-23T06:00:00Z"), at("2026-11-23T07:00:00Z")).unwrap();
    let repeat = times(&[Day::Monday, Day::Wednesday, Day::Sunday], "22:00", "06:30");
    let all = [
        Access::Full,
        Access::Tenant,
        Access::Always,
        Access::Repeat(repeat),
        Access::Temporary(stay),
    ];
    assert_eq!(
        all.map(|access| access.as_str()),
        ["full", "tenant", "always", "repeat", "temporary"]
    );
    assert_eq!(repeat.bits(), 0b100_0101);
    let kept = Times::of_bits(repeat.bits(), repeat.from(), repeat.until());
    assert_eq!(kept, Ok(repeat));
    assert_eq!((repeat.from().as_number(), repeat.until().as_number()), (22 * 60, 6 * 60 + 30));
    assert_eq!(
        (repeat.from().to_string(), repeat.until().to_string()),
        ("22:00".into(), "06:30".into())
    );
    assert_eq!(stay.span(), Duration::from_hours(1));
    assert_eq!(KEPT_AFTER_END, Duration::from_hours(720));
}
