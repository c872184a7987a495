//! The fonts that every picture and page is set in, and that are in the program.
//!
//! Tinos has the metrics of Times New Roman, which Decree 30/2020/NĐ-CP asks for, and all letters of Vietnamese. Its source
//! and licence are in `fonts/README.md`.

/// The family's name.
pub(crate) const FAMILY: &str = "Tinos";

/// Regular, bold, italic, bold italic.
pub(crate) const FACES: [&[u8]; 4] = [
    include_bytes!("../fonts/Tinos-Regular.ttf"),
    include_bytes!("../fonts/Tinos-Bold.ttf"),
    include_bytes!("../fonts/Tinos-Italic.ttf"),
    include_bytes!("../fonts/Tinos-BoldItalic.ttf"),
];

#[cfg(test)]
mod tests {
    use typst::foundations::Bytes;
    use typst::text::Font;

    use super::*;

    /// The twelve vowels without a tone and with each of the five.
    const VOWELS: &str = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵ";
    const CONSONANTS: &str = "bcdđghklmnpqrstvx";
    /// Letters of foreign names and units, digits, and what sentences, numbers and bounds are written with.
    const OTHERS: &str = "fjwz0123456789.,:;!?()[]/-–−+%‰≥≤“”\"'…·²°*&@#=<>";

    #[test]
    fn all_faces_have_all_letters_that_a_report_is_written_in() {
        assert_eq!(VOWELS.chars().count(), 72, "a letter is not composed");
        for (number, face) in FACES.into_iter().enumerate() {
            let font = Font::new(Bytes::new(face), 0).unwrap();
            assert_eq!(font.info().family, FAMILY, "face {number}");
            let letters = VOWELS.chars().chain(CONSONANTS.chars()).chain(OTHERS.chars());
            for letter in letters.flat_map(|letter| letter.to_uppercase().chain([letter])) {
                assert!(font.info().coverage.contains(u32::from(letter)), "face {number} has no {letter}");
            }
        }
    }
}
