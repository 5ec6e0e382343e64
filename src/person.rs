//! `flussd person`: writes down all that is kept about a number, or erases it, for its owner who
//! asks (P-13). Whoever types this has made sure whose number it is.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::bail;
use domain::name::{Notes, PersonName};
use domain::share::{Access, Day};
use domain::{Clock, EventId, PhoneNumber, Timestamp};
use serde_json::{Value, json};
use store::{EraseRefusal, Erased, Exception, Kept, KeptAccount, KeptPass};

use crate::config::Config;
use crate::explain::moment;
use crate::machine::{SystemClock, SystemDice};
use crate::start::open;

/// Prints all that is kept about a number, as one JSON object. A server may run meanwhile.
pub(crate) async fn export(config: Config, phone: PhoneNumber) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let now = clock.now();
    let kept = store.privacy().kept(phone.clone(), now).await;
    store.close().await;
    let text = serde_json::to_string_pretty(&written(&phone, &kept?, now))?;
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Erases all that is kept about a number. A server may run meanwhile.
pub(crate) async fn erase(config: Config, phone: PhoneNumber, revoke: bool) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let erased = store.privacy().erase(phone, revoke, clock.now()).await;
    store.close().await;
    match erased? {
        Ok(erased) => Ok(io::stdout().write_all(told(&erased).as_bytes())?),
        Err(refusal) => bail!("{}", refused(&refusal)),
    }
}

fn told(erased: &Erased) -> String {
    let Erased { codes, revoked, effective_at, account, rows } = erased;
    if *erased == Erased::default() {
        return "Nothing is kept about this number.\n".to_owned();
    }
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(text, "{} codes have no guest any more.", codes.len());
    for code in revoked {
        let _ = writeln!(text, "  {code} was revoked");
    }
    if let Some(at) = effective_at {
        let _ = writeln!(text, "No gate opens for those after {}.", moment(*at));
    }
    if let Some(account) = account {
        let _ =
            writeln!(text, "{account} has no number, sessions, shares or second factor any more.");
    }
    let _ = writeln!(text, "{rows} rows about logins, pins and exceptions are gone.");
    text
}

fn refused(refusal: &EraseRefusal) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    match refusal {
        EraseRefusal::Owns(devices) => {
            text.push_str("nothing was erased: these devices must get another owner first");
            for (id, name) in devices {
                let _ = write!(text, "\n  {id} {:?}", name.as_str());
            }
        }
        EraseRefusal::Holds(passes) => {
            text.push_str("nothing was erased: these codes still hold; --revoke revokes them");
            for pass in passes {
                let (code, intercom, until) = (pass.code, pass.intercom, moment(pass.expires_at));
                let _ = write!(text, "\n  {code} at {intercom}, until {until}");
            }
        }
    }
    text
}

fn written(phone: &PhoneNumber, kept: &Kept, now: Timestamp) -> Value {
    let Kept { passes, account, logins, pins, wrong_pins, exceptions } = kept;
    json!({
        "number": phone.reveal(),
        "at": moment(now),
        "as_guest": passes.iter().map(pass).collect::<Vec<_>>(),
        "account": account.as_ref().map(account_of),
        "logins": logins.iter().copied().map(moment).collect::<Vec<_>>(),
        "pins": pins.iter().map(|pin| json!({
            "at": moment(pin.at),
            "channel": pin.channel,
            "delivered_at": pin.delivered_at.map(moment),
        })).collect::<Vec<_>>(),
        "wrong_pins_in_a_row": wrong_pins,
        "exceptions": exceptions.iter().map(exception).collect::<Vec<_>>(),
    })
}

fn pass(pass: &KeptPass) -> Value {
    json!({
        "code": pass.code.to_string(),
        "intercom": pass.intercom.to_string(),
        "place": pass.place.as_str(),
        "name": pass.name.as_str(),
        "issued_by": pass.issued_by.to_string(),
        "issued_at": moment(pass.issued_at),
        "expires_at": moment(pass.expires_at),
        "ended_at": pass.ended_at.map(moment),
        "entered_at": pass.entered_at.map(moment),
        "left_at": pass.left_at.map(moment),
        "events": events(&pass.events),
    })
}

