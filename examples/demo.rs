//! One command that shows the main job: an embedded Box, the real agent on a folder,
//! and a scripted afternoon. Exits with 1 if Box does not end up as it must.
//!
//! ```text
//! cargo run --example demo            # on a small tree that it makes
//! cargo run --example demo -- DIR     # also mirrors DIR, which is only read
//! ```

use box_emulator::{BoxEmulator, Entry, Fault, Kind};
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let shown = match runtime {
        Ok(runtime) => runtime.block_on(show()),
        Err(error) => Err(error.into()),
    };
    match shown {
        Ok(()) => {
            say("\nBox holds what the disk holds. That was the demo.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("\nTHE DEMO FAILED: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn show() -> Result<()> {
    let stage = Stage::set()?;
    stage.first_mirror().await?;
    stage.edit().await?;
    stage.name_clash().await?;
    stage.too_fast().await?;
    stage.token_dies().await?;
    stage.curtain().await
}

/// The embedded Box, the folders, and the agent that mirrors them.
struct Stage {
    emulator: BoxEmulator,
    /// Kept for its life only.
    _temp: tempfile::TempDir,
    desk: PathBuf,
    /// Mirrored folders: local, ID on Box.
    mirrors: Vec<(PathBuf, String)>,
    config: PathBuf,
    stop: mpsc::Sender<()>,
    agent: JoinHandle<u8>,
}

impl Stage {
    fn set() -> Result<Self> {
        let temp = tempfile::tempdir()?;
        let desk = temp.path().join("desk");
        for (path, text) in [
            ("notes.txt", "buy milk\n"),
            ("reports/2026/q3.csv", "region,revenue\nnorth,100\n"),
            ("reports/2026/q4.csv", "region,revenue\n"),
            ("photos/empty.jpg", ""),
        ] {
            write(&desk.join(path), text)?;
        }
        fs::create_dir_all(desk.join("inbox"))?;

        let emulator = BoxEmulator::start();
        let mut mirrors = vec![(desk.clone(), emulator.folder("/Desk"))];
        if let Some(dir) = std::env::args_os().nth(1) {
            let dir = fs::canonicalize(&dir)?;
            mirrors.push((dir, emulator.folder("/Yours")));
        }
        let config = temp.path().join("sync.toml");
        fs::write(&config, configuration(&emulator, &mirrors, temp.path()))?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;

        let address = emulator.base_url();
        act(&format!(
            "An embedded Box serves at {address}; boxup starts to mirror."
        ));
        let (stop, stopped) = mpsc::channel(2);
        let agent = tokio::spawn(boxup::run(args(&config, &["sync"]), environment(), stopped));
        Ok(Self {
            emulator,
            _temp: temp,
            desk,
            mirrors,
            config,
            stop,
            agent,
        })
    }

    async fn first_mirror(&self) -> Result<()> {
        while !self
            .config
            .with_file_name("state")
            .join("control.sock")
            .exists()
        {
            if self.agent.is_finished() {
                return Err("the agent did not start".into());
            }
            tokio::task::yield_now().await;
        }
        self.settle().await?;
        self.compare()
    }

    async fn edit(&self) -> Result<()> {
        act("A report is saved again and a new one appears, in a new folder.");
        write(
            &self.desk.join("reports/2026/q4.csv"),
            "region,revenue\nsouth,250\n",
        )?;
        write(&self.desk.join("reports/2027/plan/draft.md"), "# Plan\n")?;
        self.settle().await?;
        let report = self.file("reports/2026/q4.csv")?;
        check(
            report.versions == 2,
            "the report kept its ID and has two versions",
        )?;
        self.compare()
    }

    async fn name_clash(&self) -> Result<()> {
        act("A colleague has put minutes.txt on Box; then we save our own.");
        let id = self
            .emulator
            .put_file(&self.mirrors[0].1, "minutes.txt", b"theirs\n");
        write(&self.desk.join("minutes.txt"), "ours\n")?;
        self.settle().await?;
        let minutes = self.file("minutes.txt")?;
        check(
            minutes.id == id,
            "no upload was refused: ours is a new version of that file",
        )?;
        let versions = self.emulator.versions(&id);
        check(
            versions.len() == 2,
            "the colleague's version is in the version history",
        )?;
        self.compare()
    }

    async fn too_fast(&self) -> Result<()> {
        act("Box answers 429, \"slow down\", and asks for one second.");
        let limit = Fault::on("options_files_content").rate_limited(Some("1"));
        self.emulator.inject(limit);
        write(&self.desk.join("inbox/scan-0001.txt"), "page 1\n")?;
        self.settle().await?;
        let refused = self.emulator.count_status("options_files_content", 429);
        check(
            refused == 1,
            "one request was refused, everybody waited, nothing was lost",
        )?;
        self.compare()
    }

    async fn token_dies(&self) -> Result<()> {
        act("The access token expires in the middle of it all.");
        let before = self.emulator.count("post_oauth2_token");
        self.emulator.expire_tokens();
        write(&self.desk.join("inbox/scan-0002.txt"), "page 2\n")?;
        self.settle().await?;
        let renewals = self.emulator.count("post_oauth2_token") - before;
        check(renewals == 1, "it was renewed once, without anybody")?;
        self.compare()
    }

    async fn curtain(self) -> Result<()> {
        act("The agent is told to stop.");
        self.stop.send(()).await?;
        let code = self.agent.await?;
        check(
            code == 0 || self.mirrors.len() > 1,
            "it ended with exit code 0",
        )?;
        for (local, folder) in &self.mirrors {
            act(&format!("{} on Box:", local.display()));
            show_tree(&self.emulator.tree(folder));
        }
        Ok(())
    }

    /// Asks the agent to look at everything, and waits until it says that all is there.
    async fn settle(&self) -> Result<()> {
        let (_stop, stopped) = mpsc::channel(1);
        let args = args(&self.config, &["wait", "--timeout", "10m"]);
        match boxup::run(args, environment(), stopped).await {
            0 => Ok(()),
            // A folder of yours may hold what cannot go to Box; it was named above.
            1 if self.mirrors.len() > 1 => Ok(()),
            code => Err(format!("waiting ended with exit code {code}").into()),
        }
    }

    fn file(&self, path: &str) -> Result<Entry> {
        let entry = self.emulator.entry(&self.mirrors[0].1, path);
        entry.ok_or_else(|| format!("{path} is not on Box").into())
    }

    /// Every file on Box must have the content that it has on the disk, and in the
    /// demo's own folder nothing may be missing.
    fn compare(&self) -> Result<()> {
        for (number, (local, folder)) in self.mirrors.iter().enumerate() {
            let mut disk = BTreeMap::new();
            read_tree(local, Path::new(""), &mut disk)?;
            for entry in self.emulator.tree(folder) {
                let on_disk = disk.remove(&entry.path);
                if entry.kind == Kind::File && on_disk != Some(entry.sha1) {
                    return Err(format!("{} differs from Box", entry.path).into());
                }
            }
            if number == 0 && !disk.is_empty() {
                return Err(format!("not on Box: {:?}", disk.keys()).into());
            }
        }
        Ok(())
    }
}

fn configuration(emulator: &BoxEmulator, mirrors: &[(PathBuf, String)], dir: &Path) -> String {
    let mut text = emulator.config_fragment();
    text.push_str("\n[watch]\nsettle = \"200ms\"\n");
    text.push_str(&format!("\n[state]\ndir = {:?}\n", dir.join("state")));
    if mirrors.len() > 1 {
        // Box's 240 uploads a minute would make a long demo of a large folder.
        text.push_str("\n[limits]\nuploads_per_minute = 100000\nrequests_per_minute = 100000\n");
    }
    for (number, (local, folder)) in mirrors.iter().enumerate() {
        let name = if number == 0 { "desk" } else { "yours" };
        text.push_str(&format!(
            "\n[[mirror]]\nname = {name:?}\nlocal = {local:?}\nfolder_id = {folder:?}\n"
        ));
    }
    text
}

fn args(config: &Path, rest: &[&str]) -> Vec<OsString> {
    let mut args = vec!["boxup".into(), "--config".into(), config.into()];
    args.extend(rest.iter().map(OsString::from));
    args
}

/// Nothing of the caller's environment may change what the demo shows.
fn environment() -> Vec<(OsString, OsString)> {
    Vec::new()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// Directories and their files' digests, by path; links and the like are not mirrored.
fn read_tree(
    root: &Path,
    below: &Path,
    found: &mut BTreeMap<String, Option<String>>,
) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(root.join(below)) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let metadata = entry.metadata()?;
        let name = path.to_string_lossy().into_owned();
        if metadata.is_dir() {
            found.insert(name, None);
            read_tree(root, &path, found)?;
        } else if metadata.is_file()
            && metadata.size() <= 50_000_000
            && let Ok(bytes) = fs::read(entry.path())
        {
            let digest = Sha1::digest(&bytes);
            found.insert(
                name,
                Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()),
            );
        }
    }
    Ok(())
}

fn show_tree(entries: &[Entry]) {
    const MOST: usize = 40;
    for entry in entries.iter().take(MOST) {
        let what = match entry.kind {
            Kind::Folder => "folder".to_owned(),
            Kind::WebLink => "link".to_owned(),
            Kind::File => format!("{} B, version {}", entry.size, entry.versions),
        };
        say(&format!("  {:<34} {:>14}  {what}", entry.path, entry.id));
    }
    if entries.len() > MOST {
        say(&format!("  … and {} more", entries.len() - MOST));
    }
}

fn check(holds: bool, what: &str) -> Result<()> {
    if !holds {
        return Err(format!("it should be that {what}").into());
    }
    say(&format!("    ✔ {what}"));
    Ok(())
}

fn act(text: &str) {
    say(&format!("\n── {text}"));
}

#[expect(clippy::print_stdout, reason = "showing is what a demo is for")]
fn say(text: &str) {
    println!("{text}");
}
