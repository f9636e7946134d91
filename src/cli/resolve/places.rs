//! Which entry of which mirror a person means by a path.

use crate::cli::wording::printable_path;
use crate::config::Local;
use crate::model::path::RelPath;
use std::path::Path;

/// Where a path may be meant to be: below the working directory, or below a mirror's name.
pub(crate) fn of(local: &Local, path: &Path) -> Vec<(usize, RelPath)> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let above = absolute
        .parent()
        .and_then(|above| std::fs::canonicalize(above).ok());
    let real = above
        .zip(absolute.file_name())
        .map(|(above, name)| above.join(name));
    let mut found = Vec::new();
    for (number, mirror) in local.mirrors.iter().enumerate() {
        let root = std::fs::canonicalize(&mirror.local).ok();
        let by_link = root.zip(real.as_ref());
        let by_link = by_link.and_then(|(root, real)| RelPath::below(&root, real));
        let by_name = || {
            let inner = path.strip_prefix(&mirror.name).ok()?;
            let top = Path::new("/");
            RelPath::below(top, &top.join(inner))
        };
        let here = RelPath::below(&mirror.local, &absolute).or(by_link);
        found.extend(here.map(|below| (0, number, below)));
        found.extend(by_name().map(|below| (1, number, below)));
    }
    found.sort_by_key(|(rank, ..)| *rank);
    found
        .into_iter()
        .map(|(_, number, below)| (number, below))
        .collect()
}

/// The mirrors, for somebody who meant none of them.
pub(crate) fn names(local: &Local) -> String {
    let names = local.mirrors.iter();
    let names: Vec<_> = names
        .map(|mirror| format!("{} ({})", mirror.name, printable_path(&mirror.local)))
        .collect();
    names.join(", ")
}
