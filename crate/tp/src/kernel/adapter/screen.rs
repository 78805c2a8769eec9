//! What one cell shows, in order and not faster than it can be read: text, displays, bars, its value.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tp_protocol::{Marker, ProgressEnd};

use super::bar;
use crate::jupyter::StreamName;

/// Text that arrives sooner after the last one waits, to travel with what follows.
const TEXT_PERIOD: Duration = Duration::from_millis(20);
/// Text that does not wait.
const TEXT_PACKET: usize = 32 * 1024;
/// A value that nothing follows is shown at the latest this long after its first representation: sooner, a busy machine
/// would have a cell's last value taken for one of its displays.
const VALUE_PERIOD: Duration = Duration::from_secs(10);
/// Time between two updates of one display.
const UPDATE_PERIOD: Duration = Duration::from_millis(100);
/// Text of one cell that is passed on: more would fill the notebook and trip Jupyter's own limit (1 MB/s over 3 s).
const MAX_TEXT: usize = 1 << 20;
/// Displays of one cell that are passed on, its value not counted.
const MAX_DISPLAYS: usize = 500;
const TOO_MANY: &str = "… (affichages suivants omis : plus de 500 dans une cellule)\n";
const TRUNCATED: &str = "\n… (sortie tronquée : plus de 1 Mio de texte ; affichez moins de lignes, ou écrivez dans un fichier)\n";

