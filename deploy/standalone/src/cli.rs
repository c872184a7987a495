//! The command line: what a person can ask of the program.
//!
//! In: arguments and, for three of them, the environment. Out: [`Cli`], typed and checked. Guarantee: what is wrong
//! is refused here, with exit code 2 and a word on what would be right; nothing else reads arguments, and of the
//! environment only `config` reads two more variables, a password and a token, which are no flags so that no list of
//! processes has them.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod mending;
mod report;
mod schedule;
mod sheets;
mod token;
mod token_subject;
mod value;

pub use lantoa_query::format::Format;
pub use lantoa_query::release::{Name, Reference};
pub use mending::{
    Assignment, CorrectArgs, ReceiptArgs, ReceiptFormat, RejectsAction, RejectsArgs, RejectsListArgs, RetractArgs,
};
pub use report::{ReportAction, ReportArgs, ReportFlags};
pub use schedule::{ScheduleAction, ScheduleArgs};
pub use sheets::{ImportArgs, TemplateArgs};
pub use token::{NewTokenArgs, TokenAction, TokenArgs};
pub use token_subject::TokenSubjectArgs;
use value::user_role;
pub use value::{AsOf, Day, Embargo, Instant, LANGUAGES, Map, language_of, listener, local_listener, report_format_of};

const EXAMPLES: &str = "\
Examples:
  lantoa                                   start all in ./lantoa-data, first with five articles
  lantoa up --http 127.0.0.1:0             the same, on any free port
  lantoa sql \"select area_name, year, rate_percent from indicator\"
  lantoa sql --out statements.xlsx \"select * from statement\"
  lantoa sql                               a prompt: \\? lists what it knows, Tab completes
  lantoa sql < questions.sql               each statement of a file
  lantoa template statement --area 24      an Excel form to fill in, with drop-downs and a filled example
  lantoa import figures.xlsx               take in a sheet (XLSX or CSV) in one of the forms
  lantoa import --dry-run figures.xlsx     what would be wrong, new or changed, and nothing written
  lantoa receipt KEY                       what became of each row of what was sent
  lantoa rejects list                      what was refused and waits to be mended
  lantoa correct ID numerator=138100 --reason \"a slip of the pen\"   replace a figure
  lantoa status                            what runs, where, and what is kept
  lantoa verify                            prove that each event is in its table once
  lantoa release create LLW-2025 --as-of 2025-10-20   store the answers of that day under a name
  lantoa sql --release LLW-2025@1 \"select * from indicator\"
  lantoa report learning-week --year 2025   the Week's report of the nation and every province
  lantoa schedule list                     what runs by the clock, and when next
  lantoa token-subject --new-key subjects.key   the key by which persons become tokens
  lantoa token-subject --key subjects.key members.csv --column CCCD --drop \"Họ và tên\" --out sent.csv
  lantoa user add lan --role analyst       let somebody ask; from then on everybody logs in
  lantoa token create bac-giang --area province/24@2024-12-31 --families statement,activity
                                           let somebody send what is of that area
  lantoa serve projector --kafka kafka1:9092,kafka2:9092 --data /srv/lantoa

Exit codes:
  0  done
  1  failed
  2  wrong use
  3  done in part: some rows were refused, and are named on standard error
  130  a question was cancelled with Ctrl-C

Data goes to standard output, words to standard error.";

