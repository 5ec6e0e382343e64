//! Counts over time, as bars of an SVG that the server draws.

use std::time::Duration;

/// The picture, and the height of the highest bar, in its own units.
const WIDTH: u16 = 720;
const TOP: f32 = 120.0;

/// What is drawn of one slot: how often each end, under its name.
pub(super) type Column = [(&'static str, u32); 3];

/// The picture, described; the template draws it.
pub(super) struct Plot {
    /// Names its caption on the page.
    pub(super) id: &'static str,
    pub(super) width: u16,
    /// How wide a bar is; the rest is the gap to the next.
    pub(super) bar: u16,
    pub(super) hours: u64,
    /// How long a slot is, in words.
    pub(super) slot: String,
    /// The most in one slot.
    pub(super) most: u32,
    pub(super) bars: Vec<Bar>,
}

/// One end in one slot.
pub(super) struct Bar {
    pub(super) end: &'static str,
    pub(super) x: u16,
    pub(super) y: f32,
    pub(super) height: f32,
    /// What a pointer that rests on it is told.
    pub(super) told: String,
}

impl Plot {
    /// Draws the latest slots, which come first; the oldest stands on the left.
    pub(super) fn of(
        id: &'static str,
        columns: impl Iterator<Item = Column>,
        shown: u16,
        slot: Duration,
    ) -> Self {
        let columns: Vec<_> = columns.take(shown.into()).collect();
        let most = columns.iter().map(|column| column.iter().map(|(_, count)| count).sum()).max();
        let most = most.unwrap_or_default();
        let step = WIDTH / shown.max(1);
        let places = (0..shown).rev().map(|place| place * step);
        let minutes = slot.as_secs() / 60;
        Self {
            id,
            width: WIDTH,
            bar: step - step / 5,
            hours: minutes * u64::from(shown) / 60,
            slot: if minutes == 60 { "hour".to_owned() } else { format!("{minutes} minutes") },
            most,
            bars: places.zip(&columns).flat_map(|(x, column)| bars(x, column, most)).collect(),
        }
    }
}

/// The ends of one slot, one on the other.
fn bars(x: u16, column: &Column, most: u32) -> Vec<Bar> {
    let mut y = TOP;
    let some = column.iter().filter(|(_, count)| *count != 0);
    some.map(|&(end, count)| {
        let height = TOP * share(count, most);
        y -= height;
        Bar { end, x, y, height, told: format!("{count} {}", end.replace('-', " ")) }
    })
    .collect()
}

fn share(count: u32, most: u32) -> f32 {
    // Counts beyond 65,535 in a slot would only be drawn a little too low.
    let [count, most] =
        [count, most].map(|count| f32::from(u16::try_from(count).unwrap_or(u16::MAX)));
    count / most.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(opened: u32, not_opened: u32, unsettled: u32) -> Column {
        [("opened", opened), ("not-opened", not_opened), ("unsettled", unsettled)]
    }

    #[test]
    fn the_latest_slot_stands_on_the_right_and_ends_stand_on_each_other() {
        let mut columns = vec![column(0, 0, 0); 288];
        columns[0] = column(1, 2, 1);
        columns[71] = column(2, 0, 0);
        columns[72] = column(9, 0, 0);
        let plot = Plot::of("p", columns.into_iter(), 72, Duration::from_mins(5));
        assert_eq!((plot.hours, plot.most, plot.bars.len()), (6, 4, 4), "older is not shown");
        assert_eq!((plot.slot.as_str(), plot.bars[1].told.as_str()), ("5 minutes", "2 not opened"));
        let drawn: Vec<_> =
            plot.bars.iter().map(|bar| (bar.end, bar.x, bar.y, bar.height)).collect();
        assert_eq!(drawn[0], ("opened", 710, 90.0, 30.0));
        assert_eq!(drawn[1], ("not-opened", 710, 30.0, 60.0));
        assert_eq!(drawn[2], ("unsettled", 710, 0.0, 30.0));
        assert_eq!(drawn[3], ("opened", 0, 60.0, 60.0));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let plot = Plot::of("p", [column(0, 0, 0); 24].into_iter(), 24, Duration::from_hours(1));
        assert_eq!((plot.hours, plot.slot.as_str(), plot.bar), (24, "hour", 24));
        assert_eq!((plot.most, plot.bars.len()), (0, 0));
    }
}
