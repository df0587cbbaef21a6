//! Finds what the names in one statement mean: tables as of one moment, views planned anew, functions of the session.
//!
//! DataFusion's own lookup knows no search path and can't see a table named inside a function's argument, so planning
//! goes through this `ContextProvider`. One is made per statement: it reads the catalog
//! and all tables at one moment.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::catalog::{SchemaProvider, TableFunctionArgs};
use datafusion::common::{TableReference, plan_datafusion_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::{TableProvider, ViewTable, provider_as_source};
use datafusion::error::Result as EngineResult;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};
use datafusion::sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;
use futures::FutureExt;

use super::access::Privilege;
use super::admission::Handed;
use super::column_types::ColumnTypes;
use super::distinct_outputs::{make_outputs_distinct, name_all_outputs};
use super::field_access::name_fields;
use super::function_names::{bare, of_engine};
use super::hidden_names::hidden_names;
use super::lenient::Lenient;
use super::like_escape::escape_by_backslash;
use super::literal_arguments::{constant, takes_literals_alone};
use super::merged_columns::put_merged_first;
use super::nested_outputs::name_nested_outputs;
use super::parameters::{with_columns, with_told};
use super::postgres::{self, ArgumentTypes, SessionFacts, Source};
use super::record::{Body, RelationRecord, View};
use super::row_comparisons::compare_parts;
use super::sequence_relation::SequenceRelation;
use super::sequences::SessionSequences;
use super::series::name_series;
use super::session_catalog::PG_TEMP;
use super::spelling::respell;
use super::store::{Moment, State};
use super::typing::{as_in_postgres, function};
use super::windows::expand_windows;
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;
use crate::storage::{Snapshot, Table};

/// Views may stand on views this deep; deeper is a cycle made by replacing one of them.
const DEEPEST_VIEW: usize = 64;

/// The name a three-part name must begin with.
pub const DATABASE: &str = "journeydb";

/// Schemas that are computed, not stored.
pub struct SystemSchemas {
    /// `pg_catalog`.
    pub pg_catalog: Arc<dyn SchemaProvider>,
    /// `information_schema`.
    pub information_schema: Arc<dyn SchemaProvider>,
    /// Who knows where sequences stand.
    sequences: Option<Arc<SessionSequences>>,
}

impl SystemSchemas {
    /// The system schemas of a session over the listings of its database.
    pub fn new(source: Source, session: Arc<dyn SessionFacts>) -> Self {
        Self {
            sequences: session.sequences(),
            pg_catalog: postgres::pg_catalog(source.clone(), session.clone()),
            information_schema: postgres::information_schema(source, session),
        }
    }
}

/// Resolves the names of one statement.
#[derive(Clone)]
pub struct Resolver<'a> {
    engine: &'a SessionState,
    moment: Moment,
    system: &'a SystemSchemas,
    path: Vec<String>,
    /// Whose privileges count.
    role: u32,
    types: Arc<dyn TypePlanner>,
    depth: usize,
    /// Whether tables show every column as nullable: an INSERT's source may give NULL, and the table says what of it.
    lenient: bool,
    /// The name and the columns of rows that are no relation's yet.
    rows: Option<(String, SchemaRef)>,
    /// What plans read, and for whom.
    handed: Arc<Handed>,
    /// The types of parameters that are known before the statement is planned.
    parameters: Vec<Option<FieldRef>>,
}

impl<'a> Resolver<'a> {
    /// A resolver for one statement of a session with this engine state and search path, whose role may use these
    /// schemas.
    pub fn new(
        engine: &'a SessionState,
        moment: Moment,
        system: &'a SystemSchemas,
        path: Vec<String>,
        role: u32,
    ) -> Self {
        let zone = engine.config_options().execution.time_zone.clone();
        let types = Arc::new(ColumnTypes::new(zone.unwrap_or_else(|| "UTC".into())));
        let path = usable(&moment.state, role, path);
        Self {
            engine,
            moment,
            system,
            path,
            role,
            types,
            depth: 0,
            lenient: false,
            rows: None,
            handed: Arc::default(),
            parameters: Vec::new(),
        }
    }

