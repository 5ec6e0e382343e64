//! The whole of flussd from outside, and the repository as such.
//!
//! One binary for all of it; how a crate behaves by itself is tested in its own folder.

mod tidy;
