//! boxup keeps local folders mirrored to Box.

mod agent;
mod cli;
mod clock;
mod config;
mod local;
mod model;
mod plan;
mod remote;
mod store;

pub use cli::run;
