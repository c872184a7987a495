//! Remembers whether the five articles are still to be loaded into a data folder.
//!
//! In: whether the folder is new and what the flags say. Out: whether to load.
//! Guarantee: a program killed in the middle of loading loads again at its next start (event ids follow from the
//! content, so nothing is doubled); a folder that was not new is never given articles that nobody asked for.

use super::{DataDir, DataDirError, create_dir, write_whole};

/// Whether the articles must be loaded at this start. Call it before anything else is put into the folder, because
/// it tells a new folder by its emptiness; it notes the intention first, so that a kill does not lose it.
///
/// # Errors
/// [`DataDirError::Io`].
pub fn loading_wanted(data: &DataDir, allowed: bool) -> Result<bool, DataDirError> {
    if !allowed {
        return Ok(false);
    }
    if data.is_fresh() && !loaded(data).exists() && !pending(data).exists() {
        create_dir(data.root())?;
        write_whole(&pending(data), b"the five articles are being loaded\n")?;
    }
    Ok(pending(data).exists())
}

/// Notes that the articles are in the tables.
///
/// # Errors
/// [`DataDirError::Io`].
pub fn note_loaded(data: &DataDir) -> Result<(), DataDirError> {
    let to = loaded(data);
    std::fs::rename(pending(data), &to).map_err(DataDirError::io("write", to))
}

fn pending(data: &DataDir) -> std::path::PathBuf {
    data.root().join("articles-pending")
}

fn loaded(data: &DataDir) -> std::path::PathBuf {
    data.root().join("articles-loaded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loading_is_wanted_until_it_is_done() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::new(temp.path().join("data"));
        assert!(loading_wanted(&data, true).unwrap());
        std::fs::create_dir(data.broker()).unwrap();
        assert!(!loading_wanted(&data, false).unwrap(), "--empty is obeyed even then");
        assert!(loading_wanted(&data, true).unwrap(), "a start that was killed is made up for");
        note_loaded(&data).unwrap();
        assert!(!loading_wanted(&data, true).unwrap());
    }

    #[test]
    fn a_folder_that_started_empty_stays_so() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::new(temp.path());
        assert!(!loading_wanted(&data, false).unwrap());
        std::fs::create_dir(data.broker()).unwrap();
        assert!(!loading_wanted(&data, true).unwrap());
    }
}
