//! One Jupyter message on the wire: frames, signature, JSON parts.

use bytes::Bytes;
use ring::hmac;
use serde_json::{Value, json};
use zeromq::ZmqMessage;

/// What separates the routing frames from the message.
const DELIMITER: &[u8] = b"<IDS|MSG>";

/// Version of the messaging protocol that the adapter speaks.
pub(super) const PROTOCOL_VERSION: &str = "5.3";

/// Signs and checks the messages of one connection file.
#[derive(Clone)]
pub(super) struct Key(Option<hmac::Key>);

impl Key {
    /// An empty key signs nothing and takes everything, as Jupyter has it.
    pub(super) fn new(key: &str) -> Self {
        Self((!key.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))
    }

    fn sign(&self, parts: &[Vec<u8>]) -> Vec<u8> {
        let Some(key) = &self.0 else {
            return Vec::new();
        };
        let mut context = hmac::Context::with_key(key);
        parts.iter().for_each(|part| context.update(part));
        hex(context.sign().as_ref())
    }

    fn accepts(&self, parts: &[Bytes], signature: &[u8]) -> bool {
        let Some(key) = &self.0 else {
            return true;
        };
        let Some(signature) = unhex(signature) else {
            return false;
        };
        hmac::verify(key, &parts.concat(), &signature).is_ok()
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble)];
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|start| u8::from_str_radix(&text[start..start + 2], 16).ok())
        .collect()
}

/// A message whose signature was checked, or that is to be signed.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Routing frames of a ROUTER socket; the topic of a PUB socket.
    pub(super) identities: Vec<Bytes>,
    pub(super) header: Value,
    pub(super) parent: Value,
    pub(super) metadata: Value,
    pub(super) content: Value,
    pub(super) buffers: Vec<Bytes>,
}

impl Message {
    /// Reads frames; `None` for junk and for a signature that is not ours: neither deserves an answer.
    pub(super) fn decode(frames: ZmqMessage, key: &Key) -> Option<Self> {
        let mut frames = frames.into_vec();
        let delimiter = frames.iter().position(|frame| &frame[..] == DELIMITER)?;
        if frames.len() < delimiter + 6 {
            return None;
        }
        let buffers = frames.split_off(delimiter + 6);
        let parts = frames.split_off(delimiter + 2);
        let signature = frames.pop()?;
        frames.pop();
        if !key.accepts(&parts, &signature) {
            return None;
        }
        let json = |index: usize| serde_json::from_slice::<Value>(&parts[index]).ok();
        let (header, parent, metadata, content) = (json(0)?, json(1)?, json(2)?, json(3)?);
        let message = Self {
            identities: frames,
            header,
            parent,
            metadata,
            content,
            buffers,
        };
        // One without a name could not be answered.
        let named = !message.id().is_empty() && !message.kind().is_empty();
        (named && message.content.is_object()).then_some(message)
    }

    /// The frames, signed.
    pub(super) fn encode(&self, key: &Key) -> ZmqMessage {
        let parts = [&self.header, &self.parent, &self.metadata, &self.content]
            .map(|part| part.to_string().into_bytes());
        let signature = key.sign(&parts);
        let mut frames: Vec<Bytes> = self.identities.clone();
        frames.extend([Bytes::from_static(DELIMITER), signature.into()]);
        frames.extend(parts.into_iter().map(Bytes::from));
        frames.extend(self.buffers.iter().cloned());
        // Never empty: the delimiter is there.
        ZmqMessage::try_from(frames).unwrap_or_else(|_| ZmqMessage::from(DELIMITER.to_vec()))
    }

    /// A message without parent nor routing.
    pub(super) fn new(kind: &str, session: &str, content: Value) -> Self {
        let header = json!({
            "msg_id": uuid::Uuid::new_v4().to_string(),
            "session": session,
            "username": "noyau",
            "date": now(),
            "msg_type": kind,
            "version": PROTOCOL_VERSION,
        });
        Self {
            identities: Vec::new(),
            header,
            parent: json!({}),
            metadata: json!({}),
            content,
            buffers: Vec::new(),
        }
    }

