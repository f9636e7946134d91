//! Names and arguments that would move the cursor: no command lets them through.

use crate::rig::{Child, Finished, Rig, clean};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A name that breaks its line, colours it and turns it round.
const HOSTILE: &str = "e\nEVIL\u{1b}[31m\u{202e}\u{9b}x";

/// What a person sees is what is there: nothing that confuses a terminal, and no line that
/// a name has made.
#[track_caller]
fn expect_harmless(args: &[OsString], said: &Finished) {
    let is_raw = |c: char| {
        c != '\n'
            && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'))
    };
    for text in [&said.stdout, &said.stderr] {
        let forged = text
            .lines()
            .find(|line| line.trim_start().starts_with("EVIL"));
        assert!(forged.is_none(), "a line of its own: {args:?}: {text}");
        assert!(!text.contains(is_raw), "{args:?}: {text:?}");
    }
    assert!(said.code < 128, "{args:?}: {said:?}");
    let all = [said.stdout.as_str(), said.stderr.as_str()].concat();
    assert!(!all.contains("panicked"), "{args:?}: {all}");
}

/// A world in which everything is called so.
struct World {
    rig: Rig,
    dir: PathBuf,
    good: PathBuf,
}

impl World {
    fn new() -> World {
        let rig = Rig::new();
        let dir = rig.temp().join(HOSTILE);
        fs::create_dir_all(dir.join("local")).expect("made");
        let name = |number: u8| OsString::from_vec([HOSTILE.as_bytes(), &[number, 0xff]].concat());
        fs::write(dir.join("local").join(name(b'1')), "1").expect("written");
        let world = World {
            good: dir.join("sync.toml"),
            dir,
            rig,
        };
        let text = |path: &Path| serde_json::json!(path).to_string();
        let config = format!(
            "{}\n[[mirror]]\nname = {}\nlocal = {}\nfolder_id = {:?}\n[state]\ndir = {}\n",
            world.rig.config.access,
            text(Path::new("mine")),
            text(&world.dir.join("local")),
            world.rig.folder,
            text(&world.dir.join("state")),
        );
        world.save("sync.toml", &config);
        world.save(
            "broken.toml",
            &format!(
                "{config}\n[watch]\n{} = 1\nmode = {}\n",
                text(Path::new(HOSTILE)),
                text(Path::new(HOSTILE))
            ),
        );
        world.save("halted.toml", &config.replace("/local\"", "/nowhere\""));
        world.save("no.toml", &format!("{HOSTILE}\n"));
        world.open("open.toml");
        world
    }

    fn save(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        path
    }

    /// A copy that others may read.
    fn open(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir.join(name);
        fs::copy(&self.good, &path).expect("copied");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
    }

    fn command(&self) -> Command {
        let program = Command::new(env!("CARGO_BIN_EXE_boxup"));
        let mut command = clean(program, self.rig.temp());
        command.env("TERM", "dumb");
        command
    }

    #[track_caller]
    fn check(&self, config: Option<&Path>, args: &[&str]) {
        let mut command = self.command();
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        command.args(args);
        self.check_command(command);
    }

    #[track_caller]
    fn check_command(&self, command: Command) {
        let args: Vec<OsString> = command.get_args().map(Into::into).collect();
        let said = Child::start(command).finish();
        expect_harmless(&args, &said);
    }

    fn configs(&self) -> Vec<PathBuf> {
        let names = [
            "sync.toml",
            "broken.toml",
            "halted.toml",
            "no.toml",
            "open.toml",
            "none.toml",
            "local",
            "sync.toml/below",
        ];
        names.iter().map(|name| self.dir.join(name)).collect()
    }
}

/// Commands that need nothing but a configuration.
const PLAIN: &[&[&str]] = &[
    &["config", "check"],
    &["config", "check", "--json"],
    &["config", "show"],
    &["config", "show", "--json"],
    &["config", "path"],
    &["service", "print"],
    &["service", "print", "--user", "--timer", "daily"],
    &["doctor"],
    &["doctor", "--json"],
    &["status"],
    &["status", "--json"],
    &["sync", "--once", "--log-format", "json", "-vv"],
    &["sync", "--once", "--dry-run"],
    &["sync", "--once"],
    &["sync", "--once", "--json", "-v"],
    &["conflicts"],
    &["conflicts", "--json"],
    &["history"],
    &["verify"],
    &["token"],
    &["whoami"],
    &["wait"],
    &["notify", "test"],
    &["logout"],
];

#[test]
fn no_command_lets_the_name_of_a_configuration_through() {
    let world = World::new();
    for config in world.configs() {
        for args in PLAIN {
            world.check(Some(&config), args);
        }
    }
}

