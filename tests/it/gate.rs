//! Guests at the gate: G-1 … G-23, over real TLS with a simulated gate on the wall.

use device_sim::Options;
use protocol::MIN_PULSE_GAP;
use serde_json::json;

use crate::house::{Home, House, is_installed, until};
use crate::owner::{key, wish};

/// G-2 as well: nothing here runs JavaScript.
#[tokio::test]
async fn g_1_g_2_a_guest_goes_in_and_out_with_a_plain_browser() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    let link = guest.opens_the_link().await;
    link.says("Thandi");
    link.says("Unit 4");
    link.says("SAST");
    guest.scans(home.board()).await.says("name=\"code\"");
    guest.enters_in_the_browser(&code.digits).await;
    guest.waits_for("Gate is open").await.says("/exit");
    assert_eq!(home.gate.pulses().len(), 1);
    guest.leaves_in_the_browser(&code.digits).await;
    guest.waits_for("Goodbye").await;
    assert_eq!(home.gate.pulses().len(), 2);
}

/// P-10: the same way on Postgres, chosen by one setting.
#[tokio::test]
async fn g_1_a_guest_goes_in_and_out_on_postgres_too() {
    let Some(url) = crate::postgres::fresh_database().await else { return };
    let home = Home::furnish(House::start_on(&url).await).await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    let revoked = home.issues("Sipho").await;
    home.owner.revokes(&revoked).await.ok();
    assert_eq!(home.gate.pulses().len(), 2);
}

#[tokio::test]
async fn g_2_a_browser_that_lost_the_cookie_needs_the_reference_too() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.loses_the_cookie();
    guest.scans(home.board()).await.says("name=\"reference\"");
    let alone = guest.enters_in_the_browser(&code.digits).await;
    assert!((400..500).contains(&alone.status), "never the code alone: {}", alone.status);
    assert!(home.gate.received().is_empty());
    guest.loses_the_cookie();
    guest.scans(home.board()).await;
    guest.enters_with_reference(&code.digits, &code.reference.to_lowercase()).await;
    guest.waits_for("Gate is open").await;
    assert_eq!(home.gate.pulses().len(), 1);
}

#[tokio::test]
async fn g_3_previews_change_nothing() {
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let details = format!("/v1/codes/{}", code.id);
    let before = home.owner.get(&details).await.ok();
    for agent in ["WhatsApp/2.23", "facebookexternalhit/1.1", "TelegramBot", "Slackbot 1.0"] {
        for url in [&code.link, home.board()] {
            for method in [reqwest::Method::GET, reqwest::Method::HEAD] {
                let request = home.house.client.request(method, url).header("user-agent", agent);
                let page = request.send().await.unwrap();
                assert_eq!(page.status(), 200);
                assert_eq!(page.headers()["referrer-policy"], "no-referrer");
                assert_eq!(page.headers()["cache-control"], "no-store");
                let html = page.text().await.unwrap();
                let (_, said) = html.split_once("<body>").unwrap_or_default();
                assert!(!said.contains(&code.digits));
            }
        }
    }
    let after = home.owner.get(&details).await.ok();
    assert_eq!((&before["state"], &before["expires_at"]), (&after["state"], &after["expires_at"]));
    assert!(home.gate.received().is_empty());
}

#[tokio::test]
async fn g_4_g_5_however_often_and_from_where_it_is_pressed_the_gate_opens_once() {
    let home = Home::start().await;
    home.gate.hold();
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let again = guest.same_browser();
    let mut other_phone = guest.second_phone();
    other_phone.opens_the_link().await;
    other_phone.scans(home.board()).await;
    // G-4: the same button twice is the same attempt.
    let (first, second) = tokio::join!(guest.enters(&code.digits), again.enters(&code.digits));
    let attempt = first.attempt();
    assert_eq!(attempt, second.attempt());
    // G-5: a second phone learns that the pass is in use.
    assert_eq!(other_phone.enters(&code.digits).await.refusal(), (409, "already_opening"));
    home.gate.release();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!(home.gate.pulses().len(), 1);
    other_phone.waits_for("Gate is open").await;
    // G-6: the captured request, sent again after the success, opens nothing.
    assert_eq!(again.enters(&code.digits).await.attempt(), attempt);
    assert_eq!(home.gate.pulses().len(), 1);
}

