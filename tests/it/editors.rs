//! Editors save in dances of their own. Each save is one version of the same file.

use crate::rig::Rig;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Saves content to a file in a directory.
type Dance = fn(&Path, &str);

const EDITORS: [(&str, Dance); 6] = [
    ("vim", |dir, content| {
        let (file, backup) = (dir.join("doc.txt"), dir.join("doc.txt~"));
        fs::write(dir.join("4913"), "").expect("written");
        fs::remove_file(dir.join("4913")).expect("removed");
        fs::write(dir.join(".doc.txt.swp"), content).expect("written");
        fs::rename(&file, &backup).expect("renamed");
        fs::write(&file, content).expect("written");
        fs::remove_file(backup).expect("removed");
        fs::remove_file(dir.join(".doc.txt.swp")).expect("removed");
    }),
    ("emacs", |dir, content| {
        let (file, backup) = (dir.join("doc.txt"), dir.join("doc.txt~"));
        symlink("anna@desk.1:2", dir.join(".#doc.txt")).expect("made");
        fs::write(dir.join("#doc.txt#"), content).expect("written");
        // The first save of a session makes a backup by a copy, so the file stays itself.
        if !backup.exists() {
            fs::copy(&file, &backup).expect("copied");
        }
        fs::write(&file, content).expect("written");
        fs::remove_file(dir.join("#doc.txt#")).expect("removed");
        fs::remove_file(dir.join(".#doc.txt")).expect("removed");
    }),
    ("gedit", |dir, content| {
        let temporary = dir.join(".goutputstream-X1Y2Z3");
        fs::write(&temporary, content).expect("written");
        fs::rename(temporary, dir.join("doc.txt")).expect("renamed");
    }),
    ("nano", |dir, content| {
        fs::write(dir.join("doc.txt"), "").expect("truncated");
        fs::write(dir.join("doc.txt"), content).expect("written");
    }),
    ("LibreOffice", |dir, content| {
        let (lock, temporary) = (dir.join(".~lock.doc.txt#"), dir.join("lu12345abc.tmp"));
        fs::write(&lock, "anna").expect("written");
        fs::write(&temporary, content).expect("written");
        fs::rename(temporary, dir.join("doc.txt")).expect("renamed");
        fs::remove_file(lock).expect("removed");
    }),
    ("exchange", |dir, content| {
        let (file, other) = (dir.join("doc.txt"), dir.join("doc.txt.new"));
        fs::write(&other, content).expect("written");
        renameat_with(CWD, &other, CWD, &file, RenameFlags::EXCHANGE).expect("exchanged");
        fs::remove_file(other).expect("removed");
    }),
];

const SAVES: usize = 100;

#[test]
fn six_editors_that_save_a_hundred_times_make_a_hundred_versions_of_the_same_file() {
    // No hint gets through in the middle of a dance; a wait does not wait for quiet.
    let rig = Rig::new().configured(|config| config.watch = vec!["settle = \"1m\"".into()]);
    for (editor, _) in EDITORS {
        rig.write(&format!("{editor}/doc.txt"), "0");
    }
    let service = rig.start();
    service.wait_ok(&rig);
    let id = |editor: &str| rig.entry(&format!("{editor}/doc.txt")).id;
    let before = EDITORS.map(|(editor, _)| id(editor));
    for save in 1..=SAVES {
        for (editor, dance) in EDITORS {
            dance(&rig.path(editor), &format!("{editor} {save}"));
        }
        service.wait_ok(&rig);
    }
    for ((editor, _), before) in EDITORS.iter().zip(before) {
        assert_eq!(id(editor), before, "{editor} has another file");
        let mut contents = vec!["0".to_owned()];
        contents.extend((1..=SAVES).map(|save| format!("{editor} {save}")));
        let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
        rig.expect_versions(&format!("{editor}/doc.txt"), &contents);
    }
    service.end();
}
