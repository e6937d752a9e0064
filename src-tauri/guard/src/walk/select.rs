//! One SELECT: its clauses in the order in which names come to life, `*` spelled out, output columns named.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, GroupByWithModifier, Ident, NamedWindowDefinition, NamedWindowExpr,
    ObjectNamePart, OrderBy, OrderByKind, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind,
    SelectModifiers, Value, visit_expressions,
};
use sqlparser::tokenizer::Span;

use super::{Output, Place, Walk};
use crate::checked::ChangeKind;
use crate::dialect::{Dialect, is_safe_name};
use crate::scope::{Alias, AliasUse};
use crate::text::select_into;

/// One entry of the SELECT list while it is worked on.
struct Item {
    expr: Expr,
    alias: Option<Ident>,
}

impl Walk<'_> {
    pub(super) fn select(
        &mut self,
        select: &mut Select,
        order_by: Option<&mut OrderBy>,
        place: Place,
    ) -> Vec<Output> {
        let Select {
            select_token,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let span = select_token.0.span;
        // Hints are comments; what runs is rendered without them.
        optimizer_hints.clear();
        if into.is_some() {
            self.refuse(select_into().at(span));
        }
        let odd = select_modifiers.as_ref().is_some_and(has_modifier)
            || top.is_some()
            || exclude.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != SelectFlavor::Standard;
        if odd {
            self.refuse_construct("a clause that is not part of plain SELECT", span);
        }
        let mut scope = self.from(from);
        scope.keep = self.expressions_kept(distinct.as_ref(), group_by, order_by.as_deref());
        self.scopes.push(scope);

        let (items, outputs) = self.projection(std::mem::take(projection), place);
        let (exprs, aliases): (Vec<Expr>, Vec<Option<Ident>>) =
            items.into_iter().map(|item| (item.expr, item.alias)).unzip();
        self.open_aliases(exprs, &aliases, &outputs);

        self.distinct(distinct, span);
        if let Some(condition) = selection {
            self.tally.wheres += 1;
            let use_aliases = self.dialect == Dialect::Sqlite;
            self.clause(condition, use_aliases);
        }
        self.group_by(group_by, &outputs);
        if let Some(condition) = having {
            self.clause(condition, true);
        }
        self.named_windows(named_window);
        if let Some(order_by) = order_by {
            self.order_by(order_by, &outputs);
        }
        let scope = self.scopes.pop().unwrap_or_default();
        *projection = scope
            .items
            .into_iter()
            .zip(aliases)
            .map(|(expr, alias)| select_item(expr, alias))
            .collect();
        outputs
    }

    /// Walks an expression in which an output alias may stand for what it names.
    pub(super) fn clause(&mut self, expr: &mut Expr, use_aliases: bool) {
        let class = self.class.take();
        self.alias_use(if use_aliases {
            AliasUse::Inline
        } else {
            AliasUse::No
        });
        self.expr(expr);
        self.alias_use(AliasUse::No);
        self.class = class;
    }

    fn alias_use(&mut self, alias_use: AliasUse) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.alias_use = alias_use;
        }
    }

    /// PostgreSQL and MySQL want a grouped expression in the SELECT list to be the same text as in GROUP BY; two
    /// parameters are not the same to them, so the literals inside stay.
    fn expressions_kept(
        &self,
        distinct: Option<&Distinct>,
        group_by: &GroupByExpr,
        order_by: Option<&OrderBy>,
    ) -> Vec<Expr> {
        if self.dialect == Dialect::Sqlite {
            return Vec::new();
        }
        let is_compound = |expr: &&Expr| {
            !matches!(
                expr,
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)
            )
        };
        let mut kept: Vec<Expr> = match group_by {
            GroupByExpr::Expressions(exprs, _) => exprs.iter().filter(is_compound).cloned().collect(),
            GroupByExpr::All(_) => Vec::new(),
        };
        if let (
            Some(Distinct::Distinct | Distinct::On(_)),
            Some(OrderBy {
                kind: OrderByKind::Expressions(exprs),
                ..
            }),
        ) = (distinct, order_by)
        {
            kept.extend(exprs.iter().map(|order| &order.expr).filter(is_compound).cloned());
        }
        kept
    }

    fn projection(&mut self, projection: Vec<SelectItem>, place: Place) -> (Vec<Item>, Vec<Output>) {
        let projection =
            if place == Place::Exists && matches!(projection.as_slice(), [SelectItem::Wildcard(_)]) {
                // EXISTS looks at rows only; reading every column for it would raise the class of the result for nothing.
                return (
                    vec![Item {
                        expr: Expr::value(Value::Null),
                        alias: None,
                    }],
                    Vec::new(),
                );
            } else {
                projection
            };
        let mut items = Vec::with_capacity(projection.len());
        let mut outputs = Vec::with_capacity(projection.len());
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expr) => self.item(expr, None, place, &mut items, &mut outputs),
                SelectItem::ExprWithAlias { expr, mut alias } => {
                    self.check_name(&mut alias);
                    self.item(expr, Some(alias), place, &mut items, &mut outputs);
                }
                SelectItem::Wildcard(options) => {
                    self.wildcard_options(&options);
                    for expr in self.star(None) {
                        self.item(expr, None, place, &mut items, &mut outputs);
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.wildcard_options(&options);
                    let parts: Vec<&ObjectNamePart> = name.0.iter().collect();
                    let relation = self.star_relation(&parts, &name.to_string());
                    if let Some(relation) = relation {
                        for expr in self.star(Some(relation)) {
                            self.item(expr, None, place, &mut items, &mut outputs);
                        }
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
                | SelectItem::ExprWithAliases { .. } => {
                    self.refuse_construct("this kind of column in the SELECT list", Span::empty());
                }
            }
        }
        (items, outputs)
    }

    fn item(
        &mut self,
        mut expr: Expr,
        mut alias: Option<Ident>,
        place: Place,
        items: &mut Vec<Item>,
        outputs: &mut Vec<Output>,
    ) {
        let named = alias.is_some();
        let column = column_name(&expr).cloned();
        let text = match (&alias, &column) {
            (Some(alias), _) => alias.value.clone(),
            (None, Some(column)) => column.value.clone(),
            (None, None) if place == Place::Inner || place == Place::Exists => String::new(),
            (None, None) => expr.to_string(),
        };
        let class = self.with_class(|walk| walk.expr(&mut expr));
        let mut name = alias.clone().or(column);
        if place == Place::Named
            && !named
            && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        {
            // The column must have a name that the guard and the database agree on.
            let given = name
                .take()
                .unwrap_or_else(|| self.name_for(&expr, &text, outputs));
            self.change(ChangeKind::NameAdded, format!("column named: {}", given.value));
            alias = Some(given.clone());
            name = Some(given);
        }
        items.push(Item { expr, alias });
        outputs.push(Output {
            name,
            title: text,
            class,
        });
    }

    /// A name for an unnamed column of a subquery: the one the database would have used, if it can be written.
    fn name_for(&self, expr: &Expr, text: &str, outputs: &[Output]) -> Ident {
        let wanted = match (self.dialect, expr) {
            (Dialect::Postgres, Expr::Function(function)) => function.name.to_string().to_ascii_lowercase(),
            _ => text.to_owned(),
        };
        let taken = |name: &str| {
            outputs.iter().any(|output| {
                output
                    .name
                    .as_ref()
                    .is_some_and(|n| n.value.eq_ignore_ascii_case(name))
            })
        };
        if is_safe_name(&wanted) && wanted.len() <= 60 && !taken(&wanted) {
            self.dialect.ident(&wanted)
        } else {
            Ident::new(format!("column_{}", outputs.len() + 1))
        }
    }

    fn open_aliases(&mut self, items: Vec<Expr>, names: &[Option<Ident>], outputs: &[Output]) {
        let aliases = names
            .iter()
            .enumerate()
            .filter_map(|(position, name)| {
                let key = self.dialect.key(name.as_ref()?);
                let class = outputs.get(position).and_then(|output| output.class);
                Some(Alias {
                    key,
                    position,
                    class,
                    can_inline: can_copy(&items[position]),
                })
            })
            .collect();
        if let Some(scope) = self.scopes.last_mut() {
            scope.items = items;
            scope.aliases = aliases;
        }
    }

    fn distinct(&mut self, distinct: &mut Option<Distinct>, span: Span) {
        let Some(Distinct::On(exprs)) = distinct else {
            return;
        };
        if self.dialect != Dialect::Postgres {
            self.refuse_dialect("DISTINCT ON", span, "Use GROUP BY with min or max.");
        }
        for expr in exprs {
            self.clause(expr, true);
        }
    }

    fn group_by(&mut self, group_by: &mut GroupByExpr, outputs: &[Output]) {
        match group_by {
            GroupByExpr::All(_) => {
                self.tally.group_bys += 1;
                self.refuse_construct("GROUP BY ALL", Span::empty());
            }
            GroupByExpr::Expressions(exprs, modifiers) => {
                if !exprs.is_empty() {
                    self.tally.group_bys += 1;
                }
                let rollup = |modifier: &GroupByWithModifier| matches!(modifier, GroupByWithModifier::Rollup);
                if !modifiers.iter().all(rollup) || (self.dialect != Dialect::MySql && !modifiers.is_empty())
                {
                    self.refuse_construct("a modifier behind GROUP BY", Span::empty());
                }
                for expr in exprs {
                    self.group_expr(expr, outputs);
                }
            }
        }
    }

    fn group_expr(&mut self, expr: &mut Expr, outputs: &[Output]) {
        if let (Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets), Dialect::Postgres) =
            (&mut *expr, self.dialect)
        {
            for expr in sets.iter_mut().flatten() {
                self.group_expr(expr, outputs);
            }
        } else if !self.ordinal(expr, outputs.len()) && !self.group_alias(expr, outputs) {
            self.clause(expr, true);
        }
    }

    fn named_windows(&mut self, windows: &mut [NamedWindowDefinition]) {
        for NamedWindowDefinition(name, window) in windows {
            self.check_name(name);
            match window {
                NamedWindowExpr::NamedWindow(other) => self.check_name(other),
                NamedWindowExpr::WindowSpec(spec) => {
                    let class = self.class.take();
                    self.window_spec(spec);
                    self.class = class;
                }
            }
        }
    }
}

fn has_modifier(modifiers: &SelectModifiers) -> bool {
    let SelectModifiers {
        high_priority,
        straight_join,
        sql_small_result,
        sql_big_result,
        sql_buffer_result,
        sql_no_cache,
        sql_calc_found_rows,
    } = modifiers;
    *high_priority
        || *straight_join
        || *sql_small_result
        || *sql_big_result
        || *sql_buffer_result
        || *sql_no_cache
        || *sql_calc_found_rows
}

fn select_item(expr: Expr, alias: Option<Ident>) -> SelectItem {
    match alias {
        Some(alias) => SelectItem::ExprWithAlias { expr, alias },
        None => SelectItem::UnnamedExpr(expr),
    }
}

/// The name of the column that an expression is, parentheses aside.
pub(super) fn column_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        Expr::Nested(inner) => column_name(inner),
        _ => None,
    }
}

/// Whether an expression may be written a second time in place of its alias.
fn can_copy(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |part| match part {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => ControlFlow::Break(()),
        Expr::Function(function) if function.over.is_some() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_continue()
}
