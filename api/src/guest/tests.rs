//! The guest's way through the pages, from the link to "goodbye", and everything that goes wrong
//! on it: real router, real SQLite, clock by hand.

mod calling;
mod grace;
mod listening;
mod picturing;
mod showing;
pub(crate) mod world;

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::access_code::{SCAN_LIFETIME, Standing};
use domain::attempt::{Evidence, WhyNot};

use world::{Filled, World, digits, link, wrong_digits};

#[tokio::test]
async fn g_1_a_guest_enters_and_leaves() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let page = guest.get(&link(&issued)).await.is(StatusCode::OK).says("Hi <bdi>Thandi</bdi>");
    let page = page.says("Visit to <bdi>Unit 4</bdi>, until 10:26 (SAST) on 29\u{a0}May");
    assert!(!page.says("Scan the board").has_form(), "the digits are typed at the board");

    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    guest.get(&link(&issued)).await.says("Opening…").says(r#"http-equiv="refresh" content="1""#);
    world.gate_reports(&issued, Evidence::Executed).await;
    guest.get(&link(&issued)).await.says(r#"<h1 class="good">Gate is open. Welcome."#);
    world.later(Duration::from_mins(30));
    guest.get(&link(&issued)).await.says("You are inside");

    let form = guest.is_leaving(&issued).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    guest.get(&link(&issued)).await.says("Opening…");
    world.gate_reports(&issued, Evidence::Executed).await;
    let page = guest.get(&link(&issued)).await.says("Goodbye");
    assert!(!page.has_form());
}

#[tokio::test]
async fn g_2_a_browser_without_the_link_is_asked_for_reference_and_code_never_the_code_alone() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let page = guest.get(&world.board).await.is(StatusCode::OK).says(r#"name="reference""#);
    let (key, ticket) = (page.hidden("key"), page.hidden("ticket"));
    let code = digits(&issued);
    let fields = [("code", code.as_str()), ("key", &key), ("ticket", &ticket)];
    let alone = guest.post("/enter", &fields).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    alone.says(r#"name="reference""#);

    let with = |reference| [fields[0], fields[1], fields[2], ("reference", reference)];
    let short = guest.post("/enter", &with("0123")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    short.says(r#"value="0123""#).says("ten letters and digits");
    guest.post("/enter", &with("00000-00000")).await.is(StatusCode::NOT_FOUND);
    assert_eq!(guest.cookie, None);

    let reference = issued.pass.reference.reveal().to_lowercase();
    guest.post("/enter", &with(&reference)).await.leads_to(&issued);
    assert_eq!(guest.cookie, Some(format!("g={}", issued.pass.link.reveal())));
}

/// Whoever knows a reference but not the digits learns neither the link nor whose pass it is.
#[tokio::test]
async fn g_2_a_reference_alone_does_not_lead_to_the_pass() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut stranger = world.browser();
    let page = stranger.get(&world.board).await;
    let (key, ticket) = (page.hidden("key"), page.hidden("ticket"));
    let reference = issued.pass.reference.reveal();
    let fields = [
        ("code", wrong_digits(&issued)),
        ("key", &key),
        ("ticket", &ticket),
        ("reference", &reference),
    ];
    let page = stranger.post("/enter", &fields).await.is(StatusCode::FORBIDDEN);
    assert!(!page.body.contains(&issued.pass.link.reveal()));
    assert_eq!(stranger.cookie, None);
}

#[tokio::test]
async fn g_4_a_double_tap_is_one_attempt() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    let first = world.look(&issued).await.latest.unwrap();
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    assert_eq!(world.look(&issued).await.latest.unwrap(), first);
}

#[tokio::test]
async fn g_5_of_two_phones_the_second_sees_that_the_pass_is_in_use() {
    let world = World::new().await;
    let issued = world.issues().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let first = one.stands_at(&issued, &world.board).await;
    let second = two.stands_at(&issued, &world.board).await;
    first.send(&mut one, &digits(&issued)).await.leads_to(&issued);
    let page = second.send(&mut two, &digits(&issued)).await.is(StatusCode::CONFLICT);
    let refresh = format!(r#"content="2; url={}""#, link(&issued));
    page.says("This pass is being used right now").says(&refresh);
}

#[tokio::test]
async fn g_6_a_replay_after_success_opens_nothing_and_is_never_an_exit() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.gate_reports(&issued, Evidence::Executed).await;
    let after = format!("{:?}", world.look(&issued).await);
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    let other_key = Filled { key: "A".repeat(22), ..form };
    let page = other_key.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT);
    page.says("Your way in is used");
    assert_eq!(format!("{:?}", world.look(&issued).await), after);
}

#[tokio::test]
async fn g_7_five_wrong_codes_lock_the_link() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let mut form = guest.stands_at(&issued, &world.board).await;
    for (left, pause) in [("4 tries", 0), ("3 tries", 0), ("2 tries", 5), ("1 try", 15)] {
        let page = form.send(&mut guest, wrong_digits(&issued)).await.is(StatusCode::FORBIDDEN);
        let page = page.says(&format!("That code is not right. {left} left."));
        assert_ne!(page.hidden("key"), form.key, "the next press is another one");
        form = Filled { key: page.hidden("key"), ..form };
        assert_eq!(Some(page.hidden("ticket")), form.ticket);
        if 0 < pause {
            let page = form.send(&mut guest, &digits(&issued)).await;
            let page = page.is(StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(page.header("retry-after"), pause.to_string());
            page.says(&format!("Try again in {pause} seconds."));
        }
        world.later(Duration::from_secs(pause));
    }
    let page = form.send(&mut guest, wrong_digits(&issued)).await.is(StatusCode::FORBIDDEN);
    assert!(!page.says("Ask your host").has_form());
    let page = form.send(&mut guest, &digits(&issued)).await.is(StatusCode::FORBIDDEN);
    page.says("Too many wrong codes");
    guest.get(&link(&issued)).await.says("Too many wrong codes");
    assert!(world.look(&issued).await.latest.is_none());
    world.lets_in(&world.issues().await).await;
}

#[tokio::test]
async fn g_8_the_board_of_another_gate_says_which_one_is_theirs() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await.is(StatusCode::OK);
    let page = guest.get(&world.other_board).await.is(StatusCode::CONFLICT);
    assert!(!page.says("Your pass is for Unit 4").has_form());

    let form = guest.stands_at(&issued, &world.board).await;
    let ticket = world.browser().get(&world.other_board).await.hidden("ticket");
    let elsewhere = Filled { ticket: Some(ticket), ..form };
    let page = elsewhere.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT);
    page.says("Your pass is for another gate");
}

