//! Guests are forgotten in time, people when they ask for it, and the story of what happened stays
//! whole.

use std::sync::Arc;
use std::time::Duration;

use domain::access_code::Standing;
use domain::permission::Denied;
use domain::privacy::GuestsKept;
use domain::secret::WebhookSecret;
use domain::share::{Access, Share};
use domain::webhook::OLD_SECRET_HOLDS;
use domain::{Leg, PhoneNumber};
use store::{EraseRefusal, Erased, Guest, How, Issue, IssueRefusal, Issued, Past};

use crate::world::World;

crate::on_both_databases![
    guests_are_forgotten_thirty_days_after_the_end_and_the_chain_verifies,
    all_that_is_due_is_forgotten_however_much_it_is,
    a_visit_ends_well_though_its_guest_was_forgotten,
    an_entry_commits_to_its_guest_and_nobody_changes_that,
    p_13_a_number_is_erased_everywhere_and_the_chain_verifies,
    p_13_a_code_that_holds_is_revoked_first_or_nothing_is_erased,
    p_13_who_owns_devices_gives_them_away_first,
    p_13_an_account_is_erased_and_the_number_begins_anew,
    p_13_all_that_is_kept_is_told,
    a_secret_that_signs_no_more_is_forgotten,
    a_lost_answer_that_is_asked_for_again_makes_no_erased_guest_anew,
    of_an_erasure_and_codes_made_beside_it_nothing_is_left_half,
];

const DAY: Duration = Duration::from_hours(24);

async fn guests_are_forgotten_thirty_days_after_the_end_and_the_chain_verifies(world: World) {
    let world = world.ready().await;
    let visit = world.issues_and_lets_in().await;
    let exit = world.redeems(world.asks_out(&visit)).await.unwrap();
    world.gate_opens(&exit).await;
    world.later((30 * DAY).saturating_sub(Duration::from_millis(1)));
    assert_eq!(world.forgets().await, 0);
    assert_eq!(world.past(&visit).await.guest, Some(visit.pass.guest.clone()));
    let live = world.issues().await;

    world.later(Duration::from_millis(1));
    assert_eq!(world.forgets().await, 1);
    assert_eq!(world.forgets().await, 0, "once");
    let past = world.past(&visit).await;
    assert_eq!((&past.guest, past.issued_by), (&None, world.owner));
    let Standing::Completed { .. } = past.code.standing(world.now()) else { panic!("{past:?}") };
    let (codes, redemptions) = (world.store.codes(), world.store.redemptions());
    let details = codes.details(world.owner, visit.pass.code.id, world.now()).await.unwrap();
    assert_eq!(details.unwrap_err(), Denied::Unknown);
    assert!(redemptions.by_link(&visit.pass.link, world.now()).await.unwrap().is_none());
    let reference = redemptions.link_for(&visit.pass.reference, world.intercom).await.unwrap();
    assert!(reference.is_none());
    let host = redemptions.for_host(world.owner, visit.pass.code.id, world.now()).await.unwrap();
    assert_eq!(host.unwrap_err(), Denied::Unknown);
    let details =
        codes.details(world.owner, live.pass.code.id, world.now()).await.unwrap().unwrap();
    assert_eq!(details.pass.guest, live.pass.guest, "who is expected is not forgotten");
    world.all_chains_are_whole().await;
}

async fn all_that_is_due_is_forgotten_however_much_it_is(world: World) {
    let world = world.ready().await;
    for _ in 0..205 {
        let issued = world.issues().await;
        world.revokes(&issued).await;
    }
    world.later(30 * DAY);
    assert_eq!(world.forgets().await, 205);
}

