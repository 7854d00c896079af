//! Webhooks on their way.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use greenroom_domain::media::{MediaWebhooks, WebhookRefused};
use livekit_api::access_token::AccessToken;
use serde_json::json;
use tokio::sync::mpsc;

use super::{KEY, SECRET};

/// How long a delivery is good for.
const GOOD_FOR: Duration = Duration::from_secs(300);

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The header of this name.
    pub authorization: String,
    /// The raw body.
    pub body: Vec<u8>,
}

/// What goes wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// So many of a hundred are lost.
    pub lose: u64,
    /// So many of a hundred come again, some time later.
    pub repeat: u64,
    /// Among how many the next is chosen by chance; in order when 0.
    pub shuffle: usize,
    /// What chance begins with.
    pub seed: u64,
}

/// A webhook with this body, signed as LiveKit signs.
///
/// # Panics
/// Never: the key is there.
pub fn sign(body: &[u8]) -> Delivery {
    let hash = STANDARD.encode(digest(&SHA256, body));
    let token = AccessToken::with_api_key(KEY, SECRET)
        .with_ttl(GOOD_FOR)
        .with_sha256(&hash);
    Delivery {
        authorization: token.to_jwt().expect("there is a key"),
        body: body.to_owned(),
    }
}

/// The same, signed a long time ago.
///
/// # Panics
/// Never: what it writes is JSON.
pub fn sign_long_ago(body: &[u8]) -> Delivery {
    let hash = STANDARD.encode(digest(&SHA256, body));
    let claims = json!({ "iss": KEY, "nbf": 1_700_000_000, "exp": 1_700_000_300, "sha256": hash });
    let text = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let signed = format!("{}.{}", text(&header), text(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    Delivery {
        authorization: format!("{signed}.{signature}"),
        body: body.to_owned(),
    }
}

/// Delivers what is posted, with faults.
pub(super) async fn deliver(
    mut posting: mpsc::UnboundedReceiver<Delivery>,
    receiver: Arc<dyn MediaWebhooks>,
    faults: Faults,
) {
    let mut chance = faults.seed;
    let mut bag: Vec<Delivery> = Vec::new();
    loop {
        // Whatever is under way arrives, sooner or later.
        let moment = tokio::time::timeout(Duration::from_millis(20), posting.recv());
        match moment.await {
            Ok(None) => return,
            Ok(Some(delivery)) => {
                if roll(&mut chance) % 100 < faults.lose {
                    continue;
                }
                if roll(&mut chance) % 100 < faults.repeat {
                    bag.push(delivery.clone());
                }
                bag.push(delivery);
                if bag.len() <= faults.shuffle {
                    continue;
                }
            }
            Err(_) if bag.is_empty() => continue,
            Err(_) => {}
        }
        let at = match faults.shuffle {
            0 => 0,
            _ => usize::try_from(roll(&mut chance)).unwrap_or(0) % bag.len(),
        };
        let delivery = bag.remove(at);
        let (authorization, body) = (&delivery.authorization, &delivery.body);
        if receiver.receive(authorization, body).await == Err(WebhookRefused::Busy) {
            bag.push(delivery);
        }
    }
}

/// Numbers that look like chance and repeat (Vigna's splitmix64).
fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 1
}
