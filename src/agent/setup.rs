//! Trying a configuration that is being made: who is it, and which folders are there?

use crate::agent::access::{self, Traces};
use crate::agent::root_job::{self, Unusable};
use crate::agent::run::Fatal;
use crate::config::Config;
use crate::model::ids::FolderId;
use crate::model::item::Occupant;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::remote::account::Account;
use crate::remote::browse::Sight;
use crate::remote::client::BoxClient;

/// Somebody whom Box lets in.
pub(crate) struct Guest {
    client: BoxClient,
    /// Who it is.
    pub(crate) account: Account,
}

/// Why there is nobody, or no folder.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It could not even begin.
    Fatal(Fatal),
    /// Box, or the way there, was in the way.
    Trouble(Trouble),
    /// A name on the way is taken by something that is no folder.
    Taken(String),
}

/// Where a path on Box leads.
#[derive(Debug)]
pub(crate) struct Trail {
    /// The deepest folder that is there.
    pub(crate) last: Sight,
    /// Whether that is all of the path.
    pub(crate) is_whole: bool,
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl Guest {
    /// Signs in and asks who it is. Nothing is kept, but for a person's login.
    pub(crate) async fn welcome(config: &Config) -> Result<Self, Failed> {
        let client = access::client(config, Traces::None).map_err(Failed::Fatal)?;
        client.fresh_bearer().await?;
        let account = client.whoami().await?;
        Ok(Self { client, account })
    }

    /// Whether it is an app's own account, which no person looks into.
    pub(crate) fn is_service_account(&self) -> bool {
        self.client.acts_as_service_account()
    }

    /// Whether a folder lies in its own tree.
    pub(crate) fn owns(&self, sight: &Sight) -> bool {
        let is_top = sight.id == FolderId::root();
        is_top || sight.owner.as_deref() == Some(&self.account.id)
    }

    /// One folder.
    pub(crate) async fn folder(&self, id: &FolderId) -> Result<Sight, Failed> {
        let look = self.client.describe_folder(id).await?;
        let name = look.path.last().map_or("", String::as_str);
        Ok(Sight {
            id: id.clone(),
            name: RemoteName::from_box(name),
            can_upload: look.can_upload,
            owner: look.owner,
        })
    }

    /// The folders in a folder, by name.
    pub(crate) async fn folders_in(&self, id: &FolderId) -> Result<Vec<Sight>, Failed> {
        Ok(self.client.sights_in(id).await?)
    }

    /// Follows a path from the account's top folder down, as far as it goes.
    pub(crate) async fn follow(&self, names: &[RemoteName]) -> Result<Trail, Failed> {
        let mut at = FolderId::root();
        let mut is_whole = true;
        for name in names {
            match root_job::find(&self.client, &at, name).await {
                Ok(Some(id)) => at = id,
                Ok(None) => {
                    is_whole = false;
                    break;
                }
                Err(Unusable::Halt(halt)) => return Err(Failed::Taken(halt.to_string())),
                Err(Unusable::Trouble(trouble)) => return Err(trouble.into()),
            }
        }
        let last = self.folder(&at).await?;
        Ok(Trail { last, is_whole })
    }

    /// Makes a folder, or finds the one that has the name already.
    pub(crate) async fn make(&self, name: &RemoteName, parent: &FolderId) -> Result<Sight, Failed> {
        let id = match self.client.create_folder(name, parent).await {
            Ok(folder) => folder.id,
            Err(Trouble::NameTaken(_, Some(Occupant::Folder(folder)))) => folder.id,
            Err(trouble) => return Err(trouble.into()),
        };
        self.folder(&id).await
    }
}

/// A name that Box takes; the error says why it would not.
pub(crate) fn folder_name(text: &str) -> Result<RemoteName, String> {
    let name = LocalName::new(text.as_bytes())
        .ok_or("a name holds no slash, and is neither empty nor a dot or two")?;
    RemoteName::for_local(&name).map_err(|error| error.to_string())
}