/// A gate that was away for a month tells at last that it opened.
async fn a_visit_ends_well_though_its_guest_was_forgotten(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let attempt = world.redeems(world.asks_in(&issued)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    world.later(31 * DAY);
    assert_eq!(world.forgets().await, 1);
    world.gate_is_ready(world.gate, &[attempt.id]).await;
    let Standing::Expired { inside: true, .. } =
        world.past(&issued).await.code.standing(world.now())
    else {
        panic!("the ledger says that the guest came in")
    };
    let out = world.lets_through(world.vouches(&issued, Leg::Exit)).await.unwrap();
    world.gate_opens(&out).await;
}

async fn an_entry_commits_to_its_guest_and_nobody_changes_that(world: World) {
    let world = world.ready().await;
    let issued = world.issues().await;
    let code = issued.pass.code.id;
    world.files_all().await;
    let events = world.store.events();
    let entries = events.entries(Some(world.intercom), 0).await.unwrap();
    let entry = entries.iter().find(|entry| entry.event.kind == "pass.issued").unwrap();
    let opening = events.opening(code).await.unwrap().unwrap();
    assert_eq!(opening.guest, issued.pass.guest);
    assert_eq!(entry.event.commitment, Some(opening.commitment()));
    let other = Guest { mobile: World::phone("+27820000000"), ..opening.guest.clone() };
    let other = store::Opening { guest: other, ..opening.clone() };
    assert_ne!(entry.event.commitment, Some(other.commitment()));
    let second = world.asks_for_a_code(issued.pass.guest.clone()).await.unwrap();
    assert!(second.repeated, "a double tap is the same code");
    assert!(!format!("{opening:?}").contains(&opening.salt.reveal()));

    let id = entry.event.id;
    world.all_chains_are_whole().await;
    for other in ["NULL", "(SELECT link FROM events WHERE entry = 1 LIMIT 1)"] {
        let keep = "CREATE TABLE kept AS SELECT id, commitment AS was FROM events";
        world.runs(keep).await;
        world.runs(&format!("UPDATE events SET commitment = {other} WHERE id = '{id}'")).await;
        let wrong = world.verdict().await.wrong.unwrap();
        assert_eq!((wrong.entry, wrong.how), (entry.number, How::Changed), "{other}");
        let back =
            "UPDATE events SET commitment = (SELECT was FROM kept WHERE kept.id = events.id)";
        world.runs(back).await;
        world.runs("DROP TABLE kept").await;
    }
    world.all_chains_are_whole().await;
}

async fn p_13_a_number_is_erased_everywhere_and_the_chain_verifies(world: World) {
    let mut world = world.ready().await;
    let (here, other) = (world.issues_and_lets_in().await, world.issues().await);
    world.intercom = world.makes_intercom(world.owner, "Unit 5").await;
    world.saves(world.settings()).await.unwrap();
    let there = world.asks_for_a_code(here.pass.guest.clone()).await.unwrap();
    let phone = here.pass.guest.mobile.clone();

    let erased = world.erases(&phone, true).await.unwrap();
    let mut codes = vec![here.pass.code.id, there.pass.code.id];
    codes.sort_unstable();
    assert_eq!((&erased.codes, &erased.revoked), (&codes, &codes));
    assert_eq!((erased.effective_at, erased.account), (Some(world.now()), None));
    for issued in [&here, &there] {
        assert_eq!(world.store.events().opening(issued.pass.code.id).await.unwrap(), None);
        let by_link = world.store.redemptions().by_link(&issued.pass.link, world.now()).await;
        assert!(by_link.unwrap().is_none());
    }
    let others = world.store.events().opening(other.pass.code.id).await.unwrap().unwrap();
    assert_eq!(others.guest, other.pass.guest, "other guests stay");
    assert_eq!(world.erases(&phone, true).await, Ok(Erased::default()), "nothing is left");
    assert_eq!(world.count("SELECT COUNT(*) FROM events WHERE kind = 'person.erased'").await, 1);
    world.all_chains_are_whole().await;
}

async fn p_13_a_code_that_holds_is_revoked_first_or_nothing_is_erased(world: World) {
    let world = world.ready().await;
    let ended = world.issues().await;
    world.revokes(&ended).await;
    world.later(Duration::from_mins(1));
    let guest = ended.pass.guest.clone();
    let live = world.asks_for_a_code(guest.clone()).await.unwrap();
    let attempt = world.redeems(world.asks_in(&live)).await.unwrap();
    world.bridge_sends(&attempt).await.unwrap();
    let Err(EraseRefusal::Holds(held)) = world.erases(&guest.mobile, false).await else {
        panic!("a code holds")
    };
    assert_eq!(held.iter().map(|held| held.code).collect::<Vec<_>>(), [live.pass.code.id]);
    assert_eq!(world.look(&live.pass.link).await.pass.guest, guest, "nothing was done");
    assert_eq!(world.past(&ended).await.guest, Some(guest.clone()), "nothing at all");

    let erased = world.erases(&guest.mobile, true).await.unwrap();
    assert_eq!((erased.codes.len(), erased.revoked), (2, vec![live.pass.code.id]));
    let until = world.now() + domain::access_code::TRIGGER_LIFETIME;
    assert_eq!(erased.effective_at, Some(until), "what is on the wire ends by itself");
    let Standing::Revoked { .. } = world.past(&live).await.code.standing(world.now()) else {
        panic!("it is revoked")
    };
}

async fn p_13_who_owns_devices_gives_them_away_first(world: World) {
    let world = world.ready().await;
    let owner = World::phone("+27821234567");
    let Err(EraseRefusal::Owns(devices)) = world.erases(&owner, true).await else {
        panic!("they own devices")
    };
    let ids: Vec<_> = devices.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, [world.gate.to_string(), world.intercom.to_string()]);
    assert_eq!(world.store.sessions().phone_of(world.owner).await.unwrap(), owner);
}

