//! How often strangers may ask, by address, and API keys; in memory. What must survive a restart (tries at
//! pins and digits, pins sent) is counted in the database instead.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{ApiKeyId, Clock, Timestamp, UserId};

use crate::answers::{Code, Problem};
use crate::config::Config;

/// So many are remembered; then the one that has rested most makes room.
const MANY: usize = 10_000;

/// So often somebody may try webhooks out at once; ten more an hour after that.
const TRIALS_AT_ONCE: u32 = 10;

/// So many chains somebody may have read at once; ten more a minute after that.
const AUDITS_AT_ONCE: u32 = 10;

/// So many people somebody may invite one by one at once; two more a minute after that. A list
/// brings more. It also bounds how fast a tenant can try out which numbers have the device.
const INVITED_AT_ONCE: u32 = 60;

/// How often an API key may be shown at once; after that once a second.
const SHOWN_AT_ONCE: u32 = 60;

pub(crate) struct Limits {
    clock: Arc<dyn Clock>,
    logins: Budget<IpAddr>,
    guesses: Budget<IpAddr>,
    trials: Budget<UserId>,
    audits: Budget<UserId>,
    invitations: Budget<UserId>,
    keys: Budget<ApiKeyId>,
}

impl Limits {
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>) -> Self {
        let logins = Budget::new(config.logins_per_address, Duration::from_mins(1));
        let guesses = Budget::new(config.guesses_per_address, Duration::from_secs(3));
        let trials = Budget::new(TRIALS_AT_ONCE, Duration::from_mins(6));
        let audits = Budget::new(AUDITS_AT_ONCE, Duration::from_secs(6));
        let invitations = Budget::new(INVITED_AT_ONCE, Duration::from_secs(30));
        let keys = Budget::new(SHOWN_AT_ONCE, Duration::from_secs(1));
        Self { clock, logins, guesses, trials, audits, invitations, keys }
    }

    /// Counts a login pin that an address asks for.
    pub(crate) fn login(&self, address: IpAddr) -> Result<(), Problem> {
        self.logins.take(network(address), self.clock.now()).map_err(too_many)
    }

    /// Lets an address try a secret, unless it has guessed too often. For what is short enough to be
    /// guessed (a reference, what a label says) ask before it is looked up, or a right guess goes
    /// through.
    pub(crate) fn may_guess(&self, address: IpAddr) -> Result<(), Problem> {
        self.guesses.ask(network(address), self.clock.now()).map_err(too_many)
    }

    /// Counts a secret that nobody knows; what is known costs nothing.
    pub(crate) fn guessed_wrong(&self, address: IpAddr) {
        self.guesses.charge(network(address), self.clock.now());
    }

    /// Counts a message by which somebody tries a receiver out. By person: webhooks come and go.
    pub(crate) fn trial(&self, user: UserId) -> Result<(), Problem> {
        self.trials.take(user, self.clock.now()).map_err(too_many)
    }

    /// Counts that somebody has a whole chain read.
    pub(crate) fn audit(&self, user: UserId) -> Result<(), Problem> {
        self.audits.take(user, self.clock.now()).map_err(too_many)
    }

    /// Counts that somebody invites one person.
    pub(crate) fn invitation(&self, user: UserId) -> Result<(), Problem> {
        self.invitations.take(user, self.clock.now()).map_err(too_many)
    }

    /// Counts a request by an API key.
    pub(crate) fn by_key(&self, key: ApiKeyId) -> Result<(), Problem> {
        self.keys.take(key, self.clock.now()).map_err(too_many)
    }
}

fn too_many(wait: Duration) -> Problem {
    Problem::from(Code::TooManyRequests).retry_after(wait)
}

