//! An intercom's audit as it is written down for a dispute: one JSON object a line, or a table. What
//! each field means stands in `docs/events.md`.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use store::{Checkpoint, Entry};

use crate::wire::rfc3339;

/// The columns of a table, which has a checkpoint as a row of the type `checkpoint`.
const COLUMNS: [&str; 16] = [
    "entry",
    "position",
    "id",
    "at",
    "type",
    "actor",
    "user",
    "device",
    "intercom",
    "code",
    "attempt",
    "exception",
    "commitment",
    "link",
    "kid",
    "sig",
];

/// An entry of a chain.
pub fn entry(entry: &Entry) -> Value {
    let Entry { number, position, event, link } = entry;
    json!({
        "entry": number,
        "position": position,
        "id": event.id.to_string(),
        "at": rfc3339(event.at),
        "type": event.kind,
        "actor": event.actor.map(|id| id.to_string()),
        "user": event.user.map(|id| id.to_string()),
        "device": event.device,
        "intercom": event.intercom.map(|id| id.to_string()),
        "code": event.code.map(|id| id.to_string()),
        "attempt": event.attempt.map(|id| id.to_string()),
        "exception": event.exception.map(|id| id.to_string()),
        "commitment": event.commitment.as_ref().map(|commitment| HEXLOWER.encode(commitment)),
        "link": HEXLOWER.encode(link),
    })
}

/// How far a chain had come, with the service's signature over `signed`.
pub fn checkpoint(checkpoint: &Checkpoint) -> Value {
    let Checkpoint { head, kid, sig } = checkpoint;
    json!({
        "checkpoint": head.chain.entries,
        "link": HEXLOWER.encode(&head.chain.head),
        "at": rfc3339(head.at),
        "kid": kid,
        "signed": head.to_sign(),
        "sig": sig,
    })
}

/// The names of a table's columns.
pub(crate) fn header() -> String {
    COLUMNS.join(",") + "\n"
}

/// An entry or a checkpoint as a row of a table.
pub(crate) fn row(line: &Value) -> String {
    let cell = |column: &&str| match (*column, &line["checkpoint"]) {
        ("entry", Value::Number(entries)) => entries.to_string(),
        ("type", Value::Number(_)) => "checkpoint".to_owned(),
        _ => plain(&line[*column]),
    };
    COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
}

/// Ids, words and numbers need no quotes; what else somebody put there does. What a spreadsheet
/// would take for a formula, as a signature that begins with `-`, stands behind an apostrophe.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => {
            let mark = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
            if text.contains([',', '"', '\r', '\n']) {
                format!("\"{mark}{}\"", text.replace('"', "\"\""))
            } else {
                format!("{mark}{text}")
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Whether the service signed a checkpoint: by one of its keys, each by its name and in base64url.
pub(crate) fn is_signed(keys: &[(String, String)], checkpoint: &Checkpoint) -> bool {
    let Checkpoint { head, kid, sig } = checkpoint;
    let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let key = keys.iter().find(|(name, _)| name == kid).and_then(|(_, key)| bytes(key));
    key.zip(bytes(sig)).is_some_and(|(key, sig)| {
        UnparsedPublicKey::new(&ED25519, key).verify(head.to_sign().as_bytes(), &sig).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_table_is_a_formula() {
        for (text, cell) in [
            ("-Rab_c-", "'-Rab_c-"),
            ("Rab_c-", "Rab_c-"),
            ("_Rab", "_Rab"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("@a", "'@a"),
            ("=\"a\",1", "\"'=\"\"a\"\",1\""),
            ("a,b", "\"a,b\""),
        ] {
            let line = json!({ "checkpoint": 7, "kid": "k1", "sig": text });
            assert_eq!(row(&line), format!("7,,,,checkpoint,,,,,,,,,,k1,{cell}\n"));
        }
    }
}
