//! The words of the tables: facts from short texts, and a plan in words.
//!
//! The disk, at 1000 s (a file's times are those of its content, long ago):
//! `a=1` content 1 · `a=1~` touched since · `a=1!` written a moment ago · `a=1^` dated in
//! the future · `a=1%` written a moment ago, as ever · `a=1&` long ago, of a file that was
//! never quiet before · `a=1*` too large · `a=busy` `a=gone` `a=locked` not to be hashed · `a/` a
//! directory · `a-` excluded · `a?` unreadable.
//! The mapping: `a=1` agreed on content 1 · `a=1p` provisional, not due · `a=1q` due ·
//! `a%both` to be kept both, as was decided · `a%2` content 2 is left out, as was decided ·
//! `a<2` content 2 may have been sent · `a<2~` under a name that tells it apart · `a#code` parked, for Box to say when it ends ·
//! `a@code=1` parked until content 1 changes · `a/` a folder · `a/?` one never compared.
//! Box's listing, where there is one: `a=1` · `a=?` without its SHA-1 · `a/` · `a+` a link.

use super::super::{DIR, SECOND, apply, digest, hashed, identity, name, policy, remote, stamp};
use crate::model::ids::{FolderId, FolderKey};
use crate::model::item::{Occupant, RemoteFolder, Seen};
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::Exclusion;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::action::{Action, DirPlan, Edit, FileWork, Report, synced};
use crate::plan::conflict::{CODES, Decision, Keep};
use crate::plan::directory::{plan, suspects};
use crate::plan::facts::{
    Digests, DirFacts, HashError, Intent, Inventory, LocalEntry, LocalKind, Mapped, ParkedItem,
    SyncedFolder,
};
use crate::plan::policy::{OnForeign, Policy, Quiet};
use std::collections::BTreeSet;
use std::time::Duration;

const NOW: i64 = 1_000 * SECOND;

/// What is given: the disk, the mapping, and Box's listing unless the folder was
/// compared before.
pub(super) struct Given {
    pub(super) disk: &'static str,
    pub(super) mapping: &'static str,
    pub(super) listing: Option<&'static str>,
    pub(super) complete: bool,
    pub(super) policy: Policy,
}

pub(super) fn given(disk: &'static str, mapping: &'static str) -> Given {
    let policy = Policy {
        quiet: Quiet {
            settle: Duration::from_secs(2),
            ..Quiet::NONE
        },
        no_room: None,
        distrust: false,
        ..policy(OnForeign::Park, OnForeign::Park)
    };
    Given {
        disk,
        mapping,
        listing: None,
        complete: true,
        policy,
    }
}

pub(super) fn check(disk: &'static str, mapping: &'static str, expected: &str) {
    given(disk, mapping).check(expected);
}

pub(super) fn check_listed(disk: &'static str, listing: &'static str, expected: &str) {
    let listing = Some(listing);
    let given = given(disk, "");
    Given { listing, ..given }.check(expected);
}

impl Given {
    pub(super) fn check(&self, expected: &str) {
        let mut facts = self.facts();
        let digests = self.digests(&facts);
        let planned = plan(DIR, &facts, &digests, &self.policy);
        assert_eq!(tell(&planned), expected, "{} | {}", self.disk, self.mapping);
        for edit in &planned.edits {
            let Edit::Park(_, name, item) = edit else {
                continue;
            };
            // What stood in the way is not forgotten by looking once more.
            let before = facts.mapped.parked.get(name);
            let is_again = before.is_some_and(|before| before.code == item.code);
            let is_conflict = CODES.contains(&item.code.as_str());
            assert!(
                !is_again || !is_conflict || item.obstacle.is_some(),
                "{edit:?}"
            );
        }
        let is_compared = planned.edits.contains(&Edit::Inventoried(DIR));
        for edit in planned.edits {
            apply(&mut facts.mapped, edit);
        }
        if is_compared {
            facts.inventory = None;
        }
        let again = plan(DIR, &facts, &self.digests(&facts), &self.policy);
        let left: Vec<_> = again
            .edits
            .iter()
            .filter(|e| !matches!(e, Edit::Inventoried(_)))
            .collect();
        assert!(
            left.is_empty(),
            "not settled: {} | {}: {left:?}",
            self.disk,
            self.mapping
        );
    }

    fn facts(&self) -> DirFacts {
        let mut local: Vec<LocalEntry> = self.disk.split_whitespace().map(entry).collect();
        local.sort_by(|a, b| a.name.cmp(&b.name));
        let mut mapped = Mapped::default();
        self.mapping
            .split_whitespace()
            .for_each(|token| map(&mut mapped, token));
        let listing = self
            .listing
            .map(|text| Inventory::new(text.split_whitespace().map(listed)));
        DirFacts {
            local,
            complete: self.complete,
            mapped,
            inventory: listing,
            restless: self.restless(),
            now: Nanos(NOW),
            steady: Nanos(NOW),
        }
    }

