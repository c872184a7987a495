//! The Postgres face over its wire: what clients send, answered as Postgres would, and whatever else somebody sends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lantoa_query::{Config, Handle};
use lantoa_schemas::clock::FixedClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fixture::Folder;

mod cursors;
mod mutated;
mod prepared;

/// Longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

async fn opened(folder: &Folder) -> (Handle, SocketAddr, CancellationToken) {
    opened_with(Config::over(folder.path())).await
}

async fn opened_with(config: Config) -> (Handle, SocketAddr, CancellationToken) {
    let clock = Arc::new(FixedClock("2026-02-01T03:00:00Z".parse().unwrap()));
    let stop = CancellationToken::new();
    let handle = lantoa_query::start(config, clock, stop.clone()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = handle.open_postgres(listener).unwrap();
    (handle, address, stop)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], (body.len() as u32 + 4).to_be_bytes().as_slice(), body].concat()
}

fn startup(options: &[u8]) -> Vec<u8> {
    let body = [&196_608_u32.to_be_bytes(), options, b"\0"].concat();
    [(body.len() as u32 + 4).to_be_bytes().as_slice(), &body].concat()
}

/// A client that knows nothing but messages.
struct Client(TcpStream);

/// What came: the kind of a message and its body.
type Heard = Vec<(u8, Vec<u8>)>;

impl Client {
    async fn connect(address: SocketAddr) -> (Self, Heard) {
        let mut client = Self(TcpStream::connect(address).await.unwrap());
        let heard = client.send(&startup(b"user\0an\0")).await;
        (client, heard)
    }

    /// Sends bytes and reads up to the word that the next statement is awaited, or to the end.
    async fn send(&mut self, bytes: &[u8]) -> Heard {
        self.0.write_all(bytes).await.unwrap();
        self.hear().await
    }

    async fn hear(&mut self) -> Heard {
        let mut heard = Heard::new();
        while heard.last().is_none_or(|(kind, _)| *kind != b'Z') {
            let mut head = [0; 5];
            match timeout(DEADLINE, self.0.read_exact(&mut head)).await.expect("an answer in time") {
                Ok(_) => {}
                Err(_) => break,
            }
            let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
            let mut body = vec![0; length - 4];
            self.0.read_exact(&mut body).await.unwrap();
            heard.push((head[0], body));
        }
        heard
    }

    async fn ask(&mut self, text: &str) -> Heard {
        self.send(&message(b'Q', &[text.as_bytes(), b"\0"].concat())).await
    }
}

fn kinds(heard: &Heard) -> String {
    heard.iter().map(|(kind, _)| char::from(*kind)).collect()
}

/// The fields of each row, as text.
fn rows(heard: &Heard) -> Vec<Vec<Option<String>>> {
    let of = |body: &[u8]| {
        let mut rest = &body[2..];
        let mut fields = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = i32::from_be_bytes(*length);
            let (value, after) = after.split_at(usize::try_from(length).unwrap_or(0));
            fields.push((length >= 0).then(|| String::from_utf8_lossy(value).into_owned()));
            rest = after;
        }
        fields
    };
    heard.iter().filter(|(kind, _)| *kind == b'D').map(|(_, body)| of(body)).collect()
}

/// A field of the first error.
fn error(heard: &Heard, field: u8) -> Option<String> {
    let (_, body) = heard.iter().find(|(kind, _)| *kind == b'E')?;
    let found = body.split(|byte| *byte == 0).find(|part| part.first() == Some(&field))?;
    Some(String::from_utf8_lossy(&found[1..]).into_owned())
}

