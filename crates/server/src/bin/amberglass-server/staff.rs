//! `amberglass-server staff`: accounts. Each change is on record as the operator's.

use amberglass_server::{
    accounts::{AccountError, NewStaff},
    operator::Operator,
    store::StaffRow,
};
use amberglass_wire::auth::Role;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::json;

use crate::{
    output::{Output, time},
    password,
};

#[derive(Subcommand)]
pub enum Staff {
    /// Adds an active account. The password is asked for, or read from the standard input.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// agent, lead, security or admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// For somebody who signs in through the company's provider; then no password is asked for.
        #[arg(long)]
        no_password: bool,
        #[command(flatten)]
        output: Output,
    },
    /// All accounts, by name.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Signs the account out everywhere at once, ends its sessions, and lets nobody sign in to it.
    Disable {
        #[arg(value_name = "EMAIL")]
        email: String,
        /// Also if it is the last active admin.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Lets a disabled account sign in again.
    Enable {
        #[arg(value_name = "EMAIL")]
        email: String,
        #[command(flatten)]
        output: Output,
    },
    /// Gives the account another role, from its next request on.
    SetRole {
        #[arg(value_name = "EMAIL")]
        email: String,
        /// agent, lead, security or admin
        #[arg(value_name = "ROLE", value_parser = role)]
        role: Role,
        /// Also if it is the last active admin.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Gives the account a new password and signs it out everywhere. The password is asked for, or read from the standard
    /// input.
    SetPassword {
        #[arg(value_name = "EMAIL")]
        email: String,
        #[command(flatten)]
        output: Output,
    },
    /// Forgets the account's authenticator app and signs it out everywhere; the next sign-in sets up a new one.
    ResetSecondFactor {
        #[arg(value_name = "EMAIL")]
        email: String,
        #[command(flatten)]
        output: Output,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| format!("`{text}` is none of agent, lead, security, admin"))
}

pub async fn run(operator: &Operator, command: Staff) -> anyhow::Result<()> {
    let accounts = &operator.accounts;
    match command {
        Staff::Add { email, name, role, no_password, output } => {
            if !no_password && operator.config.openid_connect.is_some() {
                bail!(
                    "with openid_connect configured nobody signs in with a password: add the account with --no-password"
                );
            }
            let password = if no_password { None } else { Some(password::read()?) };
            let password = password.as_ref().map(|password| password.as_str());
            let new = NewStaff { name: &name, email: &email, role, password, external_subject: None };
            let id = accounts.add_staff(&new).await?;
            let sentence = format!("{} can sign in now, as {}.", email.trim(), role.as_str());
            output.done(&sentence, &json!({ "id": id, "email": email.trim(), "changed": true }))
        }
        Staff::List { output } => list(operator, output).await,
        Staff::Disable { email, force, output } => {
            let staff = find(operator, &email).await?;
            let changed = accounts.set_active_unless_last_admin(&staff.id, false, force).await.map_err(explained)?;
            done(output, &staff, changed, "is disabled: signed out everywhere, and their sessions end", "was disabled")
        }
        Staff::Enable { email, output } => {
            let staff = find(operator, &email).await?;
            let changed = accounts.set_active(&staff.id, true).await?;
            done(output, &staff, changed, "can sign in again", "was not disabled")
        }
        Staff::SetRole { email, role, force, output } => {
            let staff = find(operator, &email).await?;
            let changed = accounts.set_role(&staff.id, role, force).await.map_err(explained)?;
            let (new, same) =
                (format!("has the role {} now", role.as_str()), format!("had the role {}", role.as_str()));
            done(output, &staff, changed, &new, &same)
        }
        Staff::SetPassword { email, output } => {
            let staff = find(operator, &email).await?;
            accounts.set_password(&staff.id, &password::read()?).await?;
            done(output, &staff, true, "has a new password and is signed out everywhere", "")
        }
        Staff::ResetSecondFactor { email, output } => {
            let staff = find(operator, &email).await?;
            let changed = accounts.reset_second_factor(&staff.id).await?;
            done(output, &staff, changed, "sets up a new second factor at the next sign-in", "had no second factor")
        }
    }
}

async fn find(operator: &Operator, email: &str) -> anyhow::Result<StaffRow> {
    match operator.accounts.find(email).await {
        Err(AccountError::NoSuchAccount) => {
            bail!("there is no account with the e-mail address `{email}`; `staff list` shows them all")
        }
        found => found.context("the account could not be looked up"),
    }
}

fn explained(error: AccountError) -> anyhow::Error {
    let is_last = matches!(error, AccountError::LastAdmin);
    let error = anyhow::Error::from(error);
    if is_last { error.context("refused; with --force it is done all the same") } else { error }
}

fn done(output: Output, staff: &StaffRow, changed: bool, new: &str, same: &str) -> anyhow::Result<()> {
    let sentence = if changed {
        format!("{} {new}.", staff.email)
    } else {
        format!("{} {same} already; nothing was changed.", staff.email)
    };
    output.done(&sentence, &json!({ "id": staff.id, "email": staff.email, "changed": changed }))
}

async fn list(operator: &Operator, output: Output) -> anyhow::Result<()> {
    let staff = operator.store.all_staff().await?;
    let factor = |row: &StaffRow| {
        if row.external_subject.is_some() {
            "provider"
        } else if row.totp_sealed.is_some() {
            "set up"
        } else {
            "not yet"
        }
    };
    let rows: Vec<[String; 6]> = staff
        .iter()
        .map(|row| {
            [
                row.name.clone(),
                row.email.clone(),
                row.role.clone(),
                if row.active { "active" } else { "disabled" }.to_owned(),
                factor(row).to_owned(),
                time(row.created_at),
            ]
        })
        .collect();
    let all: Vec<_> = staff
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "name": row.name, "email": row.email, "role": row.role, "active": row.active,
                "second_factor": row.totp_sealed.is_some(), "linked_to_provider": row.external_subject.is_some(),
                "created_at": row.created_at,
            })
        })
        .collect();
    let headings = ["name", "e-mail", "role", "state", "second factor", "added"];
    output.table(headings, &rows, "There are no accounts yet: add one with `staff add`.", &all)
}
