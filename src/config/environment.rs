//! The variables that configuration may look at, handed in as a value.
//!
//! Only the program's entry point reads the real environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

/// Environment variables. An empty one counts as unset.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The value of a variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that names a file or directory.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.get(name).map(Path::new)
    }

    /// All variables except these, for a program that is started.
    pub(crate) fn without(&self, names: &[&str]) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let all = self.0.iter().map(|(k, v)| (k.as_os_str(), v.as_os_str()));
        all.filter(|(name, _)| !names.iter().any(|other| OsStr::new(other) == *name))
    }

    /// The same with another value of one variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// A variable that names a place absolutely. The XDG specification wants relative
    /// values ignored: they would mean another place in every working directory.
    pub(crate) fn absolute_path(&self, name: &str) -> Option<&Path> {
        self.path(name).filter(|path| path.is_absolute())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(variables.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

/// Names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;
    use std::path::Path;

    #[test]
    fn empty_is_unset_and_values_are_not_printed() {
        let env = Environment::from_iter([("A", ""), ("B", "canary"), ("C", "/abs")]);
        assert_eq!(env.get("A"), None);
        assert_eq!(env.path("B"), Some(Path::new("canary")));
        assert_eq!(env.absolute_path("B"), None);
        assert_eq!(env.absolute_path("C"), Some(Path::new("/abs")));
        assert!(!format!("{env:?}").contains("canary"));
    }
}
