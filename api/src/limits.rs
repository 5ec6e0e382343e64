//! How often strangers may ask, by address and in memory. What must survive a restart (tries at
//! pins and digits, pins sent) is counted in the database instead.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::answers::{Code, Problem};
use crate::config::Config;

/// From this many addresses on, those that have rested are forgotten.
const MANY: usize = 10_000;

pub(crate) struct Limits {
    logins: DefaultKeyedRateLimiter<IpAddr>,
    unknown_links: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        let burst = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let logins = per(Duration::from_mins(1), burst(config.logins_per_address));
        let links = per(Duration::from_secs(3), burst(config.unknown_links_per_address));
        let (logins, unknown_links) = (RateLimiter::keyed(logins), RateLimiter::keyed(links));
        Self { logins, unknown_links }
    }

    /// Counts a login that an address begins.
    pub(crate) fn login(&self, address: IpAddr) -> Result<(), Problem> {
        count(&self.logins, address, Duration::from_mins(1))
    }

    /// Counts a link or a reference that was not known.
    pub(crate) fn unknown_link(&self, address: IpAddr) -> Result<(), Problem> {
        count(&self.unknown_links, address, Duration::from_secs(3))
    }
}

fn per(span: Duration, burst: NonZeroU32) -> Quota {
    Quota::with_period(span).unwrap_or(Quota::per_minute(burst)).allow_burst(burst)
}

fn count(
    limiter: &DefaultKeyedRateLimiter<IpAddr>,
    address: IpAddr,
    wait: Duration,
) -> Result<(), Problem> {
    if MANY < limiter.len() {
        limiter.retain_recent();
    }
    let too_many = |_| Problem::from(Code::TooManyRequests).retry_after(wait);
    limiter.check_key(&network(address)).map_err(too_many)
}

/// One IPv4 address, or one IPv6 /64: what one household has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}
