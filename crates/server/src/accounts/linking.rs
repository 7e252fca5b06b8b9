//! From who the company's provider says somebody is to an account here.

use amberglass_wire::audit::EventDetail;

use super::{AccountError, Accounts, NewStaff, provider::Identity, subject_of};
use crate::{config::OpenidConnect, store::StaffRow};

/// What came of an identity.
#[derive(Debug)]
pub enum ProviderSignIn {
    Accepted(StaffRow),
    /// No e-mail address that the provider has verified, and one is needed.
    EmailNotVerified,
    DomainNotAllowed,
    NoAccount,
    Disabled,
    /// The account with this e-mail address belongs to another subject.
    LinkedToAnother,
}

impl Accounts {
    /// Finds the account by the provider's subject; the first time by e-mail address, and ties it to the subject then.
    ///
    /// # Errors
    /// When the accounts cannot be read or written; nobody is signed in then.
    pub async fn sign_in_with_provider(
        &self,
        config: &OpenidConnect,
        identity: &Identity,
    ) -> Result<ProviderSignIn, AccountError> {
        let email = identity.verified_email.as_deref();
        if !config.allowed_domains.is_empty() {
            match email {
                None => return Ok(ProviderSignIn::EmailNotVerified),
                Some(email) if !config.allows(email) => return Ok(ProviderSignIn::DomainNotAllowed),
                Some(_) => {}
            }
        }
        let mut tx = self.store.begin().await?;
        if let Some(row) = tx.staff_by_external_subject(&identity.subject).await? {
            return Ok(if row.active { ProviderSignIn::Accepted(row) } else { ProviderSignIn::Disabled });
        }
        let Some(email) = email else { return Ok(ProviderSignIn::EmailNotVerified) };
        let row = match tx.staff_by_email(email).await? {
            Some(row) if row.external_subject.is_some() => return Ok(ProviderSignIn::LinkedToAnother),
            Some(row) if !row.active => return Ok(ProviderSignIn::Disabled),
            Some(row) => row,
            None => match config.create_accounts {
                Some(role) => {
                    let name = identity.name.as_deref().unwrap_or(email);
                    let new = NewStaff { name, email, role, password: None, external_subject: None };
                    self.add_in(&mut tx, &new).await?
                }
                None => return Ok(ProviderSignIn::NoAccount),
            },
        };
        if !tx.link_provider(&row.id, &identity.subject).await? {
            return Ok(ProviderSignIn::LinkedToAnother);
        }
        let detail = EventDetail::ProviderLinked { issuer: identity.issuer.clone() };
        self.audit.append_in(&mut tx, subject_of(&row.id), detail).await?;
        tx.commit().await?;
        Ok(ProviderSignIn::Accepted(row))
    }
}