#[tokio::test]
async fn g_6_g_17_g_18_a_used_way_is_used_and_out_comes_after_in() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    assert_eq!(guest.leaves(&code.digits).await.refusal(), (409, "not_entered_yet"));
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    let mut second = guest.second_phone();
    second.opens_the_link().await;
    second.scans(home.board()).await;
    assert_eq!(second.enters(&code.digits).await.refusal(), (409, "pass_used"));
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!(second.leaves(&code.digits).await.refusal(), (409, "pass_used"));
    second.scans(home.board()).await;
    assert_eq!(second.enters(&code.digits).await.refusal(), (409, "pass_used"));
    assert_eq!(home.gate.pulses().len(), 2);
}

#[tokio::test]
async fn g_7_five_wrong_codes_lock_the_link_and_nobody_else() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    let (other_code, mut other) = home.invites("Sipho").await;
    let wrong = if code.digits == "9876" { "9875" } else { "9876" };
    guest.scans(home.board()).await;
    for left in [4, 3, 2] {
        let refused = guest.enters(wrong).await;
        assert_eq!(
            (refused.refusal(), &refused.body["tries_left"]),
            ((403, "code_wrong"), &json!(left))
        );
    }
    assert_eq!(guest.enters(&code.digits).await.refusal(), (429, "code_wait"), "a pause of 5 s");
    for (later, left) in [("+10s", 1), ("+30s", 0)] {
        home.house.sleeps(later).await;
        home.gate_is_online(&home.gate_label).await;
        guest.scans(home.board()).await;
        let refused = guest.enters(wrong).await;
        assert_eq!(
            (refused.refusal(), &refused.body["tries_left"]),
            ((403, "code_wrong"), &json!(left))
        );
    }
    assert_eq!(guest.enters(&code.digits).await.refusal(), (403, "link_locked"));
    assert!(home.gate.received().is_empty());
    let listed = home.owner.get(&format!("/v1/codes/{}", code.id)).await.ok();
    assert!(listed["link_locked_at"].is_string(), "the owner can see it");
    other.scans(home.board()).await;
    let attempt = other.enters(&other_code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
}

#[tokio::test]
async fn g_7_without_a_link_all_refusals_look_the_same() {
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let known = home.house.client.get(&code.link).send().await.unwrap();
    assert_eq!(known.status(), 200);
    let mut answers = Vec::new();
    for path in ["/AAAAAAAAAAAAAAAAAAAAAA", "/short", "/b/AAAAAAAAAAAAAAAAAAAAAA"] {
        let url = format!("{}{path}", home.house.http());
        let page = home.house.client.get(url).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.status(), 404, "{path}");
        answers.push(page.text().await.unwrap());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn g_8_the_board_must_be_scanned_and_be_the_right_one() {
    let home = Home::start().await;
    let other = home.house.makes("intercom", &["--name", "Gate B"]);
    home.owner.claims(&other).await;
    let (code, mut guest) = home.invites("Thandi").await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "scan_required"));
    let page = guest.scans(other.board_url.as_deref().unwrap()).await;
    assert_eq!(page.status, 409);
    page.says("Unit 4");
    assert_eq!(page.hidden("ticket"), None, "no way in from the wrong board");
    assert!(home.gate.received().is_empty());
}

#[tokio::test]
async fn g_9_a_code_revoked_on_the_way_says_so_and_opens_nothing() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    home.owner.revokes(&code).await.ok();
    assert_eq!(guest.enters(&code.digits).await.refusal(), (410, "pass_revoked"));
    guest.opens_the_link().await.says("ancelled");
    assert!(home.gate.received().is_empty());
}

