//! Errors as `application/problem+json` (RFC 9457). What went wrong is said here; the reference id is added, and the
//! whole logged, by `layers`, so that no error leaves without either.

use std::sync::Arc;

use amberglass_wire::{elevation::CannotAsk, event_stream::ChainHead, problem::ErrorCode, session::SessionResponse};
use axum::{
    extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    accounts::{AccountError, TokenError},
    audit::{AuditError, DeliveryError},
    drivers::DriverError,
    policy::PolicyError,
    sessions::{
        AskError, DecideError, ElevateError, EntryError, ExtendError, ReviewError, SendError, SessionError, StartError,
        UnmaskError, WithdrawError,
    },
    store::StoreError,
};

/// Where an approval is named that does not hold.
pub const NOTHING_BEGAN: &str = "Nothing began; ask again.";

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub code: ErrorCode,
    pub detail: Option<String>,
    pub rules: Vec<String>,
    pub session: Option<Box<SessionResponse>>,
    pub held: Option<ChainHead>,
    pub retry_after_seconds: Option<u32>,
    /// For the log only.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail: None,
            rules: Vec::new(),
            session: None,
            held: None,
            retry_after_seconds: None,
            source: None,
        }
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn rules(mut self, rules: Vec<String>) -> Self {
        self.rules = rules;
        self
    }

    pub fn source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The sender asks too often and may come back after so many seconds.
    pub fn too_many(retry_after_seconds: u32) -> Self {
        let mut error = Self::new(ErrorCode::TooManyRequests);
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    fn held(mut self, held: ChainHead) -> Self {
        self.held = Some(held);
        self
    }

    pub fn status(&self) -> StatusCode {
        words(self.code).0
    }

    pub fn title(&self) -> &'static str {
        words(self.code).1
    }
}

