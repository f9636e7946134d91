//! The documentation is true: each command in it is run, each block checked, and a line
//! that nobody knows how to run is a mistake.

mod book;
mod claims;
mod facts;
mod stage;

use crate::rig::{Finished, Rig, each, not_run};
use book::{Block, bare, blocks, is_like, pages};
use claims::{CLAIMS, How};
use stage::Stage;
use std::path::Path;

/// What a line claims: the longest that fits.
fn claim(line: &str) -> Option<&'static How> {
    let fits = |pattern: &&(&str, How)| match pattern.0.strip_suffix('…') {
        Some(beginning) => line.starts_with(beginning),
        None => line == pattern.0,
    };
    let all = CLAIMS.iter().filter(fits);
    all.max_by_key(|(pattern, _)| pattern.len())
        .map(|(_, how)| how)
}

/// A command as its claim knows it.
fn own(line: &str) -> &str {
    line.strip_prefix("sudo ").unwrap_or(line)
}

/// Runs one command of the documentation; nothing where it is run elsewhere.
fn perform(stage: &mut Stage, line: &str) -> Option<Finished> {
    let own = own(line);
    if own.contains("| jq") && !has("jq") {
        not_run("there is no jq");
        return None;
    }
    let first = own.split(' ').next().unwrap_or_default();
    let finished = match claim(own) {
        Some(How::Not(_) | How::Machine) => return None,
        Some(How::By(by)) => by(stage, line),
        Some(How::After(prepare)) => {
            prepare(stage);
            as_it_is(stage, line)
        }
        None if first == "boxup" || own.contains("$(boxup ") => as_it_is(stage, line),
        None => panic!("nobody knows how to run this line: {line}"),
    };
    assert_eq!(finished.code, 0, "{line}: {finished:?}");
    Some(finished)
}

/// With the service where it takes one, and without it where it cannot be.
fn as_it_is(stage: &mut Stage, line: &str) -> Finished {
    let words: Vec<&str> = own(line).split(' ').collect();
    let asks = ["boxup wait", "boxup status", "boxup bump"];
    if asks.iter().any(|asks| line.contains(asks)) {
        stage.serve();
    }
    match words.get(1).copied().unwrap_or_default() {
        "sync"
            if words
                .iter()
                .any(|word| ["--once", "--dry-run"].contains(word)) =>
        {
            stage.rest();
            stage.run(line)
        }
        "sync" => {
            stage.serve();
            stage.run("boxup status")
        }
        _ => stage.run(line),
    }
}

fn has(program: &str) -> bool {
    let found = std::process::Command::new(program)
        .arg("--version")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    found.is_ok()
}

fn of_kind(kind: &str) -> Vec<Block> {
    let mut all = blocks();
    all.retain(|block| block.kind == kind);
    assert!(!all.is_empty(), "no block of {kind}");
    all
}

#[test]
fn each_command_is_run() {
    each(&of_kind("sh"), |block| {
        let mut stage = Stage::new();
        for line in block.commands() {
            perform(&mut stage, &line);
        }
        stage.rest();
    });
}

#[test]
fn each_session_prints_what_it_shows() {
    each(&of_kind("console"), |block| {
        let mut stage = Stage::new();
        for (line, shown) in block.session() {
            stage.is_terminal = true;
            let Some(finished) = perform(&mut stage, &line) else {
                continue;
            };
            let printed = stage.told(&finished.stdout);
            assert!(
                is_like(&printed, &shown),
                "{}: {line}\nprinted:\n{printed}\nthe page shows:\n{shown}",
                block.page
            );
        }
        stage.rest();
    });
}

#[test]
fn each_configuration_is_one() {
    each(&of_kind("toml"), |block| {
        let stage = Stage::new();
        let key = crate::rig::KeyPair::new().private;
        let key_file = stage
            .rig
            .cloud
            .jwt_config("key1", &key, Some("geheim-und-lang-genug"));
        stage.write("etc/boxup/box_config.json", &key_file);
        stage.write("etc/boxup/token", "t0ken");
        let root = stage.rig.temp().display().to_string();
        let mut text = block.text.replace("\"/etc/", &format!("\"{root}/etc/"));
        for table in ["[auth]", "[[mirror]]"] {
            let is_there = text.lines().any(|line| line.trim() == table);
            let missing = match table {
                "[auth]" => stage.rig.config.access.as_str(),
                _ => "[[mirror]]\nlocal = \"/srv/reports\"\nfolder_id = \"1\"\n",
            };
            if !is_there {
                text = format!("{text}\n{missing}\n");
            }
        }
        stage.write("home/.config/boxup/sync.toml", &text);
        let checked = stage.run("boxup config check");
        assert_eq!(checked.code, 0, "{}: {text}\n{checked:?}", block.page);
    });
}

