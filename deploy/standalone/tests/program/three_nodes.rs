//! Each of the three nodes of a Kafka is killed in mid-flow: what was acknowledged is in the ledger once, and `verify`
//! proves it. Run by hand (see `deploy/kafka-dev/README.md`): it kills nodes, and takes the topics `lantoa.*` of these.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::flow::{http_of, ledger, ndjson, once_each, post};
use crate::harness::{DEADLINE, Program, folder, run_to, signal, until};
use crate::log::Log;

/// Events of a request.
const AT_ONCE: u64 = 50;

/// Events that have to get through before a node is killed, and again while it is away.
const BETWEEN: u64 = 20 * AT_ONCE;

/// Ends the sending, also where a test breaks off.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
#[ignore = "needs the three nodes of a kafka-dev, and kills them one by one"]
fn each_of_three_nodes_may_go_in_mid_flow() {
    let (log, nodes) = Log::of_nodes();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    let http = http_of(&program.ready());
    let (sent, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let first = sent.load(Ordering::SeqCst);
                send(&http, first);
                sent.store(first + AT_ONCE, Ordering::SeqCst);
            }
        });
        let flows = |what: &str| {
            let before = sent.load(Ordering::SeqCst);
            until(what, || (sent.load(Ordering::SeqCst) >= before + BETWEEN).then_some(()));
        };
        for node in 1..=3 {
            flows("events on three nodes");
            let pid = std::fs::read_to_string(nodes.join(format!("node-{node}/pid"))).unwrap();
            signal("KILL", pid.trim().parse().unwrap());
            flows("events on two nodes");
            start(&nodes);
        }
    });
    let expected = once_each(0..sent.load(Ordering::SeqCst));
    until("all events, each once", || (ledger(data.path()) == expected).then_some(()));
    run_to(0, data.path(), &["verify"]);
    program.stop();
}

/// Sends events until they are acknowledged. Their ids are the same each time.
fn send(http: &str, first: u64) {
    let begun = Instant::now();
    loop {
        let answer = post(http, "/v1/events", "application/x-ndjson", ndjson(first..first + AT_ONCE));
        match answer.map(|answer| answer.status) {
            Some(202) => return,
            status => assert!(begun.elapsed() < DEADLINE, "not acknowledged, last {status:?}"),
        }
    }
}

/// Starts the nodes that do not run.
fn start(nodes: &Path) {
    let kafka_dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kafka-dev/kafka-dev");
    let started = Command::new(kafka_dev).arg("start").arg(nodes).stdout(Stdio::null()).status().unwrap();
    assert!(started.success());
}
