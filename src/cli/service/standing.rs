//! How the service stands, as its manager tells it.

use crate::cli::exit;
use crate::cli::service::files::{is_there, refuse_foreign};
use crate::cli::service::install::{PACKAGED, SERVICE, Site, TIMER};
use crate::cli::service::systemd;
use crate::cli::service::tools::Tools;
use crate::cli::wording::{printable, printable_path};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is asked of systemd.
const ASKED: &str = "--property=LoadState,UnitFileState,ActiveState,SubState,StatusText,\
                     NeedDaemonReload,Result,ExecMainStatus,NextElapseUSecRealtime";

/// How an installed service stands.
#[derive(Debug, Default)]
pub(super) struct Installed {
    /// Its unit file.
    file: PathBuf,
    /// Whether it starts by itself, in systemd's word.
    enabled: String,
    /// Whether it runs, in systemd's word.
    active: String,
    /// Its sentence, if it has one.
    says: Option<String>,
    /// When the next pass is made, by a timer.
    next: Option<String>,
    /// What is not as it should be, and what to do.
    problems: Vec<String>,
}

/// Properties of a unit.
type Shown = BTreeMap<String, String>;

impl Site {
    /// How it stands; `None` where it is not installed.
    pub(super) async fn status(&self) -> Option<Installed> {
        let timer = self.units.join(TIMER);
        let own = self.units.join(SERVICE);
        let packaged = Path::new(PACKAGED);
        let (unit, file) = match self.tools.is_user {
            _ if is_there(&timer) => (TIMER, timer),
            _ if is_there(&own) => (SERVICE, own.clone()),
            false if is_there(packaged) => (SERVICE, packaged.to_owned()),
            _ => return None,
        };
        let mut found = Installed {
            enabled: "unknown".to_owned(),
            active: "unknown".to_owned(),
            ..Installed::default()
        };
        for path in [&file, &own] {
            let problems = about(path, path.as_path() != packaged, &self.tools);
            found.problems.extend(problems);
        }
        found.problems.dedup();
        found.file = file;
        match self.shown(unit).await {
            Ok(shown) => self.take(&mut found, unit, &shown).await,
            Err(why) => found.problems.push(why),
        }
        Some(found)
    }

    async fn shown(&self, unit: &str) -> Result<Shown, String> {
        let shown = self.tools.systemctl(&["show", ASKED, unit]).await?;
        let line = |line: &str| {
            let (key, value) = line.split_once('=')?;
            Some((key.to_owned(), value.trim().to_owned()))
        };
        let shown = shown.lines().filter_map(line);
        Ok(shown.filter(|(_, value)| !value.is_empty()).collect())
    }

    async fn take(&self, found: &mut Installed, unit: &str, shown: &Shown) {
        let word = |key: &str| shown.get(key).cloned();
        found.enabled = word("UnitFileState").unwrap_or_else(|| "unknown".to_owned());
        found.active = word("ActiveState").unwrap_or_else(|| "unknown".to_owned());
        found.says = word("StatusText");
        found.next = word("NextElapseUSecRealtime");
        let (sudo, flag) = self.tools.for_person();
        if word("NeedDaemonReload").is_some_and(|word| word == "yes") {
            found.problems.push(format!(
                "systemd has not read the unit since it changed: {sudo}systemctl{flag} \
                 daemon-reload"
            ));
        }
        let of_pass = match unit {
            TIMER => self.shown(SERVICE).await.ok(),
            _ => None,
        };
        let problem = ending(of_pass.as_ref().unwrap_or(shown), &self.tools);
        found.problems.extend(problem);
    }
}

/// What is wrong with a unit file.
fn about(path: &Path, is_own: bool, tools: &Tools) -> Vec<String> {
    let foreign = match is_own {
        true => refuse_foreign(path).err(),
        false => None,
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let program = systemd::program(&text).filter(|program| !is_there(program));
    let moved = program.map(|program| {
        let (program, (sudo, flag)) = (printable_path(&program), tools.for_person());
        format!(
            "there is no {program}, which it starts: {sudo}boxup service install{flag} writes it \
             anew"
        )
    });
    foreign.into_iter().chain(moved).collect()
}

/// How its last run ended, if that was not well.
fn ending(shown: &Shown, tools: &Tools) -> Option<String> {
    let result = shown.get("Result").filter(|word| *word != "success")?;
    let code = shown
        .get("ExecMainStatus")
        .filter(|_| result == "exit-code");
    let meaning = code.and_then(|code| {
        let known = |(known, _): &&(u8, &str)| known.to_string() == *code;
        exit::MEANINGS.iter().find(known)
    });
    let how = match (code, meaning) {
        (Some(code), Some((_, meaning))) => format!("exit code {code} ({meaning})"),
        (Some(code), None) => format!("exit code {code}"),
        (None, _) => result.clone(),
    };
    let (sudo, flag) = tools.for_person();
    Some(format!(
        "its last run failed: {how}; {sudo}journalctl{flag} -u boxup says why"
    ))
}

impl Installed {
    /// Whether it runs, or is about to.
    pub(super) fn runs(&self) -> bool {
        ["active", "reloading", "activating"].contains(&self.active.as_str())
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "installed: {}\nstarts by itself: {}\nruns: {}\n",
            printable_path(&self.file),
            printable(&self.enabled),
            printable(&self.active),
        );
        if let Some(says) = &self.says {
            text += &format!("it says: {}\n", printable(says));
        }
        if let Some(next) = &self.next {
            text += &format!("next pass: {}\n", printable(next));
        }
        for problem in &self.problems {
            text += &format!("problem: {}\n", printable(problem));
        }
        text
    }
}

/// For programs; nothing where it is not installed.
pub(super) fn object(installed: Option<&Installed>, exit_code: u8) -> Value {
    json!({
        "installed": installed.map(|found| found.file.to_string_lossy()),
        "enabled": installed.map(|found| &found.enabled),
        "active": installed.map(|found| &found.active),
        "runs": installed.is_some_and(Installed::runs),
        "says": installed.and_then(|found| found.says.as_ref()),
        "next_pass": installed.and_then(|found| found.next.as_ref()),
        "problems": installed.map_or(&[][..], |found| &found.problems),
        "exit_code": exit_code,
    })
}
