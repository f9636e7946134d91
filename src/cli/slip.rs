//! What somebody meant who named something that is not there.

use crate::cli::wording::printable;
use crate::config::closest;
use clap::error::{ContextKind, ContextValue};

/// A mistake on the command line, told without what would move the cursor.
pub(crate) fn harmless(mut error: clap::Error) -> clap::Error {
    let spelled = |(kind, value): (ContextKind, &ContextValue)| {
        let told = match value {
            ContextValue::String(text) => ContextValue::String(printable(text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| printable(text)).collect())
            }
            _ => return None,
        };
        (told != *value).then_some((kind, told))
    };
    let spelled: Vec<_> = error.context().filter_map(spelled).collect();
    if !spelled.is_empty() {
        // Advice repeats what was typed.
        error.remove(ContextKind::Suggested);
    }
    for (kind, told) in spelled {
        error.insert(kind, told);
    }
    error
}

/// A sentence about a mirror that is not configured; the command line was wrong.
pub(crate) fn no_mirror<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let typed_out = printable(typed);
    let meant = closest(typed, known.iter().copied());
    let meant = meant.map(|name| format!("did you mean \"{}\"? ", printable(name)));
    let all: Vec<String> = known.iter().map(|name| printable(name)).collect();
    format!(
        "no mirror is named \"{typed_out}\": {}configured: {}",
        meant.unwrap_or_default(),
        all.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::no_mirror;

    #[test]
    fn a_slip_is_told_what_was_meant() {
        for (typed, sentence) in [
            (
                "reprots",
                "no mirror is named \"reprots\": did you mean \"reports\"? configured: reports, b",
            ),
            (
                "photos",
                "no mirror is named \"photos\": configured: reports, b",
            ),
            (
                "x\u{1b}[2J",
                "no mirror is named \"x\\u{1b}[2J\": configured: reports, b",
            ),
        ] {
            assert_eq!(no_mirror(typed, ["reports", "b"]), sentence);
        }
    }
}
