//! The allow-list walk of the whole tree.
//!
//! Every node that is let through is named in one of these files, and every struct is taken apart field by field, so a
//! new release of the parser cannot bring in a clause that nobody looked at. What is not named is refused. The walk
//! changes the tree as it goes: names are qualified, `*` is spelled out, literals become parameters.

mod expr;
mod from;
mod function;
mod join;
mod limit;
mod names;
mod order;
mod query;
mod select;
mod star;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use andon_domain::Class;
use sqlparser::ast::{Ident, Query};
use sqlparser::tokenizer::Span;

use crate::checked::{Change, ChangeKind, OutputColumn, Param, TableRead};
use crate::dialect::{self, Dialect};
use crate::policy::Policy;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::{DerivedColumn, Scope};
use crate::score::Tally;

/// More reasons than this help nobody.
const MAX_REASONS: usize = 25;

/// A CTE that can be named at the moment.
struct VisibleCte {
    key: String,
    name: String,
    columns: Rc<Vec<DerivedColumn>>,
}

/// Where a query stands; decides what its unnamed columns and its rows mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The statement itself.
    Top,
    /// A derived table or CTE body: its columns can be named from outside.
    Named,
    /// Inside an expression.
    Inner,
    /// Inside EXISTS: only whether there are rows matters.
    Exists,
}

/// An output column of a SELECT.
#[derive(Debug, Clone)]
struct Output {
    /// Its name, where it has one that can be relied on.
    name: Option<Ident>,
    /// What the analyst sees above it.
    title: String,
    class: Option<Class>,
}

pub(crate) struct Walk<'p> {
    policy: &'p Policy,
    dialect: Dialect,
    reasons: Vec<Reason>,
    changes: Vec<Change>,
    tally: Tally,
    reads: BTreeMap<usize, BTreeSet<usize>>,
    functions: BTreeSet<String>,
    params: Vec<Param>,
    ctes: Vec<VisibleCte>,
    /// Names of all CTEs met, also of those no longer in sight.
    cte_names: BTreeSet<String>,
    scopes: Vec<Scope>,
    /// Highest class met since the current output column began.
    class: Option<Class>,
    /// Above zero while literals stay in the text.
    keeping: u32,
    /// Bytes of expressions copied for aliases so far.
    inlined: usize,
    derived_names: u32,
    /// Columns that `*` stood for so far.
    expanded: usize,
}

/// What the walk found.
pub(crate) struct Found {
    pub(crate) reasons: Vec<Reason>,
    pub(crate) changes: Vec<Change>,
    pub(crate) reads: Vec<TableRead>,
    pub(crate) functions: Vec<String>,
    pub(crate) ctes: Vec<String>,
    pub(crate) params: Vec<Param>,
}

impl<'p> Walk<'p> {
    pub(crate) fn new(policy: &'p Policy, dialect: Dialect) -> Self {
        Self {
            policy,
            dialect,
            reasons: Vec::new(),
            changes: Vec::new(),
            tally: Tally::default(),
            reads: BTreeMap::new(),
            functions: BTreeSet::new(),
            params: Vec::new(),
            ctes: Vec::new(),
            cte_names: BTreeSet::new(),
            scopes: Vec::new(),
            class: None,
            keeping: 0,
            inlined: 0,
            derived_names: 0,
            expanded: 0,
        }
    }

    /// Walks the whole statement and gives the columns of its result.
    pub(crate) fn statement(&mut self, query: &mut Query) -> Vec<OutputColumn> {
        let outputs = self.query(query, Place::Top);
        outputs
            .into_iter()
            .map(|output| OutputColumn {
                name: output.title,
                class: output.class,
            })
            .collect()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn finish(self) -> Found {
        let reads = self
            .reads
            .iter()
            .map(|(table, columns)| self.table_read(*table, columns))
            .collect();
        Found {
            reasons: self.reasons,
            changes: self.changes,
            reads,
            functions: self.functions.into_iter().collect(),
            ctes: self.cte_names.into_iter().collect(),
            params: self.params,
        }
    }

    fn table_read(&self, table: usize, columns: &BTreeSet<usize>) -> TableRead {
        let policy = self.policy.table(table);
        let highest = columns.iter().map(|column| policy.columns[*column].class).max();
        // Counting rows shows no column; it counts as the least sensitive one.
        let class = highest
            .or_else(|| policy.columns.iter().map(|column| column.class).min())
            .unwrap_or_default();
        TableRead {
            table: policy.name.clone(),
            columns: columns
                .iter()
                .map(|column| policy.columns[*column].name.clone())
                .collect(),
            class,
        }
    }

    /// Adds a reason, once.
    pub(crate) fn refuse(&mut self, reason: Reason) {
        if self.is_news(reason.code, &reason.message) {
            self.reasons.push(reason);
        }
    }

    /// Whether a reason would be added. Finding the nearest name costs time, so it is asked first where many may fail.
    fn is_news(&self, code: ReasonCode, message: &str) -> bool {
        self.reasons.len() < MAX_REASONS
            && !self
                .reasons
                .iter()
                .any(|other| other.code == code && other.message == message)
    }

    fn change(&mut self, kind: ChangeKind, message: impl Into<String>) {
        let change = Change {
            kind,
            rule: kind.rule(),
            message: message.into(),
        };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Refuses a part of the language that is not on the allow list.
    fn refuse_construct(&mut self, what: &str, span: Span) {
        self.refuse(
            Reason::new(
                ReasonCode::ConstructNotAllowed,
                format!("this part of sql is not on the allow list: {what}"),
                "Write the query without it.",
            )
            .about(what)
            .at(span),
        );
    }

    /// Refuses a part of the language that the database in use does not have.
    fn refuse_dialect(&mut self, what: &str, span: Span, hint: &str) {
        let title = self.dialect.title();
        self.refuse(
            Reason::new(
                ReasonCode::NotInDialect,
                format!("{title} does not have this: {what}"),
                hint,
            )
            .about(what)
            .at(span),
        );
    }

    /// Makes sure that a name can be written again, and gives quoted names the quotes of the dialect.
    fn check_name(&mut self, ident: &mut Ident) {
        let is_safe = match ident.quote_style {
            None => dialect::is_safe_bare_name(&ident.value),
            Some(_) => dialect::is_safe_name(&ident.value),
        };
        if !is_safe {
            self.refuse_name(ident);
        }
        if ident.quote_style.is_some() {
            ident.quote_style = Some(self.dialect.quote());
        }
    }

    /// The same for the name of a relation. PostgreSQL and MySQL may take two names that differ in accents or capitals
    /// beyond ASCII for one, depending on how the server is set up.
    fn check_relation_name(&mut self, ident: &mut Ident) {
        self.check_name(ident);
        if self.dialect != Dialect::Sqlite && !ident.value.is_ascii() {
            self.refuse_name(ident);
        }
    }

    fn refuse_name(&mut self, ident: &Ident) {
        let shown: String = ident.value.chars().take(64).collect();
        self.refuse(
            Reason::new(
                ReasonCode::NameNotAllowed,
                format!("this name is too long or has characters that are not allowed: {shown}"),
                "Use up to 63 letters, digits, spaces and simple signs.",
            )
            .about(shown)
            .at(ident.span),
        );
    }

    fn raise_class(&mut self, class: Option<Class>) {
        self.class = self.class.max(class);
    }
}
