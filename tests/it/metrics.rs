//! The figures of a running service are true, follow its configuration, and disturb
//! nothing.

use crate::rig::{Monitored, Rig, signal, told_address, until, visit};
use box_emulator::Fault;
use std::collections::BTreeMap;
use std::net::TcpListener;

/// A service that listens on a port of its own.
pub(crate) fn monitored_rig() -> Rig {
    Rig::new().configured(|config| config.metrics = listen("127.0.0.1:0"))
}

/// An address of this machine that no other test uses, and no connection begins at: a port
/// that is free on it stays so.
const OWN: &str = "127.83.9.64:0";

fn listen(address: &str) -> Vec<String> {
    vec![format!("listen = {address:?}")]
}

/// What the emulator has answered, by operation and status.
fn answered(rig: &Rig) -> BTreeMap<Vec<String>, f64> {
    let mut counts = BTreeMap::new();
    for request in rig.cloud.requests() {
        let status = request.status.map(|status| status.to_string());
        let status = status.unwrap_or_else(|| "none".to_owned());
        *counts
            .entry(vec![request.operation.to_owned(), status])
            .or_default() += 1.0;
    }
    counts
}

#[test]
fn requests_are_what_box_counted() {
    let rig = monitored_rig();
    rig.write("a.txt", "four").write("sub/b.txt", "sevenly");
    let on = |operation| Fault::on(operation);
    rig.cloud.inject(on("post_folders").rate_limited(Some("0")));
    rig.cloud
        .inject(on("post_files_content").status(503, "unavailable"));
    rig.cloud.inject(on("options_files_content").drop_after());
    let monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    until("both have counted the same", || {
        monitored.page().all("boxup_requests_total") == answered(&rig)
    });
    let page = monitored.page();
    assert_eq!(rig.cloud.faults_left(), 0, "all of them have happened");
    for (operation, status) in [
        ("post_folders", "429"),
        ("post_files_content", "503"),
        ("options_files_content", "none"),
        ("post_oauth2_token", "200"),
    ] {
        let series = format!("boxup_requests_total{{operation={operation:?},status={status:?}}}");
        assert_eq!(page.value(&series), 1.0);
    }
    let counted = page.all("boxup_requests_total");
    let sum = |fits: &dyn Fn(&[String]) -> bool| -> f64 {
        let of = counted.iter().filter(|(labels, _)| fits(labels));
        of.map(|(_, count)| count).sum()
    };
    let errors: f64 = page.all("boxup_errors_total").values().sum();
    let is_error = |labels: &[String]| labels[1].starts_with(['4', '5']);
    assert_eq!(errors, sum(&is_error), "{}", page.text);
    for (operation, count) in page.all("boxup_request_duration_seconds_count") {
        assert_eq!(sum(&|labels| labels[0] == operation[0]), count);
    }
    // What was refused was sent as well.
    assert!(page.value("boxup_sent_bytes_total") >= 11.0);
    monitored.service.end();
}

