//! Widget models: what a page's ipywidgets front end (controls 2.0) is given for a set of controls.

use serde_json::{Map, Value as Json, json};
use tp_protocol::controls::{Control, Kind};

use super::place;
use super::trace::{PREFIX, input_id, letters, note_id};
use super::values::tidy;

const CONTROLS: (&str, &str) = ("@jupyter-widgets/controls", "2.0.0");
const BASE: (&str, &str) = ("@jupyter-widgets/base", "2.0.0");

/// Width of a number field, in ems, its label not counted.
const FIELD: f64 = 6.5;
/// Width of a list, in ems, its label not counted.
const LIST: f64 = 14.0;

/// One widget model, with its whole present state.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) state: Map<String, Json>,
}

impl Model {
    fn new(id: String, (module, version): (&str, &str), name: &str, state: Json) -> Self {
        let mut all = Map::new();
        all.insert("_model_module".to_owned(), module.into());
        all.insert("_model_module_version".to_owned(), version.into());
        all.insert("_model_name".to_owned(), name.into());
        if let Json::Object(state) = state {
            all.extend(state);
        }
        Self { id, state: all }
    }

    /// A place for HTML.
    pub(super) fn html(id: String, value: &str) -> Self {
        // Without a tooltip of its own, a page writes « null ».
        Self::new(
            id,
            CONTROLS,
            "HTMLModel",
            json!({"value": value, "tooltip": ""}),
        )
    }

    /// An input that moves nothing any more.
    pub(super) fn dead(id: String, name: &str) -> Self {
        Self::new(id, CONTROLS, name, json!({"disabled": true}))
    }

    /// As « request_states » has it.
    pub(super) fn described(&self) -> Json {
        json!({
            "model_name": self.state["_model_name"],
            "model_module": self.state["_model_module"],
            "model_module_version": self.state["_model_module_version"],
            "state": self.state,
        })
    }
}

/// The models of one set.
#[derive(Debug)]
pub(super) struct Models {
    unique: String,
    made: usize,
    /// In the order in which they are opened: a model after those it names.
    pub(super) all: Vec<Model>,
    /// Which model moves which control.
    pub(super) inputs: Vec<(String, usize)>,
    /// The boxes that controls stand in, one a row.
    boxes: Vec<String>,
    /// Where the output is.
    pub(super) place: String,
    /// Where what happens to the set is told.
    pub(super) note: String,
    /// The box that holds all.
    pub(super) root: String,
}

/// The layouts and styles that the models of a set share.
struct Shared {
    label: f64,
    label_style: String,
    slider: String,
    field: String,
    list: String,
    button: String,
}

impl Models {
    /// The models of these controls, with an output already there.
    pub(super) fn build(controls: &[Control], rows: &[Vec<usize>], output: &str) -> Self {
        let shown = rows
            .iter()
            .flatten()
            .filter_map(|index| controls.get(*index));
        let letters: String = shown.map(|control| letters(&control.kind)).collect();
        let mut models = Self {
            unique: format!("{PREFIX}{}-{letters}", uuid::Uuid::new_v4().simple()),
            made: 0,
            all: Vec::new(),
            inputs: Vec::new(),
            boxes: Vec::new(),
            place: String::new(),
            note: String::new(),
            root: String::new(),
        };
        let shared = models.shared(controls);
        let across = models.layout(json!({"flex_flow": "row wrap", "align_items": "center"}));
        for row in rows {
            let mut children = Vec::new();
            for &index in row {
                if let Some(control) = controls.get(index) {
                    children.extend(models.control(index, control, &shared));
                }
            }
            let children: Vec<String> = children.iter().map(|id| reference(id)).collect();
            let state = json!({"children": children, "layout": reference(&across), "tooltip": ""});
            let row = models.add(CONTROLS, "HBoxModel", state);
            models.boxes.push(row);
        }
        let names = models.add_names(controls, rows);
        models.note = note_id(&models.unique);
        models.all.push(Model::html(models.note.clone(), ""));
        models.place = models.add_html(output);
        let mut children: Vec<String> = models.boxes.iter().map(|id| reference(id)).collect();
        children.extend(names.iter().map(|id| reference(id)));
        children.extend([reference(&models.note), reference(&models.place)]);
        let state = json!({"children": children, "tooltip": ""});
        models.root = models.add(CONTROLS, "VBoxModel", state);
        models
    }

