//! The whole opening as a game, played to its end: every order in which a guest, a host, the
//! service, the network and a gate can move, with crashes, power cuts and a slow clock between.
//!
//! What moves is the real code: `domain` decides, `bridge::mapping` writes what goes out, the gate
//! is `device_sim::gate`, and between them travel the bytes of `protocol`. Only what stands in SQL
//! and in sockets elsewhere is told here once more: what one transaction reads and writes.
//!
//! In reading order: the [`Promise`]s, the two players (`service`, `gate`), the `world` between
//! them, and the search through all of its states ([`explore`]). [`Variant`] names seven ways to
//! do it wrong, each of which the search must find out.
//!
//! Both players are pure functions of what they remember. So each of their steps is taken once by
//! the real code and looked up ever after, which makes millions of states affordable.

mod gate;
mod pool;
mod promise;
mod search;
mod service;
mod variant;
mod world;

pub use promise::Promise;
pub use search::{Broken, Explored, explore};
pub use variant::Variant;
pub use world::Bounds;
