//! `boxup pause` and `boxup resume`: told to the service, or noted here where none runs.

use crate::agent::pause::{self, Asked};
use crate::cli::args::{PauseArgs, ResumeArgs};
use crate::cli::errand::{self, PATIENCE, SLOW, Untold};
use crate::cli::output::Output;
use crate::cli::wording::{printable, shell_word, some};
use crate::cli::{Place, exit, failure, refuse};
use crate::config::{self, Environment, Local};
use serde_json::{Value, json};
use std::ffi::OsStr;

/// Longer names of people are cut.
const LONGEST: usize = 64;

/// Leaves mirrors alone.
pub(super) async fn pause(place: &Place, args: PauseArgs, output: Output) -> u8 {
    let asked = Asked {
        mirrors: args.mirrors,
        span: args.span,
        by: person(&place.environment),
    };
    tell(place, &asked, false, args.json, output).await
}

/// Goes on with them.
pub(super) async fn resume(place: &Place, args: ResumeArgs, output: Output) -> u8 {
    let asked = Asked {
        mirrors: args.mirrors,
        span: None,
        by: person(&place.environment),
    };
    tell(place, &asked, true, args.json, output).await
}

/// Who asks, for those who wonder later.
fn person(environment: &Environment) -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    let mut names = names.filter_map(|key| environment.get(key));
    let short = |name: &OsStr| {
        let name = printable(&name.to_string_lossy());
        name.chars().take(LONGEST).collect()
    };
    names.next().map_or_else(errand::this_user, short)
}

async fn tell(place: &Place, asked: &Asked, is_end: bool, as_json: bool, mut output: Output) -> u8 {
    let verb = if is_end { "resume" } else { "pause" };
    let question = asked.question(verb);
    let alone = async |local: Local| pause::alone(&local, asked, is_end).await;
    let load = config::load_local;
    let told = match errand::run(place, &question, PATIENCE, SLOW, load, alone).await {
        Ok(told) => told,
        Err(Untold::Configuration(error)) => return refuse(&error, as_json, &mut output),
        Err(Untold::Failed(what, code)) => {
            return failure::said(&what, code, as_json, &mut output);
        }
    };
    if let Some(name) = told["unknown"].as_str() {
        return failure::no_mirror(name, place, as_json, &mut output).await;
    }
    if as_json {
        let mut line = told;
        line["exit_code"] = json!(exit::OK);
        output.say(&format!("{line}\n"));
    } else {
        for mirror in told["mirrors"].as_array().into_iter().flatten() {
            output.relate(&sentence(mirror));
        }
    }
    exit::OK
}

fn sentence(line: &Value) -> String {
    let mirror = line["mirror"].as_str().unwrap_or("?");
    let name = printable(mirror);
    if line["state"] == "resumed" {
        return match line["was_paused"] == true {
            true => format!("resumed: mirror \"{name}\" goes on\n"),
            false => format!("mirror \"{name}\" was not paused\n"),
        };
    }
    let until = match line["until"].as_str() {
        Some(until) => format!("until {until}"),
        None => format!("until `boxup resume {}`", shell_word(mirror.as_bytes())),
    };
    let under_way = match line["in_flight"].as_u64() {
        Some(number @ 1..) => format!("; {} under way: that is finished", some(number, "job")),
        _ => String::new(),
    };
    format!("paused: mirror \"{name}\" {until}{under_way}\n")
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use serde_json::json;

    #[test]
    fn each_answer_has_its_sentence() {
        let paused = json!({ "mirror": "m", "state": "paused", "until": "T", "in_flight": 2 });
        for (line, expected) in [
            (
                paused,
                "paused: mirror \"m\" until T; 2 jobs under way: that is finished\n",
            ),
            (
                json!({ "mirror": "m", "state": "paused", "until": null, "in_flight": 0 }),
                "paused: mirror \"m\" until `boxup resume m`\n",
            ),
            (
                json!({ "mirror": "m", "state": "resumed", "was_paused": true }),
                "resumed: mirror \"m\" goes on\n",
            ),
            (
                json!({ "mirror": "m", "state": "resumed", "was_paused": false }),
                "mirror \"m\" was not paused\n",
            ),
        ] {
            assert_eq!(sentence(&line), expected);
        }
    }
}
