//! People on the real binary: types of access, and what ends with them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::home::Home;
use crate::owner::{code, key, wish};

const TENANT: &str = "+27839998888";

/// S-3, X22: a tenant with the grant makes codes and invites a guest; with their sharing ends all
/// that the owner ticks, their open stream within a second.
#[tokio::test]
async fn s_3_x22_what_a_tenant_has_open_made_and_given_ends_with_their_sharing() {
    let home = Home::start().await;
    let people = format!("/v1/devices/{}/people", home.intercom.id);
    let tenant = home.house.signs_in(TENANT).await;
    let guest = home.house.signs_in("+27839997777").await;
    let invited = json!({ "phone": TENANT, "type": "tenant", "one_time_access": true,
        "name": "Nomsa" });
    let invited = home.owner.post(&people, &invited).await.ok();
    let refused = json!({ "phone": "+27839997777", "type": "always" });
    assert_eq!(tenant.post(&people, &refused).await.refusal(), (403, "no_permission"));
    let short = json!({ "phone": "+27839997777", "type": "temporary", "until": an_hour_after(&invited["shared_at"]) });
    tenant.post(&people, &short).await.ok();
    let device = format!("/v1/devices/{}", home.intercom.id);
    assert_eq!(guest.get(&device).await.ok()["access"], "temporary");
    assert_eq!(guest.get(&people).await.refusal(), (403, "not_owner"));

    code(tenant.asks_for_a_code(&home.intercom, &key(), &wish("Sipho")).await.ok());
    let (_, _, attempt) = home.holds_a_command_for("Thandi").await;
    let mut stream = tenant.stream(&format!("/v1/attempts/{attempt}/events")).await;
    stream.chunk().await.expect("the stream goes on").expect("and says how it stands");
    let listed = tenant.get(&people).await.ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "only their own guest");
    let listed = home.owner.get(&people).await.ok();
    let nomsa = listed["items"].as_array().expect("items").iter();
    let nomsa: Vec<&Value> = nomsa.filter(|person| person["name"] == "Nomsa").collect();
    assert_eq!(
        (&nomsa[0]["active_codes"], &nomsa[0]["active_invitations"]),
        (&json!(1), &json!(1))
    );

    let one = format!("{people}/{}", invited["user_id"].as_str().expect("an id"));
    let ended = home.owner.delete(&format!("{one}?also_revoke=true")).await.ok();
    assert_eq!((&ended["codes_revoked"], &ended["invitations_ended"]), (&json!(1), &json!(1)));
    let end = async { while let Ok(Some(_)) = stream.chunk().await {} };
    timeout(Duration::from_secs(1), end).await.expect("the stream ends within a second");
    for person in [&tenant, &guest] {
        assert_eq!(person.get(&device).await.refusal(), (404, "not_found"));
    }
    let late = tenant.asks_for_a_code(&home.intercom, &key(), &wish("Late")).await;
    assert_eq!(late.refusal(), (404, "not_found"));
    assert_eq!(home.owner.codes(&home.intercom).await.len(), 1, "the owner's own is left");
    home.gate.release();
    home.attempt_is(&attempt, "opened").await;
}

fn an_hour_after(moment: &Value) -> String {
    let moment: jiff::Timestamp = moment.as_str().expect("a moment").parse().expect("RFC 3339");
    (moment + Duration::from_hours(1)).to_string()
}
