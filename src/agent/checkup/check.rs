//! One check's result, as a value.

use crate::model::trouble::{Said, Trouble};
use crate::remote::probe::NoWay;

/// How it went; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// Not looked at, because something else failed.
    Skipped,
    /// It works, and deserves a look.
    Warn,
    /// It does not work.
    Fail,
}

/// What has to be mended, which decides the exit code; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blame {
    /// Some files would not get to Box.
    Files,
    /// A local root.
    Local,
    /// The way to Box, or Box itself.
    Network,
    /// The state directory.
    State,
    /// The token, the account, or what it may do.
    Access,
    /// The configuration, or the mode of a file.
    Config,
}

/// What was looked at, what was found, and what a person must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// Stable, for machines: `token`, `mirror:docs`.
    pub(crate) name: String,
    /// How it went.
    pub(crate) status: Status,
    /// What was found.
    pub(crate) found: String,
    /// The next step, where there is one.
    pub(crate) next: Option<String>,
    /// Box's own words, and what they mean.
    pub(crate) said: Option<Said>,
    /// What has to be mended.
    pub(crate) blame: Option<Blame>,
}

impl Check {
    /// As it should be.
    pub(crate) fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: Status::Ok,
            found: found.into(),
            next: None,
            said: None,
            blame: None,
        }
    }

    /// It works, and deserves a look.
    pub(crate) fn warn(
        name: impl Into<String>,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Warn,
            next: Some(next.into()),
            ..Self::ok(name, found)
        }
    }

    /// It does not work.
    pub(crate) fn fail(
        name: impl Into<String>,
        blame: Blame,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Fail,
            blame: Some(blame),
            ..Self::warn(name, found, next)
        }
    }

    /// Not looked at, because another one failed.
    pub(crate) fn skipped(name: impl Into<String>, because_of: &str) -> Self {
        Self {
            status: Status::Skipped,
            ..Self::ok(name, format!("because of {because_of}"))
        }
    }

    /// Box, or the way there, does not let it work.
    pub(crate) fn trouble(name: impl Into<String>, trouble: &Trouble) -> Self {
        let blame = match trouble {
            Trouble::NoAnswer(_)
            | Trouble::Later(..)
            | Trouble::Busy(..)
            | Trouble::Throttled(..) => Blame::Network,
            Trouble::Refused(said) if is_about_space(said) => Blame::Files,
            Trouble::Unauthorized(_) | Trouble::Gone(_) | Trouble::Refused(_) => Blame::Access,
            Trouble::Session(..)
            | Trouble::NameTaken(..)
            | Trouble::Stale(_)
            | Trouble::Damaged(_)
            | Trouble::Locked(_)
            | Trouble::Full(_)
            | Trouble::LocalChanged
            | Trouble::LocalGone
            | Trouble::LocalRead(_) => Blame::Files,
        };
        match trouble.said() {
            Some(said) => Self::refused(name, blame, said),
            None => {
                let what = match trouble {
                    Trouble::NoAnswer(what) => what.clone(),
                    _ => "it came to no end".to_owned(),
                };
                let next = "Run boxup doctor again; https://status.box.com tells whether Box has \
                            trouble";
                Self::fail(name, blame, what, next)
            }
        }
    }

    /// Box says no, or we do.
    pub(crate) fn refused(name: impl Into<String>, blame: Blame, said: &Said) -> Self {
        let (found, next) = match said.lesson {
            Some(lesson) => (lesson.happened.to_owned(), lesson.next),
            None => (
                said.words(),
                "Look the code up in the README, or ask Box's support with it",
            ),
        };
        Self {
            said: Some(said.clone()),
            ..Self::fail(name, blame, found, next)
        }
    }

    /// There is no way.
    pub(crate) fn no_way(name: impl Into<String>, no_way: &NoWay) -> Self {
        let next = match no_way.next.is_empty() {
            true => "Is this machine online? Run boxup doctor again in a minute",
            false => &no_way.next,
        };
        Self::fail(name, Blame::Network, no_way.what.clone(), next)
    }

    /// The same with another word in place of what was found.
    pub(crate) fn found(self, found: impl Into<String>) -> Self {
        let found = found.into();
        Self { found, ..self }
    }

    /// Several findings under one name: the bad ones come first, and the worst decides.
    pub(crate) fn merged(name: &str, mut findings: Vec<Check>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.status));
        let texts = findings.iter().map(|finding| finding.found.as_str());
        let found = texts.collect::<Vec<_>>().join("; ");
        let steps: Vec<_> = findings.iter().filter_map(|f| f.next.as_deref()).collect();
        let status = findings.first().map_or(Status::Ok, |worst| worst.status);
        Self {
            status,
            next: (!steps.is_empty()).then(|| steps.join(". Then: ")),
            said: findings.iter().find_map(|finding| finding.said.clone()),
            blame: findings.iter().filter_map(|finding| finding.blame).max(),
            ..Self::ok(name, found)
        }
    }

    /// Whether it failed.
    pub(crate) fn is_fail(&self) -> bool {
        self.status == Status::Fail
    }
}

fn is_about_space(said: &Said) -> bool {
    ["storage_limit_exceeded", "file_size_limit_exceeded"].contains(&said.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Blame, Check, Status};

    #[test]
    fn of_several_findings_the_worst_comes_first_and_decides() {
        let merged = Check::merged(
            "state",
            vec![
                Check::ok("", "fine"),
                Check::warn("", "odd", "look"),
                Check::fail("", Blame::State, "broken", "mend"),
            ],
        );
        assert_eq!(merged.status, Status::Fail);
        assert_eq!(merged.found, "broken; odd; fine");
        assert_eq!(merged.next.as_deref(), Some("mend. Then: look"));
        assert_eq!(merged.blame, Some(Blame::State));
        assert_eq!(merged.name, "state");
    }

    #[test]
    fn what_needs_a_person_most_is_the_worst() {
        let order = [
            Blame::Files,
            Blame::Local,
            Blame::Network,
            Blame::State,
            Blame::Access,
            Blame::Config,
        ];
        assert!(order.is_sorted());
    }
}
