//! Equations of a page as MathML, which browsers show without a network: the part of LaTeX that labs write.
//!
//! A page keeps the LaTeX of an equation that holds anything else, and then loads MathJax as nbconvert has it.

/// LaTeX (without its dollars) as a `<math>` element; `None` when it holds something that is not known here.
pub fn from_latex(latex: &str, display: bool) -> Option<String> {
    let mut parser = Parser { rest: latex.trim() };
    let body = parser.row(End::Input)?;
    let block = if display { " display=\"block\"" } else { "" };
    Some(format!("<math{block}><mrow>{body}</mrow></math>"))
}

/// Letters and signs by their command.
const SYMBOLS: [(&str, &str); 58] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ϵ"),
    ("varepsilon", "ε"),
    ("eta", "η"),
    ("theta", "θ"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("phi", "ϕ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("ell", "ℓ"),
    ("infty", "∞"),
    ("partial", "∂"),
    ("nabla", "∇"),
    ("times", "×"),
    ("cdot", "⋅"),
    ("circ", "∘"),
    ("odot", "⊙"),
    ("pm", "±"),
    ("neq", "≠"),
    ("approx", "≈"),
    ("sim", "∼"),
    ("leq", "≤"),
    ("le", "≤"),
    ("geq", "≥"),
    ("ge", "≥"),
    ("ll", "≪"),
    ("gg", "≫"),
    ("to", "→"),
    ("mapsto", "↦"),
    ("in", "∈"),
    ("mid", "∣"),
    ("lVert", "‖"),
    ("rVert", "‖"),
    ("lvert", "|"),
    ("rvert", "|"),
    ("ldots", "…"),
    ("dots", "…"),
    ("cdots", "⋯"),
];
/// Functions whose name is written upright.
const FUNCTIONS: [&str; 9] = [
    "log", "ln", "exp", "max", "min", "sin", "cos", "arg", "tanh",
];
/// Signs whose bounds stand below and above.
const BIG: [(&str, &str); 2] = [("sum", "∑"), ("prod", "∏")];
/// Accents over a letter.
const ACCENTS: [(&str, &str); 4] = [("hat", "^"), ("bar", "¯"), ("tilde", "~"), ("vec", "→")];
/// Spaces, in ems.
const SPACES: [(&str, &str); 6] = [
    (",", "0.17"),
    (":", "0.22"),
    (";", "0.28"),
    (" ", "0.33"),
    ("quad", "1"),
    ("qquad", "2"),
];

/// What ends a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Input,
    Brace,
    Right,
}

/// One thing, as MathML.
struct Atom {
    text: String,
    /// Whether its bounds stand below and above it.
    is_big: bool,
}

