//! What becomes of pins, and which way the next one goes.

use std::time::Duration;

use domain::PinId;
use domain::channel::{Cause, Health, PROBE_PAUSE, Unavailable, Wish};
use domain::login::Channel::{Sms, Whatsapp};
use domain::login::{Channel, Client};
use domain::secret::{LoginToken, Otp, SessionToken};
use store::{Begun, End, Handed, LoginRefusal, PinTally, Report, Sending};

use crate::world::World;

crate::on_both_databases![
    a_pin_that_surely_did_not_go_out_costs_no_pause_and_one_of_unknown_fate_does,
    after_a_silent_pin_the_other_channel_is_taken_at_once_and_only_once,
    a_channel_that_turns_away_two_numbers_is_closed_and_the_other_offered,
    of_many_who_could_find_out_one_is_sent_to_the_closed_channel,
    reports_in_any_order_and_twice_say_the_same,
    a_report_about_what_nobody_sent_changes_nothing,
    only_the_pin_that_was_typed_counts_as_the_one_that_signed_in,
    the_id_of_a_message_names_one_pin_and_is_not_kept_in_clear,
];

/// A pin that goes this way.
fn by(wish: Wish) -> Sending {
    Sending { wish, ..Sending::default() }
}

impl World {
    async fn asks_by(&self, phone: &str, asked: Option<Channel>) -> Result<Begun, LoginRefusal> {
        let (token, otp) = (LoginToken::random(&*self.dice), Otp::random(&*self.dice));
        let wish = Wish { asked, ..Wish::default() };
        let logins = self.store.logins();
        logins
            .begin(World::phone(phone), Client::App, otp, token, by(wish), self.now())
            .await
            .unwrap()
    }

    async fn is_handed_over(&self, pin: PinId, handed: Handed) {
        self.store.pins().handed_over(pin, handed, self.now()).await.unwrap();
    }

    /// A pin to this number is taken by its provider under this id.
    async fn sends(&self, phone: &str, by: Channel, message: &str) -> PinId {
        let begun = self.asks_by(phone, Some(by)).await.unwrap();
        self.is_handed_over(begun.pin, Handed::Accepted(message.to_owned())).await;
        begun.pin
    }

    async fn hears(&self, by: Channel, message: &str, end: End) {
        let report = Report { message: message.to_owned(), end };
        self.store.pins().reported(by, vec![report], self.now()).await.unwrap();
    }

    /// Two numbers are turned away, a second apart.
    async fn channel_fails(&self, channel: Channel) {
        for phone in ["+27830000001", "+27830000002"] {
            let begun = self.asks_by(phone, Some(channel)).await.unwrap();
            self.is_handed_over(begun.pin, Handed::NotSent(Cause::Channel)).await;
            self.later(Duration::from_secs(1));
        }
    }

    async fn tally(&self, channel: Channel) -> PinTally {
        let glance = self.store.overview().glance(self.now()).await.unwrap();
        glance.pins.of(channel)[0]
    }
}

const PHONE: &str = "+27831112222";

fn paced(refusal: &LoginRefusal) -> bool {
    matches!(refusal, LoginRefusal::Pace(_))
}

async fn a_pin_that_surely_did_not_go_out_costs_no_pause_and_one_of_unknown_fate_does(
    world: World,
) {
    for cause in [Cause::Channel, Cause::Number] {
        let begun = world.asks_by(PHONE, Some(Whatsapp)).await.unwrap();
        world.is_handed_over(begun.pin, Handed::NotSent(cause)).await;
    }
    let begun = world.asks_by(PHONE, Some(Whatsapp)).await.unwrap();
    world.is_handed_over(begun.pin, Handed::Silent).await;
    assert!(paced(&world.asks_by(PHONE, Some(Whatsapp)).await.unwrap_err()));
    world.later(Duration::from_secs(30));
    // And it counts for the window: with two more there are three.
    for pause in [60, 0] {
        world.asks_by(PHONE, Some(Whatsapp)).await.unwrap();
        world.later(Duration::from_secs(pause));
    }
    assert!(paced(&world.asks_by(PHONE, Some(Whatsapp)).await.unwrap_err()));
}

async fn after_a_silent_pin_the_other_channel_is_taken_at_once_and_only_once(world: World) {
    let silent = world.asks_by(PHONE, Some(Whatsapp)).await.unwrap();
    assert!(paced(&world.asks_by(PHONE, Some(Sms)).await.unwrap_err()), "not known to be silent");
    world.is_handed_over(silent.pin, Handed::Silent).await;
    let second = world.asks_by(PHONE, Some(Sms)).await.unwrap();
    world.is_handed_over(second.pin, Handed::Silent).await;
    for channel in [Sms, Whatsapp] {
        assert!(paced(&world.asks_by(PHONE, Some(channel)).await.unwrap_err()), "{channel:?}");
    }
}

