//! People a device is shared with: what they were given in columns, their names in a seal.

use domain::name::{Notes, PersonName};
use domain::share::{Access, InvalidTimes, Minute, Share, Stay, Times};
use domain::{Timestamp, UserId};

use crate::people::Person;
use crate::row::code::still_opens;
use crate::row::device::zone_of;
use crate::sql::{Row, Tx, sql};
use crate::vault::Vault;
use crate::{Fault, Result};

/// What somebody was given.
pub(crate) fn share_of(row: &Row) -> Result<Share> {
    Ok(Share {
        access: access_of(row)?,
        one_time_access: row.moment_if_any("one_time_access_at")?.is_some(),
        wifi: row.moment_if_any("wifi_off_at")?.is_none(),
    })
}

fn access_of(row: &Row) -> Result<Access> {
    let kind: String = row.take("access")?;
    let corrupt = |_| Fault::corrupt("shares", "access", format!("no {kind} access"));
    let stay = row.moment_if_any("from_at")?.zip(row.moment_if_any("until_at")?);
    let days: Option<i64> = row.take("days")?;
    match (kind.as_str(), days, stay) {
        ("full", None, None) => Ok(Access::Full),
        ("tenant", None, None) => Ok(Access::Tenant),
        ("always", None, None) => Ok(Access::Always),
        ("repeat", Some(_), None) => {
            let minute = |column| Minute::of_day(super::number(row, column)?).map_err(corrupt);
            let (from, until) = (minute("from_minute")?, minute("until_minute")?);
            let times = Times::of_bits(super::number(row, "days")?, from, until);
            Ok(Access::Repeat(times.map_err(corrupt)?))
        }
        ("temporary", None, Some((from, until))) => {
            Ok(Access::Temporary(Stay::new(from, until).map_err(|_| corrupt(InvalidTimes))?))
        }
        _ => Err(corrupt(InvalidTimes)),
    }
}

/// The columns that say of which type access is, as they are written.
struct AccessColumns {
    days: Option<u32>,
    from_minute: Option<u32>,
    until_minute: Option<u32>,
    from_at: Option<Timestamp>,
    until_at: Option<Timestamp>,
}

impl AccessColumns {
    fn of(access: Access) -> Self {
        let times = match access {
            Access::Repeat(times) => Some(times),
            Access::Full | Access::Tenant | Access::Always | Access::Temporary(_) => None,
        };
        let stay = match access {
            Access::Temporary(stay) => Some(stay),
            Access::Full | Access::Tenant | Access::Always | Access::Repeat(_) => None,
        };
        Self {
            days: times.map(|times| times.bits().into()),
            from_minute: times.map(|times| times.from().as_number().into()),
            until_minute: times.map(|times| times.until().as_number().into()),
            from_at: stay.map(Stay::from),
            until_at: stay.map(Stay::until),
        }
    }
}

