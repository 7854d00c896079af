//! PawfectMatch's document.
