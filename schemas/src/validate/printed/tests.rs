use super::*;

/// A count in threes, kept apart by a mark.
fn in_threes(number: i64, mark: &str) -> String {
    let digits = number.to_string();
    let mut printed = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            printed.push_str(mark);
        }
        printed.push(digit);
    }
    printed
}

/// Numbers of all lengths, the same in each run: splitmix64.
fn numbers(how_many: u64) -> impl Iterator<Item = u64> {
    (0..how_many).map(|at| {
        let mut number = at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (number ^ (number >> 31)) >> (1 + at % 63)
    })
}

#[test]
fn a_printed_count_is_read_as_itself() {
    for number in numbers(20_000) {
        let number = i64::try_from(number).unwrap();
        let printed = in_threes(number, ".");
        assert_eq!(count(&number.to_string()), Ok(Count::alone(number)));
        assert_eq!(count(&printed), Ok(Count::alone(number)), "{printed}");
        assert_eq!(count(&format!("{printed},0")), Ok(Count::alone(number)), "{printed},0");
        for blank in [" ", "\u{a0}", "\u{202f}"] {
            assert_eq!(count(&in_threes(number, blank)), Ok(Count::alone(number)), "{printed}");
        }
        let whole = number.saturating_add(7);
        let text = format!("Hơn {printed} / {}", in_threes(whole, "."));
        let part = Count { count: number, precision: Some(Precision::Over), whole: Some(whole) };
        assert_eq!(count(&text), Ok(part), "{text}");
        // With commas it is the same number, or has two readings; never another one.
        let commas = in_threes(number, ",");
        match count(&commas) {
            Ok(read) => assert_eq!(read, Count::alone(number), "{commas}"),
            Err(unread) => assert!(number % 1_000 == 0 && number < 1_000_000, "{commas}: {unread:?}"),
        }
    }
}

