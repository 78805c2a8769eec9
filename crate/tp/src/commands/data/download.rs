//! One file by `curl`, which goes on where it was cut as long as the server still has the same file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde::{Deserialize, Serialize};

use crate::process;

/// curl's exit status when the server cannot send from the middle of the file.
const CANNOT_RESUME: i32 = 33;
/// A server's answer to a wish that begins at or beyond the end of the file.
const BEYOND_THE_END: u16 = 416;

/// Where a file comes from, noted beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The address that was asked for.
    pub address: String,
    /// What the server calls this version of the file: its strong `ETag`, or its date.
    #[serde(default)]
    version: Option<String>,
}

impl Origin {
    /// The origin of a file that is about to be asked for.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            version: None,
        }
    }

    /// What is noted beside `target`, if anything.
    pub fn read(target: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(beside(target, "origine")).ok()?).ok()
    }

    /// Notes it beside `target`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, target: &Path) -> std::io::Result<()> {
        fs::write(beside(target, "origine"), serde_json::to_string(self)?)
    }

    /// Removes what is noted beside `target`.
    pub fn forget(target: &Path) {
        // There may be nothing.
        let _ = fs::remove_file(beside(target, "origine"));
    }
}

/// What a server answered, of which only the last answer counts after redirections.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    status: u16,
    version: Option<String>,
    /// Length of the whole file, where the answer tells it.
    whole: Option<u64>,
}

impl Answer {
    /// The last of the headers that curl wrote.
    fn read(text: &str) -> Self {
        let mut answer = Self::default();
        let mut date = None;
        for line in text.lines() {
            if line.starts_with("HTTP/") {
                let status = line.split_whitespace().nth(1);
                let status = status.and_then(|status| status.parse().ok());
                (answer, date) = (Self::default(), None);
                answer.status = status.unwrap_or_default();
            }
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                // A weak one does not promise the same bytes.
                "etag" if !value.starts_with("W/") => answer.version = Some(value.to_owned()),
                "last-modified" => date = Some(value.to_owned()),
                "content-range" => {
                    let whole = value.rsplit_once('/').map(|(_, whole)| whole);
                    answer.whole = whole.and_then(|whole| whole.parse().ok());
                }
                _ => {}
            }
        }
        answer.version = answer.version.or(date);
        answer
    }
}

fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Downloads to a file of the name and `.partiel`, which the next call for the same address goes on with; the name comes
/// when all is there.
///
/// # Errors
/// Why it did not succeed, in French.
pub fn download(address: &str, target: &Path) -> Result<(), String> {
    let curl = process::find_program("curl")
        .ok_or_else(|| "le programme « curl » manque : sudo apt install curl".to_owned())?;
    let told = |error: std::io::Error| error.to_string();
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| format!("« {} » : {error}", folder.display()))?;
    let (partial, headers) = (beside(target, "partiel"), beside(target, "entetes"));
    // What was begun for another address is another file.
    if Origin::read(target).is_none_or(|origin| origin.address != address) {
        for file in [&partial, &headers] {
            if file.exists() {
                fs::remove_file(file).map_err(told)?;
            }
        }
        Origin::new(address).write(target).map_err(told)?;
    }
    let mut again = true;
    loop {
        // An answer that a killed call left is noted first.
        note(target, &headers).map_err(told)?;
        let mut command = Command::new(&curl);
        // It shows its own progress, and stops with us.
        command
            .args(["--fail", "--location", "--show-error", "--progress-bar"])
            .args(["--globoff", "--proto", "=http,https"])
            .args(["--connect-timeout", "20", "--continue-at", "-"])
            .arg("--dump-header")
            .arg(&headers);
        if let Some(version) = Origin::read(target).and_then(|origin| origin.version) {
            command.arg("--header").arg(format!("If-Range: {version}"));
        }
        let status = command
            .arg("--output")
            .arg(&partial)
            .arg(address)
            .stdin(Stdio::null())
            .status()
            .map_err(told)?;
        let answer = note(target, &headers).map_err(told)?;
        if is_whole(status, &answer, &partial) {
            return fs::rename(&partial, target).map_err(told);
        }
        let useless = answer.status == BEYOND_THE_END || status.code() == Some(CANNOT_RESUME);
        if !(useless && again) {
            return Err(reason(status.code()));
        }
        again = false;
        // The server has another file than the one that was begun.
        fs::remove_file(&partial).map_err(told)?;
        Origin::new(address).write(target).map_err(told)?;
    }
}

