//! How the files of the tables are written: the one place that says so, for the commits of data, for compaction and for
//! projections.
//!
//! In: a table's columns. Out: writer properties, the columns whose range each file names, the order of rows in
//! compacted files.

use arrow::datatypes::Schema;
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::col;
use lantoa_schemas::table::{LOG_OFFSET, LOG_PARTITION};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

/// Columns whose smallest and largest value each file names: what queries and look-ups filter on.
pub(super) const STATISTICS: &[&str] = &["recorded", "received", "area_code", LOG_PARTITION, LOG_OFFSET];

/// Columns of whole numbers that seldom come twice: a dictionary of them is as large as they are, and slow to make.
const NUMBERS: &[&str] = &["receipt_row", "numerator", "denominator"];

/// Order of the rows in a compacted file, as far as a table has the columns. Compaction takes files in the order of
/// their age, so that files already follow the time, and their ranges of `recorded` serve questions as of a day. What
/// is asked for besides is an area: sorted by it, a question reads the few row groups and pages that hold it, and equal
/// codes side by side compress best. Within an area the rows follow the time again.
const ORDER: &[&str] = &["area_code", "recorded", "received"];

/// What single rows are looked up by beside their id. Bloom filters of both cost a fifth of the speed of writing, so
/// files that are soon compacted go without.
const LOOKED_UP: &str = "subject_token";

/// Rows of a row group in a compacted file: what is skipped or read as one, and held in memory while it is written.
const ROW_GROUP: usize = 1 << 17;

/// One in a thousand look-ups of an id that a row group does not hold reads it in vain. The filter's size is a power of
/// two and would be the same at one in a hundred.
pub(super) const FALSE_POSITIVES: f64 = 0.001;

/// Of a file that a commit of data writes. It is soon compacted and holds whatever came, so that beside what files are
/// chosen by no column has a range that would spare anybody a page; working them all out costs two comparisons a value.
pub(super) fn fresh(id_column: &str) -> WriterProperties {
    let mut properties = columns(id_column).set_statistics_enabled(EnabledStatistics::None);
    for name in STATISTICS.iter().copied().chain([id_column]) {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    for name in NUMBERS.iter().copied() {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}

/// Of a file of a projection, which stays as it is until its bucket is made anew.
pub(super) fn bucket(id_column: &str) -> WriterProperties {
    columns(id_column).build()
}

/// Of a file that compaction writes.
pub(super) fn compacted(id_column: &str, schema: &Schema, bloom_filters: bool) -> WriterProperties {
    let mut properties = columns(id_column).set_max_row_group_row_count(Some(ROW_GROUP));
    if bloom_filters {
        for name in [id_column, LOOKED_UP].into_iter().filter(|name| schema.field_with_name(name).is_ok()) {
            properties = properties
                .set_column_bloom_filter_enabled(ColumnPath::from(name), true)
                .set_column_bloom_filter_fpp(ColumnPath::from(name), FALSE_POSITIVES)
                .set_column_bloom_filter_max_ndv(ColumnPath::from(name), ROW_GROUP as u64);
        }
    }
    properties.build()
}

/// What a compacted file is sorted by.
pub(super) fn order(schema: &Schema) -> Vec<SortExpr> {
    ORDER.iter().filter(|name| schema.field_with_name(name).is_ok()).map(|name| col(*name).sort(true, false)).collect()
}

/// Encodings that were the smallest and fastest when they were measured. Statistics by page make the page index.
fn columns(id_column: &str) -> WriterPropertiesBuilder {
    let id = || ColumnPath::from(id_column);
    let offset = || ColumnPath::from(LOG_OFFSET);
    let recorded = || ColumnPath::from("recorded");
    let level = ZstdLevel::try_new(1).expect("zstd has a level 1");
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_column_dictionary_enabled(id(), false)
        .set_column_encoding(id(), Encoding::DELTA_BYTE_ARRAY)
        .set_column_dictionary_enabled(offset(), false)
        .set_column_encoding(offset(), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(recorded(), false)
        .set_column_encoding(recorded(), Encoding::DELTA_BINARY_PACKED)
}
