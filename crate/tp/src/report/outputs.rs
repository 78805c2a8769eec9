//! Outputs of a cell as HTML: figures inlined, tables, text.

use serde_json::Value;

use super::{escaped, markdown, markup};

/// Pictures that a page shows.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/// Longest text of one output, in lines: a report is no log.
const LINES: usize = 60;

/// The outputs that are worth a place in a report; empty when there is none (a bar of progress is none).
pub fn to_html(outputs: &[Value]) -> String {
    let mut page = String::new();
    // Texts that follow each other are one.
    let mut text = String::new();
    for output in outputs {
        if output["output_type"] == "stream" {
            text.push_str(&joined(&output["text"]));
            continue;
        }
        flush(&mut page, &mut text);
        if output["output_type"] == "error" {
            let said = plain(output["evalue"].as_str().unwrap_or_default());
            page.push_str(&format!(
                "<pre class=\"arret\">La cellule s'est arrêtée : {}</pre>\n",
                escaped(&said)
            ));
        } else {
            page.push_str(&shown(&output["data"]));
        }
    }
    flush(&mut page, &mut text);
    page
}

/// A picture inlined; `None` for what is no picture.
pub fn picture(media: &str, base64: &str, description: &str) -> Option<String> {
    let base64: String = base64.split_whitespace().collect();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let shown = PICTURES.contains(&media) && !base64.is_empty() && base64.chars().all(is_base64);
    shown.then(|| {
        format!(
            "<img alt=\"{}\" src=\"data:{media};base64,{base64}\">",
            escaped(description.trim())
        )
    })
}

/// Text stored as one string or as a list of lines.
pub fn joined(source: &Value) -> String {
    match source {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// The best form of what a cell displays.
fn shown(data: &Value) -> String {
    let words = joined(&data["text/plain"]);
    let picture = PICTURES
        .iter()
        .find_map(|media| picture(media, &joined(&data[*media]), &words));
    if let Some(picture) = picture {
        return format!("<p class=\"figure\">{picture}</p>\n");
    }
    let html = joined(&data["text/html"]);
    if html.contains("role=\"progressbar\"") {
        return String::new();
    }
    if let Some(tables) = markup::tables(&html) {
        return format!("<div class=\"tableau\">{tables}</div>\n");
    }
    let text = joined(&data["text/markdown"]);
    if !text.trim().is_empty() {
        return markdown::to_html(&text, &Value::Null);
    }
    preformatted(&words)
}

fn flush(page: &mut String, text: &mut String) {
    page.push_str(&preformatted(text));
    text.clear();
}

fn preformatted(text: &str) -> String {
    let text = plain(text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        return String::new();
    }
    let mut kept = lines[..lines.len().min(LINES)].join("\n");
    if lines.len() > LINES {
        kept.push_str(&format!(
            "\n… ({} lignes de plus dans le notebook)",
            lines.len() - LINES
        ));
    }
    format!("<pre>{}</pre>\n", escaped(&kept))
}

/// A text as a terminal leaves it: without its colours, and of a line that was written over, the last state.
fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                characters.next();
                while characters.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
            }
            '\r' if characters.peek() != Some(&'\n') => {
                let start = kept.rfind('\n').map_or(0, |at| at + 1);
                kept.truncate(start);
            }
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => kept.push(c),
        }
    }
    kept
}
