//! What `sync.toml` says in a test.

use box_emulator::BoxEmulator;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A configuration, table by table, each a list of lines.
pub(crate) struct Config {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// The state directory.
    pub(crate) state: PathBuf,
    /// `[auth]` and `[endpoints]`, which belong to the emulator.
    pub(crate) access: String,
    /// Each `[[mirror]]`.
    pub(crate) mirrors: Vec<Vec<String>>,
    /// `[watch]`.
    pub(crate) watch: Vec<String>,
    /// `[limits]`.
    pub(crate) limits: Vec<String>,
    /// `[state] verify_every`.
    pub(crate) verify_every: Option<String>,
    /// `[notify]`.
    pub(crate) notify: Vec<String>,
    /// `[metrics]`, if there is one.
    pub(crate) metrics: Vec<String>,
}

impl Config {
    /// The mirror `mirror` in `temp`, which goes to `folder`.
    pub(crate) fn new(cloud: &BoxEmulator, temp: &Path, folder: &str) -> Config {
        let mut config = Config {
            file: temp.join("sync.toml"),
            state: temp.join("state"),
            access: cloud.config_fragment(),
            mirrors: Vec::new(),
            verify_every: None,
            notify: Vec::new(),
            metrics: Vec::new(),
            watch: vec!["settle = \"100ms\"".to_owned()],
            // Box's own limits are a matter of their own test.
            limits: vec![
                "uploads_per_minute = 1000000".to_owned(),
                "requests_per_minute = 1000000".to_owned(),
            ],
        };
        config.add_mirror("mirror", &temp.join("mirror"), folder);
        config
    }

    /// One more mirror.
    pub(crate) fn add_mirror(&mut self, name: &str, local: &Path, folder: &str) {
        self.mirrors.push(vec![
            format!("name = {name:?}"),
            format!("local = {local:?}"),
            format!("folder_id = {folder:?}"),
        ]);
    }

    /// The local directory of a mirror.
    pub(crate) fn local(&self, mirror: usize) -> PathBuf {
        let line = self.mirrors[mirror]
            .iter()
            .find(|line| line.starts_with("local"));
        let quoted = line.and_then(|line| line.split('"').nth(1));
        PathBuf::from(quoted.expect("a mirror has a local directory"))
    }

    /// Another `[auth]`, with the emulator's `[endpoints]`.
    pub(crate) fn auth(&mut self, lines: &[&str]) {
        let endpoints = self.access.find("[endpoints]").expect("it has endpoints");
        let auth = lines.join("\n");
        self.access = format!("[auth]\n{auth}\n\n{}", &self.access[endpoints..]);
    }

    /// Changes what stands in `[auth]` and `[endpoints]`.
    pub(crate) fn replace(&mut self, old: &str, new: &str) {
        assert!(self.access.contains(old), "{old:?} in {}", self.access);
        self.access = self.access.replace(old, new);
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        let mut text = self.access.clone();
        for mirror in &self.mirrors {
            text += &format!("\n[[mirror]]\n{}\n", mirror.join("\n"));
        }
        text += &format!("\n[watch]\n{}\n", self.watch.join("\n"));
        text += &format!("\n[limits]\n{}\n", self.limits.join("\n"));
        if !self.notify.is_empty() {
            text += &format!("\n[notify]\n{}\n", self.notify.join("\n"));
        }
        text += &format!("\n[state]\ndir = {:?}\n", self.state);
        if let Some(every) = &self.verify_every {
            text += &format!("verify_every = {every:?}\n");
        }
        if !self.metrics.is_empty() {
            text += &format!("\n[metrics]\n{}\n", self.metrics.join("\n"));
        }
        text
    }

    /// Writes it, for its owner only.
    pub(crate) fn save(&self) {
        self.save_text(&self.text());
    }

    /// Writes something else in its place.
    pub(crate) fn save_text(&self, text: &str) {
        std::fs::write(&self.file, text).expect("the configuration can be written");
        std::fs::set_permissions(&self.file, Permissions::from_mode(0o600))
            .expect("its mode can be set");
    }
}
