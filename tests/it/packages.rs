//! The package on a machine of its own: a container in which systemd is the first process.
//!
//! The machine is a copy of this one that keeps nothing, or, with `$BOXUP_ROOT`, of a clean
//! root: `debootstrap --variant=minbase --include=systemd,ca-certificates bookworm DIR`.
//! It takes root's rights, systemd-nspawn and a minute; `.ci/run` has a step for it.

use crate::rig::{Child, Rig, clean, is_root, not_run, until};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A machine that runs.
struct Machine {
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
            Ok(None) => Some(Machine {
                container,
                first: first?,
            }),
            _ => None,
        }
    }

    /// Runs this there; its exit code and what it said.
    fn run(&self, line: &str) -> (i32, String) {
        inside(self.first, line)
    }

    /// The same, which must go well.
    #[track_caller]
    fn ok(&self, line: &str) -> String {
        let (code, said) = self.run(line);
        assert_eq!(code, 0, "{line}: {said}\n{}", self.journal());
        said
    }

    fn journal(&self) -> String {
        self.run("journalctl --no-pager -u boxup | tail -n 40").1
    }

    /// A property of the service.
    fn property(&self, name: &str) -> String {
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

/// The package, with this program in it.
fn package(temp: &Path) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stripped = temp.join("boxup");
    let mut strip = Command::new("strip");
    strip.args(["--strip-all", "-o"]).arg(&stripped);
    strip.arg(env!("CARGO_BIN_EXE_boxup"));
    assert!(strip.status().expect("strip can be run").success());
    let mut build = clean(Command::new(repository.join("packaging/build")), temp);
    build.args(["--only", "deb", "--out"]).arg(temp);
    build.arg("--binary").arg(&stripped);
    let built = Child::start(build).finish();
    assert_eq!(built.code, 0, "{built:?}");
    PathBuf::from(built.stdout.trim())
}

