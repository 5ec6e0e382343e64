//! An owner chooses the settings of an intercom: O-4 and O-8.

use serde_json::{Value, json};

use crate::house::Home;

#[tokio::test]
async fn o_4_settings_are_chosen_and_the_row_appears() {
    let home = Home::start().await;
    let other = home.house.makes("intercom", &["--name", "Back Door"]);
    home.owner.claims(&other).await;
    let path = format!("/v1/intercoms/{}/settings", other.id);
    let page = home.owner.get(&path).await;
    assert_eq!(
        (&page.body["settings"], page.headers["etag"].to_str().unwrap()),
        (&Value::Null, "\"0\"")
    );
    assert_eq!(
        page.body["gates"][0]["id"],
        json!(home.gate_label.id),
        "the picker offers own gates"
    );
    assert_eq!(page.body["max_active_codes_offered"], json!([1, 2, 5, 10, 25, 50]));
    let device = format!("/v1/devices/{}", other.id);
    assert_eq!(home.owner.get(&device).await.body["one_time_access"], json!(false));
    let saved = home.owner.saves(&other, &json!({ "entry_gate": home.gate_label.id })).await;
    let expected = json!({
        "entry_gate": home.gate_label.id, "exit_gate": "same_as_entry",
        "max_active_codes": 10, "invite_duration_hours": 12, "exit_grace_minutes": 0,
    });
    assert_eq!(saved, expected);
    assert_eq!(home.owner.get(&path).await.body["settings"], expected);
    assert_eq!(home.owner.get(&device).await.body["one_time_access"], json!(true));
}

#[tokio::test]
async fn o_4c_what_is_not_on_offer_is_refused_by_its_field() {
    let home = Home::start().await;
    let (owner, gate) = (&home.owner, &home.gate_label.id);
    let version = owner.settings_version(&home.intercom).await;
    for (settings, field) in [
        (json!({ "entry_gate": gate, "max_active_codes": 7 }), "max_active_codes"),
        (json!({ "entry_gate": gate, "max_active_codes": -1 }), "max_active_codes"),
        (json!({ "entry_gate": gate, "invite_duration_hours": 0 }), "invite_duration_hours"),
        (json!({ "entry_gate": gate, "invite_duration_hours": 25 }), "invite_duration_hours"),
        (json!({ "entry_gate": gate, "invite_duration_hours": 1.5 }), "invite_duration_hours"),
        (json!({ "entry_gate": gate, "invite_duration_hours": "12" }), "invite_duration_hours"),
        (json!({ "entry_gate": gate, "exit_grace_minutes": 45 }), "exit_grace_minutes"),
        (json!({}), "entry_gate"),
        (json!({ "entry_gate": gate, "limit": 10 }), "limit"),
    ] {
        let refused = owner.tries_to_save(&home.intercom, &settings, &version).await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field]), "{settings}");
    }
    let kept = owner.settings_version(&home.intercom).await;
    assert_eq!(kept, version, "a refused save changes nothing");
}

#[tokio::test]
async fn o_4d_of_two_dashboards_the_second_sees_what_the_first_saved() {
    let home = Home::start().await;
    let version = home.owner.settings_version(&home.intercom).await;
    let five = json!({ "entry_gate": home.gate_label.id, "max_active_codes": 5 });
    let two = json!({ "entry_gate": home.gate_label.id, "max_active_codes": 2 });
    let first = home.owner.tries_to_save(&home.intercom, &five, &version).await.ok();
    let second = home.owner.tries_to_save(&home.intercom, &two, &version).await;
    assert_eq!(second.refusal(), (412, "precondition_failed"));
    assert_eq!(second.body["current"], first);
    let path = format!("/v1/intercoms/{}/settings", home.intercom.id);
    assert_eq!(home.owner.put(&path, &two).await.refusal(), (428, "precondition_required"));
}

#[tokio::test]
async fn o_4e_only_own_gates_can_be_chosen() {
    let home = Home::start().await;
    let neighbour = home.house.signs_in("+27839998888").await;
    let theirs = home.house.makes("gate", &["--name", "Next Door"]);
    neighbour.claims(&theirs).await;
    let version = home.owner.settings_version(&home.intercom).await;
    for (settings, field) in [
        (json!({ "entry_gate": home.intercom.id }), "entry_gate"),
        (json!({ "entry_gate": theirs.id }), "entry_gate"),
        (json!({ "entry_gate": home.gate_label.id, "exit_gate": theirs.id }), "exit_gate"),
    ] {
        let refused = home.owner.tries_to_save(&home.intercom, &settings, &version).await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field]), "{}", refused.body);
    }
}

#[tokio::test]
async fn o_8_codes_keep_what_they_were_made_with_and_gates_change_at_once() {
    let home = Home::start().await;
    let side = home.house.makes("gate", &["--name", "Side Gate"]);
    home.owner.claims(&side).await;
    let side_gate = home.house.mounts(&side).await;
    home.gate_is_online(&side).await;
    let (inside, mut guest) = home.lets_in("Thandi").await;
    let waiting = home.issues("Sipho").await;
    // One hour, one code, another exit gate: the old codes keep their time and all still work.
    let changed = json!({
        "entry_gate": home.gate_label.id, "exit_gate": side.id,
        "max_active_codes": 1, "invite_duration_hours": 1,
    });
    home.owner.saves(&home.intercom, &changed).await;
    for code in [&inside, &waiting] {
        let kept = home.owner.get(&format!("/v1/codes/{}", code.id)).await.ok();
        assert_eq!(kept["expires_at"], code.body["expires_at"]);
    }
    let wish = crate::owner::wish("Lindiwe");
    let refused = home.owner.asks_for_a_code(&home.intercom, &crate::owner::key(), &wish).await;
    assert_eq!(refused.refusal(), (409, "limit_reached"));
    assert_eq!((&refused.body["active"], &refused.body["limit"]), (&json!(2), &json!(1)));
    // The exit gate changed while the guest is inside: the new one opens.
    let attempt = guest.leaves(&inside.digits).await.attempt();
    assert_eq!(home.attempt_is(&attempt, "opened").await["gate"], json!(side.id));
    assert_eq!((home.gate.pulses().len(), side_gate.pulses().len()), (1, 1));
}

#[tokio::test]
async fn o_8a_same_as_entry_follows_the_entry_gate() {
    let home = Home::start().await;
    let side = home.house.makes("gate", &["--name", "Side Gate"]);
    home.owner.claims(&side).await;
    let side_gate = home.house.mounts(&side).await;
    home.gate_is_online(&side).await;
    let (code, mut guest) = home.lets_in("Thandi").await;
    home.owner.saves(&home.intercom, &json!({ "entry_gate": side.id })).await;
    let attempt = guest.leaves(&code.digits).await.attempt();
    home.attempt_is(&attempt, "opened").await;
    assert_eq!(side_gate.pulses().len(), 1);
}
