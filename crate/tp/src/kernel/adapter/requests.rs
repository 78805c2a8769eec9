//! What Jupyter asks, and what evcxr answers.

use serde_json::{Value, json};
use tp_protocol::Marker;

use super::pipes::Piece;
use super::running::Running;
use super::wire::Message;
use super::{Adapter, questions, replies};
use crate::jupyter::StreamName;

impl Adapter {
    /// A request of the control channel; `true` when the kernel should end.
    pub(super) async fn control(&mut self, request: Message) -> bool {
        let session = self.front.session.clone();
        match request.kind() {
            "kernel_info_request" => {
                let reply = request.reply(&session, replies::kernel_info());
                self.front.control(&reply).await;
            }
            "interrupt_request" => {
                let reply = request.reply(&session, json!({"status": "ok"}));
                self.front.control(&reply).await;
                self.interrupt().await;
            }
            "shutdown_request" => {
                let content = json!({"status": "ok", "restart": request.flag("restart", false)});
                let told = request.child("shutdown_reply", &session, content.clone());
                self.front.iopub(&told).await;
                self.front.control(&request.reply(&session, content)).await;
                return true;
            }
            _ => {}
        }
        false
    }

    /// A request of the shell channel; `true` when the kernel should end.
    pub(super) async fn shell(&mut self, request: Message) -> bool {
        let answer = match request.kind() {
            "execute_request" => {
                self.queue.push_back(request);
                return false;
            }
            "complete_request" | "inspect_request" if self.is_free() => {
                self.status(&request, "busy").await;
                let mut content = request.content.clone();
                if request.kind() == "inspect_request" {
                    // evcxr describes what ends at the cursor.
                    let cursor = content["cursor_pos"].as_u64().unwrap_or(0);
                    let cursor = usize::try_from(cursor).unwrap_or(usize::MAX);
                    content["cursor_pos"] =
                        questions::end_of_name(request.text("code"), cursor).into();
                }
                if let Some(evcxr) = &mut self.evcxr {
                    evcxr.shell(&stripped(&request, content)).await;
                }
                self.relayed.insert(request.id().to_owned(), request);
                return false;
            }
            "complete_request" => {
                let cursor = request.content["cursor_pos"].as_u64().unwrap_or(0);
                let cursor = usize::try_from(cursor).unwrap_or(usize::MAX);
                Some(self.history.complete(request.text("code"), cursor))
            }
            "inspect_request" => {
                Some(json!({"status": "ok", "found": false, "data": {}, "metadata": {}}))
            }
            "kernel_info_request" => Some(replies::kernel_info()),
            "is_complete_request" => Some(replies::is_complete(request.text("code"))),
            "history_request" => Some(self.history.answer(&request.content)),
            "comm_info_request" => Some(json!({"status": "ok", "comms": {}})),
            "shutdown_request" => {
                let content = json!({"status": "ok", "restart": request.flag("restart", false)});
                let reply = request.reply(&self.front.session, content);
                self.front.shell(&reply).await;
                return true;
            }
            // No comm has anyone to speak to here.
            "comm_open" => None,
            _ => return false,
        };
        self.status(&request, "busy").await;
        match answer {
            Some(content) => {
                let reply = request.reply(&self.front.session, content);
                self.front.shell(&reply).await;
            }
            None => {
                let content = json!({"comm_id": request.content["comm_id"], "data": {}});
                let close = request.child("comm_close", &self.front.session, content);
                self.front.iopub(&close).await;
            }
        }
        self.status(&request, "idle").await;
        // The kernel as a whole is still at work.
        if let Some(running) = &self.running {
            let request = running.request.clone();
            self.status(&request, "busy").await;
        }
        false
    }

    /// Whether evcxr would answer at once.
    fn is_free(&self) -> bool {
        self.ready && self.running.is_none() && self.queue.is_empty()
    }

    /// Says on iopub that the work of a request begins or ends.
    pub(super) async fn status(&mut self, request: &Message, state: &str) {
        let message = request.child(
            "status",
            &self.front.session,
            json!({"execution_state": state}),
        );
        self.front.iopub(&message).await;
    }

    /// Gives a cell to evcxr.
    pub(super) async fn begin(&mut self, request: Message) {
        self.status(&request, "busy").await;
        let code = request.text("code").to_owned();
        let silent = request.flag("silent", false);
        if !silent {
            self.count += 1;
            if request.flag("store_history", true) {
                self.history.push(self.count, &code);
            }
            let content = json!({"code": code, "execution_count": self.count});
            let input = request.child("execute_input", &self.front.session, content);
            self.front.iopub(&input).await;
        }
        self.last = Some(request.clone());
        if code.trim().is_empty() {
            let content = super::conclusion::fine(self.count);
            let reply = request.reply(&self.front.session, content);
            self.front.shell(&reply).await;
            self.status(&request, "idle").await;
            return;
        }
        if let Some(name) = questions::asked(&code) {
            let mut question = stripped(&request, questions::request(name));
            question.header["msg_type"] = "inspect_request".into();
            if let Some(evcxr) = &mut self.evcxr {
                evcxr.shell(&question).await;
            }
            self.relayed.insert(request.id().to_owned(), request);
            return;
        }
        // Absent already, unless an interrupt came at the very end of the last cell.
        let _ = std::fs::remove_file(self.settings.stop_file());
        let content = json!({
            "code": code,
            "silent": false,
            "store_history": false,
            "user_expressions": {},
            "allow_stdin": request.flag("allow_stdin", false),
            "stop_on_error": true,
        });
        if let Some(evcxr) = &mut self.evcxr {
            evcxr.shell(&stripped(&request, content)).await;
        }
        self.running = Some(Running::new(request, self.count, self.settings.forwards));
    }

