//! FROM: tables and subqueries, each with the name under which its columns can be reached.

use std::rc::Rc;

use sqlparser::ast::{
    Ident, Join, ObjectName, ObjectNamePart, Query, Spanned, TableAlias, TableFactor, TableWithJoins,
};
use sqlparser::tokenizer::Span;

use super::query::shadows_table;
use super::{Place, Walk};
use crate::dialect::Dialect;
use crate::nearest::nearest;
use crate::policy::last_part;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::{Relation, Scope, Source};

/// SQLite joins no more, and the time to resolve names grows with it.
const MAX_RELATIONS: usize = 64;

impl Walk<'_> {
    pub(super) fn from(&mut self, from: &mut [TableWithJoins]) -> Scope {
        let mut scope = Scope::default();
        for (index, tree) in from.iter_mut().enumerate() {
            if index > 0 {
                self.tally.joins += 1;
            }
            // SQLite lets an ON clause see what stands to the left of a comma, the others do not.
            let floor = if self.dialect == Dialect::Sqlite {
                0
            } else {
                scope.relations.len()
            };
            self.join_tree(tree, &mut scope, floor);
        }
        scope
    }

    fn join_tree(&mut self, tree: &mut TableWithJoins, scope: &mut Scope, floor: usize) {
        let TableWithJoins { relation, joins } = tree;
        let start = scope.relations.len();
        self.factor(relation, scope);
        for join in joins {
            let Join {
                relation,
                global,
                join_operator,
            } = join;
            self.tally.joins += 1;
            if *global {
                self.refuse_construct("GLOBAL JOIN", relation.span());
            }
            let middle = scope.relations.len();
            self.factor(relation, scope);
            let Some((kind, constraint)) = self.join_kind(join_operator) else {
                continue;
            };
            // To SQLite a comma is a join like any other, so that USING looks at the tables before it as well.
            let start = if self.dialect == Dialect::Sqlite {
                floor
            } else {
                start
            };
            self.constraint(constraint, kind, scope, start..middle, floor);
        }
    }

    fn factor(&mut self, factor: &mut TableFactor, scope: &mut Scope) {
        let span = factor_span(factor);
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                if args.is_some() {
                    self.table_function(&name.to_string(), span);
                    return self.refused_relation(alias.as_ref(), scope);
                }
                let odd =
                    !with_hints.is_empty() || version.is_some() || *with_ordinality || !partitions.is_empty();
                if odd || json_path.is_some() || sample.is_some() || !index_hints.is_empty() {
                    self.refuse_construct("a modifier behind a table name", span);
                }
                self.table(name, alias, scope);
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                if sample.is_some() {
                    self.refuse_construct("TABLESAMPLE", span);
                }
                if *lateral && self.dialect == Dialect::Sqlite {
                    self.refuse_dialect("LATERAL", span, "Use a correlated subquery in the SELECT list.");
                }
                self.derived(*lateral, subquery, alias, scope);
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                if alias.is_some() {
                    self.refuse_construct("an alias for a join in parentheses", span);
                }
                if self.dialect == Dialect::Sqlite {
                    // SQLite turns it into a subquery over every column of its tables, hidden ones included.
                    self.refuse_construct("a join in parentheses", span);
                }
                let floor = scope.relations.len();
                self.join_tree(table_with_joins, scope, floor);
            }
            TableFactor::TableFunction { expr, alias } => {
                let name = expr.to_string();
                self.table_function(&name, span);
                self.refused_relation(alias.as_ref(), scope);
            }
            TableFactor::Function { name, alias, .. } => {
                self.table_function(&name.to_string(), span);
                self.refused_relation(alias.as_ref(), scope);
            }
            other => {
                let shown: String = other.to_string().chars().take(60).collect();
                self.refuse_construct(&format!("in FROM: {shown}"), span);
                self.refused_relation(None, scope);
            }
        }
    }

    fn table_function(&mut self, name: &str, span: Span) {
        let name: String = name.chars().take(60).collect();
        self.refuse(
            Reason::new(
                ReasonCode::TableFunction,
                format!("a function may not stand in the place of a table: {name}"),
                "Read from a table of the allow list.",
            )
            .about(name)
            .at(span),
        );
    }

    /// Stands in for a relation that was refused, so that its columns raise no further reasons.
    fn refused_relation(&mut self, alias: Option<&TableAlias>, scope: &mut Scope) {
        let ident = alias.map_or_else(|| Ident::new("refused"), |alias| alias.name.clone());
        scope.relations.push(Relation {
            key: self.dialect.key(&ident),
            ident,
            schema: None,
            source: Source::Refused,
        });
    }

    fn table(&mut self, name: &mut ObjectName, alias: &mut Option<TableAlias>, scope: &mut Scope) {
        let mut parts = Vec::new();
        for part in &mut name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => {
                    self.check_name(ident);
                    parts.push(ident.clone());
                }
                ObjectNamePart::Function(_) => {
                    self.refuse_construct("a function in a table name", Span::empty());
                }
            }
        }
        let Some(last) = parts.last().cloned() else {
            return self.refused_relation(alias.as_ref(), scope);
        };
        let source = self.table_source(&parts, &last);
        if let Source::Table(table) = source {
            self.reads.entry(table).or_default();
            if self.dialect == Dialect::MySql {
                // Table names keep their capitals on some file systems; the policy's spelling is the right one.
                respell(name, &self.policy.table(table).name, self.dialect);
            }
        }
        let mut ident = last;
        let mut schema = (parts.len() == 2).then(|| self.dialect.key(&parts[0]));
        if let Some(alias) = alias {
            self.check_alias(alias, &source);
            if !alias.columns.is_empty() || alias.at.is_some() {
                self.refuse_construct("a column list behind the alias of a table", alias.name.span);
            }
            ident = alias.name.clone();
            schema = None;
        } else if let (Source::Table(table), Dialect::MySql) = (&source, self.dialect) {
            ident = self.dialect.ident(last_part(&self.policy.table(*table).name));
        }
        self.push_relation(ident, schema, source, scope);
    }

    fn table_source(&mut self, parts: &[Ident], last: &Ident) -> Source {
        let keys: Vec<String> = parts.iter().map(|part| self.dialect.key(part)).collect();
        if let [key] = keys.as_slice()
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.key == *key)
        {
            return Source::Derived(Rc::clone(&cte.columns));
        }
        // A dot inside quotes is part of a name, not the end of a schema.
        let key = if keys.iter().any(|key| key.contains('.')) {
            String::new()
        } else {
            keys.join(".")
        };
        if let Some(table) = self.policy.find_table(self.dialect, &key) {
            return Source::Table(table);
        }
        let written = parts
            .iter()
            .map(|part| part.value.as_str())
            .collect::<Vec<_>>()
            .join(".");
        let names: Vec<&str> = self.policy.tables().map(|table| table.name.as_str()).collect();
        let same_last = names
            .iter()
            .find(|name| last_part(name).eq_ignore_ascii_case(&last.value));
        let near = same_last.map(|name| (*name).to_owned()).or_else(|| {
            nearest(
                &last.value,
                names
                    .iter()
                    .copied()
                    .chain(self.ctes.iter().map(|cte| cte.name.as_str())),
            )
        });
        let listed = names.iter().take(12).copied().collect::<Vec<_>>().join(", ");
        self.refuse(
            Reason::new(
                ReasonCode::TableNotAllowed,
                format!("this table is not on your allow list: {written}"),
                format!("Allowed tables: {listed}."),
            )
            .about(written)
            .nearest(near)
            .at(last.span),
        );
        Source::Refused
    }

    fn derived(
        &mut self,
        lateral: bool,
        subquery: &mut Query,
        alias: &mut Option<TableAlias>,
        scope: &mut Scope,
    ) {
        let class = self.class.take();
        let outputs = if lateral {
            let from = scope.visible_from;
            self.scopes.push(std::mem::take(scope));
            let outputs = self.subquery(subquery, Place::Named);
            *scope = self.scopes.pop().unwrap_or_default();
            scope.visible_from = from;
            outputs
        } else {
            self.subquery(subquery, Place::Named)
        };
        self.class = class;
        let alias = alias.get_or_insert_with(|| {
            self.derived_names += 1;
            TableAlias {
                explicit: true,
                name: Ident::new(format!("derived_{}", self.derived_names)),
                columns: Vec::new(),
                at: None,
            }
        });
        if !alias.columns.is_empty() && self.dialect == Dialect::Sqlite {
            self.refuse_dialect(
                "a column list behind the alias of a subquery",
                alias.name.span,
                "Name the columns inside the subquery with AS.",
            );
        }
        let columns = self.rename_columns(alias, outputs);
        let source = Source::Derived(Rc::new(columns));
        self.check_alias(alias, &source);
        self.push_relation(alias.name.clone(), None, source, scope);
    }

    /// An alias may not hide a table of the policy, nor a CTE.
    fn check_alias(&mut self, alias: &mut TableAlias, source: &Source) {
        self.check_relation_name(&mut alias.name);
        // Written with AS, the word cannot be taken for a clause of the database's own.
        alias.explicit = true;
        let name = &alias.name.value;
        let own = matches!(source, Source::Table(table)
            if last_part(&self.policy.table(*table).name).eq_ignore_ascii_case(name));
        if self.policy.is_table_name(name) && !own {
            self.refuse(shadows_table("alias", name).at(alias.name.span));
        }
    }

    fn push_relation(&mut self, ident: Ident, schema: Option<String>, source: Source, scope: &mut Scope) {
        if scope.relations.len() >= MAX_RELATIONS {
            return self.refuse_construct(
                &format!("more than {MAX_RELATIONS} tables in one FROM"),
                ident.span,
            );
        }
        let key = self.dialect.key(&ident);
        let here = scope.relations.iter().any(|other| other.key == key);
        let outside = self
            .scopes
            .iter()
            .flat_map(|scope| &scope.relations)
            .any(|other| other.key == key && !other.source.is_same(&source));
        if here || outside {
            let name = ident.value.clone();
            self.refuse(
                Reason::new(
                    ReasonCode::NameRepeated,
                    format!("this table name or alias stands for two things: {name}"),
                    "Give each table in the query an alias of its own.",
                )
                .about(name)
                .at(ident.span),
            );
        }
        scope.relations.push(Relation {
            key,
            ident,
            schema,
            source,
        });
    }
}

/// Where a table or its alias stands; cheaper than the span of everything inside.
fn factor_span(factor: &TableFactor) -> Span {
    match factor {
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => name
            .0
            .first()
            .and_then(ObjectNamePart::as_ident)
            .map_or_else(Span::empty, |ident| ident.span),
        TableFactor::Derived {
            alias: Some(alias), ..
        } => alias.name.span,
        TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => Span::empty(),
        other => other.span(),
    }
}

fn respell(name: &mut ObjectName, stored: &str, dialect: Dialect) {
    name.0 = stored
        .split('.')
        .map(|part| ObjectNamePart::Identifier(dialect.ident(part)))
        .collect();
}
