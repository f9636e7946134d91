//! `boxup approve`: told to the service, or noted here where none runs.

use crate::agent::approve;
use crate::cli::errand::{self, PATIENCE, SLOW, Untold};
use crate::cli::output::Output;
use crate::cli::wording::{printable, some};
use crate::cli::{Place, exit, failure, refuse, whole};
use crate::config::Config;
use serde_json::{Value, json};

/// Approves.
pub(super) async fn run(place: &Place, mirror: &str, as_json: bool, mut output: Output) -> u8 {
    let question = json!({ "verb": "approve", "mirror": mirror });
    let alone = async |config: Config| {
        approve::alone(&config, mirror)
            .await
            .map(|told| told.unwrap_or_else(|| json!({ "result": "unknown" })))
    };
    let told = match errand::run(place, &question, PATIENCE, SLOW, whole, alone).await {
        Ok(told) => told,
        Err(Untold::Configuration(error)) => return refuse(&error, as_json, &mut output),
        Err(Untold::Failed(what, code)) => return failure::said(&what, code, as_json, &mut output),
    };
    if told["result"] == "unknown" {
        return failure::no_mirror(mirror, place, as_json, &mut output).await;
    }
    if as_json {
        let mut line = told.clone();
        line["mirror"] = json!(mirror);
        line["exit_code"] = json!(exit::OK);
        output.say(&format!("{line}\n"));
    } else {
        output.relate(&sentence(mirror, &told));
    }
    exit::OK
}

fn sentence(mirror: &str, told: &Value) -> String {
    let mirror = printable(mirror);
    let mut text = String::new();
    if let Some(number @ 1..) = told["deletes"].as_u64() {
        let hollow = told["delete_folders"].as_u64().unwrap_or(0);
        let folders = format!("{} without files", some(hollow, "directory"));
        let files = match (number.saturating_sub(hollow), hollow) {
            (files, 0) => some(files, "file"),
            (0, _) => folders,
            (files, _) => format!("{} and {folders}", some(files, "file")),
        };
        text.push_str(&format!(
            "approved: {files} of mirror \"{mirror}\" that are gone from the disk go to Box's trash\n"
        ));
    }
    let directories = told["directories"].as_array();
    for path in directories.into_iter().flatten().filter_map(Value::as_str) {
        let what = match path {
            "." => "the local directory".to_owned(),
            inner => format!("\"{}\"", printable(inner)),
        };
        text.push_str(&format!(
            "approved: {what} of mirror \"{mirror}\" is mirrored as it is there now\n"
        ));
    }
    if told["trash"] == true {
        text.push_str(&format!(
            "approved: mirror \"{mirror}\" tries again whether Box has a trash\n"
        ));
    }
    if text.is_empty() {
        text = format!("nothing in mirror \"{mirror}\" waits for approval\n");
    }
    text
}
