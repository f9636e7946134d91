//! Mistakes in `[[mirror]]`, each with its key, line and remedy.

use super::mistakes::{check, check_file, check_more};
use super::{GOOD, HOME, resolve_with};
use crate::plan::brake::MaxDeletes;
use crate::plan::policy::OnDelete;

const ID: &str = r#"folder_id = "123456789""#;

#[test]
fn what_is_mirrored() {
    let auth_only = &GOOD[..GOOD.find("[[mirror]]").unwrap()];
    check_file(auth_only, "mirror", None, "add [[mirror]]");
    check("[[mirror]]", "[mirror]", "mirror", 7, "[[mirror]]");
    check(
        "local = \"/srv/reports\"\n",
        "",
        "mirror[0].local",
        7,
        "name the directory",
    );
    check(
        "/srv/reports",
        "~/x",
        "mirror[0].local",
        8,
        "\"/home/anna/x\"",
    );
    check(
        "/srv/reports",
        "/",
        "mirror[0].local",
        8,
        "name = \"reports\"",
    );
    check(
        "/srv/reports",
        "..",
        "mirror[0].local",
        8,
        "name = \"reports\"",
    );
}

#[test]
fn where_it_goes_on_box() {
    check(ID, "", "mirror[0]", 7, "folder_path");
    check(
        ID,
        "folder_id = 123",
        "mirror[0].folder_id",
        9,
        "folder_id = \"123\"",
    );
    let url = "https://app.box.com/folder/1";
    check(
        "123456789",
        url,
        "mirror[0].folder_id",
        9,
        "take the number",
    );
    let both = format!("{ID}\nfolder_path = \"/A\"");
    check(ID, &both, "mirror[0].folder_path", 10, "keep one");
    for bad in [
        "Archive", "/", "//", "/a//b", "/a/../b", "/a /b", "/a\\\\b", "/.",
    ] {
        let path = format!("folder_path = \"{bad}\"");
        check(
            ID,
            &path,
            "mirror[0].folder_path",
            9,
            "\"/Archive/Reports\"",
        );
    }
}

#[test]
fn what_else_a_mirror_says() {
    check_more(
        "on_existing = \"parc\"",
        "mirror[0].on_existing",
        10,
        "\"park\"",
    );
    check_more(
        "on_remote_change = \"newversion\"",
        "mirror[0].on_remote_change",
        10,
        "\"new_version\"",
    );
    check_more(
        "on_invalid_name = \"escape\"",
        "mirror[0].on_invalid_name",
        10,
        "park, encode",
    );
    for bad in ["\"5\"", "\"-1s\"", "\"31d\"", "5"] {
        let line = format!("min_version_interval = {bad}");
        check_more(&line, "mirror[0].min_version_interval", 10, "");
    }
    check_more("name = \"\"", "mirror[0].name", 10, "give it a name");
    check_more(
        "exclude = \"*.tmp\"",
        "mirror[0].exclude",
        10,
        "exclude = [\"*.tmp\"]",
    );
    check_more(
        "exclude = [\n\"ok\",\n\"[z-a]\",\n]",
        "mirror[0].exclude[1]",
        12,
        ".gitignore",
    );
    check_more(
        "exclude = [\n\"ok\",\n3,\n]",
        "mirror[0].exclude[1]",
        12,
        "in quotes",
    );
    check_more(
        "exclude = [\"a\\nb\"]",
        "mirror[0].exclude[0]",
        10,
        ".gitignore",
    );
}

