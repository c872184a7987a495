//! What a workbook unpacks to, bounded before it is read.
//!
//! In: a workbook as it came. Out: nothing, or why it is not read. Guarantee: what the reader of workbooks keeps in
//! memory of this content is bounded: a few kilobytes may unpack to gigabytes, and what a workbook says of the number of
//! its texts is believed by the reader.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{WorkbookError, damaged};

/// Bytes of all parts together: a hundred thousand rows of a form take about as much.
const MOST: u64 = 128 << 20;
/// Bytes of one part that is no sheet. Sheets are read cell by cell; of the others most is kept.
const MOST_KEPT: u64 = 32 << 20;
/// Bytes of the part that describes styles.
const MOST_STYLES: u64 = 8 << 20;
/// Texts that a small workbook may say that it has.
const MANY_TEXTS: u64 = 1 << 20;
/// Bytes that styles may take: each format of cells has a copy of its font and its number format.
const MOST_FORMATS: usize = 64 << 20;

/// Checks that the content unpacks to no more than can be read.
pub(super) fn check(content: &[u8]) -> Result<(), WorkbookError> {
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(damaged)?;
    let mut left = MOST;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(damaged)?;
        // The reader takes capital and small letters of names for the same, and so does this.
        let name = part.name().map_err(damaged)?.replace('\\', "/").to_ascii_lowercase();
        let most = match name.as_str() {
            name if name.ends_with("styles.xml") => MOST_STYLES,
            name if name.contains("worksheets/") && !name.ends_with("sharedstrings.xml") => MOST,
            _ => MOST_KEPT,
        };
        let bound = most.min(left);
        let mut unpacked = part.take(bound + 1);
        let read = if name.ends_with("sharedstrings.xml") {
            checked(&mut unpacked, bound, texts_are_there)?
        } else if name.ends_with("styles.xml") {
            checked(&mut unpacked, bound, formats_are_small)?
        } else {
            std::io::copy(&mut unpacked, &mut std::io::sink()).map_err(damaged)?
        };
        if read > bound {
            return Err(WorkbookError::TooLarge { most: if bound == most { most } else { MOST } });
        }
        left -= read;
    }
    Ok(())
}

/// Reads a part that has to be looked at as a whole, and gives its length. What is longer than `bound` is cut and not
/// looked at.
fn checked(part: &mut impl Read, bound: u64, is_sound: fn(&str) -> bool) -> Result<u64, WorkbookError> {
    let mut bytes = Vec::new();
    part.read_to_end(&mut bytes).map_err(damaged)?;
    let length = bytes.len() as u64;
    if length <= bound {
        // Other encodings, and signs that change it in the midst, could hide what is looked for.
        let text = std::str::from_utf8(&bytes).map_err(damaged)?;
        if text.contains(['\0', '\u{1b}']) || !is_sound(text) {
            return Err(damaged("a part of it says what cannot be"));
        }
    }
    Ok(length)
}

/// Whether there is room in the part for as many texts as it says: the reader makes room for them at once.
fn texts_are_there(part: &str) -> bool {
    const COUNT: &str = "uniqueCount";
    // The shortest text is `<si/>`.
    let most = (part.len() as u64 / 5).max(MANY_TEXTS);
    part.match_indices(COUNT).all(|(at, _)| {
        let said = part[at + COUNT.len()..].trim_start().strip_prefix('=').map(str::trim_start).unwrap_or("");
        let digits = said.trim_start_matches(['"', '\'', '+', ' ']);
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        end == 0 || digits[..end].parse::<u64>().is_ok_and(|count| count <= most)
    })
}

/// Whether the formats of cells, each with the longest text that there is, fit.
fn formats_are_small(part: &str) -> bool {
    let ends = |at: usize| matches!(part.as_bytes().get(at + 2), Some(b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'));
    let formats = part.match_indices("xf").filter(|(at, _)| ends(*at)).count();
    let mut longest = 0;
    for (at, _) in part.match_indices('=') {
        let value = part[at + 1..].trim_start();
        let Some(quote @ ('"' | '\'')) = value.chars().next() else { continue };
        // A value that does not end is no XML, and looking for its end again and again takes for ever.
        let Some(length) = value[1..].find(quote) else { return false };
        longest = longest.max(length);
    }
    longest.saturating_mul(formats) <= MOST_FORMATS
}

#[cfg(test)]
mod tests {
    use super::super::made::{deflated, workbook};
    use super::*;

    #[test]
    fn what_would_not_fit_is_refused_unread() {
        let part = |name: &str, content: &str| workbook(&[(name, content)]);
        let strings = |count: &str| part("xl/sharedStrings.xml", &format!("<sst uniqueCount=\"{count}\"><si/></sst>"));
        for (content, expected) in [
            (part("xl/worksheets/sheet1.xml", "<a/>"), None),
            (strings("3"), None),
            (strings("99999999999"), Some("says what cannot be")),
            (strings("99999999999999999999999"), Some("says what cannot be")),
            (part("xl/SHAREDSTRINGS.xml", "<sst uniqueCount = '99999999999'/>"), Some("says what cannot be")),
            (part("xl/sharedStrings.xml", "<\0s\0s\0t\0"), Some("says what cannot be")),
            (part("xl/styles.xml", &format!("<font name=\"{}\"/>{}", "x".repeat(1 << 20), "<xf/>".repeat(9))), None),
            (
                part("xl/styles.xml", &format!("<font name=\"{}\"/>{}", "x".repeat(1 << 20), "<xf/>".repeat(99))),
                Some("says what cannot be"),
            ),
            (part("xl/styles.xml", "<a b='"), Some("says what cannot be")),
            (b"PK\x03\x04".to_vec(), Some("cannot be read")),
        ] {
            let seen = check(&content).map_err(|error| error.to_string());
            match expected {
                None => assert_eq!(seen, Ok(())),
                Some(why) => assert!(seen.as_ref().is_err_and(|error| error.contains(why)), "{seen:?}"),
            }
        }
    }

    #[test]
    fn a_few_bytes_that_unpack_to_many_are_refused() {
        for (name, bytes) in
            [("xl/worksheets/sheet1.xml", MOST + 1), ("xl/styles.xml", MOST_STYLES + 1), ("xl/x.xml", MOST_KEPT + 1)]
        {
            let bomb = deflated(name, bytes);
            assert!(bomb.len() < 1 << 20, "{}", bomb.len());
            assert_eq!(check(&bomb), Err(WorkbookError::TooLarge { most: bytes - 1 }), "{name}");
        }
    }
}
