//! `*` and `t.*`, written out as the allowed columns, in the order in which the database would give them.

use sqlparser::ast::{Expr, Ident, ObjectNamePart, WildcardAdditionalOptions};
use sqlparser::tokenizer::Span;

use super::Walk;
use super::names::qualified;
use crate::checked::ChangeKind;
use crate::dialect::Dialect;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::{Merged, Relation, Scope, Source};

/// The most columns that all the `*` of a query may stand for.
const MAX_EXPANDED: usize = 2000;

impl Walk<'_> {
    pub(super) fn wildcard_options(&mut self, options: &WildcardAdditionalOptions) {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        let odd = opt_ilike.is_some() || opt_exclude.is_some() || opt_except.is_some();
        if odd || opt_replace.is_some() || opt_rename.is_some() || opt_alias.is_some() {
            self.refuse_construct("a modifier behind *", wildcard_token.0.span);
        }
    }

    pub(super) fn star_relation(&mut self, parts: &[&ObjectNamePart], written: &str) -> Option<usize> {
        let idents: Vec<&Ident> = parts.iter().filter_map(|part| part.as_ident()).collect();
        let scope = self.scopes.last()?;
        let found = match idents.as_slice() {
            [name] => scope.find_relation(&self.dialect.key(name)),
            [schema, name] => scope
                .find_relation(&self.dialect.key(name))
                .filter(|index| scope.relations[*index].schema.as_deref() == Some(&self.dialect.key(schema))),
            _ => None,
        };
        if found.is_none() {
            self.refuse(
                Reason::new(
                    ReasonCode::ColumnNotAllowed,
                    format!("this is no table of the query: {written}"),
                    "Name a table or alias of the FROM clause.",
                )
                .about(written),
            );
        }
        found
    }

    /// The allowed columns that `*` or `t.*` stands for, as expressions still to be walked.
    pub(super) fn star(&mut self, only: Option<usize>) -> Vec<Expr> {
        let Some(scope) = self.scopes.last() else {
            return Vec::new();
        };
        let single = self.scopes.len() == 1 && scope.relations.len() == 1;
        if scope.relations.is_empty() {
            self.refuse_construct("* without a FROM clause", Span::empty());
            return Vec::new();
        }
        let mut exprs = Vec::new();
        let mut left_out = Vec::new();
        // PostgreSQL and MySQL put united columns first, SQLite leaves them where the left table has them.
        let united_first = only.is_none() && self.dialect != Dialect::Sqlite;
        if united_first {
            exprs.extend(scope.merged.iter().map(|merged| united(scope, merged)));
        }
        for (index, relation) in scope.relations.iter().enumerate() {
            if only.is_some_and(|only| only != index) {
                continue;
            }
            for name in relation.column_names(self.policy) {
                let ident = match &relation.source {
                    Source::Table(_) => self.dialect.ident(name),
                    _ => derived_ident(relation, name),
                };
                let key = self.dialect.key(&ident);
                let merged = scope
                    .merged
                    .iter()
                    .find(|merged| merged.key == key && merged.sides.contains(&index));
                exprs.push(match merged.filter(|_| only.is_none()) {
                    Some(merged) if !united_first && merged.sides.first() == Some(&index) => {
                        united(scope, merged)
                    }
                    Some(_) => continue,
                    None if single => Expr::Identifier(ident),
                    None => qualified(scope, index, &ident),
                });
            }
            if let Source::Table(table) = relation.source {
                left_out.extend(self.policy.withheld(table).iter().map(|column| {
                    format!(
                        "{}.{} is {}",
                        self.policy.table(table).name,
                        column.name,
                        column.class.as_str()
                    )
                }));
            }
        }
        self.expanded += exprs.len();
        if self.expanded > MAX_EXPANDED {
            // `SELECT *, * FROM (SELECT *, * FROM …)` doubles with every level.
            self.refuse(Reason::new(
                ReasonCode::TooManyTokens,
                format!("* stands for more columns than the limit: {MAX_EXPANDED}"),
                "Name the columns you need.",
            ));
            return Vec::new();
        }
        self.change(
            ChangeKind::StarExpanded,
            format!("* written as {} columns", exprs.len()),
        );
        let cleared = self.policy.clearance().map_or("", andon_domain::Class::as_str);
        for column in left_out {
            self.change(
                ChangeKind::ColumnLeftOut,
                format!("column left out: {column}, you are cleared to {cleared}"),
            );
        }
        exprs
    }
}

fn united(scope: &Scope, merged: &Merged) -> Expr {
    match merged.canonical {
        Some(side) => qualified(scope, side, &merged.ident),
        None => Expr::Identifier(merged.ident.clone()),
    }
}

fn derived_ident(relation: &Relation, name: &str) -> Ident {
    match &relation.source {
        Source::Derived(columns) => columns
            .iter()
            .filter_map(|column| column.name.as_ref())
            .find(|ident| ident.value == name)
            .cloned()
            .unwrap_or_else(|| Ident::new(name)),
        Source::Table(_) | Source::Refused => Ident::new(name),
    }
}
