//! What came of a decision, in words.

use crate::cli::resolve::cases::Case;
use crate::cli::wording::printable;
use serde_json::Value;

/// Whether what was decided is done.
pub(super) fn is_done(result: &Value) -> bool {
    let result = result["result"].as_str();
    matches!(
        result,
        Some("uploaded" | "new_version" | "adopted" | "left")
    )
}

/// What was done, in words.
pub(super) fn sentence(case: &Case, result: &Value) -> String {
    let word = |key: &str| result[key].as_str().unwrap_or("?");
    let theirs = match &case.item.obstacle {
        Some(seen) => match &seen.version {
            Some(version) => format!("version {version}"),
            None => "what was there".to_owned(),
        },
        None => "what was there".to_owned(),
    };
    let ours = || format!("version {} of file {}", word("version_id"), word("file_id"));
    match word("result") {
        "new_version" => format!("ours is on Box as {}, on top of {theirs}", ours()),
        "uploaded" => {
            let name = printable(word("name"));
            format!(
                "ours is on Box as \"{name}\", {}; theirs is as it was",
                ours()
            )
        }
        "adopted" => format!("Box has our content already: {}", ours()),
        "left" => "Box's side stays as it is. The local file is as it was, and is not sent until \
                   it changes"
            .to_owned(),
        "parked" => format!(
            "it is a conflict again, and nothing was done: {}. Look at it with `boxup conflicts`, \
             then decide anew",
            word("message")
        ),
        "failed" => format!("not yet: {}", word("message")),
        "halted" => format!("the mirror stands still: {}", word("message")),
        _ => word("message").to_owned(),
    }
}
