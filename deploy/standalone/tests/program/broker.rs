//! The embedded broker as a child process: it answers, it ends with its parent, it keeps what it has.

use std::process::{Child, Stdio};

use crate::harness::{folder, lantoa, until};
use lantoa::broker::child::EXIT_PORT_TAKEN;

/// The child as the parent starts it; ends when its standard input closes.
pub fn child(data: &std::path::Path, listen: &str) -> Child {
    let mut command = lantoa(data, &["broker", "--listen", listen, "--cluster-id", "c"]);
    command.current_dir(data).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// An address at which nobody listens.
pub fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn it_ends_when_its_input_closes() {
    let data = folder();
    let address = free_address();
    let mut child = child(data.path(), &address);
    until("the broker to listen", || std::net::TcpStream::connect(&address).ok());
    assert!(data.path().join("lantoa.db").exists(), "it keeps its data in its working directory");
    drop(child.stdin.take());
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn it_ends_on_sigterm() {
    let data = folder();
    let address = free_address();
    let mut child = child(data.path(), &address);
    until("the broker to listen", || std::net::TcpStream::connect(&address).ok());
    crate::harness::signal("TERM", child.id());
    assert_eq!(until("its end", || child.try_wait().unwrap()).code(), Some(0));
}

#[test]
fn a_taken_port_has_an_exit_code_of_its_own() {
    let data = folder();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = child(data.path(), &holder.local_addr().unwrap().to_string());
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(EXIT_PORT_TAKEN.into()));
}

#[test]
fn a_second_broker_waits_for_the_first() {
    let data = folder();
    let (first_address, second_address) = (free_address(), free_address());
    let mut first = child(data.path(), &first_address);
    until("the first to listen", || std::net::TcpStream::connect(&first_address).ok());
    let mut second = child(data.path(), &second_address);
    assert!(second.try_wait().unwrap().is_none());
    assert!(std::net::TcpStream::connect(&second_address).is_err());
    drop(first.stdin.take());
    until("the second to listen", || std::net::TcpStream::connect(&second_address).ok());
    assert!(first.wait().unwrap().success());
    drop(second.stdin.take());
    assert!(second.wait().unwrap().success());
}
