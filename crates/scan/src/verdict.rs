//! From keyword hits and classifier scores to the risks of one record. Thresholds and meanings come from the policy.

use matcher::{EntrySpec, Hit};
use serde::Deserialize;

/// How hits and scores make a record flagged.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Entries of this severity flag a record by themselves.
    pub block_severity: u8,
    /// Entries of this severity flag a record when the classifier agrees.
    pub review_severity: u8,
    /// Risks that count for the share of illegal content.
    pub flagged_mask: u32,
    /// Risks that make a record unqualified.
    pub unqualified_mask: u32,
    /// The outputs of the fast classifier, in the order of its scores; empty when the stage does not run.
    pub outputs: Vec<Output>,
}

/// What one output of the classifier decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// The risk that the output was trained on; 0 for an output without a risk, which only confirms keywords of risks
    /// that have no output of their own.
    pub mask: u32,
    /// A score from here on flags the record.
    pub flag: f64,
    /// A score from here on confirms a keyword that needs review.
    pub review: f64,
}

/// What one record is, by keywords and by classifier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Risks that the record is found to have.
    pub risks: u32,
    /// A keyword of severity block or review hit.
    pub keyword: bool,
    /// An output reached its flag threshold.
    pub classifier: bool,
}

/// What the keywords of one record come to: all that is kept of its hits but the first few.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keywords {
    /// Risks of entries that flag by themselves.
    pub block: u32,
    /// Risks of entries that the classifier must confirm.
    pub review: u32,
    /// Whether there is a hit of either kind.
    pub hit: bool,
}

impl Rules {
    /// Sums up the hits of one record.
    pub fn keywords(&self, hits: &[Hit], entries: &[EntrySpec]) -> Keywords {
        let mut keywords = Keywords::default();
        for hit in hits {
            let entry = &entries[hit.entry as usize];
            if entry.severity == self.block_severity {
                keywords.block |= entry.mask;
                keywords.hit = true;
            } else if entry.severity == self.review_severity {
                keywords.review |= entry.mask;
                keywords.hit = true;
            }
        }
        keywords
    }

    /// Judges one record from its keywords and its scores (one per output; none when the classifier did not run).
    pub fn judge(&self, keywords: Keywords, scores: &[f64]) -> Verdict {
        let Keywords { block, review, hit } = keywords;
        let mut verdict = Verdict { risks: block, keyword: hit, classifier: false };
        let mut trained = 0;
        let mut agrees = 0;
        let mut any_agrees = false;
        for (output, &score) in self.outputs.iter().zip(scores) {
            trained |= output.mask;
            if output.mask != 0 && score >= output.flag {
                verdict.risks |= output.mask;
                verdict.classifier = true;
            }
            if score >= output.review {
                agrees |= output.mask;
                any_agrees |= output.mask == 0;
            }
        }
        verdict.risks |= review & agrees;
        if any_agrees {
            verdict.risks |= review & !trained;
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use matcher::Level;

    use super::*;

    const BLOCK: u8 = 2;
    const REVIEW: u8 = 1;

    fn judge(severities: &[(u8, u32)], scores: &[f64]) -> Verdict {
        let rules = Rules {
            block_severity: BLOCK,
            review_severity: REVIEW,
            flagged_mask: !0,
            unqualified_mask: !0,
            outputs: vec![
                Output { mask: 0b001, flag: 0.9, review: 0.5 },
                Output { mask: 0b010, flag: 0.8, review: 0.4 },
                Output { mask: 0, flag: 0.9, review: 0.6 },
            ],
        };
        let entries: Vec<EntrySpec> =
            severities.iter().map(|&(severity, mask)| EntrySpec { mask, severity, ..EntrySpec::default() }).collect();
        let hits: Vec<Hit> =
            (0..entries.len() as u32).map(|entry| Hit { entry, start: 0, end: 1, level: Level::Plain }).collect();
        rules.judge(rules.keywords(&hits, &entries), scores)
    }

    #[test]
    fn each_stage_flags_by_its_own_rule() {
        let quiet = [0.0, 0.0, 0.0];
        let verdict = |risks, keyword, classifier| Verdict { risks, keyword, classifier };
        for (name, entries, scores, expected) in [
            ("nothing", vec![], quiet, verdict(0, false, false)),
            ("an info entry is no finding", vec![(0, 0b1)], [1.0, 0.0, 0.0], verdict(0b1, false, true)),
            ("a block entry flags alone", vec![(BLOCK, 0b100)], quiet, verdict(0b100, true, false)),
            ("a review entry alone is a candidate", vec![(REVIEW, 0b001)], quiet, verdict(0, true, false)),
            ("a review entry with its own score", vec![(REVIEW, 0b001)], [0.5, 0.0, 0.0], verdict(0b1, true, false)),
            ("a review entry needs its own risk", vec![(REVIEW, 0b001)], [0.0, 0.7, 0.9], verdict(0, true, false)),
            (
                "an untrained risk needs the common score",
                vec![(REVIEW, 0b100)],
                [0.0, 0.0, 0.6],
                verdict(0b100, true, false),
            ),
            ("the threshold itself flags", vec![], [0.9, 0.0, 0.0], verdict(0b1, false, true)),
            ("the common output flags nothing alone", vec![], [0.0, 0.0, 1.0], verdict(0, false, false)),
            ("both stages", vec![(BLOCK, 0b100)], [0.0, 0.8, 0.0], verdict(0b110, true, true)),
        ] {
            assert_eq!(judge(&entries, &scores), expected, "{name}");
        }
    }

    #[test]
    fn a_score_that_is_not_a_number_confirms_nothing() {
        assert_eq!(judge(&[(REVIEW, 1)], &[f64::NAN; 3]).risks, 0);
    }
}
