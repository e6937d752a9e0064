//! Column names: each is resolved to a column of the policy or of a subquery, and written so that the database cannot
//! resolve it to anything else.
//!
//! A bare name stays bare only where one relation is in sight. Everywhere else it is written with its relation, since a
//! nearer table may have a hidden column of that name, which the database would prefer.

use andon_domain::Class;
use sqlparser::ast::{Expr, Ident};

use super::Walk;
use crate::checked::ChangeKind;
use crate::nearest::nearest;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::{AliasUse, BareHit, Lookup, Relation, Scope, Source};

/// Most bytes of text that aliases may add to a query.
const MAX_INLINED: usize = 16 * 1024;

impl Walk<'_> {
    /// Runs `work` and gives the highest class it met, which also counts for whoever asked before.
    pub(super) fn with_class(&mut self, work: impl FnOnce(&mut Self)) -> Option<Class> {
        let before = self.class.take();
        work(self);
        let met = self.class;
        self.class = before.max(met);
        met
    }

    /// Records that a column is read.
    pub(super) fn touch(&mut self, source: &Source, column: usize) {
        match source {
            Source::Table(table) => {
                self.reads.entry(*table).or_default().insert(column);
                let class = self.policy.table(*table).columns[column].class;
                self.raise_class(Some(class));
            }
            Source::Derived(columns) => self.raise_class(columns[column].class),
            Source::Refused => {}
        }
    }

    /// Resolves a bare name.
    pub(super) fn bare_name(&mut self, expr: &mut Expr) {
        let Expr::Identifier(ident) = expr else { return };
        self.check_name(ident);
        if ident.quote_style.is_none() && self.dialect.is_value_word(&ident.value) {
            let ident = ident.clone();
            self.refuse_construct(&ident.value, ident.span);
            return;
        }
        let ident = ident.clone();
        let key = self.dialect.key(&ident);
        let top = self.scopes.len();
        for depth in (0..top).rev() {
            match self.scopes[depth].find_bare(self.policy, self.dialect, &key) {
                BareHit::Column(relation, column) => {
                    let scope = &self.scopes[depth];
                    if top > 1 || scope.relations.len() > 1 {
                        *expr = qualified(scope, relation, &ident);
                    }
                    let source = scope.relations[relation].source.clone();
                    return self.touch(&source, column);
                }
                BareHit::Merged(merged) => return self.merged_name(expr, &ident, depth, merged),
                BareHit::Ambiguous => return self.refuse_ambiguous(&ident),
                BareHit::Refused => return,
                BareHit::Missing => {}
            }
            if depth + 1 == top && self.inline_alias(expr, &ident, &key) {
                return;
            }
        }
        self.refuse_bare(&ident, &key);
    }

    /// A column united by USING or NATURAL has the value of one side, which is named; both were read by the join.
    fn merged_name(&mut self, expr: &mut Expr, ident: &Ident, depth: usize, merged: usize) {
        let scope = &self.scopes[depth];
        let merged = &scope.merged[merged];
        let key = self.dialect.key(ident);
        let sides: Vec<(Source, Lookup)> = merged
            .sides
            .iter()
            .map(|side| {
                (
                    scope.relations[*side].source.clone(),
                    scope.relations[*side].find(self.policy, self.dialect, &key),
                )
            })
            .collect();
        match merged.canonical {
            Some(side) => *expr = qualified(scope, side, ident),
            // In a FULL JOIN only the bare name has the value; it is safe where nothing else can have such a name.
            None if self.scopes.len() == 1 && scope.relations.len() == 2 => {}
            None => return self.refuse_ambiguous(ident),
        }
        for (source, lookup) in sides {
            if let Lookup::Found(column) = lookup {
                self.touch(&source, column);
            }
        }
    }

    /// Replaces an output alias by what it stands for. Databases differ in where an alias may be used and whether a
    /// column of the same name wins; written out there is only one reading.
    fn inline_alias(&mut self, expr: &mut Expr, ident: &Ident, key: &str) -> bool {
        let Some(scope) = self.scopes.last() else {
            return false;
        };
        if scope.alias_use != AliasUse::Inline {
            return false;
        }
        let mut hits = scope.aliases.iter().filter(|alias| alias.key == key);
        let (Some(alias), another) = (hits.next(), hits.next()) else {
            return false;
        };
        if another.is_some() {
            self.refuse_ambiguous(ident);
            return true;
        }
        if !alias.can_inline {
            return false;
        }
        let meaning = &scope.items[alias.position];
        let class = alias.class;
        let simple = matches!(
            meaning,
            Expr::Identifier(_)
                | Expr::CompoundIdentifier(_)
                | Expr::Value(_)
                | Expr::Function(_)
                | Expr::Nested(_)
        );
        self.inlined += meaning.to_string().len();
        if self.inlined > MAX_INLINED {
            self.refuse(
                Reason::new(
                    ReasonCode::TooLong,
                    format!("aliases make the query too long: {}", ident.value),
                    "Write the expression in a subquery and use its column.",
                )
                .at(ident.span),
            );
            return true;
        }
        *expr = if simple {
            meaning.clone()
        } else {
            Expr::Nested(Box::new(meaning.clone()))
        };
        self.raise_class(class);
        self.change(
            ChangeKind::AliasResolved,
            format!("alias replaced by what it stands for: {}", ident.value),
        );
        true
    }

    /// Resolves `relation.column` and `schema.table.column`.
    pub(super) fn qualified_name(&mut self, expr: &mut Expr) {
        let Expr::CompoundIdentifier(parts) = expr else {
            return;
        };
        for part in parts.iter_mut() {
            self.check_name(part);
        }
        let parts = parts.clone();
        let (schema, name, column) = match parts.as_slice() {
            [name, column] => (None, name, column),
            [schema, name, column] => (Some(self.dialect.key(schema)), name, column),
            _ => {
                let written = expr.to_string();
                let span = parts
                    .first()
                    .map_or_else(sqlparser::tokenizer::Span::empty, |part| part.span);
                return self.refuse_construct(&format!("a name in so many parts: {written}"), span);
            }
        };
        let name_key = self.dialect.key(name);
        let key = self.dialect.key(column);
        for depth in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[depth];
            let Some(index) = scope.find_relation(&name_key) else {
                continue;
            };
            let relation = &scope.relations[index];
            if schema.is_some() && relation.schema != schema {
                continue;
            }
            match relation.find(self.policy, self.dialect, &key) {
                Lookup::Found(found) => {
                    *expr = qualified(scope, index, column);
                    let source = relation.source.clone();
                    return self.touch(&source, found);
                }
                Lookup::Refused => return,
                Lookup::Twice => return self.refuse_ambiguous(column),
                Lookup::Missing => return self.refuse_unknown_in(depth, index, column),
            }
        }
        self.refuse_unknown_relation(name, column);
    }

    pub(super) fn refuse_ambiguous(&mut self, ident: &Ident) {
        self.refuse(
            Reason::new(
                ReasonCode::ColumnAmbiguous,
                format!("this name could mean several columns: {}", ident.value),
                "Write the table or alias in front of it.",
            )
            .about(ident.value.clone())
            .at(ident.span),
        );
    }

    fn refuse_bare(&mut self, ident: &Ident, key: &str) {
        if self
            .scopes
            .iter()
            .any(|scope| scope.relations.iter().any(|relation| relation.key == key))
        {
            self.refuse(
                Reason::new(
                    ReasonCode::RowReference,
                    format!("a table cannot be used as a value: {}", ident.value),
                    "Name the columns you need.",
                )
                .about(ident.value.clone())
                .at(ident.span),
            );
            return;
        }
        let scopes = std::mem::take(&mut self.scopes);
        let relations: Vec<&Relation> = scopes.iter().rev().flat_map(|scope| &scope.relations).collect();
        self.refuse_missing(ident, &relations);
        self.scopes = scopes;
    }

    fn refuse_unknown_in(&mut self, depth: usize, index: usize, column: &Ident) {
        let scopes = std::mem::take(&mut self.scopes);
        self.refuse_missing(column, &[&scopes[depth].relations[index]]);
        self.scopes = scopes;
    }

    pub(super) fn refuse_unknown_column(&mut self, ident: &Ident, relations: &[Relation]) {
        self.refuse_missing(ident, &relations.iter().collect::<Vec<_>>());
    }

    fn refuse_missing(&mut self, ident: &Ident, relations: &[&Relation]) {
        let key = self.dialect.key(ident);
        let written = ident.value.clone();
        let withheld = relations.iter().find_map(|relation| match relation.source {
            Source::Table(table) => self
                .policy
                .find_withheld(self.dialect, table, &key)
                .map(|c| (table, c.class)),
            _ => None,
        });
        if let Some((table, class)) = withheld {
            let cleared = self.policy.clearance().map_or("", Class::as_str);
            let path = format!("{}.{written}", self.policy.table(table).name);
            self.refuse(
                Reason::new(
                    ReasonCode::ColumnAboveClearance,
                    format!(
                        "this column is {}, you are cleared to {cleared}: {path}",
                        class.as_str()
                    ),
                    "Leave the column out, or ask somebody who is cleared for it.",
                )
                .about(path)
                .at(ident.span),
            );
            return;
        }
        let message = format!("this column is not on your allow list: {written}");
        if !self.is_news(ReasonCode::ColumnNotAllowed, &message) {
            return;
        }
        let names: Vec<&str> = relations
            .iter()
            .flat_map(|relation| relation.column_names(self.policy))
            .collect();
        let near = nearest(&written, names.iter().copied());
        let hint = if names.is_empty() {
            "Name a table in FROM that has the column.".to_owned()
        } else {
            format!(
                "Allowed columns: {}.",
                names.iter().take(20).copied().collect::<Vec<_>>().join(", ")
            )
        };
        self.refuse(
            Reason::new(ReasonCode::ColumnNotAllowed, message, hint)
                .about(written)
                .nearest(near)
                .at(ident.span),
        );
    }

    fn refuse_unknown_relation(&mut self, name: &Ident, column: &Ident) {
        let names: Vec<&str> = self
            .scopes
            .iter()
            .flat_map(|scope| &scope.relations)
            .map(|relation| relation.ident.value.as_str())
            .collect();
        let near = nearest(&name.value, names.iter().copied());
        let written = format!("{}.{}", name.value, column.value);
        self.refuse(
            Reason::new(
                ReasonCode::ColumnNotAllowed,
                format!("this is no column of a table in reach: {written}"),
                "Name a table or alias of the FROM clause before the column.",
            )
            .about(written)
            .nearest(near)
            .at(name.span),
        );
    }
}

/// `relation.column`, spelled as the relation spells it.
pub(super) fn qualified(scope: &Scope, relation: usize, column: &Ident) -> Expr {
    Expr::CompoundIdentifier(vec![scope.relations[relation].ident.clone(), column.clone()])
}
