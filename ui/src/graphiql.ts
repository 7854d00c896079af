// The page at /graphql, for whoever writes a client: a page of its own, of which no other page
// loads anything. Asked as whoever is signed in here, or by an `Authorization` among its headers.

import "graphiql/style.css";
import "./styles/graphiql.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const FIRST = `# Who is live? Everything else that can be asked is in the book on the left.
#
# To ask as somebody else than who is signed in here, add to the headers:
#   { "Authorization": "Bearer <token>" }

{
  liveStreams(first: 5) {
    edges {
      node {
        title
        channel {
          handle
        }
      }
    }
  }
}
`;

const url = `${location.origin}/graphql`;
const fetcher = createGraphiQLFetcher({ url, subscriptionUrl: url.replace(/^http/, "ws") });

createRoot(document.getElementById("graphiql")!).render(
  createElement(GraphiQL, { fetcher, defaultQuery: FIRST, shouldPersistHeaders: false }),
);