fn account_of(account: &KeptAccount) -> Value {
    json!({
        "id": account.id.to_string(),
        "since": moment(account.since),
        "sessions": account.sessions.iter().map(|session| json!({
            "id": session.id.to_string(),
            "client": session.client,
            "started_at": moment(session.started_at),
            "last_seen_at": moment(session.last_seen_at),
            "ended_at": session.ended_at.map(moment),
        })).collect::<Vec<_>>(),
        "devices": account.devices.iter().map(|device| json!({
            "id": device.id,
            "name": device.name.as_str(),
            "claimed_at": device.claimed_at.map(moment),
        })).collect::<Vec<_>>(),
        "shares": account.shares.iter().map(|share| json!({
            "device": share.device,
            "name": share.name.as_str(),
            "called": share.called.as_ref().map(PersonName::as_str),
            "notes": share.notes.as_ref().map(Notes::as_str),
            "since": moment(share.since),
            "access": access(share.share.access),
            "one_time_access": share.share.one_time_access,
            "opens_over_wifi": share.share.wifi,
        })).collect::<Vec<_>>(),
        "second_factor_since": account.second_factor.map(moment),
        "api_keys": account.api_keys.iter().map(|key| json!({
            "id": key.id.to_string(),
            "name": key.name.as_str(),
            "verbs": key.verbs.words(),
            "devices": key.devices,
            "made_at": moment(key.made_at),
            "used_at": key.used_at.map(moment),
        })).collect::<Vec<_>>(),
        "webhooks": account.webhooks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "codes_made": account.codes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "events": events(&account.events),
    })
}

fn access(access: Access) -> Value {
    let kind = access.as_str();
    match access {
        Access::Full | Access::Tenant | Access::Always => json!({ "type": kind }),
        Access::Repeat(times) => json!({
            "type": kind,
            "days": times.days().map(Day::as_str).collect::<Vec<_>>(),
            "from": times.from().to_string(),
            "until": times.until().to_string(),
        }),
        Access::Temporary(stay) => json!({
            "type": kind,
            "from": moment(stay.from()),
            "until": moment(stay.until()),
        }),
    }
}

fn exception(exception: &Exception) -> Value {
    json!({
        "id": exception.id.to_string(),
        "why": exception.why,
        "by": exception.by,
        "allowed_at": moment(exception.allowed_at),
        "until": moment(exception.until),
        "revoked_at": exception.revoked_at.map(moment),
    })
}

fn events(events: &[EventId]) -> Vec<String> {
    events.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use domain::name::DeviceName;
    use domain::{CodeId, IntercomId};
    use store::LivePass;

    use super::*;

    #[test]
    fn a_refusal_names_all_that_stands_in_the_way() {
        let name = DeviceName::parse("Main \"Gate\"").unwrap();
        let owns = refused(&EraseRefusal::Owns(vec![("gate_1".to_owned(), name)]));
        assert_eq!(
            owns,
            "nothing was erased: these devices must get another owner first\n  gate_1 \"Main \\\"Gate\\\"\""
        );
        let (code, intercom) = (CodeId::from_bytes([1; 16]), IntercomId::from_bytes([2; 16]));
        let pass = LivePass { code, intercom, expires_at: Timestamp::from_millis(1000) };
        let holds = refused(&EraseRefusal::Holds(vec![pass]));
        let expected = format!("\n  {code} at {intercom}, until 1970-01-01T00:00:01.000Z");
        assert!(holds.contains("--revoke") && holds.ends_with(&expected), "{holds}");
    }

    #[test]
    fn what_was_erased_is_told_without_the_number() {
        assert_eq!(told(&Erased::default()), "Nothing is kept about this number.\n");
        let code = CodeId::from_bytes([1; 16]);
        let erased = Erased {
            codes: vec![code],
            revoked: vec![code],
            effective_at: Some(Timestamp::from_millis(1000)),
            account: None,
            rows: 2,
        };
        assert_eq!(
            told(&erased),
            format!(
                "1 codes have no guest any more.\n  {code} was revoked\n\
                 No gate opens for those after 1970-01-01T00:00:01.000Z.\n\
                 2 rows about logins, pins and exceptions are gone.\n"
            )
        );
    }
}
