//! Function calls, in every form the grammar has for them: `name(...)`, and those with a syntax of their own such as
//! EXTRACT, TRIM or SUBSTRING.

use sqlparser::ast::{
    CastKind, CeilFloorKind, DataType, DateTimeField, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, ObjectNamePart,
    Spanned, Value, WindowFrame, WindowFrameBound, WindowSpec, WindowType,
};
use sqlparser::tokenizer::Span;

use super::Walk;
use crate::dialect::Dialect;
use crate::functions;
use crate::literal::{cast, is_safe_text, whole_number};
use crate::nearest::nearest;
use crate::refusal::{Reason, ReasonCode};

/// The longest text that `lpad` and `rpad` may make.
const MAX_PAD: u64 = 1000;

impl Walk<'_> {
    pub(super) fn function(&mut self, function: &mut Function) {
        let span = function
            .name
            .0
            .first()
            .and_then(ObjectNamePart::as_ident)
            .map_or_else(Span::empty, |name| name.span);
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        if *uses_odbc_syntax || null_treatment.is_some() || !matches!(parameters, FunctionArguments::None) {
            self.refuse_construct("this form of function call", span);
        }
        let word = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] if ident.quote_style.is_none() => {
                ident.value.to_ascii_lowercase()
            }
            _ => name.to_string(),
        };
        if !self.function_name(&word, span) {
            // Its arguments are still walked, so that one answer holds every reason; `name(table)` adds none.
            if let FunctionArguments::List(list) = args {
                self.arguments(list, &word, span);
            }
            return;
        }
        match args {
            FunctionArguments::None => {
                if !functions::is_bare_value(self.dialect, &word) {
                    self.refuse_construct(&word, span);
                }
            }
            FunctionArguments::Subquery(query) => {
                self.subquery(query, super::Place::Inner);
            }
            FunctionArguments::List(list) => self.arguments(list, &word, span),
        }
        if !within_group.is_empty() {
            if self.dialect != Dialect::Postgres
                || !matches!(word.as_str(), "percentile_cont" | "percentile_disc" | "mode")
            {
                self.refuse_construct("WITHIN GROUP", span);
            }
            self.order_plain(within_group);
        }
        if let Some(condition) = filter {
            self.tally.wheres += 1;
            if self.dialect == Dialect::MySql {
                self.refuse_dialect("FILTER", span, "Use sum(CASE WHEN ... THEN 1 ELSE 0 END).");
            }
            self.expr(condition);
        }
        match over {
            None => {}
            Some(WindowType::NamedWindow(window)) => self.check_name(window),
            Some(WindowType::WindowSpec(spec)) => self.window_spec(spec),
        }
    }

    /// Checks a function's name and records it.
    fn function_name(&mut self, name: &str, span: Span) -> bool {
        if functions::is_allowed(self.dialect, name) {
            self.functions.insert(name.to_owned());
            return true;
        }
        let shown: String = name.chars().take(60).collect();
        let near = nearest(&shown, functions::allowed(self.dialect));
        self.refuse(
            Reason::new(
                ReasonCode::FunctionNotAllowed,
                format!("this function is not on the allow list: {shown}"),
                format!(
                    "The guide lists the functions allowed for {}.",
                    self.dialect.title()
                ),
            )
            .about(shown)
            .nearest(near)
            .at(span),
        );
        false
    }

    fn arguments(&mut self, list: &mut FunctionArgumentList, name: &str, span: Span) {
        let FunctionArgumentList {
            duplicate_treatment,
            args,
            clauses,
        } = list;
        match duplicate_treatment {
            None | Some(DuplicateTreatment::Distinct | DuplicateTreatment::All) => {}
        }
        if matches!(name, "lpad" | "rpad") {
            self.pad_length(args.get(1), span);
        }
        if self.dialect == Dialect::Sqlite && matches!(name, "printf" | "format") {
            self.format_text(args.first(), span);
        }
        let unit_first = self.dialect == Dialect::MySql && matches!(name, "timestampdiff" | "timestampadd");
        for (index, arg) in args.iter_mut().enumerate() {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(unit)))
                    if unit_first && index == 0 && functions::is_mysql_unit(&unit.value) => {}
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                    self.expr(expr);
                    self.settle_type(expr, name);
                }
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {}
                _ => self.refuse_construct(&format!("this argument of {name}"), span),
            }
        }
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(orders) => self.order_plain(orders),
                FunctionArgumentClause::Separator(value) if self.dialect == Dialect::MySql => {
                    if !matches!(&value.value, Value::SingleQuotedString(text) if is_separator(text)) {
                        self.refuse_construct("SEPARATOR with this text", value.span);
                    }
                }
                _ => self.refuse_construct(&format!("this clause inside {name}"), span),
            }
        }
    }

    /// PostgreSQL cannot tell the type of a text parameter where any type would do.
    fn settle_type(&self, expr: &mut Expr, name: &str) {
        let any_type = matches!(name, "concat" | "concat_ws" | "count");
        let is_param = matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)));
        if self.dialect == Dialect::Postgres && any_type && is_param {
            let bare = std::mem::replace(expr, Expr::value(Value::Null));
            *expr = cast(bare, DataType::Text);
        }
    }

    fn pad_length(&mut self, arg: Option<&FunctionArg>, span: Span) {
        let length = match arg {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => whole_number(expr),
            _ => None,
        };
        if length.is_none_or(|length| length > MAX_PAD) {
            self.refuse(
                Reason::new(
                    ReasonCode::LiteralNotAllowed,
                    format!("lpad and rpad need a length written as a number up to {MAX_PAD}"),
                    "Write the length as a number, for example lpad(code, 10, '0').",
                )
                .at(span),
            );
        }
    }

    /// `printf('%1000000000d', 1)` makes a gigabyte; widths of up to three digits, written out, are enough for people.
    fn format_text(&mut self, arg: Option<&FunctionArg>, span: Span) {
        let is_plain = match arg {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))) => {
                matches!(&value.value, Value::SingleQuotedString(text) if is_plain_format(text))
            }
            _ => false,
        };
        if !is_plain {
            self.refuse(
                Reason::new(
                    ReasonCode::LiteralNotAllowed,
                    "printf needs a format written as a text, without * and with widths of up to three digits",
                    "Write the format out, for example printf('%.2f', amount).",
                )
                .at(span),
            );
        }
    }

    pub(super) fn window_spec(&mut self, spec: &mut WindowSpec) {
        let WindowSpec {
            window_name,
            partition_by,
            order_by,
            window_frame,
        } = spec;
        if let Some(name) = window_name {
            self.check_name(name);
        }
        for expr in partition_by {
            self.expr(expr);
        }
        self.order_plain(order_by);
        if let Some(WindowFrame {
            units: _,
            start_bound,
            end_bound,
        }) = window_frame
        {
            for bound in std::iter::once(start_bound).chain(end_bound) {
                self.frame_bound(bound);
            }
        }
    }

    /// The distance of a frame stays in the text: it is part of the shape of the query.
    fn frame_bound(&mut self, bound: &mut WindowFrameBound) {
        match bound {
            WindowFrameBound::CurrentRow
            | WindowFrameBound::Preceding(None)
            | WindowFrameBound::Following(None) => {}
            WindowFrameBound::Preceding(Some(distance)) | WindowFrameBound::Following(Some(distance)) => {
                match &mut **distance {
                    Expr::Interval(_) => self.expr(distance),
                    other if whole_number(other).is_some() => {}
                    other => {
                        let span = other.span();
                        self.refuse_construct("a window frame with this distance", span);
                    }
                }
            }
        }
    }

    /// Calls with a syntax of their own.
    pub(super) fn special_call(&mut self, expr: &mut Expr) {
        let span = expr.span();
        let sqlite = self.dialect == Dialect::Sqlite;
        match expr {
            Expr::Extract {
                field,
                syntax: _,
                expr,
            } if !sqlite => {
                self.function_name("extract", span);
                self.date_field(field, span);
                self.expr(expr);
            }
            Expr::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => {
                self.function_name("ceil", span);
                self.expr(expr);
            }
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => {
                self.function_name("floor", span);
                self.expr(expr);
            }
            Expr::Position { expr, r#in } if !sqlite => {
                self.function_name("position", span);
                self.expr(expr);
                self.expr(r#in);
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                special,
                shorthand,
            } if *special || !sqlite => {
                self.function_name(if *shorthand { "substr" } else { "substring" }, span);
                self.expr(expr);
                for part in substring_from.iter_mut().chain(substring_for.iter_mut()) {
                    self.expr(part);
                }
            }
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } if !sqlite || (trim_where.is_none() && trim_what.is_none()) => {
                self.function_name("trim", span);
                self.expr(expr);
                for part in trim_what
                    .iter_mut()
                    .map(|part| &mut **part)
                    .chain(trim_characters.iter_mut().flatten())
                {
                    self.expr(part);
                }
            }
            Expr::Convert {
                is_try: false,
                expr,
                data_type: Some(data_type),
                charset: None,
                target_before_value: false,
                styles,
            } if self.dialect == Dialect::MySql && styles.is_empty() => {
                self.cast(&CastKind::Cast, data_type, false);
                self.expr(expr);
            }
            Expr::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } if self.dialect == Dialect::Postgres => {
                self.function_name("overlay", span);
                for part in [expr, overlay_what, overlay_from]
                    .into_iter()
                    .chain(overlay_for.iter_mut())
                {
                    self.expr(part);
                }
            }
            other => {
                let shown: String = other.to_string().chars().take(60).collect();
                self.refuse_construct(&shown, span);
            }
        }
    }

    pub(super) fn date_field(&mut self, field: &DateTimeField, span: Span) {
        use DateTimeField as F;
        let plain = matches!(
            field,
            F::Year
                | F::Years
                | F::Quarter
                | F::Month
                | F::Months
                | F::Week(None)
                | F::Weeks
                | F::Day
                | F::Days
                | F::Dow
                | F::Doy
                | F::DayOfWeek
                | F::DayOfYear
                | F::Isodow
                | F::Isoyear
                | F::IsoWeek
                | F::Date
                | F::Hour
                | F::Hours
                | F::Minute
                | F::Minutes
                | F::Second
                | F::Seconds
                | F::Millisecond
                | F::Milliseconds
                | F::Microsecond
                | F::Microseconds
                | F::Epoch
                | F::Century
                | F::Decade
                | F::Julian
        );
        if !plain {
            self.refuse_construct(&format!("date field {field}"), span);
        }
    }
}

fn is_plain_format(text: &str) -> bool {
    let longest = text
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or(0);
    longest <= 3 && !text.contains('*')
}

fn is_separator(text: &str) -> bool {
    is_safe_text(text) || text.chars().all(|c| " ,;|/+-_:".contains(c)) && text.len() <= 8
}
