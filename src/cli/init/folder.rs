//! The folder on Box: chosen or given, and seen to be of use.

use crate::agent::setup::{Failed, Guest, folder_name};
use crate::cli::init::attempt::{Refusal, Wish};
use crate::cli::init::draft::Folder;
use crate::cli::init::needs::Need;
use crate::cli::init::{Session, Stop, pick};
use crate::cli::wording::printable;
use crate::model::ids::FolderId;
use crate::model::trouble::Trouble;
use crate::remote::browse::Sight;

impl Session<'_> {
    /// Finds the folder, by asking where it is not given, and looks whether it can be used.
    pub(super) async fn find_folder(&mut self, guest: Option<&Guest>) -> Result<(), Stop> {
        let Some(guest) = guest else {
            if self.draft.folder.is_none() {
                self.ask(Need::Folder).await?;
            }
            return Ok(());
        };
        loop {
            let refusal = match self.choose_folder(guest).await? {
                Ok(()) => match self.look(guest).await {
                    Ok(()) => return Ok(()),
                    Err(refusal) => refusal,
                },
                Err(failed) => Refusal::Box(failed),
            };
            match self.after(refusal, "Choose another folder").await? {
                Wish::Again => {}
                Wish::Change => self.draft.folder = None,
                Wish::Anyway if self.draft.folder.is_none() => {
                    self.ask(Need::Folder).await?;
                    return Ok(());
                }
                Wish::Anyway => return Ok(()),
            }
        }
    }

    async fn choose_folder(&mut self, guest: &Guest) -> Result<Result<(), Failed>, Stop> {
        if let (None, Some(person)) = (&self.draft.folder, &self.person) {
            let name = self.draft.mirror_name().unwrap_or("Mirror").to_owned();
            match pick::pick(person, guest, &name).await? {
                Ok(folder) => self.draft.folder = Some(folder),
                Err(failed) => return Ok(Err(failed)),
            }
        }
        Ok(Ok(()))
    }

    /// Whether files can be put there.
    async fn look(&mut self, guest: &Guest) -> Result<(), Refusal> {
        match self.draft.folder.clone() {
            None => Ok(()),
            Some(Folder::Id(id, _)) => {
                let sight = match guest.folder(&FolderId::new(id.as_str())).await {
                    Ok(sight) => sight,
                    Err(Failed::Trouble(Trouble::Gone(said))) => {
                        let words = said.words();
                        return Err(Refusal::Folder(invisible(guest, &id, &words)));
                    }
                    Err(failed) => return Err(Refusal::Box(failed)),
                };
                self.usable(guest, &sight)?;
                let name = printable(sight.name.as_str());
                self.draft.folder = Some(Folder::Id(id, Some(name)));
                if guest.owns(&sight) {
                    self.warn_of_own_tree(guest);
                }
                Ok(())
            }
            Some(Folder::Path(path)) => {
                let names = path.trim_matches('/').split('/').map(folder_name);
                let names: Result<Vec<_>, _> = names.collect();
                let names = names.map_err(Refusal::Folder)?;
                let trail = guest.follow(&names).await.map_err(Refusal::Box)?;
                self.usable(guest, &trail.last)?;
                if !trail.is_whole {
                    self.output.relate(&format!(
                        "{path} is not on Box yet: the first sync makes it.\n"
                    ));
                }
                if guest.owns(&trail.last) {
                    self.warn_of_own_tree(guest);
                }
                Ok(())
            }
        }
    }

    fn usable(&mut self, guest: &Guest, sight: &Sight) -> Result<(), Refusal> {
        let login = printable(&guest.account.login);
        let (id, name) = (&sight.id, printable(sight.name.as_str()));
        if sight.can_upload == Some(false) {
            return Err(Refusal::Folder(format!(
                "{login} may look into Box folder {id} ({name}) but not put anything into it: in \
                 Box, change its role there to Editor"
            )));
        }
        Ok(())
    }

    /// Files in a service account's own tree are seen by nobody else.
    fn warn_of_own_tree(&mut self, guest: &Guest) {
        if guest.is_service_account() {
            self.output.complain(&own_tree(guest));
        }
    }
}

fn invisible(guest: &Guest, id: &str, said: &str) -> String {
    let login = printable(&guest.account.login);
    format!(
        "Box folder {id} is not there, or {login} cannot see it ({said}). Check the number at the \
         end of the folder's web address; then open the folder in Box, choose Share, and invite \
         {login} as Editor"
    )
}

/// Why nobody will find the files.
fn own_tree(guest: &Guest) -> String {
    let login = printable(&guest.account.login);
    format!(
        "warning: this folder lies in the service account's own tree, where nobody else looks. If \
         people are to see the files, make a folder as yourself, share it with {login} as Editor, \
         and take that one.\n"
    )
}
