//! May the account read and write, and can it use each mirror's folder?
//!
//! No answer of Box lists what a token may do, so the checks ask what an upload would
//! ask, up to the point where something would change.

use crate::agent::checkup::budget::Budget;
use crate::agent::checkup::check::{Blame, Check};
use crate::agent::checkup::memory::Memory;
use crate::agent::checkup::quota::Whose;
use crate::agent::root_job::{self, Unusable};
use crate::config::{Mirror, Target};
use crate::model::ids::FolderId;
use crate::model::name::RemoteName;
use crate::model::trouble::{Said, Trouble};
use crate::remote::account::Account;
use crate::remote::client::BoxClient;
use crate::remote::folders::Described;
use crate::remote::lessons::finding;

/// What is asked for in a preflight. Nothing of that name is ever sent.
const PROBE: &str = "boxup-doctor-preflight";

/// Looks at folders.
pub(crate) struct Visitor<'a> {
    /// Asks.
    pub(crate) client: &'a BoxClient,
    /// How long that may take.
    pub(crate) budget: &'a Budget,
    /// Who asks, where Box tells.
    pub(crate) account: Option<&'a Account>,
}

/// A folder, as far as it could be used.
pub(crate) struct Site {
    /// Its ID; of one that is still to be made, that of the folder above it.
    id: FolderId,
    /// The part of its path that is still to be made.
    missing: Vec<String>,
    /// What Box says about it.
    folder: Result<Described, Trouble>,
    /// Whether Box would take a file.
    preflight: Result<(), Trouble>,
}

/// What became of looking for a mirror's folder.
pub(crate) enum Visited {
    /// It was found, or where it would be.
    Site(Box<Site>),
    /// It could not even be looked for.
    Unusable(Unusable),
}