#[tokio::test]
async fn g_8_without_a_fresh_scan_nobody_enters() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let no_scan = Filled { ticket: None, ..form.clone() };
    let page = no_scan.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT);
    page.says("Scan the board again");
    world.later(SCAN_LIFETIME);
    form.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT).says("Scan the board");
    assert!(world.look(&issued).await.latest.is_none());
}

#[tokio::test]
async fn g_9_a_pass_that_was_revoked_on_the_way_is_refused() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    world.revokes(&issued).await;
    let page = form.send(&mut guest, &digits(&issued)).await.is(StatusCode::GONE);
    page.says("Cancelled by your host");
    guest.get(&link(&issued)).await.is(StatusCode::OK).says("Cancelled by your host");
}

#[tokio::test]
async fn g_10_a_pass_cancelled_while_the_gate_is_asked_says_that_it_may_still_open() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.is_sent(&issued).await;
    world.revokes(&issued).await;
    let page = guest.get(&link(&issued)).await.says("Cancelled by your host");
    page.says("If it opens now, that was on its way before.").says(r#"http-equiv="refresh""#);
    world.later(domain::access_code::TRIGGER_LIFETIME + Duration::from_millis(1));
    guest.get(&link(&issued)).await.says("It opens no gate any more.");
}

#[tokio::test]
async fn o_10_a_guest_who_is_let_out_after_the_end_sees_the_gate_being_asked() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    world.revokes(&issued).await;
    guest.get(&link(&issued)).await.says("Ask your host to let you out");
    world.lets_out(&issued).await;
    guest.get(&link(&issued)).await.says("Opening…");
    world.gate_reports(&issued, Evidence::Executed).await;
    guest.get(&link(&issued)).await.says("It opens no gate any more.");
}

#[tokio::test]
async fn g_11_a_gate_that_is_not_there_uses_nothing_and_nothing_waits_for_it() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    world.gate_is_gone().await;
    let words = "The gate is not reachable right now. Your pass is not used.";
    let page = form.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT).says(words);
    assert!(page.has_form(), "another try is one tap away");
    guest.get(&link(&issued)).await.says(words).says(r#"http-equiv="refresh""#);
    guest.get(&world.board).await.says(words);
    assert!(world.look(&issued).await.latest.is_none());
    world.gate_is_ready().await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
}

