//! What is wrong: gathered from how the agent stands, or how a run ended.

use crate::agent::context::Context;
use crate::agent::notice::Ending;
use crate::agent::run::Fatal;
use crate::agent::snapshot::{MirrorNow, Snapshot};
use crate::model::path::{RelPath, shell_word};
use crate::model::reason::FULL;
use crate::model::trouble::Said;
use crate::plan::conflict::CODES;
use crate::plan::facts::ParkedItem;
use crate::plan::guard::Halt;
use crate::plan::herald::{Event, Key, Sight, Trouble};
use crate::remote::auth::file::Error as TokenFileError;
use crate::store::error::Error as StoreError;
use std::collections::BTreeMap;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// So many paths are named.
const NAMED: usize = 10;
/// So many parked entries of a mirror are told apart.
const APART: u32 = 1_000;

/// The code of a mirror whose changes do not get to Box for too long.
const BEHIND: &str = "behind";
/// The code of a state that cannot be used.
const STATE: &str = "state";
const DOCTOR: &str = "boxup doctor tells what is wrong and what to do";
const STATUS: &str = "boxup status tells how it stands";

/// How a service stands; and whether everything is as it should be.
pub(super) fn of_snapshot(
    now: &Snapshot,
    context: &Context,
    stale_after: Duration,
) -> (Sight, bool) {
    let mut sight = Sight {
        configured: context.configured.clone(),
        ..Sight::default()
    };
    for mirror in &now.mirrors {
        // Before its first look is over, a mirror that does not halt may yet do so; and while
        // a person has it paused, nobody knows.
        let is_looked_at = mirror.is_looked_at || mirror.halt.is_some();
        if is_looked_at && mirror.pause.is_none() {
            sight.mirrors.push(mirror.name.clone());
        }
        // What a former run left unfinished is told when this one does not finish it either.
        let lag = match mirror.is_looked_at {
            true => mirror.lag,
            false => mirror.lag.map(|lag| lag.min(now.started.1)),
        };
        of_mirror(mirror, lag, stale_after, &mut sight);
    }
    if let Some(heard) = &now.silence {
        sight.troubles.push(unreachable(heard, Duration::ZERO));
    }
    parked(context, &mut sight);
    let are_looked_at = sight.mirrors.len() == now.mirrors.len();
    // Who has asked for nothing knows nothing about that.
    if !now.is_let_in {
        sight.blind.insert(Event::AuthFailed);
    }
    if !are_looked_at {
        sight.blind.insert(Event::Stale);
        // It may have no more room than the last one had.
        sight.unsure.push(key(Event::Halted, None, STATE));
    }
    // What was given up is not told before it is stale, but a good pass leaves none of it.
    let has_failed = now.mirrors.iter().any(|mirror| mirror.failed > 0);
    let is_well = sight.troubles.is_empty() && are_looked_at && !has_failed;
    (sight, is_well)
}

fn of_mirror(mirror: &MirrorNow, lag: Option<Duration>, stale_after: Duration, sight: &mut Sight) {
    let name = Some(mirror.name.as_str());
    if let Some(halt) = &mirror.halt {
        sight
            .troubles
            .push(halted(&mirror.name, halt, Duration::ZERO));
    }
    if let Some(full) = mirror.no_room.as_ref().filter(|full| full.from_bytes == 0) {
        let next = "make room in the account that its Box folder belongs to";
        sight
            .troubles
            .push(trouble(Event::Halted, name, FULL, &full.message, next));
    }
    if mirror.pause.is_some() || mirror.halt.is_some() {
        // That it falls behind is not told beside that, and is not over either.
        sight.unsure.push(key(Event::Stale, name, BEHIND));
        return;
    }
    if let Some(lag) = lag.filter(|lag| *lag >= stale_after) {
        let span = humantime::format_duration(Duration::from_secs(lag.as_secs()));
        let message = format!("what was saved {span} ago is not on Box yet");
        let mut behind = trouble(Event::Stale, name, BEHIND, &message, STATUS);
        behind.age = lag;
        sight.troubles.push(behind);
    }
}

