//! Why a command failed, as a person or a script reads it.

use std::error::Error;

/// A command failed.
pub(crate) struct Failure(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Failure {
    /// To standard error: the error and what lies behind it.
    pub(crate) fn show(&self, json: bool) {
        let mut text = self.0.to_string();
        let mut source = self.0.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.ends_with(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        if json {
            eprintln!("{}", serde_json::json!({ "error": text }));
        } else {
            eprintln!("greenroom: {text}");
        }
    }
}
