//! A crate's modules as they are written, and what a path in them leads to.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::{Attribute, Item, UseTree, Visibility};
use thiserror::Error;

/// A path through more imports than this leads nowhere.
const LONGEST_CHAIN: usize = 8;

/// A module, and those in it.
pub(super) struct Module {
    /// From the crate's root, which has an empty one.
    pub(super) path: Vec<String>,
    pub(super) items: Vec<Item>,
    pub(super) children: BTreeMap<String, Module>,
    text: String,
}

/// What a path leads to.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    Module(&'a Module),
    Item(&'a Module, &'a Item),
}

/// One name of a `use`.
pub(super) struct Import {
    pub(super) path: Vec<String>,
    /// What it is called from then on; `None` for all that is in there.
    pub(super) name: Option<String>,
}

/// Why a crate can't be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("{} can't be read", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error("{} is not Rust that this chore understands", .0.display())]
    Syntax(PathBuf, #[source] syn::Error),
}

/// Reads the crate that begins in this file.
pub(super) fn read(root: &Path) -> Result<Module, ReadError> {
    let folder = root.parent().unwrap_or(root);
    file(root, folder, Vec::new())
}

/// Reads a module from its file; those below it are in `folder`.
fn file(path: &Path, folder: &Path, name: Vec<String>) -> Result<Module, ReadError> {
    let text = fs::read_to_string(path).map_err(|error| ReadError::File(path.to_owned(), error))?;
    let parsed =
        syn::parse_file(&text).map_err(|error| ReadError::Syntax(path.to_owned(), error))?;
    module(name, parsed.items, &text, folder)
}

fn module(
    path: Vec<String>,
    items: Vec<Item>,
    text: &str,
    folder: &Path,
) -> Result<Module, ReadError> {
    let items: Vec<Item> = items
        .into_iter()
        .filter(|item| !is_for_tests(attributes(item)))
        .collect();
    let mut children = BTreeMap::new();
    for item in &items {
        let Item::Mod(child) = item else { continue };
        let name = child.ident.to_string();
        let below = folder.join(&name);
        let mut child_path = path.clone();
        child_path.push(name.clone());
        let child = match &child.content {
            Some((_, items)) => module(child_path, items.clone(), text, &below)?,
            None => {
                let beside = folder.join(format!("{name}.rs"));
                let own = if beside.exists() {
                    beside
                } else {
                    below.join("mod.rs")
                };
                file(&own, &below, child_path)?
            }
        };
        children.insert(name, child);
    }
    Ok(Module {
        path,
        items,
        children,
        text: text.to_owned(),
    })
}

impl Module {
    /// A piece of the module as it is written, in one line.
    pub(super) fn written(&self, piece: &impl syn::spanned::Spanned) -> String {
        let text = self.text.get(piece.span().byte_range()).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // As if it had never been broken.
        line.replace("( ", "(")
            .replace(", )", ")")
            .replace(" )", ")")
    }

    /// A macro or its use as it is written, in one line, without comments.
    pub(super) fn written_code(&self, piece: &syn::ItemMacro) -> String {
        let text = self.text.get(piece.span().byte_range()).unwrap_or_default();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
        words.join(" ")
    }

    /// This module and all below it.
    pub(super) fn all(&self) -> Vec<&Module> {
        let mut all = vec![self];
        for child in self.children.values() {
            all.extend(child.all());
        }
        all
    }

    fn below(&self, path: &[String]) -> Option<&Module> {
        path.iter()
            .try_fold(self, |module, name| module.children.get(name))
    }

    /// What a path that is written in the module `from` leads to, if it is in this crate, of
    /// which this is the root.
    pub(super) fn resolve<'a>(&'a self, from: &'a Module, path: &[String]) -> Option<Found<'a>> {
        self.resolve_in(from, path, LONGEST_CHAIN)
    }

    fn resolve_in<'a>(
        &'a self,
        from: &'a Module,
        path: &[String],
        chain: usize,
    ) -> Option<Found<'a>> {
        let chain = chain.checked_sub(1)?;
        let mut at = Found::Module(from);
        for name in path {
            let Found::Module(module) = at else {
                return None;
            };
            at = match name.as_str() {
                "crate" => Found::Module(self),
                "self" => Found::Module(module),
                "super" => {
                    let (_, above) = module.path.split_last()?;
                    Found::Module(self.below(above)?)
                }
                name => self.lookup(module, name, chain)?,
            };
        }
        Some(at)
    }

    /// What a name means in a module.
    fn lookup<'a>(&'a self, module: &'a Module, name: &str, chain: usize) -> Option<Found<'a>> {
        if let Some(child) = module.children.get(name) {
            return Some(Found::Module(child));
        }
        let own = module
            .items
            .iter()
            .find(|item| item_name(item).as_deref() == Some(name));
        if let Some(own) = own {
            return Some(Found::Item(module, own));
        }
        let uses = module.items.iter().filter_map(|item| match item {
            Item::Use(item) => Some(imports(&item.tree)),
            _ => None,
        });
        uses.flatten().find_map(|import| {
            let mut path = import.path;
            match import.name {
                Some(known) if known != name => return None,
                Some(_) => {}
                None => path.push(name.to_owned()),
            }
            // `use name::…` of a crate from outside would be looked for here again.
            (path.first()?.as_str() != name).then_some(())?;
            self.resolve_in(module, &path, chain)
        })
    }
}

/// The names that a `use` brings.
pub(super) fn imports(tree: &UseTree) -> Vec<Import> {
    fn collect(tree: &UseTree, path: &mut Vec<String>, into: &mut Vec<Import>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                collect(&part.tree, path, into);
                path.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    collect(tree, path, into);
                }
            }
            UseTree::Glob(_) => into.push(Import {
                path: path.clone(),
                name: None,
            }),
            UseTree::Name(name) if name.ident == "self" => into.push(Import {
                path: path.clone(),
                name: path.last().cloned(),
            }),
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                let mut path = path.clone();
                path.push(name.clone());
                into.push(Import {
                    path,
                    name: Some(name),
                });
            }
            UseTree::Rename(renamed) => {
                let mut path = path.clone();
                path.push(renamed.ident.to_string());
                into.push(Import {
                    path,
                    name: Some(renamed.rename.to_string()),
                });
            }
        }
    }
    let mut into = Vec::new();
    collect(tree, &mut Vec::new(), &mut into);
    into
}

/// What an item is called, where it is something that a path can lead to.
pub(super) fn item_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Who may see an item.
pub(super) fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Use(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

/// What stands above an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|condition| condition.is_ident("test"))
    })
}

#[cfg(test)]
pub(super) fn inline(text: &str) -> Module {
    let parsed = syn::parse_file(text).expect("Rust");
    module(Vec::new(), parsed.items, text, Path::new("")).expect("all in one text")
}
