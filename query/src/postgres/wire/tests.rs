use bytes::Bytes;
use pgwire::messages::PgWireFrontendMessage as Said;
use pgwire::messages::extendedquery::{self, Bind, Describe, Execute, Parse};
use pgwire::messages::simplequery::Query;

use super::*;

async fn read(bytes: &[u8], most: usize) -> Result<Message, ReadError> {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    client.write_all(bytes).await.unwrap();
    drop(client);
    Wire::new(server, most).read().await
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    put(&mut out, kind, |out| out.put_slice(body));
    out.to_vec()
}

#[tokio::test]
async fn messages_are_read_whole() {
    let bind = [b"p\0s\0".as_slice(), &[0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255, 0, 0]].concat();
    let values = vec![Some(Bytes::from_static(&[7])), None];
    let name = |name: &str| Some(name.to_owned());
    for (bytes, expected) in [
        (message(b'Q', b"select 1\0"), Said::Query(Query::new("select 1".into()))),
        (
            message(b'P', b"a\0select $1\0\0\x01\0\0\0\x17"),
            Said::Parse(Parse::new(name("a"), "select $1".into(), vec![23])),
        ),
        (message(b'B', &bind), Said::Bind(Bind::new(name("p"), name("s"), vec![1], values, Vec::new()))),
        (message(b'D', b"Sx\0"), Said::Describe(Describe::new(b'S', name("x")))),
        (message(b'E', b"\0\0\0\0\x05"), Said::Execute(Execute::new(None, 5))),
        (message(b'S', b""), Said::Sync(extendedquery::Sync::new())),
    ] {
        // What follows is another message.
        let found = read(&[bytes, message(b'H', b"")].concat(), 1 << 10).await.unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", Message::Known(expected)));
    }
    assert!(matches!(read(&message(b'F', b"anything"), 1 << 10).await, Ok(Message::FunctionCall)));
}

#[tokio::test]
async fn what_is_no_message_is_refused_without_taking_memory() {
    for (bytes, framed) in [
        (message(b'Q', b"no end"), true),
        (message(b'Q', b"\xff\xfe\0"), true),
        (message(b'D', b"Zx\0"), true),
        (message(b'S', b"more"), true),
        // A count of values that are not there.
        (message(b'B', b"\0\0\0\0\xff\xff"), true),
        (b"Q\x7f\xff\xff\xff".to_vec(), false),
        (b"Q\0\0\0\x03".to_vec(), false),
        (b"Q\xff\xff\xff\xff".to_vec(), false),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), false),
    ] {
        match read(&bytes, 1 << 10).await {
            Err(ReadError::Wrong { framed: found, .. }) => assert_eq!(found, framed, "{bytes:?}"),
            other => panic!("{bytes:?}: {other:?}"),
        }
    }
    assert!(matches!(read(b"Q\0\0", 1 << 10).await, Err(ReadError::Gone(_))));
    let long_name = message(b'D', &[b"S".as_slice(), &[b'x'; 10_000], b"\0"].concat());
    assert!(matches!(read(&long_name, 1 << 14).await, Err(ReadError::Wrong { framed: true, .. })));
}

#[tokio::test]
async fn whoever_is_sent_away_hears_it_and_holds_nothing_up() {
    let (mut client, server) = tokio::io::duplex(16);
    let mut wire = Wire::new(server, 100);
    put(&mut wire.output, b'E', |out| out.put_slice(b"sent away"));
    let hear = async {
        // Said while nobody reads any more.
        client.write_all(b"more of it").await.unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        drop(client);
        heard
    };
    let (heard, ()) = tokio::join!(hear, wire.close());
    assert!(heard.ends_with(b"sent away"));

    let (_silent, server) = tokio::io::duplex(1);
    let mut wire = Wire::new(server, 100);
    put(&mut wire.output, b'E', |out| out.put_slice(b"sent away"));
    tokio::time::timeout(10 * FAREWELL_WITHIN, wire.close()).await.expect("a farewell has an end");
}
