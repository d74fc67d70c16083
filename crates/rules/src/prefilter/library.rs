//! Vectorscan or Hyperscan looking for rules.

use std::ops::ControlFlow;

use regex_syntax::hir::Hir;
use vectorscan::{CompileError, Flags, Pattern, Regexes, Vectorscan};

use super::{Sought, note_anywhere};
use crate::expression::{Unsupported, expression};
use crate::superset::{Roughness, size, superset};
use crate::window::Candidates;

/// Forms of a rule, from close to rough, and whether the library may make it rougher still. The first that it takes is
/// used.
const FORMS: [(Roughness, Flags); 2] =
    [(Roughness { ranges: 32, repeats: 64 }, Flags::NONE), (Roughness { ranges: 4, repeats: 16 }, Flags::PREFILTER)];

/// Largest [`size`] of one rule and of all. The libraries take a fraction of a millisecond for each unit and, without a
/// limit, minutes for a rule of a few nested repeats.
const RULE_SIZE: usize = 4_000;
const SET_SIZE: usize = 40_000;

/// How often the whole set is compiled again without a rule that the library blames.
const ATTEMPTS: usize = 8;

/// The rules that the library looks for.
#[derive(Debug)]
pub(crate) struct Library {
    regexes: Regexes,
    sought: Vec<Sought>,
}

impl Library {
    /// Compiles what the library takes of `rules`; the others go to `refused`, with its reasons.
    pub(crate) fn compile(
        library: &'static Vectorscan,
        rules: &[(u32, &Hir)],
        refused: &mut Vec<(u32, String)>,
    ) -> Option<Self> {
        let mut forms = Vec::with_capacity(rules.len());
        let mut left = SET_SIZE;
        for &(rule, hir) in rules {
            match Form::new(rule, hir) {
                Ok(form) if form.size <= left => {
                    left -= form.size;
                    forms.push(form);
                }
                Ok(form) => {
                    let reason = format!("its size is {}; {left} of {SET_SIZE} are left for it", form.size);
                    refused.push((rule, reason));
                }
                Err(reason) => refused.push((rule, reason)),
            }
        }
        let regexes = compile_all(library, &mut forms, refused)?;
        Some(Self { regexes, sought: forms.iter().map(|form| form.sought).collect() })
    }

    /// Rules that it looks for, ascending.
    pub(crate) fn rules(&self) -> impl Iterator<Item = u32> {
        self.sought.iter().map(|sought| sought.rule)
    }

    /// For one thread; `None` when memory is short.
    pub(crate) fn scratch(&self) -> Option<vectorscan::Scratch> {
        self.regexes.scratch().ok()
    }

    /// Adds the parts of the text in which its rules may match.
    pub(crate) fn find(&self, scratch: Option<&mut vectorscan::Scratch>, text: &str, candidates: &mut Candidates) {
        let scan = scratch.map(|scratch| {
            self.regexes.scan(scratch, text.as_bytes(), |pattern, end| {
                self.sought[pattern as usize].note(end, text, candidates);
                ControlFlow::Continue(())
            })
        });
        // The text is longer than the library takes, or memory is short.
        if !matches!(scan, Some(Ok(_))) {
            note_anywhere(self.rules(), text, candidates);
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.regexes.heap_bytes()
    }
}

/// A rule on its way into the library.
struct Form<'a> {
    sought: Sought,
    hir: &'a Hir,
    /// Index in [`FORMS`].
    level: usize,
    size: usize,
    expression: String,
}

impl<'a> Form<'a> {
    /// The closest form that is not too large.
    fn new(rule: u32, hir: &'a Hir) -> Result<Self, String> {
        let mut form = Self { sought: Sought::new(rule, hir), hir, level: 0, size: 0, expression: String::new() };
        let mut written = form.write();
        while form.size > RULE_SIZE || written.is_err() {
            if form.level + 1 == FORMS.len() {
                written?;
                return Err(format!("its size is {}; the limit is {RULE_SIZE}", form.size));
            }
            form.level += 1;
            written = form.write();
        }
        Ok(form)
    }

    /// Writes the form of the present level.
    fn write(&mut self) -> Result<(), Unsupported> {
        let rougher = superset(self.hir, FORMS[self.level].0);
        self.size = size(&rougher);
        self.expression = expression(&rougher)?;
        Ok(())
    }

    fn pattern(&self) -> Pattern<'_> {
        let ends = if self.sought.needs_one_end() { Flags::SINGLEMATCH } else { Flags::NONE };
        Pattern { expression: &self.expression, flags: FORMS[self.level].1 | ends | Flags::UTF8 }
    }

    /// Goes on to rougher forms until the library takes it alone; else gives its last reason.
    fn settle(&mut self, library: &'static Vectorscan) -> Result<(), String> {
        while let Err(error) = Regexes::compile(library, &[self.pattern()]) {
            if self.level + 1 == FORMS.len() {
                return Err(reason(&error));
            }
            self.level += 1;
            self.write()?;
        }
        Ok(())
    }
}

/// Compiles all forms together. Those that the library does not take are moved to `refused`.
///
/// Mostly all are taken at once. If not, each is tried alone, so that the time stays in proportion to the number of
/// rules; then what the library blames is taken out, a few times.
fn compile_all(
    library: &'static Vectorscan,
    forms: &mut Vec<Form<'_>>,
    refused: &mut Vec<(u32, String)>,
) -> Option<Regexes> {
    let compile = |forms: &[Form<'_>]| {
        let patterns: Vec<_> = forms.iter().map(Form::pattern).collect();
        Regexes::compile(library, &patterns)
    };
    if forms.is_empty() {
        return None;
    }
    if let Ok(regexes) = compile(forms) {
        return Some(regexes);
    }
    forms.retain_mut(|form| match form.settle(library) {
        Ok(()) => true,
        Err(reason) => {
            refused.push((form.sought.rule, reason));
            false
        }
    });
    for _ in 0..ATTEMPTS {
        if forms.is_empty() {
            return None;
        }
        match compile(forms) {
            Ok(regexes) => return Some(regexes),
            Err(error) => {
                let Some(blamed) = error.pattern() else { break };
                refused.push((forms.remove(blamed).sought.rule, reason(&error)));
            }
        }
    }
    refused.extend(forms.drain(..).map(|form| (form.sought.rule, "the rules are too large together".to_owned())));
    None
}

/// The library's words without the index, which is not that of the rule.
fn reason(error: &CompileError) -> String {
    match error {
        CompileError::Refused { message, .. } => message.clone(),
        CompileError::TooLong { bytes, .. } => {
            format!("its expression is {bytes} bytes; the limit is {}", vectorscan::limits::PATTERN_BYTES)
        }
        other => other.to_string(),
    }
}
