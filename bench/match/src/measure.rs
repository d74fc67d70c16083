//! The order of things: count, compare, then time in interleaved rounds.

use matcher::measure::Normaliser;

use crate::Result;
use crate::cost::{build_apart, thread_seconds};
use crate::course::{Course, Handing};
use crate::engines::rows;
use crate::plan::{Export, Mode, Plan};
use crate::report::{Beginning, Count, EngineReport, KeysReport, Report, TextReport, WordsReport};
use crate::tally::Tally;
use crate::text::{Text, lines_within};
use crate::words::Words;

/// Runs a plan. An engine that is missing or counts otherwise is a row that says so; the others are timed.
pub fn run(plan: &Plan, plan_path: &str) -> Result<Report> {
    let words = Words::read(&plan.words)?;
    let text = Text::read(&plan.text, plan.every_second, plan.seed, plan.size_bytes)?;
    let mut report = Report {
        mode: plan.mode,
        words: WordsReport { count: words.all().len(), bytes: words.bytes(), sha256: words.sha256() },
        text: TextReport {
            bytes: text.whole().len(),
            copies: text.copies(),
            copy_bytes: text.copy().len(),
            documents: text.documents(),
            unreadable: text.unreadable,
            sha256: text.sha256(),
        },
        expected: Count::from(Tally::default()),
        keys: None,
        engines: Vec::new(),
        beginning: None,
    };
    let contest = Contest { plan, plan_path };
    if plan.mode == Mode::Standard {
        run_standard(&contest, &words, &text, &mut report)?;
    } else {
        run_literal(&contest, &words, &text, &mut report)?;
    }
    Ok(report)
}

/// All engines search the same text for the same words.
fn run_literal(contest: &Contest, words: &Words, text: &Text, report: &mut Report) -> Result<()> {
    let plan = contest.plan;
    let handing = plan.chunk_bytes.map_or(Handing::Whole, Handing::Chunks);
    let beginning = plan.export.as_ref().map_or("", |export| lines_within(text.copy(), export.bytes));
    let (course, first) = Course::of_words(words, plan.mode, text, handing, beginning.len())?;
    report.expected = Count::from(course.expected.whole);
    if let Some(export) = &plan.export {
        write(export, words, beginning)?;
        report.beginning = Some(Beginning { bytes: beginning.len(), hits: first.found.hits, lines: first.lines });
    }
    let task = Task { words, courses: &[course] };
    report.engines = contest.run(&task, &task, || {})?;
    Ok(())
}

/// Ours finds keywords in records; peers look for keys, which our normaliser makes for them. They come out with
/// candidates, so the two kinds are compared each with its own count.
fn run_standard(contest: &Contest, words: &Words, text: &Text, report: &mut Report) -> Result<()> {
    let course = Course::of_library(words, text)?;
    report.expected = Count::from(course.expected.whole);
    let (keys, keyed) = (words.keys()?, text.keys()?);
    let fed = Course::of_keys(&keys, text)?;
    let (alone, _) = Course::of_words(&keys, Mode::Exact, &keyed, Handing::Whole, 0)?;
    let candidates = Count::from(fed.expected.whole);
    let mut rounds = Vec::new();
    let ours = Task { words, courses: &[course] };
    let peers = Task { words: &keys, courses: &[fed, alone.named("the keys")] };
    report.engines = contest.run(&ours, &peers, || rounds.push(time_normaliser(text)))?;
    report.keys = Some(KeysReport { count: keys.all().len(), copy_bytes: keyed.copy().len(), candidates, rounds });
    Ok(())
}

/// What making the keys of all records takes.
fn time_normaliser(text: &Text) -> f64 {
    let start = thread_seconds();
    let mut normaliser = Normaliser::default();
    let mut bytes = 0;
    for (_, record) in text.records_of(text.copies()) {
        bytes += normaliser.keys(record).len();
    }
    std::hint::black_box(bytes);
    thread_seconds() - start
}

/// What engines of one kind look for, and where: the first course is what their row is about, a second one is the
/// keys alone.
struct Task<'t> {
    words: &'t Words,
    courses: &'t [Course<'t>],
}

struct Contest<'p> {
    plan: &'p Plan,
    plan_path: &'p str,
}

