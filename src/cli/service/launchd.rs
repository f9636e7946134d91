//! A job for launchd, as text (launchd.plist(5)). Pure.
//!
//! It is held against golden files only: nobody has run it in a test.

use crate::cli::service::plan::{Plan, Written};
use crate::cli::wording::printable;
use crate::model::path::confuses;
use std::path::Path;

/// The job's name.
const LABEL: &str = "boxup";

/// The job; the error says what launchd cannot be told.
pub(super) fn job(plan: &Plan) -> Result<Written, String> {
    let name = format!("{LABEL}.plist");
    let path = match (plan.is_user, &plan.home_dir) {
        (true, Some(home)) => home.join("Library/LaunchAgents").join(name),
        (true, None) => return Err("$HOME does not say where your jobs are: set it".to_owned()),
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
    let who = match plan.is_user {
        true => "",
        false => "  <key>UserName</key>\n  <string>_boxup</string>\n",
    };
    let (how, log) = (how(plan.timer.as_deref())?, log(plan)?);
    Ok(Written {
        path,
        text: format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <!--\n{}-->\n\
             <plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{LABEL}</string>\n\
             {who}  <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n{how}{log}  \
             <key>ProcessType</key>\n  <string>Background</string>\n  \
             <key>LowPriorityIO</key>\n  <true/>\n  <key>Umask</key>\n  <integer>63</integer>\n  \
             <key>ExitTimeOut</key>\n  <integer>100</integer>\n</dict>\n</plist>\n",
            advice(plan.is_user)
        ),
    })
}

/// How it is loaded, changed and removed. In a comment of XML no two hyphens meet.
fn advice(is_user: bool) -> String {
    let (sudo, domain, dir) = match is_user {
        true => ("", "gui/$(id -u)", "~/Library/LaunchAgents"),
        false => ("sudo ", "system", "/Library/LaunchDaemons"),
    };
    let of_machine = match is_user {
        true => "",
        false => {
            "It belongs to root (sudo chown root:wheel, chmod 644). The user _boxup is made by:\n  \
             sudo sysadminctl -addUser _boxup -roleAccount -UID 397\n\
             and has a place for its state by:\n  sudo install -d -o _boxup -m 700 /var/lib/boxup\n\
             It reads the configuration as this user (sudo chown _boxup, chmod 600).\n"
        }
    };
    format!(
        "Written by boxup service. It stands in {dir}/{LABEL}.plist.\n{of_machine}\
         It starts by:\n  {sudo}launchctl bootstrap {domain} {dir}/{LABEL}.plist\n\
         and ends by:\n  {sudo}launchctl bootout {domain}/{LABEL}\n\
         A change counts after an end and a start. How it stands:\n  \
         {sudo}launchctl print {domain}/{LABEL}\n"
    )
}

/// When it is started.
fn how(timer: Option<&str>) -> Result<String, String> {
    // What was missed while the machine was off is made up for when the job is loaded.
    const AT_LOAD: &str = "  <key>RunAtLoad</key>\n  <true/>\n";
    let Some(when) = timer else {
        return Ok(format!(
            "{AT_LOAD}  <!-- launchd knows no exit codes: what only a person can mend (77, 78) is \
             tried again,\n       at leisure. -->\n  <key>KeepAlive</key>\n  <dict>\n    \
             <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n  \
             <key>ThrottleInterval</key>\n  <integer>300</integer>\n"
        ));
    };
    let at: &[(&str, u32)] = match when {
        "hourly" => &[("Minute", 0)],
        "daily" => &[("Hour", 0), ("Minute", 0)],
        "weekly" => &[("Weekday", 1), ("Hour", 0), ("Minute", 0)],
        "monthly" => &[("Day", 1), ("Hour", 0), ("Minute", 0)],
        other => {
            return Err(format!(
                "launchd makes a pass hourly, daily, weekly or monthly, not \"{}\": choose one of \
                 the four",
                printable(other)
            ));
        }
    };
    let key = |(key, number): &(&str, u32)| {
        format!("    <key>{key}</key>\n    <integer>{number}</integer>\n")
    };
    let at: String = at.iter().map(key).collect();
    Ok(format!(
        "{AT_LOAD}  <key>StartCalendarInterval</key>\n  <dict>\n{at}  </dict>\n"
    ))
}

/// Where its words go: without it, nowhere.
fn log(plan: &Plan) -> Result<String, String> {
    let file = match (plan.is_user, &plan.home_dir) {
        (true, Some(home)) => home.join("Library/Logs/boxup.log"),
        _ => Path::new("/Library/Logs/boxup.log").to_owned(),
    };
    let file = escaped(&file.to_string_lossy())?;
    let key = |key: &str| format!("  <key>{key}</key>\n  <string>{file}</string>\n");
    Ok([key("StandardOutPath"), key("StandardErrorPath")].concat())
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

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_path_is_text_or_is_refused() {
        assert_eq!(escaped("/a&b<c>").as_deref(), Ok("/a&amp;b&lt;c&gt;"));
        assert_eq!(escaped("/\n\u{202e}").as_deref(), Ok("/&#xa;&#x202e;"));
        assert!(escaped("/\u{1b}").is_err_and(|why| why.contains("\\u{1b}")));
    }
}
