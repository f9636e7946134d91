//! A program, a configuration and a state in odd places, and an administrator with odd habits.

use super::machine::{Machine, configuration, machine};
use crate::rig::{Rig, until};

const PROGRAM: &str = "'/opt/100% $x %h/boxup'";
const CONFIG: &str = "'/etc/a b%%$c \u{fc}/sync.toml'";
const STATE: &str = r#"'/var/lib/my "state" \ 100%'"#;

#[test]
#[ignore = "it boots a machine: cargo test --test it packages:: -- --ignored"]
fn odd_places_are_served_and_hands_in_a_unit_are_left_alone() {
    let mut rig = Rig::new();
    let second = rig.add_mirror("second");
    let Some(machine) = machine(&rig) else {
        return;
    };
    let program = env!("CARGO_BIN_EXE_boxup");
    std::fs::copy(program, rig.temp().join("boxup")).expect("copied");
    // One mirror is somebody's home, by a link.
    let (text, secret) = configuration(&rig, &second);
    let text = text.replace("/home/ann/papers", "/srv/link")
        + "[state]\ndir = \"../../var/lib/my \\\"state\\\" \\\\ 100%\"\n";
    std::fs::write(rig.temp().join("text"), &text).expect("written");
    std::fs::write(rig.temp().join("secret"), secret).expect("written");
    machine.ok(&format!(
        "install -D -m 755 /mnt/boxup {PROGRAM}; rm /mnt/boxup
         mkdir -p \"$(dirname {CONFIG})\" /srv/reports /home/ann/papers
         install -m 600 /mnt/text {CONFIG}
         install -D -m 600 /mnt/secret /etc/credstore/boxup.client_secret
         ln -s /home/ann/papers /srv/link
         echo a >/srv/reports/a.txt; echo b >/home/ann/papers/b.txt"
    ));
    // Nobody but root may read it yet: the service is there, and what is wrong is told.
    let install = format!("{PROGRAM} service install --config {CONFIG}");
    let (code, said) = machine.run(&install);
    assert_eq!(code, 74, "{said}");
    assert!(said.contains("did not start"), "{said}");
    let (code, said) = machine.run(&format!("{PROGRAM} service status"));
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("exit code 78"), "{said}");
    machine.ok(&format!(
        "chgrp boxup {CONFIG}; chmod 640 {CONFIG}
         install -d -m 700 -o boxup -g boxup {STATE}
         systemctl start boxup"
    ));
    machine.ok(&format!("{PROGRAM} --config {CONFIG} wait --timeout 90s"));
    rig.expect_box(["a.txt: a\n"]);
    rig.expect_box_in(&second, ["b.txt: b\n"]);
    machine.ok(&format!("test -e {STATE}/boxup.db"));
    machine.ok(&install);
    is_changed_by_hand(&machine, &install);
    // The program goes elsewhere.
    machine.ok(&format!("mv {PROGRAM} /usr/bin/boxup"));
    let status = machine.ok("boxup service status");
    assert!(status.contains("which it starts"), "{status}");
    machine.ok(&format!("boxup service install --config {CONFIG}"));
    assert!(!machine.ok("boxup service status").contains("problem"));
    let is_up = || {
        machine
            .property("StatusText")
            .contains("watching 2 mirrors")
    };
    until("it is watching again", is_up);
    machine.ok("boxup service uninstall");
    assert_eq!(machine.property("LoadState"), "not-found");
    let left = machine.ok("find /etc/systemd /etc/sysusers.d -name '*boxup*'");
    assert_eq!(left, "");
}

fn is_changed_by_hand(machine: &Machine, install: &str) {
    let unit = "/etc/systemd/system/boxup.service";
    machine.ok(&format!("cp {unit} /mnt/unit; echo Nice=5 >>{unit}"));
    for line in [install, "boxup service uninstall"] {
        let line = line.replace(
            "boxup service uninstall",
            &format!("{PROGRAM} service uninstall"),
        );
        let (code, said) = machine.run(&line);
        assert_eq!(code, 74, "{said}");
        assert!(said.contains("was changed since boxup wrote it"), "{said}");
    }
    assert_eq!(machine.property("ActiveState"), "active");
    machine.ok(&format!("cp /mnt/unit {unit}; systemctl daemon-reload"));
    // A drop-in is the place for it.
    machine.ok("mkdir /etc/systemd/system/boxup.service.d
         printf '[Service]\\nNice=5\\n' >/etc/systemd/system/boxup.service.d/override.conf");
    machine.ok(install);
    assert_eq!(machine.property("Nice"), "5");
    machine.ok("rm -r /etc/systemd/system/boxup.service.d");
}