#[tokio::test]
async fn questions_are_answered_as_over_http() {
    let folder = Folder::with_articles().await;
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, greeting) = Client::connect(address).await;
    assert!(kinds(&greeting).starts_with('R') && kinds(&greeting).ends_with("KZ"), "{}", kinds(&greeting));

    let heard = client.ask("SELECT count(*) AS n FROM statement; SET lantoa.stated_by = '2018-12-31'").await;
    assert_eq!((kinds(&heard).as_str(), rows(&heard)), ("TDCCZ", vec![vec![Some("82".into())]]));
    let heard = client.ask("SELECT count(*) AS n FROM statement").await;
    assert_eq!(rows(&heard), [[Some("7".to_owned())]]);
    let heard = client.ask("SHOW lantoa.stated_by").await;
    assert_eq!(rows(&heard), [[Some("2018-12-31".to_owned())]]);
    client.ask("RESET lantoa.stated_by").await;

    for (text, state, hint) in [
        ("SELECT * FROM indicater", "42P01", Some("indicator")),
        ("SELECT yeer FROM indicator", "42703", Some("year")),
        ("SELECT , FROM area", "42601", None),
        ("DROP TABLE area", "25006", None),
        ("COPY area FROM STDIN", "25006", None),
        ("SET datafusion.execution.batch_size = 1", "22023", None),
        ("SET nothing_known = 1", "42704", Some("lantoa.map")),
        ("FETCH 1 FROM nothing", "34000", None),
        ("DEALLOCATE nothing", "26000", None),
        ("SELECT 1 / 0", "22012", None),
    ] {
        let heard = client.ask(text).await;
        assert_eq!(error(&heard, b'C').as_deref(), Some(state), "{text}: {heard:?}");
        let said = error(&heard, b'H').or_else(|| error(&heard, b'M')).unwrap_or_default();
        assert!(hint.is_none_or(|hint| said.contains(hint)), "{text}: {said}");
        assert!(kinds(&heard).ends_with("EZ"), "{text}");
    }
    let heard = client.ask("SELECT * FROM indicater").await;
    assert_eq!(error(&heard, b'P').as_deref(), Some("15"));
}

#[tokio::test]
async fn transactions_have_their_standing_and_cursors_their_place() {
    let folder = Folder::with_articles().await;
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    let standing = |heard: &Heard| heard.last().map(|(_, body)| char::from(body[0]));
    for (text, expected, kinds_expected) in [
        ("BEGIN", 'T', "CZ"),
        ("SAVEPOINT a", 'T', "CZ"),
        ("DECLARE c CURSOR FOR SELECT code FROM area ORDER BY code", 'T', "CZ"),
        ("FETCH 2 FROM c", 'T', "TDDCZ"),
        ("MOVE 3 FROM c", 'T', "CZ"),
        ("FETCH FORWARD 1 FROM c", 'T', "TDCZ"),
        ("FETCH PRIOR FROM c", 'E', "EZ"),
        ("SELECT 1", 'E', "EZ"),
        ("ROLLBACK TO SAVEPOINT a", 'T', "CZ"),
        ("CLOSE c", 'T', "CZ"),
        ("SET LOCAL lantoa.map = '2025-07-01'", 'T', "CZ"),
        ("COMMIT", 'I', "CZ"),
        ("DISCARD ALL", 'I', ""),
    ] {
        let heard = client.ask(text).await;
        assert_eq!(standing(&heard), Some(expected), "{text}: {heard:?}");
        assert!(kinds_expected.is_empty() || kinds(&heard) == kinds_expected, "{text}: {}", kinds(&heard));
    }
    assert_eq!(rows(&client.ask("SHOW lantoa.map").await), [[Some("as_reported".to_owned())]]);
    let heard = client.ask("COPY (SELECT 1 AS a, 'x,y' AS b) TO STDOUT (FORMAT csv, HEADER)").await;
    assert_eq!(kinds(&heard), "HddcCZ");
    assert_eq!(heard[2].1, b"1,\"x,y\"\n");
}

#[tokio::test]
async fn prepared_questions_take_values_and_stop_at_a_limit() {
    let folder = Folder::with_articles().await;
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    // Three rows of a number that comes in binary, two of them at first.
    let parse = message(b'P', b"s\0SELECT $1 + x FROM generate_series(1, 3) AS t(x) ORDER BY 1\0\0\x01\0\0\0\x14");
    let bind = [b"p\0s\0\0\x01\0\x01\0\x01\0\0\0\x08".as_slice(), &40_i64.to_be_bytes(), b"\0\0"].concat();
    let sync = message(b'S', b"");
    let begin = message(b'Q', b"BEGIN\0");
    client.send(&begin).await;
    let first = [parse, message(b'B', &bind), message(b'D', b"Pp\0"), message(b'E', b"p\0\0\0\0\x02"), sync.clone()];
    let heard = client.send(&first.concat()).await;
    assert_eq!(kinds(&heard), "12TDDsZ", "{heard:?}");
    assert_eq!(rows(&heard), [[Some("41".to_owned())], [Some("42".to_owned())]]);
    let heard = client.send(&[message(b'E', b"p\0\0\0\0\0"), sync.clone()].concat()).await;
    assert_eq!((kinds(&heard).as_str(), rows(&heard)), ("DCZ", vec![vec![Some("43".into())]]));
    // A text of no type, where the engine needs a number.
    let parse = message(b'P', b"\0SELECT code FROM area WHERE is_null = $1\0\0\0");
    let heard = client.send(&[parse, message(b'D', b"S\0"), message(b'H', b""), sync.clone()].concat()).await;
    assert_eq!(kinds(&heard), "1EZ", "what depends on a failure is passed over");
    client.ask("ROLLBACK").await;
    let parse = message(b'P', b"\0SELECT DISTINCT year FROM indicator WHERE year = $1\0\0\0");
    let bind = message(b'B', b"\0\0\0\0\0\x01\0\0\0\x042024\0\0");
    let all = [parse, message(b'D', b"S\0"), bind, message(b'E', b"\0\0\0\0\0"), sync];
    let heard = client.send(&all.concat()).await;
    assert_eq!((kinds(&heard).as_str(), rows(&heard)), ("1tT2DCZ", vec![vec![Some("2024".into())]]), "{heard:?}");
}

