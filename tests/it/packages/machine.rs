//! A machine to install on, and what is installed.

use crate::rig::{Child, Rig, is_root, not_run, until};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A machine that runs.
pub(super) struct Machine {
    container: std::process::Child,
    /// Its first process, as it is numbered here.
    first: u32,
}

impl Machine {
    /// Boots one that has this directory at `/mnt`.
    fn boot(shared: &Path) -> Option<Machine> {
        let root = std::env::var_os("BOXUP_ROOT").unwrap_or_else(|| "/".into());
        let log = std::fs::File::create(shared.join("console")).expect("made");
        // nspawn does not boot what is called `/`: it gets another name, seen by it alone.
        let named = shared.join("root");
        std::fs::create_dir(&named).expect("made");
        let container = Command::new("unshare")
            .args(["--mount", "sh", "-ec"])
            .arg("mount --bind \"$1\" \"$2\"; shift 2; exec systemd-nspawn \"$@\"")
            .arg("sh")
            .arg(root)
            .arg(&named)
            .arg("--directory")
            .arg(&named)
            .arg(format!("--bind={}:/mnt", shared.display()))
            .arg(format!("--machine=boxup-test-{}", std::process::id()))
            .args(["--quiet", "--volatile=overlay", "--console=pipe"])
            .args(["--register=no", "--keep-unit", "--boot"])
            .arg("systemd.unit=basic.target")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("copied"))
            .stderr(log)
            .spawn();
        let mut container = container.ok()?;
        let id = container.id();
        let mut first = None;
        until("a machine boots, or cannot", || {
            let children = format!("/proc/{id}/task/{id}/children");
            let children = std::fs::read_to_string(children).unwrap_or_default();
            first = children
                .split_whitespace()
                .next()
                .and_then(|id| id.parse().ok());
            let is_up = first.is_some_and(|first| {
                inside(
                    first,
                    "test -S /run/dbus/system_bus_socket || test -S /run/systemd/private",
                )
                .0 == 0
                    && inside(first, "systemctl is-active basic.target").0 == 0
            });
            is_up || matches!(container.try_wait(), Ok(Some(_)))
        });
        match container.try_wait() {
            Ok(None) => {
                let machine = Machine {
                    container,
                    first: first?,
                };
                // The image of a container forbids packages to start services. This is a
                // machine, and what it takes away is only gone in its overlay.
                machine.ok("rm -f /usr/sbin/policy-rc.d");
                Some(machine)
            }
            _ => None,
        }
    }

    /// Runs this there; its exit code and what it said.
    pub(super) fn run(&self, line: &str) -> (i32, String) {
        inside(self.first, line)
    }

    /// The same, which must go well.
    #[track_caller]
    pub(super) fn ok(&self, line: &str) -> String {
        let (code, said) = self.run(line);
        assert_eq!(code, 0, "{line}: {said}\n{}", self.journal());
        said
    }

    pub(super) fn journal(&self) -> String {
        self.run("journalctl --no-pager -u boxup | tail -n 40").1
    }

    /// A property of the service.
    pub(super) fn property(&self, name: &str) -> String {
        let line = format!("systemctl show --value --property={name} boxup.service");
        self.run(&line).1.trim().to_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // With its first process all others end.
        crate::rig::signal(self.first, "KILL");
        let _ = self.container.wait();
    }
}

fn inside(first: u32, line: &str) -> (i32, String) {
    let done = Command::new("nsenter")
        .args(["--all", "--target", &first.to_string(), "sh", "-c", line])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .stdin(Stdio::null())
        .output();
    let done = done.expect("nsenter can be run");
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (done.status.code().unwrap_or(-1), said)
}

/// A machine that has the directory of the rig at `/mnt`, or the word that there is none.
pub(super) fn machine(rig: &Rig) -> Option<Machine> {
    if !is_root() {
        not_run("only root can boot a machine");
        return None;
    }
    let machine = Machine::boot(rig.temp());
    if machine.is_none() {
        let console = std::fs::read_to_string(rig.temp().join("console"));
        not_run(&format!("no machine boots here: {console:?}"));
    }
    machine
}

/// What was built already, for the other tests: by kind and release.
static BUILT: Mutex<BTreeMap<(&str, u32), PathBuf>> = Mutex::new(BTreeMap::new());

/// The package, with this program in it, packaged for the n-th time: where the machine has it.
pub(super) fn package(rig: &Rig, kind: &'static str, release: u32) -> String {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let path = built
        .entry((kind, release))
        .or_insert_with(|| build(kind, release));
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.expect("a name");
    std::fs::copy(&path, rig.temp().join(name)).expect("copied");
    format!("/mnt/{name}")
}

fn build(kind: &str, release: u32) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    std::fs::create_dir_all(&dir).expect("made");
    let stripped = dir.join("boxup");
    let mut strip = Command::new("strip");
    strip.args(["--strip-all", "-o"]).arg(&stripped);
    strip.arg(env!("CARGO_BIN_EXE_boxup"));
    assert!(strip.status().expect("strip can be run").success());
    let mut build = Command::new(repository.join("packaging/build"));
    build.args(["--only", kind, "--out"]).arg(&dir);
    build.args(["--release", &release.to_string()]);
    build.arg("--binary").arg(&stripped);
    let built = Child::start(build).finish();
    assert_eq!(built.code, 0, "{built:?}");
    PathBuf::from(built.stdout.trim())
}

/// The configuration of the machine, and the secret, which is not in it.
pub(super) fn configuration(rig: &Rig, second: &str) -> (String, String) {
    let is_secret = |line: &&str| line.starts_with("client_secret");
    let secret = rig.config.access.lines().find(is_secret);
    let secret = secret.and_then(|line| line.split('"').nth(1));
    let access: Vec<&str> = rig
        .config
        .access
        .lines()
        .filter(|line| !is_secret(line))
        .collect();
    let text = format!(
        "{}\n[[mirror]]\nlocal = \"/srv/reports\"\nfolder_id = \"{}\"\n\
         [[mirror]]\nlocal = \"/home/ann/papers\"\nfolder_id = \"{second}\"\n\
         [watch]\nsettle = \"100ms\"\n",
        access.join("\n"),
        rig.folder
    );
    (text, secret.expect("the app has a secret").to_owned())
}
