//! `amberglass-server audit export` and `audit keys`: what somebody needs to check the record without this server.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use amberglass_domain::device_key;
use amberglass_server::{
    audit::{self, Readable, Registration, Registrations},
    operator::Operator,
};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId,
    audit::{EventDetail, EventSubject},
    export::ExportScope,
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::audit::moment;

/// Which records; together they narrow. Without any: the whole log.
#[derive(Args)]
pub struct Scope {
    /// Only of the session with this code, such as AG-7K3QX.
    #[arg(long, value_name = "CODE")]
    session: Option<String>,
    /// Only about this customer, as PORTAL/ID, such as barkside/1042.
    #[arg(long, value_name = "PORTAL/ID")]
    customer: Option<String>,
    /// Only about this staff member.
    #[arg(long, value_name = "EMAIL")]
    staff: Option<String>,
    /// Only by this device or about it.
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// Only since then: 2026-01-31, 2026-01-31T08:30:00Z, or so long ago: 30m, 24h, 7d.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only before then.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
}

impl Scope {
    async fn resolve(self, operator: &Operator) -> anyhow::Result<ExportScope> {
        let mut scope = ExportScope::default();
        if let Some(code) = self.session {
            let code = code.trim().to_uppercase();
            let found = operator.store.session_by_code(&code).await?;
            scope.session = Some(found.with_context(|| format!("there is no session {code}"))?);
        }
        if let Some(customer) = self.customer {
            let (portal, id) = customer
                .split_once('/')
                .with_context(|| format!("`{customer}` is not PORTAL/ID, such as barkside/1042"))?;
            scope.portal = Some(PortalId::new(portal));
            scope.customer = Some(CustomerId::new(id));
        }
        if let Some(email) = self.staff {
            let found = operator.store.staff_by_email(&email).await?;
            scope.staff = Some(found.with_context(|| format!("there is no staff member {email}"))?.id);
        }
        if let Some(id) = self.device {
            let id = DeviceId::new(id.trim());
            let found = operator.store.device(&id).await?;
            scope.device = Some(found.map(|_| id.clone()).with_context(|| format!("there is no device {id}"))?);
        }
        let at = |text: Option<String>| {
            text.map(|text| {
                moment(&text, &*operator.clock)
                    .with_context(|| format!("`{text}` is no time: 2026-01-31, 2026-01-31T08:30:00Z, 30m, 24h or 7d"))
            })
            .transpose()
        };
        scope.since = at(self.since)?;
        scope.until = at(self.until)?;
        Ok(scope)
    }
}

/// What an export is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// To be verified, with `amberglass-verify`.
    #[default]
    Jsonl,
    /// To be read, in a spreadsheet; proves nothing.
    Csv,
    /// To be read, by a security product (Open Cybersecurity Schema Framework, JSON Lines); proves nothing.
    Ocsf,
}

/// Writes the export, which is on record before its first byte.
///
/// # Errors
/// When somebody named does not exist, the file does, or the log cannot be read; no half of an export stays behind. Where the
/// log itself is not whole the export is made all the same, and the command says so and fails.
pub async fn to(operator: &Operator, file: &str, format: Format, scope: Scope) -> anyhow::Result<ExitCode> {
    let scope = scope.resolve(operator).await?;
    if !operator.config.database_clock_may_differ {
        operator.store.check_clock(&*operator.clock).await?;
    }
    // The columns by which records are found are covered by no hash: they are held against what the bodies say.
    let checked = audit::check(&operator.store).await?;
    let aside = (file != "-").then(|| Aside::create(Path::new(file))).transpose()?;
    let subject = EventSubject {
        staff: scope.staff.clone(),
        customer: scope.customer.clone(),
        portal: scope.portal.clone(),
        session: scope.session.clone(),
        device: scope.device.clone(),
        policy_hash: None,
    };
    let detail = EventDetail::AuditExported { by: None, since: scope.since, until: scope.until };
    operator.audit.append(subject, detail).await?;
    let words = match &aside {
        Some(aside) => write(operator, format, &scope, BufWriter::new(&aside.file)).await?,
        None => write(operator, format, &scope, BufWriter::new(io::stdout())).await?,
    };
    if let Some(aside) = aside {
        aside.place()?;
    }
    // The standard output may be the export.
    let mut answer = io::stderr().lock();
    writeln!(answer, "{words}").context("the answer could not be written")?;
    let mut code = ExitCode::SUCCESS;
    for chain in checked {
        let Some(broken) = chain.broken else { continue };
        code = ExitCode::FAILURE;
        let words = format!("THE LOG IS NOT WHOLE, so records may be missing here. {}: {broken}.", chain.writer);
        writeln!(answer, "{words}").context("the answer could not be written")?;
    }
    Ok(code)
}

