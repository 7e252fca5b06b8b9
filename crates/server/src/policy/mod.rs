//! Who may do what: Cedar policies, checked against their schema when the server starts, and the facts they are asked
//! with. The hash of what is in force is stamped on every session and event.

use std::{path::PathBuf, str::FromStr as _};

use amberglass_wire::{
    SessionId, StaffId,
    auth::Role,
    customer::CustomerResponse,
    problem::ErrorCode,
    session::{Mode, PolicyAnswer},
};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Response, Schema, ValidationMode, Validator,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    config::PolicyFiles,
    store::{ApproverRow, RequestRow, parse_role},
};

mod break_glass;
mod cases;
mod download;
mod elevation;
mod explain;
mod in_force;
mod unmasking;

pub use break_glass::BreakGlassPast;
pub use cases::{Case, CaseError, CaseFile, ExpectedCase, word};
pub use download::Download;
pub use elevation::Write;
pub use explain::{Considered, Explanation};
pub use in_force::{PolicyInForce, Reload};
pub use unmasking::Field;

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

const DEFAULT_RULES: &str = include_str!("../../../../policies/default.cedar");
const SCHEMA: &str = include_str!("../../../../policies/schema.cedarschema");

/// Counts as higher than every role that is known: who has it may not be looked at.
const UNKNOWN_ROLE_LEVEL: u32 = 100;
/// Of security and admins.
const HIGHEST_LEVEL: u32 = 3;
/// Of customers of whom nothing is known.
const USUAL_CLASS: &str = "standard";
/// Most people that a rule may want.
const MAX_APPROVALS: u32 = 5;
/// Stands for the rule when no rule permits.
const NO_RULE: &str = "nothing-permits-this";

/// Why a policy cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("the policy file {path} cannot be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the policy schema is not understood, line {line}")]
    Schema {
        /// From 1, in the file of the schema.
        line: usize,
        #[source]
        error: Box<cedar_policy::CedarSchemaError>,
    },
    #[error("the policy is not understood, line {line}")]
    Rules {
        /// From 1, in the file of the rules.
        line: usize,
        #[source]
        error: Box<cedar_policy::ParseErrors>,
    },
    #[error("the policy does not fit its schema, line {line}")]
    DoesNotFit {
        /// From 1, in the file of the rules.
        line: usize,
        #[source]
        error: Box<cedar_policy::ValidationError>,
    },
    #[error("every rule of the policy needs an @id of its own")]
    IdMissing,
    #[error(
        "rule {rule}: @approvals is a number from 1 to {MAX_APPROVALS}, on a permit of start_after_approval or elevate"
    )]
    Approvals { rule: String },
    #[error("the facts of a decision do not fit the policy's schema")]
    Facts(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Cedar leaves out a rule that fails; were it one that forbids, leaving it out would permit.
    #[error("a rule of the policy failed")]
    RuleFailed(#[source] Box<cedar_policy::AuthorizationError>),
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    pub id: &'a StaffId,
    pub email: &'a str,
    pub role: &'a str,
}

/// Whom they want to look at.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub customer: &'a CustomerResponse,
    pub portal_active: bool,
    /// Role of the staff member who has the customer's e-mail address.
    pub staff_role: Option<&'a str>,
    pub circumstances: Circumstances,
}

/// What somebody is asked to approve, as far as rules may look at it.
#[derive(Clone, Copy, Debug)]
pub struct AskedFor<'a> {
    /// Of the customer.
    pub class: &'a str,
    pub mode: Mode,
}

/// When, and how often already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    pub within_working_hours: bool,
    /// Sessions that this staff member has begun within the last hour.
    pub sessions_last_hour: u32,
}

impl Circumstances {
    /// At work, and the first one: by these a session that runs is decided again, for night or a busy hour that came later do
    /// not end it.
    pub const USUAL: Self = Self { within_working_hours: true, sessions_last_hour: 0 };
}

/// What the policy says to a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartDecision {
    pub answer: PolicyAnswer,
    /// Ids of the rules that decided, sorted.
    pub rules: Vec<String>,
    /// How many have to approve: the most that one of these rules wants, 0 where nobody has to.
    pub approvals: u32,
}

/// What is asked about one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAction {
    Extend,
    EndAny,
    ReadAudit,
}

impl SessionAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Extend => "extend",
            Self::EndAny => "end_any",
            Self::ReadAudit => "read_audit",
        }
    }
}

/// What is asked about the server as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAction {
    ReadAudit,
    ExportAudit,
    Manage,
    /// End everything at once, and let things begin again.
    EmergencyStop,
    /// See everybody's devices and revoke them.
    ManageDevices,
    /// See what does not agree, and say that it was looked at.
    SeeAlarms,
}

