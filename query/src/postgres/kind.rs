//! Postgres' types, as far as our columns and parameters have them.
//!
//! In: a column's Arrow type, or the number by which a client names a type. Out: the number, name and length that the
//! protocol knows. A type that Postgres has no match for is sent as text. pgwire names types only with its whole server.

use arrow::datatypes::DataType;

/// A type of single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Bytea,
    Int2,
    Int4,
    Int8,
    /// The number of an object in the catalogue: what `UInt32` is here, because no column of a figure has that type.
    Oid,
    Float4,
    Float8,
    Text,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Numeric,
}

/// Number, number of the list of it, bytes of a value (-1: it depends), name in the catalogue, name in SQL, category.
type Facts = (u32, u32, i16, &'static str, &'static str, &'static str);

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 15] = [
        Self::Bool,
        Self::Bytea,
        Self::Int2,
        Self::Int4,
        Self::Int8,
        Self::Oid,
        Self::Float4,
        Self::Float8,
        Self::Text,
        Self::Date,
        Self::Time,
        Self::Timestamp,
        Self::TimestampTz,
        Self::Interval,
        Self::Numeric,
    ];

    fn facts(self) -> Facts {
        match self {
            Self::Bool => (16, 1000, 1, "bool", "boolean", "B"),
            Self::Bytea => (17, 1001, -1, "bytea", "bytea", "U"),
            Self::Int8 => (20, 1016, 8, "int8", "bigint", "N"),
            Self::Int2 => (21, 1005, 2, "int2", "smallint", "N"),
            Self::Int4 => (23, 1007, 4, "int4", "integer", "N"),
            Self::Text => (25, 1009, -1, "text", "text", "S"),
            Self::Oid => (26, 1028, 4, "oid", "oid", "N"),
            Self::Float4 => (700, 1021, 4, "float4", "real", "N"),
            Self::Float8 => (701, 1022, 8, "float8", "double precision", "N"),
            Self::Date => (1082, 1182, 4, "date", "date", "D"),
            Self::Time => (1083, 1183, 8, "time", "time without time zone", "D"),
            Self::Timestamp => (1114, 1115, 8, "timestamp", "timestamp without time zone", "D"),
            Self::TimestampTz => (1184, 1185, 8, "timestamptz", "timestamp with time zone", "D"),
            Self::Interval => (1186, 1187, 16, "interval", "interval", "T"),
            Self::Numeric => (1700, 1231, -1, "numeric", "numeric", "N"),
        }
    }

    /// Its number.
    pub(super) fn oid(self) -> u32 {
        self.facts().0
    }

    /// The number of lists of it.
    pub(super) fn array_oid(self) -> u32 {
        self.facts().1
    }

    /// Bytes of a value, -1 where it depends on the value.
    pub(super) fn len(self) -> i16 {
        self.facts().2
    }

    /// Its name in the catalogue.
    pub(super) fn name(self) -> &'static str {
        self.facts().3
    }

    /// Its name in SQL.
    pub(super) fn sql_name(self) -> &'static str {
        self.facts().4
    }

    /// The letter of its category in the catalogue.
    pub(super) fn category(self) -> &'static str {
        self.facts().5
    }

    /// How the engine's SQL names it.
    pub(super) fn engine_name(self) -> &'static str {
        match self {
            Self::Bool => "BOOLEAN",
            Self::Bytea => "BYTEA",
            Self::Int2 => "SMALLINT",
            Self::Int4 => "INT",
            Self::Int8 => "BIGINT",
            Self::Oid => "INT UNSIGNED",
            Self::Float4 => "REAL",
            Self::Float8 | Self::Numeric => "DOUBLE",
            Self::Text => "VARCHAR",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::TimestampTz => "TIMESTAMP WITH TIME ZONE",
            Self::Interval => "INTERVAL",
        }
    }
}

/// A type of values or of lists of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PgType {
    /// Of a value, or of a list's values.
    pub(super) kind: Kind,
    /// Whether it is a list.
    pub(super) list: bool,
}

impl PgType {
    /// The type of a column.
    pub(super) fn of(column: &DataType) -> Self {
        let (list, of) = match column {
            DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
                (true, field.data_type())
            }
            other => (false, other),
        };
        match single(of) {
            Some(kind) => Self { kind, list },
            None => Self { kind: Kind::Text, list: false },
        }
    }

    /// The type of a number, as a parameter has it; `None` for 0 and for types that are read as they are written.
    pub(super) fn of_oid(oid: u32) -> Option<Self> {
        Kind::ALL.into_iter().find_map(|kind| match oid {
            _ if oid == kind.oid() => Some(Self { kind, list: false }),
            _ if oid == kind.array_oid() => Some(Self { kind, list: true }),
            // name, bpchar, varchar.
            19 | 1042 | 1043 => Some(Self { kind: Kind::Text, list: false }),
            1015 => Some(Self { kind: Kind::Text, list: true }),
            _ => None,
        })
    }

    /// The type that the catalogue or SQL calls so.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
        let (name, list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name || kind.sql_name() == name)?;
        Some(Self { kind, list })
    }

    /// Its number.
    pub(super) fn oid(self) -> u32 {
        if self.list { self.kind.array_oid() } else { self.kind.oid() }
    }

    /// Bytes of a value, -1 where it depends on the value.
    pub(super) fn len(self) -> i16 {
        if self.list { -1 } else { self.kind.len() }
    }
}

fn single(of: &DataType) -> Option<Kind> {
    Some(match of {
        DataType::Boolean => Kind::Bool,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => Kind::Int2,
        DataType::UInt16 | DataType::Int32 => Kind::Int4,
        DataType::Int64 | DataType::UInt64 => Kind::Int8,
        DataType::UInt32 => Kind::Oid,
        DataType::Float16 | DataType::Float32 => Kind::Float4,
        DataType::Float64 => Kind::Float8,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Kind::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Kind::Bytea,
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Time32(_) | DataType::Time64(_) => Kind::Time,
        DataType::Timestamp(_, None) => Kind::Timestamp,
        DataType::Timestamp(_, Some(_)) => Kind::TimestampTz,
        DataType::Interval(_) => Kind::Interval,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            Kind::Numeric
        }
        DataType::Dictionary(_, values) => return single(values),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Field, TimeUnit};
    use std::sync::Arc;

    #[test]
    fn every_type_is_found_by_its_numbers() {
        for kind in Kind::ALL {
            for list in [false, true] {
                let pg = PgType { kind, list };
                assert_eq!(PgType::of_oid(pg.oid()), Some(pg));
            }
        }
        assert_eq!(PgType::of_oid(1043), Some(PgType { kind: Kind::Text, list: false }));
        assert_eq!(PgType::of_oid(0), None);
    }

    #[test]
    fn columns_have_the_type_that_clients_expect() {
        let list = |of| DataType::List(Arc::new(Field::new("item", of, true)));
        for (column, oid) in [
            (DataType::Utf8View, 25),
            (DataType::UInt64, 20),
            (DataType::UInt32, 26),
            (DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), 1184),
            (DataType::Decimal128(10, 2), 1700),
            (list(DataType::Utf8), 1009),
            (list(list(DataType::Int64)), 25),
            (DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), 25),
        ] {
            assert_eq!(PgType::of(&column).oid(), oid, "{column}");
        }
    }
}
