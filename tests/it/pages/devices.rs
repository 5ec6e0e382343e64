//! An owner's devices, in a real browser: what they are used for, and other hardware in their place.

use super::browser::there_is_none;
use super::owner::sofa;
use crate::home::Home;
use crate::house::until;

/// I-6 on the console: the guest inside gets out by the spare, with the code and the settings that
/// stood before.
#[tokio::test(flavor = "multi_thread")]
async fn i_6_an_owner_puts_a_spare_in_a_faulty_gates_place_and_codes_and_settings_stay() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    let spare = home.house.makes("gate", &["--name", "Spare"]);
    let owner = sofa(&home.house).await;
    owner.presses("Main Gate").await;
    owner.sees("device-sim").await;
    owner.presses("Replace the hardware").await;
    owner.sees("keeps its name").await;
    owner.is_accessible().await;
    owner.types("Code on the label of the spare", "AAAAA-BBBBB-CCCCC").await;
    owner.presses("Replace").await;
    owner.sees("No device has this code").await;
    owner.keeps("console-replace-wrong").await;
    owner.types("Code on the label of the spare", &spare.claim_code).await;
    owner.presses("Replace").await;
    owner.sees("Connect the spare now").await;
    owner.keeps("console-replaced").await;
    assert_eq!(guest.leaves(&code.digits).await.refusal(), (409, "gate_offline"));

    let hardware = home.house.mounts(&spare).await;
    let is_there = until(async || {
        owner.reloads().await;
        owner.reads().await.to_lowercase().contains("online").then_some(())
    });
    is_there.await.expect("the spare is the gate");
    guest.leaves(&code.digits).await.attempt();
    let opened = hardware.until(|journal| !journal.pulses.is_empty()).await;
    opened.expect("the spare opens for the code from before");
    owner.closes().await;
}

/// F04: said, changed, and given to the device that takes another's place.
#[tokio::test(flavor = "multi_thread")]
async fn f_04_an_owner_says_what_a_device_is_used_for_in_a_real_browser() {
    if there_is_none() {
        return;
    }
    let home = Home::start().await;
    let new = home.house.makes("intercom", &["--name", "Unit 4, new"]);
    home.owner.claims(&new).await;
    let owner = sofa(&home.house).await;
    let plan = format!("{}/console/devices/{}/plan", home.house.http(), home.intercom.id);
    owner.opens(&plan).await;
    owner.sees("The device is used for").await;
    owner.is_accessible().await;
    owner.asks("document.querySelector('[value=commercial]').click()").await;
    owner.presses("Save").await;
    owner.sees("Commercial").await;
    owner.opens(&plan).await;
    owner.chooses("To", "Unit 4, new").await;
    owner.keeps("console-plan").await;
    owner.presses("Give the plan").await;
    owner.sees("The plan was given.").await;
    assert_eq!(owner.path().await, format!("/console/devices/{}", new.id));
    owner.closes().await;
}