#[test]
fn each_object_for_programs_has_the_keys_of_a_real_one() {
    for block in of_kind("json") {
        let shown: serde_json::Value = serde_json::from_str(&block.text).expect("it is JSON");
        let mut stage = Stage::new();
        let how = claims::OBJECTS
            .iter()
            .find(|(event, _)| shown["event"] == *event);
        let (_, how) = how.unwrap_or_else(|| panic!("nobody knows how to make this: {shown}"));
        let made = how(&mut stage);
        assert_eq!(keys(&shown), keys(&made), "{}: {made}", block.page);
    }
}

/// The keys of an object, and of what is in it, with the kinds of their values.
fn keys(value: &serde_json::Value) -> Vec<String> {
    let object = value.as_object().into_iter().flatten();
    let mut all: Vec<String> = object
        .flat_map(|(key, value)| {
            let kind = match value {
                serde_json::Value::Null => "nothing",
                serde_json::Value::Bool(_) => "yes or no",
                serde_json::Value::Number(_) => "a number",
                serde_json::Value::String(_) => "a text",
                serde_json::Value::Array(_) => "a list",
                serde_json::Value::Object(_) => "an object",
            };
            let inner = keys(value)
                .into_iter()
                .map(move |inner| format!("{key}.{inner}"));
            inner.chain([format!("{key}: {kind}")]).collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all
}

#[test]
fn each_line_for_cron_is_one() {
    for block in of_kind("crontab") {
        let mut stage = Stage::new();
        for line in block.text.lines().filter(|line| !line.trim().is_empty()) {
            if line.starts_with('#') || line.split_once('=').is_some_and(|(name, _)| is_name(name))
            {
                continue;
            }
            let mut words = line.split_whitespace();
            let times: Vec<&str> = match line.starts_with('@') {
                true => words.by_ref().take(1).collect(),
                false => words.by_ref().take(5).collect(),
            };
            let is_time = |word: &&str| {
                word.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "*/,-@".contains(c))
            };
            assert!(times.iter().all(is_time), "{}: {line}", block.page);
            let command = words.collect::<Vec<_>>().join(" ");
            // cron takes an unescaped one for the end of the line.
            assert!(!command.replace("\\%", "").contains('%'), "{line}");
            perform(&mut stage, &command);
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

#[test]
fn each_drop_in_is_understood() {
    if !has("systemd-analyze") {
        not_run("there is no systemd-analyze (of the package systemd)");
        return;
    }
    for block in of_kind("ini") {
        let rig = Rig::new();
        let unit = rig.run(&["service", "print", "--system", "--program", "/bin/sh"]);
        let unit = unit.stdout.replace("Documentation=", "#");
        std::fs::write(rig.temp().join("boxup.service"), unit).expect("written");
        let told = "[Service]\nExecStart=/bin/sh\n";
        std::fs::write(rig.temp().join("mail-to-admin@.service"), told).expect("written");
        let dir = rig.temp().join("boxup.service.d");
        std::fs::create_dir(&dir).expect("made");
        std::fs::write(dir.join("override.conf"), &block.text).expect("written");
        let mut verify =
            crate::rig::clean(std::process::Command::new("systemd-analyze"), rig.temp());
        verify
            .args(["verify", "--man=no"])
            .arg(rig.temp().join("boxup.service"));
        let verified = crate::rig::Child::start(verify).finish();
        let said = verified.stderr.contains("boxup.service");
        assert!(verified.code == 0 && !said, "{}: {verified:?}", block.text);
    }
}

#[test]
fn each_block_is_of_a_kind_that_is_checked() {
    // What is shown and cannot be typed is `text`.
    let kinds = ["sh", "console", "toml", "crontab", "ini", "json", "text"];
    for block in blocks() {
        assert!(kinds.contains(&block.kind.as_str()), "{block:?}");
        let is_hidden = block.kind == "text" && block.text.contains("boxup ");
        assert!(!is_hidden, "a command in a block of text: {block:?}");
    }
}

/// Words that stand for something that the reader has to put there.
const PLACEHOLDERS: [(&str, &str); 4] = [
    ("COMMAND", "sync"),
    ("SHELL", "bash"),
    ("PATH …", "a"),
    ("…", ""),
];

#[test]
fn what_is_named_in_a_sentence_can_be_typed() {
    let stage = Stage::new();
    for page in pages() {
        for span in page.spans() {
            let mut line = own(&span).to_owned();
            if !line.starts_with("boxup ") || line == "boxup status" {
                continue;
            }
            for (said, meant) in PLACEHOLDERS {
                line = line.replace(said, meant);
            }
            // Its flags are looked at one by one, and then it helps instead.
            let line = line.split(" > ").next().unwrap_or_default();
            let line = line.trim_end_matches(" --help");
            let helped = stage.run(&format!("{line} --help"));
            assert_eq!(helped.code, 0, "{}: `{span}`: {helped:?}", page.name);
        }
    }
}

/// Every command of other programs that a sentence names.
fn named() -> Vec<String> {
    let others = [
        "sudo ",
        "systemctl ",
        "journalctl ",
        "loginctl ",
        "launchctl ",
        "apt ",
        "docker ",
        "usermod ",
        "cargo ",
        "chmod ",
        "kill ",
    ];
    let spans = pages()
        .iter()
        .flat_map(book::Page::spans)
        .collect::<Vec<_>>();
    let spans = spans.iter().map(|span| own(span).to_owned());
    spans
        .filter(|span| others.iter().any(|other| span.starts_with(other)))
        .collect()
}

/// Every command that help lists, with the help of each.
fn helps() -> Vec<(Vec<String>, String)> {
    let rig = Rig::new();
    let mut open = vec![Vec::new()];
    let mut found = Vec::new();
    while let Some(command) = open.pop() {
        let words: Vec<&str> = command
            .iter()
            .map(String::as_str)
            .chain(["--help"])
            .collect();
        let help = rig.run(&words);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{command:?}");
        let list = help
            .stdout
            .split("\nCommands:\n")
            .nth(1)
            .unwrap_or_default();
        let list = list.split("\n\n").next().unwrap_or_default();
        for line in list.lines() {
            let indent = line.len() - line.trim_start().len();
            let name = line.split_whitespace().next().unwrap_or_default();
            if indent == 2 && name != "help" {
                open.push([command.as_slice(), &[name.to_owned()]].concat());
            }
        }
        found.push((command, help.stdout));
    }
    assert!(found.len() > 20, "help lists less than there is");
    found
}

/// The examples of a help text.
fn examples(help: &str) -> Vec<String> {
    let section = help
        .split("\nExamples:\n")
        .nth(1)
        .or_else(|| help.split("\nExample:\n").nth(1));
    let parts = section.unwrap_or_default().split("\\\n");
    let whole = parts.map(str::trim_start).collect::<Vec<_>>().join("");
    let lines = whole
        .lines()
        .map(str::trim_start)
        .take_while(|line| !line.is_empty());
    let typed = lines.map(|line| line.split("  ").next().unwrap_or_default());
    typed.map(bare).collect()
}

#[test]
fn each_command_has_examples_and_each_of_them_is_run() {
    each(&helps(), |(command, help)| {
        let lines = examples(help);
        let name = command.join(" ");
        let about = format!("boxup {name}");
        // One that only has commands of its own leaves the examples to them.
        let is_group = help.contains("\nCommands:\n") && !name.is_empty();
        let is_told = lines.iter().any(|line| line.contains(about.trim_end()));
        assert!(
            is_told || is_group || name.is_empty(),
            "{about} has no example: {help}"
        );
        let mut stage = Stage::new();
        for line in lines {
            stage.dir = stage.rig.temp().join(
                match line.contains("boxup init") || line.contains(" reports/") {
                    true => "srv",
                    false => "srv/reports",
                },
            );
            perform(&mut stage, &line);
        }
        stage.rest();
    });
}

#[test]
fn nothing_is_claimed_in_vain_and_nothing_is_left_unclaimed() {
    let mut lines: Vec<String> = named();
    for line in &lines {
        assert!(
            claim(line).is_some(),
            "nobody knows how to run this: {line}"
        );
    }
    for block in blocks() {
        match block.kind.as_str() {
            "sh" => lines.extend(block.commands()),
            "console" => lines.extend(block.session().into_iter().map(|(line, _)| line)),
            _ => {}
        }
    }
    lines.extend(helps().iter().flat_map(|(_, help)| examples(help)));
    let parts: Vec<&str> = lines.iter().map(|line| own(line)).collect();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/packages");
    let sources = std::fs::read_dir(dir).expect("listed").flatten();
    let sources = sources.map(|source| std::fs::read_to_string(source.path()).expect("read"));
    let machine: String = sources.collect();
    for (pattern, how) in CLAIMS {
        let beginning = pattern.trim_end_matches('…');
        let is_needed = parts.iter().any(|line| line.starts_with(beginning));
        assert!(is_needed, "no line needs this any more: {pattern}");
        match how {
            How::Machine => assert!(machine.contains(beginning), "not run there: {beginning}"),
            How::Not(why) => assert!(why.len() > 12, "{pattern}: why not?"),
            How::After(_) | How::By(_) => {}
        }
    }
    assert!(!bare("x # y").contains('y'));
}