#[tokio::test]
async fn g_11_an_offline_gate_is_told_at_once_and_uses_nothing_up() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.abandon().await;
    let home = Home { owner, gate: house.mounts(&gate_label).await, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;
    let (owner, gate_label, intercom, house) = home.gate_leaves().await;
    assert_eq!(guest.enters(&code.digits).await.refusal(), (409, "gate_offline"));
    guest.opens_the_link().await.says("not reachable");
    let gate = house.mounts(&gate_label).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;
    assert!(home.gate.received().is_empty(), "no command was kept for later");
    guest.scans(home.board()).await;
    let attempt = guest.enters(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
}

/// G-12 in short: the answer of the gate is lost; its ledger tells when it is back.
#[tokio::test]
async fn g_12_a_lost_answer_is_found_again_in_the_ledger() {
    let home = Home::start().await;
    let (_, mut guest, attempt) = home.opens_unheard("Thandi").await;
    assert_eq!(home.owner.get(&format!("/v1/attempts/{attempt}")).await.body["state"], "sent");
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.abandon().await;
    let gate = house.mounts(&gate_label).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    home.attempt_is(&attempt, "opened").await;
    assert!(home.gate.pulses().is_empty(), "nothing opened again");
    guest.opens_the_link().await.says("/exit");
}

#[tokio::test]
async fn g_13_g_19_a_code_ends_with_its_time_inside_or_not() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (waiting, mut guest) = home.invites("Thandi").await;
    let (inside, mut visitor) = home.lets_in("Sipho").await;
    home.house.sleeps("+13h").await;
    home.gate_is_online(&home.gate_label).await;
    guest.scans(home.board()).await;
    assert_eq!(guest.enters(&waiting.digits).await.refusal(), (410, "pass_expired"));
    assert_eq!(visitor.leaves(&inside.digits).await.refusal(), (410, "pass_expired"));
    assert!(home.owner.codes(&home.intercom).await.is_empty());
    for ended in home.owner.history(&home.intercom).await {
        let left_inside = ended["id"] == json!(inside.id);
        assert_eq!(
            (&ended["state"], &ended["no_exit_recorded"]),
            (&json!("expired"), &json!(left_inside))
        );
    }
    assert_eq!(home.gate.pulses().len(), 1);
    home.issues("Lindiwe").await;
}

#[tokio::test]
async fn g_16_a_code_revoked_while_inside_lets_nobody_out() {
    let home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    home.owner.revokes(&code).await.ok();
    assert_eq!(guest.leaves(&code.digits).await.refusal(), (410, "pass_revoked"));
    let ended = &home.owner.history(&home.intercom).await[0];
    assert_eq!((&ended["state"], &ended["no_exit_recorded"]), (&json!("revoked"), &json!(true)));
    assert_eq!(home.gate.pulses().len(), 1);
}

#[tokio::test]
async fn g_21_a_lost_answer_shows_the_truth_on_reload() {
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    // The request arrives; its answer is never read.
    let lost = guest.same_browser();
    drop(lost.enters(&code.digits).await);
    guest.waits_for("Gate is open").await;
    assert_eq!(home.gate.pulses().len(), 1);
}

/// The page tells the service's own time in the intercom's zone; what the phone believes is never
/// asked, so nothing that it sends can change it.
#[tokio::test]
async fn g_22_times_are_the_services_and_name_their_zone() {
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    // South Africa is two hours ahead of UTC, all year.
    let expires_at = code.body["expires_at"].as_str().unwrap();
    let (hour, minute): (u32, &str) = (expires_at[11..13].parse().unwrap(), &expires_at[14..16]);
    let told = format!("{:02}:{minute} (SAST)", (hour + 2) % 24);
    let phone_of_yesterday = [("date", "Mon, 01 Jan 2024 00:00:00 GMT"), ("accept-language", "de")];
    for (name, value) in phone_of_yesterday {
        let request = home.house.client.get(&code.link).header(name, value);
        let page = request.send().await.unwrap().text().await.unwrap();
        assert!(page.contains(&told), "{told} is missing in {page}");
    }
}

