//! Not there yet.

use crate::WriteError;
use crate::document::Chart;
use crate::language::Language;
use crate::picture::Picture;

pub(crate) fn draw(_chart: &Chart, _language: Language) -> Result<Picture, WriteError> {
    Err(WriteError::Picture("not there yet".to_owned()))
}
