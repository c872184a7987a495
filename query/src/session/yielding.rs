//! Lets a question be ended while a join runs.
//!
//! In: a plan. Out: the same with a step after each join that lets other tasks run every so often. The engine does so at
//! the leaves; but a join may make millions of rows of one batch that a leaf gave, and until it is done with them the task
//! that it runs in cannot be ended.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// The rule; to be applied after all others, which look for joins.
#[derive(Debug)]
pub(super) struct YieldAfterJoins;

impl PhysicalOptimizerRule for YieldAfterJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let yielding = plan.transform_up(|step| {
            let makes_more = step.children().len() > 1 || step.name() == "UnnestExec";
            Ok(match makes_more {
                true => Transformed::yes(Arc::new(CooperativeExec::new(step)) as Arc<dyn ExecutionPlan>),
                false => Transformed::no(step),
            })
        });
        Ok(yielding?.data)
    }

    fn name(&self) -> &str {
        "yield_after_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
