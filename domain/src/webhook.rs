//! Telling others what happened: how often it is tried, and how long an old secret still signs.
//!
//! What is *absent* here: the message and its signature (`api/src/webhooks`).

use std::iter;
use std::time::Duration;

use crate::Timestamp;
use crate::secret::WebhookSecret;

/// The pauses before the second try, the third and so on: 27 h 35 min 5 s in all, as is usual
/// (Standard Webhooks, "deliverability and reliability"). After the last one the message is dead:
/// the feed still has the event.
pub const PAUSES: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

/// How long a secret that was replaced signs, too.
pub const OLD_SECRET_HOLDS: Duration = Duration::from_hours(24);

/// How many secrets that were replaced sign, too: those before them sign no more.
pub const MAX_OLD_SECRETS: usize = 10;

/// How many endpoints one person may have.
pub const MAX_ENDPOINTS: u32 = 10;

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldSecret {
    /// The secret.
    pub secret: WebhookSecret,
    /// The moment from which on it signs no more.
    pub until: Timestamp,
}

impl OldSecret {
    /// Whether messages are signed by it.
    pub fn signs(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// The old secrets once the present one is replaced, the latest first. Each keeps its own end:
/// whoever asks for a new secret twice has not given the receiver the first of them.
pub fn replaced(present: WebhookSecret, old: Vec<OldSecret>, now: Timestamp) -> Vec<OldSecret> {
    let latest = OldSecret { secret: present, until: now + OLD_SECRET_HOLDS };
    let signing = old.into_iter().filter(|old| old.signs(now));
    iter::once(latest).chain(signing).take(MAX_OLD_SECRETS).collect()
}

/// How long a message that has failed so often waits; none when it is dead.
pub fn pause_after(tries: u32) -> Option<Duration> {
    PAUSES.get(tries.checked_sub(1)? as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_eight_times_within_28_hours() {
        assert_eq!(pause_after(1), Some(Duration::from_secs(5)));
        assert_eq!((pause_after(7), pause_after(8)), (Some(PAUSES[6]), None));
        let all: Duration = PAUSES.iter().sum();
        assert_eq!(all, Duration::from_secs(27 * 3600 + 35 * 60 + 5));
    }

    #[test]
    fn a_replaced_secret_signs_until_its_own_last_millisecond_beside_nine_others() {
        let begin = Timestamp::from_millis(1_780_000_000_000);
        let secret = |number: u8| WebhookSecret::random(&Same(number));
        let (first, hour) = (replaced(secret(0), vec![], begin), Duration::from_hours(1));
        let both = replaced(secret(1), first.clone(), begin + hour);
        let ends: Vec<_> = both.iter().map(|old| old.until).collect();
        assert_eq!(ends, [begin + hour + OLD_SECRET_HOLDS, begin + OLD_SECRET_HOLDS]);
        assert_eq!(both[1], first[0]);

        let [old] = &first[..] else { panic!("{first:?}") };
        let millisecond = Duration::from_millis(1);
        assert!(old.signs(old.until - millisecond) && !old.signs(old.until));
        assert_eq!(replaced(secret(2), first.clone(), old.until).len(), 1, "it is not kept");

        let all = (1..=12).fold(first, |old, number| replaced(secret(number), old, begin));
        let kept: Vec<_> = all.into_iter().map(|old| old.secret).collect();
        assert_eq!(kept, (3..=12).rev().map(secret).collect::<Vec<_>>(), "the latest ten");
    }

    /// Dice that fall the same each time.
    struct Same(u8);

    impl crate::Dice for Same {
        fn roll(&self, into: &mut [u8]) {
            into.fill(self.0);
        }
    }
}
