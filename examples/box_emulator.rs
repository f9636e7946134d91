//! The emulated Box on its own: prints the configuration that reaches it, then
//! serves until Ctrl-C or SIGTERM.
//!
//! `cargo run --example box_emulator -- --port 8400`

use std::io::Write;
use std::time::Duration;

use box_emulator::BoxEmulator;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Serves an emulated Box on 127.0.0.1.
#[derive(Parser)]
#[command(name = "box_emulator")]
struct Options {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The app's client id
    #[arg(long)]
    client_id: Option<String>,
    /// The app's client secret
    #[arg(long)]
    client_secret: Option<String>,
    /// The enterprise's id
    #[arg(long)]
    enterprise_id: Option<String>,
    /// How long access tokens live, for example 5s
    #[arg(long, value_parser = humantime::parse_duration)]
    token_ttl: Option<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let emulator = start(Options::parse())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    announce(&emulator)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    complain(&emulator)
}

fn start(options: Options) -> std::io::Result<BoxEmulator> {
    let mut builder = BoxEmulator::builder().port(options.port);
    if let Some(id) = options.client_id {
        builder = builder.client_id(id);
    }
    if let Some(secret) = options.client_secret {
        builder = builder.client_secret(secret);
    }
    if let Some(id) = options.enterprise_id {
        builder = builder.enterprise_id(id);
    }
    if let Some(ttl) = options.token_ttl {
        builder = builder.token_ttl(ttl);
    }
    builder.start()
}

/// The fragment goes to standard output, so that a script can take it.
fn announce(emulator: &BoxEmulator) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "# An emulated Box is serving. These tables make a sync.toml reach it;\n\
         # add a [[mirror]]. Folder \"0\" is the service account's root.\n{}",
        emulator.config_fragment()
    )?;
    out.flush()
}

/// What clients did that Box does not document, for whoever tries one out.
fn complain(emulator: &BoxEmulator) -> std::io::Result<()> {
    let mut err = std::io::stderr().lock();
    for call in emulator.unknown_calls() {
        writeln!(err, "unknown call: {call}")?;
    }
    for remark in emulator.remarks() {
        writeln!(err, "remark: {remark}")?;
    }
    Ok(())
}
