//! A file as a person looks at it who has to decide about it.

use crate::model::ids::{FileId, VersionId};
use crate::model::name::RemoteName;
use crate::model::trouble::{Said, Trouble};
use crate::remote::client::BoxClient;
use crate::remote::wire;
use serde_json::Value;

const FIELDS: &str = "type,id,name,size,modified_at,modified_by,file_version,item_status";

/// What a person wants to know of somebody else's copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    /// Its name now.
    pub(crate) name: RemoteName,
    /// Its current version.
    pub(crate) version: Option<VersionId>,
    /// The size of that version in bytes.
    pub(crate) size: Option<u64>,
    /// When it was last changed on Box, as Box writes it.
    pub(crate) modified_at: Option<String>,
    /// Who changed it: name and login.
    pub(crate) author: Option<String>,
}

impl BoxClient {
    /// Looks at a file. (`get_files_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there, in the trash, or not visible.
    pub(crate) async fn glance_at(&self, id: &FileId) -> Result<Glance, Trouble> {
        let mut url = self.hosts.api(&format!("files/{id}"));
        url.query_pairs_mut().append_pair("fields", FIELDS);
        let answer = self.get("get_files_id", url).await?;
        if wire::text(&answer, "item_status").is_some_and(|status| status != "active") {
            let message = "the file is in the trash".to_owned();
            return Err(Trouble::Gone(Said {
                status: 404,
                message,
                ..Said::default()
            }));
        }
        glance(&answer)
            .ok_or_else(|| Trouble::NoAnswer("a file described without its name".to_owned()))
    }
}

fn glance(answer: &Value) -> Option<Glance> {
    let file = wire::file(answer)?;
    Some(Glance {
        name: file.name,
        version: file.version,
        size: file.size,
        modified_at: wire::text(answer, "modified_at"),
        author: answer.get("modified_by").and_then(author),
    })
}

/// Who is behind it; without a login it is an anonymous upload.
fn author(user: &Value) -> Option<String> {
    let part = |key| wire::text(user, key).filter(|text| !text.is_empty());
    match (part("name"), part("login")) {
        (Some(name), Some(login)) => Some(format!("{name} ({login})")),
        (name, login) => name.or(login),
    }
}

#[cfg(test)]
mod tests {
    use super::author;
    use serde_json::json;

    #[test]
    fn an_author_is_named_as_far_as_box_tells() {
        for (user, expected) in [
            (
                json!({"name": "Ann", "login": "a@b.c"}),
                Some("Ann (a@b.c)"),
            ),
            (json!({"name": "Ann"}), Some("Ann")),
            (json!({"name": "", "login": "a@b.c"}), Some("a@b.c")),
            (json!({"id": "", "name": "", "login": ""}), None),
            (json!(null), None),
        ] {
            assert_eq!(author(&user).as_deref(), expected);
        }
    }
}