/// Writes a share, over an older one of the same person.
pub(crate) async fn keep(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    person: &Person,
    now: Timestamp,
) -> Result<()> {
    let columns = AccessColumns::of(person.share.access);
    let [name, notes] = [
        person.name.as_ref().map_or("", PersonName::as_str),
        person.notes.as_ref().map_or("", Notes::as_str),
    ];
    sql("INSERT INTO shares (device_id, user_id, shared_at, one_time_access_at, access, days,
                             from_minute, until_minute, from_at, until_at, wifi_off_at, invited_by,
                             sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (device_id, user_id) DO UPDATE SET
             shared_at = excluded.shared_at, one_time_access_at = excluded.one_time_access_at,
             access = excluded.access, days = excluded.days, from_minute = excluded.from_minute,
             until_minute = excluded.until_minute, from_at = excluded.from_at,
             until_at = excluded.until_at, wifi_off_at = excluded.wifi_off_at,
             invited_by = excluded.invited_by, sealed = excluded.sealed")
    .bind(device)
    .bind(person.user)
    .bind(person.shared_at)
    .bind(person.share.one_time_access.then_some(now))
    .bind(person.share.access.as_str())
    .bind(columns.days)
    .bind(columns.from_minute)
    .bind(columns.until_minute)
    .bind(columns.from_at)
    .bind(columns.until_at)
    .bind((!person.share.wifi).then_some(now))
    .bind(person.invited_by)
    .bind(vault.seal(&row_name(device, person.user), &[name, notes])?)
    .execute(tx)
    .await
    .map(drop)
}

/// Somebody a device is shared with, with what they made there and is not over.
macro_rules! of_device {
    ($which:literal) => {
        concat!(
            "SELECT s.*, u.phone_sealed, d.time_zone,
                 (SELECT COUNT(*) FROM codes c WHERE c.intercom_id = s.device_id
                     AND c.issued_by = s.user_id AND ",
            still_opens!("$2"),
            ") AS codes,
                 (SELECT COUNT(*) FROM shares g WHERE g.device_id = s.device_id
                     AND g.invited_by = s.user_id AND $2 < g.until_at) AS invitations
             FROM shares s JOIN users u ON u.id = s.user_id JOIN devices d ON d.id = s.device_id
             WHERE s.device_id = $1 ",
            $which
        )
    };
}

/// The people of a device.
pub(crate) const PEOPLE: &str = of_device!("ORDER BY s.shared_at, s.user_id");

/// One of them.
const PERSON: &str = of_device!("AND s.user_id = $3");

/// One person a device is shared with.
pub(crate) async fn person(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Person>> {
    let row = sql(PERSON).bind(device).bind(now).bind(user).optional(tx).await?;
    row.map(|row| person_of(vault, device, &row, now)).transpose()
}

/// The same of one who is there.
pub(crate) async fn seen(
    tx: &mut Tx,
    vault: &Vault,
    device: &str,
    user: UserId,
    now: Timestamp,
) -> Result<Person> {
    let person = person(tx, vault, device, user, now).await?;
    person.ok_or_else(|| Fault::corrupt("shares", user, "vanished"))
}

pub(crate) fn person_of(vault: &Vault, device: &str, row: &Row, now: Timestamp) -> Result<Person> {
    let user = row.parsed("user_id", UserId::parse)?;
    let share = share_of(row)?;
    let (name, notes) = typed_of(vault, device, row)?;
    Ok(Person {
        user,
        phone: super::phone(vault, "user", &row.take::<Vec<u8>>("phone_sealed")?)?,
        share,
        holds: share.access.holds(zone_of(row)?.as_ref(), now),
        name,
        notes,
        shared_at: row.moment("shared_at")?,
        invited_by: row.parsed_if_any("invited_by", UserId::parse)?,
        codes: Some(super::number(row, "codes")?),
        invitations: super::number(row, "invitations")?,
    })
}

/// What was typed about somebody: a name and notes.
pub(crate) fn typed_of(
    vault: &Vault,
    device: &str,
    row: &Row,
) -> Result<(Option<PersonName>, Option<Notes>)> {
    let user = row.parsed("user_id", UserId::parse)?;
    let sealed: Option<Vec<u8>> = row.take("sealed")?;
    // Shares from before there were names have none.
    let [name, notes] = match sealed {
        Some(sealed) => vault.open(&row_name(device, user), &sealed)?,
        None => Default::default(),
    };
    let corrupt = |what: &dyn std::fmt::Display| Fault::corrupt("shares", user, what);
    let name = (!name.is_empty()).then(|| PersonName::parse(&name));
    let notes = (!notes.is_empty()).then(|| Notes::parse(&notes));
    Ok((
        name.transpose().map_err(|error| corrupt(&error))?,
        notes.transpose().map_err(|error| corrupt(&error))?,
    ))
}

/// Makes the shares of one user those of another, who has none of these devices. What is sealed is
/// bound to the user, so it is sealed anew.
pub(crate) async fn hand_over(tx: &mut Tx, vault: &Vault, from: UserId, to: UserId) -> Result<()> {
    for row in sql("SELECT * FROM shares WHERE user_id = $1").bind(from).all(tx).await? {
        let device: String = row.take("device_id")?;
        let (name, notes) = typed_of(vault, &device, &row)?;
        let [name, notes] = [
            name.as_ref().map_or("", PersonName::as_str),
            notes.as_ref().map_or("", Notes::as_str),
        ];
        sql("UPDATE shares SET user_id = $3, sealed = $4 WHERE device_id = $1 AND user_id = $2")
            .bind(device.as_str())
            .bind(from)
            .bind(to)
            .bind(vault.seal(&row_name(&device, to), &[name, notes])?)
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// What a seal of a share is bound to.
fn row_name(device: &str, user: UserId) -> String {
    format!("{device}/{user}")
}
