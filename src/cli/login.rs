//! `boxup login` and `boxup logout`.

use crate::agent::access::{self, Traces};
use crate::agent::login::{self, Doorstep, Failed};
use crate::agent::run::Fatal;
use crate::cli::output::Output;
use crate::cli::wording::{printable, printable_path};
use crate::cli::{browser, exit, failure};
use crate::config::{Config, Environment, Method, RedirectUri};
use crate::remote::account::Account;
use crate::remote::auth::consent::Ended;
use crate::remote::auth::file::Error as FileError;
use crate::remote::auth::login::Pending;
use crate::remote::client::BoxClient;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncBufReadExt, BufReader};

/// What is left to do when Box was not told.
const UNTOLD: &str = "The tokens are gone here, but Box was not told. Whoever has a copy of them \
                      can use them until they end: in Box, Account Settings, Integrations, the \
                      app can be disconnected\n";
/// What a person may paste is not longer than this.
const LONGEST_LINE: u64 = 16 << 10;

/// Signs a person in.
pub(crate) async fn login(
    config: &Config,
    env: &Environment,
    opens_browser: bool,
    mut output: Output,
) -> u8 {
    let Method::OAuth2 {
        client_id,
        redirect_uri,
        ..
    } = &config.auth.method
    else {
        output.complain(
            "error: [auth] method is not \"oauth2\", so there is nobody to sign in: boxup gets \
             its tokens by itself. Try: boxup doctor\n",
        );
        return exit::CONFIG;
    };
    let Some(page) = &config.endpoints.authorize else {
        output.complain(
            "error: [endpoints] token is not Box's own, and nothing says where the sign-in page \
             that belongs to it is: set authorize beside it\n",
        );
        return exit::CONFIG;
    };
    let client = match access::client(config, Traces::Kept) {
        Ok(client) => client,
        Err(fatal) => return failure::fatal(&fatal, false, &mut output),
    };
    let pending = match Pending::new(page.url(), client_id, redirect_uri.as_str()) {
        Ok(pending) => pending,
        Err(trouble) => return failure::trouble(&trouble, false, &mut output),
    };
    let signed_in = match opens_browser {
        true => in_browser(&client, env, redirect_uri, pending, &mut output).await,
        false => by_hand(&client, pending, &mut output).await,
    };
    match signed_in {
        Ok(account) => {
            output.complain(&welcome(&account));
            exit::OK
        }
        Err(failed) => explain(failed, redirect_uri, &mut output),
    }
}

async fn in_browser(
    client: &BoxClient,
    env: &Environment,
    redirect_uri: &RedirectUri,
    pending: Pending,
    output: &mut Output,
) -> Result<Account, Failed> {
    if !redirect_uri.is_loopback() {
        return Err(Failed::Elsewhere);
    }
    let doorstep = Doorstep::open(redirect_uri.url()).await?;
    let page = pending.page().to_string();
    let opened = browser::open(&page, env);
    output.complain(match opened {
        true => "A browser opens for the sign-in to Box. If it does not, open this address:\n",
        false => "Open this address in a browser on this machine to sign in to Box:\n",
    });
    output.say(&format!("{page}\n"));
    output.complain(
        "Waiting for up to five minutes (Ctrl-C gives up; without a browser here, use boxup login \
         --no-browser) …\n",
    );
    let refused = |why: &'static str| {
        Output::standard().complain(&format!("An answer was refused: {why}. Still waiting …\n"));
    };
    doorstep.sign_in(client, pending, refused).await
}

async fn by_hand(
    client: &BoxClient,
    mut pending: Pending,
    output: &mut Output,
) -> Result<Account, Failed> {
    output.complain("Open this address in any browser and sign in to Box:\n\n");
    output.say(&format!("{}\n", pending.page()));
    output.complain(
        "\nThe browser then goes to an address that it cannot open. Copy that whole address from \
         its address bar, paste it here and press Enter. The code in it lives for 30 seconds.\n> ",
    );
    let mut line = String::new();
    let mut input = BufReader::new(tokio::io::AsyncReadExt::take(
        tokio::io::stdin(),
        LONGEST_LINE,
    ));
    let read = tokio::time::timeout(login::PATIENCE, input.read_line(&mut line)).await;
    match read {
        Err(_) => Err(Failed::Nobody),
        Ok(Err(_)) => Err(Failed::Refused("what was pasted is not text")),
        Ok(Ok(_)) => login::paste(client, &mut pending, &line).await,
    }
}

