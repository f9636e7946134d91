//! `boxup config show` and `boxup config path`: which file, and what holds after all.

use crate::cli::output::Output;
use crate::cli::wording::{printable, printable_path, wrapped};
use crate::cli::{Place, exit, refuse};
use crate::config::{self, Setting, Shown, Source};
use crate::local::rules::BUILT_IN;
use serde_json::{Value, json};
use std::path::Path;

/// What comes after a value begins here, where the value leaves room.
const COLUMN: usize = 44;
/// What a terminal has, without the mark of a comment.
const WIDTH: usize = 78;

/// Every setting, with where it comes from.
pub(super) async fn show(place: &Place, as_json: bool, output: &mut Output) -> u8 {
    match place.load(config::show).await {
        Ok(shown) if as_json => output.say(&format!("{}\n", object(&shown))),
        Ok(shown) => {
            output.say(&text(&shown));
            for warning in &shown.warnings {
                output.complain(&format!("warning: {}\n", warning.trim_end()));
            }
        }
        Err(error) => return refuse(&error, as_json, output),
    }
    exit::OK
}

/// The file that is read, whether it is right or not.
pub(super) fn path(place: &Place, as_json: bool, output: &mut Output) -> u8 {
    let found = config::locate(place.path.as_deref(), &place.environment);
    let found = match found {
        Ok(found) => std::path::absolute(&found).unwrap_or(found),
        Err(error) => return refuse(&error, as_json, output),
    };
    let exists = found.try_exists().unwrap_or(true);
    match as_json {
        true => {
            let file = found.to_string_lossy();
            output.say(&format!("{}\n", json!({ "file": file, "exists": exists })));
        }
        false => output.say(&format!("{}\n", shown(&found))),
    }
    if !exists {
        let what = shown(&found);
        output.complain(&format!(
            "error: {what} does not exist: boxup init writes it\n"
        ));
        return exit::CONFIG;
    }
    exit::OK
}

fn shown(path: &Path) -> String {
    printable_path(path)
}

fn object(shown: &Shown) -> Value {
    let source = |source: &Source| match source {
        Source::Line(line) => json!({ "source": "file", "line": line }),
        Source::Variable(name) => json!({ "source": "environment", "variable": name }),
        Source::Default => json!({ "source": "default" }),
        Source::Derived(from) => json!({ "source": "derived", "from": from }),
    };
    let settings = shown.settings.iter().map(|setting| {
        let mut line = source(&setting.source);
        line["key"] = json!(format!("{}.{}", setting.section, setting.key));
        line["value"] = setting.value.clone();
        line
    });
    let built_in = BUILT_IN.iter();
    let built_in = built_in.map(|(pattern, of)| json!({ "pattern": pattern, "of": of }));
    json!({
        "file": shown.file.to_string_lossy(),
        "settings": settings.collect::<Vec<_>>(),
        "built_in_rules": built_in.collect::<Vec<_>>(),
        "warnings": shown.warnings,
    })
}

fn text(shown: &Shown) -> String {
    let mut text = format!("# {}\n", printable_path(&shown.file));
    for settings in shown.settings.chunk_by(|a, b| a.section == b.section) {
        let section = &settings[0].section;
        text.push_str(&match section.split_once('[') {
            Some((table, _)) => format!("\n[[{table}]]\n"),
            None => format!("\n[{section}]\n"),
        });
        text.push_str(&of_section(settings));
    }
    text.push_str(
        "\n# The built-in rules: files that are never documents stay at home, unless\n\
         # default_excludes = false or another rule takes them back.\n",
    );
    for (pattern, of) in BUILT_IN {
        let pattern = printable(pattern);
        text.push_str(&format!("#   {pattern:20} {of}\n"));
    }
    text
}

/// What holds, line by line, and then what does not.
fn of_section(settings: &[Setting]) -> String {
    let mut text = String::new();
    let (unset, set): (Vec<_>, Vec<_>) = settings.iter().partition(|one| one.value.is_null());
    for setting in set {
        let key = &setting.key;
        let assignment = format!("{key} = {}", printable(&setting.value.to_string()));
        let from = match &setting.source {
            Source::Line(line) => format!("line {line}"),
            Source::Variable(name) => format!("${name}"),
            Source::Default => "default".to_owned(),
            Source::Derived(from) => format!("from {from}"),
        };
        text.push_str(&format!("{assignment:COLUMN$} # {from}\n"));
    }
    let unset: Vec<_> = unset.iter().map(|setting| setting.key.as_str()).collect();
    if !unset.is_empty() {
        for line in wrapped(&format!("not set: {}", unset.join(", ")), WIDTH) {
            text.push_str(&format!("# {line}\n"));
        }
    }
    text
}
