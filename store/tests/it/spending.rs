//! What pins may cost: each budget as the database keeps it, and the exceptions of operators.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::channel::{Cause, Wish};
use domain::country::{BlockedPrefixes, Reach};
use domain::login::{Channel, Client};
use domain::secret::{LoginToken, Otp, SessionToken};
use domain::spending::{Budgets, Reason, Rules, Track};
use store::{Handed, HeldBack, LoginRefusal, Sending, Store, Withheld};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::World;

crate::on_both_databases![
    p_8_a_prefix_gets_ten_pins_an_hour_and_its_neighbours_theirs,
    an_address_has_thirty_pins_a_day,
    a_country_has_a_budget_of_its_own,
    an_hour_costs_no_more_than_it_may_and_half_is_for_countries_in_good_standing,
    a_country_whose_pins_nobody_uses_is_held_back_and_comes_back_by_itself,
    a_restart_refills_nothing,
    a_pin_that_did_not_go_out_costs_nothing,
    of_64_sends_at_once_no_budget_gets_one_too_many,
    o_1f_an_exception_lets_one_number_through_until_it_ends,
    what_was_spent_long_ago_is_forgotten,
];

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn by(rules: Rules) -> Sending {
    Sending { rules: Arc::new(rules), ..World::sending() }
}

fn from(sending: &Sending, address: u32) -> Sending {
    Sending { network: IpAddr::V4(address.into()), ..sending.clone() }
}

fn budgets(budgets: Budgets) -> Sending {
    by(Rules { budgets, ..Rules::default() })
}

impl World {
    /// Asks for a pin; answers the login when it was sent.
    async fn is_sent(&self, phone: &str, sending: &Sending) -> Result<(LoginToken, Otp), Withheld> {
        sends(&self.store, self, phone, sending).await
    }

    /// Why no pin is sent, and how long none is.
    async fn held(&self, phone: &str, sending: &Sending) -> (Reason, Duration) {
        match self.is_sent(phone, sending).await {
            Err(Withheld::Held { held, .. }) => (held.by, self.now().until(held.until)),
            Ok(_) => panic!("{phone} was sent a pin"),
            Err(Withheld::Blocked) => panic!("{phone} is blocked"),
        }
    }

    /// Somebody asks for a pin and signs in with it.
    async fn uses(&self, phone: &str, sending: &Sending) {
        let (token, otp) = self.is_sent(phone, sending).await.unwrap();
        let session = SessionToken::random(&*self.dice);
        let verified = self.store.logins().verify(token, otp, session, self.now());
        verified.await.unwrap().unwrap();
    }
}

async fn sends(
    store: &Store,
    world: &World,
    phone: &str,
    sending: &Sending,
) -> Result<(LoginToken, Otp), Withheld> {
    let (token, otp) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
    let (phone, sending) = (World::phone(phone), sending.clone());
    let (client, now) = (Client::App, world.now());
    let begun = store.logins().begin(phone, client, otp.clone(), token.clone(), sending, now);
    match begun.await.unwrap() {
        Ok(_) => Ok((token, otp)),
        Err(LoginRefusal::Withheld(why)) => Err(why),
        Err(other) => panic!("the number has its own pace: {other:?}"),
    }
}

/// The n-th number of a prefix of Namibia.
fn namibian(prefix: u32, last: u32) -> String {
    format!("+26481{:03}{last:04}", 200 + prefix)
}

async fn p_8_a_prefix_gets_ten_pins_an_hour_and_its_neighbours_theirs(world: World) {
    let sending = World::sending();
    for last in 0..10 {
        world.is_sent(&namibian(0, last), &sending).await.unwrap();
    }
    world.later(Duration::from_mins(20));
    assert_eq!(world.held(&namibian(0, 10), &sending).await, (Reason::Prefix, 2 * HOUR / 3));
    world.is_sent(&namibian(1, 10), &sending).await.unwrap();
    world.later(2 * HOUR / 3);
    world.is_sent(&namibian(0, 10), &sending).await.unwrap();
}

async fn an_address_has_thirty_pins_a_day(world: World) {
    let sending = from(&World::sending(), 1);
    for count in 0..30 {
        world.is_sent(&namibian(count, 0), &sending).await.unwrap();
    }
    world.later(HOUR);
    assert_eq!(world.held(&namibian(30, 0), &sending).await, (Reason::Address, 23 * HOUR));
    world.is_sent(&namibian(30, 0), &from(&sending, 2)).await.unwrap();
    world.later(23 * HOUR);
    world.is_sent(&namibian(31, 0), &sending).await.unwrap();
}

