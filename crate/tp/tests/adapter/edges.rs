//! What a careless cell, a hurried reader or a stranger does, and what the adapter must not do then.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use jupyter_protocol::{
    CommInfoRequest, CommOpen, CompleteRequest, ExecuteRequest, InputReply, JupyterMessage,
    JupyterMessageContent, KernelInfoRequest, ReplyStatus, ShutdownRequest, UnknownMessage,
};
use ring::hmac;
use tp::jupyter::{CellStatus, Client, StartOptions};
use zeromq::{DealerSocket, Socket, SocketSend, ZmqMessage};

use super::Folder;
use super::channels::{Wires, block_on};

const LIMIT: Duration = Duration::from_secs(60);

/// All that was printed, of both streams.
fn printed(told: &[JupyterMessageContent]) -> String {
    let text = |content: &JupyterMessageContent| match content {
        JupyterMessageContent::StreamContent(stream) => Some(stream.text.clone()),
        _ => None,
    };
    told.iter().filter_map(text).collect()
}

impl Wires {
    /// The reply to a request, whatever else is replied to before it.
    async fn reply_in_time(&mut self, id: &str, limit: Duration) -> JupyterMessageContent {
        let read = async {
            loop {
                let message = self.shell.read().await.unwrap();
                if message
                    .parent_header
                    .is_some_and(|parent| parent.msg_id == id)
                {
                    return message.content;
                }
            }
        };
        tokio::time::timeout(limit, read)
            .await
            .expect("a reply in time")
    }

    async fn answer(&mut self, value: &str) {
        let reply = InputReply {
            value: value.to_owned(),
            ..InputReply::default()
        };
        self.stdin
            .send(JupyterMessage::new(reply, None))
            .await
            .unwrap();
    }

    /// The process ends by itself.
    async fn ends(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

pub fn huge_frames_and_malformed_messages_end_nothing() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let connection = wires.connection.clone();
        let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0];
        greeting.extend(b"NULL");
        greeting.resize(64, 0);
        for (port, kind) in [
            (connection.shell_port, "DEALER"),
            (connection.control_port, "DEALER"),
            (connection.stdin_port, "DEALER"),
            (connection.iopub_port, "SUB"),
            (connection.hb_port, "REQ"),
        ] {
            let mut stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let mut ready = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
            ready.push(kind.len() as u8);
            ready.extend(kind.as_bytes());
            stranger.write_all(&greeting).unwrap();
            stranger.write_all(&[4, ready.len() as u8]).unwrap();
            stranger.write_all(&ready).unwrap();
            std::thread::sleep(Duration::from_millis(100));
            let mut frame = vec![2];
            frame.extend((1_u64 << 40).to_be_bytes());
            frame.push(b'x');
            stranger.write_all(&frame).unwrap();
            stranger
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            // Hung up on, once the handshake's answer is read.
            let mut rest = Vec::new();
            if let Err(error) = stranger.read_to_end(&mut rest) {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{kind}");
            }
        }
        // Signed with the right key, and no message all the same.
        let key = hmac::Key::new(hmac::HMAC_SHA256, connection.key.as_bytes());
        let mut dealer = DealerSocket::new();
        dealer.connect(&connection.shell_url()).await.unwrap();
        let execute = r#"{"msg_id": "m", "msg_type": "execute_request", "session": "s"}"#;
        for [header, parent, metadata, content] in [
            ["[]", "{}", "{}", "{}"],
            ["{}", "{}", "{}", "{}"],
            ["{", "{}", "{}", "{}"],
            [execute, "null", "7", "[]"],
            [
                r#"{"msg_id": 5, "msg_type": 7}"#,
                "[]",
                "[]",
                r#"{"code": 3}"#,
            ],
            [
                r#"{"msg_type": "execute_request"}"#,
                "{}",
                "{}",
                r#"{"code": "print x"}"#,
            ],
            [
                execute,
                "null",
                "null",
                r#"{"code": {"a": 1}, "silent": 5}"#,
            ],
        ] {
            let parts = [header, parent, metadata, content];
            let signature: String = hmac::sign(&key, parts.concat().as_bytes())
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let mut message = ZmqMessage::from("<IDS|MSG>");
            message.push_back(signature.into());
            parts
                .into_iter()
                .for_each(|part| message.push_back(part.to_owned().into()));
            dealer.send(message).await.unwrap();
        }
        // A long message of who has the key is none of these.
        let id = wires
            .execute(&format!("rien {}", "é".repeat(10 << 20)))
            .await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        let id = wires.execute("print toujours là").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        assert!(wires.child.try_wait().unwrap().is_none());
    });
}

