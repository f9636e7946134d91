//! What each command is good for, in lines that can be typed: the end of its `--help`.

pub(in crate::cli) const INIT: &str = "\
Examples:
  boxup init                                      ask for everything
  boxup init --config /etc/boxup/sync.toml        for the service of the machine
  boxup init --client-id ID --enterprise-id 877840855 \\
      --local reports --folder-id 123456789 --client-secret-stdin < secret";

pub(in crate::cli) const DOCTOR: &str = "\
Examples:
  boxup doctor           what is not right, and the one thing to do about it
  boxup doctor --json | jq 'select(.status == \"fail\")'";

pub(in crate::cli) const TOKEN: &str = "\
Examples:
  curl -H \"Authorization: Bearer $(boxup token)\" \\
      https://api.box.com/2.0/users/me
  boxup token --scope item_upload --folder 123456789   for uploads there";

pub(in crate::cli) const WHOAMI: &str = "\
Example:
  boxup whoami --json | jq -r .login   whom to invite to a folder";

pub(in crate::cli) const LOGIN: &str = "\
Examples:
  boxup login                in a browser of this machine
  boxup login --no-browser   where there is none: it takes what you paste";

pub(in crate::cli) const LOGOUT: &str = "\
Example:
  boxup logout   on a machine that is given away";

pub(in crate::cli) const CONFIG_PATH: &str = "\
Example:
  boxup config path   which file is read?";

pub(in crate::cli) const CONFIG_SHOW: &str = "\
Examples:
  boxup config show
  boxup config show --json | jq '.settings[] | select(.source == \"file\")'";

pub(in crate::cli) const CONFIG_CHECK: &str = "\
Example:
  boxup config check --config /etc/boxup/sync.toml   before a reload";

pub(in crate::cli) const VERIFY: &str = "\
Examples:
  boxup verify                   is everything on Box as it is here?
  boxup verify --repair          send again what is missing or changed there
  boxup verify --json | jq 'select(.event == \"missing\") | .path'";

pub(in crate::cli) const APPROVE: &str = "\
Example:
  boxup approve reports   what `boxup sync` told of may go";

pub(in crate::cli) const UNDO: &str = "\
Example:
  boxup undo 20261127T201525Z   the run said its name at its end";

pub(in crate::cli) const EXPLAIN: &str = "\
Examples:
  boxup explain report.pdf            why is it not on Box?
  boxup explain reports/2026/a.tmp    by mirror and path in it";

pub(in crate::cli) const CONFLICTS: &str = "\
Examples:
  boxup conflicts                   what waits, and the line to type
  boxup conflicts --json --mirror reports";

pub(in crate::cli) const RESOLVE: &str = "\
Examples:
  boxup resolve report.pdf --keep local    ours becomes a new version
  boxup resolve --all --mirror reports --keep box";

pub(in crate::cli) const PAUSE: &str = "\
Examples:
  boxup pause --for 2h         all mirrors, for two hours
  boxup pause reports          one of them, until it is resumed";

pub(in crate::cli) const BUMP: &str = "\
Examples:
  boxup bump report.pdf                  before everything else that waits
  boxup bump reports/2026 && boxup wait --mirror reports";

pub(in crate::cli) const RETRY: &str = "\
Examples:
  boxup retry                            all that is parked or failed
  boxup retry reports/2026/june.csv      this, although nothing has changed";

pub(in crate::cli) const RESUME: &str = "\
Examples:
  boxup resume                 all mirrors
  boxup resume reports && boxup wait --timeout 10m";

pub(in crate::cli) const STATUS: &str = "\
Examples:
  boxup status
  boxup status --watch           with what is under way, until Ctrl-C
  boxup status --max-lag 15m     for a monitor: one line, and 0 or not
  boxup status --json | jq '.mirrors[] | {name, state, pending}'";

pub(in crate::cli) const WAIT: &str = "\
Examples:
  make report && boxup wait --timeout 5m && ./announce   it is on Box by then
  boxup wait --mirror reports            the others may take longer
  boxup wait --json | jq .left";

pub(in crate::cli) const SYNC: &str = "\
Examples:
  boxup sync --once --dry-run   what would be sent?
  boxup sync --once             one pass; silent when nothing happened
  boxup sync --once --wait-lock 5m --max-duration 50m   from cron, each hour
  boxup sync                    mirror, then keep watching until SIGTERM
  kill -HUP PID                 the service reads its configuration again";

pub(in crate::cli) const NOTIFY: &str = "\
Example:
  boxup notify test   does a message get through?";

pub(in crate::cli) const SERVICE: &str = "\
Examples:
  boxup service print                       only look; nothing is changed
  sudo boxup service install                for the machine, as the user boxup
  boxup service install --user              as a service of your own session
  sudo boxup service install --timer daily  one pass a day, instead of watching
  systemctl reload boxup                    read the configuration again";

pub(in crate::cli) const SERVICE_PRINT: &str = "\
Examples:
  boxup service print                  of the machine, as the package has it
  boxup service print --user           of your own session
  boxup service print --timer hourly   one pass an hour, instead of watching";

pub(in crate::cli) const SERVICE_INSTALL: &str = "\
Examples:
  sudo boxup service install                  for the machine, as the user boxup
  boxup service install --user                for your own session
  sudo boxup service install --timer hourly   one pass an hour";

pub(in crate::cli) const SERVICE_UNINSTALL: &str = "\
Example:
  boxup service uninstall --user";

pub(in crate::cli) const SERVICE_STATUS: &str = "\
Examples:
  boxup service status --user
  boxup service status --user --json | jq .runs";

pub(in crate::cli) const COMPLETIONS: &str = "\
Examples:
  boxup completions bash > ~/.local/share/bash-completion/completions/boxup
  boxup completions zsh > ~/.zfunc/_boxup
  boxup completions fish > ~/.config/fish/completions/boxup.fish";
