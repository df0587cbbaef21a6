//! `pg_catalog` and `information_schema` as DataFusion sees them: tables whose rows are computed at each scan.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::functions::SessionFacts;
use super::listing::{RelationKind, Source};
use super::relations::{INFORMATION_SCHEMA, PG_CATALOG, SystemRelation, definition, definitions};
use super::rows::{self, Context};

/// The schema `pg_catalog`. The session says the settings and who asks.
pub fn pg_catalog(source: Source, session: Arc<dyn SessionFacts>) -> Arc<dyn SchemaProvider> {
    Arc::new(SystemSchema { name: PG_CATALOG, source, session })
}

/// The schema `information_schema`. Switch DataFusion's own off (`datafusion.catalog.information_schema`), which would
/// stand before it.
pub fn information_schema(source: Source, session: Arc<dyn SessionFacts>) -> Arc<dyn SchemaProvider> {
    Arc::new(SystemSchema { name: INFORMATION_SCHEMA, source, session })
}

struct SystemSchema {
    name: &'static str,
    source: Source,
    session: Arc<dyn SessionFacts>,
}

impl fmt::Debug for SystemSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemSchema").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        definitions().iter().filter(|d| d.schema == self.name).map(|d| d.name.to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(definition(self.name, name).map(|definition| {
            Arc::new(SystemTable { definition, source: Arc::clone(&self.source), session: Arc::clone(&self.session) })
                as Arc<dyn TableProvider>
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        definition(self.name, name).is_some()
    }
}

/// One system relation, to be scanned.
pub(super) struct SystemTable {
    definition: &'static SystemRelation,
    source: Source,
    session: Arc<dyn SessionFacts>,
}

impl fmt::Debug for SystemTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemTable").field("name", &self.definition.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.definition.arrow)
    }

    fn table_type(&self) -> TableType {
        match self.definition.kind {
            RelationKind::Table | RelationKind::Index | RelationKind::Sequence => TableType::Base,
            RelationKind::View => TableType::View,
        }
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let listing = (self.source)();
        let context = Context { listing: &listing, session: self.session.as_ref() };
        let batch = rows::batch(self.definition, projection, &context)?;
        let schema = batch.schema();
        Ok(MemorySourceConfig::try_new_exec(&[vec![batch]], schema, None)?)
    }
}
