//! Break-glass: who may begin at once with a stated emergency, and who reviews it afterwards.

use amberglass_wire::{
    StaffId,
    session::{Mode, PolicyAnswer},
};
use cedar_policy::Decision;
use serde_json::json;

use super::{Policy, PolicyError, Principal, StartDecision, StartFacts, Target, level, staff_entity, uid};

/// What has gone before, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakGlassPast {
    /// Within the last 24 hours somebody denied a request of the staff member for this customer.
    pub denied_last_day: bool,
    /// Break-glass of the staff member that nobody has reviewed.
    pub unreviewed: u32,
}

impl StartFacts {
    pub(super) fn of_break_glass(who: &Principal<'_>, whom: &Target<'_>, mode: Mode, past: BreakGlassPast) -> Self {
        let mut facts = Self::of(who, whom, mode);
        if let Some(context) = facts.context.as_object_mut() {
            context.insert("denied_last_day".to_owned(), past.denied_last_day.into());
            context.insert("unreviewed".to_owned(), past.unreviewed.into());
        }
        facts
    }
}

impl Policy {
    /// Whether this staff member may look at this customer at once, because of an emergency.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing may be started then.
    pub fn break_glass(
        &self,
        who: &Principal<'_>,
        whom: &Target<'_>,
        mode: Mode,
        past: BreakGlassPast,
    ) -> Result<StartDecision, PolicyError> {
        let facts = StartFacts::of_break_glass(who, whom, mode, past);
        let said = self.ask(who, "break_glass", &facts.resource, &facts.entities, &facts.context)?;
        let answer = if said.decision() == Decision::Allow { PolicyAnswer::Allowed } else { PolicyAnswer::Refused };
        Ok(StartDecision { answer, rules: self.rules_of(&[said]), approvals: 0 })
    }

    /// Whether `who` may review what `staff` did.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn review(&self, who: &Principal<'_>, staff: &Principal<'_>) -> Result<bool, PolicyError> {
        let resource = uid("BreakGlass", staff.id.as_str());
        let entities = json!([
            staff_entity(who.id, who.email, who.role),
            { "uid": resource, "parents": [], "attrs": {
                "staff": { "__entity": uid("Staff", staff.id.as_str()) },
                "staff_level": level(staff.role),
            }},
        ]);
        Ok(self.ask(who, "review", &resource, &entities, &json!({}))?.decision() == Decision::Allow)
    }

    /// Whether `who` may review an agent's of whom nothing is known: who hears of it at once.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn reviews_others(&self, who: &Principal<'_>) -> Result<bool, PolicyError> {
        let id = StaffId::new("somebody");
        self.review(who, &Principal { id: &id, email: "", role: "agent" })
    }
}
