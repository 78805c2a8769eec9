//! What outputs tell: points of a check, the session, when a cell ran. They are the student's file: told, not proved.

use serde_json::Value;
use tp_protocol::class::ClassLine;
use tp_protocol::question::number;

use super::outputs::joined;

/// Points lost to rounding are not lost.
const TOLERANCE: f64 = 1e-9;
const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// What the outputs of a check cell tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told {
    /// These points.
    Points(f64),
    /// The cell stopped on an error.
    Stopped,
    /// It was executed, but says no points that it can give.
    Unclear,
    /// It was not executed.
    NotRun,
}

/// The points that the outputs of a check tell, which can give `max`.
pub fn points(outputs: &[Value], max: f64) -> Told {
    if outputs.is_empty() {
        return Told::NotRun;
    }
    let streams = outputs
        .iter()
        .filter(|output| output["output_type"] == "stream");
    let text: String = streams.map(|output| joined(&output["text"])).collect();
    match text.lines().rev().find_map(of_line) {
        Some((points, of)) if (of - max).abs() <= TOLERANCE && points <= max + TOLERANCE => {
            Told::Points(points.max(0.0))
        }
        Some(_) => Told::Unclear,
        None if outputs
            .iter()
            .any(|output| output["output_type"] == "error") =>
        {
            Told::Stopped
        }
        None => Told::Unclear,
    }
}

/// « 1,5 point sur 2 (3 vérifications réussies sur 4) » as 1.5 and 2.
fn of_line(line: &str) -> Option<(f64, f64)> {
    let (points, rest) = line.split_once(" point")?;
    let (_, of) = rest.split_once(" sur ")?;
    let of = of.split('(').next()?;
    Some((number(points)?, number(of)?))
}

/// Whether the outputs tell of drawn faces, and of no photograph.
pub fn only_drawings(cells: &[Value]) -> bool {
    let outputs = cells.iter().filter_map(|cell| cell["outputs"].as_array());
    let texts: Vec<String> = outputs
        .flatten()
        .map(|output| joined(&output["text"]))
        .collect();
    let tells = |words: &str| texts.iter().any(|text| text.contains(words));
    // The lines of `Session` about its data.
    tells("visages dessinés (synthétiques)") && !tells(" photos de ") && !tells("des photos")
}

/// What the session says of itself when it opens: preset, device, seed, data.
pub fn session(source: &str, outputs: &[Value]) -> Option<String> {
    if !source.contains("Session::open(") {
        return None;
    }
    let text: String = outputs
        .iter()
        .map(|output| joined(&output["text"]))
        .collect();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then(|| lines.join(" · "))
}

/// The preset that a session says to have: « rapide ».
pub fn preset(session: &str) -> Option<&str> {
    let (_, rest) = session.split_once("préréglage")?;
    let (_, rest) = rest.split_once('«')?;
    let (named, _) = rest.split_once('»')?;
    Some(named.trim()).filter(|named| !named.is_empty())
}

/// The lines that the class pools, among what a cell prints.
pub fn class_lines(outputs: &[Value]) -> Vec<String> {
    let text: String = outputs
        .iter()
        .map(|output| joined(&output["text"]))
        .collect();
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| ClassLine::decode(line).is_ok())
        .map(str::to_owned)
        .collect()
}

/// When a cell was executed, as Jupyter notes it (« 2026-11-30T07:40:02.1Z »), where it does.
pub fn moment(metadata: &Value) -> Option<&str> {
    let times = metadata["execution"].as_object()?;
    times.values().filter_map(Value::as_str).max()
}

/// The day of a moment, in French: « 30 novembre 2026 ».
pub fn day(moment: &str) -> Option<String> {
    let mut parts = moment.get(..10)?.split('-');
    let mut next = || parts.next()?.parse::<usize>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let name = MONTHS.get(month.checked_sub(1)?)?;
    let day = match day {
        1 => "1er".to_owned(),
        2..=31 => day.to_string(),
        _ => return None,
    };
    Some(format!("{day} {name} {year}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stream(text: &str) -> Value {
        json!({"output_type": "stream", "name": "stdout", "text": [text]})
    }

    #[test]
    fn points_are_believed_where_they_are_possible() {
        let told = |text: &str| points(&[stream(text)], 2.0);
        assert_eq!(
            told("✘ a\n1,5 point sur 2 (3 vérifications réussies sur 4)\n"),
            Told::Points(1.5)
        );
        assert_eq!(told("2 points sur 2\n"), Told::Points(2.0));
        assert_eq!(told("20 points sur 2\n"), Told::Unclear);
        assert_eq!(told("2 points sur 20\n"), Told::Unclear);
        assert_eq!(told("bonjour\n"), Told::Unclear);
        assert_eq!(points(&[], 2.0), Told::NotRun);
        let error = json!({"output_type": "error", "ename": "E", "evalue": "x", "traceback": []});
        assert_eq!(points(&[error], 2.0), Told::Stopped);
    }

    #[test]
    fn days_are_french() {
        assert_eq!(
            day("2026-11-30T07:40:02Z").as_deref(),
            Some("30 novembre 2026")
        );
        assert_eq!(day("2027-01-01").as_deref(), Some("1er janvier 2027"));
        assert_eq!(day("2027-13-01"), None);
        assert_eq!(day("hier"), None);
        let metadata = json!({"execution": {"iopub.execute_input": "2026-01-02T00", "shell.execute_reply": "2026-01-03T00"}});
        assert_eq!(moment(&metadata), Some("2026-01-03T00"));
    }

    #[test]
    fn the_preset_and_the_class_line_are_read_where_they_are_printed() {
        let session = "Séance tp5 · préréglage « rapide » · graine 42";
        assert_eq!(preset(session), Some("rapide"));
        assert_eq!(preset(&session.replace(' ', "\u{a0}")), Some("rapide"));
        assert_eq!(preset("Séance tp5 · graine 42"), None);
        let line = "classe ; tp5 ; graine 42 ; rappel 0,8100 ; écart −0,1000";
        let printed = stream(&format!("exactitude : 0,700\n{line}\nclasse ; tp5\n"));
        assert_eq!(class_lines(&[printed]), [line]);
        assert!(class_lines(&[stream("la classe ; tp5\n")]).is_empty());
    }

    #[test]
    fn the_session_is_what_its_cell_prints() {
        let outputs = [stream("Séance tp5 · graine 42\nDonnées : dessins\n")];
        assert_eq!(
            session("let s = Session::open(\"tp5\")?;", &outputs).as_deref(),
            Some("Séance tp5 · graine 42 · Données : dessins")
        );
        assert_eq!(session("let x = 1;", &outputs), None);
        assert_eq!(session("Session::open(\"tp5\")", &[]), None);
    }
}
