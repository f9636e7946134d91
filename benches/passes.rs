//! What a pass costs, measured on the real program against the embedded Box.
//!
//! ```text
//! cargo bench                                # a tree of 100,000 small files
//! cargo bench -- --files 20000
//! cargo bench -- --tree /usr/share           # a real tree, which is only read
//! ```
//!
//! Prints the first mirror (time, peak memory), then passes with nothing to do in turn
//! with `find DIR -type f -printf '%s %T@\n'` on the same tree, and their ratio; then the
//! size of the database, a comparison of everything with Box, an edit of one file, and a
//! run that has lost its state. Every file's SHA-1 on Box is
//! compared with the disk's.

use box_emulator::{BoxEmulator, Kind};
use sha1::{Digest, Sha1};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1)
    };
    let temp = tempfile::tempdir()?;
    let (tree, is_ours) = match value("--tree") {
        Some(tree) => (fs::canonicalize(tree)?, false),
        None => {
            let files = value("--files").map_or(Ok(100_000), |number| number.parse())?;
            (make_tree(&temp.path().join("tree"), files)?, true)
        }
    };
    let bench = Bench::new(temp.path(), &tree)?;
    bench.first()?;
    bench.compare()?;
    bench.nothing_to_do()?;
    bench.verified()?;
    if is_ours {
        bench.one_edit()?;
    }
    bench.lost_state()
}

struct Bench {
    emulator: BoxEmulator,
    folder: String,
    tree: PathBuf,
    config: PathBuf,
}

/// One run of the program.
struct Run {
    summary: serde_json::Value,
    took: Duration,
    /// Peak resident memory in kB.
    peak: u64,
}

