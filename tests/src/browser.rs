//! What a browser does with the server's sign-in form: load it, keep its cookies, send its hidden fields with what the
//! person types, follow the redirect to the console's loopback address.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Gives the last page's HTML: the console's "you can close this tab", or the form with its error.
///
/// # Errors
/// When an address does not answer.
pub async fn fill_in(address: &str, email: &str, password: &str, limit: Duration) -> Result<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest::Client::builder().no_proxy().timeout(limit).redirect(reqwest::redirect::Policy::none()).build()?;
    let form = client.get(address).send().await?;
    let cookies: Vec<String> = form
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
        .collect();
    let base = form.url().clone();
    let html = form.text().await?;
    let action = attribute(tag(&html, "<form").context("the page has no form")?, "action").unwrap_or_default();
    let mut fields: Vec<(String, String)> = hidden_fields(&html);
    fields.push(("email".to_owned(), email.to_owned()));
    fields.push(("password".to_owned(), password.to_owned()));
    let target = base.join(&action)?;
    let answer = client
        .post(target.clone())
        .header("cookie", cookies.join("; "))
        .header("origin", base.origin().ascii_serialization())
        .form(&fields)
        .send()
        .await?;
    let Some(next) = answer.headers().get("location") else {
        return Ok(answer.text().await?);
    };
    let next = target.join(next.to_str()?)?;
    Ok(client.get(next).send().await?.text().await?)
}

fn hidden_fields(html: &str) -> Vec<(String, String)> {
    html.match_indices("<input")
        .filter_map(|(at, _)| tag(html.get(at..)?, "<input"))
        .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())))
        .collect()
}

fn tag<'a>(html: &'a str, start: &str) -> Option<&'a str> {
    let from = html.find(start)?;
    let rest = html.get(from..)?;
    rest.get(..rest.find('>')?)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let rest = tag.get(from..)?;
    let value = rest.get(..rest.find('"')?)?;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_fields_are_read_as_a_browser_reads_them() {
        let html = r#"<form method="post" action="/x?a=1&amp;b=2"><input type="hidden" name="n" value="&lt;v&quot;"><input type="text" name="t"></form>"#;
        assert_eq!(hidden_fields(html), [("n".to_owned(), "<v\"".to_owned())]);
        assert_eq!(attribute(tag(html, "<form").unwrap(), "action").unwrap(), "/x?a=1&b=2");
    }
}
