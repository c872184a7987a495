//! Where an answer goes: standard output, a file, or a program that shows it page by page.
//!
//! In: bytes. Out: the same bytes. Guarantee: a file is there only once all of it is; a pager is waited for.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use crate::progress::Waiting;

/// A longer answer than this goes to the pager even if it has few lines.
const HELD: usize = 64 << 10;
/// Rights of a new file, before the user's mask.
const NEW_FILE: u32 = 0o666;

/// A file in the making.
pub(in crate::commands) enum Whole {
    /// Written beside its place.
    Beside(NamedTempFile, PathBuf),
    /// What is no plain file, such as a pipe or a device, is written as it is.
    Straight(File),
}

impl Whole {
    /// Begins a file.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub(in crate::commands) fn begin(path: &Path) -> io::Result<Self> {
        // What a link names is replaced, and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let rights = match fs::metadata(&path) {
            Ok(present) if !present.is_file() => return Ok(Self::Straight(File::create(&path)?)),
            Ok(present) => Some(present.permissions()),
            Err(_) => None,
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        let beside = builder.prefix(".lantoa-").permissions(Permissions::from_mode(NEW_FILE)).tempfile_in(folder)?;
        if let Some(rights) = rights {
            beside.as_file().set_permissions(rights)?;
        }
        Ok(Self::Beside(beside, path))
    }

    /// The file is whole: it takes its place.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub(in crate::commands) fn keep(self) -> io::Result<()> {
        match self {
            Self::Beside(beside, path) => {
                beside.as_file().sync_all()?;
                beside.persist(path).map(drop).map_err(|error| error.error)
            }
            Self::Straight(_) => Ok(()),
        }
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file, _) => file.write(bytes),
            Self::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file, _) => file.flush(),
            Self::Straight(file) => file.flush(),
        }
    }
}

/// Puts bytes into a file, which is there only whole.
///
/// # Errors
/// When nothing can be written there.
pub(in crate::commands) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = Whole::begin(path)?;
    file.write_all(bytes)?;
    file.keep()
}

/// Holds an answer until it is known whether the screen is long and wide enough.
pub(super) struct Paged {
    pager: OsString,
    screen: (usize, usize),
    held: Vec<u8>,
    fits: bool,
    child: Option<Child>,
}

impl Paged {
    /// For a screen of so many columns and lines; an empty command shows everything at once.
    pub(super) fn new(pager: &OsStr, screen: (usize, usize)) -> Self {
        Self { pager: pager.to_owned(), screen, held: Vec::new(), fits: !pager.is_empty(), child: None }
    }

    /// Shows what is held, through the pager where that can be started.
    fn show(&mut self, longer: bool) -> io::Result<()> {
        self.fits = false;
        let held = std::mem::take(&mut self.held);
        if longer {
            let shell = Command::new("sh").arg("-c").arg(&self.pager).stdin(Stdio::piped()).spawn();
            self.child = shell.ok();
        }
        self.pass(&held)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.child.as_mut().and_then(|child| child.stdin.as_mut()) {
            Some(stdin) => stdin.write_all(bytes),
            None => io::stdout().write_all(bytes),
        }
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fits {
            self.held.extend_from_slice(bytes);
            // The prompt takes a line, too.
            if self.held.len() > HELD || !is_within(&self.held, (self.screen.0, self.screen.1.saturating_sub(2))) {
                self.show(true)?;
            }
        } else {
            self.pass(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.fits {
            self.show(false)?;
        }
        match self.child.as_mut().and_then(|child| child.stdin.as_mut()) {
            Some(stdin) => stdin.flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Drop for Paged {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // With its input closed the pager knows the end; the user says when it has been read.
            drop(child.stdin.take());
            let _ended = child.wait();
        }
    }
}

/// Whether a text needs no more columns and lines than there are.
fn is_within(text: &[u8], (columns, lines): (usize, usize)) -> bool {
    let text = String::from_utf8_lossy(text);
    text.lines().count() <= lines && text.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= columns)
}

/// An answer's way out.
pub(super) enum Sink {
    /// To whoever reads standard output.
    Output,
    /// Page by page.
    Paged(Paged),
    /// Into a file.
    File(Whole),
}

/// A sink before whose first byte the bar goes away.
pub(super) struct Out<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) waiting: &'a Waiting,
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.sink {
            Sink::File(file) => return file.write(bytes),
            Sink::Output | Sink::Paged(_) => self.waiting.end(),
        }
        match self.sink {
            Sink::Paged(paged) => paged.write(bytes),
            _ => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.waiting.end();
        match self.sink {
            Sink::Output => io::stdout().flush(),
            Sink::Paged(paged) => paged.flush(),
            Sink::File(file) => file.flush(),
        }
    }
}

/// Whether whoever reads has read enough, as `head` and a pager do.
pub(in crate::commands) fn read_enough(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let mut given_up = Whole::begin(&path).unwrap();
        let Whole::Beside(file, _) = &mut given_up else { panic!() };
        file.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(names(), 0);

        let mut kept = Whole::begin(&path).unwrap();
        let Whole::Beside(file, _) = &mut kept else { panic!() };
        file.write_all(b"whole").unwrap();
        assert!(!path.exists());
        kept.keep().unwrap();
        assert_eq!((fs::read(&path).unwrap(), names()), (b"whole".to_vec(), 1));

        // A file that is there keeps its rights and its name.
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let link = folder.path().join("link.csv");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Whole::begin(&link).unwrap().keep().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(Whole::begin(Path::new("/dev/null")).unwrap(), Whole::Straight(_)));
        assert!(Whole::begin(&folder.path().join("absent/a.csv")).is_err());
    }

    #[test]
    fn what_fits_needs_no_pager() {
        for (text, fits) in
            [("", true), ("ab\nc\n", true), ("a\nb\nc\n", false), ("abcd", false), ("Ha\u{300}\nữữữ", true)]
        {
            assert_eq!(is_within(text.as_bytes(), (3, 2)), fits, "{text}");
        }
    }
}
