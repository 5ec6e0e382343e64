//! Types of access as clients write and read them.

use domain::Timestamp;
use domain::share::{Access, Day, InvalidStay, Minute, Stay, Times};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::body::Fields;
use crate::wire::rfc3339;

/// Which access, and when it holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessBody {
    /// `full`, `tenant`, `always`, `repeat` or `temporary`
    r#type: &'static str,
    /// For `repeat`: days of the week, like `monday`
    days: Option<Vec<&'static str>>,
    /// For `repeat`, a time like `08:00` in the device's zone; for `temporary`, a moment
    from: Option<String>,
    /// The same; a time that is not after `from` is one of the next day
    until: Option<String>,
}

impl From<Access> for AccessBody {
    fn from(access: Access) -> Self {
        let r#type = access.as_str();
        let (days, from, until) = match access {
            Access::Full | Access::Tenant | Access::Always => (None, None, None),
            Access::Repeat(times) => (
                Some(times.days().map(Day::as_str).collect()),
                Some(times.from().to_string()),
                Some(times.until().to_string()),
            ),
            Access::Temporary(stay) => {
                (None, Some(rfc3339(stay.from())), Some(rfc3339(stay.until())))
            }
        };
        Self { r#type, days, from, until }
    }
}

/// Access as somebody typed it.
pub(crate) struct Typed<'a> {
    pub(crate) r#type: &'a str,
    pub(crate) days: Vec<&'a str>,
    pub(crate) from: Option<&'a str>,
    pub(crate) until: Option<&'a str>,
}

/// Reads access as typed: moments by RFC 3339. A temporary one that does not say from when holds
/// from now on.
pub(crate) fn typed(typed: &Typed, now: Timestamp) -> Result<Access, Problem> {
    let unread = |_| InvalidStay;
    let moment = |text: &str| -> Result<Timestamp, InvalidStay> {
        let moment: jiff::Timestamp = text.parse().map_err(unread)?;
        Ok(Timestamp::from_millis(moment.as_millisecond()))
    };
    let mut fields = Fields::default();
    match typed.r#type {
        "full" => Ok(Access::Full),
        "tenant" => Ok(Access::Tenant),
        "always" => Ok(Access::Always),
        "repeat" => repeat(typed),
        "temporary" => {
            let from = fields.take("from", typed.from.map_or(Ok(now), moment));
            let until = fields.take("until", moment(typed.until.unwrap_or_default()));
            let (Some(from), Some(until)) = (from, until) else { return Err(fields.problem()) };
            let stay = Stay::new(from, until).map_err(|error| Problem::field("until", error))?;
            Ok(Access::Temporary(stay))
        }
        _ => Err(Problem::field("type", "expected full, tenant, always, repeat or temporary")),
    }
}

fn repeat(typed: &Typed) -> Result<Access, Problem> {
    let mut fields = Fields::default();
    let days: Result<Vec<Day>, _> = typed.days.iter().map(|word| Day::parse(word)).collect();
    let days = fields.take("days", days);
    let from = fields.take("from", Minute::parse(typed.from.unwrap_or_default()));
    let until = fields.take("until", Minute::parse(typed.until.unwrap_or_default()));
    let (Some(days), Some(from), Some(until)) = (days, from, until) else {
        return Err(fields.problem());
    };
    let times = Times::new(&days, from, until).map_err(|error| Problem::field("days", error))?;
    Ok(Access::Repeat(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, days: &[&str], from: &str, until: &str) -> Result<Access, Problem> {
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let typed =
            Typed { r#type: kind, days: days.to_vec(), from: some(from), until: some(until) };
        super::typed(&typed, Timestamp::from_millis(1_780_000_000_000))
    }

    #[test]
    fn each_type_is_read_and_written_back_the_same() {
        for (kind, days, from, until) in [
            ("full", &[][..], "", ""),
            ("tenant", &[], "", ""),
            ("always", &[], "", ""),
            ("repeat", &["monday", "sunday"], "22:00", "06:00"),
            ("temporary", &[], "2026-06-01T08:00:00.000Z", "2026-06-02T08:00:00.000Z"),
        ] {
            let body = AccessBody::from(read(kind, days, from, until).unwrap());
            assert_eq!(body.r#type, kind);
            assert_eq!(body.days.unwrap_or_default(), days);
            assert_eq!([body.from, body.until].map(Option::unwrap_or_default), [from, until]);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (kind, days, from, until, field) in [
            ("owner", &["monday"][..], "08:00", "09:00", "type"),
            ("repeat", &[], "08:00", "09:00", "days"),
            ("repeat", &["moonday"], "08:00", "09:00", "days"),
            ("repeat", &["monday"], "", "09:00", "from"),
            ("repeat", &["monday"], "08:00", "25:00", "until"),
            ("temporary", &[], "", "", "until"),
            ("temporary", &[], "yesterday", "2026-06-02T08:00:00Z", "from"),
            ("temporary", &[], "2026-06-02T08:00:00Z", "2026-06-02T08:00:00Z", "until"),
        ] {
            let problem = read(kind, days, from, until).unwrap_err();
            assert_eq!(problem.first_field(), Some(field), "{kind} {from} {until}");
        }
    }
}
