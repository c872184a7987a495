//! The fit against SciPy, against curves that are known exactly, and where there is none.
//!
//! The references were made with SciPy 1.17.1 and NumPy 2.4.6:
//!
//! ```python
//! f = lambda t, K, m, r: K / (1 + np.exp(-r * (t - m)))
//! p, cov = curve_fit(f, t, y, p0=p0, jac=jac, method="lm", ftol=1e-15, xtol=1e-15, gtol=1e-15, maxfev=100000)
//! se = np.sqrt(np.diag(cov))
//! ```
//!
//! with `jac` the written-out derivatives, `p0` a guess by eye, and `lambda t, m, r: f(t, 100, m, r)` where the
//! saturation is given. Newton's method on the normal equations in 40 digits (mpmath) agrees to nine digits.

use super::*;

/// The years 2010, 2011, … with these values.
fn yearly(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(at, value)| (2010.0 + at as f64, *value)).collect()
}

/// K, m, r; their standard errors; residual standard error; R².
struct Reference {
    parameters: [f64; 3],
    errors: [f64; 3],
    residual: f64,
    r_squared: f64,
}

fn near(name: &str, actual: f64, expected: f64, tolerance: f64) {
    assert!((actual / expected - 1.0).abs() < tolerance, "{name}: {actual}, not {expected}");
}

fn check(name: &str, points: &[(f64, f64)], saturation: Option<f64>, expected: &Reference) {
    let fit = fit(points, saturation).unwrap();
    for (actual, expected) in [fit.saturation, fit.midpoint, fit.slope].into_iter().zip(expected.parameters) {
        near(name, actual, expected, 1e-6);
    }
    assert_eq!(fit.saturation_se.is_none(), saturation.is_some(), "{name}");
    let errors = [fit.saturation_se, Some(fit.midpoint_se), Some(fit.slope_se)];
    for (actual, expected) in errors.into_iter().zip(expected.errors).filter_map(|(actual, e)| Some((actual?, e))) {
        near(name, actual, expected, 1e-4);
    }
    near(name, fit.residual_standard_error, expected.residual, 1e-6);
    near(name, fit.r_squared, expected.r_squared, 1e-9);
}

const NOISY: [f64; 15] = [1.2, 2.9, 3.1, 6.4, 8.8, 14.9, 20.1, 31.7, 41.0, 52.9, 60.2, 68.1, 70.7, 74.9, 74.2];

#[test]
fn scipy_over_the_whole_rise() {
    let expected = Reference {
        parameters: [77.86895179322615, 2017.7249797543495, 0.5526551650908295],
        errors: [0.8866100687024366, 0.07238814627804972, 0.016407722359154858],
        residual: 0.9800071199688217,
        r_squared: 0.999024918324536,
    };
    check("noisy", &yearly(&NOISY), None, &expected);

    let people =
        [13e3, 21e3, 35e3, 61e3, 98e3, 160e3, 251e3, 390e3, 560e3, 748e3, 910e3, 1.06e6, 1.15e6, 1.22e6, 1.258e6];
    let expected = Reference {
        parameters: [1318406.6448887517, 2018.538487294263, 0.5609190205894805],
        errors: [4011.7060149975855, 0.017867658434104487, 0.003944113926752407],
        residual: 3672.3372978042685,
        r_squared: 0.9999506082578172,
    };
    check("large counts", &yearly(&people), None, &expected);
}

/// Two sources a year are two points.
#[test]
fn scipy_with_years_told_twice() {
    let years = [2012, 2012, 2014, 2014, 2016, 2016, 2018, 2018, 2020, 2020, 2022].map(f64::from);
    let values = [3.1, 4.2, 9.0, 7.7, 20.5, 22.8, 47.1, 44.0, 66.9, 70.3, 80.8];
    let points: Vec<_> = years.into_iter().zip(values).collect();
    let expected = Reference {
        parameters: [88.63801357795496, 2017.9069210002178, 0.5806870366607311],
        errors: [2.5549746382940155, 0.1414662685899268, 0.028502582290266646],
        residual: 1.4435761167918868,
        r_squared: 0.9979983210602176,
    };
    check("told twice", &points, None, &expected);
}

