//! The shipped model's vectors, written by its training script: ids and sums by ONNX Runtime, scores by Python.

use ngram::{Extractor, FeatureSpec, Linear, LinearOutput};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vectors {
    features: FeatureSpec,
    #[expect(dead_code, reason = "names the model for readers")]
    model_sha256: String,
    outputs: Vec<LinearOutput>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    windows: Vec<Window>,
}

#[derive(Deserialize)]
struct Window {
    ids: Vec<u32>,
    sums: Vec<i32>,
    scores: Vec<f64>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).expect("written by train_fast.py")
}

#[test]
fn ids_are_those_that_the_model_was_trained_with() {
    let Vectors { features, cases, .. } = vectors();
    assert!(cases.len() >= 20, "{} cases", cases.len());
    assert!(cases.iter().any(|case| case.windows.len() > 1), "a long text is among them");
    let mut extractor = Extractor::new(features).expect("a version that this engine knows");
    for Case { text, windows } in cases {
        let mut found = Vec::new();
        extractor.windows(&text, |ids| found.push(ids.to_vec()));
        let expected: Vec<Vec<u32>> = windows.into_iter().map(|window| window.ids).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn scores_follow_from_sums() {
    let Vectors { outputs, cases, .. } = vectors();
    let linear = Linear::new(outputs).expect("finite");
    for Case { text, windows } in cases {
        for Window { ids, sums, scores } in windows {
            assert_eq!((sums.len(), scores.len()), (linear.outputs().len(), linear.outputs().len()), "{text:?}");
            for (output, (&sum, &expected)) in sums.iter().zip(&scores).enumerate() {
                let score = linear.score(output, sum, ids.len() as u32);
                // Python's exponential is the platform's: it may differ in the last digit.
                assert!((score - expected).abs() < 1e-14, "{text:?}, output {output}: {score}, not {expected}");
            }
        }
    }
}