    /// The same for an INSERT: NULL in a NOT NULL column is left for the table to refuse, by the column's name.
    pub fn for_insert(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// The same for a condition on rows with these columns, on their way to a table of this name.
    pub fn for_rows(self, table: &str, columns: &SchemaRef) -> Self {
        Self { rows: Some((table.to_owned(), Arc::clone(columns))), ..self }
    }

    /// The same for a statement some of whose parameters have types already: those that the client declared.
    pub fn with_parameters(self, types: &[Option<FieldRef>]) -> Self {
        Self { parameters: types.to_vec(), ..self }
    }

    /// The same for a query whose outputs go to columns of these types.
    pub fn for_columns(&self, query: &ast::Query, columns: &[FieldRef]) -> Self {
        Self { parameters: with_columns(query, &self.parameters, columns), ..self.clone() }
    }

    /// Plans a statement; Postgres' spelling of fields and repeated outputs is first brought into the engine's, and one over
    /// the system catalogs into SQL that the engine knows.
    pub fn plan(&self, mut statement: ast::Statement) -> Result<LogicalPlan> {
        super::refused::refuse_ignored(&statement)?;
        name_fields(&mut statement);
        escape_by_backslash(&mut statement);
        compare_parts(&mut statement)?;
        expand_windows(&mut statement)?;
        make_outputs_distinct(&mut statement);
        if postgres::is_catalog_statement(&statement) {
            postgres::adapt(&mut statement, self.moment.state.record.absent());
        } else {
            put_merged_first(&mut statement)?;
            name_nested_outputs(&mut statement);
            name_series(&mut statement);
            respell(&mut statement);
        }
        let plan = match self.plan_as_is(statement.clone()) {
            // Expressions written in two ways may be one to the engine: `trim(a)` and `btrim(a)`.
            Err(error) if error.state() == SqlState::DuplicateColumn && name_all_outputs(&mut statement) => {
                self.plan_as_is(statement)?
            }
            planned => planned?,
        };
        self.handed.admit(&plan, &self.moment.state)?;
        Ok(as_in_postgres(plan, self.zone())?)
    }

    /// The zone that moments are local in.
    fn zone(&self) -> &str {
        self.engine.config_options().execution.time_zone.as_deref().unwrap_or("UTC")
    }

    fn plan_as_is(&self, statement: ast::Statement) -> Result<LogicalPlan> {
        let types = with_told(&statement, &self.parameters, |name, count| self.takes(name, count));
        let mut parameters = PlannerContext::new().with_prepare_param_data_types(types);
        let planner = SqlToRel::new_with_options(self, self.parser_options());
        Ok(planner.sql_statement_to_plan_with_context(statement, &mut parameters)?)
    }

    /// What a function with so many arguments takes; one of ours tells it by what it casts NULLs to.
    fn takes(&self, name: &str, count: usize) -> Option<ArgumentTypes> {
        if let Some(types) = postgres::argument_types(name, count) {
            return Some(types.clone());
        }
        let nulls = vec![DataType::Null; count];
        let scalar = self.get_function_meta(name).and_then(|function| function.coerce_types(&nulls).ok());
        let types = scalar.or_else(|| self.get_aggregate_meta(name)?.coerce_types(&nulls).ok())?;
        let known = |kind: &DataType| !kind.is_null() && !kind.is_string() && !kind.is_nested();
        Some(types.into_iter().map(|kind| known(&kind).then(|| Arc::new(Field::new("", kind, true)))).collect())
    }

    /// Plans the query of a view under the search path it was made with, by its owner's privileges.
    pub fn plan_view(&self, view: &View, owner: u32) -> Result<LogicalPlan> {
        if self.depth >= DEEPEST_VIEW {
            let message = format!("views stand on views more than {DEEPEST_VIEW} deep");
            return Err(
                Error::new(SqlState::ObjectNotInPrerequisiteState, message).with_hint("one of them reads itself")
            );
        }
        let inner = Resolver {
            engine: self.engine,
            moment: self.moment.clone(),
            system: self.system,
            path: usable(&self.moment.state, owner, view.path.clone()),
            role: owner,
            types: self.types.clone(),
            depth: self.depth + 1,
            lenient: self.lenient,
            rows: None,
            handed: self.handed.clone(),
            parameters: Vec::new(),
        };
        let statement = parse_view(view)?;
        super::output_names::name_outputs(&statement, inner.plan(statement.clone())?, &view.columns)
    }

    /// The tables and views that the query of a view names, by object id; those that views among them name do not count.
    pub fn relations_of(self, view: &View, owner: u32) -> Result<HashSet<u32>> {
        Ok(self.plan_and_relations(view, owner)?.1)
    }

    /// The same with the plan of the query.
    pub fn plan_and_relations(self, view: &View, owner: u32) -> Result<(LogicalPlan, HashSet<u32>)> {
        let plan = self.plan_view(view, owner)?;
        // The planner asks for every name, and then for the query that WITH gives it to.
        let hidden = hidden_names(&parse_view(view)?);
        let is_named = |name: &TableReference| name.schema().is_some() || !hidden.contains(name.table());
        Ok((plan, self.handed.named(self.depth + 1, is_named)))
    }

    /// The relation a name means, or 42P01; 42501 in a schema that the role may not use.
    pub fn relation(&self, name: &TableReference) -> Result<&RelationRecord> {
        let (schema, table) = self.parts(name)?;
        if let Some(schema) = schema {
            self.moment.state.require_in_schema(self.role, Privilege::Usage, schema)?;
        }
        if let Some(found) = self.moment.state.find(schema, table, &self.path) {
            return Ok(found);
        }
        // A query finds these before it asks: what comes here wants to write.
        if self.system_table(schema, table)?.is_some() {
            let message = format!("permission denied: \"{table}\" is a system catalog");
            return Err(Error::new(SqlState::InsufficientPrivilege, message));
        }
        Err(self.missing(name, schema))
    }

    /// 42501 unless the role may do something with a relation.
    pub fn require(&self, privilege: Privilege, relation: &RelationRecord) -> Result<()> {
        self.moment.state.require(self.role, privilege, relation)
    }

    /// The version of a table that this statement reads.
    pub fn snapshot(&self, relation: &RelationRecord) -> Result<Arc<Snapshot>> {
        self.moment.snapshot(relation).cloned().ok_or_else(|| Error::internal("a table without a version"))
    }

    /// The tables that were handed out so far, by object id, and their versions; none if anything else was, too: relations of the
    /// system are made up as they are asked for.
    pub fn tables_read(&self) -> Option<Vec<(u32, Arc<Snapshot>)>> {
        let version = |oid: u32| Some((oid, Arc::clone(self.moment.version(oid)?)));
        self.handed.tables()?.into_iter().map(version).collect()
    }

    /// What this statement sees.
    pub fn moment(&self) -> &Moment {
        &self.moment
    }

    fn parts<'n>(&self, name: &'n TableReference) -> Result<(Option<&'n str>, &'n str)> {
        if let Some(database) = name.catalog()
            && database != DATABASE
        {
            let message = format!("cross-database references are not implemented: {name}");
            return Err(Error::new(SqlState::FeatureNotSupported, message));
        }
        Ok((name.schema(), name.table()))
    }

