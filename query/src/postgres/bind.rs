//! Values for a statement's parameters.
//!
//! In: bytes in text or in binary, and the type that the client or the engine gives the parameter. Out: the value as an
//! expression that was never text. Guarantee: whatever the bytes are, nothing in them is read as SQL; a bound statement
//! goes the same way as one that was written out.

use arrow::datatypes::DataType;
use bytes::{Buf, Bytes};
use chrono::{DateTime, Utc};
use datafusion::sql::sqlparser::ast::{Array, Expr, UnaryOperator, Value};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::kind::{Kind, PgType};
use super::refusal::{Refusal, state};
use crate::session::fill;

/// What is known of a parameter's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parameter {
    /// The client said so.
    Told(PgType),
    /// The engine needs it so.
    Needed(PgType),
    /// Nobody said: text.
    Unknown,
}

impl Parameter {
    /// A list of texts.
    pub(super) const TEXTS: Self = Self::Needed(PgType { kind: Kind::Text, list: true });

    /// A parameter by what the client said (0 for nothing) and what the engine needs.
    pub(super) fn of(told: u32, needed: Option<&DataType>) -> Self {
        match (PgType::of_oid(told), needed) {
            (Some(told), _) => Self::Told(told),
            // Of other types (such as json or uuid) the text is taken.
            (None, _) if told != 0 && told != UNKNOWN => Self::Unknown,
            (None, Some(needed)) => Self::Needed(PgType::of(needed)),
            (None, None) => Self::Unknown,
        }
    }

    /// The number of the type that the client is told.
    pub(super) fn oid(&self) -> u32 {
        match self {
            Self::Told(pg) | Self::Needed(pg) => pg.oid(),
            Self::Unknown => Kind::Text.oid(),
        }
    }
}

/// What some clients call a type that they do not know.
const UNKNOWN: u32 = 705;
/// Most values of a list in one parameter.
const MOST_VALUES: usize = 100_000;

/// A value as the engine's SQL has it.
///
/// # Errors
/// Where the bytes are no value of the type.
pub(super) fn value(value: Option<&Bytes>, binary: bool, parameter: &Parameter) -> Result<Expr, Refusal> {
    let pg = match parameter {
        Parameter::Told(pg) | Parameter::Needed(pg) => *pg,
        Parameter::Unknown => PgType { kind: Kind::Text, list: false },
    };
    let Some(value) = value else { return null(parameter) };
    if pg.list {
        return list(value, binary, pg.kind);
    }
    let text = if binary { from_binary(value.clone(), pg.kind)? } else { utf8(value)? };
    Maker::of(pg.kind)?.single(&text)
}

/// Null, of a type where one was told.
pub(super) fn null(parameter: &Parameter) -> Result<Expr, Refusal> {
    let null = literal(Value::Null);
    match parameter {
        Parameter::Told(pg) if pg.list => Ok(shaped(&read(&format!("CAST($1 AS {}[])", pg.kind.engine_name()))?, null)),
        Parameter::Told(PgType { kind: Kind::TimestampTz, .. }) => Ok(shaped(&read(INSTANT)?, null)),
        Parameter::Told(pg) => Ok(shaped(&read(&format!("CAST($1 AS {})", pg.kind.engine_name()))?, null)),
        _ => Ok(null),
    }
}

fn bad(text: &str, kind: Kind) -> Refusal {
    let shown: String = text.chars().take(40).collect();
    Refusal::new(state::BAD_TEXT, format!("'{shown}' is no {}", kind.sql_name()))
}

fn utf8(value: &Bytes) -> Result<String, Refusal> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.contains('\0'));
    text.map(str::to_owned).ok_or_else(|| Refusal::new(state::NOT_ISO, "a value is not text in UTF8"))
}

fn literal(value: Value) -> Expr {
    Expr::Value(value.into())
}

fn quoted(text: &str) -> Expr {
    literal(Value::SingleQuotedString(text.to_owned()))
}

/// A number of digits, with its sign.
fn whole(number: i64) -> Expr {
    let digits = literal(Value::Number(number.unsigned_abs().to_string(), false));
    match number < 0 {
        true => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(digits) },
        false => digits,
    }
}

