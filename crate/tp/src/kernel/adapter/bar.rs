//! A progress bar as HTML and as text.

use serde_json::{Value, json};
use tp_protocol::{Marker, ProgressEnd};

/// Width of the bar of characters.
const WIDTH: u64 = 24;

/// Both representations of a progress message; nothing for another one.
pub(super) fn render(marker: &Marker) -> Value {
    let Marker::Progress {
        label,
        done,
        total,
        detail,
        seconds_left,
        ended,
        ..
    } = marker
    else {
        return json!({});
    };
    // A loop without steps has done them all.
    let (done, total) = match *total {
        0 => (1, 1),
        total => (*done.min(&total), total),
    };
    let percent = done * 100 / total;
    let (state, colour) = match ended {
        None => (String::new(), "#1f77b4"),
        Some(ProgressEnd::Done) => ("terminé".to_owned(), "#2e8b57"),
        Some(ProgressEnd::Stopped) => ("arrêté".to_owned(), "#b8860b"),
        Some(ProgressEnd::Failed) => ("interrompu".to_owned(), "#b22222"),
    };
    let left = seconds_left
        .filter(|seconds| seconds.is_finite())
        .map(|seconds| format!("encore ~{}", clock(seconds)));
    let right: Vec<String> = [
        Some(detail.clone()),
        Some(format!("{percent} %")),
        left,
        Some(state),
    ]
    .into_iter()
    .flatten()
    .filter(|text| !text.is_empty())
    .collect();
    let right = right.join(" · ");
    let full = done * WIDTH / total;
    let drawn: String = (0..WIDTH)
        .map(|cell| if cell < full { '█' } else { '░' })
        .collect();
    let html = format!(
        "<div style=\"max-width:46em;font-size:13px\">\
         <div style=\"display:flex;justify-content:space-between;gap:2em\"><span>{}</span><span>{}</span></div>\
         <div role=\"progressbar\" aria-label=\"{}\" aria-valuemin=\"0\" aria-valuemax=\"{total}\" aria-valuenow=\"{done}\" \
         style=\"height:8px;margin-top:2px;border-radius:4px;background:#d5d5d5;overflow:hidden\">\
         <div style=\"height:100%;width:{percent}%;background:{colour}\"></div></div></div>",
        escape(label),
        escape(&right),
        escape(label),
    );
    json!({"text/html": html, "text/plain": format!("{label} {drawn} {right}")})
}

fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds / 3600 {
        0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours} h {:02}", seconds / 60 % 60),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(
        done: u64,
        total: u64,
        seconds_left: Option<f64>,
        ended: Option<ProgressEnd>,
    ) -> String {
        let data = render(&Marker::Progress {
            id: "x".to_owned(),
            label: "Époque 1/2 <b>".to_owned(),
            done,
            total,
            detail: "perte 0,3".to_owned(),
            seconds_left,
            ended,
        });
        let html = data["text/html"].as_str().unwrap();
        assert!(
            html.contains("Époque 1/2 &lt;b&gt;") && !html.contains("<b>"),
            "{html}"
        );
        data["text/plain"].as_str().unwrap().to_owned()
    }

    #[test]
    fn bars_say_how_far_they_are() {
        assert_eq!(
            text(5, 10, Some(65.4), None),
            "Époque 1/2 <b> ████████████░░░░░░░░░░░░ perte 0,3 · 50 % · encore ~01:05"
        );
        assert!(text(10, 10, None, Some(ProgressEnd::Done)).ends_with("100 % · terminé"));
        assert!(text(0, 0, Some(f64::NAN), None).ends_with("100 %"));
        assert!(text(99, 10, Some(7325.0), None).ends_with("100 % · encore ~2 h 02"));
    }
}
