//! The logistic curve of adoption, fitted by least squares.
//!
//! In: points of time and value, in any order; the saturation, where it is known. Out: [`Fit`], or [`NoFit`], which
//! says why there is none. Guarantee: the same points in another order give the same answer to the last bit, and
//! standard errors are those of R's `nls` and SciPy's `curve_fit`.
//!
//! The curve is y = K / (1 + exp(-r (t - m))): saturation K, midpoint m, slope r. It is searched for as
//! y = 1 / (exp(-κ) + exp(-(α + r u))), κ = ln K and α = κ - r m, in units in which times run from -1 to 1 and the
//! largest value is 1. A curve that has hardly begun to bend fixes α and r but not K, and in these three it is still
//! found: in K, m and r themselves the search creeps along a valley in which all of them grow together.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt, TerminationReason};
use nalgebra::{DMatrix, DVector, Dyn, Owned, U1};

/// A fitted curve. Times are in the unit of the points' times, saturation in that of their values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    pub(crate) saturation: f64,
    pub(crate) midpoint: f64,
    /// Growth rate per unit of time; below zero where the curve falls.
    pub(crate) slope: f64,
    /// `None` where the saturation was given.
    pub(crate) saturation_se: Option<f64>,
    pub(crate) midpoint_se: f64,
    pub(crate) slope_se: f64,
    /// √(RSS / (n - p)), p being the number of parameters that were fitted.
    pub(crate) residual_standard_error: f64,
    /// 1 - RSS / TSS, TSS being about the mean.
    pub(crate) r_squared: f64,
}

/// Why there is no curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoFit {
    #[error("fewer than {needed} points")]
    TooFewPoints { needed: usize },
    #[error("fewer than {needed} different times")]
    TooFewTimes { needed: usize },
    #[error("a time or value is not finite")]
    NotFinite,
    #[error("constant values")]
    Constant,
    #[error("the saturation given is not one finite number other than zero")]
    Saturation,
    #[error("did not converge")]
    NotConverged,
    #[error("singular: the points do not determine the curve")]
    Singular,
}

/// Fits a curve to points of (time, value): of three parameters, or of two where the saturation is given.
///
/// # Errors
/// Where the points do not allow it: see [`NoFit`]. One point more than parameters is needed, as otherwise there are no
/// residuals to judge by.
pub(crate) fn fit(points: &[(f64, f64)], saturation: Option<f64>) -> Result<Fit, NoFit> {
    let parameters = if saturation.is_some() { 2 } else { 3 };
    if saturation.is_some_and(|given| !given.is_finite() || given == 0.0) {
        return Err(NoFit::Saturation);
    }
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    check(&points, parameters)?;
    let units = Units::of(&points, saturation);
    let scaled: Vec<_> = points.iter().map(|&(time, value)| units.scale(time, value)).collect();
    let best = search(&scaled, saturation.map(|given| (given / units.value).ln()))?;
    conclude(&best, &units, saturation)
}

/// Refuses sorted points that no search could do anything with.
fn check(points: &[(f64, f64)], parameters: usize) -> Result<(), NoFit> {
    if points.len() <= parameters {
        return Err(NoFit::TooFewPoints { needed: parameters + 1 });
    }
    if !points.iter().all(|(time, value)| time.is_finite() && value.is_finite()) {
        return Err(NoFit::NotFinite);
    }
    if points.iter().all(|(_, value)| *value == points[0].1) {
        return Err(NoFit::Constant);
    }
    if 1 + points.windows(2).filter(|pair| pair[0].0 < pair[1].0).count() < parameters {
        return Err(NoFit::TooFewTimes { needed: parameters });
    }
    Ok(())
}

/// The units of the search, in those of the points.
struct Units {
    centre: f64,
    time: f64,
    /// Has the sign of the saturation, so that the search knows positive ones only.
    value: f64,
}