/// Status and title of each code.
fn words(code: ErrorCode) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match code {
        ErrorCode::InvalidRequest => (S::BAD_REQUEST, "The request is not understood"),
        ErrorCode::NotSignedIn => (S::UNAUTHORIZED, "Sign in first"),
        ErrorCode::Forbidden => (S::FORBIDDEN, "The policy does not allow this"),
        ErrorCode::NotFound => (S::NOT_FOUND, "There is nothing here"),
        ErrorCode::TooManyRequests => (S::TOO_MANY_REQUESTS, "Too many attempts"),
        ErrorCode::Internal | ErrorCode::Unknown => (S::INTERNAL_SERVER_ERROR, "The server failed"),
        ErrorCode::Unavailable => (S::SERVICE_UNAVAILABLE, "The server cannot do this now"),
        ErrorCode::DeviceRefused => (S::FORBIDDEN, "This device is not accepted"),
        ErrorCode::ClockSkew => (S::FORBIDDEN, "The device's clock is too far from the server's"),
        ErrorCode::ReasonTooShort => (S::UNPROCESSABLE_ENTITY, "The reason is too short"),
        ErrorCode::ReasonIsFiller => (S::UNPROCESSABLE_ENTITY, "The reason says nothing"),
        ErrorCode::ReasonCodeUnknown => (S::UNPROCESSABLE_ENTITY, "The reason code is not one of the policy"),
        ErrorCode::TicketRequired => (S::UNPROCESSABLE_ENTITY, "This reason needs a ticket"),
        ErrorCode::DurationTooLong => (S::UNPROCESSABLE_ENTITY, "The session would be too long"),
        ErrorCode::ModeNotOffered => (S::UNPROCESSABLE_ENTITY, "The portal does not offer this mode"),
        ErrorCode::NeedsApproval => (S::FORBIDDEN, "This needs an approval"),
        ErrorCode::TargetIsSelf => (S::FORBIDDEN, "The customer is the staff member themself"),
        ErrorCode::TargetIsStaff => (S::FORBIDDEN, "The customer is staff of the same or a higher level"),
        ErrorCode::CustomerUnknown => (S::NOT_FOUND, "The portal has no such customer"),
        ErrorCode::CustomerInactive => (S::FORBIDDEN, "The customer is not active"),
        ErrorCode::PortalUnknown => (S::NOT_FOUND, "There is no such portal"),
        ErrorCode::PortalInactive => (S::FORBIDDEN, "The portal is not active"),
        ErrorCode::PortalUnreachable => (S::SERVICE_UNAVAILABLE, "The portal did not answer"),
        ErrorCode::SessionConflict => (S::CONFLICT, "Another session is running"),
        ErrorCode::SessionNotRunning => (S::CONFLICT, "The session does not run"),
        ErrorCode::SessionStillRunning => (S::CONFLICT, "The session still runs"),
        ErrorCode::ExtensionsUsedUp => (S::CONFLICT, "The session has had all its extensions"),
        ErrorCode::TotalDurationTooLong => (S::UNPROCESSABLE_ENTITY, "The session would be too long in all"),
        ErrorCode::EmergencyStopInForce => (S::FORBIDDEN, "An emergency stop is in force"),
        ErrorCode::FreshSignInRequired => (S::FORBIDDEN, "This needs a sign-in of the last five minutes"),
        ErrorCode::GrantInvalid => (S::FORBIDDEN, "The right to enter was used or is too old"),
        ErrorCode::ApprovalNotNeeded => (S::CONFLICT, "This may begin at once"),
        ErrorCode::ApprovalGone => (S::CONFLICT, "The approval does not hold for this"),
        ErrorCode::WriteNotElevatable => (S::CONFLICT, "This write cannot be asked for"),
        ErrorCode::FieldStaysMasked => (S::FORBIDDEN, "The portal's rules do not let this be shown"),
        ErrorCode::DecisionInvalid => (S::UNPROCESSABLE_ENTITY, "The decision is not about this request as it is"),
        ErrorCode::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "The idempotency key was used for another request"),
        ErrorCode::JournalGap => (S::CONFLICT, "Records are missing in between"),
        ErrorCode::JournalFork => (S::CONFLICT, "The records differ from the ones held"),
        ErrorCode::JournalInvalid => (S::UNPROCESSABLE_ENTITY, "A record is not valid"),
        ErrorCode::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "The request is too large"),
        ErrorCode::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "The body is not of a type that is taken here"),
        ErrorCode::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "This cannot be done here"),
        ErrorCode::WrongHost => (S::MISDIRECTED_REQUEST, "This server does not answer under that name"),
        ErrorCode::AuditUnavailable => (S::SERVICE_UNAVAILABLE, "The record could not be written, so nothing was done"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let is_the_requests_fault = matches!(error, StoreError::Unstorable);
        let code = if is_the_requests_fault { ErrorCode::InvalidRequest } else { ErrorCode::Unavailable };
        Self::new(code).source(error)
    }
}

impl From<AuditError> for ApiError {
    fn from(error: AuditError) -> Self {
        Self::new(ErrorCode::AuditUnavailable).source(error)
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Audit(error) => error.into(),
        }
    }
}

impl From<PolicyError> for ApiError {
    fn from(error: PolicyError) -> Self {
        Self::new(ErrorCode::Internal).detail("The policy could not be asked, so nothing was allowed.").source(error)
    }
}

impl From<EntryError> for ApiError {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::GrantInvalid => Self::new(ErrorCode::GrantInvalid),
            EntryError::NotRunning => Self::new(ErrorCode::SessionNotRunning),
            EntryError::Frozen => Self::new(ErrorCode::SessionNotRunning)
                .detail("It is frozen: it can be entered once its console is heard again."),
            EntryError::Session(error) => error.into(),
        }
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            // Who wants to name the session in the way looks it up before.
            StartError::Conflict(_) => Self::new(ErrorCode::SessionConflict),
            StartError::EmergencyStop { reason } => stopped(&reason),
            StartError::PortalDisabled => Self::new(ErrorCode::PortalInactive),
            StartError::ApprovalGone => Self::new(ErrorCode::ApprovalGone).detail(NOTHING_BEGAN),
            StartError::Meanwhile => {
                Self::new(ErrorCode::Unavailable).detail("Something changed just now. Nothing began; ask again.")
            }
            StartError::IdempotencyMismatch => Self::new(ErrorCode::IdempotencyMismatch),
            StartError::Session(error) => error.into(),
        }
    }
}

