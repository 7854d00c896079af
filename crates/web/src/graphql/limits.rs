//! What a request may cost at the most, and a code for whatever is wrong with it.

use std::sync::Arc;

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextRequest, NextValidation,
};
use async_graphql::{Request, Response, ServerError, ServerResult, ValidationResult};
use async_trait::async_trait;
use http::StatusCode;

use super::document;
use super::error::{coded, finish, whole};
use crate::problem::Problem;

const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";

/// What a request may cost at the most: an extension for the schema. What is over a limit is
/// refused before anything is executed.
///
/// All but `tokens` count with every fragment written out where it is used.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tokens of the document.
    pub tokens: usize,
    /// Operations of the document.
    pub operations: usize,
    /// Fields.
    pub fields: usize,
    /// Fields inside of each other.
    pub depth: usize,
    /// Fields with another name.
    pub aliases: usize,
    /// Directives.
    pub directives: usize,
    /// Fields on the outside.
    pub roots: usize,
    /// Lists of introspection inside of each other.
    pub introspection: usize,
    /// The sum of the fields' costs: 1 for what is at hand, more for what is read, and as many
    /// times as a listing is asked for.
    pub complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 2_000,
            operations: 10,
            fields: 500,
            depth: 16,
            aliases: 30,
            directives: 50,
            roots: 20,
            introspection: 2,
            complexity: 5_000,
        }
    }
}

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(*self)
    }
}

#[async_trait]
impl Extension for Limits {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        finish(&mut response);
        response
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: futures_util::stream::BoxStream<'s, Response>,
        next: async_graphql::extensions::NextSubscribe<'_>,
    ) -> futures_util::stream::BoxStream<'s, Response> {
        use futures_util::StreamExt;
        next.run(ctx, stream)
            .map(|mut response| {
                finish(&mut response);
                response
            })
            .boxed()
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let mut request = next.run(ctx, request).await?;
        self.admit(&mut request)?;
        Ok(request)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let valid = next.run(ctx).await.map_err(|errors| {
            let errors = errors.into_iter().take(MOST_ERRORS);
            errors
                .map(|error| coded(error, VALIDATION_FAILED))
                .collect::<Vec<_>>()
        })?;
        if valid.complexity > self.complexity {
            return Err(vec![too_much("QUERY_TOO_COMPLEX", "cost", self.complexity)]);
        }
        Ok(valid)
    }
}

/// A document is told so many of its mistakes.
const MOST_ERRORS: usize = 10;

impl Limits {
    /// Reads the document of a request that is not too large.
    pub(super) fn admit(&self, request: &mut Request) -> ServerResult<()> {
        // Each token opens a bracket at the most; what is deeper is not written by anybody.
        if document::is_longer(&request.query, self.tokens, 4 * self.depth) {
            return Err(too_much("QUERY_TOO_LARGE", "tokens", self.tokens));
        }
        let document = request
            .parsed_query()
            .map_err(|error| coded(error, PARSE_FAILED))?;
        let Ok(size) = document::size(document) else {
            let error = ServerError::new("The fragments use each other in a circle", None);
            return Err(coded(error, VALIDATION_FAILED));
        };
        let operations = document::operations(document);
        for (is, most, code, what) in [
            (size.depth, self.depth, "QUERY_TOO_DEEP", "depth"),
            (
                size.introspection,
                self.introspection,
                "QUERY_TOO_DEEP",
                "introspection",
            ),
            (size.fields, self.fields, "QUERY_TOO_LARGE", "fields"),
            (operations, self.operations, "QUERY_TOO_LARGE", "operations"),
            (
                size.roots,
                self.roots,
                "TOO_MANY_ROOT_FIELDS",
                "root fields",
            ),
            (size.aliases, self.aliases, "TOO_MANY_ALIASES", "aliases"),
            (
                size.directives,
                self.directives,
                "TOO_MANY_DIRECTIVES",
                "directives",
            ),
        ] {
            if is > most {
                return Err(too_much(code, what, most));
            }
        }
        Ok(())
    }
}

fn too_much(code: &'static str, what: &str, most: usize) -> ServerError {
    let told = format!("the document asks for too much: at most {most} {what}");
    whole(Problem::new(StatusCode::BAD_REQUEST, code, told).with("max", most))
}
