//! `boxup notify test`: does a message get through?

use crate::agent::herald;
use crate::cli::exit;
use crate::cli::output::Output;
use crate::cli::wording::printable;
use crate::config::Config;
use serde_json::json;

/// Tries every way that is configured.
pub(super) async fn test(config: Config, as_json: bool, mut output: Output) -> u8 {
    let went = herald::test(&config).await;
    let failed = went.iter().filter(|(_, went)| went.is_err()).count();
    let code = match (went.is_empty(), failed) {
        (false, 0) => exit::OK,
        _ => exit::INCOMPLETE,
    };
    if as_json {
        for (way, went) in &went {
            let line = json!({
                "event": "sent",
                "way": way,
                "ok": went.is_ok(),
                "message": went.as_ref().err(),
            });
            output.say(&format!("{line}\n"));
        }
        let summary = json!({
            "event": "summary",
            "sent": went.len() - failed,
            "failed": failed,
            "exit_code": code,
        });
        output.say(&format!("{summary}\n"));
        return code;
    }
    for (way, went) in &went {
        match went {
            Ok(()) => output.say(&format!("{way}: sent\n")),
            Err(why) => output.relate(&format!("{way}: failed: {}\n", printable(why))),
        }
    }
    if went.is_empty() {
        output.complain(
            "error: nobody is told anything: set command, webhook or heartbeat in [notify]; \
             sync.example.toml explains them\n",
        );
    }
    code
}
