//! Live controls between a page, played by plain sockets, and the stand-in for the cells' process.

use std::time::{Duration, Instant};

use bytes::Bytes;
use jupyter_protocol::{
    CommClose, CommId, CommInfoRequest, CommMsg, CommOpen, ExecuteRequest, JupyterMessage,
    JupyterMessageContent, MediaType, ShutdownRequest,
};
use jupyter_zmq_client::create_client_iopub_connection;
use serde_json::{Value, json};

use super::wires::{Wires, block_on, printed};

const VIEW: &str = "application/vnd.jupyter.widget-view+json";

/// A page that shows controls.
struct Page {
    wires: Wires,
    /// Everything that the kernel told.
    told: Vec<JupyterMessage>,
}

fn map(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

impl Page {
    async fn open() -> Self {
        Self::of(Wires::start(true).await).await
    }

    async fn of(wires: Wires) -> Self {
        let mut page = Self {
            wires,
            told: Vec::new(),
        };
        let states = page.states("CTL").await;
        assert_eq!(states, json!({}));
        page
    }

    async fn send(
        &mut self,
        content: impl Into<JupyterMessageContent>,
        buffers: &[&[u8]],
    ) -> String {
        let mut message = JupyterMessage::new(content, None);
        let id = message.header.msg_id.clone();
        message.buffers = buffers.iter().map(|b| Bytes::copy_from_slice(b)).collect();
        self.wires.shell.send(message).await.unwrap();
        id
    }

    /// Executes a cell that the page knows by a name.
    async fn execute(&mut self, code: &str, metadata: Value) -> Vec<JupyterMessage> {
        let mut message = JupyterMessage::new(ExecuteRequest::new(code.to_owned()), None);
        message.metadata = metadata;
        let id = message.header.msg_id.clone();
        self.wires.shell.send(message).await.unwrap();
        self.until_idle(&id).await
    }

    /// What is told until the work of a request is over, of this request or not.
    async fn until_idle(&mut self, id: &str) -> Vec<JupyterMessage> {
        let mut told = Vec::new();
        loop {
            let read = tokio::time::timeout(Duration::from_secs(20), self.wires.iopub.read());
            let message = read.await.expect("a message in time").unwrap();
            let of = |header: &jupyter_protocol::Header| header.msg_id == id;
            let ours = message.parent_header.as_ref().is_some_and(of);
            if let JupyterMessageContent::Status(status) = &message.content
                && ours
                && format!("{:?}", status.execution_state) == "Idle"
            {
                self.told.extend(told.iter().cloned());
                return told;
            }
            told.push(message);
        }
    }

    /// Asks for all states, as a page does when it connects.
    async fn states(&mut self, comm: &str) -> Value {
        let open = CommOpen {
            comm_id: CommId(comm.to_owned()),
            target_name: "jupyter.widget.control".to_owned(),
            ..CommOpen::default()
        };
        let id = self.send(open, &[]).await;
        self.until_idle(&id).await;
        let asked = self
            .message(comm, json!({"method": "request_states"}), &[])
            .await;
        let states = asked.iter().find_map(|message| match &message.content {
            JupyterMessageContent::CommMsg(told) if told.comm_id.0 == comm => {
                assert_eq!(told.data["method"], "update_states");
                assert_eq!(told.data["buffer_paths"], json!([]));
                Some(told.data["states"].clone())
            }
            _ => None,
        });
        let close = CommClose {
            comm_id: CommId(comm.to_owned()),
            data: map(json!({})),
        };
        let id = self.send(close, &[]).await;
        self.until_idle(&id).await;
        states.expect("all states")
    }

    /// Sends on a comm, and waits until the kernel is done with it.
    async fn message(&mut self, comm: &str, data: Value, buffers: &[&[u8]]) -> Vec<JupyterMessage> {
        let id = self.post(comm, data, buffers).await;
        self.until_idle(&id).await
    }

    async fn post(&mut self, comm: &str, data: Value, buffers: &[&[u8]]) -> String {
        let content = CommMsg {
            comm_id: CommId(comm.to_owned()),
            data: map(data),
        };
        self.send(content, buffers).await
    }

    /// Moves a control.
    async fn set(&mut self, comm: &str, state: Value) -> Vec<JupyterMessage> {
        let data = json!({"method": "update", "state": state, "buffer_paths": []});
        self.message(comm, data, &[]).await
    }

    async fn printed(&mut self, code: &str) -> String {
        let told = self.execute(code, json!({})).await;
        let contents: Vec<_> = told.into_iter().map(|message| message.content).collect();
        printed(&contents)
    }
}

/// The models that were opened: id, name, state.
fn opened(told: &[JupyterMessage]) -> Vec<(String, String, Value)> {
    let models = told.iter().filter_map(|message| match &message.content {
        JupyterMessageContent::CommOpen(open) => {
            assert_eq!(open.target_name, "jupyter.widget");
            assert_eq!(message.metadata["version"], "2.1.0");
            let state = open.data["state"].clone();
            let name = state["_model_name"].as_str().unwrap().to_owned();
            Some((open.comm_id.0.clone(), name, state))
        }
        _ => None,
    });
    models.collect()
}

fn closed(told: &[JupyterMessage]) -> usize {
    let is_close =
        |message: &&JupyterMessage| matches!(message.content, JupyterMessageContent::CommClose(_));
    told.iter().filter(is_close).count()
}

/// What a model was told: method and data, in order.
fn updates(told: &[JupyterMessage], comm: &str) -> Vec<(String, Value)> {
    let of = told.iter().filter_map(|message| match &message.content {
        JupyterMessageContent::CommMsg(message) if message.comm_id.0 == comm => {
            let method = message.data["method"].as_str().unwrap().to_owned();
            Some((method, message.data["state"].clone()))
        }
        _ => None,
    });
    of.collect()
}

fn named(models: &[(String, String, Value)], name: &str) -> String {
    let found = models.iter().rev().find(|(_, model, _)| model == name);
    found.unwrap_or_else(|| panic!("no {name}")).0.clone()
}

/// The media of the display that a cell made.
fn display(told: &[JupyterMessage]) -> Vec<String> {
    let media = told.iter().find_map(|message| match &message.content {
        JupyterMessageContent::DisplayData(display) => Some(&display.data.content),
        _ => None,
    });
    let name = |media: &MediaType| match media {
        MediaType::Plain(_) => "text/plain".to_owned(),
        MediaType::WidgetView(body) => format!("{VIEW} {body:?}"),
        other => format!("{other:?}"),
    };
    media.expect("a display").iter().map(name).collect()
}

pub fn a_set_opens_moves_and_is_closed_by_its_cell() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let (slider, field) = (
            named(&models, "FloatSliderModel"),
            named(&models, "BoundedFloatTextModel"),
        );
        let place = named(&models, "HTMLModel");
        let root = named(&models, "VBoxModel");
        let shown = display(&told);
        assert!(
            shown
                .iter()
                .any(|media| media.starts_with(VIEW) && media.contains(&root)),
            "{shown:?}"
        );
        assert!(shown.contains(&"text/plain".to_owned()), "{shown:?}");
        // All models are there before the display.
        let at = |wanted: fn(&JupyterMessageContent) -> bool| {
            told.iter().rposition(|message| wanted(&message.content))
        };
        assert!(
            at(|content| matches!(content, JupyterMessageContent::CommOpen(_)))
                < at(|content| matches!(content, JupyterMessageContent::DisplayData(_)))
        );
        let state = &models.iter().find(|(id, ..)| *id == place).unwrap().2;
        assert!(
            state["value"]
                .as_str()
                .unwrap()
                .contains("premier &lt;état&gt;")
        );

        // The output comes before idle; the field follows the slider; other pages hear the echo.
        let told = page.set(&slider, json!({"value": 0.25})).await;
        let output = updates(&told, &place);
        assert!(
            output[0].1["value"]
                .as_str()
                .unwrap()
                .contains("Number(0.25)"),
            "{output:?}"
        );
        assert_eq!(
            updates(&told, &field),
            [("update".to_owned(), json!({"value": 0.25}))]
        );
        assert_eq!(
            updates(&told, &slider),
            [("echo_update".to_owned(), json!({"value": 0.25}))]
        );
        let told = page.set(&field, json!({"value": 1})).await;
        assert_eq!(
            updates(&told, &slider),
            [("update".to_owned(), json!({"value": 1.0}))]
        );
        let told = page
            .set(&named(&models, "DropdownModel"), json!({"index": 1}))
            .await;
        assert!(updates(&told, &place)[0].1.to_string().contains("Index(1)"));
        let click = json!({"method": "custom", "content": {"event": "click"}});
        let told = page
            .message(&named(&models, "ButtonModel"), click, &[])
            .await;
        assert!(
            updates(&told, &place)[0]
                .1
                .to_string()
                .contains("Clicks(1)")
        );

        // Executed again, its former set is gone from all pages; another cell's is not.
        let told = page.execute("controls", json!({"cellId": "b"})).await;
        assert_eq!(closed(&told), 0);
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        assert_eq!(closed(&told), models.len());
        assert_eq!(page.printed("closed").await, "fermés : 1\n");
        let told = page
            .execute("print x", json!({"deletedCells": ["b"]}))
            .await;
        assert_eq!(closed(&told), models.len());
        assert_eq!(page.printed("closed").await, "fermés : 2\n");
        // A closed model is no model any more.
        let told = page.set(&slider, json!({"value": 0.5})).await;
        assert!(updates(&told, &place).is_empty());
    });
}

