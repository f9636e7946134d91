//! How large the program is and how long it takes to start, in turn with `true`, which is
//! what starting any program costs on this machine.
//!
//! ```text
//! cargo bench --bench start
//! cargo bench --bench start -- --program target/dist/boxup
//! ```
//!
//! Prints the size of the program and of the packages in `target/packages`; then the median
//! time of `boxup --version`, of `boxup status` on a database, and of a pass with nothing to
//! do in a mirror of one file, each with its ratio to `true`.

use box_emulator::BoxEmulator;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Of each, in turn.
const ROUNDS: usize = 101;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let named = args.iter().position(|arg| arg == "--program");
    let program = match named.and_then(|at| args.get(at + 1)) {
        Some(program) => fs::canonicalize(program)?,
        None => PathBuf::from(env!("CARGO_BIN_EXE_boxup")),
    };
    sizes(&program)?;

    let emulator = BoxEmulator::start();
    let temp = tempfile::tempdir()?;
    let config = configured(&emulator, temp.path())?;
    // The second reads what was young in the first once more.
    for _ in 0..2 {
        took(boxup(&program, &config, &["sync", "--once"]), &[0])?;
    }
    // Nobody runs, says `status` with 69: it has read the database all the same.
    let runs: [(&str, &[&str], i32); 3] = [
        ("--version", &["--version"], 0),
        ("status", &["status"], 69),
        ("sync --once", &["sync", "--once"], 0),
    ];
    let mut theirs = Vec::new();
    let mut ours = vec![Vec::new(); runs.len()];
    for _ in 0..ROUNDS {
        theirs.push(took(Command::new("true"), &[0])?);
        for ((_, args, code), ours) in runs.iter().zip(&mut ours) {
            ours.push(took(boxup(&program, &config, args), &[*code])?);
        }
    }
    let theirs = median(theirs);
    say(&format!("true           {:.2} ms", millis(theirs)));
    for ((name, ..), ours) in runs.iter().zip(ours) {
        let ours = median(ours);
        let ratio = millis(ours) / millis(theirs);
        say(&format!(
            "{name:14} {:.2} ms; ratio {ratio:.1}",
            millis(ours)
        ));
    }
    Ok(())
}

/// A mirror of one file.
fn configured(emulator: &BoxEmulator, dir: &Path) -> Result<PathBuf> {
    fs::create_dir(dir.join("tree"))?;
    fs::write(dir.join("tree/file"), "content")?;
    let path = dir.join("sync.toml");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    write!(
        file,
        "{}\n[state]\ndir = \"state\"\n[[mirror]]\nlocal = \"tree\"\nfolder_id = {:?}\n",
        emulator.config_fragment(),
        emulator.folder("/Start"),
    )?;
    Ok(path)
}

fn boxup(program: &Path, config: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).env("BOXUP_CONFIG", config);
    command
}

/// How long it takes to its end, which is one of these.
fn took(mut command: Command, codes: &[i32]) -> Result<Duration> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let took = began.elapsed();
    match status.code() {
        Some(code) if codes.contains(&code) => Ok(took),
        _ => Err(format!("{command:?}: {status}").into()),
    }
}

fn sizes(program: &Path) -> Result<()> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/packages");
    let packages = fs::read_dir(packages).into_iter().flatten();
    let mut files = vec![program.to_path_buf()];
    for entry in packages {
        files.push(entry?.path());
    }
    files.sort();
    for file in files {
        let size = fs::metadata(&file)?.len();
        say(&format!(
            "{:7.2} MB     {}",
            size as f64 / 1e6,
            file.display()
        ));
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(text: &str) {
    println!("{text}");
}
