//! What must hold: after every step, and when everything has come to rest.

use super::super::digest;
use super::cloud::{Item, Version};
use super::world::{LocalFile, World};
use crate::model::ids::FileId;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::conflict::Keep;
use crate::plan::facts::SyncedFile;
use crate::plan::policy::{OnForeign, OnInvalidName};
use crate::plan::transfer::{Base, Reply};

impl World {
    /// Before anything is sent: is it allowed?
    pub(super) fn check_send(&mut self, name: &LocalName, base: Option<&Base>, content: u8) {
        let allowed = match base {
            None => self.may_create(name),
            Some(base) => self.may_supersede(name, base, content),
        };
        let is_cleared = self.running[name].replies.last() == Some(&Reply::Clear);
        let allowed = allowed.and(is_cleared.then_some(()).ok_or("sent without a preflight"));
        if let Err(what) = allowed {
            self.violate(format!("{name:?}: {what}"));
        }
    }

    fn may_create(&self, name: &LocalName) -> Result<(), &'static str> {
        let row = self.mapped.files.get(name);
        let first = row.and_then(|row| self.cloud.any(&row.id));
        // A folder that comes and goes can hide its files from one question only.
        let is_gone = |reply: &Reply| matches!(reply, Reply::Trouble(Trouble::Gone(_)));
        let was_told = self.running[name].replies.iter().any(is_gone);
        let is_ours = first.is_some_and(|item| !item.trashed && !self.is_to_be_kept(name, item));
        match !was_told && is_ours {
            true => Err("a second file, while the first is there"),
            false => Ok(()),
        }
    }

    /// Whether theirs is kept, and ours goes beside it.
    fn is_to_be_kept(&self, name: &LocalName, item: &Item) -> bool {
        let decision = self.running[name].work.decision.as_ref();
        let is_decided = decision.is_some_and(|decision| decision.keep == Keep::Both);
        let is_theirs = item
            .current()
            .is_some_and(|now| (now.writer.as_ref() != Some(name) || now.late) && !now.agreed);
        is_theirs && (is_decided || self.policy.on_remote_change == OnForeign::KeepBoth)
    }

    fn may_supersede(
        &self,
        name: &LocalName,
        base: &Base,
        content: u8,
    ) -> Result<(), &'static str> {
        if !(self.cloud.told).contains(&(base.id.clone(), base.etag.clone())) {
            return Err("a version over a state that we never read");
        }
        if self.is_anothers(name, &base.id) {
            return Err("a version of another local file's");
        }
        let item = self.cloud.any(&base.id);
        let Some(under) = item.and_then(|item| item.version_at(&base.etag)) else {
            return Err("an etag that the file never had");
        };
        let row = self.running[name].work.synced.as_ref();
        let policy = match row.is_some_and(|row| row.id == base.id) {
            true => self.policy.on_remote_change,
            false => self.policy.on_existing,
        };
        let sent = self.sent.get(name);
        let is_by_us = under.writer.as_ref() == Some(name);
        // Bytes that we have seen are not unseen because somebody wrote them again: where
        // Box left the version out, nobody can tell.
        let is_seen =
            row.is_some_and(|row| row.version.is_none() && row.sha1 == digest(under.content));
        let is_ours = is_seen
            || is_by_us
            || under.agreed
            || sent.is_some_and(|sent| sent.contains(&under.content));
        if !is_ours && policy != OnForeign::NewVersion && !self.is_decided(item, under) {
            return Err("a version over somebody else's, against the policy");
        }
        if is_by_us && under.content == content {
            return Err("two versions in a row with the same content");
        }
        Ok(())
    }

    /// Whether a person wanted ours on top of this version of theirs.
    fn is_decided(&self, item: Option<&Item>, version: &Version) -> bool {
        let id = item.map(|item| item.id.to_string());
        self.decided.iter().any(|seen| {
            let number = seen.version.as_ref().map(|number| number.as_str());
            id.as_deref() == Some(&*seen.id) && number == Some(version.id.to_string().as_str())
        })
    }

    /// Nobody else's version has one of ours on top that was not meant for it.
    fn check_theirs(&mut self) {
        let policies = [self.policy.on_existing, self.policy.on_remote_change];
        if policies.contains(&OnForeign::NewVersion) {
            return;
        }
        let is_fine = |item: &Item| {
            item.versions.windows(2).all(|pair| {
                let (theirs, ours) = (&pair[0], &pair[1]);
                let (None, Some(by)) = (&theirs.writer, &ours.writer) else {
                    return true;
                };
                let sent = self.sent.get(by);
                let is_like_ours = sent.is_some_and(|sent| sent.contains(&theirs.content));
                let is_meant = is_like_ours || self.is_decided(Some(item), theirs);
                theirs.agreed || theirs.seen.contains(by) && is_meant
            })
        };
        if let Some(item) = self.cloud.items.iter().find(|item| !is_fine(item)) {
            self.violate(format!(
                "somebody's version was superseded unseen: {item:?}"
            ));
        }
    }

    fn is_anothers(&self, name: &LocalName, id: &FileId) -> bool {
        let mut rows = self.mapped.files.iter();
        rows.any(|(other, row)| other != name && row.id == *id)
    }

    /// Before a row is stored: is it true?
    pub(super) fn check_row(&mut self, name: &LocalName, row: &SyncedFile) {
        let held = self.cloud.any(&row.id).is_some_and(|item| item.held(row));
        if self.is_anothers(name, &row.id) {
            self.violate(format!("{name:?} takes the file of another"));
        }
        if !held {
            return self.violate(format!("a row for {name:?} that was never true: {row:?}"));
        }
        let item = self
            .cloud
            .items
            .iter_mut()
            .find(|item| item.file_id() == row.id);
        let etag = row.etag.clone();
        if let (Some(item), Some(etag)) = (item, etag) {
            let at = item
                .etags
                .iter()
                .find(|e| e.0.to_string() == etag.as_str())
                .copied();
            if let Some((_, version)) = at {
                item.versions[version].agreed = true;
            }
        }
    }

    /// After every step.
    pub(super) fn check_step(&mut self) {
        if self.queue.is_idle() != (self.jobs == 0) {
            self.violate(format!("{} jobs by the caller's count", self.jobs));
        }
        if self.queue.running() != self.running.len() {
            self.violate("the queue does not know what runs");
        }
        let twice = self.cloud.items.iter().find(|item| {
            item.versions.windows(2).any(|pair| {
                pair[0].writer.is_some()
                    && pair[0].writer == pair[1].writer
                    && pair[0].content == pair[1].content
            })
        });
        if let Some(item) = twice {
            let what = format!("two versions in a row with the same content: {item:?}");
            self.violate(what);
        }
    }

    /// At rest: every file is on Box, or it is known why not.
    pub(super) fn check_rest(&mut self) {
        self.check_theirs();
        for (name, file) in self.disk.clone() {
            let parked = self.mapped.parked.get(&name).map(|item| item.code.clone());
            let fine = match &parked {
                Some(code) => self.is_parked_rightly(&name, &file, code),
                None => self.is_on_box(&name, &file),
            };
            if !fine {
                let row = self.mapped.files.get(&name);
                let item = row.and_then(|row| self.cloud.any(&row.id));
                let what = format!("{name:?} {file:?}: parked {parked:?}, row {row:?}, {item:?}");
                self.violate(what);
            }
        }
    }

    fn is_on_box(&self, name: &LocalName, file: &LocalFile) -> bool {
        let Some(row) = self.mapped.files.get(name) else {
            return false;
        };
        let Some(item) = self.cloud.any(&row.id) else {
            return false;
        };
        let decision = self.mapped.decisions.get(name);
        let is_left = decision.is_some_and(|known| known.left == Some(digest(file.content)));
        let is_known = is_left || row.sha1 == digest(file.content);
        let agrees = is_known && row.stamp.same_file_state(&file.stamp);
        let now = item.current();
        // What others did to a file that has not changed here since is not looked for.
        let by_others = item.trashed
            || now.is_some_and(|now| now.late || now.writer.is_none() && !now.seen.contains(name));
        let is_there = is_left || now.is_some_and(|now| now.content == file.content);
        agrees && (is_there || by_others)
    }

    fn is_parked_rightly(&self, name: &LocalName, file: &LocalFile, code: &str) -> bool {
        let key = |name: &LocalName| RemoteName::for_local(name).unwrap().sibling_key();
        let own = RemoteName::for_local(name).unwrap();
        let at_name = self.cloud.named(&own);
        let at_name = self.cloud.named(&own.apart(name)).or(at_name);
        let row = self.mapped.files.get(name);
        let item = row.and_then(|row| self.cloud.any(&row.id));
        let is_foreign = |item: &Item| {
            let now = item.current();
            now.is_some_and(|now| {
                let is_ours = now.writer.as_ref() == Some(name) && !now.late;
                now.content != file.content && !is_ours
            })
        };
        match code {
            // There is another name for it.
            "case_twin" if self.policy.on_invalid_name == OnInvalidName::Encode => false,
            "case_twin" => {
                let mut others = self.disk.keys().chain(self.mapped.files.keys());
                let is_twin = others.any(|other| other != name && key(other) == key(name));
                is_twin || at_name.is_some_and(|item| self.is_anothers(name, &item.file_id()))
            }
            "differs_on_box" => {
                let is_policy = self.policy.on_existing == OnForeign::Park;
                is_policy && at_name.is_some_and(is_foreign)
            }
            "changed_on_box" => {
                let is_policy = self.policy.on_remote_change == OnForeign::Park;
                is_policy && item.is_some_and(is_foreign)
            }
            "gone_from_box" => {
                let is_policy = self.policy.on_remote_change == OnForeign::Park;
                is_policy && item.is_some_and(|item| item.trashed)
            }
            "name_taken" => at_name.is_some_and(|item| item.versions.is_empty()),
            "wrong_reply" => self.lied_about.contains(name),
            _ => false,
        }
    }
}