#[test]
fn no_command_lets_an_argument_through() {
    let world = World::new();
    let inside = world.dir.join("local").join(HOSTILE);
    let inside = inside.to_str().expect("text");
    let verbs: &[&[&str]] = &[
        &["explain"],
        &["explain", "--json"],
        &["history"],
        &["history", "--json"],
        &["history", "--since"],
        &["history", "--run"],
        &["resolve", "--keep", "box"],
        &["resolve", "--keep"],
        &["bump"],
        &["retry"],
        &["retry", "--mirror"],
        &["conflicts", "--mirror"],
        &["verify", "--mirror"],
        &["sync", "--once", "--mirror"],
        &["sync", "--once", "--max-duration"],
        &["sync", "--once", "--log-file"],
        &["sync", "--once", "--log-level"],
        &["sync", "--once", "--color"],
        &["approve"],
        &["pause"],
        &["pause", "--for"],
        &["resume"],
        &["undo"],
        &["wait", "--timeout"],
        &["status", "--max-lag"],
        &["completions"],
        &["man"],
        &["service", "print", "--program"],
        &["service", "print", "--timer"],
        &["service", "print", "--manager"],
        &["service", "print", "--manager", "launchd", "--program"],
        &["service", "print", "--manager", "launchd", "--timer"],
        &["service"],
        &[],
        &["sync"],
        &["--config"],
        &["config", "check", "--config"],
    ];
    for args in verbs {
        for value in [HOSTILE, inside] {
            world.check(Some(&world.good), &[args, &[value][..]].concat());
            let flag = format!("--{value}");
            world.check(Some(&world.good), &[args, &[flag.as_str()][..]].concat());
        }
        // No text at all.
        let mut command = world.command();
        command.arg("--config").arg(&world.good).args(*args);
        let bytes = [HOSTILE.as_bytes(), b"\xff"].concat();
        command.arg(OsString::from_vec(bytes));
        world.check_command(command);
    }
}

#[test]
fn no_command_lets_through_what_a_service_knows() {
    let world = World::new();
    let mut command = world.command();
    command
        .arg("--config")
        .arg(&world.good)
        .args(["sync", "-v"]);
    let service = Child::start(command);
    let is_up = || {
        let mut command = world.command();
        command.arg("--config").arg(&world.good).arg("wait");
        Child::start(command).finish().code != 69
    };
    crate::rig::until("it answers", is_up);
    let odd = format!("mine/{HOSTILE}1");
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["wait"],
        &["explain", &odd],
        &["explain", "mine/"],
        &["history"],
        &["bump", &odd],
        &["retry", &odd],
        &["pause", "mine"],
        &["status"],
        &["wait"],
        &["resume"],
        &["conflicts"],
        &["verify"],
    ] {
        world.check(Some(&world.good), args);
    }
    service.term();
    expect_harmless(&[], &service.finish());
}

#[test]
fn no_command_lets_the_environment_through() {
    let world = World::new();
    let place = world.dir.join("nothing");
    for variable in [
        "BOXUP_CONFIG",
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "BOXUP_LOG",
        "RUST_LOG",
        "SSL_CERT_FILE",
        "HTTPS_PROXY",
    ] {
        for args in [
            &["config", "check"][..],
            &["config", "path"],
            &["status"],
            &["doctor"],
            &["sync", "--once"],
            &["service", "print", "--user"],
            &["service", "status", "--user"],
            &["init", "--no-check"],
        ] {
            let mut command = world.command();
            command.args(args).env(variable, &place);
            world.check_command(command);
        }
    }
}

#[test]
fn init_lets_no_name_through() {
    let world = World::new();
    let local = world.dir.join("local");
    let (local, dir) = (
        local.to_str().expect("text"),
        world.dir.to_str().expect("text"),
    );
    let fresh = world.dir.join("fresh.toml");
    for args in [
        &["--local", local][..],
        &["--local", "/nonexistent/\n\u{1b}"],
        &["--local", local, "--client-secret-file", dir],
        &["--local", local, "--method", "jwt", "--config-file", dir],
        &["--local", local, "--folder-id", HOSTILE],
        &["--local", local, "--folder-path", HOSTILE],
        &["--local", local, "--method", HOSTILE],
        &[
            "--local",
            local,
            "--method",
            "oauth2",
            "--client-id",
            HOSTILE,
            "--folder-id",
            "1",
        ],
    ] {
        let whole = [
            "--client-id",
            "i",
            "--enterprise-id",
            "1",
            "--client-secret-command",
            "echo s",
            "--folder-id",
            "1",
        ];
        for extra in [&[][..], &whole] {
            for config in [&fresh, &world.good] {
                let args = [&["init", "--no-check"], args, extra].concat();
                world.check(Some(config), &args);
                let _ = fs::remove_file(&fresh);
            }
        }
    }
}