/// A message for iopub: type and content.
pub(super) type Shown = (&'static str, Value);

/// One representation, as a notebook holds it: what is JSON is no text there.
pub(super) fn body_of(media: &str, body: &str) -> Value {
    let parsed = media.contains("json").then(|| serde_json::from_str(body));
    match parsed {
        Some(Ok(value)) => value,
        _ => Value::String(body.to_owned()),
    }
}

/// A display that may change.
struct Slot {
    id: String,
    sent: Instant,
    pending: Option<Value>,
    /// Its last state, when it is a bar that has not ended.
    bar: Option<Marker>,
}

/// Everything that a running cell shows.
pub(super) struct Screen {
    /// Sent as the cell's value.
    count: u64,
    out: Vec<Shown>,
    text: Option<(StreamName, String)>,
    text_sent: Option<Instant>,
    passed_on: usize,
    displays: usize,
    /// Representations of one value, not shown yet.
    value: Map<String, Value>,
    value_since: Instant,
    slots: Vec<Slot>,
    /// What was shown goes before anything else comes.
    clears: bool,
}

impl Screen {
    pub(super) fn new(count: u64) -> Self {
        Self {
            count,
            out: Vec::new(),
            text: None,
            text_sent: None,
            passed_on: 0,
            displays: 0,
            value: Map::new(),
            value_since: Instant::now(),
            slots: Vec::new(),
            clears: false,
        }
    }

    /// The messages that are ready.
    pub(super) fn take(&mut self) -> Vec<Shown> {
        std::mem::take(&mut self.out)
    }

    /// Takes printed text.
    pub(super) fn print(&mut self, stream: StreamName, text: &str) {
        self.show_value("display_data");
        if self.passed_on > MAX_TEXT {
            return;
        }
        self.passed_on += text.len();
        let mut text = text;
        let kept: String;
        if self.passed_on > MAX_TEXT {
            let room = text.len() - (self.passed_on - MAX_TEXT);
            let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
            kept = format!("{}{TRUNCATED}", &text[..end.unwrap_or(0)]);
            text = &kept;
        }
        match &mut self.text {
            Some((pending, all)) if *pending == stream => all.push_str(text),
            _ => {
                self.flush_text();
                self.text = Some((stream, text.to_owned()));
            }
        }
        let full = self
            .text
            .as_ref()
            .is_some_and(|(_, all)| all.len() >= TEXT_PACKET);
        let rested = self
            .text_sent
            .is_none_or(|sent| sent.elapsed() >= TEXT_PERIOD);
        if full || rested {
            self.flush_text();
        }
    }

    /// Passes on a line for a client of ours: never cut nor counted.
    pub(super) fn forward(&mut self, line: &str) {
        self.flush_text();
        self.out
            .push(("stream", json!({"name": "stdout", "text": line})));
    }

    /// Takes one representation of a value. One that is there already begins another value.
    pub(super) fn value(&mut self, media: String, body: String) {
        self.flush_text();
        if self.value.contains_key(&media) {
            self.show_value("display_data");
        }
        if self.value.is_empty() {
            self.value_since = Instant::now();
        }
        let body = body_of(&media, &body);
        self.value.insert(media, body);
    }

    /// Takes a whole result, as evcxr sends those of its commands.
    pub(super) fn result(&mut self, data: &Value) {
        for (media, body) in data.as_object().into_iter().flatten() {
            self.value.insert(media.clone(), body.clone());
        }
    }

    /// Opens or changes a display.
    pub(super) fn display(&mut self, id: &str, data: Value, bar: Option<Marker>, urgent: bool) {
        self.show_value("display_data");
        self.flush_text();
        let content = json!({"data": data, "metadata": {}, "transient": {"display_id": id}});
        let now = Instant::now();
        match self.slots.iter_mut().find(|slot| slot.id == id) {
            None if self.displays >= MAX_DISPLAYS => self.show_display(content),
            None => {
                self.show_display(content);
                self.slots.push(Slot {
                    id: id.to_owned(),
                    sent: now,
                    pending: None,
                    bar,
                });
            }
            Some(slot) => {
                slot.bar = bar;
                if urgent || now.duration_since(slot.sent) >= UPDATE_PERIOD {
                    slot.sent = now;
                    slot.pending = None;
                    self.out.push(("update_display_data", content));
                } else {
                    slot.pending = Some(content);
                }
            }
        }
    }

    /// Opens or moves a progress bar.
    pub(super) fn progress(&mut self, marker: Marker) {
        if let Marker::Progress { id, ended, .. } = &marker {
            let (id, urgent) = (id.clone(), ended.is_some());
            let data = bar::render(&marker);
            self.display(&id, data, ended.is_none().then_some(marker), urgent);
        }
    }

    /// Takes away what was shown, as soon as something else is or at the end.
    pub(super) fn clear(&mut self) {
        self.text = None;
        self.passed_on = 0;
        self.displays = 0;
        self.value.clear();
        // What moves is opened anew: its place is gone.
        self.slots.clear();
        self.clears = true;
    }

    /// When something that waits should be shown.
    pub(super) fn due(&self) -> Option<Instant> {
        let text = self
            .text
            .as_ref()
            .and(self.text_sent)
            .map(|sent| sent + TEXT_PERIOD);
        let value = (!self.value.is_empty()).then_some(self.value_since + VALUE_PERIOD);
        let slots = self
            .slots
            .iter()
            .filter(|slot| slot.pending.is_some())
            .map(|slot| slot.sent + UPDATE_PERIOD);
        text.into_iter().chain(value).chain(slots).min()
    }

    /// Shows what has waited long enough.
    pub(super) fn show_due(&mut self) {
        let now = Instant::now();
        if self.text_sent.is_some_and(|sent| now >= sent + TEXT_PERIOD) {
            self.flush_text();
        }
        if !self.value.is_empty() && now >= self.value_since + VALUE_PERIOD {
            self.show_value("display_data");
        }
        self.update(|slot| now >= slot.sent + UPDATE_PERIOD);
    }

    /// Shows all that waits of a cell whose result was shown.
    pub(super) fn rest(&mut self) {
        self.flush_text();
        self.show_value("display_data");
        self.update(|_| true);
    }

    /// Shows all that waits; what is left of a value is the cell's result. Bars that did not end are told so.
    pub(super) fn finish(&mut self) {
        self.flush_text();
        let left: Vec<Marker> = self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.bar.take())
            .collect();
        for marker in left {
            if let Marker::Progress {
                id,
                label,
                done,
                total,
                detail,
                ..
            } = marker
            {
                self.progress(Marker::Progress {
                    id,
                    label,
                    done,
                    total,
                    detail,
                    seconds_left: None,
                    ended: Some(ProgressEnd::Failed),
                });
            }
        }
        self.update(|_| true);
        self.show_value("execute_result");
        if std::mem::take(&mut self.clears) {
            self.out.push(("clear_output", json!({"wait": false})));
        }
    }

    fn update(&mut self, due: impl Fn(&Slot) -> bool) {
        for slot in &mut self.slots {
            if due(slot)
                && let Some(content) = slot.pending.take()
            {
                slot.sent = Instant::now();
                self.out.push(("update_display_data", content));
            }
        }
    }

    /// Sends something new, which first takes the place of what was cleared.
    fn push(&mut self, kind: &'static str, content: Value) {
        if std::mem::take(&mut self.clears) {
            self.out.push(("clear_output", json!({"wait": true})));
        }
        self.out.push((kind, content));
    }

    fn flush_text(&mut self) {
        if let Some((stream, text)) = self.text.take() {
            self.text_sent = Some(Instant::now());
            let name = match stream {
                StreamName::Stdout => "stdout",
                StreamName::Stderr => "stderr",
            };
            self.push("stream", json!({"name": name, "text": text}));
        }
    }

    fn show_value(&mut self, kind: &'static str) {
        if self.value.is_empty() {
            return;
        }
        let data = std::mem::take(&mut self.value);
        let mut content = json!({"data": data, "metadata": {}});
        if kind == "execute_result" {
            content["execution_count"] = self.count.into();
        } else {
            content["transient"] = json!({});
            self.show_display(content);
            return;
        }
        self.push(kind, content);
    }

    /// Sends a new display, unless there are too many.
    fn show_display(&mut self, content: Value) {
        self.displays += 1;
        if self.displays <= MAX_DISPLAYS {
            self.push("display_data", content);
        } else if self.displays == MAX_DISPLAYS + 1 {
            self.push("stream", json!({"name": "stdout", "text": TOO_MANY}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(shown: &[Shown]) -> Vec<&'static str> {
        shown.iter().map(|(kind, _)| *kind).collect()
    }

    fn moved(done: u64, ended: Option<ProgressEnd>) -> Marker {
        Marker::Progress {
            id: "b".to_owned(),
            label: "Attempt".to_owned(),
            done,
            total: 10,
            detail: String::new(),
            seconds_left: None,
            ended,
        }
    }

    #[test]
    fn values_keep_their_place_and_the_last_one_is_the_result() {
        let mut screen = Screen::new(4);
        screen.value("image/png".to_owned(), "AA==".to_owned());
        screen.value("text/plain".to_owned(), "une figure".to_owned());
        screen.print(StreamName::Stdout, "texte\n");
        screen.value("application/x+json".to_owned(), "{\"a\":1}".to_owned());
        screen.finish();
        let shown = screen.take();
        assert_eq!(kinds(&shown), ["display_data", "stream", "execute_result"]);
        assert_eq!(shown[0].1["data"]["text/plain"], "une figure");
        assert_eq!(shown[2].1["data"]["application/x+json"]["a"], 1);
        assert_eq!(shown[2].1["execution_count"], 4);
    }

    #[test]
    fn two_values_of_one_type_are_two_outputs() {
        let mut screen = Screen::new(1);
        for body in ["1", "2"] {
            screen.value("text/plain".to_owned(), body.to_owned());
        }
        screen.finish();
        assert_eq!(kinds(&screen.take()), ["display_data", "execute_result"]);
    }

    #[test]
    fn a_flood_of_updates_becomes_a_few_and_ends_on_the_last() {
        let mut screen = Screen::new(1);
        let mut shown = Vec::new();
        for done in 0..1000 {
            screen.progress(moved(done, None));
            screen.show_due();
            shown.extend(screen.take());
        }
        screen.progress(moved(10, Some(ProgressEnd::Done)));
        screen.finish();
        shown.extend(screen.take());
        assert!(shown.len() >= 2 && shown.len() < 500, "{}", shown.len());
        assert_eq!(shown[0].0, "display_data");
        let last = &shown[shown.len() - 1];
        assert_eq!(last.0, "update_display_data");
        let text = last.1["data"]["text/plain"].as_str().unwrap();
        assert!(text.contains("100 %"), "{text}");
        assert_eq!(last.1["transient"]["display_id"], "b");
    }

    #[test]
    fn a_bar_that_did_not_end_is_told_so() {
        let mut screen = Screen::new(1);
        screen.progress(moved(3, None));
        screen.finish();
        let shown = screen.take();
        let text = shown[1].1["data"]["text/plain"].as_str().unwrap();
        assert!(text.contains("interrompu"), "{text}");
    }

    #[test]
    fn what_is_cleared_gives_way_to_what_follows() {
        let mut screen = Screen::new(1);
        screen.progress(moved(1, None));
        screen.print(StreamName::Stdout, "un\n");
        screen.value("text/plain".to_owned(), "1".to_owned());
        screen.take();
        screen.clear();
        screen.clear();
        assert_eq!(kinds(&screen.take()), [""; 0]);
        screen.progress(moved(2, Some(ProgressEnd::Done)));
        screen.finish();
        assert_eq!(kinds(&screen.take()), ["clear_output", "display_data"]);
        screen.clear();
        screen.finish();
        let shown = screen.take();
        assert_eq!(shown, [("clear_output", json!({"wait": false}))]);
    }

    #[test]
    fn too_many_displays_are_left_out_and_not_the_result() {
        let mut screen = Screen::new(1);
        for index in 0..2 * MAX_DISPLAYS {
            screen.value("text/plain".to_owned(), index.to_string());
            screen.display(&index.to_string(), json!({}), None, false);
        }
        screen.value("text/plain".to_owned(), "fin".to_owned());
        screen.finish();
        let shown = kinds(&screen.take());
        assert_eq!(shown.len(), MAX_DISPLAYS + 2);
        assert_eq!(shown[MAX_DISPLAYS..], ["stream", "execute_result"]);
    }

    #[test]
    fn endless_text_is_cut_at_a_character() {
        let mut screen = Screen::new(1);
        for _ in 0..3000 {
            screen.print(StreamName::Stdout, &"é".repeat(500));
        }
        screen.finish();
        let all: String = screen
            .take()
            .iter()
            .map(|(_, content)| content["text"].as_str().unwrap().to_owned())
            .collect();
        assert!(all.ends_with(TRUNCATED) && all.len() <= MAX_TEXT + TRUNCATED.len());
        assert_eq!(all.matches("tronquée").count(), 1);
    }
}
