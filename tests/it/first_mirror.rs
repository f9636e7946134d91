//! The first pass: everything that can go to Box is there, the rest is named.

use crate::rig::Rig;

#[test]
fn files_and_directories_arrive_as_they_are() {
    let rig = Rig::new();
    rig.write("a.txt", "hi")
        .write("sub/deep/er/b.txt", "deep")
        .write("empty.txt", "")
        .write("sub/ünïcode ☃.txt", "snow")
        .write("a:b|c?*<>\".txt", "odd but fine")
        .mkdir("nothing/in here");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 5), ("folders_created", 5)]);
    rig.expect_same_as_disk().expect_counts_add_up(&run);
    rig.expect_box([
        "a.txt: hi",
        "sub/",
        "sub/deep/",
        "sub/deep/er/",
        "sub/deep/er/b.txt: deep",
        "empty.txt: ",
        "sub/ünïcode ☃.txt: snow",
        "a:b|c?*<>\".txt: odd but fine",
        "nothing/",
        "nothing/in here/",
    ]);
    assert_eq!(run.count("bytes_sent"), 2 + 4 + 4 + 12);
    assert_eq!(run.count("requests"), rig.cloud.total_requests());
}
