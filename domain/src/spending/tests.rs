//! Examples of each budget, and random floods against all of them.

use proptest::prelude::*;

use super::*;

const NOON: Timestamp = Timestamp::from_millis(1_780_000_000_000);

const GOOD: Track = Track { sent: 50, used: 30 };

fn after(span: Duration) -> Timestamp {
    NOON + span
}

fn judged(books: &Books) -> Result<(), Held> {
    Budgets::default().judge("ZA", Channel::Sms, books, NOON)
}

#[test]
fn a_budget_is_full_until_its_oldest_send_is_old_enough() {
    let limit = Limit { most: 2, within: HOUR };
    assert_eq!(limit.next(None, NOON), NOON);
    assert_eq!(limit.next(Some(NOON), NOON), after(HOUR));
    assert_eq!(limit.next(Some(NOON), after(HOUR)), after(HOUR));
    assert_eq!(limit.next(Some(NOON), after(DAY)), after(DAY));
}

#[test]
fn sends_are_remembered_for_thirty_days_and_each_reason_says_what_was_used_up() {
    assert_eq!(MEMORY, Duration::from_hours(720));
    for (reason, word) in [
        (Reason::Address, "address"),
        (Reason::Prefix, "beginning"),
        (Reason::Country, "went there"),
        (Reason::OnTheirWay, "on their way"),
        (Reason::Unused, "used"),
        (Reason::Money, "cost"),
    ] {
        assert!(reason.as_str().contains(word), "{reason:?}");
    }
}

#[test]
fn of_all_that_is_used_up_the_longest_wait_is_told() {
    assert_eq!(judged(&Books::default()), Ok(()));
    let full = Some(NOON);
    let prefix = Books { prefix: full, ..Books::default() };
    assert_eq!(judged(&prefix), Err(Held { by: Reason::Prefix, until: after(HOUR) }));
    let both = Books { country: full, ..prefix };
    assert_eq!(judged(&both), Err(Held { by: Reason::Country, until: after(DAY) }));
    let address = Books { address: full, ..Books::default() };
    assert_eq!(judged(&address), Err(Held { by: Reason::Address, until: after(DAY) }));
    let crowded = Books { on_their_way: full, ..Books::default() };
    assert_eq!(judged(&crowded), Err(Held { by: Reason::OnTheirWay, until: after(TYPING) }));
}

#[test]
fn a_country_has_its_own_budget_where_one_is_set() {
    let of_countries = BTreeMap::from([("ZA".to_owned(), 5000)]);
    let budgets = Budgets { of_countries, ..Budgets::default() };
    assert_eq!(budgets.per_country("ZA").most, 5000);
    assert_eq!(budgets.per_country("NA").most, 1000);
}

#[test]
fn a_country_is_held_back_when_of_fifty_pins_fewer_than_ten_are_used() {
    let standing = |sent, used| Track { sent, used }.standing();
    assert_eq!(standing(0, 0), Standing::Unknown);
    assert_eq!(standing(9, 9), Standing::Unknown);
    assert_eq!(standing(10, 2), Standing::Good);
    assert_eq!(standing(10, 1), Standing::Unknown);
    assert_eq!(standing(49, 0), Standing::Unknown);
    assert_eq!(standing(50, 9), Standing::HeldBack);
    assert_eq!(standing(50, 10), Standing::Good);
}

#[test]
fn to_a_country_that_is_held_back_one_pin_a_minute_goes() {
    let track = Track { sent: 50, used: 0 };
    let quiet = Books { track, ..Books::default() };
    assert_eq!(judged(&quiet), Ok(()));
    let just_sent = Books { trickle: Some(NOON), ..quiet };
    assert_eq!(judged(&just_sent), Err(Held { by: Reason::Unused, until: after(MINUTE) }));
    let in_good_standing = Books { track: GOOD, ..just_sent };
    assert_eq!(judged(&in_good_standing), Ok(()));
}

#[test]
fn half_of_the_money_is_for_countries_whose_pins_are_used() {
    let spent = |spent, track| Books { spent, spent_since: Some(NOON), track, ..Books::default() };
    let held = Err(Held { by: Reason::Money, until: after(HOUR) });
    assert_eq!(judged(&spent(10_000_000 - 60_000, Track::default())), Ok(()));
    assert_eq!(judged(&spent(10_000_000 - 59_999, Track::default())), held);
    assert_eq!(judged(&spent(10_000_000, GOOD)), Ok(()));
    assert_eq!(judged(&spent(20_000_000 - 60_000, GOOD)), Ok(()));
    assert_eq!(judged(&spent(20_000_000 - 59_999, GOOD)), held);
}