/// Lantoa: figures about lifelong learning in Vietnam, kept as events and answered as SQL.
#[derive(Debug, Parser)]
#[command(name = "lantoa", version, after_help = EXAMPLES, max_term_width = 110, disable_help_subcommand = true)]
pub struct Cli {
    /// Folder that holds everything: log, tables, settings. Deleting it starts anew
    #[arg(long, global = true, env = "LANTOA_DATA", default_value = "./lantoa-data", value_name = "DIR")]
    pub data: PathBuf,
    /// File with settings (TOML: tables [kafka], [http], [ingest], [projector], [query], [schedule]); flags come before it
    #[arg(long, global = true, env = "LANTOA_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is logged to standard error: off, error, warn, info, debug, trace (of Lantoa's own parts), or a filter
    /// such as warn,lantoa_projector=debug
    #[arg(long, global = true, env = "LANTOA_LOG", default_value = "warn", value_name = "FILTER")]
    pub log: String,
    /// What to do; `up` where none is given
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start broker, ingest, projector and query in one program (what `lantoa` alone does)
    ///
    /// Runs until Ctrl-C or SIGTERM. The first start on an empty folder loads the five articles. When all is ready,
    /// DIR/endpoints.json says where it listens, and the other commands find it there.
    Up(UpArgs),
    /// Run one role alone, on a Kafka elsewhere: how one program is deployed on several machines
    Serve(ServeArgs),
    /// Ask a question in SQL
    ///
    /// Asks the running `lantoa up`, or reads the data folder itself where none runs. Views: statement, indicator,
    /// trend, coverage, reconciliation, suspicious, adoption, activity, pilot, counted, rejected. Tables: area,
    /// area_succession, area_change, learning_week, catalogue, criteria_set, containment, release, schedule_run, outcome,
    /// receipt, reject, ledger_…; `show tables` lists them. `select * from find_area('bac giang')` finds areas by name in
    /// any spelling.
    ///
    /// Without a question, statements are read from standard input; at a terminal a prompt asks for them.
    Sql(SqlArgs),
    /// Take in files
    ///
    /// Each row becomes an event; a row that is refused is named with the reason and what would be right. Importing
    /// the same file again changes nothing. Returns when the rows can be queried. With --returned the sheet comes back with
    /// what is wrong marked in it; with --dry-run nothing is written.
    Import(ImportArgs),
    /// Say what became of what was sent: rows accepted, duplicate, corrected, rejected
    ///
    /// Waits until all rows are in the tables. The four numbers add up to what was sent. Where the same was sent several
    /// times, the first sending counts.
    Receipt(ReceiptArgs),
    /// Find what was refused, mend it, or send it again
    ///
    /// Whatever is sent from here keeps the id that it had, so that nothing is ever counted twice.
    Rejects(RejectsArgs),
    /// Replace an event by one with other fields; the old one stays in the ledger, and is told as corrected
    ///
    /// Given twice, it changes nothing the second time. Area and day of the area stay: what was said of another area is taken
    /// back (`lantoa retract`) and sent anew.
    Correct(CorrectArgs),
    /// Take an event back; it stays in the ledger, and is told as retracted
    ///
    /// Taking a correction back brings back what it had replaced.
    Retract(RetractArgs),
    /// Write an empty form to fill in, as an Excel workbook
    ///
    /// Its headings are Vietnamese, with a note on what to write; areas, measures and words are chosen from lists, numbers
    /// and days are checked, and sheets beside it have a filled example and how to fill it in. A filled form goes in as it
    /// is with `lantoa import`. Areas and measures that events have brought to this data folder are in the lists, too.
    Template(TemplateArgs),
    /// Say what runs, where, and what is kept
    Status,
    /// Go on after the projector has refused a log that is not the one its tables have read
    ///
    /// Only after it said so. Each topic at fault is declared new and read from its start; no row is removed, and
    /// events that are in the tables already count once. Events that the old log had and the tables had not are gone.
    Recover(RecoverArgs),
    /// Make tokens of persons' ids, which are all that may be sent of a person (tạo mã thay tên)
    ///
    /// Ids come one a line from standard input, or as a column of a CSV file; never as an argument, so that no list of
    /// processes and no history of a shell has them. The same id and key give the same token, on any machine; without the key
    /// nobody finds the id of a token. Keep the key where the ids are kept, and never send it: who loses it cannot make the
    /// same tokens again. Ids are compared without blanks around them; of numbers blanks, dots and dashes count for nothing
    /// (001 203 012345 is 001203012345), of other ids case does not, nor how often a blank stands between words.
    ///
    /// Đọc số định danh từ đầu vào chuẩn, mỗi dòng một số, hoặc từ một cột của tệp CSV; không ghi số định danh trên dòng lệnh.
    /// Cùng một số và cùng một khóa luôn cho cùng một mã; không có khóa thì không ai tìm lại được số định danh. Giữ tệp khóa
    /// ở nơi giữ danh sách, không gửi đi: mất khóa thì không tạo lại được mã cũ.
    TokenSubject(TokenSubjectArgs),
    /// Say who may ask
    ///
    /// While there is no user, whoever sits at this machine may ask everything. Once there is one, every way of asking
    /// wants a name and a password; whoever owns the data folder still asks with `lantoa sql`. A running program takes
    /// changes up at the next login.
    User(UserArgs),
    /// Say who may send, and what
    ///
    /// Where the settings ask for tokens ([ingest] tokens = "required"), whoever sends over HTTP shows one, and may report
    /// the families and areas that it is for: a token of one province cannot report for another, on any map. What was sent
    /// bears the sender's name, in the tables and in the receipt. A running program takes changes up at the next request.
    Token(TokenArgs),
    /// Store answers under a name, so that they stay as they were published
    ///
    /// A release has the views on each of its maps, as of an instant, in DIR/releases/NAME/VERSION, with checksums. Nothing
    /// that happens to the tables afterwards changes it. `lantoa sql --release NAME` asks it; NAME@1 is the newest 1.x.y
    /// that was not withdrawn, NAME@1.0.2 that one alone.
    Release(ReleaseArgs),
    /// Write the reports of a year's Learning Week, or lists of the returns that have not come
    ///
    /// In Vietnamese or English, as DOCX, PDF, XLSX and HTML, of a release: of LLW-YEAR unless another is named; where
    /// there is none, a draft that says so on every page.
    Report(ReportArgs),
    /// Run what is due by the clock, until Ctrl-C (`lantoa up` does so by itself)
    ///
    /// Jobs are in the settings ([[schedule.job]]); unless they name others, the Week's report is made on 21 October at 06:00
    /// in Vietnam, when returns were due, and reminders are on the 13th and the 18th at 08:00. What passed while nothing
    /// ran is made up for, once: as of its instant, so that it gives what it would have given. Of several that are over only
    /// the last is. However many programs keep the schedule of one data folder, each instant of a job is run once.
    Schedule(ScheduleArgs),
    /// Make the tables anew that views are kept in, beside the present ones
    ///
    /// Compares the two, says where they differ, and switches. Questions are answered all along; stopped, it goes on
    /// where it was.
    Rebuild,
    /// Prove that each acknowledged event is in its table exactly once, or name the exceptions
    ///
    /// Reads the topics and the tables, changes nothing, and may run beside a running `lantoa up`. Prints a line for each
    /// thing that does not hold (what, where, what to do, whose failure it is) and a table with a row a topic. Ends with
    /// 0 when all holds and with 1 otherwise. What the log no longer has is counted as only in the tables.
    Verify(VerifyArgs),
    /// The embedded broker: started by `up`, ends when standard input closes
    #[command(hide = true)]
    Broker(BrokerArgs),
}

