//! `boxup init` with a person at a terminal: arrow keys, hidden answers, second thoughts.

use super::{APP, ENTERPRISE, SECRET, app, boxup, ends, init, nothing_left, read, rig, whole};
use crate::rig::{CTRL_C, DOWN, ENTER, Finished, Rig, Terminal, visit};
use box_emulator::Access;

/// Answers everything up to the choice of the folder.
fn answered(rig: &Rig) -> Option<Terminal> {
    answered_on(Terminal::start(&init(rig, &[]))?)
}

fn answered_on(mut terminal: Terminal) -> Option<Terminal> {
    terminal
        .expect("How does boxup sign in to Box?")
        .press(DOWN);
    terminal
        .expect("key file of an app")
        .press("\x1b[A")
        .press(ENTER);
    terminal.expect("No app yet?");
    terminal.expect("Client ID").press(APP).press(ENTER);
    terminal
        .expect("Client secret (hidden)")
        .press(SECRET)
        .press(ENTER);
    terminal
        .expect("Enterprise ID")
        .press("no number")
        .press(ENTER);
    terminal
        .expect("is a number")
        .press("\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f");
    terminal.press(ENTERPRISE).press(ENTER);
    terminal.expect("Signed in as");
    terminal.expect("Directory to mirror").press(ENTER);
    Some(terminal)
}

#[track_caller]
fn restored(finished: &Finished) {
    let screen = &finished.stdout;
    assert!(!screen.contains(SECRET), "the secret is shown: {screen}");
    let is_plain = screen.contains("\nisig icanon iexten echo ");
    assert!(is_plain, "the terminal is not as before: {screen}");
}

