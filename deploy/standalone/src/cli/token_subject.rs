//! Flags of `token-subject`. There is none for an id: arguments are seen by everybody on the machine.

use std::path::PathBuf;

use clap::Args;

/// Flags of `token-subject`.
#[derive(Debug, Clone, Args)]
pub struct TokenSubjectArgs {
    /// A CSV file, with commas, semicolons or tabs, in UTF-8; without it ids are read from standard input, one a line (tệp CSV)
    #[arg(value_name = "SHEET.csv", requires = "column")]
    pub sheet: Option<PathBuf>,
    /// Make a new key in this file, which must not be there and which its owner alone may read (tạo khóa mới)
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "key",
        conflicts_with_all = ["key", "sheet", "column", "out", "drop"]
    )]
    pub new_key: Option<PathBuf>,
    /// The file of the key, refused where others may read it (tệp khóa)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Heading of the column that has the ids; it becomes subject_token (cột có số định danh)
    #[arg(long, value_name = "HEADING", requires = "sheet", requires = "out")]
    pub column: Option<String>,
    /// Headings of columns that are left out, with commas between them (các cột bỏ đi)
    #[arg(long, value_name = "HEADING,…", value_delimiter = ',', requires = "sheet")]
    pub drop: Vec<String>,
    /// Where the sheet with tokens is written, whole or not at all (tệp kết quả)
    #[arg(long, value_name = "FILE", requires = "sheet")]
    pub out: Option<PathBuf>,
}
