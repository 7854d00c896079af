//! StreamIt's document.
