//! A guest at the gate, in a real browser.

use fantoccini::key::Key;
use fast_qr::QRBuilder;
use image::{GrayImage, Luma};
use serde_json::json;

use super::browser::{Browser, Kind, there_is_no_axe, there_is_none};
use crate::home::Home;
use crate::house::{Code, is_installed};

/// How large each module of a QR code is on a picture, and how many are left free around it.
pub(super) const MODULE: u32 = 8;
pub(super) const MARGIN: u32 = 4;

/// G-1, by scripts and without them: in, and out again.
async fn goes_in_and_out(kind: Kind, name: &str) {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let guest = Browser::of(kind).await;
    guest.opens(&code.link).await;
    guest.sees("Hi Thandi").await;
    guest.sees("Scan the").await;
    guest.keeps(&format!("guest-{name}-1-link")).await;
    guest.opens(home.board()).await;
    guest.sees("Type your").await;
    guest.types("4-digit code", &code.digits).await;
    guest.keeps(&format!("guest-{name}-2-code")).await;
    guest.presses("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    guest.keeps(&format!("guest-{name}-3-open")).await;
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Goodbye").await;
    guest.keeps(&format!("guest-{name}-4-goodbye")).await;
    assert_eq!(home.gate.pulses().len(), 2);
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_1_a_guest_goes_in_and_out_in_a_real_browser() {
    goes_in_and_out(Kind::default(), "scripts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_2_a_guest_goes_in_and_out_without_scripts() {
    goes_in_and_out(Kind { without_scripts: true, ..Kind::default() }, "plain").await;
}

/// G-4, G-21: the way back and a reload show the truth, and press nothing again.
#[tokio::test(flavor = "multi_thread")]
async fn g_4_going_back_and_reloading_opens_nothing_again() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let guest = Browser::start().await;
    guest.opens(&code.link).await;
    guest.opens(home.board()).await;
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    guest.reloads().await;
    guest.sees("Gate is open. Welcome.").await;
    guest.goes_back().await;
    guest.sees("Hi Thandi").await;
    guest.reloads().await;
    guest.sees("Gate is open. Welcome.").await;
    assert_eq!(home.gate.pulses().len(), 1);
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_24_the_keyboard_alone_opens_the_gate() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let guest = Browser::start().await;
    guest.opens(&code.link).await;
    guest.opens(home.board()).await;
    guest.tabs_to("4-digit code").await;
    guest.strikes_text(&code.digits).await;
    guest.strikes(&[Key::Enter]).await;
    guest.sees("Gate is open. Welcome.").await;
    guest.closes().await;
}

/// G-24: by day and at night, in large letters, in the guest's own language, for whoever cannot
/// see it.
#[tokio::test(flavor = "multi_thread")]
async fn g_24_every_page_of_a_guest_is_for_everybody() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let other = home.house.makes("intercom", &["--name", "Unit 5"]);
    home.owner.claims(&other).await;
    let kinds = [
        ("day", Kind::default()),
        ("large", Kind { zoomed: true, ..Kind::default() }),
        ("af", Kind { speaks: Some("af-ZA"), ..Kind::default() }),
    ];
    for (name, kind) in kinds {
        let code = home.issues("Thandi").await;
        let guest = Browser::of(kind).await;
        let unknown = format!("{}/AAAAAAAAAAAAAAAAAAAAAA", home.house.http());
        let other_board = other.board_url.as_deref().unwrap();
        let pages = [
            (&*code.link, "link"),
            (home.board(), "code"),
            (other_board, "wrong"),
            (&unknown, "no"),
        ];
        for (url, page) in pages {
            guest.opens(url).await;
            guest.keeps(&format!("guest-{name}-{page}")).await;
            guest.is_accessible().await;
        }
        guest.closes().await;
    }
}

/// What says that all pages are for everybody would say so if they were not.
#[tokio::test(flavor = "multi_thread")]
async fn g_24_a_page_that_bars_somebody_is_found_out() {
    if there_is_none() || there_is_no_axe() {
        return;
    }
    let home = Home::start().await;
    let (_, guest) = at_the_board(&home).await;
    assert!(guest.barriers().await.is_empty());
    guest.asks("document.querySelector('label').remove()").await;
    guest.asks("document.getElementById('code').removeAttribute('title')").await;
    guest.asks("document.querySelector('h1').style.color = '#bbb'").await;
    let found = guest.barriers().await;
    for barrier in ["color-contrast", "label"] {
        assert!(found.iter().any(|rule| rule["id"] == barrier), "no {barrier}: {found:#?}");
    }
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_9_an_open_page_says_by_itself_that_the_host_has_cancelled_the_pass() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, guest) = at_the_board(&home).await;
    guest.asks("window.isTheSame = true").await;
    home.owner.revokes(&code).await.ok();
    guest.sees("Cancelled by your host").await;
    assert_eq!(guest.asks("return window.isTheSame").await, true, "it was not loaded again");
    guest.keeps("guest-cancelled").await;
    guest.is_accessible().await;
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_11_a_gate_that_goes_and_comes_is_told_by_itself_and_what_was_typed_stays() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let calls = format!("/v1/intercoms/{}/calls", home.intercom.id);
    home.owner.put(&calls, &json!({ "guests_may_call": true })).await.ok();
    let (code, guest) = at_the_board(&home).await;
    guest.types("4-digit code", &code.digits[..2]).await;
    let (owner, gate_label, intercom, house) = home.gate_leaves().await;
    guest.sees("The gate is offline").await;
    guest.sees("Your pass is not used").await;
    assert_eq!(guest.leads_to("Call your host").await, "tel:+27821234567");
    guest.keeps("guest-offline").await;
    guest.is_accessible().await;
    let gate = house.mounts(&gate_label).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    guest.sees("Type your code").await;
    assert_eq!(guest.reads_field("4-digit code").await, code.digits[..2]);
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    assert_eq!(home.gate.pulses().len(), 1);
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_12_a_gate_that_keeps_silent_is_waited_for_and_its_answer_is_told_by_itself() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, guest) = at_the_board(&home).await;
    home.gate.hold();
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Opening…").await;
    guest.keeps("guest-opening").await;
    guest.is_accessible().await;
    guest.reloads().await;
    guest.asks("window.isTheSame = true").await;
    guest.sees("Still waiting").await;
    assert_eq!(guest.asks("return window.isTheSame").await, true, "its module does better");
    guest.keeps("guest-silent").await;
    guest.is_accessible().await;
    home.gate.release();
    guest.sees("the request came too late. Your pass is not used.").await;
    guest.keeps("guest-not-opened").await;
    guest.is_accessible().await;
    assert!(home.gate.pulses().is_empty());
    guest.closes().await;
}

