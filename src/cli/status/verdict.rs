//! Whether every mirror is fresh enough, in one line for a monitor. Pure.

use crate::cli::exit;
use crate::cli::wording::{age, printable, some};
use serde_json::Value;
use std::time::Duration;

/// What is told, and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) code: u8,
    pub(super) line: String,
}

/// Judges a status.
pub(super) fn judge(status: &Value, most: Duration) -> Judged {
    let is_running = status["running"] == true;
    let mut found: Vec<(u8, String)> = Vec::new();
    let mut stalest = 0;
    let mirrors = status["mirrors"].as_array().map_or(&[][..], Vec::as_slice);
    for mirror in mirrors {
        let name = printable(mirror["name"].as_str().unwrap_or("?"));
        let lag = mirror["lag_seconds"].as_u64();
        stalest = stalest.max(lag.unwrap_or(0));
        if let Some(reason) = mirror["halted"]["reason"].as_str() {
            let why = printable(mirror["halted"]["message"].as_str().unwrap_or(reason));
            found.push((
                exit::of_reason(reason),
                format!("{name} stands still: {why}"),
            ));
        }
        match lag {
            Some(lag) if Duration::from_secs(lag) <= most => {}
            Some(lag) => {
                let words = format!("{name} is stale: {} behind", age(lag));
                found.push((exit::INCOMPLETE, words));
            }
            None if is_running => {}
            None => {
                let words = format!("{name} has had no pass that left nothing to do");
                found.push((exit::UNREACHABLE, words));
            }
        }
    }
    if let Some(why) = status["last_run"]["unauthorized"].as_str() {
        let words = format!("Box let nobody in: {}", printable(why));
        found.push((exit::UNAUTHORIZED, words));
    }
    found.sort_by_key(|(code, _)| exit::urgency(*code));
    let code = found.first().map_or(exit::OK, |(code, _)| *code);
    let limit = humantime::format_duration(most);
    let told: Vec<String> = found.into_iter().map(|(_, words)| words).collect();
    let told = match told.is_empty() {
        true => {
            let count = some(mirrors.len() as u64, "mirror");
            format!("{count}, at most {} behind", age(stalest))
        }
        false => told.join("; "),
    };
    let runs = match status["busy"]["role"].as_str() {
        _ if is_running => "",
        Some("run") => ", a single pass is under way",
        Some("service") => ", the service is starting or about to end",
        _ => ", no agent runs",
    };
    let line = format!("{}: {told} (limit {limit}{runs})", word(code));
    Judged { code, line }
}

/// Nobody could be asked; why.
pub(super) fn unknown(why: &str, most: Duration) -> String {
    let limit = humantime::format_duration(most);
    let word = word(exit::UNREACHABLE);
    format!("{word}: {} (limit {limit})", printable(why))
}

fn word(code: u8) -> &'static str {
    match code {
        exit::OK => "OK",
        exit::INCOMPLETE => "STALE",
        exit::UNREACHABLE => "UNKNOWN",
        _ => "HALTED",
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use serde_json::{Value, json};
    use std::time::Duration;

    fn mirror(name: &str, lag: Value, reason: &str) -> Value {
        let halted = match reason {
            "" => Value::Null,
            reason => json!({ "reason": reason, "message": "why" }),
        };
        json!({ "name": name, "lag_seconds": lag, "halted": halted })
    }

    #[test]
    fn the_worst_of_all_mirrors_decides() {
        let none = Value::Null;
        for (running, mirrors, run, code, line) in [
            (
                true,
                vec![mirror("a", json!(0), ""), mirror("b", json!(12), "")],
                &none,
                0,
                "OK: 2 mirrors, at most 12s behind (limit 15m)",
            ),
            (
                true,
                vec![mirror("a", json!(900), ""), mirror("b\n", json!(1323), "")],
                &none,
                1,
                "STALE: b\\n is stale: 22m 3s behind (limit 15m)",
            ),
            (
                true,
                vec![
                    mirror("a", json!(7200), ""),
                    mirror("b", json!(5), "root_missing"),
                ],
                &none,
                3,
                "HALTED: b stands still: why; a is stale: 2h 0m behind (limit 15m)",
            ),
            (
                true,
                vec![
                    mirror("a", json!(1), "brake"),
                    mirror("b", json!(1), "folder_invisible"),
                    mirror("c", json!(1), "misconfigured"),
                ],
                &none,
                78,
                "HALTED: c stands still: why; b stands still: why; a stands still: why \
                 (limit 15m)",
            ),
        ] {
            let status = json!({ "running": running, "mirrors": mirrors, "last_run": run });
            let judged = judge(&status, Duration::from_secs(900));
            assert_eq!((judged.code, &*judged.line), (code, line), "{status}");
        }
    }

    #[test]
    fn without_an_agent_the_last_run_decides() {
        let none = Value::Null;
        for (running, mirrors, run, code, line) in [
            (
                false,
                vec![mirror("a", json!(60), "")],
                &none,
                0,
                "OK: 1 mirror, at most 1m 0s behind (limit 15m, no agent runs)",
            ),
            (
                false,
                vec![mirror("a", Value::Null, "")],
                &none,
                69,
                "UNKNOWN: a has had no pass that left nothing to do (limit 15m, no agent runs)",
            ),
            (
                false,
                vec![mirror("a", json!(60), "")],
                &json!({ "unauthorized": "no" }),
                77,
                "HALTED: Box let nobody in: no (limit 15m, no agent runs)",
            ),
        ] {
            let status = json!({ "running": running, "mirrors": mirrors, "last_run": run });
            let judged = judge(&status, Duration::from_secs(900));
            assert_eq!((judged.code, &*judged.line), (code, line), "{status}");
        }
    }
}