/// Words of ours around a value, which stands for `$1`.
fn read(form: &str) -> Result<Expr, Refusal> {
    let form = Parser::new(&GenericDialect {}).try_with_sql(form).and_then(|mut parser| parser.parse_expr());
    form.map_err(|error| Refusal::new(state::INTERNAL, format!("a value cannot be given: {error}")))
}

fn shaped(form: &Expr, value: Expr) -> Expr {
    let mut shaped = form.clone();
    fill(&mut shaped, &[Some(value)]);
    shaped
}

/// An instant with its zone, which the engine's CAST to TIMESTAMP WITH TIME ZONE leaves out.
const INSTANT: &str = "arrow_cast($1, 'Timestamp(Microsecond, Some(\"UTC\"))')";

/// Makes values of one kind.
struct Maker {
    kind: Kind,
    /// What stands around the text of a value; `None` where the value says its kind by itself.
    form: Option<Expr>,
}

impl Maker {
    fn of(kind: Kind) -> Result<Self, Refusal> {
        let form = match kind {
            Kind::Interval => Some(read("INTERVAL $1")?),
            Kind::TimestampTz => Some(read(INSTANT)?),
            Kind::Float4 | Kind::Float8 | Kind::Date | Kind::Time | Kind::Timestamp => {
                Some(read(&format!("CAST($1 AS {})", kind.engine_name()))?)
            }
            Kind::Text
            | Kind::Int2
            | Kind::Int4
            | Kind::Int8
            | Kind::Oid
            | Kind::Numeric
            | Kind::Bool
            | Kind::Bytea => None,
        };
        Ok(Self { kind, form })
    }

    fn shaped(&self, text: &str) -> Expr {
        self.form.as_ref().map_or_else(|| quoted(text), |form| shaped(form, quoted(text)))
    }

    /// The value of a text.
    fn single(&self, text: &str) -> Result<Expr, Refusal> {
        let (trimmed, bad) = (text.trim(), || bad(text, self.kind));
        match self.kind {
            Kind::Text => Ok(quoted(text)),
            Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => trimmed.parse().map(whole).map_err(|_| bad()),
            Kind::Float4 | Kind::Float8 => {
                let number: f64 = trimmed.parse().map_err(|_| bad())?;
                Ok(self.shaped(&number.to_string()))
            }
            Kind::Numeric => decimal(trimmed),
            Kind::Bool => match trimmed.to_ascii_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "on" | "1" => Ok(literal(Value::Boolean(true))),
                "f" | "false" | "n" | "no" | "off" | "0" => Ok(literal(Value::Boolean(false))),
                _ => Err(bad()),
            },
            Kind::Bytea => hex(trimmed).map(|hex| literal(Value::HexStringLiteral(hex))).ok_or_else(bad),
            Kind::Interval | Kind::TimestampTz | Kind::Date | Kind::Time | Kind::Timestamp => Ok(self.shaped(trimmed)),
        }
    }
}

/// Most digits of a decimal number that the engine has.
const MOST_DIGITS: usize = 76;

