//! How many connections there are: in total, of newcomers, and of newcomers from each address.
//!
//! A newcomer has not shown yet who it is. Where there are too many, those who keep us waiting
//! make room for those who do not, so that silent and stalling clients keep nobody out: from the
//! same address after a while, and in a full house at once, first from the network that has sent
//! most of them. Whom we keep waiting ourselves is never sent away.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;
use crate::config::{CROWDED_PATIENCE, Config};

/// Counts connections from the moment they are accepted.
#[derive(Debug)]
pub(crate) struct Crowd {
    max: usize,
    max_newcomers: usize,
    max_newcomers_per_address: usize,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    known: usize,
    newcomers: HashMap<u64, Newcomer>,
    by_address: HashMap<IpAddr, usize>,
    next: u64,
}

#[derive(Debug)]
struct Newcomer {
    address: IpAddr,
    /// Since when it is its turn; nothing while it is ours.
    keeps_waiting: Option<Instant>,
    evicted: CancellationToken,
}

impl Crowd {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            max: config.max_connections,
            max_newcomers: config.max_newcomers,
            max_newcomers_per_address: config.max_newcomers_per_address,
            present: Mutex::default(),
        }
    }

    /// Lets one more connection in, or says that there are too many.
    pub(crate) fn join(
        self: &Arc<Self>,
        address: IpAddr,
        now: Instant,
    ) -> Result<(Place, CancellationToken), Cause> {
        let address = household(address);
        let mut present = self.lock();
        let from_there = present.by_address.get(&address).copied().unwrap_or(0);
        if self.max_newcomers_per_address <= from_there {
            let is_slow = |newcomer: &Newcomer| {
                newcomer.address == address
                    && newcomer.keeps_waiting.is_some_and(|from| CROWDED_PATIENCE <= now - from)
            };
            if !present.evict(is_slow) {
                return Err(Cause::CrowdedAddress);
            }
        }
        let newcomers = present.newcomers.len();
        if self.max <= present.known + newcomers || self.max_newcomers <= newcomers {
            let largest = present.largest_network();
            if !present.evict(|newcomer| Some(network(newcomer.address)) == largest) {
                return Err(Cause::Crowded);
            }
        }
        let evicted = CancellationToken::new();
        present.next += 1;
        let number = present.next;
        let newcomer = Newcomer { address, keeps_waiting: Some(now), evicted: evicted.clone() };
        present.newcomers.insert(number, newcomer);
        *present.by_address.entry(address).or_default() += 1;
        Ok((Place { number, is_known: false, crowd: Arc::clone(self) }, evicted))
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Present {
    /// Sends away whoever of these keeps us waiting for longest.
    fn evict(&mut self, among: impl Fn(&Newcomer) -> bool) -> bool {
        let slowest = self
            .newcomers
            .iter()
            .filter(|(_, newcomer)| among(newcomer))
            .filter_map(|(number, newcomer)| Some((newcomer.keeps_waiting?, *number)))
            .min();
        slowest.and_then(|(_, number)| self.leave(number)).is_some_and(|newcomer| {
            newcomer.evicted.cancel();
            true
        })
    }

    /// The network from which most newcomers keep us waiting.
    fn largest_network(&self) -> Option<IpAddr> {
        let mut waiting: HashMap<IpAddr, usize> = HashMap::new();
        for newcomer in self.newcomers.values().filter(|newcomer| newcomer.keeps_waiting.is_some())
        {
            *waiting.entry(network(newcomer.address)).or_default() += 1;
        }
        waiting.into_iter().max_by_key(|(_, count)| *count).map(|(network, _)| network)
    }

    fn leave(&mut self, number: u64) -> Option<Newcomer> {
        let newcomer = self.newcomers.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&newcomer.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&newcomer.address);
            }
        }
        Some(newcomer)
    }
}

/// One connection's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    is_known: bool,
    crowd: Arc<Crowd>,
}

impl Place {
    /// Notes whose turn it is: the newcomer's, from now on, or ours.
    pub(crate) fn keeps_waiting(&self, since: Option<Instant>) {
        if let Some(newcomer) = self.crowd.lock().newcomers.get_mut(&self.number) {
            newcomer.keeps_waiting = since;
        }
    }

    /// It is known now who it is; false when it was evicted a moment before.
    pub(crate) fn becomes_known(&mut self) -> bool {
        let mut present = self.crowd.lock();
        if present.leave(self.number).is_none() {
            return false;
        }
        present.known += 1;
        self.is_known = true;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.crowd.lock();
        if self.is_known {
            present.known -= 1;
        } else {
            present.leave(self.number);
        }
    }
}