#[test]
fn printed_decimals_are_read_as_themselves() {
    for number in numbers(20_000) {
        let (whole, part) = ((number >> 20) % 10_000_000_000, number % 1_000_000);
        let decimals = format!("{part:06}");
        for length in 1..=decimals.len() {
            let decimals = &decimals[..length];
            let expected: f64 = format!("{whole}.{decimals}").parse().unwrap();
            let threes = in_threes(whole.try_into().unwrap(), ".");
            let printed = super::number(&format!("{threes},{decimals}"));
            assert_eq!(printed, Ok(expected), "{threes},{decimals}");
            let negative = super::number(&format!("-{whole},{decimals}"));
            assert_eq!(negative, Ok(-expected), "-{whole},{decimals}");
            if whole < 1_000 {
                let percent_of = |text: String| percent(&text).map(|percent| percent.as_str().to_owned());
                let canonical = format!("{whole}.{decimals}");
                assert_eq!(percent_of(format!("{whole},{decimals} %")), Ok(canonical.clone()), "{canonical}");
                // A point is read as one wherever it cannot keep thousands apart.
                match percent_of(canonical.clone()) {
                    Ok(read) => assert_eq!(read, canonical),
                    Err(unread) => {
                        assert!(length == 3 && (1..10).contains(&whole), "{canonical}: {unread:?}");
                        assert!(unread.reason.contains(&canonical), "{unread:?}");
                        assert!(unread.reason.contains(&format!("{whole}{decimals}")), "{unread:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn printed_days_are_read_as_themselves() {
    let first: chrono::NaiveDate = "1900-01-01".parse().unwrap();
    for day in first.iter_days().step_by(37).take_while(|day| PartialDate::has_year_of(*day)) {
        for form in ["%d/%m/%Y", "%-d/%-m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "ngày %d tháng %m năm %Y", "%F"] {
            let printed = day.format(form).to_string();
            assert_eq!(date(&printed), Ok(PartialDate::Day(day)), "{printed}");
        }
        for form in ["%m/%Y", "%-m/%Y", "tháng %-m năm %Y", "Tháng %m/%Y", "%Y-%m"] {
            let printed = day.format(form).to_string();
            let read = date(&printed).unwrap();
            assert_eq!(read.to_string(), day.format("%Y-%m").to_string(), "{printed}");
        }
        assert_eq!(date(&day.format("năm %Y").to_string()).unwrap().to_string(), day.format("%Y").to_string());
    }
}

#[test]
fn counts() {
    let read = |count, precision, whole| Ok(Count { count, precision, whole });
    for (text, expected) in [
        ("138.068", read(138_068, None, None)),
        ("1.234", read(1_234, None, None)),
        ("138,068", read(138_068, None, None)),
        ("1,234,567", read(1_234_567, None, None)),
        ("1564/2263", read(1_564, None, Some(2_263))),
        ("138.068 / 187.624", read(138_068, None, Some(187_624))),
        ("Trên 120", read(120, Some(Precision::Over), None)),
        ("hơn 138.000", read(138_000, Some(Precision::Over), None)),
        ("ho\u{31b}n 138.000", read(138_000, Some(Precision::Over), None)),
        ("gần 40.000", read(40_000, Some(Precision::Nearly), None)),
        ("khoảng  100", read(100, Some(Precision::About), None)),
        ("từ 75 trở lên", read(75, Some(Precision::AtLeast), None)),
        ("ít nhất 75", read(75, Some(Precision::AtLeast), None)),
        ("138,000", Err("\"138,000\" can be 138 or 138000")),
        ("1.234,5", Err("\"1.234,5\" is no whole number")),
        ("1.23", Err("\"1.23\" is no whole number")),
        ("0.123", Err("\"0.123\" is no whole number")),
        ("1.2345", Err("\"1.2345\" is no whole number")),
        ("75-80", Err("\"75-80\" is no whole number")),
        ("-5", Err("\"-5\" is no whole number")),
        ("16,2 %", Err("\"16,2 %\" is no whole number")),
        ("138.068 hộ", Err("\"138.068 hộ\" is no whole number")),
        ("khoảng hơn 5", Err("\"khoảng hơn 5\" is no whole number")),
        ("1/2/3", Err("\"1/2/3\" is no whole number")),
        ("/5", Err("\"/5\" is no whole number")),
        ("99999999999999999999", Err("\"99999999999999999999\" is no whole number")),
    ] {
        let seen = count(text);
        assert!(seen.as_ref().err().is_none_or(|unread| !unread.remedy.is_empty()));
        assert_eq!(seen.map_err(|unread| unread.reason), expected.map_err(str::to_owned), "{text}");
    }
}

#[test]
fn percents() {
    for (text, expected) in [
        ("16,2 %", Ok("16.2")),
        ("73.58", Ok("73.58")),
        ("73,58%", Ok("73.58")),
        ("98,0", Ok("98.0")),
        ("0.735", Ok("0.735")),
        ("73.587", Ok("73.587")),
        ("75-80", Ok("75-80")),
        ("75 – 80 %", Ok("75-80")),
        ("75%-80,5%", Ok("75-80.5")),
        ("từ 75 đến 80%", Ok("75-80")),
        (">=75", Ok(">=75")),
        ("≥ 75%", Ok(">=75")),
        ("từ 75 % trở lên", Ok(">=75")),
        ("trên 75", Ok(">75")),
        ("Hơn 75,5 %", Ok(">75.5")),
        ("dưới 5%", Ok("<5")),
        ("1.234", Err("\"1.234\" can be 1234 or 1.234")),
        ("1.000 %", Err("\"1.000 %\" can be 1000 or 1.000")),
        ("gần 80%", Err("\"gần 80%\" only says what the percent is near")),
        ("khoảng 80", Err("\"khoảng 80\" only says what the percent is near")),
        ("80-75", Err("\"80-75\" has its ends the wrong way round")),
        ("5.000,5 %", Err("\"5.000,5 %\" is out of 0 to 1000")),
        ("-5", Err("\"-5\" is not a percent")),
        ("%", Err("\"%\" is not a percent")),
        ("75,", Err("\"75,\" is not a percent")),
        (">75-80", Err("\">75-80\" is not a percent")),
        ("1564/2263", Err("\"1564/2263\" is not a percent")),
    ] {
        let seen = percent(text);
        assert!(seen.as_ref().err().is_none_or(|unread| !unread.remedy.is_empty()));
        let seen = seen.map(|percent| percent.as_str().to_owned()).map_err(|unread| unread.reason);
        assert_eq!(seen, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
    }
}

#[test]
fn what_is_no_number_or_date_says_so() {
    for (text, expected) in [
        ("1e3", Some(1_000.0)),
        ("87.5", Some(87.5)),
        ("1,234.5", Some(1_234.5)),
        ("-3,5", Some(-3.5)),
        ("1.234", None),
        ("inf", None),
        ("nan", None),
        ("87,5 điểm", None),
    ] {
        assert_eq!(number(text).ok(), expected, "{text}");
    }
    for text in ["10/25/2024", "31/02/2024", "02/10/24", "2/10", "quý III/2024", "02/10/2024 08:00", "45567", "//"] {
        assert!(date(text).is_err(), "{text}");
    }
    for (text, expected) in [
        ("2024", Some("2024")),
        ("Năm 2024", Some("2024")),
        ("2023 – 2024", Some("2023-2024")),
        ("giai đoạn 2021-2025", Some("2021-2025")),
        ("2024-2023", None),
        ("năm học 2023-2024", None),
        ("20 24", None),
    ] {
        assert_eq!(period(text).ok().map(|period| period.to_string()).as_deref(), expected, "{text}");
    }
    for (text, expected) in [
        ("over", Some(Precision::Over)),
        ("Trên", Some(Precision::Over)),
        ("gần", Some(Precision::Nearly)),
        ("khoảng", Some(Precision::About)),
        ("từ", None),
    ] {
        assert_eq!(precision(text), expected, "{text}");
    }
}
