//! Plans of devices, over the JSON interface.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::guest::tests::world::World;

#[tokio::test]
async fn f_04_a_device_is_claimed_with_its_plan_and_f_02_gives_it_to_another() {
    let world = World::new().await;
    let (id, code) = world.makes_a_free_intercom("Unit 5").await;
    let claim = |plan: &str| json!({ "claim_code": code.reveal(), "plan": plan }).to_string();
    let asks = async |method, path: &str, body: &str| world.owner_asks(method, path, body).await;
    let wrong = asks(Method::POST, "/v1/devices/claim", &claim("office")).await;
    wrong.refuses(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    let device = format!("/v1/devices/{id}");
    asks(Method::GET, &device, "").await.refuses(StatusCode::NOT_FOUND, "not_found");
    let claimed = asks(Method::POST, "/v1/devices/claim", &claim("home")).await;
    claimed.is(StatusCode::OK).says(r#""plan":"home""#);

    let (plan, give) = (format!("{device}/plan"), format!("{device}/plan/transfer"));
    let set = asks(Method::PUT, &plan, r#"{"plan":"commercial"}"#).await;
    set.is(StatusCode::OK).says(r#""plan":"commercial""#);
    let to = |id: &dyn std::fmt::Display| json!({ "to": id.to_string() }).to_string();
    let given = asks(Method::POST, &give, &to(&world.gate)).await;
    given.refuses(StatusCode::CONFLICT, "other_kind");
    let given = asks(Method::POST, &give, &to(&world.intercom)).await.is(StatusCode::OK);
    given.says(&world.intercom.to_string()).says(r#""plan":"commercial""#);
    asks(Method::GET, &device, "").await.says(r#""plan":null"#);
    let again = asks(Method::POST, &give, &to(&world.intercom)).await;
    again.refuses(StatusCode::CONFLICT, "plan_missing");
    asks(Method::PUT, &plan, r#"{"plan":"home"}"#).await.is(StatusCode::OK);
    let taken = asks(Method::POST, &give, &to(&world.intercom)).await;
    taken.refuses(StatusCode::CONFLICT, "plan_taken");
}

#[tokio::test]
async fn a_gate_tells_when_it_last_spoke_and_by_which_firmware() {
    let world = World::new().await;
    let told = world.owner_asks(Method::GET, &format!("/v1/devices/{}", world.gate), "").await;
    let at = crate::wire::rfc3339(world.now());
    told.says(&format!(r#""last_report_at":"{at}""#)).says(r#""firmware":"test""#);
}
