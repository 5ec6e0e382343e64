//! The messages that a client was sent and has not acknowledged yet, under our own packet ids.
//!
//! The Router never sees a client's acknowledgement: it forgets a message for a skipped one and
//! drops the client for a stray one.

use std::collections::HashSet;

/// One client's open messages.
#[derive(Debug)]
pub(crate) struct Window {
    size: usize,
    open: HashSet<u16>,
    last: u16,
}

impl Window {
    pub(crate) fn new(size: u16) -> Self {
        Self { size: usize::from(size), open: HashSet::new(), last: 0 }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < self.size
    }

    /// Opens a packet id that is not in use; never 0.
    pub(crate) fn open(&mut self) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.open.insert(self.last) {
                return self.last;
            }
        }
    }

    /// Closes an id; false when it was not open.
    pub(crate) fn close(&mut self, id: u16) -> bool {
        self.open.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_never_zero_nor_in_use() {
        let mut window = Window::new(2);
        let kept = window.open();
        for _ in 0..=u16::MAX {
            let id = window.open();
            assert!(id != 0 && id != kept);
            assert!(!window.has_room());
            assert!(window.close(id));
        }
        assert!(!window.close(0));
    }
}
