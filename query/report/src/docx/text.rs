//! Words as paragraphs. How a paragraph looks is said by its style alone; the styles are in `styles.xml`.

use std::borrow::Cow;

use docx_rs::{BreakType, Paragraph, Run};

/// An empty paragraph of a style.
pub(super) fn styled(style: &str) -> Paragraph {
    Paragraph::new().style(style)
}

/// A paragraph of a style.
pub(super) fn paragraph(style: &str, text: &str) -> Paragraph {
    if text.is_empty() { styled(style) } else { styled(style).add_run(run(text)) }
}

/// A text, its line feeds as breaks of the line: docx-rs would leave them out.
pub(super) fn run(text: &str) -> Run {
    let mut run = Run::new();
    for (place, line) in text.split('\n').enumerate() {
        if place > 0 {
            run = run.add_break(BreakType::TextWrapping);
        }
        run = run.add_text(allowed(line));
    }
    run
}

/// A text with a space for each character that XML cannot carry: one of them would make the whole file unreadable.
pub(super) fn allowed(text: &str) -> Cow<'_, str> {
    let is_forbidden = |letter: char| letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}');
    if text.contains(is_forbidden) { text.replace(is_forbidden, " ").into() } else { text.into() }
}
