//! How it stands, in lines that never wrap. Pure: told the width and the time.

use crate::cli::progress::columns::{columns, head, plain, tail};
use crate::cli::screen::Line;
use crate::cli::wording::{age, bytes, count, duration, some};
use crate::plan::pause::ASKED;
use serde_json::Value;
use std::time::{Duration, SystemTime};

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "";
/// The widest that a name's column gets.
const NAMES: usize = 20;
/// On a narrower terminal a name has a line of its own.
const NARROW: usize = 60;

/// What it is to look like.
pub(super) struct Look {
    /// Columns; `None`: nobody counts them.
    pub(super) width: Option<usize>,
    /// With colours.
    pub(super) colour: bool,
    /// What time it is.
    pub(super) now: SystemTime,
}

struct Page<'a> {
    look: &'a Look,
    lines: Vec<Line>,
    /// The width of the names' column.
    names: usize,
}

/// The page about a status. `under_way` tells what is being sent.
pub(super) fn page(status: &Value, under_way: Vec<Line>, look: &Look) -> Vec<Line> {
    let mirrors = status["mirrors"].as_array().map_or(&[][..], Vec::as_slice);
    let names = mirrors
        .iter()
        .map(|mirror| columns(&plain(word(&mirror["name"]))));
    let mut page = Page {
        look,
        lines: Vec::new(),
        names: names.max().unwrap_or(0).clamp(9, NAMES),
    };
    page.paragraph(0, (PLAIN, ""), &headline(status, look));
    page.blank();
    for mirror in mirrors {
        page.mirror(mirror, status["running"] == true);
    }
    if !under_way.is_empty() {
        page.blank();
        page.lines.extend(under_way);
    }
    page.blank();
    page.footer(status);
    page.lines
}

/// The lines as text.
pub(super) fn text(lines: &[Line]) -> String {
    let lines = lines.iter().map(|line| line.text.as_str());
    lines.flat_map(|line| [line.trim_end(), "\n"]).collect()
}

impl Page<'_> {
    fn width(&self) -> usize {
        // The last column is left alone: some terminals wrap when it is written.
        self.look
            .width
            .map_or(usize::MAX, |width| width.saturating_sub(1))
    }

    /// Where what is told about a name begins.
    fn indent(&self) -> usize {
        match self.width() < NARROW {
            true => 2,
            false => self.names + 2,
        }
    }

    fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// A name, and beside it what there is to tell.
    fn item(&mut self, name: &str, first: (&str, &str), rest: &str) {
        let is_narrow = self.width() < NARROW;
        let begin = self.lines.len();
        let indent = self.indent();
        let shown = match self.look.width {
            Some(_) => tail(&plain(name), (self.width()).min(NAMES)),
            None => plain(name),
        };
        if is_narrow {
            self.paragraph(0, (PLAIN, ""), &shown);
            return self.paragraph(indent, first, rest);
        }
        self.paragraph(indent, first, rest);
        if let Some(line) = self.lines.get_mut(begin) {
            let room = " ".repeat(indent.saturating_sub(columns(&shown)).max(2));
            let words = line.text.trim_start_matches(' ').to_owned();
            line.text = format!("{shown}{room}{words}");
            line.columns += (columns(&shown) + room.len()).saturating_sub(indent);
        }
    }

    /// More about the item above.
    fn more(&mut self, colour: &str, words: &str) {
        let indent = self.indent();
        self.paragraph(indent, (colour, words), "");
    }

    /// Words in as many lines as they take; the first of them in a colour.
    fn paragraph(&mut self, indent: usize, (colour, first): (&str, &str), rest: &str) {
        let (first, rest) = (plain(first), plain(rest));
        let room = self.width().saturating_sub(indent);
        let mut left = first.split(' ').filter(|word| !word.is_empty()).count();
        let text = format!("{first} {rest}");
        for words in broken(text.trim(), room) {
            let (coloured, others) = words.split_at(left.min(words.len()));
            left -= coloured.len();
            let line = [" ".repeat(indent), words.join(" ")].concat();
            let columns = columns(&line);
            let is_coloured = self.look.colour && !colour.is_empty() && !coloured.is_empty();
            let text = match is_coloured {
                false => line,
                true => {
                    let gap = if others.is_empty() { "" } else { " " };
                    let (begin, end) = (" ".repeat(indent), others.join(" "));
                    format!("{begin}{colour}{}\x1b[0m{gap}{end}", coloured.join(" "))
                }
            };
            self.lines.push(Line { text, columns });
        }
    }

    fn mirror(&mut self, mirror: &Value, is_running: bool) {
        let state = word(&mirror["state"]);
        let colour = match state {
            "watching" => GREEN,
            "halted" => RED,
            "stopped" => PLAIN,
            _ => YELLOW,
        };
        let figures = format!(", {}", figures(mirror));
        self.item(word(&mirror["name"]), (colour, state), "");
        self.join(&figures);
        let (colour, words) = freshness(mirror, is_running, self.look);
        self.more(colour, &words);
        if mirror["doubted"] == true {
            self.more(
                YELLOW,
                "the state was lost or is an old copy: everything is being compared with Box",
            );
        }
        if let Some(message) = mirror["halted"]["message"].as_str() {
            self.more(RED, message);
        }
        if let Some(words) = polling(&mirror["polled"]) {
            self.more(PLAIN, &words);
        }
        if let Some(words) = pause(&mirror["paused"]) {
            self.more(YELLOW, &words);
        }
    }

    /// Goes on in the last line, and in others where there is no room.
    fn join(&mut self, words: &str) {
        let Some(mut line) = self.lines.pop() else {
            return;
        };
        let indent = self.indent();
        // The comma stays close to the word before it.
        let words = plain(words);
        let mut rest = Vec::new();
        for (index, word) in words.split_inclusive(' ').enumerate() {
            let fits = line.columns + columns(word.trim_end()) <= self.width();
            if rest.is_empty() && (fits || index == 0) {
                line.text.push_str(word);
                line.columns += columns(word);
            } else {
                rest.push(word);
            }
        }
        let spaces = line.text.len() - line.text.trim_end().len();
        line.text.truncate(line.text.len() - spaces);
        line.columns -= spaces;
        self.lines.push(line);
        if !rest.is_empty() {
            self.paragraph(indent, (PLAIN, ""), &rest.concat());
        }
    }

    fn footer(&mut self, status: &Value) {
        let token = &status["token"];
        if let Some(method) = token["method"].as_str() {
            let words = match token["expires_in"].as_u64() {
                Some(0) => format!("{method}, to be renewed"),
                Some(seconds) => format!("{method}, good for {}", age(seconds)),
                None => method.to_owned(),
            };
            self.item("token", (PLAIN, ""), &words);
        }
        if let Some(words) = rates(&status["rate"]) {
            self.item("rate", (PLAIN, ""), &words);
        }
        if let Some(limit) = status["bandwidth"]["limit"].as_u64() {
            self.item(
                "bandwidth",
                (PLAIN, ""),
                &format!("{}/s at most", bytes(limit)),
            );
        }
        if let Some(words) = waiting(status) {
            self.item("waiting", (YELLOW, &words), "");
        }
        let failing = status["notify"]["failing"].as_object();
        for (way, why) in failing.into_iter().flatten() {
            let words = format!("nobody is told by the {way}: {}", word(why));
            self.item("notify", (YELLOW, &words), "");
        }
    }
}

