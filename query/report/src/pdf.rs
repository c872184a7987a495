//! Not there yet.

use crate::WriteError;
use crate::document::Document;
use crate::picture::Pictures;

pub(crate) fn write(_document: &Document, _pictures: &Pictures) -> Result<Vec<u8>, WriteError> {
    Ok(Vec::new())
}
