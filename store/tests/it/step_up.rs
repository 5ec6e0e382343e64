//! Fresh pins for old sessions, and numbers that change.

use std::time::Duration;

use domain::login::{Client, Refusal, SessionLife};
use domain::permission::Denied;
use domain::secret::{LoginToken, Otp, SessionToken};
use store::{Aim, NumberRefusal, Sending, Session, SessionRefusal, StepUpNeeded};

use crate::world::World;

crate::on_both_databases![
    a_fresh_pin_steps_the_session_up_for_five_minutes_and_displaces_nobody,
    a_pin_is_good_for_nothing_but_what_it_was_asked_for,
    wrong_pins_of_a_step_up_count_for_its_number,
    a22_an_account_gets_another_number_with_all_that_is_on_it,
    a22_a_number_needs_a_fresh_pin_of_the_old_one_and_a_day_after_a_sign_in,
    a22_who_has_not_proved_a_number_learns_nothing_of_it,
    a_displaced_session_steps_up_no_more_and_changes_no_number,
    when_a_session_was_last_used_is_known_to_the_hour,
];

const OLD: &str = "+27831112222";
const NEW: &str = "+27831113333";

pub(crate) struct Asked {
    pub(crate) token: LoginToken,
    pub(crate) otp: Otp,
}

impl Asked {
    fn wrong(&self) -> Otp {
        let digits = self.otp.reveal();
        Otp::parse(if digits == "000000" { "000001" } else { "000000" }).unwrap()
    }
}

impl World {
    pub(crate) async fn is_sent_a_pin(&self, phone: &str, aim: impl Into<Aim>) -> Asked {
        let asked = Asked { token: LoginToken::random(&*self.dice), otp: Otp::random(&*self.dice) };
        let (otp, token) = (asked.otp.clone(), asked.token.clone());
        let begun = self.store.logins().begin(
            World::phone(phone),
            aim,
            otp,
            token,
            Sending::default(),
            self.now(),
        );
        begun.await.unwrap().unwrap();
        asked
    }

    /// A session on its number.
    pub(crate) async fn has_a_session(&self, phone: &str) -> (SessionToken, Session) {
        let asked = self.is_sent_a_pin(phone, Client::App).await;
        let token = SessionToken::random(&*self.dice);
        let verified =
            self.store.logins().verify(asked.token, asked.otp, token.clone(), self.now());
        verified.await.unwrap().unwrap();
        let session = self.finds(&token).await.unwrap();
        (token, session)
    }

    pub(crate) async fn finds(&self, token: &SessionToken) -> Result<Session, SessionRefusal> {
        self.store.sessions().find(token, SessionLife::USUAL, self.now()).await.unwrap()
    }

    async fn steps_up(&self, session: Session, asked: &Asked, otp: Otp) -> Result<(), Refusal> {
        let token = asked.token.clone();
        self.store.logins().step_up(session, token, otp, self.now()).await.unwrap()
    }

    async fn changes_number(
        &self,
        session: Session,
        asked: &Asked,
        otp: Otp,
    ) -> Result<(), NumberRefusal> {
        let token = asked.token.clone();
        let changed = self.store.logins().change_number(session, token, otp, self.now());
        changed.await.unwrap().map(drop)
    }
}

async fn a_fresh_pin_steps_the_session_up_for_five_minutes_and_displaces_nobody(world: World) {
    let (token, session) = world.has_a_session(OLD).await;
    assert_eq!(
        session.must_be_stepped_up(world.now()),
        Err(StepUpNeeded),
        "a sign-in is no step-up"
    );
    let asked = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    world.steps_up(session, &asked, asked.otp.clone()).await.unwrap();
    assert_eq!(world.steps_up(session, &asked, asked.otp.clone()).await, Err(Refusal::Invalid));
    world.later(Duration::from_secs(299));
    let session = world.finds(&token).await.unwrap();
    assert_eq!(session.must_be_stepped_up(world.now()), Ok(()));
    world.later(Duration::from_secs(1));
    assert_eq!(session.must_be_stepped_up(world.now()), Err(StepUpNeeded));
}