/// Whether all is there: curl says so, or the server has nothing after what is there.
fn is_whole(status: ExitStatus, answer: &Answer, partial: &Path) -> bool {
    if answer.status != BEYOND_THE_END {
        return status.success();
    }
    let length = fs::metadata(partial).map(|data| data.len());
    answer.whole.is_some() && answer.whole == length.ok()
}

/// Notes the version of the file that the last answer tells, and forgets the answer.
fn note(target: &Path, headers: &Path) -> std::io::Result<Answer> {
    let Ok(text) = fs::read(headers) else {
        return Ok(Answer::default());
    };
    let answer = Answer::read(&String::from_utf8_lossy(&text));
    if let (200 | 206, Some(mut origin)) = (answer.status, Origin::read(target)) {
        origin.version = answer.version.clone();
        origin.write(target)?;
    }
    fs::remove_file(headers)?;
    Ok(answer)
}

/// What curl's exit status means, for those that users meet.
fn reason(code: Option<i32>) -> String {
    match code {
        Some(5 | 6) => "serveur ou proxy introuvable : pas de réseau ?".to_owned(),
        Some(7) => "le serveur ne répond pas".to_owned(),
        Some(0 | 22) => "le serveur refuse ce fichier".to_owned(),
        Some(23) => "impossible d'écrire : disque plein ?".to_owned(),
        Some(18 | 28 | 56) => {
            "liaison coupée ; relancez la même commande : elle reprend où elle s'est arrêtée"
                .to_owned()
        }
        Some(35 | 60) => "liaison chiffrée refusée".to_owned(),
        Some(code) => format!("curl a renvoyé le code {code}"),
        None => "curl a été interrompu".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    const CONTENT: &[u8] = b"PK\x03\x0456789abcdefghij";

    /// A request as the server saw it.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    struct Asked {
        range: String,
        if_range: String,
    }

    /// A server of a file and its version, which may be changed; it cuts answers from the beginning after seven bytes as
    /// long as it is asked to.
    #[derive(Clone)]
    struct Server {
        address: String,
        asked: Arc<Mutex<Vec<Asked>>>,
        file: Arc<Mutex<(Vec<u8>, &'static str, bool)>>,
    }

    impl Server {
        fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let server = Self {
                address: format!(
                    "http://{}/dossier/jeu[1].zip?dl=1",
                    listener.local_addr().unwrap()
                ),
                asked: Arc::default(),
                file: Arc::new(Mutex::new((CONTENT.to_vec(), "\"un\"", true))),
            };
            let serving = server.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    serving.answer(stream.unwrap());
                }
            });
            server
        }

        fn answer(&self, mut stream: std::net::TcpStream) {
            let mut asked = Asked::default();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("Range: bytes=") {
                    asked.range = value.to_owned();
                }
                if let Some(value) = line.strip_prefix("If-Range: ") {
                    asked.if_range = value.to_owned();
                }
            }
            let (content, version, cut) = self.file.lock().unwrap().clone();
            let is_same = asked.if_range.is_empty() || asked.if_range == version;
            let from = asked.range.trim_end_matches('-').parse().unwrap_or(0);
            let from: usize = if is_same { from } else { 0 };
            let (whole, last) = (content.len(), content.len() - 1);
            self.asked.lock().unwrap().push(asked);
            let (status, rest) = match content.get(from..).filter(|rest| !rest.is_empty()) {
                None => (
                    format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{whole}"),
                    &[][..],
                ),
                Some(rest) if from == 0 => ("200 OK".to_owned(), rest),
                Some(rest) => (
                    format!("206 Partial Content\r\nContent-Range: bytes {from}-{last}/{whole}"),
                    rest,
                ),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nETag: {version}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                rest.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            let sent = if cut && from == 0 { &rest[..7] } else { rest };
            stream.write_all(sent).unwrap();
        }

        fn ranges(&self) -> Vec<String> {
            let asked = self.asked.lock().unwrap();
            asked.iter().map(|asked| asked.range.clone()).collect()
        }
    }

    /// A server and a place for its file; nothing where curl is missing.
    fn prepared(name: &str) -> Option<(Server, PathBuf)> {
        if process::find_program("curl").is_none() {
            println!("test sauté : curl manque");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("tp-data-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Some((Server::start(), folder.join("jeu.zip")))
    }

    #[test]
    fn a_cut_download_resumes_with_the_same_version() {
        let Some((server, target)) = prepared("reprise") else {
            return;
        };
        let error = download(&server.address, &target).unwrap_err();
        assert!(error.contains("reprend où elle s'est arrêtée"), "{error}");
        assert!(!target.exists());
        download(&server.address, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), CONTENT);
        assert_eq!(server.ranges(), ["", "7-"]);
        assert_eq!(server.asked.lock().unwrap()[1].if_range, "\"un\"");
        assert_eq!(Origin::read(&target).unwrap().address, server.address);
        fs::remove_dir_all(target.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_changed_in_between_is_begun_again() {
        let Some((server, target)) = prepared("change") else {
            return;
        };
        download(&server.address, &target).unwrap_err();
        let other = b"PK\x03\x04 another file, and longer".to_vec();
        *server.file.lock().unwrap() = (other.clone(), "\"deux\"", false);
        download(&server.address, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), other);
        fs::remove_dir_all(target.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_is_complete_or_too_long_ends() {
        let Some((server, target)) = prepared("complet") else {
            return;
        };
        server.file.lock().unwrap().2 = false;
        let partial = beside(&target, "partiel");
        // All had come, but the name.
        fs::write(&partial, CONTENT).unwrap();
        Origin::new(&server.address).write(&target).unwrap();
        download(&server.address, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), CONTENT);
        assert_eq!(server.ranges(), ["19-"]);
        // Longer than what the server has: not its file.
        fs::remove_file(&target).unwrap();
        fs::write(&partial, [CONTENT, b"more"].concat()).unwrap();
        download(&server.address, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), CONTENT);
        assert_eq!(server.ranges()[1..], ["23-", ""]);
        fs::remove_dir_all(target.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_was_begun_for_another_address_is_not_gone_on_with() {
        let Some((server, target)) = prepared("adresse") else {
            return;
        };
        server.file.lock().unwrap().2 = false;
        fs::write(beside(&target, "partiel"), b"other").unwrap();
        Origin::new("http://exemple.org/jeu.zip")
            .write(&target)
            .unwrap();
        download(&server.address, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), CONTENT);
        assert_eq!(server.ranges(), [""]);
        fs::remove_dir_all(target.parent().unwrap()).unwrap();
    }

    #[test]
    fn the_last_answer_counts() {
        let text = "HTTP/1.1 302 Found\r\nETag: \"x\"\r\nLocation: /y\r\n\r\nHTTP/2 206\r\netag: W/\"y\"\r\n\
                    last-modified: Mon, 01 Jan 2024 00:00:00 GMT\r\ncontent-range: bytes 3-9/10\r\n\r\n";
        let answer = Answer::read(text);
        assert_eq!((answer.status, answer.whole), (206, Some(10)));
        let date = "Mon, 01 Jan 2024 00:00:00 GMT";
        assert_eq!(answer.version.as_deref(), Some(date));
        assert_eq!(Answer::read(""), Answer::default());
    }
}