pub fn every_page_finds_the_present_state() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let slider = named(&models, "FloatSliderModel");
        // Another client hears what the first one moves.
        let connection = page.wires.connection.clone();
        let mut other = create_client_iopub_connection(&connection, "", "autre")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        page.set(&slider, json!({"value": 0.75})).await;
        let place = named(&models, "HTMLModel");
        let heard = async {
            loop {
                let message = other.read().await.unwrap();
                if let JupyterMessageContent::CommMsg(told) = &message.content
                    && told.comm_id.0 == place
                {
                    return told.data["state"]["value"].as_str().unwrap().to_owned();
                }
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(5), heard)
            .await
            .unwrap();
        assert!(heard.contains("Number(0.75)"), "{heard}");
        // A page that is loaded again.
        let states = page.states("CTL2").await;
        assert_eq!(states[&slider]["state"]["value"], 0.75);
        assert_eq!(states[&slider]["model_name"], "FloatSliderModel");
        assert_eq!(states[&slider]["model_module"], "@jupyter-widgets/controls");
        assert!(
            states[&place]["state"]["value"]
                .to_string()
                .contains("Number(0.75)")
        );
        assert_eq!(states.as_object().unwrap().len(), models.len());
        // The older way.
        let id = page
            .send(
                CommInfoRequest {
                    target_name: Some("jupyter.widget".to_owned()),
                },
                &[],
            )
            .await;
        match page.wires.reply_in_time(&id, Duration::from_secs(5)).await {
            JupyterMessageContent::CommInfoReply(reply) => {
                assert_eq!(reply.comms.len(), models.len())
            }
            other => panic!("{other:?}"),
        }
        let told = page
            .message(&slider, json!({"method": "request_state"}), &[])
            .await;
        let state = &updates(&told, &slider)[0].1;
        assert_eq!(
            (&state["value"], &state["_model_name"]),
            (&json!(0.75), &json!("FloatSliderModel"))
        );
    });
}

