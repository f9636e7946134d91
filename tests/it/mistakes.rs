//! Configurations that cannot be used: 78, every mistake at once, and nothing is done.

use crate::rig::{Finished, Rig};
use std::os::unix::fs::PermissionsExt;

#[track_caller]
fn refused(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, 78, "{finished:?}");
    let said = format!("{}{}", finished.stdout, finished.stderr);
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let rig = Rig::new();
    let text = rig.config.text();
    let text = text
        .replace("settle =", "setle =")
        .replace("folder_id = ", "folder = ");
    let text = text.replace("requests_per_minute = 1000000", "requests_per_minute = 0");
    rig.config.save_text(&text);
    let words = ["setle", "folder", "requests_per_minute", "sync.toml:"];
    refused(&rig.run(&["config", "check"]), &words);
    refused(&rig.run(&["sync", "--once"]), &words);
    refused(&rig.run(&["status"]), &words);
    let told = rig.run(&["config", "check", "--json"]);
    refused(&told, &words[..3]);
    for line in told.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        match line["event"].as_str() {
            Some("problem") => {
                let has = |key: &str| line[key].as_str().is_some_and(|text| !text.is_empty());
                assert!(line["line"].is_u64() && has("key") && has("what") && has("remedy"));
            }
            other => assert_eq!(other, Some("summary"), "{line}"),
        }
    }
    assert_eq!(rig.cloud.total_requests(), 0);
    assert!(!rig.state().exists());
}

#[test]
fn each_of_these_is_refused() {
    for (old, new, words) in [
        ("[auth]", "[auth", vec!["sync.toml"]),
        (
            "method = \"ccg\"",
            "method = \"magic\"",
            vec!["magic", "ccg"],
        ),
        ("client_id = ", "# client_id = ", vec!["client_id"]),
        (
            "enterprise_id = ",
            "user_id = \"1\"\nenterprise_id = ",
            vec!["user_id", "enterprise_id"],
        ),
        (
            "http://127.0.0.1",
            "http://192.0.2.1",
            vec!["https", "endpoints.api"],
        ),
        (
            "http://127.0.0.1",
            "http://example.com",
            vec!["https", "endpoints.api"],
        ),
        (
            "name = ",
            "on_existing = \"clobber\"\nname = ",
            vec!["clobber", "new_version"],
        ),
        ("name = ", "exclude = [\"[a\"]\nname = ", vec!["exclude"]),
        (
            "name = ",
            "folder_path = \"/x\"\nname = ",
            vec!["folder_path"],
        ),
    ] {
        let rig = Rig::new();
        rig.config.save_text(&rig.config.text().replace(old, new));
        refused(&rig.run(&["config", "check"]), &words);
        let run = rig.run(&["sync", "--once", "--json"]);
        refused(&run, &[]);
        // Whoever reads the JSON gets the last line in any case.
        let last = run.stdout.lines().last().unwrap_or_default();
        assert!(last.contains("\"event\":\"summary\""), "{run:?}");
        assert_eq!(rig.cloud.total_requests(), 0);
    }
}

#[test]
fn a_secret_in_a_file_that_others_can_read_is_refused_with_the_chmod() {
    let rig = Rig::new();
    for (mode, is_refused) in [
        (0o644, true),
        (0o604, true),
        (0o660, true),
        (0o622, true),
        (0o640, false),
        (0o600, false),
        (0o400, false),
    ] {
        std::fs::set_permissions(&rig.config.file, PermissionsExt::from_mode(mode)).expect("set");
        let checked = rig.run(&["config", "check"]);
        let synced = rig.run(&["sync", "--once"]);
        if is_refused {
            refused(&checked, &["chmod"]);
            refused(&synced, &["chmod"]);
        } else {
            assert_eq!((checked.code, synced.code), (0, 0), "{mode:o}: {checked:?}");
        }
    }
    // Without a secret in it, anybody may read it.
    let secret = "client_secret = \"emulated-secret\"";
    rig.config.save_text(
        &rig.config
            .text()
            .replace(secret, "client_secret_file = \"secret\""),
    );
    std::fs::set_permissions(&rig.config.file, PermissionsExt::from_mode(0o644)).expect("set");
    let file = rig.temp().join("secret");
    std::fs::write(&file, "emulated-secret\n").expect("written");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("set");
    refused(&rig.run(&["sync", "--once"]), &["chmod", "secret"]);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("set");
    assert_eq!(rig.run(&["sync", "--once"]).code, 0);
}

#[test]
fn a_configuration_that_is_not_there_says_where_it_looked() {
    let rig = Rig::new();
    std::fs::remove_file(&rig.config.file).expect("removed");
    refused(&rig.run(&["sync"]), &["sync.toml"]);
    let mut command = crate::rig::program(rig.temp());
    command.args(["sync", "--once"]);
    let finished = crate::rig::Child::start(command).finish();
    refused(&finished, &["BOXUP_CONFIG", "boxup init"]);
}

#[test]
fn the_configuration_is_found_where_the_help_says() {
    let rig = Rig::new();
    let home = rig.temp().join("home/.config/boxup");
    std::fs::create_dir_all(&home).expect("made");
    std::fs::copy(&rig.config.file, home.join("sync.toml")).expect("copied");
    let mut by_home = crate::rig::program(rig.temp());
    by_home.args(["config", "check"]);
    assert_eq!(crate::rig::Child::start(by_home).finish().code, 0);
    let mut by_variable = crate::rig::program(rig.temp());
    by_variable
        .args(["config", "check"])
        .env("BOXUP_CONFIG", "/nowhere/at/all");
    refused(
        &crate::rig::Child::start(by_variable).finish(),
        &["/nowhere/at/all"],
    );
}

#[test]
fn wrong_command_lines_end_with_2() {
    let rig = Rig::new();
    for args in [
        &["snyc"][..],
        &["sync", "--onec"],
        &["sync", "--once", "extra"],
        &["wait", "--timeout", "soon"],
        &[],
    ] {
        let mut command = crate::rig::program(rig.temp());
        command.args(args);
        let finished = crate::rig::Child::start(command).finish();
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (2, ""),
            "{finished:?}"
        );
    }
}
