//! The feed misses nothing and repeats nothing; the chains show what was changed afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{EventId, IntercomId, UserId};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use store::{Chain, Checkpoint, Happened, How, UnknownEvent, Verdict};

use crate::world::World;

crate::on_both_databases![
    a_reader_misses_nothing_while_many_write,
    the_feed_of_each_is_what_they_may_know,
    who_gave_a_device_away_hears_of_that_and_of_nothing_after_it,
    a_reader_who_came_further_than_the_feed_is_told,
    whoever_changes_or_drops_an_entry_is_found_out,
    who_writes_a_chain_anew_cannot_sign_it,
    a_chain_is_signed_after_a_hundred_entries_or_an_hour,
];

/// Writers, clerks and a reader at once: what the reader saw in the end is all there is, in the
/// order of the feed.
async fn a_reader_misses_nothing_while_many_write(world: World) {
    let world = Arc::new(world.ready().await);
    let writing = Arc::new(AtomicBool::new(true));
    let clerks = [(); 2].map(|()| {
        let (world, writing) = (Arc::clone(&world), Arc::clone(&writing));
        tokio::spawn(async move {
            while writing.load(Ordering::Relaxed) {
                world.store.events().file(world.now()).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    let writers = [(); 8].map(|()| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            for _ in 0..5 {
                // At the limit some are refused: those write nothing.
                if let Ok(issued) = world.asks_for_a_code(world.guest()).await {
                    world.revokes(&issued).await;
                }
            }
        })
    });
    let reader = tokio::spawn({
        let (world, writing) = (Arc::clone(&world), Arc::clone(&writing));
        async move {
            let mut seen = Vec::new();
            loop {
                let goes_on = writing.load(Ordering::Relaxed);
                let news = world.told(world.owner, seen.last().map(|seen: &Happened| seen.id), 7);
                let news = news.await;
                if news.is_empty() && !goes_on {
                    return seen;
                }
                seen.extend(news);
                tokio::task::yield_now().await;
            }
        }
    });
    for writer in writers {
        writer.await.unwrap();
    }
    world.files_all().await;
    writing.store(false, Ordering::Relaxed);
    for clerk in clerks {
        clerk.await.unwrap();
    }
    let seen = reader.await.unwrap();
    let issued = seen.iter().filter(|seen| seen.kind == "pass.issued").count();
    let revoked = seen.iter().filter(|seen| seen.kind == "pass.revoked").count();
    assert!(10 <= issued && issued == revoked, "{issued} issued, {revoked} revoked");
    let ids: BTreeSet<EventId> = seen.iter().map(|seen| seen.id).collect();
    assert_eq!(ids.len(), seen.len(), "nothing twice");
    assert_eq!(world.told(world.owner, None, 10_000).await, seen, "the same in one go");
    for chain in world.verdicts().await {
        assert_eq!(chain.wrong, None);
    }
}

async fn the_feed_of_each_is_what_they_may_know(world: World) {
    let world = world.ready().await;
    let shared = world.signs_in("+27830000001").await.user;
    let stranger = world.signs_in("+27830000002").await.user;
    let (people, intercom) = (world.store.people(), world.intercom.to_string());
    let phone = World::phone("+27830000001");
    let share = people.share(world.owner, intercom, phone, true, world.now());
    share.await.unwrap().unwrap();
    world.issues_and_lets_in().await;
    world.files_all().await;

    let kinds = |told: Vec<Happened>| -> BTreeSet<String> {
        told.into_iter().map(|event| event.kind).collect()
    };
    let owners = kinds(world.told(world.owner, None, 1000).await);
    for kind in ["session.started", "device.claimed", "settings.saved", "grant.added"] {
        assert!(owners.contains(kind), "{kind} of {owners:?}");
    }
    for kind in ["gate.online", "pass.issued", "attempt.opened"] {
        assert!(owners.contains(kind), "{kind} of {owners:?}");
    }
    let guests = ["attempt.opened", "attempt.reserved", "attempt.sent", "pass.issued"];
    let expected = guests
        .iter()
        .chain(&["grant.added", "person.added", "session.started"])
        .map(ToString::to_string)
        .collect();
    assert_eq!(kinds(world.told(shared, None, 1000).await), expected);
    let own = world.told(stranger, None, 1000).await;
    assert!(own.iter().all(|event| event.user == Some(stranger)), "{own:?}");
    assert_eq!(kinds(own), ["session.started".to_owned()].into());
}

async fn who_gave_a_device_away_hears_of_that_and_of_nothing_after_it(world: World) {
    let world = world.ready().await;
    let buyer = world.signs_in("+27830000009").await.user;
    let gate = world.gate.to_string();
    world.transfers(&gate, &[]).await.unwrap();
    let gone = world.store.people().unshare(buyer, gate, world.owner, false, world.now()).await;
    gone.unwrap().unwrap();
    world.later(Duration::from_secs(1));
    world.gate_is_ready(world.gate, &[]).await;
    world.files_all().await;
    let told = world.told(world.owner, None, 1000).await;
    let given = told.iter().filter(|event| event.kind == "owner.transferred").count();
    assert_eq!(given, 1);
    let after = world.now();
    assert!(!told.iter().any(|event| event.kind == "gate.online" && event.at == after), "{told:?}");
}

async fn a_reader_who_came_further_than_the_feed_is_told(world: World) {
    let unknown = EventId::new(&*world.dice, world.now());
    let told =
        world.store.events().after(world.owner, Some(unknown), 10, world.now()).await.unwrap();
    assert_eq!(told, Err(UnknownEvent));
}

async fn whoever_changes_or_drops_an_entry_is_found_out(world: World) {
    let world = world.ready().await;
    for _ in 0..3 {
        let issued = world.issues_and_lets_in().await;
        world.revokes(&issued).await;
    }
    world.files_all().await;
    let entries = world.store.events().entries(Some(world.intercom), 0).await.unwrap();
    assert!(entries.iter().zip(1..).all(|(entry, number)| entry.number == number));
    assert!(world.verdict().await.wrong.is_none());
    let (bad, last) = (&entries[4], entries.last().unwrap());
    let (id, number) = (bad.event.id, bad.number);
    for (column, other) in [
        ("at", "at + 1"),
        ("kind", "kind || 'x'"),
        ("actor_id", "'user_0'"),
        ("user_id", "'user_0'"),
        ("device_id", "'elsewhere'"),
        ("code_id", "NULL"),
        ("attempt_id", "'attempt_0'"),
        ("exception_id", "'exception_0'"),
        ("position", "position + 100000"),
        ("link", "(SELECT link FROM events WHERE entry = 1 LIMIT 1)"),
    ] {
        let keep = format!("CREATE TABLE kept AS SELECT id, {column} AS was FROM events");
        world.runs(&keep).await;
        world.runs(&format!("UPDATE events SET {column} = {other} WHERE id = '{id}'")).await;
        let wrong = world.verdict().await.wrong.unwrap_or_else(|| panic!("{column} was changed"));
        assert_eq!((wrong.entry, wrong.how), (number, How::Changed), "{column}");
        let back = "(SELECT was FROM kept WHERE kept.id = events.id)";
        world.runs(&format!("UPDATE events SET {column} = {back} WHERE id = '{id}'")).await;
        world.runs("DROP TABLE kept").await;
        assert_eq!(world.verdict().await.wrong, None, "{column} is as it was");
    }
    // What goes by another id, to another chain or to another place is not where it was.
    let other = domain::EventId::from_bytes([7; 16]);
    for (change, back, how) in [
        (format!("id = '{other}'"), format!("id = '{id}'"), How::Changed),
        ("intercom_id = NULL".into(), format!("intercom_id = '{}'", world.intercom), How::Missing),
        ("entry = entry + 100000".into(), format!("entry = {number}"), How::Missing),
    ] {
        let find = format!("WHERE id IN ('{id}', '{other}')");
        world.runs(&format!("UPDATE events SET {change} {find}")).await;
        let wrong = world.verdict().await.wrong.unwrap_or_else(|| panic!("{change}"));
        assert_eq!((wrong.entry, wrong.how), (number, how), "{change}");
        world.runs(&format!("UPDATE events SET {back} {find}")).await;
        assert_eq!(world.verdict().await.wrong, None, "{back}");
    }
    world.runs(&format!("DELETE FROM events WHERE id = '{}'", last.event.id)).await;
    let wrong = world.verdict().await.wrong.unwrap();
    assert_eq!((wrong.entry, wrong.how), (last.number, How::Missing), "the last one");
    world.runs(&format!("DELETE FROM events WHERE id = '{id}'")).await;
    let wrong = world.verdict().await.wrong.unwrap();
    assert_eq!((wrong.entry, wrong.how), (number, How::Missing), "the first bad one is told");
}

/// Whoever can write to the database can make a chain that fits in itself, but no signature.
async fn who_writes_a_chain_anew_cannot_sign_it(world: World) {
    let world = world.ready().await;
    world.issues_and_lets_in().await;
    world.files_all().await;
    let events = world.store.events();
    for head in events.to_sign(world.now()).await.unwrap() {
        let sig = format!("signed: {}", head.to_sign());
        events.keep(Checkpoint { head, kid: "k1".to_owned(), sig }).await.unwrap();
    }
    let signed = world.verdict().await;
    assert_eq!((signed.checkpoints, &signed.wrong), (1, &None));

    // Somebody takes the last entry away, and lets the chain end before it.
    let entries = events.entries(Some(world.intercom), 0).await.unwrap();
    let [.., before, last] = &entries[..] else { panic!("{entries:?}") };
    world.runs(&format!("DELETE FROM events WHERE id = '{}'", last.event.id)).await;
    let chain = Chain { entries: before.number, head: before.link };
    world.puts(chain).await;
    let wrong = world.verdict().await.wrong.unwrap();
    assert_eq!((wrong.entry, wrong.how), (last.number, How::Missing));

    // They let the whole chain vanish from the list.
    world.runs("DELETE FROM chains").await;
    let named = events.chains().await.unwrap();
    assert!(
        named.contains(&Some(world.intercom)),
        "its entries and checkpoints name it: {named:?}"
    );
    world.puts_back(chain).await;

    // They take the checkpoint away, too, and write their own.
    world.runs("DELETE FROM checkpoints").await;
    assert_eq!(world.verdict().await.wrong, None, "only a checkpoint kept elsewhere shows it");
    let at = world.now();
    let head = store::Head { intercom: Some(world.intercom), chain, at };
    let forged = Checkpoint { head, kid: "k1".to_owned(), sig: "forged".to_owned() };
    events.keep(forged).await.unwrap();
    let wrong = world.verdict().await.wrong.unwrap();
    assert_eq!((wrong.entry, wrong.how), (before.number, How::Unsigned));
}

async fn a_chain_is_signed_after_a_hundred_entries_or_an_hour(world: World) {
    let world = world.ready().await;
    world.files_all().await;
    let events = world.store.events();
    let signs = async || {
        let heads = events.to_sign(world.now()).await.unwrap();
        for head in &heads {
            let sig = format!("signed: {}", head.to_sign());
            let checkpoint = Checkpoint { head: *head, kid: "k1".to_owned(), sig };
            events.keep(checkpoint).await.unwrap();
        }
        heads.iter().filter(|head| head.intercom == Some(world.intercom)).count()
    };
    assert_eq!(signs().await, 1, "a new chain");
    assert_eq!(signs().await, 0, "nothing new");
    let issued = world.issues().await;
    world.files_all().await;
    assert_eq!(signs().await, 0, "a little new");
    world.later(Duration::from_hours(1));
    assert_eq!(signs().await, 1, "an hour later");
    world.revokes(&issued).await;
    for _ in 0..50 {
        let issued = world.issues().await;
        world.revokes(&issued).await;
    }
    world.files_all().await;
    assert_eq!(signs().await, 1, "a hundred entries later");
}

impl World {
    /// What a reader is told after an event.
    pub(crate) async fn told(
        &self,
        who: UserId,
        after: Option<EventId>,
        at_most: u32,
    ) -> Vec<Happened> {
        self.store.events().after(who, after, at_most, self.now()).await.unwrap().unwrap()
    }

    pub(crate) async fn files_all(&self) {
        while self.store.events().file(self.now()).await.unwrap() != 0 {}
    }

    pub(crate) async fn verdict(&self) -> Verdict {
        self.judges(Some(self.intercom)).await
    }

    pub(crate) async fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for chain in self.store.events().chains().await.unwrap() {
            verdicts.push(self.judges(chain).await);
        }
        verdicts
    }

    async fn judges(&self, chain: Option<IntercomId>) -> Verdict {
        let signed =
            |signed: &Checkpoint| signed.sig == format!("signed: {}", signed.head.to_sign());
        self.store.events().verify(chain, signed).await.unwrap()
    }

    /// Writes the intercom's chain into the list again.
    async fn puts_back(&self, chain: Chain) {
        let intercom = self.intercom;
        let empty = if self.url.starts_with("sqlite:") { "x''" } else { "''::bytea" };
        self.runs(&format!(
            "INSERT INTO chains (intercom_id, entries, head) VALUES ('{intercom}', 0, {empty})"
        ))
        .await;
        self.puts(chain).await;
    }

    /// Lets the intercom's chain end elsewhere, as only somebody in the database can.
    async fn puts(&self, chain: Chain) {
        let (entries, head) = (chain.entries, hex(&chain.head));
        let head = if self.url.starts_with("sqlite:") {
            format!("x'{head}'")
        } else {
            format!("'\\x{head}'::bytea")
        };
        let intercom = self.intercom;
        self.runs(&format!(
            "UPDATE chains SET entries = {entries}, head = {head} WHERE intercom_id = '{intercom}'"
        ))
        .await;
    }

    /// Somebody in the database.
    pub(crate) async fn runs(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let mut conn = SqliteConnection::connect(path).await.unwrap();
            conn.execute(sqlx::raw_sql(statement)).await.unwrap();
        } else {
            let mut conn = PgConnection::connect(&self.url).await.unwrap();
            conn.execute(sqlx::raw_sql(statement)).await.unwrap();
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
