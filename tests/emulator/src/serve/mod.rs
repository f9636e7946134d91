//! From a connection to a reply.

mod admission;
mod distort;
mod mishap;
mod outgoing;
mod request;
mod server;
mod visit;

pub(crate) use server::run;
