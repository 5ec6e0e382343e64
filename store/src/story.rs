//! The story of one device: what happened to it, the latest first.

use domain::permission::{Act, Denied};
use domain::{EventId, Timestamp, UserId};

use crate::database::reading;
use crate::events::is_told;
use crate::row::device::role_of;
use crate::sql::sql;
use crate::{Answer, Events, Happened};

/// Which part of a story.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What the words of its events begin with, like `attempt`; all when none.
    pub of: Option<[&'static str; 3]>,
    /// What was filed before this event; the latest when none.
    pub before: Option<EventId>,
    /// How long a part at most.
    pub at_most: u32,
}

impl Events {
    /// What a person may know of a device, of what is filed: its owner all that happened to it, who
    /// has full access all but its codes, and who has the grant those. All know who got it from
    /// whom, if it was they. What somebody else took off their account has no past.
    pub async fn story(
        &self,
        reader: UserId,
        device: String,
        part: Part,
        now: Timestamp,
    ) -> Answer<Vec<Happened>, Denied> {
        reading!(self.0.db, |tx| {
            let role = role_of(tx, &device, reader, now).await?;
            let codes = role.may(Act::UseOneTimeAccess);
            let of_device = match (role.may(Act::Manage), role.may(Act::SeeLog), codes) {
                (Ok(()), ..) => "all",
                (Err(_), Ok(()), _) => "no codes",
                (Err(_), Err(_), Ok(())) => "nothing",
                (Err(_), Err(_), Err(denied)) => return Ok(Err(denied)),
            };
            let place = match part.before {
                None => None,
                Some(id) => {
                    let row = sql("SELECT position FROM events WHERE id = $1").bind(id);
                    row.optional(tx).await?.map(|row| row.take("position")).transpose()?.flatten()
                }
            };
            let place: i64 = place.unwrap_or(i64::MAX);
            let [first, second, third] = part.of.map_or(["%", "%", "%"].map(str::to_owned), |of| {
                of.map(|word| format!("{word}.%"))
            });
            // Each arm walks an index of its own back from that place, and no further than needed.
            let rows = sql(concat!(
                "SELECT * FROM (
                    SELECT * FROM (SELECT * FROM events WHERE position < $2 AND device_id = $1
                        AND ",
                is_told!(),
                "       AND (kind LIKE $3 OR kind LIKE $4 OR kind LIKE $9)
                        AND ($5 = 'all' OR ($5 = 'no codes' AND code_id IS NULL
                                AND kind NOT LIKE 'visit.%')
                            OR ($8 = 'codes' AND code_id IS NOT NULL AND intercom_id = $1)
                            OR (user_id = $6 AND kind IN
                                ('owner.transferred', 'grant.added', 'grant.removed',
                                 'person.added', 'person.changed', 'person.removed'))
                            OR (actor_id = $6 AND kind = 'owner.transferred'))
                        ORDER BY position DESC LIMIT $7) AS of_device
                    UNION SELECT * FROM (SELECT * FROM events
                        WHERE position < $2 AND intercom_id = $1
                        AND (kind LIKE $3 OR kind LIKE $4 OR kind LIKE $9)
                        AND ($5 = 'all' OR ($5 = 'no codes' AND code_id IS NULL
                                AND kind NOT LIKE 'visit.%')
                            OR ($8 = 'codes' AND code_id IS NOT NULL))
                        ORDER BY position DESC LIMIT $7) AS of_intercom
                ) AS story ORDER BY position DESC LIMIT $7"
            ))
            .bind(device)
            .bind(place)
            .bind(first)
            .bind(second)
            .bind(of_device)
            .bind(reader)
            .bind(part.at_most)
            .bind(codes.map_or("no codes", |()| "codes"))
            .bind(third)
            .all(tx)
            .await?;
            rows.iter().map(Happened::of).collect::<crate::Result<_>>().map(Ok)
        })
    }
}
