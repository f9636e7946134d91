//! What is in the packages, and what those who know packages say about them.

use super::machine::package;
use crate::rig::{Child, Rig, clean, not_run};
use std::path::Path;
use std::process::{Command, Stdio};

/// What both have.
const FILES: [&str; 14] = [
    "/usr/bin/boxup",
    "/usr/lib/systemd/system/boxup.service",
    "/usr/lib/sysusers.d/boxup.conf",
    "/etc/default/boxup",
    "/usr/share/bash-completion/completions/boxup",
    "/usr/share/fish/vendor_completions.d/boxup.fish",
    "/usr/share/man/man1/boxup.1.gz",
    "/usr/share/man/man1/boxup-sync.1.gz",
    "/usr/share/doc/boxup/README.md",
    "/usr/share/doc/boxup/docs/service.md",
    "/usr/share/doc/boxup/docs/container.md",
    "/usr/share/doc/boxup/examples/sync.example.toml",
    "/usr/share/doc/boxup/examples/boxup.ps1",
    "/usr/share/doc/boxup/third-party-licenses.txt.gz",
];

fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok()
}

/// What a command says about a package, which is named here as the machine would.
#[track_caller]
fn told(rig: &Rig, package: &str, line: &str) -> String {
    let path = package.replacen("/mnt", &rig.temp().display().to_string(), 1);
    let mut shell = clean(Command::new("sh"), rig.temp());
    shell.args(["-c", line, "sh", &path]);
    let finished = Child::start(shell).finish();
    assert_eq!(finished.code, 0, "{line}: {finished:?}");
    finished.stdout
}

#[track_caller]
fn expect_files(listing: &str, more: &[&str]) {
    let listed: Vec<&str> = listing.lines().collect();
    for file in FILES.iter().chain(more) {
        assert!(listed.contains(file), "{file} is not in: {listing}");
    }
}

#[test]
#[ignore = "it takes a while: cargo test --test it packages:: -- --ignored"]
fn a_deb_has_all_that_belongs_in_it_and_nothing_that_does_not() {
    if !has("dpkg-deb") {
        not_run("there is no dpkg-deb (of the package dpkg)");
        return;
    }
    let rig = Rig::new();
    let deb = package(&rig, "deb", 1);
    let listing = told(
        &rig,
        &deb,
        "dpkg-deb --fsys-tarfile \"$1\" | tar -t | sed 's/^\\.//'",
    );
    expect_files(
        &listing,
        &[
            "/usr/share/zsh/vendor-completions/_boxup",
            "/usr/share/doc/boxup/copyright",
            "/usr/share/doc/boxup/changelog.gz",
            "/usr/share/doc/boxup/changelog.Debian.gz",
        ],
    );
    let owners = "dpkg-deb --contents \"$1\" | awk '{ print $2 }' | sort -u";
    assert_eq!(told(&rig, &deb, owners), "root/root\n");
    let conffiles = told(&rig, &deb, "dpkg-deb --info \"$1\" conffiles");
    assert_eq!(conffiles, "/etc/default/boxup\n");
    let sums = told(&rig, &deb, "dpkg-deb --info \"$1\" md5sums");
    let files = listing.lines().filter(|line| !line.ends_with('/'));
    let summed = files.filter(|line| line.starts_with("/usr/")).count();
    assert_eq!(sums.lines().count(), summed, "{sums}");
    // The same input makes the same package.
    let again = package(&rig, "deb", 2);
    let same = "dpkg-deb --fsys-tarfile \"$1\" | grep -va changelog | tar -t | sort | md5sum";
    assert_eq!(told(&rig, &deb, same), told(&rig, &again, same));
    if !has("lintian") {
        not_run("there is no lintian");
        return;
    }
    let words = "lintian --allow-root --tag-display-limit 0 \"$1\" 2>&1 || true";
    assert_eq!(told(&rig, &deb, words), "");
}

#[test]
#[ignore = "it takes a while: cargo test --test it packages:: -- --ignored"]
fn an_rpm_has_all_that_belongs_in_it_and_is_whole() {
    if !has("rpmbuild") {
        not_run("there is no rpmbuild (of the package rpm)");
        return;
    }
    let rig = Rig::new();
    let rpm = package(&rig, "rpm", 1);
    let listing = told(&rig, &rpm, "rpm --query --package --list \"$1\"");
    expect_files(
        &listing,
        &[
            "/usr/share/zsh/site-functions/_boxup",
            "/usr/share/licenses/boxup/LICENSE",
            "/etc/boxup",
        ],
    );
    let owners = "rpm --query --package --queryformat '[%{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\\n]' \"$1\" | grep -v ^root/root";
    assert_eq!(told(&rig, &rpm, owners), "root/boxup /etc/boxup\n");
    let config = told(&rig, &rpm, "rpm --query --package --configfiles \"$1\"");
    assert_eq!(config, "/etc/default/boxup\n");
    let whole = told(&rig, &rpm, "rpm --checksig \"$1\"");
    assert!(whole.ends_with("digests OK\n"), "{whole}");
}

/// As a release is made, but for the time that goes into making it small: that what is linked in
/// is on the list, the build itself sees to.
#[test]
#[ignore = "it builds the program once more: cargo test --test it packages:: -- --ignored"]
fn the_list_of_crates_is_that_of_the_lock() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = repository.join("target/tools/bin");
    if !tools.join("cargo-auditable").exists() || !tools.join("auditable2cdx").exists() {
        not_run("packaging/build has not fetched cargo-auditable and auditable2cdx yet");
        return;
    }
    let rig = Rig::new();
    let mut build = Command::new(repository.join("packaging/build"));
    build.args(["--only", "deb", "--out"]).arg(rig.temp());
    for (key, value) in [
        ("CARGO_PROFILE_DIST_CODEGEN_UNITS", "16"),
        ("CARGO_PROFILE_DIST_LTO", "off"),
        ("CARGO_PROFILE_DIST_OPT_LEVEL", "0"),
    ] {
        build.env(key, value);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audited");
    // It takes its time: longer than a child of the rig may.
    let built = build.env("CARGO_TARGET_DIR", target).output();
    let built = built.expect("it can be run");
    assert!(built.status.success(), "{built:?}");
    let name = format!("boxup-{}.cdx.json", env!("CARGO_PKG_VERSION"));
    let list = std::fs::read_to_string(rig.temp().join(name)).expect("made");
    let list: serde_json::Value = serde_json::from_str(&list).expect("an object");
    let lock = std::fs::read_to_string(repository.join("Cargo.lock")).expect("read");
    let crates = list["components"].as_array().expect("a list");
    for one in crates {
        let locked = format!("name = {}\nversion = {}\n", one["name"], one["version"]);
        assert!(lock.contains(&locked), "{one} is not in Cargo.lock");
    }
    let names: Vec<_> = crates
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    for name in ["ring", "rustls", "libsqlite3-sys", "tokio"] {
        assert!(names.contains(&name), "{name} is not in: {names:?}");
    }
}
