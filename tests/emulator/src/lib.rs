//! A strict stand-in for Box: real HTTP on the loopback, written from Box's
//! documentation and sharing nothing with any client.
//!
//! ```
//! use box_emulator::{BoxEmulator, Fault};
//!
//! let emulator = BoxEmulator::start();
//! let folder = emulator.folder("/Archive/Reports");
//! emulator.inject(Fault::on("post_files_content").times(2).status(503, "unavailable"));
//! // … point a client at emulator.base_url(), then look:
//! assert!(emulator.tree(&folder).is_empty());
//! assert!(emulator.unknown_calls().is_empty());
//! ```
//!
//! # Where things are
//!
//! - `serve`: a connection becomes requests, a request becomes a reply;
//!   `serve/request.rs` tells the order of everything.
//! - `wire`: HTTP as Box speaks it. `wire/route.rs` finds the operation.
//! - `api`: the operations. `api/table.rs` lists all of them, one line each.
//! - `auth`: the token endpoint, one function per grant; the authorize page;
//!   what a token is good for.
//! - `world`: what is stored. It never refuses; `api/checks.rs` does.
//! - `fault`: what a test wants to go wrong.
//! - `emulator`: the handle that a test holds.
//!
//! # Rules
//!
//! Where Box documents a refusal, the emulator refuses. What Box does not
//! document but tolerates is noted as a remark ([`BoxEmulator::remarks`]).
//! What the emulator does not know answers 501 and is noted
//! ([`BoxEmulator::unknown_calls`]). Where the documents are silent or
//! disagree, there is a switch on the [`Builder`].

mod api;
mod auth;
mod chunked;
mod clock;
mod emulator;
mod fault;
mod ids;
mod journal;
mod limits;
mod serve;
mod settings;
mod shared;
mod spool;
mod wire;
mod world;

pub use auth::{AccessLevel, App, Person, RefreshRule};
pub use chunked::{DEFAULT_CHUNKED_MINIMUM, DEFAULT_SESSION_LIFETIME, Slow};
pub use emulator::{BoxEmulator, Entry, OpenSession, StoredPart, Version};
pub use fault::{Answer, Effect, Fault, On, Times};
pub use journal::Request;
pub use settings::{
    Builder, DEFAULT_MAX_DIRECT_UPLOAD, DEFAULT_MAX_UPLOAD_SIZE, DEFAULT_QUOTA,
    DEFAULT_REDIRECT_URI, DEFAULT_VERSION_UPLOAD_STATUS, RATE_WINDOW,
};
pub use world::{Access, Kind};
