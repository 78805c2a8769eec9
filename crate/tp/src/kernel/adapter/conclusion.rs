//! How a cell ends: by itself, by an interrupt, at a limit, with its kernel.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::errors::{self, CellError};
use super::running::{Ending, Reason, Running};
use super::wire::Message;
use super::{ABORT_PERIOD, Adapter, Concluding, names, places};

/// How long a cell that does not look at the request to stop may go on.
const GRACE: Duration = Duration::from_secs(4);
/// How long evcxr may take to say that the process of the cells was killed.
const KILL_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to say that a cell is over.
const DONE_LIMIT: Duration = Duration::from_secs(10);
/// Most error outputs of one cell.
const MOST_ERRORS: usize = 4;

/// The reply to a cell that went well.
pub(super) fn fine(count: u64) -> Value {
    json!({"status": "ok", "execution_count": count, "payload": [], "user_expressions": {}})
}

fn failed(error: &CellError, count: u64) -> Value {
    let mut reply = error.content();
    reply["status"] = "error".into();
    reply["execution_count"] = count.into();
    reply["payload"] = json!([]);
    reply["user_expressions"] = json!({});
    reply
}

impl Adapter {
    /// Asks the running cell to stop: its loops first, its process if they do not listen, the compiler alone if it is
    /// only being compiled. Asked twice, it no longer waits. What was to run after it does not.
    pub(super) async fn interrupt(&mut self) {
        for request in std::mem::take(&mut self.queue) {
            self.abort(&request).await;
        }
        if let Some(question) = self.running.take_if(|running| running.inspects) {
            self.abort(&question.request).await;
        }
        if let Some(running) = &mut self.running {
            match &mut running.ending {
                Some(ending) => ending.ask_again(),
                None => self.end(Reason::Interrupt),
            }
        }
        if self.running.is_none() && self.controls.is_busy() {
            // Only a function of live controls computes: its loops are asked to stop.
            let _ = std::fs::write(self.settings.stop_file(), "");
        }
        self.enforce_ending();
    }

    fn end(&mut self, reason: Reason) {
        // A file that cannot be written leaves the harder way.
        let _ = std::fs::write(self.settings.stop_file(), "");
        if let Some(running) = &mut self.running {
            let asked = Instant::now();
            let cut = running.ending.as_ref().is_some_and(|ending| ending.cut);
            running.ending = Some(Ending {
                reason,
                asked,
                deadline: asked + GRACE,
                heard: false,
                hurried: false,
                killed: None,
                cut,
            });
        }
    }

    /// Goes on with the end of a cell that was asked to stop.
    pub(super) fn enforce_ending(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let begun = running.begun.is_some();
        let Some(ending) = &mut running.ending else {
            return;
        };
        if !begun {
            // The variables live in another process. evcxr may compile several times.
            ending.cut |= self.process.kill_compilers();
            // What is neither compiled nor run is evcxr's own work, which nothing can stop.
            ending.deadline = Instant::now() + GRACE;
            return;
        }
        if running.reply.is_some() {
            return;
        }
        match ending.killed {
            None if ending.is_due() => {
                ending.killed = Some(Instant::now());
                self.process.kill_cells();
            }
            // evcxr waits for something else that will not come: whoever waits for this kernel is told of its end.
            Some(at) if at.elapsed() > KILL_LIMIT => self.process.kill(),
            _ => {}
        }
    }

    /// Ends the process of a cell that is done while evcxr still waits for it: a cell that closed all that was open cut
    /// them off.
    pub(super) fn end_the_forgotten(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let forgotten = running.reply.is_none()
            && running.ending.is_none()
            && running
                .done_since
                .is_some_and(|since| since.elapsed() > DONE_LIMIT);
        if forgotten && self.process.cells_read() {
            running.done_since = Some(Instant::now());
            self.process.kill_cells();
        }
    }

