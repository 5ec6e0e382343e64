//! Codes are sent, watched and taken back: O-5, O-6, O-7, R-1, R-2.

use std::collections::HashSet;

use serde_json::json;

use crate::house::{Home, until};
use crate::owner::{code, key, wish};

#[tokio::test]
async fn o_5_a_code_comes_with_its_digits_its_link_and_four_ways_to_send_it() {
    let home = Home::start().await;
    let made = home.owner.asks_for_a_code(&home.intercom, &key(), &wish("Thandi")).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    let digits = made["digits"].as_str().unwrap();
    assert!(digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!((&made["guest_name"], &made["state"]), (&json!("Thandi"), &json!("issued")));
    let remaining = made["remaining_seconds"].as_u64().unwrap();
    assert!((12 * 3600 - 60..=12 * 3600).contains(&remaining), "{remaining}");
    let ways: Vec<_> = made["share"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        HashSet::from_iter(ways),
        HashSet::from(["text", "sms", "whatsapp", "email"].map(str::to_owned))
    );
}

#[tokio::test]
async fn o_5a_a_double_tap_makes_one_code() {
    let home = Home::start().await;
    let (key, wish) = (key(), wish("Thandi"));
    let ask = || home.owner.asks_for_a_code(&home.intercom, &key, &wish);
    let (a, b) = tokio::join!(ask(), ask());
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "{} {}", a.body, b.body);
    assert_eq!(a.body["id"], b.body["id"]);
    let other_key = home.owner.asks_for_a_code(&home.intercom, &crate::owner::key(), &wish).await;
    assert_eq!(other_key.ok()["id"], a.body["id"], "the same person within ten seconds");
    let other_wish = crate::owner::wish("Sipho");
    let mismatch = home.owner.asks_for_a_code(&home.intercom, &key, &other_wish).await;
    assert_eq!(mismatch.refusal(), (422, "idempotency_mismatch"));
    assert_eq!(home.owner.codes(&home.intercom).await.len(), 1);
}

#[tokio::test]
async fn o_5b_what_is_missing_or_wrong_is_named() {
    let home = Home::start().await;
    for (wish, fields) in [
        (json!({ "mobile": "+27825550001" }), vec!["name"]),
        (json!({ "name": "Thandi" }), vec!["mobile"]),
        (json!({ "name": " ", "mobile": "+27825550001" }), vec!["name"]),
        (json!({ "name": "", "mobile": "12" }), vec!["name", "mobile"]),
    ] {
        let refused = home.owner.asks_for_a_code(&home.intercom, &key(), &wish).await;
        assert_eq!((refused.status, refused.fields()), (422, fields), "{wish}");
    }
    let second = json!({ "name": "A", "mobile": "+27825550001", "contacts": [{ "name": "B" }] });
    let refused = home.owner.asks_for_a_code(&home.intercom, &key(), &second).await;
    assert_eq!(refused.refusal(), (422, "one_contact_only"));
    let local = json!({ "name": "Thandi", "mobile": "082 555 0001" });
    let made = home.owner.asks_for_a_code(&home.intercom, &key(), &local).await.ok();
    assert_eq!(made["guest_mobile"], json!("+27825550001"), "local to the owner's country");
    let path = format!("/v1/intercoms/{}/codes", home.intercom.id);
    let keyless = home.owner.post(&path, &wish("Thandi")).await;
    assert_eq!(keyless.refusal(), (400, "idempotency_key_required"));
}

#[tokio::test]
async fn o_5c_no_code_before_settings_are_saved_nor_on_a_gate() {
    let home = Home::start().await;
    let fresh = home.house.makes("intercom", &["--name", "Back Door"]);
    home.owner.claims(&fresh).await;
    let refused = home.owner.asks_for_a_code(&fresh, &key(), &wish("Thandi")).await;
    assert_eq!(refused.refusal(), (409, "settings_missing"));
    let refused = home.owner.asks_for_a_code(&home.gate_label, &key(), &wish("Thandi")).await;
    assert_eq!(refused.refusal(), (409, "not_an_intercom"));
}

#[tokio::test]
async fn o_5d_o_5e_the_limit_holds_and_a_revoke_frees_a_slot_at_once() {
    let home = Home::start().await;
    let two = json!({ "entry_gate": home.gate_label.id, "max_active_codes": 2 });
    home.owner.saves(&home.intercom, &two).await;
    let first = home.issues("Thandi").await;
    // Two creators, one slot left.
    let (a, b) = (wish("Sipho"), wish("Lindiwe"));
    let (key_a, key_b) = (key(), key());
    let (a, b) = tokio::join!(
        home.owner.asks_for_a_code(&home.intercom, &key_a, &a),
        home.owner.asks_for_a_code(&home.intercom, &key_b, &b)
    );
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let refused = if a.status == 409 { a } else { b };
    assert_eq!(refused.refusal(), (409, "limit_reached"));
    assert_eq!((&refused.body["active"], &refused.body["limit"]), (&json!(2), &json!(2)));
    assert_eq!(refused.body["next_slot_at"], first.body["expires_at"]);
    home.owner.revokes(&first).await.ok();
    home.issues("Lindiwe").await;
}

