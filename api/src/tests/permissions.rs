//! Who may ask for what: every endpoint of the `OpenAPI` document, by everybody who could ask.
//!
//! An endpoint without a row fails, and so does a row without an endpoint.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use domain::access_code::Leg;
use domain::api_key::Verb;
use domain::share::{Access, Share};

use crate::guest::tests::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Owner,
    /// The devices are shared with them, with full access.
    Full,
    /// With tenant access.
    Tenant,
    /// With access at any time, and the grant for one-time access.
    Granted,
    /// The same without the grant.
    Always,
    /// Was the owner until a moment ago, and keeps full access and the grant (O-9).
    Former,
    /// Signed in, and nothing to these devices.
    Other,
    /// The owner with a session that a newer one took the place of.
    Displaced,
    /// Not signed in.
    Nobody,
    /// A key of the owner's for all verbs at these devices.
    Key,
    /// A key of the owner's that may only list.
    NarrowKey,
}

/// What is answered to each role, in the order in which they stand above.
type Answers = [u16; 11];

/// To who is signed in; all others are sent to sign in.
const fn signed_in(people: [u16; 7]) -> Answers {
    let [owner, full, tenant, granted, always, former, other] = people;
    [owner, full, tenant, granted, always, former, other, 401, 401, 401, 401]
}

/// What everybody may do for themselves alone.
const fn own(answer: u16) -> Answers {
    signed_in([answer; 7])
}

/// What is the owner's alone.
const fn owners(answer: u16) -> Answers {
    signed_in([answer, 403, 403, 403, 403, 403, 404])
}

/// What is for who administers a device, too.
const fn administrators(answer: u16) -> Answers {
    signed_in([answer, answer, 403, 403, 403, answer, 404])
}

/// What is for the owner and for who has the grant.
const fn grantees(answer: u16) -> Answers {
    signed_in([answer, 403, 403, answer, 403, answer, 404])
}

/// What is for keys alone.
const fn keys(whole: u16, narrow: u16) -> Answers {
    [401, 401, 401, 401, 401, 401, 401, 401, 401, whole, narrow]
}

const LABEL: &str = r#"{"claim_code":"00000-00000-00000"}"#;
const PIN: &str = r#"{"pin":"000000"}"#;
const PHONE: &str = r#"{"phone":"+27825559999"}"#;
const CODE: &str = r#"{"code":"000000"}"#;