#[test]
fn what_became_of_entries_is_counted_and_all_is_told_as_it_stands() {
    let rig = monitored_rig();
    rig.write("a.txt", "four").write("sub/b.txt", "sevenly");
    let monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    rig.write("a.txt", "three");
    monitored.service.wait_ok(&rig);
    // The system may still tell of what a look has seen already.
    until("it is at rest", || {
        let page = monitored.page();
        ["boxup_lag_seconds", "boxup_pending", "boxup_in_flight"]
            .iter()
            .all(|gauge| page.value(&format!("{gauge}{{mirror=\"mirror\"}}")) == 0.0)
    });
    let page = monitored.page();
    for (outcome, count) in [
        ("uploaded", 2.0),
        ("new_version", 1.0),
        ("folder_created", 1.0),
        ("trashed", 0.0),
        ("failed", 0.0),
    ] {
        let series = format!("boxup_outcomes_total{{mirror=\"mirror\",outcome={outcome:?}}}");
        assert_eq!(page.value(&series), count, "{outcome}");
    }
    for (series, value) in [
        ("boxup_engine_up", 1.0),
        ("boxup_box_reachable", 1.0),
        ("boxup_sent_bytes_total", 16.0),
        ("boxup_uploaded_bytes_total{mirror=\"mirror\"}", 16.0),
        (
            "boxup_upload_duration_seconds_count{mirror=\"mirror\"}",
            3.0,
        ),
        ("boxup_parked{mirror=\"mirror\"}", 0.0),
        ("boxup_synced_files{mirror=\"mirror\"}", 2.0),
        (
            "boxup_mirror_state{mirror=\"mirror\",state=\"halted\"}",
            0.0,
        ),
        ("boxup_rate_limit{lane=\"uploads\"}", 1_000_000.0),
    ] {
        assert_eq!(page.value(series), value, "{series}");
    }
    let states = page.all("boxup_mirror_state");
    assert_eq!(states.values().sum::<f64>(), 1.0, "{}", page.text);
    for (series, least) in [
        ("boxup_pass_duration_seconds_count{mirror=\"mirror\"}", 2.0),
        ("boxup_last_pass_timestamp_seconds{mirror=\"mirror\"}", 1e9),
        ("boxup_token_expires_in_seconds", 60.0),
        ("process_start_time_seconds", 1e9),
    ] {
        assert!(page.value(series) >= least, "{series}: {}", page.text);
    }
    monitored.service.end();
}

#[test]
fn being_asked_costs_box_nothing_and_gives_nothing_away() {
    let rig = monitored_rig();
    rig.write("secret-plans.txt", "x");
    let monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    let before = rig.cloud.total_requests();
    let mut pages = String::new();
    for _ in 0..20 {
        pages += &monitored.page().text;
        pages += &monitored.visit("/healthz").page;
    }
    assert_eq!(rig.cloud.total_requests(), before);
    let local = rig.config.local(0);
    let secret = rig.config.access.lines();
    let secret = secret.filter_map(|line| line.strip_prefix("client_secret = "));
    let secret = secret.map(|quoted| quoted.trim_matches('"')).next();
    for hidden in [
        "secret-plans",
        local.to_str().expect("text"),
        secret.expect("it has a secret"),
    ] {
        assert!(!pages.contains(hidden), "{hidden}");
    }
    monitored.service.end();
}

#[test]
fn a_hundred_who_ask_while_files_go_out_disturb_nothing() {
    let rig = monitored_rig();
    let monitored = Monitored::start(&rig);
    for number in 0..150 {
        rig.write(&format!("f{number}"), format!("{number}"));
    }
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..10 {
                    monitored.page();
                }
            });
        }
        monitored.service.wait_ok(&rig);
    });
    let uploaded = monitored
        .page()
        .value("boxup_outcomes_total{mirror=\"mirror\",outcome=\"uploaded\"}");
    assert_eq!(uploaded, 150.0);
    assert_eq!(rig.cloud.count("post_files_content"), 150);
    rig.expect_same_as_disk();
    monitored.service.end();
}

#[test]
fn a_reload_moves_the_listener_and_the_counts_go_on() {
    // Not every machine has IPv6.
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    let other = ["127.83.9.65:0", "[::1]:0"][usize::from(has_ipv6)];
    let mut rig = Rig::new().configured(|config| config.metrics = listen(OWN));
    rig.write("a.txt", "a");
    let mut monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    let first = monitored.url.clone();
    let second = rig.add_mirror("second");
    std::fs::write(rig.temp().join("second/b.txt"), "b").expect("written");
    rig = rig.configured(|config| config.metrics = listen(other));
    signal(monitored.service.pid(), "HUP");
    until("it listens elsewhere", || {
        let now = told_address(&monitored.service);
        monitored.url = now.expect("it has said so once");
        monitored.url != first
    });
    let there = format!("http://{}", other.trim_end_matches('0'));
    assert!(monitored.url.starts_with(&there), "{}", monitored.url);
    monitored.service.wait_ok(&rig);
    rig.expect_box_in(&second, ["b.txt: b"]);
    let page = monitored.page();
    for mirror in ["mirror", "second"] {
        let series = format!("boxup_outcomes_total{{mirror={mirror:?},outcome=\"uploaded\"}}");
        assert_eq!(page.value(&series), 1.0, "{mirror}");
    }
    until("the first is closed", || {
        visit(&format!("{first}/metrics")).status == 0
    });
    // Without an address it is off.
    let rig = rig.configured(|config| config.metrics.clear());
    signal(monitored.service.pid(), "HUP");
    until("it is off", || monitored.visit("/metrics").status == 0);
    monitored.service.wait_ok(&rig);
    monitored.service.end();
}