/// A bad line may bring the page and not its module; the page must go on all the same.
#[tokio::test(flavor = "multi_thread")]
async fn g_12_a_waiting_page_whose_module_never_came_tells_by_itself_that_the_gate_opened() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let guest = Browser::of(Kind { without_modules: true, ..Kind::default() }).await;
    guest.opens(&code.link).await;
    guest.opens(home.board()).await;
    home.gate.hold();
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Opening…").await;
    let came = "return document.getElementById('told').hasAttribute('tabindex')";
    assert_eq!(guest.asks(came).await, false, "no module came");
    home.gate.release();
    guest.sees("Gate is open. Welcome.").await;
    assert_eq!(home.gate.pulses().len(), 1);
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_7_a_wrong_code_says_how_many_tries_are_left_and_the_right_one_opens() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, guest) = at_the_board(&home).await;
    let wrong = if code.digits == "9876" { "9875" } else { "9876" };
    for left in ["4 tries left", "3 tries left"] {
        guest.types("4-digit code", wrong).await;
        guest.presses("Open the gate").await;
        guest.sees(left).await;
    }
    guest.keeps("guest-wrong-code").await;
    guest.is_accessible().await;
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    guest.is_accessible().await;
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_2_a_picture_of_the_board_leads_to_the_digits_with_scripts_and_without() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("board.png");
    picture_of(home.board()).save(&picture).unwrap();
    for without_scripts in [false, true] {
        let code = home.issues("Thandi").await;
        let guest = Browser::of(Kind { without_scripts, ..Kind::default() }).await;
        guest.opens(&code.link).await;
        guest.hands("Take a picture", &picture).await;
        guest.presses("Send the picture").await;
        guest.sees("Type your code").await;
        assert!(home.board().ends_with(&guest.path().await), "without_scripts: {without_scripts}");
        guest.closes().await;
    }
}

