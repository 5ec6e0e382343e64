//! The published verbs by a key: each with its scope, and the gate's word told as it is.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use domain::api_key::Verbs;
use domain::attempt::{Evidence, WhyNot};
use domain::name::KeyName;
use domain::secret::ApiKeyToken;
use domain::share::{Access, Share, Stay};
use domain::{Attempt, AttemptId, PhoneNumber};
use serde_json::{Value, json};
use store::{ApiKey, NewKey};

use crate::guest::tests::world::{Seen, World};

/// What the holder of the key with this letter shows.
fn token(letter: char) -> String {
    format!("flk_{}A", String::from(letter).repeat(42))
}

impl World {
    async fn makes_key(&self, verbs: &str) -> ApiKey {
        self.makes_key_with('A', verbs).await
    }

    async fn makes_key_with(&self, letter: char, verbs: &str) -> ApiKey {
        let new = NewKey {
            user: self.owner,
            name: KeyName::parse("Home Assistant").unwrap(),
            verbs: Verbs::parse(verbs).unwrap(),
            devices: vec![self.gate.to_string(), self.intercom.to_string()],
            token: ApiKeyToken::parse(&token(letter)).unwrap(),
        };
        self.store.api_keys().make(new, self.now()).await.unwrap().unwrap()
    }

    async fn key_asks(&self, method: Method, path: &str) -> Seen {
        self.key_with('A', method, path).await
    }

    async fn key_with(&self, letter: char, method: Method, path: &str) -> Seen {
        let request = Request::builder().method(method).uri(format!("/fluss/v1/{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", token(letter)));
        self.browser().send(request, Body::empty()).await
    }

