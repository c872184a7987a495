//! Transactions in a world in which nothing changes: where a connection stands, and what ends with it.
//!
//! In: BEGIN, COMMIT and the like, and failures. Out: the standing that clients are told, and the settings that were only
//! for the transaction. Each statement sees the newest facts, in a transaction too.

use pgwire::messages::response::TransactionStatus;

use super::refusal::{Refusal, state};

/// Most savepoints at once.
const MOST_SAVEPOINTS: usize = 1000;

/// Where a connection stands.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    open: bool,
    failed: bool,
    savepoints: Vec<String>,
    /// Settings by `SET LOCAL`, with what they were before, `None` for the value at first.
    pub(super) restore: Vec<(String, Option<String>)>,
}

impl Transaction {
    pub(super) fn standing(&self) -> TransactionStatus {
        match (self.open, self.failed) {
            (false, _) => TransactionStatus::Idle,
            (true, false) => TransactionStatus::Transaction,
            (true, true) => TransactionStatus::Error,
        }
    }

    /// A statement failed.
    pub(super) fn fail(&mut self) {
        self.failed = self.open;
    }

    /// Begins; false where one is open already.
    pub(super) fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.open, true)
    }

    /// Ends; what was open, and the settings to restore.
    pub(super) fn end(&mut self) -> (TransactionStatus, Vec<(String, Option<String>)>) {
        let ended = std::mem::take(self);
        (ended.standing(), ended.restore)
    }

    fn in_one(&self, word: &str) -> Result<(), Refusal> {
        match self.open {
            true => Ok(()),
            false => Err(Refusal::new(state::NO_TRANSACTION, format!("{word} has a meaning in transactions alone"))
                .hint("BEGIN starts one")),
        }
    }

    pub(super) fn savepoint(&mut self, name: &str) -> Result<(), Refusal> {
        self.in_one("SAVEPOINT")?;
        if self.savepoints.len() >= MOST_SAVEPOINTS {
            return Err(Refusal::new(state::LIMIT, format!("a transaction has at most {MOST_SAVEPOINTS} savepoints")));
        }
        self.savepoints.push(name.to_owned());
        Ok(())
    }

    fn find(&self, word: &str, name: &str) -> Result<usize, Refusal> {
        self.in_one(word)?;
        let found = self.savepoints.iter().rposition(|known| known == name);
        found.ok_or_else(|| Refusal::new(state::NO_SAVEPOINT, format!("there is no savepoint {name}")))
    }

    pub(super) fn release(&mut self, name: &str) -> Result<(), Refusal> {
        let at = self.find("RELEASE", name)?;
        self.savepoints.truncate(at);
        Ok(())
    }

    pub(super) fn roll_back_to(&mut self, name: &str) -> Result<(), Refusal> {
        let at = self.find("ROLLBACK TO", name)?;
        self.savepoints.truncate(at + 1);
        self.failed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_transaction_goes_on_from_a_savepoint_alone() {
        let mut transaction = Transaction::default();
        transaction.fail();
        assert_eq!(transaction.standing(), TransactionStatus::Idle, "a failure outside ends nothing");
        assert!(transaction.savepoint("a").is_err());
        assert!(transaction.begin() && !transaction.begin());
        transaction.savepoint("a").unwrap();
        transaction.savepoint("b").unwrap();
        transaction.fail();
        assert_eq!(transaction.standing(), TransactionStatus::Error);
        transaction.roll_back_to("a").unwrap();
        assert_eq!(transaction.standing(), TransactionStatus::Transaction);
        assert!(transaction.release("b").is_err(), "it went with what came before it");
        transaction.release("a").unwrap();
        assert!(transaction.roll_back_to("a").is_err());
        assert_eq!(transaction.end().0, TransactionStatus::Transaction);
        assert_eq!(transaction.standing(), TransactionStatus::Idle);
    }
}
