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
