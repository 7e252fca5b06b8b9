//! What the server is told: `server.toml`, environment over it, and the values when nothing is set.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use amberglass_wire::{PortalId, auth::LimitsResponse, session::ReasonCodeResponse};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;
use url::{Host, Url};

mod openid_connect;
mod tls;
mod working_hours;

pub use openid_connect::OpenidConnect;
pub use tls::Tls;
pub use working_hours::WorkingHours;

/// Ports of architecture's choice: the API on one listener, the gateway hosts on another.
const DEFAULT_API_PORT: u16 = 7400;
const DEFAULT_GATEWAY_PORT: u16 = 7401;

/// Everything the server has to be told. `#[serde(default)]`: each field has the value of [`ServerConfig::default`]
/// when the file leaves it out.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    pub listen_api: SocketAddr,
    pub listen_gateway: SocketAddr,
    /// Metrics and health, for who watches the server. Not served unless this is said.
    pub listen_metrics: Option<SocketAddr>,
    /// `sqlite:///path/to/file` or `postgres://user:password@host:5432/database`. Empty: `amberglass.sqlite` in `data_dir`.
    pub database_url: SecretString,
    /// A file that holds it, in its place: it may hold a password.
    pub database_url_file: Option<PathBuf>,
    /// For tests that set the time themselves: PostgreSQL's clock may differ. No file and no variable can say so.
    #[serde(skip)]
    pub database_clock_may_differ: bool,
    /// `iss` of the identity tokens, and what consoles are pointed at. Empty: the API listener's own address, which is
    /// right on loopback only.
    pub issuer: String,
    /// Keys, the server's id and, on SQLite, the database. Servers that share a database need the same file `server-key`
    /// in theirs: it seals second factors and the sign-ins that one begins and another ends.
    pub data_dir: PathBuf,
    pub portals: Vec<PortalConfig>,
    pub limits: Limits,
    pub reason_codes: Vec<ReasonCode>,
    /// What this installation is called, as consoles show it.
    pub name: String,
    /// How long the audit log is kept, in months, as consoles tell their staff.
    pub audit_retention_months: u32,
    /// A file that gets each signed checkpoint of the audit log too, one JSON object a line. On another machine's disk it
    /// shows that the database was put back or its end cut off.
    pub checkpoint_file: Option<PathBuf>,
    /// Files in place of the built-in policy; both or none.
    pub policy: PolicyFiles,
    /// When staff are at work, for the policy.
    pub working_hours: WorkingHours,
    /// Sample staff on an empty database. Loopback only.
    pub demo: bool,
    /// The company's provider, in place of passwords and second factors of our own.
    pub openid_connect: Option<OpenidConnect>,
    /// True when a TLS-terminating proxy of the operator stands before the listeners; only then, or with `tls`, may they
    /// listen beyond loopback.
    pub behind_tls: bool,
    /// A certificate with which the listeners speak TLS themselves, in place of such a proxy; metrics on loopback stay plain.
    pub tls: Option<Tls>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen_api: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_API_PORT),
            listen_gateway: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_GATEWAY_PORT),
            listen_metrics: None,
            database_url: SecretString::default(),
            database_url_file: None,
            database_clock_may_differ: false,
            issuer: String::new(),
            data_dir: PathBuf::from("amberglass-data"),
            portals: Vec::new(),
            limits: Limits::default(),
            reason_codes: default_reason_codes(),
            name: "Amberglass".into(),
            audit_retention_months: 13,
            checkpoint_file: None,
            policy: PolicyFiles::default(),
            working_hours: WorkingHours::default(),
            demo: false,
            openid_connect: None,
            behind_tls: false,
            tls: None,
        }
    }
}

/// One customer-facing application behind the gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    pub id: PortalId,
    pub name: String,
    /// Host under which the gateway shows it, such as `barkside.localhost`; no port.
    pub gateway_host: String,
    /// Scheme, host and port that consoles use, such as `https://barkside.example`. Without it the gateway listener's
    /// own, over plain http, which is possible on loopback only.
    #[serde(default)]
    pub gateway_origin: Option<Url>,
    /// Where the portal itself answers: http on loopback, such as a TLS-speaking proxy of the operator's on this machine.
    pub upstream: Url,
    #[serde(default)]
    pub driver: DriverKind,
    #[serde(default = "yes")]
    pub active: bool,
    /// `aud` of the identity tokens for this portal.
    pub audience: String,
    /// What passes the gateway beside reads, and what no session does there. Without it no write passes in any mode.
    #[serde(default)]
    pub rules: Option<PathBuf>,
}

