//! `boxup doctor`: names what is missing with the next step, and changes nothing.

use crate::rig::{Child, Finished, Rig, not_run};
use box_emulator::{Access, Fault};
use serde_json::Value;
use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

const SECRET: &str = "c4n4ry-5ecret-9f2b";

/// A mirror whose folder is somebody else's, as it should be.
fn shared(access: Access) -> Rig {
    let rig = Rig::with(|builder| builder.client_secret(SECRET));
    let folder = rig.cloud.foreign_folder("Shared", access);
    // More than Box publishes is warned of.
    rig.folder_id(&folder)
        .configured(|config| config.limits.clear())
}

/// What doctor told.
struct Told {
    code: i32,
    checks: Vec<Value>,
    whole: String,
}

impl Told {
    /// Reads the lines, and checks what holds for every run.
    #[track_caller]
    fn of(finished: Finished) -> Told {
        let whole = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!whole.contains(SECRET), "a secret is told: {whole}");
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let mut checks: Vec<Value> = finished.stdout.lines().map(line).collect();
        let summary = checks.pop().expect("there is a summary");
        assert_eq!(summary["event"], "summary", "{whole}");
        assert_eq!(summary["checks"], checks.len(), "{whole}");
        assert_eq!(summary["exit_code"], finished.code, "{whole}");
        for status in ["ok", "warn", "fail", "skipped"] {
            let alike = checks.iter().filter(|check| check["status"] == status);
            assert_eq!(summary[status], alike.count(), "{whole}");
        }
        for check in &checks {
            assert_eq!(check["event"], "check", "{whole}");
            let has = |key: &str| check[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(has("name") && has("found"), "{check}");
            assert!(check["status"] != "fail" || has("next"), "{check}");
        }
        Told {
            code: finished.code,
            checks,
            whole,
        }
    }

    /// Checks the exit code.
    #[track_caller]
    fn code(&self, code: i32) -> &Told {
        assert_eq!(self.code, code, "{}", self.whole);
        self
    }

    /// The names of the checks with this status.
    fn with(&self, status: &str) -> Vec<&str> {
        let alike = self.checks.iter().filter(|check| check["status"] == status);
        alike.filter_map(|check| check["name"].as_str()).collect()
    }

    /// Checks one check's status, and that it tells these words.
    #[track_caller]
    fn expect(&self, name: &str, status: &str, words: &[&str]) -> &Told {
        let found = self
            .checks
            .iter()
            .find(|check| check["name"] == name && check["status"] == status);
        let found = found.unwrap_or_else(|| panic!("{name} is not {status}: {}", self.whole));
        let text = found.to_string();
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
        self
    }
}

#[track_caller]
fn doctor(rig: &Rig) -> Told {
    Told::of(rig.run(&["doctor", "--json"]))
}

/// Nothing was changed, here or on Box.
#[track_caller]
fn nothing_written(rig: &Rig) {
    assert_eq!(rig.writes(), 0);
    assert!(!rig.state().exists());
}

#[test]
fn all_is_well() {
    let rig = shared(Access::Editor);
    rig.write("a/b.txt", "b");
    let told = doctor(&rig);
    told.code(0);
    let network = format!("network:127.0.0.1:{}", rig.cloud.port());
    let names = [
        "config",
        "file_modes",
        &network,
        "clock",
        "token",
        "identity",
        "scopes",
        "mirror:mirror",
        "quota",
        "local:mirror",
        "watch",
        "state",
    ];
    assert_eq!(told.with("ok"), names, "{}", told.whole);
    assert_eq!(told.checks.len(), names.len());
    told.expect("mirror:mirror", "ok", &["Shared"]);
    told.expect("watch", "ok", &["2 directories"]);
    nothing_written(&rig);
    let text = rig.run(&["doctor"]);
    assert_eq!((text.code, text.stderr.as_str()), (0, ""), "{text:?}");
    assert_eq!(text.stdout.matches('✔').count(), names.len(), "{text:?}");
    assert!(
        text.stdout
            .ends_with("All is well: `boxup sync --once` can run.\n")
    );
    assert!(!text.stdout.contains('\u{1b}'), "{text:?}");
    assert!(!text.stdout.contains(SECRET));
}

#[test]
fn after_a_run_and_beside_the_service_all_is_well() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    doctor(&rig).code(0).expect("state", "ok", &["sound"]);
    let service = rig.start();
    service.wait_ok(&rig);
    let told = doctor(&rig);
    told.code(0).expect("state", "ok", &["service is running"]);
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn a_token_is_asked_for_anew_and_kept() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    let before = rig.calls("post_oauth2_token");
    doctor(&rig).code(0);
    assert_eq!(rig.calls("post_oauth2_token"), before + 1);
    rig.once_ok();
    assert_eq!(rig.run(&["whoami"]).code, 0);
    assert_eq!(rig.calls("post_oauth2_token"), before + 1);
}

