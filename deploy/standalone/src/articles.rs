//! The five articles that come with the program: five files in the form `statement`, taken in as any other file is.

/// Name and content of each file. The name without its ending is the column `source` of its rows.
pub const ARTICLES: [(&str, &str); 5] = [
    ("bac-giang-2022.csv", include_str!("../articles/bac-giang-2022.csv")),
    ("ha-giang-2024.csv", include_str!("../articles/ha-giang-2024.csv")),
    ("kon-tum-2022.csv", include_str!("../articles/kon-tum-2022.csv")),
    ("thanh-hoa-2020.csv", include_str!("../articles/thanh-hoa-2020.csv")),
    ("tra-bong-2018.csv", include_str!("../articles/tra-bong-2018.csv")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::form::{Form, STATEMENT};

    #[test]
    fn each_file_is_a_statement_of_its_own_source() {
        let mut rows = 0;
        for (name, content) in ARTICLES {
            let mut reader = csv::Reader::from_reader(content.as_bytes());
            assert_eq!(Form::of_header(reader.headers().unwrap().iter()), Some(&STATEMENT), "{name}");
            for record in reader.records() {
                assert_eq!(Some(&record.unwrap()[0]), name.strip_suffix(".csv"), "{name}");
                rows += 1;
            }
        }
        assert_eq!(rows, 82);
    }
}
