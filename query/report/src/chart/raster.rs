//! An SVG as points.
//!
//! In: an SVG whose words are in the report's font, and its size in print. Out: a PNG. Guarantee: no font of the machine
//! is asked, so that every machine gives the same letters.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::canvas::unfit;
use crate::WriteError;
use crate::font::{FACES, FAMILY};
use crate::picture::DOTS_PER_MM;

/// Paints an SVG on white, at [`DOTS_PER_MM`].
pub(super) fn png(svg: &str, width_mm: u32, height_mm: u32) -> Result<Vec<u8>, WriteError> {
    let options = Options { fontdb: fonts(), font_family: FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(unfit)?;
    let (width, height) = (dots(width_mm), dots(height_mm));
    let no_size = || WriteError::Picture(format!("no picture is {width} dots wide and {height} high"));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(no_size)?;
    pixmap.fill(Color::WHITE);
    let size = tree.size();
    let scale = Transform::from_scale(width as f32 / size.width(), height as f32 / size.height());
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(unfit)
}

/// How many points are so many mm.
pub(super) fn dots(mm: u32) -> u32 {
    (f64::from(mm) * DOTS_PER_MM).round() as u32
}

fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        for face in FACES {
            fonts.load_font_source(fontdb::Source::Binary(Arc::new(face)));
        }
        Arc::new(fonts)
    });
    Arc::clone(fonts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sheet of 20 mm by 10 mm with a word in a font.
    fn with_word(word: &str, family: &str) -> Vec<u8> {
        let svg = format!(
            "<svg width=\"20mm\" height=\"10mm\" viewBox=\"0 0 200 100\" xmlns=\"http://www.w3.org/2000/svg\">\
             <text x=\"10\" y=\"60\" font-family=\"{family}\" font-size=\"40\">{word}</text></svg>"
        );
        png(&svg, 20, 10).unwrap()
    }

    #[test]
    fn words_are_painted_in_the_font_of_the_report_and_in_no_other() {
        let empty = with_word("", FAMILY);
        assert_ne!(with_word("Đắk", FAMILY), empty);
        assert_ne!(with_word("Đắk", FAMILY), with_word("Đăk", FAMILY));
        assert_eq!(with_word("Đắk", "DejaVu Sans"), empty, "a font of the machine was found");
    }
}
