//! Bytes -> text.
//!
//! In: a content as it came. Out: its text: UTF-8 as it is, UTF-16 written anew, both with their mark or without.
//! Guarantee: nothing is guessed; in an encoding that was guessed wrongly one name would become another without a word.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::ParseError;

/// How much of a content is looked at to tell encodings apart, in bytes.
const LOOKED_AT: usize = 64 << 10;

/// How much of a content without a mark has to look like UTF-16, in bytes.
const HEAD: usize = 512;

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a content that is not UTF-8 probably is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likely {
    /// The code page of Windows in Vietnam.
    Windows1258,
    /// TCVN 5712:1993, which belongs to the fonts `.Vn…`.
    Tcvn3,
    /// The encoding of the fonts `VNI-…`.
    Vni,
    /// None that can be told.
    Unknown,
}

impl fmt::Display for Likely {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Windows1258 => "windows-1258",
            Self::Tcvn3 => "TCVN3 (ABC)",
            Self::Vni => "VNI",
            Self::Unknown => "another encoding or no text",
        })
    }
}

/// The content without the mark of UTF-8.
pub(super) fn unmarked(content: &[u8]) -> &[u8] {
    content.strip_prefix(MARK).unwrap_or(content)
}

/// The text of a content that has to be UTF-8.
pub(super) fn utf8(content: &[u8]) -> Result<&str, ParseError> {
    let content = unmarked(content);
    std::str::from_utf8(content).map_err(|error| {
        let good = &content[..error.valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        ParseError::NotUtf8 { byte: good.len() + 1, line, likely: likely(&content[good.len()..]) }
    })
}

/// The text of a content in UTF-8 or UTF-16.
pub(super) fn utf8_or_utf16(content: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    match utf16(content) {
        Some((encoding, units)) => {
            encoding.decode_without_bom_handling_and_without_replacement(units).ok_or(ParseError::NotUtf16)
        }
        None => utf8(content).map(Cow::Borrowed),
    }
}

/// What can be read of so many bytes at the beginning of a content; each letter that cannot is seen to be missing.
pub(super) fn beginning(content: &[u8], most: usize) -> Cow<'_, str> {
    let head = &content[..content.len().min(most)];
    match utf16(head) {
        Some((encoding, units)) => encoding.decode_without_bom_handling(units).0,
        None => String::from_utf8_lossy(unmarked(head)),
    }
}

/// The kind of UTF-16 and what is behind its mark. Without a mark it is known by the letters of ASCII, as the marks
/// between columns are, each of which has a zero on the same side.
fn utf16(content: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    if let Some(units) = content.strip_prefix(b"\xFF\xFE") {
        return Some((UTF_16LE, units));
    }
    if let Some(units) = content.strip_prefix(b"\xFE\xFF") {
        return Some((UTF_16BE, units));
    }
    let head = &content[..content.len().min(HEAD)];
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let enough = (head.len() / 8).max(1);
    match (zeros(0), zeros(1)) {
        (0, behind) if behind >= enough => Some((UTF_16LE, content)),
        (before, 0) if before >= enough => Some((UTF_16BE, content)),
        _ => None,
    }
}

/// Which encoding of eight bits a text is probably in, by where it puts the marks of Vietnamese.
fn likely(content: &[u8]) -> Likely {
    let content = &content[..content.len().min(LOOKED_AT)];
    let count = |fits: fn(u8, u8) -> bool| content.windows(2).filter(|pair| fits(pair[0], pair[1])).count();
    // A tone of windows-1258 and a mark of VNI stand behind their vowel; TCVN3 has one byte a letter, where the others
    // have signs that no sheet is full of.
    let windows = count(|before, byte| vowel_of_windows(before) && matches!(byte, 0xCC | 0xD2 | 0xDE | 0xEC | 0xF2));
    let vni = count(|before, byte| vowel_of_vni(before) && mark_of_vni(byte));
    let tcvn3 = count(|_, byte| matches!(byte, 0xA1..=0xAE | 0xB5..=0xBE));
    match windows.max(vni).max(tcvn3) {
        0 => Likely::Unknown,
        most if most == windows => Likely::Windows1258,
        most if most == tcvn3 => Likely::Tcvn3,
        _ => Likely::Vni,
    }
}

fn vowel_of_windows(byte: u8) -> bool {
    is_vowel(byte) || matches!(byte | 0x20, 0xE2 | 0xE3 | 0xEA | 0xF4 | 0xF5 | 0xFD)
}

fn vowel_of_vni(byte: u8) -> bool {
    is_vowel(byte) || matches!(byte | 0x20, 0xF4 | 0xF6)
}

fn mark_of_vni(byte: u8) -> bool {
    matches!(byte | 0x20, 0xE0..=0xE5 | 0xE8..=0xEB | 0xEF | 0xF5 | 0xF8..=0xFC)
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_written_anew_and_everything_else_is_told_apart() {
        let text = "source,stated_on\nHà Giang,\"Gia đình học tập đạt 73,58%\"\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for content in [
            text.as_bytes().to_vec(),
            [MARK, text.as_bytes()].concat(),
            [&b"\xFF\xFE"[..], &little].concat(),
            [&b"\xFE\xFF"[..], &big].concat(),
            little.clone(),
            big.clone(),
        ] {
            assert_eq!(utf8_or_utf16(&content).as_deref(), Ok(text), "{content:?}");
        }
        for broken in [[&b"\xFF\xFE"[..], &little[1..]].concat(), b"\xFF\xFEa\0\0\xD8b\0".to_vec()] {
            assert_eq!(utf8_or_utf16(&broken), Err(ParseError::NotUtf16), "{broken:?}");
        }
        for (content, byte, likely) in [
            (
                &b"a,b\nGia \xF0i\xCCnh ho\xF2c t\xE2\xF2p, \xD0\xF5n vi\xF2 ho\xF2c t\xE2\xF2p"[..],
                9,
                Likely::Windows1258,
            ),
            (b"a,b\nGia \xAE\xD7nh h\xE4c t\xCBp, \xA7\xACn v\xDE h\xE4c t\xCBp", 9, Likely::Tcvn3),
            (b"a,b\nGia \xF1\xECnh ho\xEFc ta\xE4p, \xD1\xF4n v\xF2 ho\xEFc ta\xE4p", 9, Likely::Vni),
            (b"a,b\nx\xFF", 6, Likely::Unknown),
        ] {
            assert_eq!(utf8_or_utf16(content), Err(ParseError::NotUtf8 { byte, line: 2, likely }), "{content:?}");
        }
    }
}