#[tokio::test]
async fn o_5f_fifty_codes_are_all_different_and_none_is_easy() {
    let home = Home::start().await;
    let fifty = json!({ "entry_gate": home.gate_label.id, "max_active_codes": 50 });
    home.owner.saves(&home.intercom, &fifty).await;
    let mut digits = HashSet::new();
    for _ in 0..50 {
        digits.insert(home.issues("Guest").await.digits);
    }
    assert_eq!(digits.len(), 50);
    let easy =
        |digits: &String| digits == "1234" || digits.bytes().all(|d| d == digits.as_bytes()[0]);
    assert!(!digits.iter().any(easy));
}

#[tokio::test]
async fn o_5g_the_message_says_all_and_survives_its_links() {
    let home = Home::start().await;
    let name = "Zoë 🦊 & Sons\n=?#";
    let wish = json!({ "name": name, "mobile": "+27825550001" });
    let made = home.owner.asks_for_a_code(&home.intercom, &key(), &wish).await.ok();
    let share = |way: &str| made["share"][way].as_str().unwrap().to_owned();
    let text = share("text");
    for part in [
        made["digits"].as_str().unwrap(),
        made["link"].as_str().unwrap(),
        "Zoë 🦊 & Sons =?#",
        "Open the link",
        "Scan the QR code",
        "Enter the code",
        " SAST",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
    let decoded = |link: &str, before: &str| {
        let body = link.split_once(before).expect(before).1;
        percent_decoded(body)
    };
    assert_eq!(decoded(&share("sms"), "sms:+27825550001?body="), text);
    assert_eq!(decoded(&share("whatsapp"), "https://wa.me/27825550001?text="), text);
    assert_eq!(decoded(&share("email"), "&body=").replace("\r\n", "\n"), text);
}

/// Undoes percent-encoding; a bare `&`, `#`, `+` or space would have broken the link.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        assert!(!b"&#+ \n".contains(&byte), "unencoded in {text}");
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = [rest.next().unwrap(), rest.next().unwrap()];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn o_5h_a_lost_answer_is_asked_for_again_even_after_kill_9() {
    let mut home = Home::start().await;
    let (key, wish) = (key(), wish("Thandi"));
    let mut first = home.owner.asks_for_a_code(&home.intercom, &key, &wish).await.ok();
    home.house.dies_and_starts(&[]).await;
    let again = home.owner.asks_for_a_code(&home.intercom, &key, &wish).await;
    assert_eq!(again.status, 200);
    let mut again = again.ok();
    for body in [&mut first, &mut again] {
        body["remaining_seconds"].take();
    }
    assert_eq!(again, first);
}

#[tokio::test]
async fn o_6_the_list_shows_who_where_and_how_long() {
    let home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    home.issues("Sipho").await;
    let listed = home.owner.codes(&home.intercom).await;
    let states: HashSet<_> = listed
        .iter()
        .map(|code| (code["guest_name"].as_str().unwrap(), code["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, HashSet::from([("Thandi", "inside"), ("Sipho", "issued")]));
    assert!(listed.iter().all(|code| code.get("digits").is_none()), "digits are in the details");
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!(home.owner.codes(&home.intercom).await.len(), 1, "gone from the list");
    let history = home.owner.history(&home.intercom).await;
    assert_eq!((&history[0]["id"], &history[0]["state"]), (&json!(code.id), &json!("completed")));
}

#[tokio::test]
async fn o_7_o_7a_o_7b_a_code_is_revoked_once_and_for_good() {
    let home = Home::start().await;
    let issued = home.issues("Thandi").await;
    let details = home.owner.get(&format!("/v1/codes/{}", issued.id)).await.ok();
    assert_eq!(
        (&details["digits"], &details["guest_name"]),
        (&json!(issued.digits), &json!("Thandi"))
    );
    // Two people at once.
    let (a, b) = tokio::join!(home.owner.revokes(&issued), home.owner.revokes(&issued));
    let (a, b) = (a.ok(), b.ok());
    assert_eq!(a, b, "the same answer to both");
    assert_eq!((&a["in_flight"], &a["effective_at"]), (&json!("none"), &a["revoked_at"]));
    assert!(home.owner.codes(&home.intercom).await.is_empty());
    assert_eq!(home.owner.history(&home.intercom).await[0]["state"], "revoked");
    let (used, mut guest) = home.lets_in("Sipho").await;
    let attempt = guest.leaves(&used.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    let completed = home.owner.revokes(&used).await;
    assert_eq!(completed.refusal(), (409, "not_active"));
    assert_eq!(completed.body["state"], "completed");
}

#[tokio::test]
async fn r_1_after_a_revoke_nothing_is_sent_to_the_gate() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    home.owner.revokes(&code).await.ok();
    assert_eq!(guest.enters(&code.digits).await.refusal(), (410, "pass_revoked"));
    assert!(home.gate.received().is_empty(), "no command exists");
}

/// The bridge is away while a guest redeems and the owner revokes; when it is back, it must not
/// send what was revoked before it was sent.
#[tokio::test]
async fn r_2_what_was_revoked_before_it_was_sent_is_never_sent() {
    let mut home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    home.house.dies_and_starts(&["roles=[\"api\",\"broker\"]"]).await;
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    home.attempt_is(&attempt, "reserved").await;
    let revoked = home.owner.revokes(&code).await.ok();
    assert_eq!(
        (&revoked["in_flight"], &revoked["effective_at"]),
        (&json!("none"), &revoked["revoked_at"])
    );
    let refused = home.attempt_is(&attempt, "not_opened").await;
    assert_eq!(refused["why"], "revoked");
    home.house.dies_and_starts(&[]).await;
    home.gate_is_online(&home.gate_label).await;
    // The gate works for somebody else, and never heard of the revoked one.
    home.lets_in("Sipho").await;
    assert_eq!((home.gate.received().len(), home.gate.pulses().len()), (1, 1));
}

/// G-10 in short: the command is on the wire when the owner revokes; the gate has not acted, gets
/// the cancel first, and does not open.
#[tokio::test]
async fn r_3_a_command_on_the_wire_is_cancelled_and_the_owner_is_told_when() {
    let home = Home::start().await;
    let (code, mut guest, attempt) = home.holds_a_command_for("Thandi").await;
    let revoked = home.owner.revokes(&code).await.ok();
    assert_eq!(
        (&revoked["in_flight"], &revoked["attempt"]),
        (&json!("cancelling"), &json!(attempt))
    );
    let deadline =
        home.owner.get(&format!("/v1/attempts/{attempt}")).await.body["deadline_at"].clone();
    let moment = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    assert!(moment(&deadline) <= moment(&revoked["effective_at"]), "{revoked} {deadline}");
    let heard = until(async || (home.gate.received().len() == 2).then_some(())).await;
    heard.expect("the cancel follows the command");
    home.gate.release();
    // Whichever the gate obeyed first, the attempt ends, and with at most one pulse.
    let settled = until(async || {
        let attempt = home.owner.get(&format!("/v1/attempts/{attempt}")).await.body;
        attempt["settled_at"].is_string().then_some(attempt)
    });
    let settled = settled.await.expect("settles");
    let pulses = home.gate.pulses().len();
    assert_eq!(pulses, usize::from(settled["state"] == "opened"), "{settled}");
    guest.scans(home.board()).await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (410, "pass_revoked"));
}

#[tokio::test]
async fn o_4f_s_1_s_2_a_shared_user_needs_the_grant_and_gets_only_that() {
    let home = Home::start().await;
    let phone = "+27839998888";
    let shared = home.house.signs_in(phone).await;
    let device = format!("/v1/devices/{}", home.intercom.id);
    let codes = format!("/v1/intercoms/{}/codes", home.intercom.id);
    let made_by_owner = home.issues("Thandi").await;
    let one = format!("/v1/codes/{}", made_by_owner.id);
    for path in [&device, &codes, &one] {
        assert_eq!(shared.get(path).await.refusal(), (404, "not_found"), "a stranger: {path}");
    }
    // S-2: shared without the grant.
    home.owner.shares(&home.intercom, phone, false).await;
    assert_eq!(shared.get(&device).await.ok()["one_time_access"], json!(false));
    for path in [&codes, &one] {
        assert_eq!(shared.get(path).await.refusal(), (403, "no_permission"), "{path}");
    }
    let refused = shared.asks_for_a_code(&home.intercom, &key(), &wish("Sipho")).await;
    assert_eq!(refused.refusal(), (403, "no_permission"));
    // S-1: with it.
    home.owner.shares(&home.intercom, phone, true).await;
    assert_eq!(shared.get(&device).await.ok()["one_time_access"], json!(true));
    let own = code(shared.asks_for_a_code(&home.intercom, &key(), &wish("Sipho")).await.ok());
    assert_eq!(shared.codes(&home.intercom).await.len(), 2, "own and others'");
    shared.revokes(&made_by_owner).await.ok();
    shared.revokes(&own).await.ok();
    // O-4f: settings stay the owner's.
    let settings = format!("/v1/intercoms/{}/settings", home.intercom.id);
    assert_eq!(shared.get(&settings).await.refusal(), (403, "not_owner"));
    let new = json!({ "entry_gate": home.gate_label.id });
    let saved = shared.tries_to_save(&home.intercom, &new, "\"1\"").await;
    assert_eq!(saved.refusal(), (403, "not_owner"));
}
