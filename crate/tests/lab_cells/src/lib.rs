//! Cells of a lab's Markdown source, compiled where they are asked for.
//!
//! The tests judge the very text that students run, without a copy of it: each macro takes the name
//! of a source in `notebooks/sources` (no extension) and that of a cell. Paths are relative to the
//! package that invokes them, `crate/`.

use std::{fs, path::PathBuf, str::FromStr};

use proc_macro::{TokenStream, TokenTree};

/// The items of `exercice="…"`, with its solution: `exercise!("tp5_debiaisage", "vae_loss");`.
#[proc_macro]
pub fn exercise(input: TokenStream) -> TokenStream {
    expand(input, false, |cell, name| cell.has_option("exercice", name))
}

/// The value of `verification="…"`, hidden checks included: a `Grade`.
#[proc_macro]
pub fn checks(input: TokenStream) -> TokenStream {
    expand(input, true, |cell, name| {
        cell.has_option("verification", name)
    })
}

/// [`checks!`] without the hidden ones: what a student runs.
#[proc_macro]
pub fn visible_checks(input: TokenStream) -> TokenStream {
    let code = source_of(input, |cell, name| cell.has_option("verification", name));
    compile(code.map(|[dependency, code]| {
        let mut hidden = false;
        let mut visible = String::new();
        for line in code.lines() {
            hidden |= line.contains("BEGIN HIDDEN TESTS");
            if !hidden {
                visible.push_str(line);
                visible.push('\n');
            }
            hidden &= !line.contains("END HIDDEN TESTS");
        }
        format!("{{ {dependency} {GRADERS} {visible}\n }}")
    }))
}

/// The items of the first code cell that holds a text: `given!("tp5_debiaisage", "struct ConvBlock");`.
#[proc_macro]
pub fn given(input: TokenStream) -> TokenStream {
    expand(input, false, |cell, text| {
        cell.runs() && cell.code.contains(text)
    })
}

/// The statements of the first block that is shown and not run (`.noeval`) and holds a text.
#[proc_macro]
pub fn shown(input: TokenStream) -> TokenStream {
    let code = source_of(input, |cell, text| !cell.runs() && cell.code.contains(text));
    compile(code.map(|[dependency, code]| format!("{dependency} {code}")))
}

/// What `tp publish` puts before a check cell: the names by which it grades.
const GRADERS: &str = "#[allow(unused_imports)] use ::visages::notebook::{Verdict, check, close, equal, grade, rehearse};";

/// One code cell.
struct Cell {
    options: String,
    code: String,
}

impl Cell {
    /// Whether it is a cell of the notebook, not a block to read.
    fn runs(&self) -> bool {
        !self.options.contains(".noeval")
    }

    fn has_option(&self, option: &str, value: &str) -> bool {
        self.options.contains(&format!("{option}=\"{value}\""))
    }
}

fn expand(input: TokenStream, is_value: bool, wanted: impl Fn(&Cell, &str) -> bool) -> TokenStream {
    compile(
        source_of(input, wanted).map(|[dependency, code]| match is_value {
            true => format!("{{ {dependency} {GRADERS} {code}\n }}"),
            false => format!("{dependency} {code}"),
        }),
    )
}

/// An item that names the lab to cargo, so that the tests are rebuilt when it changes, and the code of the wanted cell.
fn source_of(
    input: TokenStream,
    wanted: impl Fn(&Cell, &str) -> bool,
) -> Result<[String; 2], String> {
    let [lab, name] = arguments(input)?;
    let root = std::env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
    let path = PathBuf::from(root).join(format!("../notebooks/sources/{lab}.md"));
    let source =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let cell = cells(&source)
        .into_iter()
        .find(|cell| wanted(cell, &name))
        .ok_or_else(|| format!("no cell `{name}` in {lab}.md"))?;
    let dependency = format!(
        "const _: &str = include_str!({:?});",
        path.display().to_string()
    );
    Ok([dependency, cell.code])
}

fn compile(code: Result<String, String>) -> TokenStream {
    let code = code.unwrap_or_else(|error| format!("compile_error!{{ {error:?} }}"));
    TokenStream::from_str(&code).unwrap_or_else(|_| {
        TokenStream::from_str("compile_error!(\"the cell is not Rust\");").unwrap_or_default()
    })
}

/// Two string literals separated by a comma.
fn arguments(input: TokenStream) -> Result<[String; 2], String> {
    let texts: Vec<String> = input
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Literal(literal) => Some(literal.to_string().trim_matches('"').to_owned()),
            _ => None,
        })
        .collect();
    texts
        .try_into()
        .map_err(|_| "expected a lab and a cell, two string literals".to_owned())
}

/// The code cells of a Jupytext Markdown source, in order.
fn cells(source: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut open: Option<Cell> = None;
    for line in source.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(fence)) => {
                open = Some(Cell {
                    options: fence.to_owned(),
                    code: String::new(),
                });
            }
            (Some(_), Some("")) => cells.extend(open.take()),
            (Some(cell), _) => {
                cell.code.push_str(line);
                cell.code.push('\n');
            }
            (None, None) => {}
        }
    }
    cells.retain(|cell| cell.options.starts_with("rust"));
    cells
}
