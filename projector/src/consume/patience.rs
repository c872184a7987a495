//! Whether to ask again for what the node that was asked does not know.
//!
//! In a Kafka of several nodes each knows the topics by what it has been told: one that ingest has just made is listed by
//! some nodes before others, and a partition whose node went has no leader until the others have agreed on one. In: the
//! answer, and how long it has been asked. Out: whether to ask again, for a bounded time.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// How long what one node knows may take to reach the others: well under a second where all is well, and as long as nodes
/// that start or lose their controller need to settle. The client has the same patience with topics that it reads.
const SPREADS_WITHIN: Duration = Duration::from_secs(30);

/// How soon to ask again. The client keeps what it was told of an unknown topic for a tenth of a second.
const AGAIN: Duration = Duration::from_millis(200);

/// Asks until there is an answer that time does not change, or the time is up. Blocks.
pub(super) fn patiently<T>(mut ask: impl FnMut() -> Result<T, KafkaError>) -> Result<T, KafkaError> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error) if asks_again(&error, begun.elapsed()) => {
                tracing::debug!(%error, "a topic is not known to the node that was asked; asking again");
                std::thread::sleep(AGAIN);
            }
            answered => return answered,
        }
    }
}

fn asks_again(error: &KafkaError, asked_for: Duration) -> bool {
    use RDKafkaErrorCode::{
        LeaderNotAvailable, NotLeaderForPartition, UnknownPartition, UnknownTopic, UnknownTopicOrPartition,
    };
    let may_come = matches!(
        error.rdkafka_error_code(),
        Some(UnknownTopicOrPartition | UnknownTopic | UnknownPartition | LeaderNotAvailable | NotLeaderForPartition)
    );
    may_come && asked_for < SPREADS_WITHIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_still_come_is_asked_for_again_and_not_for_ever() {
        use RDKafkaErrorCode::{
            LeaderNotAvailable, OperationTimedOut, TopicAuthorizationFailed, UnknownTopicOrPartition,
        };
        let (soon, late) = (Duration::from_secs(29), Duration::from_secs(30));
        for (code, asked_for, expected) in [
            (UnknownTopicOrPartition, Duration::ZERO, true),
            (UnknownTopicOrPartition, soon, true),
            (UnknownTopicOrPartition, late, false),
            (LeaderNotAvailable, soon, true),
            (LeaderNotAvailable, late, false),
            // A question has waited for its answer already; a refusal does not change by waiting.
            (OperationTimedOut, Duration::ZERO, false),
            (TopicAuthorizationFailed, Duration::ZERO, false),
        ] {
            let error = KafkaError::MetadataFetch(code);
            assert_eq!(asks_again(&error, asked_for), expected, "{code:?} after {asked_for:?}");
        }
    }

    #[test]
    fn an_answer_ends_the_asking() {
        let mut asked = 0;
        let answer = patiently(|| {
            asked += 1;
            if asked < 3 { Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownPartition)) } else { Ok(asked) }
        });
        assert_eq!(answer, Ok(3));
        let refused = patiently(|| Err::<(), _>(KafkaError::MetadataFetch(RDKafkaErrorCode::InvalidTopic)));
        assert_eq!(refused, Err(KafkaError::MetadataFetch(RDKafkaErrorCode::InvalidTopic)));
    }
}
