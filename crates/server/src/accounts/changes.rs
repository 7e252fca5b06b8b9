//! What the operator changes of accounts. Each change is on record, in the same transaction.

use amberglass_domain::ports::uuid_v7;
use amberglass_wire::{StaffId, audit::EventDetail, auth::Role};

use super::{AccountError, Accounts, MAX_EMAIL_BYTES, SAMPLE_STAFF, password, subject_of};
use crate::store::{NO_PASSWORD, StaffRow, Tx};

/// An account about to be made.
pub struct NewStaff<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub role: Role,
    /// `None` for somebody who signs in with the company's provider only.
    pub password: Option<&'a str>,
    /// `iss` and `sub` at the provider, joined by a line feed.
    pub external_subject: Option<String>,
}

impl Accounts {
    /// Adds an active account with a password.
    ///
    /// # Errors
    /// When the address is taken or no address, or the password too short.
    pub async fn add(&self, name: &str, email: &str, role: Role, password: &str) -> Result<StaffId, AccountError> {
        self.add_staff(&NewStaff { name, email, role, password: Some(password), external_subject: None }).await
    }

    /// Adds an active account.
    ///
    /// # Errors
    /// When the address is taken or no address, or the password too short.
    pub async fn add_staff(&self, new: &NewStaff<'_>) -> Result<StaffId, AccountError> {
        let mut tx = self.store.begin().await?;
        let staff = self.add_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(staff.id)
    }

    pub(super) async fn add_in(&self, tx: &mut Tx, new: &NewStaff<'_>) -> Result<StaffRow, AccountError> {
        let password_hash = match new.password {
            Some(password) => password::accepted(password, &*self.entropy)?,
            None => NO_PASSWORD.to_owned(),
        };
        let email = new.email.trim();
        if email.len() > MAX_EMAIL_BYTES
            || !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
            || email.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(AccountError::Email(email.to_owned()));
        }
        let staff = StaffRow {
            id: StaffId(uuid_v7(&*self.clock, &*self.entropy)),
            email: email.to_owned(),
            name: new.name.trim().to_owned(),
            role: new.role.as_str().to_owned(),
            password_hash,
            active: true,
            created_at: self.clock.now(),
            totp_sealed: None,
            external_subject: new.external_subject.clone(),
        };
        if !tx.insert_staff(&staff).await? {
            return Err(AccountError::EmailTaken);
        }
        let detail = EventDetail::StaffAdded { role: staff.role.clone(), by: None };
        self.audit.append_in(tx, subject_of(&staff.id), detail).await?;
        Ok(staff)
    }

    /// A staff member who is not active is signed out everywhere at once, and their sessions end. False when nothing
    /// changed.
    ///
    /// # Errors
    /// When there is no such account, or it cannot be written.
    pub async fn set_active(&self, id: &StaffId, active: bool) -> Result<bool, AccountError> {
        self.set_active_unless_last_admin(id, active, true).await
    }

    /// As [`Accounts::set_active`], but the last active admin is disabled only with `even_last_admin`.
    ///
    /// # Errors
    /// [`AccountError::LastAdmin`], or when there is no such account, or it cannot be written.
    pub async fn set_active_unless_last_admin(
        &self,
        id: &StaffId,
        active: bool,
        even_last_admin: bool,
    ) -> Result<bool, AccountError> {
        let mut tx = self.store.begin().await?;
        let row = tx.staff_by_id(id).await?.ok_or(AccountError::NoSuchAccount)?;
        if !active && !even_last_admin {
            keeps_an_admin(&mut tx, &row).await?;
        }
        if !tx.set_staff_active(id, active).await? {
            return Ok(false);
        }
        let detail =
            if active { EventDetail::StaffEnabled { by: None } } else { EventDetail::StaffDisabled { by: None } };
        if !active {
            // Enabling the account again must not bring an old sign-in back to life.
            tx.revoke_families_of(id, self.clock.now()).await?;
        }
        self.audit.append_in(&mut tx, subject_of(id), detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Holds from the next request on. False when nothing changed.
    ///
    /// # Errors
    /// [`AccountError::LastAdmin`] unless `even_last_admin`, or when there is no such account, or it cannot be written.
    pub async fn set_role(&self, id: &StaffId, role: Role, even_last_admin: bool) -> Result<bool, AccountError> {
        let mut tx = self.store.begin().await?;
        let row = tx.staff_by_id(id).await?.ok_or(AccountError::NoSuchAccount)?;
        if role != Role::Admin && !even_last_admin {
            keeps_an_admin(&mut tx, &row).await?;
        }
        if !tx.set_staff_role(id, role).await? {
            return Ok(false);
        }
        let detail = EventDetail::StaffRoleChanged { from: row.role, to: role.as_str().to_owned(), by: None };
        self.audit.append_in(&mut tx, subject_of(id), detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Signs the account out everywhere: whoever knew the old password may be signed in with it.
    ///
    /// # Errors
    /// When the password is too short, there is no such account, or it cannot be written.
    pub async fn set_password(&self, id: &StaffId, password: &str) -> Result<(), AccountError> {
        let hash = password::accepted(password, &*self.entropy)?;
        let mut tx = self.store.begin().await?;
        if !tx.set_staff_password(id, &hash).await? {
            return Err(AccountError::NoSuchAccount);
        }
        tx.revoke_families_of(id, self.clock.now()).await?;
        self.audit.append_in(&mut tx, subject_of(id), EventDetail::PasswordChanged { by: None }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The account sets up a new second factor at its next sign-in, and is signed out everywhere until then. False when
    /// it has none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn reset_second_factor(&self, id: &StaffId) -> Result<bool, AccountError> {
        let mut tx = self.store.begin().await?;
        if !tx.reset_second_factor(id).await? {
            return Ok(false);
        }
        tx.revoke_families_of(id, self.clock.now()).await?;
        self.audit.append_in(&mut tx, subject_of(id), EventDetail::SecondFactorReset { by: None }).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The sample staff of the demo, on an empty database only.
    pub(crate) async fn add_samples(&self) -> Result<(), AccountError> {
        if self.store.has_staff().await? {
            return Ok(());
        }
        for sample in SAMPLE_STAFF {
            self.add(sample.name, sample.email, sample.role, sample.password).await?;
        }
        tracing::warn!("demo: sample staff with known passwords were added; this server listens on loopback only");
        Ok(())
    }
}

/// An admin cannot be locked out unseen.
async fn keeps_an_admin(tx: &mut Tx, row: &StaffRow) -> Result<(), AccountError> {
    let is_last = row.active && row.role == Role::Admin.as_str() && !tx.another_has_role(&row.id, Role::Admin).await?;
    if is_last { Err(AccountError::LastAdmin) } else { Ok(()) }
}
