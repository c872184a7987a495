//! Starts the built program on a temporary folder, waits for what it says, and never leaves it behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::log::Log;

/// How long anything here may take: long enough for a busy machine and an unoptimised build.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// The program with arguments, without the environment's settings.
pub fn lantoa(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lantoa"));
    command.arg("--data").arg(data).args(arguments);
    for name in ["LANTOA_DATA", "LANTOA_CONFIG", "LANTOA_LOG", "LANTOA_KAFKA_PASSWORD", "LANTOA_TOKEN"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    lantoa(data, arguments).output().unwrap()
}

/// Runs a command that must end with `code`, and gives its standard output and standard error.
#[track_caller]
pub fn run_to(code: i32, data: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(data, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\nstdout: {out}\nstderr: {err}");
    (out, err)
}

/// Waits until `seen` gives something.
#[track_caller]
pub fn until<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A folder that goes when the test ends.
pub fn folder() -> TempDir {
    tempfile::Builder::new().prefix("lantoa-").tempdir().unwrap()
}

/// A running `lantoa`.
pub struct Program {
    pub child: Child,
    data: PathBuf,
    lines: Receiver<String>,
    out: String,
}

impl Program {
    /// Starts `up` on a log and any free ports.
    pub fn up(log: &Log, data: &Path, flags: &[&str]) -> Self {
        Self::start(data, &log.up(flags))
    }

    /// Starts the program.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut child = lantoa(data, arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, data: data.to_owned(), lines, out: String::new() }
    }

    /// Waits until it says where it listens, and gives what `endpoints.json` has.
    #[track_caller]
    pub fn ready(&mut self) -> serde_json::Value {
        let path = self.data.join("endpoints.json");
        let pid = self.child.id();
        until("endpoints.json", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended with {status} before it was ready");
            }
            let endpoints: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
            (endpoints["pid"] == pid).then_some(endpoints)
        })
    }

    /// Waits for a line of standard output that contains `word`, and gives all that was printed up to it.
    #[track_caller]
    pub fn says(&mut self, word: &str) -> &str {
        let deadline = Instant::now() + DEADLINE;
        while !self.out.contains(word) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.out.push_str(&line);
                    self.out.push('\n');
                }
                Err(error) => panic!("never said {word:?} ({error}), but:\n{}", self.out),
            }
        }
        &self.out
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        until("its end", || self.child.try_wait().unwrap())
    }

    /// Ends it as Ctrl-C does, and checks that it ends well.
    #[track_caller]
    pub fn stop(mut self) {
        self.signal("INT");
        assert_eq!(self.ended().code(), Some(0));
        assert!(!self.data.join("endpoints.json").exists());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by its name to a process. The shell has `kill` built in, so that no package is needed.
pub fn signal(name: &str, pid: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap().success());
}

/// Process id of the broker that works on the data folder.
pub fn broker_of(data: &Path) -> u32 {
    std::fs::read_to_string(data.join("broker/broker.lock")).unwrap().parse().unwrap()
}

/// Whether no broker works on the data folder.
pub fn no_broker(data: &Path) -> bool {
    std::fs::File::open(data.join("broker/broker.lock")).unwrap().try_lock().is_ok()
}

/// Rows of a table or view as `lantoa sql` counts them.
#[track_caller]
pub fn count(data: &Path, from: &str) -> u64 {
    let (out, _) = run_to(0, data, &["sql", "--format", "csv", &format!("select count(*) as n from {from}")]);
    out.lines().nth(1).unwrap().parse().unwrap()
}
