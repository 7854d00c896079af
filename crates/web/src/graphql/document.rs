//! How large a document is, before anything of it is executed: read off it in one pass each, so
//! that no document costs more to refuse than it is long.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet,
};

/// What a document asks for, with every fragment written out where it is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// How many fields.
    pub(super) fields: usize,
    /// How many fields stand inside of each other.
    pub(super) depth: usize,
    /// How many fields have another name.
    pub(super) aliases: usize,
    /// How many directives there are.
    pub(super) directives: usize,
    /// How many fields there are on the outside.
    pub(super) roots: usize,
    /// How many of introspection's lists stand inside of each other: each multiplies the answer.
    pub(super) introspection: usize,
}

/// The document's fragments use each other in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Circle;

/// The lists of introspection's types that lead to types again.
const LISTS: &[&str] = &["fields", "inputFields", "interfaces", "possibleTypes"];

/// The largest size of any operation.
pub(super) fn size(document: &ExecutableDocument) -> Result<Size, Circle> {
    let mut measure = Measure {
        document,
        fragments: HashMap::new(),
    };
    let mut largest = Size::default();
    for (_, operation) in document.operations.iter() {
        let mut size = measure.selection(&operation.node.selection_set.node)?;
        size.directives += operation.node.directives.len();
        largest = largest.or(size);
    }
    // Those that nobody uses are refused by the validation, which walks through them too.
    let unused = document.fragments.keys();
    for name in unused {
        largest = largest.or(measure.fragment(name)?);
    }
    Ok(largest)
}

/// How many operations there are.
pub(super) fn operations(document: &ExecutableDocument) -> usize {
    match &document.operations {
        DocumentOperations::Single(_) => 1,
        DocumentOperations::Multiple(operations) => operations.len(),
    }
}

struct Measure<'a> {
    document: &'a ExecutableDocument,
    /// What was measured; `None` while it is.
    fragments: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Measure<'a> {
    fn selection(&mut self, selection: &'a SelectionSet) -> Result<Size, Circle> {
        let mut all = Size::default();
        for item in &selection.items {
            let (one, directives) = match &item.node {
                Selection::Field(field) => (self.field(&field.node)?, &field.node.directives),
                Selection::InlineFragment(inline) => (
                    self.selection(&inline.node.selection_set.node)?,
                    &inline.node.directives,
                ),
                Selection::FragmentSpread(spread) => (
                    self.fragment(&spread.node.fragment_name.node)?,
                    &spread.node.directives,
                ),
            };
            all = all.and(one);
            all.directives = all.directives.saturating_add(directives.len());
        }
        Ok(all)
    }

    fn field(&mut self, field: &'a Field) -> Result<Size, Circle> {
        let inner = self.selection(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        Ok(Size {
            fields: inner.fields.saturating_add(1),
            depth: inner.depth + 1,
            aliases: inner.aliases.saturating_add(field.alias.is_some().into()),
            directives: inner.directives,
            roots: 1,
            introspection: inner.introspection + usize::from(LISTS.contains(&name)),
        })
    }

    fn fragment(&mut self, name: &Name) -> Result<Size, Circle> {
        // One that is not there is the validation's matter.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        match self.fragments.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(Circle),
            None => {}
        }
        self.fragments.insert(name, None);
        let mut size = self.selection(&fragment.node.selection_set.node)?;
        size.directives = size
            .directives
            .saturating_add(fragment.node.directives.len());
        self.fragments.insert(name, Some(size));
        Ok(size)
    }
}

impl Size {
    /// Both, beside each other.
    fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            roots: self.roots.saturating_add(other.roots),
            ..self.or(other)
        }
    }

    /// The larger one, in every respect.
    fn or(self, other: Self) -> Self {
        Self {
            fields: self.fields.max(other.fields),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.max(other.aliases),
            directives: self.directives.max(other.directives),
            roots: self.roots.max(other.roots),
            introspection: self.introspection.max(other.introspection),
        }
    }
}

/// Whether a document has more tokens than this, or brackets inside of each other deeper than
/// this (GraphQL 2021, 2.1.6).
pub(super) fn is_longer(text: &str, tokens: usize, nesting: usize) -> bool {
    let mut rest = text.as_bytes();
    let (mut count, mut depth) = (0_usize, 0_usize);
    while let Some((&byte, behind)) = rest.split_first() {
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                rest = behind;
                continue;
            }
            b'#' => {
                let line = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                rest = &rest[line.unwrap_or(rest.len())..];
                continue;
            }
            b'"' => string(rest),
            b'.' => rest
                .iter()
                .take(3)
                .take_while(|byte| **byte == b'.')
                .count(),
            b'{' | b'[' | b'(' => {
                depth += 1;
                1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                1
            }
            _ => rest
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count()
                .max(1),
        };
        rest = &rest[length..];
        count += 1;
        if count > tokens || depth > nesting {
            return true;
        }
    }
    false
}

/// How long the string is that the text begins with; all of it if it does not end.
fn string(text: &[u8]) -> usize {
    let (quote, is_block): (&[u8], bool) = if text.starts_with(b"\"\"\"") {
        (b"\"\"\"", true)
    } else {
        (b"\"", false)
    };
    let mut at = quote.len();
    while at < text.len() {
        let rest = &text[at..];
        if is_block && rest.starts_with(b"\\\"\"\"") {
            at += 4;
        } else if !is_block && rest[0] == b'\\' {
            at += 2;
        } else if rest.starts_with(quote) {
            return at + quote.len();
        } else {
            at += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn measured(text: &str) -> Result<Size, Circle> {
        size(&parse_query(text).expect("a document"))
    }

    #[test]
    fn fragments_count_where_they_are_used() {
        let size =
            measured("{ a: x { ...F ...F } y @skip(if: true) } fragment F on T { z { b: w } }")
                .expect("no circle");
        assert_eq!(
            size,
            Size {
                fields: 6,
                depth: 3,
                aliases: 3,
                directives: 1,
                roots: 2,
                introspection: 0,
            }
        );
    }

    #[test]
    fn doubling_fragments_and_circles_cost_no_time() {
        let doubling = |n: usize| {
            let next = n + 1;
            format!("fragment F{n} on T {{ ...F{next} ...F{next} }}")
        };
        let fragments: Vec<String> = (0..60).map(doubling).collect();
        let fragments = fragments.join(" ");
        let doubling = format!("{{ ...F0 }} {fragments} fragment F60 on T {{ x }}");
        assert!(measured(&doubling).is_ok_and(|size| size.fields > 1_000_000));
        let circle = "{ ...A } fragment A on T { ...B } fragment B on T { x { ...A } }";
        assert_eq!(measured(circle), Err(Circle));
    }

    #[test]
    fn tokens_are_counted_as_the_language_has_them() {
        let text = r#"query Q($a: Int = -1) { x(t: "a { \" b", u: """c " \""" {""") ...F } # {{{"#;
        // query Q ( $ a : Int = - 1 ) { x ( t : "" u : """""" ) ... F }
        assert!(is_longer(text, 23, 2));
        assert!(!is_longer(text, 24, 2));
        assert!(is_longer(text, 100, 1));
        assert!(!is_longer("\"never closed {{{{", 1, 0));
    }
}
