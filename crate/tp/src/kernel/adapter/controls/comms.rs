//! What pages say on comms: values, clicks, files, and the question for all states.

use serde_json::{Map, Value as Json, json};
use tp_protocol::controls::Kind;

use super::trace::Trace;
use super::values::{read_value, value_state};
use super::{leftover, opening, place};
use crate::kernel::adapter::Adapter;
use crate::kernel::adapter::wire::Message;

/// The target of the comm on which a page asks for all states. Only front ends of the version that we speak know it.
const CONTROL: &str = "jupyter.widget.control";

/// The server tells nobody that it dropped a file.
const BACK_NOTE: &str = "La page s'est reconnectée. Si vous veniez de donner un fichier, il n'est pas arrivé : il dépassait sans doute 9 Mo.";

impl Adapter {
    /// Takes a message about a comm; what is none of ours changes nothing.
    pub(in crate::kernel::adapter) async fn comm(&mut self, request: Message) {
        self.status(&request, "busy").await;
        let id = request.text("comm_id").to_owned();
        match request.kind() {
            "comm_open" if request.text("target_name") == CONTROL && !id.is_empty() => {
                self.controls.shown = true;
                self.controls.pages.insert(id);
            }
            "comm_open" => {
                // No other comm has anyone to speak to here.
                let content = json!({"comm_id": request.content["comm_id"], "data": {}});
                let close = request.child("comm_close", &self.front.session, content);
                self.front.iopub(&close).await;
            }
            "comm_close" => {
                self.controls.pages.remove(&id);
                if let Some(index) = self.controls.owner_of(&id)
                    && self.controls.sets[index].models.root == id
                {
                    self.close(index).await;
                }
            }
            _ if self.controls.pages.contains(&id) => {
                if request.content["data"]["method"] == "request_states" {
                    self.tell_states(&request, &id).await;
                }
            }
            _ => {
                if self.moved(&request, &id).await {
                    // Idle comes after the output.
                    return;
                }
            }
        }
        self.rest(&request).await;
    }

    /// Answers with all models; also those of a saved notebook whose session is over.
    async fn tell_states(&mut self, request: &Message, page: &str) {
        let client = request.header["session"].as_str().unwrap_or_default();
        if !self.controls.clients.insert(client.to_owned()) {
            self.renew_uploads(request).await;
        }
        let mut states = Map::new();
        if let Some(notebook) = &self.controls.notebook {
            for model in leftover::placeholders(notebook) {
                states.insert(model.id.clone(), model.described());
            }
        }
        let former = self.controls.former.iter().filter_map(|id| Trace::of(id));
        for model in former.flat_map(|trace| leftover::dead(&trace)) {
            states.insert(model.id.clone(), model.described());
        }
        for model in self.controls.sets.iter().flat_map(|set| &set.models.all) {
            states.insert(model.id.clone(), model.described());
        }
        let data = json!({"method": "update_states", "states": states, "buffer_paths": []});
        self.comm_message(request, page, data).await;
    }

    /// A page speaks to a control of a session that is over: it is told so.
    async fn tell_the_end(&mut self, request: &Message, id: &str) {
        let Some(trace) = Trace::of(id) else { return };
        for model in leftover::dead(&trace) {
            let data = json!({"method": "update", "state": model.state, "buffer_paths": []});
            self.comm_message(request, &model.id, data).await;
        }
        if !request.buffers.is_empty() {
            // Nobody reads this file: the page does not keep it.
            let data = json!({"method": "update", "state": {"disabled": true, "value": []}, "buffer_paths": []});
            self.comm_message(request, id, data).await;
        }
    }

    /// A page that lost its connection, over a file larger than its server lets through, sends nothing more from the
    /// control that the file was given to. It asks for all states again when it is back: that control is then made anew. (A page
    /// that is loaded asks under another name, and must find what it is told about once only.)
    async fn renew_uploads(&mut self, request: &Message) {
        for index in 0..self.controls.sets.len() {
            if !self.controls.sets[index].alive {
                continue;
            }
            let uploads = self.controls.sets[index].uploads();
            if !uploads.is_empty() {
                let set = &mut self.controls.sets[index];
                set.noted = true;
                let note = set.models.note.clone();
                let told = json!({"value": place::note(BACK_NOTE)});
                self.update(request, &note, told).await;
            }
            for old in uploads {
                let Some((model, holder)) = self.controls.sets[index].models.renew(&old) else {
                    continue;
                };
                let opened = opening(request, &self.front.session, &model);
                self.front.iopub(&opened).await;
                let children = json!({"children": holder.state["children"]});
                self.update(request, &holder.id, children).await;
                let content = json!({"comm_id": old, "data": {}});
                let close = request.child("comm_close", &self.front.session, content);
                self.front.iopub(&close).await;
            }
        }
    }

    /// Takes what a page says of one model; `true` when its output is on the way.
    async fn moved(&mut self, request: &Message, id: &str) -> bool {
        let Some(index) = self.controls.owner_of(id) else {
            self.tell_the_end(request, id).await;
            return false;
        };
        let data = &request.content["data"];
        match data["method"].as_str() {
            Some("request_state") => {
                let known = self.controls.sets[index].models.get_mut(id);
                if let Some(state) = known.map(|model| model.state.clone()) {
                    let data = json!({"method": "update", "state": state, "buffer_paths": []});
                    self.comm_message(request, id, data).await;
                }
                return false;
            }
            Some("update" | "custom") => {}
            _ => return false,
        }
        let set = &mut self.controls.sets[index];
        let Some(control) = set.models.control_of(id).filter(|_| set.alive) else {
            return false;
        };
        let Some(kind) = set.controls.get(control).map(|one| one.kind.clone()) else {
            return false;
        };
        match kind {
            Kind::Button if data["content"]["event"] == "click" => set.click(control),
            Kind::Upload { .. } => {
                if let Some(content) = request.buffers.first().cloned() {
                    let name = data["state"]["value"][0]["name"].as_str();
                    set.upload(control, name.unwrap_or_default(), content);
                    // The bytes are the function's now: neither the page nor its other views keep them.
                    self.update(request, id, json!({"value": []})).await;
                }
            }
            _ => self.value(request, id, (index, control), &kind).await,
        }
        let set = &mut self.controls.sets[index];
        if !set.moved {
            return false;
        }
        set.hold(request.clone());
        let (connection, number) = (set.connection, set.number);
        self.ask_cells(connection, number);
        true
    }

    /// Takes the value of a control, and has every other model and page show it.
    async fn value(
        &mut self,
        request: &Message,
        id: &str,
        (index, control): (usize, usize),
        kind: &Kind,
    ) {
        let sent = &request.content["data"]["state"];
        let set = &mut self.controls.sets[index];
        let Some(value) = read_value(kind, sent) else {
            return;
        };
        let models = set.take(control, value);
        let state = set.value(control).map_or_else(|| json!({}), value_state);
        // As the page sent it: this is how it knows its own message.
        let echo =
            json!({"method": "echo_update", "state": named(sent, &state), "buffer_paths": []});
        self.comm_message(request, id, echo).await;
        for other in models.iter().filter(|other| *other != id) {
            self.update(request, other, state.clone()).await;
        }
    }
}

/// The parts of `sent` that `state` names.
fn named(sent: &Json, state: &Json) -> Json {
    let names = state.as_object().into_iter().flatten();
    let parts = names.map(|(name, _)| (name.clone(), sent[name].clone()));
    Json::Object(parts.collect())
}
