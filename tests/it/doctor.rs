//! What is wrong is found, named, and told with the next step.

use crate::rig::{Child, Rig, signal};
use box_emulator::Access;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

struct Diagnosis {
    code: i32,
    checks: BTreeMap<String, Value>,
    order: Vec<String>,
    summary: Value,
}

impl Diagnosis {
    #[track_caller]
    fn of(rig: &Rig) -> Diagnosis {
        let finished = rig.run(&["doctor", "--json"]);
        let mut lines: Vec<Value> = finished
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is an object"))
            .collect();
        let summary = lines.pop().expect("there is a summary");
        assert_eq!(summary["event"], "summary", "{summary}");
        assert_eq!(summary["checks"], lines.len(), "{summary}");
        assert_eq!(summary["exit_code"], finished.code, "{summary}");
        let name = |line: &Value| line["name"].as_str().expect("a name").to_owned();
        for line in &lines {
            assert_eq!(line["event"], "check", "{line}");
            let needs_next = line["status"] == "fail" || line["status"] == "warn";
            assert_eq!(line["next"].is_string(), needs_next, "{line}");
            let found = line["found"].as_str();
            assert!(found.is_some_and(|found| !found.is_empty()), "{line}");
        }
        Diagnosis {
            code: finished.code,
            order: lines.iter().map(name).collect(),
            checks: lines
                .iter()
                .map(|line| (name(line), line.clone()))
                .collect(),
            summary,
        }
    }

    #[track_caller]
    fn check(&self, name: &str, status: &str, words: &str) -> &Diagnosis {
        let check = self.checks.get(name);
        let check = check.unwrap_or_else(|| panic!("no {name} in {:?}", self.order));
        assert_eq!(check["status"], status, "{check}");
        assert!(check.to_string().contains(words), "{words}: {check}");
        self
    }

    #[track_caller]
    fn code(&self, code: i32) -> &Diagnosis {
        assert_eq!(self.code, code, "{} {:#?}", self.summary, self.checks);
        self
    }
}

/// A rig whose folder is a person's, with the app in this role.
fn shared(access: Access) -> Rig {
    let rig = Rig::new();
    let folder = rig.cloud.foreign_folder("Reports", access);
    rig.folder_id(&folder)
}

#[test]
fn when_all_is_well_everything_is_told_in_order_and_nothing_is_changed() {
    let rig = shared(Access::Editor);
    let diagnosis = Diagnosis::of(&rig);
    let network = format!("network:127.0.0.1:{}", rig.cloud.port());
    let expected = [
        "config",
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
    assert_eq!(diagnosis.order, expected);
    diagnosis
        .code(0)
        .check("identity", "ok", "AutomationUser_1_x@boxdevedition.com")
        .check("mirror:mirror", "ok", "Reports")
        .check("scopes", "ok", "upload")
        .check("quota", "ok", "10.7 GB");
    assert!(!rig.state().exists());
    for write in ["post_files_content", "post_folders"] {
        assert_eq!(rig.calls(write), 0);
    }
    rig.once_ok();
    Diagnosis::of(&rig).code(0).check("state", "ok", "whole");
    let text = rig.run(&["doctor"]);
    assert!(text.stdout.contains("✔ token"), "{text:?}");
    assert!(!text.stdout.contains('\x1b'), "{text:?}");
}

#[test]
fn a_wrong_secret_is_explained_and_what_depends_on_it_is_skipped() {
    let rig = Rig::new().configured(|config| config.replace("emulated-secret", "c4n4ry-77"));
    let diagnosis = Diagnosis::of(&rig);
    diagnosis
        .code(77)
        .check("token", "fail", "Developer Console")
        .check("identity", "skipped", "")
        .check("mirror:mirror", "skipped", "")
        .check("local:mirror", "ok", "");
    let causes = &diagnosis.checks["token"]["error"]["causes"];
    let several = causes.as_array().is_some_and(|causes| causes.len() > 1);
    assert!(several, "{causes}");
    let text = rig.run(&["doctor", "-vvv"]);
    let parts = [
        "✘ token",
        "Likely causes, in this order:",
        "next: ",
        "Box said: 400",
    ];
    for part in parts {
        assert!(text.stdout.contains(part), "{part}: {text:?}");
    }
    assert!(!format!("{text:?}").contains("c4n4ry-77"));
}

#[test]
fn a_folder_that_is_not_shared_or_not_writable_names_whom_to_invite() {
    let login = "AutomationUser_1_x@boxdevedition.com";
    Diagnosis::of(&shared(Access::None)).code(77).check(
        "mirror:mirror",
        "fail",
        &format!("invite {login} as Editor"),
    );
    Diagnosis::of(&shared(Access::Viewer))
        .code(77)
        .check("mirror:mirror", "fail", "Editor")
        .check("mirror:mirror", "fail", login);
}

#[test]
fn the_service_accounts_own_tree_is_a_warning() {
    let rig = Rig::new().folder_path("/Somewhere/New");
    Diagnosis::of(&rig)
        .code(0)
        .check("mirror:mirror", "warn", "no person looks")
        .check("scopes", "ok", "");
    assert_eq!(rig.calls("post_folders"), 0);
    Diagnosis::of(&Rig::new().folder_id("0")).code(0).check(
        "mirror:mirror",
        "warn",
        "no person looks",
    );
}

#[test]
fn an_app_that_may_only_read_lacks_a_scope() {
    let rig = shared(Access::Editor);
    rig.cloud.set_app_scopes(&["root_readonly"]);
    rig.cloud.reauthorize_app();
    Diagnosis::of(&rig)
        .code(77)
        .check("scopes", "fail", "Application Scopes")
        .check("scopes", "fail", "Reauthorize")
        .check("mirror:mirror", "skipped", "");
}

#[test]
fn a_dead_port_is_the_network() {
    let mut rig = Rig::new();
    let port = format!(":{}", rig.cloud.port());
    rig.config.access = rig.config.access.replace(&port, ":9");
    rig.config.save();
    Diagnosis::of(&rig)
        .code(69)
        .check("network:127.0.0.1:9", "fail", "no connection")
        .check("clock", "skipped", "")
        .check("token", "skipped", "");
}

#[test]
fn a_clock_that_is_off_is_a_warning_with_the_command() {
    let rig = shared(Access::Editor);
    rig.cloud.set_clock_skew(600);
    let diagnosis = Diagnosis::of(&rig);
    diagnosis
        .code(0)
        .check("clock", "warn", "timedatectl set-ntp true");
}

#[test]
fn a_missing_root_and_one_that_was_emptied_are_faults() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    std::fs::remove_file(rig.config.local(0).join("a.txt")).expect("removed");
    Diagnosis::of(&rig)
        .code(3)
        .check("local:mirror", "fail", "not mounted");
    std::fs::remove_dir(rig.config.local(0)).expect("removed");
    Diagnosis::of(&rig)
        .code(3)
        .check("local:mirror", "fail", "does not exist");
}