/// G-23: a twelve-hour code through the night in which Berlin skips an hour.
#[tokio::test]
async fn g_23_twelve_hours_are_twelve_hours_in_any_night() {
    if !is_installed("faketime", "faketime") {
        return;
    }
    let mut house = House::empty();
    // 20:00 in Berlin, the evening before the clocks go forward.
    house.run(&mut house.command_at("@2027-03-27 19:00:00", &[])).await;
    let owner = house.signs_in("+27821234567").await;
    let gate = house.makes_at("@2027-03-27 19:00:00", "gate", &["--name", "Tor"]);
    let zone = ["--name", "Hof", "--time-zone", "Europe/Berlin"];
    let intercom = house.makes_at("@2027-03-27 19:00:00", "intercom", &zone);
    owner.claims(&gate).await;
    owner.claims(&intercom).await;
    owner.saves(&intercom, &json!({ "entry_gate": gate.id })).await;
    let made = owner.asks_for_a_code(&intercom, &key(), &wish("Thandi")).await.ok();
    let text = made["share"]["text"].as_str().unwrap();
    assert!(text.contains("28 Mar 2027, 09:0") && text.contains("CEST"), "{text}");
    let remaining = made["remaining_seconds"].as_u64().unwrap();
    assert!((12 * 3600 - 60..=12 * 3600).contains(&remaining), "{remaining} s");
}

/// Two intercoms share one gate, whose motor would stop if it were told to open while it moves.
#[tokio::test]
async fn g_25_of_two_guests_within_a_second_one_presses_again_when_the_gate_has_rested() {
    let Home { owner, gate, gate_label, intercom, house } = Home::start().await;
    gate.stop().await;
    let gate = house.mounts_as(&gate_label, Options::default()).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    let other = home.house.makes("intercom", &["--name", "Unit 5"]);
    home.owner.claims(&other).await;
    home.owner.saves(&other, &json!({ "entry_gate": home.gate_label.id })).await;
    let path = format!("/v1/devices/{}/pulse_gap", home.gate_label.id);
    let before = home.gate.ready().await.unwrap();
    home.owner.put(&path, &json!({ "pulse_gap_ms": 60_000 })).await.ok();
    home.gate_learns_after(before).await;

    let (code, mut thandi) = home.invites("Thandi").await;
    let others_code = home.owner.issues(&other, "Sipho").await;
    let mut sipho = home.house.guest(&others_code.link);
    sipho.opens_the_link().await;
    thandi.scans(home.board()).await;
    sipho.scans(other.board_url.as_deref().unwrap()).await;
    let first = thandi.enters(&code.digits).await.attempt();
    home.attempt_is(&first, "opened").await;
    let second = sipho.enters(&others_code.digits).await.attempt();
    assert_eq!(home.attempt_is(&second, "not_opened").await["why"], "too_soon");
    let page = sipho.opens_the_link().await;
    page.says(
        "it has just moved, or just got power. Your pass is not used. Press again in a moment.",
    );

    // What every gate keeps unless told otherwise is over; what this one was told is not.
    let [pulse] = home.gate.pulses()[..] else { panic!("one pulse") };
    let rested = until(async || (MIN_PULSE_GAP <= pulse.at.elapsed()).then_some(()));
    rested.await.expect("time passes");
    sipho.scans(other.board_url.as_deref().unwrap()).await;
    let third = sipho.enters(&others_code.digits).await.attempt();
    assert_eq!(home.attempt_is(&third, "not_opened").await["why"], "too_soon");

    let before = home.gate.ready().await.unwrap();
    home.house.told_to(&["device", "pulse-gap", &home.gate_label.id, "3000"]).unwrap();
    home.gate_learns_after(before).await;
    sipho.scans(other.board_url.as_deref().unwrap()).await;
    let fourth = sipho.enters(&others_code.digits).await.attempt();
    home.attempt_is(&fourth, "opened").await;
    let [first, last] = home.gate.pulses()[..] else { panic!("two pulses") };
    assert!(MIN_PULSE_GAP <= last.at - first.at);
}