impl Atom {
    fn new(text: String) -> Self {
        Self {
            text,
            is_big: false,
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let first = self.peek()?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Everything up to the end that is waited for, which is taken too.
    fn row(&mut self, end: End) -> Option<String> {
        let mut text = String::new();
        loop {
            self.skip_spaces();
            match self.peek() {
                None => return (end == End::Input).then_some(text),
                Some('}') => {
                    self.next();
                    return (end == End::Brace).then_some(text);
                }
                Some('\\') if end == End::Right && self.word() == Some("right") => {
                    self.rest = &self.rest["\\right".len()..];
                    return Some(text);
                }
                Some(_) => text.push_str(&self.scripted()?),
            }
        }
    }

    /// The command that comes, without its backslash.
    fn word(&self) -> Option<&str> {
        let after = self.rest.strip_prefix('\\')?;
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        Some(&after[..letters])
    }

    /// One thing with its indices and powers.
    fn scripted(&mut self) -> Option<String> {
        let base = self.atom()?;
        let (mut below, mut above) = (None, None);
        loop {
            self.skip_spaces();
            let place = match self.peek() {
                Some('_') => &mut below,
                Some('^') => &mut above,
                _ => break,
            };
            self.next();
            let script = self.atom()?.text;
            // LaTeX refuses a second one too.
            if place.replace(script).is_some() {
                return None;
            }
        }
        let names = match base.is_big {
            true => ["munder", "mover", "munderover"],
            false => ["msub", "msup", "msubsup"],
        };
        let base = base.text;
        Some(match (below, above) {
            (None, None) => base,
            (Some(below), None) => format!("<{0}>{base}{below}</{0}>", names[0]),
            (None, Some(above)) => format!("<{0}>{base}{above}</{0}>", names[1]),
            (Some(below), Some(above)) => format!("<{0}>{base}{below}{above}</{0}>", names[2]),
        })
    }

    /// One thing: a letter, a number, a sign, a group or a command with what it takes.
    fn atom(&mut self) -> Option<Atom> {
        self.skip_spaces();
        let first = self.peek()?;
        if first == '\\' {
            return self.command();
        }
        if first.is_ascii_digit() {
            return Some(Atom::new(format!("<mn>{}</mn>", self.number())));
        }
        self.next();
        Some(Atom::new(match first {
            '{' => format!("<mrow>{}</mrow>", self.row(End::Brace)?),
            '-' => "<mo>−</mo>".to_owned(),
            '+' | '=' | '(' | ')' | '[' | ']' | '/' | '|' | ',' | ';' | ':' | '.' | '!' => {
                // A bar or a bracket that is not asked to grow stays as it is.
                format!("<mo stretchy=\"false\">{first}</mo>")
            }
            '<' => "<mo>&lt;</mo>".to_owned(),
            '>' => "<mo>&gt;</mo>".to_owned(),
            '\'' => "<mo>′</mo>".to_owned(),
            letter if letter.is_alphabetic() => format!("<mi>{letter}</mi>"),
            _ => return None,
        }))
    }

    /// A number, with the French comma that LaTeX writes `{,}` and its thousands apart.
    fn number(&mut self) -> String {
        let mut number = String::new();
        loop {
            let digits = self.rest.len()
                - self
                    .rest
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .len();
            number.push_str(&self.rest[..digits]);
            self.rest = &self.rest[digits..];
            let followed = |mark: &str| {
                let after = self.rest.strip_prefix(mark)?;
                after
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some(after)
            };
            if let Some(after) = followed("{,}") {
                number.push(',');
                self.rest = after;
            } else if let Some(after) = followed("\\,") {
                number.push('\u{202f}');
                self.rest = after;
            } else {
                return number;
            }
        }
    }

    fn command(&mut self) -> Option<Atom> {
        let word = self.word()?.to_owned();
        if word.is_empty() {
            self.next();
            let sign = self.next()?.to_string();
            return match sign.as_str() {
                "{" | "}" | "%" => Some(Atom::new(format!("<mo stretchy=\"false\">{sign}</mo>"))),
                "!" => Some(Atom::new(String::new())),
                sign => space(sign),
            };
        }
        self.rest = &self.rest[1 + word.len()..];
        let found = |table: &[(&str, &'static str)]| {
            let known = table.iter().find(|(name, _)| *name == word);
            known.map(|(_, shown)| *shown)
        };
        if let Some(letter) = found(&SYMBOLS) {
            let is_letter = letter.chars().all(char::is_alphabetic);
            let tag = if is_letter { "mi" } else { "mo" };
            let still = if tag == "mo" {
                " stretchy=\"false\""
            } else {
                ""
            };
            return Some(Atom::new(format!("<{tag}{still}>{letter}</{tag}>")));
        }
        if let Some(sign) = found(&BIG) {
            let text = format!("<mo>{sign}</mo>");
            return Some(Atom { text, is_big: true });
        }
        if FUNCTIONS.contains(&word.as_str()) {
            return Some(Atom::new(format!(
                "<mrow><mi>{word}</mi><mspace width=\"0.17em\"/></mrow>"
            )));
        }
        if let Some(accent) = found(&ACCENTS) {
            let base = self.atom()?.text;
            return Some(Atom::new(format!(
                "<mover accent=\"true\">{base}<mo stretchy=\"false\">{accent}</mo></mover>"
            )));
        }
        if let Some(space) = space(&word) {
            return Some(space);
        }
        Some(Atom::new(match word.as_str() {
            "frac" | "dfrac" | "tfrac" => {
                let (above, below) = (self.atom()?.text, self.atom()?.text);
                let style = match word.as_str() {
                    "dfrac" => " displaystyle=\"true\"",
                    "tfrac" => " displaystyle=\"false\"",
                    _ => "",
                };
                format!("<mstyle{style}><mfrac>{above}{below}</mfrac></mstyle>")
            }
            "sqrt" => format!("<msqrt>{}</msqrt>", self.atom()?.text),
            "text" | "mathrm" | "texttt" | "operatorname" | "mathbf" => {
                let text = self.braced()?;
                let variant = match word.as_str() {
                    "texttt" => " style=\"font-family:monospace\"",
                    "mathbf" => " style=\"font-weight:bold\"",
                    _ => "",
                };
                format!("<mtext{variant}>{}</mtext>", escaped(&text))
            }
            "mathcal" => {
                let letter = self.braced()?;
                let mut letters = letter.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter @ 'A'..='Z'), None) => format!("<mi>{}</mi>", script(letter)),
                    _ => return None,
                }
            }
            "left" => {
                let open = self.delimiter()?;
                let body = self.row(End::Right)?;
                let close = self.delimiter()?;
                format!("<mrow>{open}{body}{close}</mrow>")
            }
            "bigl" | "bigr" | "big" => self.sized("1.2em")?,
            "Bigl" | "Bigr" | "Big" => self.sized("1.8em")?,
            _ => return None,
        }))
    }