    /// Stops a cell that takes more memory or time than allowed.
    pub(super) fn check_limits(&mut self) {
        let Some((running, begun)) = self
            .running
            .as_ref()
            .and_then(|running| Some((running, running.begun?)))
        else {
            return;
        };
        if let Some(most) = self.settings.memory
            && running
                .ending
                .as_ref()
                .is_none_or(|ending| ending.killed.is_none())
            && let Some(memory) = self.process.cells_memory().filter(|memory| *memory > most)
        {
            self.end(Reason::Memory(memory));
            // Memory does not wait.
            self.process.kill_cells();
            if let Some(ending) = self
                .running
                .as_mut()
                .and_then(|running| running.ending.as_mut())
            {
                ending.killed = Some(Instant::now());
            }
        } else if let Some(most) = self.settings.duration
            && running.ending.is_none()
            && begun.elapsed() > most
        {
            self.end(Reason::Duration(most.as_secs()));
        }
    }

    /// The running cell is over: shows the rest of it and prepares its reply.
    pub(super) async fn finish(&mut self) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        running.over.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_file(self.settings.stop_file());
        let result = std::mem::take(&mut running.result);
        running.screen.result(&result);
        let errors = self.errors(&running);
        if errors.is_empty() {
            self.history.ended_well(running.count);
        }
        let cut = running.ending.as_ref().is_some_and(|ending| ending.cut);
        if cut || errors.iter().any(|error| error.name == errors::COMPILER) {
            self.settings.forget_compilations();
        }
        running.screen.finish();
        self.running = Some(running);
        self.show().await;
        let Some(mut running) = self.running.take() else {
            return;
        };
        for error in errors.iter().filter(|_| !running.silent) {
            let message = running
                .request
                .child("error", &self.front.session, error.content());
            self.front.iopub(&message).await;
        }
        let stops = running.request.flag("stop_on_error", true);
        let abort = (!errors.is_empty() && stops) || running.ending.is_some();
        self.concluding = Some(Concluding {
            reply: match errors.first() {
                Some(error) => failed(error, running.count),
                None => {
                    let mut reply = fine(running.count);
                    reply["payload"] = running.pages.drain(..).collect();
                    reply
                }
            },
            aborts_at: abort.then(|| Instant::now() + ABORT_PERIOD),
            request: running.request.clone(),
        });
        self.past = Some(running);
    }

    /// Sends the reply; what waited behind a failed cell is given up.
    pub(super) async fn conclude(&mut self, concluding: Concluding) {
        let Concluding {
            request,
            reply,
            aborts_at,
        } = concluding;
        let reply = request.reply(&self.front.session, reply);
        self.front.shell(&reply).await;
        if aborts_at.is_some() {
            for waiting in std::mem::take(&mut self.queue) {
                self.abort(&waiting).await;
            }
        }
        self.status(&request, "idle").await;
    }

    async fn abort(&mut self, request: &Message) {
        self.status(request, "busy").await;
        let content = json!({"status": "aborted", "execution_count": self.count, "ename": "", "evalue": "", "traceback": []});
        let reply = request.reply(&self.front.session, content);
        self.front.shell(&reply).await;
        self.status(request, "idle").await;
    }

    /// Why the cell did not go well; empty when it did.
    fn errors(&self, running: &Running) -> Vec<CellError> {
        if let Some(ending) = running
            .ending
            .as_ref()
            .filter(|ending| ending.killed.is_some())
        {
            return vec![killed(&ending.reason, running)];
        }
        if running.failed() && running.ending.is_some() && running.begun.is_none() {
            return vec![CellError::new(
                errors::INTERRUPTED,
                "Compilation interrompue.",
                vec![
                    "  La cellule n'a pas été exécutée ; toutes vos variables sont gardées."
                        .to_owned(),
                ],
            )];
        }
        if running.failed() {
            let ended = running.errors.iter().find_map(|error| {
                errors::process_ended(error["evalue"].as_str().unwrap_or_default())
            });
            if let Some(error) = ended {
                return vec![error];
            }
            let code = running.request.text("code");
            let before = |(cell, _): &(u64, &str)| *cell < running.count;
            let earlier = |name: &str| {
                let fine = names::definition(self.history.latest_fine().filter(before), name);
                fine.or_else(|| {
                    let found = names::definition(self.history.latest().filter(before), name)?;
                    Some(names::Definition {
                        failed: true,
                        ..found
                    })
                })
            };
            if self.history.is_new()
                && let Some(error) = errors::nothing_ran(&running.errors)
            {
                return vec![error];
            }
            let all = running.errors.iter().take(MOST_ERRORS);
            let mut all: Vec<CellError> = all
                .map(|error| errors::compilation(error, code, running.count, &earlier))
                .collect();
            // rustc tells each use of a missing name.
            let mut told = HashSet::new();
            all.retain(|error| told.insert(error.value.clone()));
            if all.is_empty() {
                all.push(CellError::new(
                    errors::COMPILATION,
                    "Cette cellule n'a pas pu être exécutée.",
                    Vec::new(),
                ));
            }
            return all;
        }
        if let Some(stop) = &running.stop {
            let generated = self.settings.generated();
            let place = running
                .line
                .and_then(|line| places::find(&generated, line, &self.history));
            let candidates = match stop {
                errors::Stop::Failure { .. } => {
                    places::question_marks(running.request.text("code"))
                }
                errors::Stop::Panic { .. } => Vec::new(),
            };
            return vec![errors::stopped(
                stop,
                place.as_ref(),
                &candidates,
                running.count,
            )];
        }
        match &running.ending {
            Some(Ending {
                reason: Reason::Duration(seconds),
                ..
            }) => vec![CellError::new(
                errors::LIMIT,
                format!("La cellule a été arrêtée après {seconds} s (limite TP_DUREE_MAX)."),
                vec![
                    "  Ses boucles ont renvoyé ce qu'elles avaient calculé ; vos variables sont gardées."
                        .to_owned(),
                ],
            )],
            _ => Vec::new(),
        }
    }

    /// evcxr is gone: whoever waits gets an error.
    pub(super) async fn fail_all(&mut self, what: &str) {
        let mut details: Vec<String> = self.log.iter().map(|line| format!("  {line}")).collect();
        details.push("  Redémarrez le noyau ; si cela se répète : cargo tp doctor".to_owned());
        let error = CellError::new(errors::KERNEL, what, details);
        let mut waiting: Vec<Message> = Vec::new();
        if let Some(running) = &mut self.running {
            running.screen.finish();
            waiting.push(running.request.clone());
        }
        self.show().await;
        if let Some(concluding) = self.concluding.take() {
            self.conclude(concluding).await;
        }
        waiting.extend(std::mem::take(&mut self.queue));
        for request in waiting {
            if !request.flag("silent", false) {
                let message = request.child("error", &self.front.session, error.content());
                self.front.iopub(&message).await;
            }
            let reply = request.reply(&self.front.session, failed(&error, self.count));
            self.front.shell(&reply).await;
            self.status(&request, "idle").await;
        }
        for (_, request) in std::mem::take(&mut self.relayed) {
            let mut content = error.content();
            content["status"] = "error".into();
            let reply = request.reply(&self.front.session, content);
            self.front.shell(&reply).await;
            self.status(&request, "idle").await;
        }
        // No status « dead »: JupyterLab would give the kernel up, and not see the one that Jupyter starts in its place.
    }
}

