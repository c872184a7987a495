//! Lets the projector ask the query engine for the rows of projections: the two crates do not know each other.
//!
//! In: what the projector asks ([`Deriver`]). Out: what the engine answers. Guarantee: the rows are made by the same views
//! as every answer.

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use lantoa_projector::materialise::{DeriveError, Deriver, Look, Rows};
use lantoa_query::{Derivation, Engine};
use lantoa_schemas::projection::{Projection, Reach};

/// An engine of its own, so that no question waits for it.
#[derive(Debug)]
pub struct EngineDeriver(pub Engine);

struct EngineLook(Derivation);

#[async_trait]
impl Deriver for EngineDeriver {
    fn rules(&self) -> &str {
        Engine::rules()
    }

    async fn look(&self, projection: &'static Projection) -> Result<Box<dyn Look>, DeriveError> {
        Ok(Box::new(EngineLook(self.0.derive(projection).await?)))
    }
}

#[async_trait]
impl Look for EngineLook {
    fn reach(&self) -> &Reach {
        self.0.reach()
    }

    async fn events(&self) -> Result<u64, DeriveError> {
        Ok(self.0.events().await?)
    }

    async fn touched(&self, then: &Reach) -> Result<Vec<i32>, DeriveError> {
        Ok(self.0.touched(then).await?)
    }

    async fn divide(&self, buckets: &[i32]) -> Result<(), DeriveError> {
        Ok(self.0.divide(buckets).await?)
    }

    async fn rows(&self, buckets: &[i32]) -> Result<Rows, DeriveError> {
        let answer = self.0.rows(buckets).await?;
        let columns = SchemaRef::clone(answer.columns());
        Ok((columns, answer.map_err(DeriveError::from).boxed()))
    }
}
