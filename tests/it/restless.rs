//! A file that is written to all the time.

use crate::rig::{Rig, sha1, until};
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Appends a line every second, until told to stop.
fn write_on(path: &std::path::Path, stop: &AtomicBool) {
    let mut lines = 0;
    while !stop.load(Ordering::Relaxed) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| writeln!(file, "line {lines}"));
        written.expect("the log can be written");
        lines += 1;
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

/// It takes the half minute that such a file is given to come to rest. Run by
/// [`crate::a_minute`].
pub(crate) fn a_file_that_never_rests_is_sent_all_the_same_and_holds_nobody_up() {
    let rig = Rig::new().configured(|config| config.watch = vec!["settle = \"3s\"".to_owned()]);
    let service = rig.start();
    let (log, stop) = (rig.path("log"), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_on(&log, &stop));
        rig.write("report", "done").expect_arrival("report", "done");
        let has_log = || rig.cloud.entry(&rig.folder, "log");
        assert!(has_log().is_none(), "it did not wait for quiet at all");
        until("the log has come although it never rests", || {
            has_log().is_some()
        });
        let sent = has_log().expect("it is there");
        let content = rig.cloud.content(&sent.id).expect("it has content");
        assert_eq!(sent.sha1, Some(sha1(&content)));
        let now = std::fs::read(&log).expect("read");
        assert!(now.starts_with(&content), "a state that never was");
        rig.write("report", "again")
            .expect_arrival("report", "again");
        stop.store(true, Ordering::Relaxed);
        writer.thread().unpark();
    });
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    service.end();
}