fn welcome(account: &Account) -> String {
    format!(
        "Signed in as {} ({}). boxup keeps the login alive from here on; boxup whoami tells more.\n",
        printable(&account.name),
        printable(&account.login)
    )
}

fn explain(failed: Failed, redirect_uri: &RedirectUri, output: &mut Output) -> u8 {
    match failed {
        Failed::Trouble(trouble) => failure::trouble(&trouble, false, output),
        Failed::Listen(why) => {
            output.complain(&format!(
                "error: boxup cannot wait for the browser at {redirect_uri}: {why}. Is another \
                 boxup login waiting? Another port goes into [auth] redirect_uri and into the app \
                 (Developer Console, your app, Configuration, OAuth 2.0 Redirect URIs); boxup \
                 login --no-browser needs none\n"
            ));
            exit::LOCKED
        }
        Failed::Elsewhere => {
            output.complain(&format!(
                "error: [auth] redirect_uri {redirect_uri} is not on this machine, so boxup cannot \
                 wait for the browser there: use boxup login --no-browser\n"
            ));
            exit::CONFIG
        }
        Failed::Refused(why) => {
            output.complain(&format!(
                "error: {why}. Run boxup login --no-browser again and paste the whole address \
                 that the browser ends at\n"
            ));
            exit::UNAUTHORIZED
        }
        Failed::Nobody => {
            output.complain("error: nobody signed in within five minutes. Run boxup login again\n");
            exit::UNAUTHORIZED
        }
    }
}

/// Ends a login here and at Box.
pub(crate) async fn logout(config: &Config, mut output: Output) -> u8 {
    if matches!(config.auth.method, Method::DeveloperToken(_)) {
        output.complain("boxup keeps no developer token: there is nothing to end\n");
        return exit::OK;
    }
    let client = match to_sign_out(config, &mut output) {
        Ok(client) => client,
        Err(fatal) => return failure::fatal(&fatal, false, &mut output),
    };
    match client.sign_out(config.endpoints.revoke.url()).await {
        Ok(Ended::Nothing) => {
            output.complain("Nobody was signed in.\n");
            exit::OK
        }
        Ok(Ended::Everywhere) => {
            output
                .complain("Signed out: Box takes the tokens no longer, and they are gone here.\n");
            exit::OK
        }
        Ok(Ended::HereOnly(trouble)) => {
            let code = failure::trouble(&trouble, false, &mut output);
            output.complain(UNTOLD);
            code
        }
        Ok(Ended::Foreign) => {
            output.complain("error: the tokens were those of another app, or of another Box.\n");
            output.complain(UNTOLD);
            exit::INCOMPLETE
        }
        Ok(Ended::Unread) => {
            output.complain("error: the file with the tokens could not be read.\n");
            output.complain(UNTOLD);
            exit::INCOMPLETE
        }
        Err(trouble) => failure::trouble(&trouble, false, &mut output),
    }
}

/// A token that others could read is not used, but ending it is what helps now.
fn to_sign_out(config: &Config, output: &mut Output) -> Result<BoxClient, Fatal> {
    match access::client(config, Traces::Kept) {
        Err(Fatal::TokenFile(FileError::Loose { path, .. })) => {
            let shown = printable_path(&path);
            output.complain(&format!("warning: others could read or change {shown}\n"));
            let mode = Permissions::from_mode(0o600);
            // If that fails, the next line says what is wrong with the file.
            drop(std::fs::set_permissions(&path, mode));
            access::client(config, Traces::Kept)
        }
        other => other,
    }
}
