//! The cells of one notebook, one after the other, with a line of progress for each.

use std::io::{IsTerminal, Write};

use jupyter_protocol::MediaType;
use nbformat::v4::Output;

use super::Preset;
use super::grading::{Grading, Worth};
use super::report::{NotebookReport, Outcome};
use super::verdict::CellReport;
use crate::error::Result;
use crate::jupyter::{CellStatus, Client, Event, StreamName};
use crate::notebook::Notebook;

/// Width of what the line of a running cell shows after its number.
const SHOWN: usize = 50;

/// Runs every cell, puts its outputs into the notebook and its verdict into the report.
///
/// `stops` ends the run at the first failure.
///
/// # Errors
/// When the kernel cannot be spoken to. A cell that fails is no error.
pub(super) fn run(
    client: &mut Client,
    notebook: &mut Notebook,
    stops: bool,
    preset: Preset,
    grading: Option<&Grading>,
    report: &mut NotebookReport,
) -> Result<()> {
    let cells = notebook.code_cells();
    for (index, cell) in cells.iter().enumerate() {
        let mut live = LiveLine::new(format!("cellule {}/{} · …", index + 1, cells.len()));
        live.show(&cell.first_line(SHOWN));
        let mut on_event = |event: Event<'_>| match event {
            Event::Text {
                stream: StreamName::Stdout,
                text,
            } => live.show(text),
            // A progress bar that moves.
            Event::Output(Output::DisplayData(display)) => {
                for media in &display.data.content {
                    if let MediaType::Plain(text) = media {
                        live.show(text);
                    }
                }
            }
            _ => {}
        };
        let result = client.execute(&cell.source, preset.cell_limit(), &mut on_event)?;
        live.clear();
        notebook.set_outputs(cell.index, &result.outputs, result.execution_count)?;
        let worth = grading.map_or(Worth::Unsaid, |grading| grading.worth(cell.index));
        let mut judged = CellReport::judged(index + 1, cell, &result, &worth);
        if let (CellStatus::Died, Some((status, log))) = (result.status, client.ended()) {
            judged.reason = Some(format!("le noyau s'est arrêté ({status})"));
            judged.detail = log.lines().map(str::to_owned).collect();
        }
        tell!("{}", judged.line(cells.len()));
        for line in judged.reason.iter().chain(&judged.detail) {
            tell!("    {line}");
        }
        let failed = !judged.ok;
        report.push(judged);
        match result.status {
            CellStatus::Interrupted => {
                report.outcome = Outcome::Interrupted;
                return Ok(());
            }
            // Nothing is left to run the rest in.
            CellStatus::Died => return Ok(()),
            CellStatus::Ok | CellStatus::Error | CellStatus::TimedOut if failed && stops => {
                return Ok(());
            }
            CellStatus::Ok | CellStatus::Error | CellStatus::TimedOut => {}
        }
    }
    Ok(())
}

/// On a terminal, the line of the running cell with what it printed last; elsewhere nothing.
struct LiveLine {
    head: String,
    visible: bool,
}

impl LiveLine {
    fn new(head: String) -> Self {
        Self {
            head,
            visible: std::io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, text: &str) {
        let text: String = text
            .trim()
            .chars()
            .filter(|next| !next.is_control())
            .take(SHOWN)
            .collect();
        if self.visible && !text.is_empty() {
            // A terminal that is gone shows nothing.
            let mut terminal = std::io::stderr();
            let _ = write!(terminal, "\r\u{1b}[K{} {text}", self.head);
            let _ = terminal.flush();
        }
    }

    fn clear(&self) {
        if self.visible {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
