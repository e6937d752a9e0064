//! Statements from a grammar that likes trouble: aliases that take the names of columns, hidden columns and hidden tables,
//! bare names that several tables have, NATURAL and USING, CTEs, correlated subqueries, windows and set operations.

use std::fmt::Write as _;

/// A table or column list as the policy has it: name and columns.
pub(crate) type Visible = [(String, Vec<String>)];

/// Names of things that must stay unseen, and names that collide with them.
const ALIASES: [&str; 16] = [
    "m",
    "d",
    "x",
    "y",
    "po",
    "line",
    "state",
    "cost",
    "reason",
    "recent",
    "employees",
    "\"Line\"",
    "[cost]",
    "`x`",
    "T1",
    "margin",
];
const HIDDEN: [&str; 7] = ["cost", "margin", "plant_id", "note", "rowid", "salary", "reason"];
const CTES: [&str; 5] = ["recent", "top", "employees", "cost", "Part"];
const TEXTS: [&str; 6] = ["'L1'", "'down'", "'open'", "'1010'", "''", "'it''s'"];

/// What can be named at a place: an alias and its columns.
#[derive(Clone)]
struct Relation {
    alias: String,
    columns: Vec<String>,
}

pub(crate) struct Grammar<'v> {
    dice: fastrand::Rng,
    visible: &'v Visible,
    ctes: Vec<Relation>,
    scopes: Vec<Vec<Relation>>,
    aliases: u32,
}