#[test]
fn a_wrong_secret_fails_with_its_lesson_and_skips_what_needs_a_token() {
    let rig = shared(Access::Editor)
        .configured(|config| config.replace(SECRET, "another-secret-0123456789"));
    let told = doctor(&rig);
    told.code(77);
    told.expect("token", "fail", &["Client ID", "causes", "invalid_client"]);
    let skipped = ["identity", "scopes", "mirror:mirror", "quota"];
    assert_eq!(told.with("skipped"), skipped, "{}", told.whole);
    told.expect("identity", "skipped", &["because of token"]);
    told.expect("local:mirror", "ok", &[]);
    assert!(!told.whole.contains("another-secret-0123456789"));
    let text = rig.run(&["doctor"]);
    for word in [
        "✘ token",
        "1. ",
        "→ ",
        "Box said: ",
        "Begin with the first ✘",
    ] {
        assert!(text.stdout.contains(word), "{word:?}: {}", text.stdout);
    }
    nothing_written(&rig);
}

#[test]
fn an_app_that_nobody_authorised() {
    let rig = shared(Access::Editor);
    rig.cloud.set_app_authorized(false);
    let told = doctor(&rig);
    told.code(77).expect("token", "fail", &["Admin Console"]);
}

#[test]
fn a_folder_that_cannot_be_seen_names_whom_to_invite() {
    let rig = shared(Access::None);
    let told = doctor(&rig);
    let words = ["boxdevedition.com", "Editor", "Share"];
    told.code(77).expect("mirror:mirror", "fail", &words);
    told.expect("scopes", "ok", &[]);
    told.expect("state", "ok", &[]);
    nothing_written(&rig);
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let rig = shared(Access::Viewer);
    let told = doctor(&rig);
    let words = ["not put anything", "boxdevedition.com", "Editor"];
    told.code(77).expect("mirror:mirror", "fail", &words);
    told.expect("scopes", "ok", &[]);
    let rig = shared(Access::Uploader);
    let told = doctor(&rig);
    told.code(0).expect("mirror:mirror", "warn", &["Editor"]);
}

#[test]
fn a_service_accounts_own_tree_is_warned_of() {
    let root = Rig::new().folder_id("0");
    let below = Rig::new();
    let made_later = Rig::new().folder_path("/Not/There yet");
    for rig in [root, below, made_later] {
        let told = doctor(&rig);
        let words = ["own tree", "AutomationUser"];
        told.code(0).expect("mirror:mirror", "warn", &words);
        nothing_written(&rig);
    }
}

#[test]
fn a_path_that_will_be_made_in_a_shared_folder_is_fine() {
    let rig = Rig::new();
    rig.cloud.foreign_folder("Shared", Access::Editor);
    let rig = rig.folder_path("/Shared/New");
    let told = doctor(&rig);
    told.code(0);
    told.expect("mirror:mirror", "ok", &["Shared/New", "create"]);
    nothing_written(&rig);
}

#[test]
fn a_missing_scope() {
    let rig = shared(Access::Editor);
    let lacking = Fault::on("options_files_content").forever();
    rig.cloud.inject(lacking.status(403, "insufficient_scope"));
    let told = doctor(&rig);
    let words = ["Read and write all files", "Reauthorize"];
    told.code(77).expect("scopes", "fail", &words);
    told.expect("mirror:mirror", "skipped", &["because of scopes"]);
}

#[test]
fn a_local_root_that_is_missing() {
    let rig = shared(Access::Editor);
    std::fs::remove_dir(rig.local()).expect("it is empty");
    let told = doctor(&rig);
    told.code(3).expect("local:mirror", "fail", &["mkdir -p"]);
    told.expect("watch", "skipped", &["local:mirror"]);
    assert!(!rig.local().exists());
}

#[test]
fn a_local_root_that_was_emptied() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    rig.remove("a.txt");
    let told = doctor(&rig);
    told.code(3).expect("local:mirror", "fail", &["mounted"]);
}

#[test]
fn a_directory_that_cannot_be_read() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").mkdir("closed");
    let closed = rig.path("closed");
    let Some(command) = rig.command_as_nobody(&["doctor", "--json"]) else {
        return;
    };
    set_mode(&closed, 0o000);
    let told = Told::of(Child::start(command).finish());
    set_mode(&closed, 0o700);
    told.code(0).expect("local:mirror", "warn", &["closed"]);
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode can be set");
}

