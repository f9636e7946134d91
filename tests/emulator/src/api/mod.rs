//! Box's operations. Each handler names the operation id that it follows.

mod checks;
mod copy;
mod download;
mod fields;
mod files;
mod folders;
mod input;
mod items;
mod preflight;
mod sessions;
mod shape_file;
mod shape_folder;
mod shapes;
mod share;
mod table;
mod trash;
mod trash_items;
mod upload;
mod users;
mod versions;

pub(crate) use checks::not_found;
pub(crate) use download::Downloads;
pub(crate) use preflight::UploadUrls;
pub(crate) use shapes::Lens;
pub(crate) use table::TABLE;

use crate::shared::State;
use crate::wire::{ApiError, Call, Received, Reply};
use crate::world::UserId;

/// What a handler returns.
pub(crate) type Outcome = Result<Reply, ApiError>;
/// A handler: the body is in, the state is locked, nothing waits.
pub(crate) type Handler = fn(&mut Ctx<'_>) -> Outcome;

/// What a handler has at hand.
pub(crate) struct Ctx<'a> {
    /// Box's operation id.
    pub(crate) operation: &'static str,
    pub(crate) state: &'a mut State,
    pub(crate) call: &'a Call,
    pub(crate) body: Received,
    pub(crate) user: UserId,
    pub(crate) now: i64,
}

impl Ctx<'_> {
    /// Notes something odd about this request that Box does not refuse.
    pub(crate) fn remark(&mut self, what: &str) {
        let remark = format!("{}: {what}", self.operation);
        self.state.journal.remark(remark);
    }
}
