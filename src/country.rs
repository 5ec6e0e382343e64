//! Exceptions from blocked countries, made by an operator for one number at a time.
//!
//! Whoever makes one has spoken with the owner of the number. Numbers are shown in full here, and
//! only here: an operator must be able to tell which one to end.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::bail;
use domain::country::exception_holds;
use domain::{Clock, PhoneNumber, Timestamp};
use store::Exception;

use crate::config::{Config, InvalidConfig};
use crate::explain::moment;
use crate::machine::{SystemClock, SystemDice};
use crate::start::open;

/// Lets pins go to a number for a time. A server may run meanwhile.
pub(crate) async fn allow(
    config: Config,
    phone: PhoneNumber,
    until: Timestamp,
    why: String,
    by: String,
) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let now = clock.now();
    if !exception_holds(until, now) {
        let until = moment(until);
        let told = format!("--until {until}: expected a moment to come; it is {}", moment(now));
        return Err(InvalidConfig::new(told).into());
    }
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let made = store.exceptions().allow(phone, until, why, by, now).await;
    store.close().await;
    Ok(writeln!(io::stdout(), "{}", made?)?)
}

/// Shows all exceptions on record.
pub(crate) async fn list(config: Config) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let listed = store.exceptions().list().await;
    store.close().await;
    Ok(io::stdout().write_all(told(&listed?, clock.now()).as_bytes())?)
}

/// Ends the exception of a number.
pub(crate) async fn revoke(config: Config, phone: PhoneNumber) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let revoked = store.exceptions().revoke(phone.clone(), clock.now()).await;
    store.close().await;
    if !revoked? {
        bail!("there is no exception for {}; see flussd country list", phone.reveal());
    }
    Ok(())
}

fn told(exceptions: &[Exception], now: Timestamp) -> String {
    let mut text = String::new();
    for Exception { id, phone, until, why, by, allowed_at, revoked_at } in exceptions {
        let state = match revoked_at {
            Some(at) => format!("ended {}", moment(*at)),
            None if exception_holds(*until, now) => format!("holds until {}", moment(*until)),
            None => format!("expired {}", moment(*until)),
        };
        let (phone, allowed) = (phone.reveal(), moment(*allowed_at));
        // Writing into a string does not fail.
        let _ = writeln!(text, "{phone}  {state}");
        let _ = writeln!(text, "  {id}: allowed {allowed} by {by:?}: {why:?}");
    }
    if text.is_empty() { "There are no exceptions.\n".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use domain::ExceptionId;

    use super::*;

    #[test]
    fn a_list_tells_of_each_number_whether_it_is_sent_pins() {
        let at = Timestamp::from_millis;
        let exception = |revoked_at, until| Exception {
            id: ExceptionId::from_bytes([0; 16]),
            phone: PhoneNumber::parse("+18762345678", None).unwrap(),
            until: at(until),
            why: "a guest\nhouse".to_owned(),
            by: "Naledi".to_owned(),
            allowed_at: at(0),
            revoked_at,
        };
        let list = [exception(None, 2000), exception(None, 1000), exception(Some(at(500)), 2000)];
        let text = told(&list, at(1000));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "what was typed cannot break the list: {text}");
        assert_eq!(lines[0], "+18762345678  holds until 1970-01-01T00:00:02.000Z");
        assert_eq!(lines[2], "+18762345678  expired 1970-01-01T00:00:01.000Z");
        assert_eq!(lines[4], "+18762345678  ended 1970-01-01T00:00:00.500Z");
        assert!(
            lines[1].ends_with(r#"allowed 1970-01-01T00:00:00.000Z by "Naledi": "a guest\nhouse""#)
        );
        assert_eq!(told(&[], at(0)), "There are no exceptions.\n");
    }
}