async fn a_pin_is_good_for_nothing_but_what_it_was_asked_for(world: World) {
    let (_, session) = world.has_a_session(OLD).await;
    let (_, foreign) = world.has_a_session("+27831114444").await;
    let logins = world.store.logins();
    let step_up = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    let new_number = world.is_sent_a_pin(NEW, Aim::NewNumber(session)).await;
    world.later(Duration::from_mins(1));
    let sign_in = world.is_sent_a_pin(OLD, Client::Dashboard).await;
    for asked in [&step_up, &new_number] {
        let fresh = SessionToken::random(&*world.dice);
        let (token, otp) = (asked.token.clone(), asked.otp.clone());
        let verified = logins.verify(token, otp, fresh, world.now()).await.unwrap();
        assert_eq!(verified.unwrap_err(), Refusal::Invalid, "no sign-in");
    }
    for asked in [&sign_in, &new_number] {
        let stepped_up = world.steps_up(session, asked, asked.otp.clone()).await;
        assert_eq!(stepped_up, Err(Refusal::Invalid), "no step-up");
    }
    for asked in [&sign_in, &step_up] {
        let changed = world.changes_number(session, asked, asked.otp.clone()).await;
        assert_eq!(changed, Err(NumberRefusal::Pin(Refusal::Invalid)), "no new number");
    }
    let stolen = world.steps_up(foreign, &step_up, step_up.otp.clone()).await;
    assert_eq!(stolen, Err(Refusal::Invalid), "not for another session");
    // Nobody has spent them by that.
    world.steps_up(session, &step_up, step_up.otp.clone()).await.unwrap();
    let fresh = SessionToken::random(&*world.dice);
    logins.verify(sign_in.token, sign_in.otp, fresh, world.now()).await.unwrap().unwrap();
}

async fn wrong_pins_of_a_step_up_count_for_its_number(world: World) {
    let (token, session) = world.has_a_session(OLD).await;
    for _ in 0..2 {
        let asked = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
        for _ in 0..4 {
            let wrong = world.steps_up(session, &asked, asked.wrong()).await;
            assert_eq!(wrong, Err(Refusal::Invalid));
        }
        let fifth = world.steps_up(session, &asked, asked.wrong()).await;
        assert_eq!(fifth, Err(Refusal::TooMany));
        world.later(Duration::from_secs(61));
    }
    let asked = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    let eleventh = world.steps_up(session, &asked, asked.wrong()).await;
    assert_eq!(eleventh, Err(Refusal::Invalid));
    let waits = world.steps_up(session, &asked, asked.otp.clone()).await;
    assert!(matches!(waits, Err(Refusal::Wait { until: Some(_) })), "{waits:?}");
    assert!(world.finds(&token).await.is_ok(), "the session goes on");
}

async fn a22_an_account_gets_another_number_with_all_that_is_on_it(world: World) {
    let (token, session) = world.has_a_session(OLD).await;
    let intercom = world.makes_intercom(session.user, "Gate House").await;
    let asked = world.is_sent_a_pin(NEW, Aim::NewNumber(session)).await;
    let wrong = world.changes_number(session, &asked, asked.wrong()).await;
    assert_eq!(wrong, Err(NumberRefusal::Pin(Refusal::Invalid)));
    let step_up = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    world.steps_up(session, &step_up, step_up.otp.clone()).await.unwrap();
    let third = world.is_sent_a_pin("+27831119999", Aim::NewNumber(session)).await;
    // Somebody shares with the new number before its owner has ever signed in with it.
    let shared = world.store.people().share(
        world.owner,
        world.gate.to_string(),
        World::phone(NEW),
        false,
        world.now(),
    );
    let waiting = shared.await.unwrap().unwrap().user;
    world.changes_number(session, &asked, asked.otp.clone()).await.unwrap();
    let again = world.changes_number(session, &third, third.otp.clone()).await;
    assert_eq!(again, Err(NumberRefusal::StepUp(StepUpNeeded)), "a fresh pin covers one change");
    let still = world.finds(&token).await.unwrap();
    assert_eq!((still.id, still.user), (session.id, session.user));
    let phone = world.store.sessions().phone_of(session.user).await.unwrap();
    assert_eq!(phone, World::phone(NEW));
    let (_, by_old) = world.has_a_session(OLD).await;
    assert_ne!(by_old.user, session.user, "the old number is somebody else's");
    assert!(world.finds(&token).await.is_ok(), "and displaces nobody here");
    let (_, by_new) = world.has_a_session(NEW).await;
    assert_eq!(by_new.user, session.user);
    let devices = world.store.devices().of(by_new.user, world.now()).await.unwrap();
    for id in [intercom.to_string(), world.gate.to_string()] {
        assert!(devices.iter().any(|device| device.kind.id() == id), "{id}");
    }
    // What was shared with the number is the same person's still, and can be ended.
    let (people, gate) = (world.store.people(), world.gate.to_string());
    let listed = people.of(world.owner, gate.clone(), world.now()).await.unwrap().unwrap();
    assert_eq!(listed.iter().map(|person| person.user).collect::<Vec<_>>(), [by_new.user]);
    let by_its_old_id = people.unshare(world.owner, gate.clone(), waiting, true, world.now()).await;
    assert_eq!(by_its_old_id.unwrap(), Err(Denied::Unknown), "no removal of somebody who stays");
    people.unshare(world.owner, gate, by_new.user, true, world.now()).await.unwrap().unwrap();
}

