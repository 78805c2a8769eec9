//! The ids of a set's models: any of them tells what the set was made of, long after its session is over.

use tp_protocol::controls::Kind;

use super::models::Model;

/// What the ids of our models begin with: one found in a saved notebook is known by it.
pub(super) const PREFIX: &str = "tp-visages-";

/// The models that move a control, each with the letter that names it in the ids of a set.
const INPUTS: [(char, &str); 8] = [
    ('f', "BoundedFloatTextModel"),
    ('s', "FloatSliderModel"),
    ('i', "BoundedIntTextModel"),
    ('j', "IntSliderModel"),
    ('d', "DropdownModel"),
    ('c', "CheckboxModel"),
    ('b', "ButtonModel"),
    ('u', "FileUploadModel"),
];
/// More inputs than any set has.
const MOST_INPUTS: usize = 400;

/// What the id of any model of a set tells of the set, long after its session is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trace<'a> {
    /// What all ids of the set begin with.
    unique: &'a str,
    /// One letter an input.
    letters: &'a str,
}

impl<'a> Trace<'a> {
    /// The set of a model; `None` for an id that is none of ours.
    pub(super) fn of(id: &'a str) -> Option<Self> {
        let (unique, _) = id.rsplit_once('-')?;
        let (_, letters) = unique.strip_prefix(PREFIX)?.split_once('-')?;
        let known = |letter| INPUTS.iter().any(|(known, _)| *known == letter);
        (letters.len() <= MOST_INPUTS && letters.chars().all(known))
            .then_some(Self { unique, letters })
    }

    /// Its inputs, none of which moves anything.
    pub(super) fn inputs(&self) -> impl Iterator<Item = Model> + '_ {
        let names = self.letters.chars().filter_map(|letter| {
            let found = INPUTS.iter().find(|(known, _)| *known == letter);
            found.map(|(_, name)| *name)
        });
        names
            .enumerate()
            .map(|(index, name)| Model::dead(input_id(self.unique, index), name))
    }

    /// The place where what happens to it is told, with this text.
    pub(super) fn note(&self, html: &str) -> Model {
        Model::html(note_id(self.unique), html)
    }
}

pub(super) fn input_id(unique: &str, index: usize) -> String {
    format!("{unique}-e{index}")
}

pub(super) fn note_id(unique: &str) -> String {
    format!("{unique}-note")
}

/// The models of a control, in the order in which they stand.
pub(super) fn letters(kind: &Kind) -> &'static str {
    match kind {
        Kind::Slider { .. } => "fs",
        Kind::IntSlider { .. } => "ij",
        Kind::Choice { .. } => "d",
        Kind::Checkbox { .. } => "c",
        Kind::Button => "b",
        Kind::Upload { .. } => "u",
    }
}
