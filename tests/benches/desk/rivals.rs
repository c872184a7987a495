//! DuckDB and Polars, each in a process of its own that answers when it is told to.
//!
//! In: what they may take and where the files are. Out: an answer a question, with the time that it took there. The
//! packages are those that `tests/duckdb` and `tests/polars` pin, in an environment below `target`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Where the tests are.
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests");

/// What both are given.
#[derive(Debug, Serialize)]
pub struct Given<'a> {
    pub threads: usize,
    pub memory_mib: usize,
    /// Folder for what does not fit in memory.
    pub temporary: &'a Path,
    /// File with the areas, as our engine has them.
    pub area: &'a Path,
    /// Whether nothing may be answered by an engine that holds everything in memory.
    pub streaming_only: bool,
    /// The files of each table.
    pub tables: BTreeMap<&'static str, Vec<PathBuf>>,
    /// The SQL of each question, by its key.
    pub questions: BTreeMap<&'a str, &'a str>,
}

/// An answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Told {
    pub seconds: f64,
    pub rows: u64,
    /// Sum of its column `n`.
    pub sum: i64,
    /// By which of its ways the engine came to it.
    pub way: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// The Python of an environment that has the packages; makes it where it is not there yet.
pub fn python() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("desk-python");
    let python = folder.join("bin/python");
    done(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    for engine in ["duckdb", "polars"] {
        install.arg("-r").arg(Path::new(TESTS).join(engine).join("requirements.txt"));
    }
    done(&mut install)?;
    Ok(python)
}

fn done(command: &mut Command) -> Result<()> {
    let ended = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(ended.success(), "{command:?} ended with {ended}");
    Ok(())
}

/// One of the two.
pub struct Rival {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    pub version: String,
}

impl Rival {
    /// Starts an engine by the name that `compare.py` knows it by.
    pub fn start(python: &Path, name: &str, given: &Given<'_>) -> Result<Self> {
        let script = Path::new(TESTS).join("benches/desk/compare.py");
        let mut child =
            Command::new(python).arg(script).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("standard input")?;
        let output = BufReader::new(child.stdout.take().context("standard output")?).lines();
        let mut rival = Self { child, input, output, version: String::new() };
        let Version { version } = rival.said(&serde_json::to_string(given)?)?;
        rival.version = version;
        Ok(rival)
    }

    /// Asks a question by its key.
    pub fn ask(&mut self, key: &str) -> Result<Told> {
        self.said(key)
    }

    /// What it says to a line.
    fn said<T: DeserializeOwned>(&mut self, line: &str) -> Result<T> {
        writeln!(self.input, "{line}")?;
        let said = self.output.next().context("compare.py ended; what it said stands above")??;
        Ok(serde_json::from_str(&said)?)
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
