//! An authenticator app beside the pin, and the codes for the day when it is gone.

use std::time::Duration;

use domain::UserId;
use domain::login::{Client, Refusal};
use domain::second_factor::{RECOVERY_CODES, SETUP_LIFETIME, STEP, SecondFactor, step_at};
use domain::secret::{Otp, RecoveryCode, SessionToken, TotpSecret};
use ring::hmac;
use store::{FactorRefusal, SecondFactorState, SignedIn};

use crate::step_up::Asked;
use crate::world::World;

crate::on_both_databases![
    a23_a_second_factor_is_on_after_its_first_right_code,
    a23_a_pin_alone_signs_nobody_in_and_pin_and_code_do,
    a23_who_has_no_app_signs_in_by_a_pin_whoever_else_has_one,
    a23_a_code_is_good_once_also_for_another_login,
    a23_a_recovery_code_is_good_once,
    a23_wrong_codes_end_the_login_and_count_for_the_number_whatever_pins_were_right,
    a23_turning_it_off_takes_one_of_its_codes,
    a23_an_operator_takes_it_away,
];

const PHONE: &str = "+27831112222";

struct Factor {
    user: UserId,
    secret: TotpSecret,
    recovery: Vec<RecoveryCode>,
}

impl World {
    fn app_shows(&self, secret: &TotpSecret) -> Otp {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.reveal_bytes());
        let tag = hmac::sign(&key, &step_at(self.now()).to_be_bytes());
        let place = usize::from(tag.as_ref()[19] & 0xF);
        let word = tag.as_ref()[place..place + 4].try_into().unwrap();
        Otp::of(u32::from_be_bytes(word) & 0x7FFF_FFFF)
    }

    fn app_types(&self, factor: &Factor) -> SecondFactor {
        SecondFactor::App(self.app_shows(&factor.secret))
    }

    /// Another code than the app shows now or beside now.
    fn wrong_code(&self) -> SecondFactor {
        SecondFactor::Recovery(RecoveryCode::random(&*self.dice))
    }

    /// Turns a second factor on, and lets its first code grow old.
    async fn has_a_second_factor(&self) -> Factor {
        let (_, session) = self.has_a_session(PHONE).await;
        let (user, secret) = (session.user, TotpSecret::random(&*self.dice));
        let recovery: Vec<_> =
            (0..RECOVERY_CODES).map(|_| RecoveryCode::random(&*self.dice)).collect();
        let factors = self.store.second_factors();
        factors.set_up(user, secret.clone(), self.now()).await.unwrap().unwrap();
        let shown = self.app_shows(&secret);
        let confirmed = factors.confirm(user, shown, recovery.clone(), self.now());
        confirmed.await.unwrap().unwrap();
        self.later(STEP);
        Factor { user, secret, recovery }
    }

    /// A login whose pin was right.
    async fn proves_the_number(&self) -> Asked {
        let asked = self.is_sent_a_pin(PHONE, Client::App).await;
        let fresh = SessionToken::random(&*self.dice);
        let (token, otp) = (asked.token.clone(), asked.otp.clone());
        let verified = self.store.logins().verify(token, otp, fresh, self.now()).await.unwrap();
        assert_eq!(verified.unwrap_err(), Refusal::SecondFactorNeeded);
        asked
    }

    async fn tries_second(&self, asked: &Asked, typed: SecondFactor) -> Result<SignedIn, Refusal> {
        let (token, fresh) = (asked.token.clone(), SessionToken::random(&*self.dice));
        self.store.logins().verify_second(token, typed, fresh, self.now()).await.unwrap()
    }
}

async fn a23_a_second_factor_is_on_after_its_first_right_code(world: World) {
    let (_, session) = world.has_a_session(PHONE).await;
    let (factors, user) = (world.store.second_factors(), session.user);
    let secret = TotpSecret::random(&*world.dice);
    let confirm = async |otp: Otp| {
        let codes = vec![RecoveryCode::random(&*world.dice)];
        factors.confirm(user, otp, codes, world.now()).await.unwrap()
    };
    assert_eq!(confirm(Otp::of(0)).await, Err(FactorRefusal::Off));
    factors.set_up(user, secret.clone(), world.now()).await.unwrap().unwrap();
    let wrong = Otp::of(world.app_shows(&secret).reveal().parse::<u32>().unwrap() + 1);
    assert_eq!(confirm(wrong).await, Err(FactorRefusal::Code(Refusal::Invalid)));
    assert_eq!(factors.of(user).await.unwrap(), None);
    world.has_a_session(PHONE).await;
    world.later(SETUP_LIFETIME);
    assert_eq!(confirm(world.app_shows(&secret)).await, Err(FactorRefusal::Off), "too late");
    let secret = TotpSecret::random(&*world.dice);
    factors.set_up(user, secret.clone(), world.now()).await.unwrap().unwrap();
    confirm(world.app_shows(&secret)).await.unwrap();
    let on = SecondFactorState { since: world.now(), recovery_codes_left: 1 };
    assert_eq!(factors.of(user).await.unwrap(), Some(on));
    let again = factors.set_up(user, secret.clone(), world.now()).await.unwrap();
    assert_eq!(again, Err(FactorRefusal::On));
    assert_eq!(confirm(world.app_shows(&secret)).await, Err(FactorRefusal::On));
}