impl From<ExtendError> for ApiError {
    fn from(error: ExtendError) -> Self {
        match error {
            ExtendError::NotActive => Self::new(ErrorCode::SessionNotRunning),
            ExtendError::UsedUp => Self::new(ErrorCode::ExtensionsUsedUp),
            ExtendError::TotalTooLong { left_seconds } => {
                Self::new(ErrorCode::TotalDurationTooLong).detail(format!("At most {left_seconds} seconds more."))
            }
            ExtendError::EmergencyStop { reason } => stopped(&reason),
            ExtendError::IdempotencyMismatch => Self::new(ErrorCode::IdempotencyMismatch),
            ExtendError::Session(error) => error.into(),
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::EmergencyStop { reason } => stopped(&reason),
            AskError::PortalDisabled => Self::new(ErrorCode::PortalInactive),
            AskError::TooMany { retry_after_seconds } => Self::too_many(retry_after_seconds),
            AskError::IdempotencyMismatch => Self::new(ErrorCode::IdempotencyMismatch),
            AskError::Session(error) => error.into(),
        }
    }
}

impl From<ElevateError> for ApiError {
    fn from(error: ElevateError) -> Self {
        match error {
            ElevateError::EmergencyStop { reason } => stopped(&reason),
            ElevateError::PortalDisabled => Self::new(ErrorCode::PortalInactive),
            ElevateError::NotActive => Self::new(ErrorCode::SessionNotRunning),
            ElevateError::TooMany { retry_after_seconds } => Self::too_many(retry_after_seconds),
            ElevateError::Gone => cannot_ask(CannotAsk::NotKept),
            ElevateError::Session(error) => error.into(),
        }
    }
}

impl From<UnmaskError> for ApiError {
    fn from(error: UnmaskError) -> Self {
        match error {
            UnmaskError::NotActive => Self::new(ErrorCode::SessionNotRunning),
            UnmaskError::EmergencyStop { reason } => stopped(&reason),
            UnmaskError::IdempotencyMismatch => Self::new(ErrorCode::IdempotencyMismatch),
            UnmaskError::Session(error) => error.into(),
        }
    }
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unknown => Self::new(ErrorCode::NotFound),
            SendError::EmergencyStop { reason } => stopped(&reason),
            SendError::PortalDisabled => Self::new(ErrorCode::PortalInactive),
            SendError::NotActive => Self::new(ErrorCode::SessionNotRunning),
            SendError::Gone => Self::new(ErrorCode::ApprovalGone).detail("Nothing was sent."),
            SendError::Session(error) => error.into(),
        }
    }
}

impl From<DecideError> for ApiError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Unknown => Self::new(ErrorCode::NotFound),
            DecideError::NotAnyMore => Self::new(ErrorCode::Forbidden).detail("Nothing was decided."),
            DecideError::EmergencyStop { reason } => stopped(&reason),
            DecideError::Session(error) => error.into(),
        }
    }
}

impl From<ReviewError> for ApiError {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Unknown => Self::new(ErrorCode::NotFound),
            ReviewError::NotAnyMore => Self::new(ErrorCode::Forbidden).detail("Nothing was reviewed."),
            ReviewError::StillRunning => Self::new(ErrorCode::SessionStillRunning),
            ReviewError::Session(error) => error.into(),
        }
    }
}

impl From<WithdrawError> for ApiError {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::Unknown => Self::new(ErrorCode::NotFound),
            WithdrawError::NotTheirs => Self::new(ErrorCode::Forbidden),
            WithdrawError::ReasonMissing => Self::new(ErrorCode::ReasonTooShort),
            WithdrawError::Session(error) => error.into(),
        }
    }
}

/// Why a write can't be asked for.
pub fn cannot_ask(why: CannotAsk) -> ApiError {
    let detail = match why {
        CannotAsk::NeverList => "It never happens in a session, whoever approves.",
        CannotAsk::TooLarge => "It is larger than what is kept.",
        CannotAsk::NotReadable => "Whoever decides could not read unmistakably what it would do.",
        CannotAsk::BreakGlass => "Only in read-only sessions that did not begin with break-glass.",
        CannotAsk::NotKept => "It was not kept. Do it again in the page, then ask.",
    };
    ApiError::new(ErrorCode::WriteNotElevatable).detail(detail)
}