/// A decimal number with all its digits: a whole one as far as it fits, else a decimal of just as many digits.
fn decimal(text: &str) -> Result<Expr, Refusal> {
    let digits = text.trim_start_matches(['-', '+']);
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = text.len() - digits.len() <= 1
        && !(before.is_empty() && after.is_empty())
        && before.bytes().chain(after.bytes()).all(|byte| byte.is_ascii_digit());
    if !plain {
        // With an exponent, or no number at all.
        let number: f64 = text.parse().map_err(|_| bad(text, Kind::Numeric))?;
        return Ok(shaped(&read("CAST($1 AS DOUBLE)")?, quoted(&number.to_string())));
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let before = before.trim_start_matches('0');
    let before_or_zero = if before.is_empty() { "0" } else { before };
    if after.is_empty()
        && let Ok(number) = format!("{sign}{before_or_zero}").parse()
    {
        return Ok(whole(number));
    }
    let (precision, scale) = (before.len() + after.len(), after.len());
    if precision > MOST_DIGITS {
        return Err(Refusal::new(state::OUT_OF_RANGE, format!("a numeric has at most {MOST_DIGITS} digits here")));
    }
    let form = read(&format!("CAST($1 AS DECIMAL({precision}, {scale}))"))?;
    let point = if after.is_empty() { "" } else { "." };
    Ok(shaped(&form, quoted(&format!("{sign}{before_or_zero}{point}{after}"))))
}

/// Bytes in Postgres' hexadecimal form, or as letters.
fn hex(text: &str) -> Option<String> {
    match text.strip_prefix("\\x") {
        Some(hex) => (hex.len() % 2 == 0 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hex.to_owned()),
        None if text.contains('\\') => None,
        None => Some(digits_of(text.as_bytes(), String::new())),
    }
}

/// Adds bytes in hexadecimal digits.
fn digits_of(bytes: &[u8], mut digits: String) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    digits.reserve(bytes.len() * 2);
    for byte in bytes {
        digits.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    digits
}

/// A value's text from its binary form.
fn from_binary(mut value: Bytes, kind: Kind) -> Result<String, Refusal> {
    let expected = usize::try_from(kind.len()).ok();
    if expected.is_some_and(|expected| expected != value.len()) {
        let refused = format!("a value of {} bytes is no {}", value.len(), kind.sql_name());
        return Err(Refusal::new("22P03", refused));
    }
    Ok(match kind {
        Kind::Text => utf8(&value)?,
        Kind::Bytea => digits_of(&value, "\\x".to_owned()),
        Kind::Bool => value.get_u8().min(1).to_string(),
        Kind::Int2 => value.get_i16().to_string(),
        Kind::Int4 => value.get_i32().to_string(),
        Kind::Int8 => value.get_i64().to_string(),
        Kind::Oid => value.get_u32().to_string(),
        Kind::Float4 => value.get_f32().to_string(),
        Kind::Float8 => value.get_f64().to_string(),
        Kind::Date => {
            let days = i64::from(value.get_i32()) + 10_957;
            instant(days.saturating_mul(86_400_000_000))?.format("%Y-%m-%d").to_string()
        }
        Kind::Timestamp | Kind::TimestampTz => {
            let at = instant(value.get_i64().saturating_add(946_684_800_000_000))?;
            let format = if kind == Kind::Timestamp { "%Y-%m-%dT%H:%M:%S%.6f" } else { "%Y-%m-%dT%H:%M:%S%.6fZ" };
            at.format(format).to_string()
        }
        Kind::Time => instant(value.get_i64())?.format("%H:%M:%S%.6f").to_string(),
        Kind::Interval => {
            let (micros, days, months) = (value.get_i64(), value.get_i32(), value.get_i32());
            let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
            format!("{months} months {days} days {sign}{}.{:06} seconds", micros / 1_000_000, micros % 1_000_000)
        }
        Kind::Numeric => numeric(value)?,
    })
}

fn instant(micros: i64) -> Result<DateTime<Utc>, Refusal> {
    DateTime::<Utc>::from_timestamp_micros(micros)
        .ok_or_else(|| Refusal::new(state::OUT_OF_RANGE, "an instant is too far away"))
}

/// A decimal number from Postgres' digits of base 10,000.
fn numeric(mut value: Bytes) -> Result<String, Refusal> {
    let wrong = || Refusal::new("22P03", "a value is no numeric in binary form");
    if value.len() < 8 {
        return Err(wrong());
    }
    let (count, weight) = (usize::from(value.get_u16()), i64::from(value.get_i16()));
    let (sign, scale) = (value.get_u16(), usize::from(value.get_u16()));
    if value.len() != count * 2 || !matches!(sign, 0 | 0x4000) || weight.abs() > 64 || scale > 512 {
        return Err(wrong());
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        groups.push(value.get_u16());
    }
    if groups.iter().any(|group| *group > 9999) {
        return Err(wrong());
    }
    let at = |place: i64| usize::try_from(weight - place).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0);
    let whole: String = (0..=weight.max(0)).rev().map(|place| format!("{:04}", at(place))).collect();
    let whole = whole.trim_start_matches('0');
    let places = i64::try_from(scale.div_ceil(4)).unwrap_or(0);
    let fraction: String = (1..=places).map(|place| format!("{:04}", at(-place))).collect();
    let fraction = &fraction[..scale.min(fraction.len())];
    let point = if fraction.is_empty() { "" } else { "." };
    let whole = if whole.is_empty() { "0" } else { whole };
    Ok(format!("{}{whole}{point}{fraction}", if sign == 0 { "" } else { "-" }))
}