impl ServerAction {
    const fn name(self) -> &'static str {
        match self {
            Self::ReadAudit => "read_audit",
            Self::ExportAudit => "export_audit",
            Self::Manage => "manage",
            Self::EmergencyStop => "emergency_stop",
            Self::ManageDevices => "manage_devices",
            Self::SeeAlarms => "see_alarms",
        }
    }
}

/// What the rules about a start may look at.
struct StartFacts {
    resource: serde_json::Value,
    entities: serde_json::Value,
    context: serde_json::Value,
}

impl StartFacts {
    fn of(who: &Principal<'_>, whom: &Target<'_>, mode: Mode) -> Self {
        let context = json!({
            "mode": mode.as_str(), "portal": whom.customer.portal.as_str(), "portal_active": whom.portal_active,
            "within_working_hours": whom.circumstances.within_working_hours,
            "sessions_last_hour": whom.circumstances.sessions_last_hour,
        });
        // Customers' ids are unique within their portal only.
        let resource = uid("Customer", &format!("{}/{}", whom.customer.portal, whom.customer.id));
        let entities = json!([
            staff_entity(who.id, who.email, who.role),
            { "uid": resource, "parents": [], "attrs": {
                "class": whom.customer.class.trim().to_lowercase(),
                "active": whom.customer.active,
                "email": whom.customer.email.trim().to_lowercase(),
                "staff_level": whom.staff_role.map_or(0, level),
            }},
        ]);
        Self { resource, entities, context }
    }
}

/// Rules and schema as they stand in their files.
#[derive(Clone, Debug)]
pub struct Texts {
    pub rules: String,
    pub schema: String,
}

impl Texts {
    /// The built-in ones, or the files in their place.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(files: &PolicyFiles) -> Result<Self, PolicyError> {
        let read = |path: &Option<PathBuf>, built_in: &str| match path {
            None => Ok(built_in.to_owned()),
            Some(path) => {
                std::fs::read_to_string(path).map_err(|source| PolicyError::Unreadable { path: path.clone(), source })
            }
        };
        Ok(Self { rules: read(&files.rules, DEFAULT_RULES)?, schema: read(&files.schema, SCHEMA)? })
    }

    /// SHA-256 of both, hex.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for text in [&self.schema, &self.rules] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hex::encode(hasher.finalize())
    }
}

/// One policy.
#[derive(Debug)]
pub struct Policy {
    rules: PolicySet,
    schema: Schema,
    hash: String,
}

impl Policy {
    /// The built-in policy, or the files in its place.
    ///
    /// # Errors
    /// When a file cannot be read, is not understood, or does not fit the schema.
    pub fn load(files: &PolicyFiles) -> Result<Self, PolicyError> {
        Self::parse(&Texts::read(files)?)
    }

    /// # Errors
    /// When a text is not understood, or the rules do not fit the schema.
    pub fn parse(texts: &Texts) -> Result<Self, PolicyError> {
        let Texts { rules: rules_text, schema: schema_text } = texts;
        let (schema, _warnings) = Schema::from_cedarschema_str(schema_text)
            .map_err(|error| PolicyError::Schema { line: line_of(schema_text, &error), error: Box::new(error) })?;
        let rules = PolicySet::from_str(rules_text)
            .map_err(|error| PolicyError::Rules { line: line_of(rules_text, &error), error: Box::new(error) })?;
        let validation = Validator::new(schema.clone()).validate(&rules, ValidationMode::Strict);
        if let Some(error) = validation.validation_errors().next() {
            return Err(PolicyError::DoesNotFit { line: line_of(rules_text, error), error: Box::new(error.clone()) });
        }
        let mut ids: Vec<&str> = rules.policies().filter_map(|rule| rule.annotation("id")).collect();
        let named = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if named != rules.policies().count() || ids.len() != named {
            return Err(PolicyError::IdMissing);
        }
        for rule in rules.policies() {
            let Some(text) = rule.annotation("approvals") else { continue };
            if !text.parse().is_ok_and(|count: u32| (1..=MAX_APPROVALS).contains(&count)) {
                return Err(PolicyError::Approvals { rule: rule.annotation("id").unwrap_or_default().to_owned() });
            }
        }
        Ok(Self { rules, schema, hash: texts.hash() })
    }

