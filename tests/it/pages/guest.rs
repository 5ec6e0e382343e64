//! A guest at the gate, in a real browser.

use fantoccini::key::Key;

use super::browser::{Browser, Kind, there_is_none};
use crate::home::Home;

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
    guest.keeps(&format!("guest-{name}-2-code")).await;
    guest.types("4-digit code", &code.digits).await;
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

/// G-24: at night, in large letters, in the guest's own language, for whoever cannot see it.
#[tokio::test(flavor = "multi_thread")]
async fn g_24_every_page_of_a_guest_is_for_everybody() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let kinds = [
        ("light", Kind::default()),
        ("night", Kind { dark: true, ..Kind::default() }),
        ("large", Kind { zoomed: true, ..Kind::default() }),
        ("af", Kind { speaks: Some("af-ZA"), ..Kind::default() }),
    ];
    for (name, kind) in kinds {
        let code = home.issues("Thandi").await;
        let guest = Browser::of(kind).await;
        guest.opens(&code.link).await;
        guest.sees("Thandi").await;
        guest.keeps(&format!("guest-{name}-link")).await;
        guest.is_accessible().await;
        guest.opens(home.board()).await;
        guest.sees("Unit 4").await;
        guest.keeps(&format!("guest-{name}-code")).await;
        guest.is_accessible().await;
        guest.opens(&format!("{}/AAAAAAAAAAAAAAAAAAAAAA", home.house.http())).await;
        guest.keeps(&format!("guest-{name}-unknown")).await;
        guest.is_accessible().await;
        guest.closes().await;
    }
}
