//! The packages on a machine of their own: a container in which systemd is the first process.
//!
//! The machine is a copy of this one that keeps nothing, or, with `$BOXUP_ROOT`, of a clean
//! root: `debootstrap --variant=minbase --include=systemd,ca-certificates,rpm bookworm DIR`.
//! It takes root's rights, systemd-nspawn and a minute or two; `.ci/run` has a step for it.

mod contents;
mod machine;
mod odd;

use crate::rig::{PATIENCE, Rig, holds_within, until};
use box_emulator::Fault;
use machine::{Machine, configuration, machine, package};

/// A word of whoever installs, and how to find what it left.
struct Manager {
    /// Which package it takes.
    kind: &'static str,
    install: &'static str,
    upgrade: &'static str,
    remove: &'static str,
    /// What of the changed `/etc/default/boxup` is there when the package is removed.
    kept: &'static str,
}

const DPKG: Manager = Manager {
    kind: "deb",
    install: "dpkg --install",
    upgrade: "dpkg --install",
    remove: "dpkg --remove boxup",
    kept: "/etc/default/boxup",
};

/// Of Debian, whose names of packages are others: without a look at those.
const RPM: Manager = Manager {
    kind: "rpm",
    install: "rpm --nodeps --force-debian --install",
    upgrade: "rpm --nodeps --force-debian --upgrade",
    remove: "rpm --nodeps --erase boxup",
    kept: "/etc/default/boxup.rpmsave",
};

#[test]
#[ignore = "it boots a machine: cargo test --test it packages:: -- --ignored"]
fn a_deb_is_installed_served_by_systemd_upgraded_and_removed() {
    let mut rig = rig();
    let Some((machine, text, second)) = installed(&mut rig, &DPKG) else {
        return;
    };
    serves_confined(&rig, &machine, &second);
    tells_the_journal(&rig, &machine);
    keeps_the_secret(&machine);
    reloads(&rig, &machine, &text);
    upgrades(&rig, &machine, &DPKG, &second);
    needs_a_person(&machine);
    is_restarted_when_it_hangs(&machine);
    makes_passes_by_the_clock(&rig, &machine);
    is_removed(&machine, &DPKG);
    is_installed_again(&rig, &machine, &DPKG);
    is_purged(&machine);
    rig.expect_box([
        "a.txt: a\n",
        "c.txt: c\n",
        "d.txt: d\n",
        "e.txt: e\n",
        "f.txt: f\n",
    ]);
}

#[test]
#[ignore = "it boots a machine: cargo test --test it packages:: -- --ignored"]
fn an_rpm_is_installed_served_by_systemd_upgraded_and_removed() {
    let mut rig = rig();
    let Some((machine, text, second)) = installed(&mut rig, &RPM) else {
        return;
    };
    serves_confined(&rig, &machine, &second);
    tells_the_journal(&rig, &machine);
    keeps_the_secret(&machine);
    reloads(&rig, &machine, &text);
    upgrades(&rig, &machine, &RPM, &second);
    needs_a_person(&machine);
    is_removed(&machine, &RPM);
    is_installed_again(&rig, &machine, &RPM);
    is_removed(&machine, &RPM);
    rig.expect_box(["a.txt: a\n", "c.txt: c\n", "d.txt: d\n", "f.txt: f\n"]);
}

/// How many parts the large file has.
const PARTS: u64 = 6;

fn rig() -> Rig {
    Rig::with(|builder| builder.part_size(4 << 20))
}

