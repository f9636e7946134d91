//! Whose something is, in words.

use rustix::process::geteuid;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A user: the name, if the machine's own list has it, else the number.
pub(crate) fn user(uid: u32) -> String {
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&list, uid).map_or_else(|| format!("#{uid}"), str::to_owned)
}

fn named(list: &str, uid: u32) -> Option<&str> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

/// The user that a file or directory belongs to, unless that is this one.
pub(crate) fn other(path: &Path) -> Option<String> {
    let owner = fs::metadata(path).ok()?.uid();
    (owner != geteuid().as_raw()).then(|| user(owner))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_user_is_named_as_the_list_says() {
        let list = "root:x:0:0:root:/root:/bin/sh\nodd\nboxup:x:990:990::/:/bin/false\n";
        assert_eq!(named(list, 0), Some("root"));
        assert_eq!(named(list, 990), Some("boxup"));
        assert_eq!(named(list, 99), None);
    }
}