    /// A message caused by this one, for iopub.
    pub(super) fn child(&self, kind: &str, session: &str, content: Value) -> Self {
        let mut child = Self::new(kind, session, content);
        child.parent = self.header.clone();
        child.identities = vec![Bytes::from(kind.to_owned())];
        child
    }

    /// The reply to this request, for whoever asked.
    pub(super) fn reply(&self, session: &str, content: Value) -> Self {
        let kind = self.kind().replace("_request", "_reply");
        let mut reply = self.child(&kind, session, content);
        reply.identities.clone_from(&self.identities);
        reply
    }

    pub(super) fn kind(&self) -> &str {
        self.header["msg_type"].as_str().unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.header["msg_id"].as_str().unwrap_or_default()
    }

    pub(super) fn parent_id(&self) -> &str {
        self.parent["msg_id"].as_str().unwrap_or_default()
    }

    /// A text of the content.
    pub(super) fn text(&self, name: &str) -> &str {
        self.content[name].as_str().unwrap_or_default()
    }

    /// A switch of the content.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.content[name].as_bool().unwrap_or(default)
    }
}

/// The present, as Jupyter writes dates: `2026-11-22T05:13:22.123456Z`.
fn now() -> String {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    date(since.as_secs(), since.subsec_micros())
}

fn date(seconds: u64, micros: u32) -> String {
    // Days to civil date, Howard Hinnant's algorithm, for years after 1970.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_wire_and_only_with_its_key() {
        let (key, other) = (Key::new("secret"), Key::new("autre"));
        let mut message = Message::new("execute_request", "s", json!({"code": "é\n\"x\""}));
        message.identities = vec![Bytes::from_static(b"client")];
        message.buffers = vec![Bytes::from_static(&[0, 255])];
        let read = Message::decode(message.encode(&key), &key).expect("its own signature");
        assert_eq!((read.kind(), read.id()), ("execute_request", message.id()));
        assert_eq!(
            (read.text("code"), &read.identities),
            ("é\n\"x\"", &message.identities)
        );
        assert_eq!(read.buffers, message.buffers);
        assert!(Message::decode(message.encode(&other), &key).is_none());
        assert!(Message::decode(message.encode(&Key::new("")), &key).is_none());
        assert!(Message::decode(message.encode(&other), &Key::new("")).is_some());
    }

    #[test]
    fn one_changed_byte_is_refused() {
        let key = Key::new("secret");
        let message = Message::new("execute_request", "s", json!({"code": "1"}));
        let frames = message.encode(&key).into_vec();
        for frame in 1..frames.len() {
            let mut changed = frames.clone();
            let mut bytes = changed[frame].to_vec();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            changed[frame] = bytes.into();
            let changed = ZmqMessage::try_from(changed).unwrap();
            assert!(Message::decode(changed, &key).is_none(), "frame {frame}");
        }
    }

    #[test]
    fn junk_is_no_message() {
        let key = Key::new("");
        for frames in [
            vec![&b"x"[..]],
            vec![DELIMITER],
            vec![DELIMITER, b"", b"{}", b"{}", b"{}"],
            vec![DELIMITER, b"", b"{", b"{}", b"{}", b"{}"],
            vec![DELIMITER, b"", b"[]", b"{}", b"{}", b"{}"],
            vec![DELIMITER, b"", br#"{"msg_type": "x"}"#, b"{}", b"{}", b"{}"],
            vec![DELIMITER, b"", br#"{"msg_id": "x"}"#, b"{}", b"{}", b"{}"],
            vec![DELIMITER, b"", b"\xff\xfe", b"{}", b"{}", b"{}"],
        ] {
            let frames: Vec<Bytes> = frames.into_iter().map(Bytes::copy_from_slice).collect();
            let message = ZmqMessage::try_from(frames).unwrap();
            assert!(Message::decode(message, &key).is_none());
        }
        assert_eq!(unhex("éa".as_bytes()), None);
    }

    #[test]
    fn dates_are_civil() {
        assert_eq!(date(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(date(951_782_400, 5), "2000-02-29T00:00:00.000005Z");
        assert_eq!(date(1_795_324_402, 0), "2026-11-22T05:13:22.000000Z");
    }
}