    /// Asks the user a line for the running cell; an empty one where nobody can be asked.
    pub(super) async fn ask_user(&mut self, prompt: String, password: bool) {
        let asked = self
            .running
            .as_ref()
            .filter(|running| running.request.flag("allow_stdin", false))
            .map(|running| running.request.clone());
        let Some(request) = asked else {
            self.process.answer("");
            return;
        };
        // What the cell printed before its question is read before it.
        self.show().await;
        let content = json!({"prompt": prompt, "password": password});
        let mut question = request.child("input_request", &self.front.session, content);
        question.identities.clone_from(&request.identities);
        self.front.stdin(&question).await;
    }

    /// evcxr's replies: to a cell, to what was relayed, to our own question.
    pub(super) async fn evcxr_replied(&mut self, reply: Message) {
        let parent = reply.parent_id().to_owned();
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.id == parent) {
            asked.replied = true;
            asked.at = std::time::Instant::now();
            self.answered();
        } else if let Some(request) = self.relayed.remove(&parent) {
            if request.kind() == "execute_request" {
                self.answer_question(request, &reply.content).await;
                return;
            }
            let answer = request.reply(&self.front.session, reply.content);
            self.front.shell(&answer).await;
            self.status(&request, "idle").await;
        } else if let Some(running) = self
            .running
            .as_mut()
            .filter(|running| running.request.id() == parent)
            && reply.kind() == "execute_reply"
        {
            running.reply = Some(reply.content);
            self.barrier += 1;
            running.barrier = Some(self.barrier);
            self.pipes.barrier(self.barrier);
        }
    }

    /// Replies to a cell `?name` with what evcxr knows of the name.
    async fn answer_question(&mut self, request: Message, found: &Value) {
        let mut content = super::conclusion::fine(self.count);
        match questions::page(found) {
            Some(page) => content["payload"] = json!([page]),
            None => {
                let text = questions::unknown(request.text("code"));
                let told = json!({"name": "stdout", "text": text});
                let told = request.child("stream", &self.front.session, told);
                self.front.iopub(&told).await;
            }
        }
        let reply = request.reply(&self.front.session, content);
        self.front.shell(&reply).await;
        self.status(&request, "idle").await;
    }

    /// evcxr's own messages to the world: of a cell's, only what the pipes do not bring.
    pub(super) async fn evcxr_told(&mut self, message: Message) {
        let parent = message.parent_id().to_owned();
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.id == parent) {
            asked.heard = true;
            self.answered();
            return;
        }
        let Some(running) = self
            .running
            .as_mut()
            .filter(|running| running.request.id() == parent)
        else {
            // A thread that outlives its cell.
            if message.kind() == "stream"
                && let Some(last) = &self.last
            {
                let late = last.child("stream", &self.front.session, message.content);
                self.front.iopub(&late).await;
            }
            return;
        };
        match message.kind() {
            "status" if message.text("execution_state") == "idle" => running.idle = true,
            "stream" => {
                let stream = if message.text("name") == "stderr" {
                    StreamName::Stderr
                } else {
                    StreamName::Stdout
                };
                for line in message.text("text").split_inclusive('\n') {
                    let piece = match Marker::decode(line) {
                        Some(Ok(marker)) => Piece::Marker(marker),
                        _ => Piece::Text(line.to_owned()),
                    };
                    running.take(stream, piece);
                }
            }
            "execute_result" => running.result = message.content["data"].clone(),
            "error" => running.errors.push(message.content),
            _ => {}
        }
    }

    /// Something printed when no cell runs: by a process that a cell left behind.
    pub(super) async fn print_late(&mut self, stream: StreamName, piece: Piece) {
        if let (Piece::Text(text), Some(last)) = (piece, &self.last) {
            let name = match stream {
                StreamName::Stdout => "stdout",
                StreamName::Stderr => "stderr",
            };
            let late = last.child(
                "stream",
                &self.front.session,
                json!({"name": name, "text": text}),
            );
            self.front.iopub(&late).await;
        }
    }
}

/// A request as evcxr takes it: its answers then name the request that Jupyter sent.
fn stripped(request: &Message, content: Value) -> Message {
    let mut stripped = request.clone();
    stripped.parent = json!({});
    stripped.metadata = json!({});
    stripped.buffers.clear();
    stripped.content = content;
    stripped
}