/// Numbers, and a line for each answer: nothing that only a drawing terminal understands.
#[test]
fn on_a_simple_terminal_everything_is_asked_for_in_plain_lines() {
    let rig = rig();
    let mut command = init(&rig, &[]);
    command.env("TERM", "dumb");
    let Some(mut terminal) = Terminal::start(&command) else {
        return;
    };
    terminal.expect("How does boxup sign in to Box?");
    terminal.expect("   2  key file of an app");
    terminal.expect("Number [1]: ").press("9").press(ENTER);
    terminal.expect("error: a number from 1 to 4").press(ENTER);
    terminal.expect("Client ID: ").press(APP).press(ENTER);
    terminal.expect("(hidden): ").press(SECRET).press(ENTER);
    terminal
        .expect("Enterprise ID: ")
        .press("none")
        .press(ENTER);
    terminal.expect("error: ").press(ENTERPRISE).press(ENTER);
    terminal.expect("Directory to mirror").press(ENTER);
    terminal.expect("All Files").expect("Mirror/");
    terminal.expect("Number [1]: ").press(ENTER);
    terminal.expect("use this folder: Mirror");
    terminal.expect("Number [1]: ").press(ENTER);
    terminal.expect("Wrote ");
    let (finished, bytes) = terminal.finish_with_bytes();
    assert_eq!(finished.code, 0, "{finished:?}");
    restored(&finished);
    assert!(
        !bytes.contains(&0x1b),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    boxup(&rig, &["sync", "--once", "--dry-run"]);
}

#[test]
fn in_a_terminal_everything_is_asked_for() {
    let rig = rig();
    let shared = rig.cloud.foreign_folder("Shared", Access::Editor);
    let deep = rig.cloud.make_folder(&shared, "Deep");
    rig.cloud.foreign_folder("Look", Access::Viewer);
    let Some(mut terminal) = answered(&rig) else {
        return;
    };
    // Look, Mirror, Shared: by name.
    terminal.expect("All Files");
    terminal.expect("Look/   (look only");
    terminal
        .expect("Shared/")
        .press(DOWN)
        .press(DOWN)
        .press(ENTER);
    terminal.expect("All Files / Shared");
    terminal
        .expect("Deep/")
        .press(DOWN)
        .press(DOWN)
        .press(ENTER);
    terminal.expect("use this folder: Deep").press(ENTER);
    terminal.expect("Wrote ");
    let finished = terminal.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    restored(&finished);
    assert!(
        read(&rig).contains(&format!("folder_id = {deep:?}")),
        "{}",
        read(&rig)
    );
    boxup(&rig, &["sync", "--once", "--dry-run"]);
}

#[test]
fn a_folder_can_be_waited_for_made_or_typed() {
    let rig = rig();
    rig.cloud.trash(&rig.folder);
    let Some(mut terminal) = answered(&rig) else {
        return;
    };
    terminal.expect("sees no folder yet");
    terminal.expect("AutomationUser_");
    terminal.expect("look again");
    rig.cloud.foreign_folder("Invited", Access::Editor);
    terminal.press(ENTER);
    terminal.expect("Invited/").press(ENTER);
    terminal
        .expect("a new folder here")
        .press(DOWN)
        .press(DOWN)
        .press(ENTER);
    terminal.expect("Name of the new folder").press(ENTER);
    terminal.expect("use this folder: ").press(ENTER);
    terminal.expect("Wrote ");
    assert_eq!(terminal.finish().code, 0);
    rig.cloud.untrash(&rig.folder);
}

#[test]
fn a_wrong_answer_can_be_corrected() {
    let rig = rig();
    let mut command = app(&rig, &["--folder-id", &rig.folder]);
    command.env("BOXUP_CLIENT_SECRET", "wrong");
    let Some(mut terminal) = Terminal::start(&command) else {
        return;
    };
    terminal.expect("What to do:");
    terminal.expect("What now?");
    terminal.expect("Give up").press(ENTER);
    terminal.expect("Which one?");
    terminal.expect("Enterprise ID").press(DOWN).press(ENTER);
    terminal.expect("accounts with two-factor");
    terminal.expect("hidden").press(SECRET).press(ENTER);
    terminal.expect("Wrote ");
    let finished = terminal.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    restored(&finished);
    assert!(read(&rig).contains(SECRET));
}

#[test]
fn giving_up_writes_nothing() {
    let rig = rig();
    for question in ["Client ID", "Client secret", "How does"] {
        let Some(mut terminal) = Terminal::start(&init(&rig, &[])) else {
            return;
        };
        terminal.expect("How does boxup sign in to Box?");
        if question != "How does" {
            terminal.press(ENTER).expect("Client ID");
        }
        if question == "Client secret" {
            terminal
                .press("x")
                .press(ENTER)
                .expect("(hidden)")
                .press(SECRET);
        }
        terminal.press(CTRL_C).expect("nothing was written");
        let finished = terminal.finish();
        assert_eq!(finished.code, 1, "{finished:?}");
        restored(&finished);
    }
    nothing_left(&rig);
}

#[test]
fn a_person_is_asked_before_a_file_goes() {
    let rig = rig();
    ends(whole(&rig, &["--name", "first"]), 0);
    for (answer, code, name) in [("n", 1, "first"), ("y", 0, "second")] {
        let Some(mut terminal) = Terminal::start(&whole(&rig, &["--name", "second"])) else {
            return;
        };
        terminal.expect("Replace it").press(answer);
        assert_eq!(terminal.finish().code, code);
        assert!(read(&rig).contains(&format!("name = {name:?}")));
    }
}

#[test]
fn a_person_signs_in_and_then_picks_a_folder() {
    let rig = Rig::oauth(|builder| builder.client_id(APP).client_secret(SECRET));
    std::fs::remove_file(&rig.config.file).expect("removed");
    let redirect = rig.config.access.split("redirect_uri = \"").nth(1);
    let redirect = redirect.and_then(|rest| rest.split('"').next());
    let redirect = redirect.expect("the app has one");
    let mut command = init(&rig, &["--method", "oauth2", "--redirect-uri", redirect]);
    command.args(["--client-id", APP, "--local", "mirror"]);
    command.env("BOXUP_CLIENT_SECRET", SECRET);
    let Some(mut terminal) = Terminal::start(&command) else {
        return;
    };
    terminal.expect("Sign in to Box?");
    terminal.expect("Later, with boxup login").press(ENTER);
    terminal.expect("sign in to Box:\n");
    terminal.expect("Waiting for up to");
    let screen = terminal.screen();
    let page = screen
        .lines()
        .find(|line| line.starts_with("http"))
        .expect("an address");
    let back = visit(page).decide(page, "grant");
    assert_eq!(visit(&back.leads_to()).status, 200);
    terminal.expect("Signed in as");
    terminal.expect("Where to on Box?");
    terminal.expect("Mirror/").press(ENTER);
    terminal.expect("use this folder: Mirror").press(ENTER);
    terminal.expect("Wrote ");
    let finished = terminal.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    restored(&finished);
    boxup(&rig, &["sync", "--once"]);
}

#[test]
fn no_word_is_torn_at_the_edge_of_a_terminal() {
    for columns in [60, 80] {
        let rig = rig();
        let Some(terminal) = Terminal::start_wide(&init(&rig, &[]), columns) else {
            return;
        };
        let Some(mut terminal) = answered_on(terminal) else {
            return;
        };
        terminal.expect("All Files").press(CTRL_C);
        let screen = terminal.finish().stdout;
        let told = screen.split("speed ").next().expect("what was told");
        let is_prose = |line: &&str| !line.starts_with(['?', '✔', '❯', '✘']);
        for line in told.lines().filter(is_prose) {
            let is_one_word = line.split_whitespace().nth(1).is_none();
            let width = line.trim_end().chars().count();
            assert!(width <= columns || is_one_word, "{width}: {line}\n{told}");
        }
        assert!(told.contains("OAuth 2.0 Credentials"), "{told}");
    }
}
