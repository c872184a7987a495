//! The query crate over real tables: views in `.slt` files, sessions, rights, limits, releases, the HTTP and the Postgres face.

mod addresses;
mod asked;
mod fixture;
mod hostile;
mod http;
mod kept;
mod limits;
mod narrowed;
mod nation;
mod postgres;
mod readme;
mod receipts;
mod releases;
mod rights;
mod schedule;
mod scripts;
mod sessions;
