//! Messages that nobody sends, 100,000 or as many as `LANTOA_MUTATED` says: no panic, no hang, and whoever comes after them is
//! answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const MESSAGES: usize = 100_000;
const A_CONNECTION: usize = 100;

static PANICS: AtomicUsize = AtomicUsize::new(0);

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// What clients say.
fn sound() -> Vec<Vec<u8>> {
    let query = |text: &str| message(b'Q', &[text.as_bytes(), b"\0"].concat());
    vec![
        query("SELECT 1"),
        query("BEGIN"),
        query("ROLLBACK"),
        query("SET application_name = 'x'"),
        query("SHOW DateStyle"),
        query("DECLARE c CURSOR WITH HOLD FOR SELECT 1"),
        query("FETCH ALL FROM c"),
        query("CLOSE ALL"),
        query("PREPARE q (int, text[]) AS SELECT $1, $2"),
        query("EXECUTE q (1, '{a,b}')"),
        query("DEALLOCATE q"),
        query("COPY (SELECT 'a', 2) TO STDOUT WITH (FORMAT csv, HEADER true)"),
        query("SELECT oid FROM pg_am WHERE amname LIKE 'h/%' ESCAPE '/'"),
        message(b'P', b"s\0SELECT $1, $2\0\0\x02\0\0\0\x17\0\0\x03\xf1"),
        message(b'B', b"p\0s\0\0\x02\0\x01\0\0\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x05{a,b}\0\x01\0\x01"),
        message(b'D', b"Ss\0"),
        message(b'D', b"Pp\0"),
        message(b'E', b"p\0\0\0\0\x01"),
        message(b'C', b"Ss\0"),
        message(b'H', b""),
        message(b'S', b""),
        message(b'F', b"\0\0\0\x01\0\0\0\0\0\0"),
        message(b'd', b"data"),
        message(b'f', b"failed\0"),
        message(b'p', b"SCRAM-SHA-256\0\0\0\0\x0bn,,n=,r=abc"),
    ]
}

fn spoilt(mut message: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    for _ in 0..=chance.below(3) {
        let at = chance.below(message.len());
        match chance.below(8) {
            0 | 1 => message[at] ^= 1 << chance.below(8),
            2 => message[at] = chance.below(256) as u8,
            3 => message.insert(at, chance.below(256) as u8),
            4 if message.len() > 6 => {
                message.remove(at);
            }
            // A length that fits, so that what follows is read.
            5 | 6 if message.len() > 5 => {
                let at = 5 + chance.below(message.len() - 5);
                message.insert(at.min(message.len()), chance.below(256) as u8);
                let length = (message.len() as u32 - 1).to_be_bytes();
                message[1..5].copy_from_slice(&length);
            }
            _ => message.extend_from_within(at..),
        }
    }
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_messages_end_their_own_connection_alone() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let ours = |file: &str| ["src/postgres", "/pgwire-", "/bytes-"].iter().any(|part| file.contains(part));
        if panic.location().is_some_and(|place| ours(place.file())) {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(panic);
    }));
    let folder = Folder::empty();
    let (_handle, address, _stop) = opened(&folder).await;
    let mut chance = Chance(2026);
    let sound = sound();
    let messages = std::env::var("LANTOA_MUTATED").map_or(MESSAGES, |told| told.parse().expect("a number of messages"));
    for connection in 0..messages / A_CONNECTION {
        let mut bytes = startup(b"user\0an\0application_name\0x\0");
        if connection % 10 == 0 {
            bytes = spoilt(bytes, &mut chance);
        }
        for _ in 0..A_CONNECTION {
            let message = sound[chance.below(sound.len())].clone();
            bytes.extend(if chance.below(4) == 0 { message } else { spoilt(message, &mut chance) });
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut answers, mut messages) = stream.into_split();
        let talk = async {
            let say = async {
                // The server may have gone by then.
                let _ = messages.write_all(&bytes).await;
                let _ = messages.shutdown().await;
            };
            let hear = async { answers.read_to_end(&mut Vec::new()).await };
            let _ = tokio::join!(say, hear);
        };
        timeout(DEADLINE, talk).await.unwrap_or_else(|_| panic!("connection {connection} hangs"));
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    let (mut client, _) = Client::connect(address).await;
    assert_eq!(rows(&client.ask("SELECT 'still here'").await), [[Some("still here".to_owned())]]);
}
