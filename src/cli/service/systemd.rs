//! Units for systemd, as text. Pure. They hold for systemd 252 and later.

use crate::cli::service::plan::{Home, Plan, Written};
use std::path::Path;

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
            text: timer(when),
        });
    }
    units
}

/// The user that a service of the machine runs as.
pub(super) fn sysusers() -> Written {
    Written {
        path: "/etc/sysusers.d/boxup.conf".into(),
        text: format!("{}{USER}", super::plan::MARK),
    }
}

const USER: &str = "u boxup - \"boxup, keeps folders mirrored to Box\" /var/lib/boxup\n";

fn service(plan: &Plan) -> String {
    let mut text = format!("{}\n[Unit]\n", super::plan::MARK.trim_end());
    text += "Description=boxup, keeps local folders mirrored to Box\n";
    text += "Documentation=man:boxup(1)\n";
    if !plan.is_user {
        text += "Wants=network-online.target\nAfter=network-online.target\n";
    }
    text += "\n[Service]\n";
    let once = if plan.timer.is_some() { " --once" } else { "" };
    let config = plan.config.as_deref().map_or_else(String::new, |config| {
        format!(" --config {}", quoted(&config.to_string_lossy()))
    });
    let start = format!(
        "{} sync{once}{config}",
        quoted(&plan.program.to_string_lossy())
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
    text
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
        Home::Needed => text += "# A mirror is there.\nProtectHome=read-only\n",
        Home::Unknown => {
            text += "# Mirrors may be there; if none is: ProtectHome=yes\nProtectHome=read-only\n";
        }
        Home::NotNeeded => {
            text += "# No mirror is there; for one: ProtectHome=read-only\nProtectHome=yes\n";
        }
    }
    match plan.tmp_is_mirrored {
        true => text += "# A mirror is below /tmp or /var/tmp.\nPrivateTmp=no\n",
        false => text += "PrivateTmp=yes\n",
    }
    if let Some(state) = &plan.other_state {
        text += &format!("ReadWritePaths=-{}\n", quoted(&state.to_string_lossy()));
    }
    text
}

fn timer(when: &str) -> String {
    let mark = super::plan::MARK.trim_end();
    let when = when.replace('%', "%%");
    format!(
        "{mark}\n[Unit]\nDescription=A pass of boxup over the mirrored folders\n\
         Documentation=man:boxup(1)\n\n[Timer]\nOnCalendar={when}\n\
         # One that was missed is made up for.\nPersistent=yes\n\
         # Not everybody at the full hour.\nRandomizedDelaySec=5min\n\n\
         [Install]\nWantedBy=timers.target\n"
    )
}

/// A word of a command line, or a path (systemd.syntax(7), systemd.unit(5)).
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:=@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted += "%%",
            '$' => quoted += "$$",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            c if c.is_ascii_control() => quoted += &format!("\\x{:02x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_stays_one_word() {
        for (word, expected) in [
            ("/usr/bin/boxup", "/usr/bin/boxup"),
            ("/a b", "\"/a b\""),
            ("/100%$HOME", "\"/100%%$$HOME\""),
            ("/q\"\\\n\u{1b}", "\"/q\\\"\\\\\\n\\x1b\""),
            ("/ü", "\"/ü\""),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
