//! The shop's own users: they sign in here, and Greenroom believes the shop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use greenroom::domain::account::{Subject, TokenError, TokenVerifier, VerifiedToken};
use greenroom::domain::shared::clock::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How long a token that was looked up is believed before it is looked up again.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);

/// Who is signed in, by their token.
#[derive(Default)]
pub(crate) struct Customers(Mutex<HashMap<String, Customer>>);

#[derive(Clone)]
struct Customer {
    number: String,
    name: String,
}

#[derive(Deserialize)]
struct SignIn {
    customer: String,
    name: String,
    pin: String,
}

#[derive(Serialize)]
struct SignedIn {
    token: String,
}

/// The shop's own sign-in.
pub(crate) fn routes(customers: Arc<Customers>) -> Router {
    Router::new()
        .route("/sign-in", post(sign_in))
        .with_state(customers)
}

async fn sign_in(
    State(customers): State<Arc<Customers>>,
    Json(said): Json<SignIn>,
) -> Result<Json<SignedIn>, StatusCode> {
    // A shop would look into its database.
    if said.pin != "1234" {
        return Err(StatusCode::FORBIDDEN);
    }
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let token = format!("shop-{:032x}", u128::from_be_bytes(secret));
    let customer = Customer {
        number: said.customer,
        name: said.name,
    };
    customers.0.lock().insert(token.clone(), customer);
    Ok(Json(SignedIn { token }))
}

/// Greenroom asks the shop who shows a token: that is all it takes for them to have an account.
#[async_trait]
impl TokenVerifier for Customers {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenError> {
        let customer = self.0.lock().get(token).cloned();
        let customer = customer.ok_or(TokenError::Invalid)?;
        Ok(VerifiedToken {
            subject: Subject {
                issuer: "https://yarns.example".to_owned(),
                subject: customer.number,
            },
            name: Some(customer.name),
            is_admin: None,
            is_creator: true,
            expires_at: now + BELIEVED_FOR,
        })
    }
}
