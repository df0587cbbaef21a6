//! What clients ask of the catalogs, and what PostgreSQL 15 answered on the same objects.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::Volatility;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::parser::Parser;

use futures::future::BoxFuture;

use super::listing::{Argument, FunctionKind};
use super::*;
use crate::activity::Activity;
use crate::catalog::{Access, Roles, SessionSequences};
use crate::config::{Identity, Principal, Settings};
use crate::model::{PG_TYPE_KEY, Postgres, type_functions};
use crate::storage::CacheFacts;

struct Facts;

impl SessionFacts for Facts {
    fn setting(&self, name: &str) -> Option<String> {
        let mut settings = Settings::default();
        settings.set("search_path", "public, journey").unwrap();
        settings.get(name).map(str::to_owned)
    }

    fn settings(&self) -> Settings {
        Settings::default()
    }

    fn set(&self, _: &str, _: Option<&str>, _: bool) -> crate::Result<()> {
        Ok(())
    }

    fn notify(&self, _: &str, _: &str) -> crate::Result<()> {
        Ok(())
    }

    fn try_lock(&self, _: AdvisoryKey, _: AdvisoryMode) -> bool {
        true
    }

    fn lock(&self, _: AdvisoryKey, _: AdvisoryMode) -> BoxFuture<'static, crate::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn unlock(&self, _: AdvisoryKey, _: bool) -> bool {
        true
    }

    fn unlock_all(&self) {}

    fn sequences(&self) -> Option<Arc<SessionSequences>> {
        None
    }

    fn cursors(&self) -> Vec<CursorFacts> {
        vec![]
    }

    fn prepared_statements(&self) -> Vec<PreparedFacts> {
        vec![]
    }

    fn search_path(&self) -> Vec<String> {
        vec!["public".into(), "journey".into()]
    }

    fn identity(&self) -> Identity {
        Identity::of(Principal { oid: 10, name: "postgres".into(), owner: true })
    }

    fn backend_pid(&self) -> i32 {
        42
    }

    fn activity(&self) -> Arc<Activity> {
        Arc::default()
    }

    fn column_cache(&self) -> CacheFacts {
        CacheFacts::default()
    }
}

fn column(name: &str, data_type: DataType, nullable: bool, comment: Option<&str>) -> ColumnEntry {
    ColumnEntry {
        name: name.into(),
        column_type: types::of_arrow(&data_type),
        nullable,
        comment: comment.map(str::to_owned),
        identity: None,
        default: None,
    }
}

fn relation(oid: u32, schema: &str, name: &str, kind: RelationKind, columns: Vec<ColumnEntry>) -> RelationEntry {
    RelationEntry {
        oid,
        schema: schema.into(),
        name: name.into(),
        kind,
        columns,
        comment: None,
        access: Access::default(),
        definition: None,
        reads: vec![],
        checks: vec![],
        keys: vec![],
        references: vec![],
        sequence: None,
        rows: None,
        bytes: None,
    }
}

/// The objects on which PostgreSQL was asked.
fn sample() -> Listing {
    let accounts = RelationEntry {
        comment: Some("Companies.".into()),
        checks: vec![("accounts_employees_check".into(), "employees >= 0".into())],
        keys: vec![],
        references: vec![],
        sequence: None,
        bytes: Some(8192),
        ..relation(
            20_001,
            "journey",
            "accounts",
            RelationKind::Table,
            vec![
                column("account_id", DataType::Utf8View, false, Some("Key of the account.")),
                column("revenue", DataType::Decimal128(12, 2), true, None),
                column("employees", DataType::Int32, true, None),
                column("created_at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true, None),
                column("tags", DataType::new_list(DataType::Utf8, true), true, None),
                column("score", DataType::Float64, true, None),
            ],
        )
    };
    let big = RelationEntry {
        comment: Some("Large companies.".into()),
        definition: Some(" SELECT accounts.account_id,\n    accounts.employees\n   FROM accounts".into()),
        ..relation(
            20_002,
            "journey",
            "big",
            RelationKind::View,
            vec![
                column("account_id", DataType::Utf8View, true, None),
                column("employees", DataType::Int32, true, None),
            ],
        )
    };
    let notes = RelationEntry {
        bytes: Some(8192),
        ..relation(
            20_003,
            "public",
            "notes",
            RelationKind::Table,
            vec![column("id", DataType::Int64, true, None), column("Text", DataType::Utf8View, true, None)],
        )
    };
    let function = |name: &str, kind, arguments: &[&str], comment: Option<&str>| FunctionEntry {
        schema: "journey".into(),
        name: name.into(),
        kind,
        volatility: Volatility::Immutable,
        arguments: arguments
            .iter()
            .map(|name| Argument { name: (*name).into(), type_oid: 701, optional: false, variadic: false })
            .collect(),
        result: 701,
        comment: comment.map(str::to_owned),
        oid: None,
    };
    let schema = |oid, name: &str, comment: Option<&str>| SchemaEntry {
        oid,
        name: name.into(),
        comment: comment.map(str::to_owned),
        access: Access::default(),
    };
    Listing::new(
        "shop",
        Roles::made_by("postgres"),
        vec![schema(16_385, "journey", Some("The journey tables.")), schema(16_384, "public", None)],
        vec![accounts, big, notes],
        vec![
            function("share", FunctionKind::Scalar, &["part", "whole"], Some("Part of a whole.")),
            function("score", FunctionKind::Aggregate, &["value"], None),
        ],
    )
}

fn context() -> SessionContext {
    let listing = Arc::new(sample());
    let source: Source = Arc::new(move || Arc::clone(&listing));
    let session: Arc<dyn SessionFacts> = Arc::new(Facts);
    let config = SessionConfig::new().with_information_schema(false).with_default_catalog_and_schema("shop", "public");
    let mut rules = datafusion::optimizer::Analyzer::new().rules;
    rules.insert(0, Arc::new(EvaluateCorrelated));
    let state =
        SessionStateBuilder::new().with_config(config).with_default_features().with_analyzer_rules(rules).build();
    let context = SessionContext::new_with_state(state);
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("pg_catalog", pg_catalog(Arc::clone(&source), Arc::clone(&session))).unwrap();
    catalog
        .register_schema("information_schema", information_schema(Arc::clone(&source), Arc::clone(&session)))
        .unwrap();
    context.register_catalog("shop", Arc::new(catalog));
    for function in functions(source, session) {
        context.register_udf(function);
    }
    context
}

/// The rows of a statement as `psql -At` prints them, with NULL as ∅ and line ends as `\n`.
async fn ask(context: &SessionContext, sql: &str) -> crate::Result<Vec<String>> {
    let mut statement = Parser::parse_sql(&Postgres, sql).unwrap().remove(0);
    if is_catalog_statement(&statement) {
        adapt(&mut statement, Absent { keys: true, references: true, sequences: true, views: true });
    }
    let plan = context.state().statement_to_plan(Statement::Statement(Box::new(statement))).await?;
    let batches = context.execute_logical_plan(plan).await?.collect().await?;
    let mut rows = vec![];
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let fields = batch.schema();
            let columns = fields.fields().iter().zip(batch.columns());
            let cells: Vec<String> = columns.map(|(field, column)| function(field, column, row)).collect();
            rows.push(cells.join("|").replace('\n', "\\n"));
        }
    }
    Ok(rows)
}