#[tokio::test]
async fn g_11_the_link_says_before_the_drive_whether_the_gate_is_connected() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let connected = "The gate is connected at the moment.";
    guest.get(&link(&issued)).await.says(connected);
    world.gate_is_gone().await;
    let page = guest.get(&link(&issued)).await.says("This page tells when the gate is back.");
    assert!(!page.body.contains(connected));
    world.gate_is_ready().await;
    guest.get(&link(&issued)).await.says(connected);
}

#[tokio::test]
async fn g_12_silence_keeps_the_pass_until_the_gate_reports() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.is_sent(&issued).await;
    world.later(domain::access_code::TRIGGER_LIFETIME);
    guest.get(&link(&issued)).await.says("Opening…");
    world.later(Duration::from_millis(1));
    let page = guest.get(&link(&issued)).await.says(r#"http-equiv="refresh" content="3""#);
    page.says("No answer from the gate yet. Your pass is kept; this page updates when the gate");
}

/// The gate's word may be that of a ledger: it was opened, or lost its power just before.
#[tokio::test]
async fn g_12_a_word_that_comes_late_welcomes_nobody() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.is_sent(&issued).await;
    world.later(domain::access_code::TRIGGER_LIFETIME + Duration::from_secs(30));
    world.gate_tells(&issued, Evidence::Executed).await;
    let page = guest.get(&link(&issued)).await.says("The gate says that it was opened for you");
    assert!(!page.says("If you are still outside, call your host").body.contains("Welcome"));
}

/// Some add a slash to an address; a guest at the gate must not pay for that.
#[tokio::test]
async fn a_link_with_a_slash_at_its_end_leads_to_the_pass() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&format!("{}/", link(&issued))).await.leads_to(&issued);
    guest.get("/nothing/").await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn after_a_try_that_opened_nothing_the_page_says_why_and_another_can_be_made() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.gate_reports(&issued, Evidence::NotExecuted(WhyNot::TooSoon)).await;
    let why = "The gate did not open: it has just moved, or just got power. Your pass is not used. \
               Press again in a moment.";
    guest.get(&link(&issued)).await.says(why);
    let page = guest.get(&world.board).await.says(why);
    let again = Filled { key: page.hidden("key"), ..form };
    again.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
}

#[tokio::test]
async fn g_13_a_pass_works_until_its_last_millisecond() {
    let world = World::new().await;
    let (prompt, late) = (world.issues().await, world.issues().await);
    let last = prompt.pass.code.expires_at - Duration::from_millis(1);
    world.later(world.now().until(last));
    world.gate_is_ready().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let in_time = one.stands_at(&prompt, &world.board).await;
    let too_late = two.stands_at(&late, &world.board).await;
    in_time.send(&mut one, &digits(&prompt)).await.leads_to(&prompt);
    world.later(Duration::from_millis(1));
    one.get(&link(&prompt)).await.says("Opening…");
    let page = too_late.send(&mut two, &digits(&late)).await.is(StatusCode::GONE);
    page.says("Your pass has expired");
    for path in [link(&late), world.board.clone()] {
        let page = two.get(&path).await.is(StatusCode::OK).says("Your pass has expired");
        assert!(!page.says("Ask your host for a new one").has_form());
    }
}

#[tokio::test]
async fn g_14_whoever_is_inside_when_time_is_over_is_told_to_ask_the_host() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    let form = guest.is_leaving(&issued).await;
    world.later(Duration::from_hours(12));
    guest.get(&link(&issued)).await.says("Your time is over");
    let page = form.send(&mut guest, &digits(&issued)).await.is(StatusCode::GONE);
    page.says("Ask your host to let you out");
}

#[tokio::test]
async fn g_16_a_revoked_guest_inside_is_told_to_ask_the_host() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    let form = guest.is_leaving(&issued).await;
    world.revokes(&issued).await;
    guest.get(&link(&issued)).await.says("Ask your host to let you out");
    let page = form.send(&mut guest, &digits(&issued)).await.is(StatusCode::GONE);
    page.says("Ask your host to let you out");
}

#[tokio::test]
async fn g_17_nobody_leaves_before_entering() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    guest.get(&link(&issued)).await;
    let exit = Filled { action: "/exit", ticket: None, key: "A".repeat(22) };
    let page = exit.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT);
    page.says("You have not entered yet");
}

