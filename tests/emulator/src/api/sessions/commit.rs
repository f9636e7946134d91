//! A session becomes a file, or a version of one.

use serde_json::{Map, Value};

use super::create::fits;
use crate::api::input::Fields;
use crate::api::upload::{VersionChange, entries, store_version};
use crate::api::{Ctx, Outcome};
use crate::wire::{ApiError, Reply, hex_to_base64};
use crate::world::{ItemId, Kind, Part, Session, Target, Times};

const KNOWN: [&str; 2] = ["parts", "attributes"];
/// `description` is what Box's own uploader sends besides the dates.
const KNOWN_ATTRIBUTES: [&str; 4] = [
    "content_created_at",
    "content_modified_at",
    "description",
    "name",
];

/// `post_files_upload_sessions_id_commit`: first the list, then whether Box is
/// done with the parts, then all that a direct upload is checked for.
pub(crate) fn post_files_upload_sessions_id_commit(ctx: &mut Ctx<'_>) -> Outcome {
    ctx.session()?.tally.commits += 1;
    let digest = ctx.call.digest()?;
    let body = ctx.take_fields();
    let fields = Fields(&body);
    ctx.remark_others(&fields, &KNOWN);
    let mut listed = read_parts(&fields)?;
    // Box's own clients send them in order, and no document asks for it.
    if !listed.is_sorted_by_key(|part| part.offset) {
        ctx.remark("the parts of the commit are not in the order of their offsets");
        listed.sort_by_key(|part| part.offset);
    }
    let wishes = Wishes::read(ctx, &fields)?;
    let commit = format!("{digest} {}", Value::from(body.clone()));
    if let Some(reply) = not_ready(ctx, &listed, commit)? {
        return Ok(reply);
    }
    let session = ctx.session()?;
    let (target, size) = (session.target.clone(), session.size);
    let actual = session.sha1().unwrap_or_default();
    if actual != digest {
        return Err(wrong_digest(&actual, &digest));
    }
    let target = wishes.rename(target);
    let target = admit(ctx, target)?;
    fits(ctx, &target, size)?;
    let id = store(ctx, target, &wishes, &digest)?;
    let session = ctx.call.hole(0);
    ctx.state.sessions.close(session);
    Ok(Reply::json(201, entries(ctx, id)))
}

/// A part as the commit lists it.
struct Listed {
    id: String,
    offset: u64,
    size: u64,
    sha1: Option<String>,
    /// As it came, for Box's text.
    json: String,
}

/// The list; a part's `sha1` may be left out.
fn read_parts(fields: &Fields<'_>) -> Result<Vec<Listed>, ApiError> {
    let Some(parts) = fields.value("parts") else {
        return Err(ApiError::missing("parts"));
    };
    let wrong = |what: &str| ApiError::parameter("parts", what);
    let parts = parts
        .as_array()
        .ok_or_else(|| wrong("'parts' must be an array"))?;
    let read = |part: &Value| {
        let object = part
            .as_object()
            .ok_or_else(|| wrong("each of 'parts' must be an object"))?;
        let fields = Fields(object);
        Ok(Listed {
            id: fields.need_text("part_id")?.to_owned(),
            offset: need_size(&fields, "offset")?,
            size: need_size(&fields, "size")?,
            sha1: fields.text("sha1")?.map(str::to_owned),
            json: part.to_string(),
        })
    };
    parts.iter().map(read).collect()
}

fn need_size(fields: &Fields<'_>, name: &str) -> Result<u64, ApiError> {
    fields.size(name)?.ok_or_else(|| ApiError::missing(name))
}

/// What the attributes ask for.
#[derive(Default)]
struct Wishes {
    name: Option<String>,
    created: Option<i64>,
    modified: Option<i64>,
    description: Option<String>,
}

impl Wishes {
    /// The guide lets `attributes` be those of a direct upload; the
    /// specification does not know them.
    fn read(ctx: &mut Ctx<'_>, fields: &Fields<'_>) -> Result<Wishes, ApiError> {
        let attributes: &Map<String, Value> = match fields.value("attributes") {
            None | Some(Value::Null) => return Ok(Wishes::default()),
            Some(Value::Object(attributes)) => attributes,
            Some(_) => {
                let message = "'attributes' must be an object";
                return Err(ApiError::parameter("attributes", message));
            }
        };
        let fields = Fields(attributes);
        ctx.remark_others(&fields, &KNOWN_ATTRIBUTES);
        let name = fields.text("name")?.map(str::to_owned);
        if let Some(name) = &name {
            ctx.need_name(name)?;
        }
        Ok(Wishes {
            name,
            created: fields.date("content_created_at")?,
            modified: fields.date("content_modified_at")?,
            description: fields.text("description")?.map(str::to_owned),
        })
    }

    /// A name in the attributes comes later than the session's, so it counts.
    fn rename(&self, target: Target) -> Target {
        let Some(wish) = &self.name else {
            return target;
        };
        match target {
            Target::New { folder, .. } => Target::New {
                folder,
                name: wish.clone(),
            },
            Target::Version { file, folder, .. } => Target::Version {
                file,
                folder,
                name: Some(wish.clone()),
            },
        }
    }
}

