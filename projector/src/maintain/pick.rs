//! Which files become one.
//!
//! In: the files of a table. Out: those to merge next, if any. Guarantee: files go by levels of rows, each eight times
//! the one below; a merge takes files of one level, and what it makes is at least a level higher. So a row is rewritten
//! once a level at most, five times from a commit of five hundred rows to a file of a hundred megabytes, and fewer than
//! eight files stay on each. A file of half the target size is left alone. Pure.

use std::collections::BTreeMap;

use crate::commit::DataFile;
use crate::config::Maintenance;

/// Rows of a level to rows of the one below.
const STEP: u64 = 8;

/// Files that are merged at once at most. Bounds memory where a table was left alone for long.
const MOST: usize = 1000;

/// Files to merge: the oldest of the lowest level that has enough of them.
pub(crate) fn pick(files: Vec<DataFile>, settings: &Maintenance) -> Option<Vec<String>> {
    let mut levels: BTreeMap<u32, Vec<DataFile>> = BTreeMap::new();
    for file in files {
        let Some(rows) = file.rows else { continue };
        if file.bytes < settings.file_bytes / 2 {
            levels.entry(rows.max(1).ilog(STEP)).or_default().push(file);
        }
    }
    let mut level = levels.into_values().find(|level| level.len() >= settings.files.max(2))?;
    level.sort_by_key(|file| file.written);
    let mut bytes = 0;
    let enough = level.iter().position(|file| {
        bytes += file.bytes;
        bytes >= settings.file_bytes
    });
    level.truncate(enough.map_or(MOST, |last| (last + 1).min(MOST)));
    Some(level.into_iter().map(|file| file.path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// A table that only counts: commits write files, and what is picked becomes one file.
    #[derive(Default)]
    struct Table {
        files: HashMap<String, DataFile>,
        /// How often the oldest row of a file has been rewritten.
        rewritten: HashMap<String, u32>,
        written: i64,
    }

    impl Table {
        fn add(&mut self, rows: u64, rewritten: u32) {
            self.written += 1;
            let path = self.written.to_string();
            let file =
                DataFile { path: path.clone(), bytes: 12_000 + rows * 30, rows: Some(rows), written: self.written };
            self.files.insert(path.clone(), file);
            self.rewritten.insert(path, rewritten);
        }

        fn tidy(&mut self) {
            while let Some(picked) = pick(self.files.values().cloned().collect(), &Maintenance::default()) {
                assert!(picked.len() > 1, "a file by itself is not rewritten");
                let merged: Vec<DataFile> = picked.iter().map(|path| self.files.remove(path).unwrap()).collect();
                let rewritten = picked.iter().map(|path| self.rewritten.remove(path).unwrap()).max().unwrap();
                self.add(merged.iter().map(|file| file.rows.unwrap()).sum(), rewritten + 1);
            }
        }

        fn most_rewritten(&self) -> u32 {
            self.rewritten.values().copied().max().unwrap()
        }
    }

    #[test]
    fn an_hour_of_default_commits_leaves_few_files() {
        let mut table = Table::default();
        let mut most = 0;
        for _ in 0..120 {
            // Half a minute at a thousand events a second, a commit each half second.
            (0..60).for_each(|_| table.add(500, 0));
            most = most.max(table.files.len());
            table.tidy();
        }
        assert!(most <= 100, "{most}");
        assert!(table.files.len() <= 24, "{}", table.files.len());
        assert!(table.most_rewritten() <= 5, "{}", table.most_rewritten());
        assert_eq!(table.files.values().filter_map(|file| file.rows).sum::<u64>(), 120 * 60 * 500);
    }

    #[test]
    fn a_year_leaves_a_few_dozen_files() {
        for rows in [50, 500, 100_000] {
            let mut table = Table::default();
            let commits = 26_000_000 / rows;
            for commit in 0..commits {
                table.add(rows, 0);
                if commit % 60 == 0 {
                    table.tidy();
                }
            }
            table.tidy();
            assert!(table.files.len() <= 48, "{rows}: {}", table.files.len());
            assert!(table.most_rewritten() <= 7, "{rows}: {}", table.most_rewritten());
        }
    }

    #[test]
    fn only_what_is_small_and_understood_is_merged() {
        let file = |path: &str, bytes, rows| DataFile { path: path.to_owned(), bytes, rows, written: 0 };
        let settings = Maintenance { files: 2, file_bytes: 1000, ..Maintenance::default() };
        for (files, expected) in [
            (vec![file("a", 10, Some(1))], None),
            (vec![file("a", 10, Some(1)), file("b", 10, Some(7))], Some(vec!["a", "b"])),
            (vec![file("a", 10, Some(1)), file("b", 10, Some(8))], None),
            (vec![file("a", 10, Some(1)), file("b", 500, Some(1))], None),
            (vec![file("a", 10, Some(1)), file("b", 10, None)], None),
            (vec![file("a", 10, Some(0)), file("b", 10, Some(0))], Some(vec!["a", "b"])),
            (
                vec![
                    file("a", 499, Some(9)),
                    file("b", 499, Some(9)),
                    file("c", 499, Some(9)),
                    file("d", 499, Some(9)),
                ],
                Some(vec!["a", "b", "c"]),
            ),
        ] {
            let picked = pick(files.clone(), &settings);
            assert_eq!(picked, expected.map(|paths| paths.iter().map(|path| path.to_string()).collect()), "{files:?}");
        }
    }
}
