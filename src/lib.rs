//! boxup keeps local folders mirrored to Box.
#![expect(dead_code, reason = "the parts are still being put together")]

mod agent;
mod cli;
mod clock;
mod config;
mod local;
mod model;
mod plan;
mod remote;
mod store;
