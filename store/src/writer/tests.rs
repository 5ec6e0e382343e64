//! Group commit under a crowd in which every fourth unit is poisoned.

use std::sync::Arc;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{QUEUE, Writer};
use crate::sql::sql;
use crate::{Fault, Result};

/// A writer on an empty table of its own.
async fn writer() -> (Arc<Writer>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new().filename(folder.path().join("t.db"));
    let connection = file.create_if_missing(true).connect().await.unwrap();
    let writer = Arc::new(Writer::start(connection));
    let table = "CREATE TABLE seats (id INTEGER PRIMARY KEY, taken INTEGER CHECK (taken <= 1))";
    writer.write(move |tx| Box::pin(sql(table).execute(tx))).await.unwrap();
    writer
        .write(|tx| {
            Box::pin(async {
                for id in 0..50_i64 {
                    let seat = sql("INSERT INTO seats VALUES ($1, 0)");
                    seat.bind(id).execute(tx).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    (writer, folder)
}

async fn takes_a_seat(writer: &Writer, id: i64) -> Result<bool> {
    let take = "UPDATE seats SET taken = 1 WHERE id = $1 AND taken = 0";
    writer
        .write(move |tx| Box::pin(async move { Ok(sql(take).bind(id).execute(tx).await? == 1) }))
        .await
}

/// Takes every seat, and then fails: by the database, or by a panic.
async fn poisons_all(writer: &Writer, panics: bool) -> Result<bool> {
    writer
        .write(move |tx| {
            Box::pin(async move {
                sql("UPDATE seats SET taken = 1").execute(tx).await?;
                assert!(!panics, "a unit that panics (part of the test)");
                sql("UPDATE seats SET taken = 2").execute(tx).await?;
                Ok(true)
            })
        })
        .await
}

async fn taken(writer: &Writer) -> i64 {
    let row = writer.write(|tx| {
        Box::pin(async {
            sql("SELECT SUM(taken) AS taken FROM seats").one(tx).await?.take("taken")
        })
    });
    row.await.unwrap()
}

#[tokio::test]
async fn of_400_at_once_each_seat_is_taken_once_and_poisoned_units_take_none() {
    let (writer, _folder) = writer().await;
    let mut crowd = JoinSet::new();
    for n in 0..400_i64 {
        let writer = Arc::clone(&writer);
        crowd.spawn(async move {
            match n % 8 {
                0 => poisons_all(&writer, false).await,
                4 => poisons_all(&writer, true).await,
                _ => takes_a_seat(&writer, n % 50).await,
            }
        });
    }
    let answers = crowd.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 100);
    let won = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
    assert_eq!(i64::try_from(won).unwrap(), taken(&writer).await);
    assert!(0 < won && won <= 50);
}

#[tokio::test]
async fn a_full_queue_says_so_at_once_and_loses_nothing_that_was_taken() {
    let (writer, _folder) = writer().await;
    let (release, held) = oneshot::channel::<()>();
    let (started, is_held) = oneshot::channel();
    let holding = Arc::clone(&writer);
    let busy = tokio::spawn(async move {
        holding
            .write(move |_| {
                Box::pin(async move {
                    let _ = started.send(());
                    let _ = held.await;
                    Ok(())
                })
            })
            .await
    });
    is_held.await.unwrap();
    let mut waiting = JoinSet::new();
    for n in 0..QUEUE {
        let writer = Arc::clone(&writer);
        waiting.spawn(async move { takes_a_seat(&writer, i64::try_from(n % 50).unwrap()).await });
    }
    // The queue fills while nobody is served; the next one is turned away.
    while 0 < writer.queue.capacity() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(takes_a_seat(&writer, 0).await, Err(Fault::Busy)));
    release.send(()).unwrap();
    busy.await.unwrap().unwrap();
    let answers = waiting.join_all().await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(taken(&writer).await, 50);
}
