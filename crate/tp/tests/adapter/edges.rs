//! What a careless cell or a hurried reader does, and what the adapter must not do then.

use std::time::Duration;

use jupyter_protocol::{ExecuteRequest, JupyterMessageContent, ReplyStatus};
use tp::jupyter::{Client, StartOptions};

use super::Folder;
use super::wires::{Wires, block_on, printed};

const LIMIT: Duration = Duration::from_secs(60);

pub fn an_answer_goes_to_who_asked() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        // Nobody asked: these lines must not reach the process of the cells.
        wires.answer("intrus").await;
        let id = wires.execute("asklate").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        tokio::time::sleep(Duration::from_millis(600)).await;
        let mut request = ExecuteRequest::new("ask Nom ?".to_owned());
        request.allow_stdin = true;
        let id = wires.send(request).await;
        let question = tokio::time::timeout(Duration::from_secs(5), wires.stdin.read());
        match question.await.expect("a question").unwrap().content {
            JupyterMessageContent::InputRequest(question) => assert_eq!(question.prompt, "Nom ?"),
            other => panic!("{other:?}"),
        }
        wires.answer("Ada").await;
        // Once is enough.
        wires.answer("intruse").await;
        assert_eq!(printed(&wires.told_of(&id).await), "lu : Ada\n");
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        // Where nobody can be asked, the answer is empty.
        let mut request = ExecuteRequest::new("ask Nom ?".to_owned());
        request.allow_stdin = false;
        let id = wires.send(request).await;
        assert_eq!(printed(&wires.told_of(&id).await), "lu : \n");
    });
}

/// What a slow evcxr's cells read once they are done is their next order: an answer to no question would end them.
pub fn a_cell_that_is_done_is_not_answered() {
    let folder = Folder::create();
    let mut client = Client::start(&folder.command(), StartOptions::default()).unwrap();
    let limit = Duration::from_secs(60);
    let result = client.execute("done", limit, &mut |_| ()).unwrap();
    assert_eq!(result.stdout(), "xxxlu : ordre\n", "{result:#?}");
}

pub fn a_second_stop_kills() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.execute("stubborn").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        // A double click asks once.
        wires.interrupt().await;
        wires.interrupt().await;
        let early = tokio::time::timeout(Duration::from_secs(1), wires.reply_to(&id)).await;
        assert!(early.is_err(), "{:?}", early.map(|_| ()));
        wires.interrupt().await;
        let reply = wires.reply_in_time(&id, Duration::from_secs(3)).await;
        assert!(matches!(reply, JupyterMessageContent::ExecuteReply(_)));
        let told = wires.told_of(&id).await;
        assert!(
            told.iter().any(|content| matches!(content,
                JupyterMessageContent::ErrorOutput(error) if error.ename == "Interruption")),
            "{told:?}"
        );
    });
}

pub fn late_text_delays_no_error() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.execute("chatter").await;
        wires.reply_to(&id).await;
        tokio::time::sleep(Duration::from_millis(800)).await;
        let id = wires.execute("panic aïe").await;
        wires.reply_in_time(&id, Duration::from_secs(2)).await;
        wires.interrupt().await;
        let reply = tokio::time::timeout(Duration::from_secs(1), wires.control.read());
        reply.await.expect("control is served").unwrap();
    });
}

pub fn late_text_is_cut() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.execute("floodlate").await;
        wires.reply_to(&id).await;
        let (mut text, mut messages) = (String::new(), 0);
        let pause = Duration::from_millis(1500);
        while let Ok(message) = tokio::time::timeout(pause, wires.iopub.read()).await {
            let told = printed(&[message.unwrap().content]);
            messages += usize::from(!told.is_empty());
            text += &told;
        }
        assert!(
            text.len() < 1_100_000 && text.contains("tronquée"),
            "{}",
            text.len()
        );
        assert!(messages < 200, "{messages}");
    });
}

pub fn displays_have_a_limit() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        // 50 MB in one display that never ends.
        let id = wires.execute("open").await;
        let told = wires.told_of(&id).await;
        let shown = serde_json::to_string(&told).unwrap();
        assert!(
            shown.len() < 40 << 20 && shown.contains("affichage abandonné"),
            "{}",
            shown.len()
        );
        wires.reply_to(&id).await;
        let id = wires.execute("displays 3000").await;
        let told = wires.told_of(&id).await;
        let displays = told
            .iter()
            .filter(|content| matches!(content, JupyterMessageContent::DisplayData(_)));
        assert!((100..1000).contains(&displays.count()));
        assert_eq!(printed(&told).matches("affichages").count(), 1);
    });
}

