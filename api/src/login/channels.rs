//! `GET /v1/login-channels`: which ways a pin can go, and which is recommended now.

use axum::Json;
use axum::extract::State;
use domain::channel::{self, EachChannel, Health};
use domain::login::Channel;
use serde::Serialize;
use utoipa::ToSchema;

use super::ChannelWord;
use crate::Api;
use crate::answers::Problem;

/// All ways that there are, the recommended one first.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginChannels {
    items: Vec<LoginChannel>,
}

/// One way.
#[derive(Serialize, ToSchema)]
struct LoginChannel {
    channel: ChannelWord,
    /// Whether pins are sent this way now
    open: bool,
}

/// Tells which ways a pin can go. Offer them in this order, the first one chosen already.
#[utoipa::path(get, path = "/v1/login-channels", tag = "sign in",
    responses((status = 200, body = LoginChannels)))]
pub(crate) async fn channels(State(api): State<Api>) -> Result<Json<LoginChannels>, Problem> {
    let (order, health) = in_order(&api).await?;
    let tell = |channel: Channel| LoginChannel {
        channel: channel.into(),
        open: health.of(channel).is_open(),
    };
    Ok(Json(LoginChannels { items: order.into_iter().map(tell).collect() }))
}

/// The channels that there are, the recommended one first, and how they are doing.
pub(crate) async fn in_order(api: &Api) -> Result<(Vec<Channel>, EachChannel<Health>), Problem> {
    let health = api.store.pins().health(api.now()).await?;
    Ok((channel::order(api.courier.channels(), &health), health))
}
