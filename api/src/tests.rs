//! What every endpoint has in common: unreadable requests, unknown ids, guesses, and waiting.

mod permissions;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::answers::{Code, Problem};
use crate::guest::tests::world::World;

#[tokio::test]
async fn what_is_no_id_does_not_exist() {
    let world = World::new().await;
    let settings = format!(r#"{{"entry_gate":"{}"}}"#, world.gate);
    let requests = [
        (Method::GET, "/v1/devices/ID", ""),
        (Method::PATCH, "/v1/devices/ID", r#"{"name":"x"}"#),
        (Method::DELETE, "/v1/devices/ID/certificates", ""),
        (Method::DELETE, "/v1/devices/ID/quarantine", ""),
        (Method::POST, "/v1/devices/ID/replacement", r#"{"claim_code":"00000-00000-00000"}"#),
        (Method::POST, "/v1/devices/ID/transfer", r#"{"phone":"+27821234568"}"#),
        (Method::POST, "/v1/devices/ID/open", ""),
        (Method::DELETE, "/v1/api-keys/ID", ""),
        (Method::GET, "/v1/devices/ID/people", ""),
        (Method::PUT, "/v1/devices/ID/people", r#"{"phone":"+27821234568"}"#),
        (Method::POST, "/v1/devices/ID/people", r#"{"phone":"+27821234568","type":"always"}"#),
        (Method::PATCH, "/v1/devices/ID/people/user_00000000000000000000000000", "{}"),
        (Method::DELETE, "/v1/devices/ID/people/user_00000000000000000000000000", ""),
        (Method::GET, "/v1/devices/ID/tenant-settings", ""),
        (
            Method::PUT,
            "/v1/devices/ID/tenant-settings",
            r#"{"longest_invitation_minutes":15,"max_active_invitations":1}"#,
        ),
        (Method::GET, "/v1/intercoms/ID/settings", ""),
        (Method::PUT, "/v1/intercoms/ID/settings", settings.as_str()),
        (Method::GET, "/v1/intercoms/ID/calls", ""),
        (Method::PUT, "/v1/intercoms/ID/calls", r#"{"guests_may_call":true}"#),
        (Method::GET, "/v1/intercoms/ID/codes", ""),
        (Method::POST, "/v1/intercoms/ID/codes", r#"{"name":"x","mobile":"+27821234568"}"#),
        (Method::GET, "/v1/intercoms/ID/history", ""),
        (Method::GET, "/v1/codes/ID", ""),
        (Method::DELETE, "/v1/codes/ID", ""),
        (Method::POST, "/v1/codes/ID/openings", r#"{"leg":"exit"}"#),
        (Method::GET, "/v1/attempts/ID", ""),
        (Method::GET, "/v1/attempts/ID/events", ""),
    ];
    for (method, path, body) in requests {
        for id in ["%00", "%ff", "x", "gate_x", "gate_0000000000000000000000000%00"] {
            let path = path.replace("ID", id);
            let seen = world.owner_asks(method.clone(), &path, body).await;
            seen.refuses(StatusCode::NOT_FOUND, "not_found");
        }
    }
}

#[tokio::test]
async fn a_gate_is_a_device_but_no_intercom() {
    let world = World::new().await;
    let (gate, intercom) = (world.gate, world.intercom);
    for id in [gate.to_string(), intercom.to_string()] {
        let path = format!("/v1/devices/{id}");
        world.owner_asks(Method::GET, &path, "").await.is(StatusCode::OK).says(&id);
    }
    let codes = |id: &str| format!("/v1/intercoms/{id}/codes");
    let seen = world.owner_asks(Method::GET, &codes(&gate.to_string()), "").await;
    seen.refuses(StatusCode::CONFLICT, "not_an_intercom");
    world.owner_asks(Method::GET, &codes(&intercom.to_string()), "").await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_label_that_cannot_be_is_as_unknown_as_another() {
    let world = World::new().await;
    let mut answers = Vec::new();
    let long = "A".repeat(33);
    for serial in ["8QJ4M2T0", "", "\\u0000", "8QJ4-M2T0", "é", &long] {
        let secret = "00000-00000-00000-00000-00000";
        let body = format!(r#"{{"serial":"{serial}","secret":"{secret}","csr":""}}"#);
        let seen = world.owner_asks(Method::POST, "/v1/enrolments", &body).await;
        answers.push(seen.refuses(StatusCode::NOT_FOUND, "not_found").body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn who_has_guessed_too_often_may_try_no_label() {
    let world = World::new().await;
    world.has_guessed_too_often().await;
    let claim = r#"{"claim_code":"00000-00000-00000"}"#;
    let enrol = r#"{"serial":"S0","secret":"00000-00000-00000-00000-00000","csr":""}"#;
    for (path, body) in [("/v1/devices/claim", claim), ("/v1/enrolments", enrol)] {
        let seen = world.owner_asks(Method::POST, path, body).await;
        seen.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    }
}

#[tokio::test]
async fn an_owner_puts_a_spare_in_a_gates_place_once() {
    let world = World::new().await;
    let (serial, claim_code, _, spare) = world.makes_a_spare().await;
    let path = format!("/v1/devices/{}/replacement", world.gate);
    let body = format!(r#"{{"claim_code":"{}"}}"#, claim_code.reveal());
    for _ in 0..2 {
        let replaced = world.owner_asks(Method::POST, &path, &body).await.is(StatusCode::OK);
        replaced.says(&serial).says("Main Gate").says(r#""online":false,"barred":"revoked""#);
    }
    let vanished = format!("/v1/devices/{spare}");
    let seen = world.owner_asks(Method::GET, &vanished, "").await;
    seen.refuses(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn only_a_spare_replaces_only_a_gate() {
    let world = World::new().await;
    let (_, claim_code, ..) = world.makes_a_spare().await;
    let claim = |code: &str| format!(r#"{{"claim_code":"{code}"}}"#);
    let (gate, intercom) = (world.gate.to_string(), world.intercom.to_string());
    let path = |id: &str| format!("/v1/devices/{id}/replacement");
    let seen = world.owner_asks(Method::POST, &path(&gate), &claim("x")).await;
    seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says("claim_code");
    let seen = world.owner_asks(Method::POST, &path(&gate), &claim("00000-00000-00000")).await;
    seen.refuses(StatusCode::NOT_FOUND, "not_found").says("claim_code");
    let spare = claim(&claim_code.reveal());
    let seen = world.owner_asks(Method::POST, &path(&intercom), &spare).await;
    seen.refuses(StatusCode::CONFLICT, "not_a_gate");
    let claimed = world.owner_asks(Method::POST, "/v1/devices/claim", &spare).await;
    claimed.is(StatusCode::OK);
    let seen = world.owner_asks(Method::POST, &path(&gate), &spare).await;
    seen.refuses(StatusCode::CONFLICT, "not_a_spare");
    for act in ["certificates", "quarantine"] {
        let path = format!("/v1/devices/{intercom}/{act}");
        let seen = world.owner_asks(Method::DELETE, &path, "").await;
        seen.refuses(StatusCode::CONFLICT, "not_a_gate");
    }
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_told_so() {
    let world = World::new().await;
    let request = Request::post("/v1/logins").header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::CONTENT_LENGTH, 1_000_000);
    let seen = world.browser().send(request, Body::from(vec![b' '; 1_000_000])).await;
    seen.refuses(StatusCode::PAYLOAD_TOO_LARGE, "too_large");
}

#[tokio::test]
async fn the_message_to_a_guest_is_written_in_the_language_that_was_asked_for() {
    let world = World::new().await;
    let codes = format!("/v1/intercoms/{}/codes", world.intercom);
    let new = |language: &str| format!(r#"{{"name":"Thandi","mobile":"+27825550001"{language}}}"#);
    let made = world.owner_asks(Method::POST, &codes, &new(r#","language":"af""#)).await;
    let made = made.is(StatusCode::CREATED).says("Skandeer die QR-kode").body;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let again = world.owner_asks(Method::POST, &codes, &new("")).await.is(StatusCode::OK);
    again.says("Scan the QR code").says(made["id"].as_str().unwrap());
    let path = format!("/v1/codes/{}", made["id"].as_str().unwrap());
    for (asked, says) in [("", "Valid until "), ("?language=af", "Geldig tot ")] {
        let seen = world.owner_asks(Method::GET, &format!("{path}{asked}"), "").await;
        seen.is(StatusCode::OK).says(says).says(" SAST");
    }
    let seen = world.owner_asks(Method::GET, &format!("{path}?language=xx"), "").await;
    let seen = seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    seen.says(r#""field":"language""#);
    let document = crate::document().to_json().unwrap();
    assert!(document.contains(r##""$ref":"#/components/schemas/Language""##));
}

#[test]
fn every_answer_that_asks_to_wait_says_how_long() {
    use axum::response::IntoResponse;
    for code in Code::ALL {
        let answer = Problem::from(*code).into_response();
        let asks = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        let says = answer.headers().contains_key(header::RETRY_AFTER);
        assert_eq!(says, asks.contains(&answer.status()), "{}", code.as_str());
    }
    let channel = Problem::from(Code::ChannelUnavailable).into_response();
    assert_eq!(channel.headers()[header::RETRY_AFTER], "30");
}

#[test]
fn every_operation_tells_of_its_problems() {
    let document: serde_json::Value =
        serde_json::from_str(&crate::document().to_json().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let mut count = 0;
    for operation in operations.filter(|operation| operation["responses"].is_object()) {
        let content = &operation["responses"]["default"]["content"]["application/problem+json"];
        assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{operation}");
        count += 1;
    }
    assert_ne!(count, 0);
    let schemas = &document["components"]["schemas"];
    assert!(schemas["Problem"]["properties"]["code"].is_object());
    assert!(schemas["FieldError"].is_object());
}
