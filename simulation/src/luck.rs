//! Where all chance comes from: a row of numbers that a seed begins.

use std::sync::Mutex;
use std::time::Duration;

use domain::{Dice, roll, roll_below};

/// Dice that fall the same way for the same seed (splitmix64).
pub(crate) struct Luck(Mutex<u64>);

impl Luck {
    /// The row of this seed; `of` tells apart rows that must not depend on one another.
    pub(crate) fn new(seed: u64, of: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ of << 56))
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let bound = u32::try_from(bound).expect("small numbers");
        usize::try_from(roll_below(self, bound)).expect("as small")
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&self, chance: u32) -> bool {
        roll_below(self, 100) < chance
    }

    /// A span between these two.
    pub(crate) fn between(&self, least: Duration, most: Duration) -> Duration {
        let room =
            u32::try_from(most.saturating_sub(least).as_millis()).expect("some weeks at most");
        least + Duration::from_millis(roll_below(self, room + 1).into())
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of these, each as often as it weighs.
    pub(crate) fn weigh<T: Copy>(&self, table: &[(T, u32)]) -> T {
        let mut rest = roll_below(self, table.iter().map(|(_, weight)| weight).sum());
        for (what, weight) in table {
            match rest.checked_sub(*weight) {
                Some(left) => rest = left,
                None => return *what,
            }
        }
        unreachable!("the rest is less than the sum")
    }

    pub(crate) fn bytes(&self) -> [u8; 16] {
        roll(self)
    }
}

impl Dice for Luck {
    fn roll(&self, into: &mut [u8]) {
        let mut state = self.0.lock().expect("not poisoned");
        for chunk in into.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}
