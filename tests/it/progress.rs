//! What a person sees at a terminal while files go up.

use crate::rig::{Display, Rig, Terminal};

const WIDE: &str = "報告書👩\u{200d}🚀 第一四半期の売上高.bin";

/// Two small files and a large one that takes a few seconds.
fn slow() -> Rig {
    let rig = Rig::new().configured(|config| {
        config.limits = vec!["bandwidth = \"600 KiB/s\"".into()];
    });
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    rig.write(&format!("sub/{WIDE}"), vec![7; 1_500_000]);
    rig
}

fn watched(rig: &Rig, args: &[&str], set: &[(&str, &str)], columns: usize) -> Option<Terminal> {
    let mut command = rig.command(args);
    command.envs(set.iter().copied());
    Terminal::start_wide(&command, columns)
}

#[test]
fn a_block_tells_how_it_stands_and_is_gone_in_the_end() {
    for columns in [80, 40] {
        let rig = slow();
        let Some(mut terminal) = watched(&rig, &["sync", "--once"], &[], columns) else {
            return;
        };
        terminal.expect("of 3 files").expect(" %  ");
        terminal.expect("waiting: bandwidth limit");
        let (run, bytes) = terminal.finish_with_bytes();
        assert_eq!(run.code, 0, "{}", run.stdout);
        let text = String::from_utf8_lossy(&bytes);
        let blocks = text.split(" %  ").skip(1);
        assert!(blocks.count() > 5, "it does not move: {text}");
        let display = Display::of(&bytes, columns);
        let lines = display.lines();
        let lines: Vec<_> = lines
            .iter()
            .take_while(|line| !line.contains("baud"))
            .collect();
        let shown = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(shown("new       mirror/a.txt"), "{lines:#?}");
        assert!(shown("3 files: 3 new"), "{lines:#?}");
        for left in ["waiting", "of 3 files", " %  ", "scanning"] {
            assert!(!shown(left), "{left:?} is left: {lines:#?}");
        }
        rig.expect_same_as_disk();
    }
}

#[test]
fn nothing_of_it_wraps_or_tears_a_line_of_the_log() {
    let rig = slow();
    let args = ["sync", "--once", "-vv"];
    let Some(mut terminal) = watched(&rig, &args, &[("NO_COLOR", "1")], 200) else {
        return;
    };
    terminal.expect(" %  ");
    let (run, bytes) = terminal.finish_with_bytes();
    assert_eq!(run.code, 0, "{}", run.stdout);
    let display = Display::of(&bytes, 200);
    assert_eq!(display.wrapped, 0, "{:#?}", display.lines());
    let lines = display.lines();
    let lines = lines.iter().take_while(|line| !line.contains("baud"));
    for line in lines.filter(|line| !line.is_empty()) {
        let words = ["mirror ", "new  ", "folder  ", "3 files: ", "20"];
        assert!(words.iter().any(|word| line.starts_with(word)), "{line:?}");
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("DEBUG"), "{text}");
    for colour in ["\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[2m", "\x1b[0m"] {
        assert!(!text.contains(colour), "{colour:?} in {text:?}");
    }
}

#[test]
fn the_block_is_never_away_while_lines_are_told() {
    let rig = slow();
    let Some(mut terminal) = watched(&rig, &["sync", "--once", "-vv"], &[], 80) else {
        return;
    };
    terminal.expect(" %  ");
    let (run, bytes) = terminal.finish_with_bytes();
    assert_eq!(run.code, 0, "{}", run.stdout);
    let text = String::from_utf8_lossy(&bytes);
    // A terminal shows what it has at the end of each.
    let shown: Vec<_> = text.split("\x1b[?2026h").skip(1).collect();
    let is_block = |part: &&str| {
        [" of ", "scanning", "waiting"]
            .iter()
            .any(|it| part.contains(it))
    };
    let last = shown.iter().rposition(is_block).expect("there is a block");
    let told = shown[..last].iter().filter(|part| part.contains("DEBUG"));
    assert!(told.count() > 0, "{shown:#?}");
    for part in &shown[..last] {
        let (inside, after) = part.split_once("\x1b[?2026l").expect("it ends");
        assert!(is_block(&inside) && after.is_empty(), "{part:?}");
    }
    let of = |count: &str| text.matches(count).count();
    assert_eq!(of("\x1b[?2026h"), of("\x1b[?2026l"));
}

#[test]
fn programs_and_simple_terminals_are_spared() {
    let once = ["sync", "--once"];
    for (args, set) in [
        (&["sync", "--once", "--json"][..], None),
        (&once, Some(("TERM", "dumb"))),
        (&once, Some(("TERM", ""))),
        (&once, Some(("CI", "true"))),
        (&["sync", "--once", "--dry-run"], None),
    ] {
        let rig = slow();
        let set: Vec<_> = set.into_iter().collect();
        let Some(terminal) = watched(&rig, args, &set, 80) else {
            return;
        };
        let (run, bytes) = terminal.finish_with_bytes();
        assert_eq!(run.code, 0, "{}", run.stdout);
        let text = String::from_utf8_lossy(&bytes);
        for part in ["\x1b[K", "\x1b[J", "\x1b[?", " %  ", "waiting: "] {
            assert!(!text.contains(part), "{args:?} {set:?} {part:?}: {text}");
        }
    }
    let run = slow().run(&once);
    let lines: Vec<_> = run.stderr.lines().collect();
    let is_alone = matches!(lines.as_slice(), [line] if line.starts_with("mirror "));
    assert!(run.code == 0 && is_alone, "{run:?}");
    assert!(!run.stdout.contains('\x1b'), "{}", run.stdout);
}

#[test]
fn a_service_draws_while_there_is_something_to_do_and_then_watches_in_silence() {
    let rig = slow();
    let Some(mut terminal) = watched(&rig, &["sync"], &[], 80) else {
        return;
    };
    // How many were quiet enough at the first look is a matter of moments.
    terminal.expect(" file").expect(" %  ");
    rig.expect_arrival("a.txt", "a");
    assert!(rig.cloud.wait_for(
        |cloud| cloud.entry(&rig.folder, &format!("sub/{WIDE}")).is_some(),
        crate::rig::PATIENCE
    ));
    terminal.expect("(1.5 MB)");
    // Another batch begins to count anew.
    rig.write("later.bin", vec![8; 1_200_000]);
    terminal.expect("of 1 file").expect("mirror/later.bin");
    terminal.expect("(1.2 MB)").press(crate::rig::CTRL_C);
    let (run, bytes) = terminal.finish_with_bytes();
    assert!([0, 1].contains(&run.code), "{}", run.stdout);
    let lines = Display::of(&bytes, 80).lines();
    let lines: Vec<_> = lines
        .iter()
        .take_while(|line| !line.contains("baud"))
        .collect();
    assert!(
        !lines.iter().any(|line| line.contains(" %  ")),
        "{lines:#?}"
    );
}