/// A machine on which it was installed, configured and started.
fn installed(rig: &mut Rig, manager: &Manager) -> Option<(Machine, String, String)> {
    let second = rig.add_mirror("second");
    let machine = machine(rig)?;
    // Installed: there is the user, and nothing runs yet.
    let package = package(rig, manager.kind, 1);
    let said = machine.ok(&format!("{} {package}", manager.install));
    let next = "boxup init --config /etc/boxup/sync.toml";
    assert!(said.contains(next), "{said}");
    machine.ok("getent passwd boxup");
    assert_eq!(
        machine.ok("stat -c '%a %U %G' /etc/boxup"),
        "750 root boxup\n"
    );
    assert_eq!(machine.property("ActiveState"), "inactive");
    assert_eq!(machine.property("UnitFileState"), "disabled");

    // Configured, with the secret for root only, and folders of somebody else's.
    let (text, secret) = configuration(rig, &second);
    std::fs::write(rig.temp().join("text"), &text).expect("written");
    std::fs::write(rig.temp().join("secret"), secret).expect("written");
    machine.ok("install -m 640 -g boxup /mnt/text /etc/boxup/sync.toml
         install -d -m 700 /etc/credstore
         install -m 600 /mnt/secret /etc/credstore/boxup.client_secret
         install -d /srv/reports /home/ann/papers
         echo a >/srv/reports/a.txt
         echo b >/home/ann/papers/b.txt");
    machine.ok("systemctl enable --now boxup");
    Some((machine, text, second))
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

/// What the journal itself has, which takes the fields apart.
fn tells_the_journal(rig: &Rig, machine: &Machine) {
    let records = |field: &str| -> Vec<serde_json::Value> {
        machine.ok("journalctl --sync");
        let ask = format!("journalctl --no-pager --output=json --unit=boxup {field}");
        let said = machine.ok(&ask);
        let parse = |line: &str| serde_json::from_str(line).expect("an object");
        said.lines().map(parse).collect()
    };
    let about = records("BOXUP_EVENT=uploaded BOXUP_PATH=c.txt");
    assert_eq!(about.len(), 1, "{about:?}");
    let entry = rig.entry("c.txt");
    let version = &rig.cloud.versions(&entry.id)[0].id;
    for (field, value) in [
        ("MESSAGE", "uploaded reports/c.txt"),
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "boxup"),
        ("_SYSTEMD_UNIT", "boxup.service"),
        ("BOXUP_MIRROR", "reports"),
        ("BOXUP_FILE_ID", &entry.id),
        ("BOXUP_VERSION_ID", version),
        ("BOXUP_BYTES", "2"),
    ] {
        assert_eq!(about[0][field], value, "{field}: {about:?}");
    }
    let took = about[0]["BOXUP_DURATION_MS"].as_str();
    let took = took.and_then(|took| took.parse::<u64>().ok());
    assert!(took.is_some(), "{about:?}");
    let request = about[0]["BOXUP_REQUEST_ID"].as_str();
    assert!(request.is_some_and(|id| !id.is_empty()), "{about:?}");

    // A name cannot forge a field, and stays as it is.
    machine.ok("touch \"$(printf '/srv/reports/x\\nPRIORITY=0')\"");
    until("it is parked", || !records("BOXUP_EVENT=parked").is_empty());
    let parked = records("BOXUP_EVENT=parked");
    assert_eq!(parked[0]["PRIORITY"], "4", "{parked:?}");
    assert_eq!(parked[0]["BOXUP_PATH"], "x\nPRIORITY=0", "{parked:?}");
    machine.ok("rm /srv/reports/x*; boxup wait --timeout 90s");
}

/// Root and the service have it, and nobody else.
fn keeps_the_secret(machine: &Machine) {
    let pid = machine.property("MainPID");
    let places = format!(
        "/run/credentials/boxup.service/client_secret /etc/credstore/boxup.client_secret \
         /proc/{pid}/environ"
    );
    machine.ok(&format!("for f in {places}; do test -r $f || exit 1; done"));
    let others = format!(
        "for f in {places}; do
             ! setpriv --reuid=65534 --regid=65534 --clear-groups cat $f || exit 1
         done"
    );
    machine.ok(&others);
    machine.ok(&format!(
        "! grep --quiet --text --file=/etc/credstore/boxup.client_secret \
             /proc/{pid}/environ /proc/{pid}/cmdline"
    ));
    machine.ok("! journalctl --unit=boxup | grep --file=/etc/credstore/boxup.client_secret");
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

/// In the midst of a large file, of which nothing goes out twice.
fn upgrades(rig: &Rig, machine: &Machine, manager: &Manager, second: &str) {
    const PUT: &str = "put_files_upload_sessions_id";
    const CREATE: &str = "post_files_upload_sessions";
    machine.ok("echo BOXUP_LOG=boxup=debug >>/etc/default/boxup");
    rig.cloud.inject(Fault::on(PUT).skip(2).forever().hold());
    machine.ok("seq 9999999 | head -c 22M >/home/ann/papers/large.bin");
    until("parts are under way", || rig.cloud.parts_stored() >= 3);
    let (pid, writes) = (machine.property("MainPID"), rig.writes());
    rig.cloud.clear_faults();
    let package = package(rig, manager.kind, 2);
    machine.ok(&format!("{} {package}", manager.upgrade));
    rig.cloud.release_holds();
    assert_eq!(
        machine.property("ActiveState"),
        "active",
        "{}",
        machine.journal()
    );
    assert_ne!(machine.property("MainPID"), pid);
    assert_eq!(machine.property("UnitFileState"), "enabled");
    machine.ok("grep -q ^BOXUP_LOG=boxup=debug /etc/default/boxup");
    machine.ok("boxup wait --timeout 90s");
    let large = rig.cloud.entry(second, "large.bin").expect("it is there");
    let sum = machine.ok("sha1sum </home/ann/papers/large.bin");
    assert_eq!(large.sha1.as_deref(), sum.split_whitespace().next());
    assert_eq!((rig.calls(CREATE), rig.cloud.parts_stored()), (1, PARTS));
    assert_eq!(rig.writes(), writes, "its state was lost");
    machine.ok("echo d >/srv/reports/d.txt");
    rig.expect_arrival("d.txt", "d\n");
    machine.ok("boxup wait --timeout 90s");
}

fn needs_a_person(machine: &Machine) {
    // A wrong configuration ends it, or a secret that Box does not take, and systemd leaves
    // it alone.
    machine.ok("cp /etc/boxup/sync.toml /var/tmp/good; cp -r /etc/credstore /var/tmp/");
    for (mistake, code) in [
        ("echo nonsense >/etc/boxup/sync.toml", "78"),
        (
            "echo wrong >/etc/credstore/boxup.client_secret; rm /var/lib/boxup/token-*.json
             echo f >/srv/reports/f.txt",
            "77",
        ),
    ] {
        machine.ok("systemctl stop boxup");
        machine.ok(mistake);
        // Whether it was ready before it found out is not the question.
        machine.run("systemctl restart boxup");
        let has_ended = || machine.property("SubState") == "failed";
        assert!(holds_within(PATIENCE, has_ended), "{}", machine.journal());
        let status = machine.property("ExecMainStatus");
        assert_eq!(status, code, "{}", machine.journal());
        assert_eq!(machine.property("NRestarts"), "0");
        machine.ok("cat /var/tmp/good >/etc/boxup/sync.toml
             cp /var/tmp/credstore/* /etc/credstore/");
    }
    machine.ok("systemctl restart boxup");
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

/// Instead of a service that stays: one that comes, mirrors and goes.
fn makes_passes_by_the_clock(rig: &Rig, machine: &Machine) {
    // The service that stays, and is enabled, makes room for it.
    machine.ok(
        "boxup service install --config /etc/boxup/sync.toml --timer hourly
         echo e >/srv/reports/e.txt",
    );
    assert_eq!(machine.property("ActiveState"), "inactive");
    machine.ok("test ! -e /etc/systemd/system/multi-user.target.wants/boxup.service");
    let timers = machine.ok("systemctl list-timers --no-pager boxup.timer");
    assert!(timers.contains("boxup.service"), "{timers}");
    // As the timer does it; it ends when the pass has ended.
    machine.ok("systemctl start boxup.service");
    assert!(rig.has("e.txt", "e\n"), "{}", machine.journal());
    let found = (
        machine.property("ActiveState"),
        machine.property("ExecMainStatus"),
    );
    assert_eq!(found, ("inactive".into(), "0".into()));
    let score = machine.ok("systemd-analyze security --no-pager --threshold=12 boxup.service");
    assert!(score.contains("Overall exposure level"), "{score}");
    // A pass that could not do its work is seen by whoever watches units.
    machine.ok("mv /srv/reports /srv/away");
    assert_ne!(machine.run("systemctl start boxup.service").0, 0);
    assert_eq!(machine.property("ExecMainStatus"), "3");
    let status = machine.ok("boxup service status");
    for told in [
        "runs: active\n",
        "next pass: ",
        "exit code 3 (a mirror is paused",
    ] {
        assert!(status.contains(told), "{status}");
    }
    machine.ok("mv /srv/away /srv/reports; systemctl start boxup.service");
    machine.ok("boxup service uninstall");
    machine.ok("test ! -e /etc/systemd/system/boxup.timer");
    machine.ok("systemctl enable --now boxup; boxup wait --timeout 90s");
}

fn is_removed(machine: &Machine, manager: &Manager) {
    machine.ok(manager.remove);
    assert_eq!(machine.property("ActiveState"), "inactive");
    machine.ok("test ! -e /usr/bin/boxup && test -e /etc/boxup/sync.toml");
    machine.ok("test -e /var/lib/boxup/boxup.db");
    machine.ok(&format!("grep -q BOXUP_LOG=boxup=debug {}", manager.kept));
    let left = machine.ok("find /usr -name '*boxup*'");
    assert_eq!(left, "");
}

/// What it knew when it was removed, it knows.
fn is_installed_again(rig: &Rig, machine: &Machine, manager: &Manager) {
    let writes = rig.writes();
    machine.ok(&format!(
        "{} {}",
        manager.install,
        package(rig, manager.kind, 2)
    ));
    machine.ok("systemctl enable --now boxup; boxup wait --timeout 90s");
    assert_eq!(rig.writes(), writes, "its state was lost");
}

/// While it runs.
fn is_purged(machine: &Machine) {
    assert_eq!(machine.property("ActiveState"), "active");
    machine.ok("dpkg --purge boxup");
    assert_eq!(machine.property("ActiveState"), "inactive");
    machine.ok("test ! -e /etc/boxup && test ! -e /var/lib/boxup && test ! -e /etc/default/boxup");
    // The secret is not the package's, the timer's stamp is systemd's, and the rest is gone.
    let left = machine.ok("find /etc /run /usr /var/cache /var/lib /var/log -name '*boxup*' ! -name stamp-boxup.timer");
    assert_eq!(left, "/etc/credstore/boxup.client_secret\n");
}
