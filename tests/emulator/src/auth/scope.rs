//! Scopes: their names, what covers what, and what each allows.

/// What a call does, as far as scopes care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Asks about the account; names no item.
    Ask,
    /// Reads a folder or lists it.
    LookFolder,
    /// Reads a file's description.
    LookFile,
    /// Takes a file's content.
    Download,
    /// Preflights, uploads, makes folders on the way.
    Upload,
    /// Changes a name and nothing else.
    Rename,
    /// Puts into the trash.
    Delete,
    /// Anything else that writes.
    Change,
}

const ALL: &str = "root_readwrite";
const READ: &str = "root_readonly";

/// The scopes of an app, which are good for down-scoping as well.
const STANDARD: [&str; 9] = [
    ALL,
    READ,
    "manage_managed_users",
    "manage_app_users",
    "manage_groups",
    "manage_webhook",
    "manage_enterprise_properties",
    "manage_data_retention",
    "sign_requests.readwrite",
];

/// The scopes for down-scoping alone. All are part of `root_readwrite`.
const NARROW: [&str; 15] = [
    "annotation_edit",
    "annotation_view_all",
    "annotation_view_self",
    "base_explorer",
    "base_picker",
    "base_preview",
    "base_sidebar",
    "base_upload",
    "item_delete",
    "item_download",
    "item_preview",
    "item_read",
    "item_rename",
    "item_share",
    "item_upload",
];

/// Those of them that write: not part of `root_readonly`.
const WRITING: [&str; 6] = [
    "annotation_edit",
    "base_upload",
    "item_delete",
    "item_rename",
    "item_share",
    "item_upload",
];

/// The documented scope of that name.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    let mut all = STANDARD.into_iter().chain(NARROW);
    all.find(|known| *known == name)
}

/// All scopes of a space-separated list, or `None` if one is not documented.
pub(crate) fn list(text: &str) -> Option<Vec<&'static str>> {
    text.split_ascii_whitespace().map(known).collect()
}

/// Whether somebody with these scopes has that one.
pub(crate) fn covers(have: &[&str], scope: &str) -> bool {
    let narrow = NARROW.contains(&scope);
    let reading = scope == READ || narrow && !WRITING.contains(&scope);
    have.contains(&scope)
        || have.contains(&ALL) && (narrow || reading)
        || have.contains(&READ) && reading
}

/// Whether one of these scopes allows that.
pub(crate) fn allow(scopes: &[&str], deed: Deed) -> bool {
    deed == Deed::Ask || scopes.iter().any(|scope| allows(scope, deed))
}

fn allows(scope: &str, deed: Deed) -> bool {
    match scope {
        ALL => true,
        READ => matches!(deed, Deed::LookFolder | Deed::LookFile | Deed::Download),
        "base_upload" | "item_upload" => matches!(deed, Deed::Upload | Deed::LookFolder),
        "base_explorer" | "base_picker" => matches!(deed, Deed::LookFolder | Deed::LookFile),
        "base_preview" | "base_sidebar" | "item_preview" | "item_read" => deed == Deed::LookFile,
        "item_delete" => deed == Deed::Delete,
        "item_download" => deed == Deed::Download,
        "item_rename" => deed == Deed::Rename,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_scopes_cover_the_small_ones() {
        assert!(covers(&[ALL], "item_upload") && covers(&[ALL], READ));
        assert!(covers(&[READ], "item_preview") && !covers(&[READ], "item_upload"));
        assert!(!covers(&[ALL], "manage_webhook") && !covers(&["item_upload"], ALL));
    }

    #[test]
    fn names_are_documented_or_refused() {
        assert_eq!(
            list("item_upload  base_upload").map(|all| all.len()),
            Some(2)
        );
        assert_eq!(list("item_upload all"), None);
    }
}
