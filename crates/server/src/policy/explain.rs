//! Why the policy says what it says to a start, to break-glass, to one write, to one masked field, or to one file: each rule that was
//! looked at, and whether it applied.

use amberglass_wire::session::Mode;
use cedar_policy::{ActionConstraint, Effect, PolicySet};

use super::{
    BreakGlassPast, Download, Field, Policy, PolicyError, Principal, StartDecision, StartFacts, Target, Write,
};

/// The decision with all that led to it.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub decision: StartDecision,
    /// In the order of the file.
    pub considered: Vec<Considered>,
}

/// One rule about one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    pub rule: String,
    /// `start`, `start_after_approval`, `break_glass`, `elevate`, `unmask` or `download`.
    pub action: &'static str,
    pub permits: bool,
    /// Its conditions hold in this case.
    pub applies: bool,
}

impl Policy {
    /// # Errors
    /// When the facts do not fit the schema, or a rule fails.
    pub fn explain(&self, who: &Principal<'_>, whom: &Target<'_>, mode: Mode) -> Result<Explanation, PolicyError> {
        let decision = self.start(who, whom, mode)?;
        let facts = StartFacts::of(who, whom, mode);
        self.explained(who, decision, &facts, &["start", "start_after_approval"])
    }

    /// # Errors
    /// When the facts do not fit the schema, or a rule fails.
    pub fn explain_break_glass(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        past: BreakGlassPast,
    ) -> Result<Explanation, PolicyError> {
        let decision = self.break_glass(who, whom, mode, past)?;
        let facts = StartFacts::of_break_glass(who, whom, mode, past);
        self.explained(who, decision, &facts, &["break_glass"])
    }

    /// # Errors
    /// When the facts do not fit the schema, or a rule fails.
    pub fn explain_elevation(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        write: Write<'_>,
    ) -> Result<Explanation, PolicyError> {
        let decision = self.elevate(who, whom, mode, write)?;
        let facts = StartFacts::of_elevation(who, whom, mode, write);
        self.explained(who, decision, &facts, &["elevate"])
    }

    /// # Errors
    /// When the facts do not fit the schema, or a rule fails.
    pub fn explain_unmasking(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        field: Field<'_>,
    ) -> Result<Explanation, PolicyError> {
        let decision = self.unmask(who, whom, mode, field)?;
        if !self.knows("unmask") {
            return Ok(Explanation { decision, considered: Vec::new() });
        }
        let facts = StartFacts::of_unmasking(who, whom, mode, field);
        self.explained(who, decision, &facts, &["unmask"])
    }

    /// # Errors
    /// When the facts do not fit the schema, or a rule fails.
    pub fn explain_download(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        file: Download<'_>,
    ) -> Result<Explanation, PolicyError> {
        let decision = self.download(who, whom, mode, file)?;
        let facts = StartFacts::of_download(who, whom, mode, file);
        self.explained(who, decision, &facts, &["download"])
    }

    fn explained(
        &self,
        who: &Principal<'_>,
        decision: StartDecision,
        facts: &StartFacts,
        actions: &[&'static str],
    ) -> Result<Explanation, PolicyError> {
        let mut considered = Vec::new();
        for action in actions.iter().copied() {
            for rule in self.rules.policies().filter(|rule| concerns(&rule.action_constraint(), action)) {
                let mut alone = PolicySet::new();
                // Its id is its own, so it cannot clash with anything in an empty set.
                alone.add(rule.clone()).map_err(super::facts)?;
                let said = self.ask_of(&alone, who, action, (&facts.resource, &facts.entities, &facts.context))?;
                considered.push(Considered {
                    rule: rule.annotation("id").unwrap_or_default().to_owned(),
                    action,
                    permits: rule.effect() == Effect::Permit,
                    applies: said.diagnostics().reason().next().is_some(),
                });
            }
        }
        Ok(Explanation { decision, considered })
    }
}

fn concerns(constraint: &ActionConstraint, action: &str) -> bool {
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(one) => one.id().unescaped() == action,
        ActionConstraint::In(some) => some.iter().any(|one| one.id().unescaped() == action),
    }
}
