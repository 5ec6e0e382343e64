//! The whole of flussd from outside, and the repository as such.
//!
//! One binary for all of it; how a crate behaves by itself is tested in its own folder.

mod codes;
mod gate;
mod guest;
mod house;
mod installer;
mod owner;
mod process;
mod settings;
mod signing_in;
mod tidy;