/// Judges the list, and puts the client off as long as the test wants it.
fn not_ready(
    ctx: &mut Ctx<'_>,
    listed: &[Listed],
    commit: String,
) -> Result<Option<Reply>, ApiError> {
    let rules = ctx.state.settings.chunked.clone();
    let now = ctx.now;
    let session = ctx.session()?;
    need_match(session, listed)?;
    let since = now.saturating_sub(session.last_part_at);
    if rules.slow_parts.not_yet(session.tally.lagging, since) {
        session.tally.lagging += 1;
        return Err(mismatch(listed.last().map_or("{}", |part| &part.json)));
    }
    let pending = rules.slow_commit.not_yet(session.tally.pending, since);
    let other = session
        .accepted
        .as_ref()
        .is_some_and(|first| *first != commit);
    if pending {
        session.tally.pending += 1;
        session.accepted = Some(commit);
    }
    if other {
        ctx.remark("a commit repeated after 202 is not the same as before");
    }
    let reply = Reply::empty(202);
    Ok(pending.then(|| match &rules.retry_after {
        Some(seconds) => reply.header("retry-after", seconds),
        None => reply,
    }))
}

/// The list must be all parts of the whole file, each once.
fn need_match(session: &Session, listed: &[Listed]) -> Result<(), ApiError> {
    let mut expected = 0;
    for part in listed {
        let stored = session.parts.get(&part.offset);
        if !stored.is_some_and(|stored| same(stored, part)) {
            return Err(mismatch(&part.json));
        }
        // The same part twice, or one in between missing.
        if part.offset != expected {
            return Err(mismatch(&part.json));
        }
        expected += part.size;
    }
    if expected != session.size {
        let message = format!(
            "the parts have {expected} bytes, the file has {}",
            session.size
        );
        return Err(ApiError::new(400, "parts_mismatch", &message));
    }
    Ok(())
}

fn same(stored: &Part, listed: &Listed) -> bool {
    let sha1 = listed.sha1.as_ref();
    stored.id == listed.id
        && stored.blob.size == listed.size
        && sha1.is_none_or(|sha1| sha1.eq_ignore_ascii_case(&stored.blob.sha1))
}

fn mismatch(part: &str) -> ApiError {
    let message = format!("No matching part found on server for {part}");
    ApiError::new(400, "parts_mismatch", &message)
}

fn wrong_digest(actual: &str, expected: &str) -> ApiError {
    let message = format!(
        "File digest was incorrect. Actual: {} Expected: {}",
        hex_to_base64(actual),
        hex_to_base64(expected)
    );
    ApiError::new(400, "digest_mismatch", &message)
}

/// Whether the target is still there and may be written. Much can happen while
/// a session is open.
fn admit(ctx: &mut Ctx<'_>, target: Target) -> Result<Target, ApiError> {
    let (file, folder) = match &target {
        Target::New { folder, .. } => (None, Some(*folder)),
        Target::Version { file, folder, .. } => (Some(*file), *folder),
    };
    if let Some(file) = file {
        ctx.active(&file.to_string(), Kind::File)?;
        ctx.need_etag(file)?;
        ctx.need(file, |rights| rights.edit)?;
        ctx.need_unlocked(file)?;
    } else if ctx.call.etag("if-match").is_some() {
        ctx.remark("'If-Match' at the commit of a new file is ignored");
    }
    if let Some(folder) = folder {
        if folder != ctx.state.world.root(ctx.user) {
            ctx.active(&folder.to_string(), Kind::Folder)?;
        }
        ctx.need(folder, |rights| rights.upload)?;
    }
    Ok(target)
}

fn store(
    ctx: &mut Ctx<'_>,
    target: Target,
    wishes: &Wishes,
    digest: &str,
) -> Result<ItemId, ApiError> {
    let session = ctx.session()?;
    let parts = session.parts.values().map(|part| part.blob.clone());
    let parts: Vec<_> = parts.collect();
    let blob = crate::spool::join(&parts, digest).map_err(|error| {
        let message = format!("the emulator could not join the parts: {error}");
        ApiError::new(500, "internal_server_error", &message)
    })?;
    // Left out, the time of the upload is taken.
    let modified = wishes.modified.unwrap_or(ctx.now);
    match target {
        Target::New { folder, name } => {
            let times = Times {
                content_created: wishes.created.unwrap_or(ctx.now),
                content_modified: modified,
                ..Times::all(ctx.now)
            };
            let id = ctx.state.new_file(folder, &name, ctx.user, times, blob);
            ctx.describe(id, wishes.description.as_deref().unwrap_or_default());
            Ok(id)
        }
        Target::Version { file, name, folder } => {
            let name = name.or_else(|| Some(ctx.item(file).ok()?.name.clone()));
            let change = VersionChange {
                name,
                folder,
                created: wishes.created,
                modified,
                description: wishes.description.clone(),
            };
            store_version(ctx, file, change, blob);
            Ok(file)
        }
    }
}