/// What each address, each person or each key may do at once, and how fast that comes back.
struct Budget<K> {
    burst: u32,
    /// After it, one more comes back.
    pause: Duration,
    /// When each will have its whole budget again; one that is not listed has it.
    whole_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Copy + Eq + Hash> Budget<K> {
    fn new(burst: u32, pause: Duration) -> Self {
        Self { burst, pause, whole_at: Mutex::default() }
    }

    /// Takes one, or says how long to wait for it.
    fn take(&self, who: K, now: Timestamp) -> Result<(), Duration> {
        let mut whole_at = self.lock();
        self.left(&whole_at, who, now)?;
        self.spend(&mut whole_at, who, now);
        Ok(())
    }

    /// Whether one is left, or how long to wait for it; takes nothing.
    fn ask(&self, who: K, now: Timestamp) -> Result<(), Duration> {
        let whole_at = self.lock();
        self.left(&whole_at, who, now)
    }

    /// Takes one even if none is left, so that asking for many at once gains nothing.
    fn charge(&self, who: K, now: Timestamp) {
        let mut whole_at = self.lock();
        self.spend(&mut whole_at, who, now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Timestamp>> {
        self.whole_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(
        &self,
        whole_at: &HashMap<K, Timestamp>,
        who: K,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let whole_at = whole_at.get(&who).copied().unwrap_or(now);
        let spent = now.until(whole_at);
        let wait = spent.saturating_sub(self.pause * self.burst.saturating_sub(1));
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    fn spend(&self, whole_at: &mut HashMap<K, Timestamp>, who: K, now: Timestamp) {
        if MANY <= whole_at.len() && !whole_at.contains_key(&who) {
            let rested = whole_at.iter().min_by_key(|(_, at)| **at).map(|(rested, _)| *rested);
            rested.and_then(|rested| whole_at.remove(&rested));
        }
        let at = whole_at.entry(who).or_insert(now);
        *at = now.max(*at) + self.pause;
    }
}

/// One IPv4 address, or one IPv6 /64: what one household has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_780_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_spent_budget_comes_back_one_by_one() {
        let (budget, now) = (Budget::new(2, 3 * SECOND), NOON);
        assert_eq!(budget.take(HERE, now), Ok(()));
        assert_eq!(budget.take(HERE, now), Ok(()));
        assert_eq!(budget.take(HERE, now), Err(3 * SECOND));
        assert_eq!(budget.take(HERE, now + SECOND), Err(2 * SECOND));
        assert_eq!(budget.take(HERE, now + 3 * SECOND), Ok(()));
        assert_eq!(budget.take(HERE, now + 3 * SECOND), Err(3 * SECOND));
        assert_eq!(budget.take(IpAddr::from([10, 0, 0, 1]), now), Ok(()), "others have their own");
    }

    #[test]
    fn asking_takes_nothing() {
        let (budget, now) = (Budget::new(1, SECOND), NOON);
        for _ in 0..100 {
            assert_eq!(budget.ask(HERE, now), Ok(()));
        }
        budget.charge(HERE, now);
        assert_eq!(budget.ask(HERE, now), Err(SECOND));
    }

    #[test]
    fn many_guesses_at_once_are_all_paid_for() {
        let (budget, now) = (Budget::new(1, SECOND), NOON);
        for _ in 0..10 {
            budget.charge(HERE, now);
        }
        assert_eq!(budget.ask(HERE, now), Err(10 * SECOND));
    }

    #[test]
    fn a_household_shares_one_budget() {
        let (budget, now) = (Budget::new(1, SECOND), NOON);
        let household = |address: &str| network(address.parse().unwrap());
        budget.charge(household("2001:db8::1"), now);
        assert!(budget.ask(household("2001:db8::2"), now).is_err());
        assert!(budget.ask(household("2001:db8:0:1::1"), now).is_ok());
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let (budget, now) = (Budget::new(1, SECOND), NOON);
        let addresses = (0_u32..).map(|count| IpAddr::V4(count.into()));
        budget.charge(HERE, now);
        budget.charge(HERE, now);
        for address in addresses.take(MANY + 10) {
            budget.charge(address, now);
        }
        assert_eq!(budget.whole_at.lock().unwrap().len(), MANY);
        assert!(budget.ask(HERE, now).is_err(), "who owes most is remembered longest");
    }
}
