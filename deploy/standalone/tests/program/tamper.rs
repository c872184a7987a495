//! Breaks tables by hand, so that a test can see whether it is noticed: commits that no program of ours would make,
//! written without the library that ours are written with.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A table by its folder.
pub struct Table {
    folder: PathBuf,
}

impl Table {
    /// A table of a data folder.
    pub fn of(data: &Path, name: &str) -> Self {
        Self { folder: data.join("tables").join(name) }
    }

    /// All actions of its log, the oldest first. The tables here are too young for a checkpoint.
    fn actions(&self) -> Vec<Value> {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(self.folder.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        entries.sort();
        let texts = entries.iter().map(|path| fs::read_to_string(path).unwrap());
        texts
            .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
            .collect()
    }

    /// The files that the table has now, as they were added, the one with the most rows first.
    pub fn files(&self) -> Vec<Value> {
        let mut files: Vec<Value> = Vec::new();
        for action in self.actions() {
            if let Some(add) = action.get("add") {
                files.push(add.clone());
            }
            if let Some(remove) = action.get("remove") {
                files.retain(|file| file["path"] != remove["path"]);
            }
        }
        files.sort_by_key(|file| std::cmp::Reverse(rows(file)));
        files
    }

    /// The transaction entry whose name begins and ends so: its name and what it holds.
    pub fn entry(&self, starts: &str, ends: &str) -> (String, i64) {
        let found = self.actions().into_iter().rev().find_map(|action| {
            let (name, at) = (action["txn"]["appId"].as_str()?, action["txn"]["version"].as_i64()?);
            let (_, rest) = name.split_once('/')?;
            (rest.starts_with(starts) && rest.ends_with(ends)).then(|| (name.to_owned(), at))
        });
        found.expect("the table has such an entry")
    }

    /// Commits actions as the next version.
    pub fn commit(&self, actions: &[Value]) {
        let log = self.folder.join("_delta_log");
        let version = (0..).find(|version| !log.join(format!("{version:020}.json")).exists()).unwrap();
        let text: String = actions.iter().map(|action| format!("{action}\n")).collect();
        fs::write(log.join(format!("{version:020}.json")), text).unwrap();
    }

    /// Takes a file out.
    pub fn lose(&self, file: &Value) {
        self.commit(&[remove(file)]);
    }

    /// Adds a file once more, under another name.
    pub fn double(&self, file: &Value) {
        let path = file["path"].as_str().unwrap();
        let again = format!("again-{path}");
        fs::copy(self.folder.join(path), self.folder.join(&again)).unwrap();
        let mut add = file.clone();
        add["path"] = json!(again);
        self.commit(&[json!({ "add": add })]);
    }

    /// Sets a transaction entry.
    pub fn set_entry(&self, name: &str, at: i64) {
        self.commit(&[json!({ "txn": { "appId": name, "version": at } })]);
    }

    /// Changes the columns that the table says it has.
    pub fn change_columns(&self, change: impl FnOnce(&mut Vec<Value>)) {
        let metadata = self.actions().into_iter().rev().find_map(|action| action.get("metaData").cloned());
        let mut metadata = metadata.expect("the table says what it is");
        let mut schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
        change(schema["fields"].as_array_mut().unwrap());
        metadata["schemaString"] = json!(schema.to_string());
        self.commit(&[json!({ "metaData": metadata })]);
    }

    /// Puts other rows in a file's place.
    pub fn rewrite(&self, file: &Value, change: impl FnOnce(RecordBatch) -> RecordBatch) {
        let path = file["path"].as_str().unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(self.folder.join(path)).unwrap()).unwrap();
        let schema = Arc::clone(builder.schema());
        let batches: Vec<RecordBatch> = builder.build().unwrap().map(|batch| batch.unwrap()).collect();
        let batch = change(concat_batches(&schema, &batches).unwrap());
        let changed = format!("changed-{path}");
        let out = File::create(self.folder.join(&changed)).unwrap();
        let mut writer = ArrowWriter::try_new(out, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let mut add = file.clone();
        add["path"] = json!(changed);
        add["size"] = json!(fs::metadata(self.folder.join(&changed)).unwrap().len());
        // They said what was in the file before.
        add.as_object_mut().unwrap().remove("stats");
        self.commit(&[remove(file), json!({ "add": add })]);
    }
}

fn remove(file: &Value) -> Value {
    json!({ "remove": { "path": file["path"], "deletionTimestamp": 0, "dataChange": true } })
}

/// Rows of a file as its statistics count them.
pub fn rows(file: &Value) -> u64 {
    let stats: Value = serde_json::from_str(file["stats"].as_str().unwrap()).unwrap();
    stats["numRecords"].as_u64().unwrap()
}

/// The same rows with other numbers in a column: `change` is given the row and what it has.
pub fn with_numbers(batch: &RecordBatch, column: &str, change: impl Fn(usize, i64) -> i64) -> RecordBatch {
    let at = batch.schema().index_of(column).unwrap();
    let numbers = batch.column(at).as_primitive::<Int64Type>();
    let changed: Int64Array =
        numbers.iter().enumerate().map(|(row, number)| number.map(|number| change(row, number))).collect();
    with_column(batch, at, Arc::new(changed))
}

/// The same rows with another text in the first row of a column.
pub fn with_first_text(batch: &RecordBatch, column: &str, text: &str) -> RecordBatch {
    let at = batch.schema().index_of(column).unwrap();
    let texts = batch.column(at).as_string::<i32>();
    let changed: StringArray =
        texts.iter().enumerate().map(|(row, old)| if row == 0 { Some(text) } else { old }).collect();
    with_column(batch, at, Arc::new(changed))
}

fn with_column(batch: &RecordBatch, at: usize, column: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[at] = column;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}
