//! People as apps handle them: real router, real SQLite, clock by hand.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::guest::tests::world::{Seen, World};

const NUMBER: &str = "+27825559999";

fn people(world: &World) -> String {
    format!("/v1/devices/{}/people", world.intercom)
}

fn body(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

async fn invited(world: &World, wish: &Value) -> Value {
    let seen = world.owner_asks(Method::POST, &people(world), &wish.to_string()).await;
    body(&seen.is(StatusCode::CREATED))
}

#[tokio::test]
async fn an_owner_invites_changes_and_sends_away() {
    let world = World::new().await;
    let path = people(&world);
    let wish = json!({ "phone": "082 555 9999", "type": "repeat", "days": ["saturday", "monday"],
        "from": "22:00", "until": "06:00", "name": "Nomsa", "notes": "Unit 7" });
    let made = invited(&world, &wish).await;
    assert_eq!((&made["phone"], &made["type"]), (&json!(NUMBER), &json!("repeat")));
    assert_eq!(made["days"], json!(["monday", "saturday"]));
    assert_eq!((&made["state"], &made["wifi"]), (&json!("later"), &json!(true)));
    assert_eq!(made["holds_from"], json!("2026-05-30T20:00:00.000Z"), "a Saturday, 22:00 there");
    let again = world.owner_asks(Method::POST, &path, &wish.to_string()).await;
    again.refuses(StatusCode::CONFLICT, "already_shared");

    let one = format!("{path}/{}", made["user_id"].as_str().unwrap());
    let change = r#"{"type":"always","one_time_access":true,"wifi":false}"#;
    let changed = world.owner_asks(Method::PATCH, &one, change).await.is(StatusCode::OK);
    let changed = body(&changed);
    assert_eq!((&changed["type"], &changed["state"]), (&json!("always"), &json!("active")));
    assert_eq!((&changed["name"], &changed["wifi"]), (&json!("Nomsa"), &json!(false)));
    let listed = world.owner_asks(Method::GET, &path, "").await.is(StatusCode::OK);
    assert_eq!(body(&listed)["items"], json!([changed]));
    let lone = world.owner_asks(Method::PATCH, &one, r#"{"until":"06:00"}"#).await;
    lone.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says(r#""field":"type""#);

    world.owner_asks(Method::DELETE, &one, "").await.is(StatusCode::NO_CONTENT);
    let gone = world.owner_asks(Method::PATCH, &one, "{}").await;
    gone.refuses(StatusCode::NOT_FOUND, "not_found");
    let gone = world.owner_asks(Method::DELETE, &format!("{one}?also_revoke=true"), "").await;
    gone.is(StatusCode::OK).says(r#""codes_revoked":0"#).says("effective_at");
}

/// X22: the question is asked with the grant, too.
#[tokio::test]
async fn s_3_codes_are_revoked_with_the_grant_if_so_asked() {
    let world = World::new().await;
    world.shares_with(NUMBER, true).await;
    let path = people(&world);
    let host = world.signs_in_as(NUMBER).await;
    let codes = format!("/v1/intercoms/{}/codes", world.intercom);
    let wish = r#"{"name":"Thandi","mobile":"+27825550001"}"#.to_owned();
    let made = world.answers(Some(&host.1), Method::POST, &codes, wish).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let one = format!("{path}/{}", host.0);
    let lone = world.owner_asks(Method::PATCH, &one, r#"{"also_revoke":true}"#).await;
    let lone = lone.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    lone.says(r#""field":"also_revoke""#);
    let taken = r#"{"one_time_access":false,"also_revoke":true}"#;
    let taken = body(&world.owner_asks(Method::PATCH, &one, taken).await.is(StatusCode::OK));
    assert_eq!((&taken["codes_revoked"], &taken["active_codes"]), (&json!(1), &json!(0)));
    assert_eq!((&taken["one_time_access"], &taken["state"]), (&json!(false), &json!("active")));
    assert!(taken["effective_at"].is_string());
}

/// Somebody who tries out which numbers have the device is slowed down, whatever they hear.
#[tokio::test]
async fn sixty_people_are_invited_at_once_and_more_by_and_by() {
    let world = World::new().await;
    let path = people(&world);
    let share = |n: usize| json!({ "phone": format!("+2782555{n:04}") }).to_string();
    for n in 0..60 {
        world.owner_asks(Method::PUT, &path, &share(n)).await.is(StatusCode::OK);
    }
    let wish = json!({ "phone": "+27825550001", "type": "always" }).to_string();
    for (method, body) in [(Method::PUT, share(1)), (Method::POST, wish)] {
        let seen = world.owner_asks(method, &path, &body).await;
        let seen = seen.refuses(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
        assert_eq!(seen.header("retry-after"), "30");
    }
    let listed = world.owner_asks(Method::GET, &path, "").await.is(StatusCode::OK);
    assert_eq!(body(&listed)["items"].as_array().unwrap().len(), 60);
    world.later(Duration::from_secs(30));
    world.owner_asks(Method::PUT, &path, &share(60)).await.is(StatusCode::OK);
}

#[tokio::test]
async fn temporary_access_is_told_as_ended_when_it_is_over() {
    let world = World::new().await;
    let until = crate::wire::rfc3339(world.now() + Duration::from_hours(1));
    let wish = json!({ "phone": NUMBER, "type": "temporary", "until": until });
    assert_eq!(invited(&world, &wish).await["state"], "active");
    world.later(Duration::from_hours(1));
    world.owner_asks(Method::GET, &people(&world), "").await.says(r#""state":"ended""#);
    let late = world.owner_asks(Method::POST, &people(&world), &wish.to_string()).await;
    let late = late.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    late.says(r#""field":"until""#);
}

#[tokio::test]
async fn of_two_who_save_tenant_settings_the_second_sees_the_firsts() {
    let world = World::new().await;
    let path = format!("/v1/devices/{}/tenant-settings", world.intercom);
    let read = world.owner_asks(Method::GET, &path, "").await.is(StatusCode::OK);
    assert_eq!(read.header("etag"), "\"0\"");
    read.says(r#"{"longest_invitation_minutes":720,"max_active_invitations":10}"#);
    let new = |minutes: &str, count: &str| {
        format!(r#"{{"longest_invitation_minutes":{minutes},"max_active_invitations":{count}}}"#)
    };
    let saved = world.owner_asks(Method::PUT, &path, &new("15", "100")).await.is(StatusCode::OK);
    assert_eq!(saved.header("etag"), "\"1\"");
    let stale = world.owner_asks(Method::PUT, &path, &new("60", "5")).await;
    let stale = stale.refuses(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    stale.says(r#""current":{"longest_invitation_minutes":15,"max_active_invitations":100}"#);
    for (minutes, count, field) in [
        ("14", "1", "longest_invitation_minutes"),
        ("4321", "1", "longest_invitation_minutes"),
        ("15.5", "1", "longest_invitation_minutes"),
        ("15", "0", "max_active_invitations"),
        ("15", "101", "max_active_invitations"),
    ] {
        let seen = world.owner_asks(Method::PUT, &path, &new(minutes, count)).await;
        let seen = seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
        seen.says(&format!(r#""field":"{field}""#));
    }
}

#[tokio::test]
async fn a_list_is_taken_line_by_line_and_each_is_answered() {
    let world = World::new().await;
    let import = |query: &str| format!("{}/import{query}", people(&world));
    let list = "\u{feff}Name;Phone;Notes\r\nZoë;082 555 0001;Unit 7\r\nSipho;12;\r\n\
                Zoë again;+27825550001;\r\nThandi;0825550002;\"a; b\"\r\n";
    let sends = async |path: String, list: String| {
        world.owner_sends(Method::POST, &path, "text/csv; charset=utf-8", &list).await
    };
    let expected = json!([
        { "line": 1, "result": "header", "duplicate_of": null, "field": null },
        { "line": 2, "result": "added", "duplicate_of": null, "field": null },
        { "line": 3, "result": "bad", "duplicate_of": null, "field": "phone" },
        { "line": 4, "result": "duplicate", "duplicate_of": 2, "field": null },
        { "line": 5, "result": "added", "duplicate_of": null, "field": null },
    ]);
    let looked = sends(import("?dry_run=true"), list.to_owned()).await.is(StatusCode::OK);
    assert_eq!(body(&looked)["lines"], expected);
    let listed = world.owner_asks(Method::GET, &people(&world), "").await;
    assert_eq!(body(&listed)["items"], json!([]), "only looked at");
    let tenants = import("?type=tenant&one_time_access=true");
    let did = body(&sends(tenants, list.to_owned()).await.is(StatusCode::OK));
    assert_eq!((&did["added"], &did["bad"], &did["duplicates"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(did["lines"], expected);
    let listed = body(&world.owner_asks(Method::GET, &people(&world), "").await);
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for person in listed {
        assert_eq!((&person["type"], &person["one_time_access"]), (&json!("tenant"), &json!(true)));
    }
    let again = body(&sends(import(""), list.to_owned()).await);
    assert_eq!((&again["added"], &again["already_there"]), (&json!(0), &json!(2)));

    let many: Vec<String> =
        (0..1_000).map(|n| format!("A rather long name {n},+2782555{n:04},\n")).collect();
    let many = many.concat();
    let many = body(&sends(import(""), many).await.is(StatusCode::OK));
    assert_eq!((&many["added"], &many["already_there"]), (&json!(998), &json!(2)));
    let too_large = sends(import(""), "x,+27825550001,\n".repeat(20_000)).await;
    too_large.refuses(StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    let seen = world.owner_asks(Method::POST, &import(""), "{}").await;
    seen.refuses(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_csv");
    let seen = sends(import("?type=owner"), list.to_owned()).await;
    seen.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request").says(r#""field":"type""#);
}
