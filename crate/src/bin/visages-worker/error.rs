//! What can go wrong; every message is French and is shown as it is by `tp`.

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("requête illisible : {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("aucun réseau n'est prêt : la requête « prepare » vient en premier")]
    NotPrepared,
    #[error("{name} = {value} n'est pas accepté ({accepted})")]
    Setting {
        name: &'static str,
        value: String,
        accepted: &'static str,
    },
    #[error("{0}")]
    Library(#[from] visages::Error),
    #[error("le calcul a échoué : {0}")]
    Execution(String),
}
