//! Cursors that are asked to go back, and those that keep their place in the queue.

use super::*;

#[tokio::test]
async fn a_cursor_that_is_asked_to_go_back_says_that_it_cannot_and_stays_where_it_is() {
    let folder = Folder::empty();
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    client.ask("BEGIN").await;
    client.ask("DECLARE c SCROLL CURSOR FOR SELECT x FROM generate_series(1, 5) AS t(x) ORDER BY x").await;
    assert_eq!(rows(&client.ask("FETCH 2 FROM c").await), [[Some("1".to_owned())], [Some("2".to_owned())]]);
    for back in [
        "FETCH BACKWARD 1 FROM c",
        "FETCH BACKWARD ALL FROM c",
        "FETCH PRIOR FROM c",
        "FETCH FIRST FROM c",
        "FETCH LAST FROM c",
        "FETCH ABSOLUTE 1 FROM c",
        "FETCH RELATIVE -1 FROM c",
        "FETCH -1 FROM c",
        "MOVE BACKWARD 1 IN c",
        "MOVE ABSOLUTE 0 FROM c",
    ] {
        client.ask("SAVEPOINT s").await;
        let heard = client.ask(back).await;
        assert_eq!((kinds(&heard).as_str(), error(&heard, b'C').as_deref()), ("EZ", Some("55000")), "{back}");
        let said = error(&heard, b'M').unwrap_or_default();
        assert!(said.contains("cursor \"c\" can only go forward"), "{back}: {said}");
        assert!(error(&heard, b'H').is_some_and(|hint| hint.contains("FETCH FORWARD")), "{back}");
        client.ask("ROLLBACK TO SAVEPOINT s").await;
    }
    assert_eq!(rows(&client.ask("FETCH NEXT FROM c").await), [[Some("3".to_owned())]]);
    assert_eq!(rows(&client.ask("FETCH ABSOLUTE 5 FROM c").await), [[Some("5".to_owned())]]);
    assert_eq!(kinds(&client.ask("FETCH NEXT FROM c").await), "TCZ");
}

#[tokio::test]
async fn a_statement_is_described_while_cursors_keep_all_places() {
    let folder = Folder::empty();
    let mut config = Config::over(folder.path());
    (config.wait, config.admin.at_once) = (Duration::from_millis(200), 1);
    let (_handle, address, _stop) = opened_with(config).await;
    let ((mut reader, _), (mut other, _)) = (Client::connect(address).await, Client::connect(address).await);
    reader.ask("BEGIN").await;
    reader.ask("DECLARE c CURSOR FOR SELECT value FROM generate_series(1, 1000000000000)").await;
    assert_eq!(rows(&reader.ask("FETCH 1 FROM c").await), [[Some("1".to_owned())]]);
    let refused = other.ask("SELECT 1").await;
    assert_eq!(error(&refused, b'C').as_deref(), Some("53300"), "{refused:?}");
    let described = [message(b'P', b"\0SELECT 1 AS one\0\0\0"), message(b'D', b"S\0"), message(b'S', b"")];
    assert_eq!(kinds(&other.send(&described.concat()).await), "1tTZ");
    assert_eq!(kinds(&other.ask("PREPARE q AS SELECT 1").await), "CZ");
    reader.ask("CLOSE c").await;
    let deadline = std::time::Instant::now() + DEADLINE;
    while kinds(&other.ask("EXECUTE q").await) != "TDCZ" {
        assert!(std::time::Instant::now() < deadline, "the place is not free");
    }
}
