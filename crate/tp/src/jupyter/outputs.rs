//! What one cell sent, as notebook outputs and typed markers.

use jupyter_protocol::{JupyterMessageContent, Stdio, Transient};
use nbformat::v4::{DisplayData, ErrorOutput, ExecuteResult, MultilineString, Output};
use tp_protocol::Marker;

/// Text kept of one cell's streams; an endless `println!` must not fill the memory or the notebook.
const MAX_STREAM_BYTES: usize = 1 << 20;

/// Ends the text of a cell that printed more than [`MAX_STREAM_BYTES`].
const TRUNCATED: &str = "… (sortie tronquée par « tp » : plus de 1 Mio de texte)\n";

/// Which stream a text belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl StreamName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Something that a running cell sent, in order of arrival.
#[derive(Debug)]
pub enum Event<'a> {
    /// Text, marker lines taken out.
    Text {
        /// Where it was printed.
        stream: StreamName,
        /// Usually one whole line with its line feed.
        text: &'a str,
    },
    /// A message for us.
    Marker(&'a Marker),
    /// A display, a result or an error.
    Output(&'a Output),
}

/// Gathers the messages of one cell.
#[derive(Debug)]
pub struct Collector {
    execution_count: usize,
    outputs: Vec<Output>,
    markers: Vec<Marker>,
    /// Display ids and the outputs that carry them.
    displays: Vec<(String, usize)>,
    /// A stdout line whose end has not come yet: only a whole line can be a marker.
    partial: String,
    kept_bytes: usize,
    clear_before_next: bool,
}

impl Collector {
    /// For the cell that gets this execution count.
    pub fn new(execution_count: usize) -> Self {
        Self {
            execution_count,
            outputs: Vec::new(),
            markers: Vec::new(),
            displays: Vec::new(),
            partial: String::new(),
            kept_bytes: 0,
            clear_before_next: false,
        }
    }

    /// Takes one message of the cell; messages that aren't outputs change nothing.
    pub fn push(&mut self, content: JupyterMessageContent, on_event: &mut dyn FnMut(Event<'_>)) {
        match content {
            JupyterMessageContent::StreamContent(stream) => match stream.name {
                Stdio::Stdout => self.push_stdout(&stream.text, on_event),
                Stdio::Stderr => self.push_text(StreamName::Stderr, &stream.text, on_event),
            },
            JupyterMessageContent::DisplayData(display) => {
                let output = Output::DisplayData(DisplayData {
                    data: display.data,
                    metadata: display.metadata,
                });
                self.push_output(output, display.transient, on_event);
            }
            JupyterMessageContent::ExecuteResult(result) => {
                let output = Output::ExecuteResult(ExecuteResult {
                    // The kernel's own count starts at 2 (evcxr); notebooks count from 1.
                    execution_count: self.execution_count.into(),
                    data: result.data,
                    metadata: result.metadata,
                });
                self.push_output(output, result.transient, on_event);
            }
            JupyterMessageContent::UpdateDisplayData(update) => {
                let known =
                    |(id, _): &&(String, usize)| Some(id) == update.transient.display_id.as_ref();
                if let Some((_, index)) = self.displays.iter().find(known)
                    && let Some(output) = self.outputs.get_mut(*index)
                {
                    *output = Output::DisplayData(DisplayData {
                        data: update.data,
                        metadata: update.metadata,
                    });
                    on_event(Event::Output(output));
                }
            }
            JupyterMessageContent::ErrorOutput(error) => {
                let output = ErrorOutput {
                    ename: error.ename,
                    evalue: error.evalue,
                    traceback: error.traceback,
                };
                self.push_output(Output::Error(output), None, on_event);
            }
            JupyterMessageContent::ClearOutput(clear) => {
                self.flush(on_event);
                self.clear_before_next = true;
                if !clear.wait {
                    self.clear_if_asked();
                }
            }
            _ => {}
        }
    }

    /// The last, unfinished line and everything gathered.
    pub fn finish(mut self, on_event: &mut dyn FnMut(Event<'_>)) -> (Vec<Output>, Vec<Marker>) {
        self.flush(on_event);
        (self.outputs, self.markers)
    }

    fn push_stdout(&mut self, text: &str, on_event: &mut dyn FnMut(Event<'_>)) {
        for piece in text.split_inclusive('\n') {
            self.partial.push_str(piece);
            if piece.ends_with('\n') || self.partial.len() > MAX_STREAM_BYTES {
                self.flush(on_event);
            }
        }
    }

    fn flush(&mut self, on_event: &mut dyn FnMut(Event<'_>)) {
        let line = std::mem::take(&mut self.partial);
        if line.is_empty() {
            return;
        }
        match Marker::decode(&line) {
            Some(decoded) => {
                // A marker that cannot be read hides what the cell wanted to say: that is a failure of the cell.
                let marker = decoded.unwrap_or_else(|error| Marker::Failure {
                    message: error.to_string(),
                });
                on_event(Event::Marker(&marker));
                self.markers.push(marker);
            }
            None => self.push_text(StreamName::Stdout, &line, on_event),
        }
    }

    fn push_text(&mut self, stream: StreamName, text: &str, on_event: &mut dyn FnMut(Event<'_>)) {
        if stream == StreamName::Stderr {
            self.flush(on_event);
        }
        self.clear_if_asked();
        if self.kept_bytes > MAX_STREAM_BYTES || text.is_empty() {
            return;
        }
        self.kept_bytes += text.len();
        let text = if self.kept_bytes > MAX_STREAM_BYTES {
            TRUNCATED
        } else {
            text
        };
        on_event(Event::Text { stream, text });
        match self.outputs.last_mut() {
            Some(Output::Stream { name, text: all }) if name == stream.as_str() => {
                all.0.push_str(text)
            }
            _ => self.outputs.push(Output::Stream {
                name: stream.as_str().to_owned(),
                text: MultilineString(text.to_owned()),
            }),
        }
    }

    fn push_output(
        &mut self,
        output: Output,
        transient: Option<Transient>,
        on_event: &mut dyn FnMut(Event<'_>),
    ) {
        self.flush(on_event);
        self.clear_if_asked();
        on_event(Event::Output(&output));
        if let Some(id) = transient.and_then(|transient| transient.display_id) {
            self.displays.push((id, self.outputs.len()));
        }
        self.outputs.push(output);
    }

    fn clear_if_asked(&mut self) {
        if std::mem::take(&mut self.clear_before_next) {
            self.outputs.clear();
            self.displays.clear();
            self.kept_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::{ClearOutput, MediaType, StreamContent, UpdateDisplayData};
    use serde_json::json;

    fn collect(
        messages: Vec<JupyterMessageContent>,
    ) -> (serde_json::Value, Vec<Marker>, Vec<String>) {
        let mut collector = Collector::new(7);
        let mut events = Vec::new();
        let mut on_event = |event: Event<'_>| events.push(format!("{event:?}"));
        for message in messages {
            collector.push(message, &mut on_event);
        }
        let (outputs, markers) = collector.finish(&mut on_event);
        (serde_json::to_value(outputs).unwrap(), markers, events)
    }

    fn stdout(text: &str) -> JupyterMessageContent {
        StreamContent::stdout(text).into()
    }

    fn stderr(text: &str) -> JupyterMessageContent {
        StreamContent::stderr(text).into()
    }

    fn points(points: f64) -> Marker {
        Marker::Points {
            name: None,
            points,
            max: 2.0,
            passed: 3,
            total: 4,
        }
    }

    fn display(text: &str, id: &str) -> JupyterMessageContent {
        let mut display = jupyter_protocol::DisplayData::from(MediaType::Plain(text.to_owned()));
        display.transient = Some(Transient {
            display_id: Some(id.to_owned()),
        });
        display.into()
    }

    #[test]
    fn streams_are_merged_until_the_other_one_speaks() {
        let (outputs, markers, events) = collect(vec![
            stdout("a\n"),
            stdout("b\n"),
            stderr("!\n"),
            stdout("c\n"),
            stdout("d"),
        ]);
        assert_eq!(
            outputs,
            json!([
                {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
                {"output_type": "stream", "name": "stderr", "text": ["!\n"]},
                {"output_type": "stream", "name": "stdout", "text": ["c\n", "d"]},
            ])
        );
        assert!(markers.is_empty());
        assert_eq!(events.len(), 5);
    }

    #[test]
    fn markers_leave_the_stream_even_when_cut_in_two() {
        let marker = Marker::Failure {
            message: "é".to_owned(),
        };
        let line = format!("{}\n", marker.encode());
        let middle = line.len() / 2;
        let middle = (middle..)
            .find(|index| line.is_char_boundary(*index))
            .unwrap();
        let (outputs, markers, _) = collect(vec![
            stdout("avant\n"),
            stdout(&line[..middle]),
            stdout(&line[middle..]),
            stdout("après\n"),
        ]);
        assert_eq!(markers, [marker]);
        assert_eq!(
            outputs,
            json!([{"output_type": "stream", "name": "stdout", "text": ["avant\n", "après\n"]}])
        );
    }

    #[test]
    fn several_lines_and_a_marker_in_one_message() {
        let marker = points(1.5);
        let (outputs, markers, _) = collect(vec![stdout(&format!("a\n{}\nb\n", marker.encode()))]);
        assert_eq!(markers, [marker]);
        assert_eq!(
            outputs,
            json!([{"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}])
        );
    }

    #[test]
    fn an_unreadable_marker_is_a_failure() {
        let (outputs, markers, _) =
            collect(vec![stdout(&format!("{}999 {{}}\n", tp_protocol::PREFIX))]);
        assert_eq!(outputs, json!([]));
        assert!(
            matches!(&markers[..], [Marker::Failure { message }] if message.contains("999")),
            "{markers:?}"
        );
    }

    #[test]
    fn a_result_gets_the_notebooks_count_and_keeps_unknown_media() {
        let data =
            serde_json::from_value(json!({"text/plain": "x\ny", "application/x-inconnu": "brut"}))
                .unwrap();
        let result = jupyter_protocol::ExecuteResult {
            execution_count: 2_usize.into(),
            data,
            metadata: serde_json::Map::new(),
            transient: None,
        };
        let (outputs, _, _) = collect(vec![stdout("sans fin de ligne"), result.into()]);
        assert_eq!(
            outputs,
            json!([
                {"output_type": "stream", "name": "stdout", "text": ["sans fin de ligne"]},
                {"output_type": "execute_result", "execution_count": 7, "metadata": {},
                 "data": {"text/plain": ["x\n", "y"], "application/x-inconnu": "brut"}},
            ])
        );
    }

    #[test]
    fn displays_are_updated_and_cleared() {
        let update =
            UpdateDisplayData::new(vec![MediaType::Plain("2".to_owned())].into(), "courbe");
        let unknown =
            UpdateDisplayData::new(vec![MediaType::Plain("3".to_owned())].into(), "autre");
        let (outputs, _, _) = collect(vec![display("1", "courbe"), update.into(), unknown.into()]);
        assert_eq!(
            outputs,
            json!([{"output_type": "display_data", "data": {"text/plain": ["2"]}, "metadata": {}}])
        );

        let wait = || JupyterMessageContent::from(ClearOutput { wait: true });
        let (outputs, _, _) = collect(vec![stdout("vieux\n"), wait()]);
        assert_eq!(outputs[0]["text"], json!(["vieux\n"]));
        let (outputs, _, _) = collect(vec![stdout("vieux\n"), wait(), stdout("neuf\n")]);
        assert_eq!(
            outputs,
            json!([{"output_type": "stream", "name": "stdout", "text": ["neuf\n"]}])
        );
    }

    #[test]
    fn an_endless_cell_is_truncated_but_its_markers_are_not() {
        let line = format!("{}\n", "x".repeat(1023));
        let mut messages: Vec<_> = (0..1100).map(|_| stdout(&line)).collect();
        let marker = points(2.0);
        messages.push(stdout(&format!("{}\n", marker.encode())));
        let (outputs, markers, _) = collect(messages);
        assert_eq!(markers, [marker]);
        let lines = outputs[0]["text"].as_array().unwrap();
        assert_eq!(lines.len(), 1025);
        assert_eq!(lines.last().unwrap(), TRUNCATED);
    }
}