/// How the gateway obtains the customer's identity at the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverKind {
    /// A short-lived signed JWT with `sub` and `act` on every request (RFC 8693).
    #[default]
    SignedIdentity,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyFiles {
    /// Cedar policies.
    pub rules: Option<PathBuf>,
    /// Cedar schema.
    pub schema: Option<PathBuf>,
}

/// Times in whole seconds. The defaults are those of the product.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub default_duration_seconds: u32,
    /// Longest session, from its start to its last deadline: what is asked for at the start may not exceed it, and neither
    /// may the whole with its extensions.
    pub max_duration_seconds: u32,
    /// Extensions that one session may have.
    pub max_extensions: u32,
    /// Longest extension.
    pub extension_seconds: u32,
    /// A request for approval that nobody decides lapses after so long.
    pub request_seconds: u32,
    /// Nobody has decided about it for so long: everybody who may is told, not only those one level above.
    pub escalation_seconds: u32,
    /// An approval that nobody uses lapses after so long.
    pub approval_seconds: u32,
    /// Requests of one staff member that may be open at the same time, and that they may make within an hour.
    pub open_requests_per_staff: u32,
    pub requests_per_hour: u32,
    pub heartbeat_seconds: u32,
    /// Silence of a console after which its sessions freeze.
    pub silence_seconds: u32,
    /// Frozen for so long ends a session as `console_lost`.
    pub lost_after_seconds: u32,
    pub idle_seconds: u32,
    /// Before the deadline, longest first.
    pub warnings_seconds: Vec<u32>,
    pub max_unsent_age_seconds: u32,
    pub min_free_disk_bytes: u64,
    /// Days after which a console clears the contents of records that it has delivered, and after which it removes them.
    pub journal_contents_days: u32,
    pub journal_keep_days: u32,
    /// Customer searches per staff member within a minute.
    pub searches_per_minute: u32,
    /// What one portal key may ask within a minute.
    pub portal_requests_per_minute: u32,
    /// Running sessions per staff member at the same time.
    pub sessions_per_staff: u32,
    /// Failed sign-ins per e-mail address within `sign_in_window_seconds`.
    pub sign_in_failures_per_email: u32,
    /// The same per network address; higher, because a whole office may share one.
    pub sign_in_failures_per_address: u32,
    pub sign_in_window_seconds: u32,
    /// Life of a refresh token that is not used.
    pub refresh_token_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            default_duration_seconds: 30 * 60,
            max_duration_seconds: 60 * 60,
            max_extensions: 2,
            extension_seconds: 15 * 60,
            request_seconds: 30 * 60,
            escalation_seconds: 5 * 60,
            approval_seconds: 15 * 60,
            open_requests_per_staff: 10,
            requests_per_hour: 30,
            heartbeat_seconds: 2,
            silence_seconds: 5,
            lost_after_seconds: 2 * 60,
            idle_seconds: 10 * 60,
            warnings_seconds: vec![5 * 60, 60],
            max_unsent_age_seconds: 24 * 60 * 60,
            min_free_disk_bytes: 100 * 1024 * 1024,
            journal_contents_days: 7,
            journal_keep_days: 30,
            searches_per_minute: 60,
            portal_requests_per_minute: 600,
            sessions_per_staff: 1,
            sign_in_failures_per_email: 5,
            sign_in_failures_per_address: 30,
            sign_in_window_seconds: 5 * 60,
            refresh_token_seconds: 7 * 24 * 60 * 60,
        }
    }
}

impl Limits {
    /// What consoles are told of it.
    pub fn response(&self) -> LimitsResponse {
        LimitsResponse {
            heartbeat_seconds: self.heartbeat_seconds,
            silence_seconds: self.silence_seconds,
            lost_after_seconds: self.lost_after_seconds,
            idle_seconds: self.idle_seconds,
            max_duration_seconds: self.max_duration_seconds,
            max_extensions: self.max_extensions,
            extension_seconds: self.extension_seconds,
            warnings_seconds: self.warnings_seconds.clone(),
            max_unsent_age_seconds: self.max_unsent_age_seconds,
            min_free_disk_bytes: self.min_free_disk_bytes,
            journal_contents_days: self.journal_contents_days,
            journal_keep_days: self.journal_keep_days,
        }
    }
}

/// A reason that a session may be started for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonCode {
    pub code: String,
    pub label: String,
    #[serde(default)]
    pub ticket_required: bool,
}