pub fn controls_answer_while_a_cell_runs() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let (slider, place) = (
            named(&models, "FloatSliderModel"),
            named(&models, "HTMLModel"),
        );
        let cell = page.wires.execute("listen").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        let told = page.set(&slider, json!({"value": 0.1})).await;
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(updates(&told, &place).len(), 1);
        // Then the kernel says that the cell still runs.
        let next = tokio::time::timeout(Duration::from_secs(2), page.wires.iopub.read());
        let next = next.await.unwrap().unwrap();
        assert_eq!(next.parent_header.unwrap().msg_id, cell);
        assert!(
            matches!(&next.content, JupyterMessageContent::Status(status)
                if format!("{:?}", status.execution_state) == "Busy"),
            "{:?}",
            next.content
        );
        page.wires.interrupt().await;
        page.wires
            .reply_in_time(&cell, Duration::from_secs(5))
            .await;
        // An interrupt costs no control.
        let told = page.set(&slider, json!({"value": 0.2})).await;
        assert_eq!(updates(&told, &place).len(), 1);
    });
}

pub fn a_slow_function_gets_the_latest_values_only() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls lent", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let (slider, place) = (
            named(&models, "FloatSliderModel"),
            named(&models, "HTMLModel"),
        );
        let mut ids = Vec::new();
        for step in 1..=20 {
            let state = json!({"value": f64::from(step) / 20.0});
            let data = json!({"method": "update", "state": state, "buffer_paths": []});
            ids.push(page.post(&slider, data, &[]).await);
        }
        let start = Instant::now();
        let told = page.until_idle(&ids[19]).await;
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        let outputs = updates(&told, &place);
        assert!(outputs.len() <= 3, "{outputs:?}");
        assert!(
            outputs
                .last()
                .unwrap()
                .1
                .to_string()
                .contains("Number(1.0)"),
            "{outputs:?}"
        );
        // Every message is idle once: a control without it never sends again.
        let idle = told.iter().filter(|message| {
            matches!(&message.content, JupyterMessageContent::Status(status)
                if format!("{:?}", status.execution_state) == "Idle")
        });
        assert_eq!(idle.count(), 19);
    });
}

