//! What a stranger may send or read, and requests that run no cell.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jupyter_protocol::{
    CommInfoRequest, CommOpen, CompleteRequest, ExecuteRequest, JupyterMessage,
    JupyterMessageContent, KernelInfoRequest, ReplyStatus, ShutdownRequest, UnknownMessage,
};
use jupyter_zmq_client::{
    create_client_control_connection, create_client_shell_connection_with_identity,
    peer_identity_for_session,
};
use ring::hmac;
use tp::jupyter::{CellStatus, Client, StartOptions};
use zeromq::{DealerSocket, Socket, SocketSend, ZmqMessage};

use super::Folder;
use super::wires::{Wires, block_on};

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
    let result = client
        .execute("rien", Duration::from_secs(60), &mut |_| ())
        .unwrap();
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

pub fn junk_and_wrong_signatures_are_refused() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let connection = wires.connection.clone();
        // Raw bytes on every port, some that begin like ZeroMQ's greeting, and connections that close at once.
        let greeting = [
            &[0xff_u8, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f][..],
            &[3, 1, b'N', b'U'][..],
        ]
        .concat();
        for port in [
            connection.shell_port,
            connection.iopub_port,
            connection.stdin_port,
            connection.control_port,
            connection.hb_port,
        ] {
            for junk in [
                &b"GET / HTTP/1.1\r\n\r\n"[..],
                &[0; 4096],
                &greeting,
                &[0xff; 70_000],
                b"",
            ] {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let _ = stream.write_all(junk);
            }
        }
        // Messages signed with another key: never answered, never executed.
        let mut other = connection.clone();
        other.key = "une autre".to_owned();
        let session = uuid::Uuid::new_v4().to_string();
        let identity = peer_identity_for_session(&session).unwrap();
        let mut stranger = create_client_shell_connection_with_identity(&other, &session, identity)
            .await
            .unwrap();
        let code = ExecuteRequest::new("exit".to_owned());
        stranger
            .send(JupyterMessage::new(code, None))
            .await
            .unwrap();
        let mut control = create_client_control_connection(&other, &session)
            .await
            .unwrap();
        let shutdown = jupyter_protocol::ShutdownRequest { restart: false };
        control
            .send(JupyterMessage::new(shutdown, None))
            .await
            .unwrap();
        let answer = tokio::time::timeout(Duration::from_millis(500), stranger.read()).await;
        assert!(answer.is_err(), "{answer:?}");
        // The kernel goes on for who has the key.
        for _ in 0..3 {
            let id = wires.execute("print toujours là").await;
            assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        }
        assert!(wires.child.try_wait().unwrap().is_none());
        assert!(Path::new(&format!("/proc/{}", wires.child.id())).exists());
    });
}