    /// A model by its id.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Model> {
        self.all.iter_mut().find(|model| model.id == id)
    }

    /// The control that a model moves.
    pub(super) fn control_of(&self, id: &str) -> Option<usize> {
        let found = self.inputs.iter().find(|(model, _)| model == id);
        found.map(|(_, control)| *control)
    }

    /// Puts a new model in the place of one that pages may no longer hear; gives it and the box that now holds it.
    pub(super) fn renew(&mut self, old: &str) -> Option<(Model, Model)> {
        let id = self.new_id();
        let model = self.get_mut(old)?;
        model.id.clone_from(&id);
        let renewed = model.clone();
        for (input, _) in self.inputs.iter_mut().filter(|(input, _)| input == old) {
            input.clone_from(&id);
        }
        let (old, new) = (Json::from(reference(old)), Json::from(reference(&id)));
        let holder = self.all.iter_mut().find_map(|model| {
            let children = model.state.get_mut("children")?.as_array_mut()?;
            let child = children.iter_mut().find(|child| **child == old)?;
            *child = new.clone();
            Some(model.clone())
        })?;
        Some((renewed, holder))
    }

    fn new_id(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.unique, self.made)
    }

    fn add(&mut self, module: (&str, &str), name: &str, state: Json) -> String {
        let id = self.new_id();
        self.all.push(Model::new(id.clone(), module, name, state));
        id
    }

    fn add_html(&mut self, value: &str) -> String {
        let id = self.new_id();
        self.all.push(Model::html(id.clone(), value));
        id
    }

    /// Adds what gives the handles of sliders their names, where there are any.
    fn add_names(&mut self, controls: &[Control], rows: &[Vec<usize>]) -> Option<String> {
        let shown = rows
            .iter()
            .flatten()
            .filter_map(|index| controls.get(*index));
        let sliders = shown
            .filter(|control| matches!(control.kind, Kind::Slider { .. } | Kind::IntSlider { .. }));
        let labels: Vec<&str> = sliders.map(|control| control.label.as_str()).collect();
        if labels.is_empty() {
            return None;
        }
        let hidden = self.layout(json!({"display": "none"}));
        let id = self.add_html(&place::names(&labels));
        if let Some(model) = self.get_mut(&id) {
            let layout = reference(&hidden).into();
            model.state.insert("layout".to_owned(), layout);
        }
        Some(id)
    }

    fn layout(&mut self, state: Json) -> String {
        self.add(BASE, "LayoutModel", state)
    }

    fn shared(&mut self, controls: &[Control]) -> Shared {
        // Labels of sliders and lists stand in one column.
        let labels = controls
            .iter()
            .filter(|control| {
                matches!(
                    control.kind,
                    Kind::Slider { .. } | Kind::IntSlider { .. } | Kind::Choice { .. }
                )
            })
            .map(|control| control.label.chars().count());
        let longest = u32::try_from(labels.max().unwrap_or(0)).unwrap_or(u32::MAX);
        let label = (f64::from(longest) * 0.62 + 1.0).clamp(3.0, 24.0);
        let em = |width: f64| format!("{width:.1}em");
        let style = json!({"description_width": em(label)});
        Shared {
            label,
            label_style: self.add(CONTROLS, "DescriptionStyleModel", style),
            slider: self
                .layout(json!({"flex": "1 1 10em", "max_width": "28em", "min_width": "8em"})),
            field: self.layout(json!({"width": em(label + FIELD), "flex": "0 0 auto"})),
            list: self.layout(json!({"width": em(label + LIST), "flex": "0 0 auto"})),
            button: self.layout(json!({"width": "auto"})),
        }
    }

    /// Adds the models of a control; gives those that stand in its row.
    fn control(&mut self, index: usize, control: &Control, shared: &Shared) -> Vec<String> {
        let label = &control.label;
        let mut add = |name: &str, state: Json| {
            let id = input_id(&self.unique, self.inputs.len());
            self.all.push(Model::new(id.clone(), CONTROLS, name, state));
            self.inputs.push((id.clone(), index));
            id
        };
        // The number beside a slider carries its label; a handle is named by [`Models::add_names`].
        let numbers = |min: Json, max: Json, step: Json, value: Json| {
            let field = json!({
                "value": value, "min": min, "max": max, "step": step, "description": label, "tooltip": label,
                "layout": reference(&shared.field), "style": reference(&shared.label_style),
            });
            let slider = json!({
                "value": value, "min": min, "max": max, "step": step, "readout": false, "tooltip": label,
                "layout": reference(&shared.slider),
            });
            (field, slider)
        };
        match &control.kind {
            Kind::Slider {
                min,
                max,
                step,
                value,
            } => {
                let (field, slider) =
                    numbers(json!(min), json!(max), json!(step), json!(tidy(*value)));
                vec![
                    add("BoundedFloatTextModel", field),
                    add("FloatSliderModel", slider),
                ]
            }
            Kind::IntSlider {
                min,
                max,
                step,
                value,
            } => {
                let (field, slider) = numbers(json!(min), json!(max), json!(step), json!(value));
                vec![
                    add("BoundedIntTextModel", field),
                    add("IntSliderModel", slider),
                ]
            }
            Kind::Choice { options, index } => {
                let longest = options.iter().map(|option| option.chars().count()).max();
                let wide = longest.unwrap_or(0) > 24 || shared.label + LIST > 40.0;
                let state = json!({
                    "_options_labels": options, "index": index, "description": label, "tooltip": label,
                    "layout": reference(if wide { &shared.button } else { &shared.list }),
                    "style": reference(&shared.label_style),
                });
                vec![add("DropdownModel", state)]
            }
            Kind::Checkbox { value } => vec![add(
                "CheckboxModel",
                json!({"value": value, "description": label, "tooltip": label, "indent": false,
                    "layout": reference(&shared.button)}),
            )],
            Kind::Button => vec![add(
                "ButtonModel",
                json!({"description": label, "tooltip": label, "layout": reference(&shared.button)}),
            )],
            Kind::Upload { accept } => {
                let described = format!("{label}, 9 Mo au plus");
                vec![add(
                    "FileUploadModel",
                    json!({"description": described, "tooltip": label, "accept": accept, "multiple": false,
                        "value": [], "layout": reference(&shared.button)}),
                )]
            }
        }
    }
}