async fn p_13_an_account_is_erased_and_the_number_begins_anew(world: World) {
    let world = world.ready().await;
    let phone = World::phone("+27830000001");
    let user = world.signs_in(phone.reveal()).await.user;
    let (people, intercom) = (world.store.people(), world.intercom.to_string());
    let share = people.share(world.owner, intercom.clone(), phone.clone(), true, world.now());
    share.await.unwrap().unwrap();
    let hour = world.now() + Duration::from_hours(1);
    let (why, by) = ("a guest house".to_owned(), "Naledi".to_owned());
    let exception = world.store.exceptions().allow(phone.clone(), hour, why, by, world.now());
    exception.await.unwrap();

    let erased = world.erases(&phone, false).await.unwrap();
    assert_eq!(erased.account, Some(user));
    assert!(people.of(world.owner, intercom, world.now()).await.unwrap().unwrap().is_empty());
    assert!(world.store.exceptions().list().await.unwrap().is_empty());
    for table in ["sessions", "shares", "second_factors", "recovery_codes"] {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE user_id = '{user}'");
        assert_eq!(world.count(&left).await, 0, "{table}");
    }
    for kind in ["grant.removed", "country.exception_revoked", "person.erased"] {
        let told = format!("SELECT COUNT(*) FROM events WHERE kind = '{kind}'");
        assert_eq!(world.count(&told).await, 1, "{kind}");
    }
    assert_eq!(world.erases(&phone, false).await, Ok(Erased::default()));
    let anew = world.signs_in(phone.reveal()).await.user;
    assert_ne!(anew, user, "nobody is who was erased");
    world.all_chains_are_whole().await;
}

async fn a_secret_that_signs_no_more_is_forgotten(world: World) {
    let (webhooks, url) = (world.store.webhooks(), "https://example.com/hook".to_owned());
    let secret = || WebhookSecret::random(&*world.dice);
    let made = webhooks.make(world.owner, url, secret(), world.now()).await.unwrap();
    let id = made.expect("the first").id;
    webhooks.rotate(world.owner, id, secret(), world.now()).await.unwrap().unwrap();
    let old = "SELECT COUNT(*) FROM webhooks WHERE old_sealed IS NOT NULL";
    let before = OLD_SECRET_HOLDS.saturating_sub(Duration::from_millis(1));
    for (span, left) in [(before, 1), (OLD_SECRET_HOLDS, 0)] {
        world.store.sweep(world.now() + span).await.unwrap();
        assert_eq!(world.count(old).await, left);
    }
}

