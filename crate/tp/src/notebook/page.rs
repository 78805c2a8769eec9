//! What is put right in nbconvert's page: its title, the alternative texts of its pictures, its equations, its lines,
//! and the check cells, folded as JupyterLab folds them.

use super::mathml;

/// What nbconvert's template says of every picture, in English.
const NO_DESCRIPTION: &str = "alt=\"No description has been provided for this image\"";
/// What a text cell is shown in.
const TEXT_CELL: &str = "data-mime-type=\"text/markdown\"";
/// What begins any cell.
const CELL: &str = "<div class=\"jp-Cell ";
/// What nbconvert's template adds to the classes of a check cell, after the tag that publication gives it.
const CHECK_CELL: &str = "celltag_verification";
/// Where nbconvert's template loads MathJax.
const MATHJAX: [&str; 2] = [
    "<!-- Load mathjax -->",
    "<!-- End of mathjax configuration -->",
];

/// The template breaks lines of output inside words, and a printed page cuts the lines of code that do not fit.
const LINES: &str = "<style>.jp-OutputArea-output pre{word-break:normal;overflow-wrap:anywhere}\
    @media print{.jp-InputArea .highlight pre{white-space:pre-wrap;overflow-wrap:anywhere}}</style>";

/// A page whose pictures have their alternative texts, in the order of the notebook. When the page does not hold as many
/// pictures, it stays as it is: a wrong description is worse than none.
pub fn described(page: &str, texts: &[String]) -> String {
    let parts: Vec<&str> = page.split(NO_DESCRIPTION).collect();
    if parts.len() != texts.len() + 1 {
        return page.to_owned();
    }
    let mut described = parts[0].to_owned();
    for (text, part) in texts.iter().zip(&parts[1..]) {
        described.push_str(&format!("alt=\"{}\"{part}", escaped(text.trim())));
    }
    described
}

/// The page with this title, in place of the file's name.
pub fn titled(page: &str, title: Option<&str>) -> String {
    let (Some(title), Some((before, rest))) = (title, page.split_once("<title>")) else {
        return page.to_owned();
    };
    match rest.split_once("</title>") {
        Some((_, after)) => format!("{before}<title>{}</title>{after}", escaped(title)),
        None => page.to_owned(),
    }
}

/// The page whose equations are MathML, which needs no network; those that are not known stay, and MathJax with them.
pub fn with_equations(page: &str) -> String {
    let mut shown = String::with_capacity(page.len());
    let (mut rest, mut all) = (page, true);
    while let Some(start) = rest.find(TEXT_CELL) {
        let (before, cell) = rest.split_at(start);
        let end = cell.find(CELL).unwrap_or(cell.len());
        let (cell, after) = cell.split_at(end);
        shown.push_str(before);
        shown.push_str(&cell_equations(cell, &mut all));
        rest = after;
    }
    shown.push_str(rest);
    match (all, shown.find(MATHJAX[0]), shown.find(MATHJAX[1])) {
        (true, Some(start), Some(end)) if start < end => {
            shown.replace_range(start..end + MATHJAX[1].len(), "");
            shown
        }
        _ => shown,
    }
}

/// The page whose check cells show their first line only, until the reader unfolds them: closed questions carry their
/// answers in a form that nobody reads.
pub fn with_folded_checks(page: &str) -> String {
    let mut parts = page.split(CHECK_CELL);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(CHECK_CELL);
        let (cell, after) = part.split_at(part.find(CELL).unwrap_or(part.len()));
        match between(cell, "<pre>", "</pre>") {
            Some((before, code, rest)) => shown.push_str(&format!(
                "{before}<details><summary>{}</summary>{code}</details>{rest}",
                first_comment(code).unwrap_or("Vérification")
            )),
            None => shown.push_str(cell),
        }
        shown.push_str(after);
    }
    shown
}

/// The page whose lines break between words, and are whole on paper.
pub fn with_whole_lines(page: &str) -> String {
    page.replacen("</head>", &format!("{LINES}</head>"), 1)
}

/// What is before the first `open`, from it to the next `close`, both included, and after.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (before, from) = text.split_at(text.find(open)?);
    let (inside, after) = from.split_at(from.find(close)? + close.len());
    Some((before, inside, after))
}

/// The text of the comment that a highlighted cell begins with.
fn first_comment(code: &str) -> Option<&str> {
    let line = code.lines().next()?;
    let (_, comment) = line.split_once(">// ")?;
    comment.split('<').next()
}

/// A text cell with its equations; `all` becomes false when one of them is not known.
fn cell_equations(cell: &str, all: &mut bool) -> String {
    let mut shown = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some(at) = rest.find(['<', '$']) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let taken = match from.starts_with('<') {
            true => markup(from),
            false => match equation(from) {
                Some((latex, is_block, length)) => {
                    match mathml::from_latex(&unescaped(latex), is_block) {
                        Some(math) => shown.push_str(&math),
                        None => {
                            *all = false;
                            shown.push_str(&from[..length]);
                        }
                    }
                    rest = &from[length..];
                    continue;
                }
                None => 1,
            },
        };
        shown.push_str(&from[..taken]);
        rest = &from[taken..];
    }
    shown + rest
}

