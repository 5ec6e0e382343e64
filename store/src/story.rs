//! The story of one device: what happened to it, the latest first.

use domain::permission::{Act, Denied};
use domain::{EventId, UserId};

use crate::database::reading;
use crate::row::device::role_of;
use crate::sql::sql;
use crate::{Answer, Events, Happened};

/// Which part of a story.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What the words of its events begin with, like `attempt`; all when none.
    pub of: Option<[&'static str; 2]>,
    /// What was filed before this event; the latest when none.
    pub before: Option<EventId>,
    /// How long a part at most.
    pub at_most: u32,
}

impl Events {
    /// What a person may know of a device, of what is filed: its owner all that happened to it, and
    /// who has the grant what happened to its codes. Both know who got it from whom, if it was they.
    pub async fn story(
        &self,
        reader: UserId,
        device: String,
        part: Part,
    ) -> Answer<Vec<Happened>, Denied> {
        reading!(self.0.db, |tx| {
            let role = role_of(tx, &device, reader).await?;
            let is_owner = role.may(Act::Manage).is_ok();
            if let (false, Err(denied)) = (is_owner, role.may(Act::UseOneTimeAccess)) {
                return Ok(Err(denied));
            }
            let place = match part.before {
                None => None,
                Some(id) => {
                    let row = sql("SELECT position FROM events WHERE id = $1").bind(id);
                    row.optional(tx).await?.map(|row| row.take("position")).transpose()?.flatten()
                }
            };
            let place: i64 = place.unwrap_or(i64::MAX);
            let [first, second] = part
                .of
                .map_or(["%".to_owned(), "%".to_owned()], |of| of.map(|word| format!("{word}.%")));
            // Each arm walks an index of its own back from that place, and no further than needed.
            let rows = sql("SELECT * FROM (
                    SELECT * FROM (SELECT * FROM events WHERE position < $2 AND device_id = $1
                        AND (kind LIKE $3 OR kind LIKE $4)
                        AND ($5 = 'owner' OR (code_id IS NOT NULL AND intercom_id = $1)
                            OR (user_id = $6 AND kind IN
                                ('owner.transferred', 'grant.added', 'grant.removed'))
                            OR (actor_id = $6 AND kind = 'owner.transferred'))
                        ORDER BY position DESC LIMIT $7) AS of_device
                    UNION SELECT * FROM (SELECT * FROM events
                        WHERE position < $2 AND intercom_id = $1
                        AND (kind LIKE $3 OR kind LIKE $4)
                        AND ($5 = 'owner' OR code_id IS NOT NULL)
                        ORDER BY position DESC LIMIT $7) AS of_intercom
                ) AS story ORDER BY position DESC LIMIT $7")
            .bind(device)
            .bind(place)
            .bind(first)
            .bind(second)
            .bind(if is_owner { "owner" } else { "grantee" })
            .bind(reader)
            .bind(part.at_most)
            .all(tx)
            .await?;
            rows.iter().map(Happened::of).collect::<crate::Result<_>>().map(Ok)
        })
    }
}