/// A list.
fn list(value: &Bytes, binary: bool, kind: Kind) -> Result<Expr, Refusal> {
    let values = if binary { list_from_binary(value.clone(), kind)? } else { list_from_text(&utf8(value)?)? };
    if values.is_empty() {
        return read(&format!("CAST(make_array() AS {}[])", kind.engine_name()));
    }
    let maker = Maker::of(kind)?;
    let values = values.iter().map(|value| match value {
        Some(text) => maker.single(text),
        None => Ok(literal(Value::Null)),
    });
    Ok(Expr::Array(Array { elem: values.collect::<Result<_, _>>()?, named: true }))
}

fn list_from_binary(mut value: Bytes, kind: Kind) -> Result<Vec<Option<String>>, Refusal> {
    let wrong = || Refusal::new("22P03", "a value is no list in binary form");
    if value.len() < 12 {
        return Err(wrong());
    }
    let (dimensions, _, of) = (value.get_i32(), value.get_i32(), value.get_u32());
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    let kind = PgType::of_oid(of).map_or(kind, |pg| pg.kind);
    if dimensions != 1 || value.len() < 8 {
        return Err(Refusal::new(state::UNSUPPORTED, "lists of lists are not taken as values"));
    }
    let count = value.get_i32();
    value.advance(4);
    let mut values = Vec::new();
    for _ in 0..count {
        if value.len() < 4 || values.len() >= MOST_VALUES {
            return Err(wrong());
        }
        values.push(match usize::try_from(value.get_i32()) {
            Err(_) => None,
            Ok(length) if length <= value.len() => Some(from_binary(value.split_to(length), kind)?),
            Ok(_) => return Err(wrong()),
        });
    }
    Ok(values)
}