/// Half of the saturation is not reached yet: it is found, and its error says how little is known of it.
#[test]
fn scipy_over_the_beginning_of_a_rise() {
    let values = [120.0, 155.0, 231.0, 298.0, 424.0, 540.0, 745.0, 961.0];
    let points: Vec<_> = yearly(&values).into_iter().map(|(year, value)| (year + 6.0, value)).collect();
    let expected = Reference {
        parameters: [4432.407967816907, 2026.868626056421, 0.33135556591715026],
        errors: [1877.3419301127574, 1.8464370783647337, 0.020694562478542993],
        residual: 10.806352188598291,
        r_squared: 0.9990611667145767,
    };
    check("beginning", &points, None, &expected);

    // Chick 1 of R's data set ChickWeight, the example of `?SSlogis`; `scal` there is 1 / slope.
    let days = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21].map(f64::from);
    let grams = [42, 51, 59, 64, 76, 93, 106, 125, 149, 171, 199, 205].map(f64::from);
    let points: Vec<_> = days.into_iter().zip(grams).collect();
    let expected = Reference {
        parameters: [937.0205645091031, 35.222794331710844, 0.08767936798033703],
        errors: [465.8569316855041, 8.311924194460566, 0.006959215473359417],
        residual: 2.918568070821882,
        r_squared: 0.9979089803545063,
    };
    check("ChickWeight.1", &points, None, &expected);
}

#[test]
fn scipy_with_the_saturation_given() {
    let points = yearly(&[2.1, 3.0, 4.8, 6.1, 9.7, 12.9, 18.8, 24.0, 33.5, 40.2]);
    let expected = Reference {
        parameters: [100.0, 2019.9598357725954, 0.37898093296669244],
        errors: [0.0, 0.0727201368440278, 0.00870289106726529],
        residual: 0.6599040788501406,
        r_squared: 0.9978175711627002,
    };
    check("given", &points, Some(100.0), &expected);
}

#[test]
fn scipy_over_a_fall() {
    let values = [97.1, 96.0, 95.2, 91.7, 88.0, 82.6, 74.9, 62.2, 51.5, 38.7, 28.1, 18.8, 13.0, 8.1, 5.9];
    let expected = Reference {
        parameters: [99.04158186183321, 2018.1461457384146, -0.5009321381189007],
        errors: [0.4345857526102477, 0.033492699413799794, 0.00678557163677479],
        residual: 0.6222353696128293,
        r_squared: 0.9997322656333874,
    };
    check("fall", &yearly(&values), None, &expected);
}

fn exact(saturation: f64, midpoint: f64, slope: f64) -> Vec<(f64, f64)> {
    let value = |year: f64| saturation / (1.0 + (-slope * (year - midpoint)).exp());
    (2010..2025).map(f64::from).map(|year| (year, value(year))).collect()
}

#[test]
fn exact_points_give_their_curve_back() {
    for saturation in [0.01, 1.0, 57.3, 1e6, -20.0] {
        for midpoint in [2005.0, 2010.5, 2017.0, 2023.2, 2030.0] {
            for slope in [0.08, 0.2, 0.5, 1.1, -0.4] {
                let case = format!("{saturation} {midpoint} {slope}");
                let points = exact(saturation, midpoint, slope);
                let free = fit(&points, None).unwrap_or_else(|reason| panic!("{case}: {reason}"));
                let given = fit(&points, Some(saturation)).unwrap_or_else(|reason| panic!("{case}: {reason}"));
                for fit in [free, given] {
                    near(&case, fit.saturation, saturation, 1e-6);
                    near(&case, fit.midpoint, midpoint, 1e-6);
                    near(&case, fit.slope, slope, 1e-6);
                    near(&case, fit.r_squared, 1.0, 1e-9);
                    assert!(fit.residual_standard_error < 1e-9 * saturation.abs(), "{case}");
                }
            }
        }
    }
}

#[test]
fn order_of_points_changes_no_bit() {
    let points = yearly(&NOISY);
    let expected = fit(&points, None).unwrap();
    for shift in 1..points.len() {
        let mut other = points.clone();
        other.rotate_left(shift);
        assert_eq!(fit(&other, None).unwrap(), expected);
        other.reverse();
        assert_eq!(fit(&other, None).unwrap(), expected);
    }
}

