//! The feed: what happened to the devices of a person, in the order in which it was filed.

use domain::{EventId, Timestamp, UserId};

use crate::database::reading;
use crate::events::is_told;
use crate::sql::sql;
use crate::{Answer, Events, Happened};

/// No such event, or not filed here: after a restore, a reader may have come further than the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEvent;

impl Events {
    /// What a person may know of and was filed after an event, or from the beginning on.
    ///
    /// That is all about devices of theirs, all about devices but codes where they have full access,
    /// all about codes where they have the grant, their own account, and what they were given or
    /// gave away: as things are now, so that a new owner knows the past of a device, too; but not
    /// who claimed what somebody else had taken off their account. Hours of repeat access are not
    /// asked about: a cursor that passed by an event would never come back.
    pub async fn after(
        &self,
        reader: UserId,
        after: Option<EventId>,
        at_most: u32,
        now: Timestamp,
    ) -> Answer<Vec<Happened>, UnknownEvent> {
        reading!(self.0.db, |tx| {
            let place = match after {
                None => Some(0),
                Some(id) => {
                    let row = sql("SELECT position FROM events WHERE id = $1").bind(id);
                    row.optional(tx).await?.map(|row| row.take("position")).transpose()?.flatten()
                }
            };
            let Some(place): Option<i64> = place else { return Ok(Err(UnknownEvent)) };
            // Each arm walks an index of its own from that place on, and no further than needed.
            let rows = sql(concat!(
                "SELECT * FROM (
                    SELECT * FROM (SELECT * FROM events WHERE $2 < position
                        AND device_id IN (SELECT id FROM devices WHERE owner_id = $1)
                        AND ",
                is_told!(),
                "       ORDER BY position LIMIT $3) AS of_devices
                    UNION SELECT * FROM (SELECT * FROM events WHERE $2 < position
                        AND intercom_id IN (SELECT id FROM devices WHERE owner_id = $1)
                        ORDER BY position LIMIT $3) AS of_intercoms
                    UNION SELECT * FROM (SELECT * FROM events WHERE $2 < position
                        AND code_id IS NULL AND kind NOT LIKE 'visit.%'
                        AND device_id IN (SELECT device_id FROM shares
                            WHERE user_id = $1 AND access = 'full')
                        AND ",
                is_told!(),
                "       ORDER BY position LIMIT $3) AS of_logs
                    UNION SELECT * FROM (SELECT * FROM events WHERE $2 < position
                        AND code_id IS NOT NULL
                        AND intercom_id IN (SELECT device_id FROM shares
                            WHERE user_id = $1 AND one_time_access_at IS NOT NULL
                                AND (from_at IS NULL OR from_at <= $4)
                                AND (until_at IS NULL OR $4 < until_at))
                        ORDER BY position LIMIT $3) AS of_codes
                    UNION SELECT * FROM (SELECT * FROM events WHERE $2 < position
                        AND user_id = $1 AND (device_id IS NULL OR kind IN
                            ('owner.transferred', 'device.removed', 'grant.added', 'grant.removed',
                             'person.added', 'person.changed', 'person.removed'))
                        ORDER BY position LIMIT $3) AS of_the_reader
                    UNION SELECT * FROM (SELECT * FROM events WHERE $2 < position
                        AND actor_id = $1 AND kind = 'owner.transferred'
                        ORDER BY position LIMIT $3) AS given_away
                ) AS known ORDER BY position LIMIT $3"
            ))
            .bind(reader)
            .bind(place)
            .bind(at_most)
            .bind(now)
            .all(tx)
            .await?;
            rows.iter().map(Happened::of).collect::<crate::Result<_>>().map(Ok)
        })
    }
}
