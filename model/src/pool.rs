//! Things seen before, each known by a small number from then on.

use std::collections::HashMap;
use std::hash::Hash;

pub(crate) struct Pool<K, T> {
    items: Vec<T>,
    numbers: HashMap<K, u32>,
}

impl<K: Hash + Eq, T> Pool<K, T> {
    pub(crate) fn new() -> Self {
        Self { items: Vec::new(), numbers: HashMap::new() }
    }

    /// The number of what `key` tells apart from all others.
    pub(crate) fn number(&mut self, key: K, item: impl FnOnce() -> T) -> u32 {
        *self.numbers.entry(key).or_insert_with(|| {
            self.items.push(item());
            u32::try_from(self.items.len() - 1).expect("fewer than four thousand million")
        })
    }

    pub(crate) fn get(&self, number: u32) -> &T {
        &self.items[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}
