//! The report as one HTML file.
//!
//! In: a document and its pictures. Out: the file, with its styles, its letters and its charts. Guarantee: it needs neither
//! the internet nor scripts, and loads nothing; all that comes from outside is escaped; every number is there as it is
//! printed and, for machines, in plain digits; printed, it has the margins that Decree 30/2020/NĐ-CP asks for.
//!
//! In reading order: the document (this file), a table (`table`), a chart (`chart`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::WriteError;
use crate::document::{Annex, Block, Closing, Document, Letterhead, Level};
use crate::font::FAMILY;
use crate::language::Language;
use crate::picture::Pictures;

mod chart;
mod table;

const STYLE: &str = include_str!("html/report.css");
/// Weight, slant and letters of the faces that the styles use.
const FACES: [(u16, &str, &[u8]); 3] = [
    (400, "normal", include_bytes!("../fonts/Tinos-Regular.woff2")),
    (700, "normal", include_bytes!("../fonts/Tinos-Bold.woff2")),
    (400, "italic", include_bytes!("../fonts/Tinos-Italic.woff2")),
];
/// What browsers are told to load: nothing but the letters that are in the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; font-src data:";

pub(crate) fn write(document: &Document, pictures: &Pictures) -> Result<Vec<u8>, WriteError> {
    let text = blocks(&document.blocks, Place { annex: None, language: document.language }, pictures)?;
    let annexes = document.annexes.iter().zip(1..).map(|(annex, number)| {
        let place = Place { annex: Some(number), language: document.language };
        Ok(annexed(annex, number, &blocks(&annex.blocks, place, pictures)?))
    });
    let annexes = annexes.collect::<Result<Vec<_>, WriteError>>()?;
    let page = html! {
        (DOCTYPE)
        html lang=(document.language.code()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (document.kind) " – " (document.subject) }
                style { (PreEscaped(styles(document))) }
            }
            body {
                @if let Some(warning) = &document.warning { p.warning role="note" { (warning) } }
                (letterhead(&document.letterhead))
                main {
                    h1 { span { (document.kind) } " " span { (document.subject) } }
                    p.origin { (document.origin) }
                    (contents(document))
                    (text)
                    (closing(&document.closing))
                    @for annex in &annexes { (annex) }
                }
                footer.origin { p { (document.origin) } }
            }
        }
    };
    Ok(page.into_string().into_bytes())
}

/// The styles, the letters among them, and what the report rests on for the foot of every printed page.
fn styles(document: &Document) -> String {
    let faces = FACES.map(|(weight, slant, letters)| {
        let letters = STANDARD.encode(letters);
        format!(
            "@font-face {{ font-family: {FAMILY}; font-weight: {weight}; font-style: {slant}; \
             src: url(data:font/woff2;base64,{letters}) format(\"woff2\"); }}\n"
        )
    });
    let origin = css_string(&document.origin);
    let foot = format!("@page {{ @bottom-center {{ content: {origin}; font: italic 9pt {FAMILY}, serif; }} }}\n");
    format!("{}{STYLE}{foot}", faces.concat())
}

/// A text as a string of CSS, in which no letter can end the string, or the element around it.
fn css_string(text: &str) -> String {
    let letters = text.chars().map(|letter| match letter {
        letter if letter.is_alphanumeric() => letter.to_string(),
        other => format!("\\{:x} ", u32::from(other)),
    });
    format!("\"{}\"", letters.collect::<String>())
}

fn letterhead(letterhead: &Letterhead) -> Markup {
    html! {
        header.letterhead {
            div {
                @if let Some(superior) = &letterhead.superior { p { (superior) } }
                p.issuer { (letterhead.issuer) }
                p.number { (letterhead.number) }
            }
            div {
                p.nation { (letterhead.nation) }
                p.motto { (letterhead.motto) }
                p.day { (letterhead.place_and_day) }
            }
        }
    }
}

/// Links to all sections and annexes.
fn contents(document: &Document) -> Markup {
    let sections = document.blocks.iter().enumerate().filter_map(|(at, block)| match block {
        Block::Heading(Level::Section, text) => Some((section_id(None, at), text.clone())),
        _ => None,
    });
    let annexes = document.annexes.iter().zip(1..);
    let annexes = annexes.map(|(annex, number)| (annex_id(number), format!("{}. {}", annex.number, annex.title)));
    html! {
        nav aria-labelledby="contents" {
            h2 id="contents" { (document.language.of("Mục lục", "Contents")) }
            ol { @for (id, text) in sections.chain(annexes) { li { a href={ "#" (id) } { (text) } } } }
        }
    }
}

/// Where blocks stand.
#[derive(Clone, Copy)]
struct Place {
    /// The number of the annex, from 1; `None` in the text.
    annex: Option<usize>,
    language: Language,
}

fn section_id(annex: Option<usize>, at: usize) -> String {
    match annex {
        Some(annex) => format!("{}-section-{at}", annex_id(annex)),
        None => format!("section-{at}"),
    }
}

fn annex_id(number: usize) -> String {
    format!("annex-{number}")
}

fn blocks(blocks: &[Block], place: Place, pictures: &Pictures) -> Result<Markup, WriteError> {
    let blocks = blocks.iter().enumerate().map(|(at, block)| {
        Ok(match block {
            Block::Heading(level, text) => heading(*level, text, place.annex, at),
            Block::Paragraph(text) => html! { p { (text) } },
            Block::Note(text) => html! { p.note { (text) } },
            Block::Table(table) => table::table(table, place.language),
            Block::Chart(chart) => chart::chart(chart, pictures.picture(chart)?),
        })
    });
    let blocks = blocks.collect::<Result<Vec<Markup>, WriteError>>()?;
    Ok(html! { @for block in &blocks { (block) } })
}

/// A heading; in an annex one step below the annex's own.
fn heading(level: Level, text: &str, annex: Option<usize>, at: usize) -> Markup {
    let id = section_id(annex, at);
    match (level, annex) {
        (Level::Section, None) => html! { h2 id=(id) { (text) } },
        (Level::Section, Some(_)) => html! { h3 id=(id) { (text) } },
        (Level::Part, None) => html! { h3 { (text) } },
        (Level::Part, Some(_)) => html! { h4 { (text) } },
    }
}

fn closing(closing: &Closing) -> Markup {
    html! {
        div.closing {
            div.recipients {
                p.to { (closing.recipients_heading) }
                ul { @for recipient in &closing.recipients { li { (recipient) } } }
            }
            div.signature {
                @for line in &closing.authority { p.authority { (line) } }
                p.sign { (closing.sign_here) }
            }
        }
    }
}

fn annexed(annex: &Annex, number: usize, text: &Markup) -> Markup {
    let id = annex_id(number);
    let title = format!("{id}-title");
    html! {
        section.annex id=(id) aria-labelledby=(title) {
            h2 id=(title) { span { (annex.number) } " " span { (annex.title) } }
            (text)
        }
    }
}

#[cfg(test)]
mod tests;
