//! Commands to a viewer and events from it, as text: what they are called, what they carry, who may send them, how large they may be.
//!
//! Nothing here waits, opens a socket or knows the time: the host moves strings and says what the clock shows. [`Session`] is the
//! viewer's side (commands in, events out), [`Endpoint`] the side that holds the data and the hooks (events in), [`Bundle`] the file
//! a viewer's state is saved in. The lists of [`Command`] and [`Event`] are the documentation of the protocol; `doc/PROTOCOL.md` adds
//! how the messages travel. The same golden messages (`tests/fixtures/messages`) bind this module, `www/bridge` and the Python relay.

mod bundle;
mod cells;
mod command;
mod endpoint;
mod envelope;
mod event;
mod numbers;
mod outbox;
mod parts;
mod session;
mod upload;

pub use bundle::{Bundle, Chunk, Inflate, MAGIC};
pub use cells::{Coding, Packed, pack, unpack};
pub use command::{Colour, Command};
pub use endpoint::{Answer, Endpoint};
pub use envelope::same;
pub use event::{Event, Level, Setting, Snapshot};
pub use numbers::{codes, delta_list, pack_codes, pack_delta_list};
pub use parts::Parts;
pub use session::{Counts, Identity, Peer, Session, Step};
pub use upload::{Upload, Uploads};

/// Largest event the reference's server takes, in bytes; exactly this many pass.
pub const PLAIN_LIMIT: usize = 1 << 20;
/// Largest message a viewer reads: a list of five million rows fits.
pub const MESSAGE_LIMIT: usize = 64 << 20;
/// Most rows one message may name, packed or not.
pub const CELLS_LIMIT: usize = 64 << 20;
/// Largest session bundle, in bytes.
pub const BUNDLE_LIMIT: usize = 512 << 20;