/// Breaks text into lines of words; a word that is too long is cut.
fn broken(text: &str, room: usize) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = vec![Vec::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = head(word, room);
        let needed = columns(&word);
        match lines.last_mut() {
            Some(line) if line.is_empty() || used + 1 + needed <= room => {
                used += needed + usize::from(!line.is_empty());
                line.push(word);
            }
            _ => {
                used = needed;
                lines.push(vec![word]);
            }
        }
    }
    lines
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn headline(status: &Value, look: &Look) -> String {
    if status["running"] == true {
        let uptime = status["uptime_seconds"].as_u64();
        let uptime = uptime.map_or_else(String::new, |uptime| format!(", for {}", age(uptime)));
        let (version, pid) = (word(&status["version"]), number(&status["pid"]));
        return format!("boxup {version} is running{uptime} (pid {pid})");
    }
    if let Some(trouble) = status["trouble"].as_str() {
        return trouble.to_owned();
    }
    let run = &status["last_run"];
    let what = match run["service"].as_bool() {
        Some(true) => "the last service",
        _ => "the last pass",
    };
    if let Some(pid) = status["busy"]["pid"].as_u64() {
        return match word(&status["busy"]["role"]) {
            "service" => format!("the service is starting or about to end (pid {pid})"),
            "run" => format!("a single pass is under way (pid {pid}); no service runs"),
            _ => format!("a command is at work (pid {pid}); no service runs"),
        };
    }
    let how = match (run["unauthorized"].as_str(), run["unreachable"].as_str()) {
        (Some(why), _) => format!(", for Box let nobody in: {why}"),
        (None, Some(why)) => format!(", for Box did not answer: {why}"),
        (None, None) => match run["broken"].as_str() {
            Some(why) => format!(": {why}"),
            None => String::new(),
        },
    };
    match (ago(&run["ended_at"], look), ago(&run["started_at"], look)) {
        (Some(ended), _) => format!("boxup is not running; {what} ended {ended}{how}"),
        (None, Some(began)) => {
            format!(
                "boxup is not running; {what} began {began}, and was killed or could not write down \
                 its end"
            )
        }
        (None, None) => "boxup is not running; this is what the last run left".to_owned(),
    }
}