#[test]
fn mistakes_and_loose_modes_are_the_configuration() {
    let rig = Rig::new().mirror_key("colour = \"red\"");
    Diagnosis::of(&rig)
        .code(78)
        .check("config", "fail", "colour")
        .check("token", "skipped", "");
    let rig = Rig::new();
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&rig.config.file, mode.clone()).expect("set");
    Diagnosis::of(&rig)
        .code(78)
        .check("config", "fail", "chmod");
    let rig = shared(Access::Editor);
    rig.once_ok();
    let file = rig.state().join("token-ccg.json");
    std::fs::set_permissions(file, mode).expect("set");
    Diagnosis::of(&rig)
        .code(78)
        .check("file_modes", "fail", "chmod 0600");
}

#[test]
fn storage_that_runs_out_is_a_warning() {
    let rig = shared(Access::Editor);
    rig.cloud.set_quota(Some(100_000_000));
    let own = rig.cloud.folder("/Own");
    rig.cloud.put_file(&own, "big", &vec![0; 97_000_000]);
    Diagnosis::of(&rig).code(0).check("quota", "warn", "trash");
}

#[test]
fn a_damaged_database_is_the_state() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    let file = rig.state().join("boxup.db");
    let mut bytes = std::fs::read(&file).expect("read");
    bytes[..100].fill(7);
    std::fs::write(&file, bytes).expect("written");
    Diagnosis::of(&rig)
        .code(74)
        .check("state", "fail", "boxup.db");
}

#[test]
fn another_account_and_one_that_may_not_upload_are_told() {
    let rig = shared(Access::Editor);
    rig.write("a.txt", "a").once_ok();
    let user = format!("user_id = {:?}", rig.cloud.colleague_id());
    let rig = rig.configured(|config| config.replace("enterprise_id = \"877840855\"", &user));
    Diagnosis::of(&rig)
        .code(77)
        .check("identity", "fail", "state directory");
    let rig = shared(Access::Editor);
    rig.cloud.set_account_status("cannot_delete_edit_upload");
    Diagnosis::of(&rig)
        .code(77)
        .check("identity", "fail", "cannot_delete_edit_upload");
}

#[test]
fn the_worst_of_several_decides() {
    let mut rig = shared(Access::None);
    rig.add_mirror("other");
    std::fs::remove_dir(rig.config.local(1)).expect("removed");
    Diagnosis::of(&rig)
        .code(77)
        .check("local:other", "fail", "")
        .check("mirror:mirror", "fail", "");
}

#[test]
fn a_service_beside_it_is_seen_and_not_disturbed() {
    let rig = shared(Access::Editor);
    let service = rig.start();
    service.wait_ok(&rig);
    Diagnosis::of(&rig)
        .code(0)
        .check("state", "ok", "a service runs");
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn a_login_is_looked_at_and_not_renewed() {
    let rig = Rig::oauth(|builder| builder);
    Diagnosis::of(&rig)
        .code(77)
        .check("token", "fail", "boxup login");
    assert!(!rig.state().exists());
    rig.login();
    Diagnosis::of(&rig).code(0).check("token", "ok", "login");
    assert_eq!(rig.cloud.grants("refresh_token"), 0);
}

#[test]
fn it_ends_at_once_when_told_to() {
    let rig = Rig::new();
    let hold = box_emulator::Effect::HoldBefore;
    rig.cloud
        .inject(box_emulator::Fault::on("post_oauth2_token").effect(hold));
    let child = Child::start(rig.command(&["doctor"]));
    let is_held = |cloud: &box_emulator::BoxEmulator| cloud.held() == 1;
    assert!(rig.cloud.wait_for(is_held, crate::rig::PATIENCE));
    signal(child.pid(), "INT");
    assert_eq!(child.finish().code, 1);
    rig.cloud.release_holds();
}
