//! The table `[schedule]` of the settings: what runs by the clock, and what becomes of it.
//!
//! In: TOML. Out: jobs that can be run as they are. Guarantee: what is not right is refused when the program starts, by its
//! key, with the reason and what would be right; where no job is named, the Week's report and its reminders are.

use std::path::PathBuf;
use std::time::Duration;

use lantoa_report::{Format, Language};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::cli::{LANGUAGES, language_of, report_format_of};
use crate::schedule::when::When;

/// Longest name of a job.
const MOST_LETTERS: usize = 64;
/// How often a job is tried again unless it says otherwise.
const RETRIES: u16 = 10;
/// How long after its beginning a job is tried again unless it says otherwise.
const GIVE_UP_AFTER: Duration = Duration::from_secs(6 * 60 * 60);
/// The day after that by which returns are due, in October: the Week has closed by then.
const AFTER_THE_WEEK: &str = "0 0 6 21 10 *";
/// A week and two days before returns are due.
const BEFORE_RETURNS_ARE_DUE: &str = "0 0 8 13,18 10 *";

/// What a job makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A release of the year's answers, and the reports of its Week.
    LearningWeek,
    /// Lists of returns that are due and have not come.
    Reminders,
}

impl What {
    /// Its word in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LearningWeek => "learning-week",
            Self::Reminders => "reminders",
        }
    }
}

/// Something that runs by the clock.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name: letters, digits, '-' and '_'.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// When it runs, in Vietnam's time.
    pub cron: When,
    /// What it makes.
    pub what: What,
    /// In which languages. Default Vietnamese.
    #[serde(default = "vietnamese", deserialize_with = "languages")]
    pub lang: Vec<Language>,
    /// In which formats. Default all.
    #[serde(default = "all_formats", deserialize_with = "formats")]
    pub formats: Vec<Format>,
    /// For how many days, from the day of its instant on, its release is kept from readers. Default none.
    #[serde(default)]
    pub embargo_days: u16,
    /// How often it is tried again where it fails of something that may pass. Default 10.
    #[serde(default = "retries")]
    pub retries: u16,
    /// How long after its beginning it is tried again, in seconds. Default 6 hours.
    #[serde(default = "give_up_after", deserialize_with = "seconds")]
    pub give_up_after: Duration,
}

impl Job {
    fn shipped(name: &str, cron: &str, what: What) -> Self {
        Self {
            name: name.to_owned(),
            cron: cron.parse().expect("this module's test reads what is shipped"),
            what,
            lang: vietnamese(),
            formats: all_formats(),
            embargo_days: 0,
            retries: RETRIES,
            give_up_after: GIVE_UP_AFTER,
        }
    }
}

/// `[schedule]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleTable {
    /// Whether `lantoa up` keeps the schedule. Default true.
    pub enabled: bool,
    /// Folder that everything is delivered to. Default `reports` in the data folder.
    pub out: Option<PathBuf>,
    /// The jobs. Default the Week's report and the reminders before it.
    #[serde(deserialize_with = "jobs")]
    pub job: Vec<Job>,
}

impl Default for ScheduleTable {
    fn default() -> Self {
        let job = vec![
            Job::shipped("learning-week", AFTER_THE_WEEK, What::LearningWeek),
            Job::shipped("reminders", BEFORE_RETURNS_ARE_DUE, What::Reminders),
        ];
        Self { enabled: true, out: None, job }
    }
}

fn vietnamese() -> Vec<Language> {
    vec![Language::Vietnamese]
}

fn all_formats() -> Vec<Format> {
    Format::ALL.to_vec()
}

fn retries() -> u16 {
    RETRIES
}

fn give_up_after() -> Duration {
    GIVE_UP_AFTER
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match begins && letters && name.len() <= MOST_LETTERS {
        true => Ok(name),
        false => Err(D::Error::custom(format!(
            "name = '{name}' cannot be a job's name, which is also that of a file: take letters, digits, '-' and '_', at \
             most {MOST_LETTERS}, as 'learning-week'"
        ))),
    }
}

