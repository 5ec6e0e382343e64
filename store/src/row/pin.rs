//! Pins that went out.

use domain::channel::{Cause, Fate};

use crate::sql::Row;
use crate::{Fault, Result};

pub(crate) fn fate_of(row: &Row) -> Result<Fate> {
    let has = |column| row.moment_if_any(column).map(|moment| moment.is_some());
    if has("delivered_at")? || has("verified_at")? {
        return Ok(Fate::Arrived);
    }
    let why: Option<String> = row.take("failed_why")?;
    match (has("accepted_at")?, why.as_deref()) {
        (false, None) => Ok(Fate::UnderWay),
        (false, Some("silence")) => Ok(Fate::Silent),
        (false, Some(why)) => cause_of(why).map(Fate::NotSent),
        (true, None) => Ok(Fate::Accepted),
        (true, Some(why)) => cause_of(why).map(Fate::Lost),
    }
}

fn cause_of(why: &str) -> Result<Cause> {
    match why {
        "channel" => Ok(Cause::Channel),
        "number" => Ok(Cause::Number),
        _ => Err(Fault::corrupt("pins_sent", "?", format!("no cause {why}"))),
    }
}
