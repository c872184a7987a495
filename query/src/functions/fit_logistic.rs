//! `fit_logistic(year, value[, saturation])`: the logistic curve of adoption through a group's points.
//!
//! In: numbers of any type; rows where one of them is null are left out, as aggregates do. Out: one struct a group,
//! never null itself. Where a curve was found its `reason` is null; else all else is null and `reason` says why. A
//! saturation that is given has no standard error: `saturation_se` is null. Guarantee: the order and the partitions of
//! the rows change nothing. The arithmetic is in `logistic`.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, TypeSignature, Volatility};

use crate::logistic::{Fit, NoFit, fit};

/// The answer's fields.
static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    let numbers = [
        "saturation",
        "midpoint",
        "slope",
        "saturation_se",
        "midpoint_se",
        "slope_se",
        "residual_standard_error",
        "r_squared",
    ];
    let mut fields = numbers.map(|name| Field::new(name, DataType::Float64, true)).to_vec();
    fields.push(Field::new("points", DataType::Int64, true));
    fields.push(Field::new("reason", DataType::Utf8, true));
    Fields::from(fields)
});

/// The aggregate function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FitLogistic {
    signature: Signature,
}

impl FitLogistic {
    pub(super) fn new() -> Self {
        let numbers = |count| TypeSignature::Exact(vec![DataType::Float64; count]);
        Self { signature: Signature::one_of(vec![numbers(2), numbers(3)], Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for FitLogistic {
    fn name(&self) -> &str {
        "fit_logistic"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(FIELDS.clone()))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return plan_err!("fit_logistic takes every point: DISTINCT would drop one that was observed twice");
        }
        let saturation = if args.exprs.len() == 3 { Saturation::Given(Vec::new()) } else { Saturation::Fitted };
        Ok(Box::new(Points { points: Vec::new(), saturation }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |part| {
            let item = Field::new_list_field(DataType::Float64, true);
            Arc::new(Field::new_list(format_state_name(args.name, part), item, true))
        };
        Ok(["years", "values", "saturations"].map(list).to_vec())
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// A group's points so far.
#[derive(Debug)]
struct Points {
    points: Vec<(f64, f64)>,
    saturation: Saturation,
}

#[derive(Debug)]
enum Saturation {
    Fitted,
    /// The different numbers that rows gave. Two are kept: they say already that there is not one.
    Given(Vec<f64>),
}

impl Saturation {
    fn add(&mut self, number: f64) {
        if let Self::Given(numbers) = self
            && numbers.len() < 2
            && !numbers.iter().any(|known| known.total_cmp(&number).is_eq())
        {
            numbers.push(number);
        }
    }

    fn numbers(&self) -> &[f64] {
        match self {
            Self::Fitted => &[],
            Self::Given(numbers) => numbers,
        }
    }
}

impl Points {
    fn fit(&self) -> Result<Fit, NoFit> {
        match &self.saturation {
            Saturation::Fitted => fit(&self.points, None),
            Saturation::Given(numbers) => match numbers.as_slice() {
                [] => Err(NoFit::TooFewPoints { needed: 3 }),
                [one] => fit(&self.points, Some(*one)),
                _ => Err(NoFit::Saturation),
            },
        }
    }
}

impl Accumulator for Points {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns: Vec<&Float64Array> = values.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
        for row in (0..columns[0].len()).filter(|row| columns.iter().all(|column| column.is_valid(*row))) {
            self.points.push((columns[0].value(row), columns[1].value(row)));
            if let Some(saturations) = columns.get(2) {
                self.saturation.add(saturations.value(row));
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |numbers: Float64Array| SingleRowListArrayBuilder::new(Arc::new(numbers)).build_list_scalar();
        Ok(vec![
            list(self.points.iter().map(|(year, _)| *year).collect()),
            list(self.points.iter().map(|(_, value)| *value).collect()),
            list(self.saturation.numbers().iter().copied().collect()),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists: Vec<_> = states.iter().map(|state| state.as_list::<i32>()).collect();
        for row in (0..lists[0].len()).filter(|row| lists.iter().all(|list| list.is_valid(*row))) {
            let parts: Vec<_> = lists.iter().map(|list| list.value(row)).collect();
            let [years, values, saturations] =
                [0, 1, 2].map(|part: usize| parts[part].as_primitive::<Float64Type>().values());
            self.points.extend(years.iter().copied().zip(values.iter().copied()));
            saturations.iter().for_each(|number| self.saturation.add(*number));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let (fit, reason) = match self.fit() {
            Ok(fit) => (Some(fit), None),
            Err(reason) => (None, Some(reason.to_string())),
        };
        let points = fit.is_some().then_some(self.points.len() as i64);
        let fit = fit.as_ref();
        let numbers = [
            fit.map(|fit| fit.saturation),
            fit.map(|fit| fit.midpoint),
            fit.map(|fit| fit.slope),
            fit.and_then(|fit| fit.saturation_se),
            fit.map(|fit| fit.midpoint_se),
            fit.map(|fit| fit.slope_se),
            fit.map(|fit| fit.residual_standard_error),
            fit.map(|fit| fit.r_squared),
        ];
        let mut columns = numbers.map(|number| Arc::new(Float64Array::from(vec![number])) as ArrayRef).to_vec();
        columns.push(Arc::new(Int64Array::from(vec![points])));
        columns.push(Arc::new(StringArray::from(vec![reason])));
        Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(FIELDS.clone(), columns, None)?)))
    }

    fn size(&self) -> usize {
        let held = self.points.capacity() * size_of::<(f64, f64)>() + size_of_val(self.saturation.numbers());
        size_of_val(self) + held
    }
}

#[cfg(test)]
mod tests;