/// A function behind a type by its name, as the wire prints it; anything else as it is.
fn function(field: &Field, column: &ArrayRef, row: usize) -> String {
    let printed = cell(column, row);
    match field.metadata().get(PG_TYPE_KEY).map(String::as_str) {
        Some("regproc") => printed.parse().ok().and_then(type_functions::name).map_or(printed, str::to_owned),
        _ => printed,
    }
}

fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) || *column.data_type() == DataType::Null {
        return "∅".into();
    }
    match column.data_type() {
        DataType::Boolean => if column.as_boolean().value(row) { "t" } else { "f" }.into(),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let items: Vec<String> = (0..items.len()).map(|item| cell(&items, item)).collect();
            format!("{{{}}}", items.join(","))
        }
        _ => ArrayFormatter::try_new(column, &FormatOptions::default()).unwrap().value(row).to_string(),
    }
}

/// Asks everything in a file of `## command`, SQL, `----`, rows; `{name}` stands for the OID of a relation.
async fn replay(recorded: &str) {
    let context = context();
    let listing = sample();
    let oids: Vec<(String, String)> =
        listing.user_relations().iter().map(|r| (format!("{{{}}}", r.name), r.oid.to_string())).collect();
    let mut failures = vec![];
    let mut asked = 0;
    for block in recorded.split("\n## ") {
        let block = oids.iter().fold(block.to_owned(), |text, (name, oid)| text.replace(name, oid));
        let (head, expected) = block.split_once("\n----").unwrap();
        let (command, sql) = head.split_once('\n').unwrap();
        let expected: Vec<&str> = expected.trim_matches('\n').lines().collect();
        asked += 1;
        match ask(&context, sql).await {
            Ok(rows) if rows == expected => {}
            Ok(rows) => failures.push(format!("{command}\n{sql}\nexpected {expected:#?}\ngot {rows:#?}")),
            Err(error) => failures.push(format!("{command}\n{sql}\n{error}")),
        }
    }
    assert!(asked > 10);
    assert!(failures.is_empty(), "{} of {asked} differ:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[tokio::test]
async fn psql_gets_what_postgres_answers() {
    replay(include_str!("../../../tests/data/catalog/psql15.txt")).await;
}

#[tokio::test]
async fn the_catalogs_hold_what_those_of_postgres_hold() {
    replay(include_str!("../../../tests/data/catalog/catalog15.txt")).await;
}

#[tokio::test]
async fn a_subquery_of_many_rows_is_no_value() {
    let sql = "SELECT (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid) FROM pg_class c WHERE c.relname = 'big'";
    assert_eq!(ask(&context(), sql).await.unwrap_err().state(), crate::SqlState::CardinalityViolation);
}

#[tokio::test]
async fn names_that_mean_nothing_are_errors() {
    for (sql, state) in [
        ("SELECT 'nosuch'::regclass", crate::SqlState::UndefinedTable),
        ("SELECT 'nosuch'::regtype", crate::SqlState::UndefinedObject),
        ("SELECT current_setting('nosuch')", crate::SqlState::UndefinedObject),
        ("SELECT pg_get_viewdef('nosuch')", crate::SqlState::UndefinedTable),
        ("SELECT format_type()", crate::SqlState::UndefinedFunction),
    ] {
        assert_eq!(ask(&context(), sql).await.unwrap_err().state(), state, "{sql}");
    }
}
