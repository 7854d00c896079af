//! `greenroom migrate`.

use greenroom::{Config, Platform};
use serde_json::json;

use crate::failure::Failure;

pub(crate) async fn run(config: &Config, json: bool) -> Result<(), Failure> {
    let has_schema = Platform::migrate(config).await?;
    if json {
        println!("{}", json!({ "migrated": has_schema }));
    } else if has_schema {
        println!("The database's schema is up to date.");
    } else {
        println!("There is nothing to migrate: this store is brought up to date as it is opened.");
    }
    Ok(())
}
