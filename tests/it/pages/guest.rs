//! A guest at the gate, in a real browser.

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
