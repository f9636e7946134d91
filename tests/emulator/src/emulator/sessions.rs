//! Upload sessions from the outside: what is open, what came in, and what Box
//! does to them on its own.

use crate::BoxEmulator;
use crate::chunked::Slow;
use crate::clock;
use crate::shared::State;
use crate::world::{Session, Target};

/// An upload session that is neither committed nor aborted, lost or expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id.
    pub id: String,
    /// Login of the account that opened it.
    pub user: String,
    /// The folder that the file is to go to; of a version, only when it moves.
    pub folder: Option<String>,
    /// The file that is to get a version.
    pub file: Option<String>,
    /// The name that the file is to have; of a version, only when it changes.
    pub name: Option<String>,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// How many parts there will be.
    pub total_parts: u64,
    /// In UTC.
    pub expires_at: String,
    /// The parts that are in, by offset.
    pub parts: Vec<StoredPart>,
    /// How often its status was asked for.
    pub status_requests: u64,
    /// How often its parts were listed.
    pub listings: u64,
    /// How often its commit was asked for.
    pub commits: u64,
}

/// A part that Box has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its id.
    pub part_id: String,
    /// Where it begins.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// SHA-1, lower-case hexadecimal.
    pub sha1: String,
}

impl BoxEmulator {
    /// The open upload sessions, in the order of their opening.
    #[must_use]
    pub fn sessions(&self) -> Vec<OpenSession> {
        let state = self.shared.lock();
        let all = state.sessions.all(state.now());
        all.into_iter()
            .map(|(id, session)| describe(&state, id, session))
            .collect()
    }

    /// How many parts were stored in all.
    #[must_use]
    pub fn parts_stored(&self) -> u64 {
        self.shared.lock().sessions.parts_stored
    }

    /// How many bytes of parts were stored in all.
    #[must_use]
    pub fn part_bytes_stored(&self) -> u64 {
        self.shared.lock().sessions.part_bytes
    }

    /// Ends a session's time: from now on it answers 410 `session_expired`.
    ///
    /// # Panics
    /// When there is no such session.
    #[track_caller]
    pub fn expire_session(&self, id: &str) {
        let expired = self.shared.change(|state| {
            let now = state.now();
            let session = state.sessions.get_mut(id);
            session.map(|session| session.expires_at = now)
        });
        assert!(expired.is_some(), "there is no open session '{id}'");
    }

    /// Loses a session with its parts: from now on it answers 404.
    ///
    /// # Panics
    /// When there is no such session.
    #[track_caller]
    pub fn lose_session(&self, id: &str) {
        let lost = self.shared.change(|state| state.sessions.discard(id));
        assert!(lost, "there is no open session '{id}'");
    }

    /// Sets the size of all parts of sessions opened from now on; `None`
    /// chooses by the file's size.
    pub fn set_part_size(&self, bytes: Option<u64>) {
        self.shared
            .change(|state| state.settings.chunked.part_size = bytes);
    }

    /// Sets the smallest file that may be uploaded in parts.
    pub fn set_chunked_minimum(&self, bytes: u64) {
        self.shared
            .change(|state| state.settings.chunked.minimum = bytes);
    }

    /// Says for how long commits are answered with 400 `parts_mismatch`
    /// although nothing is wrong.
    pub fn set_slow_parts(&self, slow: Slow) {
        self.shared
            .change(|state| state.settings.chunked.slow_parts = slow);
    }

    /// Says for how long commits are answered with 202.
    pub fn set_slow_commit(&self, slow: Slow) {
        self.shared
            .change(|state| state.settings.chunked.slow_commit = slow);
    }
}

fn describe(state: &State, id: &str, session: &Session) -> OpenSession {
    let wire = |item: u64| match state.world.get(item) {
        Some(found) if found.parent.is_none() => "0".to_owned(),
        _ => item.to_string(),
    };
    let (folder, file, name) = match &session.target {
        Target::New { folder, name } => (Some(wire(*folder)), None, Some(name.clone())),
        Target::Version { file, name, folder } => {
            (folder.map(wire), Some(wire(*file)), name.clone())
        }
    };
    let user = state.world.user(session.user);
    let parts = session.parts.iter().map(|(offset, part)| StoredPart {
        part_id: part.id.clone(),
        offset: *offset,
        size: part.blob.size,
        sha1: part.blob.sha1.to_string(),
    });
    OpenSession {
        id: id.to_owned(),
        user: user.map_or_else(String::new, |user| user.login.clone()),
        folder,
        file,
        name,
        size: session.size,
        part_size: session.part_size,
        total_parts: session.total_parts(),
        expires_at: clock::rfc3339_utc(session.expires_at),
        parts: parts.collect(),
        status_requests: session.tally.status,
        listings: session.tally.listings,
        commits: session.tally.commits,
    }
}