/// The words of a list as what they stand for, each once.
fn each<'de, D: Deserializer<'de>, T: PartialEq>(
    deserializer: D,
    key: &str,
    read: fn(&str) -> Option<T>,
    possible: &[&str],
) -> Result<Vec<T>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let mut found = Vec::with_capacity(words.len());
    for word in &words {
        match read(word) {
            Some(meant) if !found.contains(&meant) => found.push(meant),
            Some(_) => {}
            None => {
                let possible = possible.join(", ");
                return Err(D::Error::custom(format!("{key} has '{word}', which is none of {possible}")));
            }
        }
    }
    match found.is_empty() {
        true => Err(D::Error::custom(format!("{key} is empty: name at least one of {}", possible.join(", ")))),
        false => Ok(found),
    }
}

fn languages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Language>, D::Error> {
    each(deserializer, "lang", language_of, &LANGUAGES.map(Language::code))
}

fn formats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Format>, D::Error> {
    each(deserializer, "formats", report_format_of, &Format::ALL.map(Format::ending))
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        D::Error::custom(format!("give_up_after = {seconds} is not a number of seconds; write it as 3600"))
    })
}

fn jobs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Job>, D::Error> {
    let jobs = Vec::<Job>::deserialize(deserializer)?;
    for (at, job) in jobs.iter().enumerate() {
        let name = &job.name;
        if jobs[..at].iter().any(|before| before.name == *name) {
            let why = format!("two jobs have the name '{name}', by which their runs are known: give one another name");
            return Err(D::Error::custom(why));
        }
        if job.embargo_days > 0 && job.what != What::LearningWeek {
            let why = format!(
                "embargo_days of job '{name}': {} make no release, so there is nothing to keep back; leave it out",
                job.what.as_str()
            );
            return Err(D::Error::custom(why));
        }
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_shipped() {
        let table: ScheduleTable = toml::from_str("").unwrap();
        assert_eq!(table, ScheduleTable::default());
        let crons: Vec<_> = table.job.iter().map(|job| (job.name.as_str(), job.cron.as_str())).collect();
        assert_eq!(crons, [("learning-week", AFTER_THE_WEEK), ("reminders", BEFORE_RETURNS_ARE_DUE)]);
        let text = "enabled = false\nout = 'x'\n[[job]]\nname = 'a'\ncron = '0 0 6 21 10 *'\nwhat = 'learning-week'\n\
                    lang = ['vi', 'en', 'vi']\nformats = ['pdf']\nembargo_days = 7\nretries = 0\ngive_up_after = 0.5";
        let table: ScheduleTable = toml::from_str(text).unwrap();
        assert!(!table.enabled && table.out.is_some() && table.job.len() == 1);
        let job = &table.job[0];
        assert_eq!((job.lang.as_slice(), job.formats.as_slice()), (&LANGUAGES[..], &[Format::Pdf][..]));
        assert_eq!((job.embargo_days, job.retries, job.give_up_after), (7, 0, Duration::from_millis(500)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let job = "[[job]]\nname = 'a'\ncron = '0 0 6 21 10 *'\nwhat = 'reminders'\n";
        for (text, words) in [
            ("on = true".to_owned(), ["on", "enabled"]),
            (format!("{job}crom = 1"), ["crom", "give_up_after"]),
            (job.replace("0 0 6 21", "0 6 21"), ["5 parts", "second, minute"]),
            (job.replace("reminders", "letters"), ["letters", "learning-week"]),
            (job.replace("'a'", "'../a'"), ["../a", "letters, digits"]),
            (job.replace("name = 'a'\n", ""), ["name", "missing"]),
            (format!("{job}lang = ['fr']"), ["fr", "vi, en"]),
            (format!("{job}lang = []"), ["lang", "at least one"]),
            (format!("{job}formats = ['doc']"), ["doc", "docx"]),
            (format!("{job}give_up_after = -1"), ["-1", "seconds"]),
            (format!("{job}embargo_days = 3"), ["embargo_days", "leave it out"]),
            (format!("{job}{job}"), ["two jobs", "another name"]),
        ] {
            let error = toml::from_str::<ScheduleTable>(&text).unwrap_err().message().to_owned();
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        }
    }
}
