//! The query crate over real tables: views in `.slt` files, sessions, the HTTP face.

mod addresses;
mod fixture;
mod http;
mod kept;
mod nation;
mod readme;
mod scripts;
mod sessions;
