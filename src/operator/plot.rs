//! Attempts over time, as bars of an SVG that the server draws.

use std::time::Duration;

use store::Tally;

/// How many slots are shown: six hours of five minutes.
const SHOWN: u16 = 72;

/// A bar with its gap, and the height of the highest, in units of the picture.
const STEP: u16 = 10;
const TOP: f32 = 120.0;

/// The picture, described; the template draws it.
pub(super) struct Plot {
    pub(super) width: u16,
    pub(super) hours: u64,
    pub(super) slot_minutes: u64,
    /// The most attempts in one slot.
    pub(super) most: u32,
    pub(super) bars: Vec<Bar>,
}

/// One outcome in one slot.
pub(super) struct Bar {
    pub(super) outcome: &'static str,
    pub(super) x: u16,
    pub(super) y: f32,
    pub(super) height: f32,
    /// What a pointer that rests on it is told.
    pub(super) told: String,
}

impl Plot {
    /// Draws the latest slots, the oldest on the left.
    pub(super) fn of(slots: &[Tally], slot: Duration) -> Self {
        let shown = slots.iter().take(SHOWN.into());
        let most = shown.clone().map(Tally::all).max().unwrap_or_default();
        let columns = (0..SHOWN).rev().map(|column| column * STEP).zip(shown);
        let minutes = slot.as_secs() / 60;
        Self {
            width: SHOWN * STEP,
            hours: minutes * u64::from(SHOWN) / 60,
            slot_minutes: minutes,
            most,
            bars: columns.flat_map(|(x, tally)| bars(x, tally, most)).collect(),
        }
    }
}

/// The outcomes of one slot, one on the other.
fn bars(x: u16, tally: &Tally, most: u32) -> Vec<Bar> {
    let mut y = TOP;
    let outcomes = [
        ("opened", tally.opened),
        ("not-opened", tally.not_opened),
        ("unsettled", tally.unsettled),
    ];
    let some = outcomes.into_iter().filter(|(_, count)| *count != 0);
    some.map(|(outcome, count)| {
        let height = TOP * share(count, most);
        y -= height;
        Bar { outcome, x, y, height, told: format!("{count} {}", outcome.replace('-', " ")) }
    })
    .collect()
}

fn share(count: u32, most: u32) -> f32 {
    // Counts beyond 65,535 in five minutes would only be drawn a little too low.
    let [count, most] =
        [count, most].map(|count| f32::from(u16::try_from(count).unwrap_or(u16::MAX)));
    count / most.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_slot_stands_on_the_right_and_outcomes_stand_on_each_other() {
        let mut slots = vec![Tally::default(); 288];
        slots[0] = Tally { opened: 1, not_opened: 2, unsettled: 1 };
        slots[71] = Tally { opened: 2, ..Tally::default() };
        slots[72] = Tally { opened: 9, ..Tally::default() };
        let plot = Plot::of(&slots, Duration::from_mins(5));
        assert_eq!((plot.hours, plot.most, plot.bars.len()), (6, 4, 4), "older is not shown");
        let drawn: Vec<_> =
            plot.bars.iter().map(|bar| (bar.outcome, bar.x, bar.y, bar.height)).collect();
        assert_eq!(drawn[0], ("opened", 710, 90.0, 30.0));
        assert_eq!(drawn[1], ("not-opened", 710, 30.0, 60.0));
        assert_eq!(drawn[2], ("unsettled", 710, 0.0, 30.0));
        assert_eq!(drawn[3], ("opened", 0, 60.0, 60.0));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let plot = Plot::of(&[Tally::default(); 288], Duration::from_mins(5));
        assert_eq!((plot.most, plot.bars.len()), (0, 0));
    }
}
