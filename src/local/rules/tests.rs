//! Which rule decides: the precedence as a table.

use crate::local::descent::Descent;
use crate::local::error::Error;
use crate::local::rules::{Decision, Rules};
use crate::local::test_rig::{Rig, patterns, patterns_of, rel, rules};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Exclusion;
use crate::model::rules::{Origin, Selection};
use std::os::unix::fs::symlink;
use std::sync::Arc;

/// The word for what is decided about `path`, a directory if it ends in `/`: `+` for kept
/// by a rule, `-` for left out, and the rule or the reason; empty where nothing fits.
fn word(rig: &Rig, rules: &Arc<Rules>, path: &str) -> String {
    let mut descent = Descent::new(Arc::clone(rules));
    let full = rel(path);
    let (dir, _) = full.split().unwrap();
    let level = descent.level(&rig.root, &dir).unwrap();
    match level.decide(full.as_path(), path.ends_with('/')) {
        Decision::Free => String::new(),
        Decision::Kept(rule) => format!("+{} {}", rule.text, rule.origin.code()),
        Decision::Out(Exclusion::Rule(rule)) => format!("-{} {}", rule.text, rule.origin.code()),
        Decision::Out(why) => format!("-{}", why.code()),
    }
}

fn check(exclude: &[&str], path: &str, rule: Option<&str>) {
    let rig = Rig::new();
    let full = rel(path);
    let (dir, _) = full.split().unwrap();
    std::fs::create_dir_all(rig.path(&dir.to_string())).unwrap();
    let selection = Selection {
        exclude: patterns(exclude),
        ..Selection::default()
    };
    let rules = Arc::new(Rules::new(selection, None).unwrap());
    let found = word(&rig, &rules, path);
    let expected = rule.map_or(String::new(), |rule| format!("-{rule} exclude"));
    let found = if found.starts_with('+') {
        String::new()
    } else {
        found
    };
    assert_eq!(found, expected, "{exclude:?} on {path}");
}

#[test]
fn the_grammar_is_that_of_gitignore() {
    check(&["*.tmp"], "a/b.tmp", Some("*.tmp"));
    check(&["/*.tmp"], "a/b.tmp", None);
    check(&["a/*.tmp"], "a/b/c.tmp", None);
    check(&["a/**"], "a/b/c.tmp", Some("a/**"));
    check(&["a/**"], "a/", None);
    check(&["cache/"], "cache", None);
    check(&["cache/"], "x/cache/", Some("cache/"));
    check(&["*.log", "!keep.log"], "keep.log", None);
    check(&["!keep.log", "*.log"], "keep.log", Some("*.log"));
    check(&["# a remark", "", "\\#x"], "#x", Some("\\#x"));
    check(&["build/", "!build/keep"], "build/keep", Some("build/"));
    check(&["build/", "!build/keep"], "a/build/x/keep", Some("build/"));
    check(&["build/*", "!build/keep"], "build/keep", None);
}

#[test]
fn what_is_later_in_the_list_decides() {
    let rig = Rig::new()
        .file(".boxupignore", "*.log\n!*.part\n/only-here\n!keep.tmp\n")
        .file("sub/.boxupignore", "!deep.log\n*.txt\nx/y\n")
        .file("sub/x/f", "")
        .file("sub/low/.boxupignore", "!*.txt\n*.part\n")
        .dir("other/x");
    let selection = Selection {
        exclude: patterns(&["*.tmp", "!.DS_Store", "*.iso"]),
        include: patterns_of("include", &["wanted.*", ".env", "*.iso", "!no.iso"]),
        skip_hidden: true,
        ..Selection::default()
    };
    let rules = Arc::new(Rules::new(selection, None).unwrap());
    for (path, expected) in [
        // Nothing fits.
        ("plain", ""),
        ("other/only-here", ""),
        ("other/x/y", ""),
        // A built-in rule, and what takes back from it.
        ("Thumbs.db", "-Thumbs.db built_in"),
        ("Thumbs.db/", ""),
        ("film.part", "+!*.part boxupignore"),
        ("wanted.crdownload", "+wanted.* include"),
        // `exclude`.
        ("a.tmp", "-*.tmp exclude"),
        ("keep.tmp", "+!keep.tmp boxupignore"),
        ("wanted.tmp", "+wanted.* include"),
        // In the tree, the deepest first.
        ("a.log", "-*.log boxupignore"),
        ("sub/a.log", "-*.log boxupignore"),
        ("sub/deep.log", "+!deep.log boxupignore"),
        ("sub/low/deep.log", "+!deep.log boxupignore"),
        ("deep.log", "-*.log boxupignore"),
        ("only-here", "-/only-here boxupignore"),
        ("sub/a.txt", "-*.txt boxupignore"),
        ("sub/low/a.txt", "+!*.txt boxupignore"),
        ("sub/low/a.part", "-*.part boxupignore"),
        ("sub/x/y", "-x/y boxupignore"),
        ("sub/wanted.txt", "+wanted.* include"),
        // Names with a dot, whatever a weaker list takes back.
        (".bashrc", "-hidden"),
        (".config/", "-hidden"),
        (".DS_Store", "-hidden"),
        (".env", "+.env include"),
        // `!` in `include` leaves out what another pattern of it takes.
        ("a.iso", "+*.iso include"),
        ("no.iso", "-*.iso exclude"),
    ] {
        assert_eq!(word(&rig, &rules, path), expected, "{path}");
    }
}