    fn missing(&self, name: &TableReference, schema: Option<&str>) -> Error {
        match schema {
            Some(schema) if schema != PG_TEMP && self.moment.state.record.schema(schema).is_none() => {
                Error::new(SqlState::InvalidSchemaName, format!("schema \"{schema}\" does not exist"))
            }
            _ => {
                let error = Error::new(SqlState::UndefinedTable, format!("relation \"{name}\" does not exist"));
                match self.nearest(name.table()) {
                    Some(near) => error.with_hint(format!("did you mean {near}?")),
                    None => error,
                }
            }
        }
    }

    /// The relation whose name is fewest edits away, if it is close.
    fn nearest(&self, name: &str) -> Option<String> {
        let distance = |r: &&RelationRecord| datafusion::common::utils::datafusion_strsim::levenshtein(&r.name, name);
        let near = self.moment.state.record.relations.iter().min_by_key(distance)?;
        (distance(&near) <= name.len() / 3).then(|| near.full_name())
    }

    fn source(&self, name: &TableReference) -> Result<Arc<dyn TableSource>> {
        let (schema, table) = self.parts(name)?;
        if let Some((rows, columns)) = &self.rows
            && rows == table
        {
            return Ok(self.handed.to_anybody(provider_as_source(Arc::new(EmptyTable::new(Arc::clone(columns))))));
        }
        if let Some(provider) = self.system_table(schema, table)? {
            return Ok(self.handed.to_anybody(provider_as_source(provider)));
        }
        // To a query, as in Postgres, it is the relation that is missing and not its schema.
        let relation = self.relation(name).map_err(|error| match error.state() {
            SqlState::InvalidSchemaName => {
                Error::new(SqlState::UndefinedTable, format!("relation \"{name}\" does not exist"))
            }
            _ => error,
        })?;
        self.handed.name(name.clone(), relation.oid, self.depth);
        match &relation.body {
            Body::View(view) => {
                self.require(Privilege::Select, relation)?;
                let plan = self.plan_view(view, relation.access.owner).map_err(|e| invalid_view(relation, e))?;
                Ok(provider_as_source(Arc::new(ViewTable::new(plan, Some(view.query.clone())))))
            }
            Body::Sequence(sequence) => {
                self.require(Privilege::Select, relation)?;
                let stands = self.system.sequences.clone();
                let stands = stands.ok_or_else(|| Error::internal("there is no session to ask a sequence for"))?;
                let row = SequenceRelation { oid: relation.oid, sequence: sequence.clone(), stands };
                Ok(self.handed.to_anybody(provider_as_source(Arc::new(row))))
            }
            Body::Table { .. } => self.handed.table(relation.oid, self.role, || {
                let provider = self.table(relation)?.provider(self.snapshot(relation)?);
                Ok(provider_as_source(if self.lenient { Arc::new(Lenient(provider)) } else { provider }))
            }),
        }
    }

