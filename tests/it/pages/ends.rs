//! The end of a visit on the sofa: the open page tells by itself, and one tap lets the guest out.

use super::browser::there_is_none;
use super::owner::sofa;
use crate::home::Home;
use crate::house::{is_installed, until};

/// O-10 at 17:40: the list was open all the time.
#[tokio::test(flavor = "multi_thread")]
async fn o_10_the_open_list_tells_that_a_visit_ends_soon_and_the_guest_is_let_out() {
    if there_is_none() || !is_installed("faketime", "faketime") {
        return;
    }
    let mut home = Home::start().await;
    home.lets_in("Thandi").await;
    let owner = sofa(&home.house).await;
    owner.presses("Unit 4").await;
    owner.presses("Active codes").await;
    owner.sees("inside for").await;
    home.house.sleeps("+700m").await;
    owner.sees("Thandi is still inside. This code lets them out until").await;
    let is_back = until(async || (!owner.reads().await.contains("not reachable")).then_some(()));
    is_back.await.expect("the gate comes back");
    owner.keeps("console-ends-soon").await;
    owner.is_accessible().await;
    owner.presses("Let out").await;
    owner.sees("Let Thandi out?").await;
    owner.presses("Let out").await;
    owner.sees("The gate opened for the way out").await;
    owner.closes().await;
    assert_eq!(home.gate.pulses().len(), 2);
}

/// G-7: five wrong codes at the gate, and one tap on the code's page.
#[tokio::test(flavor = "multi_thread")]
async fn g_7_a_locked_link_is_told_on_its_page_and_unlocked_with_one_tap() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, mut guest) = home.invites("Thandi").await;
    guest.scans(home.board()).await;
    let wrong = if code.digits == "9876" { "9875" } else { "9876" };
    let owner = sofa(&home.house).await;
    owner.opens(&format!("{}/console/codes/{}", home.house.http(), code.id)).await;
    // The pauses before the last two tries are waited for as a guest would.
    let locked = until(async || {
        let refused = guest.enters(wrong).await;
        (refused.refusal().1 == "link_locked").then_some(())
    });
    locked.await.expect("five wrong codes lock the link");
    owner.sees("Wrong codes were typed five times").await;
    owner.keeps("console-link-locked").await;
    owner.is_accessible().await;
    owner.presses("Allow 5 more").await;
    let unlocked = until(async || (!owner.reads().await.contains("five times")).then_some(()));
    unlocked.await.expect("the link is unlocked");
    guest.scans(home.board()).await;
    guest.enters(&code.digits).await.attempt();
    owner.sees("The gate opened for the way in").await;
    owner.closes().await;
}
