//! Comparing folders with Box once more, because somebody has found them to differ. What
//! follows is decided by planning, like everything else.

use crate::agent::engine::Engine;
use crate::agent::engine::status::{Waited, Waiter};
use crate::model::ids::FolderId;
use crate::plan::action::Edit;
use crate::plan::policy::Quiet;
use crate::store::error::Error as StoreError;
use tokio::sync::oneshot;

/// Folders of one mirror to compare again.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// The folders.
    pub(crate) folders: Vec<FolderId>,
    /// Whether these are all, so that the pass may begin.
    pub(crate) is_last: bool,
}

impl Engine {
    /// Notes the folders, and asks for the pass that compares them; its number.
    pub(crate) async fn recompare(
        &mut self,
        mirror: usize,
        folders: Vec<FolderId>,
    ) -> Result<u64, StoreError> {
        let edits = folders.into_iter().map(Edit::Recompare).collect();
        self.store.writer().apply(edits).await?;
        self.request_pass(mirror, Quiet::NONE)
    }

    /// The same for somebody who waits until it is done.
    pub(super) async fn on_again(
        &mut self,
        again: Again,
        answer: oneshot::Sender<Waited>,
    ) -> Result<(), StoreError> {
        let Some(mirror) = self.context.number_of(&again.mirror) else {
            // Whoever has left does not need the answer.
            drop(answer.send(Waited::not_run(&again.mirror)));
            return Ok(());
        };
        if !again.is_last {
            let edits = again.folders.into_iter().map(Edit::Recompare).collect();
            self.store.writer().apply(edits).await?;
            drop(answer.send(Waited::default()));
            return Ok(());
        }
        let pass = self.recompare(mirror, again.folders).await?;
        self.waiters.push(Waiter::of(mirror, pass, answer));
        Ok(())
    }
}
