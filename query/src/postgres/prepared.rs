//! The extended protocol: statements that are prepared, given values, described and answered.

use std::collections::HashMap;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use pgwire::messages::PgWireFrontendMessage as Said;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{Bind, BindComplete, CloseComplete, ParseComplete, TARGET_TYPE_BYTE_STATEMENT};
use tokio::io::{AsyncRead, AsyncWrite};

use super::bind::{Parameter, null, value};
use super::catalogue;
use super::connection::Connection;
use super::lists;
use super::message::{self, say};
use super::portal::{Portal, Progress, is_binary};
use super::refusal::{Refusal, Stop, state};
use super::scan;
use super::statement::{Statement, only};
use super::turn::Turn;
use crate::session::{Described, Values};

/// Most prepared statements, and most portals, that a connection keeps.
const MOST_KEPT: usize = 1000;
/// Most values that a statement takes.
const MOST_VALUES: usize = 65_535;

/// A statement that waits for values.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    text: String,
    /// Whether the text is all that the client sent, so that a place in it means something.
    as_sent: bool,
    statement: Statement,
    /// The types that the client gave its parameters, 0 for none.
    types: Vec<u32>,
    count: usize,
    /// What the engine knows of it, once it was asked.
    known: Option<Known>,
    /// Whether the client was told its columns.
    told: bool,
}

impl Prepared {
    /// A statement with as many parameters as its text has, and at least so many.
    fn of(text: &str, as_sent: bool, types: Vec<u32>, least: usize) -> Result<Self, Refusal> {
        let statement = Statement::of(text)?;
        let count = match &statement {
            // Its parameters are those of what it prepares.
            Statement::Prepare { .. } => 0,
            _ => scan::parameters(text).max(least),
        };
        if count > MOST_VALUES {
            return Err(Refusal::new(state::SYNTAX, format!("a statement has at most {MOST_VALUES} parameters")));
        }
        if count > 0 && !takes_values(&statement) {
            let refusal = Refusal::new(state::SYNTAX, "only a question takes values, and this statement is none");
            return Err(refusal.hint("write the value into the statement"));
        }
        Ok(Self { text: text.to_owned(), as_sent, statement, types, count, known: None, told: false })
    }
}