/// Thousands instead of persons and days instead of years are the same curve.
#[test]
fn units_of_points_are_units_of_the_answer() {
    let years = fit(&yearly(&NOISY), None).unwrap();
    let points: Vec<_> = yearly(&NOISY).into_iter().map(|(year, value)| (365.25 * year, 1e-3 * value)).collect();
    let days = fit(&points, None).unwrap();
    near("saturation", days.saturation, 1e-3 * years.saturation, 1e-9);
    near("saturation_se", days.saturation_se.unwrap(), 1e-3 * years.saturation_se.unwrap(), 1e-6);
    near("midpoint", days.midpoint, 365.25 * years.midpoint, 1e-9);
    near("midpoint_se", days.midpoint_se, 365.25 * years.midpoint_se, 1e-6);
    near("slope", days.slope, years.slope / 365.25, 1e-7);
    near("slope_se", days.slope_se, years.slope_se / 365.25, 1e-6);
    near("residual", days.residual_standard_error, 1e-3 * years.residual_standard_error, 1e-9);
}

#[test]
fn points_without_a_curve_say_why() {
    let exponential: Vec<f64> = (0..15).map(|year| (0.3 * f64::from(year)).exp()).collect();
    let noisy_jump = [0.1, 0.2, -0.1, 0.3, 0.0, 0.2, -0.3, 100.1, 99.8, 100.4, 99.9, 100.2, 100.1, 99.7, 100.0];
    type Case = (&'static str, Vec<(f64, f64)>, Option<f64>, NoFit);
    let cases: [Case; 12] = [
        ("none", vec![], None, NoFit::TooFewPoints { needed: 4 }),
        ("three", yearly(&[1.0, 4.0, 5.0]), None, NoFit::TooFewPoints { needed: 4 }),
        ("two, given", yearly(&[1.0, 4.0]), Some(9.0), NoFit::TooFewPoints { needed: 3 }),
        ("constant", yearly(&[7.0; 9]), None, NoFit::Constant),
        ("zeros", yearly(&[0.0; 9]), Some(1.0), NoFit::Constant),
        ("two years", vec![(1.0, 1.0), (1.0, 2.0), (2.0, 3.0), (2.0, 4.0)], None, NoFit::TooFewTimes { needed: 3 }),
        ("not a number", yearly(&[1.0, f64::NAN, 2.0, 3.0]), None, NoFit::NotFinite),
        ("saturation 0", yearly(&[1.0, 2.0, 3.0, 3.5]), Some(0.0), NoFit::Saturation),
        ("saturation ∞", yearly(&[1.0, 2.0, 3.0, 3.5]), Some(f64::INFINITY), NoFit::Saturation),
        ("exponential", yearly(&exponential), None, NoFit::Singular),
        ("a jump", yearly(&[0.0, 0.0, 0.0, 0.0, 100.0, 100.0, 100.0]), None, NoFit::Singular),
        ("a noisy jump", yearly(&noisy_jump), None, NoFit::Singular),
    ];
    for (name, points, saturation, expected) in cases {
        assert_eq!(fit(&points, saturation), Err(expected), "{name}");
    }
}

/// Whatever comes in, a fit has only finite numbers, and no search goes on for ever.
#[test]
fn strange_points_give_finite_numbers_or_a_reason() {
    let ends = [0.0, f64::MIN_POSITIVE, 1e-300, 1.0, 1e300, f64::MAX, -f64::MAX];
    for first in ends {
        for last in ends {
            for saturation in [None, Some(1.0), Some(-1e300)] {
                let steep = [(first, 0.0), (2.0, last), (3.0, first), (last, 4.0), (5.0, 1.0), (6.0, 2.0)];
                let Ok(fit) = fit(&steep, saturation) else { continue };
                let numbers = [fit.saturation, fit.midpoint, fit.slope, fit.midpoint_se, fit.slope_se];
                assert!(numbers.iter().all(|number| number.is_finite()), "{first} {last} {saturation:?}: {fit:?}");
            }
        }
    }
}
