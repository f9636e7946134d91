//! What must be true of upload sessions, whenever the program was killed.

use crate::rig::Rig;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// How the sessions stood after a kill.
#[derive(Default)]
pub(super) struct InParts {
    /// Sessions that Box had opened and nobody knew of: they end by themselves.
    orphans: BTreeSet<String>,
    /// How often each part that Box had was sent, by range: a scenario has one large file.
    stored: BTreeMap<String, usize>,
}

impl InParts {
    /// Looks at Box and at a copy of the mapping, if there is one.
    pub(super) fn of(rig: &Rig, mapping: Option<&Connection>) -> InParts {
        let known = mapping.map(recorded).unwrap_or_default();
        let mut found = InParts::default();
        let sent = sent(rig);
        for session in rig.cloud.sessions() {
            for part in &session.parts {
                let last = part.offset + part.size - 1;
                let range = format!("bytes {}-{last}/{}", part.offset, session.size);
                let times = sent.get(&range).copied().unwrap_or_default();
                found.stored.insert(range, times);
            }
            if !known.contains(&session.id) {
                found.orphans.insert(session.id);
            }
        }
        found
    }
}

/// Parts that Box had are not sent again.
#[track_caller]
pub(super) fn none_sent_again(rig: &Rig, after: &[&InParts]) {
    let total = sent(rig);
    for (part, before) in after.iter().flat_map(|kill| &kill.stored) {
        assert_eq!(total.get(part), Some(before), "sent again: {part:?}");
    }
}

/// No session is left open but what nobody could know of.
#[track_caller]
pub(super) fn none_left_open(rig: &Rig, after: &[&InParts]) {
    for session in rig.cloud.sessions() {
        let is_orphan = after.iter().any(|kill| kill.orphans.contains(&session.id));
        assert!(is_orphan, "left open: {session:?}");
    }
}

/// The sessions that the mapping knows; none before it was made.
fn recorded(mapping: &Connection) -> BTreeSet<String> {
    let Ok(mut query) = mapping.prepare("SELECT box_id FROM session") else {
        return BTreeSet::new();
    };
    let rows = query.query_map([], |row| row.get(0));
    let rows: Result<_, _> = rows.expect("it can be asked").collect();
    rows.expect("it can be read")
}

/// How often each part arrived whole, whatever session it was for.
fn sent(rig: &Rig) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for request in rig.cloud.requests() {
        let is_part = request.operation == "put_files_upload_sessions_id";
        if is_part && request.content_bytes > 0 {
            let range = request.content_range.unwrap_or_default();
            *times.entry(range).or_default() += 1;
        }
    }
    times
}
