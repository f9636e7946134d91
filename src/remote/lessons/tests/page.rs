//! `docs/box-errors.md` is this table, written out.

use super::super::{Place, Row, SignIn, TABLE};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "\
# Box's errors

What each error of Box means, the likely causes in the order in which to check them, and the
next step, as boxup tells them. This page is written by `BOXUP_GOLDEN=write cargo test --lib
box_errors`.
";

/// What a row knows an error by.
fn signs(row: &Row) -> String {
    let quoted = |words: &[&str], mark: &str| -> Vec<String> {
        words
            .iter()
            .map(|word| format!("{mark}{word}{mark}"))
            .collect()
    };
    let codes = quoted(row.codes, "`");
    let texts = quoted(row.texts, "\"");
    let mut parts: Vec<String> = [codes.join(", "), texts.join(", ")].into();
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        parts.push(match row.status {
            (0, _) => "any other".to_owned(),
            (from, to) if from == to => format!("status {from}"),
            (from, to) => format!("status {from} to {to}"),
        });
    }
    let mut signs = parts.join(" with ");
    if let Some(method) = row.method {
        signs += match method {
            SignIn::ClientCredentials => ", signing in by client credentials",
            SignIn::Jwt => ", signing in by a key pair",
            SignIn::OAuth2 => ", signing in by a login",
            SignIn::DeveloperToken => ", signing in by a developer token",
        };
    }
    signs
}

fn title(place: Place) -> &'static str {
    match place {
        Place::Token => "When a token is asked for",
        Place::Api => "When something is read or sent",
        Place::Both => "Either",
        Place::Page => "Where something else answers than Box",
        Place::Login => "When the browser comes back from Box",
        Place::Finding => "What boxup finds out itself",
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for place in [
        Place::Token,
        Place::Both,
        Place::Api,
        Place::Login,
        Place::Page,
        Place::Finding,
    ] {
        let _ = writeln!(page, "\n## {}", title(place));
        let rows = TABLE.iter().copied().flatten();
        for row in rows.filter(|row| row.place == place) {
            let lesson = &row.lesson;
            let _ = writeln!(page, "\n**{}**: {}", signs(row), lesson.happened);
            for cause in lesson.causes {
                let _ = write!(page, "\n- {cause}");
            }
            if !lesson.causes.is_empty() {
                page.push('\n');
            }
            let _ = writeln!(page, "\n→ {}.", lesson.next.trim_end_matches('.'));
        }
    }
    page
}

#[test]
fn box_errors_are_told_as_the_table_has_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/box-errors.md");
    let page = page();
    if std::env::var_os("BOXUP_GOLDEN").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page);
}