/// How a run ended. `lag`: for how long not everything has been on Box, for all that is
/// known.
pub(super) fn of_ending(ending: &Ending, context: &Context, lag: Duration) -> Sight {
    let mirrors = context.mirrors.iter().map(|mirror| mirror.name.clone());
    let mut sight = Sight {
        mirrors: mirrors.collect(),
        configured: context.configured.clone(),
        ..Sight::default()
    };
    let halted_ones = ending.halted.iter();
    let halted = halted_ones.map(|(name, halt)| halted(name, halt, lag));
    sight.troubles = halted.collect();
    if let Some(said) = &ending.unauthorized {
        sight.troubles.push(unauthorized(said));
    }
    if let Some(broken) = &ending.broken {
        sight.troubles.push(state(broken));
    }
    if let Some(heard) = &ending.unreachable {
        sight.troubles.push(unreachable(heard, lag));
    }
    let tally = &ending.tally;
    let left = tally.failed + tally.pending;
    let is_cut = ending.cut_short || ending.deferred.is_some();
    // What a person has paused is no trouble.
    let is_explained =
        ending.unreachable.is_some() || ending.unauthorized.is_some() || !ending.paused.is_empty();
    if !is_explained && (left > 0 || is_cut) {
        let message = match ending.deferred {
            Some(wait) => format!(
                "the run ended before everything was on Box, which asks to wait {}",
                humantime::format_duration(Duration::from_secs(wait.as_secs()))
            ),
            None => "the run ended before everything was on Box".to_owned(),
        };
        let mut incomplete = trouble(Event::Stale, None, "incomplete", &message, STATUS);
        (incomplete.count, incomplete.age) = (left.max(1), lag);
        sight.troubles.push(incomplete);
    }
    parked(context, &mut sight);
    let is_whole = ending.unauthorized.is_none()
        && ending.unreachable.is_none()
        && ending.broken.is_none()
        && ending.paused.is_empty()
        && !is_cut;
    if !is_whole {
        sight.blind.extend([Event::Halted, Event::Stale]);
    }
    if !is_whole || !ending.is_let_in {
        sight.blind.insert(Event::AuthFailed);
    }
    sight
}

/// Why a run could not be; nothing where another one is under way.
pub(super) fn of_fatal(fatal: &Fatal) -> Option<Sight> {
    let message = fatal.to_string();
    let found = match fatal {
        Fatal::Store(StoreError::Locked { .. }) | Fatal::TokenFile(TokenFileError::Busy(_)) => {
            return None;
        }
        Fatal::Store(error) => state(error),
        Fatal::TokenFile(TokenFileError::Damaged(_)) => {
            trouble(Event::AuthFailed, None, "unauthorized", &message, DOCTOR)
        }
        Fatal::TokenFile(_) | Fatal::Http(_) | Fatal::Rules(_) | Fatal::Control { .. } => {
            trouble(Event::Halted, None, "cannot_run", &message, DOCTOR)
        }
    };
    let blind = [
        Event::AuthFailed,
        Event::Halted,
        Event::Stale,
        Event::Parked,
    ];
    Some(Sight {
        troubles: vec![found],
        blind: blind.into(),
        ..Sight::default()
    })
}

fn key(event: Event, mirror: Option<&str>, reason: &str) -> Key {
    Key {
        event,
        mirror: mirror.map(str::to_owned),
        reason: reason.to_owned(),
    }
}

fn trouble(event: Event, mirror: Option<&str>, reason: &str, message: &str, next: &str) -> Trouble {
    Trouble {
        key: key(event, mirror, reason),
        message: message.to_owned(),
        next: next.to_owned(),
        count: 1,
        paths: Vec::new(),
        marks: [].into(),
        age: Duration::ZERO,
    }
}

