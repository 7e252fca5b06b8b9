//! Which server this run works with. The computer's own settings come first, then the environment, then what was chosen in
//! the console; whoever has chosen nothing is asked at the first run.

use amberglass_app::preferences::ServerChoice;
use tauri::Url;

/// The demo, and a server on the same machine.
const DEFAULT: &str = "http://127.0.0.1:7400";

/// What a choice may come from.
#[derive(Debug, Default)]
pub struct Sources {
    pub machine_policy: Option<String>,
    pub environment: Option<String>,
    pub preferences: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("the server address {address} from {source_name} cannot be used: {reason}")]
pub struct ServerChoiceError {
    address: String,
    source_name: &'static str,
    reason: String,
}

/// # Errors
/// When an address that was set from outside cannot be used: nobody could change it in the console, and another server
/// must not take its place.
pub fn choose(sources: Sources) -> Result<(ServerChoice, Url), ServerChoiceError> {
    let Sources { machine_policy, environment, preferences } = sources;
    let environment = environment.filter(|address| !address.trim().is_empty());
    if let (Some(policy), Some(environment)) = (&machine_policy, &environment)
        && policy != environment
    {
        tracing::warn!("AMBERGLASS_SERVER is passed over: this computer's settings name the server");
    }
    let outside = machine_policy
        .map(|address| (address, "this computer's settings"))
        .or_else(|| environment.map(|address| (address, "AMBERGLASS_SERVER")));
    if let Some((address, source_name)) = outside {
        return match origin(&address) {
            Ok(url) => Ok((ServerChoice { address: text(&url), fixed: true }, url)),
            Err(reason) => Err(ServerChoiceError { address, source_name, reason }),
        };
    }
    let kept = preferences.and_then(|address| match origin(&address) {
        Ok(url) => Some(url),
        Err(reason) => {
            tracing::warn!(reason, "the kept server address cannot be used");
            None
        }
    });
    let url = match kept {
        Some(url) => url,
        None => origin(DEFAULT).map_err(|reason| ServerChoiceError {
            address: DEFAULT.to_owned(),
            source_name: "the program itself",
            reason,
        })?,
    };
    Ok((ServerChoice { address: text(&url), fixed: false }, url))
}

/// Scheme, host and port of an address; whether the scheme is good enough for the host is the client's to say.
fn origin(address: &str) -> Result<Url, String> {
    let mut url = Url::parse(address.trim()).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("it is not the http or https address of a server".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a name or a password".to_owned());
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Without a slash at the end.
fn text(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn chosen(sources: Sources) -> (String, bool) {
        let (choice, _) = choose(sources).unwrap();
        (choice.address, choice.fixed)
    }

    #[test]
    fn the_computers_settings_come_before_the_environment_and_both_before_what_was_chosen() {
        let all = || Sources {
            machine_policy: some("https://policy.example"),
            environment: some("https://environment.example"),
            preferences: some("https://chosen.example"),
        };
        assert_eq!(chosen(all()), ("https://policy.example".to_owned(), true));
        assert_eq!(chosen(Sources { machine_policy: None, ..all() }), ("https://environment.example".to_owned(), true));
        let only = Sources { machine_policy: None, environment: some(" "), ..all() };
        assert_eq!(chosen(only), ("https://chosen.example".to_owned(), false));
        assert_eq!(chosen(Sources::default()), (DEFAULT.to_owned(), false));
    }

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for (given, kept) in [
            ("https://Amberglass.example:443/path?x#y", "https://amberglass.example"),
            ("http://127.0.0.1:7400/", "http://127.0.0.1:7400"),
            ("http://[::1]:7400", "http://[::1]:7400"),
        ] {
            assert_eq!(chosen(Sources { environment: some(given), ..Sources::default() }).0, kept);
        }
    }

    #[test]
    fn an_address_from_outside_that_cannot_be_used_stops_the_start_and_a_kept_one_is_asked_for_again() {
        for bad in ["amberglass.example", "ftp://a.example", "https://a:b@c.example", "https://"] {
            let outside = Sources { machine_policy: some(bad), ..Sources::default() };
            let words = choose(outside).unwrap_err().to_string();
            assert!(words.contains(bad) && words.contains("settings"), "{words}");
            assert_eq!(chosen(Sources { preferences: some(bad), ..Sources::default() }), (DEFAULT.to_owned(), false));
        }
    }
}
