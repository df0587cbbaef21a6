//! Views of users and what they read: when a relation or a column of it is renamed, their texts name it anew and they give what
//! they gave; a column that one of them gives or reads doesn't go without it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{
    self, Ident, ObjectName, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor, VisitMut, Visitor,
    VisitorMut, visit_relations,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::context::Context;
use super::dependants::{Dependant, dependants};
use super::names;
use super::tables::record_of;
use crate::catalog::{Block, Body, RelationRecord, View, fold};
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;

/// A view that names a relation.
pub(super) struct Follower {
    pub relation: RelationRecord,
    /// What it reads, by object id, and gives.
    reads: HashSet<u32>,
    gives: SchemaRef,
    /// Its query, and which names in it mean the relation.
    query: ast::Statement,
    means: HashSet<ObjectName>,
    /// The words in it; none where it reads columns that it doesn't name.
    words: Option<HashSet<String>>,
    /// What depends on it in its turn, and what messages call it.
    pub behind: Vec<Dependant>,
    pub name: String,
}

impl Follower {
    /// Whether it may read a column of the relation.
    pub fn mentions(&self, column: &str) -> bool {
        self.words.as_ref().is_none_or(|words| words.contains(column))
    }
}

/// The views that name a relation, before it changes. One that can't be planned follows nothing.
pub(super) fn of(context: &Context, block: &Block, relation: &RelationRecord) -> Result<Vec<Follower>> {
    let mut followers = Vec::new();
    for found in block.state().record.relations.iter() {
        let Some(view) = found.view().filter(|view| !view.shipped) else { continue };
        let Some((reads, gives)) = planned(context, block, found, view) else { continue };
        if !reads.contains(&relation.oid) {
            continue;
        }
        let query = parse(&view.query)?;
        let means = names_of(block, view, &query, relation);
        let (names, behind) = dependants(context, block, &[], std::slice::from_ref(found));
        let (relation, words, name) = (found.clone(), words(&query), names.into_iter().collect());
        followers.push(Follower { relation, reads, gives, query, means, words, behind, name });
    }
    Ok(followers)
}

/// Puts a table, or a query of it, in the place of a relation that has another name now: text that FROM takes. 2BP01 where a view names
/// it in a way that can't be followed, such as the argument of a function.
pub(super) fn follow(
    context: &Context,
    block: &mut Block,
    followers: Vec<Follower>,
    instead: impl Fn(&Follower) -> String,
) -> Result<()> {
    for follower in &followers {
        let factor = factor(&instead(follower))?;
        let Follower { relation, means, .. } = follower;
        let mut query = follower.query.clone();
        let _ = query.visit(&mut Replace { means, factor: &factor });
        if let Body::View(view) = &mut record_of(block, relation)?.body {
            view.query = query.to_string();
        }
    }
    for Follower { relation, reads, gives, .. } in followers {
        let record = record_of(block, &relation)?.clone();
        let now = record.view().and_then(|view| planned(context, block, &record, view));
        if now.is_none_or(|(now_reads, now_gives)| now_reads != reads || now_gives != gives) {
            let message = format!("cannot rename what view {} reads by another way than FROM", relation.name);
            return Err(Error::new(SqlState::DependentObjectsStillExist, message)
                .with_hint("drop the view before, and make it again after"));
        }
    }
    Ok(())
}

/// The views that no longer give what they gave.
pub(super) fn broken(context: &Context, block: &Block, followers: Vec<Follower>) -> Vec<Follower> {
    let gives_the_same = |follower: &Follower| {
        let now = follower.relation.view().and_then(|view| planned(context, block, &follower.relation, view));
        now.is_some_and(|(_, gives)| gives == follower.gives)
    };
    followers.into_iter().filter(|follower| !gives_the_same(follower)).collect()
}

/// What a view reads and gives.
fn planned(
    context: &Context,
    block: &Block,
    relation: &RelationRecord,
    view: &View,
) -> Option<(HashSet<u32>, SchemaRef)> {
    let owner = relation.access.owner;
    let plan = context.resolver_at(block.moment()).plan_view(view, owner).ok()?;
    let reads = context.resolver_at(block.moment()).relations_of(view, owner).ok()?;
    Some((reads, plan.schema().inner().clone()))
}

/// The names that mean a relation in a view; not those that WITH gives to queries.
fn names_of(block: &Block, view: &View, query: &ast::Statement, relation: &RelationRecord) -> HashSet<ObjectName> {
    let mut given = WithNames::default();
    let _ = ast::Visit::visit(query, &mut given);
    let mut means = HashSet::new();
    let _: ControlFlow<()> = visit_relations(query, |name| {
        if let Ok(reference) = names::reference(name)
            && !(reference.schema().is_none() && given.0.contains(reference.table()))
            && let Some(found) = block.state().find(reference.schema(), reference.table(), &view.path)
            && found.oid == relation.oid
        {
            means.insert(name.clone());
        }
        ControlFlow::Continue(())
    });
    means
}

/// The identifiers of a query in the form that they have in the catalog; `None` where it has a wildcard or a natural join.
fn words(query: &ast::Statement) -> Option<HashSet<String>> {
    if ast::Visit::visit(query, &mut Unnamed).is_break() {
        return None;
    }
    let tokens = Tokenizer::new(&Postgres, &query.to_string()).tokenize().ok()?;
    let word = |token: Token| match token {
        Token::Word(word) if word.keyword == Keyword::NATURAL => None,
        Token::Word(word) if word.quote_style.is_some() => Some(Some(word.value)),
        Token::Word(word) => Some(Some(word.value.to_lowercase())),
        _ => Some(None),
    };
    let words: Option<Vec<Option<String>>> = tokens.into_iter().map(word).collect();
    words.map(|words| words.into_iter().flatten().collect())
}

/// Finds a wildcard.
struct Unnamed;

impl Visitor for Unnamed {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let is_wildcard =
            |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        if select.projection.iter().any(is_wildcard) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[derive(Default)]
struct WithNames(HashSet<String>);

impl Visitor for WithNames {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.0.extend(query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| fold(&cte.alias.name)));
        ControlFlow::Continue(())
    }
}

/// Puts something in the place of a table, under the name that the table's columns were called by.
struct Replace<'a> {
    means: &'a HashSet<ObjectName>,
    factor: &'a TableFactor,
}

impl VisitorMut for Replace<'_> {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, args: None, .. } = factor
            && self.means.contains(name)
        {
            let last = name.0.last().and_then(|part| part.as_ident()).cloned().unwrap_or_else(|| Ident::new("t"));
            let named = || TableAlias { explicit: true, name: last, columns: vec![], at: None };
            let called = alias.take().unwrap_or_else(named);
            *factor = self.factor.clone();
            if let TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } = factor {
                *alias = Some(called);
            }
        }
        ControlFlow::Continue(())
    }
}

fn factor(text: &str) -> Result<TableFactor> {
    if let ast::Statement::Query(query) = parse(&format!("SELECT * FROM {text}"))?
        && let SetExpr::Select(mut select) = *query.body
        && let Some(table) = select.from.pop()
    {
        return Ok(table.relation);
    }
    Err(Error::internal("a query that is none"))
}

fn parse(sql: &str) -> Result<ast::Statement> {
    let parsed = Parser::parse_sql(&Postgres, sql).map_err(DataFusionError::from)?.pop();
    parsed.ok_or_else(|| Error::internal("a view without a query"))
}