    /// The files that are marked so.
    fn restless(&self) -> BTreeSet<LocalName> {
        let marked = self.disk.split_whitespace();
        let marked = marked.filter(|token| token.ends_with(['%', '&']));
        marked.map(|token| entry(token).name).collect()
    }

    fn digests(&self, facts: &DirFacts) -> Digests {
        let read = |wanted: LocalName| {
            let mut tokens = self
                .disk
                .split_whitespace()
                .map(|token| (entry(token), token));
            let (found, token) = tokens.find(|(entry, _)| entry.name == wanted).unwrap();
            let LocalKind::File(stamp) = found.kind else {
                panic!("{token} is no file to be read");
            };
            let digest = match token.split_once('=').unwrap().1 {
                "busy" => Err(HashError::Changing),
                "gone" => Err(HashError::Vanished),
                "locked" => Err(HashError::Unreadable("no".to_owned())),
                text => Ok(hashed(content(text), stamp, NOW)),
            };
            (wanted, digest)
        };
        suspects(facts, &self.policy)
            .into_iter()
            .map(read)
            .collect()
    }
}

fn content(text: &str) -> u8 {
    text.trim_end_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap_or(9)
}

fn long_ago(content: u8) -> Stamp {
    stamp(content, i64::from(content) * SECOND)
}

fn entry(token: &str) -> LocalEntry {
    let (text, kind) = if let Some((name, text)) = token.split_once('=') {
        let content = content(text);
        let mut stamp = long_ago(content);
        match text.chars().last() {
            Some('~') => stamp.ctime = Nanos(500 * SECOND),
            Some('!' | '%') => stamp.ctime = Nanos(NOW - SECOND),
            Some('^') => stamp.ctime = Nanos(NOW + 9 * SECOND),
            Some('*') => stamp.size = 60_000_000,
            _ => {}
        }
        (name, LocalKind::File(stamp))
    } else {
        let (name, mark) = token.split_at(token.len() - 1);
        let kind = match mark {
            "/" => LocalKind::Directory(identity(1)),
            "-" => LocalKind::Excluded(Exclusion::SymbolicLink),
            _ => LocalKind::Unreadable("no".to_owned()),
        };
        (name, kind)
    };
    let name = name(&text.replace("\\s", " "));
    LocalEntry { name, kind }
}

fn parked(code: &str, in_the_item: bool) -> ParkedItem {
    ParkedItem {
        code: code.to_owned(),
        message: "as before".to_owned(),
        in_the_item,
        stamp: None,
        obstacle: Some(Seen {
            id: "x".into(),
            version: None,
        }),
        tried_at: Nanos(0),
    }
}

fn map(mapped: &mut Mapped, token: &str) {
    if let Some((text, inventoried)) = (token.strip_suffix("/?").map(|name| (name, false)))
        .or_else(|| token.strip_suffix('/').map(|name| (name, true)))
    {
        let (key, id) = (FolderKey(7), FolderId::new("70"));
        let folder = SyncedFolder {
            key,
            id,
            name: None,
            inventoried,
            identity: Some(identity(1)),
        };
        mapped.folders.insert(name(text), folder);
    } else if let Some((text, decided)) = token.split_once('%') {
        let left = decided.parse().ok().map(digest);
        let decision = Decision {
            keep: left.map_or(Keep::Both, |_| Keep::Box),
            seen: Seen {
                id: "x".into(),
                version: None,
            },
            left,
        };
        mapped.decisions.insert(name(text), decision);
    } else if let Some((text, sent)) = token.split_once('<') {
        let (sha1, apart) = (digest(content(sent)), sent.ends_with('~'));
        mapped.intents.insert(name(text), Intent { sha1, apart });
    } else if let Some((text, code)) = token.split_once('#') {
        mapped.parked.insert(name(text), parked(code, false));
    } else if let Some((text, (code, was))) = token
        .split_once('@')
        .and_then(|(text, rest)| Some((text, rest.split_once('=')?)))
    {
        let stamp = (was != "dir").then(|| long_ago(content(was)));
        let item = ParkedItem {
            stamp,
            ..parked(code, true)
        };
        mapped.parked.insert(name(text), item);
    } else if let Some((text, had)) = token.split_once('=') {
        let content = content(had);
        let file = remote(&format!("f{text}"), "1", "1", content, text);
        let hashed_at = match had.chars().last() {
            Some('p') => NOW - 10 * SECOND,
            _ => NOW - 50 * SECOND,
        };
        let mut row = synced(&file, &hashed(content, long_ago(content), hashed_at));
        row.provisional = had.ends_with(['p', 'q']);
        mapped.files.insert(name(text), row);
    }
}