#[test]
fn every_mistake_of_the_configuration_is_a_check() {
    let rig = shared(Access::Editor);
    let text = rig.config.text();
    let text = text.replace("settle =", "setle =");
    rig.config
        .save_text(&text.replace("[limits]", "[limits]\nrequests_per_minute = 0"));
    let told = doctor(&rig);
    told.code(78);
    assert_eq!(told.with("fail"), ["config", "config"], "{}", told.whole);
    assert!(told.with("ok").is_empty(), "{}", told.whole);
    for word in ["setle", "requests_per_minute", "sync.toml:"] {
        assert!(told.whole.contains(word), "{word:?}: {}", told.whole);
    }
    told.expect("token", "skipped", &["because of config"]);
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn no_configuration_at_all() {
    let rig = Rig::new();
    std::fs::remove_file(&rig.config.file).expect("removed");
    let told = doctor(&rig);
    told.code(78).expect("config", "fail", &["sync.toml"]);
}

#[test]
fn a_secret_that_others_can_read() {
    let rig = shared(Access::Editor);
    set_mode(&rig.config.file, 0o644);
    let told = doctor(&rig);
    told.code(78).expect("file_modes", "fail", &["chmod"]);
    told.expect("config", "ok", &[]);
    told.expect("token", "skipped", &["because of file_modes"]);
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn a_token_that_others_can_read() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    let file = rig.state().join("token-ccg.json");
    set_mode(&file, 0o644);
    let told = doctor(&rig);
    told.code(78);
    told.expect("file_modes", "fail", &["chmod 0600", "token-ccg.json"]);
    told.expect("token", "skipped", &["because of file_modes"]);
}

#[test]
fn nobody_at_the_endpoint() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let dead = listener.local_addr().expect("bound").port();
    drop(listener);
    let rig = shared(Access::Editor);
    let port = format!(":{}/", rig.cloud.port());
    let rig = rig.configured(|config| config.replace(&port, &format!(":{dead}/")));
    let told = doctor(&rig);
    told.code(69);
    let name = format!("network:127.0.0.1:{dead}");
    told.expect(&name, "fail", &["refuses the connection", "firewall"]);
    told.expect("token", "skipped", &[&name]);
    told.expect("clock", "skipped", &[&name]);
    told.expect("local:mirror", "ok", &[]);
}

#[test]
fn a_box_that_never_answers_is_not_waited_for() {
    // A listener whose connections nobody takes.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let silent = listener.local_addr().expect("bound").port();
    let rig = shared(Access::Editor);
    let port = format!(":{}/", rig.cloud.port());
    let rig = rig.configured(|config| config.replace(&port, &format!(":{silent}/")));
    let began = Instant::now();
    let told = doctor(&rig);
    assert!(began.elapsed() < Duration::from_secs(30));
    let name = format!("network:127.0.0.1:{silent}");
    told.code(69).expect(&name, "fail", &["within 10 seconds"]);
    drop(listener);
}

#[test]
fn a_web_page_in_boxs_place() {
    let rig = shared(Access::Editor);
    let page = box_emulator::Effect::Html { status: 200 };
    rig.cloud.inject(Fault::any().forever().effect(page));
    let told = doctor(&rig);
    let name = format!("network:127.0.0.1:{}", rig.cloud.port());
    told.code(69).expect(&name, "fail", &["web page"]);
}

/// A configuration that goes to the real Box, on a machine that only knows this proxy.
fn behind(proxy: &str) -> Told {
    let rig = shared(Access::Editor).configured(|config| {
        let endpoints = config.access.find("[endpoints]").expect("it has them");
        config.access.truncate(endpoints);
    });
    let mut command = rig.command(&["doctor", "--json"]);
    command.env("HTTPS_PROXY", proxy);
    Told::of(Child::start(command).finish())
}

#[test]
fn a_proxy_that_is_not_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let at = listener.local_addr().expect("bound");
    drop(listener);
    let told = behind(&format!("http://me:{SECRET}@{at}"));
    let name = format!("proxy:{at}");
    told.code(69)
        .expect(&name, "fail", &["HTTPS_PROXY", "refuses"]);
    told.expect("network:api.box.com", "skipped", &[&name]);
    told.expect("network:upload.box.com", "skipped", &[&name]);
    told.expect("token", "skipped", &["network:api.box.com"]);
}

