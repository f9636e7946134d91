//! The words of the tables: what is known, what Box answers, what is asked, how it ends.
//!
//! A file on Box is `id:content.version.etag`, with `-` for what Box leaves out. The
//! mapped file is `f`, a file that we have no row for `x`.

use super::super::{digest, hashed, name, policy, remote, said, stamp};
use crate::model::ids::{FolderId, VersionId};
use crate::model::item::{Occupant, RemoteFile, RemoteFolder, Seen};
use crate::model::name::RemoteName;
use crate::model::trouble::Trouble;
use crate::plan::action::{FileWork, Listing, synced};
use crate::plan::conflict::{Decision, Keep};
use crate::plan::facts::{Hashed, Intent, Local};
use crate::plan::policy::{OnForeign, Policy};
use crate::plan::transfer::{Ask, Next, Outcome, Reply, Transfer};
use crate::plan::verdict::Verdict;

/// The local file always has this content.
const OURS: u8 = 2;

pub(super) fn ours() -> Hashed {
    hashed(OURS, stamp(OURS, 5), 9)
}

pub(super) fn file(text: &str) -> RemoteFile {
    let (id, rest) = text.split_once(':').unwrap();
    let [content, version, etag]: [&str; 3] =
        rest.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut file = remote(id, version, etag, content.parse().unwrap_or(0), "a");
    file.sha1 = file.sha1.filter(|_| content != "-");
    file.version = file.version.filter(|_| version != "-");
    file.etag = file.etag.filter(|_| etag != "-");
    file
}

/// The same under another name: `y:2.1.1 called a (boxup)`.
fn named(text: &str) -> RemoteFile {
    match text.split_once(" called ") {
        None => file(text),
        Some((text, name)) => RemoteFile {
            name: RemoteName::from_box(name),
            ..file(text)
        },
    }
}

/// `f 3`: about version 3 of `f`; `f`: about `f` being gone.
fn decision(keep: &str, about: &str) -> Decision {
    let (id, version) = about
        .split_once(' ')
        .map_or((about, None), |(id, v)| (id, Some(v)));
    Decision {
        keep: match keep {
            "local" => Keep::Local,
            "box" => Keep::Box,
            _ => Keep::Both,
        },
        seen: Seen {
            id: id.into(),
            version: version.map(VersionId::new),
        },
        left: None,
    }
}

/// What is known before: `known f:1.1.1`, `existing x:3.1.1`, `intent 5`, `parked`,
/// `local f 3` (decided so about version 3 of `f`).
pub(super) fn work(before: &str) -> FileWork {
    let mut work = FileWork {
        name: name("a"),
        remote_name: RemoteName::from_box("a"),
        stamp: ours().stamp,
        hashed: None,
        synced: None,
        existing: None,
        intent: None,
        decision: None,
        shown: Some(ours().stamp),
        restless: false,
        doubtful: ["local ", "box ", "both "]
            .iter()
            .any(|keep| before.contains(keep))
            || before.contains("intent")
            || before.contains("parked"),
        changes: 0,
        listing: Listing::AsKnown,
        distrust: before.contains("lost"),
    };
    for part in before.split(", ").filter(|part| !part.is_empty()) {
        match part.split_once(' ') {
            Some(("known", had)) => {
                let content = had.as_bytes()[2] - b'0';
                let then = hashed(content, stamp(content, 1), 1);
                work.synced = Some(Box::new(synced(&file(had), &then)));
            }
            Some((keep @ ("local" | "box" | "both"), about)) => {
                work.decision = Some(Box::new(decision(keep, about)));
            }
            Some(("existing", held)) => work.existing = Some(Box::new(file(held))),
            Some((_, sent)) => {
                work.intent = Some(Intent {
                    sha1: digest(sent.parse().unwrap()),
                    apart: false,
                })
            }
            None => {}
        }
    }
    work
}

