//! `boxup status --watch`: how it stands, again and again. It goes on when the agent stops,
//! and when it is back.

use crate::agent::meter::{Figures, Running, Wait};
use crate::cli::exit;
use crate::cli::output::{Looks, Output};
use crate::cli::progress::UnderWay;
use crate::cli::screen::{self, Line};
use crate::cli::status::page::{Look, page, text};
use crate::cli::status::{Found, look};
use crate::clock;
use crate::config::Local;
use serde_json::{Value, json};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);

/// How it is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A page that is drawn over itself.
    Page,
    /// A page whenever something is another.
    Pages,
    /// An object each time.
    Json,
}

/// Goes on until the reader has gone away; whoever stops it just leaves.
pub(super) async fn watch(config: &Local, as_json: bool, looks: Looks, mut output: Output) -> u8 {
    let is_page = output.is_terminal() && stderr().is_terminal() && looks.redraw;
    let form = match (as_json, is_page) {
        (true, _) => Form::Json,
        (false, true) => Form::Page,
        (false, false) => Form::Pages,
    };
    let mut under_way = UnderWay::new("Box".to_owned());
    let mut before = Value::Null;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let status = match look(config).await {
            Found::Running(status) | Found::Stopped(status) => status,
            Found::Trouble(sentence, _) => json!({ "running": false, "trouble": sentence }),
        };
        let mut view = Look {
            width: Some(screen::columns()),
            colour: looks.colours(output.is_terminal()),
            now: clock::wall(),
        };
        let is_heard = match form {
            Form::Json => output.tell(&format!("{status}\n")),
            Form::Page => {
                let figures = figures(&status);
                let size = (screen::columns(), screen::rows());
                let bars = under_way.lines(&figures, Instant::now(), size, view.colour);
                screen::draw(fitting(page(&status, bars, &view), screen::rows()));
                true
            }
            Form::Pages => {
                let now = gist(&status);
                let is_news = std::mem::replace(&mut before, now.clone()) != now;
                view.width = output.columns();
                let at = humantime::format_rfc3339_seconds(view.now);
                let told = || format!("{at}\n{}\n", text(&page(&status, Vec::new(), &view)));
                !is_news || output.tell(&told())
            }
        };
        if !is_heard {
            return exit::OK;
        }
    }
}

/// As many lines as there are rows, and how many more there are.
fn fitting(mut lines: Vec<Line>, rows: usize) -> Vec<Line> {
    if lines.len() > rows && rows > 0 {
        let more = lines.len() - rows + 1;
        lines.truncate(rows - 1);
        let text = format!("... {more} more lines");
        let columns = text.len();
        lines.push(Line { text, columns });
    }
    lines
}

/// What must be another to be worth another page.
fn gist(status: &Value) -> Value {
    let mirrors = status["mirrors"].as_array().map_or(&[][..], Vec::as_slice);
    let mirrors = mirrors.iter().map(|mirror| {
        json!([
            mirror["name"],
            mirror["state"],
            mirror["parked"],
            mirror["failed"],
            mirror["halted"]["reason"],
            mirror["paused"]["reason"],
        ])
    });
    let mirrors: Vec<Value> = mirrors.collect();
    json!([
        status["running"],
        status["pid"],
        status["busy"],
        status["trouble"],
        status["unreachable"],
        mirrors
    ])
}

/// The figures that an answer holds.
fn figures(status: &Value) -> Figures {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let progress = &status["progress"];
    let pair = |done: &str, all: &str| (number(&progress[done]), number(&progress[all]));
    let files = status["running_files"].as_array();
    let running = files
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|file| Running {
            name: file["name"].as_str().unwrap_or("?").to_owned(),
            size: number(&file["size"]),
            moved: number(&file["sent"]),
        });
    // That somebody is waited for is told elsewhere on the page; here it explains silence.
    let bandwidth = &status["bandwidth"];
    let wait = match (&status["rate"]["held_seconds"], &status["unreachable"]) {
        (Value::Number(_), _) => Some(Wait::Asked(Duration::ZERO)),
        (_, Value::String(heard)) => Some(Wait::NoAnswer(heard.clone())),
        _ if bandwidth["waited_for"] == true => Some(Wait::Bandwidth(number(&bandwidth["limit"]))),
        _ => None,
    };
    Figures {
        files: pair("files_done", "files"),
        bytes: pair("bytes_done", "bytes"),
        moved: number(&progress["bytes_moved"]),
        is_looking: progress["looking"] == true,
        running: running.collect(),
        wait,
    }
}

#[cfg(test)]
mod tests {
    use super::{fitting, gist};
    use crate::cli::screen::Line;
    use serde_json::json;

    #[test]
    fn a_page_is_no_higher_than_the_terminal() {
        for (lines, rows, left) in [(3, 10, 3), (10, 10, 10), (12, 10, 10), (5, 1, 1)] {
            let shown = fitting(vec![Line::default(); lines], rows);
            assert_eq!(shown.len(), left, "{lines} {rows}");
            assert_eq!(shown.iter().any(|line| !line.text.is_empty()), lines > rows);
        }
    }

    #[test]
    fn time_that_passes_is_no_news() {
        let at = |uptime, state| {
            json!({ "running": true, "uptime_seconds": uptime,
                    "mirrors": [{ "name": "m", "state": state, "oldest_unsynced_seconds": uptime }] })
        };
        assert_eq!(gist(&at(1, "watching")), gist(&at(2, "watching")));
        assert_ne!(gist(&at(1, "watching")), gist(&at(1, "halted")));
    }
}
