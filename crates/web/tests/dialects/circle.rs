//! Circle's document.