#[test]
fn what_of_it_is_wanted() {
    let check = |line: &str, key: &str, remedy: &str| {
        check_more(line, &format!("mirror[0].{key}"), 10, remedy);
    };
    check("include = \"*.tmp\"", "include", "include = [\"*.tmp\"]");
    check("include = [\"[z-a]\"]", "include[0]", ".gitignore");
    check("max_size = 100", "max_size", "max_size = \"100 MiB\"");
    check("max_size = \"100\"", "max_size", "\"2 GiB\"");
    check("max_size = \"1 Mbit\"", "max_size", "\"2 GiB\"");
    check("min_age = 5", "min_age", "min_age = \"5s\"");
    check("min_age = \"2 years\"", "min_age", "\"0s\" is the default");
    check(
        "skip_hidden = \"true\"",
        "skip_hidden",
        "skip_hidden = true",
    );
    check("default_excludes = 0", "default_excludes", "true or false");
    check("cachedir_tag = \"no\"", "cachedir_tag", "true or false");
    check(
        "one_file_system = \"yes\"",
        "one_file_system",
        "true or false",
    );
    check("symlinks = \"folow\"", "symlinks", "\"follow\"");
}

#[test]
fn what_is_deleted_here() {
    check_more(
        "on_local_delete = \"delete\"",
        "mirror[0].on_local_delete",
        10,
        "one of keep, trash",
    );
    for bad in [
        "\"10\u{a0}%\"",
        "\"101%\"",
        "\"-1\"",
        "-1",
        "\"ten\"",
        "\"+5%\"",
    ] {
        let line = format!("max_deletes = {bad}");
        check_more(&line, "mirror[0].max_deletes", 10, "max_deletes = \"10%\"");
    }
    for bad in ["10.5", "true", "[10]"] {
        let line = format!("max_deletes = {bad}");
        let remedy = "max_deletes = \"10%\" (whole, 0% to 100%) or max_deletes = 500";
        check_more(&line, "mirror[0].max_deletes", 10, remedy);
    }
    let limit = |line: &str| {
        let source = format!("{GOOD}on_local_delete = \"trash\"\n{line}\n");
        let loaded = resolve_with(&source, &HOME, &[]).expect("it is right");
        loaded.config.mirrors[0].on_delete
    };
    for (line, expected) in [
        ("", MaxDeletes::Percent(10)),
        ("max_deletes = \"0%\"", MaxDeletes::Percent(0)),
        ("max_deletes = \"100%\"", MaxDeletes::Percent(100)),
        ("max_deletes = 500", MaxDeletes::Number(500)),
        ("max_deletes = \"500\"", MaxDeletes::Number(500)),
    ] {
        assert_eq!(limit(line), OnDelete::Trash(expected), "{line}");
    }
}

#[test]
fn they_must_not_share_anything() {
    let second = |name: &str, local: &str, target: &str| {
        format!("[[mirror]]\nname = \"{name}\"\nlocal = \"{local}\"\n{target}\n")
    };
    let other = "folder_path = \"/other\"";
    let more = second("reports", "/srv/b", other);
    check_more(&more, "mirror[1].name", 11, "another name");
    for overlapping in ["/srv/reports", "/srv/reports/in", "/srv", "/srv/./reports/"] {
        let more = second("b", overlapping, other);
        check_more(&more, "mirror[1].local", 12, "one place");
    }
    check_more(
        &second("b", "/srv/b", ID),
        "mirror[1].folder_id",
        13,
        "of its own",
    );
    let two = second("b", "/srv/b", "folder_path = \"/Other/\"") + &second("c", "/srv/c", other);
    check_more(&two, "mirror[2].folder_path", 17, "of its own");
    let bound = second("b", "/srv/data/x", other) + &second("c", "/mnt/bound", "folder_id = \"9\"");
    check_more(&bound, "mirror[2].local", 16, "one place");
    for (outer, inner) in [("/a", "/A/b"), ("/a/b/c", "/a/b")] {
        let path = |path: &str| format!("folder_path = \"{path}\"");
        let nested = second("b", "/srv/b", &path(outer)) + &second("c", "/srv/c", &path(inner));
        check_more(&nested, "mirror[2].folder_path", 17, "of its own");
    }
    let beside = second("b", "/srv/b", "folder_path = \"/a/b\"")
        + &second("c", "/srv/c", "folder_path = \"/a/bc\"");
    assert!(resolve_with(&format!("{GOOD}{beside}"), &HOME, &[]).is_ok());
    let beside = format!("{GOOD}{}", second("b", "/srv/reports2", other));
    assert!(resolve_with(&beside, &HOME, &[]).is_ok());
}