async fn a23_a_pin_alone_signs_nobody_in_and_pin_and_code_do(world: World) {
    let factor = world.has_a_second_factor().await;
    let too_early = world.is_sent_a_pin(PHONE, Client::App).await;
    let refused = world.tries_second(&too_early, world.app_types(&factor)).await;
    assert_eq!(refused.unwrap_err(), Refusal::Invalid, "the pin comes first");
    world.later(Duration::from_mins(1));
    let asked = world.proves_the_number().await;
    let signed_in = world.tries_second(&asked, world.app_types(&factor)).await.unwrap();
    assert_eq!((signed_in.user, signed_in.displaced), (factor.user, true));
}

async fn a23_who_has_no_app_signs_in_by_a_pin_whoever_else_has_one(world: World) {
    world.has_a_second_factor().await;
    for network in [71, 72, 73, 74, 76, 78, 79, 84] {
        let number = format!("+27{network}0000001");
        let first = world.signs_in(&number).await;
        world.later(Duration::from_mins(1));
        assert_eq!(world.signs_in(&number).await.user, first.user);
        world.later(Duration::from_mins(1));
    }
}

async fn a23_a_code_is_good_once_also_for_another_login(world: World) {
    let factor = world.has_a_second_factor().await;
    let asked = world.proves_the_number().await;
    let seen = world.app_types(&factor);
    world.tries_second(&asked, seen.clone()).await.unwrap();
    assert_eq!(world.tries_second(&asked, seen.clone()).await.unwrap_err(), Refusal::Invalid);
    let another = world.proves_the_number().await;
    assert_eq!(world.tries_second(&another, seen).await.unwrap_err(), Refusal::Invalid);
    world.later(STEP);
    world.tries_second(&another, world.app_types(&factor)).await.unwrap();
}

async fn a23_a_recovery_code_is_good_once(world: World) {
    let factor = world.has_a_second_factor().await;
    let code = || SecondFactor::Recovery(factor.recovery[3].clone());
    let asked = world.proves_the_number().await;
    world.tries_second(&asked, code()).await.unwrap();
    let left = world.store.second_factors().of(factor.user).await.unwrap().unwrap();
    assert_eq!(left.recovery_codes_left, 9);
    let another = world.proves_the_number().await;
    assert_eq!(world.tries_second(&another, code()).await.unwrap_err(), Refusal::Invalid);
}

async fn a23_wrong_codes_end_the_login_and_count_for_the_number_whatever_pins_were_right(
    world: World,
) {
    let factor = world.has_a_second_factor().await;
    for _ in 0..2 {
        let asked = world.proves_the_number().await;
        for _ in 0..4 {
            let wrong = world.tries_second(&asked, world.wrong_code()).await;
            assert_eq!(wrong.unwrap_err(), Refusal::Invalid);
        }
        let fifth = world.tries_second(&asked, world.wrong_code()).await;
        assert_eq!(fifth.unwrap_err(), Refusal::TooMany);
        let right = world.tries_second(&asked, world.app_types(&factor)).await;
        assert_eq!(right.unwrap_err(), Refusal::TooMany);
        world.later(Duration::from_mins(1));
    }
    let asked = world.proves_the_number().await;
    let _ = world.tries_second(&asked, world.wrong_code()).await;
    let waits = world.tries_second(&asked, world.app_types(&factor)).await.unwrap_err();
    assert!(matches!(waits, Refusal::Wait { until: Some(_) }), "{waits:?}");
    world.later(Duration::from_mins(1));
    world.tries_second(&asked, world.app_types(&factor)).await.unwrap();
}

async fn a23_turning_it_off_takes_one_of_its_codes(world: World) {
    let factor = world.has_a_second_factor().await;
    let factors = world.store.second_factors();
    let wrong = factors.turn_off(factor.user, world.wrong_code(), world.now()).await.unwrap();
    assert_eq!(wrong, Err(FactorRefusal::Code(Refusal::Invalid)));
    let right = world.app_types(&factor);
    factors.turn_off(factor.user, right.clone(), world.now()).await.unwrap().unwrap();
    assert_eq!(factors.of(factor.user).await.unwrap(), None);
    let again = factors.turn_off(factor.user, right, world.now()).await.unwrap();
    assert_eq!(again, Err(FactorRefusal::Off));
    world.has_a_session(PHONE).await;
}

async fn a23_an_operator_takes_it_away(world: World) {
    world.has_a_second_factor().await;
    let take_away = async || {
        let phone = World::phone(PHONE);
        world.store.second_factors().take_away(phone, world.now()).await.unwrap()
    };
    assert!(take_away().await);
    world.has_a_session(PHONE).await;
    assert!(!take_away().await);
}