/// The error of a cell whose process was killed.
fn killed(reason: &Reason, running: &Running) -> CellError {
    const MIB: u64 = 1 << 20;
    let (name, what) = match reason {
        Reason::Interrupt => (
            errors::INTERRUPTED,
            "La cellule ne s'est pas arrêtée d'elle-même : son processus a été tué.".to_owned(),
        ),
        Reason::Memory(bytes) => (
            errors::LIMIT,
            format!(
                "La cellule prenait trop de mémoire ({} Mio) : son processus a été tué.",
                bytes / MIB
            ),
        ),
        Reason::Duration(seconds) => (
            errors::LIMIT,
            format!(
                "La cellule durait plus de {seconds} s (limite TP_DUREE_MAX) : son processus a été tué."
            ),
        ),
    };
    let mut details = vec![
        "  Toutes les variables sont perdues ; les fonctions, les types et les « use » restent."
            .to_owned(),
        "  Réexécutez les cellules qui créent vos variables.".to_owned(),
    ];
    details.push(match &running.saved {
        Some(saved) => format!(
            "  L'entraînement est sauvé jusqu'à l'époque {} dans « {} » : .with_checkpoints(…).resume() le reprend.",
            saved.epoch, saved.folder
        ),
        None => "  Aucun point de reprise n'a été écrit par cette cellule.".to_owned(),
    });
    if *reason == Reason::Interrupt {
        details.push(
            "  (Une boucle à vous s'arrête proprement si elle regarde stop_requested() à chaque tour.)".to_owned(),
        );
    }
    CellError::new(name, what, details)
}
