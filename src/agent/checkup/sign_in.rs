//! Does Box let us in, and as whom?

use crate::agent::account::another_account;
use crate::agent::checkup::budget::Budget;
use crate::agent::checkup::check::{Blame, Check};
use crate::agent::checkup::memory::Memory;
use crate::agent::snapshot::rfc3339;
use crate::config::{Auth, Config, Method, Subject};
use crate::model::trouble::{Said, Trouble};
use crate::remote::account::Account;
use crate::remote::auth::token::Token;
use crate::remote::client::BoxClient;
use crate::remote::lessons::finding;
use std::time::{Duration, SystemTime};

/// A login that nobody renews ends after this.
const GRANT: Duration = Duration::from_secs(60 * 86_400);
const DAY: u64 = 86_400;

/// What a credential brought.
pub(crate) struct Proof {
    /// The token, or why there is none.
    pub(crate) token: Result<Token, Trouble>,
    /// Who it belongs to; not asked without one.
    pub(crate) account: Option<Result<Account, Trouble>>,
}

/// Gets a token from Box now, and asks whose it is: nothing proves a credential but
/// using it.
pub(crate) async fn prove(client: &BoxClient, budget: &Budget) -> Proof {
    let token = match budget.spend(client.fresh_bearer()).await {
        Ok(token) => token,
        Err(trouble) => {
            return Proof {
                token: Err(trouble),
                account: None,
            };
        }
    };
    match budget.spend(client.whoami()).await {
        // One that was not asked for now may be dead.
        Err(Trouble::Unauthorized(said)) if said.status == 401 || said.status == 0 => Proof {
            token: Err(Trouble::Unauthorized(said)),
            account: None,
        },
        account => Proof {
            token: Ok(token),
            account: Some(account),
        },
    }
}

/// The token.
pub(crate) fn token(client: &BoxClient, auth: &Auth, proof: &Proof) -> Check {
    const NAME: &str = "token";
    let token = match &proof.token {
        Ok(token) => token,
        Err(trouble) => return Check::trouble(NAME, trouble),
    };
    let life = token.expires_in().map_or_else(String::new, |seconds| {
        let life = humantime::format_duration(Duration::from_secs(seconds));
        format!(", good for {life}")
    });
    match &auth.method {
        Method::DeveloperToken(_) => Check::warn(
            NAME,
            "Box takes the developer token, which dies 60 minutes after it was made",
            "To run unattended: make a Platform App with \"Server Authentication (with Client \
             Credentials Grant)\", have it authorised, and set [auth] method = \"ccg\"",
        ),
        Method::OAuth2 { .. } => {
            let age = client.login_renewed_at().map_or_else(String::new, login);
            Check::ok(NAME, format!("Box takes the login{age}"))
        }
        Method::ClientCredentials { subject, .. } => {
            let whom = whom(subject);
            let found = format!("Box gave a new one for client credentials, as {whom}{life}");
            Check::ok(NAME, found)
        }
        Method::Jwt { subject, .. } => {
            let whom = whom(subject);
            Check::ok(
                NAME,
                format!("Box gave a new one for a signed request, as {whom}{life}"),
            )
        }
    }
}

fn whom(subject: &Subject) -> String {
    match subject {
        Subject::Enterprise(id) => format!("the service account of enterprise {id}"),
        Subject::User(id) => format!("user {id}"),
    }
}

/// How old the login is, and when it would end.
fn login(renewed: SystemTime) -> String {
    let age = crate::clock::wall().duration_since(renewed);
    let age = match age.unwrap_or_default().as_secs() {
        seconds if seconds < 3_600 => "less than an hour ago".to_owned(),
        seconds if seconds < 2 * DAY => format!("{} hours ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / DAY),
    };
    let end = rfc3339(renewed + GRANT);
    let day = end.split('T').next().unwrap_or_default();
    format!(": renewed {age}; it would end on {day} if nobody renewed it (a running boxup does)")
}

/// The account.
pub(crate) fn identity(
    client: &BoxClient,
    config: &Config,
    memory: &Memory,
    account: &Result<Account, Trouble>,
) -> Check {
    const NAME: &str = "identity";
    let account = match account {
        Ok(account) => account,
        // What it may do, the folders will tell.
        Err(Trouble::Refused(said) | Trouble::Gone(said)) if client.is_itself() => {
            return Check::ok(
                NAME,
                format!("Box does not tell which account this is ({said})"),
            );
        }
        Err(trouble) => return Check::trouble(NAME, trouble),
    };
    let found = described(client, config, account);
    if let Some(status) = account.status.as_deref().filter(|s| *s != "active") {
        let said = Said {
            message: format!("the account's status is {status}"),
            lesson: finding(status).or_else(|| finding("inactive")),
            ..Said::default()
        };
        let check = Check::refused(NAME, Blame::Access, &said);
        return told_of(check, &found);
    }
    let known = memory
        .account
        .as_ref()
        .filter(|known| known.id != account.id);
    if let Some(known) = known
        && let Trouble::Unauthorized(said) = another_account(known, account)
    {
        let check = Check::refused(NAME, Blame::Access, &said);
        return told_of(check, &found);
    }
    Check::ok(NAME, found)
}

fn told_of(check: Check, account: &str) -> Check {
    let found = format!("{account}: {}", check.found);
    check.found(found)
}

fn described(client: &BoxClient, config: &Config, account: &Account) -> String {
    let Account {
        id, name, login, ..
    } = account;
    let mut found = format!("{name}, {login} (user {id}");
    if let Some((id, name)) = &account.enterprise {
        found.push_str(&format!(", enterprise {id} {name:?}"));
    }
    found.push(')');
    if client.acts_as_service_account() {
        found.push_str(", the app's service account");
    }
    if let Some(user) = &config.auth.as_user {
        found.push_str(&format!(", in whose name the app acts (As-User {user})"));
    }
    found
}
