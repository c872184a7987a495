//! On a storage that fails, comes late and keeps its answers to itself: what two write at once is there once.

use super::*;

/// How far the two write.
const END: i64 = 20;

/// Opens it as a start does that is tried again until the storage answers.
async fn open_spoilt(folder: &Path, seed: u64) -> StreamTable {
    for attempt in 0..1000 {
        let faults = Some(StorageFaults { seed: seed + attempt, per_mille: 30 });
        match StreamTable::open_on(folder, STREAM.table(), stream_table(STREAM), "event_id", faults).await {
            Ok(table) => return table,
            Err(_) => pause().await,
        }
    }
    panic!("it never opened");
}

async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

/// Writes offset after offset from where the table is, as `Projection` does: again after a loss or a failure with
/// nothing landed, anew after any other. Gives the number of failures.
async fn write_on(folder: &Path, seed: u64) -> u64 {
    let mut failures = 0;
    let mut table = open_spoilt(folder, seed).await;
    loop {
        let done = match table.stored(&life().app_id(AT)).await {
            Ok(stored) => {
                let from = stored.map_or(0, |next| next.0);
                if from >= END {
                    return failures;
                }
                table.append(&[rows(from, from + 1)], &entries(from + 1), None).await
            }
            Err(error) => Err(error),
        };
        let Err(error) = done else { continue };
        failures += 1;
        let again = error.can_be_tried_again();
        pause().await;
        if !again || table.reload().await.is_err() {
            table = open_spoilt(folder, seed + 1000 * failures).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let (left, right) = tokio::join!(write_on(folder.path(), 1), write_on(folder.path(), 500_000));
    assert!(left + right > 0, "nothing went wrong");
    let table = open(folder.path()).await;
    assert_eq!(table.stored(&life().app_id(AT)).await.unwrap(), Some(NextOffset(END)));
    assert_eq!(table.rows(), END as usize);
    assert_eq!(table.offsets(&life(), AT, 0, END).await.unwrap().len(), END as usize);
}