fn list_from_text(text: &str) -> Result<Vec<Option<String>>, Refusal> {
    let wrong = || Refusal::new(state::BAD_TEXT, "a value is no list such as {a,b}");
    let inner = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or_else(wrong)?;
    let mut values = Vec::new();
    if inner.trim().is_empty() {
        return Ok(values);
    }
    let mut letters = inner.chars();
    let (mut value, mut was_quoted, mut in_quotes) = (String::new(), false, false);
    loop {
        match letters.next() {
            Some('\\') => value.push(letters.next().ok_or_else(wrong)?),
            Some('"') => {
                // Blanks around a quoted value are none of it.
                if !in_quotes && value.trim().is_empty() {
                    value.clear();
                }
                (in_quotes, was_quoted) = (!in_quotes, true);
            }
            Some(blank) if was_quoted && !in_quotes && blank.is_whitespace() => {}
            Some('{' | '}') if !in_quotes => return Err(wrong()),
            Some(letter) if in_quotes || letter != ',' => value.push(letter),
            end => {
                if in_quotes || values.len() >= MOST_VALUES {
                    return Err(wrong());
                }
                let mut whole = std::mem::take(&mut value);
                if !was_quoted {
                    whole = whole.trim().to_owned();
                }
                let is_null = !was_quoted && whole.eq_ignore_ascii_case("null");
                values.push((!is_null).then_some(whole));
                was_quoted = false;
                if end.is_none() {
                    return Ok(values);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::print::printed;
    use super::{value as value_of, *};

    fn told(oid: u32) -> Parameter {
        Parameter::of(oid, None)
    }

    fn bound(value: &[u8], binary: bool, oid: u32) -> Result<String, Refusal> {
        value_of(Some(&Bytes::copy_from_slice(value)), binary, &told(oid)).map(|value| printed(&value))
    }

    #[test]
    fn values_are_values_and_nothing_else() {
        for (value, oid, literal) in [
            ("Trà Bồng", 25, "'Trà Bồng'"),
            ("'; DROP TABLE x; --", 0, "'''; DROP TABLE x; --'"),
            ("-5", 23, "-5"),
            ("12", 1700, "12"),
            ("12.50", 1700, "CAST('12.50' AS DECIMAL(4,2))"),
            ("-12345678901234567890123", 1700, "CAST('-12345678901234567890123' AS DECIMAL(23,0))"),
            ("-.5", 1700, "CAST('-0.5' AS DECIMAL(1,1))"),
            ("1e3", 1700, "CAST('1000' AS DOUBLE)"),
            ("t", 16, "true"),
            ("\\x00FF", 17, "X'00FF'"),
            ("2024-10-31", 1082, "CAST('2024-10-31' AS DATE)"),
            ("{a,\"b,\\\"c\",NULL,\"null\"}", 1009, "ARRAY['a', 'b,\"c', NULL, 'null']"),
            ("{}", 1016, "CAST(make_array() AS BIGINT[])"),
            ("{ 1, 2 }", 1007, "ARRAY[1, 2]"),
            ("{ a , \" b \", null }", 1009, "ARRAY['a', ' b ', NULL]"),
        ] {
            assert_eq!(bound(value.as_bytes(), false, oid).as_deref(), Ok(literal), "{value}");
        }
        for (value, oid) in [("1; select 2", 23), ("1--1", 1700), ("x", 16), ("\\xzz", 17), ("{a", 1009), ("", 20)] {
            assert!(bound(value.as_bytes(), false, oid).is_err(), "{value}");
        }
        assert!(bound(b"\xff", false, 25).is_err() && bound(b"a\0b", false, 25).is_err());
        let null = |oid| value_of(None, false, &told(oid)).map(|null| null.to_string());
        assert_eq!(null(20).as_deref(), Ok("CAST(NULL AS BIGINT)"));
        assert_eq!((null(0).as_deref(), null(1009).as_deref()), (Ok("NULL"), Ok("CAST(NULL AS VARCHAR[])")));
        assert!(bound(&[b'9'; 77], false, 1700).is_err(), "more digits than the engine has");
        assert_eq!(Parameter::of(0, Some(&DataType::Int64)).oid(), 20);
    }

    #[test]
    fn binary_values_are_read() {
        let list =
            [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4].as_slice(), &[0, 0, 0, 9]];
        for (value, oid, literal) in [
            (7_i32.to_be_bytes().to_vec(), 23, "7"),
            ((-7_i64).to_be_bytes().to_vec(), 20, "-7"),
            (0_i32.to_be_bytes().to_vec(), 1082, "CAST('2000-01-01' AS DATE)"),
            (
                1_i64.to_be_bytes().to_vec(),
                1184,
                "arrow_cast('2000-01-01T00:00:00.000001Z', 'Timestamp(Microsecond, Some(\"UTC\"))')",
            ),
            (vec![0, 3, 0, 1, 0x40, 0, 0, 2, 0, 1, 0x09, 0x29, 0x1a, 0x2c], 1700, "CAST('-12345.67' AS DECIMAL(7,2))"),
            (list.concat(), 1007, "ARRAY[9]"),
        ] {
            assert_eq!(bound(&value, true, oid).as_deref(), Ok(literal), "{literal}");
        }
        for (value, oid) in
            [(vec![1], 23), (vec![0; 7], 1700), (vec![255; 30], 1007), (i64::MAX.to_be_bytes().to_vec(), 1114)]
        {
            assert!(bound(&value, true, oid).is_err(), "{oid}");
        }
    }

    #[test]
    fn a_long_value_takes_no_longer_than_it_is() {
        let bytes = vec![0xab; 1 << 20];
        assert_eq!(bound(&bytes, true, 17).map(|text| text.len()), Ok(3 + (2 << 20)));
    }
}
