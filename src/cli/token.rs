//! `boxup token` and `boxup whoami`: what other programs, and people, want to know.

use crate::agent::access::{self, Traces};
use crate::cli::args::TokenArgs;
use crate::cli::output::Output;
use crate::cli::wording::{bytes, printable};
use crate::cli::{exit, failure};
use crate::config::Config;
use crate::remote::account::Account;
use crate::remote::client::BoxClient;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Box writes a number like this for "as much as you like".
const UNLIMITED: u64 = 100_000_000_000_000;

/// A token in the form that Box hands out.
struct Bearer {
    access: SecretString,
    expires_in: Option<u64>,
    restricted_to: Value,
}

/// Prints a bearer token, and nothing else on standard output.
pub(crate) async fn token(config: &Config, args: &TokenArgs, mut output: Output) -> u8 {
    let client = match access::client(config, Traces::Kept) {
        Ok(client) => client,
        Err(fatal) => return failure::fatal(&fatal, args.json, &mut output),
    };
    let bearer = match bearer(&client, args).await {
        Ok(bearer) => bearer,
        Err(trouble) => return failure::trouble(&trouble, args.json, &mut output),
    };
    if let Some(user) = config.auth.as_user.as_deref().filter(|_| !args.json) {
        output.complain(&format!(
            "note: as_user is a header of its own: send As-User: {user} along with this token\n"
        ));
    }
    let access = bearer.access.expose_secret();
    let line = match args.json {
        false => access.to_owned(),
        true => json!({
            "access_token": access,
            "expires_in": bearer.expires_in,
            "token_type": "bearer",
            "restricted_to": bearer.restricted_to,
        })
        .to_string(),
    };
    output.say(&format!("{line}\n"));
    exit::OK
}

async fn bearer(
    client: &BoxClient,
    args: &TokenArgs,
) -> Result<Bearer, crate::model::trouble::Trouble> {
    if args.scopes.is_empty() {
        let token = client.proven_bearer().await?;
        return Ok(Bearer {
            expires_in: token.expires_in(),
            access: token.bearer,
            restricted_to: json!([]),
        });
    }
    let scopes = args.scopes.join(" ");
    let granted = client.downscope(&scopes, args.folder.as_deref()).await?;
    Ok(Bearer {
        expires_in: Some(granted.whole.as_secs()),
        access: granted.access,
        restricted_to: granted.restricted_to,
    })
}

/// Tells which account boxup acts as.
pub(crate) async fn whoami(config: &Config, as_json: bool, mut output: Output) -> u8 {
    let client = match access::client(config, Traces::Kept) {
        Ok(client) => client,
        Err(fatal) => return failure::fatal(&fatal, as_json, &mut output),
    };
    let account = match client.whoami().await {
        Ok(account) => account,
        Err(trouble) => return failure::trouble(&trouble, as_json, &mut output),
    };
    let (method, _) = client.token_status();
    let kind = Kind {
        method,
        is_service: client.acts_as_service_account(),
        on_behalf: !client.is_itself(),
    };
    match as_json {
        true => output.say(&format!("{}\n", account_json(&account, &kind))),
        false => output.relate(&account_text(&account, &kind)),
    }
    exit::OK
}

struct Kind {
    method: &'static str,
    is_service: bool,
    on_behalf: bool,
}

fn account_json(account: &Account, kind: &Kind) -> Value {
    let enterprise = account.enterprise.as_ref();
    json!({
        "id": account.id,
        "name": account.name,
        "login": account.login,
        "status": account.status,
        "enterprise": enterprise.map(|(id, name)| json!({"id": id, "name": name})),
        "space_amount": account.space_amount,
        "space_used": account.space_used,
        "max_upload_size": account.max_upload_size,
        "method": kind.method,
        "service_account": kind.is_service,
        "as_user": kind.on_behalf,
    })
}

fn account_text(account: &Account, kind: &Kind) -> String {
    let what = match (kind.is_service, kind.on_behalf) {
        (true, _) => "the app's service account: it sees only folders that it is invited to",
        (false, true) => "a user on whose behalf the app acts (As-User)",
        (false, false) => "a user",
    };
    let mut lines = vec![
        ("account", format!("{} (user {})", account.name, account.id)),
        ("login", account.login.clone()),
        ("kind", what.to_owned()),
    ];
    if let Some(status) = account.status.as_ref().filter(|status| *status != "active") {
        lines.push(("status", format!("{status}: uploads will not work")));
    }
    if let Some((id, name)) = &account.enterprise {
        lines.push(("enterprise", format!("{name} ({id})")));
    }
    lines.push(("storage", storage(account)));
    if let Some(most) = account.max_upload_size {
        lines.push(("max upload", format!("{} a file", bytes(most))));
    }
    lines.push(("sign-in", kind.method.to_owned()));
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name:<11} {}\n", printable(value)));
    lines.collect()
}

/// How much of the storage is used.
pub(crate) fn storage(account: &Account) -> String {
    let used = account.space_used.map_or("unknown".to_owned(), bytes);
    match account.space_amount {
        None => format!("{used} used"),
        Some(most) if most >= UNLIMITED => format!("{used} used, no limit"),
        Some(most) => format!("{used} of {} used", bytes(most)),
    }
}
