//! Who may ask for what: every endpoint of the `OpenAPI` document, by everybody who could ask.
//!
//! An endpoint without a row fails, and so does a row without an endpoint.

use std::collections::BTreeSet;

use axum::http::Method;
use domain::access_code::Leg;

use crate::guest::tests::world::World;

/// Who asks, in the order of the columns. The devices asked for are the owner's.
const ROLES: [Role; 7] = [
    Role::Owner,
    Role::Granted,
    Role::Shared,
    Role::Former,
    Role::Other,
    Role::Displaced,
    Role::Nobody,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Owner,
    /// The devices are shared with them, with the grant for one-time access.
    Granted,
    /// The same without the grant.
    Shared,
    /// Was the owner until a moment ago, and keeps what a transfer leaves (O-9).
    Former,
    /// Signed in, and nothing to these devices.
    Other,
    /// The owner with a session that a newer one took the place of.
    Displaced,
    /// Not signed in.
    Nobody,
}

/// An endpoint, what it is sent, and what each role is answered.
type Row = (&'static str, &'static str, [u16; 7]);

const LABEL: &str = r#"{"claim_code":"00000-00000-00000"}"#;
const PIN: &str = r#"{"pin":"000000"}"#;
const PHONE: &str = r#"{"phone":"+27825559999"}"#;

