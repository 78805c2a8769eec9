//! The tables of an output's HTML, rebuilt tag by tag: what is not of a table goes, with what it could do.

use super::escaped;

/// What a table is made of, and the emphasis in its cells.
const KNOWN: [&str; 14] = [
    "table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "b", "i", "em", "strong",
    "sub", "sup",
];
/// What is left out with all that it holds.
const HIDDEN: [&str; 5] = ["script", "style", "title", "template", "iframe"];
const ALIGNMENTS: [&str; 3] = ["left", "right", "center"];

/// The tables of `html`, well closed; `None` when it holds none.
pub fn tables(html: &str) -> Option<String> {
    let mut kept = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text(&mut kept, &rest[..at], &open);
        let Some(end) = rest[at..].find('>').map(|end| at + end) else {
            rest = "";
            break;
        };
        let tag = rest[at + 1..end].trim();
        rest = &rest[end + 1..];
        let closes = tag.starts_with('/');
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !closes && HIDDEN.contains(&name.as_str()) {
            let close = format!("</{name}");
            // Bytes of ASCII keep their places.
            rest = rest
                .to_ascii_lowercase()
                .find(&close)
                .map_or("", |end| &rest[end..]);
            continue;
        }
        let Some(&name) = KNOWN.iter().find(|known| **known == name) else {
            continue;
        };
        if closes {
            if let Some(place) = open.iter().rposition(|one| *one == name) {
                for one in open.drain(place..).rev() {
                    kept.push_str(&format!("</{one}>"));
                }
            }
        } else if name == "table" || open.contains(&"table") {
            kept.push_str(&format!("<{name}{}>", alignment(tag)));
            open.push(name);
        }
    }
    text(&mut kept, rest, &open);
    for one in open.iter().rev() {
        kept.push_str(&format!("</{one}>"));
    }
    kept.contains("<table").then_some(kept)
}

/// Text within a table; entities stay.
fn text(kept: &mut String, text: &str, open: &[&str]) {
    if open.contains(&"table") {
        kept.push_str(&escaped(text).replace("&amp;", "&"));
    }
}

fn alignment(tag: &str) -> String {
    let said = tag
        .split_once("text-align:")
        .map(|(_, value)| value.trim_start());
    let known = said.and_then(|value| {
        ALIGNMENTS
            .into_iter()
            .find(|known| value.starts_with(known))
    });
    known.map_or(String::new(), |known| {
        format!(" style=\"text-align:{known}\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_kept_and_nothing_else() {
        let table = "<table>\n<thead><tr><th style=\"text-align:right\">taux &lt; 1</th></tr></thead></table>";
        assert_eq!(tables(table).as_deref(), Some(table));
        assert_eq!(tables("<p>rien</p>"), None);
        let odd = "avant<script>alert('<table>')</script><TABLE onclick=\"x()\"><tr><td style=\"text-align:left;background:url(http://x)\">a<img src=x onerror=y()>b<style>c</style><tr><td>d";
        assert_eq!(
            tables(odd).as_deref(),
            Some(
                "<table><tr><td style=\"text-align:left\">ab<tr><td>d</td></tr></td></tr></table>"
            )
        );
        // A tag that is never closed ends the text.
        assert_eq!(
            tables("<table><tr><td>a</td></tr></table></div><img src=\"").as_deref(),
            Some("<table><tr><td>a</td></tr></table>")
        );
    }
}