async fn a_country_has_a_budget_of_its_own(world: World) {
    let of_countries = [("NA".to_owned(), 3)].into();
    let sending = budgets(Budgets { of_countries, ..Budgets::default() });
    for count in 0..3 {
        world.is_sent(&namibian(count, 0), &sending).await.unwrap();
    }
    assert_eq!(world.held(&namibian(3, 0), &sending).await, (Reason::Country, DAY));
    world.is_sent("+27831110000", &sending).await.unwrap();
}

async fn an_hour_costs_no_more_than_it_may_and_half_is_for_countries_in_good_standing(
    world: World,
) {
    let sending =
        budgets(Budgets { money_an_hour: 300_000, sms_price: 60_000, ..Budgets::default() });
    for count in 0..12 {
        world.uses(&format!("+278311{count:02}000"), &sending).await;
        world.later(HOUR);
    }
    for count in 0..2 {
        world.is_sent(&namibian(count, 0), &sending).await.unwrap();
    }
    assert_eq!(world.held(&namibian(2, 0), &sending).await, (Reason::Money, HOUR));
    for count in 20..23 {
        world.is_sent(&format!("+278311{count}000"), &sending).await.unwrap();
    }
    assert_eq!(world.held("+27831123000", &sending).await, (Reason::Money, HOUR));
    let spent = world.store.spending().seen(world.now()).await.unwrap();
    assert_eq!((spent.in_an_hour, spent.held_back), (300_000, Vec::new()));
    world.later(HOUR);
    world.is_sent(&namibian(2, 0), &sending).await.unwrap();
}

async fn a_country_whose_pins_nobody_uses_is_held_back_and_comes_back_by_itself(world: World) {
    let sending = budgets(Budgets { per_address_a_day: 1000, ..Budgets::default() });
    for count in 0..50 {
        world.is_sent(&namibian(count, 0), &sending).await.unwrap();
    }
    let typing = Duration::from_mins(2);
    assert_eq!(world.held(&namibian(50, 0), &sending).await, (Reason::OnTheirWay, typing));
    world.later(typing);
    world.is_sent(&namibian(50, 0), &sending).await.unwrap();
    let minute = Duration::from_mins(1);
    assert_eq!(world.held(&namibian(51, 0), &sending).await, (Reason::Unused, minute));
    world.is_sent("+27831110000", &sending).await.unwrap();
    let seen = world.store.spending().seen(world.now()).await.unwrap();
    let track = Track { sent: 50, used: 0 };
    assert_eq!(seen.held_back, [HeldBack { region: "NA".to_owned(), track }]);

    // One a minute goes through, and they are people's.
    for count in 0..10 {
        world.later(minute);
        world.uses(&namibian(100 + count, 0), &sending).await;
    }
    world.later(typing);
    assert_eq!(world.store.spending().seen(world.now()).await.unwrap().held_back, []);
    world.is_sent(&namibian(120, 0), &sending).await.unwrap();
    world.is_sent(&namibian(121, 0), &sending).await.unwrap();
}

async fn a_restart_refills_nothing(world: World) {
    let sending = World::sending();
    for last in 0..10 {
        world.is_sent(&namibian(0, last), &sending).await.unwrap();
    }
    world.store.close().await;
    let store = Store::open(&world.url, &crate::world::KEYS, world.dice.clone()).await.unwrap();
    let refused = sends(&store, &world, &namibian(0, 10), &sending).await.unwrap_err();
    assert!(
        matches!(refused, Withheld::Held { held, .. } if held.by == Reason::Prefix),
        "{refused:?}"
    );
}

async fn a_pin_that_did_not_go_out_costs_nothing(world: World) {
    let sending = World::sending();
    let spent = async || world.store.spending().seen(world.now()).await.unwrap().in_an_hour;
    let before = spent().await;
    for last in 0..20 {
        let phone = namibian(0, last);
        let (token, otp) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
        let (logins, sending, now) = (world.store.logins(), sending.clone(), world.now());
        let begun = logins.begin(World::phone(&phone), Client::App, otp, token, sending, now);
        let pin = begun.await.unwrap().unwrap().pin;
        assert_eq!(spent().await, before + 60_000);
        let not_sent = Handed::NotSent(Cause::Number);
        world.store.pins().handed_over(pin, not_sent, world.now()).await.unwrap();
        assert_eq!(spent().await, before);
    }
}

async fn of_64_sends_at_once_no_budget_gets_one_too_many(world: World) {
    let world = Arc::new(world);
    // The owner has signed in by one pin already.
    let money = Budgets { money_an_hour: 600_000, ..Budgets::default() };
    let money = budgets(Budgets { whatsapp_price: 30_000, sms_price: 60_000, ..money });
    let day =
        budgets(Budgets { of_countries: [("BW".to_owned(), 7)].into(), ..Budgets::default() });
    let prefix = |n: u32| (format!("+2637122{n:05}"), from(&World::sending(), n));
    let country = |n: u32| (format!("+267712{n:02}000"), from(&day, n));
    let paid = |n: u32| (format!("+258841{n:02}0000"), from(&money, n));
    world.later(HOUR);
    assert_eq!(all_at_once(&world, prefix).await, 10);
    world.later(HOUR);
    assert_eq!(all_at_once(&world, country).await, 7);
    world.later(HOUR);
    assert_eq!(all_at_once(&world, paid).await, 5, "half of the money for ten");
}

