//! `GET /v1/receipts/{key}`: what became of what was sent.
//!
//! In: the key that the answer to it had. Out: the receipt, which says whether it is final (`committed`). Where there is
//! none it may be on its way, and the answer says after how long to ask again.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::{Extension, Json};

use super::Face;
use super::problem::Problem;
use crate::access::Asker;
use crate::receipt::find;

/// Answers a receipt.
pub(super) async fn receipt(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
    Path(key): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    face.open()?;
    let _token = face.answers.token();
    let receipt = find(&face.engine, &asker, &key).await?.ok_or_else(Problem::no_receipt)?;
    Ok(Json(receipt))
}
