//! Queries: WITH, set operations, parentheses, VALUES.

use std::rc::Rc;

use sqlparser::ast::{Cte, Query, SetExpr, SetOperator, SetQuantifier, Spanned, TableAlias, Values, With};
use sqlparser::tokenizer::Span;

use super::{Output, Place, VisibleCte, Walk};
use crate::refusal::{Reason, ReasonCode};
use crate::scope::DerivedColumn;
use crate::text::locking_read;

impl Walk<'_> {
    /// A query nested in parentheses: a subquery for the score.
    pub(super) fn subquery(&mut self, query: &mut Query, place: Place) -> Vec<Output> {
        self.tally.subqueries += 1;
        self.query(query, place)
    }

    pub(super) fn query(&mut self, query: &mut Query, place: Place) -> Vec<Output> {
        let known_ctes = self.ctes.len();
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !locks.is_empty() {
            self.refuse(locking_read());
        }
        let odd = for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty();
        if odd {
            self.refuse_construct("FOR, SETTINGS, FORMAT or pipe clause", Span::empty());
        }
        if let Some(with) = with {
            self.with(with);
        }
        unwrap_parentheses(body);
        let outputs = match &mut **body {
            SetExpr::Select(select) => self.select(select, order_by.as_mut(), place),
            other => {
                let outputs = self.set_expr(other, place);
                if let Some(order_by) = order_by {
                    self.order_by_outputs(order_by, &outputs);
                }
                outputs
            }
        };
        self.limit_clause(limit_clause, fetch);
        self.ctes.truncate(known_ctes);
        outputs
    }

    fn with(&mut self, with: &mut With) {
        let With {
            with_token,
            recursive,
            cte_tables,
        } = with;
        if *recursive {
            self.refuse(
                Reason::new(
                    ReasonCode::RecursiveCte,
                    "recursive queries are not allowed: WITH RECURSIVE",
                    "Write the query without RECURSIVE.",
                )
                .at(with_token.0.span),
            );
        }
        for cte in cte_tables {
            self.cte(cte);
        }
    }

    /// A CTE sees the ones before it, never itself: its name enters after its body was walked.
    fn cte(&mut self, cte: &mut Cte) {
        let Cte {
            alias,
            query,
            from,
            materialized: _,
            closing_paren_token: _,
        } = cte;
        if from.is_some() {
            self.refuse_construct("WITH ... FROM", Span::empty());
        }
        self.check_relation_name(&mut alias.name);
        let key = self.dialect.key(&alias.name);
        let name = alias.name.value.clone();
        if self.policy.is_table_name(&name) {
            self.refuse(shadows_table("cte", &name).at(alias.name.span));
        }
        // Lower case here in every dialect: two names that differ by capitals only are asking for trouble.
        if self
            .ctes
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(&name))
        {
            self.refuse(
                Reason::new(
                    ReasonCode::NameRepeated,
                    format!("this cte name is already in use: {name}"),
                    "Give each WITH query a name of its own.",
                )
                .about(name.clone())
                .at(alias.name.span),
            );
        }
        // A CTE body sees no column from outside.
        let outer = std::mem::take(&mut self.scopes);
        let class = self.class.take();
        let outputs = self.subquery(query, Place::Named);
        self.scopes = outer;
        self.class = class;
        let columns = self.rename_columns(alias, outputs);
        self.cte_names.insert(name.to_lowercase());
        self.ctes.push(VisibleCte {
            key,
            name,
            columns: Rc::new(columns),
        });
    }

    /// Applies `AS name (a, b)` to the columns of a subquery.
    pub(super) fn rename_columns(
        &mut self,
        alias: &mut TableAlias,
        outputs: Vec<Output>,
    ) -> Vec<DerivedColumn> {
        let TableAlias {
            explicit: _,
            name: _,
            columns,
            at,
        } = alias;
        if at.is_some() {
            self.refuse_construct("AT in an alias", Span::empty());
        }
        let mut derived: Vec<DerivedColumn> = outputs
            .into_iter()
            .map(|output| DerivedColumn {
                name: output.name,
                class: output.class,
            })
            .collect();
        for (index, column) in columns.iter_mut().enumerate() {
            if column.data_type.is_some() {
                self.refuse_construct("column definition in an alias", column.name.span);
            }
            self.check_name(&mut column.name);
            match derived.get_mut(index) {
                Some(output) => output.name = Some(column.name.clone()),
                None => self.refuse(
                    Reason::new(
                        ReasonCode::OrdinalOutOfRange,
                        format!(
                            "the column list is longer than the query it names: {}",
                            column.name.value
                        ),
                        "Name at most as many columns as the query has.",
                    )
                    .at(column.name.span),
                ),
            }
        }
        derived
    }

    /// Set operations lean to the left; the left spine is walked in a loop, since it may be long.
    fn set_expr(&mut self, body: &mut SetExpr, place: Place) -> Vec<Output> {
        // EXCEPT and INTERSECT compare every column, also where only the number of rows is asked for.
        let place = if place == Place::Exists {
            Place::Inner
        } else {
            place
        };
        let mut rights = Vec::new();
        let mut current = body;
        let mut outputs = loop {
            match current {
                SetExpr::SetOperation {
                    left,
                    op,
                    set_quantifier,
                    right,
                } => {
                    self.set_operator(*op, *set_quantifier);
                    rights.push(&mut **right);
                    current = &mut **left;
                }
                leaf => break self.branch(leaf, place),
            }
        };
        for right in rights.into_iter().rev() {
            let others = match right {
                SetExpr::SetOperation { .. } => self.set_expr(right, place),
                leaf => self.branch(leaf, place),
            };
            for (output, other) in outputs.iter_mut().zip(others) {
                output.class = output.class.max(other.class);
            }
        }
        outputs
    }

    fn set_operator(&mut self, op: SetOperator, quantifier: SetQuantifier) {
        let operator = matches!(
            op,
            SetOperator::Union | SetOperator::Except | SetOperator::Intersect
        );
        let plain = matches!(
            quantifier,
            SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
        );
        if !operator || !plain {
            self.refuse_construct(&format!("{op} {quantifier}"), Span::empty());
        }
    }

    fn branch(&mut self, branch: &mut SetExpr, place: Place) -> Vec<Output> {
        if let SetExpr::Query(inner) = branch
            && is_plain(inner)
        {
            let body = std::mem::replace(&mut *inner.body, SetExpr::Values(empty_values()));
            *branch = body;
        }
        match branch {
            SetExpr::Select(select) => self.select(select, None, place),
            SetExpr::SetOperation { .. } => {
                // Parentheses around a set operation carry meaning; they are kept.
                self.set_expr(branch, place)
            }
            SetExpr::Query(query) => {
                if self.dialect == crate::Dialect::Sqlite {
                    self.refuse_dialect(
                        "a parenthesised query with its own WITH, ORDER BY or LIMIT",
                        query.span(),
                        "Put it into a subquery: SELECT ... FROM (SELECT ... ORDER BY ... LIMIT ...) AS part.",
                    );
                }
                self.query(query, place)
            }
            SetExpr::Values(values) => {
                if place == Place::Top {
                    self.refuse_construct("VALUES as a statement", Span::empty());
                }
                self.values(values)
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                self.refuse(Reason::new(
                    ReasonCode::WriteStatement,
                    "a query may not write: INSERT, UPDATE, DELETE or MERGE inside it",
                    "Write one SELECT statement.",
                ));
                Vec::new()
            }
            SetExpr::Table(_) => {
                self.refuse_construct("TABLE as a query", Span::empty());
                Vec::new()
            }
        }
    }

    fn values(&mut self, values: &mut Values) -> Vec<Output> {
        let Values {
            explicit_row: _,
            value_keyword,
            rows,
        } = values;
        if *value_keyword {
            self.refuse_construct("VALUE", Span::empty());
        }
        let mut outputs: Vec<Output> = Vec::new();
        for row in rows {
            for (index, expr) in row.content.iter_mut().enumerate() {
                let class = self.with_class(|walk| walk.expr(expr));
                match outputs.get_mut(index) {
                    Some(output) => output.class = output.class.max(class),
                    None => outputs.push(self.values_output(index, class)),
                }
            }
        }
        outputs
    }

    fn values_output(&self, index: usize, class: Option<andon_domain::Class>) -> Output {
        let title = match self.dialect {
            crate::Dialect::MySql => format!("column_{index}"),
            _ => format!("column{}", index + 1),
        };
        Output {
            name: Some(self.dialect.ident(&title)),
            title,
            class,
        }
    }
}

pub(super) fn shadows_table(what: &str, name: &str) -> Reason {
    Reason::new(
        ReasonCode::NameShadowsTable,
        format!("this {what} takes the name of a table: {name}"),
        "Choose a name that no table has.",
    )
    .about(name)
}

/// Whether parentheses around a query do nothing.
fn is_plain(query: &Query) -> bool {
    let Query {
        with,
        body,
        order_by,
        limit_clause,
        fetch,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = query;
    let plain =
        with.is_none() && order_by.is_none() && limit_clause.is_none() && fetch.is_none() && locks.is_empty();
    let plain = plain && for_clause.is_none() && settings.is_none() && format_clause.is_none();
    plain && pipe_operators.is_empty() && matches!(**body, SetExpr::Select(_) | SetExpr::Query(_))
}

/// `((SELECT ...))` is `SELECT ...`.
fn unwrap_parentheses(body: &mut SetExpr) {
    while let SetExpr::Query(inner) = body {
        if !is_plain(inner) {
            return;
        }
        *body = std::mem::replace(&mut *inner.body, SetExpr::Values(empty_values()));
    }
}

fn empty_values() -> Values {
    Values {
        explicit_row: false,
        value_keyword: false,
        rows: Vec::new(),
    }
}