/// Nothing starts and nothing is extended; says why.
pub fn stopped(reason: &str) -> ApiError {
    ApiError::new(ErrorCode::EmergencyStopInForce).detail(reason)
}

impl From<DriverError> for ApiError {
    fn from(error: DriverError) -> Self {
        let code = match &error {
            DriverError::Unreachable(_) | DriverError::Refused { .. } | DriverError::NotUnderstood(_) => {
                ErrorCode::PortalUnreachable
            }
            DriverError::Client(_)
            | DriverError::Address
            | DriverError::Signing(_)
            | DriverError::KeyFile { .. }
            | DriverError::KeyFileOpen { .. }
            | DriverError::KeyFileDamaged { .. } => ErrorCode::Internal,
        };
        Self::new(code).source(error)
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => error.into(),
            AccountError::Audit(error) => error.into(),
            AccountError::Hash
            | AccountError::PasswordTooShort
            | AccountError::Email(_)
            | AccountError::EmailTaken
            | AccountError::NoSuchAccount
            | AccountError::LastAdmin
            | AccountError::SecondFactor
            | AccountError::OtherKey
            | AccountError::Interrupted => Self::new(ErrorCode::Internal).source(error),
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::new(ErrorCode::NotSignedIn),
            TokenError::DeviceRefused => Self::new(ErrorCode::DeviceRefused),
            TokenError::ClockSkew => Self::new(ErrorCode::ClockSkew),
            TokenError::Store(error) => error.into(),
            TokenError::Audit(error) => error.into(),
        }
    }
}

impl From<DeliveryError> for ApiError {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Gap { held } => Self::new(ErrorCode::JournalGap).held(held),
            DeliveryError::Fork { held } => Self::new(ErrorCode::JournalFork).held(held),
            DeliveryError::Invalid { seq, why, held } => {
                Self::new(ErrorCode::JournalInvalid).detail(format!("Record {seq}: {why}.")).held(held)
            }
            DeliveryError::Checkpoint(error) => Self::new(ErrorCode::Internal).source(error),
            DeliveryError::Store(error) => error.into(),
            DeliveryError::Audit(error) => error.into(),
        }
    }
}

/// What axum says of a request that does not fit, in our form.
fn rejected(status: StatusCode, text: String) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorCode::PayloadTooLarge),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::new(ErrorCode::UnsupportedMediaType).detail(text),
        _ => ApiError::new(ErrorCode::InvalidRequest).detail(text),
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        rejected(rejection.status(), rejection.body_text())
    }
}

impl From<FormRejection> for ApiError {
    fn from(rejection: FormRejection) -> Self {
        rejected(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        rejected(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        rejected(rejection.status(), rejection.body_text())
    }
}

impl From<axum::extract::rejection::BytesRejection> for ApiError {
    fn from(rejection: axum::extract::rejection::BytesRejection) -> Self {
        rejected(rejection.status(), rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use utoipa::{
        PartialSchema as _,
        openapi::{RefOr, Schema},
    };

    use super::*;

    fn all_codes() -> Vec<ErrorCode> {
        let RefOr::T(Schema::Object(schema)) = ErrorCode::schema() else { panic!("a list of codes") };
        let codes = schema.enum_values.unwrap().into_iter().map(|code| serde_json::from_value(code).unwrap());
        // What a reader takes for the code of a later version.
        codes.filter(|code| *code != ErrorCode::Unknown).collect()
    }

    /// One row for each code, in the order of the codes, with the status and the words that the server answers with.
    #[test]
    fn the_table_of_the_documentation_names_each_code_with_its_status_and_words() {
        let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md")).unwrap();
        let (_, table) = page.split_once("| code | status | what it says | what to do |").unwrap();
        let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        let codes = all_codes();
        assert_eq!(rows.len(), codes.len());
        for (row, code) in rows.into_iter().zip(codes) {
            let (status, title) = words(code);
            let name = serde_json::to_value(code).unwrap();
            let begin = format!("| `{}` | {} | {title} | ", name.as_str().unwrap(), status.as_u16());
            let what_to_do = row.strip_prefix(&begin).unwrap_or_else(|| panic!("{row} is not {begin}"));
            assert!(what_to_do.trim_end_matches(" |").len() > 4, "{row}");
        }
    }
}
