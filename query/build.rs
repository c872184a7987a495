//! Names the rules that this build judges by: a fingerprint of all that rows of views depend on, the engine's version
//! included. What was kept under other rules is not used. How the tables are kept is the projector's and not among the
//! rules: where rows came out wrong by a fault there, change the contract's `projection` with its mending.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Folders and files that decide what an answer is.
const RULES: [&str; 5] = ["src", "../schemas/src", "../schemas/data", "../schemas/views", "../Cargo.lock"];

fn main() {
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

fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        return files.push(path.to_owned());
    }
    for entry in std::fs::read_dir(path).expect("a source folder can be read") {
        list(&entry.expect("a source folder can be read").path(), files);
    }
}
