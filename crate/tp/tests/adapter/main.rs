//! The kernel adapter between a real client and a stand-in for evcxr: protocol, queue, displays, interrupts, junk.
//!
//! No library nor compiler is needed: each test takes a fraction of a second.

mod channels;
mod controls;
mod edges;
mod fake;
mod protocol;
mod stage;
mod strangers;
mod wires;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tp::jupyter::KernelCommand;

const TESTS: [(&str, fn()); 46] = [
    (
        "text_of_both_streams_arrives_whole",
        protocol::text_of_both_streams_arrives_whole,
    ),
    (
        "values_and_counts_are_jupyters",
        protocol::values_and_counts_are_jupyters,
    ),
    ("errors_are_errors", protocol::errors_are_errors),
    (
        "displays_move_in_their_place",
        protocol::displays_move_in_their_place,
    ),
    (
        "a_loop_that_listens_keeps_its_process",
        protocol::a_loop_that_listens_keeps_its_process,
    ),
    (
        "a_loop_that_does_not_is_killed",
        protocol::a_loop_that_does_not_is_killed,
    ),
    (
        "a_flood_is_cut_and_the_rest_goes_on",
        protocol::a_flood_is_cut_and_the_rest_goes_on,
    ),
    (
        "the_end_of_evcxr_is_told",
        protocol::the_end_of_evcxr_is_told,
    ),
    (
        "a_kernel_that_cannot_start_says_why",
        protocol::a_kernel_that_cannot_start_says_why,
    ),
    (
        "a_kernel_that_hangs_up_is_called_again",
        protocol::a_kernel_that_hangs_up_is_called_again,
    ),
    (
        "a_time_limit_ends_a_cell",
        protocol::a_time_limit_ends_a_cell,
    ),
    (
        "the_queue_stops_at_the_first_error",
        channels::the_queue_stops_at_the_first_error,
    ),
    (
        "a_kernel_whose_evcxr_ends_is_idle_to_the_last",
        channels::a_kernel_whose_evcxr_ends_is_idle_to_the_last,
    ),
    (
        "questions_are_answered_while_a_cell_runs",
        channels::questions_are_answered_while_a_cell_runs,
    ),
    (
        "junk_and_wrong_signatures_are_refused",
        strangers::junk_and_wrong_signatures_are_refused,
    ),
    (
        "huge_frames_and_malformed_messages_end_nothing",
        strangers::huge_frames_and_malformed_messages_end_nothing,
    ),
    (
        "the_temporary_folder_is_private",
        strangers::the_temporary_folder_is_private,
    ),
    (
        "an_answer_goes_to_who_asked",
        edges::an_answer_goes_to_who_asked,
    ),
    (
        "a_cell_that_is_done_is_not_answered",
        edges::a_cell_that_is_done_is_not_answered,
    ),
    ("a_second_stop_kills", edges::a_second_stop_kills),
    (
        "late_text_delays_no_error",
        edges::late_text_delays_no_error,
    ),
    ("late_text_is_cut", edges::late_text_is_cut),
    (
        "a_shutdown_after_an_error_is_obeyed",
        strangers::a_shutdown_after_an_error_is_obeyed,
    ),
    ("displays_have_a_limit", edges::displays_have_a_limit),
    (
        "compiling_does_not_count_as_running",
        edges::compiling_does_not_count_as_running,
    ),
    (
        "an_interrupted_compilation_loses_nothing",
        edges::an_interrupted_compilation_loses_nothing,
    ),
    (
        "a_killed_compiler_is_told_and_forgotten",
        edges::a_killed_compiler_is_told_and_forgotten,
    ),
    (
        "an_interrupted_loop_costs_no_compilation",
        edges::an_interrupted_loop_costs_no_compilation,
    ),
    (
        "questions_about_names_are_cells",
        edges::questions_about_names_are_cells,
    ),
    (
        "a_question_that_ends_evcxr_is_answered",
        strangers::a_question_that_ends_evcxr_is_answered,
    ),
    ("silent_cells_are_silent", edges::silent_cells_are_silent),
    (
        "control_requests_are_answered",
        strangers::control_requests_are_answered,
    ),
    (
        "comms_are_closed_and_shell_shuts_down",
        strangers::comms_are_closed_and_shell_shuts_down,
    ),
    (
        "a_set_opens_moves_and_is_closed_by_its_cell",
        controls::a_set_opens_moves_and_is_closed_by_its_cell,
    ),
    (
        "every_page_finds_the_present_state",
        controls::every_page_finds_the_present_state,
    ),
    (
        "controls_answer_while_a_cell_runs",
        controls::controls_answer_while_a_cell_runs,
    ),
    (
        "a_slow_function_gets_the_latest_values_only",
        controls::a_slow_function_gets_the_latest_values_only,
    ),
    (
        "a_function_that_never_answers_frees_its_controls",
        controls::a_function_that_never_answers_frees_its_controls,
    ),
    (
        "an_interrupt_asks_the_function_of_controls_to_stop",
        controls::an_interrupt_asks_the_function_of_controls_to_stop,
    ),
    (
        "junk_on_comms_changes_nothing",
        controls::junk_on_comms_changes_nothing,
    ),
    (
        "controls_whose_process_ended_say_so",
        controls::controls_whose_process_ended_say_so,
    ),
    (
        "a_file_goes_to_the_function_and_nowhere_else",
        controls::a_file_goes_to_the_function_and_nowhere_else,
    ),
    (
        "without_a_page_that_shows_them_the_first_output_is_there",
        controls::without_a_page_that_shows_them_the_first_output_is_there,
    ),
    (
        "a_reopened_notebook_shows_its_pictures",
        controls::a_reopened_notebook_shows_its_pictures,
    ),
    (
        "controls_of_a_restarted_kernel_say_that_they_are_over",
        controls::controls_of_a_restarted_kernel_say_that_they_are_over,
    ),
    ("messages_cost_little", channels::messages_cost_little),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--control_file") => {
            fake::play(Path::new(&arguments[1]));
            return ExitCode::SUCCESS;
        }
        Some(fake::CELLS) => {
            fake::play_cells();
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let wanted: Vec<&String> = arguments
        .iter()
        .filter(|name| !name.starts_with('-'))
        .collect();
    if arguments.iter().any(|name| name == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let mut failed = Vec::new();
    for (name, test) in TESTS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let outcome = std::panic::catch_unwind(test);
        println!(
            "test {name} ... {}",
            if outcome.is_ok() { "ok" } else { "FAILED" }
        );
        if outcome.is_err() {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        println!("failed: {failed:?}");
        ExitCode::FAILURE
    }
}

/// A kernel folder whose evcxr is the stand-in; removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn create() -> Self {
        let path = std::env::temp_dir().join(format!("tp-adaptateur-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(path.join("bin")).unwrap();
        std::fs::copy(env!("CARGO_BIN_EXE_tp"), path.join("bin/tp")).unwrap();
        let manifest = serde_json::json!({
            "fingerprint": "essai", "rustc": "", "toolchain": "", "target_libdir": "/",
            "evcxr": std::env::current_exe().unwrap(),
        });
        std::fs::write(path.join("noyau.json"), manifest.to_string()).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn command(&self) -> KernelCommand {
        let program = self.0.join("bin/tp");
        KernelCommand::new([program.to_str().unwrap(), "kernel", "{connection_file}"])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
