//! What a token with a good signature says, and whether that is for us and for now.

use std::str::FromStr;
use std::time::Duration;

use greenroom_domain::account::{Subject, TokenError, VerifiedToken};
use greenroom_domain::shared::clock::Timestamp;
use serde_json::{Map, Value};

/// The longest subject, in bytes (`OpenID` Connect Core 1.0, 2).
const MAX_SUBJECT_LEN: usize = 255;
/// The end of the year 9999, in seconds: what says it is later is as good as for ever.
const LAST_SECOND: i64 = 253_402_300_799;

/// Where a token says what Greenroom wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// Whoever it holds for administers; nobody, if absent.
    pub admin: Option<ClaimRule>,
    /// Whoever it holds for may create; nobody, if absent.
    pub creator: Option<ClaimRule>,
    /// The claim with the name to be shown.
    pub name: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            admin: None,
            creator: None,
            name: "name".to_owned(),
        }
    }
}

/// Something that a token must say.
///
/// Written `is_admin`, the claim must be `true`; written `roles=admin`, it must be that text or
/// a list with that text in it (or, for `scope`, have it among its words: RFC 8693, 4.2). A
/// claim inside of another is written `realm_access.roles=admin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    claim: String,
    value: Option<String>,
}

/// It is not written like a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a claim is written `claim` or `claim=value`")]
pub struct ClaimRuleError;

impl FromStr for ClaimRule {
    type Err = ClaimRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (claim, value) = match text.split_once('=') {
            Some((claim, value)) => (claim.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        if claim.is_empty() || value.is_some_and(str::is_empty) {
            return Err(ClaimRuleError);
        }
        Ok(Self {
            claim: claim.to_owned(),
            value: value.map(str::to_owned),
        })
    }
}

impl ClaimRule {
    fn holds(&self, claims: &Map<String, Value>) -> bool {
        match (&self.value, find(claims, &self.claim)) {
            (None, Some(Value::Bool(stated))) => *stated,
            (Some(value), Some(Value::String(stated))) => {
                stated == value
                    || (self.claim == "scope" && stated.split(' ').any(|word| word == value))
            }
            (Some(value), Some(Value::Array(stated))) => stated.iter().any(|one| one == value),
            _ => false,
        }
    }
}

/// By its whole name first: names that are addresses have dots in them.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        find(claims.get(outer)?.as_object()?, inner)
    })
}

#[derive(Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
    pub(super) leeway: Duration,
    pub(super) names: ClaimNames,
}

impl Expected {
    pub(super) fn check(
        &self,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenError> {
        let is_ours = claims.get("iss").is_some_and(|iss| iss == &self.issuer)
            && claims.get("aud").is_some_and(|aud| self.is_for_us(aud));
        let starts = date(claims, "nbf")?;
        let expires = date(claims, "exp")?.ok_or(TokenError::Invalid)?;
        date(claims, "iat")?;
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .filter(|sub| is_subject(sub));
        let (true, Some(subject)) = (is_ours, subject) else {
            return Err(TokenError::Invalid);
        };
        if starts.is_some_and(|starts| now + self.leeway < starts) {
            return Err(TokenError::Invalid);
        }
        // With the leeway: nothing is accepted that is then worth nothing already.
        let expires_at = expires + self.leeway;
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        let holds = |rule: &Option<ClaimRule>| rule.as_ref().is_some_and(|rule| rule.holds(claims));
        Ok(VerifiedToken {
            subject: Subject {
                issuer: self.issuer.clone(),
                subject: subject.to_owned(),
            },
            name: find(claims, &self.names.name)
                .and_then(Value::as_str)
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            is_admin: self.names.admin.as_ref().map(|rule| rule.holds(claims)),
            is_creator: holds(&self.names.creator),
            expires_at,
        })
    }

    fn is_for_us(&self, aud: &Value) -> bool {
        let ours = |one: &Value| self.audience.iter().any(|audience| one == audience);
        match aud {
            Value::Array(several) => several.iter().any(ours),
            one => ours(one),
        }
    }
}

fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT_LEN).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// A `NumericDate` (RFC 7519, 2): a number, never a text that looks like one.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let Value::Number(number) = value else {
        return Err(TokenError::Invalid);
    };
    let seconds = if let Some(seconds) = number.as_i64() {
        seconds
    } else if number.as_u64().is_some() {
        LAST_SECOND
    } else {
        let seconds = number.as_f64().ok_or(TokenError::Invalid)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a fraction of a second does not matter, and casts of floats saturate"
        )]
        let seconds = seconds.floor() as i64;
        seconds
    };
    let seconds = seconds.clamp(0, LAST_SECOND);
    Ok(Some(Timestamp::from_micros(seconds * 1_000_000)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(rule: &str, claims: &Value) -> bool {
        let rule: ClaimRule = rule.parse().unwrap();
        rule.holds(claims.as_object().unwrap())
    }

    #[test]
    fn rules_hold_for_what_they_say_and_nothing_like_it() {
        assert!(holds("admin", &json!({"admin": true})));
        for not in [
            json!(false),
            json!("true"),
            json!(1),
            json!([true]),
            json!(null),
        ] {
            assert!(!holds("admin", &json!({"admin": not})), "{not}");
        }
        assert!(!holds("admin", &json!({})));

        assert!(holds("role=admin", &json!({"role": "admin"})));
        assert!(holds("role=admin", &json!({"role": ["user", "admin"]})));
        for not in [
            json!("administrator"),
            json!("user admin"),
            json!("Admin"),
            json!(["administrator"]),
            json!([["admin"]]),
            json!({"admin": true}),
            json!(true),
        ] {
            assert!(!holds("role=admin", &json!({"role": not})), "{not}");
        }
    }

    #[test]
    fn rules_look_inside_and_read_scopes() {
        let claims = json!({
            "realm_access": {"roles": ["creator"]},
            "https://example.com/roles": ["creator"],
            "scope": "openid creator",
        });
        assert!(holds("realm_access.roles=creator", &claims));
        assert!(holds("https://example.com/roles=creator", &claims));
        assert!(holds("scope=creator", &claims));
        assert!(!holds("scope=open", &claims));
        assert!(!holds("realm_access.other.roles=creator", &claims));
    }

    #[test]
    fn rules_that_say_nothing_are_refused() {
        for text in ["", " ", "=", "=admin", "roles="] {
            assert_eq!(text.parse::<ClaimRule>(), Err(ClaimRuleError), "{text:?}");
        }
    }

    #[test]
    fn dates_are_numbers_of_any_size() {
        let read = |exp: Value| date(json!({"exp": exp}).as_object().unwrap(), "exp");
        let seconds = |exp| read(exp).unwrap().unwrap().micros() / 1_000_000;
        assert_eq!(seconds(json!(1_700_000_000)), 1_700_000_000);
        assert_eq!(seconds(json!(1_700_000_000.9)), 1_700_000_000);
        assert_eq!(seconds(json!(1e300)), LAST_SECOND);
        assert_eq!(seconds(json!(u64::MAX)), LAST_SECOND);
        assert_eq!(seconds(json!(-1e300)), 0);
        assert_eq!(seconds(json!(i64::MIN)), 0);
        for not in [json!("1700000000"), json!(null), json!([1]), json!(true)] {
            assert!(matches!(read(not), Err(TokenError::Invalid)));
        }
    }
}
