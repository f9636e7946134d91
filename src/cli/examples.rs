//! What each command is good for, in lines that can be typed: the end of its `--help`.

pub(super) const INIT: &str = "\
Examples:
  boxup init                                      ask for everything
  boxup init --config /etc/boxup/sync.toml        for the service of the machine
  boxup init --client-id ID --enterprise-id 877840855 \\
      --local reports --folder-id 123456789 --client-secret-stdin < secret";

pub(super) const DOCTOR: &str = "\
Examples:
  boxup doctor           what is not right, and the one thing to do about it
  boxup doctor --json | jq 'select(.status == \"fail\")'";

pub(super) const TOKEN: &str = "\
Examples:
  curl -H \"Authorization: Bearer $(boxup token)\" https://api.box.com/2.0/users/me
  boxup token --scope item_upload --folder 123456789   may only upload, only there";

pub(super) const WHOAMI: &str = "\
Example:
  boxup whoami --json | jq -r .login   whom to invite to a folder";

pub(super) const LOGIN: &str = "\
Examples:
  boxup login                in a browser of this machine
  boxup login --no-browser   where there is none: paste what the other one ends at";

pub(super) const EXPLAIN: &str = "\
Examples:
  boxup explain report.pdf            why is it not on Box?
  boxup explain reports/2026/a.tmp    by mirror and path in it";

pub(super) const CONFLICTS: &str = "\
Examples:
  boxup conflicts                   what waits, with both sides and the line to type
  boxup conflicts --json --mirror reports";

pub(super) const RESOLVE: &str = "\
Examples:
  boxup resolve report.pdf --keep local    ours becomes a new version
  boxup resolve --all --mirror reports --keep box";

pub(super) const STATUS: &str = "\
Examples:
  boxup status
  boxup status --json | jq '.mirrors[] | {name, state, pending}'";

pub(super) const WAIT: &str = "\
Examples:
  make report && boxup wait --timeout 5m && ./announce   it is on Box by then
  boxup wait --json | jq .left";

pub(super) const SYNC: &str = "\
Examples:
  boxup sync --once --dry-run   what would be sent?
  boxup sync --once             one pass; silent where nothing is to be done, as for cron
  boxup sync                    mirror, then keep watching until SIGTERM
  kill -HUP PID                 the service reads its configuration again";

pub(super) const NOTIFY: &str = "\
Example:
  boxup notify test   does a message get through?";

pub(super) const SERVICE: &str = "\
Examples:
  boxup service print                       look at the unit first; nothing is changed
  sudo boxup service install                as a service of the machine, user boxup
  boxup service install --user              as a service of your own session
  sudo boxup service install --timer daily  one pass a day, instead of watching
  systemctl reload boxup                    read the configuration again";

pub(super) const COMPLETIONS: &str = "\
Examples:
  boxup completions bash > ~/.local/share/bash-completion/completions/boxup
  boxup completions zsh > ~/.zfunc/_boxup
  boxup completions fish > ~/.config/fish/completions/boxup.fish";
