//! Locks on files: who holds one.

use crate::model::ids::FileId;
use crate::model::trouble::Trouble;
use crate::remote::client::BoxClient;
use crate::remote::wire;
use serde_json::Value;

/// The longest name that is worth telling.
const LONGEST: usize = 100;

impl BoxClient {
    /// Who has locked a file, in words that are fit to print; `None` where it is not
    /// locked any more, or Box does not tell. (`get_files_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there or not visible.
    pub(crate) async fn lock_holder(&self, id: &FileId) -> Result<Option<String>, Trouble> {
        let mut url = self.hosts.api(&format!("files/{id}"));
        url.query_pairs_mut().append_pair("fields", "lock");
        let answer = self.get("get_files_id", url).await?;
        Ok(answer.get("lock").and_then(holder))
    }
}

/// Name, login and, if the lock ends by itself, when.
fn holder(lock: &Value) -> Option<String> {
    let by = lock.get("created_by")?;
    let text = |of: &Value, key: &str| wire::text(of, key).map(|text| printable(&text));
    let who = match (text(by, "name"), text(by, "login")) {
        (Some(name), Some(login)) => format!("{name} ({login})"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return None,
    };
    Some(match text(lock, "expired_at") {
        Some(until) => format!("{who}, until {until},"),
        None => who,
    })
}

/// On one line, and short: people choose their names themselves.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::holder;
    use serde_json::json;

    #[test]
    fn a_lock_names_who_holds_it() {
        let lock = |by, until| json!({"type": "lock", "created_by": by, "expired_at": until});
        let both = json!({"name": "Ann\n\u{1b}[2J", "login": "ann@example.com"});
        let until = json!("2030-01-01T00:00:00Z");
        for (lock, expected) in [
            (
                lock(both.clone(), json!(null)),
                Some("Ann[2J (ann@example.com)"),
            ),
            (
                lock(both, until),
                Some("Ann[2J (ann@example.com), until 2030-01-01T00:00:00Z,"),
            ),
            (lock(json!({"login": "b@c"}), json!(null)), Some("b@c")),
            (lock(json!({}), json!(null)), None),
            (json!(null), None),
            (json!("locked"), None),
        ] {
            assert_eq!(holder(&lock).as_deref(), expected, "{lock}");
        }
    }
}
