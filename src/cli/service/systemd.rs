//! Units for systemd, as text. Pure. They hold for systemd 252 and later.

use crate::cli::service::plan::{Home, Plan, Written, marked};
use crate::cli::wording::printable_path;
use crate::model::path::confuses;
use std::path::{Path, PathBuf};

/// What a service of the machine may not do. Box is on the network, the folders are
/// anywhere, and `client_secret_command` runs a shell: that much is left to it.
const CONFINED: &str = "\
# It reads, and writes to its state only.
ProtectSystem=strict
PrivateDevices=yes
DevicePolicy=closed
PrivateIPC=yes
PrivateMounts=yes
# In a user namespace of its own it has no rights over anybody else's files.
PrivateUsers=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RemoveIPC=yes
KeyringMode=private
CapabilityBoundingSet=
AmbientCapabilities=
";

/// What works without rights too.
const MODEST: &str = "\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @mount @debug @obsolete
SystemCallErrorNumber=EPERM
UMask=0077
LimitCORE=0
";

/// Secrets that need not be in the configuration: a file that is not there is no mistake.
const CREDENTIALS: &str = "\
# A secret may lie in /etc/credstore/boxup.client_secret and the like, for root only.
LoadCredential=client_secret:boxup.client_secret
LoadCredential=config_file:boxup.config_file
LoadCredential=developer_token:boxup.developer_token
LoadCredential=heartbeat:boxup.heartbeat
LoadCredential=webhook:boxup.webhook
";

/// The unit, and its timer if there is one.
pub(super) fn units(plan: &Plan) -> Vec<Written> {
    let dir = match (plan.is_user, &plan.user_units) {
        (true, Some(dir)) => dir.clone(),
        (true, None) => Path::new("~/.config/systemd/user").to_owned(),
        (false, _) => Path::new("/etc/systemd/system").to_owned(),
    };
    let mut units = vec![Written {
        path: dir.join("boxup.service"),
        text: service(plan),
    }];
    if let Some(when) = &plan.timer {
        units.push(Written {
            path: dir.join("boxup.timer"),
            text: timer(plan, when),
        });
    }
    units
}

/// The user that a service of the machine runs as.
pub(super) fn sysusers() -> Written {
    Written {
        path: "/etc/sysusers.d/boxup.conf".into(),
        text: marked("boxup service uninstall removes it", USER),
    }
}

const USER: &str = "u boxup - \"boxup, keeps folders mirrored to Box\" /var/lib/boxup\n";

fn service(plan: &Plan) -> String {
    let mut text = "[Unit]\n".to_owned();
    text += "Description=boxup, keeps local folders mirrored to Box\n";
    text += "Documentation=man:boxup(1)\n";
    if !plan.is_user {
        text += "Wants=network-online.target\nAfter=network-online.target\n";
    }
    text += "\n[Service]\n";
    let once = if plan.timer.is_some() { " --once" } else { "" };
    let config = plan.config.as_deref().map_or_else(String::new, |config| {
        format!(" --config {}", word(&config.to_string_lossy(), false))
    });
    let start = format!(
        "{} sync{once}{config}",
        word(&plan.program.to_string_lossy(), true)
    );
    text += &running(&start, plan.timer.is_some());
    if !plan.is_user {
        text += "User=boxup\nGroup=boxup\n";
        text += "EnvironmentFile=-/etc/default/boxup\n";
        text += "StateDirectory=boxup\nStateDirectoryMode=0700\n";
        text += CREDENTIALS;
        text += "\n";
        text += CONFINED;
        text += &places(plan);
    } else {
        text += "\n";
    }
    text += MODEST;
    if plan.timer.is_none() {
        let target = match plan.is_user {
            true => "default.target",
            false => "multi-user.target",
        };
        text += &format!("\n[Install]\nWantedBy={target}\n");
    }
    marked(&instead(plan, ""), &text)
}

/// How it is changed.
fn instead(plan: &Plan, unit: &str) -> String {
    let flag = if plan.is_user { "--user " } else { "" };
    format!("to change it: systemctl {flag}edit boxup{unit}")
}

/// How it starts, ends and is started again.
fn running(start: &str, is_pass: bool) -> String {
    if is_pass {
        return format!(
            "Type=oneshot\nExecStart={start}\n# A first pass may take days.\n\
             TimeoutStartSec=infinity\nTimeoutStopSec=100\n"
        );
    }
    format!(
        "Type=notify\nNotifyAccess=main\nExecStart={start}\n\
         ExecReload=/bin/sh -c \"kill -HUP $MAINPID\"\n\
         # A mistake, a sign-in that fails: only a person can help.\n\
         RestartPreventExitStatus=2 77 78\n\
         # It was stopped, and something was not on Box yet.\n\
         SuccessExitStatus=1 3 69\n\
         Restart=on-failure\nRestartSec=10\n\
         WatchdogSec=120\n\
         # It ends within 10 s, but for a new login that has to be kept.\n\
         TimeoutStopSec=100\n"
    )
}

