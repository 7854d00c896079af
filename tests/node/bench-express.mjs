// Express with pg, reading a channel from the same PostgreSQL as Greenroom does: `make bench`
// measures it beside ours. It reads what such a page shows in one statement, checks nobody,
// and limits nobody.
import express from "express";
import pg from "pg";

const [port, url] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 16 });
const text = `SELECT c.id, c.handle, c.title, c.description, c.category, c.language, c.tags,
    c.created_at, c.version, u.id AS owner_id, u.username, u.display_name
  FROM channels c JOIN users u ON u.id = c.owner WHERE c.handle = $1`;

const app = express();
app.disable("x-powered-by");
app.get("/api/v1/channels/:handle", async (request, response) => {
  const { rows } = await pool.query({ name: "channel", text, values: [request.params.handle] });
  if (rows.length === 0) return response.status(404).json({ error: "no such channel" });
  const { owner_id: id, username, display_name, created_at, ...channel } = rows[0];
  response.json({
    ...channel,
    created_at: new Date(Number(created_at) / 1000).toISOString(),
    owner: { id, username, display_name },
    live: null,
  });
});
app.listen(Number(port), "127.0.0.1");