/// Why a mirror stands still. A folder that could not be read this time is Box's silence,
/// which must last.
fn halted(name: &str, halt: &Halt, lag: Duration) -> Trouble {
    if let Halt::FolderUnreadable(_) = halt {
        let words = halt.to_string();
        let mut found = trouble(Event::Stale, Some(name), halt.code(), &words, DOCTOR);
        found.age = lag;
        return found;
    }
    let next = match halt {
        Halt::RootReplaced(..) | Halt::Braked(_) | Halt::Trashless(_) => {
            let name = shell_word(name.as_bytes());
            format!("if it is meant: boxup approve {name}")
        }
        Halt::RootMissing(_) | Halt::RootUnreadable(_) | Halt::RootEmptied(_) => {
            "mount the disk, or correct `local`; the mirror then goes on by itself".to_owned()
        }
        Halt::FolderInvisible(_) | Halt::Misconfigured(_) | Halt::FolderUnreadable(_) => {
            DOCTOR.to_owned()
        }
    };
    let (code, words) = (halt.code(), halt.to_string());
    trouble(Event::Halted, Some(name), code, &words, &next)
}

/// One key whatever the code: what is told may change from try to try.
fn unauthorized(said: &Said) -> Trouble {
    let next = said.lesson.map_or(DOCTOR, |lesson| lesson.next);
    let words = said.to_string();
    trouble(Event::AuthFailed, None, "unauthorized", &words, next)
}

fn unreachable(heard: &str, lag: Duration) -> Trouble {
    let message = format!("Box does not answer: {heard}");
    let mut found = trouble(Event::Stale, None, "unreachable", &message, DOCTOR);
    found.age = lag;
    found
}

fn state(error: &StoreError) -> Trouble {
    let words = error.to_string();
    trouble(Event::Halted, None, STATE, &words, DOCTOR)
}

/// What waits in each mirror, by reason. A database that cannot be read is another
/// trouble, and told as that.
fn parked(context: &Context, sight: &mut Sight) {
    let found = || -> Result<Vec<Trouble>, StoreError> {
        let reader = context.readers.get()?;
        let mut found = Vec::new();
        for mirror in &context.mirrors {
            let Some(root) = reader.root(&mirror.name, &mirror.target_key())? else {
                continue;
            };
            let count = reader.parked_count(root.key)?.cast_unsigned();
            if count > 0 {
                let items = reader.parked_below(root.key, APART)?;
                found.extend(by_reason(&mirror.name, items, count));
            }
        }
        Ok(found)
    };
    match found() {
        Ok(found) => sight.troubles.extend(found),
        Err(error) => {
            tracing::debug!(%error, "notify: what is parked cannot be read");
            sight.blind.insert(Event::Parked);
        }
    }
}

fn by_reason(mirror: &str, items: Vec<(RelPath, ParkedItem)>, count: u64) -> Vec<Trouble> {
    let unseen = count.saturating_sub(items.len() as u64);
    let mut groups: BTreeMap<String, Vec<(RelPath, ParkedItem)>> = BTreeMap::new();
    for (path, item) in items {
        let group = groups.entry(item.code.clone()).or_default();
        group.push((path, item));
    }
    let largest = groups.values().map(Vec::len).max().unwrap_or_default();
    let mut unseen = Some(unseen);
    let each = groups.into_iter().map(|(code, items)| {
        let more = match items.len() == largest {
            true => unseen.take().unwrap_or(0),
            false => 0,
        };
        let first = items.first();
        let message = first.map_or_else(String::new, |(_, item)| item.message.clone());
        let path = first.map_or(&[][..], |(path, _)| path.as_bytes());
        let place = shell_word(&[mirror.as_bytes(), b"/", path].concat());
        let next = match CODES.contains(&code.as_str()) {
            true => "boxup conflicts lists both sides, boxup resolve decides".to_owned(),
            false => format!("boxup explain {place}"),
        };
        let mut found = trouble(Event::Parked, Some(mirror), &code, &message, &next);
        found.count = items.len() as u64 + more;
        found.paths = items
            .iter()
            .take(NAMED)
            .map(|(path, _)| path.to_string())
            .collect();
        // Which of them are new cannot be told where some were not read.
        if items.len() < APART as usize && more == 0 {
            let marks = items.iter().map(|(path, _)| xxh3_64(path.as_bytes()));
            found.marks = marks.collect();
        }
        found
    });
    each.collect()
}