/// What it may see and write to, by what the configuration says.
fn places(plan: &Plan) -> String {
    let mut text = String::new();
    match plan.home {
        Home::Needed => text += "# A mirror is there, or the program.\nProtectHome=read-only\n",
        Home::Unknown => {
            text += "# Mirrors may be there; if none is: ProtectHome=yes\nProtectHome=read-only\n";
        }
        Home::NotNeeded => {
            text += "# No mirror is there; for one: ProtectHome=read-only\nProtectHome=yes\n";
        }
    }
    match plan.needs_tmp {
        true => text += "# Something that is read is below /tmp or /var/tmp.\nPrivateTmp=no\n",
        false => text += "PrivateTmp=yes\n",
    }
    if let Some(state) = &plan.other_state {
        text += &format!("ReadWritePaths=-{}\n", place(&state.to_string_lossy()));
    }
    text
}

fn timer(plan: &Plan, when: &str) -> String {
    let when = when.replace('%', "%%");
    let text = format!(
        "[Unit]\nDescription=A pass of boxup over the mirrored folders\n\
         Documentation=man:boxup(1)\n\n[Timer]\nOnCalendar={when}\n\
         # One that was missed is made up for.\nPersistent=yes\n\
         # Not everybody at the full hour.\nRandomizedDelaySec=5min\n\n\
         [Install]\nWantedBy=timers.target\n"
    );
    marked(&instead(plan, ".timer"), &text)
}

/// The program that a unit of ours starts.
pub(super) fn program(text: &str) -> Option<PathBuf> {
    let start = text
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))?;
    // No quote and no backslash is in it: see `refused`.
    let path = match start.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => start.split(' ').next()?,
    };
    Some(path.replace("%%", "%").into())
}

/// What systemd cannot be told, as a sentence.
pub(super) fn refused(plan: &Plan) -> Option<String> {
    let is_odd = |c: char| c.is_ascii_control() || "'\"\\".contains(c);
    let program = plan.program.to_string_lossy();
    let state = plan
        .other_state
        .as_ref()
        .map(|state| state.to_string_lossy());
    let (path, what) = match &state {
        _ if program.contains(is_odd) => (
            &plan.program,
            "systemd starts no program whose path holds a quote, a backslash or a control \
             character: move it, or name another with --program",
        ),
        Some(state) if state.contains(confuses) => (
            plan.other_state.as_ref()?,
            "the state directory cannot be named in a unit, as its path holds a control \
             character or one that cannot be seen: choose another in [state] dir",
        ),
        Some(state) if state.split('/').any(|part| part == "..") => (
            plan.other_state.as_ref()?,
            "the state directory cannot be named in a unit, as .. leads to a place that is not \
             there: write it without in [state] dir",
        ),
        _ => return None,
    };
    Some(format!("{}: {what}", printable_path(path)))
}

/// A word of a command line (systemd.service(5)): each specifier, variable and escape is
/// text. The first, which is the program, knows no variables.
fn word(text: &str, is_program: bool) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted += "%%",
            '$' if !is_program => quoted += "$$",
            c if confuses(c) && u32::from(c) < 0x80 => {
                quoted += &format!("\\x{:02x}", u32::from(c))
            }
            c if confuses(c) => quoted += &format!("\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    enclosed(text, quoted)
}

/// A path in a list of them (systemd.exec(5)), which has neither variables nor escapes for
/// what it cannot hold.
fn place(text: &str) -> String {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    enclosed(text, quoted.replace('%', "%%"))
}

fn enclosed(text: &str, quoted: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:=@".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => quoted,
        false => format!("\"{quoted}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::{place, program, word};
    use std::path::Path;

    #[test]
    fn a_word_stays_one_word() {
        for (text, expected) in [
            ("/usr/bin/boxup", "/usr/bin/boxup"),
            ("/a b", "\"/a b\""),
            ("/100%$HOME", "\"/100%%$$HOME\""),
            ("/q\"\\\n\u{1b}", "\"/q\\\"\\\\\\x0a\\x1b\""),
            ("/\u{fc}\u{202e}\u{9b}", "\"/\u{fc}\\u202e\\u009b\""),
        ] {
            assert_eq!(word(text, false), expected);
        }
        assert_eq!(word("/$x y", true), "\"/$x y\"");
        for path in ["/usr/bin/boxup", "/100% $x y/b"] {
            let start = format!("A=b\nExecStart={} sync", word(path, true));
            assert_eq!(program(&start).as_deref(), Some(Path::new(path)));
        }
    }

    #[test]
    fn a_place_knows_no_variables() {
        for (text, expected) in [
            ("/srv", "/srv"),
            ("/a b%$c", "\"/a b%%$c\""),
            ("/q\"\\", "\"/q\\\"\\\\\""),
        ] {
            assert_eq!(place(text), expected);
        }
    }
}
