//! The contract that every other crate of Lantoa keeps to.
//!
//! In: nothing but data files that are compiled in. Out: event types, their wire schemas, topics and keys, table
//! schemas, the area history, the indicator catalogue, the nation's targets, the Learning Weeks and the SQL text of the
//! views. Everything here is a value or a plain function: no network, no files, no clock of its own, no async.
//!
//! In reading order: what is said (`vocabulary`, `wording`, `partial_date`, `percent`, `event`), how it travels (`stream`,
//! `avro`, and by which `connection`), how it is kept (`table`, `projection`), what becomes of it when others correct it
//! (`chain`), what says the same and what other figures of it (`natural_key`), what it is judged by (`area`, `catalogue`, `knowledge`, `reference_log`, `national`, `week`), who judges
//! it (`validate`), and who may say it (`grant`). `comments` says what it all is, in Vietnamese and English;
//! `sql` writes values into questions.

pub mod area;
pub mod avro;
pub mod catalogue;
pub mod chain;
pub mod clock;
pub mod comments;
pub mod connection;
pub mod event;
pub mod form;
pub mod grant;
pub mod knowledge;
pub mod national;
pub mod natural_key;
pub mod partial_date;
pub mod percent;
pub mod projection;
pub mod receipt;
pub mod reference_log;
pub mod reject;
pub mod sql;
pub mod stream;
pub mod table;
pub mod validate;
pub mod views;
pub mod vocabulary;
pub mod week;
pub mod wording;
