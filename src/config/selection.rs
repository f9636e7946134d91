//! `[[mirror]]`: what of a directory is wanted.

use crate::config::bandwidth::UNITS;
use crate::config::file::MirrorTable;
use crate::config::pace::span;
use crate::config::problem::Problems;
use crate::config::reader::{Entry, State};
use crate::config::resolve::{World, choice};
use crate::model::path::escaped;
use crate::model::rules::{Origin, Rule, Selection, Symlinks};
use ignore::gitignore::GitignoreBuilder;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

const SYMLINKS: &[(&str, Symlinks)] = &[("skip", Symlinks::Skip), ("follow", Symlinks::Follow)];
/// The longest `min_age`: a year.
const OLDEST: Duration = Duration::from_secs(365 * 86_400);

/// The keys that say which entries are mirrored.
pub(super) fn resolve(
    table: &MirrorTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Selection> {
    let file: Arc<str> = escaped(world.source.as_os_str().as_bytes()).into();
    let default = Selection::default();
    let exclude = patterns("exclude", &table.exclude, &file, problems);
    let include = patterns("include", &table.include, &file, problems);
    let max_size = size(&table.max_size, problems);
    let ages = Duration::ZERO..=OLDEST;
    let min_age = span(&table.min_age, default.min_age, &ages, problems);
    let symlinks = choice(&table.symlinks, SYMLINKS, Some(default.symlinks), problems);
    Some(Selection {
        default_excludes: flag(&table.default_excludes, default.default_excludes)?,
        exclude: exclude?,
        include: include?,
        skip_hidden: flag(&table.skip_hidden, default.skip_hidden)?,
        max_size: max_size?,
        min_age: min_age?,
        cachedir_tag: flag(&table.cachedir_tag, default.cachedir_tag)?,
        one_file_system: flag(&table.one_file_system, default.one_file_system)?,
        symlinks: symlinks?,
    })
}

fn flag(entry: &Entry<bool>, default: bool) -> Option<bool> {
    match entry.state {
        State::Missing => Some(default),
        State::Bad => None,
        State::Set(value) => Some(value),
    }
}

fn patterns(
    key: &'static str,
    entries: &[Entry<String>],
    file: &Arc<str>,
    problems: &mut Problems,
) -> Option<Vec<Arc<Rule>>> {
    let mut rules = Some(Vec::new());
    for entry in entries {
        let fault = entry.get().and_then(|pattern| pattern_fault(pattern));
        if let Some(fault) = fault {
            let remedy = "write it as in a .gitignore, such as \"*.tmp\", \"cache/\" or \"/top\"";
            problems.add(&entry.place, fault, remedy);
            rules = None;
        }
        rules = rules.zip(entry.get()).map(|(mut all, text)| {
            all.push(Arc::new(Rule {
                text: text.as_str().into(),
                origin: Origin::Key {
                    key,
                    file: Arc::clone(file),
                    line: entry.place.line,
                },
            }));
            all
        });
    }
    rules
}

fn pattern_fault(pattern: &str) -> Option<String> {
    if pattern.contains(['\n', '\r']) {
        return Some("it has several lines; each pattern is an element of its own".into());
    }
    let mut rules = GitignoreBuilder::new("/");
    // As strict as the scan, or a run would refuse what was called right here.
    rules.allow_unclosed_class(false);
    let checked = rules.add_line(None, pattern).err();
    checked.map(|error| format!("this is no pattern: {error}"))
}

/// Bytes; `None` inside where there is no limit.
fn size(entry: &Entry<String>, problems: &mut Problems) -> Option<Option<u64>> {
    let text = match &entry.state {
        State::Missing => return Some(None),
        State::Bad => return None,
        State::Set(text) => text,
    };
    let found = bytes(text);
    if found.is_none() {
        problems.add(
            &entry.place,
            format!("{text:?} is no size"),
            "write it like \"2 GiB\", \"500 MB\" or \"100 KiB\"; leave it out for no limit",
        );
    }
    found.map(Some)
}

fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = UNITS
        .iter()
        .find(|(name, _)| *name == unit && !name.ends_with("bit"))?;
    let size = number.parse::<f64>().ok()? * factor;
    // Beyond this a number of bytes is none of a file's.
    let fits = size.is_finite() && (1.0..9e18).contains(&size);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it has been seen to fit"
    )]
    fits.then(|| size.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_a_unit() {
        for (text, expected) in [
            ("2 GiB", Some(2 << 30)),
            ("1.5MiB", Some(3 << 19)),
            ("500 MB", Some(500_000_000)),
            ("1 b", Some(1)),
            ("100", None),
            ("0 B", None),
            ("-1 MB", None),
            ("8 Mbit", None),
            ("MB", None),
            ("", None),
            ("1e30 GB", None),
            ("99999999999999999999 GB", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
