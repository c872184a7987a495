//! `lantoa user`: who may ask.
//!
//! In: what to do, and passwords from the terminal or a file. Out: the changed file of users; names on standard output.
//! Guarantee: a password is never shown, printed or kept; nothing is changed where anything is wrong.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use console::Term;
use lantoa_query::access::{PasswordError, User, Users, UsersError, Verifier};

use crate::cli::{UserAction, UserArgs};
use crate::data_dir::DataDir;
use crate::run::Outcome;

/// Why the users are not changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The file of users, or what is to be changed in it.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The file of the password.
    #[error("no password in {}; see that it is there, readable and UTF-8", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is nobody to ask.
    #[error("there is no terminal to ask for the password; put it into a file and name that with --password-file")]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal does not give a password")]
    Terminal(#[source] std::io::Error),
    /// The second time it was another one.
    #[error("the two passwords are not the same; nothing was changed, try again")]
    Differ,
}

/// Does it.
///
/// # Errors
/// Any [`UserError`].
pub fn user(data: &DataDir, arguments: UserArgs) -> Result<Outcome, UserError> {
    let users = Users::open(data.users())?;
    match arguments.action {
        UserAction::Add { name, role, area, password_file } => {
            let alone = !users.any();
            if users.asker(&name).is_some() {
                return Err(UsersError::Taken { name }.into());
            }
            let verifier = Verifier::of(&password(&name, password_file.as_deref())?)?;
            users.add(&name, User { role, area, verifier })?;
            if alone {
                eprintln!("note: from now on everybody logs in, at this machine too; `lantoa sql` here needs no login");
            }
        }
        UserAction::List => print(&users.list()),
        UserAction::Passwd { name, password_file } => {
            if users.asker(&name).is_none() {
                return Err(UsersError::Nobody { name }.into());
            }
            let verifier = Verifier::of(&password(&name, password_file.as_deref())?)?;
            users.set_verifier(&name, verifier)?;
        }
        UserAction::Remove { name } => {
            if users.remove(&name)? == 0 {
                eprintln!("note: no user is left; whoever sits at this machine may ask everything again");
            }
        }
    }
    Ok(Outcome::Done)
}

fn print(users: &[(String, User)]) {
    let mut out = std::io::stdout().lock();
    let longest = users.iter().map(|(name, _)| name.len()).max().unwrap_or_default().max("name".len());
    let _ = writeln!(out, "{:<longest$}  {:<8}  area", "name", "role");
    for (name, user) in users {
        let area = user.area.as_deref().unwrap_or("all");
        let _ = writeln!(out, "{name:<longest$}  {:<8}  {area}", user.role.as_str());
    }
}

fn password(name: &str, file: Option<&Path>) -> Result<String, UserError> {
    match file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| UserError::PasswordFile { path: path.to_owned(), source })?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => from_terminal(name),
    }
}

fn from_terminal(name: &str) -> Result<String, UserError> {
    let terminal = Term::stderr();
    if !terminal.is_term() || !std::io::stdin().is_terminal() {
        return Err(UserError::NoTerminal);
    }
    let ask =
        |words: &str| terminal.write_str(words).and_then(|()| terminal.read_secure_line()).map_err(UserError::Terminal);
    let password = ask(&format!("password of {name}: "))?;
    // What is too short is said before it is typed again.
    Verifier::of(&password)?;
    match ask("the same again: ")? == password {
        true => Ok(password),
        false => Err(UserError::Differ),
    }
}