async fn all_at_once(world: &Arc<World>, send: impl Fn(u32) -> (String, Sending)) -> usize {
    let start = Arc::new(Barrier::new(64));
    let mut rivals = JoinSet::new();
    for n in 0..64 {
        let (world, start, (phone, sending)) = (Arc::clone(world), Arc::clone(&start), send(n));
        rivals.spawn(async move {
            start.wait().await;
            world.is_sent(&phone, &sending).await.is_ok()
        });
    }
    rivals.join_all().await.into_iter().filter(|sent| *sent).count()
}

async fn o_1f_an_exception_lets_one_number_through_until_it_ends(world: World) {
    const JAMAICAN: &str = "+18762345678";
    let blocked = BlockedPrefixes::new(&["1876".to_owned()]).unwrap();
    let reach = Reach { blocked, allowed: Vec::new() };
    let sending = by(Rules { reach, ..Rules::default() });
    let exceptions = world.store.exceptions();
    let before = world.store.spending().seen(world.now()).await.unwrap();
    for channel in [Channel::Whatsapp, Channel::Sms] {
        let sending =
            Sending { wish: Wish { asked: Some(channel), ..Wish::default() }, ..sending.clone() };
        assert_eq!(world.is_sent(JAMAICAN, &sending).await.unwrap_err(), Withheld::Blocked);
    }
    assert_eq!(world.store.spending().seen(world.now()).await.unwrap(), before);

    let until = world.now() + DAY;
    let (why, who) = ("is a guest house", "Naledi");
    let allow = async |until| {
        let (phone, why, who) = (World::phone(JAMAICAN), why.to_owned(), who.to_owned());
        exceptions.allow(phone, until, why, who, world.now()).await.unwrap()
    };
    let first = allow(until).await;
    let (token, _) = world.is_sent(JAMAICAN, &sending).await.unwrap();
    let neighbour = world.is_sent("+18762345679", &sending).await;
    assert_eq!(neighbour.unwrap_err(), Withheld::Blocked);
    world.later(DAY);
    let expired = world.is_sent(JAMAICAN, &sending).await;
    assert_eq!(expired.unwrap_err(), Withheld::Blocked, "it has expired");

    let second = allow(world.now() + DAY).await;
    world.is_sent(JAMAICAN, &sending).await.unwrap();
    world.later(Duration::from_secs(1));
    assert!(exceptions.revoke(World::phone(JAMAICAN), world.now()).await.unwrap());
    assert!(!exceptions.revoke(World::phone(JAMAICAN), world.now()).await.unwrap());
    world.later(Duration::from_mins(2));
    let revoked = world.is_sent(JAMAICAN, &sending).await;
    assert_eq!(revoked.unwrap_err(), Withheld::Blocked, "it was revoked");
    let again = world.store.logins().renew(token, Otp::random(&*world.dice), sending, world.now());
    assert!(again.await.unwrap().is_err(), "and no other pin goes out for a login before it");

    let record = exceptions.list().await.unwrap();
    assert_eq!(record.iter().map(|one| one.id).collect::<Vec<_>>(), [second, first]);
    let one = &record[1];
    assert_eq!((&*one.why, &*one.by, one.until), (why, who, until));
    assert_eq!(one.phone, World::phone(JAMAICAN));
    let told = world.store.events().of_exception(second).await.unwrap();
    let kinds: Vec<&str> = told.iter().map(|event| &*event.kind).collect();
    assert_eq!(kinds, ["country.exception_made", "country.exception_revoked"]);
    world.later(400 * DAY);
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(exceptions.list().await.unwrap(), []);
}

async fn what_was_spent_long_ago_is_forgotten(world: World) {
    let sending = budgets(Budgets { per_address_a_day: 1000, ..Budgets::default() });
    for count in 0..50 {
        world.is_sent(&namibian(count, 0), &sending).await.unwrap();
    }
    world.later(29 * DAY);
    world.store.sweep(world.now()).await.unwrap();
    let held_back = async || world.store.spending().seen(world.now()).await.unwrap().held_back;
    assert_eq!(held_back().await.len(), 1);
    world.later(2 * DAY);
    world.store.sweep(world.now()).await.unwrap();
    assert_eq!(held_back().await, []);
}
