//! What Jupyter asks, and what evcxr answers.

use serde_json::{Value, json};
use tp_protocol::Marker;

use super::pipes::Piece;
use super::running::Running;
use super::wire::Message;
use super::{Adapter, errors, questions, replies};
use crate::jupyter::StreamName;

impl Adapter {
    /// A request of the control channel; `true` when the kernel should end.
    pub(super) async fn control(&mut self, request: Message) -> bool {
        if !is_request(request.kind()) {
            return false;
        }
        self.status(&request, "busy").await;
        let content = match request.kind() {
            "kernel_info_request" => replies::kernel_info(),
            "interrupt_request" => json!({"status": "ok"}),
            "shutdown_request" => {
                let restart = request.flag("restart", false);
                if restart {
                    self.leave_controls().await;
                }
                let content = json!({"status": "ok", "restart": restart});
                let told = request.child("shutdown_reply", &self.front.session, content.clone());
                self.front.iopub(&told).await;
                content
            }
            kind => replies::unsupported(kind),
        };
        let reply = request.reply(&self.front.session, content);
        self.front.control(&reply).await;
        if request.kind() == "interrupt_request" {
            self.interrupt().await;
        }
        self.rest(&request).await;
        request.kind() == "shutdown_request"
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
                let code = request.text("code");
                let mut cursor = cursor(&request);
                if request.kind() == "inspect_request" {
                    // evcxr describes what ends at the cursor.
                    cursor = questions::end_of_name(code, cursor);
                }
                let content = json!({"code": code, "cursor_pos": cursor, "detail_level": 0});
                let question = self.for_evcxr(&request, request.kind(), content);
                if let Some(evcxr) = &mut self.evcxr {
                    evcxr.shell(&question).await;
                }
                self.relayed.insert(request.id().to_owned(), request);
                return false;
            }
            "complete_request" => self
                .history
                .complete(request.text("code"), cursor(&request)),
            "inspect_request" => {
                json!({"status": "ok", "found": false, "data": {}, "metadata": {}})
            }
            "kernel_info_request" => replies::kernel_info(),
            "is_complete_request" => replies::is_complete(request.text("code")),
            "history_request" => self.history.answer(&request.content),
            "comm_info_request" => self.controls.info(request.content["target_name"].as_str()),
            "shutdown_request" => {
                let content = json!({"status": "ok", "restart": request.flag("restart", false)});
                let reply = request.reply(&self.front.session, content);
                self.front.shell(&reply).await;
                return true;
            }
            "comm_open" | "comm_msg" | "comm_close" => {
                self.comm(request).await;
                return false;
            }
            kind if is_request(kind) => replies::unsupported(kind),
            _ => return false,
        };
        self.status(&request, "busy").await;
        let reply = request.reply(&self.front.session, answer);
        self.front.shell(&reply).await;
        self.rest(&request).await;
        false
    }

    /// Says that the work of a request is over, not that of the cell that runs meanwhile.
    pub(super) async fn rest(&mut self, request: &Message) {
        self.status(request, "idle").await;
        let running = self.running.as_ref().map(|running| &running.request);
        let concluding = self
            .concluding
            .as_ref()
            .map(|concluding| &concluding.request);
        if let Some(request) = running.or(concluding).cloned() {
            self.status(&request, "busy").await;
        }
    }

    /// Whether evcxr would answer at once.
    fn is_free(&self) -> bool {
        self.ready && self.running.is_none() && self.concluding.is_none() && self.queue.is_empty()
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
        self.close_former_controls(&request).await;
        let code = request.text("code").to_owned();
        let silent = request.flag("silent", false);
        // A cell that is not to be remembered has the number of the next one.
        let count = self.count + 1;
        if !silent && request.flag("store_history", true) {
            self.count = count;
            self.history.push(count, &code);
        }
        if !silent {
            let content = json!({"code": code, "execution_count": count});
            let input = request.child("execute_input", &self.front.session, content);
            self.front.iopub(&input).await;
        }
        if code.trim().is_empty() {
            let content = super::conclusion::fine(count);
            let reply = request.reply(&self.front.session, content);
            self.front.shell(&reply).await;
            self.status(&request, "idle").await;
            return;
        }
        if let Some(past) = &mut self.past {
            past.screen.rest();
        }
        self.show().await;
        self.past = None;
        let mut running = Running::new(request, count, self.settings.forwards);
        if let Some(name) = questions::asked(&code) {
            let question = self.for_evcxr(
                &running.request,
                "inspect_request",
                questions::request(name),
            );
            if let Some(evcxr) = &mut self.evcxr {
                evcxr.shell(&question).await;
            }
            running.inspects = true;
            self.running = Some(running);
            return;
        }
        // Absent already, unless an interrupt came at the very end of the last cell.
        let _ = std::fs::remove_file(self.settings.stop_file());
        let content = json!({
            "code": code,
            "silent": false,
            "store_history": false,
            "user_expressions": {},
            "allow_stdin": running.request.flag("allow_stdin", false),
            "stop_on_error": true,
        });
        let order = self.for_evcxr(&running.request, "execute_request", content);
        if let Some(evcxr) = &mut self.evcxr {
            evcxr.shell(&order).await;
        }
        self.running = Some(running);
    }

    /// A request as evcxr takes it: its answers then name the request that Jupyter sent.
    fn for_evcxr(&self, request: &Message, kind: &str, content: Value) -> Message {
        let mut ours = Message::new(kind, &self.front.session, content);
        ours.header["msg_id"] = request.id().into();
        ours
    }

    /// Asks the user a line for the running cell; an empty one where nobody can be asked.
    pub(super) async fn ask_user(&mut self, stream: StreamName, prompt: String, password: bool) {
        let Some(running) = &mut self.running else {
            // Who asks outlived its cell: nobody would read the answer but evcxr.
            self.printed(stream, Piece::Question { prompt, password });
            return;
        };
        if !running.request.flag("allow_stdin", false) {
            self.process.answer("", &running.over);
            return;
        }
        let request = running.request.clone();
        let content = json!({"prompt": prompt, "password": password});
        let mut question = request.child("input_request", &self.front.session, content);
        question.identities.clone_from(&request.identities);
        running.question = Some(question.id().to_owned());
        // What the cell printed before its question is read before it.
        self.show().await;
        self.front.stdin(&question).await;
    }

    /// The user's answer, which is dropped when nobody asked.
    pub(super) fn user_answered(&mut self, reply: &Message) {
        // Some clients do not say what they answer.
        let parent = reply.parent_id();
        if reply.kind() == "input_reply"
            && let Some(running) = &mut self.running
            && let Some(_) = running
                .question
                .take_if(|question| parent.is_empty() || parent == question)
        {
            self.process.answer(reply.text("value"), &running.over);
        }
    }

    /// evcxr's replies: to a cell, to what was relayed, to our own question.
    pub(super) async fn evcxr_replied(&mut self, reply: Message) {
        let parent = reply.parent_id().to_owned();
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.id == parent) {
            asked.replied = true;
            asked.at = std::time::Instant::now();
            self.answered();
        } else if let Some(request) = self.relayed.remove(&parent) {
            let answer = request.reply(&self.front.session, reply.content);
            self.front.shell(&answer).await;
            self.status(&request, "idle").await;
        } else if let Some(running) = self
            .running
            .as_mut()
            .filter(|running| running.request.id() == parent)
        {
            if running.inspects {
                running.described(&reply.content);
                return;
            }
            running.reply = Some(reply.content);
            self.barrier += 1;
            running.barrier = Some(self.barrier);
            self.pipes.barrier(self.barrier);
        }
    }

    /// evcxr's own messages to the world: of a cell's, only what the pipes do not bring.
    pub(super) async fn evcxr_told(&mut self, message: Message) {
        let parent = message.parent_id().to_owned();
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.id == parent) {
            asked.heard = true;
            self.answered();
            return;
        }
        if message.kind() == "stream" {
            let stream = if message.text("name") == "stderr" {
                StreamName::Stderr
            } else {
                StreamName::Stdout
            };
            for line in message.text("text").split_inclusive('\n') {
                let piece = match Marker::decode(line) {
                    Some(Ok(marker)) => Piece::Marker(marker),
                    _ => {
                        Piece::Text(errors::lost_variable(line).unwrap_or_else(|| line.to_owned()))
                    }
                };
                self.printed(stream, piece);
            }
            return;
        }
        let Some(running) = self
            .running
            .as_mut()
            .filter(|running| running.request.id() == parent)
        else {
            return;
        };
        match message.kind() {
            "status" if message.text("execution_state") == "idle" => running.idle = true,
            "execute_result" => running.result = message.content["data"].clone(),
            "error" => running.errors.push(message.content),
            _ => {}
        }
    }

    /// Something printed: by the running cell, or by what the last one left behind.
    pub(super) fn printed(&mut self, stream: StreamName, piece: Piece) {
        if let Some(cell) = self.running.as_mut().or(self.past.as_mut()) {
            cell.take(stream, piece);
        }
    }
}

fn is_request(kind: &str) -> bool {
    kind.ends_with("_request")
}

/// Where the cursor is, in characters.
fn cursor(request: &Message) -> usize {
    let cursor = request.content["cursor_pos"].as_u64().unwrap_or(0);
    usize::try_from(cursor).unwrap_or(usize::MAX)
}
