//! The lines of a crate's public surface: one for whatever can be named, in order of the names.

use std::collections::BTreeSet;

use syn::{
    Attribute, Fields, GenericArgument, ImplItem, Item, ItemImpl, PathArguments, TraitItem, Type,
    Visibility,
};

use super::source::{Found, Module, attributes, imports, is_public, item_name};

/// What changes for others when these do.
const ATTRIBUTES: &[&str] = &[
    "cfg",
    "cfg_attr",
    "deprecated",
    "derive",
    "must_use",
    "non_exhaustive",
];

/// Lists a crate by its root.
pub(super) fn of(name: &str, root: &Module) -> String {
    let mut listing = Listing {
        root,
        lines: BTreeSet::new(),
    };
    listing.module(root, name);
    listing.loose_impls();
    listing.macros();
    let mut text = format!(
        "# What other crates can name of {name}.\n# `cargo xtask public-api` writes this.\n\n"
    );
    for (_, line) in listing.lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

struct Listing<'a> {
    root: &'a Module,
    /// By what each is about.
    lines: BTreeSet<(String, String)>,
}

impl<'a> Listing<'a> {
    fn add(&mut self, about: &str, line: String) {
        self.lines.insert((about.to_owned(), line));
    }

    /// All that is public in a module which others call `path`.
    fn module(&mut self, module: &'a Module, path: &str) {
        for item in &module.items {
            if !is_public(item) || is_hidden(attributes(item)) {
                continue;
            }
            match item {
                Item::Mod(child) => {
                    let path = format!("{path}::{}", child.ident);
                    let shown = kept(module, &child.attrs);
                    self.add(&path, format!("{shown}pub mod {path}"));
                    if let Some(child) = module.children.get(&child.ident.to_string()) {
                        self.module(child, &path);
                    }
                }
                Item::Use(reexport) => {
                    let shown = kept(module, &reexport.attrs);
                    for import in imports(&reexport.tree) {
                        let from = import.path.join("::");
                        let named = import.name.map(|name| format!("{path}::{name}"));
                        match (self.root.resolve(module, &import.path), named) {
                            (Some(Found::Module(found)), None) => self.module(found, path),
                            (Some(Found::Module(found)), Some(path)) => {
                                self.add(&path, format!("{shown}pub mod {path}"));
                                self.module(found, &path);
                            }
                            (Some(Found::Item(found, item)), Some(path)) => {
                                self.item(found, item, &path);
                            }
                            (_, named) => {
                                let path = named.unwrap_or_else(|| format!("{path}::*"));
                                self.add(&path, format!("{shown}pub use {path} = {from}"));
                            }
                        }
                    }
                }
                item => {
                    if let Some(name) = item_name(item) {
                        self.item(module, item, &format!("{path}::{name}"));
                    }
                }
            }
        }
    }

    /// An item that others call `path`, and what can be done with it.
    fn item(&mut self, module: &'a Module, item: &'a Item, path: &str) {
        let shown = kept(module, attributes(item));
        let line = match item {
            Item::Const(item) => format!("pub const {path}: {}", module.written(&item.ty)),
            Item::Static(item) => format!("pub static {path}: {}", module.written(&item.ty)),
            Item::Type(item) => format!("pub type {path} = {}", module.written(&item.ty)),
            Item::Fn(item) => format!("pub {}", signature(module, &item.sig, path)),
            Item::Struct(item) => {
                let generics = module.written(&item.generics);
                self.fields(module, &item.fields, path);
                format!("pub struct {path}{generics}{}", shape(module, &item.fields))
            }
            Item::Enum(item) => {
                for variant in &item.variants {
                    let shown = kept(module, &variant.attrs);
                    let path = format!("{path}::{}", variant.ident);
                    let fields = match &variant.fields {
                        Fields::Unit => String::new(),
                        Fields::Unnamed(fields) => types(module, &fields.unnamed),
                        Fields::Named(fields) => types(module, &fields.named),
                    };
                    self.add(&path, format!("{shown}{path}{fields}"));
                }
                format!("pub enum {path}{}", module.written(&item.generics))
            }
            Item::Trait(item) => {
                for member in &item.items {
                    self.trait_item(module, member, path);
                }
                let above: Vec<String> = item
                    .supertraits
                    .iter()
                    .map(|bound| module.written(bound))
                    .collect();
                let above = match above.as_slice() {
                    [] => String::new(),
                    above => format!(": {}", above.join(" + ")),
                };
                format!("pub trait {path}{}{above}", module.written(&item.generics))
            }
            _ => return,
        };
        self.add(path, format!("{shown}{line}"));
        self.impls_of(item, path);
    }

    fn fields(&mut self, module: &Module, fields: &Fields, path: &str) {
        for field in fields {
            if let (Some(name), Visibility::Public(_)) = (&field.ident, &field.vis) {
                let path = format!("{path}::{name}");
                self.add(&path, format!("pub {path}: {}", module.written(&field.ty)));
            }
        }
    }

    fn trait_item(&mut self, module: &Module, member: &TraitItem, of: &str) {
        let (name, line) = match member {
            TraitItem::Fn(member) => {
                let path = format!("{of}::{}", member.sig.ident);
                let provided = if member.default.is_some() {
                    " { provided }"
                } else {
                    ""
                };
                let signature = signature(module, &member.sig, &path);
                (path, format!("{signature}{provided}"))
            }
            TraitItem::Type(member) => {
                let path = format!("{of}::{}", member.ident);
                let line = format!("type {path}");
                (path, line)
            }
            TraitItem::Const(member) => {
                let path = format!("{of}::{}", member.ident);
                let line = format!("const {path}: {}", module.written(&member.ty));
                (path, line)
            }
            _ => return,
        };
        self.add(&name, line);
    }

