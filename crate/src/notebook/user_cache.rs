//! Where what is long to make is kept from one session to the next, outside the repository.

use std::path::PathBuf;

/// Environment variable that names the cache, for `tp` too.
const CACHE_VARIABLE: &str = "TP_CACHE";

/// As `tp` has it: the variable, else the user's cache, else a temporary folder.
pub(super) fn folder() -> PathBuf {
    folder_from(|name| std::env::var_os(name).map(PathBuf::from))
}

/// Images of real data sets, decoded and reduced: as much theirs as the files they come from.
pub(super) fn images() -> PathBuf {
    folder().join("images")
}

/// Drawings of the labs: folders of files, and sets of images.
pub(super) fn drawings() -> PathBuf {
    folder().join("dessins")
}

fn folder_from(environment: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let set = |name| environment(name).filter(|value| !value.as_os_str().is_empty());
    let user = || {
        let home = || set("HOME").map(|home| home.join(".cache"));
        set("XDG_CACHE_HOME").or_else(home)
    };
    match set(CACHE_VARIABLE) {
        Some(cache) => cache,
        None => user().unwrap_or_else(std::env::temp_dir).join("tp-visages"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_most_precise_setting_wins() {
        let all = [("TP_CACHE", "/c"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        let from = |settings: &[(&str, &str)]| {
            folder_from(|name| {
                let setting = settings.iter().find(|(known, _)| *known == name);
                setting.map(|(_, value)| PathBuf::from(value))
            })
        };
        assert_eq!(from(&all), Path::new("/c"));
        assert_eq!(from(&all[1..]), Path::new("/x/tp-visages"));
        assert_eq!(from(&all[2..]), Path::new("/h/.cache/tp-visages"));
        assert_eq!(
            from(&[("TP_CACHE", ""), ("HOME", "/h")]),
            Path::new("/h/.cache/tp-visages")
        );
    }
}
