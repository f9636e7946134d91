//! The network is not there, or not all of it: names that nobody knows, interfaces that
//! go down, addresses that swallow everything.

use crate::rig::apart::{NameServer, Says, apart, ip};
use crate::rig::tls::Authority;
use crate::rig::{Child, PATIENCE, Rig, Run, until};
use box_emulator::{Effect, Fault};

/// A Box that is called by its name.
fn named() -> Rig {
    let rig = Rig::new();
    let address = rig.cloud.base_url();
    let name = address.replace("127.0.0.1", "localhost");
    let rig = rig.configured(|config| config.replace(&address, &name));
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    rig
}

/// A look that must say that Box cannot be reached, and why.
#[track_caller]
fn cannot(rig: &Rig, words: &str) {
    let finished = rig.run(&["sync", "--once", "--dry-run"]);
    assert_eq!(finished.code, 69, "{finished:?}");
    assert!(finished.stderr.contains(words), "{words:?}: {finished:?}");
    assert_eq!(rig.cloud.total_requests(), 0);
}

/// The same where Box has been reached before, and for a clock in a hurry.
#[track_caller]
fn cannot_any_more(rig: &Rig, words: &str) {
    let look = ["sync", "--once", "--dry-run", "--json"];
    let Some(command) = rig.command_at("+0 x20", &look) else {
        return;
    };
    let run = Run::of(Child::start(command).finish());
    run.expect_code(69).expect(&[("pending", 2)]);
    assert!(run.stderr.contains(words), "{run}");
}

#[test]
fn a_name_that_is_not_known_is_asked_for_until_it_is() {
    apart(
        "network::a_name_that_is_not_known_is_asked_for_until_it_is",
        || {
            let names = NameServer::start(Says::NoSuchName);
            for says in [Says::NoSuchName, Says::CannotTell, Says::Nothing] {
                names.says(says);
                let rig = named();
                cannot(&rig, "the name localhost cannot be looked up");
                let service = rig.start();
                let before = names.asked();
                until("it asks again", || names.asked() >= before + 3);
                assert_eq!(rig.cloud.total_requests(), 0);
                names.says(Says::Here);
                service.wait_ok(&rig);
                rig.expect_same_as_disk();
                service.end();
            }
        },
    );
}

#[test]
fn names_that_come_and_go_cost_tries_and_nothing_else() {
    apart(
        "network::names_that_come_and_go_cost_tries_and_nothing_else",
        || {
            let names = NameServer::start(Says::Now(false));
            let rig = named();
            rig.once_ok().expect(&[("uploaded", 2)]);
            rig.expect_same_as_disk();
            assert!(names.asked() > 2);
        },
    );
}

/// In the middle of an upload, as when a laptop leaves the room.
#[test]
fn an_interface_that_goes_down_and_comes_back_loses_nothing() {
    apart(
        "network::an_interface_that_goes_down_and_comes_back_loses_nothing",
        || {
            let rig = Rig::new();
            rig.write("a.txt", "a");
            let held = Fault::on("post_files_content").effect(Effect::Hold);
            rig.cloud.inject(held);
            let service = rig.start();
            assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
            ip("link set lo down");
            rig.cloud.release_holds();
            rig.write("b.txt", "b");
            cannot_any_more(&rig, "no answer in time");
            ip("link set lo up");
            service.wait_ok(&rig);
            rig.expect_same_as_disk();
            for path in ["a.txt", "b.txt"] {
                assert_eq!(rig.entry(path).versions, 1, "{path}");
            }
            service.end();
        },
    );
}

#[test]
fn an_address_that_is_not_reached_is_told_as_such() {
    apart(
        "network::an_address_that_is_not_reached_is_told_as_such",
        || {
            // What goes there is dropped without a word.
            ip("route add 198.51.100.0/24 dev lo");
            let authority = Authority::new();
            for (address, words) in [
                ("203.0.113.1", "there is no way to 203.0.113.1"),
                ("198.51.100.1", "no answer in time"),
            ] {
                let rig = Rig::new();
                let plain = rig.cloud.base_url();
                let there = format!("https://{address}");
                let rig = rig.configured(|config| config.replace(&plain, &there));
                rig.write("a.txt", "a");
                let look = ["sync", "--once", "--dry-run"];
                let Some(mut command) = rig.command_at("+0 x20", &look) else {
                    return;
                };
                command.env("SSL_CERT_FILE", authority.file());
                let finished = Child::start(command).finish();
                assert_eq!(finished.code, 69, "{finished:?}");
                assert!(finished.stderr.contains(words), "{words:?}: {finished:?}");
            }
        },
    );
}

/// IPv6 leads nowhere, and IPv4 does.
#[test]
fn a_way_that_swallows_everything_is_not_the_only_one() {
    apart(
        "network::a_way_that_swallows_everything_is_not_the_only_one",
        || {
            ip("-6 addr add fd00::2/128 dev lo");
            ip("-6 route add 2001:db8::/32 dev lo");
            let hosts = "2001:db8::1 localhost\n127.0.0.1 localhost\n";
            std::fs::write("/etc/hosts", hosts).expect("it is this test's own");
            let rig = named();
            rig.once_ok().expect(&[("uploaded", 2)]);
            rig.expect_same_as_disk();
        },
    );
}