/// What was written, in words.
async fn write(
    operator: &Operator,
    format: Format,
    scope: &ExportScope,
    out: impl io::Write,
) -> anyhow::Result<String> {
    let Operator { audit, store, clock, .. } = operator;
    let readable = match format {
        Format::Jsonl => {
            let exported = audit::export(audit, store, &**clock, scope, out).await?;
            return Ok(format!(
                "{} records of {} writers, and {} more without their bodies. On record as audit_exported.",
                exported.records, exported.chains, exported.stubs
            ));
        }
        Format::Csv => Readable::Csv,
        Format::Ocsf => Readable::Ocsf,
    };
    let records = audit::read_out(store, scope, readable, out).await?;
    Ok(format!("{records} records, to be read; they prove nothing. On record as audit_exported."))
}

/// A file that gets its name when it is whole.
struct Aside {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Aside {
    fn create(target: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(!target.exists(), "{} exists; name a file that does not", target.display());
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).with_context(|| format!("{} could not be made", path.display()))?;
        Ok(Self { file, path, target: target.to_owned() })
    }

    fn place(self) -> anyhow::Result<()> {
        self.file.sync_all()?;
        // A link never takes the place of a file that came to be meanwhile.
        std::fs::hard_link(&self.path, &self.target)
            .with_context(|| format!("{} could not be made", self.target.display()))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Where it could not be removed it is called .part, and has no end.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// One verifier key on each line, with whose it is above it.
///
/// # Errors
/// When the devices cannot be read.
pub async fn keys(operator: &Operator) -> anyhow::Result<ExitCode> {
    let mut text =
        "# Verifier keys for `amberglass-verify --keys`: the servers that have worked on this database\n".to_owned();
    let own = (operator.audit.signer().name().to_owned(), operator.audit.verifier_key());
    let mut servers = operator.store.signers().await?;
    if !servers.contains(&own) {
        servers.push(own);
    }
    for (name, key) in servers {
        // The database is not believed about whom to believe: all keys come from the file server-key.
        let made = operator.key.checkpoint_signer(&name).is_ok_and(|signer| signer.verifier_key() == key);
        let line = if made { key } else { format!("# NOT of this installation's server-key, left out: {name}") };
        text.extend(line.chars().filter(|c| !c.is_control()));
        text.push('\n');
    }
    text.push_str("# Devices\n");
    // Nor about a device's key: the one counts with which it was registered, on record.
    let registrations = Registrations::read(&operator.store).await?;
    for listed in operator.store.devices(None).await? {
        let key = device_key::verifier_key(&listed.device.id, &listed.device.public_key);
        let name: String = listed.device.name.chars().filter(|c| !c.is_control()).collect();
        let id: String = listed.device.id.0.chars().filter(|c| !c.is_control()).collect();
        text.push_str(&match (registrations.of(&listed.device), key) {
            (Registration::Fits, Ok(key)) => format!("# {name}\n{key}\n"),
            (Registration::Retired, Ok(key)) => format!(
                "# {name}: its registration has been retired with the records of its time; compare the key with an earlier list\n{key}\n"
            ),
            (Registration::Differs, _) | (_, Err(_)) => {
                format!("# NOT the key with which it was registered, left out: {id} ({name})\n")
            }
            (Registration::Missing, Ok(_)) => format!("# NOT registered as the record has it, left out: {id} ({name})\n"),
        });
    }
    io::stdout().lock().write_all(text.as_bytes()).context("the keys could not be written")?;
    Ok(ExitCode::SUCCESS)
}
