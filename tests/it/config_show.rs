//! `boxup config show` and `boxup config path`: what holds, and where it comes from.

use crate::rig::{Rig, ask};

#[test]
fn every_setting_is_shown_with_its_source_and_no_secret() {
    let rig = Rig::new()
        .exclude(&["*.tmp"])
        .mirror_key("max_size = \"1 GiB\"");
    let shown = rig.run(&["config", "show"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let text = &shown.stdout;
    let has = |line: &str, source: &str| {
        let found = text.lines().find(|found| found.starts_with(line));
        let found = found.unwrap_or_else(|| panic!("no {line} in {text}"));
        assert!(found.ends_with(source), "{found}");
    };
    let line = |key: &str| {
        let file = std::fs::read_to_string(&rig.config.file).expect("read");
        let at = file.lines().position(|line| line.starts_with(key));
        format!("# line {}", at.expect("it is there") + 1)
    };
    has("exclude = [\"*.tmp\"]", &line("exclude"));
    has("max_size = \"1 GiB\"", &line("max_size"));
    has("symlinks = \"skip\"", "# default");
    has("rescan = \"1h\"", "# default");
    has("#   .DS_Store", "Finder");
    let (code, object) = ask(&rig, &["config", "show", "--json"]);
    assert_eq!(code, 0, "{object}");
    let settings = object["settings"].as_array().expect("a list");
    let one = settings
        .iter()
        .find(|one| one["key"] == "mirror[0].symlinks");
    let one = one.expect("it is there");
    assert_eq!(
        (&one["value"], &one["source"]),
        (&"skip".into(), &"default".into())
    );
    assert!(
        object["built_in_rules"]
            .as_array()
            .is_some_and(|rules| rules.len() > 10)
    );
    // The secret of the rig's own sign-in.
    let file = std::fs::read_to_string(&rig.config.file).expect("read");
    let secret = file
        .lines()
        .find_map(|line| line.strip_prefix("client_secret = "));
    let secret = secret
        .expect("the rig signs in by a secret")
        .trim_matches('"');
    assert!(!text.contains(secret) && !object.to_string().contains(secret));
    assert_eq!(rig.cloud.total_requests(), 0);
    assert!(!rig.state().exists(), "it left something behind");
}

#[test]
fn what_is_wrong_is_told_instead() {
    let rig = Rig::new().mirror_key("symlinks = \"folow\"");
    for args in [&["config", "show"][..], &["config", "show", "--json"]] {
        let shown = rig.run(args);
        assert_eq!(shown.code, 78, "{shown:?}");
        assert!(
            shown.stderr.contains("did you mean \"follow\""),
            "{shown:?}"
        );
    }
}

#[test]
fn the_file_that_is_read_is_named() {
    let rig = Rig::new();
    let named = rig.run(&["config", "path"]);
    assert_eq!(named.code, 0, "{named:?}");
    assert_eq!(named.stdout.trim_end(), rig.config.file.to_string_lossy());
    std::fs::remove_file(&rig.config.file).expect("removed");
    let named = rig.run(&["config", "path"]);
    assert_eq!(named.code, 78, "{named:?}");
    assert_eq!(named.stdout.trim_end(), rig.config.file.to_string_lossy());
    assert!(named.stderr.contains("boxup init"), "{named:?}");
}
