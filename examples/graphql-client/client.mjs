// A client of GraphQL, with fetch and the ordinary graphql-ws: it asks what a channel is called,
// follows its chat, and welcomes each person who speaks for the first time.
//
//   TOKEN=<its account's token> node client.mjs http://localhost:8080 <handle>
//
// The packages are those of tests/node (`npm ci` there).
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/node/package.json", import.meta.url));
const { createClient } = require("graphql-ws");

const [url, handle] = process.argv.slice(2);
const authorization = `Bearer ${process.env.TOKEN}`;

async function ask(query, variables) {
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  // Programs go by the code; the message is for people.
  if (errors) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  return data;
}

const CHANNEL = `query ($handle: String!) {
  me { user { identity } }
  channel(handle: $handle) { title }
}`;

const WELCOME = `mutation ($handle: String!, $text: String!, $replyTo: Int!, $id: String!) {
  postMessage(handle: $handle, text: $text, replyTo: $replyTo, clientMessageId: $id) { repeated }
}`;

const CHAT = `subscription ($handle: String!, $after: String) {
  chat(handle: $handle, after: $after) {
    ... on ChatJoined { place }
    ... on ChatLine {
      place
      seq
      body { ... on ChatMessage { text author { identity name } } }
    }
  }
}`;

const { me, channel } = await ask(CHANNEL, { handle });
const welcomed = new Set([me.user.identity]);

const socket = createClient({
  url: `${url.replace("http", "ws")}/graphql`,
  webSocketImpl: globalThis.WebSocket ?? require("ws"),
  connectionParams: { authorization },
  retryAttempts: Infinity,
});

// Where it was last: after a connection that broke it is asked for anew, and goes on there.
const variables = { handle, after: null };
for await (const { data, errors } of socket.iterate({ query: CHAT, variables })) {
  if (errors) throw new Error(errors[0].extensions.code);
  const { place, seq, body } = data.chat;
  variables.after = place ?? variables.after;
  if (seq === undefined) console.log(`following ${channel.title}`);
  if (!body?.author || welcomed.has(body.author.identity)) continue;
  welcomed.add(body.author.identity);
  // Sent again under the same id, it is said once.
  const text = `Welcome, ${body.author.name}!`;
  await ask(WELCOME, { handle, text, replyTo: seq, id: `welcome-${place}` });
}
