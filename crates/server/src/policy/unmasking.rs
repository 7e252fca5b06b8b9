//! Whether one field that a portal's rules mask may be shown in a running session.

use amberglass_wire::session::{Mode, PolicyAnswer};
use cedar_policy::Decision;

use super::{NO_RULE, Policy, PolicyError, Principal, StartDecision, StartFacts, Target};

/// The field, as far as rules may look at it.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Id of the portal's rule.
    pub rule: &'a str,
    /// As it stands there.
    pub pointer: &'a str,
    /// The session began with a stated emergency.
    pub is_break_glass: bool,
}

impl StartFacts {
    pub(super) fn of_unmasking(who: &Principal<'_>, whom: &Target<'_>, mode: Mode, field: Field<'_>) -> Self {
        let mut facts = Self::of(who, whom, mode);
        if let Some(context) = facts.context.as_object_mut() {
            context.insert("rule".to_owned(), field.rule.into());
            context.insert("field".to_owned(), field.pointer.into());
            context.insert("break_glass".to_owned(), field.is_break_glass.into());
        }
        facts
    }
}

impl Policy {
    /// Whether this staff member may be shown one field of this customer's that is masked. A schema that does not know the question
    /// refuses, and everything else goes on.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing may be shown then.
    pub fn unmask(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        field: Field<'_>,
    ) -> Result<StartDecision, PolicyError> {
        if !self.knows("unmask") {
            let rules = vec![NO_RULE.to_owned()];
            return Ok(StartDecision { answer: PolicyAnswer::Refused, rules, approvals: 0 });
        }
        let facts = StartFacts::of_unmasking(who, whom, mode, field);
        let said = self.ask(who, "unmask", &facts.resource, &facts.entities, &facts.context)?;
        let answer = if said.decision() == Decision::Allow { PolicyAnswer::Allowed } else { PolicyAnswer::Refused };
        Ok(StartDecision { answer, rules: self.rules_of(&[said]), approvals: 0 })
    }
}
