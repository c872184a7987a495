//! How the pages lie: A4 with the margins of Decree 30/2020/NĐ-CP, on its side for a wide table.

use docx_rs::{PageMargin, PageOrientationType, PageSize, SectionProperty};

use crate::document::Block;

/// So many millimetres in twentieths of a point, as Word counts.
pub(super) const fn twips(mm: u16) -> u16 {
    ((mm as u32 * 14_400 + 127) / 254) as u16
}

/// How a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// As letters do.
    Upright,
    /// On its side.
    Lying,
}

impl Page {
    /// The page of a table that is wide or not.
    fn of(is_wide: bool) -> Self {
        if is_wide { Self::Lying } else { Self::Upright }
    }

    /// How wide its text is, in mm.
    pub(super) const fn width_mm(self) -> u16 {
        match self {
            Self::Upright => 160,
            Self::Lying => 257,
        }
    }

    /// How high a picture may be that shares it with its caption and a heading, in mm.
    pub(super) const fn picture_height_mm(self) -> u16 {
        match self {
            Self::Upright => 220,
            Self::Lying => 135,
        }
    }

    /// The properties of a section with pages that lie like this.
    pub(super) fn lay(self, section: SectionProperty) -> SectionProperty {
        let (width, height, left, orientation) = match self {
            Self::Upright => (210, 297, 30, PageOrientationType::Portrait),
            Self::Lying => (297, 210, 20, PageOrientationType::Landscape),
        };
        let margin = PageMargin::new()
            .top(twips(20).into())
            .bottom(twips(20).into())
            .left(twips(left).into())
            .right(twips(20).into())
            .header(twips(8).into())
            .footer(twips(8).into());
        section
            .page_size(PageSize::new().size(twips(width).into(), twips(height).into()))
            .page_orient(orientation)
            .page_margin(margin)
    }
}

/// The page of each block: of a wide table one on its side, and with it stand its headings and the remarks that follow it.
/// All else stands upright.
pub(super) fn pages(blocks: &[Block]) -> Vec<Page> {
    let mut pages = Vec::with_capacity(blocks.len());
    let mut before = Page::Upright;
    for block in blocks {
        before = match block {
            Block::Table(table) => Page::of(table.is_wide),
            Block::Note(_) => before,
            Block::Heading(..) | Block::Paragraph(_) | Block::Chart(_) => Page::Upright,
        };
        pages.push(before);
    }
    let mut after = Page::Upright;
    for (page, block) in pages.iter_mut().zip(blocks).rev() {
        if matches!(block, Block::Heading(..)) {
            *page = after;
        }
        after = *page;
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Level, Table};

    #[test]
    fn a_millimetre_is_what_word_has() {
        assert_eq!((twips(210), twips(297), twips(20), twips(30)), (11_906, 16_838, 1_134, 1_701));
        assert_eq!(u32::from(Page::Upright.width_mm()), 210 - 30 - 20);
        assert_eq!(u32::from(Page::Lying.width_mm()), 297 - 20 - 20);
    }

    #[test]
    fn a_wide_table_takes_its_headings_and_remarks_along() {
        // H a heading, P a paragraph, N a remark, W a wide table, T another one.
        let check = |blocks: &str, expected: &str| {
            let table = |is_wide| {
                let (id, caption) = ("t".to_owned(), "Bảng".to_owned());
                Block::Table(Table { id, caption, is_wide, columns: Vec::new(), rows: Vec::new(), notes: Vec::new() })
            };
            let block = |kind| match kind {
                'H' => Block::Heading(Level::Section, "I".to_owned()),
                'P' => Block::Paragraph("p".to_owned()),
                'N' => Block::Note("n".to_owned()),
                kind => table(kind == 'W'),
            };
            let blocks: Vec<Block> = blocks.chars().map(block).collect();
            let lie = |page: Page| if page == Page::Lying { '-' } else { '|' };
            assert_eq!(pages(&blocks).into_iter().map(lie).collect::<String>(), expected);
        };
        check("", "");
        check("HPT", "|||");
        check("HWW", "---");
        check("HHWNN", "-----");
        check("PHWHW", "|----");
        check("WNP", "--|");
        check("WHP", "-||");
        check("WHT", "-||");
        check("WH", "-|");
    }
}
