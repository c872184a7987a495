//! The README's eight questions: each is one statement of at most ten lines, asked in Vietnamese and English, and answers
//! what is printed there. `LANTOA_REGENERATE=1` prints the answers anew; read them critically.

use lantoa_query::access::Asker;
use lantoa_query::format::{Format, write};
use lantoa_query::{Engine, Settings};
use lantoa_schemas::stream::Family;

use crate::fixture::{Folder, reported_rows};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const HEADING: &str = "## Eight questions of an analyst\n";
const MOST_LINES: usize = 10;

/// A question as the README has it.
struct Question<'a> {
    words: &'a str,
    sql: &'a str,
    answer: &'a str,
}

fn questions(readme: &str) -> Vec<Question<'_>> {
    let section = readme.split_once(HEADING).expect("the section is there").1;
    let section = section.split("\n## ").next().unwrap();
    let mut rest = section;
    let mut questions = Vec::new();
    while let Some((words, after)) = rest.split_once("```sql\n") {
        let (sql, after) = after.split_once("\n```\n").unwrap();
        let (between, after) = after.split_once("```text\n").unwrap();
        assert!(between.trim().is_empty(), "the answer follows the question: {between}");
        let (answer, after) = after.split_once("\n```\n").unwrap();
        questions.push(Question { words, sql, answer });
        rest = after;
    }
    questions
}

async fn answer(engine: &Engine, sql: &str) -> String {
    let session = engine.session(&Asker::owner(), &Settings::default()).unwrap();
    let mut out = Vec::new();
    let answer = session.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    write(answer, Format::Table, &mut out).await.unwrap();
    String::from_utf8(out).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn the_eight_questions_answer_as_printed() {
    let mut folder = Folder::with_articles().await;
    folder.append(Family::Statement.stream(), reported_rows()).await;
    let engine = folder.engine();
    let readme = std::fs::read_to_string(README).unwrap();
    let questions = questions(&readme);
    assert_eq!(questions.len(), 8);
    let mut wrong = Vec::new();
    let mut anew = readme.clone();
    for Question { words, sql, answer: printed } in &questions {
        let spoken = |of: fn(char) -> bool| words.chars().any(of);
        assert!(spoken(|c| c == 'ỉ' || c == 'ố' || c == 'ế' || c == 'à'), "not in Vietnamese: {words}");
        assert!(words.contains('?') && words.contains('*'), "not in both languages: {words}");
        assert!(sql.lines().count() <= MOST_LINES, "longer than {MOST_LINES} lines: {sql}");
        let statements = sql.split(';').map(str::trim).filter(|statement| !statement.is_empty());
        assert_eq!(statements.filter(|statement| !statement.starts_with("SET ")).count(), 1, "{sql}");
        let answered = answer(&engine, sql).await;
        if answered != *printed {
            wrong.push(format!("{sql}\nis answered\n{answered}\nand printed\n{printed}"));
            anew = anew.replacen(printed, &answered, 1);
        }
    }
    if std::env::var_os("LANTOA_REGENERATE").is_some() {
        std::fs::write(README, anew).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}
