//! How many connections there are, in total and from each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cause::Cause;

/// Counts connections from the moment they are accepted.
#[derive(Debug)]
pub(crate) struct Crowd {
    max: usize,
    max_per_address: usize,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Crowd {
    pub(crate) fn new(max: usize, max_per_address: usize) -> Self {
        Self { max, max_per_address, present: Mutex::default() }
    }

    /// Lets one more connection in, or says that there are too many.
    pub(crate) fn join(self: &Arc<Self>, address: IpAddr) -> Result<Place, Cause> {
        let address = household(address);
        let mut present = self.lock();
        if self.max <= present.total {
            return Err(Cause::Crowded);
        }
        if self.max_per_address <= present.by_address.get(&address).copied().unwrap_or(0) {
            return Err(Cause::CrowdedAddress);
        }
        present.total += 1;
        *present.by_address.entry(address).or_default() += 1;
        Ok(Place { address, crowd: Arc::clone(self) })
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    address: IpAddr,
    crowd: Arc<Crowd>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.crowd.lock();
        present.total -= 1;
        let Some(count) = present.by_address.get_mut(&self.address) else { return };
        *count -= 1;
        if *count == 0 {
            present.by_address.remove(&self.address);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_is_full_until_someone_leaves() {
        let crowd = Arc::new(Crowd::new(3, 2));
        let here = IpAddr::from([192, 0, 2, 1]);
        let first = crowd.join(here).unwrap();
        let _second = crowd.join("::ffff:192.0.2.1".parse().unwrap()).unwrap();
        assert_eq!(crowd.join(here).unwrap_err(), Cause::CrowdedAddress);
        let _third = crowd.join("2001:db8::1".parse().unwrap()).unwrap();
        assert_eq!(crowd.join("2001:db8:1::1".parse().unwrap()).unwrap_err(), Cause::Crowded);
        drop(first);
        assert!(crowd.join(here).is_ok());
        assert_eq!(
            household("2001:db8::1".parse().unwrap()),
            "2001:db8::".parse::<IpAddr>().unwrap()
        );
    }
}