/// What needs no session: a pin, a label or a certificate is asked for instead.
const OPEN: [(&str, &str, u16); 7] = [
    ("GET /v1/login-channels", "", 200),
    ("POST /v1/logins", r#"{"phone":"+27825559999","client":"app"}"#, 202),
    ("POST /v1/logins/{login_id}/resend", "{}", 403),
    ("POST /v1/logins/{login_id}/second-factor", r#"{"code":"000000"}"#, 403),
    ("POST /v1/logins/{login_id}/verify", PIN, 403),
    (
        "POST /v1/enrolments",
        r#"{"serial":"S","secret":"00000-00000-00000-00000-00000","csr":""}"#,
        404,
    ),
    ("POST /v1/renewals", r#"{"certificate":"","csr":"","signature":""}"#, 422),
];

const ROWS: &[Row] = &[
    // Devices and the people they are shared with.
    ("GET /v1/devices", "", [200, 200, 200, 200, 200, 401, 401]),
    ("POST /v1/devices/claim", LABEL, [404, 404, 404, 404, 404, 401, 401]),
    ("GET /v1/devices/{id}", "", [200, 200, 200, 200, 404, 401, 401]),
    ("PATCH /v1/devices/{id}", r#"{"name":"x"}"#, [200, 403, 403, 403, 404, 401, 401]),
    ("DELETE /v1/devices/{gate}/certificates", "", [200, 403, 403, 403, 404, 401, 401]),
    ("DELETE /v1/devices/{gate}/quarantine", "", [200, 403, 403, 403, 404, 401, 401]),
    (
        "PUT /v1/devices/{gate}/pulse_gap",
        r#"{"pulse_gap_ms":5000}"#,
        [200, 403, 403, 403, 404, 401, 401],
    ),
    ("POST /v1/devices/{gate}/replacement", LABEL, [404, 403, 403, 403, 404, 401, 401]),
    ("DELETE /v1/devices/{gate}", "", [200, 403, 403, 403, 404, 401, 401]),
    ("PUT /v1/devices/{id}/plan", r#"{"plan":"home"}"#, [200, 403, 403, 403, 404, 401, 401]),
    (
        "POST /v1/devices/{id}/plan/transfer",
        r#"{"to":"{id}"}"#,
        [409, 403, 403, 403, 404, 401, 401],
    ),
    ("POST /v1/devices/{id}/transfer", PHONE, [403, 403, 403, 403, 403, 401, 401]),
    ("GET /v1/devices/{id}/people", "", [200, 403, 403, 403, 404, 401, 401]),
    ("PUT /v1/devices/{id}/people", PHONE, [200, 403, 403, 403, 404, 401, 401]),
    ("DELETE /v1/devices/{id}/people/{user_id}", "", [204, 403, 403, 403, 404, 401, 401]),
    // An intercom and its codes.
    ("GET /v1/intercoms/{id}/settings", "", [200, 403, 403, 403, 404, 401, 401]),
    (
        "PUT /v1/intercoms/{id}/settings",
        r#"{"entry_gate":"{gate}"}"#,
        [200, 403, 403, 403, 404, 401, 401],
    ),
    ("GET /v1/intercoms/{id}/calls", "", [200, 403, 403, 403, 404, 401, 401]),
    (
        "PUT /v1/intercoms/{id}/calls",
        r#"{"guests_may_call":true}"#,
        [200, 403, 403, 403, 404, 401, 401],
    ),
    ("GET /v1/intercoms/{id}/codes", "", [200, 200, 403, 200, 404, 401, 401]),
    (
        "POST /v1/intercoms/{id}/codes",
        r#"{"name":"x","mobile":"+27825559999"}"#,
        [201, 201, 403, 201, 404, 401, 401],
    ),
    ("GET /v1/intercoms/{id}/history", "", [200, 200, 403, 200, 404, 401, 401]),
    ("GET /v1/codes/{code}", "", [200, 200, 403, 200, 404, 401, 401]),
    ("DELETE /v1/codes/{code}", "", [200, 200, 403, 200, 404, 401, 401]),
    ("POST /v1/codes/{code}/openings", r#"{"leg":"entry"}"#, [409, 409, 403, 409, 404, 401, 401]),
    ("POST /v1/codes/{code}/allow-more", "", [200, 200, 403, 200, 404, 401, 401]),
    ("GET /v1/attempts/{attempt}", "", [200, 200, 403, 200, 404, 401, 401]),
    ("GET /v1/attempts/{attempt}/events", "", [200, 200, 403, 200, 404, 401, 401]),
    // One's own account: there is no way to name another's.
    ("GET /v1/me", "", [200, 200, 200, 200, 200, 401, 401]),
    ("DELETE /v1/session", "", [204, 204, 204, 204, 204, 401, 401]),
    ("GET /v1/events", "", [200, 200, 200, 200, 200, 401, 401]),
    ("GET /v1/events/stream", "", [200, 200, 200, 200, 200, 401, 401]),
    ("POST /v1/step-ups", "{}", [202, 202, 202, 202, 202, 401, 401]),
    ("POST /v1/step-ups/{login_id}/verify", PIN, [403, 403, 403, 403, 403, 401, 401]),
    ("POST /v1/number-changes", PHONE, [403, 403, 403, 403, 403, 401, 401]),
    ("POST /v1/number-changes/{login_id}/verify", PIN, [403, 403, 403, 403, 403, 401, 401]),
    ("GET /v1/second-factor", "", [200, 200, 200, 200, 200, 401, 401]),
    ("POST /v1/second-factor", "", [403, 403, 403, 403, 403, 401, 401]),
    ("POST /v1/second-factor/confirm", r#"{"code":"000000"}"#, [403, 403, 403, 403, 403, 401, 401]),
    ("POST /v1/second-factor/off", r#"{"code":"000000"}"#, [403, 403, 403, 403, 403, 401, 401]),
    // Webhooks are their maker's alone.
    ("GET /v1/webhooks", "", [200, 200, 200, 200, 200, 401, 401]),
    ("POST /v1/webhooks", r#"{"url":"http://127.0.0.1:9/"}"#, [201, 201, 201, 201, 201, 401, 401]),
    ("DELETE /v1/webhooks/{webhook}", "", [204, 404, 404, 204, 404, 401, 401]),
    ("GET /v1/webhooks/{webhook}/dead", "", [200, 404, 404, 200, 404, 401, 401]),
    ("POST /v1/webhooks/{webhook}/dead", "", [200, 404, 404, 200, 404, 401, 401]),
    ("POST /v1/webhooks/{webhook}/secret", "", [200, 404, 404, 200, 404, 401, 401]),
    ("POST /v1/webhooks/{webhook}/test", "", [200, 404, 404, 200, 404, 401, 401]),
];

/// A home with somebody in each role, and the session of the one who asks.
struct Stage {
    world: World,
    session: Option<String>,
    names: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set(role: Role) -> Self {
        let world = World::new().await;
        let (gate, intercom) = (world.gate.to_string(), world.intercom.to_string());
        let issued = world.issues().await;
        let attempt = world.lets_through(&issued, Leg::Entry).await;
        for id in [&gate, &intercom] {
            world.shares(id, GRANTED, true).await;
            world.shares(id, SHARED, false).await;
        }
        let granted = world.signs_in_as(GRANTED).await;
        let webhook = world.makes_a_webhook("http://127.0.0.1:9/").await;
        let session = match role {
            Role::Owner => Some(world.session.clone()),
            Role::Granted => Some(granted.1),
            Role::Shared => Some(world.signs_in_as(SHARED).await.1),
            Role::Other => Some(world.signs_in_as(OTHER).await.1),
            Role::Former => {
                world.signs_in_as(OTHER).await;
                world.transfers_to(OTHER).await;
                Some(world.session.clone())
            }
            Role::Displaced => {
                world.signs_in_as(OWNER).await;
                Some(world.session.clone())
            }
            Role::Nobody => None,
        };
        let names = vec![
            ("{id}", intercom),
            ("{gate}", gate),
            ("{user_id}", granted.0.to_string()),
            ("{code}", issued.pass.code.id.to_string()),
            ("{attempt}", attempt.to_string()),
            ("{webhook}", webhook["id"].as_str().unwrap().to_owned()),
            ("{login_id}", "0".repeat(32)),
        ];
        Self { world, session, names }
    }

    async fn answers(&self, endpoint: &str, body: &str) -> u16 {
        let fill = |text: &str| {
            self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
        };
        let (method, path) = endpoint.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let session = self.session.as_deref();
        self.world.answers(session, method, &fill(path), fill(body)).await.status().as_u16()
    }
}

const OWNER: &str = "+27821234567";
const GRANTED: &str = "+27831110001";
const SHARED: &str = "+27831110002";
const OTHER: &str = "+27831110003";

/// One test a role.
macro_rules! each_role {
    ($($test:ident: $role:ident,)*) => {
        $(#[tokio::test]
        async fn $test() {
            is_answered_as_the_table_says(Role::$role).await;
        })*
    };
}

each_role! {
    the_owner_may_all_but_what_needs_a_fresh_pin: Owner,
    who_has_the_grant_may_use_one_time_access: Granted,
    whom_a_device_is_shared_with_may_see_it: Shared,
    who_was_the_owner_keeps_what_a_transfer_leaves: Former,
    somebody_else_finds_nothing: Other,
    who_was_displaced_is_sent_to_sign_in: Displaced,
    who_is_not_signed_in_is_sent_to_sign_in: Nobody,
}

async fn is_answered_as_the_table_says(role: Role) {
    let column = ROLES.iter().position(|other| *other == role).unwrap();
    let rows = ROWS.iter().map(|row| (row.0, row.1, row.2[column]));
    let open = OPEN.iter().map(|row| (row.0, row.1, row.2));
    let mut wrong = Vec::new();
    for (endpoint, body, expected) in rows.chain(open) {
        let answered = Stage::set(role).await.answers(endpoint, body).await;
        if answered != expected {
            wrong.push(format!("{endpoint}: {answered}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{role:?}: {wrong:#?}");
}

#[test]
fn each_endpoint_of_the_document_has_its_row() {
    let document: serde_json::Value =
        serde_json::from_str(&crate::document().to_json().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let served = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|method| *method != "parameters");
        methods.map(move |method| shape(&format!("{} {path}", method.to_uppercase())))
    });
    let rows = ROWS.iter().map(|row| row.0).chain(OPEN.iter().map(|row| row.0)).map(shape);
    let (served, rows): (BTreeSet<_>, BTreeSet<_>) = (served.collect(), rows.collect());
    assert_eq!(served, rows);
}

/// An endpoint whatever its ids are called.
fn shape(endpoint: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    endpoint.split('/').map(part).collect::<Vec<_>>().join("/")
}