/// What one subscriber has of the internet: an IPv4 address or an IPv6 /64.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// What one customer of a provider mostly has: an IPv4 /24 or an IPv6 /48.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(max: usize, newcomers: usize, per_address: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(&Config {
            max_connections: max,
            max_newcomers: newcomers,
            max_newcomers_per_address: per_address,
            ..Config::default()
        }))
    }

    fn address(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    #[test]
    fn an_address_is_full_until_one_of_its_newcomers_leaves_or_is_known() {
        let (crowd, now) = (crowd(10, 10, 2), Instant::now());
        let (first, _) = crowd.join(address(1), now).unwrap();
        let (mut second, _) = crowd.join("::ffff:192.0.2.1".parse().unwrap(), now).unwrap();
        assert_eq!(crowd.join(address(1), now).unwrap_err(), Cause::CrowdedAddress);
        assert!(crowd.join(address(2), now).is_ok());
        drop(first);
        let (_third, _) = crowd.join(address(1), now).unwrap();
        assert!(second.becomes_known());
        assert!(crowd.join(address(1), now).is_ok());
    }

    #[test]
    fn a_full_house_is_full_until_someone_leaves() {
        let (crowd, now) = (crowd(2, 10, 10), Instant::now());
        let (mut known, _) = crowd.join(address(1), now).unwrap();
        assert!(known.becomes_known());
        let (newcomer, _) = crowd.join(address(2), now).unwrap();
        newcomer.keeps_waiting(None);
        assert_eq!(crowd.join(address(3), now).unwrap_err(), Cause::Crowded);
        drop(known);
        assert!(crowd.join(address(3), now).is_ok());
        drop(newcomer);
    }

    #[test]
    fn who_keeps_neighbours_waiting_for_too_long_makes_room() {
        let (crowd, start) = (crowd(10, 10, 2), Instant::now());
        let (busy, busy_evicted) = crowd.join(address(1), start).unwrap();
        busy.keeps_waiting(None);
        let (_slow, slow_evicted) = crowd.join(address(1), start).unwrap();
        let almost = start + CROWDED_PATIENCE.mul_f32(0.9);
        assert_eq!(crowd.join(address(1), almost).unwrap_err(), Cause::CrowdedAddress);
        assert!(crowd.join(address(1), start + CROWDED_PATIENCE).is_ok());
        assert!(slow_evicted.is_cancelled() && !busy_evicted.is_cancelled());
    }

    #[test]
    fn in_a_full_house_the_largest_network_makes_room_at_once() {
        let (crowd, start) = (crowd(100, 4, 10), Instant::now());
        let far = IpAddr::from([198, 51, 100, 1]);
        let (_first, first) = crowd.join(far, start).unwrap();
        let later = start + CROWDED_PATIENCE / 4;
        let join = |number| crowd.join(address(number), later).unwrap();
        let [(busy, busy_evicted), (_slow, slow), (_other, other)] = [1, 2, 3].map(join);
        busy.keeps_waiting(None);
        assert!(crowd.join(far, later).is_ok());
        assert!(slow.is_cancelled() ^ other.is_cancelled(), "one of the two from 192.0.2.0/24");
        assert!(!first.is_cancelled() && !busy_evicted.is_cancelled());
    }

    #[test]
    fn whom_we_keep_waiting_is_never_sent_away() {
        let (crowd, start) = (crowd(10, 2, 10), Instant::now());
        let places = [1, 2].map(|number| crowd.join(address(number), start).unwrap());
        for (place, _) in &places {
            place.keeps_waiting(None);
        }
        let later = start + CROWDED_PATIENCE * 100;
        assert_eq!(crowd.join(address(3), later).unwrap_err(), Cause::Crowded);
        assert!(places.iter().all(|(_, evicted)| !evicted.is_cancelled()));
    }

    #[test]
    fn who_was_evicted_does_not_get_in_and_counts_once() {
        let (crowd, start) = (crowd(10, 1, 10), Instant::now());
        let (mut slow, _) = crowd.join(address(1), start).unwrap();
        let (mut quick, _) = crowd.join(address(2), start).unwrap();
        quick.keeps_waiting(None);
        assert!(!slow.becomes_known());
        drop(slow);
        assert_eq!(crowd.join(address(3), start).unwrap_err(), Cause::Crowded);
        assert!(quick.becomes_known());
        assert!(crowd.join(address(3), start).is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let (crowd, now) = (crowd(10, 10, 1), Instant::now());
        let _place = crowd.join("2001:db8::1".parse().unwrap(), now).unwrap();
        let neighbour = "2001:db8::2".parse().unwrap();
        assert_eq!(crowd.join(neighbour, now).unwrap_err(), Cause::CrowdedAddress);
        assert!(crowd.join("2001:db8:0:1::1".parse().unwrap(), now).is_ok());
    }
}
