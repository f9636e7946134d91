//! The emulated Box on its own: prints the configuration that reaches it, then
//! serves until Ctrl-C or SIGTERM.
//!
//! `cargo run --example box_emulator -- --port 8400`

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use box_emulator::{App, BoxEmulator, Builder, RefreshRule};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

/// Serves an emulated Box on 127.0.0.1.
#[derive(Parser)]
#[command(name = "box_emulator")]
struct Options {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How the app authenticates
    #[arg(long, value_enum, default_value_t = Kind::Ccg)]
    app: Kind,
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
    /// Bytes of each part of an upload in parts; left out, it follows from the file's size
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    part_size: Option<u64>,
    /// Bytes of the smallest file that may be uploaded in parts
    #[arg(long)]
    min_chunked: Option<u64>,
    /// For jwt: the app's RSA public key, in PEM
    #[arg(long, requires = "key_id")]
    public_key: Option<PathBuf>,
    /// For jwt: the id of that key
    #[arg(long, requires = "public_key")]
    key_id: Option<String>,
    /// For jwt: the app's JSON file, which the configuration is to name
    #[arg(long)]
    config_file: Option<PathBuf>,
    /// For oauth2: when the old pair of tokens dies after a refresh
    #[arg(long, value_enum, default_value_t = Rule::AtOnce)]
    refresh_rule: Rule,
}

/// The ways to authenticate.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Client credentials
    Ccg,
    /// JWT, signed with a key of one's own
    Jwt,
    /// OAuth 2.0, granted on a page in the browser
    Oauth2,
}

/// The ends of an old pair.
#[derive(Clone, Copy, ValueEnum)]
enum Rule {
    /// At once
    AtOnce,
    /// When the new access token is first used
    OnUse,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let emulator = start(&options)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    announce(&emulator, &options)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    complain(&emulator)
}

fn start(options: &Options) -> std::io::Result<BoxEmulator> {
    let mut builder = app(BoxEmulator::builder().port(options.port), options)?;
    if let Some(id) = &options.client_id {
        builder = builder.client_id(id);
    }
    if let Some(secret) = &options.client_secret {
        builder = builder.client_secret(secret);
    }
    if let Some(id) = &options.enterprise_id {
        builder = builder.enterprise_id(id);
    }
    if let Some(size) = options.part_size {
        builder = builder.part_size(size);
    }
    if let Some(minimum) = options.min_chunked {
        builder = builder.chunked_minimum(minimum);
    }
    if let Some(ttl) = options.token_ttl {
        builder = builder.token_ttl(ttl);
    }
    builder.start()
}

fn app(mut builder: Builder, options: &Options) -> std::io::Result<Builder> {
    builder = builder.app(match options.app {
        Kind::Ccg => App::ClientCredentials,
        Kind::Jwt => App::Jwt,
        Kind::Oauth2 => App::OAuth2,
    });
    builder = builder.refresh_rule(match options.refresh_rule {
        Rule::AtOnce => RefreshRule::RetireAtOnce,
        Rule::OnUse => RefreshRule::RetireOnUse,
    });
    if let (Some(file), Some(id)) = (&options.public_key, &options.key_id) {
        builder = builder.public_key(id, &std::fs::read_to_string(file)?);
    }
    if let Some(file) = &options.config_file {
        builder = builder.jwt_config_file(file);
    }
    Ok(builder)
}

/// The fragment goes to standard output, so that a script can take it.
fn announce(emulator: &BoxEmulator, options: &Options) -> std::io::Result<()> {
    let hints = hints(emulator, options);
    let mut text = String::from(
        "# An emulated Box is serving. These tables make a sync.toml reach it;\n\
         # add a [[mirror]].\n",
    );
    for line in hints.lines() {
        text.push_str(format!("# {line}").trim_end());
        text.push('\n');
    }
    text.push_str(&emulator.config_fragment());
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// How to try this kind of app.
fn hints(emulator: &BoxEmulator, options: &Options) -> String {
    match options.app {
        Kind::Ccg => "Folder \"0\" is the service account's root.".to_owned(),
        Kind::Oauth2 => "Folder \"0\" is the Colleague's root, who grants on the page.\n\
             Log in first: boxup login"
            .to_owned(),
        Kind::Jwt => {
            let id = options.key_id.as_deref().unwrap_or("KEY-ID");
            let file = emulator.jwt_config(id, "the text of private.pem", Some("PASSPHRASE"));
            format!(
                "Folder \"0\" is the service account's root. To make a key:\n\
                 openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes-256-cbc -out private.pem\n\
                 openssl rsa -in private.pem -pubout -out public.pem\n\
                 Start this with --public-key public.pem --key-id {id} --config-file app.json,\n\
                 app.json being:\n{file}"
            )
        }
    }
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
