//! How a command that could not do its work says so: words to standard error, one
//! object to standard output where that was asked for, and the exit code. The object is a
//! summary, so that it may also be the last of many lines.

use crate::agent::run::Fatal;
use crate::cli::output::Output;
use crate::cli::{Place, exit, json, slip, summary};
use crate::config;
use crate::model::trouble::Trouble;
use serde_json::{Value, json};

/// Box, or the way there, was in the way.
pub(crate) fn trouble(trouble: &Trouble, as_json: bool, output: &mut Output) -> u8 {
    let code = exit::of_trouble(trouble);
    if as_json {
        output.say(&format!("{}\n", summary_of(object(trouble), code)));
    }
    output.complain(&words(trouble));
    code
}

/// It could not even begin.
pub(crate) fn fatal(fatal: &Fatal, as_json: bool, output: &mut Output) -> u8 {
    said(&fatal.to_string(), exit::of_fatal(fatal), as_json, output)
}

/// It was not done; why.
pub(crate) fn said(what: &str, code: u8, as_json: bool, output: &mut Output) -> u8 {
    if as_json {
        output.say(&format!("{}\n", told(what, code)));
    }
    output.complain(&format!("error: {what}\n"));
    code
}

/// The same as an object.
pub(crate) fn told(what: &str, code: u8) -> Value {
    summary_of(json!({ "message": what }), code)
}

fn summary_of(error: Value, code: u8) -> Value {
    json!({ "event": "summary", "error": error, "exit_code": code })
}

/// There is no mirror of that name.
pub(super) async fn no_mirror(name: &str, place: &Place, as_json: bool, output: &mut Output) -> u8 {
    let local = place.load(config::load_local).await.ok();
    let known = local.iter().flat_map(|local| &local.mirrors);
    let what = slip::no_mirror(name, known.map(|mirror| mirror.name.as_str()));
    said(&what, exit::USAGE, as_json, output)
}

/// What went wrong, for a person, part by part.
pub(crate) fn words(trouble: &Trouble) -> String {
    match (trouble, trouble.said()) {
        (Trouble::Unauthorized(said), _) => summary::refusal(summary::NOT_IN, said),
        (_, Some(said)) => summary::refusal("Box did not do it", said),
        (Trouble::NoAnswer(why), None) => format!("error: Box cannot be reached: {why}\n"),
        (_, None) => "error: the local file is in the way\n".to_owned(),
    }
}

/// The same for a program.
pub(crate) fn object(trouble: &Trouble) -> Value {
    match (trouble, trouble.said()) {
        (_, Some(said)) => json::refusal(said),
        (Trouble::NoAnswer(why), None) => json!({ "message": why }),
        (_, None) => json!({}),
    }
}
