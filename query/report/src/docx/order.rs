//! What docx-rs leaves to be mended in the XML of a part.
//!
//! - The properties of paragraphs, tables and sections stand in an order of its own. The schema has another one, and not
//!   every program that opens such files is as patient as Word on a desk.
//! - It has no word for rows of a table that are repeated on each page (`grid` marks them), and none for what a picture
//!   shows; all pictures have the same number.
//! - Paragraphs have an id, which goes on counting where a document before was not finished. No part here refers to it.

use std::fmt::Display;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};

use super::text::allowed;
use crate::WriteError;

/// What stands in which order by the schema of ISO/IEC 29500-1, of all that is written here.
const ORDER: [(&str, &[&str]); 3] = [
    (
        "w:pPr",
        &["w:pStyle", "w:keepNext", "w:pageBreakBefore", "w:pBdr", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr"],
    ),
    ("w:sectPr", &["w:headerReference", "w:footerReference", "w:pgSz", "w:pgMar", "w:cols", "w:titlePg"]),
    ("w:tblPr", &["w:tblW", "w:jc", "w:tblBorders", "w:tblLayout", "w:tblCellMar"]),
];

/// The XML of a part, mended; what each of its pictures shows is given in words.
///
/// # Errors
/// Where the part is no XML, or has more pictures than are given: docx-rs is no longer as it was.
pub(super) fn mended(part: &[u8], alternatives: &[&str]) -> Result<Vec<u8>, WriteError> {
    let mut reader = Reader::from_reader(part);
    let mut writer = Writer::new(Vec::with_capacity(part.len()));
    let mut write = |event: Event<'_>| writer.write_event(event).map_err(refused);
    let mut pictures = 0;
    loop {
        match reader.read_event().map_err(refused)? {
            Event::Eof => break,
            Event::Start(start) if order(start.name().into_inner()).is_some() => {
                for event in sorted(&mut reader, start)? {
                    write(event)?;
                }
            }
            Event::Start(start) if start.name().into_inner() == b"w:p" => write(Event::Start(BytesStart::new("w:p")))?,
            Event::Empty(mark) if mark.name().into_inner() == b"w:trHeight" => {
                write(Event::Empty(BytesStart::new("w:tblHeader")))?;
            }
            Event::Empty(picture) if picture.name().into_inner() == b"wp:docPr" => {
                let shown = alternatives.get(pictures).ok_or_else(|| refused("a picture that no chart is of"))?;
                pictures += 1;
                write(Event::Empty(described(pictures, shown)))?;
            }
            event => write(event)?,
        }
    }
    Ok(writer.into_inner())
}

/// What docx-rs or a file refuses, as an error of ours.
pub(super) fn refused(error: impl Display) -> WriteError {
    WriteError::Docx(error.to_string())
}

/// The properties of a picture, by its number from 1 on.
fn described(number: usize, shown: &str) -> BytesStart<'static> {
    let (number, shown) = (number.to_string(), allowed(shown));
    let name = format!("Figure {number}");
    let mut properties = BytesStart::new("wp:docPr");
    properties.push_attribute(("id", number.as_str()));
    properties.push_attribute(("name", name.as_str()));
    properties.push_attribute(("descr", shown.as_ref()));
    properties
}

/// In which order the children of an element stand; `None` where it does not matter or is right already.
fn order(element: &[u8]) -> Option<&'static [&'static str]> {
    ORDER.iter().find(|(name, _)| name.as_bytes() == element).map(|(_, order)| *order)
}

/// An element whose start has been read, to its end, and all in it that has an order in this order. What [`ORDER`] does
/// not know comes last.
fn sorted<'a>(reader: &mut Reader<&'a [u8]>, start: BytesStart<'a>) -> Result<Vec<Event<'a>>, WriteError> {
    let order = order(start.name().into_inner());
    let place = |child: &BytesStart<'_>| {
        let name = child.name().into_inner();
        order.map_or(0, |order| order.iter().position(|known| known.as_bytes() == name).unwrap_or(order.len()))
    };
    let mut children: Vec<(usize, Vec<Event<'a>>)> = Vec::new();
    let end = loop {
        match reader.read_event().map_err(refused)? {
            Event::End(end) => break end,
            Event::Eof => return Err(refused("an element without an end")),
            Event::Start(child) => children.push((place(&child), sorted(reader, child)?)),
            Event::Empty(child) => children.push((place(&child), vec![Event::Empty(child)])),
            other => children.push((0, vec![other])),
        }
    };
    children.sort_by_key(|(place, _)| *place);
    let mut events = vec![Event::Start(start)];
    events.extend(children.into_iter().flat_map(|(_, events)| events));
    events.push(Event::End(end));
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_stand_in_the_order_of_the_schema() {
        let check = |part: &str, expected: &str| {
            let mended = mended(part.as_bytes(), &["Nam & <nữ>"]).unwrap();
            assert_eq!(String::from_utf8(mended).unwrap(), expected);
        };
        check(
            r#"<w:p w14:paraId="00000001"><w:pPr><w:rPr /><w:pStyle w:val="A" /><w:pageBreakBefore /></w:pPr><w:r><w:t>a&amp;b</w:t></w:r></w:p>"#,
            r#"<w:p><w:pPr><w:pStyle w:val="A" /><w:pageBreakBefore /><w:rPr /></w:pPr><w:r><w:t>a&amp;b</w:t></w:r></w:p>"#,
        );
        check(
            "<w:pPr><w:new/><w:sectPr><w:pgSz/><w:titlePg/><w:headerReference/></w:sectPr><w:jc/></w:pPr>",
            "<w:pPr><w:jc/><w:sectPr><w:headerReference/><w:pgSz/><w:titlePg/></w:sectPr><w:new/></w:pPr>",
        );
        check(
            "<w:tblPr><w:tblBorders><w:top/><w:left/></w:tblBorders><w:tblW/></w:tblPr>",
            "<w:tblPr><w:tblW/><w:tblBorders><w:top/><w:left/></w:tblBorders></w:tblPr>",
        );
        check(
            r#"<w:trPr><w:cantSplit /><w:trHeight w:val="1" w:hRule="auto" /></w:trPr>"#,
            "<w:trPr><w:cantSplit /><w:tblHeader/></w:trPr>",
        );
        check(
            r#"<wp:docPr id="1" name="Figure" />"#,
            r#"<wp:docPr id="1" name="Figure 1" descr="Nam &amp; &lt;nữ&gt;"/>"#,
        );
    }

    #[test]
    fn what_is_no_part_is_refused() {
        assert!(mended(b"<w:pPr><w:jc/>", &[]).is_err());
        assert!(mended(b"<wp:docPr/>", &[]).is_err());
    }
}