/// A statement and its values, all of them text without a type.
fn asked_with(text: &str, values: &[&str]) -> Vec<u8> {
    let parse = message(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
    let mut bind = [b"\0\0\0\0".as_slice(), &(values.len() as u16).to_be_bytes()].concat();
    for value in values {
        bind.extend((value.len() as u32).to_be_bytes());
        bind.extend(value.as_bytes());
    }
    bind.extend(b"\0\0");
    [parse, message(b'B', &bind), message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat()
}

#[tokio::test]
async fn no_value_gets_out_of_its_quotes() {
    let folder = Folder::with_articles().await;
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    for (text, value) in [
        ("SELECT NULL, name FROM area WHERE name = $1 AND pg_table_is_visible(1)", "\\' OR 1=1 --"),
        ("SELECT name FROM area WHERE name LIKE $1 ESCAPE '!'", "!' OR 1=1 --"),
        ("SELECT name FROM area WHERE name LIKE $1 ESCAPE '!' AND pg_table_is_visible(1)", "'' OR 1=1 --"),
        ("SELECT name FROM area WHERE CAST($1::regclass AS TEXT) = '1'", "\\') OR 1=1 --"),
    ] {
        let heard = client.send(&asked_with(text, &[value])).await;
        assert_eq!((kinds(&heard).as_str(), error(&heard, b'M')), ("12CZ", None), "{text}: {value}");
    }
    let heard = client.send(&asked_with("SELECT '50%' LIKE $1 ESCAPE '!', '50x' LIKE $1 ESCAPE '!'", &["50!%"])).await;
    assert_eq!(rows(&heard), [[Some("t".to_owned()), Some("f".to_owned())]]);
    let heard = client.send(&asked_with("SELECT $1::regclass = 'public.area'::regclass", &["area"])).await;
    assert_eq!(rows(&heard), [[Some("t".to_owned())]]);

    let pieces = ["'", "''", "\\", "\"", "$$", "$1", "$a$", "--", "/*", "*/", ";", "`", "E'", "ệ", " ", "%", "\n", "x"];
    let mut chance = 7_usize;
    for question in ["SELECT $1", "SELECT $1::text, current_user"] {
        for _ in 0..100 {
            let value: String = (0..8)
                .map(|_| {
                    chance = chance.wrapping_mul(1_103_515_245).wrapping_add(12_345) % (1 << 31);
                    pieces[(chance >> 8) % pieces.len()]
                })
                .collect();
            let heard = client.send(&asked_with(question, &[&value])).await;
            let rows = rows(&heard);
            assert_eq!(rows.first().and_then(|row| row.first()), Some(&Some(value)), "{heard:?}");
        }
    }
}

#[tokio::test]
async fn after_an_error_everything_up_to_the_next_sync_is_passed_over() {
    let folder = Folder::empty();
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    let (wrong, sync) = (message(b'D', b"Zx\0"), message(b'S', b""));
    let failed = message(b'P', b"\0SELECT ;SELECT\0\0\0");
    let query = message(b'Q', b"SELECT 1\0");
    let heard = client.send(&[failed, query.clone(), wrong, sync.clone()].concat()).await;
    assert_eq!(kinds(&heard), "EZ", "{heard:?}");
    assert_eq!(kinds(&client.send(&query).await), "TDCZ");
    let heard = client.send(&message(b'F', b"\0\0\0\x01\0\0\0\0\0\0")).await;
    assert_eq!((kinds(&heard).as_str(), error(&heard, b'C').as_deref()), ("EZ", Some("0A000")));
    let heard = client.send(&[message(b'P', b"\0SET lantoa.map = $1\0\0\0"), sync].concat()).await;
    assert_eq!((kinds(&heard).as_str(), error(&heard, b'C').as_deref()), ("EZ", Some("42601")));
}

#[tokio::test]
async fn what_tools_ask_of_the_catalogue_is_answered() {
    let folder = Folder::with_articles().await;
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    for (text, least) in [
        (
            "SELECT n.nspname, c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END, \
             pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c \
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam \
             WHERE c.relkind IN ('r','p','v','m','S','f','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' \
             AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2",
            10,
        ),
        (
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d \
              WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull, \
             pg_catalog.col_description(a.attrelid, a.attnum) \
             FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'public.indicator'::regclass AND a.attnum > 0 \
             AND NOT a.attisdropped ORDER BY a.attnum",
            33,
        ),
        (
            "SELECT proname FROM pg_proc p WHERE p.proname OPERATOR(pg_catalog.~) '^(find_area)$' COLLATE pg_catalog.default",
            1,
        ),
        (
            "SELECT r.rolname, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m \
             JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) FROM pg_catalog.pg_roles r",
            1,
        ),
        ("SELECT d.datname, pg_catalog.array_to_string(d.datacl, E'\\n') FROM pg_catalog.pg_database d ORDER BY 1", 1),
        (
            "SELECT t.typname, t.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON (t.typnamespace = n.oid) \
             WHERE n.nspname != 'pg_toast' AND (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c \
             WHERE c.oid = t.typrelid))",
            20,
        ),
        (
            "SELECT i.relname, (information_schema._pg_expandarray(x.indkey)).n FROM pg_catalog.pg_class i \
             JOIN pg_catalog.pg_index x ON x.indexrelid = i.oid",
            0,
        ),
        ("SELECT current_user, current_schema(), version(), current_database()", 1),
        (
            "SELECT typname AS name, oid, oid::regtype::text AS regtype FROM pg_type t WHERE t.oid = to_regtype('text')",
            1,
        ),
    ] {
        let heard = client.ask(text).await;
        assert_eq!(error(&heard, b'M'), None, "{text}");
        assert!(rows(&heard).len() >= least, "{text}: {}", rows(&heard).len());
    }
    let comment = rows(&client.ask("SELECT obj_description('indicator'::regclass, 'pg_class')").await);
    let comment = comment[0][0].clone().unwrap_or_default();
    assert!(comment.contains("chỉ tiêu") && comment.contains("indicator"), "{comment}");
}

#[tokio::test]
async fn a_statement_is_cancelled_or_takes_too_long() {
    let folder = Folder::empty();
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, greeting) = Client::connect(address).await;
    let key = greeting.iter().find(|(kind, _)| *kind == b'K').unwrap().1.clone();
    let endless = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE a.value % 7 = b.value % 5";
    client.0.write_all(&message(b'Q', &[endless.as_bytes(), b"\0"].concat())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let cancel = [16_u32.to_be_bytes().as_slice(), &80_877_102_u32.to_be_bytes(), &key].concat();
    TcpStream::connect(address).await.unwrap().write_all(&cancel).await.unwrap();
    let heard = client.hear().await;
    assert_eq!(error(&heard, b'C').as_deref(), Some("57014"), "{heard:?}");
    client.ask("SET statement_timeout = '200ms'").await;
    let heard = client.ask(endless).await;
    assert_eq!(error(&heard, b'C').as_deref(), Some("57014"), "{heard:?}");
    assert_eq!(rows(&client.ask("SELECT 'still here'").await), [[Some("still here".to_owned())]]);
}

#[tokio::test]
async fn users_are_let_in_by_password_alone_and_the_stop_ends_connections() {
    let folder = Folder::empty();
    let (handle, address, stop) = opened(&folder).await;
    let (mut open, _) = Client::connect(address).await;
    let verifier = lantoa_query::access::Verifier::of("đủ dài để nhớ").unwrap();
    let user = lantoa_query::access::User { role: lantoa_query::access::Role::Analyst, area: None, verifier };
    handle.engine().users().add("an", user).unwrap();
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    client.0.write_all(&startup(b"user\0an\0")).await.unwrap();
    let said = b"n,,n=,r=abc";
    let first = [b"SCRAM-SHA-256\0".as_slice(), &(said.len() as u32).to_be_bytes(), said].concat();
    client.0.write_all(&message(b'p', &first)).await.unwrap();
    client.0.write_all(&message(b'p', b"c=biws,r=abc,p=AAAA")).await.unwrap();
    let heard = client.hear().await;
    assert_eq!(heard[0].1, [&10_u32.to_be_bytes(), b"SCRAM-SHA-256\0\0".as_slice()].concat());
    assert!(error(&heard, b'C').is_some_and(|state| state == "08P01" || state == "28P01"), "{heard:?}");
    stop.cancel();
    assert_eq!(error(&open.hear().await, b'C').as_deref(), Some("57P01"));
    timeout(DEADLINE, handle.join()).await.unwrap().unwrap();
}