/// One send of a random flood.
#[derive(Clone, Debug)]
struct Sent {
    country: &'static str,
    prefix: u8,
    address: u8,
    channel: Channel,
    at: Timestamp,
    used: bool,
}

fn floods() -> impl Strategy<Value = Vec<(Sent, u64)>> {
    let country = prop_oneof![Just("ZA"), Just("JM"), Just("CU")];
    let channel = prop_oneof![Just(Channel::Whatsapp), Just(Channel::Sms)];
    let pause_ms = prop_oneof![Just(0_u64), 0..5_000_u64, 0..600_000_u64];
    let one = (country, 0..4_u8, 0..6_u8, channel, any::<bool>(), pause_ms).prop_map(
        |(country, prefix, address, channel, used, pause)| {
            (Sent { country, prefix, address, channel, at: NOON, used }, pause)
        },
    );
    proptest::collection::vec(one, 1..400)
}

/// When the oldest of the latest went out that fill a limit, as `store` reads it.
fn filled<'a>(
    sends: impl DoubleEndedIterator<Item = &'a Sent>,
    limit: Limit,
    now: Timestamp,
) -> Option<Timestamp> {
    let inside = |sent: &&Sent| now < sent.at + limit.within;
    sends.rev().filter(inside).nth(usize::try_from(limit.most - 1).unwrap()).map(|sent| sent.at)
}

fn books(sends: &[Sent], next: &Sent, budgets: &Budgets, now: Timestamp) -> Books {
    let of_country = || sends.iter().filter(|sent| sent.country == next.country);
    let of_prefix = of_country().filter(|sent| sent.prefix == next.prefix);
    let of_address = sends.iter().filter(|sent| sent.address == next.address);
    let settled: Vec<&Sent> = of_country().filter(|sent| sent.at + TYPING <= now).collect();
    let latest = settled.iter().rev().take(50);
    let used = latest.clone().filter(|sent| sent.used).count();
    let paid = || sends.iter().filter(|sent| now < sent.at + MONEY_WITHIN);
    Books {
        address: filled(of_address, budgets.per_address(), now),
        prefix: filled(of_prefix, PER_PREFIX, now),
        country: filled(of_country(), budgets.per_country(next.country), now),
        on_their_way: filled(of_country().filter(|sent| !sent.used), ON_THEIR_WAY, now),
        trickle: filled(of_country(), TRICKLE, now),
        track: Track { sent: count_of(latest.count()), used: count_of(used) },
        spent: paid().map(|sent| u64::from(budgets.price(sent.channel))).sum(),
        spent_since: paid().map(|sent| sent.at).min(),
    }
}

fn count_of(sends: usize) -> u32 {
    u32::try_from(sends).unwrap()
}

proptest! {
    /// Whatever comes in whatever order: no window of any budget ever holds more than it may.
    #[test]
    fn no_flood_gets_past_a_budget(flood in floods()) {
        let budgets = Budgets {
            per_address_a_day: 25,
            per_country_a_day: 60,
            money_an_hour: 1_500_000,
            ..Budgets::default()
        };
        let (mut sends, mut now): (Vec<Sent>, _) = (Vec::new(), NOON);
        for (next, pause_ms) in flood {
            now = now + Duration::from_millis(pause_ms);
            let books = books(&sends, &next, &budgets, now);
            match budgets.judge(next.country, next.channel, &books, now) {
                Ok(()) => sends.push(Sent { at: now, ..next }),
                Err(held) => prop_assert!(now < held.until, "waiting must make sense"),
            }
        }
        for (index, last) in sends.iter().enumerate() {
            let until_then = &sends[..=index];
            let count = |within: Duration, same: &dyn Fn(&Sent) -> bool| {
                let inside = |sent: &&Sent| last.at < sent.at + within && same(sent);
                until_then.iter().filter(inside).count()
            };
            let here = |sent: &Sent| sent.country == last.country;
            prop_assert!(count(DAY, &|sent| sent.address == last.address) <= 25);
            prop_assert!(count(DAY, &here) <= 60);
            prop_assert!(count(HOUR, &|sent| here(sent) && sent.prefix == last.prefix) <= 10);
            prop_assert!(count(TYPING, &|sent| here(sent) && !sent.used) <= 50);
            let paid = until_then.iter().filter(|sent| last.at < sent.at + MONEY_WITHIN);
            let cost: u64 = paid.map(|sent| u64::from(budgets.price(sent.channel))).sum();
            prop_assert!(cost <= 1_500_000);
        }
    }
}
