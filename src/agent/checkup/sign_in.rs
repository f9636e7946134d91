//! Whether Box lets us in, and as whom.

use crate::agent::checkup::{Check, Fault, Patient, Tell};
use crate::config::Method;
use crate::remote::account::Account;
use crate::remote::lessons::finding;
use crate::store::account::KnownAccount;
use crate::store::peek;

/// The account, if Box lets us in.
pub(super) async fn examine(patient: &Patient<'_>, tell: Tell<'_>) -> Option<Account> {
    let token = match patient.client.prove().await {
        Ok(token) => token,
        Err(trouble) => {
            tell(Check::trouble("token", &trouble));
            tell(Check::skipped("identity", "because there is no token"));
            return None;
        }
    };
    let life = token.expires_in().map(|seconds| {
        let left = std::time::Duration::from_secs(seconds);
        format!(", good for {}", humantime::format_duration(left))
    });
    let life = life.unwrap_or_default();
    match patient.client.whoami().await {
        Ok(account) => {
            tell(token_check(patient, &life));
            tell(identity(patient, &account));
            Some(account)
        }
        Err(trouble) => {
            // A developer token proves itself only now.
            tell(Check::trouble("token", &trouble));
            tell(Check::skipped(
                "identity",
                "because Box does not take the token",
            ));
            None
        }
    }
}

fn token_check(patient: &Patient<'_>, life: &str) -> Check {
    match &patient.config.auth.method {
        Method::ClientCredentials { .. } => {
            Check::ok("token", format!("obtained with client credentials{life}"))
        }
        Method::Jwt { key_id, .. } => {
            Check::ok("token", format!("obtained with key {key_id}{life}"))
        }
        Method::OAuth2 { .. } => {
            let found = format!("from the login{life}; it lasts while boxup runs every 60 days");
            Check::ok("token", found)
        }
        Method::DeveloperToken(_) => Check::warn(
            "token",
            "a developer token: Box takes it, for at most 60 minutes from when it was made",
            "For unattended use change [auth] method to \"ccg\" (sync.example.toml shows it)",
        ),
    }
}

fn identity(patient: &Patient<'_>, account: &Account) -> Check {
    let name = "identity";
    let status = account.status.as_deref().unwrap_or("active");
    if status != "active" {
        let found = format!("{}: the account's status is {status}", account.login);
        let next = finding(status).map_or("Ask an admin of the enterprise", |lesson| lesson.next);
        return Check::fail(name, Fault::Unauthorized, found, next);
    }
    if let Some(known) = mapped_by(patient).filter(|known| known.id != account.id) {
        let found = format!(
            "{} (user {}), but what is mapped here was sent by {} (user {})",
            account.login, account.id, known.login, known.id
        );
        let next = finding("another_account").map_or("", |lesson| lesson.next);
        return Check::fail(name, Fault::Unauthorized, found, next);
    }
    let kind = match (
        patient.client.acts_as_service_account(),
        &patient.config.auth.as_user,
    ) {
        (true, _) => ", the app's service account",
        (false, Some(_)) => ", on whose behalf the app acts",
        (false, None) => "",
    };
    let enterprise = account.enterprise.as_ref();
    let enterprise = enterprise.map(|(id, name)| format!(", enterprise {name} ({id})"));
    let enterprise = enterprise.unwrap_or_default();
    Check::ok(
        name,
        format!("{} (user {}){kind}{enterprise}", account.login, account.id),
    )
}

/// The account that the mapping was made with, where there is one.
fn mapped_by(patient: &Patient<'_>) -> Option<KnownAccount> {
    // A state that cannot be read has a check of its own.
    peek(&patient.config.state_dir).ok()?.account().ok()?
}