impl ReasonCode {
    pub fn response(&self) -> ReasonCodeResponse {
        ReasonCodeResponse { code: self.code.clone(), label: self.label.clone(), ticket_required: self.ticket_required }
    }
}

fn default_reason_codes() -> Vec<ReasonCode> {
    [
        ("billing", "Billing question", true),
        ("appointment", "Appointment", false),
        ("account", "Account and profile", false),
        ("technical", "Technical problem", true),
        ("other", "Something else", false),
    ]
    .into_iter()
    .map(|(code, label, ticket_required)| ReasonCode { code: code.into(), label: label.into(), ticket_required })
    .collect()
}

fn yes() -> bool {
    true
}

/// Why a configuration cannot be used. Each says which setting it is.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {path} cannot be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Without the line itself, which may hold a password.
    #[error("the configuration file {path} is not understood in line {line}: {what}")]
    NotUnderstood { path: PathBuf, line: usize, what: String },
    #[error("the environment variable {0} is not understood")]
    Environment(&'static str),
    #[error("{0} is not loopback: plain http goes no further; set tls, or put TLS before it and set behind_tls")]
    PlainHttpBeyondLoopback(SocketAddr),
    #[error("tls and behind_tls are both set: either the server speaks TLS itself or a proxy before it does")]
    TlsTwice,
    #[error("{path} holds no certificate or no key that the server can use; it has to be PEM")]
    TlsFile {
        path: PathBuf,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    #[error("certificate and key of tls can't be used together")]
    TlsPair(#[source] rustls::Error),
    #[error("the certificate of tls is not for {host}, where consoles will look for it")]
    TlsHost {
        host: String,
        #[source]
        source: rustls::Error,
    },
    #[error("demo works on loopback only, and {0} is not")]
    DemoBeyondLoopback(SocketAddr),
    #[error("issuer must be set to the https address of the API when it is reached beyond loopback")]
    IssuerMissing,
    #[error("the upstream of portal {portal} must be http on loopback")]
    PlainUpstream { portal: PortalId },
    #[error(
        "the upstream of portal {portal} is https, which this version does not speak: let a proxy on this machine speak it, \
         and name that one's http address on loopback"
    )]
    TlsUpstream { portal: PortalId },
    #[error("the portals {0} and {1} share an audience: each could use the identities that are meant for the other")]
    AudienceTwice(PortalId, PortalId),
    #[error("audience of portal {portal} is empty")]
    AudienceMissing { portal: PortalId },
    #[error("gateway_origin of portal {portal} must be an https origin without a path; it is needed beyond loopback")]
    GatewayOrigin { portal: PortalId },
    #[error("the portals {0} and {1} share an id or a gateway host")]
    PortalTwice(PortalId, PortalId),
    #[error("limits: {0}")]
    Limits(&'static str),
    #[error("openid_connect: {0}")]
    OpenidConnect(&'static str),
    #[error("database_url and database_url_file are both set: one of them is enough")]
    DatabaseTwice,
    #[error("policy.rules and policy.schema go together")]
    PolicyFiles,
}

impl ServerConfig {
    /// Reads `path`, then lets `AMBERGLASS_LISTEN_API`, `_LISTEN_GATEWAY`, `_LISTEN_METRICS`, `_DATABASE_URL`,
    /// `_DATABASE_URL_FILE`, `_ISSUER` and `_DATA_DIR` win.
    ///
    /// # Errors
    /// When the file or a variable is not understood.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            ConfigError::NotUnderstood { path: path.to_owned(), line, what: error.message().to_owned() }
        })?;
        config.apply_environment(|name| std::env::var(name).ok())?;
        Ok(config)
    }

    fn apply_environment(&mut self, read: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        let address = |name: &'static str| {
            read(name).map(|text| text.parse().map_err(|_| ConfigError::Environment(name))).transpose()
        };
        if let Some(listen) = address("AMBERGLASS_LISTEN_API")? {
            self.listen_api = listen;
        }
        if let Some(listen) = address("AMBERGLASS_LISTEN_GATEWAY")? {
            self.listen_gateway = listen;
        }
        if let Some(listen) = address("AMBERGLASS_LISTEN_METRICS")? {
            self.listen_metrics = Some(listen);
        }
        // Either takes the place of both in the file.
        if let Some(url) = read("AMBERGLASS_DATABASE_URL") {
            (self.database_url, self.database_url_file) = (url.into(), None);
        }
        if let Some(path) = read("AMBERGLASS_DATABASE_URL_FILE") {
            (self.database_url, self.database_url_file) = (SecretString::default(), Some(PathBuf::from(path)));
        }
        if let Some(issuer) = read("AMBERGLASS_ISSUER") {
            self.issuer = issuer;
        }
        if let Some(dir) = read("AMBERGLASS_DATA_DIR") {
            self.data_dir = PathBuf::from(dir);
        }
        Ok(())
    }

    /// Refuses what would be unsafe or contradicts itself, before anything listens.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        for listen in [self.listen_api, self.listen_gateway].into_iter().chain(self.listen_metrics) {
            if self.demo && !listen.ip().is_loopback() {
                return Err(ConfigError::DemoBeyondLoopback(listen));
            }
            if !listen.ip().is_loopback() && !self.is_over_tls() {
                return Err(ConfigError::PlainHttpBeyondLoopback(listen));
            }
        }
        if self.behind_tls && self.tls.is_some() {
            return Err(ConfigError::TlsTwice);
        }
        if self.is_over_tls() && !self.issuer.starts_with("https://") {
            return Err(ConfigError::IssuerMissing);
        }
        if self.policy.rules.is_some() != self.policy.schema.is_some() {
            return Err(ConfigError::PolicyFiles);
        }
        if let Some(provider) = &self.openid_connect {
            provider.check(self.demo)?;
        }
        self.check_portals()?;
        self.limits.check()
    }

    /// What the listeners speak TLS with, if they do so themselves.
    ///
    /// # Errors
    /// When certificate and key can't be used, or not for the issuer and all portals.
    pub(crate) fn acceptor(&self) -> Result<Option<TlsAcceptor>, ConfigError> {
        let Some(tls) = &self.tls else { return Ok(None) };
        let issuer = Url::parse(&self.issuer).map_err(|_| ConfigError::IssuerMissing)?;
        let origins = self.portals.iter().filter_map(|portal| portal.gateway_origin.as_ref());
        tls.acceptor(origins.chain([&issuer]).filter_map(Url::host_str)).map(Some)
    }

    /// Whether whoever comes speaks TLS, with the server or with what stands before it.
    fn is_over_tls(&self) -> bool {
        self.behind_tls || self.tls.is_some()
    }

    fn check_portals(&self) -> Result<(), ConfigError> {
        for (index, portal) in self.portals.iter().enumerate() {
            if portal.upstream.scheme() == "https" {
                return Err(ConfigError::TlsUpstream { portal: portal.id.clone() });
            }
            if !is_loopback_http(&portal.upstream) {
                return Err(ConfigError::PlainUpstream { portal: portal.id.clone() });
            }
            if portal.audience.is_empty() {
                return Err(ConfigError::AudienceMissing { portal: portal.id.clone() });
            }
            let origin_holds = match &portal.gateway_origin {
                Some(origin) => {
                    let is_safe = origin.scheme() == "https" || (!self.is_over_tls() && is_loopback_http(origin));
                    is_safe && origin.path() == "/"
                }
                None => !self.is_over_tls(),
            };
            if !origin_holds {
                return Err(ConfigError::GatewayOrigin { portal: portal.id.clone() });
            }
            let twin =
                self.portals.iter().skip(index.saturating_add(1)).find(|other| {
                    other.id == portal.id || other.gateway_host.eq_ignore_ascii_case(&portal.gateway_host)
                });
            if let Some(twin) = twin {
                return Err(ConfigError::PortalTwice(portal.id.clone(), twin.id.clone()));
            }
            let listener =
                self.portals.iter().skip(index.saturating_add(1)).find(|other| other.audience == portal.audience);
            if let Some(listener) = listener {
                return Err(ConfigError::AudienceTwice(portal.id.clone(), listener.id.clone()));
            }
        }
        Ok(())
    }

    pub fn portal(&self, id: &PortalId) -> Option<&PortalConfig> {
        self.portals.iter().find(|portal| portal.id == *id)
    }

    /// The database, also when the configuration leaves it to a file or to `data_dir`.
    ///
    /// # Errors
    /// When the file cannot be read, or it is said twice.
    pub fn database_url(&self) -> Result<SecretString, ConfigError> {
        match (&self.database_url_file, self.database_url.expose_secret()) {
            (None, "") => Ok(format!("sqlite://{}", self.data_dir.join("amberglass.sqlite").display()).into()),
            (None, _) => Ok(self.database_url.clone()),
            (Some(path), "") => match std::fs::read_to_string(path).map(zeroize::Zeroizing::new) {
                Ok(text) => Ok(text.trim().into()),
                Err(source) => Err(ConfigError::Unreadable { path: path.clone(), source }),
            },
            (Some(_), _) => Err(ConfigError::DatabaseTwice),
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), ConfigError> {
        if self.max_duration_seconds < MIN_DURATION_SECONDS || self.default_duration_seconds > self.max_duration_seconds
        {
            return Err(ConfigError::Limits(
                "default_duration_seconds must not exceed max_duration_seconds, and that not be under 60",
            ));
        }
        if self.heartbeat_seconds == 0 || self.silence_seconds <= self.heartbeat_seconds {
            return Err(ConfigError::Limits("silence_seconds must be more than heartbeat_seconds"));
        }
        if self.sessions_per_staff == 0 {
            return Err(ConfigError::Limits("sessions_per_staff must be at least 1"));
        }
        if self.max_extensions > 0 && self.extension_seconds == 0 {
            return Err(ConfigError::Limits("extension_seconds must be at least 1, or max_extensions 0"));
        }
        if self.open_requests_per_staff == 0 || self.requests_per_hour == 0 {
            return Err(ConfigError::Limits("open_requests_per_staff and requests_per_hour must be at least 1"));
        }
        if self.searches_per_minute == 0 || self.portal_requests_per_minute == 0 {
            return Err(ConfigError::Limits("searches_per_minute and portal_requests_per_minute must be at least 1"));
        }
        Ok(())
    }
}

