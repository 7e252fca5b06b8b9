//! Stands where the system browser stands when nobody sits before it: fills in the server's sign-in form over HTTP, as
//! `$BROWSER` of a console on a desk without a screen. It knows nothing but the form.

use std::time::Duration;

use anyhow::{Context as _, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("an address is expected")?;
    let email = std::env::var("AMBERGLASS_SIGN_IN_EMAIL")?;
    let password = std::env::var("AMBERGLASS_SIGN_IN_PASSWORD")?;
    let answer_file = std::env::var("AMBERGLASS_SIGN_IN_ANSWER").ok();
    let answer = amberglass_tests::browser::fill_in(&address, &email, &password, Duration::from_secs(15)).await?;
    if let Some(file) = answer_file {
        std::fs::write(file, &answer)?;
    }
    Ok(())
}