fn listed(token: &str) -> Occupant {
    let named = RemoteName::from_box;
    if let Some(text) = token.strip_suffix('/') {
        let (id, name) = (FolderId::new("80"), named(text));
        return Occupant::Folder(RemoteFolder {
            id,
            etag: None,
            name,
        });
    }
    if let Some(text) = token.strip_suffix('+') {
        let (kind, id) = ("web_link".to_owned(), "90".to_owned());
        let name = named(text);
        return Occupant::Other { kind, id, name };
    }
    let (text, held) = token.split_once('=').unwrap();
    let mut file = remote(&format!("x{text}"), "1", "1", content(held), text);
    if held == "?" {
        (file.sha1, file.size) = (None, None);
    }
    Occupant::File(file)
}

/// A plan in words.
fn tell(plan: &DirPlan) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(plan.actions.iter().map(tell_action));
    words.extend(plan.reports.iter().map(|(name, report)| match report {
        Report::Adopted(_) => format!("adopt {name}"),
        Report::Excluded(_) => format!("exclude {name}"),
        Report::Failed(why) => format!("fail {name} {}", why.code()),
        Report::Parked(why) => format!("park {name} {}", why.code()),
        Report::Uploaded(..)
        | Report::NewVersion(..)
        | Report::Unchanged
        | Report::Left(_)
        | Report::Trashed(..)
        | Report::FolderKept(_)
        | Report::FolderCreated(..)
        | Report::FolderAdopted(..)
        | Report::Moved(..) => format!("{name} {report:?}"),
    }));
    words.extend(plan.edits.iter().filter_map(|edit| match edit {
        Edit::PutFile(..) | Edit::Park(..) | Edit::UnparkBelow(_) => None,
        Edit::Refresh {
            name, provisional, ..
        } if *provisional => Some(format!("refresh {name} for now")),
        Edit::Refresh { name, .. } => Some(format!("refresh {name}")),
        Edit::Unpark(_, name) => Some(format!("unpark {name}")),
        Edit::Inventoried(_) => Some("compared".to_owned()),
        other @ (Edit::PutFolder { .. }
        | Edit::Recompare(_)
        | Edit::Retry(..)
        | Edit::RetryBelow(_)
        | Edit::Identify(..)
        | Edit::Moving(_)
        | Edit::NotMoving(_)
        | Edit::Moved(_)
        | Edit::Intend(..)
        | Edit::Decide(..)
        | Edit::Undecide(..)
        | Edit::OpenSession(..)
        | Edit::EndSession(..)
        | Edit::EndIntent(..)
        | Edit::Mark(_)
        | Edit::Note(_)
        | Edit::ForgetHistory(_)) => Some(format!("{other:?}")),
    }));
    words.extend(plan.descend.iter().map(|(name, _)| format!("enter {name}")));
    words.extend(plan.unsettled.iter().map(|name| format!("wait {name}")));
    words.extend((plan.unchanged > 0).then(|| format!("unchanged {}", plan.unchanged)));
    words.join("; ")
}

fn tell_action(action: &Action) -> String {
    let work = match action {
        Action::Folder(work) => {
            let known = work.known.as_ref().map(|folder| format!(" {}", folder.id));
            let known = known.unwrap_or_default();
            let apart = spelled(&work.name, &work.remote_name);
            return format!("folder {}{known}{apart}", work.name);
        }
        Action::File(work) => work,
        Action::Move(work) => return format!("move {}", work.name),
    };
    let FileWork {
        name,
        synced,
        existing,
        ..
    } = work;
    let verb = match (synced, existing) {
        (Some(_), _) => "version",
        (None, Some(_)) => "over",
        (None, None) => "upload",
    };
    let doubt = if work.doubtful { " in doubt" } else { "" };
    let read = if work.hashed.is_some() { "" } else { " unread" };
    let rest = if work.restless { " as it is" } else { "" };
    let apart = spelled(name, &work.remote_name);
    format!("{verb} {name}{apart}{doubt}{read}{rest}")
}

/// The name on Box, where it is another.
fn spelled(name: &LocalName, remote: &RemoteName) -> String {
    match (remote.is_apart(), remote.is_that_of(name)) {
        (true, _) => " apart".to_owned(),
        (_, true) => String::new(),
        (_, false) => format!(" as {remote}"),
    }
}