pub fn a_function_that_never_answers_frees_its_controls() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls sourd", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let slider = named(&models, "FloatSliderModel");
        let start = Instant::now();
        let told = page.set(&slider, json!({"value": 0.1})).await;
        assert!(
            (1..5).contains(&start.elapsed().as_secs()),
            "{:?}",
            start.elapsed()
        );
        assert!(updates(&told, &named(&models, "HTMLModel")).is_empty());
        // The rest of the kernel does not wait.
        assert_eq!(page.printed("print là").await, "là\n");
        // It is told after ten seconds.
        tokio::time::sleep(Duration::from_millis(9000)).await;
        let told = page.set(&slider, json!({"value": 0.2})).await;
        let text = format!("{:?}", told.iter().map(|m| &m.content).collect::<Vec<_>>());
        assert!(
            text.contains("Le calcul dure depuis plus de 10 secondes"),
            "{text}"
        );
    });
}

pub fn an_interrupt_asks_the_function_of_controls_to_stop() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page
            .execute("controls docile", json!({"cellId": "a"}))
            .await;
        let models = opened(&told);
        let data = json!({"method": "update", "state": {"value": 0.1}, "buffer_paths": []});
        let slider = named(&models, "FloatSliderModel");
        let id = page.post(&slider, data, &[]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        // No cell runs: only the function can be meant.
        page.wires.interrupt().await;
        let start = Instant::now();
        let told = page.until_idle(&id).await;
        assert!(
            start.elapsed() < Duration::from_millis(1500),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(updates(&told, &named(&models, "HTMLModel")).len(), 1);
        // The wish is over with it.
        assert_eq!(page.printed("print là").await, "là\n");
    });
}

