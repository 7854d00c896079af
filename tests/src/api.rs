//! The REST API as a script uses it.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// How long [`Api::until`] rests: several tests may ask one server, which counts how often.
const REST: Duration = Duration::from_millis(100);

/// One caller of a server's API.
#[derive(Clone, Debug)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; `null` when it is none.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl Api {
    /// A caller of the server at `base` (`http://host:port`), with a bearer token or none.
    #[must_use]
    pub fn new(base: &str, token: Option<&str>) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .cookie_store(true)
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client without TLS needs nothing");
        Self {
            client,
            base: base.to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// GET a path (`/api/v1/…` or any other).
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POST a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// PUT a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// A request with these headers and this body, whatever it is.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let method = method.parse().expect("it is a method");
        let mut request = self.request(method, path).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::answer(request)
            .await
            .unwrap_or_else(|error| panic!("{path}: no answer: {error:?}"))
    }

    /// DELETE a path.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Asks until the answer holds what `wanted` looks for; panics with `what` after `limit`.
    /// A server that is down is asked again.
    pub async fn until<T>(
        &self,
        path: &str,
        what: &str,
        limit: Duration,
        mut wanted: impl FnMut(&Answer) -> Option<T>,
    ) -> T {
        let start = Instant::now();
        let mut last = None;
        while start.elapsed() < limit {
            if let Some(answer) = self.try_get(path).await {
                if let Some(found) = wanted(&answer) {
                    return found;
                }
                last = Some(answer);
            }
            tokio::time::sleep(REST).await;
        }
        panic!("waited {limit:?} in vain: {what}; {path} last answered {last:?}");
    }

    /// A request; panics when no answer came.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let name = format!("{method} {path}");
        self.try_send(method, path, body)
            .await
            .unwrap_or_else(|error| panic!("{name}: no answer: {error:?}"))
    }

    /// GET a path of a server that may be down: `None` when no answer came.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_send(Method::GET, path, None).await.ok()
    }

    /// POST a JSON body to a server that may die: `None` when no answer came.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.try_send(Method::POST, path, Some(body)).await.ok()
    }

    /// PATCH with a JSON body likewise.
    pub async fn try_patch(&self, path: &str, body: &Value) -> Option<Answer> {
        self.try_send(Method::PATCH, path, Some(body)).await.ok()
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::answer(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http://") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn answer(request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
        Ok(Answer {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    }
}

impl Answer {
    /// A header's value; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The details, when it is an error of this status and code in the shape that all have;
    /// panics with the body otherwise.
    pub fn refused(&self, status: u16, code: &str) -> &Value {
        assert_eq!(
            (self.status, &self.json["code"]),
            (status, &Value::from(code)),
            "{}",
            self.text
        );
        let fields = self.json.as_object().map(serde_json::Map::len);
        assert_eq!(fields, Some(3), "{}", self.text);
        let error = self.json["error"].as_str();
        assert!(
            error.is_some_and(|error| !error.is_empty()),
            "{}",
            self.text
        );
        let details = &self.json["details"];
        assert!(details.is_object(), "{}", self.text);
        details
    }

    /// The body, when the status is this one; panics with the body otherwise.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }
}
