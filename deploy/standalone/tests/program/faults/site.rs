//! Where a round happens: a folder, a log, and the processes of the roles.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::harness::{folder, lantoa, signal, until};

/// Settings of all roles: several partitions, so that projectors can be at different places in each; short windows, so
/// that there are many commits.
const SETTINGS: &str = "[ingest]\npartitions = 3\nack_timeout = 5\n[projector]\nflush_age = 0.1\nprojection_age = 1\n[projector.maintain]\nevery = 2\n";

/// Blocks of 512 bytes that a file may have where the disk is to be full: less than any data file.
const FULL_DISK_BLOCKS: u32 = 8;

/// The place of one round.
pub struct Site {
    folder: Option<TempDir>,
    root: PathBuf,
    /// The broker's address.
    pub kafka: String,
}

impl Site {
    /// A new folder, and an address at which nobody listens yet.
    pub fn new() -> Self {
        let folder = folder();
        let root = folder.path().to_owned();
        for name in ["broker", "data", "logs"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        std::fs::write(root.join("lantoa.toml"), SETTINGS).unwrap();
        let kafka = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        Self { folder: Some(folder), root, kafka }
    }

    /// The data folder of all roles but the broker.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Folder of what the roles said.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Leaves the folder behind, for whoever looks into a failure, and says where it is.
    pub fn keep(&mut self) -> &Path {
        if let Some(folder) = self.folder.take() {
            let _ = folder.keep();
        }
        &self.root
    }

    /// The last lines of what each role said on standard error.
    pub fn last_words(&self) -> String {
        let mut words = String::new();
        for entry in std::fs::read_dir(self.logs()).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".err") {
                let said = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap_or_default()).into_owned();
                let lines: Vec<&str> = said.lines().collect();
                words += &format!("-- {name}\n{}\n", lines[lines.len().saturating_sub(15)..].join("\n"));
            }
        }
        words
    }

    /// How often the roles said something.
    pub fn said(&self, word: &str) -> u64 {
        let names = std::fs::read_dir(self.logs()).unwrap().map(|entry| entry.unwrap().path());
        let errors = names.filter(|path| path.extension().is_some_and(|extension| extension == "err"));
        errors.map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).matches(word).count() as u64).sum()
    }

    /// Starts the embedded broker, and waits until it listens.
    pub fn broker(&self) -> Role {
        let mut command = lantoa(&self.root.join("broker"), &["broker", "--listen", &self.kafka, "--cluster-id", "c"]);
        command.current_dir(self.root.join("broker")).stdin(Stdio::piped());
        let mut role = Role::start(&self.logs(), "broker", command);
        until("the broker to listen", || {
            assert!(role.ended().is_none(), "the broker ended:\n{}", self.last_words());
            std::net::TcpStream::connect(&self.kafka).ok()
        });
        role
    }

    /// Starts a role.
    pub fn serve(&self, name: &str, kind: &str, fault: Option<&str>, full_disk: bool) -> Role {
        let config = self.root.join("lantoa.toml");
        let mut arguments = vec!["--config", config.to_str().unwrap()];
        arguments.extend(["serve", kind, "--kafka", self.kafka.as_str(), "--http", "127.0.0.1:0"]);
        arguments.extend(fault.into_iter().flat_map(|fault| ["--fault", fault]));
        let mut plain = lantoa(&self.data(), &arguments);
        plain.stdin(Stdio::null());
        Role::start(&self.logs(), name, if full_disk { limited(&plain) } else { plain })
    }
}

/// The same under a limit of file size. The signal that comes with it is ignored, so that a write fails in its midst.
fn limited(plain: &Command) -> Command {
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {FULL_DISK_BLOCKS}; exec \"$0\" \"$@\"");
    command.stdin(Stdio::null()).arg("-c").arg(script).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// A running process. It dies with its owner, also when it is paused.
pub struct Role {
    child: Child,
    out: PathBuf,
}

impl Role {
    fn start(logs: &Path, name: &str, mut command: Command) -> Self {
        let out = logs.join(format!("{name}.out"));
        let mut err = OpenOptions::new().create(true).append(true).open(logs.join(format!("{name}.err"))).unwrap();
        let mut child = command.stdout(File::create(&out).unwrap()).stderr(Stdio::piped()).spawn().unwrap();
        // Through a pipe, because a limit of file size holds for what is said, too.
        let mut said = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut said, &mut err));
        Self { child, out }
    }

    /// Where it listens, once it is ready.
    pub fn address(&self) -> Option<String> {
        let said = std::fs::read_to_string(&self.out).unwrap_or_default();
        let (_, address) = said.split_once("http://")?;
        address.split_once('\n').map(|(address, _)| address.trim().to_owned())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Kills it and waits for its end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
