//! Opening a session, for a new file or for a new version of one.

use serde_json::{Value, json};

use super::show;
use crate::api::checks::ConflictShape;
use crate::api::input::{Fields, parse_id};
use crate::api::preflight::upload_base;
use crate::api::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{ItemId, Kind, NameFault, Session, Target, key, verdict};

const KNOWN: [&str; 3] = ["folder_id", "file_size", "file_name"];
const ID_LENGTH: usize = super::ID_LENGTH;

/// `post_files_upload_sessions`: runs the checks of a preflight.
pub(crate) fn post_files_upload_sessions(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &KNOWN);
    let folder = read_folder(&fields)?.ok_or_else(|| refusal("missing_destination"))?;
    let size = read_size(ctx, &fields)?;
    let name = read_name(ctx, &fields)?.ok_or_else(|| refusal("missing_file_name"))?;
    let folder = destination(ctx, folder)?;
    ctx.need(folder, |rights| rights.upload)?;
    ctx.need_free(folder, &name, None, ConflictShape::Object)?;
    ctx.need_space(folder, size, 0)?;
    open(ctx, Target::New { folder, name }, size)
}

/// `post_files_id_upload_sessions`: a name renames at the commit. The guide
/// knows `folder_id` as well, which moves; the specification does not.
pub(crate) fn post_files_id_upload_sessions(ctx: &mut Ctx<'_>) -> Outcome {
    let file = ctx.target(Kind::File)?;
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &KNOWN);
    let size = read_size(ctx, &fields)?;
    let (name, folder) = (read_name(ctx, &fields)?, read_folder(&fields)?);
    ctx.need(file, |rights| rights.edit)?;
    ctx.need_unlocked(file)?;
    let folder = match folder {
        Some(folder) => {
            let folder = destination(ctx, folder)?;
            ctx.need(folder, |rights| rights.upload)?;
            Some(folder)
        }
        None => None,
    };
    let target = Target::Version { file, name, folder };
    fits(ctx, &target, size)?;
    open(ctx, target, size)
}

/// Whether a target's name is free and its storage suffices.
pub(super) fn fits(ctx: &Ctx<'_>, target: &Target, size: u64) -> Result<(), ApiError> {
    let (folder, name, except, freed) = match target {
        Target::New { folder, name } => (*folder, name.clone(), None, 0),
        Target::Version { file, name, folder } => {
            let item = ctx.item(*file)?;
            let folder = folder.or(item.parent).unwrap_or_default();
            let name = name.clone().unwrap_or_else(|| item.name.clone());
            (folder, name, Some(*file), item.stored())
        }
    };
    ctx.need_free(folder, &name, except, ConflictShape::Object)?;
    ctx.need_space(folder, size, freed)
}

fn open(ctx: &mut Ctx<'_>, target: Target, size: u64) -> Outcome {
    if ctx.state.settings.chunked.conflict {
        refuse_second(ctx, &target, size)?;
    }
    let rules = &ctx.state.settings.chunked;
    let mut session = Session::new(ctx.user, target, size, rules.part_size(size));
    session.expires_at = rules.end(ctx.now);
    session.last_part_at = ctx.now;
    session.base = upload_base(ctx);
    let id = ctx.state.ids.upper(ID_LENGTH);
    let reply = Reply::json(201, show(&id, &session));
    ctx.state.sessions.open(id, session);
    Ok(reply)
}

/// Box's own uploader goes on with the session that this refusal carries.
fn refuse_second(ctx: &Ctx<'_>, target: &Target, size: u64) -> Result<(), ApiError> {
    let open = ctx.state.sessions.all(ctx.now);
    let equivalent = open.into_iter().find(|(_, session)| {
        session.user == ctx.user && session.size == size && same(&session.target, target)
    });
    match equivalent {
        None => Ok(()),
        Some((id, session)) => {
            let context = json!({ "session": show(id, session) });
            Err(ApiError::known(409, "session_conflict").context(context))
        }
    }
}

fn same(a: &Target, b: &Target) -> bool {
    match (a, b) {
        (
            Target::New { folder, name },
            Target::New {
                folder: other_folder,
                name: other_name,
            },
        ) => folder == other_folder && key(name) == key(other_name),
        (Target::Version { file, .. }, Target::Version { file: other, .. }) => file == other,
        _ => false,
    }
}

/// The folder's id, which is looked up later.
fn read_folder<'a>(fields: &Fields<'a>) -> Result<Option<&'a str>, ApiError> {
    match fields.value("folder_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if parse_id(id).is_some() => Ok(Some(id)),
        Some(_) => Err(refusal("invalid_folder_id")),
    }
}

fn read_size(ctx: &Ctx<'_>, fields: &Fields<'_>) -> Result<u64, ApiError> {
    let size = match fields.value("file_size") {
        None | Some(Value::Null) => return Err(refusal("missing_file_size")),
        Some(size) => size.as_u64().filter(|size| i64::try_from(*size).is_ok()),
    };
    let size = size.ok_or_else(|| refusal("invalid_file_size"))?;
    // A file of no bytes has no parts.
    if size < ctx.state.settings.chunked.minimum.max(1) {
        return Err(refusal("file_size_too_small"));
    }
    Ok(size)
}

fn read_name(ctx: &Ctx<'_>, fields: &Fields<'_>) -> Result<Option<String>, ApiError> {
    let name = match fields.value("file_name") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(name)) => name,
        Some(_) => return Err(refusal("item_name_invalid")),
    };
    match verdict(name, ctx.state.settings.refuse_leading_space) {
        Some(NameFault::Empty) => Err(refusal("missing_file_name")),
        _ => ctx.need_name(name).map(|()| Some(name.clone())),
    }
}

/// A folder that is missing or not to be seen has a code of its own here.
fn destination(ctx: &Ctx<'_>, text: &str) -> Result<ItemId, ApiError> {
    ctx.active(text, Kind::Folder).map_err(|error| {
        if error.code() != "not_found" {
            return error;
        }
        let message = format!("Invalid value '{text}'. 'folder_id' with value '{text}' not found");
        let errors =
            json!([{"reason": "invalid_parameter", "name": "folder_id", "message": message}]);
        ApiError::known(404, "invalid_parameter").context(json!({ "errors": errors }))
    })
}

fn refusal(code: &str) -> ApiError {
    ApiError::known(400, code)
}
