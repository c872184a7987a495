//! Lines that begin with a backslash: what they ask for, and how each is written.

use std::path::PathBuf;
use std::str::FromStr;

use lantoa_query::format::Format;
use lantoa_query::settings::NAMES;
use lantoa_schemas::catalogue::nearest;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// What there is to type.
    Help,
    /// To leave.
    Quit,
    /// SQL that lists something.
    List(String),
    /// To say or not to say how long answers took.
    Timing,
    /// To write a line a column, or a line a row.
    Expanded,
    /// In which format answers come; `None` to say it.
    Format(Option<Format>),
    /// Where the next answer goes; `None` for the screen.
    Out(Option<PathBuf>),
    /// To ask what a file has.
    Include(PathBuf),
    /// SQL that sets one of the settings; `None` to say them.
    Set(Option<String>),
}

/// Each order, what follows it, and what it does, in both languages.
const ORDERS: [(&str, &str, &str, &str); 13] = [
    ("\\?", "", "this list", "danh sách này"),
    ("\\q", "", "leave (Ctrl-D too)", "thoát"),
    ("\\d", "[NAME]", "views and tables, or the columns of one", "khung nhìn và bảng, hoặc các cột"),
    ("\\dt", "", "tables", "bảng"),
    ("\\dv", "", "views", "khung nhìn"),
    ("\\df", "", "functions", "hàm"),
    ("\\di", "", "indicators", "chỉ tiêu"),
    (
        "\\set",
        "[NAME [VALUE]]",
        "map, as_of, stated_by, release: say, set, set back",
        "bản đồ, ngày biết, ngày nói, bản công bố",
    ),
    ("\\f", "[FORMAT]", "how answers are written", "dạng kết quả"),
    ("\\o", "[FILE]", "the next answer goes into FILE", "ghi kết quả kế tiếp vào tệp"),
    ("\\i", "FILE", "ask what FILE has", "chạy các câu hỏi trong tệp"),
    ("\\x", "", "a line a column, on or off", "mỗi cột một dòng"),
    ("\\timing", "", "how long each answer took, on or off", "thời gian trả lời"),
];

/// All orders, as they are typed.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    ORDERS.iter().map(|(order, ..)| *order)
}

/// What `\?` says.
pub(super) fn help() -> String {
    let lines = ORDERS.iter().map(|(order, follows, what, vi)| {
        let usage = format!("{order} {follows}");
        format!("  {usage:<20} {what} · {vi}\n")
    });
    let formats = Format::ALL.map(Format::as_str).join(", ");
    format!(
        "A statement ends with ; and may go over several lines. Tab completes, also area names without their marks:\n  \
         select * from indicator where area_name = 'bac gi<Tab>\nCtrl-C cancels the question under way.\n\n{}\n\
         FORMAT is one of {formats}\n",
        lines.collect::<String>()
    )
}

/// Reads a line that begins with a backslash.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn read(line: &str) -> Result<Order, String> {
    let (order, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim().trim_end_matches(';').trim_end();
    let given = (!rest.is_empty()).then_some(rest);
    match order {
        "\\?" | "\\h" | "\\help" => Ok(Order::Help),
        "\\q" | "\\quit" | "\\exit" => Ok(Order::Quit),
        "\\d" => Ok(Order::List(given.map_or_else(|| relations(""), columns_of))),
        "\\dt" => Ok(Order::List(relations(" AND table_type = 'BASE TABLE'"))),
        "\\dv" => Ok(Order::List(relations(" AND table_type = 'VIEW'"))),
        "\\df" => Ok(Order::List(FUNCTIONS.to_owned())),
        "\\di" => Ok(Order::List(INDICATORS.to_owned())),
        "\\timing" => Ok(Order::Timing),
        "\\x" => Ok(Order::Expanded),
        "\\f" => given.map(Format::from_str).transpose().map(Order::Format),
        "\\o" => Ok(Order::Out(given.map(PathBuf::from))),
        "\\i" => given.map(|file| Order::Include(file.into())).ok_or_else(|| "write \\i FILE".to_owned()),
        "\\set" => given.map(setting).transpose().map(Order::Set),
        other => {
            let hint = nearest(other, all()).map(|near| format!("did you mean {near}? "));
            Err(format!("there is no {other}: {}\\? lists what there is", hint.unwrap_or_default()))
        }
    }
}

const FUNCTIONS: &str = "SELECT DISTINCT routine_name AS function, function_type AS kind, description \
                         FROM information_schema.routines ORDER BY 1, 2";
const INDICATORS: &str = "SELECT indicator, name_vi, name_en, unit, bases FROM catalogue ORDER BY indicator";

fn relations(further: &str) -> String {
    format!(
        "SELECT table_name AS name, CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS kind \
         FROM information_schema.tables WHERE table_schema = 'public'{further} ORDER BY 2 DESC, 1"
    )
}

fn columns_of(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.\"".contains(&byte));
    if plain { format!("DESCRIBE {name}") } else { format!("DESCRIBE \"{}\"", name.replace('"', "\"\"")) }
}

/// `map 2025-07-01`, `map = '2025-07-01'`, or `map` to set it back, as SQL.
fn setting(text: &str) -> Result<String, String> {
    let (name, value) = text.split_once(|sign: char| sign.is_whitespace() || sign == '=').unwrap_or((text, ""));
    let name = name.strip_prefix("lantoa.").unwrap_or(name);
    if !NAMES.contains(&name) {
        return Err(format!("there is no setting {name}: the settings are {}", NAMES.join(", ")));
    }
    let value = value.trim_start_matches(|sign: char| sign.is_whitespace() || sign == '=').trim();
    let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).unwrap_or(value);
    Ok(format!("SET lantoa.{name} = '{}'", value.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_or_explained() {
        let set = |sql: &str| Ok(Order::Set(Some(sql.to_owned())));
        let cases = [
            ("\\q", Ok(Order::Quit)),
            ("\\?", Ok(Order::Help)),
            ("\\d indicator;", Ok(Order::List("DESCRIBE indicator".into()))),
            ("\\d x; drop", Ok(Order::List("DESCRIBE \"x; drop\"".into()))),
            ("\\f", Ok(Order::Format(None))),
            ("\\f  tsv ", Ok(Order::Format(Some(Format::Tsv)))),
            ("\\o a b.csv", Ok(Order::Out(Some("a b.csv".into())))),
            ("\\o", Ok(Order::Out(None))),
            ("\\set", Ok(Order::Set(None))),
            ("\\set map 2025-07-01", set("SET lantoa.map = '2025-07-01'")),
            ("\\set lantoa.as_of = '2025-10-15';", set("SET lantoa.as_of = '2025-10-15'")),
            ("\\set map", set("SET lantoa.map = ''")),
            ("\\set map it's", set("SET lantoa.map = 'it''s'")),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line), expected, "{line}");
        }
        for (line, says) in
            [("\\i", "\\i FILE"), ("\\f xml", "csv"), ("\\set colour red", "stated_by"), ("\\timng", "\\timing")]
        {
            let error = read(line).unwrap_err();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn help_names_every_order() {
        let help = help();
        for order in all() {
            assert!(help.contains(&format!("  {order} ")), "{order}");
            assert!(read(&format!("{order} table")).is_ok() || order == "\\set", "{order}");
        }
    }
}
