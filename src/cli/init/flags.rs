//! The arguments of `boxup init`.

use crate::config::Endpoint;
use clap::{Args, ValueEnum};
use std::convert::Infallible;
use std::path::PathBuf;

/// What `boxup init` need not ask.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// How to sign in. [default: ccg, or jwt with --config-file]
    #[arg(long, value_enum, value_name = "METHOD", hide_default_value = true)]
    pub(crate) method: Option<Method>,

    /// The app's client ID.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// Read the client secret from this file on every start, instead of writing it down.
    #[arg(long, value_name = "FILE", group = "secret")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// Get the client secret from what this command prints.
    #[arg(long, value_name = "COMMAND", group = "secret")]
    pub(crate) client_secret_command: Option<String>,

    /// Take the client secret from one line of standard input.
    #[arg(long, group = "secret")]
    pub(crate) client_secret_stdin: bool,

    /// Typed by habit, and refused: everybody on the machine can read it there.
    #[arg(long, alias = "secret", hide = true, num_args = 0..=1, default_missing_value = "", value_parser = unseen)]
    pub(crate) client_secret: Option<Unseen>,

    /// The same.
    #[arg(long, alias = "token", hide = true, num_args = 0..=1, default_missing_value = "", value_parser = unseen)]
    pub(crate) developer_token: Option<Unseen>,

    /// Act as the app's service account in this enterprise.
    #[arg(long, value_name = "ID", value_parser = digits)]
    pub(crate) enterprise_id: Option<String>,

    /// Act as this user.
    #[arg(long, value_name = "ID", value_parser = digits, conflicts_with = "enterprise_id")]
    pub(crate) user_id: Option<String>,

    /// The JSON file with the app's key (method jwt).
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,

    /// Make every call in the name of this user.
    #[arg(long, value_name = "ID", value_parser = digits)]
    pub(crate) as_user: Option<String>,

    /// Where Box sends the browser after the sign-in (method oauth2).
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) redirect_uri: Option<String>,

    /// The directory to mirror.
    #[arg(long, value_name = "DIR")]
    pub(crate) local: Option<PathBuf>,

    /// The folder on Box: its ID, or its web address.
    #[arg(long, value_name = "ID", value_parser = folder_id)]
    pub(crate) folder_id: Option<String>,

    /// The folder on Box as a path from the account's top folder, made where missing.
    #[arg(long, value_name = "/A/B", conflicts_with = "folder_id", value_parser = folder_path)]
    pub(crate) folder_path: Option<String>,

    /// The mirror's name. [default: the last part of DIR]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Another place than Box: api, upload, token, authorize or revoke.
    #[arg(long = "endpoint", value_name = "NAME=URL", value_parser = endpoint)]
    pub(crate) endpoints: Vec<(String, String)>,

    /// Replace the file that is there; it is kept as sync.toml.bak.
    #[arg(long)]
    pub(crate) force: bool,

    /// Write the file without trying it at Box.
    #[arg(long)]
    pub(crate) no_check: bool,
}

/// The words that `method` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Method {
    /// An app with Server Authentication (Client Credentials Grant).
    Ccg,
    /// An app with Server Authentication (JWT), with its key in a JSON file.
    Jwt,
    /// A person who signs in once in a browser.
    #[value(name = "oauth2")]
    OAuth2,
    /// A token that lives 60 minutes, for trying things.
    DeveloperToken,
}

impl Method {
    /// As it stands in the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ccg => "ccg",
            Self::Jwt => "jwt",
            Self::OAuth2 => "oauth2",
            Self::DeveloperToken => "developer_token",
        }
    }
}

/// That there was a value, and not which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unseen;

fn unseen(_: &str) -> Result<Unseen, Infallible> {
    Ok(Unseen)
}

pub(crate) fn digits(text: &str) -> Result<String, String> {
    let text = text.trim();
    match !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an ID of Box's is a number".to_owned()),
    }
}

/// The number, also where somebody pasted the folder's whole address.
pub(crate) fn folder_id(text: &str) -> Result<String, String> {
    let text = text.trim();
    let last = match text.split_once("/folder/") {
        Some((_, rest)) => rest.split(['?', '#', '/']).next().unwrap_or_default(),
        None => text,
    };
    digits(last).map_err(|_| {
        "a folder's ID is the number at the end of its address: https://app.box.com/folder/123456789"
            .to_owned()
    })
}

pub(crate) fn folder_path(text: &str) -> Result<String, String> {
    let names = text.trim().strip_prefix('/').unwrap_or_default();
    let names = names.strip_suffix('/').unwrap_or(names);
    if names.is_empty() {
        return Err(
            "a path on Box begins with a slash and names a folder: /Archive/Reports".to_owned(),
        );
    }
    for name in names.split('/') {
        crate::agent::setup::folder_name(name)?;
    }
    Ok(format!("/{names}"))
}

fn endpoint(text: &str) -> Result<(String, String), String> {
    const NAMES: [&str; 5] = ["api", "upload", "token", "authorize", "revoke"];
    let (name, url) = text.split_once('=').unwrap_or((text, ""));
    if !NAMES.contains(&name) {
        return Err(format!("write NAME=URL, NAME being {}", NAMES.join(", ")));
    }
    Endpoint::parse(url).map_err(|(what, remedy)| format!("{what}: {remedy}"))?;
    Ok((name.to_owned(), url.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{endpoint, folder_id, folder_path};

    #[test]
    fn a_folder_is_taken_as_people_have_it() {
        for text in [
            "123",
            " 123 ",
            "https://app.box.com/folder/123",
            "https://acme.app.box.com/folder/123?s=x#y",
        ] {
            assert_eq!(folder_id(text), Ok("123".to_owned()), "{text}");
        }
        for text in ["", "abc", "https://app.box.com/file/123", "-1"] {
            assert!(folder_id(text).is_err(), "{text}");
        }
        assert_eq!(folder_path("/A/B c/"), Ok("/A/B c".to_owned()));
        for text in ["A/B", "/", "", "/A//B", "/A/../B", "/A\\B", "/A /B"] {
            assert!(folder_path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_a_name_and_a_safe_address() {
        assert!(endpoint("api=http://127.0.0.1:1/2.0").is_ok());
        for text in [
            "api",
            "apis=https://x.example",
            "api=",
            "api=http://x.example",
        ] {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }
}
