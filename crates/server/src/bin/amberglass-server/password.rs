//! A password for an account: typed at a terminal without showing it, or piped in. Never an argument, which everybody on
//! the machine could read.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// # Errors
/// When nothing can be read, or the two times it is typed differ.
pub fn read() -> anyhow::Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        let ask = |prompt| rpassword::prompt_password(prompt).map(Zeroizing::new);
        let first = ask("New password: ").context("the password could not be read")?;
        let second = ask("The same again: ").context("the password could not be read")?;
        if *first != *second {
            bail!("the two passwords differ; nothing was changed");
        }
        return Ok(first);
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text).context("the password could not be read from the standard input")?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
