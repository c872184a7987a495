//! Which table of a projection is the present one.
//!
//! In: the folder of the projections under one set of rules. Out: the number of the present generation, kept in a small
//! file with the view's name. Guarantee: the file names one whole table or the next one, never something between.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lantoa_schemas::projection::Projection;

use super::MaterialiseError;

/// How long a table that was replaced stays for questions that still read it.
const LEFT_FOR: Duration = Duration::from_secs(3600);

/// How long the tables of other rules stay after they were last renewed, for another release that runs beside this one.
const OTHER_RULES_LEFT_FOR: Duration = Duration::from_secs(86_400);

/// The present generation; `None` where there is none yet.
pub(super) async fn present(folder: &Path, projection: &Projection) -> Result<Option<u64>, MaterialiseError> {
    let path = folder.join(projection.view);
    match tokio::fs::read_to_string(&path).await {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| {
            let source =
                std::io::Error::other(format!("it says '{text}', which is no number: delete it to begin anew"));
            MaterialiseError::Generation { path, source }
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MaterialiseError::Generation { path, source }),
    }
}

/// Makes a generation the present one.
pub(super) async fn switch(folder: &Path, projection: &Projection, to: u64) -> Result<(), MaterialiseError> {
    let path = folder.join(projection.view);
    let (folder, target) = (folder.to_owned(), path.clone());
    let write = move || {
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        std::io::Write::write_all(&mut file, to.to_string().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|error| error.error)?;
        std::fs::File::open(&folder)?.sync_all()
    };
    on_disk(path, write).await
}

/// Removes what nobody reads any more: tables that were replaced long ago, and those of other rules.
pub(super) async fn clean(folder: &Path, projection: &'static Projection) -> Result<(), MaterialiseError> {
    let Some(present) = present(folder, projection).await? else { return Ok(()) };
    let (mine, pointer) = (folder.to_owned(), folder.join(projection.view));
    on_disk(folder.to_owned(), move || {
        // Says to programs of other rules that these are in use. Where it cannot be said, they are made again one day.
        let _ = std::fs::File::open(&mine).and_then(|folder| folder.set_modified(SystemTime::now()));
        if older_than(&pointer, LEFT_FOR)? {
            let old = |name: &str| {
                let number = name.strip_prefix(projection.view).and_then(|rest| rest.strip_prefix('-'));
                number.and_then(|number| number.parse::<u64>().ok()).is_some_and(|number| number < present)
            };
            remove(&mine, |_, name| old(name))?;
        }
        let Some(all) = mine.parent() else { return Ok(()) };
        remove(all, |path, _| path != mine && older_than(path, OTHER_RULES_LEFT_FOR).unwrap_or(false))
    })
    .await
}

/// Removes folders in a folder. Another program may be faster with any of them.
fn remove(folder: &Path, which: impl Fn(&Path, &str) -> bool) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_dir() && name.is_some_and(|name| which(&path, name)) {
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn older_than(path: &Path, age: Duration) -> std::io::Result<bool> {
    Ok(path.metadata()?.modified()?.elapsed().is_ok_and(|old| old > age))
}

async fn on_disk(
    path: PathBuf,
    work: impl FnOnce() -> std::io::Result<()> + Send + 'static,
) -> Result<(), MaterialiseError> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    done.map_err(|source| MaterialiseError::Generation { path, source })
}
