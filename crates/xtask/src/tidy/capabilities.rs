//! Invariant 4: no capability reaches outside the console's own pages, none is for the portal.

use serde_json::Value;

use crate::repository::SourceFile;
use crate::tidy::{Finding, has_extension};

const FOLDER: &str = "src-tauri/capabilities/";
const CONFIGURATION: &str = "tauri.conf.json";

/// The webview that shows the customer's portal.
const PORTAL: &str = "portal";

pub fn check(sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.iter().filter(|file| file.path.starts_with(FOLDER)) {
        if has_extension(&file.path, &["json"]) {
            findings.extend(words_for(file, of_capability));
        } else {
            findings.push(Finding::new(&file.path, 0, "capabilities are written in JSON, so that they can be checked"));
        }
    }
    for file in sources.iter().filter(|file| file.path == CONFIGURATION) {
        findings.extend(words_for(file, of_configuration));
    }
    findings
}

fn words_for(file: &SourceFile, rule: fn(&Value) -> Vec<String>) -> Vec<Finding> {
    match serde_json::from_str(&file.text) {
        Ok(value) => rule(&value).into_iter().map(|word| Finding::new(&file.path, 0, word)).collect(),
        Err(error) => vec![Finding::new(&file.path, error.line(), format!("can't be read: {error}"))],
    }
}

fn of_capability(capability: &Value) -> Vec<String> {
    let mut words = Vec::new();
    if has_key(capability, "remote") {
        words.push("names `remote`: a page from elsewhere would get at commands".to_owned());
    }
    for text in texts(capability) {
        if text.contains('*') {
            words.push(format!("`{text}` is a pattern: name each window and each permission"));
        }
    }
    for list in ["windows", "webviews"] {
        if capability.get(list).is_some_and(|names| texts(names).iter().any(|name| name.contains(PORTAL))) {
            words.push(format!("names the portal in `{list}`: the customer's page has no bridge of any kind"));
        }
    }
    words
}

fn of_configuration(configuration: &Value) -> Vec<String> {
    let app = configuration.get("app");
    let mut words = Vec::new();
    if app.and_then(|app| app.get("withGlobalTauri")) == Some(&Value::Bool(true)) {
        words.push("withGlobalTauri puts the bridge into every page".to_owned());
    }
    let inline = app.and_then(|app| app.pointer("/security/capabilities")).and_then(Value::as_array);
    if inline.is_some_and(|capabilities| capabilities.iter().any(Value::is_object)) {
        words.push(format!("capabilities stand in {FOLDER}, not inline"));
    }
    words
}

fn has_key(value: &Value, key: &str) -> bool {
    if let Some(object) = value.as_object() {
        return object.contains_key(key) || object.values().any(|inner| has_key(inner, key));
    }
    value.as_array().is_some_and(|values| values.iter().any(|inner| has_key(inner, key)))
}

fn texts(value: &Value) -> Vec<&str> {
    if let Some(text) = value.as_str() {
        return vec![text];
    }
    if let Some(object) = value.as_object() {
        return object.iter().filter(|(key, _)| *key != "description").flat_map(|(_, inner)| texts(inner)).collect();
    }
    value.as_array().map(|values| values.iter().flat_map(texts).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn count(capability: &str) -> usize {
        check(&[file("src-tauri/capabilities/console.json", capability)]).len()
    }

    #[test]
    fn a_capability_of_named_windows_and_commands_is_fine() {
        assert_eq!(
            count(
                r#"{"identifier": "console", "description": "no *", "windows": ["console"], "permissions": ["allow-find-customers"]}"#
            ),
            0
        );
    }

    #[test]
    fn remote_patterns_the_portal_and_unreadable_files_are_found() {
        assert_eq!(count(r#"{"remote": {"urls": []}}"#), 1);
        assert_eq!(count(r#"{"windows": ["*"]}"#), 1);
        assert_eq!(count(r#"{"permissions": [{"identifier": "fs:allow", "allow": [{"path": "$HOME/*"}]}]}"#), 1);
        assert_eq!(count(r#"{"webviews": ["session-portal"]}"#), 1);
        assert_eq!(count("{"), 1);
        assert_eq!(check(&[file("src-tauri/capabilities/console.toml", "")]).len(), 1);
    }

    #[test]
    fn the_configuration_may_not_give_every_page_the_bridge() {
        let count = |text: &str| check(&[file("tauri.conf.json", text)]).len();
        assert_eq!(count(r#"{"app": {"withGlobalTauri": true}}"#), 1);
        assert_eq!(count(r#"{"app": {"security": {"capabilities": [{"identifier": "x"}]}}}"#), 1);
        assert_eq!(count(r#"{"app": {"withGlobalTauri": false, "security": {"capabilities": ["console"]}}}"#), 0);
    }
}