/// Flags of `up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Do not load the five articles at the first start
    #[arg(long)]
    pub empty: bool,
    /// Use this Kafka in place of the embedded broker (and load nothing by itself). Password and TLS: [kafka] in the
    /// settings
    #[arg(long, value_name = "HOST:PORT,…", conflicts_with = "kafka_port")]
    pub kafka: Option<String>,
    /// Where to listen for HTTP; port 0 is any free one. Only this machine: there is no TLS. With users (`lantoa user
    /// add`) name and password are asked for
    #[arg(long, default_value = DEFAULT_HTTP, value_name = "ADDR", value_parser = local_listener)]
    pub http: SocketAddr,
    /// Where to listen for senders alone (POST /v1/events and /v1/files), beside --http; nowhere where it is left out. From
    /// other machines only with TLS ([http] in the settings) and tokens ([ingest])
    #[arg(long, value_name = "ADDR", value_parser = listener)]
    pub intake: Option<SocketAddr>,
    /// Where to listen for clients of Postgres; port 0 is any free one. From other machines only with TLS ([query.postgres]
    /// in the settings) and users (`lantoa user add`)
    #[arg(long, default_value = DEFAULT_POSTGRES, value_name = "ADDR", value_parser = listener)]
    pub postgres: SocketAddr,
    /// Port of the embedded broker on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = DEFAULT_KAFKA_PORT, value_name = "PORT")]
    pub kafka_port: u16,
    /// Abort the program at a step, or let storage calls fail (storage:SEED:PER_MILLE), for tests
    #[arg(long, hide = true, value_name = "POINT")]
    pub fault: Option<String>,
}