pub fn junk_on_comms_changes_nothing() {
    block_on(async {
        let mut page = Page::open().await;
        assert_eq!(page.printed("babble").await, "");
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let place = named(&models, "HTMLModel");
        let ids: Vec<String> = models.iter().map(|(id, ..)| id.clone()).collect();
        for id in ids.iter().map(String::as_str).chain(["", "inconnu", "CTL"]) {
            for data in [
                json!({}),
                json!({"method": 3}),
                json!({"method": "update"}),
                json!({"method": "update", "state": []}),
                json!({"method": "update", "state": {"value": "texte", "index": -1}}),
                json!({"method": "update", "state": {"value": null, "index": 1e300, "_model_name": "X"}}),
                json!({"method": "update", "state": {"value": [[]]}, "buffer_paths": [["value", 0, "content"]]}),
                json!({"method": "custom", "content": "click"}),
                json!({"method": "inconnue"}),
            ] {
                let told = page.message(id, data.clone(), &[]).await;
                assert!(updates(&told, &place).is_empty(), "{id} {data}");
            }
        }
        // A page's own widgets have nobody to speak to.
        let open = CommOpen {
            target_name: "jupyter.widget".to_owned(),
            ..CommOpen::default()
        };
        let id = page.send(open, &[]).await;
        assert_eq!(closed(&page.until_idle(&id).await), 1);
        let slider = named(&models, "FloatSliderModel");
        let told = page.set(&slider, json!({"value": -5})).await;
        assert!(
            updates(&told, &place)[0]
                .1
                .to_string()
                .contains("Number(0.0)")
        );
        let states = page.states("CTL2").await;
        assert_eq!(states[&slider]["state"]["_model_name"], "FloatSliderModel");
    });
}

pub fn controls_whose_process_ended_say_so() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let slider = named(&models, "FloatSliderModel");
        page.execute("hangup", json!({"cellId": "b"})).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let states = page.states("CTL2").await;
        assert_eq!(states[&slider]["state"]["disabled"], true);
        assert!(
            states.to_string().contains("réexécutez la cellule"),
            "{states}"
        );
        // Moved all the same, they are idle at once.
        let start = Instant::now();
        let told = page.set(&slider, json!({"value": 0.1})).await;
        assert!(updates(&told, &slider).is_empty() && start.elapsed() < Duration::from_secs(1));
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        assert_eq!(closed(&told), models.len());
    });
}

pub fn a_file_goes_to_the_function_and_nowhere_else() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let (upload, place) = (
            named(&models, "FileUploadModel"),
            named(&models, "HTMLModel"),
        );
        let data = json!({
            "method": "update",
            "state": {"value": [{"name": "moi.png", "type": "image/png", "size": 3, "last_modified": 1}]},
            "buffer_paths": [["value", 0, "content"]],
        });
        let told = page.message(&upload, data.clone(), &[&[1, 2, 3]]).await;
        // Emptied on all pages, and no echo of it.
        assert_eq!(
            updates(&told, &upload),
            [("update".to_owned(), json!({"value": []}))]
        );
        assert!(told.iter().all(|message| message.buffers.is_empty()));
        let output = updates(&told, &place)[0].1.to_string();
        assert!(
            output.contains("moi.png [1, 2, 3]") && output.contains("Files(1)"),
            "{output}"
        );
        // The next values come without it.
        let told = page
            .set(&named(&models, "FloatSliderModel"), json!({"value": 0.1}))
            .await;
        let output = updates(&told, &place)[0].1.to_string();
        assert!(
            output.contains("Files(1)") && !output.contains("moi.png"),
            "{output}"
        );
        // A page that comes back has a control that still sends.
        let states = page.states("CTL2").await;
        assert!(states.get(&upload).is_none());
        let note = states
            .as_object()
            .unwrap()
            .keys()
            .find(|id| id.ends_with("-note"));
        let told = states[note.unwrap()]["state"]["value"].to_string();
        assert!(told.contains("dépassait sans doute 9 Mo"), "{told}");
        let anew = opened(&page.told).last().unwrap().0.clone();
        assert_eq!(states[&anew]["state"]["value"], json!([]));
        let holder = states
            .as_object()
            .unwrap()
            .values()
            .find(|model| model["state"]["children"].to_string().contains(&anew));
        assert_eq!(holder.unwrap()["model_name"], "HBoxModel");
        let told = page.message(&anew, data, &[&[9]]).await;
        assert!(updates(&told, &place)[0].1.to_string().contains("[9]"));
        assert_eq!(updates(&told, note.unwrap())[0].1["value"], "");
    });
}

pub fn without_a_page_that_shows_them_the_first_output_is_there() {
    block_on(async {
        let wires = Wires::start(true).await;
        let mut page = Page {
            wires,
            told: Vec::new(),
        };
        let told = page.execute("controls", json!({})).await;
        assert!(opened(&told).is_empty());
        assert_eq!(display(&told), ["text/plain"]);
    });
}

