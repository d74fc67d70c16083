//! From the integer sum of a window's weights to a score.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What turns the integer sum of one output into a score.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinearOutput {
    /// What one step of an integer weight is worth, in log-odds.
    pub scale: f64,
    /// Log-odds of a text whose features say nothing.
    pub bias: f64,
}

/// The outputs of a linear model, in the order of its sums.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    outputs: Vec<LinearOutput>,
}

impl Linear {
    /// # Errors
    ///
    /// [`LinearError`] for an output whose scale is not positive, or whose scale or bias is not finite: its scores
    /// would not be probabilities.
    pub fn new(outputs: Vec<LinearOutput>) -> Result<Self, LinearError> {
        for (output, &LinearOutput { scale, bias }) in outputs.iter().enumerate() {
            if !(scale.is_finite() && scale > 0.0) {
                return Err(LinearError::Scale { output, found: scale });
            }
            if !bias.is_finite() {
                return Err(LinearError::Bias { output, found: bias });
            }
        }
        Ok(Self { outputs })
    }

    /// The outputs, in the order of the sums.
    pub fn outputs(&self) -> &[LinearOutput] {
        &self.outputs
    }

    /// The probability (0..1) that output `output` gives a window of `count` ids with weight sum `sum`:
    /// `σ(bias + scale · sum / √count)`. The root makes a window's length not count by itself, as the norm of its
    /// feature vector would.
    ///
    /// Computed without the platform's mathematics library, so that it is the same on every machine.
    ///
    /// # Panics
    ///
    /// When the model has no output of that number.
    pub fn score(&self, output: usize, sum: i32, count: u32) -> f64 {
        let LinearOutput { scale, bias } = self.outputs[output];
        // A window always has an id; a caller's empty row counts as one that says nothing.
        let odds = bias + scale * f64::from(sum) / f64::from(count.max(1)).sqrt();
        1.0 / (1.0 + libm::exp(-odds))
    }
}

/// Why outputs can't be used.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum LinearError {
    /// A scale that is not a positive number.
    Scale {
        /// Its place among the outputs, from 0.
        output: usize,
        /// The value.
        found: f64,
    },
    /// A bias that is not a number.
    Bias {
        /// Its place among the outputs, from 0.
        output: usize,
        /// The value.
        found: f64,
    },
}

impl fmt::Display for LinearError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale { output, found } => {
                write!(f, "output {output} has scale {found}; a finite number above 0 is needed")
            }
            Self::Bias { output, found } => write!(f, "output {output} has bias {found}; a finite number is needed"),
        }
    }
}

impl std::error::Error for LinearError {}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "scores are promised to be the same to the last bit")]
mod tests {
    use super::*;

    fn linear(scale: f64, bias: f64) -> Linear {
        Linear::new(vec![LinearOutput { scale, bias }]).expect("valid")
    }

    #[test]
    fn scores_are_the_logistic_of_the_scaled_sum() {
        // σ(0) = 1/2, and σ(1) = 1/(1+1/e), whose digits are the expected value.
        assert_eq!(linear(0.5, -1.0).score(0, 4, 4), 0.5);
        assert!((linear(0.5, 0.0).score(0, 4, 4) - 0.731_058_578_630_004_9).abs() < 1e-15);
        assert!((linear(0.5, 0.0).score(0, -4, 4) - 0.268_941_421_369_995_1).abs() < 1e-15);
    }

    #[test]
    fn extreme_sums_stay_probabilities() {
        assert_eq!(linear(1.0, 0.0).score(0, i32::MAX, 1), 1.0);
        assert_eq!(linear(1.0, 0.0).score(0, i32::MIN, 1), 0.0);
        assert_eq!(linear(1.0, 0.0).score(0, 0, 0), 0.5);
    }

    #[test]
    fn a_score_that_could_not_be_a_probability_is_refused() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let refused = Linear::new(vec![LinearOutput { scale, bias: 0.0 }]);
            assert!(matches!(refused, Err(LinearError::Scale { output: 0, .. })), "{scale}");
        }
        let refused = Linear::new(vec![
            LinearOutput { scale: 1.0, bias: 0.0 },
            LinearOutput { scale: 1.0, bias: f64::NEG_INFINITY },
        ]);
        assert_eq!(
            refused.expect_err("no finite bias").to_string(),
            "output 1 has bias -inf; a finite number is needed"
        );
    }
}