    /// How many rules it has.
    pub fn len(&self) -> usize {
        self.rules.policies().count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256 of schema and rules, hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether this staff member may look at this customer, at once or after approval.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing may be started then.
    pub fn start(&self, who: &Principal<'_>, whom: &Target<'_>, mode: Mode) -> Result<StartDecision, PolicyError> {
        let facts = StartFacts::of(who, whom, mode);
        let ask = |action| self.ask(who, action, &facts.resource, &facts.entities, &facts.context);
        let at_once = ask("start")?;
        if at_once.decision() == Decision::Allow {
            return Ok(StartDecision { answer: PolicyAnswer::Allowed, rules: self.rules_of(&[at_once]), approvals: 0 });
        }
        let approved = ask("start_after_approval")?;
        Ok(if approved.decision() == Decision::Allow {
            let approvals = self.approvals_of(&approved);
            StartDecision { answer: PolicyAnswer::NeedsApproval, rules: self.rules_of(&[approved]), approvals }
        } else {
            let rules = self.rules_of(&[at_once, approved]);
            StartDecision { answer: PolicyAnswer::Refused, rules, approvals: 0 }
        })
    }

    /// The most that one of the rules wants; one where none says a number.
    fn approvals_of(&self, response: &Response) -> u32 {
        let wanted = response.diagnostics().reason().filter_map(|id| self.rules.annotation(id, "approvals"));
        wanted.filter_map(|text| text.parse().ok()).fold(1, u32::max)
    }

    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn on_session(
        &self,
        who: &Principal<'_>,
        action: SessionAction,
        session: &SessionId,
        owner: &StaffId,
    ) -> Result<bool, PolicyError> {
        let resource = uid("Session", session.as_str());
        let entities = json!([
            staff_entity(who.id, who.email, who.role),
            { "uid": resource, "parents": [], "attrs": { "staff": { "__entity": uid("Staff", owner.as_str()) } } },
        ]);
        Ok(self.ask(who, action.name(), &resource, &entities, &json!({}))?.decision() == Decision::Allow)
    }

    /// Whether `who` may end a session of somebody whom nothing is known of: what is shown before one asks for a certain one.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn ends_others(&self, who: &Principal<'_>) -> Result<bool, PolicyError> {
        self.on_session(who, SessionAction::EndAny, &SessionId::new("any"), &StaffId::new("somebody"))
    }