    fn table(&self, relation: &RelationRecord) -> Result<&Arc<Table>> {
        self.moment.state.table(relation).ok_or_else(|| Error::internal("a table that is not open"))
    }

    /// A table of `pg_catalog` (which every path begins with) or `information_schema`.
    fn system_table(&self, schema: Option<&str>, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let provider = match schema {
            None | Some("pg_catalog") => &self.system.pg_catalog,
            Some("information_schema") => &self.system.information_schema,
            Some(_) => return Ok(None),
        };
        if postgres::is_secret(table) {
            self.moment.state.require_database_owner(self.role, &format!("permission denied for table {table}"))?;
        }
        let found = provider.table(table).now_or_never().transpose().map_err(Error::from)?.flatten();
        match (schema, found) {
            (_, Some(found)) => Ok(Some(found)),
            (None, None) => Ok(None),
            (Some(schema), None) => {
                let message = format!("relation \"{schema}.{table}\" does not exist");
                Err(Error::new(SqlState::UndefinedTable, message))
            }
        }
    }

    fn parser_options(&self) -> ParserOptions {
        let options = &self.engine.config_options().sql_parser;
        ParserOptions {
            parse_float_as_decimal: options.parse_float_as_decimal,
            enable_ident_normalization: options.enable_ident_normalization,
            enable_options_value_normalization: options.enable_options_value_normalization,
            support_varchar_with_length: options.support_varchar_with_length,
            map_string_types_to_utf8view: options.map_string_types_to_utf8view,
            collect_spans: options.collect_spans,
            default_null_ordering: options.default_null_ordering.as_str().into(),
        }
    }
}

fn parse_view(view: &View) -> Result<ast::Statement> {
    let parsed = Parser::parse_sql(&Postgres, &view.query);
    let statement = parsed.map_err(datafusion::error::DataFusionError::from)?.pop();
    statement.ok_or_else(|| Error::internal("a view without a query"))
}

/// The schemas of a path that a role may use; it passes over others, as Postgres does.
fn usable(catalog: &State, role: u32, path: Vec<String>) -> Vec<String> {
    path.into_iter().filter(|schema| catalog.require_in_schema(role, Privilege::Usage, schema).is_ok()).collect()
}

/// What an owner may not read is told as it is: nothing is wrong with the view.
fn invalid_view(relation: &RelationRecord, cause: Error) -> Error {
    if cause.state() == SqlState::InsufficientPrivilege {
        return cause;
    }
    let message = format!("view \"{}\" can no longer be planned: {}", relation.full_name(), cause.message());
    Error::new(cause.state(), message)
}

impl ContextProvider for Resolver<'_> {
    fn get_table_source(&self, name: TableReference) -> EngineResult<Arc<dyn TableSource>> {
        Ok(self.source(&name)?)
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> EngineResult<Arc<dyn TableSource>> {
        let function = self.engine.table_functions().get(name).cloned();
        let function = function.ok_or_else(|| plan_datafusion_err!("Invalid function '{name}'."))?;
        let args = if takes_literals_alone(name) {
            args.into_iter()
                .map(|argument| constant(argument, self.engine, self.zone()))
                .collect::<EngineResult<Vec<_>>>()?
        } else {
            args
        };
        let provider = function.create_table_provider_with_args(TableFunctionArgs::new(&args, self.engine))?;
        Ok(self.handed.to_anybody(provider_as_source(provider)))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> EngineResult<Arc<dyn TableSource>> {
        Ok(self.handed.to_anybody(provider_as_source(Arc::new(CteWorkTable::new(name, schema)))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.engine.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        self.engine.relation_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(self.types.clone())
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let name = of_engine(bare(name));
        function(name).or_else(|| self.engine.scalar_functions().get(name).cloned())
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.engine.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.engine.aggregate_functions().get(of_engine(bare(name))).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.engine.window_functions().get(bare(name)).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.engine.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.engine.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.engine.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.engine.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.engine.window_functions().keys().cloned().collect()
    }
}
