//! An owner on the sofa, in a real browser.

use super::browser::{Browser, there_is_none};
use crate::home::Home;
use crate::house::House;

/// The pin that the house prints next, after something is done.
async fn pin_after(house: &House, lines: usize) -> String {
    house
        .printed_after(lines, |line| {
            let (_, pin) = line.strip_prefix("login pin for ")?.rsplit_once(": ")?;
            Some(pin.to_owned())
        })
        .await
}

/// Signs in to the console.
async fn signs_in(browser: &Browser, house: &House, phone: &str) {
    browser.opens(&format!("{}/console", house.http())).await;
    browser.types("Mobile number", phone).await;
    let lines = house.lines();
    browser.presses("Send the pin").await;
    let pin = pin_after(house, lines).await;
    browser.types("One-time pin", &pin).await;
    browser.presses("Sign in").await;
    browser.sees("Devices").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o_1_an_owner_signs_in_and_out_in_a_real_browser() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let owner = Browser::start().await;
    owner.opens(&format!("{}/console", home.house.http())).await;
    owner.sees("There is no password").await;
    owner.keeps("console-sign-in").await;
    owner.is_accessible().await;
    signs_in(&owner, &home.house, "+27821234567").await;
    owner.sees("Main Gate").await;
    owner.keeps("console-devices").await;
    owner.is_accessible().await;
    owner.presses("Sign out").await;
    owner.sees("There is no password").await;
    owner.closes().await;
}