pub fn compiling_does_not_count_as_running() {
    let folder = Folder::create();
    let command = folder.command().with_env("TP_DUREE_MAX", "1");
    let mut client = Client::start(&command, StartOptions::default()).unwrap();
    let result = client.execute("slow 1500", LIMIT, &mut |_| ()).unwrap();
    assert!(result.error().is_none(), "{:?}", result.error());
    let result = client.execute("listen", LIMIT, &mut |_| ()).unwrap();
    assert!(
        result.error().is_some() && result.seconds >= 0.9,
        "{result:?}"
    );
}

pub fn an_interrupted_compilation_loses_nothing() {
    let folder = Folder::create();
    let mut client = Client::start(&folder.command(), StartOptions::default()).unwrap();
    let mut run = |code: &str, limit: Duration| client.execute(code, limit, &mut |_| ()).unwrap();
    let before = run("cells", LIMIT).stdout();
    let result = run("compile", Duration::from_millis(500));
    let error = result.error().expect("an error");
    assert!(
        error.name == "Interruption" && error.value.contains("Compilation interrompue"),
        "{error:?}"
    );
    assert_eq!(run("cells", LIMIT).stdout(), before);
    // What the killed compiler kept is not trusted; what the next one keeps is.
    assert_eq!(run("compiled", LIMIT).stdout(), "false\n");
    run("keep", LIMIT);
    assert_eq!(run("compiled", LIMIT).stdout(), "true\n");
}

pub fn a_killed_compiler_is_told_and_forgotten() {
    let folder = Folder::create();
    let mut client = Client::start(&folder.command(), StartOptions::default()).unwrap();
    let mut run = |code: &str| client.execute(code, LIMIT, &mut |_| ()).unwrap();
    let result = run("starve");
    let error = result.error().expect("an error");
    assert!(
        error.name == "EchecDuCompilateur" && error.value.contains("mémoire"),
        "{error:?}"
    );
    assert_eq!(run("compiled").stdout(), "false\n");
    // An error of the code leaves what the compiler keeps.
    run("keep");
    run("mismatch");
    assert_eq!(run("compiled").stdout(), "true\n");
}

pub fn an_interrupted_loop_costs_no_compilation() {
    let folder = Folder::create();
    let mut client = Client::start(&folder.command(), StartOptions::default()).unwrap();
    let mut run = |code: &str, limit: Duration| client.execute(code, limit, &mut |_| ()).unwrap();
    run("keep", LIMIT);
    run("listen", Duration::from_millis(500));
    assert_eq!(run("compiled", LIMIT).stdout(), "true\n");
}

pub fn questions_about_names_are_cells() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let (first, second) = (
            wires.execute("?nom").await,
            wires.execute("print suite").await,
        );
        for (id, expected) in [(first, 1), (second, 2)] {
            match wires.reply_to(&id).await {
                JupyterMessageContent::ExecuteReply(reply) => {
                    assert_eq!(reply.execution_count.value(), expected);
                }
                other => panic!("{other:?}"),
            }
        }
        // evcxr takes its time: an interrupt does not.
        let slow = wires.execute("?lent").await;
        let waiting = wires.execute("print attend").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        wires.interrupt().await;
        let mut aborted = Vec::new();
        for _ in 0..2 {
            let read = tokio::time::timeout(Duration::from_secs(1), wires.shell.read());
            let message = read.await.expect("both at once").unwrap();
            if let JupyterMessageContent::ExecuteReply(reply) = message.content {
                assert!(matches!(reply.status, ReplyStatus::Aborted), "{reply:?}");
                aborted.push(message.parent_header.unwrap().msg_id);
            }
        }
        aborted.sort();
        let mut expected = [slow, waiting];
        expected.sort();
        assert_eq!(aborted, expected);
        let id = wires.execute("print ensuite").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
    });
}

pub fn silent_cells_are_silent() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let mut request = ExecuteRequest::new("print chut".to_owned());
        request.silent = true;
        let id = wires.send(request).await;
        let told = wires.told_of(&id).await;
        assert!(
            told.iter()
                .all(|content| matches!(content, JupyterMessageContent::Status(_))),
            "{told:?}"
        );
        wires.reply_to(&id).await;
        let mut request = ExecuteRequest::new("print une".to_owned());
        request.store_history = false;
        let id = wires.send(request).await;
        assert_eq!(printed(&wires.told_of(&id).await), "une\n");
        wires.reply_to(&id).await;
        // Neither was counted.
        let id = wires.execute("print deux").await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::ExecuteReply(reply) => {
                assert_eq!(reply.execution_count.value(), 1);
            }
            other => panic!("{other:?}"),
        }
    });
}
