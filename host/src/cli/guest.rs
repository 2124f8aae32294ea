//! Guests in source form: built with the tools of their languages.

mod command;
mod python;
mod rust;
pub mod sdk;
mod typescript;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;

use super::Ending;

/// The languages of guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Rust,
    #[value(name = "ts", alias = "typescript")]
    TypeScript,
    #[value(name = "py", alias = "python")]
    Python,
}

/// A component that was built, under the plugin's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub plugin: String,
    pub path: PathBuf,
}

/// A folder with a project of one of the languages, or one module of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    pub language: Language,
    pub folder: PathBuf,
    /// The module that was named, where it was not the folder.
    module: Option<PathBuf>,
}

/// How a guest is to be built, where that is not as its project says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Where the component is to be; below the project's folder unless told.
    pub out: Option<PathBuf>,
    /// `inngest` is this SDK's module of that name.
    pub inngest: bool,
    /// A file that gets the paths of what was read, as a JSON array.
    pub inputs: Option<PathBuf>,
}

/// The sources of a guest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Folders of which each file counts, but what tools make.
    pub folders: HashSet<PathBuf>,
    /// Files that count wherever they are.
    pub files: HashSet<PathBuf>,
}

impl Watched {
    /// Whether the guest is built from that file.
    pub fn has(&self, path: &Path) -> bool {
        let is_below = || path.parent().is_some_and(|folder| self.folders.contains(folder)) && !is_made(path);
        self.files.contains(path) || is_below()
    }

    /// The folders that have to be watched to hear of all.
    pub fn places(&self) -> HashSet<PathBuf> {
        let parents = self.files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        self.folders.iter().cloned().chain(parents).collect()
    }
}

impl Guest {
    /// The guest that a folder or module is, if it is one.
    pub fn at(path: &Path) -> Option<Self> {
        let folder = |language| Some(Self { language, folder: path.to_owned(), module: None });
        if path.is_file() {
            let language = Language::of_module(path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            return Some(Self { language, folder: folder.to_owned(), module: Some(path.to_owned()) });
        }
        if path.join("Cargo.toml").is_file() {
            folder(Language::Rust)
        } else if typescript::is_at(path) {
            folder(Language::TypeScript)
        } else if python::is_at(path) {
            folder(Language::Python)
        } else {
            None
        }
    }

    /// The guests right below a folder that is not a guest itself.
    pub fn below(folder: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut folders: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        folders.iter().filter(|path| !is_made(path)).filter_map(|path| Self::at(path)).collect()
    }

    /// The plugins that it makes, built or not, by name.
    pub async fn plugins(&self) -> Result<Vec<String>> {
        match self.language {
            Language::Rust => Ok(rust::plugins(&self.folder).await?.into_values().collect()),
            Language::TypeScript => Ok(vec![typescript::name(&self.folder, self.module.as_deref())]),
            Language::Python => Ok(vec![python::name(&self.folder, self.module.as_deref())]),
        }
    }

    /// Builds them, and fetches first what the project depends on where that is missing. What the tools say goes to
    /// stderr as they say it.
    pub async fn build(&self, wish: &Wish) -> Result<Vec<Built>> {
        if wish.inngest && self.language != Language::TypeScript {
            return Err(Ending::Usage("--inngest is for plugins in TypeScript".into()).into());
        }
        match self.language {
            Language::Rust => rust::build(&self.folder, wish).await,
            Language::TypeScript => Ok(vec![typescript::build(&self.folder, self.module.as_deref(), wish).await?]),
            Language::Python => Ok(vec![python::build(&self.folder, self.module.as_deref(), wish).await?]),
        }
    }

    /// The inputs of the guest: all below its own folder, but what is made there; and what its last build read,
    /// or in Rust the packages that it depends on by their paths.
    pub async fn watched(&self, read: Vec<PathBuf>) -> Watched {
        let mut watched = self.watched_at_once(read);
        if self.language == Language::Rust {
            watched.folders.extend(below(rust::path_dependencies(&self.folder).await));
        }
        watched
    }

    /// The part of it that is known without asking a tool.
    pub fn watched_at_once(&self, read: Vec<PathBuf>) -> Watched {
        let files = read.into_iter().map(|file| absolute(&self.folder.join(file))).collect();
        Watched { folders: below(vec![absolute(&self.folder)]), files }
    }
}

/// The folders, and those below them that hold sources.
fn below(roots: Vec<PathBuf>) -> HashSet<PathBuf> {
    let mut found = HashSet::new();
    let mut waiting = roots;
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !is_made(&entry.path()) && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            }
        }
        found.insert(folder);
    }
    found
}

fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.canonicalize().unwrap_or(path)
}

impl Language {
    fn of_module(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "ts" | "mts" | "js" | "mjs" => Some(Self::TypeScript),
            "py" => Some(Self::Python),
            _ => None,
        }
    }
}

/// Whether tools have made it, rather than people: it is not built from.
pub fn is_made(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let made = ["target", "node_modules", "dist", "build", "__pycache__", "Cargo.lock", "package-lock.json"];
    name.starts_with('.') || made.contains(&&*name) || name.ends_with(".egg-info")
}

/// The name of a module, or of its folder where it is called as all are.
fn name_of(folder: &Path, module: Option<&Path>, usual: &[&str]) -> String {
    let stem = module.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| !usual.contains(&stem.as_str())).unwrap_or_else(|| {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let folder = if folder.ends_with("src") { folder.parent().unwrap_or(&folder) } else { &folder };
        folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_told_by_what_is_in_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, "").expect("written");
        };
        for path in ["a/Cargo.toml", "b/package.json", "c/src/index.ts", "d/app.py", "e/notes.txt", "dist/app.py"] {
            write(path);
        }
        let found: Vec<_> = Guest::below(folder.path()).into_iter().map(|guest| guest.language).collect();
        assert_eq!(found, [Language::Rust, Language::TypeScript, Language::TypeScript, Language::Python]);
        let module = Guest::at(&folder.path().join("c/src/index.ts")).expect("a module");
        assert_eq!((module.language, module.folder), (Language::TypeScript, folder.path().join("c/src")));
        assert_eq!(Guest::at(&folder.path().join("e")), None);
        assert_eq!(Guest::at(&folder.path().join("e/notes.txt")), None);
    }

    #[tokio::test]
    async fn plugins_are_named_by_projects_modules_or_folders() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shop = folder.path().join("shop");
        std::fs::create_dir_all(shop.join("src")).expect("made");
        for file in ["src/index.ts", "src/refunds.ts", "app.py", "mails.py"] {
            std::fs::write(shop.join(file), "").expect("written");
        }
        let plugin = async |path: &str| Guest::at(&shop.join(path)).expect("a guest").plugins().await.expect("named");
        assert_eq!(plugin("src/index.ts").await, ["shop"]);
        assert_eq!(plugin("src/refunds.ts").await, ["refunds"]);
        assert_eq!((plugin("app.py").await, plugin("mails.py").await), (vec!["shop".into()], vec!["mails".into()]));
        std::fs::write(shop.join("package.json"), r#"{"name":"@acme/store"}"#).expect("written");
        assert_eq!(plugin("").await, ["store"]);
    }

    #[test]
    fn what_a_build_has_read_counts_wherever_it_is() {
        let (folder, read) = (PathBuf::from("/p/src"), PathBuf::from("/p/dist/greeting.ts"));
        let watched = Watched { folders: [folder.clone()].into(), files: [read.clone()].into() };
        assert!(watched.has(&read) && watched.has(&folder.join("index.ts")));
        for other in ["/p/dist/shop.wasm", "/p/src/.index.ts.swp", "/p/notes.md"] {
            assert!(!watched.has(Path::new(other)), "{other}");
        }
        assert_eq!(watched.places(), [folder, PathBuf::from("/p/dist")].into());
    }
}
