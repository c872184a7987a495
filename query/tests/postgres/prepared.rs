//! `PREPARE`, `EXECUTE` and `DEALLOCATE`: statements that are prepared by words of SQL.

use super::*;

#[tokio::test]
async fn a_question_is_prepared_and_answered_by_words_of_sql() {
    let folder = Folder::with_articles().await;
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    let sums = "PREPARE sums (bigint) AS SELECT $1 + x FROM generate_series(1, 2) AS t(x) ORDER BY 1";
    assert_eq!(kinds(&client.ask(sums).await), "CZ");
    let heard = client.ask("EXECUTE sums (40)").await;
    assert_eq!(
        (kinds(&heard).as_str(), rows(&heard)),
        ("TDDCZ", vec![vec![Some("41".into())], vec![Some("42".into())]])
    );
    let heard = client.ask("EXECUTE sums('-2'); DEALLOCATE sums; EXECUTE sums (1)").await;
    assert_eq!((kinds(&heard).as_str(), error(&heard, b'C').as_deref()), ("TDDCCEZ", Some("26000")), "{heard:?}");

    // Typed by the question; a value never leaves its place.
    client.ask("PREPARE of_year AS SELECT DISTINCT year FROM indicator WHERE year = $1").await;
    for value in ["2024", "'2024'", "CAST(2024 AS int)"] {
        assert_eq!(rows(&client.ask(&format!("EXECUTE of_year ({value})")).await), [[Some("2024".to_owned())]]);
    }
    client.ask("PREPARE named AS SELECT code FROM area WHERE name = $1").await;
    let heard = client.ask("EXECUTE named ('x'' OR 1=1 --')").await;
    assert_eq!((kinds(&heard).as_str(), error(&heard, b'M')), ("TCZ", None));
    // What the connection stands on holds for it as for any question.
    client.ask("PREPARE told AS SELECT count(*) FROM statement").await;
    let told = rows(&client.ask("SET lantoa.stated_by = '2018-12-31'; EXECUTE told").await);
    assert_eq!(told, [[Some("7".to_owned())]]);

    for (text, state) in [
        ("EXECUTE nothing (1)", "26000"),
        ("EXECUTE of_year", "42601"),
        ("EXECUTE of_year (1, 2)", "42601"),
        ("EXECUTE of_year (year)", "0A000"),
        ("EXECUTE of_year ((SELECT 2024))", "0A000"),
        ("EXECUTE of_year ('x')", "22P02"),
        ("PREPARE told AS SELECT 1", "42P05"),
        ("PREPARE wrong AS DROP TABLE area", "25006"),
        ("PREPARE wrong AS INSERT INTO area VALUES (1)", "25006"),
        ("PREPARE wrong AS COPY area TO STDOUT", "42601"),
        ("PREPARE wrong AS SELECT * FROM indicater", "42P01"),
        ("PREPARE wrong (inet) AS SELECT $1", "42704"),
        ("EXECUTE wrong", "26000"),
        ("DEALLOCATE wrong", "26000"),
    ] {
        let heard = client.ask(text).await;
        assert_eq!((kinds(&heard).as_str(), error(&heard, b'C').as_deref()), ("EZ", Some(state)), "{text}: {heard:?}");
    }
    assert_eq!(kinds(&client.ask("DEALLOCATE PREPARE ALL").await), "CZ");
    assert_eq!(error(&client.ask("EXECUTE told").await, b'C').as_deref(), Some("26000"));
}

#[tokio::test]
async fn what_is_prepared_in_one_way_is_answered_in_the_other() {
    let folder = Folder::empty();
    let (_handle, address, _stop) = opened(&folder).await;
    let (mut client, _) = Client::connect(address).await;
    client.ask("PREPARE q (bigint) AS SELECT $1 + x AS sum FROM generate_series(1, 2) AS t(x) ORDER BY 1").await;
    // EXECUTE as a statement of the extended protocol, described before and after it has values, read in two parts.
    let all = [
        message(b'P', b"e\0EXECUTE q (40)\0\0\0"),
        message(b'D', b"Se\0"),
        message(b'B', b"p\0e\0\0\0\0\0\0\0"),
        message(b'D', b"Pp\0"),
        message(b'E', b"p\0\0\0\0\x01"),
        message(b'E', b"p\0\0\0\0\0"),
        message(b'S', b""),
    ];
    let heard = client.send(&all.concat()).await;
    assert_eq!(kinds(&heard), "1tT2TDsDCZ", "{heard:?}");
    assert_eq!(rows(&heard), [[Some("41".to_owned())], [Some("42".to_owned())]]);
    // By its name in SQL with a value of the protocol.
    let all = [
        message(b'B', b"\0q\0\0\0\0\x01\0\0\0\x021!\0\0"),
        message(b'S', b""),
        message(b'B', b"\0q\0\0\0\0\x01\0\0\0\x0210\0\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
    ];
    let heard = client.send(&all[..2].concat()).await;
    assert_eq!((kinds(&heard).as_str(), error(&heard, b'C').as_deref()), ("EZ", Some("22P02")));
    let heard = client.send(&all[2..].concat()).await;
    assert_eq!(rows(&heard), [[Some("11".to_owned())], [Some("12".to_owned())]]);
    // And the other way round; a PREPARE sent by the protocol has no parameters of its own.
    let all = [
        message(b'P', b"s\0SELECT $1\0\0\0"),
        message(b'P', b"\0PREPARE t AS SELECT $1\0\0\0"),
        message(b'B', b"\0\0\0\0\0\0\0\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
    ];
    assert_eq!(kinds(&client.send(&all.concat()).await), "112CZ");
    for call in ["EXECUTE s ('lại')", "EXECUTE t ('lại')"] {
        assert_eq!(rows(&client.ask(call).await), [[Some("lại".to_owned())]], "{call}");
    }
}