    /// What is written for a type of ours, wherever in the crate.
    fn impls_of(&mut self, item: &Item, path: &str) {
        for module in self.root.all() {
            for written in impls(module) {
                let Some(Found::Item(_, about)) = self.self_type(module, written) else {
                    continue;
                };
                if std::ptr::eq(about, item) {
                    self.implementation(module, written, path);
                }
            }
        }
    }

    fn implementation(&mut self, module: &Module, written: &ItemImpl, path: &str) {
        let generics = module.written(&written.generics);
        let shown = kept(module, &written.attrs);
        if let Some((_, of, _)) = &written.trait_ {
            if !self.is_private_trait(module, of) {
                let of = module.written(of);
                self.add(path, format!("{shown}impl{generics} {of} for {path}"));
            }
            return;
        }
        for member in &written.items {
            match member {
                ImplItem::Fn(member) if is_open(&member.vis, &member.attrs) => {
                    let shown = kept(module, &member.attrs);
                    let path = format!("{path}::{}", member.sig.ident);
                    let signature = signature(module, &member.sig, &path);
                    self.add(&path, format!("{shown}pub {signature}"));
                }
                ImplItem::Const(member) if is_open(&member.vis, &member.attrs) => {
                    let path = format!("{path}::{}", member.ident);
                    let of = module.written(&member.ty);
                    self.add(&path, format!("pub const {path}: {of}"));
                }
                _ => {}
            }
        }
    }

    /// Implementations for what is not ours: every type, or one from outside.
    fn loose_impls(&mut self) {
        for module in self.root.all() {
            for written in impls(module) {
                let Some((_, of, _)) = &written.trait_ else {
                    continue;
                };
                if self.self_type(module, written).is_some() || self.is_private_trait(module, of) {
                    continue;
                }
                let generics = module.written(&written.generics);
                let of = module.written(of);
                let by = module.written(&written.self_ty);
                self.add("~impl", format!("impl{generics} {of} for {by}"));
            }
        }
    }

    /// Macros of our own and their uses: both say what they make.
    fn macros(&mut self) {
        for module in self.root.all() {
            for item in &module.items {
                if let Item::Macro(written) = item {
                    let about = format!("~macro {}", module.path.join("::"));
                    let line = format!(
                        "in {}: {}",
                        module.path.join("::"),
                        module.written_code(written)
                    );
                    self.add(&about, line);
                }
            }
        }
    }

    fn self_type(&self, module: &'a Module, written: &ItemImpl) -> Option<Found<'a>> {
        let Type::Path(named) = &*written.self_ty else {
            return None;
        };
        self.root.resolve(module, &segments(&named.path))
    }

    /// Whether a trait cannot be known to others: by itself, or by what it is about.
    fn is_private_trait(&self, module: &Module, of: &syn::Path) -> bool {
        let about = of
            .segments
            .iter()
            .flat_map(|segment| match &segment.arguments {
                PathArguments::AngleBracketed(given) => given.args.iter().collect(),
                _ => Vec::new(),
            });
        let about = about.filter_map(|argument| match argument {
            GenericArgument::Type(Type::Path(named)) => Some(&named.path),
            _ => None,
        });
        about.chain([of]).any(|path| {
            let found = self.root.resolve(module, &segments(path));
            matches!(found, Some(Found::Item(_, item)) if !is_public(item))
        })
    }
}

fn impls(module: &Module) -> impl Iterator<Item = &ItemImpl> {
    module.items.iter().filter_map(|item| match item {
        Item::Impl(written) => Some(written),
        _ => None,
    })
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect()
}

/// A function's signature, with its whole path for a name.
fn signature(module: &Module, signature: &syn::Signature, path: &str) -> String {
    let written = module.written(signature).replace("(mut self", "(self");
    let name = format!("fn {}", signature.ident);
    written.replacen(&name, &format!("fn {path}"), 1)
}

/// Whether others can make and take apart a struct by its fields.
fn shape(module: &Module, fields: &Fields) -> String {
    match fields {
        Fields::Unit => String::new(),
        Fields::Named(fields) => {
            let closed = fields.named.iter().any(|field| !is_visible(&field.vis));
            if closed { " { _ }" } else { "" }.to_owned()
        }
        Fields::Unnamed(fields) => {
            let fields: Vec<String> = fields
                .unnamed
                .iter()
                .map(|field| {
                    if is_visible(&field.vis) {
                        format!("pub {}", module.written(&field.ty))
                    } else {
                        "_".to_owned()
                    }
                })
                .collect();
            format!("({})", fields.join(", "))
        }
    }
}

/// A variant's fields.
fn types<'a>(module: &Module, fields: impl IntoIterator<Item = &'a syn::Field>) -> String {
    let mut named = false;
    let fields: Vec<String> = fields
        .into_iter()
        .map(|field| {
            let of = module.written(&field.ty);
            match &field.ident {
                Some(name) => {
                    named = true;
                    format!("{name}: {of}")
                }
                None => of,
            }
        })
        .collect();
    let fields = fields.join(", ");
    if named {
        format!(" {{ {fields} }}")
    } else {
        format!("({fields})")
    }
}

/// The attributes that others feel, in front of what they stand above.
fn kept(module: &Module, attributes: &[Attribute]) -> String {
    attributes
        .iter()
        .filter(|attribute| {
            ATTRIBUTES
                .iter()
                .any(|name| attribute.path().is_ident(name))
        })
        .fold(String::new(), |kept, attribute| {
            kept + &module.written(attribute) + " "
        })
}

fn is_open(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    is_visible(visibility) && !is_hidden(attributes)
}

fn is_visible(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|said| said.is_ident("hidden"))
    })
}

#[cfg(test)]
mod tests;
