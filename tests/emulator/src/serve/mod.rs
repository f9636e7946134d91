//! From a connection to a reply.

mod admission;
mod busy;
mod distort;
mod mishap;
mod outgoing;
mod request;
mod server;
mod visit;

pub(crate) use busy::Work;
pub(crate) use server::run;