pub fn a_reopened_notebook_shows_its_pictures() {
    let notebook = std::env::temp_dir().join(format!("tp-rouvert-{}.ipynb", uuid::Uuid::new_v4()));
    let data = json!({
        VIEW: {"model_id": "tp-visages-ancien-9", "version_major": 2, "version_minor": 0},
        "image/png": "iVBORw0KGgo=", "text/plain": "un visage",
    });
    let text = json!({"cells": [{"cell_type": "code", "id": "a", "outputs": [{"data": data}]}]});
    std::fs::write(&notebook, text.to_string()).unwrap();
    block_on(async {
        let variable = [("JPY_SESSION_NAME", notebook.to_str().unwrap())];
        let wires = Wires::start_with(true, &variable).await;
        let mut page = Page {
            wires,
            told: Vec::new(),
        };
        let states = page.states("CTL").await;
        let model = &states["tp-visages-ancien-9"];
        assert_eq!(model["model_name"], "HTMLModel");
        let shown = model["state"]["value"].as_str().unwrap();
        assert!(
            shown.contains("exécutez de nouveau leur cellule") && shown.contains("iVBORw0KGgo="),
            "{shown}"
        );
    });
    std::fs::remove_file(notebook).unwrap();
}

pub fn controls_of_a_restarted_kernel_say_that_they_are_over() {
    block_on(async {
        let mut page = Page::open().await;
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let slider = named(&models, "FloatSliderModel");
        let upload = named(&models, "FileUploadModel");
        let note = models.iter().find(|(id, ..)| id.ends_with("-note"));
        let note = note.unwrap().0.clone();
        let restart = JupyterMessage::new(ShutdownRequest { restart: true }, None);
        page.wires.control.send(restart).await.unwrap();
        // A page that did not ask for it hears it while the kernel ends.
        loop {
            let read = tokio::time::timeout(Duration::from_secs(5), page.wires.iopub.read());
            let message = read.await.expect("a message in time").unwrap();
            if !updates(std::slice::from_ref(&message), &note).is_empty() {
                break;
            }
            page.told.push(message);
        }
        assert_eq!(
            updates(&page.told, &slider).last().unwrap().1,
            json!({"disabled": true})
        );
        let mut page = Page {
            wires: page.wires.again().await,
            told: Vec::new(),
        };
        // A page that asked for it asks the new kernel for all states.
        let states = page.states("CTL").await;
        assert_eq!(states[&slider]["model_name"], "FloatSliderModel");
        assert_eq!(states[&slider]["state"]["disabled"], true);
        let told = states[&note]["state"]["value"].to_string();
        assert!(told.contains("séance fermée"), "{told}");
        // One that heard nothing goes on: it is answered, and idle.
        let told = page.set(&slider, json!({"value": 0.1})).await;
        assert_eq!(updates(&told, &slider)[0].1["disabled"], true);
        assert_eq!(updates(&told, &upload)[0].1["disabled"], true);
        assert!(
            updates(&told, &note)[0].1["value"]
                .to_string()
                .contains("séance fermée")
        );
        let data = json!({"method": "update", "state": {"value": [{"name": "moi.png"}]},
            "buffer_paths": [["value", 0, "content"]]});
        let told = page.message(&upload, data, &[&[1, 2, 3]]).await;
        assert_eq!(
            updates(&told, &upload).last().unwrap().1["value"],
            json!([])
        );
        // What is none of ours has no answer.
        let told = page.set("tp-visages-x", json!({"value": 1})).await;
        assert!(updates(&told, "tp-visages-x").is_empty());
        // Executed again, the cell has controls that live.
        let told = page.execute("controls", json!({"cellId": "a"})).await;
        let models = opened(&told);
        let told = page
            .set(&named(&models, "FloatSliderModel"), json!({"value": 0.2}))
            .await;
        assert_eq!(updates(&told, &named(&models, "HTMLModel")).len(), 1);
    });
}
