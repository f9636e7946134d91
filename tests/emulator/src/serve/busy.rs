//! What Box still works on after it has answered: until a large move, copy,
//! delete or restore is done, its folders refuse everybody else's changes.

use crate::auth::targets;
use crate::shared::State;
use crate::wire::{ApiError, Call, Method, Operation, Received};
use crate::world::{ItemId, Kind, UserId};

/// The operations that take long when much is in the folder.
const LONG: [&str; 4] = [
    "delete_folders_id",
    "post_folders_id",
    "post_folders_id_copy",
    "put_folders_id",
];

/// One such operation.
pub(crate) struct Work {
    ticket: u64,
    /// Refuses with all below it.
    source: ItemId,
    /// Takes nothing in.
    destination: Option<ItemId>,
}

/// Notes what a request will work on; the ticket is for the end.
pub(super) fn begin(
    state: &mut State,
    operation: &Operation,
    call: &Call,
    body: &Received,
    user: UserId,
) -> Option<u64> {
    if !LONG.contains(&operation.id) {
        return None;
    }
    let mut concerned = concerned(state, operation, call, body, user).into_iter();
    let source = concerned.next()?;
    let ticket = state.busy.last().map_or(0, |work| work.ticket + 1);
    state.busy.push(Work {
        ticket,
        source,
        destination: concerned.next(),
    });
    Some(ticket)
}

/// The work is done.
pub(super) fn end(state: &mut State, ticket: Option<u64>) {
    state.busy.retain(|work| Some(work.ticket) != ticket);
}

/// Refuses with 409 what would change a folder that is being worked on.
pub(super) fn need_idle(
    state: &State,
    operation: &Operation,
    call: &Call,
    body: &Received,
    user: UserId,
) -> Result<(), ApiError> {
    if state.busy.is_empty() || operation.method == Method::Get {
        return Ok(());
    }
    let blocked = |id: ItemId| {
        state.busy.iter().any(|work| {
            let mut lineage = state.world.lineage(id);
            work.destination == Some(id) || lineage.any(|(above, _)| above == work.source)
        })
    };
    let concerned = concerned(state, operation, call, body, user);
    if concerned.into_iter().any(blocked) {
        return Err(ApiError::known(409, "operation_blocked_temporary"));
    }
    Ok(())
}

/// The items that a request names, the one in the path first.
fn concerned(
    state: &State,
    operation: &Operation,
    call: &Call,
    body: &Received,
    user: UserId,
) -> Vec<ItemId> {
    let named = targets(operation, call, body).into_iter();
    let found = named.filter_map(|(kind, id): (Kind, &str)| state.find(user, kind, id));
    found.collect()
}
