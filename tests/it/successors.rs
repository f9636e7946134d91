//! What takes the name of something of another kind that was deleted, where deletes count:
//! it waits until that is in the trash, and nothing that is still here goes there.

use crate::deletes::{deletes, pass, rig};
use crate::rig::Rig;

/// Passes a minute and more apart until nothing waits; how many it took.
#[track_caller]
fn settled(rig: &Rig) -> Option<usize> {
    for (number, clock) in ["+2m", "+4m", "+6m", "+8m"].into_iter().enumerate() {
        let run = pass(rig, clock)?;
        if run.code == 0 {
            return Some(number + 1);
        }
    }
    panic!("something waits for ever: {:?}", rig.run(&["status"]));
}

#[test]
fn a_file_takes_the_name_of_a_deleted_directory_and_a_directory_that_of_a_file() {
    let rig = rig();
    rig.write("was_dir/f", "f").write("was_file", "x").once_ok();
    let (folder, file) = (rig.entry("was_dir").id, rig.entry("was_file").id);
    rig.remove("was_dir").remove("was_file");
    rig.write("was_dir", "a file").write("was_file/g", "g");
    let run = rig.once();
    run.expect_code(1)
        .expect(&[("unchanged", 100), ("parked", 2), ("requests", 0)]);
    for name in ["was_dir", "was_file"] {
        run.expect_event(name, "parked waits_for_delete");
    }
    let Some(passes) = settled(&rig) else {
        return;
    };
    assert!(passes <= 2, "one that deletes, one that sends");
    assert!(rig.cloud.is_trashed(&folder) && rig.cloud.is_trashed(&file));
    assert_eq!(deletes(&rig), 2);
    rig.expect_same_as_disk();
}

#[test]
fn what_moves_to_the_name_of_something_deleted_is_not_deleted_itself() {
    let rig = rig();
    rig.write("dir/f", "f")
        .write("dir/g", "g")
        .write("file", "x");
    rig.write("other/f", "other").write("one", "1").once_ok();
    let (dir, one) = (rig.entry("dir").id, rig.entry("one").id);
    // A directory to a file's name, and a file to a directory's.
    rig.remove("file").rename("dir", "file");
    rig.remove("other").rename("one", "other");
    rig.once()
        .expect_code(1)
        .expect(&[("unchanged", 100), ("parked", 2)]);
    if settled(&rig).is_none() {
        return;
    }
    assert_eq!(rig.entry("file").id, dir);
    assert_eq!(rig.entry("other").id, one);
    assert_eq!(deletes(&rig), 2);
    rig.expect_same_as_disk();
}

#[test]
fn what_was_renamed_to_a_name_that_box_refuses_stays_on_box_until_it_has_another() {
    let rig = rig();
    rig.write("dir/f", "f").write("file", "x").once_ok();
    let (dir, file) = (rig.entry("dir").id, rig.entry("file").id);
    rig.rename("dir", "a\\dir").rename("file", "a\\file");
    rig.once()
        .expect_code(1)
        .expect(&[("unchanged", 100), ("parked", 2)]);
    for clock in ["+2m", "+4m"] {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        run.expect_code(1)
            .expect(&[("unchanged", 100), ("parked", 2)]);
    }
    rig.rename("a\\dir", "dir2").rename("a\\file", "file2");
    let run = pass(&rig, "+6m").expect("it could be had before");
    run.expect_code(0)
        .expect(&[("unchanged", 102), ("moved", 2)]);
    assert_eq!(rig.entry("dir2").id, dir);
    assert_eq!(rig.entry("file2").id, file);
    assert_eq!(deletes(&rig), 0);
}