/// The configuration of the machine, and the secret, which is not in it.
fn configuration(rig: &Rig, second: &str) -> (String, String) {
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

#[test]
#[ignore = "it boots a machine: cargo test --test it packages:: -- --ignored"]
fn a_package_is_installed_served_by_systemd_upgraded_and_removed() {
    if !is_root() {
        not_run("only root can boot a machine");
        return;
    }
    let mut rig = Rig::new();
    let second = rig.add_mirror("second");
    let deb = package(rig.temp());
    let name = deb
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let Some(machine) = Machine::boot(rig.temp()) else {
        let console = std::fs::read_to_string(rig.temp().join("console"));
        not_run(&format!("no machine boots here: {console:?}"));
        return;
    };
    let install = format!("dpkg --install /mnt/{name}");

    // Installed: there is the user, and nothing runs yet.
    let said = machine.ok(&install);
    assert!(
        said.contains("boxup init --config /etc/boxup/sync.toml"),
        "{said}"
    );
    machine.ok("getent passwd boxup");
    assert_eq!(machine.property("ActiveState"), "inactive");

    // Configured, with the secret for root only, and folders of somebody else's.
    let (text, secret) = configuration(&rig, &second);
    std::fs::write(rig.temp().join("text"), &text).expect("written");
    std::fs::write(rig.temp().join("secret"), secret).expect("written");
    machine.ok("install -m 640 -g boxup /mnt/text /etc/boxup/sync.toml
         install -d -m 700 /etc/credstore
         install -m 600 /mnt/secret /etc/credstore/boxup.client_secret
         install -d /srv/reports /home/ann/papers
         echo a >/srv/reports/a.txt
         echo b >/home/ann/papers/b.txt");
    machine.ok("systemctl enable --now boxup");
    serves_confined(&rig, &machine, &second);
    reloads(&rig, &machine, &text);
    upgrades(&rig, &machine, &install);
    needs_a_person(&machine);
    is_restarted_when_it_hangs(&machine);
    is_removed(&machine);
    rig.expect_box(["a.txt: a\n", "c.txt: c\n", "d.txt: d\n"]);
}

fn serves_confined(rig: &Rig, machine: &Machine, second: &str) {
    machine.ok("boxup wait --timeout 90s");
    rig.expect_box(["a.txt: a\n"]);
    rig.expect_box_in(second, ["b.txt: b\n"]);
    // What is saved now is seen by the service itself.
    machine.ok("echo c >/srv/reports/c.txt");
    rig.expect_arrival("c.txt", "c\n");
    machine.ok("boxup wait --timeout 90s");
    let status = machine.ok("boxup status --json");
    let status: serde_json::Value = serde_json::from_str(&status).expect("an object");
    for mirror in status["mirrors"].as_array().expect("a list") {
        assert!(mirror["last_pass"].is_string(), "{status}");
        assert_eq!(mirror["watched"], "native", "{status}");
    }
    let sentence = "watching 2 mirrors: everything is on Box";
    let says_so = || machine.property("StatusText") == sentence;
    until("systemd has the sentence", says_so);
    // As confined as the unit says.
    let found = machine.ok("cat /proc/$(systemctl show --value -p MainPID boxup)/status");
    let line = |key: &str| {
        let line = found.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().trim().to_owned()
    };
    for key in ["CapEff:", "CapPrm:", "CapBnd:", "CapAmb:"] {
        assert_eq!(line(key).trim_matches('0'), "", "{found}");
    }
    assert_eq!(
        (line("NoNewPrivs:"), line("Seccomp:")),
        ("1".into(), "2".into())
    );
    assert!(!line("Uid:").starts_with("0\t"), "{found}");
    let score = machine.ok("systemd-analyze security --no-pager --threshold=12 boxup.service");
    assert!(score.contains("Overall exposure level"), "{score}");
}

fn reloads(rig: &Rig, machine: &Machine, text: &str) {
    let pid = machine.property("MainPID");
    std::fs::write(rig.temp().join("text"), format!("{text}\nsetle = 1\n")).expect("written");
    machine.ok("cat /mnt/text >/etc/boxup/sync.toml; systemctl reload boxup");
    let is_told = || {
        machine
            .property("StatusText")
            .contains("was not read again")
    };
    until("the mistake is told", is_told);
    std::fs::write(rig.temp().join("text"), text).expect("written");
    machine.ok("cat /mnt/text >/etc/boxup/sync.toml; systemctl reload boxup");
    let is_over = || machine.journal().contains("configuration was read again");
    until("it is read again", is_over);
    machine.ok("boxup wait --timeout 90s");
    assert_eq!(machine.property("MainPID"), pid);
    assert_eq!(machine.property("ActiveState"), "active");
}

fn upgrades(rig: &Rig, machine: &Machine, install: &str) {
    let (pid, writes) = (machine.property("MainPID"), rig.writes());
    machine.ok(install);
    assert_eq!(
        machine.property("ActiveState"),
        "active",
        "{}",
        machine.journal()
    );
    assert_ne!(machine.property("MainPID"), pid);
    machine.ok("boxup wait --timeout 90s");
    assert_eq!(rig.writes(), writes, "its state was lost");
    machine.ok("echo d >/srv/reports/d.txt");
    rig.expect_arrival("d.txt", "d\n");
    machine.ok("boxup wait --timeout 90s");
}

fn needs_a_person(machine: &Machine) {
    // A wrong configuration ends it, and systemd leaves it alone.
    machine.ok("cp /etc/boxup/sync.toml /var/tmp/good; echo nonsense >/etc/boxup/sync.toml");
    let (code, said) = machine.run("systemctl restart boxup");
    assert_ne!(code, 0, "{said}");
    let found = (
        machine.property("SubState"),
        machine.property("ExecMainStatus"),
    );
    assert_eq!(
        found,
        ("failed".into(), "78".into()),
        "{}",
        machine.journal()
    );
    assert_eq!(machine.property("NRestarts"), "0");
    machine.ok("cat /var/tmp/good >/etc/boxup/sync.toml; systemctl restart boxup");
    machine.ok("boxup wait --timeout 90s");
}

fn is_restarted_when_it_hangs(machine: &Machine) {
    machine.ok("mkdir -p /etc/systemd/system/boxup.service.d
         printf '[Service]\\nWatchdogSec=3\\nRestartSec=1\\n' \\
             >/etc/systemd/system/boxup.service.d/quick.conf
         systemctl daemon-reload; systemctl restart boxup");
    let pid = machine.property("MainPID");
    machine.ok(&format!("kill -STOP {pid}"));
    until("systemd starts another", || {
        let other = machine.property("MainPID");
        other != pid && other != "0" && machine.property("ActiveState") == "active"
    });
    assert_ne!(machine.property("NRestarts"), "0");
    machine.ok("boxup wait --timeout 90s; rm -r /etc/systemd/system/boxup.service.d");
}

fn is_removed(machine: &Machine) {
    machine.ok("dpkg --remove boxup");
    assert_eq!(machine.property("ActiveState"), "inactive");
    machine.ok("test ! -e /usr/bin/boxup && test -e /etc/boxup/sync.toml");
    machine.ok("test -e /var/lib/boxup/boxup.db && test -e /etc/default/boxup");
    machine.ok("dpkg --purge boxup");
    machine.ok("test ! -e /etc/boxup && test ! -e /var/lib/boxup && test ! -e /etc/default/boxup");
    let left = machine.ok("find /usr /etc -name '*boxup*' ! -path '/etc/credstore/*' | head");
    assert!(!left.contains("/usr/lib/systemd"), "{left}");
}