impl Visitor<'_> {
    /// The account's own root: everybody has one.
    pub(crate) async fn own_root(&self) -> Visited {
        self.site(FolderId::root(), Vec::new()).await
    }

    /// A mirror's folder.
    pub(crate) async fn visit(&self, mirror: &Mirror, memory: &Memory) -> Visited {
        let known = memory.roots.get(&mirror.name);
        match (&mirror.target, known) {
            (Target::Id(id), _) => self.site(id.clone(), Vec::new()).await,
            (Target::Path(_), Some(known)) => self.site(known.folder.clone(), Vec::new()).await,
            (Target::Path(names), None) => match self.walk(names).await {
                Ok((id, missing)) => self.site(id, missing).await,
                Err(why) => Visited::Unusable(why),
            },
        }
    }

    /// As far down as the path exists.
    async fn walk(&self, names: &[RemoteName]) -> Result<(FolderId, Vec<String>), Unusable> {
        let mut at = FolderId::root();
        let mut left = names.iter();
        while let Some(name) = left.next() {
            let listing = async { Ok(root_job::find(self.client, &at, name).await) };
            match self.budget.spend(listing).await?? {
                Some(id) => at = id,
                None => {
                    let missing = std::iter::once(name).chain(left);
                    let missing = missing.map(|name| name.as_str().to_owned());
                    return Ok((at, missing.collect()));
                }
            }
        }
        Ok((at, Vec::new()))
    }

    async fn site(&self, id: FolderId, missing: Vec<String>) -> Visited {
        let folder = self.budget.spend(self.client.describe_folder(&id)).await;
        let preflight = match &folder {
            Ok(_) => self.preflight(&id).await,
            Err(trouble) => Err(trouble.clone()),
        };
        Visited::Site(Box::new(Site {
            id,
            missing,
            folder,
            preflight,
        }))
    }

    async fn preflight(&self, id: &FolderId) -> Result<(), Trouble> {
        let name = RemoteName::from_box(PROBE);
        let asking = self.client.preflight_new(&name, id, 1);
        match self.budget.spend(asking).await {
            // The name is somebody's: that is judged last.
            Ok(_) | Err(Trouble::NameTaken(..)) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Whose space the mirrors use.
    pub(crate) fn whose(&self, visited: &[Visited]) -> Whose {
        let mut whose = Whose::default();
        for visited in visited {
            if let Visited::Site(site) = visited
                && let Ok(folder) = &site.folder
            {
                let is_own = self.is_own(&site.id, folder);
                whose.own |= is_own;
                whose.others |= !is_own;
            }
        }
        whose
    }

    fn is_own(&self, id: &FolderId, folder: &Described) -> bool {
        let own = self.account.map(|account| account.id.as_str());
        *id == FolderId::root() || (own.is_some() && folder.owner.as_deref() == own)
    }

    /// What there is to tell about a mirror's folder.
    pub(crate) fn check(&self, mirror: &Mirror, visited: &Visited) -> Check {
        let name = format!("mirror:{}", mirror.name);
        let site = match visited {
            Visited::Site(site) => site,
            Visited::Unusable(Unusable::Trouble(trouble)) => return Check::trouble(name, trouble),
            Visited::Unusable(Unusable::Halt(halt)) => {
                let next = "Rename that item on Box, or choose another folder_path";
                return Check::fail(name, Blame::Access, halt.to_string(), next);
            }
        };
        match &site.folder {
            Ok(folder) => self.usable(name, site, folder),
            Err(Trouble::Gone(said)) => self.invisible(name, &site.id, said),
            Err(trouble) => Check::trouble(name, trouble),
        }
    }

    fn invisible(&self, name: String, id: &FolderId, said: &Said) -> Check {
        let who = self.who();
        let check = Check::fail(
            name,
            Blame::Access,
            format!("Box folder {id} is not there, or {who} cannot see it"),
            format!(
                "Compare folder_id with the number at the end of the folder's web address; then \
                 open https://app.box.com/folder/{id} as its owner → Share → invite {who} as \
                 Editor"
            ),
        );
        let lesson = finding("folder_invisible");
        let said = Some(Said {
            lesson,
            ..said.clone()
        });
        Check { said, ..check }
    }

    fn usable(&self, name: String, site: &Site, folder: &Described) -> Check {
        let (shown, who, id) = (shown(site, folder), self.who(), &site.id);
        if folder.can_upload == Some(false) {
            return Check::fail(
                name,
                Blame::Access,
                format!("{who} may look into {shown} but not put anything into it"),
                format!(
                    "Open https://app.box.com/folder/{id} as its owner → Share → Manage \
                     Collaborators → {who} → change the role to Editor"
                ),
            );
        }
        if let Err(trouble) = &site.preflight {
            let check = Check::trouble(name, trouble);
            let found = format!("{shown}: {}", check.found);
            return check.found(found);
        }
        if self.client.acts_as_service_account() && self.is_own(id, folder) {
            return own_tree(name, &shown, !site.missing.is_empty(), &who);
        }
        // An Uploader may add files but not change or read them.
        if folder.can_download == Some(false) {
            return Check::warn(
                name,
                format!("{who} may add files to {shown}, but not read them or change them"),
                format!(
                    "New versions need the role Editor: open https://app.box.com/folder/{id} as \
                     its owner → Share → Manage Collaborators → {who} → Editor"
                ),
            );
        }
        let what = match site.missing.is_empty() {
            true => "Box would take a file",
            false => "the first sync will create it",
        };
        Check::ok(name, format!("{shown}: {what}"))
    }

    fn who(&self) -> String {
        let login = self.account.map(|account| account.login.clone());
        login.unwrap_or_else(|| "the account that boxup uses".to_owned())
    }
}

/// People will not see it there: the classic reason why an upload "succeeds" and nobody
/// finds it.
fn own_tree(name: String, shown: &str, is_missing: bool, who: &str) -> Check {
    let is = match is_missing {
        true => "would be made",
        false => "is",
    };
    Check::warn(
        name,
        format!("{shown} {is} in the service account's own tree, where nobody else looks"),
        format!(
            "If people are to see the files: make a folder as yourself, open it → Share → invite \
             {who} as Editor, and put the folder's ID into folder_id"
        ),
    )
}

/// The folder as a person finds it.
fn shown(site: &Site, folder: &Described) -> String {
    let names = folder.path.iter().chain(&site.missing).map(String::as_str);
    let path = names.collect::<Vec<_>>().join("/");
    match site.missing.is_empty() {
        true => format!("{path:?} (folder {})", site.id),
        false => format!("{path:?}"),
    }
}

/// Whether reading and uploading are allowed at all, wherever that may be.
pub(crate) fn scopes(own: &Visited, mirrors: &[Visited]) -> Check {
    const NAME: &str = "scopes";
    let sites: Vec<&Site> = std::iter::once(own)
        .chain(mirrors)
        .filter_map(|visited| match visited {
            Visited::Site(site) => Some(&**site),
            Visited::Unusable(_) => None,
        })
        .collect();
    if sites.iter().any(|site| site.preflight.is_ok()) {
        return Check::ok(NAME, "reading and uploading were both allowed");
    }
    let troubles = || {
        sites
            .iter()
            .filter_map(|site| site.preflight.as_ref().err())
    };
    let lacks = |trouble: &&Trouble| {
        trouble
            .said()
            .is_some_and(|said| said.code == "insufficient_scope")
    };
    if let Some(trouble) = troubles().find(lacks) {
        return Check::trouble(NAME, trouble);
    }
    let is_silence = |trouble: &&Trouble| {
        matches!(
            trouble,
            Trouble::NoAnswer(_) | Trouble::Later(..) | Trouble::Throttled(..)
        )
    };
    match troubles().find(|trouble| is_silence(trouble) || is_fatal(trouble)) {
        Some(trouble) => Check::trouble(NAME, trouble),
        None => Check::ok(NAME, "no scope is missing, as far as Box tells"),
    }
}

/// Nobody lets us in any more.
fn is_fatal(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Unauthorized(_))
}