#[tokio::test]
async fn g_18_nobody_enters_or_leaves_twice() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.lets_in(&issued).await;
    let ticket = world.browser().get(&world.board).await.hidden("ticket");
    let entry = Filled { action: "/enter", ticket: Some(ticket), key: "A".repeat(22) };
    let page = entry.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT);
    page.says("Your way in is used");

    let form = guest.is_leaving(&issued).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    world.gate_reports(&issued, Evidence::Executed).await;
    let exit = Filled { key: "A".repeat(22), ..form };
    let page = exit.send(&mut guest, &digits(&issued)).await.is(StatusCode::CONFLICT);
    page.says("Your way out is used");
    let standing = world.look(&issued).await.pass.code.standing(world.now());
    assert!(matches!(standing, Standing::Completed { .. }));
}

#[tokio::test]
async fn what_is_not_four_digits_is_named_and_counts_as_no_try() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    for code in ["", "123", "12a4", "12345", "%D9%A1%D9%A2%D9%A3%D9%A4"] {
        let page = form.send(&mut guest, code).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("Type the four digits").has_form());
    }
    assert_eq!(world.look(&issued).await.pass.code.guard.wrong_tries, 0);
    let (code, key) = (digits(&issued), form.key.clone());
    let more = [("code", code.as_str()), ("key", &key), ("leg", "exit")];
    let json = [(header::ACCEPT, "application/json")];
    let unknown = guest.post_with("/enter", &more, &json).await;
    unknown.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says(r#""leg""#);
}

#[tokio::test]
async fn all_that_nobody_knows_gets_the_same_answer_until_it_is_too_much() {
    let world = World::new().await;
    let page = world.browser().get("/AAAAAAAAAAAAAAAAAAAAAA").await.is(StatusCode::NOT_FOUND);
    for path in ["/x", "/%FF", "/..%2F", "/b/AAAAAAAAAAAAAAAAAAAAAA", "/b/x", "/enter", "/exit"] {
        let other = world.browser().get(path).await.is(StatusCode::NOT_FOUND);
        assert_eq!(other.body, page.body, "{path}");
    }
    let exit = Filled { action: "/exit", ticket: None, key: "A".repeat(22) };
    let lost = exit.send(&mut world.browser(), "0427").await.is(StatusCode::NOT_FOUND);
    assert_eq!(lost.body, page.body);

    world.has_guessed_too_often().await;
    let too_much = world.browser().get("/AAAAAAAAAAAAAAAAAAAAAA").await;
    let too_much = too_much.is(StatusCode::TOO_MANY_REQUESTS);
    assert!(["1", "2", "3"].contains(&too_much.header("retry-after")));
}

/// A reference is short enough to be guessed, so even the right one waits then.
#[tokio::test]
async fn a_right_reference_of_who_has_guessed_too_often_opens_nothing() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guesser = world.browser();
    let page = guesser.get(&world.board).await.is(StatusCode::OK);
    let (key, ticket) = (page.hidden("key"), page.hidden("ticket"));
    let (code, reference) = (digits(&issued), issued.pass.reference.reveal());
    world.has_guessed_too_often().await;
    let fields =
        [("code", code.as_str()), ("key", &key), ("ticket", &ticket), ("reference", &reference)];
    guesser.post("/enter", &fields).await.is(StatusCode::TOO_MANY_REQUESTS);
    assert!(world.look(&issued).await.latest.is_none());
}

/// A link cannot be guessed: its guest is served, whoever else shares the address.
#[tokio::test]
async fn a_guest_beside_a_guesser_gets_in() {
    let world = World::new().await;
    let issued = world.issues().await;
    world.has_guessed_too_often().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    form.send(&mut guest, &digits(&issued)).await.leads_to(&issued);
    assert!(world.look(&issued).await.latest.is_some());
}