/// Length of the tag that comes; of all that it holds, for code.
fn markup(text: &str) -> usize {
    for name in ["pre", "code"] {
        let is_it = text[1..].strip_prefix(name);
        if is_it.is_some_and(|after| after.starts_with(['>', ' '])) {
            let close = format!("</{name}>");
            return text
                .find(&close)
                .map_or(text.len(), |end| end + close.len());
        }
    }
    text.find('>').map_or(text.len(), |end| end + 1)
}

/// The LaTeX of the equation that comes, whether it stands alone on its line, and the length of all; `None` for a dollar.
fn equation(text: &str) -> Option<(&str, bool, usize)> {
    let mark = if text.starts_with("$$") { "$$" } else { "$" };
    let after = &text[mark.len()..];
    let end = after.find(mark)?;
    let latex = &after[..end];
    // A sum in dollars, or a tag between two of them, is no equation.
    let fits = !latex.is_empty() && !latex.contains('<');
    let inline = mark == "$$"
        || !latex.starts_with(char::is_whitespace) && !latex.ends_with(char::is_whitespace);
    (fits && inline).then_some((latex, mark == "$$", end + 2 * mark.len()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_get_their_texts_in_order() {
        let page = format!("<img {NO_DESCRIPTION} src=1><p>b</p><img {NO_DESCRIPTION} src=2>");
        let texts = ["Une « courbe »".to_owned(), "a < \"b\"".to_owned()];
        assert_eq!(
            described(&page, &texts),
            "<img alt=\"Une « courbe »\" src=1><p>b</p><img alt=\"a &lt; &quot;b&quot;\" src=2>"
        );
        assert_eq!(described(&page, &texts[..1]), page);
    }

    #[test]
    fn the_title_is_the_labs() {
        let page = "<head><title>tp5_debiaisage</title></head>";
        assert_eq!(
            titled(page, Some("TP 5 · <Débiaiser>")),
            "<head><title>TP 5 · &lt;Débiaiser&gt;</title></head>"
        );
        assert_eq!(titled(page, None), page);
        assert_eq!(titled("<p>", Some("x")), "<p>");
    }

    #[test]
    fn check_cells_are_folded_under_their_first_line() {
        let cell = |class: &str, code: &str| {
            format!(
                "<div class=\"jp-Cell jp-CodeCell {class}\"><div class=\"jp-Cell-inputWrapper\"><pre>{code}</pre></div>\
                 <p>1 point</p></div>"
            )
        };
        let first = "<span class=\"c1\">// Réponse à « a » : exécutez cette cellule.</span>\nAQQE";
        let page = [
            cell("", "let a = 1;"),
            cell(CHECK_CELL, first),
            cell(CHECK_CELL, "grade()"),
            cell("", "let b = 2;"),
        ]
        .concat();
        let found = with_folded_checks(&page);
        let summary = "<details><summary>Réponse à « a » : exécutez cette cellule.</summary><pre>";
        assert!(found.contains(summary), "{found}");
        assert!(
            found.contains("AQQE</pre></details></div><p>1 point</p>")
                && found.contains("<summary>Vérification</summary><pre>grade()</pre></details>"),
            "{found}"
        );
        assert_eq!(found.matches("<details>").count(), 2);
        // A check without code stays, and takes nothing of the next cell.
        let page = format!(
            "<div class=\"jp-Cell {CHECK_CELL}\"></div>{}",
            cell("", "let b = 2;")
        );
        assert_eq!(with_folded_checks(&page), page);
        // What a student writes in a text cell is no code.
        for odd in ["</pre> then <pre>", "</pre><p>", "<pre>"] {
            let page = format!("<div class=\"jp-Cell\"><p>{CHECK_CELL} {odd}</p></div>");
            assert_eq!(with_folded_checks(&page), page);
        }
    }

    #[test]
    fn the_rules_of_lines_end_the_head_once() {
        assert_eq!(
            with_whole_lines("<head><style>pre{}</style></head><p></head>"),
            format!("<head><style>pre{{}}</style>{LINES}</head><p></head>")
        );
    }

    fn page(text: &str) -> String {
        format!(
            "{} <script>['$','$']</script> {}<div class=\"jp-Cell a\"><div {TEXT_CELL}>{text}</div>\
             <div class=\"jp-Cell b\"><pre>let a = \"$x$\";</pre></div>",
            MATHJAX[0], MATHJAX[1]
        )
    }

    #[test]
    fn equations_of_texts_are_shown_without_a_network() {
        let found = with_equations(&page(
            "<p>$x$ et <code>$y$</code>, puis $$a &lt; b$$ pour 3 $ et 4 $.</p>",
        ));
        assert!(
            found.contains("<p><math><mrow><mi>x</mi></mrow></math> et <code>$y$</code>"),
            "{found}"
        );
        assert!(found.contains(
            "<math display=\"block\"><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow></math>"
        ));
        // Prices and code stay, MathJax goes.
        assert!(
            found.contains("pour 3 $ et 4 $.") && found.contains("let a = \"$x$\";"),
            "{found}"
        );
        assert!(
            !found.contains("mathjax") && !found.contains("<script>"),
            "{found}"
        );
    }

    #[test]
    fn an_unknown_equation_stays_and_so_does_mathjax() {
        let found = with_equations(&page("<p>$x$ $\\inconnue$</p>"));
        assert!(
            found.contains("<mi>x</mi>") && found.contains("$\\inconnue$"),
            "{found}"
        );
        assert!(found.contains(MATHJAX[0]));
    }
}