#[test]
fn a_proxy_that_wants_a_password() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let at = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut request = [0; 4_096];
            let mut client = client;
            if client.read(&mut request).is_ok_and(|read| read > 0) {
                let no = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
                let _ = client.write_all(no);
            }
        }
    });
    let told = behind(&format!("http://me:{SECRET}@{at}"));
    told.code(69).expect(&format!("proxy:{at}"), "ok", &[]);
    let words = ["user name and a password", "HTTPS_PROXY"];
    told.expect("network:api.box.com", "fail", &words);
    told.expect("token", "skipped", &["network:api.box.com"]);
}

#[test]
fn a_developer_token_is_warned_of_and_found_out_when_it_is_dead() {
    let rig = shared(Access::Editor).configured(|config| {
        let token = format!("developer_token = {SECRET:?}");
        config.auth(&["method = \"developer_token\"", &token]);
    });
    rig.cloud.add_developer_token(SECRET);
    let told = doctor(&rig);
    told.code(0).expect("token", "warn", &["60 minutes", "ccg"]);
    rig.cloud.expire_tokens();
    let told = doctor(&rig);
    told.code(77).expect("token", "fail", &["dead"]);
    told.expect("identity", "skipped", &["because of token"]);
}

#[test]
fn a_login_that_nobody_made() {
    let rig = shared(Access::Editor).configured(|config| {
        let secret = format!("client_secret = {SECRET:?}");
        let id = "client_id = \"emulated-client\"";
        config.auth(&["method = \"oauth2\"", id, &secret]);
    });
    let told = doctor(&rig);
    told.code(77).expect("token", "fail", &["boxup login"]);
    nothing_written(&rig);
}

#[test]
fn a_clock_that_differs() {
    for (skew, word) in [(95, "behind"), (-3_600, "ahead")] {
        let rig = shared(Access::Editor);
        rig.cloud.set_clock_skew(skew);
        let told = doctor(&rig);
        told.code(0).expect("clock", "warn", &[word, "timedatectl"]);
    }
}

#[test]
fn another_account_than_the_mappings() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    let user = rig.cloud.colleague_id();
    let rig = rig.configured(|config| {
        let user = format!("user_id = \"{user}\"");
        config.replace("enterprise_id = \"877840855\"", &user);
    });
    let told = doctor(&rig);
    told.code(77);
    told.expect("identity", "fail", &["another account", "AutomationUser"]);
    told.expect("mirror:mirror", "skipped", &["because of identity"]);
}

#[test]
fn little_space_is_warned_of_where_it_matters() {
    let rig = Rig::new();
    rig.cloud.set_quota(Some(500_000_000));
    doctor(&rig).code(0).expect("quota", "warn", &["500 MB"]);
    // In a folder of somebody else, its owner's space counts.
    let rig = shared(Access::Editor);
    rig.cloud.set_quota(Some(500_000_000));
    doctor(&rig).code(0).expect("quota", "ok", &["owner"]);
    rig.cloud.set_quota(Some(0));
    let told = doctor(&rig);
    told.code(1).expect("mirror:mirror", "fail", &["storage"]);
}

#[test]
fn a_damaged_mapping() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    let file = rig.state().join("boxup.db");
    let bytes = std::fs::read(&file).expect("read");
    let mut damaged = bytes.clone();
    damaged[100..].fill(0x5a);
    for content in [damaged, b"no database".repeat(99)] {
        std::fs::write(&file, &content).expect("written");
        let told = doctor(&rig);
        told.code(74)
            .expect("state", "fail", &["damaged", "adopted"]);
        assert_eq!(std::fs::read(&file).expect("read"), content);
    }
}

#[test]
fn a_state_directory_that_cannot_be_written() {
    let rig = shared(Access::Editor);
    std::fs::create_dir(rig.state()).expect("made");
    let Some(command) = rig.command_as_nobody(&["doctor", "--json"]) else {
        return not_run("this test needs somebody whom permissions bind");
    };
    set_mode(&rig.state(), 0o500);
    let told = Told::of(Child::start(command).finish());
    set_mode(&rig.state(), 0o700);
    told.code(74).expect("state", "fail", &["install -d"]);
    told.expect("token", "ok", &[]);
}

#[test]
fn of_several_the_worst_decides() {
    let rig = shared(Access::None);
    std::fs::remove_dir(rig.local()).expect("it is empty");
    rig.cloud.set_clock_skew(95);
    let told = doctor(&rig);
    told.code(77).expect("clock", "warn", &[]);
    assert_eq!(told.with("fail"), ["mirror:mirror", "local:mirror"]);
    let text = rig.run(&["doctor"]);
    assert!(text.stdout.contains("2 of 12 checks failed"), "{text:?}");
}