impl Contest<'_> {
    /// Lets all engines count, then those that count right run in rounds. `beside` is run once a round.
    fn run(&self, ours: &Task, peers: &Task, mut beside: impl FnMut()) -> Result<Vec<EngineReport>> {
        let plan = self.plan;
        let mut entrants = Vec::new();
        for row in rows(plan.mode).filter(|row| plan.wants(row.name)) {
            let mut report = EngineReport::new(row.name, row.is_peer);
            let task = if row.is_peer { peers } else { ours };
            let engine = match (row.build)(task.words, plan) {
                Ok(engine) => Some(engine),
                Err(why) => {
                    report.missing = Some(why);
                    None
                }
            };
            entrants.push((report, engine, task.courses));
        }
        // One copy of each first: the whole of an engine that errs need not be waited for.
        for (report, engine, courses) in &mut entrants {
            if let Some(engine) = engine {
                report.version = Some(engine.version().to_owned());
                report.table_bytes = Some(engine.table_bytes());
                for course in *courses {
                    let found = course.search_copy(engine.as_mut());
                    report.compare(found, course.expected.copy, &format!("in one copy of {}", course.name));
                }
            }
        }
        for round in 0..plan.rounds {
            // Each round starts with another engine, so that none always follows the same one.
            let first = round % entrants.len().max(1);
            let (before, from_first) = entrants.split_at_mut(first);
            for (report, engine, courses) in from_first.iter_mut().chain(before) {
                let Some(engine) = engine else { continue };
                for (at, course) in courses.iter().enumerate() {
                    if report.differs.is_some() {
                        break;
                    }
                    let start = thread_seconds();
                    let found = course.search_whole(engine.as_mut());
                    let seconds = thread_seconds() - start;
                    let rounds = if at == 0 { &mut report.rounds } else { &mut report.alone };
                    rounds.push(seconds);
                    report.compare(found, course.expected.whole, &format!("in all of {}", course.name));
                }
            }
            beside();
        }
        for (report, engine, _) in &mut entrants {
            if engine.take().is_some() && plan.rounds > 0 && report.differs.is_none() {
                report.build = Some(build_apart(report.name, self.plan_path)?);
            }
        }
        Ok(entrants.into_iter().map(|(report, ..)| report).collect())
    }
}

fn write(export: &Export, words: &Words, beginning: &str) -> Result<()> {
    std::fs::create_dir_all(&export.folder).map_err(|error| format!("{}: {error}", export.folder.display()))?;
    for (name, text) in [("words.txt", words.to_lines().as_str()), ("text.txt", beginning)] {
        let path = export.folder.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

impl EngineReport {
    fn new(name: &'static str, is_peer: bool) -> Self {
        Self {
            name,
            is_peer,
            version: None,
            missing: None,
            differs: None,
            table_bytes: None,
            build: None,
            rounds: Vec::new(),
            alone: Vec::new(),
        }
    }

    /// Notes a difference; the times of an engine that errs mean nothing and go.
    fn compare(&mut self, found: Tally, expected: Tally, place: &str) {
        if found == expected {
            return;
        }
        self.rounds.clear();
        self.alone.clear();
        self.differs = Some(if found.hits == expected.hits {
            format!("{} hits as expected, but other ones, {place}", found.hits)
        } else {
            format!("{} hits, {} expected, {place}", found.hits, expected.hits)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(hits: &[(u32, u64)]) -> Tally {
        let mut tally = Tally::default();
        for &(word, end) in hits {
            tally.add(word, end);
        }
        tally
    }

    #[test]
    fn an_engine_that_errs_has_no_times() {
        let expected = tally(&[(0, 5), (1, 9)]);
        let told = |found: Tally| {
            let mut report = EngineReport::new("any", true);
            report.rounds.push(1.0);
            report.compare(found, expected, "here");
            (report.rounds.len(), report.differs)
        };
        assert_eq!(told(expected), (1, None));
        assert_eq!(told(tally(&[(0, 5)])), (0, Some("1 hits, 2 expected, here".into())));
        assert_eq!(told(tally(&[(0, 5), (1, 8)])), (0, Some("2 hits as expected, but other ones, here".into())));
    }
}
