//! `boxup doctor`: is everything there that a run needs?
//!
//! Each check is a value, made by a small function and told in order. What depends on
//! something that failed is skipped and says so. Nothing is written: not on Box, not in
//! the mirrors, and in a state directory that is there only a token. Everything that
//! could hang has a bound in time, so that there always is an end.

pub(crate) mod budget;
pub(crate) mod check;
pub(crate) mod clock;
pub(crate) mod configuration;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod mirror;
pub(crate) mod network;
pub(crate) mod notify;
pub(crate) mod quota;
pub(crate) mod roots;
pub(crate) mod sign_in;
pub(crate) mod state;
pub(crate) mod watch;

use crate::agent::access::{self, Traces};
use crate::agent::checkup::budget::Budget;
use crate::agent::checkup::check::Check;
use crate::agent::checkup::memory::Memory;
use crate::agent::checkup::network::Reach;
use crate::agent::run::Fatal;
use crate::config::{Config, ConfigError, Loaded, Method};
use crate::remote::auth::file::Error as FileError;
use crate::remote::client::BoxClient;

/// Takes the checks as they come.
pub(crate) type Tell<'a> = dyn FnMut(Check) + Send + 'a;

/// The names of what a run of all checks tells, in order, but for the hosts.
pub(crate) fn names(config: Option<&Config>) -> Vec<String> {
    let mirrors = config.map(|config| config.mirrors.as_slice());
    let each = |kind: &str| -> Vec<String> {
        match mirrors {
            Some(mirrors) => mirrors
                .iter()
                .map(|mirror| format!("{kind}:{}", mirror.name))
                .collect(),
            None => vec![kind.to_owned()],
        }
    };
    let one = |name: &str| vec![name.to_owned()];
    [
        one("config"),
        one("file_modes"),
        one("network"),
        one("clock"),
        one("token"),
        one("identity"),
        one("scopes"),
        each("mirror"),
        one("quota"),
        each("local"),
        one("watch"),
        one("state"),
        match config.is_some_and(|config| config.metrics.is_some()) {
            true => one("metrics"),
            false => Vec::new(),
        },
        match config.is_some_and(notify::is_configured) {
            true => one(notify::NAME),
            false => Vec::new(),
        },
    ]
    .concat()
}

/// Without a configuration there is nothing else to look at.
pub(crate) fn without_config(error: &ConfigError, tell: &mut Tell<'_>) {
    let because = configuration::mistakes(error, tell);
    for name in names(None).into_iter().skip(2) {
        tell(Check::skipped(name, because));
    }
}

/// All checks, in order.
pub(crate) async fn run(loaded: &Loaded, tell: &mut Tell<'_>) {
    let config = &loaded.config;
    configuration::right(loaded, tell);
    let memory = memory::recall(config).await;
    // What looks at the disk only runs beside what asks Box.
    let disk = tokio::spawn(disk(config.clone(), memory.clone()));
    let modes = configuration::modes(config);
    let is_loose = modes.is_fail();
    tell(modes);
    let reach = network::look(config, tell).await;
    tell(clock::check(config, &reach));
    let refused = is_loose.then(|| "file_modes".to_owned());
    at_box(config, &memory, &reach, refused, tell).await;
    match disk.await {
        Ok(checks) => checks.into_iter().for_each(tell),
        Err(error) => {
            let next = "Run boxup doctor -vv, and report what it says as a fault of boxup";
            let what = format!("the local checks came to no end: {error}");
            tell(Check::fail("local", check::Blame::Local, what, next));
        }
    }
}

async fn disk(config: Config, memory: Memory) -> Vec<Check> {
    let mut checks = roots::check(&config, &memory).await;
    let is_lost = checks.iter().find(|check| check.is_fail());
    let is_lost = is_lost.map(|check| check.name.clone());
    let (watch, state, metrics) = tokio::join!(
        watch::check(&config, is_lost.as_deref()),
        state::check(&config),
        metrics::check(&config)
    );
    checks.extend([watch, state]);
    checks.extend(metrics);
    checks.extend(notify::is_configured(&config).then(|| notify::check(&config)));
    checks
}

