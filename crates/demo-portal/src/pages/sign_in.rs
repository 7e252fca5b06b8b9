//! Where customers sign in.

use axum::response::{Html, IntoResponse, Response};
use maud::html;

use super::layout::{brand, document, foot};

/// `wrong` says what could not be taken.
pub(crate) fn page(wrong: Option<&str>, customer: &str) -> Response {
    let body = html! {
        header class="top" { div class="wide top-row" { (brand()) } }
        main class="wide" id="content" {
            h1 { "Sign in" }
            section class="card sign-in" {
                form class="fields" method="post" action="/sign-in" {
                    @if let Some(wrong) = wrong { p class="wrong" role="alert" { (wrong) } }
                    label { "Customer number" input name="customer" inputmode="numeric" required maxlength="20" autocomplete="username" value=(customer); }
                    label { "Password" input type="password" name="password" required maxlength="200" autocomplete="current-password"; }
                    button class="button" type="submit" { "Sign in" }
                    p class="quiet small-print" { "This is a sample: the password is barkside- and the number, until it is changed." }
                }
            }
        }
        (foot())
    };
    Html(document("Sign in", body).into_string()).into_response()
}