async fn a_channel_that_turns_away_two_numbers_is_closed_and_the_other_offered(world: World) {
    let began = world.now();
    world.channel_fails(Whatsapp).await;
    let health = world.store.pins().health(world.now()).await.unwrap();
    let probe_at = began + Duration::from_secs(1) + PROBE_PAUSE;
    assert_eq!(health.whatsapp, Health::Down { since: began, probe_at });
    assert_eq!(health.sms, Health::Up);
    let closed = Unavailable { others: vec![Sms], retry_at: None };
    let refusal = world.asks_by(PHONE, Some(Whatsapp)).await.unwrap_err();
    assert_eq!(refusal, LoginRefusal::Channel(closed));
    assert_eq!(world.asks_by(PHONE, None).await.unwrap().channel, Sms);

    world.channel_fails(Sms).await;
    let refusal = world.asks_by("+27830000003", None).await.unwrap_err();
    let both = Unavailable { others: vec![], retry_at: Some(probe_at) };
    assert_eq!(refusal, LoginRefusal::Channel(both));
}

async fn of_many_who_could_find_out_one_is_sent_to_the_closed_channel(world: World) {
    world.channel_fails(Whatsapp).await;
    world.later(PROBE_PAUSE);
    let phones: Vec<_> = (0..8).map(|guest| format!("+2783000010{guest}")).collect();
    let asked = phones.iter().map(|phone| world.asks_by(phone, None));
    let ways: Vec<_> = futures_util::future::join_all(asked).await;
    let ways: Vec<_> = ways.into_iter().map(|begun| begun.unwrap()).collect();
    let probes: Vec<_> = ways.iter().filter(|begun| begun.channel == Whatsapp).collect();
    assert_eq!(probes.len(), 1, "{ways:?}");
    // It is taken: the channel is open again.
    world.is_handed_over(probes[0].pin, Handed::Accepted("wamid.1".to_owned())).await;
    assert_eq!(world.asks_by("+27830000200", None).await.unwrap().channel, Whatsapp);
}

async fn reports_in_any_order_and_twice_say_the_same(world: World) {
    world.sends("+27830000001", Sms, "SM1").await;
    world.sends("+27830000002", Sms, "SM2").await;
    world.sends("+27830000003", Sms, "SM3").await;
    for _ in 0..2 {
        world.hears(Sms, "SM1", End::Delivered).await;
        world.hears(Sms, "SM1", End::Lost(Cause::Channel)).await;
        world.hears(Sms, "SM2", End::Lost(Cause::Number)).await;
        world.hears(Sms, "SM3", End::Lost(Cause::Channel)).await;
        world.hears(Sms, "SM3", End::Delivered).await;
    }
    let tally = world.tally(Sms).await;
    let expected =
        PinTally { sent: 3, accepted: 3, delivered: 2, arrived: 2, failed: 1, verified: 0 };
    assert_eq!(tally, expected);
}

async fn a_report_about_what_nobody_sent_changes_nothing(world: World) {
    world.sends(PHONE, Sms, "SM1").await;
    let before = world.tally(Sms).await;
    world.hears(Sms, "SM2", End::Delivered).await;
    world.hears(Whatsapp, "SM1", End::Delivered).await;
    world.hears(Sms, "", End::Delivered).await;
    assert_eq!(world.tally(Sms).await, before);
}

async fn only_the_pin_that_was_typed_counts_as_the_one_that_signed_in(world: World) {
    let (token, first) = (LoginToken::random(&*world.dice), Otp::random(&*world.dice));
    let (logins, phone) = (world.store.logins(), World::phone(PHONE));
    let wish = Wish { asked: Some(Sms), ..Wish::default() };
    let begun = logins.begin(phone, Client::App, first, token.clone(), by(wish), world.now()).await;
    begun.unwrap().unwrap();
    world.later(Duration::from_secs(30));
    let second = Otp::random(&*world.dice);
    let renewed = logins.renew(token.clone(), second.clone(), by(wish), world.now()).await;
    renewed.unwrap().unwrap();
    let session = SessionToken::random(&*world.dice);
    logins.verify(token, second, session, world.now()).await.unwrap().unwrap();
    let tally = world.tally(Sms).await;
    assert_eq!((tally.sent, tally.verified, tally.arrived), (2, 1, 1));
}

async fn the_id_of_a_message_names_one_pin_and_is_not_kept_in_clear(world: World) {
    world.sends("+27830000001", Whatsapp, "wamid.canary").await;
    world.sends("+27830000002", Whatsapp, "wamid.canary").await;
    world.hears(Whatsapp, "wamid.canary", End::Delivered).await;
    let tally = world.tally(Whatsapp).await;
    assert_eq!((tally.accepted, tally.delivered), (2, 1));
    world.store.close().await;
    if let Some(path) = world.url.strip_prefix("sqlite:") {
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        assert!(!bytes.windows(12).any(|window| window == b"wamid.canary"));
    }
}
