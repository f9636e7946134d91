//! The configuration, and who else may read or change what is in it.

use crate::agent::access;
use crate::agent::checkup::Tell;
use crate::agent::checkup::check::{Blame, Check};
use crate::config::{Config, ConfigError, Loaded, Problem};
use crate::model::figures::some;
use crate::model::path::{printable_path, shell_path};
use crate::remote::auth::file::TokenFile;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Every mistake as a check of its own; returns what all else is skipped because of.
pub(crate) fn mistakes(error: &ConfigError, tell: &mut Tell<'_>) -> &'static str {
    let (loose, wrong): (Vec<_>, Vec<_>) = error.problems.iter().partition(|p| is_mode(p));
    let file = error.file.as_deref();
    for problem in &wrong {
        tell(mistake("config", file, problem));
    }
    if wrong.is_empty() {
        let file = file.map_or_else(String::new, printable_path);
        tell(Check::ok("config", format!("{file}: no mistakes")));
    }
    warnings(&error.warnings, tell);
    for problem in &loose {
        tell(mistake("file_modes", None, problem));
    }
    if loose.is_empty() {
        tell(Check::skipped("file_modes", "config"));
    }
    match wrong.is_empty() {
        true => "file_modes",
        false => "config",
    }
}

/// A mode is mended on the disk, not in the file.
fn is_mode(problem: &Problem) -> bool {
    problem.remedy.starts_with("run: chmod")
}

fn mistake(name: &str, file: Option<&Path>, problem: &Problem) -> Check {
    let mut place = file.map_or_else(String::new, printable_path);
    if let (Some(line), false) = (problem.line, place.is_empty()) {
        place = format!("{place}:{line}");
    }
    if problem.key != "file" {
        place = format!("{place} {}", problem.key);
    }
    let place = place.trim();
    let found = match place.is_empty() {
        true => problem.what.clone(),
        false => format!("{place}: {}", problem.what.trim_end()),
    };
    let next = capital(problem.remedy.trim_end());
    Check::fail(name, Blame::Config, found, next)
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.clone()).collect()
}

/// A configuration without mistakes.
pub(crate) fn right(loaded: &Loaded, tell: &mut Tell<'_>) {
    let config = &loaded.config;
    let mirrors = u64::try_from(config.mirrors.len()).unwrap_or(u64::MAX);
    let found = format!(
        "{}: no mistakes, {}",
        printable_path(&config.source),
        some(mirrors, "mirror")
    );
    tell(Check::ok("config", found));
    warnings(&loaded.warnings, tell);
}

fn warnings(warnings: &[String], tell: &mut Tell<'_>) {
    for warning in warnings {
        let warning = warning.trim_end();
        let mut check = Check::ok("config", warning);
        check.status = super::check::Status::Warn;
        tell(check);
    }
}

/// What holds a secret was checked when it was read; the rest is looked at here.
pub(crate) fn modes(config: &Config) -> Check {
    let mut findings = vec![config_file(&config.source)];
    findings.extend(token_file(config));
    Check::merged("file_modes", findings)
}

/// Whoever may change it can send tokens and files elsewhere.
fn config_file(path: &Path) -> Check {
    let shown = printable_path(path);
    let Some(mode) = mode(path) else {
        return Check::ok("", "no secret can be read by others");
    };
    if mode & 0o022 == 0 {
        return Check::ok("", format!("others cannot read a secret or change {shown}"));
    }
    Check::warn(
        "",
        format!("others may change {shown} (mode {mode:04o}), and so send tokens elsewhere"),
        format!("Run: chmod go-w {}", shell_path(path)),
    )
}

fn token_file(config: &Config) -> Option<Check> {
    let method = access::method_name(&config.auth.method);
    let file = TokenFile::new(&config.state_dir, method);
    match file.check_modes() {
        Ok(()) => {
            let mode = mode(file.path())?;
            let name = file.path().file_name()?.to_string_lossy().into_owned();
            Some(Check::ok("", format!("{name} has mode {mode:04o}")))
        }
        Err(error) => {
            let told = error.to_string();
            // Its words end with what to do.
            let (found, next) = told.rsplit_once(": ").unwrap_or((&told, "Remove it"));
            let next = match found.strip_suffix(": run") {
                Some(_) => format!("Run: {next}"),
                None => capital(next),
            };
            let found = found.strip_suffix(": run").unwrap_or(found);
            Some(Check::fail("", Blame::Config, found, next))
        }
    }
}

fn mode(path: &Path) -> Option<u32> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(metadata.permissions().mode() & 0o7777)
}
