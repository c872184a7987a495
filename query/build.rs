//! Names the rules that this build judges by: a fingerprint of all that rows of kept views depend on, the engine's
//! version included. What was kept under other rules is not used. How the tables are kept is the projector's and not among
//! the rules: where rows came out wrong by a fault there, change the contract's `projection` with its mending.
//!
//! Of this crate all is among the rules but what [`LEFT_OUT`] names. So a file that nobody has thought of makes the kept
//! rows anew, which takes time, and never lets rows of other rules stand, which would be wrong.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Folders and files that decide what an answer is.
const RULES: [&str; 5] = ["src", "../schemas/src", "../schemas/data", "../schemas/views", "../Cargo.lock"];

/// What of the first of them no row of a kept view is made by, so that a changed text of the page leaves the rows as they
/// are: who may ask and how much, how an answer leaves, what is said of it, what stands on the session's map, and functions
/// that no kept view has. A test holds the last two against the views. Leave out a file only where a change of it cannot
/// change, nor move to another bucket, any row of `judged_statement`, `counted` and `adopters`.
const LEFT_OUT: &[&str] = &[
    "src/access",
    "src/access.rs",
    "src/ahead.rs",
    "src/answer.rs",
    "src/area_functions.rs",
    "src/asked.rs",
    "src/catalog/granted.rs",
    "src/catalog/on_map.rs",
    "src/catalog/tests.rs",
    "src/config.rs",
    "src/count.rs",
    "src/error",
    "src/error.rs",
    "src/face.rs",
    "src/format",
    "src/format.rs",
    "src/functions/fit_logistic",
    "src/functions/fit_logistic.rs",
    "src/functions/tests.rs",
    "src/http",
    "src/http.rs",
    "src/indicator",
    "src/indicator.rs",
    "src/lib.rs",
    "src/limits",
    "src/limits.rs",
    "src/logistic",
    "src/logistic.rs",
    "src/page",
    "src/page.rs",
    "src/postgres",
    "src/postgres.rs",
    "src/receipt.rs",
    "src/release",
    "src/release.rs",
    "src/schedule.rs",
    "src/selection",
    "src/selection.rs",
    "src/session/ahead.rs",
    "src/session/bound.rs",
    "src/session/guard.rs",
    "src/session/known.rs",
    "src/session/notices.rs",
    "src/session/prepared.rs",
    "src/session/under_way.rs",
    "src/session/values.rs",
    "src/tls.rs",
];

fn main() {
    // A name that is gone stands for a file that is among the rules by another name now, and that may not be wanted.
    let gone: Vec<&str> = LEFT_OUT.iter().copied().filter(|path| !Path::new(path).exists()).collect();
    assert!(gone.is_empty(), "LEFT_OUT in query/build.rs names what is not there: {}", gone.join(", "));
    let mut files = Vec::new();
    for rule in RULES {
        println!("cargo:rerun-if-changed={rule}");
        list(Path::new(rule), &mut files);
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(&file).expect("a source file can be read").hash(&mut hasher);
    }
    println!("cargo:rustc-env=LANTOA_RULES={:016x}", hasher.finish());
}

/// All files below a folder, or the file itself, but for what is left out.
fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if LEFT_OUT.iter().any(|left_out| Path::new(left_out) == path) {
        return;
    }
    if !path.is_dir() {
        return files.push(path.to_owned());
    }
    for entry in std::fs::read_dir(path).expect("a source folder can be read") {
        list(&entry.expect("a source folder can be read").path(), files);
    }
}
