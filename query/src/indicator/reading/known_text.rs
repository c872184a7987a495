//! Texts of a column, each read once however many rows have it.
//!
//! In: a column of texts and what a text means. Out: the meaning of a row's text. Guarantee: the same as reading the text
//! of each row.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array, StringViewArray};

/// Texts up to this length lie in their view whole, so that the view is the text.
pub(super) const IN_VIEW: usize = 12;

/// A map whose keys come by the million and are no secret.
pub(super) type Quick<K, V> = HashMap<K, V, BuildHasherDefault<Fold>>;

/// What the texts of a column mean, as far as they have been met.
pub(super) struct KnownTexts<T> {
    /// The short text that was met last: rows beside each other are alike.
    last: Option<(u128, T)>,
    short: Quick<u128, T>,
    long: Quick<Box<str>, T>,
}

impl<T> Default for KnownTexts<T> {
    fn default() -> Self {
        Self { last: None, short: Quick::default(), long: Quick::default() }
    }
}

impl<T: Clone> KnownTexts<T> {
    /// What the text of a row means; `None` where there is none.
    pub(super) fn of(&mut self, column: &StringViewArray, row: usize, read: impl FnOnce(&str) -> T) -> Option<T> {
        if column.is_null(row) {
            return None;
        }
        let view = column.views()[row];
        if let Some((last, known)) = &self.last
            && *last == view
        {
            return Some(known.clone());
        }
        let text = column.value(row);
        if text.len() <= IN_VIEW {
            let known = self.short.entry(view).or_insert_with(|| read(text)).clone();
            self.last = Some((view, known.clone()));
            return Some(known);
        }
        if let Some(known) = self.long.get(text) {
            return Some(known.clone());
        }
        let known = read(text);
        self.long.insert(text.into(), known.clone());
        Some(known)
    }
}

/// A hasher that folds numbers together: several times as fast as the one that guards against chosen keys.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fold(u64);

impl Fold {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

    fn fold(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(Self::ODD);
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut number = [0; 8];
            number[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(number));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.fold(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.fold(u64::from(number));
    }

    fn write_i32(&mut self, number: i32) {
        self.fold(u64::from(number as u32));
    }

    fn write_u128(&mut self, number: u128) {
        self.fold(number as u64);
        self.fold((number >> 64) as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.fold(number as u64);
    }

    fn finish(&self) -> u64 {
        // Maps look at the highest and the lowest bits.
        (self.0 ^ (self.0 >> 32)).wrapping_mul(Self::ODD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_read_once_and_every_row_is_answered() {
        let texts = [Some("all"), Some("learning_community"), None, Some("all"), Some("learning_community"), Some("")];
        let column: StringViewArray = texts.into_iter().collect();
        let mut known = KnownTexts::default();
        let mut reads = 0;
        let read: Vec<Option<String>> = (0..texts.len())
            .map(|row| {
                known.of(&column, row, |text| {
                    reads += 1;
                    text.to_owned()
                })
            })
            .collect();
        assert_eq!(read.iter().map(Option::as_deref).collect::<Vec<_>>(), texts);
        assert_eq!(reads, 3);
        // Another batch has other buffers, and the texts stay known.
        let again: StringViewArray = [Some("learning_community")].into_iter().collect();
        assert_eq!(known.of(&again, 0, |_| unreachable!("it is known")), Some("learning_community".to_owned()));
    }
}
