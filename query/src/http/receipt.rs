//! `GET /v1/receipts/{key}`: what became of what was sent.
//!
//! In: the key that the answer to it had. Out: the receipt, which says whether it is final (`committed`). Where there is
//! none it may be on its way, and the answer says after how long to ask again.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::{Extension, Json};

use super::Face;
use super::describe::{Refused, WhoAsks};
use super::problem::{Document, PROBLEM, Problem};
use crate::access::Asker;
use crate::receipt::{Receipt, find};

/// What became of what was sent
///
/// The receipt of a file or of a request to POST /v1/events or /v1/files, by the key that the answer had. Once committed is
/// true, the four numbers of rows add up to sent and change no more. Where the same content was sent several times under
/// one key, the first sending counts, and sent_again says how often it came since.
#[utoipa::path(
    get,
    path = "/v1/receipts/{key}",
    operation_id = "getReceipt",
    tag = "query",
    params(("key" = String, Path, description = "Key of the receipt.", example = "6f0d1d9e-6a53-5b0c-8a3e-2d9c2f4b7a10")),
    responses(
        (status = 200, description = "The receipt.", body = Receipt),
        WhoAsks,
        (
            status = 403,
            description = "Whoever asks sees what is released, and nothing else.",
            body = Document,
            content_type = PROBLEM,
        ),
        (
            status = 404,
            description = "The receipt is unknown, or not committed yet.",
            body = Document,
            content_type = PROBLEM,
            headers(("Retry-After" = u32, description = "After how many seconds to ask again.")),
        ),
        (
            status = 422,
            description = "The answer is larger, or takes longer, than whoever asks may have.",
            body = Document,
            content_type = PROBLEM,
        ),
        Refused,
    ),
    security(("password" = []), ()),
)]
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