pub fn the_temporary_folder_is_private() {
    let folder = Folder::create();
    let temporary = folder.path().join("t");
    std::fs::create_dir(&temporary).unwrap();
    // One left by a dead kernel, one of a living process.
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    let abandoned = temporary.join(format!("tp-noyau-{}-x", dead.id()));
    let alive = temporary.join(format!("tp-noyau-{}-x", std::process::id()));
    for path in [&abandoned, &alive] {
        std::fs::create_dir(path).unwrap();
        std::fs::write(path.join(".verrou"), "").unwrap();
    }
    let command = folder
        .command()
        .with_env("TMPDIR", temporary.to_str().unwrap());
    let mut client = Client::start(&command, StartOptions::default()).unwrap();
    let result = client.execute("rien", LIMIT, &mut |_| ()).unwrap();
    assert_eq!(result.status, CellStatus::Ok);
    assert!(!abandoned.exists() && alive.exists());
    let pid = client.id();
    let entries: Vec<_> = std::fs::read_dir(&temporary)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| *path != alive)
        .collect();
    let [own] = &entries[..] else {
        panic!("{entries:?}")
    };
    let name = own.file_name().unwrap().to_str().unwrap();
    let start = format!("tp-noyau-{pid}-");
    assert!(
        name.starts_with(&start) && name.len() >= start.len() + 16,
        "{name}"
    );
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(own), 0o700);
    assert_eq!(mode(&own.join("tubes")), 0o700);
    assert_eq!(mode(&own.join("tubes/connexion.json")), 0o600);
    client.shutdown();
    assert!(!own.exists());
}

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

pub fn a_shutdown_after_an_error_is_obeyed() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.execute("panic aïe").await;
        // As soon as the error is seen, before the reply: the adapter then waits for what to abort.
        loop {
            let message = wires.iopub.read().await.unwrap();
            if let JupyterMessageContent::ErrorOutput(_) = message.content {
                break;
            }
        }
        let shutdown = wires.send(ShutdownRequest { restart: false }).await;
        let reply = wires.reply_in_time(&shutdown, Duration::from_secs(2)).await;
        assert!(
            matches!(reply, JupyterMessageContent::ShutdownReply(_)),
            "{id}"
        );
        assert!(wires.ends().await);
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

pub fn a_question_that_ends_evcxr_is_answered() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        // evcxr is there from the first cell on.
        let id = wires.execute("rien").await;
        wires.reply_to(&id).await;
        let question = CompleteRequest {
            code: "meurs".to_owned(),
            cursor_pos: 5,
        };
        wires.send(question).await;
        // Our client takes no error for an answer of this type: that one comes is enough.
        let answer = tokio::time::timeout(Duration::from_secs(5), wires.shell.read());
        let answer = format!("{:?}", answer.await.expect("an answer"));
        assert!(!answer.contains("du_noyau"), "{answer}");
        assert!(wires.ends().await);
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

pub fn control_requests_are_answered() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let unknown = UnknownMessage {
            msg_type: "debug_request".to_owned(),
            content: serde_json::json!({"command": "initialize"}),
        };
        for (content, expected) in [
            (
                JupyterMessageContent::from(KernelInfoRequest {}),
                "kernel_info_reply",
            ),
            (unknown.into(), "debug_reply"),
        ] {
            let request = JupyterMessage::new(content, None);
            let id = request.header.msg_id.clone();
            wires.control.send(request).await.unwrap();
            let reply = tokio::time::timeout(Duration::from_secs(5), wires.control.read());
            let reply = reply.await.expect("a reply").unwrap();
            assert_eq!(reply.header.msg_type, expected);
            assert_eq!(wires.told_of(&id).await.len(), 1, "busy, then idle");
        }
        let id = wires
            .send(UnknownMessage {
                msg_type: "inconnu_request".to_owned(),
                content: serde_json::json!({}),
            })
            .await;
        let reply = wires.reply_in_time(&id, Duration::from_secs(5)).await;
        assert!(format!("{reply:?}").contains("error"), "{reply:?}");
    });
}

pub fn comms_are_closed_and_shell_shuts_down() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.send(CommInfoRequest { target_name: None }).await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::CommInfoReply(reply) => assert!(reply.comms.is_empty()),
            other => panic!("{other:?}"),
        }
        wires.told_of(&id).await;
        let id = wires.send(CommOpen::default()).await;
        let told = wires.told_of(&id).await;
        assert!(
            told.iter()
                .any(|content| matches!(content, JupyterMessageContent::CommClose(_))),
            "{told:?}"
        );
        let id = wires.send(ShutdownRequest { restart: true }).await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::ShutdownReply(reply) => assert!(reply.restart),
            other => panic!("{other:?}"),
        }
        assert!(wires.ends().await);
    });
}
