//! Telling others what happened: how often it is tried, and how long an old secret still signs.
//!
//! What is *absent* here: the message and its signature (`api/src/webhooks`).

use std::time::Duration;

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

/// How long the secret before the present one signs, too.
pub const OLD_SECRET_HOLDS: Duration = Duration::from_hours(24);

/// How many endpoints one person may have.
pub const MAX_ENDPOINTS: u32 = 10;

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
}