pub(super) fn reply(text: &str) -> Reply {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let folder = || RemoteFolder {
        id: FolderId::new("8"),
        etag: None,
        name: RemoteName::from_box("A"),
    };
    Reply::Trouble(match word {
        "clear" => return Reply::Clear,
        "stored" => return Reply::Stored(named(rest), ours()),
        "hashed" => return Reply::Hashed(ours()),
        "file" => return Reply::File(named(rest)),
        "owner" => return Reply::Owner(Some(rest.to_owned()).filter(|name| name != "-")),
        "visible" => return Reply::RootVisible,
        "taken" if rest == "-" => Trouble::NameTaken(said(409), None),
        "taken" if rest == "folder" => {
            Trouble::NameTaken(said(409), Some(Occupant::Folder(folder())))
        }
        "taken" => Trouble::NameTaken(said(409), Some(Occupant::File(named(rest)))),
        "stale" => Trouble::Stale(said(412)),
        "gone" => Trouble::Gone(said(404)),
        "later" => Trouble::Later(said(503), None),
        "throttled" => Trouble::Throttled(said(429), None),
        "silence" => Trouble::NoAnswer("reset".to_owned()),
        "refused" => Trouble::Refused(said(403)),
        "changed" => Trouble::LocalChanged,
        "vanished" => Trouble::LocalGone,
        _ => Trouble::Unauthorized(said(401)),
    })
}

/// The new file's name, where it is not the local one.
fn spelled(name: &RemoteName) -> String {
    match name.as_str() {
        "a" => String::new(),
        other => format!(" {other}"),
    }
}

fn tell(ask: &Ask) -> String {
    match ask {
        Ask::PreflightNew(name) => format!("preflight{}", spelled(name)),
        Ask::PreflightVersion(id) => format!("preflight {id}"),
        Ask::SendNew(name) => format!("send{}", spelled(name)),
        Ask::SendVersion(base) => format!("send {} {}", base.id, base.etag),
        Ask::Read(id) => format!("read {id}"),
        Ask::Owner(id) => format!("owner {id}"),
        Ask::FolderOwner(id) => format!("owner {id}"),
        Ask::Root => "root".to_owned(),
        Ask::Hash => "hash".to_owned(),
    }
}

fn tell_end(outcome: &Outcome) -> String {
    let with = |word: &str, file: &RemoteFile| format!("{word} {}", file.id);
    match outcome {
        Outcome::Uploaded(file, _) => with("uploaded", file),
        Outcome::NewVersion(file, _) => with("new version", file),
        Outcome::Adopted(file, _) => with("adopted", file),
        Outcome::Landed(file) => with("landed", file),
        Outcome::Unchanged(_) => "unchanged".to_owned(),
        Outcome::Left(Some(file), _) => with("left", file),
        Outcome::Left(None, _) => "left".to_owned(),
        Outcome::Parked(why) => format!("parked {}", why.code()),
        Outcome::RootGone(_) => "root gone".to_owned(),
        Outcome::Verdict(Verdict::Retry { .. }) => "retry".to_owned(),
        Outcome::Locked(id, _) => format!("locked {id}"),
        Outcome::Verdict(Verdict::Busy { .. }) => "busy".to_owned(),
        Outcome::Verdict(Verdict::Full(_)) => "full".to_owned(),
        Outcome::Verdict(Verdict::Throttled(_)) => "throttled".to_owned(),
        Outcome::Verdict(Verdict::Park(why)) => format!("parked {}", why.code()),
        Outcome::Verdict(Verdict::Unauthorized(_)) => "unauthorized".to_owned(),
        Outcome::Verdict(Verdict::Vanished) => "vanished".to_owned(),
        Outcome::Verdict(Verdict::Fail(why)) => format!("failed {}", why.code()),
    }
}

/// `script` is what is asked and answered, then how it ends.
pub(super) fn check(on_foreign: OnForeign, before: &str, script: &str) {
    check_both(on_foreign, on_foreign, before, script);
}

pub(super) fn check_both(on_existing: OnForeign, on_change: OnForeign, before: &str, script: &str) {
    play(
        policy(on_existing, on_change),
        ours().into(),
        before,
        script,
    );
}

/// As [`check`], for a file that nobody has read yet.
pub(super) fn check_unread(on_foreign: OnForeign, before: &str, script: &str) {
    let stamp = ours().stamp;
    let local = Local {
        stamp,
        hashed: None,
    };
    play(policy(on_foreign, on_foreign), local, before, script);
}

fn play(policy: Policy, local: Local, before: &str, script: &str) {
    let work = work(before);
    let mut transfer = Transfer::new(&work, local, policy, "1".into());
    let mut next = transfer.start();
    let mut told = Vec::new();
    for step in script.split("; ") {
        match (&next, step.split_once(" > ")) {
            (Next::Ask(ask), Some((_, answer))) => {
                told.push(format!("{} > {answer}", tell(ask)));
                next = transfer.answer(reply(answer));
            }
            (Next::Ask(ask), None) => told.push(format!("{} ?", tell(ask))),
            (Next::End(outcome), _) => told.push(tell_end(outcome)),
        }
    }
    assert_eq!(told.join("; "), script, "{before}");
}