/// Shortest session that can be asked for.
pub const MIN_DURATION_SECONDS: u32 = 60;

/// Plain http is for this machine alone. Names under `localhost` are loopback by RFC 6761.
pub(crate) fn is_loopback_http(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(upstream: &str) -> PortalConfig {
        PortalConfig {
            id: PortalId::new("barkside"),
            name: "Barkside".into(),
            gateway_host: "barkside.localhost".into(),
            gateway_origin: None,
            upstream: upstream.parse().unwrap(),
            driver: DriverKind::SignedIdentity,
            active: true,
            audience: "barkside".into(),
            rules: None,
        }
    }

    #[test]
    fn a_file_that_says_little_gets_the_products_defaults() {
        let config: ServerConfig = toml::from_str(
            "data_dir = '/srv/amberglass'\n[[portals]]\nid = 'barkside'\nname = 'Barkside'\n\
             gateway_host = 'barkside.localhost'\nupstream = 'http://127.0.0.1:9'\naudience = 'barkside'\n",
        )
        .unwrap();
        config.check().unwrap();
        assert_eq!(config.limits.default_duration_seconds, 1800);
        assert_eq!(config.database_url().unwrap().expose_secret(), "sqlite:///srv/amberglass/amberglass.sqlite");
        assert_eq!(config.listen_metrics, None);
        assert_eq!(config.reason_codes.len(), 5);
        assert!(config.portal(&PortalId::new("barkside")).is_some_and(|portal| portal.active));
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        let beyond = ServerConfig { listen_api: "0.0.0.0:1".parse().unwrap(), ..ServerConfig::default() };
        assert!(matches!(beyond.check(), Err(ConfigError::PlainHttpBeyondLoopback(_))));
        let metrics = ServerConfig { listen_metrics: Some(beyond.listen_api), ..ServerConfig::default() };
        assert!(matches!(metrics.check(), Err(ConfigError::PlainHttpBeyondLoopback(_))));
        let demo = ServerConfig { demo: true, ..beyond };
        assert!(matches!(demo.check(), Err(ConfigError::DemoBeyondLoopback(_))));
        let behind = ServerConfig { behind_tls: true, ..ServerConfig::default() };
        assert!(matches!(behind.check(), Err(ConfigError::IssuerMissing)));
        let own = Tls { certificate: "chain.pem".into(), key: "key.pem".into() };
        let itself = ServerConfig { tls: Some(own), ..ServerConfig::default() };
        assert!(matches!(itself.check(), Err(ConfigError::IssuerMissing)));
        assert!(matches!(ServerConfig { behind_tls: true, ..itself.clone() }.check(), Err(ConfigError::TlsTwice)));
        for origin in [None, Some("http://barkside.localhost:7401")] {
            let portal = PortalConfig {
                gateway_origin: origin.map(|origin| origin.parse().unwrap()),
                ..portal("http://127.0.0.1:9")
            };
            let issuer = "https://amberglass.example".to_owned();
            let plain = ServerConfig { portals: vec![portal], issuer, ..itself.clone() };
            assert!(matches!(plain.check(), Err(ConfigError::GatewayOrigin { .. })), "{origin:?}");
        }
        for upstream in ["http://portal.example", "http://10.0.0.1", "ftp://127.0.0.1"] {
            let config = ServerConfig { portals: vec![portal(upstream)], ..ServerConfig::default() };
            assert!(matches!(config.check(), Err(ConfigError::PlainUpstream { .. })), "{upstream}");
        }
    }

    #[test]
    fn two_portals_cannot_share_an_origin() {
        let twice = ServerConfig {
            portals: vec![portal("http://127.0.0.1:1"), portal("http://127.0.0.1:2")],
            ..ServerConfig::default()
        };
        assert!(matches!(twice.check(), Err(ConfigError::PortalTwice(..))));
    }

    #[test]
    fn two_portals_cannot_share_an_audience_and_none_can_go_without() {
        let other = PortalConfig {
            id: PortalId::new("other"),
            gateway_host: "other.localhost".into(),
            ..portal("http://127.0.0.1:2")
        };
        let shared = ServerConfig { portals: vec![portal("http://127.0.0.1:1"), other], ..ServerConfig::default() };
        assert!(matches!(shared.check(), Err(ConfigError::AudienceTwice(..))));
        let nobodys = PortalConfig { audience: String::new(), ..portal("http://127.0.0.1:1") };
        let nobodys = ServerConfig { portals: vec![nobodys], ..ServerConfig::default() };
        assert!(matches!(nobodys.check(), Err(ConfigError::AudienceMissing { .. })));
    }

    #[test]
    fn an_upstream_over_tls_is_refused_before_anyone_waits_for_it() {
        let config = ServerConfig { portals: vec![portal("https://portal.example")], ..ServerConfig::default() };
        let refused = config.check().unwrap_err();
        assert!(matches!(refused, ConfigError::TlsUpstream { .. }), "{refused}");
        assert!(refused.to_string().contains("loopback"), "{refused}");
    }

    #[test]
    fn the_database_is_named_once_and_its_password_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url");
        std::fs::write(&file, "postgres://amber:secret@localhost/glass\n").unwrap();
        let mut config = ServerConfig { database_url_file: Some(file.clone()), ..ServerConfig::default() };
        assert_eq!(config.database_url().unwrap().expose_secret(), "postgres://amber:secret@localhost/glass");
        config.database_url = "postgres://amber:secret@localhost/glass".into();
        assert!(!format!("{config:?}").contains("secret"));
        assert!(matches!(config.database_url(), Err(ConfigError::DatabaseTwice)));
        config.apply_environment(|name| (name == "AMBERGLASS_DATABASE_URL").then(|| "sqlite:a".to_owned())).unwrap();
        assert_eq!(config.database_url().unwrap().expose_secret(), "sqlite:a");
        std::fs::remove_file(&file).unwrap();
        config
            .apply_environment(|name| (name == "AMBERGLASS_DATABASE_URL_FILE").then(|| file.display().to_string()))
            .unwrap();
        assert!(matches!(config.database_url(), Err(ConfigError::Unreadable { .. })), "no file, no database");
    }

    #[test]
    fn a_file_that_is_not_understood_says_where_without_showing_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.toml");
        std::fs::write(&file, "demo = false\ndatabase_url = postgres://amber:secret@localhost/glass\n").unwrap();
        let error = ServerConfig::load(&file).unwrap_err();
        assert!(matches!(&error, ConfigError::NotUnderstood { line: 2, .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }

    #[test]
    fn no_file_can_say_that_clocks_may_differ() {
        let said = toml::from_str::<ServerConfig>("database_clock_may_differ = true\n");
        assert!(said.unwrap_err().message().contains("unknown field"));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut config = ServerConfig::default();
        config.apply_environment(|name| (name == "AMBERGLASS_LISTEN_API").then(|| "127.0.0.1:1".to_owned())).unwrap();
        assert_eq!(config.listen_api.port(), 1);
        config
            .apply_environment(|name| (name == "AMBERGLASS_LISTEN_METRICS").then(|| "127.0.0.1:2".to_owned()))
            .unwrap();
        assert_eq!(config.listen_metrics.map(|listen| listen.port()), Some(2));
        assert!(config.apply_environment(|_| Some("nonsense".to_owned())).is_err());
    }
}