/// Where HTTP listens unless told otherwise.
const DEFAULT_HTTP: &str = "127.0.0.1:7080";
/// Where clients of Postgres are listened to unless told otherwise.
const DEFAULT_POSTGRES: &str = "127.0.0.1:7432";
/// Where the embedded broker listens unless told otherwise.
const DEFAULT_KAFKA_PORT: u16 = 7092;

impl Default for UpArgs {
    fn default() -> Self {
        Self {
            empty: false,
            kafka: None,
            http: DEFAULT_HTTP.parse().expect("the default is an address"),
            intake: None,
            postgres: DEFAULT_POSTGRES.parse().expect("the default is an address"),
            kafka_port: DEFAULT_KAFKA_PORT,
            fault: None,
        }
    }
}

/// Flags of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Which role
    pub role: Role,
    /// The Kafka that carries the events; `query` alone needs none
    #[arg(long, value_name = "HOST:PORT,…", required_if_eq_any([("role", "ingest"), ("role", "projector")]))]
    pub kafka: Option<String>,
    /// Where to listen for HTTP (ingest, query; health, metrics everywhere); port 0 is any free one. Only this machine, but
    /// for ingest, which other machines may reach with TLS ([http] in the settings) and tokens ([ingest])
    #[arg(long, default_value = DEFAULT_HTTP, value_name = "ADDR", value_parser = listener)]
    pub http: SocketAddr,
    /// Where query listens for clients of Postgres, 127.0.0.1:7432 as `up` does; where it is left out, nowhere
    #[arg(long, value_name = "ADDR", value_parser = listener)]
    pub postgres: Option<SocketAddr>,
    /// Abort the program at a step, or let storage calls fail (storage:SEED:PER_MILLE), for tests
    #[arg(long, hide = true, value_name = "POINT")]
    pub fault: Option<String>,
}

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// HTTP and files into Kafka
    Ingest,
    /// Kafka into the tables
    Projector,
    /// Answers from the tables
    Query,
}

/// Flags of `recover`.
#[derive(Debug, Clone, Args)]
pub struct RecoverArgs {
    /// The Kafka whose topics are declared new; the embedded broker's where none is given
    #[arg(long, value_name = "HOST:PORT,…")]
    pub kafka: Option<String>,
}

/// Flags of `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The Kafka that the tables were read from; where none is given, that of the running `lantoa up`, or the embedded
    /// broker's
    #[arg(long, value_name = "HOST:PORT,…")]
    pub kafka: Option<String>,
    /// Places of the log that are in memory at once, for tests that need many passes
    #[arg(long, hide = true, value_name = "PLACES", default_value_t = lantoa_projector::verify::AT_ONCE)]
    pub at_once: usize,
}

/// Flags of `sql`.
#[derive(Debug, Clone, Args)]
pub struct SqlArgs {
    /// The question; several statements are parted by `;`, the last one's answer is printed. Without it: the prompt
    pub query: Option<String>,
    /// How the answer is written; without it as the name of FILE ends, or as a table
    #[arg(long, value_name = "FORMAT", value_parser = value::format())]
    pub format: Option<Format>,
    /// Begin csv or tsv with a byte order mark, by which Excel knows UTF-8
    #[arg(long)]
    pub bom: bool,
    /// Write the answer into this file, which is there only when it is whole
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// On which map of areas: `as_reported`, or a day for the map in force on it (2025-06-30 had 63 provinces, 2025-07-01
    /// has 34)
    #[arg(long, value_name = "DAY")]
    pub map: Option<Map>,
    /// As the records were at the end of this day (YYYY-MM-DD, in Vietnam), or at an instant (2024-10-15T08:30:00Z)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<AsOf>,
    /// As the sources had told the public by this day (YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    pub stated_by: Option<Day>,
    /// From a release in place of the tables: NAME for its newest version, NAME@1 for the newest 1.x.y, NAME@1.0.2 for one
    #[arg(long, value_name = "RELEASE", conflicts_with_all = ["as_of", "stated_by"])]
    pub release: Option<Reference>,
    /// Of the prompt.
    #[command(flatten)]
    pub around: Surroundings,
}

/// Flags of `user`.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    /// What to do
    #[command(subcommand)]
    pub action: UserAction,
}

