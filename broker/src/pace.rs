//! How fast a client may send: so many packets per second, and one second's worth at once.

use std::time::Duration;

use tokio::time::Instant;

const BURST: Duration = Duration::from_secs(1);

/// One client's allowance.
#[derive(Debug)]
pub(crate) struct Pace {
    per_packet: Duration,
    paid_until: Instant,
}

impl Pace {
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        Self { per_packet: BURST / per_second.max(1), paid_until: now }
    }

    /// Spends one packet; when that was too much, says from when on it is not.
    pub(crate) fn spend(&mut self, now: Instant) -> Option<Instant> {
        self.paid_until = self.paid_until.max(now) + self.per_packet;
        let allowed_from = self.paid_until.checked_sub(BURST)?;
        (now < allowed_from).then_some(allowed_from)
    }

    /// Spends one packet if it may; a refused one costs nothing.
    pub(crate) fn may_spend(&mut self, now: Instant) -> bool {
        let paid_until = self.paid_until;
        let too_much = self.spend(now).is_some();
        if too_much {
            self.paid_until = paid_until;
        }
        !too_much
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_may_come_at_once_and_then_one_by_one() {
        let start = Instant::now() + BURST;
        let mut pace = Pace::new(20, start);
        assert!((0..20).all(|_| pace.spend(start).is_none()));
        let wait = pace.spend(start).expect("the 21st is too much");
        assert_eq!(wait, start + BURST / 20);
        assert_eq!(pace.spend(start + BURST), None);
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let start = Instant::now() + BURST;
        let mut pace = Pace::new(20, start);
        assert!((0..20).all(|_| pace.may_spend(start)));
        assert!((0..1000).all(|_| !pace.may_spend(start)));
        assert!(pace.may_spend(start + BURST / 20));
    }
}
