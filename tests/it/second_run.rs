//! A pass over what is on Box already: no request, no content read, no row changed.

use crate::rig::Rig;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Notes every file that anybody opens or reads in a tree.
struct Spy(OwnedFd);

impl Spy {
    fn on(root: &Path) -> Spy {
        let flags = CreateFlags::NONBLOCK | CreateFlags::CLOEXEC;
        let spy = Spy(inotify::init(flags).expect("inotify can be had"));
        spy.watch(root);
        spy
    }

    fn watch(&self, dir: &Path) {
        let flags = WatchFlags::OPEN | WatchFlags::ACCESS;
        // Listing below is an event as well, so what is in it is collected first.
        let entries: Vec<_> = std::fs::read_dir(dir).expect("listed").flatten().collect();
        for entry in entries {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.watch(&entry.path());
            }
        }
        inotify::add_watch(&self.0, dir, flags).expect("it can be watched");
    }

    /// The names of the files that were opened or read.
    fn seen(&self) -> Vec<String> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        let mut seen = Vec::new();
        while let Ok(event) = reader.next() {
            if !event.events().contains(ReadFlags::ISDIR) {
                seen.push(format!("{:?} {:?}", event.file_name(), event.events()));
            }
        }
        seen
    }
}

fn tree() -> Rig {
    let rig = Rig::new();
    for number in 0..300 {
        rig.write(
            &format!("{}/{}/f{number}", number % 7, number % 3),
            format!("{number}"),
        );
    }
    rig.mkdir("empty").write("zero", "");
    rig
}

#[test]
fn a_second_pass_asks_reads_and_changes_nothing() {
    let rig = tree();
    rig.once_ok();
    let rows = rig.rows();
    rig.cloud.clear_requests();
    let spy = Spy::on(&rig.local());
    let run = rig.once_ok();
    run.expect(&[("unchanged", 301), ("bytes_sent", 0), ("requests", 0)]);
    rig.expect_counts_add_up(&run);
    assert_eq!(rig.cloud.total_requests(), 0);
    assert_eq!(spy.seen(), Vec::<String>::new(), "content was read");
    assert_eq!(rig.rows(), rows);
    // The spy itself: reading is noticed.
    std::fs::read(rig.path("zero")).expect("read");
    assert!(!spy.seen().is_empty());
}

#[test]
fn nothing_is_said_when_there_is_nothing_to_say() {
    let rig = Rig::new().configured(|config| config.limits.clear());
    rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
    let quiet = rig.run(&["sync", "--once"]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (0, ""), "{quiet:?}");
    assert_eq!(quiet.stderr, "");
}

/// The clock cannot be turned here, so this one waits for the forty seconds of the
/// contract: a digest taken right after a change is checked once more, and only once.
/// Run by [`crate::a_minute`].
pub(crate) fn a_young_file_is_read_once_more_after_forty_seconds_and_then_never() {
    let (served, passed) = (Rig::new(), Rig::new());
    for rig in [&served, &passed] {
        rig.write("young.txt", "young");
    }
    let service = served.start();
    service.wait_ok(&served);
    passed.once_ok().expect(&[("uploaded", 1)]);
    let (on_served, on_passed) = (Spy::on(&served.local()), Spy::on(&passed.local()));
    passed.once_ok().expect(&[("unchanged", 1)]);
    assert_eq!(on_passed.seen(), Vec::<String>::new(), "too early");
    crate::rig::until("the service reads the young file again", || {
        !on_served.seen().is_empty()
    });
    passed.once_ok().expect(&[("unchanged", 1)]);
    assert!(
        !on_passed.seen().is_empty(),
        "--once does not check it again"
    );
    // Closing the file is no event here; whatever comes now is another reading.
    service.wait_ok(&served);
    drop(on_served.seen());
    service.wait_ok(&served);
    passed.once_ok().expect(&[("unchanged", 1)]);
    assert_eq!(on_served.seen(), Vec::<String>::new());
    assert_eq!(on_passed.seen(), Vec::<String>::new());
    service.end();
}

/// The mark beside the database is another one after each run that has written.
#[test]
fn a_mapped_directory_that_is_gone_is_no_reason_to_write() {
    let rig = Rig::new();
    rig.mkdir("stays").mkdir("goes/too").once_ok();
    rig.remove("goes").once_ok();
    let marks = || {
        let entries = std::fs::read_dir(rig.state()).expect("listed").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut marks: Vec<_> = names
            .filter(|name| name.starts_with("generation."))
            .collect();
        marks.sort();
        marks
    };
    let before = marks();
    assert_eq!(before.len(), 1);
    rig.once_ok().expect(&[("requests", 0)]);
    assert_eq!(marks(), before);
}