/// What can be done with users.
#[derive(Debug, Clone, Subcommand)]
pub enum UserAction {
    /// Add a user; asks twice for the password, which is not kept
    Add {
        /// The name to log in with: small letters, digits, '.', '_' and '-'
        name: String,
        /// admin sees everything; analyst everything but subject tokens and the bytes of records; reader what is released
        /// and not under embargo
        #[arg(long, value_parser = user_role)]
        role: lantoa_query::access::Role,
        /// Code of a province or commune: only figures of areas that lie in it, on every map, are shown
        #[arg(long, value_name = "CODE")]
        area: Option<String>,
        /// Take the password from this file instead
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Show who there is
    List,
    /// Set a user's password
    Passwd {
        /// The user
        name: String,
        /// Take the password from this file instead
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Remove a user
    Remove {
        /// The user
        name: String,
    },
}

/// Flags of `release`.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgs {
    /// What to do
    #[command(subcommand)]
    pub action: ReleaseAction,
}

/// What can be done with releases.
#[derive(Debug, Clone, Subcommand)]
pub enum ReleaseAction {
    /// Store the answers as they are known, as the next version of a name
    ///
    /// The first is 1.0.0. Where figures changed since, the patch counts on, where the catalogue did, the minor; where
    /// nothing did, nothing is stored and the exit code is 1.
    Create(CreateArgs),
    /// Show what there is
    List {
        /// Only of this name
        name: Option<Name>,
    },
    /// Show what a release rests on
    Show {
        /// Which
        release: Reference,
        /// Hold each file against its checksum; the exit code is 1 where one differs
        #[arg(long)]
        check: bool,
    },
    /// Show which figures of `indicator` are new, changed or withdrawn between two releases, and the events that did it
    ///
    /// A table has of each figure the first number that changed, and what did it in short; all other formats have all.
    Diff(DiffArgs),
    /// Mark a release as not to be used any more; its files stay, and who asks for exactly this version is told why
    Withdraw {
        /// Which; without a version the newest
        release: Reference,
        /// Why, for those who ask
        #[arg(long)]
        reason: String,
    },
}

/// Flags of `release create`.
#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// The name: letters, digits, '-' and '_'
    pub name: Name,
    /// As the records were at the end of this day (YYYY-MM-DD, in Vietnam), or at an instant (2025-10-20T08:30:00Z); it has
    /// to be over
    #[arg(long, value_name = "TIME")]
    pub as_of: AsOf,
    /// As the sources had told the public by this day (YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    pub stated_by: Option<Day>,
    /// On this map, `as_reported` or a day of it; may be given several times. Without it: all maps there are
    #[arg(long, value_name = "MAP")]
    pub map: Vec<Map>,
    /// Keep it from readers until this day begins in Vietnam, or until an instant
    #[arg(long, value_name = "TIME")]
    pub embargo: Option<Embargo>,
    /// What it is, for people
    #[arg(long)]
    pub title: Option<String>,
    /// Begin a new major, also where nothing changed
    #[arg(long)]
    pub major: bool,
}

/// Flags of `release diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// The earlier one
    pub earlier: Reference,
    /// The later one
    pub later: Reference,
    /// On this map alone, `as_reported` or a day of it; without it on all that both have
    #[arg(long, value_name = "DAY")]
    pub map: Option<Map>,
    /// How the rows are written; without it as the name of FILE ends, or as a table
    #[arg(long, value_name = "FORMAT", value_parser = value::format())]
    pub format: Option<Format>,
    /// Write the rows into this file, which is there only when it is whole
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What the prompt takes from the environment.
#[derive(Debug, Clone, Args)]
pub struct Surroundings {
    /// What shows an answer that is longer than the screen, at the prompt; empty for nothing
    #[arg(long, env = "PAGER", value_name = "COMMAND", default_value = "less -SRX", hide_env_values = true)]
    pub pager: OsString,
    /// Folder for what the program remembers of its user
    #[arg(long, hide = true, env = "XDG_STATE_HOME")]
    pub state_home: Option<OsString>,
    /// The user's home
    #[arg(long, hide = true, env = "HOME")]
    pub home: Option<OsString>,
}

/// Flags of the hidden `broker`.
#[derive(Debug, Clone, Args)]
pub struct BrokerArgs {
    /// Address to listen on and to advertise
    #[arg(long)]
    pub listen: SocketAddr,
    /// The cluster's id
    #[arg(long)]
    pub cluster_id: String,
}

#[cfg(test)]
mod tests;