async fn p_13_all_that_is_kept_is_told(world: World) {
    let world = world.ready().await;
    let phone = World::phone("+27830000001");
    let user = world.signs_in(phone.reveal()).await.user;
    let (people, intercom) = (world.store.people(), world.intercom.to_string());
    let share = people.share(world.owner, intercom.clone(), phone.clone(), true, world.now());
    share.await.unwrap().unwrap();
    let guest = Guest { mobile: phone.clone(), ..world.guest() };
    let pass = world.asks_for_a_code(guest.clone()).await.unwrap();
    world.issues().await;

    let kept = world.store.privacy().kept(phone, world.now()).await.unwrap();
    let [told] = &kept.passes[..] else { panic!("{kept:?}") };
    assert_eq!((told.code, &told.name), (pass.pass.code.id, &guest.name));
    assert_eq!((told.place.as_str(), told.events.len()), ("Unit 4", 1));
    let account = kept.account.as_ref().unwrap();
    assert_eq!((account.id, account.sessions.len(), account.devices.len()), (user, 1, 0));
    let [share] = &account.shares[..] else { panic!("{account:?}") };
    assert_eq!((&share.device, share.name.as_str()), (&intercom, "Unit 4"));
    let always = Share { access: Access::Always, one_time_access: true, wifi: true };
    assert_eq!(share.share, always);
    assert_eq!((kept.logins.len(), kept.pins.len(), kept.wrong_pins), (1, 1, 0));
    let made = world.makes_key("status").await.unwrap();
    let owners = world.store.privacy().kept(World::phone("+27821234567"), world.now()).await;
    let owners = owners.unwrap().account.unwrap();
    let [key] = &owners.api_keys[..] else { panic!("{owners:?}") };
    assert_eq!((key.verbs.words(), &key.devices), (made.verbs.words(), &made.devices));
    let names: Vec<_> = owners.devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["Main Gate", "Unit 4"]);
    let nobodys = world.store.privacy().kept(World::phone("+27830000007"), world.now()).await;
    let nobodys = nobodys.unwrap();
    assert!(nobodys.account.is_none() && nobodys.passes.is_empty());
    assert_eq!(world.count("SELECT COUNT(*) FROM events WHERE kind = 'person.exported'").await, 3);
}

async fn a_lost_answer_that_is_asked_for_again_makes_no_erased_guest_anew(world: World) {
    let world = world.ready().await;
    let (device, guest) = (world.intercom.to_string(), world.guest());
    let (key, user) = ("lost".to_owned(), world.owner);
    let issue = Issue { user, device, guest: guest.clone(), key };
    let codes = world.store.codes();
    codes.issue(issue.clone(), world.now()).await.unwrap().unwrap();
    world.erases(&guest.mobile, true).await.unwrap();
    let again = codes.issue(issue, world.now()).await.unwrap();
    assert_eq!(again.unwrap_err(), IssueRefusal::KeyReused);
}

