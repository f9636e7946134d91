//! Which configuration file is meant.

use crate::config::ConfigError;
use crate::config::environment::Environment;
use crate::config::problem::Problem;
use crate::model::path::printable_path;
use std::path::{Path, PathBuf};

/// What is looked at when nobody named a file and the user has none.
pub(crate) const SYSTEM: &str = "/etc/boxup/sync.toml";

/// The file that `--config` or `$BOXUP_CONFIG` names, whether it exists or not: naming
/// one means this one. Otherwise the first that is there, the user's or the system's.
pub(super) fn locate(
    flag: Option<&Path>,
    env: &Environment,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<PathBuf, ConfigError> {
    if let Some(named) = flag.or_else(|| env.path("BOXUP_CONFIG")) {
        return Ok(named.to_owned());
    }
    let home = || Some(env.absolute_path("HOME")?.join(".config"));
    let user = env.absolute_path("XDG_CONFIG_HOME").map(Path::to_owned);
    let user = user.or_else(home).map(|dir| dir.join("boxup/sync.toml"));
    let tried: Vec<PathBuf> = user.into_iter().chain([SYSTEM.into()]).collect();
    if let Some(found) = tried.iter().find(|path| exists(path)) {
        return Ok(found.clone());
    }
    let list: Vec<String> = tried.iter().map(|path| printable_path(path)).collect();
    Err(ConfigError {
        file: None,
        problems: vec![Problem {
            key: "file".into(),
            line: None,
            what: format!(
                "there is no configuration: --config and $BOXUP_CONFIG name none, and there is \
                 no {}",
                list.join(" and no ")
            ),
            remedy: format!(
                "run boxup init, which asks for what it takes and writes {}; or name yours with \
                 --config FILE",
                list[0]
            ),
        }],
        warnings: Vec::new(),
    })
}