/// G-2: an in-app browser that the link was not opened in.
#[tokio::test(flavor = "multi_thread")]
async fn g_2_a_browser_without_the_link_opens_by_reference_and_code() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let code = home.issues("Thandi").await;
    let guest = Browser::start().await;
    guest.opens(home.board()).await;
    guest.sees("Type your reference and your code").await;
    guest.keeps("guest-reference").await;
    guest.is_accessible().await;
    guest.types("Reference", &code.reference.to_lowercase()).await;
    guest.types("4-digit code", &code.digits).await;
    guest.presses("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    assert_eq!(home.gate.pulses().len(), 1);
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_4_a_button_tapped_twice_opens_once() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, guest) = at_the_board(&home).await;
    guest.types("4-digit code", &code.digits).await;
    guest.taps_twice("Open the gate").await;
    guest.sees("Gate is open. Welcome.").await;
    assert_eq!((home.gate.pulses().len(), home.gate.received().len()), (1, 1));
    guest.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_7_g_13_g_14_a_guest_who_cannot_go_on_alone_is_told_to_ask_the_host() {
    if there_is_none() || !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    let (code, mut sipho) = home.invites("Sipho").await;
    let (inside, _) = home.lets_in("Thandi").await;
    let wrong = if code.digits == "9876" { "9875" } else { "9876" };
    for later in [None, None, None, Some("+10s"), Some("+30s")] {
        if let Some(later) = later {
            home.house.sleeps(later).await;
            home.gate_is_online(&home.gate_label).await;
        }
        sipho.scans(home.board()).await;
        sipho.enters(wrong).await;
    }
    let guest = Browser::start().await;
    let looks = async |link: &str, words: &str, name: &str| {
        guest.opens(link).await;
        guest.sees(words).await;
        guest.keeps(name).await;
        guest.is_accessible().await;
    };
    looks(&code.link, "This link is locked now. Ask your host", "guest-locked").await;
    home.house.sleeps("+13h").await;
    looks(&code.link, "Ask your host for a new one.", "guest-expired").await;
    looks(&inside.link, "Ask your host to let you out.", "guest-expired-inside").await;
    guest.closes().await;
}

/// A guest with a fresh code, who has opened the link and scanned the board.
async fn at_the_board(home: &Home) -> (Code, Browser) {
    let code = home.issues("Thandi").await;
    let guest = Browser::start().await;
    guest.opens(&code.link).await;
    guest.opens(home.board()).await;
    guest.sees("Type your code").await;
    (code, guest)
}

/// A picture of the QR code on a board.
pub(super) fn picture_of(board: &str) -> GrayImage {
    let code = QRBuilder::new(board).build().expect("it fits");
    let side = (u32::try_from(code.size).expect("small") + 2 * MARGIN) * MODULE;
    GrayImage::from_fn(side, side, |x, y| {
        let module = |at: u32| usize::try_from((at / MODULE).checked_sub(MARGIN)?).ok();
        let at = module(x).zip(module(y));
        let at = at.filter(|(column, row)| *column < code.size && *row < code.size);
        let is_dark = at.is_some_and(|(column, row)| code[row][column].value());
        Luma([if is_dark { 0 } else { 255 }])
    })
}
