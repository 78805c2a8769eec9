//! What stands in the place of a set's output, as HTML: a page's own picture widget has no alternative text.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tp_protocol::controls::View;

/// The HTML of an output; `bytes` are those of a picture.
pub(super) fn html(view: &View, bytes: &[u8]) -> String {
    match view {
        View::Picture { alt, width, height } => picture(
            &STANDARD.encode(bytes),
            alt,
            &format!(" width=\"{width}\" height=\"{height}\""),
        ),
        View::Text { text } => format!(
            "<pre style=\"white-space: pre-wrap; margin: 0\">{}</pre>",
            escape(text)
        ),
        View::Table { html, .. } => format!("<div class=\"jp-RenderedHTMLCommon\">{html}</div>"),
        View::Failure { message } => format!(
            // The themes' red is too pale for a text: it stands beside it.
            "<div role=\"alert\" style=\"white-space: pre-wrap; color: var(--jp-content-font-color1); \
             border-left: 4px solid var(--jp-error-color1, #b00020); padding-left: 0.6em\">✘ {}</div>",
            escape(message)
        ),
    }
}

/// A picture given in base64.
pub(super) fn picture(png: &str, alt: &str, size: &str) -> String {
    // Decoded before it is shown: the page does not jump from one picture to the next.
    format!(
        "<img decoding=\"sync\" src=\"data:image/png;base64,{png}\" alt=\"{}\"{size} style=\"max-width: 100%; height: auto\">",
        escape(alt)
    )
}

/// What names the handles of a set's sliders for who does not see the labels: the front end gives a handle the role and the
/// value of a slider, but no name, and no model has a field for it. The picture of one pixel is there for its event: it comes once
/// the page shows the set, whose boxes may fill a little later.
pub(super) fn names(labels: &[&str]) -> String {
    const PIXEL: &str =
        "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
    const NAME: &str = "const set=this.closest('.widget-vbox'),names=JSON.parse(this.dataset.names);\
        const name=left=>{set&&set.querySelectorAll('.noUi-handle').forEach((handle,index)=>\
        handle.setAttribute('aria-label',names[index]||''));left&&setTimeout(name,400,left-1)};name(8)";
    let labels = serde_json::json!(labels).to_string();
    format!(
        "<img alt=\"\" src=\"{PIXEL}\" data-names=\"{}\" onload=\"{NAME}\">",
        escape(&labels)
    )
}

/// A line about the set; nothing for an empty one.
pub(super) fn note(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(
        "<div role=\"status\" style=\"color: var(--jp-content-font-color1)\">{}</div>",
        escape(text)
    )
}

/// A text that HTML takes for nothing else.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_markup() {
        let hostile = "<script>\"'&";
        let views = [
            View::Text {
                text: hostile.to_owned(),
            },
            View::Failure {
                message: hostile.to_owned(),
            },
            View::Picture {
                alt: hostile.to_owned(),
                width: 1,
                height: 2,
            },
        ];
        for view in views {
            let html = html(&view, b"\x89PNG");
            assert!(html.contains("&lt;script&gt;&quot;&#39;&amp;"), "{html}");
        }
        let names = names(&["Luminosité", hostile]);
        assert!(
            names.contains("[&quot;Luminosité&quot;,&quot;&lt;script&gt;\\&quot;&#39;&amp;&quot;]"),
            "{names}"
        );
        assert_eq!(note(""), "");
        assert!(note(hostile).contains("&lt;script"));
    }
}