/// Behind one address there may be many guests.
#[tokio::test]
async fn what_is_known_costs_no_guess() {
    let world = World::new().await;
    let issued = world.issues().await;
    for _ in 0..30 {
        let mut guest = world.browser();
        guest.get(&link(&issued)).await.is(StatusCode::OK);
        guest.get(&world.board).await.is(StatusCode::OK);
        guest.get("/apple-touch-icon.png").await.is(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_made_up_cookie_is_a_guess_at_the_button() {
    for path in ["/enter", "/exit"] {
        let world = World::new().await;
        let mut stranger = world.browser();
        stranger.cookie = Some("g=AAAAAAAAAAAAAAAAAAAAAA".to_owned());
        let mut statuses = Vec::new();
        for _ in 0..30 {
            let key = "A".repeat(22);
            let fields = [("code", "0427"), ("key", key.as_str())];
            statuses.push(stranger.post(path, &fields).await.status);
        }
        assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{path}");
    }
}

#[tokio::test]
async fn digits_for_one_pass_are_not_tried_at_another() {
    let world = World::new().await;
    let (first, second) = (world.issues().await, world.issues().await);
    let mut guest = world.browser();
    guest.get(&link(&first)).await.is(StatusCode::OK);
    let page = guest.get(&world.board).await;
    let (key, ticket, pass) = (page.hidden("key"), page.hidden("ticket"), page.hidden("pass"));
    assert_eq!(pass, first.pass.code.id.to_string());
    guest.get(&link(&second)).await.is(StatusCode::OK);

    let code = digits(&first);
    let fields = [("code", code.as_str()), ("key", &key), ("ticket", &ticket), ("pass", &pass)];
    let refused = guest.post("/enter", &fields).await.is(StatusCode::NOT_FOUND);
    assert!(!refused.says("Open your link again").has_form());
    let refused = guest.post("/exit", &[fields[0], fields[1], fields[3]]).await;
    refused.is(StatusCode::NOT_FOUND).says("Open your link again");
    assert_eq!(world.look(&second).await.pass.code.guard.wrong_tries, 0);

    guest.get(&link(&first)).await.is(StatusCode::OK);
    guest.post("/enter", &fields).await.leads_to(&first);
}

#[tokio::test]
async fn a_form_that_cannot_be_read_says_why() {
    let world = World::new().await;
    let mut program = world.browser();
    let json = (header::ACCEPT, "application/json");
    let request = Request::post("/enter").header(&json.0, json.1);
    let request = request.header(header::CONTENT_TYPE, "text/plain");
    let wrong_kind = program.send(request, Body::from("code=0427")).await;
    wrong_kind.refuses(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_form");
    let (twice, elsewhere) = ([("code", "0427"), ("code", "0428")], "https://evil.example");
    let twice = program.post_with("/enter", &twice, std::slice::from_ref(&json)).await;
    twice.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says(r#""field":"code""#);
    let foreign = [json, (header::ORIGIN, elsewhere)];
    let foreign = program.post_with("/enter", &[("code", "0427")], &foreign).await;
    foreign.refuses(StatusCode::FORBIDDEN, "foreign_form");
}

#[tokio::test]
async fn a_form_on_another_site_opens_nothing() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut guest = world.browser();
    let form = guest.stands_at(&issued, &world.board).await;
    let (code, ticket) = (digits(&issued), form.ticket.clone().unwrap());
    let fields = [("code", code.as_str()), ("key", &form.key), ("ticket", &ticket)];
    let elsewhere = [(header::ORIGIN, "https://evil.example")];
    let page = guest.post_with("/enter", &fields, &elsewhere).await.is(StatusCode::FORBIDDEN);
    page.says("Nothing happened");
    assert!(world.look(&issued).await.latest.is_none());
    let ours = [(header::ORIGIN, "http://localhost:8080")];
    guest.post_with("/enter", &fields, &ours).await.leads_to(&issued);
}

#[tokio::test]
async fn a_program_gets_the_attempt_or_the_problem() {
    let world = World::new().await;
    let issued = world.issues().await;
    let mut program = world.browser();
    let form = program.stands_at(&issued, &world.board).await;
    let (code, ticket) = (digits(&issued), form.ticket.clone().unwrap());
    let json = [(header::ACCEPT, "application/json")];
    let send = |code| [("code", code), ("key", form.key.as_str()), ("ticket", &ticket)];
    let wrong = send(wrong_digits(&issued));
    let refused = program.post_with("/enter", &wrong, &json).await.is(StatusCode::FORBIDDEN);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    refused.says(r#""code":"code_wrong""#).says(r#""tries_left":4"#);
    let unread = program.post_with("/enter", &send("x"), &json).await;
    unread.is(StatusCode::UNPROCESSABLE_ENTITY).says(r#""field":"code""#);
    let opening = program.post_with("/enter", &send(&code), &json).await.is(StatusCode::ACCEPTED);
    opening.says(r#""leg":"entry""#).says(r#""state":"reserved""#);
}