#[test]
fn an_address_that_is_taken_is_told_and_stops_nothing() {
    let taken = TcpListener::bind(OWN).expect("a port is free");
    let address = taken.local_addr().expect("bound").to_string();
    let rig = Rig::new().configured(|config| config.metrics = listen(&address));
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    until("it says so", || {
        let said = service.stderr();
        said.contains(&format!("{address} cannot be listened on"))
            && said.contains("tried again every minute")
    });
    // A child of another test may hold a listener for a moment that was closed here.
    let checked = |status: &str, part: &str| {
        until(part, || {
            let told = rig.run(&["doctor", "--json"]);
            assert_eq!(told.code, 0, "{told:?}");
            let mut lines = told.stdout.lines();
            let line = lines
                .find(|line| line.contains("\"metrics\""))
                .expect("it is checked");
            line.contains(&format!("\"{status}\"")) && line.contains(part)
        });
    };
    checked("warn", "cannot be listened on");
    drop(taken);
    checked("ok", "is free");
    signal(service.pid(), "HUP");
    until("it listens", || {
        visit(&format!("http://{address}/healthz")).status == 200
    });
    checked("ok", "a boxup tells its figures");
    service.end();
    // A pass listens to nobody, and does not complain.
    let taken = TcpListener::bind(&address).expect("it is free again");
    let once = rig.once_ok();
    assert!(!once.stderr.contains("listened"), "{once}");
    drop(taken);
}

#[test]
fn it_is_well_unless_a_mirror_stands_still() {
    let rig = monitored_rig();
    rig.write("a.txt", "a");
    let monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    let well = monitored.visit("/healthz");
    assert_eq!((well.status, well.page.as_str()), (200, "ok\n"));
    let (local, aside) = (rig.config.local(0), rig.temp().join("aside"));
    std::fs::rename(&local, &aside).expect("moved");
    assert_eq!(monitored.service.wait(&rig).0, 3);
    let ill = monitored.visit("/healthz");
    assert_eq!(ill.status, 503, "{ill:?}");
    assert!(
        ill.page
            .contains("1 of 1 mirror stands still: mirror (root_missing)"),
        "{ill:?}"
    );
    assert!(!ill.page.contains(local.to_str().expect("text")));
    let halted = "boxup_mirror_state{mirror=\"mirror\",state=\"halted\"}";
    assert_eq!(monitored.page().value(halted), 1.0);
    std::fs::rename(&aside, &local).expect("moved back");
    monitored.service.wait_ok(&rig);
    assert_eq!(monitored.visit("/healthz").status, 200);
    assert_eq!(monitored.page().value(halted), 0.0);
    monitored.service.end();
}

#[test]
fn other_machines_are_let_in_only_where_that_is_said() {
    let rig = Rig::new().configured(|config| config.metrics = listen("0.0.0.0:0"));
    let refused = rig.once();
    assert_eq!(refused.code, 78, "{refused}");
    for part in [
        "metrics.listen",
        "from other machines",
        "allow_remote = true",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {refused}");
    }
    let rig = rig.configured(|config| config.metrics.push("allow_remote = true".to_owned()));
    let mut monitored = Monitored::start(&rig);
    let port = monitored.url.rsplit(':').next().expect("a port").to_owned();
    monitored.url = format!("http://127.0.0.1:{port}");
    monitored.service.wait_ok(&rig);
    assert_eq!(monitored.page().value("boxup_engine_up"), 1.0);
    monitored.service.end();
}
