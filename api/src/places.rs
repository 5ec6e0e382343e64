//! How much may go on at once: for each, and for all together. In memory; places come back by
//! themselves.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many places, of which each key may take some.
#[derive(Clone)]
pub(crate) struct Places<K> {
    each: usize,
    all: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// A place that was taken; dropping it gives it back.
pub(crate) struct Place<K: Eq + Hash> {
    key: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Copy + Eq + Hash> Places<K> {
    pub(crate) fn new(each: usize, all: usize) -> Self {
        Self { each, all, taken: Arc::default() }
    }

    /// Takes a place, if one is free for this key.
    pub(crate) fn take(&self, key: K) -> Option<Place<K>> {
        let mut taken = lock(&self.taken);
        let mine = taken.get(&key).copied().unwrap_or(0);
        if self.each <= mine || self.all <= taken.values().sum() {
            return None;
        }
        taken.insert(key, mine + 1);
        Some(Place { key, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(mine) = taken.get_mut(&self.key) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

fn lock<K>(taken: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_some_places_and_all_together_no_more_than_there_are() {
        let places = Places::new(2, 3);
        let (one, two) = (places.take("a"), places.take("a"));
        assert!(one.is_some() && two.is_some());
        assert!(places.take("a").is_none(), "that is all for one");
        let three = places.take("b");
        assert!(three.is_some());
        assert!(places.take("c").is_none(), "that is all there are");
        drop(one);
        assert!(places.take("c").is_some(), "a place given back is free");
    }

    #[test]
    fn a_place_given_back_leaves_nothing_behind() {
        let places = Places::new(1, 1);
        drop(places.take("a"));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
