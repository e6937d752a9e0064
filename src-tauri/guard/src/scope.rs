//! Lexical scopes: which relations a name can mean at a place, and what each relation has.
//!
//! The guard knows only the allowed columns. A table may have hidden ones that the database would prefer when a name
//! stands bare, so a name that was resolved here is written with its relation wherever that could happen (see
//! `walk::names`). Nothing in this file changes the tree.

use std::rc::Rc;

use andon_domain::Class;
use sqlparser::ast::{Expr, Ident};

use crate::dialect::Dialect;
use crate::policy::Policy;

/// A relation that a FROM clause brings in.
#[derive(Debug)]
pub(crate) struct Relation {
    /// Key of the name that qualifies its columns.
    pub(crate) key: String,
    /// That name, as it is rendered.
    pub(crate) ident: Ident,
    /// Key of the schema, where the table was named with one and has no alias.
    pub(crate) schema: Option<String>,
    pub(crate) source: Source,
}

/// Where the columns of a relation come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A table of the policy, by index.
    Table(usize),
    /// A subquery or CTE.
    Derived(Rc<Vec<DerivedColumn>>),
    /// A relation that was refused already; its columns raise no further reasons.
    Refused,
}

impl Source {
    /// Whether two relations of the same name have the same columns, so that mistaking one for the other shows nothing.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(one), Self::Table(two)) => one == two,
            (Self::Derived(one), Self::Derived(two)) => Rc::ptr_eq(one, two),
            (Self::Refused, _) | (_, Self::Refused) => true,
            _ => false,
        }
    }
}

/// An output column of a subquery or CTE.
#[derive(Debug, Clone)]
pub(crate) struct DerivedColumn {
    /// Its name; none where it has none that can be relied on.
    pub(crate) name: Option<Ident>,
    pub(crate) class: Option<Class>,
}

/// A column made one by USING or NATURAL.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) key: String,
    pub(crate) ident: Ident,
    /// Relations (by index in the scope) whose column of this name is the same one.
    pub(crate) sides: Vec<usize>,
    /// The side whose value it has; none for a FULL JOIN, where it may be either.
    pub(crate) canonical: Option<usize>,
}

/// How output aliases may be used while a clause is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AliasUse {
    #[default]
    No,
    /// A name that is no column but an alias is replaced by what the alias stands for.
    Inline,
}

/// An output alias of the SELECT being walked.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) key: String,
    /// Position in the SELECT list.
    pub(crate) position: usize,
    pub(crate) class: Option<Class>,
    /// False for subqueries and window functions, which are not copied.
    pub(crate) can_inline: bool,
}

/// One SELECT's names.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) relations: Vec<Relation>,
    pub(crate) merged: Vec<Merged>,
    /// Relations before this index are not visible at the moment (an ON clause sees only its own join tree).
    pub(crate) visible_from: usize,
    /// The resolved SELECT list, while the clauses after it are walked.
    pub(crate) items: Vec<Expr>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) alias_use: AliasUse,
    /// Expressions whose literals stay, since the database compares them as written.
    pub(crate) keep: Vec<Expr>,
}

/// What a relation answers when asked for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    Missing,
    /// Index of the column in its table or derived list.
    Found(usize),
    /// Several output columns have this name.
    Twice,
    /// The relation itself was refused.
    Refused,
}

impl Relation {
    pub(crate) fn find(&self, policy: &Policy, dialect: Dialect, key: &str) -> Lookup {
        match &self.source {
            Source::Table(table) => policy
                .table(*table)
                .columns
                .iter()
                .position(|column| dialect.is_stored(&column.name, key))
                .map_or(Lookup::Missing, Lookup::Found),
            Source::Derived(columns) => {
                let mut hits = columns
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| column.name.as_ref().is_some_and(|name| dialect.key(name) == key));
                match (hits.next(), hits.next()) {
                    (None, _) => Lookup::Missing,
                    (Some((index, _)), None) => Lookup::Found(index),
                    (Some(_), Some(_)) => Lookup::Twice,
                }
            }
            Source::Refused => Lookup::Refused,
        }
    }

    /// The names of its columns, for advice.
    pub(crate) fn column_names<'a>(&'a self, policy: &'a Policy) -> Vec<&'a str> {
        match &self.source {
            Source::Table(table) => policy
                .table(*table)
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect(),
            Source::Derived(columns) => columns
                .iter()
                .filter_map(|column| column.name.as_ref().map(|name| name.value.as_str()))
                .collect(),
            Source::Refused => Vec::new(),
        }
    }
}

/// What a bare name means in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BareHit {
    Missing,
    /// Relation and column.
    Column(usize, usize),
    /// Index of a merged column.
    Merged(usize),
    Ambiguous,
    /// It may belong to a relation that was refused; nothing more to say.
    Refused,
}

impl Scope {
    /// Looks a bare name up among the visible relations of this scope.
    pub(crate) fn find_bare(&self, policy: &Policy, dialect: Dialect, key: &str) -> BareHit {
        let merged = self.merged.iter().position(|merged| {
            merged.key == key && merged.sides.iter().all(|side| *side >= self.visible_from)
        });
        let mut hit = merged.map_or(BareHit::Missing, BareHit::Merged);
        let mut refused = false;
        for (index, relation) in self.relations.iter().enumerate().skip(self.visible_from) {
            if merged.is_some_and(|merged| self.merged[merged].sides.contains(&index)) {
                continue;
            }
            match relation.find(policy, dialect, key) {
                Lookup::Missing => {}
                Lookup::Found(column) if hit == BareHit::Missing => hit = BareHit::Column(index, column),
                Lookup::Found(_) | Lookup::Twice => return BareHit::Ambiguous,
                Lookup::Refused => refused = true,
            }
        }
        if refused && hit == BareHit::Missing {
            BareHit::Refused
        } else {
            hit
        }
    }

    /// Finds a visible relation by the name that qualifies its columns.
    pub(crate) fn find_relation(&self, key: &str) -> Option<usize> {
        (self.visible_from..self.relations.len()).find(|index| self.relations[*index].key == key)
    }
}
