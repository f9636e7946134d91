//! `Retry-After` in every spelling, and waits that are too long for one run.

use crate::rig::{Rig, each, each_at_once};
use box_emulator::Fault;
use std::time::{Duration, SystemTime};

fn date(ahead: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000 + ahead);
    // No test waits until the year 2096.
    httpdate::fmt_http_date(at)
}

#[test]
fn what_makes_no_sense_is_replaced_by_a_pause_of_our_own() {
    let values = [
        "",
        " ",
        "NaN",
        "inf",
        "-inf",
        "1e400",
        "-1",
        "-0.5",
        "0x10",
        "1,5",
        "1 s",
        "soon",
        "1;2",
        "00",
        "1e-3",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thursday, 01-Jan-70 00:00:00 GMT",
        "Thu Jan  1 00:00:00 1970",
        "Thu, 99 Foo 1970 00:00:00 GMT",
    ];
    let cases = values
        .iter()
        .flat_map(|value| [(429, *value), (503, *value)]);
    each_at_once(&cases.collect::<Vec<_>>(), |(status, value)| {
        let rig = Rig::new();
        rig.write("a.txt", "a").write("sub/b.txt", "b");
        let fault = Fault::on("post_files_content").status(*status, "");
        rig.cloud.inject(fault.header("retry-after", value));
        rig.once_ok().expect(&[("uploaded", 2)]);
        rig.expect_same_as_disk();
        assert_eq!(rig.cloud.count_status("post_files_content", *status), 1);
        assert_eq!(rig.calls("post_files_content"), 3);
    });
}

#[test]
fn what_is_too_long_ends_the_run_with_the_rest_pending() {
    let date = date(0);
    let values = [
        "301",
        "300.5",
        "1000000000",
        "99999999999999999999",
        "1e300",
        &date,
    ];
    let operations = [
        "post_files_content",
        "options_files_content",
        "post_folders",
    ];
    let cases = values
        .iter()
        .flat_map(|value| operations.map(|operation| (operation, *value)));
    each(&cases.collect::<Vec<_>>(), |(operation, value)| {
        for status in [429, 503] {
            let rig = Rig::new();
            rig.write("a.txt", "a").write("sub/b.txt", "b");
            let fault = Fault::on(operation).forever().status(status, "");
            rig.cloud.inject(fault.header("retry-after", value));
            let run = rig.once();
            run.expect_code(1);
            // The other file may be there by then, and what is in a directory without
            // its folder nobody has counted.
            let least = u64::from(*operation != "post_folders");
            assert!(run.count("pending") >= least, "{run}");
            assert_eq!(run.count("failed") + run.count("parked"), 0, "{run}");
            assert!(rig.cloud.count_status(operation, status) <= 2, "{run}");
            rig.cloud.clear_faults();
            rig.once_ok();
            rig.expect_same_as_disk();
        }
    });
}