/// An endpoint, what it is sent, and what each role is answered. What needs more than a role is
/// refused for that: 403 for want of a fresh pin, 404 and 409 for want of the thing itself.
const ROWS: &[(&str, &str, Answers)] = &[
    // Open: a pin, a label or a certificate is asked for instead of a session.
    ("GET /v1/login-channels", "", [200; 11]),
    ("POST /v1/logins", r#"{"phone":"+27825559999","client":"app"}"#, [202; 11]),
    ("POST /v1/logins/{login_id}/resend", "{}", [403; 11]),
    ("POST /v1/logins/{login_id}/second-factor", CODE, [403; 11]),
    ("POST /v1/logins/{login_id}/verify", PIN, [403; 11]),
    (
        "POST /v1/enrolments",
        r#"{"serial":"S","secret":"00000-00000-00000-00000-00000","csr":""}"#,
        [404; 11],
    ),
    ("POST /v1/renewals", r#"{"certificate":"","csr":"","signature":""}"#, [422; 11]),
    // Devices.
    ("GET /v1/devices", "", own(200)),
    ("POST /v1/devices/claim", LABEL, own(404)),
    ("GET /v1/devices/{id}", "", signed_in([200, 200, 200, 200, 200, 200, 404])),
    ("PATCH /v1/devices/{id}", r#"{"name":"x"}"#, administrators(200)),
    ("DELETE /v1/devices/{gate}", "", own(403)),
    ("DELETE /v1/devices/{gate}/certificates", "", owners(200)),
    ("DELETE /v1/devices/{gate}/quarantine", "", owners(200)),
    ("PUT /v1/devices/{gate}/pulse_gap", r#"{"pulse_gap_ms":5000}"#, owners(200)),
    ("POST /v1/devices/{gate}/replacement", LABEL, owners(404)),
    ("PUT /v1/devices/{id}/plan", r#"{"plan":"home"}"#, owners(200)),
    ("POST /v1/devices/{id}/plan/transfer", r#"{"to":"{id}"}"#, owners(409)),
    ("POST /v1/devices/{id}/transfer", PHONE, own(403)),
    ("POST /v1/devices/{gate}/open", "", signed_in([202, 202, 202, 202, 202, 202, 404])),
    // The people they are shared with.
    ("GET /v1/devices/{id}/people", "", signed_in([200, 200, 200, 403, 403, 200, 404])),
    (
        "POST /v1/devices/{id}/people",
        r#"{"phone":"+27825559999","type":"always"}"#,
        administrators(201),
    ),
    ("PUT /v1/devices/{id}/people", PHONE, administrators(200)),
    ("PATCH /v1/devices/{id}/people/{user_id}", r#"{"wifi":false}"#, administrators(200)),
    // To a tenant there are only those whom they invited.
    (
        "DELETE /v1/devices/{id}/people/{user_id}",
        "",
        signed_in([204, 204, 404, 403, 403, 204, 404]),
    ),
    ("POST /v1/devices/{id}/people/import", "Thandi,+27825559999", administrators(200)),
    ("GET /v1/devices/{id}/tenant-settings", "", signed_in([200, 200, 200, 403, 403, 200, 404])),
    (
        "PUT /v1/devices/{id}/tenant-settings",
        r#"{"longest_invitation_minutes":60,"max_active_invitations":1}"#,
        administrators(412),
    ),
    // An intercom and its codes.
    ("GET /v1/intercoms/{id}/settings", "", owners(200)),
    ("PUT /v1/intercoms/{id}/settings", r#"{"entry_gate":"{gate}"}"#, owners(200)),
    ("GET /v1/intercoms/{id}/calls", "", owners(200)),
    ("PUT /v1/intercoms/{id}/calls", r#"{"guests_may_call":true}"#, owners(200)),
    ("GET /v1/intercoms/{id}/codes", "", grantees(200)),
    ("POST /v1/intercoms/{id}/codes", r#"{"name":"x","mobile":"+27825559999"}"#, grantees(201)),
    ("GET /v1/intercoms/{id}/history", "", grantees(200)),
    ("GET /v1/codes/{code}", "", grantees(200)),
    ("DELETE /v1/codes/{code}", "", grantees(200)),
    ("POST /v1/codes/{code}/openings", r#"{"leg":"entry"}"#, grantees(409)),
    ("POST /v1/codes/{code}/allow-more", "", grantees(200)),
    ("GET /v1/attempts/{attempt}", "", grantees(200)),
    ("GET /v1/attempts/{attempt}/events", "", grantees(200)),
    // One's own account: there is no way to name another's.
    ("GET /v1/me", "", own(200)),
    ("DELETE /v1/session", "", own(204)),
    ("GET /v1/events", "", own(200)),
    ("GET /v1/events/stream", "", own(200)),
    ("POST /v1/step-ups", "{}", own(202)),
    ("POST /v1/step-ups/{login_id}/verify", PIN, own(403)),
    ("POST /v1/number-changes", PHONE, own(403)),
    ("POST /v1/number-changes/{login_id}/verify", PIN, own(403)),
    ("GET /v1/second-factor", "", own(200)),
    ("POST /v1/second-factor", "", own(403)),
    ("POST /v1/second-factor/confirm", CODE, own(403)),
    ("POST /v1/second-factor/off", CODE, own(403)),
    ("GET /v1/api-keys", "", own(200)),
    ("POST /v1/api-keys", r#"{"name":"x","verbs":["list"],"devices":["{gate}"]}"#, own(403)),
    ("DELETE /v1/api-keys/{key}", "", signed_in([204, 404, 404, 404, 404, 204, 404])),
    // Webhooks are their maker's alone.
    ("GET /v1/webhooks", "", own(200)),
    ("POST /v1/webhooks", r#"{"url":"http://127.0.0.1:9/"}"#, own(403)),
    ("DELETE /v1/webhooks/{webhook}", "", signed_in([204, 404, 404, 404, 404, 204, 404])),
    ("GET /v1/webhooks/{webhook}/dead", "", signed_in([200, 404, 404, 404, 404, 200, 404])),
    ("POST /v1/webhooks/{webhook}/dead", "", signed_in([200, 404, 404, 404, 404, 200, 404])),
    ("POST /v1/webhooks/{webhook}/secret", "", signed_in([200, 404, 404, 404, 404, 200, 404])),
    ("POST /v1/webhooks/{webhook}/test", "", signed_in([200, 404, 404, 404, 404, 200, 404])),
    // The published verbs are for keys alone.
    ("GET /fluss/v1/devices", "", keys(200, 200)),
    ("GET /fluss/v1/devices/{gate}/status", "", keys(200, 403)),
    ("GET /fluss/v1/devices/{gate}/logs", "", keys(200, 403)),
    ("GET /fluss/v1/devices/{gate}/access", "", keys(200, 403)),
    ("POST /fluss/v1/devices/{gone}/trigger", "", keys(503, 403)),
    ("POST /fluss/v1/devices/{gone}/open", "", keys(503, 403)),
];

/// What also needs a fresh pin, as whoever has shown one is answered.
const PROVED: &[(&str, &str, Answers)] = &[
    ("DELETE /v1/devices/{gate}", "", owners(200)),
    // Nobody has signed in with that number.
    ("POST /v1/devices/{id}/transfer", PHONE, owners(422)),
    ("POST /v1/api-keys", r#"{"name":"x","verbs":["list"],"devices":["{gate}"]}"#, owners(201)),
    ("POST /v1/webhooks", r#"{"url":"http://127.0.0.1:9/"}"#, own(201)),
    ("POST /v1/number-changes", PHONE, own(202)),
    ("POST /v1/second-factor", "", own(201)),
];

const OWNER: &str = "+27821234567";
const GRANTED: &str = "+27831110001";
const SHARED: &str = "+27831110002";
const OTHER: &str = "+27831110003";

/// A home, and what the one who asks shows of themselves.
struct Stage {
    world: World,
    shown: Option<String>,
    names: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set(role: Role) -> Self {
        let world = World::new().await;
        let (gate, intercom) = (world.gate.to_string(), world.intercom.to_string());
        // Without hardware, so nobody waits for its word.
        let gone = world.makes_another_gate().await.2.to_string();
        let issued = world.issues().await;
        let attempt = world.lets_through(&issued, Leg::Entry).await;
        for id in [&gate, &intercom] {
            world.shares(id, GRANTED, true).await;
        }
        let granted = world.signs_in_as(GRANTED).await;
        let webhook = world.has_a_webhook("http://127.0.0.1:9/").await;
        let devices = [&gate, &intercom, &gone].map(String::clone);
        let (key, whole) = world.makes_a_key(Verb::ALL, &devices).await;
        let (_, narrow) = world.makes_a_key(&[Verb::List], &devices).await;
        let owner = Some(world.session.clone());
        let share = |access| Share { access, one_time_access: false, wifi: true };
        let shown = match role {
            Role::Owner => owner,
            Role::Full => Some(world.shared(&devices, share(Access::Full), SHARED).await),
            Role::Tenant => Some(world.shared(&devices, share(Access::Tenant), SHARED).await),
            Role::Always => Some(world.shared(&devices, share(Access::Always), SHARED).await),
            Role::Granted => Some(granted.1),
            Role::Other => Some(world.signs_in_as(OTHER).await.1),
            Role::Former => {
                world.signs_in_as(OTHER).await;
                world.transfers_to(OTHER).await;
                owner
            }
            Role::Displaced => {
                world.signs_in_as(OWNER).await;
                owner
            }
            Role::Nobody => None,
            Role::Key => Some(whole),
            Role::NarrowKey => Some(narrow),
        };
        let names = vec![
            ("{id}", intercom),
            ("{gate}", gate),
            ("{gone}", gone),
            ("{user_id}", granted.0.to_string()),
            ("{code}", issued.pass.code.id.to_string()),
            ("{attempt}", attempt.to_string()),
            ("{webhook}", webhook),
            ("{key}", key),
            ("{login_id}", "0".repeat(32)),
        ];
        Self { world, shown, names }
    }

    /// Proves the session, where there is one.
    async fn shows_a_fresh_pin(&self) {
        let shown = self.shown.as_deref();
        let ask = async |path: &str, body: String| {
            self.world.answers(shown, Method::POST, path, body).await
        };
        let begun = ask("/v1/step-ups", "{}".to_owned()).await;
        if begun.status() != StatusCode::ACCEPTED {
            return;
        }
        let begun = axum::body::to_bytes(begun.into_body(), usize::MAX).await.unwrap();
        let begun: serde_json::Value = serde_json::from_slice(&begun).unwrap();
        let verify = format!("/v1/step-ups/{}/verify", begun["login_id"].as_str().unwrap());
        let pin = format!(r#"{{"pin":"{}"}}"#, self.world.phone.pin().1);
        assert_eq!(ask(&verify, pin).await.status(), StatusCode::OK);
    }

    async fn answers(&self, endpoint: &str, body: &str) -> u16 {
        let fill = |text: &str| {
            self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
        };
        let (method, path) = endpoint.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let shown = self.shown.as_deref();
        self.world.answers(shown, method, &fill(path), fill(body)).await.status().as_u16()
    }
}

/// One test a role.
macro_rules! each_role {
    ($($test:ident: $role:ident,)*) => {
        /// In the order of the columns.
        const ROLES: [Role; 11] = [$(Role::$role),*];

        $(#[tokio::test]
        async fn $test() {
            is_answered_as_the_table_says(Role::$role).await;
        })*
    };
}

each_role! {
    the_owner_may_all_but_what_needs_a_fresh_pin: Owner,
    who_has_full_access_administers_and_uses_no_codes: Full,
    a_tenant_may_see_open_and_look_after_their_own_guests: Tenant,
    who_has_the_grant_may_use_one_time_access: Granted,
    whom_a_device_is_shared_with_may_see_and_open_it: Always,
    who_was_the_owner_keeps_what_a_transfer_leaves: Former,
    somebody_else_finds_nothing: Other,
    who_was_displaced_is_sent_to_sign_in: Displaced,
    who_is_not_signed_in_is_sent_to_sign_in: Nobody,
    a_key_speaks_the_published_verbs_alone: Key,
    a_key_for_one_verb_speaks_no_other: NarrowKey,
}

async fn is_answered_as_the_table_says(role: Role) {
    let column = ROLES.iter().position(|other| *other == role).unwrap();
    let mut wrong = Vec::new();
    for (endpoint, body, answers) in PROVED {
        let stage = Stage::set(role).await;
        stage.shows_a_fresh_pin().await;
        let (answered, expected) = (stage.answers(endpoint, body).await, answers[column]);
        if answered != expected {
            wrong.push(format!("{endpoint} after a fresh pin: {answered}, not {expected}"));
        }
    }
    let reads = Stage::set(role).await;
    for (endpoint, body, answers) in ROWS {
        let answered = if endpoint.starts_with("GET") {
            reads.answers(endpoint, body).await
        } else {
            Stage::set(role).await.answers(endpoint, body).await
        };
        let expected = answers[column];
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
    let rows = ROWS.iter().map(|row| shape(row.0));
    let (served, rows): (BTreeSet<_>, BTreeSet<_>) = (served.collect(), rows.collect());
    assert_eq!(served, rows);
}

/// Else a role that may not would hide behind the pin that it did not show.
#[test]
fn what_an_owner_needs_a_fresh_pin_for_at_a_device_is_asked_with_one_too() {
    let proved: BTreeSet<_> = PROVED.iter().map(|row| row.0).collect();
    let is_at_a_device = |text: &str| text.contains("{gate}") || text.contains("{id}");
    for (endpoint, body, answers) in ROWS {
        let is_shut = answers[0] == 403 && (is_at_a_device(endpoint) || is_at_a_device(body));
        assert!(!is_shut || proved.contains(endpoint), "{endpoint} has no row with a fresh pin");
    }
}

/// An endpoint whatever its ids are called.
fn shape(endpoint: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    endpoint.split('/').map(part).collect::<Vec<_>>().join("/")
}