fn reference(id: &str) -> String {
    format!("IPY_MODEL_{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls() -> Vec<Control> {
        let control = |label: &str, kind| Control {
            label: label.to_owned(),
            kind,
        };
        vec![
            control(
                "Seuil",
                Kind::Slider {
                    min: 0.0,
                    max: 1.0,
                    step: 0.1,
                    value: 0.1 + 0.2,
                },
            ),
            control(
                "Photo",
                Kind::Upload {
                    accept: "image/*".to_owned(),
                },
            ),
        ]
    }

    #[test]
    fn models_are_opened_after_those_they_name() {
        let models = Models::build(&controls(), &[vec![0], vec![1]], "<p>x</p>");
        let mut seen: Vec<String> = Vec::new();
        for model in &models.all {
            let text = Json::Object(model.state.clone()).to_string();
            for named in text.split("IPY_MODEL_").skip(1) {
                let id = named.split('"').next().unwrap().to_owned();
                assert!(seen.contains(&id), "{id} is named before it is opened");
            }
            seen.push(model.id.clone());
        }
        assert_eq!(seen.last(), Some(&models.root));
        let field = &models
            .all
            .iter()
            .find(|model| model.state["_model_name"] == "BoundedFloatTextModel");
        assert_eq!(field.unwrap().state["value"], json!(0.3));
        assert_eq!(models.inputs.len(), 3);
    }

    #[test]
    fn a_model_is_renewed_in_its_box() {
        let mut models = Models::build(&controls(), &[vec![0, 1]], "");
        let old = models.inputs[2].0.clone();
        let (new, holder) = models.renew(&old).unwrap();
        assert_ne!(new.id, old);
        assert_eq!(models.control_of(&new.id), Some(1));
        assert_eq!(models.control_of(&old), None);
        let held = holder.state["children"].to_string();
        assert!(
            held.contains(&new.id) && !held.contains(&format!("{old}\"")),
            "{held}"
        );
    }
}
