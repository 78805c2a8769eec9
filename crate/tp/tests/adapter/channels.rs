//! What only several messages at once show: the queue, questions during a cell, the cost of a message.

use std::time::{Duration, Instant};

use jupyter_protocol::{
    CompleteRequest, ExecuteRequest, HistoryRequest, InterruptRequest, IsCompleteRequest,
    JupyterMessageContent, KernelInfoRequest, ReplyStatus,
};

use super::wires::{Wires, block_on};

pub fn the_queue_stops_at_the_first_error() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let mut ids = Vec::new();
        for code in ["print un", "panic aïe", "print trois", "print quatre"] {
            ids.push(wires.execute(code).await);
        }
        let mut statuses = Vec::new();
        for id in &ids {
            statuses.push(format!("{:?}", wires.status_of(id).await));
        }
        assert_eq!(statuses, ["Ok", "Error", "Aborted", "Aborted"]);
        // What is asked afterwards runs.
        let id = wires.execute("print cinq").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        // A client that wants to go on does.
        let mut request = ExecuteRequest::new("panic aïe".to_owned());
        request.stop_on_error = false;
        let failing = wires.send(request).await;
        let next = wires.execute("print six").await;
        assert!(matches!(
            wires.status_of(&failing).await,
            ReplyStatus::Error
        ));
        assert!(matches!(wires.status_of(&next).await, ReplyStatus::Ok));
        // An interrupt gives up what waits.
        let running = wires.execute("listen").await;
        let waiting = wires.execute("print sept").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        wires
            .control
            .send(InterruptRequest {}.into())
            .await
            .unwrap();
        assert!(matches!(
            wires.status_of(&waiting).await,
            ReplyStatus::Aborted
        ));
        assert!(matches!(wires.status_of(&running).await, ReplyStatus::Ok));
    });
}

/// A kernel that says it is dead is given up by JupyterLab, which then misses the one that Jupyter starts in its place.
pub fn a_kernel_whose_evcxr_ends_is_idle_to_the_last() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.execute("exit").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Error));
        let mut states = Vec::new();
        let pause = Duration::from_millis(500);
        while let Ok(Ok(message)) = tokio::time::timeout(pause, wires.iopub.read()).await {
            if let JupyterMessageContent::Status(status) = message.content {
                states.push(format!("{:?}", status.execution_state));
            }
        }
        assert_eq!(
            states.last().map(String::as_str),
            Some("Idle"),
            "{states:?}"
        );
    });
}

pub fn questions_are_answered_while_a_cell_runs() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let first = wires.execute("print let modele_a = 1").await;
        wires.status_of(&first).await;
        // Idle, evcxr answers.
        let id = wires
            .send(CompleteRequest {
                code: "m".to_owned(),
                cursor_pos: 1,
            })
            .await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::CompleteReply(reply) => assert_eq!(reply.matches, ["du_noyau"]),
            other => panic!("{other:?}"),
        }
        let running = wires.execute("listen").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let id = wires
            .send(CompleteRequest {
                code: "mod".to_owned(),
                cursor_pos: 3,
            })
            .await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::CompleteReply(reply) => assert_eq!(reply.matches, ["modele_a"]),
            other => panic!("{other:?}"),
        }
        let id = wires
            .send(IsCompleteRequest {
                code: "fn f() {".to_owned(),
            })
            .await;
        let reply = wires.reply_to(&id).await;
        assert!(
            matches!(reply, JupyterMessageContent::IsCompleteReply(_)),
            "{reply:?}"
        );
        let id = wires
            .send(HistoryRequest::Tail {
                n: 5,
                output: false,
                raw: true,
            })
            .await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::HistoryReply(reply) => assert_eq!(reply.history.len(), 2),
            other => panic!("{other:?}"),
        }
        let id = wires.send(KernelInfoRequest {}).await;
        wires.reply_to(&id).await;
        wires
            .control
            .send(InterruptRequest {}.into())
            .await
            .unwrap();
        assert!(matches!(wires.status_of(&running).await, ReplyStatus::Ok));
    });
}

/// Prints what the adapter adds to a cell: the figure that the README quotes.
pub fn messages_cost_little() {
    const CELLS: usize = 200;
    block_on(async {
        let mut medians = Vec::new();
        for through_adapter in [false, true] {
            let mut wires = Wires::start(through_adapter).await;
            let mut seconds = Vec::new();
            for _ in 0..CELLS {
                let start = Instant::now();
                let id = wires.execute("rien").await;
                let status = wires.status_of(&id).await;
                assert!(matches!(status, ReplyStatus::Ok), "{status:?}");
                seconds.push(start.elapsed().as_secs_f64());
            }
            seconds.sort_by(f64::total_cmp);
            medians.push(1000.0 * seconds[CELLS / 2]);
        }
        println!(
            "a cell without work, median of {CELLS}: {:.2} ms without the adapter, {:.2} ms with it",
            medians[0], medians[1]
        );
    });
}
