//! The query crate over real tables: views in `.slt` files, sessions, the HTTP face.

mod fixture;
mod http;
mod kept;
mod narrowed;
mod nation;
mod scripts;
mod sessions;