#[test]
fn the_built_in_rules_go_when_they_are_not_wanted() {
    let rig = Rig::new();
    let selection = Selection {
        default_excludes: false,
        ..Selection::default()
    };
    let rules = Arc::new(Rules::new(selection, None).unwrap());
    assert_eq!(word(&rig, &rules, "Thumbs.db"), "");
}

#[test]
fn our_own_state_comes_back_by_no_rule() {
    let rig = Rig::new().file(".boxupignore", "!state/");
    let selection = Selection {
        include: patterns_of("include", &["state/"]),
        ..Selection::default()
    };
    let rules = Arc::new(Rules::new(selection, Some("/state/".to_owned())).unwrap());
    assert_eq!(word(&rig, &rules, "state/"), "-/state/ own_state");
}

#[test]
fn size_and_tag_leave_out_what_include_does_not_take() {
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# more";
    let rig = Rig::new()
        .file("cache/CACHEDIR.TAG", tag)
        .file("cache/deep/f", "")
        .file("kept/CACHEDIR.TAG", tag)
        .file("fake/CACHEDIR.TAG", "Signature: something else")
        .file("CACHEDIR.TAG", tag);
    let selection = Selection {
        include: patterns_of("include", &["big.iso", "kept/"]),
        max_size: Some(10),
        ..Selection::default()
    };
    let rules = Arc::new(Rules::new(selection, None).unwrap());
    let root = rig.level(&rules, ".");
    let too_large = |name: &str, size| root.too_large(rel(name).as_path(), size);
    assert_eq!(too_large("a.iso", 10), None);
    assert_eq!(too_large("a.iso", 11), Some(Exclusion::TooLarge(10)));
    assert_eq!(too_large("big.iso", 11), None);
    // The root itself was asked for by name.
    assert_eq!(root.shut(), None);
    for (dir, is_shut) in [
        ("cache", true),
        ("cache/deep", true),
        ("kept", false),
        ("fake", false),
    ] {
        let level = rig.level(&rules, dir);
        assert_eq!(level.shut() == Some(&Exclusion::Cache), is_shut, "{dir}");
    }
    let careless = Selection {
        cachedir_tag: false,
        ..Selection::default()
    };
    let rules = Arc::new(Rules::new(careless, None).unwrap());
    assert_eq!(rig.level(&rules, "cache").shut(), None);
}

#[test]
fn names_that_are_not_text_are_matched_by_their_bytes() {
    let rig = Rig::new();
    let path = RelPath::root().join(&LocalName::new(b"\xff\xfe.tmp").unwrap());
    let out = |exclude: &[&str]| {
        rig.level(&rules(exclude), ".")
            .excluded(path.as_path(), false)
    };
    assert!(out(&["*.tmp"]).is_some());
    assert!(out(&["*.txt"]).is_none());
}

#[test]
fn all_bad_patterns_are_told_with_their_places() {
    let exclude = patterns(&["ok", "[z-a]", "*.x", "{a,b", "[open"]);
    let selection = Selection {
        exclude,
        ..Selection::default()
    };
    let wrong = Rules::new(selection, None).unwrap_err();
    let line = |rule: &Origin| rule.place().and_then(|(_, line)| line).unwrap();
    let places: Vec<usize> = wrong.iter().map(|(rule, _)| line(&rule.origin)).collect();
    assert_eq!(places, [2, 4, 5], "{wrong:?}");
    assert!(wrong.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn rules_that_cannot_be_read_are_an_error_and_never_none() {
    type Make = fn(&Rig);
    let make: [(&str, Make); 3] = [
        ("a directory", |rig| {
            std::fs::create_dir(rig.path("sub/.boxupignore")).unwrap();
        }),
        ("a link", |rig| {
            symlink("../f", rig.path("sub/.boxupignore")).unwrap();
        }),
        ("too long", |rig| {
            std::fs::write(rig.path("sub/.boxupignore"), vec![b'x'; (1 << 20) + 1]).unwrap();
        }),
    ];
    for (what, make) in make {
        let rig = Rig::new().file("f", "").dir("sub/low");
        make(&rig);
        let mut descent = Descent::new(rules(&[]));
        for dir in ["sub", "sub/low"] {
            let error = descent.level(&rig.root, &rel(dir)).unwrap_err();
            assert!(matches!(error, Error::Rules { .. }), "{what}: {error}");
        }
        assert!(descent.level(&rig.root, &rel(".")).is_ok());
    }
    let rig = Rig::new().dir("sub").fifo("sub/.boxupignore");
    let mut descent = Descent::new(rules(&[]));
    let error = descent.level(&rig.root, &rel("sub")).unwrap_err();
    assert!(matches!(error, Error::Rules { .. }), "{error}");
}

#[test]
fn a_change_of_the_file_counts_from_the_next_look_on() {
    let rig = Rig::new().dir("sub").file("sub/a", "");
    let rules = rules(&[]);
    assert_eq!(word(&rig, &rules, "sub/a"), "");
    let rig = rig.file("sub/.boxupignore", "a");
    assert_eq!(word(&rig, &rules, "sub/a"), "-a boxupignore");
    std::fs::remove_file(rig.path("sub/.boxupignore")).unwrap();
    assert_eq!(word(&rig, &rules, "sub/a"), "");
}
