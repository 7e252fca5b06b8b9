//! Cases of a start as people write them down, and what the policy has to say to each: `amberglass-server policy test`.

use amberglass_wire::{
    CustomerId, PortalId, StaffId, UnixMillis,
    customer::CustomerResponse,
    session::{Mode, PolicyAnswer},
};
use serde::Deserialize;

use super::{
    BreakGlassPast, Circumstances, Download, Explanation, Field, Policy, PolicyError, Principal, Target, Write,
};
use crate::config::WorkingHours;

const STAFF_EMAIL: &str = "staff@amberglass.example";
const CUSTOMER_EMAIL: &str = "customer@amberglass.example";

/// A file of cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    pub case: Vec<ExpectedCase>,
}

/// One case and what has to be said to it; both stand in one table of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Table")]
pub struct ExpectedCase {
    /// A sentence.
    pub name: String,
    pub expected: Expected,
    pub case: Case,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    pub answer: PolicyAnswer,
    /// One of the rules that decide.
    pub rule: String,
    /// How many have to approve, where it matters.
    #[serde(default)]
    pub approvals: Option<u32>,
}

impl TryFrom<toml::Table> for ExpectedCase {
    type Error = toml::de::Error;

    /// A fact that is spelled wrong is refused, for it would be tested without it.
    fn try_from(mut table: toml::Table) -> Result<Self, Self::Error> {
        let name = table.remove("name").unwrap_or(toml::Value::String(String::new())).try_into()?;
        let expected = ["answer", "rule", "approvals"].into_iter().filter_map(|key| table.remove_entry(key)).collect();
        Ok(Self {
            name,
            expected: toml::Value::Table(expected).try_into()?,
            case: toml::Value::Table(table).try_into()?,
        })
    }
}

/// Who wants to look at whom, how, and when.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub role: String,
    #[serde(default = "standard")]
    pub class: String,
    #[serde(default = "read_only")]
    pub mode: Mode,
    /// The customer is the staff member.
    #[serde(default)]
    pub oneself: bool,
    /// The customer is a staff member of this role in private life.
    #[serde(default)]
    pub customer_staff_role: Option<String>,
    #[serde(default)]
    pub customer_inactive: bool,
    #[serde(default)]
    pub portal_inactive: bool,
    #[serde(default = "any_portal")]
    pub portal: String,
    /// RFC 3339; within the working hours if nothing is said.
    #[serde(default)]
    pub at: Option<String>,
    #[serde(default)]
    pub sessions_last_hour: u32,
    /// To begin at once with a stated emergency.
    #[serde(default)]
    pub emergency: bool,
    /// For one write, such as `POST /appointments`, that was blocked in a session of theirs.
    #[serde(default)]
    pub write: Option<String>,
    /// For one field that a portal's rules mask, by its rule and pointer, such as `bank-details /iban`, in a session of theirs; with
    /// `emergency` one that began with it.
    #[serde(default)]
    pub unmask: Option<String>,
    /// For a file of this path, such as `/invoices/7/file`, that the portal's rules list.
    #[serde(default)]
    pub download: Option<String>,
    /// The portal's rule that lists it.
    #[serde(default = "any_rule")]
    pub download_rule: String,
    /// For break-glass: a request of theirs for this customer was denied within the last day.
    #[serde(default)]
    pub denied_last_day: bool,
    /// For break-glass: earlier ones of theirs that wait for a review.
    #[serde(default)]
    pub unreviewed: u32,
}

fn standard() -> String {
    "standard".to_owned()
}

const fn read_only() -> Mode {
    Mode::ReadOnly
}

fn any_portal() -> String {
    "portal".to_owned()
}

fn any_rule() -> String {
    "rule".to_owned()
}

/// Why a case could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("`{0}` is no time; write it as 2026-07-06T22:30:00Z")]
    Time(String),
    #[error("`{0}` is no write; write it as POST /appointments")]
    Write(String),
    #[error("`{0}` is no field; write it as bank-details /iban")]
    Field(String),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Case {
    /// # Errors
    /// When its time is none, or the policy fails.
    pub fn explain(&self, policy: &Policy, hours: &WorkingHours) -> Result<Explanation, CaseError> {
        let within_working_hours = match &self.at {
            None => true,
            Some(text) => {
                let at = chrono::DateTime::parse_from_rfc3339(text).map_err(|_| CaseError::Time(text.clone()))?;
                hours.include(UnixMillis(at.timestamp_millis()))
            }
        };
        let id = StaffId::new("staff");
        let customer = CustomerResponse {
            portal: PortalId::new(&self.portal),
            id: CustomerId::new("customer"),
            name: "Customer".to_owned(),
            email: if self.oneself { STAFF_EMAIL } else { CUSTOMER_EMAIL }.to_owned(),
            class: self.class.clone(),
            plan: None,
            since: None,
            active: !self.customer_inactive,
        };
        let own_role = self.oneself.then_some(self.role.as_str());
        let whom = Target {
            customer: &customer,
            portal_active: !self.portal_inactive,
            staff_role: self.customer_staff_role.as_deref().or(own_role),
            circumstances: Circumstances { within_working_hours, sessions_last_hour: self.sessions_last_hour },
        };
        let who = Principal { id: &id, email: STAFF_EMAIL, role: &self.role };
        if let Some(text) = &self.write {
            let (method, path) = text.split_once(' ').ok_or_else(|| CaseError::Write(text.clone()))?;
            return Ok(policy.explain_elevation(&who, &whom, self.mode, Write { method, path })?);
        }
        if let Some(text) = &self.unmask {
            let (rule, pointer) = text.split_once(' ').ok_or_else(|| CaseError::Field(text.clone()))?;
            let field = Field { rule, pointer, is_break_glass: self.emergency };
            return Ok(policy.explain_unmasking(&who, &whom, self.mode, field)?);
        }
        if let Some(path) = &self.download {
            let file = Download { path, rule: &self.download_rule };
            return Ok(policy.explain_download(&who, &whom, self.mode, file)?);
        }
        Ok(if self.emergency {
            let past = BreakGlassPast { denied_last_day: self.denied_last_day, unreviewed: self.unreviewed };
            policy.explain_break_glass(&who, &whom, self.mode, past)?
        } else {
            policy.explain(&who, &whom, self.mode)?
        })
    }
}

impl ExpectedCase {
    /// What is wrong; nothing where the policy says what it should.
    ///
    /// # Errors
    /// When it cannot be decided.
    pub fn check(&self, policy: &Policy, hours: &WorkingHours) -> Result<Option<String>, CaseError> {
        let decision = self.case.explain(policy, hours)?.decision;
        let Expected { answer, rule, approvals } = &self.expected;
        let rules = decision.rules.join(", ");
        Ok(if decision.answer != *answer {
            Some(format!("expected {}, got {} by {rules}", word(*answer), word(decision.answer)))
        } else if !decision.rules.contains(rule) {
            Some(format!("expected rule {rule}, got {rules}"))
        } else {
            let wanted = approvals.filter(|wanted| *wanted != decision.approvals);
            wanted.map(|wanted| format!("expected {wanted} to approve, got {}", decision.approvals))
        })
    }
}

/// As it stands in files of cases.
pub const fn word(answer: PolicyAnswer) -> &'static str {
    match answer {
        PolicyAnswer::Allowed => "allowed",
        PolicyAnswer::NeedsApproval => "needs_approval",
        PolicyAnswer::Refused => "refused",
    }
}