/// Each code of the number is either erased and over, or whole: whichever came first.
async fn of_an_erasure_and_codes_made_beside_it_nothing_is_left_half(world: World) {
    let world = Arc::new(world.ready().await);
    for _ in 0..16 {
        let guest = world.guest();
        let first = world.asks_for_a_code(guest.clone()).await.unwrap();
        world.revokes(&first).await;
        let making = [(); 3].map(|()| {
            let (world, guest) = (Arc::clone(&world), guest.clone());
            tokio::spawn(async move { world.asks_for_a_code(guest).await })
        });
        let erasing = tokio::spawn({
            let (world, mobile) = (Arc::clone(&world), guest.mobile.clone());
            async move { world.erases(&mobile, true).await }
        });
        let erased = erasing.await.unwrap().unwrap().codes;
        assert!(erased.contains(&first.pass.code.id));
        for made in making {
            // Asked for within ten seconds, all of them are one; an erased one is not made again.
            let Ok(issued) = made.await.unwrap() else { continue };
            let id = issued.pass.code.id;
            let details = world.store.codes().details(world.owner, id, world.now()).await.unwrap();
            assert_eq!(details.is_err(), erased.contains(&id));
            if details.is_ok() {
                assert_eq!(world.look(&issued.pass.link).await.pass.guest, guest);
                let _ = world.store.codes().revoke(world.owner, id, world.now()).await.unwrap();
            }
        }
    }
    world.all_chains_are_whole().await;
}

impl World {
    async fn forgets(&self) -> u64 {
        let privacy = self.store.privacy();
        privacy.forget_guests(GuestsKept::default(), self.now()).await.unwrap()
    }

    async fn erases(&self, phone: &PhoneNumber, revoke: bool) -> Result<Erased, EraseRefusal> {
        self.store.privacy().erase(phone.clone(), revoke, self.now()).await.unwrap()
    }

    /// A code as the history tells it.
    async fn past(&self, issued: &Issued) -> Past {
        let intercom = self.intercom.to_string();
        let history = self.store.codes().history(self.owner, intercom, None, self.now()).await;
        let mut history = history.unwrap().unwrap().into_iter();
        history.find(|past| past.code.id == issued.pass.code.id).unwrap()
    }

    async fn all_chains_are_whole(&self) {
        self.files_all().await;
        for verdict in self.verdicts().await {
            assert_eq!(verdict.wrong, None, "{verdict:?}");
        }
    }

    pub(crate) async fn count(&self, statement: &str) -> i64 {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let mut conn =
                <sqlx::SqliteConnection as sqlx::Connection>::connect(path).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut conn).await.unwrap()
        } else {
            let mut conn =
                <sqlx::PgConnection as sqlx::Connection>::connect(&self.url).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut conn).await.unwrap()
        }
    }
}

/// Rank 18: what was sealed and what it was digested to is gone from the file, not only from sight.
#[tokio::test]
async fn the_file_holds_nothing_of_who_was_forgotten() {
    let world = World::on_sqlite().await.ready().await;
    let visit = world.issues_and_lets_in().await;
    world.revokes(&visit).await;
    let path = world.url.strip_prefix("sqlite:").unwrap().to_owned();
    let mut conn = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap();
    let columns = "SELECT *, (SELECT phone_sealed FROM users LIMIT 1) AS stays FROM codes";
    let row = sqlx::query(columns).fetch_one(&mut conn).await.unwrap();
    let [sealed, passcode, link, reference, mobile, stays] =
        ["sealed", "passcode_digest", "link_digest", "reference_digest", "mobile_digest", "stays"]
            .map(|column| sqlx::Row::get::<Vec<u8>, _>(&row, column));
    sqlx::Connection::close(conn).await.unwrap();
    world.later(30 * DAY);
    assert_eq!(world.forgets().await, 1);
    world.store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(holds(&stays), "the owner's number is found, so would be the guest's");
    let name = visit.pass.guest.name.as_str().as_bytes().to_vec();
    let number = visit.pass.guest.mobile.reveal().as_bytes().to_vec();
    for (what, erased) in [
        ("the seal", &sealed[..]),
        ("part of the seal", &sealed[20..40]),
        ("the digits", &passcode),
        ("the link", &link),
        ("the reference", &reference),
        ("the number's digest", &mobile),
        ("the name", &name),
        ("the number", &number),
    ] {
        assert!(!holds(erased), "{what} is still in the file");
    }
}