async fn a22_a_number_needs_a_fresh_pin_of_the_old_one_and_a_day_after_a_sign_in(world: World) {
    let (token, session) = world.has_a_session(OLD).await;
    let may = async |token: &SessionToken| {
        let session = world.finds(token).await.unwrap();
        world.store.logins().may_take_over(session, world.now()).await.unwrap()
    };
    assert_eq!(may(&token).await, Err(NumberRefusal::StepUp(StepUpNeeded)));
    let asked = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    world.steps_up(session, &asked, asked.otp.clone()).await.unwrap();
    assert_eq!(may(&token).await, Ok(()), "the first session took nothing from anybody");
    let (newer, session) = world.has_a_session(OLD).await;
    let until = world.now() + Duration::from_hours(24);
    let short_of_a_day = Duration::from_millis(24 * 60 * 60 * 1000 - 1);
    world.later(short_of_a_day);
    let asked = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    world.steps_up(session, &asked, asked.otp.clone()).await.unwrap();
    assert_eq!(may(&newer).await, Err(NumberRefusal::Held { until }));
    world.later(Duration::from_millis(1));
    assert_eq!(may(&newer).await, Ok(()));
}

async fn a22_who_has_not_proved_a_number_learns_nothing_of_it(world: World) {
    let (token, session) = world.has_a_session(OLD).await;
    world.has_a_session(NEW).await;
    let step_up = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    world.steps_up(session, &step_up, step_up.otp.clone()).await.unwrap();
    let asked = world.is_sent_a_pin(NEW, Aim::NewNumber(session)).await;
    let wrong = world.changes_number(session, &asked, asked.wrong()).await;
    assert_eq!(wrong, Err(NumberRefusal::Pin(Refusal::Invalid)));
    let proved = world.changes_number(session, &asked, asked.otp.clone()).await;
    assert_eq!(proved, Err(NumberRefusal::InUse));
    let phone = world.store.sessions().phone_of(session.user).await.unwrap();
    assert_eq!(phone, World::phone(OLD));
    assert!(world.finds(&token).await.is_ok());
}

async fn a_displaced_session_steps_up_no_more_and_changes_no_number(world: World) {
    let (_, session) = world.has_a_session(OLD).await;
    let step_up = world.is_sent_a_pin(OLD, Aim::StepUp(session)).await;
    let new_number = world.is_sent_a_pin(NEW, Aim::NewNumber(session)).await;
    world.later(Duration::from_mins(1));
    let (newer, _) = world.has_a_session(OLD).await;
    let stepped_up = world.steps_up(session, &step_up, step_up.otp.clone()).await;
    assert_eq!(stepped_up, Err(Refusal::Invalid));
    let changed = world.changes_number(session, &new_number, new_number.otp.clone()).await;
    assert_eq!(changed, Err(NumberRefusal::StepUp(StepUpNeeded)));
    assert_eq!(world.finds(&newer).await.unwrap().stepped_up_at, None);
}

/// Not each request writes.
async fn when_a_session_was_last_used_is_known_to_the_hour(world: World) {
    let (token, _) = world.has_a_session(OLD).await;
    let began = world.now();
    let seen = async || {
        let kept = world.store.privacy().kept(World::phone(OLD), world.now()).await.unwrap();
        kept.account.unwrap().sessions[0].last_seen_at
    };
    world.later(Duration::from_mins(59));
    world.finds(&token).await.unwrap();
    assert_eq!(seen().await, began);
    world.later(Duration::from_mins(1));
    world.finds(&token).await.unwrap();
    assert_eq!(seen().await, world.now());
}