#[derive(Debug, Clone)]
struct Known {
    parameters: Vec<Parameter>,
    columns: SchemaRef,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Does what a message of the extended protocol asks for.
    pub(super) async fn extended(&mut self, said: Said) -> Result<(), Stop> {
        match said {
            Said::Parse(parse) => Ok(self.parse(parse.name.unwrap_or_default(), &parse.query, parse.type_oids)?),
            Said::Bind(bind) => self.bind(bind).await,
            Said::Describe(what) if what.target_type == TARGET_TYPE_BYTE_STATEMENT => {
                self.describe_statement(&what.name.unwrap_or_default()).await
            }
            Said::Describe(what) => {
                let name = what.name.unwrap_or_default();
                let (mut portal, turn) = (self.take_portal(&name)?, self.turn());
                let done = self.describe_portal(&name, &mut portal, &turn).await;
                self.portals.insert(name, portal);
                done
            }
            Said::Execute(execute) => {
                let name = execute.name.unwrap_or_default();
                let most = u64::try_from(execute.max_rows).unwrap_or(0);
                let (mut portal, turn) = (self.take_portal(&name)?, self.turn());
                let done = self.execute(&mut portal, most, false, &turn).await;
                self.portals.entry(name).or_insert(portal);
                done
            }
            Said::Close(what) => {
                let name = what.name.unwrap_or_default();
                match what.target_type {
                    TARGET_TYPE_BYTE_STATEMENT => drop(self.prepared.remove(&name)),
                    _ => drop(self.portals.remove(&name)),
                }
                say(&mut self.wire.output, &CloseComplete::new());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_portal(&mut self, name: &str) -> Result<Portal, Refusal> {
        let found = self.portals.remove(name);
        found.ok_or_else(|| Refusal::new(state::NO_CURSOR, format!("there is no portal \"{name}\"")))
    }

    fn parse(&mut self, name: String, text: &str, types: Vec<u32>) -> Result<(), Refusal> {
        self.can_prepare(&name)?;
        let whole = text.len();
        let text = only(text)?.unwrap_or_default();
        let prepared = Prepared::of(text, text.len() == whole, types, 0)?;
        self.prepared.insert(name, prepared);
        say(&mut self.wire.output, &ParseComplete::new());
        Ok(())
    }

    /// Prepares a question by words of SQL. What is wrong with it is said now.
    pub(super) async fn prepare(&mut self, name: &str, types: &[u32], query: &str, turn: &Turn) -> Result<(), Stop> {
        self.can_prepare(name)?;
        // More types than parameters are values that have to be given as well.
        let mut prepared = Prepared::of(query, false, types.to_vec(), types.len())?;
        if prepared.statement != Statement::Question {
            return Err(Refusal::new(state::SYNTAX, "PREPARE is for a question, and this statement is none").into());
        }
        prepared.known = Some(self.known(&prepared, turn).await?);
        self.prepared.insert(name.to_owned(), prepared);
        Ok(())
    }

    /// Makes a portal that says EXECUTE one of the question that it names, with the values that it gives. Any other portal
    /// stays as it is.
    pub(super) async fn called(&mut self, portal: &mut Portal, turn: &Turn) -> Result<(), Stop> {
        let Statement::Execute(call) = &portal.statement else { return Ok(()) };
        self.transaction_goes_on(&portal.statement)?;
        let prepared = self.prepared(&call.name)?.clone();
        if prepared.statement != Statement::Question {
            return Err(Refusal::new(state::UNSUPPORTED, "EXECUTE answers questions alone").into());
        }
        if call.values.len() != prepared.count {
            let (given, needed) = (call.values.len(), prepared.count);
            return Err(Refusal::new(state::SYNTAX, format!("{given} values are given and {needed} needed")).into());
        }
        let known = self.known(&prepared, turn).await?;
        let values = call.values.iter().zip(&known.parameters).enumerate().map(|(at, (given, parameter))| {
            let given = given.clone().map(Bytes::from);
            let value = value(given.as_ref(), false, parameter);
            value.map(Some).map_err(|refusal| refusal.hint(format!("see the value of parameter ${}", at + 1)))
        });
        let values = values.collect::<Result<Values, Refusal>>()?;
        // What the client was told may have been of another question by this name.
        let told = portal.told.clone();
        if let Some(kept) = self.prepared.get_mut(&call.name) {
            kept.known = Some(known);
        }
        let formats = std::mem::take(&mut portal.formats);
        let question = Portal::of(Statement::Question, &prepared.text);
        *portal = Portal { values, formats, told, as_sent: false, ..question };
        Ok(())
    }

    fn can_prepare(&self, name: &str) -> Result<(), Refusal> {
        if !name.is_empty() && self.prepared.contains_key(name) {
            let refusal = Refusal::new(state::TAKEN_STATEMENT, format!("a statement \"{name}\" is prepared already"));
            return Err(refusal.hint("DEALLOCATE it first, or take another name"));
        }
        room(&self.prepared, "prepared statements")
    }

    fn prepared(&self, name: &str) -> Result<&Prepared, Refusal> {
        let found = self.prepared.get(name);
        found.ok_or_else(|| Refusal::new(state::NO_STATEMENT, format!("there is no prepared statement \"{name}\"")))
    }

    async fn bind(&mut self, bind: Bind) -> Result<(), Stop> {
        let (name, statement) = (bind.portal_name.unwrap_or_default(), bind.statement_name.unwrap_or_default());
        let (given, formats) = (bind.parameters, bind.parameter_format_codes);
        let mut prepared = self.prepared(&statement)?.clone();
        if given.len() != prepared.count {
            let (given, needed) = (given.len(), prepared.count);
            return Err(Refusal::new(state::PROTOCOL, format!("{given} values are given and {needed} needed")).into());
        }
        if !matches!(formats.len(), 0 | 1) && formats.len() != given.len() {
            return Err(Refusal::new(state::PROTOCOL, "there are as many formats as values, or one, or none").into());
        }
        let told = |at: usize| prepared.types.get(at).copied().unwrap_or(0);
        let parameters = match (0..prepared.count).all(|at| told(at) != 0) {
            true => (0..prepared.count).map(|at| Parameter::of(told(at), None)).collect(),
            false => {
                let turn = self.turn();
                let known = self.known(&prepared, &turn).await?;
                let parameters = known.parameters.clone();
                prepared.known = Some(known);
                parameters
            }
        };
        let values = given.iter().zip(&parameters).enumerate().map(|(at, (given, parameter))| {
            let value = value(given.as_ref(), is_binary(&formats, at), parameter);
            value.map(Some).map_err(|refusal| refusal.hint(format!("see the value of parameter ${}", at + 1)))
        });
        let values = values.collect::<Result<Values, Refusal>>()?;
        // The name of a cursor stays that cursor's; any other portal of the name gives way.
        if !name.is_empty() && self.portals.contains_key(&name) {
            let refusal = Refusal::new(state::TAKEN_CURSOR, format!("there is a portal \"{name}\" already"));
            return Err(refusal.into());
        }
        room(&self.portals, "portals")?;
        let told = match &prepared.known {
            Some(known) if prepared.told => Some(SchemaRef::clone(&known.columns)),
            _ => None,
        };
        let portal = Portal {
            statement: prepared.statement,
            as_sent: prepared.as_sent,
            text: prepared.text,
            values,
            formats: bind.result_column_format_codes,
            told,
            progress: Progress::Waiting,
            hold: false,
        };
        self.portals.insert(name, portal);
        if let Some(kept) = self.prepared.get_mut(&statement) {
            kept.known = prepared.known;
        }
        say(&mut self.wire.output, &BindComplete::new());
        Ok(())
    }

    /// What the engine knows of a statement: the types of its parameters, and its columns.
    async fn known(&mut self, prepared: &Prepared, turn: &Turn) -> Result<Known, Stop> {
        if let Some(known) = &prepared.known {
            return Ok(known.clone());
        }
        let told = |number: usize| prepared.types.get(number.wrapping_sub(1)).copied().unwrap_or(0);
        let question = match &prepared.statement {
            Statement::Question => prepared.text.as_str(),
            Statement::Declare { query, .. } => query.as_str(),
            Statement::Copy(copy) => copy.query.as_str(),
            _ => {
                let parameters = (1..=prepared.count).map(|number| Parameter::of(told(number), None)).collect();
                return Ok(Known { parameters, columns: SchemaRef::new(arrow::datatypes::Schema::empty()) });
            }
        };
        let as_sent = prepared.as_sent && prepared.statement == Statement::Question;
        let of_type = |number: usize| match Parameter::of(told(number), None) {
            Parameter::Unknown => Ok(None),
            typed => null(&typed).map(Some),
        };
        let typed = (1..=prepared.count).map(of_type).collect::<Result<Values, Refusal>>()?;
        let described = match self.described(question, &typed, as_sent, turn).await {
            // What it answers does not depend on the type of a value that nobody gives a type.
            Err(Stop::Refused(_)) if prepared.count > 0 => {
                let nulls = (0..prepared.count).map(|_| null(&Parameter::Unknown).map(Some));
                let nulls = nulls.collect::<Result<Values, Refusal>>()?;
                self.described(question, &nulls, as_sent, turn).await
            }
            described => described,
        }?;
        let needed = |number: usize| described.parameters.get(&format!("${number}")).and_then(Option::as_ref);
        let lists = lists::wanted(question);
        let parameters = (1..=prepared.count).map(|number| match Parameter::of(told(number), needed(number)) {
            Parameter::Unknown | Parameter::Needed(_) if lists.contains(&number) => Parameter::TEXTS,
            parameter => parameter,
        });
        let parameters = parameters.collect();
        Ok(Known { parameters, columns: described.columns })
    }

    async fn described(&mut self, text: &str, values: &Values, as_sent: bool, turn: &Turn) -> Result<Described, Stop> {
        let rewritten = catalogue::rewritten(text);
        let session = std::sync::Arc::clone(&self.session);
        // Planning goes deep by itself.
        let described = Box::pin(session.describe(rewritten.as_deref().unwrap_or(text), values));
        let described = turn.wait(&mut self.wire, described).await?;
        let place = (as_sent && rewritten.is_none()).then_some(text);
        let described = described.map_err(|error| Refusal::of(&error.in_text(place.unwrap_or_default()), place))?;
        message::fit(&described.columns)?;
        Ok(described)
    }

    async fn describe_statement(&mut self, name: &str) -> Result<(), Stop> {
        let prepared = self.prepared(name)?.clone();
        let turn = self.turn();
        let mut known = self.known(&prepared, &turn).await?;
        let types = known.parameters.iter().map(Parameter::oid).collect();
        say(&mut self.wire.output, &ParameterDescription::new(types));
        match &prepared.statement {
            Statement::Question if !known.columns.fields().is_empty() => {
                message::columns(&mut self.wire.output, &known.columns, |_| false);
            }
            Statement::Execute(call) => {
                let called = self.prepared(&call.name)?.clone();
                let columns = self.known(&called, &turn).await?.columns;
                known.columns = SchemaRef::clone(&columns);
                match columns.fields().is_empty() {
                    true => say(&mut self.wire.output, &NoData::new()),
                    false => message::columns(&mut self.wire.output, &columns, |_| false),
                }
            }
            Statement::Show(name) => message::one_text_column(&mut self.wire.output, name, false),
            Statement::Fetch(fetch) if fetch.rows => self.describe_cursor(&fetch.cursor, &[], &turn).await?,
            _ => say(&mut self.wire.output, &NoData::new()),
        }
        if let Some(kept) = self.prepared.get_mut(name) {
            (kept.known, kept.told) = (Some(known), true);
        }
        Ok(())
    }

    async fn describe_portal(&mut self, name: &str, portal: &mut Portal, turn: &Turn) -> Result<(), Stop> {
        Box::pin(self.called(portal, turn)).await?;
        let formats = portal.formats.clone();
        match &portal.statement {
            Statement::Question => {
                self.transaction_goes_on(&portal.statement)?;
                let columns = self.started(portal, turn).await?;
                match columns {
                    Some(columns) if !columns.fields().is_empty() => {
                        message::columns(&mut self.wire.output, &columns, |at| is_binary(&formats, at));
                    }
                    _ => say(&mut self.wire.output, &NoData::new()),
                }
            }
            Statement::Show(setting) => {
                message::one_text_column(&mut self.wire.output, setting, is_binary(&formats, 0));
            }
            Statement::Fetch(fetch) if fetch.rows && fetch.cursor != name => {
                let cursor = fetch.cursor.clone();
                self.describe_cursor(&cursor, &formats, turn).await?;
            }
            _ => say(&mut self.wire.output, &NoData::new()),
        }
        Ok(())
    }

    async fn describe_cursor(&mut self, cursor: &str, formats: &[i16], turn: &Turn) -> Result<(), Stop> {
        let mut portal = self.take_portal(cursor)?;
        let columns = self.started(&mut portal, turn).await;
        self.portals.insert(cursor.to_owned(), portal);
        match columns? {
            Some(columns) => message::columns(&mut self.wire.output, &columns, |at| is_binary(formats, at)),
            None => say(&mut self.wire.output, &NoData::new()),
        }
        Ok(())
    }
}

/// Whether parameters mean something in a statement.
fn takes_values(statement: &Statement) -> bool {
    matches!(statement, Statement::Question | Statement::Declare { .. } | Statement::Copy(_))
}

pub(super) fn room<T>(kept: &HashMap<String, T>, what: &str) -> Result<(), Refusal> {
    if kept.len() < MOST_KEPT {
        return Ok(());
    }
    let refusal = Refusal::new(state::LIMIT, format!("a connection keeps at most {MOST_KEPT} {what}"));
    Err(refusal.hint("close what is not needed any more"))
}