fn figures(mirror: &Value) -> String {
    let mut text = format!("{} on Box", some(number(&mirror["synced"]), "file"));
    for key in ["pending", "in_flight", "held_back", "parked", "failed"] {
        if number(&mirror[key]) > 0 {
            let words = key.replace('_', " ");
            text.push_str(&format!(", {} {words}", count(number(&mirror[key]))));
        }
    }
    text
}

/// How fresh it is, and when it was last looked at.
fn freshness(mirror: &Value, is_running: bool, look: &Look) -> (&'static str, String) {
    let mut parts = Vec::new();
    let lag = mirror["oldest_unsynced_seconds"].as_u64();
    let colour = match (is_running, lag) {
        (true, None) => {
            parts.push("up to date".to_owned());
            PLAIN
        }
        (_, Some(lag)) => {
            parts.push(format!("{} behind", age(lag)));
            YELLOW
        }
        (false, None) => {
            if let Some(ago) = ago(&mirror["in_sync_at"], look) {
                parts.push(format!("was up to date {ago}"));
            }
            PLAIN
        }
    };
    if let Some(oldest) = mirror["oldest_parked_seconds"].as_u64() {
        parts.push(format!("oldest parked {}", age(oldest)));
    }
    match (
        ago(&mirror["last_pass"], look),
        ago(&mirror["last_pass_ended"], look),
    ) {
        (None, None) => parts.push("no pass has ended yet".to_owned()),
        (None, Some(ended)) => parts.push(format!("no whole pass yet, one ended {ended}")),
        (Some(complete), _) => parts.push(format!("last whole pass {complete}")),
    }
    if mirror["cut_short"] == true {
        parts.push("the last one was cut short".to_owned());
    }
    (colour, parts.join(", "))
}

/// How long ago a time is.
fn ago(value: &Value, look: &Look) -> Option<String> {
    let at = humantime::parse_rfc3339_weak(value.as_str()?).ok()?;
    Some(match look.now.duration_since(at) {
        Ok(ago) => format!("{} ago", age(ago.as_secs())),
        Err(_) => "just now".to_owned(),
    })
}

/// What nobody watches, and why.
fn polling(polled: &Value) -> Option<String> {
    let first = polled["first"].as_str()?;
    let what = match polled["places"].as_u64() {
        Some(1) if first == "." => "all of it".to_owned(),
        Some(1) | None => first.to_owned(),
        Some(places) => some(places, "directory"),
    };
    let why = polled["message"]
        .as_str()
        .unwrap_or("it is not watched yet");
    Some(format!("{what} is polled: {why}"))
}

fn pause(paused: &Value) -> Option<String> {
    let message = paused["message"].as_str()?;
    if paused["reason"] == ASKED {
        return Some(message.to_owned());
    }
    let what = match number(&paused["from_bytes"]) {
        0 => "nothing is sent there".to_owned(),
        from => format!("files of {} and more are not sent there", bytes(from)),
    };
    let next = duration(Duration::from_secs(number(&paused["next_probe_seconds"])));
    Some(format!(
        "{what}, until one gets through; the next is tried in {next}: {message}"
    ))
}

/// How much of the rate limits is used, and whether Box takes less.
fn rates(rate: &Value) -> Option<String> {
    let lane = |what: &str| {
        let of = &rate[what];
        let (limit, allowed) = (of["limit"].as_u64()?, of["allowed"].as_u64()?);
        let used = count(number(&of["used"]));
        Some(match allowed < limit {
            true => format!(
                "{what} {used} of {} (Box takes no more of {} now)",
                count(allowed),
                count(limit)
            ),
            false => format!("{what} {used} of {}", count(limit)),
        })
    };
    let lanes: Vec<String> = ["uploads", "requests"]
        .into_iter()
        .filter_map(lane)
        .collect();
    (!lanes.is_empty()).then(|| format!("{} a minute", lanes.join(", ")))
}

