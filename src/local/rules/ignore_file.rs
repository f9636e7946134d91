//! `.boxupignore`: the rules that stand in the tree itself.

use crate::local::error::Error;
use crate::local::root::open_at;
use crate::local::rules::patterns::Patterns;
use crate::model::path::{RelPath, escaped};
use crate::model::rules::{IGNORE_FILE, Origin, Rule};
use rustix::fs::{FileType, OFlags, fstat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;

/// Far beyond what a person writes; a longer one is something else.
const LONGEST: u64 = 1 << 20;

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The rules of one such file.
#[derive(Debug)]
pub(super) struct IgnoreFile {
    /// How many bytes of a path from the root lead to the file's directory.
    pub(super) below: usize,
    pub(super) patterns: Patterns,
}

/// A line that is no pattern, for a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Broken(pub(super) String);

/// Reads the file in an open directory; `None` where there is none. What is there and
/// cannot be read is an error: what it would leave out is not known.
pub(super) fn read(
    fd: BorrowedFd<'_>,
    dir: &RelPath,
    on_disk: impl Fn() -> PathBuf,
) -> Result<Option<(IgnoreFile, Vec<Broken>)>, Error> {
    let failed = |why: &str| Error::Rules {
        path: on_disk().join(IGNORE_FILE),
        why: why.to_owned(),
    };
    let file = match open_at(fd, IGNORE_FILE, FLAGS) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(failed("it is a symbolic link")),
        Err(Errno::NXIO | Errno::NODEV) => return Err(failed("it is not a regular file")),
        Err(errno) => return Err(failed(&errno.to_string())),
    };
    let stat = fstat(&file).map_err(|errno| failed(&errno.to_string()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(failed("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let read = File::from(file).take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(&error.to_string()))?;
    if bytes.len() as u64 > LONGEST {
        return Err(failed("it is longer than 1 MiB"));
    }
    Ok(Some(parse(dir, &bytes)))
}

/// The rules in a file's content, and the lines that are none.
fn parse(dir: &RelPath, bytes: &[u8]) -> (IgnoreFile, Vec<Broken>) {
    let shown: Arc<str> = match dir.is_root() {
        true => IGNORE_FILE.into(),
        false => format!("{dir}/{IGNORE_FILE}").into(),
    };
    let mut broken = Vec::new();
    let mut complain = |line: usize, text: &[u8], why: &str| {
        broken.push(Broken(format!(
            "{shown}:{line}: \"{}\" is no pattern, so it leaves nothing out: {why}. Write it as \
             in a .gitignore",
            escaped(text)
        )));
    };
    let mut rules = Vec::new();
    // Some editors begin a file with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(text) => {
                rules.push(Arc::new(Rule {
                    text: text.into(),
                    origin: Origin::InTree {
                        file: Arc::clone(&shown),
                        line: index + 1,
                    },
                }));
            }
            Err(_) => complain(index + 1, line, "it is not UTF-8 text"),
        }
    }
    let (patterns, wrong) = Patterns::new(&rules);
    for (index, why) in wrong {
        let rule = &rules[index];
        let line = rule.origin.place().and_then(|(_, line)| line).unwrap_or(0);
        complain(line, rule.text.as_bytes(), &why);
    }
    let below = dir.as_bytes().len() + usize::from(!dir.is_root());
    (IgnoreFile { below, patterns }, broken)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::local::rules::patterns::Says;
    use crate::local::test_rig::rel;
    use std::path::Path;

    #[test]
    fn lines_are_read_as_git_reads_them() {
        let text = b"\xef\xbb\xbf# a remark\r\n*.log\r\n\n!keep.log\n\\#x\nspace \n\xff\n[z-a]\n";
        let (file, broken) = parse(&rel("a/b"), text);
        assert_eq!(file.below, "a/b/".len());
        for (name, line) in [
            ("x.log", Some((2, true))),
            ("keep.log", Some((4, false))),
            ("#x", Some((5, true))),
            ("space", Some((6, true))),
            ("# a remark", None),
        ] {
            let said = file.patterns.say(Path::new(name), false).map(|says| {
                let (rule, is_out) = match says {
                    Says::Yes(rule) => (rule, true),
                    Says::No(rule) => (rule, false),
                };
                (rule.origin.place().unwrap().1.unwrap(), is_out)
            });
            assert_eq!(said, line, "{name}");
        }
        let broken: Vec<_> = broken.into_iter().map(|line| line.0).collect();
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].starts_with("a/b/.boxupignore:7: \"\\xff\" is no pattern"));
        assert!(broken[1].starts_with("a/b/.boxupignore:8: \"[z-a]\" is no pattern"));
    }
}
