//! Words that every part shares: identifiers, names, paths, digests, reasons.
//!
//! Pure values. Nothing here reads a clock, a disk or a socket.

pub(crate) mod deed;
pub(crate) mod digest;
pub(crate) mod figures;
pub(crate) mod ground;
pub(crate) mod identity;
pub(crate) mod ids;
pub(crate) mod item;
pub(crate) mod mounts;
pub(crate) mod name;
pub(crate) mod path;
pub(crate) mod reason;
pub(crate) mod rules;
pub(crate) mod session;
pub(crate) mod stamp;
pub(crate) mod timetable;
pub(crate) mod trouble;
