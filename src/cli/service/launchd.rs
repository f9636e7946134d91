//! A job for launchd, as text. Pure.
//!
//! It is held against golden files only: nobody has run it in a test.

use crate::cli::service::plan::{MARK, Plan, Written};
use crate::cli::wording::printable;
use crate::model::path::confuses;
use std::path::Path;

/// The job's name.
pub(super) const LABEL: &str = "boxup";

/// The job; the error says which time launchd cannot keep.
pub(super) fn job(plan: &Plan) -> Result<Written, String> {
    let name = format!("{LABEL}.plist");
    let path = match (plan.is_user, &plan.home_dir) {
        (true, Some(home)) => home.join("Library/LaunchAgents").join(name),
        (true, None) => Path::new("~/Library/LaunchAgents").join(name),
        (false, _) => Path::new("/Library/LaunchDaemons").join(name),
    };
    let mut words = vec![plan.program.to_string_lossy().into_owned(), "sync".into()];
    if plan.timer.is_some() {
        words.push("--once".into());
    }
    if let Some(config) = &plan.config {
        words.extend(["--config".into(), config.to_string_lossy().into_owned()]);
    }
    let words: String = words
        .iter()
        .map(|word| Ok(format!("    <string>{}</string>\n", escaped(word)?)))
        .collect::<Result<_, String>>()?;
    let how = match &plan.timer {
        Some(when) => format!(
            "  <key>StartInterval</key>\n  <integer>{}</integer>\n",
            interval(when)?
        ),
        // launchd knows no exit codes: what only a person can mend is tried again, at leisure.
        None => "  <key>RunAtLoad</key>\n  <true/>\n  <key>KeepAlive</key>\n  <dict>\n    \
                 <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n  \
                 <key>ThrottleInterval</key>\n  <integer>300</integer>\n"
            .to_owned(),
    };
    let who = match plan.is_user {
        true => "",
        false => "  <key>UserName</key>\n  <string>_boxup</string>\n",
    };
    let mark = MARK.trim_start_matches("# ").trim_end();
    Ok(Written {
        path,
        text: format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <!-- {mark} -->\n\
             <plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{LABEL}</string>\n\
             {who}  <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n{how}  \
             <key>ProcessType</key>\n  <string>Background</string>\n  \
             <key>LowPriorityIO</key>\n  <true/>\n  <key>Umask</key>\n  <integer>63</integer>\n  \
             <key>ExitTimeOut</key>\n  <integer>100</integer>\n</dict>\n</plist>\n"
        ),
    })
}

fn interval(when: &str) -> Result<u32, String> {
    match when {
        "hourly" => Ok(3_600),
        "daily" => Ok(86_400),
        "weekly" => Ok(604_800),
        other => Err(format!(
            "launchd makes a pass hourly, daily or weekly, not {other:?}: choose one of the three"
        )),
    }
}

/// As text in XML, where what moves the cursor is spelled out; XML has no place for most
/// control characters.
fn escaped(text: &str) -> Result<String, String> {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '\u{fffe}' | '\u{ffff}' | '\0'..'\t' | '\u{b}' | '\u{c}' | '\u{e}'..' ' => {
                return Err(format!(
                    "{} cannot stand in a property list, as it holds a control character: \
                     rename it",
                    printable(text)
                ));
            }
            c if confuses(c) => escaped += &format!("&#x{:x};", u32::from(c)),
            c => escaped.push(c),
        }
    }
    Ok(escaped)
}
