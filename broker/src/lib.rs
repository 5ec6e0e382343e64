//! The embedded MQTT broker: an edge of ours around rumqttd's in-process Router.
//!
//! The Router moves messages and is never shown to a network. Everything that a stranger, a
//! broken gate or a slow line can do ends here: TLS, identity, rights, sizes, rates, keep-alive,
//! acknowledgements, takeover, wills. Nothing here knows what a code or a guest is.
//!
//! One connection, in reading order: `listener` accepts, `admission` finds out who it is,
//! `session` serves it with the `codec`, asking `rights`; its `line` leads over the `switch` to
//! the `router`; when it ends, `farewell` says so on the gate's behalf.

mod cause;
mod config;
mod tls;

mod admission;
mod codec;
mod farewell;
mod identity;
mod line;
mod listener;
mod pace;
mod reader;
mod regulars;
mod rights;
mod session;
mod window;

mod crowd;
mod door;
mod router;
mod seats;
mod supervision;
mod switch;

#[doc(hidden)]
pub mod fuzzing;

pub use cause::Cause;
pub use config::Config;
pub use door::Door;
pub use identity::Roster;
pub use listener::{BindError, Broker};
pub use supervision::{Health, RouterSilent};
pub use tls::{Certificates, InvalidCertificates, Tls};
