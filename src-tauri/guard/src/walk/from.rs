//! FROM: tables, subqueries, joins. Every join that compares columns is checked, NATURAL and USING included, since a
//! database would compare hidden columns there without another word.

use std::rc::Rc;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Spanned,
    TableAlias, TableFactor, TableWithJoins,
};
use sqlparser::tokenizer::Span;

use super::query::shadows_table;
use super::{Place, Walk};
use crate::checked::ChangeKind;
use crate::dialect::Dialect;
use crate::nearest::nearest;
use crate::policy::last_part;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::{Lookup, Merged, Relation, Scope, Source};

/// Which side of a join keeps all its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JoinKind {
    /// Inner, left and cross joins: a merged column has the left value.
    Left,
    Right,
    Full,
}

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
        subquery: &mut sqlparser::ast::Query,
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

    fn join_kind<'o>(
        &mut self,
        operator: &'o mut JoinOperator,
    ) -> Option<(JoinKind, &'o mut JoinConstraint)> {
        use JoinOperator as Op;
        Some(match operator {
            Op::Join(c) | Op::Inner(c) | Op::Left(c) | Op::LeftOuter(c) | Op::CrossJoin(c) => {
                (JoinKind::Left, c)
            }
            Op::Right(c) | Op::RightOuter(c) => (JoinKind::Right, c),
            Op::FullOuter(c) => {
                if self.dialect == Dialect::MySql {
                    self.refuse_dialect(
                        "FULL JOIN",
                        Span::empty(),
                        "Use a LEFT JOIN and a RIGHT JOIN with UNION.",
                    );
                }
                (JoinKind::Full, c)
            }
            _ => {
                self.refuse_construct("this kind of join", Span::empty());
                return None;
            }
        })
    }

    fn constraint(
        &mut self,
        constraint: &mut JoinConstraint,
        kind: JoinKind,
        scope: &mut Scope,
        left: std::ops::Range<usize>,
        floor: usize,
    ) {
        match constraint {
            JoinConstraint::None => {}
            JoinConstraint::On(expr) => {
                let before = std::mem::replace(&mut scope.visible_from, floor);
                self.scopes.push(std::mem::take(scope));
                self.expr(expr);
                *scope = self.scopes.pop().unwrap_or_default();
                scope.visible_from = before;
            }
            JoinConstraint::Using(names) => {
                let mut columns = Vec::new();
                for name in names.iter() {
                    match name.0.as_slice() {
                        [ObjectNamePart::Identifier(ident)] => columns.push(ident.clone()),
                        _ => self.refuse_construct("a qualified name in USING", name.span()),
                    }
                }
                for column in &mut columns {
                    self.check_name(column);
                }
                self.unite(constraint, &columns, kind, scope, &left, false);
            }
            JoinConstraint::Natural => {
                if let Some(columns) = self.common_columns(scope, &left) {
                    self.unite(constraint, &columns, kind, scope, &left, true);
                }
            }
        }
    }

    /// The columns that NATURAL compares, as far as they are allowed: hidden ones do not take part.
    fn common_columns(&mut self, scope: &Scope, left: &std::ops::Range<usize>) -> Option<Vec<Ident>> {
        let relations = &scope.relations;
        if relations[left.start..]
            .iter()
            .any(|relation| matches!(relation.source, Source::Refused))
        {
            return None;
        }
        let mut columns: Vec<Ident> = Vec::new();
        for right in &relations[left.end..] {
            for name in right.column_names(self.policy) {
                let ident = self.dialect.ident(name);
                let key = self.dialect.key(&ident);
                let on_left = relations[left.clone()]
                    .iter()
                    .any(|relation| relation.find(self.policy, self.dialect, &key) != Lookup::Missing);
                if on_left && !columns.iter().any(|known| self.dialect.key(known) == key) {
                    columns.push(ident);
                }
            }
        }
        if columns.is_empty() {
            self.refuse(Reason::new(
                ReasonCode::ColumnNotAllowed,
                "NATURAL JOIN finds no allowed column that both sides have",
                "Say what is compared: JOIN ... ON ....",
            ));
            return None;
        }
        Some(columns)
    }

    /// Joins on columns of the same name. Between two plain relations USING stays; in longer trees, where the database
    /// would search all tables to the left for the name, the comparison is written out.
    fn unite(
        &mut self,
        constraint: &mut JoinConstraint,
        columns: &[Ident],
        kind: JoinKind,
        scope: &mut Scope,
        left: &std::ops::Range<usize>,
        natural: bool,
    ) {
        let right = left.end..scope.relations.len();
        let simple = left.len() == 1 && right.len() == 1;
        if kind == JoinKind::Full && !simple {
            self.refuse_construct(
                "FULL JOIN with USING or NATURAL on more than two tables",
                Span::empty(),
            );
            return;
        }
        let mut condition: Option<Expr> = None;
        for column in columns {
            let key = self.dialect.key(column);
            let one = self.side(scope, left, &key, column);
            let two = self.side(scope, &right, &key, column);
            let (Some(one), Some(two)) = (one, two) else {
                continue;
            };
            let equal = Expr::BinaryOp {
                left: Box::new(qualified(scope, one, column)),
                op: BinaryOperator::Eq,
                right: Box::new(qualified(scope, two, column)),
            };
            condition = Some(match condition {
                None => equal,
                Some(before) => Expr::BinaryOp {
                    left: Box::new(before),
                    op: BinaryOperator::And,
                    right: Box::new(equal),
                },
            });
            let canonical = match kind {
                JoinKind::Left => Some(one),
                JoinKind::Right => Some(two),
                JoinKind::Full => None,
            };
            let old = scope
                .merged
                .iter()
                .position(|merged| merged.key == key && merged.sides.contains(&one));
            let mut sides = old.map_or_else(|| vec![one], |old| scope.merged.remove(old).sides);
            sides.push(two);
            scope.merged.push(Merged {
                key,
                ident: column.clone(),
                sides,
                canonical,
            });
        }
        if simple && natural {
            let names = columns
                .iter()
                .map(|column| ObjectName::from(vec![column.clone()]))
                .collect();
            *constraint = JoinConstraint::Using(names);
        } else if let (false, Some(condition)) = (simple, condition) {
            *constraint = JoinConstraint::On(condition);
        }
        if natural || !simple {
            let names = columns
                .iter()
                .map(|column| column.value.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let word = if natural { "NATURAL" } else { "USING" };
            self.change(
                ChangeKind::JoinSpelledOut,
                format!("{word} written out, compared columns: {names}"),
            );
        }
    }

    /// The one relation on a side of a join that has the column; its reading is recorded.
    fn side(
        &mut self,
        scope: &Scope,
        range: &std::ops::Range<usize>,
        key: &str,
        column: &Ident,
    ) -> Option<usize> {
        let merged = scope
            .merged
            .iter()
            .find(|merged| merged.key == key && merged.sides.iter().all(|s| range.contains(s)));
        let mut hits = Vec::new();
        for index in range.clone() {
            if merged.is_some_and(|merged| merged.sides.contains(&index)) {
                continue;
            }
            match scope.relations[index].find(self.policy, self.dialect, key) {
                Lookup::Missing => {}
                Lookup::Refused => return None,
                Lookup::Found(_) => hits.push(index),
                Lookup::Twice => hits.extend([index, index]),
            }
        }
        if let Some(merged) = merged {
            match merged.canonical {
                Some(side) => hits.push(side),
                None => {
                    self.refuse_construct("USING on a column of a FULL JOIN", column.span);
                    return None;
                }
            }
        }
        match hits.as_slice() {
            [index] => {
                if let Lookup::Found(found) = scope.relations[*index].find(self.policy, self.dialect, key) {
                    self.touch(&scope.relations[*index].source, found);
                }
                Some(*index)
            }
            [] => {
                self.refuse_unknown_column(column, &scope.relations[range.clone()]);
                None
            }
            _ => {
                self.refuse_ambiguous(column);
                None
            }
        }
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

/// `relation.column`, spelled as the relation spells it.
pub(super) fn qualified(scope: &Scope, relation: usize, column: &Ident) -> Expr {
    Expr::CompoundIdentifier(vec![scope.relations[relation].ident.clone(), column.clone()])
}

fn respell(name: &mut ObjectName, stored: &str, dialect: Dialect) {
    name.0 = stored
        .split('.')
        .map(|part| ObjectNamePart::Identifier(dialect.ident(part)))
        .collect();
}