    /// A text in braces, as it is.
    fn braced(&mut self) -> Option<String> {
        self.skip_spaces();
        let after = self.rest.strip_prefix('{')?;
        let end = after.find('}')?;
        let text = after[..end].to_owned();
        self.rest = &after[end + 1..];
        (!text.contains(['\\', '{'])).then_some(text)
    }

    /// What `\left` and `\right` make as high as what they hold; a point is nothing.
    fn delimiter(&mut self) -> Option<String> {
        self.skip_spaces();
        let sign = match self.next()? {
            '.' => return Some(String::new()),
            '\\' => match self.next()? {
                sign @ ('{' | '}') => sign,
                _ => return None,
            },
            sign @ ('(' | ')' | '[' | ']' | '|') => sign,
            _ => return None,
        };
        Some(format!("<mo stretchy=\"true\">{sign}</mo>"))
    }

    fn sized(&mut self, size: &str) -> Option<String> {
        self.skip_spaces();
        let sign = self.next()?;
        "()[]|/".contains(sign).then(|| {
            format!("<mo minsize=\"{size}\" maxsize=\"{size}\" stretchy=\"true\">{sign}</mo>")
        })
    }
}

fn space(word: &str) -> Option<Atom> {
    let known = SPACES.iter().find(|(name, _)| *name == word);
    known.map(|(_, width)| Atom::new(format!("<mspace width=\"{width}em\"/>")))
}

/// A capital of the script alphabet. Some have a place of their own, from before the others.
fn script(letter: char) -> char {
    match letter {
        'B' => 'ℬ',
        'E' => 'ℰ',
        'F' => 'ℱ',
        'H' => 'ℋ',
        'I' => 'ℐ',
        'L' => 'ℒ',
        'M' => 'ℳ',
        'R' => 'ℛ',
        letter => char::from_u32(0x1_d49c + u32::from(letter) - u32::from('A')).unwrap_or(letter),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(latex: &str) -> Option<String> {
        let text = from_latex(latex, false)?;
        let text = text.strip_prefix("<math><mrow>")?;
        Some(text.strip_suffix("</mrow></math>")?.to_owned())
    }

    #[test]
    fn equations_by_hand() {
        let cases = [
            ("x", "<mi>x</mi>"),
            (
                "\\mu_j^2",
                "<msubsup><mi>μ</mi><mi>j</mi><mn>2</mn></msubsup>",
            ),
            ("x^2_i", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
            (
                "\\hat x",
                "<mover accent=\"true\"><mi>x</mi><mo stretchy=\"false\">^</mo></mover>",
            ),
            ("0{,}299", "<mn>0,299</mn>"),
            ("590\\,336", "<mn>590\u{202f}336</mn>"),
            (
                "\\tfrac1n",
                "<mstyle displaystyle=\"false\"><mfrac><mn>1</mn><mi>n</mi></mfrac></mstyle>",
            ),
            ("\\mathcal{I}_f", "<msub><mi>ℐ</mi><mi>f</mi></msub>"),
            (
                "\\sum_{i=1}^{n} i",
                "<munderover><mo>∑</mo><mrow><mi>i</mi><mo stretchy=\"false\">=</mo><mn>1</mn></mrow>\
                 <mrow><mi>n</mi></mrow></munderover><mi>i</mi>",
            ),
            (
                "\\left( x \\right)",
                "<mrow><mo stretchy=\"true\">(</mo><mi>x</mi><mo stretchy=\"true\">)</mo></mrow>",
            ),
        ];
        for (latex, expected) in cases {
            assert_eq!(body(latex).as_deref(), Some(expected), "{latex}");
        }
        assert!(
            from_latex("x", true)
                .unwrap()
                .starts_with("<math display=\"block\">")
        );
    }

    /// Every equation of the labs' sources is one of those that pages can show.
    #[test]
    fn every_equation_of_the_labs_is_known() {
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../../notebooks/sources");
        let mut seen = 0;
        for entry in std::fs::read_dir(sources).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let mut is_code = false;
            let prose = text.lines().filter(|line| {
                is_code ^= line.starts_with("```");
                !is_code && !line.starts_with("```")
            });
            let prose = prose.collect::<Vec<_>>().join("\n");
            for (index, part) in prose.replace("$$", "$").split('$').enumerate() {
                if index % 2 == 1 && !part.contains('`') {
                    assert!(from_latex(part, false).is_some(), "{part}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn what_is_not_known_or_not_closed_is_left() {
        for latex in [
            "\\begin{matrix}",
            "\\inconnue",
            "{x",
            "x}",
            "\\left( x",
            "x^1^2",
            "\\mathcal{ab}",
            "x_",
            "\\frac{1}",
            "\\text{a\\b}",
            "x & y",
        ] {
            assert_eq!(from_latex(latex, false), None, "{latex}");
        }
    }
}