impl Units {
    /// Of sorted points with at least two times and a value other than zero.
    fn of(points: &[(f64, f64)], saturation: Option<f64>) -> Self {
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        let largest = points.iter().fold(0.0_f64, |largest, (_, value)| largest.max(value.abs()));
        let sign = saturation.unwrap_or_else(|| points.iter().map(|(_, value)| value / largest).sum());
        Self { centre: first / 2.0 + last / 2.0, time: last / 2.0 - first / 2.0, value: largest.copysign(sign) }
    }

    fn scale(&self, time: f64, value: f64) -> (f64, f64) {
        ((time - self.centre) / self.time, value / self.value)
    }
}

/// The search's state: points in its units, parameters [κ, α, r], or [α, r] where κ is fixed.
#[derive(Clone)]
struct Curve<'a> {
    points: &'a [(f64, f64)],
    fixed: Option<f64>,
    parameters: DVector<f64>,
}

/// What the curve says at one time.
struct At {
    value: f64,
    /// Share of the saturation that is reached, and that is not.
    share: f64,
    rest: f64,
}

impl Curve<'_> {
    /// κ, α and r.
    fn unpacked(&self) -> (f64, f64, f64) {
        match self.fixed {
            Some(kappa) => (kappa, self.parameters[0], self.parameters[1]),
            None => (self.parameters[0], self.parameters[1], self.parameters[2]),
        }
    }

    fn at(&self, time: f64) -> At {
        let (kappa, alpha, slope) = self.unpacked();
        let ahead = alpha + slope * time - kappa;
        // Through logarithms, since exp(κ) alone may be too large for a number when its product with the share is not.
        At { value: (kappa - softplus(-ahead)).exp(), share: (-softplus(-ahead)).exp(), rest: (-softplus(ahead)).exp() }
    }

    fn squares(&self) -> f64 {
        self.points.iter().map(|&(time, value)| (self.at(time).value - value).powi(2)).sum()
    }

    fn derivatives(&self) -> DMatrix<f64> {
        let mut matrix = DMatrix::zeros(self.points.len(), self.parameters.len());
        for (row, &(time, _)) in self.points.iter().enumerate() {
            let At { value, share, rest } = self.at(time);
            let by_each = [value * share, value * rest, value * rest * time];
            let fitted = &by_each[3 - self.parameters.len()..];
            for (column, derivative) in fitted.iter().enumerate() {
                matrix[(row, column)] = *derivative;
            }
        }
        matrix
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Curve<'_> {
    type ResidualStorage = Owned<f64, Dyn, U1>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn, U1>;

    fn set_params(&mut self, parameters: &DVector<f64>) {
        self.parameters.copy_from(parameters);
    }

    fn params(&self) -> DVector<f64> {
        self.parameters.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let residuals = self.points.iter().map(|&(time, value)| self.at(time).value - value);
        Some(DVector::from_iterator(self.points.len(), residuals))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        Some(self.derivatives())
    }
}

/// ln(1 + exp(x)) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// From how many places of the grid the search sets out.
const STARTS: usize = 4;

/// The best curve that the searches from several starts end at.
fn search(points: &[(f64, f64)], fixed: Option<f64>) -> Result<Curve<'_>, NoFit> {
    let mut best: Option<(f64, Curve<'_>, bool)> = None;
    for start in starts(points, fixed) {
        let (curve, report) = LevenbergMarquardt::new().minimize(start);
        let converged = report.termination.was_successful()
            || matches!(report.termination, TerminationReason::NoImprovementPossible(_));
        let squares = curve.squares();
        // Two starts that end at one place differ by rounding: the earlier one is kept, unless it was given up.
        let better = best.as_ref().is_none_or(|(least, _, done)| {
            squares < least * (1.0 - 1e-9) || (converged && !done && squares <= least * (1.0 + 1e-9))
        });
        if squares.is_finite() && better {
            best = Some((squares, curve, converged));
        }
    }
    match best {
        Some((_, curve, true)) => Ok(curve),
        _ => Err(NoFit::NotConverged),
    }
}

