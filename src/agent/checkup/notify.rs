//! Whether somebody would be told, as far as that is known without telling anybody.

use crate::agent::checkup::check::Check;
use crate::agent::herald::courier::{BY_COMMAND, BY_HEARTBEAT, BY_WEBHOOK};
use crate::agent::herald::notebook;
use crate::config::Config;

/// What it is called.
pub(super) const NAME: &str = "notify";

/// Whether there is anything to look at.
pub(super) fn is_configured(config: &Config) -> bool {
    config.notify.is_wanted() || config.notify.heartbeat.is_some()
}

/// How the last messages went.
pub(super) fn check(config: &Config) -> Check {
    let notify = &config.notify;
    let ways = [
        (BY_COMMAND, notify.command.is_some()),
        (BY_WEBHOOK, notify.webhook.is_some()),
        (BY_HEARTBEAT, notify.heartbeat.is_some()),
    ];
    let ways = ways.into_iter().filter(|(_, is_set)| *is_set);
    let ways: Vec<&str> = ways.map(|(way, _)| way).collect();
    let notes = notebook::read(&config.state_dir);
    let failing = notes.failing.iter();
    let failing: Vec<_> = failing
        .filter(|(way, _)| ways.contains(&way.as_str()))
        .map(|(way, why)| format!("nobody was told by the {way}: {why}"))
        .collect();
    match failing.is_empty() {
        true => Check::ok(NAME, format!("by {}", ways.join(", "))),
        false => Check::warn(
            NAME,
            failing.join("; "),
            "Run boxup notify test: it tries again",
        ),
    }
}