impl Bench {
    fn new(dir: &Path, tree: &Path) -> Result<Self> {
        let emulator = BoxEmulator::start();
        emulator.set_request_log(false);
        let folder = emulator.folder("/Bench");
        let config = dir.join("sync.toml");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&config)?;
        write!(
            file,
            "{}\n[limits]\nuploads_per_minute = 10000000\nrequests_per_minute = 10000000\n\
             [state]\ndir = \"state\"\n[[mirror]]\nname = \"bench\"\nlocal = {tree:?}\n\
             folder_id = {folder:?}\n",
            emulator.config_fragment()
        )?;
        Ok(Self {
            emulator,
            folder,
            tree: tree.to_path_buf(),
            config,
        })
    }

    fn first(&self) -> Result<()> {
        let run = self.run()?;
        let files = number(&run, "uploaded");
        let rate = files as f64 / run.took.as_secs_f64();
        say(&format!(
            "first mirror   {files} files, {} bytes, {} requests in {:.1} s ({rate:.0} files/s), \
             peak {:.0} MB",
            number(&run, "bytes_sent"),
            number(&run, "requests"),
            run.took.as_secs_f64(),
            run.peak as f64 / 1e3,
        ));
        say(&format!(
            "               {} scanned = {} new + {} excluded + {} parked + {} failed",
            number(&run, "scanned"),
            files,
            number(&run, "excluded"),
            number(&run, "parked"),
            number(&run, "failed"),
        ));
        Ok(())
    }

    /// Every file on Box has the SHA-1 that it has on the disk.
    fn compare(&self) -> Result<()> {
        let mut equal = 0_u64;
        for entry in self.emulator.tree(&self.folder) {
            if entry.kind == Kind::File {
                let digest = Sha1::digest(fs::read(self.tree.join(&entry.path))?);
                let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                if entry.sha1.as_deref() != Some(&digest) {
                    return Err(format!("{} differs on Box", entry.path).into());
                }
                equal += 1;
            }
        }
        say(&format!(
            "compared       {equal} files on Box have the SHA-1 of the disk"
        ));
        Ok(())
    }

    fn nothing_to_do(&self) -> Result<()> {
        let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
        // Once each without counting: the first pass reads young files a second time.
        self.run()?;
        self.find()?;
        for _ in 0..7 {
            let run = self.run()?;
            if number(&run, "requests") != 0 || number(&run, "bytes_sent") != 0 {
                return Err(format!("a pass with nothing to do did: {}", run.summary).into());
            }
            peak = peak.max(run.peak);
            ours.push(run.took);
            theirs.push(self.find()?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        say(&format!(
            "nothing to do  {:.3} s, 0 requests, peak {:.0} MB; find {:.3} s; ratio {:.2}",
            ours.as_secs_f64(),
            peak as f64 / 1e3,
            theirs.as_secs_f64(),
            ours.as_secs_f64() / theirs.as_secs_f64(),
        ));
        Ok(())
    }

    /// The size of the database, and a comparison of everything with Box.
    fn verified(&self) -> Result<()> {
        let database = self.config.with_file_name("state").join("boxup.db");
        let size = fs::metadata(database)?.len();
        say(&format!("database       {:.1} MB", size as f64 / 1e6));
        let run = self.run_with(&["verify", "--json"])?;
        say(&format!(
            "verify         {} in sync, {} missing, {} changed, {} extra in {:.2} s, peak {:.0} MB",
            number(&run, "in_sync"),
            number(&run, "missing"),
            number(&run, "changed"),
            number(&run, "extra"),
            run.took.as_secs_f64(),
            run.peak as f64 / 1e3,
        ));
        Ok(())
    }

    fn one_edit(&self) -> Result<()> {
        fs::write(self.tree.join("d000/f00000"), "edited")?;
        let run = self.run()?;
        say(&format!(
            "one edit       {} new version, {} requests, {} bytes in {:.3} s",
            number(&run, "new_versions"),
            number(&run, "requests"),
            number(&run, "bytes_sent"),
            run.took.as_secs_f64(),
        ));
        Ok(())
    }

    fn lost_state(&self) -> Result<()> {
        fs::remove_dir_all(self.config.with_file_name("state"))?;
        let run = self.run()?;
        say(&format!(
            "state lost     {} adopted, {} requests, {} bytes sent in {:.1} s, peak {:.0} MB",
            number(&run, "adopted"),
            number(&run, "requests"),
            number(&run, "bytes_sent"),
            run.took.as_secs_f64(),
            run.peak as f64 / 1e3,
        ));
        Ok(())
    }

    fn run(&self) -> Result<Run> {
        self.run_with(&["sync", "--once", "--json"])
    }

    fn run_with(&self, args: &[&str]) -> Result<Run> {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_boxup"))
            .args(args)
            .arg("--config")
            .arg(&self.config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let out = child.stdout.take().ok_or("no output")?;
        let (mut peak, mut last) = (0, String::new());
        for (number, line) in BufReader::new(out).lines().enumerate() {
            last = line?;
            // The peak only grows, so a look now and then and one at the end will do.
            if number % 256 == 0 || last.contains("\"summary\"") {
                peak = peak.max(peak_of(&status));
            }
        }
        child.wait()?;
        Ok(Run {
            summary: serde_json::from_str(&last)?,
            took: began.elapsed(),
            peak,
        })
    }

    fn find(&self) -> Result<Duration> {
        let began = Instant::now();
        let args = ["-type", "f", "-printf", "%s %T@\\n"];
        Command::new("find")
            .arg(&self.tree)
            .args(args)
            .stdout(Stdio::null())
            .status()?;
        Ok(began.elapsed())
    }
}

fn make_tree(root: &Path, files: usize) -> Result<PathBuf> {
    for number in 0..files {
        let dir = root.join(format!("d{:03}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&dir)?;
        }
        fs::write(
            dir.join(format!("f{number:05}")),
            format!("small file {number}\n").repeat(8),
        )?;
    }
    Ok(root.to_path_buf())
}

fn peak_of(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn number(run: &Run, key: &str) -> u64 {
    run.summary[key].as_u64().unwrap_or(0)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(text: &str) {
    println!("{text}");
}