/// The best curve of a coarse grid for each slope, best first. With slope and midpoint chosen the best saturation is a
/// matter of one division, so the grid has two dimensions only.
fn starts<'a>(points: &'a [(f64, f64)], fixed: Option<f64>) -> Vec<Curve<'a>> {
    let mut found: Vec<(f64, Curve<'a>)> = Vec::new();
    for slope in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0].into_iter().flat_map(|slope| [slope, -slope]) {
        let of_slope = (-8..=8).map(|quarters| f64::from(quarters) / 4.0).filter_map(|midpoint| {
            let kappa = fixed.or_else(|| best_kappa(points, midpoint, slope))?;
            let all = [kappa, kappa - slope * midpoint, slope];
            let parameters = DVector::from_column_slice(if fixed.is_some() { &all[1..] } else { &all });
            let curve = Curve { points, fixed, parameters };
            let squares = curve.squares();
            squares.is_finite().then_some((squares, curve))
        });
        found.extend(of_slope.min_by(|(a, _), (b, _)| a.total_cmp(b)));
    }
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    found.into_iter().take(STARTS).map(|(_, curve)| curve).collect()
}

/// Logarithm of the saturation that suits midpoint and slope best; `None` where that is not above zero.
fn best_kappa(points: &[(f64, f64)], midpoint: f64, slope: f64) -> Option<f64> {
    let (mut above, mut below) = (0.0, 0.0);
    for &(time, value) in points {
        let share = (-softplus(-slope * (time - midpoint))).exp();
        above += share * value;
        below += share * share;
    }
    let kappa = (above / below).ln();
    kappa.is_finite().then_some(kappa)
}

/// Below this ratio of its singular values the matrix of derivatives says nothing about some direction: a change along
/// it is lost in the rounding of the squares. So it is for points that grow exponentially to the last, or that jump
/// from nothing to all between two times.
const SINGULAR: f64 = 1.5e-8;

/// Back to the points' units, with standard errors from s² (JᵀJ)⁻¹.
fn conclude(curve: &Curve<'_>, units: &Units, saturation: Option<f64>) -> Result<Fit, NoFit> {
    let (kappa, alpha, slope) = curve.unpacked();
    let (points, parameters) = (curve.points.len() as f64, curve.parameters.len());
    let squares = curve.squares();
    let variance = squares / (points - parameters as f64);
    let mean = curve.points.iter().map(|(_, value)| value).sum::<f64>() / points;
    let about_mean: f64 = curve.points.iter().map(|(_, value)| (value - mean).powi(2)).sum();

    let decomposed = curve.derivatives().svd(false, true);
    let singular = &decomposed.singular_values;
    let rows = decomposed.v_t.as_ref().ok_or(NoFit::Singular)?;
    let ratio = singular.min() / singular.max();
    if ratio.is_nan() || ratio < SINGULAR {
        return Err(NoFit::Singular);
    }
    // How far the quantity with this gradient may be off: the length of Σ⁻¹ Vᵀ gradient, times s.
    let error = |gradient: &[f64]| {
        let gradient = DVector::from_column_slice(&gradient[3 - parameters..]);
        ((rows * gradient).component_div(singular).norm_squared() * variance).sqrt()
    };
    let midpoint = (kappa - alpha) / slope;
    let fit = Fit {
        saturation: saturation.unwrap_or_else(|| kappa.exp() * units.value),
        midpoint: units.centre + units.time * midpoint,
        slope: slope / units.time,
        saturation_se: saturation.is_none().then(|| error(&[1.0, 0.0, 0.0]) * kappa.exp() * units.value.abs()),
        midpoint_se: error(&[1.0 / slope, -1.0 / slope, -midpoint / slope]) * units.time,
        slope_se: error(&[0.0, 0.0, 1.0]) / units.time,
        residual_standard_error: variance.sqrt() * units.value.abs(),
        r_squared: 1.0 - squares / about_mean,
    };
    let estimates = [fit.saturation, fit.midpoint, fit.slope, fit.midpoint_se, fit.slope_se];
    let quality = [fit.residual_standard_error, fit.r_squared];
    let finite = estimates.iter().chain(&quality).chain(&fit.saturation_se).all(|number| number.is_finite());
    if finite { Ok(fit) } else { Err(NoFit::Singular) }
}

#[cfg(test)]
mod tests;