/// What only Box can tell. The first check that fails ends it: all others depend on it.
async fn at_box(
    config: &Config,
    memory: &Memory,
    reach: &Reach,
    refused: Option<String>,
    tell: &mut Tell<'_>,
) {
    let mut names = names(Some(config));
    names.retain(|name| is_at_box(name));
    let mut names = names.into_iter();
    let mut told = |check: Check, tell: &mut Tell<'_>| {
        names.next();
        let failed = check.is_fail().then(|| check.name.clone());
        tell(check);
        failed
    };
    let because = match refused.or_else(|| reach.blocked.clone()) {
        Some(because) => Some(because),
        None => chain(config, memory, &mut told, tell).await,
    };
    if let Some(because) = because {
        for name in names {
            tell(Check::skipped(name, &because));
        }
    }
}

fn is_at_box(name: &str) -> bool {
    ["token", "identity", "scopes", "quota"].contains(&name) || name.starts_with("mirror:")
}

/// Tells a check, and the name of it if it failed.
/// Whose fault it is that nobody can even ask.
fn blame(fatal: &Fatal) -> check::Blame {
    match fatal {
        Fatal::Store(_) | Fatal::Control { .. } => check::Blame::State,
        Fatal::TokenFile(FileError::Disk { .. } | FileError::Busy(_)) => check::Blame::State,
        Fatal::TokenFile(FileError::Damaged(_)) => check::Blame::Access,
        Fatal::Http(_) => check::Blame::Network,
        Fatal::TokenFile(_) | Fatal::Rules(_) => check::Blame::Config,
    }
}

type Told<'a> = dyn FnMut(Check, &mut Tell<'_>) -> Option<String> + Send + 'a;

async fn chain(
    config: &Config,
    memory: &Memory,
    told: &mut Told<'_>,
    tell: &mut Tell<'_>,
) -> Option<String> {
    let client = match access::client(config, Traces::IfThere) {
        Ok(client) => client,
        Err(fatal) => {
            let next = "Mend that, and run boxup doctor again";
            let blame = blame(&fatal);
            return told(Check::fail("token", blame, fatal.to_string(), next), tell);
        }
    };
    let budget = budget(config);
    let proof = sign_in::prove(&client, &budget).await;
    if let Some(failed) = told(sign_in::token(&client, &config.auth, &proof), tell) {
        return Some(failed);
    }
    let account = proof.account?;
    if let Some(failed) = told(sign_in::identity(&client, config, memory, &account), tell) {
        return Some(failed);
    }
    folders(config, memory, &client, &budget, account.ok(), told, tell).await
}

async fn folders(
    config: &Config,
    memory: &Memory,
    client: &BoxClient,
    budget: &Budget,
    account: Option<crate::remote::account::Account>,
    told: &mut Told<'_>,
    tell: &mut Tell<'_>,
) -> Option<String> {
    let visitor = mirror::Visitor {
        client,
        budget,
        account: account.as_ref(),
    };
    let own = visitor.own_root().await;
    let mut sites = Vec::new();
    for mirror in &config.mirrors {
        sites.push(visitor.visit(mirror, memory).await);
    }
    if let Some(failed) = told(mirror::scopes(&own, &sites), tell) {
        return Some(failed);
    }
    for (mirror, site) in config.mirrors.iter().zip(&sites) {
        told(visitor.check(mirror, site), tell);
    }
    let folders = visitor.whose(&sites);
    told(quota::check(account.as_ref(), folders), tell);
    None
}

/// A login is never given up on half way: its renewal would be spent and lost.
fn budget(config: &Config) -> Budget {
    match config.auth.method {
        Method::OAuth2 { .. } => Budget::unbounded(),
        Method::ClientCredentials { .. } | Method::Jwt { .. } | Method::DeveloperToken(_) => {
            Budget::of_each(crate::remote::probe::PATIENCE)
        }
    }
}
