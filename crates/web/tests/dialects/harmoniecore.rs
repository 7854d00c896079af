//! HarmonieCORE's document.