impl<'v> Grammar<'v> {
    pub(crate) fn new(seed: u64, visible: &'v Visible) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
            visible,
            ctes: Vec::new(),
            scopes: Vec::new(),
            aliases: 0,
        }
    }

    /// The next statement.
    pub(crate) fn statement(&mut self) -> String {
        self.ctes.clear();
        self.scopes.clear();
        self.query(0, None).0
    }

    fn percent(&mut self, chance: u32) -> bool {
        self.dice.u32(0..100) < chance
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.dice.usize(0..from.len())].clone()
    }

    /// A query of so many columns, or any number, and the names of its columns.
    fn query(&mut self, depth: u32, width: Option<usize>) -> (String, Vec<String>) {
        let known = self.ctes.len();
        let mut text = String::new();
        if depth < 2 && self.percent(if depth == 0 { 25 } else { 8 }) {
            text = self.with(depth);
        }
        let (first, names) = self.select(depth, width, true);
        text += &first;
        if depth < 2 && self.percent(12) {
            let operator = self.pick(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]);
            let (second, _) = self.select(depth, Some(names.len()), false);
            let _ = write!(text, " {operator} {second}");
        }
        if self.percent(30) && !text.contains("ORDER BY") {
            let by = if self.percent(50) {
                self.pick(&names)
            } else {
                (self.dice.usize(0..names.len()) + 1).to_string()
            };
            let _ = write!(text, " ORDER BY {by}{}", self.pick(&["", " DESC", " NULLS LAST"]));
        }
        if self.percent(10) {
            text += self.pick(&[" LIMIT 900", " LIMIT 5000", " LIMIT 900 OFFSET 1"]);
        }
        self.ctes.truncate(known);
        (text, names)
    }

    fn with(&mut self, depth: u32) -> String {
        let mut parts = Vec::new();
        for _ in 0..=self.dice.usize(0..2) {
            let name = self.pick(&CTES).to_owned();
            // A CTE sees nothing of the query around it.
            let outside = std::mem::take(&mut self.scopes);
            let (body, mut columns) = self.query(depth + 1, None);
            self.scopes = outside;
            let list = if self.percent(25) {
                columns = (0..columns.len())
                    .map(|i| format!("{}{i}", self.pick(&["c", "cost", "line"])))
                    .collect();
                format!("({})", columns.join(", "))
            } else {
                String::new()
            };
            parts.push(format!("{name}{list} AS ({body})"));
            self.ctes.push(Relation { alias: name, columns });
        }
        format!("WITH {} ", parts.join(", "))
    }

    fn select(&mut self, depth: u32, width: Option<usize>, may_order: bool) -> (String, Vec<String>) {
        let (from, relations) = self.from(depth);
        self.scopes.push(relations);
        let is_grouped = self.percent(25);
        let keys: Vec<String> = if is_grouped {
            (0..=self.dice.usize(0..2)).map(|_| self.column()).collect()
        } else {
            Vec::new()
        };
        let mut items = Vec::new();
        let mut names = Vec::new();
        if width.is_none() && !is_grouped && self.percent(10) {
            // What `*` stands for is not counted here; nobody may need the names then.
            let scope = self.scopes.last().cloned().unwrap_or_default();
            if let [only] = scope.as_slice() {
                items.push(if self.percent(50) {
                    "*".to_owned()
                } else {
                    format!("{}.*", only.alias)
                });
                names.extend(only.columns.iter().cloned());
            }
        }
        let wanted = width.unwrap_or_else(|| self.dice.usize(1..4));
        while names.len() < wanted {
            let expr = if is_grouped && self.percent(50) {
                self.aggregate(depth)
            } else if is_grouped {
                self.pick(&keys)
            } else if self.percent(12) {
                self.window(depth)
            } else {
                self.expr(depth, 2)
            };
            let plain = expr.rsplit('.').next().unwrap_or(&expr).to_owned();
            let is_name = plain != "NULL"
                && plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !plain.starts_with(|c: char| c.is_ascii_digit());
            if is_name && self.percent(60) {
                items.push(expr);
                names.push(plain);
            } else {
                let alias = self.output_name(names.len());
                items.push(format!("{expr} AS {alias}"));
                names.push(alias);
            }
        }
        let distinct = if self.percent(8) { "DISTINCT " } else { "" };
        let mut text = format!("SELECT {distinct}{} FROM {from}", items.join(", "));
        if self.percent(45) {
            let filter = self.condition(depth);
            let _ = write!(text, " WHERE {filter}");
        }
        if is_grouped {
            let mut by = keys;
            if self.percent(5) {
                // An output name, which may stand for an aggregate: SQLite says no then.
                by.push(self.pick(&names));
            }
            let _ = write!(text, " GROUP BY {}", by.join(", "));
            if self.percent(30) {
                let having = self.aggregate(depth);
                let _ = write!(text, " HAVING {having} > 0");
            }
        }
        if may_order && !is_grouped && self.percent(15) {
            let by = self.expr(depth, 1);
            let _ = write!(text, " ORDER BY {by}");
        }
        self.scopes.pop();
        (text, names)
    }

    fn output_name(&mut self, place: usize) -> String {
        if self.percent(30) {
            self.pick(&[
                "cost",
                "line",
                "state",
                "margin",
                "material",
                "\"Line\"",
                "employees",
            ])
            .to_owned()
        } else {
            format!("c{place}")
        }
    }

    /// The FROM clause and what it brings into sight.
    fn from(&mut self, depth: u32) -> (String, Vec<Relation>) {
        let (mut text, first) = self.relation(depth);
        let mut relations = vec![first];
        let more = self.pick(&[0, 0, 0, 1, 1, 2]);
        for _ in 0..more {
            let (right, relation) = self.relation(depth);
            let common: Vec<String> = relation
                .columns
                .iter()
                .filter(|column| relations.iter().any(|known| known.columns.contains(column)))
                .cloned()
                .collect();
            let kind = self.pick(&[
                "JOIN",
                "LEFT JOIN",
                "INNER JOIN",
                "JOIN",
                "RIGHT JOIN",
                "FULL JOIN",
            ]);
            relations.push(relation);
            let way = self.dice.u32(0..100);
            if way < 20 && !common.is_empty() {
                let _ = write!(text, " NATURAL {kind} {right}");
            } else if way < 40 && !common.is_empty() {
                let column = if self.percent(92) {
                    self.pick(&common)
                } else {
                    self.pick(&HIDDEN).to_owned()
                };
                let _ = write!(text, " {kind} {right} USING ({column})");
            } else if way < 50 {
                let _ = write!(text, "{} {right}", self.pick(&[",", " CROSS JOIN"]));
            } else {
                self.scopes.push(relations.clone());
                let (one, two) = (self.column(), self.column());
                let on = if self.percent(70) {
                    format!("{one} = {two}")
                } else {
                    self.condition(depth + 1)
                };
                self.scopes.pop();
                let _ = write!(text, " {kind} {right} ON {on}");
            }
        }
        (text, relations)
    }

    fn relation(&mut self, depth: u32) -> (String, Relation) {
        let way = self.dice.u32(0..100);
        if way < 20 && !self.ctes.is_empty() {
            let cte = self.pick(&self.ctes.clone());
            if self.percent(50) {
                return (cte.alias.clone(), cte);
            }
            let alias = self.alias();
            return (format!("{} AS {alias}", cte.alias), Relation { alias, ..cte });
        }
        if way < 35 && depth < 2 {
            // A derived table sees nothing of its neighbours.
            let outside = std::mem::take(&mut self.scopes);
            let (body, columns) = self.query(depth + 1, None);
            self.scopes = outside;
            let alias = self.alias();
            return (format!("({body}) AS {alias}"), Relation { alias, columns });
        }
        let (name, columns) = self.pick(self.visible);
        if self.percent(1) {
            return (
                self.pick(&["employees", "vendors", "sqlite_schema"]).to_owned(),
                Relation { alias: name, columns },
            );
        }
        if self.percent(35) {
            return (name.clone(), Relation { alias: name, columns });
        }
        let alias = self.alias();
        (
            format!("{name}{}{alias}", self.pick(&[" ", " AS "])),
            Relation { alias, columns },
        )
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        if self.percent(50) {
            format!("r{}", self.aliases)
        } else {
            self.pick(&ALIASES).to_owned()
        }
    }

    /// A column in sight: bare or with its relation, mostly of the nearest scope, and sometimes one that must not be.
    fn column(&mut self) -> String {
        if self.dice.u32(0..200) == 0 {
            return self.pick(&HIDDEN).to_owned();
        }
        let depth = if self.scopes.len() > 1 && self.percent(25) {
            self.dice.usize(0..self.scopes.len())
        } else {
            self.scopes.len() - 1
        };
        let relation = self.pick(&self.scopes[depth].clone());
        let column = if self.dice.u32(0..200) > 0 {
            self.pick(&relation.columns)
        } else {
            self.pick(&HIDDEN).to_owned()
        };
        // Among several relations a bare name is often ambiguous.
        let is_alone = self.scopes[depth].len() == 1;
        match self.dice.u32(0..20) {
            0..10 => format!("{}.{column}", relation.alias),
            10..17 if !is_alone => format!("{}.{column}", relation.alias),
            17 => column.to_uppercase(),
            _ => column,
        }
    }

    fn literal(&mut self) -> String {
        if self.percent(50) {
            self.pick(&TEXTS).to_owned()
        } else {
            self.pick(&["0", "1", "2.5", "-3", "NULL", "18450.5"]).to_owned()
        }
    }

    fn expr(&mut self, depth: u32, room: u32) -> String {
        let way = self.dice.u32(0..100);
        if room == 0 || way < 45 {
            return if self.percent(80) {
                self.column()
            } else {
                self.literal()
            };
        }
        let inner = room - 1;
        match way {
            45..60 => {
                let operator = self.pick(&["+", "-", "*", "||", "/", "%"]);
                format!(
                    "({} {operator} {})",
                    self.expr(depth, inner),
                    self.expr(depth, inner)
                )
            }
            60..72 => {
                let function = self.pick(&["upper", "length", "abs", "typeof", "hex", "trim"]);
                format!("{function}({})", self.expr(depth, inner))
            }
            72..78 => format!(
                "coalesce({}, {})",
                self.expr(depth, inner),
                self.expr(depth, inner)
            ),
            78..84 => {
                let test = self.condition(depth + 1);
                format!(
                    "CASE WHEN {test} THEN {} ELSE {} END",
                    self.expr(depth, inner),
                    self.literal()
                )
            }
            84..88 => format!(
                "CAST({} AS {})",
                self.expr(depth, inner),
                self.pick(&["TEXT", "INTEGER", "REAL"])
            ),
            88..95 if depth < 2 => format!("({})", self.query(depth + 1, Some(1)).0),
            _ => self.condition(depth + 1),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        let way = self.dice.u32(0..100);
        match way {
            0..35 => {
                let operator = self.pick(&["=", "<>", "<", ">=", "IS", "LIKE"]);
                let right = if operator == "IS" {
                    "NULL".to_owned()
                } else {
                    self.expr(depth, 1)
                };
                format!("{} {operator} {right}", self.expr(depth, 1))
            }
            35..45 => format!(
                "{} IN ({}, {})",
                self.column(),
                self.literal(),
                self.expr(depth, 1)
            ),
            45..53 => format!(
                "{} BETWEEN {} AND {}",
                self.column(),
                self.literal(),
                self.expr(depth, 1)
            ),
            53..62 => format!("({} OR {})", self.condition(depth + 1), self.condition(depth + 1)),
            62..70 => format!("NOT ({})", self.condition(depth + 1)),
            70..80 if depth < 2 => format!("{} IN ({})", self.column(), self.query(depth + 1, Some(1)).0),
            80..90 if depth < 2 => format!("EXISTS ({})", self.query(depth + 1, None).0),
            _ => format!("{} IS NOT NULL", self.column()),
        }
    }

    fn aggregate(&mut self, depth: u32) -> String {
        match self.dice.u32(0..6) {
            0 => "count(*)".to_owned(),
            1 => format!("count(DISTINCT {})", self.column()),
            2 => format!(
                "sum({}) FILTER (WHERE {})",
                self.column(),
                self.condition(depth + 2)
            ),
            _ => format!(
                "{}({})",
                self.pick(&["min", "max", "sum", "avg", "total"]),
                self.column()
            ),
        }
    }

    fn window(&mut self, depth: u32) -> String {
        let function = match self.dice.u32(0..4) {
            0 => "rank()".to_owned(),
            1 => "count(*)".to_owned(),
            _ => format!("{}({})", self.pick(&["max", "min", "sum"]), self.column()),
        };
        let part = if self.percent(60) {
            format!("PARTITION BY {} ", self.column())
        } else {
            String::new()
        };
        format!("{function} OVER ({part}ORDER BY {})", self.expr(depth + 2, 1))
    }
}