    /// Whether `who` may approve what an agent asks for of whom nothing is known, for a customer of the usual class: what is
    /// shown before there is a request.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn approves_others(&self, who: &Principal<'_>) -> Result<bool, PolicyError> {
        let id = StaffId::new("somebody");
        let requester = Principal { id: &id, email: "", role: "agent" };
        let asked = |mode| AskedFor { class: USUAL_CLASS, mode };
        Ok(self.approve(who, &requester, asked(Mode::ReadOnly))?
            || self.approve(who, &requester, asked(Mode::ReadWrite))?)
    }

    /// Whether `who` may approve what `requester` asks for.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn approve(
        &self,
        who: &Principal<'_>,
        requester: &Principal<'_>,
        asked: AskedFor<'_>,
    ) -> Result<bool, PolicyError> {
        let resource = uid("Request", requester.id.as_str());
        let entities = json!([
            staff_entity(who.id, who.email, who.role),
            { "uid": resource, "parents": [], "attrs": {
                "staff": { "__entity": uid("Staff", requester.id.as_str()) },
                "staff_level": level(requester.role),
                "class": asked.class.trim().to_lowercase(),
                "mode": asked.mode.as_str(),
            }},
        ]);
        Ok(self.ask(who, "approve", &resource, &entities, &json!({}))?.decision() == Decision::Allow)
    }

    /// Whether what was approved of `request` is enough for what is decided about it now: as many were asked, for every reason that
    /// wants an approval now, and everybody who gave one still may.
    ///
    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn approval_holds(
        &self,
        request: &RequestRow,
        now: &StartDecision,
        approvers: &[ApproverRow],
    ) -> Result<bool, PolicyError> {
        let requester = Principal { id: &request.staff, email: &request.staff_email, role: &request.staff_role };
        let asked = AskedFor { class: &request.customer.class, mode: request.asked.mode };
        for ApproverRow { id, email, role } in approvers {
            if !self.approve(&Principal { id, email, role }, &requester, asked)? {
                return Ok(false);
            }
        }
        // What may begin at once by now has no reason left to ask.
        let is_for_this = match now.answer {
            PolicyAnswer::Allowed => true,
            PolicyAnswer::NeedsApproval => now.rules.iter().all(|rule| request.rules.contains(rule)),
            PolicyAnswer::Refused => false,
        };
        Ok(is_for_this && now.approvals <= request.approvals_needed)
    }

    /// # Errors
    /// When the facts do not fit the schema; nothing is allowed then.
    pub fn on_server(&self, who: &Principal<'_>, action: ServerAction) -> Result<bool, PolicyError> {
        let resource = uid("Server", "this");
        let entities = json!([staff_entity(who.id, who.email, who.role)]);
        Ok(self.ask(who, action.name(), &resource, &entities, &json!({}))?.decision() == Decision::Allow)
    }

    /// Whether the schema has this action. One of somebody's own may be older than the action is.
    fn knows(&self, action: &str) -> bool {
        self.schema.actions().any(|known| known.id().unescaped() == action)
    }

    fn ask(
        &self,
        who: &Principal<'_>,
        action: &str,
        resource: &serde_json::Value,
        entities: &serde_json::Value,
        context: &serde_json::Value,
    ) -> Result<Response, PolicyError> {
        self.ask_of(&self.rules, who, action, (resource, entities, context))
    }

    /// Of some of the rules.
    fn ask_of(
        &self,
        rules: &PolicySet,
        who: &Principal<'_>,
        action: &str,
        (resource, entities, context): (&serde_json::Value, &serde_json::Value, &serde_json::Value),
    ) -> Result<Response, PolicyError> {
        let parse = |value: &serde_json::Value| EntityUid::from_json(value.clone()).map_err(facts);
        let action = parse(&uid("Action", action))?;
        let context = Context::from_json_value(context.clone(), Some((&self.schema, &action))).map_err(facts)?;
        let principal = parse(&uid("Staff", who.id.as_str()))?;
        let request = Request::new(principal, action, parse(resource)?, context, Some(&self.schema)).map_err(facts)?;
        let entities = Entities::from_json_value(entities.clone(), Some(&self.schema)).map_err(facts)?;
        let response = Authorizer::new().is_authorized(&request, rules, &entities);
        let failed = response.diagnostics().errors().next().cloned();
        match failed {
            Some(error) => Err(PolicyError::RuleFailed(Box::new(error))),
            None => Ok(response),
        }
    }

    fn rules_of(&self, responses: &[Response]) -> Vec<String> {
        let mut rules: Vec<String> = responses
            .iter()
            .flat_map(|response| response.diagnostics().reason())
            .filter_map(|id| self.rules.annotation(id, "id"))
            .map(ToOwned::to_owned)
            .collect();
        rules.sort();
        rules.dedup();
        if rules.is_empty() {
            rules.push(NO_RULE.to_owned());
        }
        rules
    }
}

/// The plainest word for a refusal, from the facts and not from the names of rules, which anyone may change.
pub fn refusal_code(who: &Principal<'_>, whom: &Target<'_>) -> ErrorCode {
    if who.email.trim().to_lowercase() == whom.customer.email.trim().to_lowercase() {
        ErrorCode::TargetIsSelf
    } else if whom.staff_role.is_some_and(|role| level(role) >= level(who.role)) {
        ErrorCode::TargetIsStaff
    } else if !whom.portal_active {
        ErrorCode::PortalInactive
    } else if !whom.customer.active {
        ErrorCode::CustomerInactive
    } else {
        ErrorCode::Forbidden
    }
}

/// Whether somebody of the one role is told first of what somebody of the other asks for. Above the highest there are only peers.
pub fn is_next_level(approver: &str, requester: &str) -> bool {
    level(approver) == level(requester).saturating_add(1).min(HIGHEST_LEVEL)
}

/// Of the first place that the error names, from 1.
fn line_of(text: &str, error: &dyn miette::Diagnostic) -> usize {
    let label = error.labels().and_then(|mut labels| labels.next());
    let before = label.and_then(|label| text.get(..label.offset())).unwrap_or_default();
    before.matches('\n').count().saturating_add(1)
}

fn level(role: &str) -> u32 {
    match parse_role(role) {
        Some(Role::Agent) => 1,
        Some(Role::Lead) => 2,
        Some(Role::Security | Role::Admin) => HIGHEST_LEVEL,
        None => UNKNOWN_ROLE_LEVEL,
    }
}

fn uid(kind: &str, id: &str) -> serde_json::Value {
    json!({ "type": kind, "id": id })
}

fn staff_entity(id: &StaffId, email: &str, role: &str) -> serde_json::Value {
    json!({ "uid": uid("Staff", id.as_str()), "parents": [], "attrs": {
        "role": role, "level": level(role), "email": email.trim().to_lowercase(),
    }})
}

fn facts(error: impl std::error::Error + Send + Sync + 'static) -> PolicyError {
    PolicyError::Facts(Box::new(error))
}
