//! What the kit found.

/// One thing that a portal has to do.
#[derive(Debug)]
pub(super) struct Rule {
    /// Stable: reports are compared by it.
    pub id: &'static str,
    pub expected: &'static str,
    pub mend: &'static str,
    /// How to look oneself, where a portal may leave the kit no way to.
    pub by_hand: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    NotApplicable,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// One rule, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub id: &'static str,
    pub outcome: Outcome,
    pub expected: &'static str,
    /// What came, or why nothing could be told.
    pub came: String,
    pub mend: &'static str,
    pub by_hand: Option<&'static str>,
}

/// All rules in the order in which they were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub checks: Vec<Check>,
}

impl Report {
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    pub(super) fn passed(&mut self, rule: &Rule, came: impl Into<String>) {
        self.add(rule, Outcome::Passed, came.into());
    }

    pub(super) fn failed(&mut self, rule: &Rule, came: impl Into<String>) {
        self.add(rule, Outcome::Failed, came.into());
    }

    pub(super) fn not_applicable(&mut self, rule: &Rule, why: impl Into<String>) {
        self.add(rule, Outcome::NotApplicable, why.into());
    }

    /// Nothing found is a pass.
    pub(super) fn judge(&mut self, rule: &Rule, wrong: Option<String>, right: impl Into<String>) {
        match wrong {
            Some(wrong) => self.failed(rule, wrong),
            None => self.passed(rule, right),
        }
    }

    /// For those of a group that were not reached.
    pub(super) fn rest(&mut self, rules: &[&Rule], why: &str) {
        for rule in rules {
            if !self.checks.iter().any(|check| check.id == rule.id) {
                self.not_applicable(rule, why);
            }
        }
    }

    fn add(&mut self, rule: &Rule, outcome: Outcome, came: String) {
        self.checks.push(Check {
            id: rule.id,
            outcome,
            expected: rule.expected,
            came,
            mend: rule.mend,
            by_hand: rule.by_hand,
        });
    }
}