/// What is waited for.
fn waiting(status: &Value) -> Option<String> {
    let rate = &status["rate"];
    if let Some(seconds) = rate["held_seconds"].as_u64() {
        return Some(format!("Box asks for {}", age(seconds)));
    }
    if let Some(heard) = status["unreachable"].as_str() {
        return Some(format!("no answer from Box: {heard}"));
    }
    let is_slowed = |what: &str| status[what]["waited_for"] == true;
    match (is_slowed("rate"), is_slowed("bandwidth")) {
        (true, _) => Some("for the next minute of the rate limit".to_owned()),
        (false, true) => Some("for the bandwidth limit".to_owned()),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, page, text};
    use serde_json::{Value, json};
    use std::time::{Duration, UNIX_EPOCH};

    fn look(width: Option<usize>, colour: bool) -> Look {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        Look { width, colour, now }
    }

    fn busy() -> Value {
        json!({
            "running": true, "version": "0.1.0", "pid": 4711, "uptime_seconds": 11_520,
            "mirrors": [
                {
                    "name": "reports", "state": "uploading", "synced": 12_041, "pending": 312,
                    "in_flight": 4, "held_back": 0, "parked": 2, "failed": 1,
                    "oldest_parked_seconds": 273_600, "oldest_unsynced_seconds": 200,
                    "last_pass": "1970-01-12T13:42:40Z",
                },
                {
                    "name": "photos", "state": "halted", "synced": 3, "last_pass": null,
                    "halted": { "reason": "brake", "message": "more is gone from the disk than \
                        max_deletes lets go to Box's trash; the mirror waits" },
                },
            ],
            "token": { "method": "ccg", "expires_in": 2520 },
            "rate": {
                "uploads": { "limit": 240, "allowed": 98, "used": 12 },
                "requests": { "limit": 1000, "allowed": 1000, "used": 40 },
                "held_seconds": 12,
            },
            "bandwidth": { "limit": 2_000_000 },
        })
    }

    #[test]
    fn all_of_it_at_eighty_columns() {
        assert_eq!(
            text(&page(&busy(), Vec::new(), &look(Some(80), false))),
            "boxup 0.1.0 is running, for 3h 12m (pid 4711)\n\
             \n\
             reports    uploading, 12,041 files on Box, 312 pending, 4 in flight, 2 parked,\n\
             \x20          1 failed\n\
             \x20          3m 20s behind, oldest parked 3d 4h, last whole pass 4m 0s ago\n\
             photos     halted, 3 files on Box\n\
             \x20          up to date, no pass has ended yet\n\
             \x20          more is gone from the disk than max_deletes lets go to Box's trash;\n\
             \x20          the mirror waits\n\
             \n\
             token      ccg, good for 42m 0s\n\
             rate       uploads 12 of 98 (Box takes no more of 240 now), requests 40 of\n\
             \x20          1,000 a minute\n\
             bandwidth  2.0 MB/s at most\n\
             waiting    Box asks for 12s\n"
        );
    }

    #[test]
    fn nothing_wraps_at_any_width_whatever_it_is_called() {
        let mut status = busy();
        status["mirrors"][0]["name"] = json!("報告書👩\u{200d}🚀\u{1b}[2J".repeat(20));
        status["mirrors"][0]["halted"]["message"] = json!("/very/".repeat(80));
        for width in 16..200 {
            for line in page(&status, Vec::new(), &look(Some(width), true)) {
                let mut bare = line.text.clone();
                for colour in ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"] {
                    bare = bare.replace(colour, "");
                }
                assert!(!bare.chars().any(char::is_control), "{width}: {line:?}");
                let columns = super::columns(&bare);
                assert!(columns < width, "{width}: {columns} {line:?}");
                assert!(columns <= line.columns, "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn without_a_terminal_a_sentence_is_one_line_without_colours() {
        let text = text(&page(&busy(), Vec::new(), &look(None, false)));
        assert!(
            text.contains(
                "uploading, 12,041 files on Box, 312 pending, 4 in flight, 2 parked, 1 failed\n"
            ),
            "{text}"
        );
        assert!(!text.contains('\x1b'), "{text}");
    }

    #[test]
    fn the_first_line_says_what_became_of_the_last_run() {
        let first = |status: Value| {
            let lines = page(&status, Vec::new(), &look(None, false));
            lines[0].text.clone()
        };
        let run = |ended: &str, unreachable: Value| {
            let ended_at = (!ended.is_empty()).then_some(ended);
            json!({ "last_run": {
                "service": false, "started_at": "1970-01-12T13:40:00Z", "ended_at": ended_at,
                "unreachable": unreachable,
            } })
        };
        for (status, expected) in [
            (
                json!({}),
                "boxup is not running; this is what the last run left",
            ),
            (
                run("1970-01-12T13:46:00Z", Value::Null),
                "boxup is not running; the last pass ended 40s ago",
            ),
            (
                run("1970-01-12T13:46:00Z", json!("refused")),
                "boxup is not running; the last pass ended 40s ago, for Box did not answer: refused",
            ),
            (
                run("", Value::Null),
                "boxup is not running; the last pass began 6m 40s ago, and was killed or could not \
                 write down its end",
            ),
            (
                json!({ "busy": { "pid": 7, "role": "run" } }),
                "a single pass is under way (pid 7); no service runs",
            ),
            (
                json!({ "busy": { "pid": 7, "role": "service" } }),
                "the service is starting or about to end (pid 7)",
            ),
            (
                json!({ "busy": { "pid": 7, "role": "command" } }),
                "a command is at work (pid 7); no service runs",
            ),
        ] {
            assert_eq!(first(status), expected);
        }
    }
}
