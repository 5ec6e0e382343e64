//! The same figures for a monitor that asks now and then, in the text format of Prometheus 0.0.4.
//!
//! All are gauges read from the database, so that no restart and no second process sets one back.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use domain::channel::Health;
use domain::login::Channel;
use store::{PinTally, SLOTS_AN_HOUR, Tally};

use super::{House, page_of, unavailable};

#[derive(Template)]
#[template(path = "operator/metrics.txt")]
struct Metrics {
    version: &'static str,
    gates: u32,
    online: u32,
    hour: Tally,
    /// Seconds; 0 when each attempt is settled.
    oldest_unsettled: u64,
    channels: Vec<ChannelMetrics>,
    /// Millionths, as the operator priced pins.
    pins_cost: u64,
    held_back: usize,
}

struct ChannelMetrics {
    name: &'static str,
    /// 1 nothing speaks against it, 0.5 its pins do not arrive, 0 its provider takes none.
    health: &'static str,
    hour: PinTally,
}

/// `GET /metrics`.
pub(super) async fn metrics(State(house): State<House>) -> Response {
    let now = house.clock.now();
    match look(&house, now).await {
        Ok(metrics) => {
            let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
            // The format asks for a line feed at the end, and templates drop theirs.
            page_of(&metrics, |text| ([kind], text + "\n").into_response())
        }
        Err(fault) => unavailable(&fault),
    }
}

async fn look(house: &House, now: Timestamp) -> store::Result<Metrics> {
    let seen = house.store.overview().glance(now).await?;
    let spent = house.store.spending().seen(now).await?;
    let since = seen.oldest_unsettled.map(|(_, since)| since.until(now).as_secs());
    let seen_of = |channel: &Channel| ChannelMetrics {
        name: channel.as_str(),
        health: match seen.channels.of(*channel) {
            Health::Up => "1",
            Health::Doubtful { .. } => "0.5",
            Health::Down { .. } => "0",
        },
        hour: PinTally::sum(&seen.pins.of(*channel)[..1]),
    };
    let channels = house.channels.iter().map(seen_of).collect();
    Ok(Metrics {
        version: env!("CARGO_PKG_VERSION"),
        gates: seen.gates,
        online: seen.online,
        hour: seen.latest(SLOTS_AN_HOUR),
        oldest_unsettled: since.unwrap_or_default(),
        channels,
        pins_cost: spent.in_an_hour,
        held_back: spent.held_back.len(),
    })
}
