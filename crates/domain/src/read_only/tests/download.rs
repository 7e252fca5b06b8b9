//! Which answers may be kept as files.

use super::super::*;

const RULES: &str = r#"
[[download]]
id = "invoice-files"
path = "/invoices/{id}/file"
query = { lang = ["en", "de"] }
content_types = ["application/pdf", "text/csv"]
max_bytes = 1000
why = "Customers send them on to their bookkeeper"

[[download]]
id = "pictures"
path = "/invoices/{id}/file"
query = { lang = "*" }
content_types = ["image/png"]
max_bytes = 50
"#;

fn file(media_type: Option<&str>, bytes: Option<u64>) -> OfferedFile<'_> {
    OfferedFile { is_whole: true, media_type, bytes }
}

fn decided(method: &str, target: &str, file: OfferedFile<'_>) -> Result<String, String> {
    let rules = super::rules(RULES);
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    match decide_download(file, &downloads(method, path, query, &rules)) {
        DownloadDecision::Pass { rule, bytes } => Ok(format!("{rule} {bytes}")),
        DownloadDecision::Block { rule } => Err(rule.into_owned()),
    }
}

#[test]
fn an_answer_is_a_file_only_by_a_rule_that_names_its_request_and_its_type_exactly() {
    let pdf = file(Some("application/pdf"), Some(7));
    let passes = |rule: &str| Ok(rule.to_owned());
    let refused = || Err("download-refused".to_owned());
    let table = [
        ("GET", "/invoices/7/file?lang=en", pdf, passes("invoice-files 7")),
        ("GET", "/invoices/7/file?lang=de", file(Some("text/csv"), Some(1000)), passes("invoice-files 1000")),
        ("GET", "/invoices/7/file", file(Some("image/png"), Some(0)), passes("pictures 0")),
        ("GET", "/invoices/7/file?lang=en", file(Some("image/png"), Some(50)), passes("pictures 50")),
        // Another request.
        ("HEAD", "/invoices/7/file?lang=en", pdf, refused()),
        ("POST", "/invoices/7/file?lang=en", pdf, refused()),
        ("GET", "/invoices/7/file", pdf, refused()),
        ("GET", "/invoices/7/file?lang=fr", pdf, refused()),
        ("GET", "/invoices/7/file?lang=en&all=1", pdf, refused()),
        ("GET", "/invoices/7/file?LANG=en", pdf, refused()),
        ("GET", "/invoices/7/file/?lang=en", pdf, refused()),
        ("GET", "/Invoices/7/file?lang=en", pdf, refused()),
        ("GET", "/invoices/7/8/file?lang=en", pdf, refused()),
        ("GET", "/other", pdf, refused()),
        // Another content.
        ("GET", "/invoices/7/file?lang=en", file(None, Some(7)), refused()),
        ("GET", "/invoices/7/file?lang=en", file(Some("application/pdfx"), Some(7)), refused()),
        ("GET", "/invoices/7/file?lang=en", file(Some("application/octet-stream"), Some(7)), refused()),
        ("GET", "/invoices/7/file?lang=en", OfferedFile { is_whole: false, ..pdf }, refused()),
        ("GET", "/invoices/7/file?lang=en", file(Some("application/pdf"), None), refused()),
        // Too much of it.
        (
            "GET",
            "/invoices/7/file?lang=en",
            file(Some("application/pdf"), Some(1001)),
            Err("download-too-long".to_owned()),
        ),
        ("GET", "/invoices/7/file?lang=en", file(Some("image/png"), Some(51)), Err("download-too-long".to_owned())),
    ];
    for (method, target, file, expected) in table {
        assert_eq!(decided(method, target, file), expected, "{method} {target} {file:?}");
    }
}

#[test]
fn a_rule_about_files_lets_no_request_pass_and_blocks_none() {
    let rules = super::rules(RULES);
    super::is(&super::request("GET", "/invoices/7/file?lang=en"), Mode::ReadOnly, &rules, None);
    super::is(&super::request("GET", "/invoices/7/file?lang=fr"), Mode::ReadOnly, &rules, None);
    super::is(&super::request("POST", "/invoices/7/file"), Mode::ReadOnly, &rules, Some(Err("read-only-method")));
    assert!(downloads("GET", "/invoices/7/file", None, &PortalRules::default()).is_empty());
}

#[test]
fn of_a_file_s_name_only_a_plain_ending_goes_on_record() {
    let table = [
        ("attachment; filename=\"Invoice 7 of Jane Doe.PDF\"", Some("pdf")),
        ("attachment; filename=a.csv", Some("csv")),
        ("attachment; filename=a.b.tar.gz; size=7", Some("gz")),
        ("attachment; filename=\"x.txt\"; FILENAME*=UTF-8''r%C3%A9x.pdf", Some("pdf")),
        ("attachment; filename=\"a;b.pdf\"", None),
        ("attachment; filename=invoice", None),
        ("attachment; filename=\"a.jane@example.com\"", Some("com")),
        ("attachment; filename=\"a.jane doe\"", None),
        ("attachment; filename=\"a.longerthanten\"", None),
        ("attachment; filename=\"a.\"", None),
        ("attachment; name=a.pdf", None),
        ("attachment", None),
        ("filename=a.pdf", None),
        ("", None),
    ];
    for (given, expected) in table {
        assert_eq!(extension(given).as_deref(), expected, "{given}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_that_a_portal_says_of_a_file_makes_more_of_it_than_a_rule_lists(
        given in ".{0,60}", bytes in proptest::option::of(0..2000_u64), is_whole: bool,
    ) {
        let offered = OfferedFile { is_whole, media_type: Some(&given), bytes };
        if decided("GET", "/invoices/7/file?lang=en", offered).is_ok() {
            proptest::prop_assert!(is_whole && bytes.is_some_and(|bytes| bytes <= 1000));
            proptest::prop_assert!(["application/pdf", "text/csv", "image/png"].contains(&given.as_str()));
        }
        let ending = extension(&format!("attachment; filename={given}"));
        proptest::prop_assert!(ending.is_none_or(|ending| ending.len() <= 10 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}
