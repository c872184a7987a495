//! What kept views are made of, held against what the build leaves out of the rules.

use super::*;
use crate::knowledge::Knowledge;
use crate::{area_functions, functions};
use lantoa_schemas::projection::PROJECTIONS;

#[test]
fn no_kept_view_uses_what_the_rules_leave_out() {
    let present = Arc::new(Present::new(Arc::new(Knowledge::shipped("2026-01-15".parse().unwrap()))));
    let aggregates = functions::aggregates();
    let mut left_out: Vec<&str> = ON_A_MAP.to_vec();
    left_out.push("indicator_on");
    left_out.extend(area_functions::all(&present).into_iter().map(|(name, _)| name));
    left_out.extend(aggregates.iter().map(|function| function.name()));
    for projection in PROJECTIONS {
        let sql = views::named(projection.view).unwrap().sql;
        let statement = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
        let mut words =
            statement.flat_map(|line| line.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
        let found = words.find(|word| left_out.contains(word));
        assert_eq!(found, None, "{} uses what query/build.rs leaves out of the rules", projection.view);
    }
}
