//! The sheet that goes back to whoever sent it.

use std::path::PathBuf;

use lantoa_ingest::returned::{ReturnedError, workbook};
use lantoa_schemas::form::Form;

use super::door::{FileResult, Refusal};
use crate::commands::sql::sink::write_file;

/// Why a sheet is not given back.
#[derive(Debug, thiserror::Error)]
pub enum ReturnError {
    /// There is one place for several sheets.
    #[error("--returned gives one sheet back, and there are {files} files; import them one by one")]
    OneFile {
        /// How many files were named.
        files: usize,
    },
    /// What was sent would be lost.
    #[error("--returned would write over {}, which is what is imported; name another file", .0.display())]
    SameFile(PathBuf),
    /// It cannot be made of what was sent.
    #[error("the sheet cannot be given back; what was taken is taken")]
    Sheet(#[source] ReturnedError),
    /// The file.
    #[error("cannot write {}; what was taken is taken", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ReturnError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, Self::OneFile { .. } | Self::SameFile(_))
    }
}

/// Where the sheet goes.
pub(super) struct Return(PathBuf);

impl Return {
    /// The way back of the one file.
    ///
    /// # Errors
    /// [`ReturnError::OneFile`], [`ReturnError::SameFile`].
    pub(super) fn of(files: &[PathBuf], out: PathBuf) -> Result<Self, ReturnError> {
        let [file] = files else { return Err(ReturnError::OneFile { files: files.len() }) };
        // A file of that name may also be a link to what is sent.
        let is_there = matches!((out.canonicalize(), file.canonicalize()), (Ok(out), Ok(file)) if out == file);
        if &out == file || is_there { Err(ReturnError::SameFile(out)) } else { Ok(Self(out)) }
    }

    /// Writes the sheet with what became of its rows. Of what could not be read as one there is none: the reason is told by
    /// whoever refused it.
    ///
    /// # Errors
    /// [`ReturnError::Sheet`], [`ReturnError::Write`].
    pub(super) fn write(
        &self,
        name: &str,
        content: &[u8],
        form: Option<&str>,
        taken: &Result<FileResult, Refusal>,
    ) -> Result<(), ReturnError> {
        let (refused, judged) = match taken {
            Ok(result) => (&result.refused, true),
            // Rows are named only where each of them was judged, and none was good.
            Err(refusal) if refusal.refused.is_empty() => return Ok(()),
            Err(refusal) => (&refusal.refused, refusal.refused.iter().any(|one| one.row.is_some())),
        };
        let bytes = workbook(content, form.and_then(Form::named), refused, judged).map_err(ReturnError::Sheet)?;
        write_file(&self.0, &bytes).map_err(|source| ReturnError::Write { path: self.0.clone(), source })?;
        eprintln!("{name}: the sheet with what became of each row is {}", self.0.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.csv"), b"a").unwrap();
        std::os::unix::fs::symlink(path("a.csv"), path("link.csv")).unwrap();
        let back = |files: &[&str], out: &str| {
            let files: Vec<PathBuf> = files.iter().map(|name| path(name)).collect();
            Return::of(&files, path(out)).map(|back| back.0)
        };
        assert_eq!(back(&["a.csv"], "b.xlsx").unwrap(), path("b.xlsx"));
        assert!(matches!(back(&["a.csv"], "a.csv"), Err(ReturnError::SameFile(_))));
        assert!(matches!(back(&["a.csv"], "link.csv"), Err(ReturnError::SameFile(_))));
        assert!(matches!(back(&["a.csv", "b.csv"], "c.xlsx"), Err(ReturnError::OneFile { files: 2 })));
    }
}