    /// Triggers the gate; as soon as it is asked, this happens.
    async fn triggers(&self, then: impl AsyncFn(Attempt)) -> Seen {
        let path = format!("devices/{}/trigger", self.gate);
        let at_the_gate = async {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
            loop {
                let due = self.store.attempts().due(self.now()).await.unwrap();
                if let Some(due) = due.into_iter().next() {
                    return then(due.attempt).await;
                }
                assert!(tokio::time::Instant::now() < deadline, "nothing is asked of the gate");
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(self.key_asks(Method::POST, &path), at_the_gate).0
    }

    async fn claims_and_settles(&self, id: AttemptId, evidence: Evidence) {
        assert!(self.store.attempts().claim(id, self.now()).await.unwrap().is_some());
        self.store.attempts().settle(self.gate, id, evidence, self.now()).await.unwrap().unwrap();
    }
}

fn read(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

#[tokio::test]
async fn a_key_lists_its_devices_and_tells_whether_they_are_online() {
    let world = World::new().await;
    world.makes_key("list status trigger").await;
    let seen = world.key_asks(Method::GET, "devices").await.is(StatusCode::OK);
    let devices = read(&seen)["devices"].clone();
    let gate = devices.as_array().unwrap().iter().find(|device| device["deviceType"] == "gate");
    let expected = json!({
        "deviceId": world.gate.to_string(),
        "deviceName": "Main Gate",
        "deviceType": "gate",
        "userPermissions": { "canOpen": true, "canSeeStatus": true, "canSeeLogs": false,
                             "canSeeAccess": false },
    });
    assert_eq!(gate, Some(&expected));
    assert_eq!(devices.as_array().unwrap().len(), 2, "the other intercom is not the key's");

    let path = format!("devices/{}/status", world.gate);
    let online = async || read(&world.key_asks(Method::GET, &path).await)["status"].clone();
    let expected = json!({ "internetConnected": true, "openCloseStatus": null });
    assert_eq!(online().await, expected);
    world.gate_is_gone().await;
    assert_eq!(online().await["internetConnected"], false);
}

#[tokio::test]
async fn a_gate_that_opened_is_told_by_200_and_nothing_else_is() {
    let world = World::new().await;
    world.makes_key("trigger").await;
    let opened = world.triggers(async |attempt| {
        world.claims_and_settles(attempt.id, Evidence::Executed).await;
    });
    let opened = opened.await.is(StatusCode::OK);
    assert_eq!(read(&opened)["result"], "opened");

    world.later(Duration::from_secs(3));
    let refused = world.triggers(async |attempt| {
        let why = Evidence::NotExecuted(WhyNot::TooSoon);
        world.claims_and_settles(attempt.id, why).await;
    });
    let refused = refused.await.refuses(StatusCode::CONFLICT, "gate_not_opened");
    refused.says(r#""why":"too_soon""#).says(r#""attemptId":"attempt_"#);

    let silent = world.triggers(async |attempt| {
        assert!(world.store.attempts().claim(attempt.id, world.now()).await.unwrap().is_some());
        world.later(Duration::from_secs(10));
    });
    silent.await.refuses(StatusCode::GATEWAY_TIMEOUT, "gate_not_confirmed");
}

#[tokio::test]
async fn an_offline_gate_is_told_by_503_to_keys_and_to_the_app() {
    let world = World::new().await;
    world.makes_key("trigger").await;
    world.gate_is_gone().await;
    for verb in ["trigger", "open"] {
        let seen = world.key_asks(Method::POST, &format!("devices/{}/{verb}", world.gate)).await;
        let seen = seen.refuses(StatusCode::SERVICE_UNAVAILABLE, "gate_offline");
        assert_eq!(seen.header("retry-after"), "5");
    }
    let path = format!("/v1/devices/{}/open", world.gate);
    let seen = world.owner_asks(Method::POST, &path, "").await;
    seen.refuses(StatusCode::SERVICE_UNAVAILABLE, "gate_offline");
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0);
}

#[tokio::test]
async fn the_app_opens_a_gate_and_follows_the_attempt() {
    let world = World::new().await;
    let path = format!("/v1/devices/{}/open", world.gate);
    let asked = world.owner_asks(Method::POST, &path, "").await.is(StatusCode::ACCEPTED);
    let asked = read(&asked);
    assert_eq!((&asked["asked_by"], &asked["state"]), (&json!("person"), &json!("reserved")));
    assert_eq!((&asked["code"], &asked["leg"]), (&Value::Null, &Value::Null));
    assert_eq!(asked["opened_by"], world.owner.to_string());
    let id = asked["id"].as_str().unwrap();
    let again = world.owner_asks(Method::POST, &path, "").await.is(StatusCode::ACCEPTED);
    assert_eq!(read(&again)["id"], id);
    world.claims_and_settles(AttemptId::parse(id).unwrap(), Evidence::Executed).await;
    let read_again = world.owner_asks(Method::GET, &format!("/v1/attempts/{id}"), "").await;
    read_again.is(StatusCode::OK).says(r#""state":"opened""#);
    let intercom = format!("/v1/devices/{}/open", world.intercom);
    let seen = world.owner_asks(Method::POST, &intercom, "").await;
    seen.refuses(StatusCode::CONFLICT, "not_a_gate");
}

#[tokio::test]
async fn a_key_does_nothing_that_it_was_not_made_for() {
    let world = World::new().await;
    let (_, _, other) = world.makes_another_gate().await;
    let gate = world.gate;
    let all = [
        (Method::GET, "list", "devices".to_owned()),
        (Method::GET, "status", format!("devices/{gate}/status")),
        (Method::GET, "logs", format!("devices/{gate}/logs")),
        (Method::GET, "access", format!("devices/{gate}/access")),
        (Method::POST, "trigger", format!("devices/{gate}/trigger")),
        (Method::POST, "trigger", format!("devices/{gate}/open")),
    ];
    for (letter, made_for) in [('A', "list"), ('B', "status"), ('C', "logs"), ('D', "access")] {
        let key = world.makes_key_with(letter, made_for).await;
        for (method, verb, path) in &all {
            let seen = world.key_with(letter, method.clone(), path).await;
            if *verb != made_for {
                seen.refuses(StatusCode::FORBIDDEN, "api_key_scope");
                continue;
            }
            seen.is(StatusCode::OK);
            let elsewhere = path.replace(&gate.to_string(), &other.to_string());
            if elsewhere != *path {
                let seen = world.key_with(letter, method.clone(), &elsewhere).await;
                seen.refuses(StatusCode::NOT_FOUND, "not_found");
            }
        }
        assert!(world.store.api_keys().revoke(world.owner, key.id, world.now()).await.unwrap());
        let seen = world.key_with(letter, Method::GET, "devices").await;
        seen.refuses(StatusCode::UNAUTHORIZED, "api_key_unknown");
    }
    assert_eq!(world.store.attempts().unsettled().await.unwrap(), 0, "nothing was triggered");
}

#[tokio::test]
async fn logs_name_what_happened_and_no_guest() {
    let world = World::new().await;
    world.makes_key("logs").await;
    let issued = world.issues_to("Thandi").await;
    world.lets_in(&issued).await;
    world.store.events().file(world.now()).await.unwrap();
    for device in [world.gate.to_string(), world.intercom.to_string()] {
        let seen = world.key_asks(Method::GET, &format!("devices/{device}/logs")).await;
        let seen = seen.is(StatusCode::OK).says(r#""event":"attempt.opened""#);
        let seen = seen.does_not_say("Thandi").does_not_say(issued.pass.guest.mobile.reveal());
        let seen = seen.does_not_say(&issued.pass.code.passcode.reveal());
        let newest = read(&seen)["logs"][0]["at"].as_str().unwrap().to_owned();
        let logs = read(&seen)["logs"].clone();
        assert!(logs.as_array().unwrap().iter().all(|log| log["at"].as_str() <= Some(&newest)));
        let one = world.key_asks(Method::GET, &format!("devices/{device}/logs?limit=1")).await;
        assert_eq!(read(&one)["logs"].as_array().unwrap().len(), 1);
    }
    let seen = world.key_asks(Method::GET, &format!("devices/{}/logs?limit=0", world.gate)).await;
    seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
}

#[tokio::test]
async fn who_has_access_is_told_with_numbers() {
    let world = World::new().await;
    world.makes_key("access").await;
    world.shares_with("+27825559999", true).await;
    let (begin, end) = (world.now(), world.now() + Duration::from_hours(1));
    let stay = Stay::new(begin, end).unwrap();
    let share = Share { access: Access::Temporary(stay), one_time_access: true, wifi: true };
    world.shared(&[world.intercom.to_string()], share, "+27825558888").await;
    world.later(Duration::from_hours(1));
    let path = format!("devices/{}/access", world.intercom);
    let seen = world.key_asks(Method::GET, &path).await.is(StatusCode::OK);
    let access = read(&seen)["access"].clone();
    let told = |place: usize, field: &str| access[place][field].clone();
    assert_eq!((told(0, "accessType"), told(0, "phone")), (json!("owner"), json!("+27821234567")));
    assert_eq!((told(1, "accessType"), told(1, "phone")), (json!("always"), json!("+27825559999")));
    assert_eq!(access.as_array().unwrap().len(), 2, "whose time is over has no access");
}

/// O-9: what its owner gave away, a key does not see any more.
#[tokio::test]
async fn a_key_loses_what_its_owner_gives_away() {
    let world = World::new().await;
    world.makes_key("list status logs access trigger").await;
    let buyer = PhoneNumber::parse("+27825559999", None).unwrap();
    world.browser().signs_in_as("%2B27825559999", &world).await;
    let gate = world.gate.to_string();
    let devices = world.store.devices();
    let moved = devices.transfer(world.owner, gate.clone(), buyer, Vec::new(), world.now()).await;
    moved.unwrap().unwrap();
    world.key_asks(Method::GET, "devices").await.is(StatusCode::OK).does_not_say(&gate);
    for path in ["status", "logs", "access"] {
        let seen = world.key_asks(Method::GET, &format!("devices/{gate}/{path}")).await;
        seen.refuses(StatusCode::NOT_FOUND, "not_found");
    }
    let seen = world.key_asks(Method::POST, &format!("devices/{gate}/trigger")).await;
    seen.refuses(StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_key_may_be_shown_so_often_and_others_have_their_own_budget() {
    let world = World::new().await;
    world.makes_key("list").await;
    world.makes_key_with('B', "list").await;
    for _ in 0..60 {
        world.key_asks(Method::GET, "devices").await.is(StatusCode::OK);
    }
    let seen = world.key_asks(Method::GET, "devices").await;
    seen.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    world.key_with('B', Method::GET, "devices").await.is(StatusCode::OK);
    world.later(Duration::from_secs(1));
    world.key_asks(Method::GET, "devices").await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_session_is_no_key_and_a_key_is_no_session() {
    let world = World::new().await;
    world.makes_key("list").await;
    let seen = world.owner_asks(Method::GET, "/fluss/v1/devices", "").await;
    seen.refuses(StatusCode::UNAUTHORIZED, "api_key_unknown");
    let request = Request::get("/v1/devices");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {}", token('A')));
    let seen = world.browser().send(request, Body::empty()).await;
    seen.refuses(StatusCode::UNAUTHORIZED, "session_missing");
}
