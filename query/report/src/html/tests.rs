use super::chart::inlined;
use super::*;
use crate::document::{Cell, Table};
use crate::sample;

fn written(document: &Document) -> String {
    String::from_utf8(write(document, &Pictures::of(document).unwrap()).unwrap()).unwrap()
}

/// A text as it stands in the file.
fn escaped(text: &str) -> String {
    html! { (text) }.into_string()
}

fn tables(document: &Document) -> Vec<&Table> {
    let annexed = document.annexes.iter().flat_map(|annex| &annex.blocks);
    let tables = document.blocks.iter().chain(annexed).filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

/// What stands between two texts, after the first of which it begins.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split_once(end).unwrap().0
}

#[test]
fn every_table_is_whole() {
    let document = sample::document();
    let page = written(&document);
    for table in tables(&document) {
        let whole = between(&page, &format!("id=\"table-{}\"", table.id), "<p class=\"foot\">");
        assert!(whole.contains(&format!(">{}</caption>", escaped(&table.caption))), "{}", table.id);
        let head = between(whole, "<thead>", "</thead>");
        assert_eq!(head.matches("<th ").count(), head.matches("scope=\"col").count(), "every head says what it is of");
        for column in &table.columns {
            assert!(head.contains(&format!(">{}</th>", escaped(&column.heading))), "{}", column.heading);
            let group = column.group.as_ref().is_none_or(|group| head.contains(&format!(">{group}</th>")));
            assert!(group, "{:?}", column.group);
        }
        let rows: Vec<&str> = between(whole, "<tbody>", "</tbody>").split("</tr>").collect();
        // Behind the last row there is nothing.
        assert_eq!(rows.len(), table.rows.len() + 1);
        for (row, cells) in rows.iter().zip(&table.rows) {
            let mut rest = *row;
            for cell in &cells.cells {
                let printed = escaped(&cell.printed(document.language));
                let expected = match cell {
                    Cell::Count(..) | Cell::Number(..) | Cell::Change(..) => {
                        format!("<data value=\"{}\">{printed}</data></td>", cell.plain())
                    }
                    Cell::Day(_) => format!("<time datetime=\"{}\">{printed}</time></td>", cell.plain()),
                    _ => format!(">{printed}</t"),
                };
                rest = rest.split_once(&expected).unwrap_or_else(|| panic!("{expected} is not in {row}")).1;
            }
            assert_eq!(row.contains("class=\"total\""), cells.is_total);
        }
    }
}

#[test]
fn groups_are_over_their_columns() {
    let page = written(&sample::document());
    let head = between(between(&page, "id=\"table-communes\"", "</table>"), "<thead>", "</thead>");
    assert!(head.contains("<th scope=\"colgroup\" colspan=\"2\">Năm 2023</th>"), "{head}");
    assert!(head.contains("<th scope=\"colgroup\" colspan=\"1\">Năm 2024</th>"), "{head}");
    assert!(head.contains("<th scope=\"col\" rowspan=\"2\">Ghi chú</th>"), "{head}");
    assert_eq!(head.matches("<tr>").count(), 2);
}

#[test]
fn all_texts_are_there_and_escaped() {
    let document = sample::document();
    let page = written(&document);
    let annexed = document.annexes.iter().flat_map(|annex| &annex.blocks);
    for block in document.blocks.iter().chain(annexed) {
        let (text, tag) = match block {
            Block::Heading(_, text) => (text, "</h"),
            Block::Paragraph(text) | Block::Note(text) => (text, "</p>"),
            Block::Table(table) => (&table.caption, "</caption>"),
            Block::Chart(chart) => (&chart.caption, "</figcaption>"),
        };
        assert!(page.contains(&format!("{}{tag}", escaped(text))), "{text}");
    }
    assert!(page.contains("=1+1 &lt;b&gt;&quot;A&amp;B&quot;&lt;/b&gt;"));
    assert!(page.contains("aria-label=\"Gia đình 73,59 %; "));
    assert_eq!(page.matches("<h1>").count(), 1);
    assert_eq!(page.matches("role=\"note\"").count(), 1);
    for link in page.split("<a href=\"#").skip(1) {
        let (id, _) = link.split_once('"').unwrap();
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
    let quiet = Document { warning: None, ..document };
    assert!(!written(&quiet).contains("role=\"note\""));
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = written(&sample::document());
    // The name of SVG's elements is no address.
    let page = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "");
    for address in
        ["http://", "https://", "<script", "<link", "<img", "<iframe", "@import", "url(http", "url(/", " src="]
    {
        assert!(!page.contains(address), "{address}");
    }
    assert_eq!(page.matches("url(").count() - page.matches("url(#").count(), FACES.len());
    assert_eq!(page.matches("</style>").count(), page.matches("<style").count(), "no text ends the styles");
    for (_, _, letters) in FACES {
        assert!(letters.starts_with(b"wOF2"));
    }
}

#[test]
fn the_same_document_is_the_same_file() {
    let document = sample::document();
    assert!(written(&document) == written(&document));
}

#[test]
fn charts_keep_their_ids_apart() {
    let svg = "<?xml version=\"1.0\"?>\n<svg width=\"1\"><g id=\"a\"/><use href=\"#a\" clip-path=\"url(#a)\"/><text> id=\"a\" url(#a)</text></svg>";
    let expected = "<svg width=\"1\"><g id=\"x-a\"/><use href=\"#x-a\" clip-path=\"url(#x-a)\"/><text> id=\"a\" url(#a)</text></svg>";
    assert_eq!(inlined(svg, "x"), expected);
    assert_eq!(inlined("<svg", "x"), "<svg");
}

#[test]
fn a_string_of_css_ends_where_it_should() {
    assert_eq!(css_string("Hà 1"), "\"Hà\\20 1\"");
    assert_eq!(css_string("\"}</style>\\"), "\"\\22 \\7d \\3c \\2f style\\3e \\5c \"");
}
