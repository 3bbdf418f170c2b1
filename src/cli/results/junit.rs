//! JUnit: the results of scenarios for services that show tests, one test case each.

use std::io;
use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::console::Shown;
use crate::exit::Exit;
use crate::explore::{Exploration, summary};
use crate::scenario::Scenario;

use super::{Format, headline, replace};

/// The results so far.
pub(super) struct Junit {
    suite: TestSuite,
}

impl Junit {
    /// Returns none yet of a command.
    pub(super) fn new(command: &str) -> Self {
        Self {
            suite: TestSuite::new(format!("rehearsal {command}")),
        }
    }
}

impl Format for Junit {
    fn add(&mut self, scenario: &Scenario, found: &Exploration, exit: Exit) {
        let mut case = TestCase::new(&*scenario.name, status(scenario, found, exit));
        case.set_classname(scenario.kind.name())
            .set_time(found.wall);
        self.suite.add_test_case(case);
    }

    fn add_skipped(&mut self, scenario: &Scenario) {
        let mut case = TestCase::new(&*scenario.name, TestCaseStatus::skipped());
        case.set_classname(scenario.kind.name());
        self.suite.add_test_case(case);
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut report = Report::new("rehearsal");
        report.add_test_suite(self.suite.clone());
        let text = report.to_string().map_err(io::Error::other)?;
        replace(path, &text)
    }
}

fn status(scenario: &Scenario, found: &Exploration, exit: Exit) -> TestCaseStatus {
    let kind = match exit {
        Exit::Pass => return TestCaseStatus::success(),
        Exit::Violation | Exit::Stuck => NonSuccessKind::Failure,
        _ => NonSuccessKind::Error,
    };
    let failures = found.totals.failures.values();
    let mut description = summary::summary(scenario, found);
    for group in failures {
        description.push('\n');
        description.push_str(&group.text);
        if let Some(repro) = found.repros.get(&group.signature) {
            description.push_str(&format!("  repro {}\n", repro.shown()));
        }
    }
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_message(headline(scenario, found, exit))
        .set_description(description);
    status
}
