//! No statement reads a table from its beginning to its end, however many rows it has.

use sqlx::Row;

use crate::statements;
use crate::support::{self, execute};

/// Enough that PostgreSQL would rather not read them all.
const FILL: &str = "
    CREATE FUNCTION id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        AS $$ SELECT md5(n::text)::uuid $$;
    INSERT INTO users
        SELECT id(n), 1, 'user' || n, 'User', NULL, 'user',
            CASE WHEN n % 100 = 0 THEN 'requested' ELSE 'none' END,
            NULL, 'issuer', n::text::bytea, n
        FROM generate_series(1, 20000) n;
    INSERT INTO sessions
        SELECT sha256(n::text::bytea), id(n % 20000), n, n FROM generate_series(1, 40000) n;
    INSERT INTO channels
        SELECT id(n), 1, id(n), 'handle' || n, '', '', NULL, NULL, '{}', NULL, '\"open\"', n
        FROM generate_series(1, 20000) n;
    INSERT INTO stream_keys
        SELECT id(n), 1, id(n % 10000), 'key', NULL, sha256(n::text::bytea), '', n, NULL, n
        FROM generate_series(1, 20000) n;
    INSERT INTO streams
        SELECT id(n), 1, id(n % 1000), '', NULL, 0,
            CASE WHEN n % 200 = 0 THEN 'live' ELSE 'ended' END,
            CASE WHEN n % 400 = 0 THEN n END, '{}', n
        FROM generate_series(1, 40000) n;
    INSERT INTO stream_counts SELECT id(n), n, n, n FROM generate_series(1, 40000) n;
    INSERT INTO recordings
        SELECT id(n), 1, id(n % 1000), id(n % 1000), n % 200 = 0, '{}', n
        FROM generate_series(1, 40000) n;
    INSERT INTO rooms SELECT id(n), 1, '{}' FROM generate_series(1, 20000) n;
    INSERT INTO restrictions
        SELECT id(n % 500), n % 2, id(n), NULL, NULL, NULL, n FROM generate_series(1, 20000) n;
    INSERT INTO appointments
        SELECT id(n % 500), id(n), 'vip', 'User', n FROM generate_series(1, 20000) n;
    INSERT INTO follows
        SELECT id(n % 500), id(n % 700), 1, 'live', n FROM generate_series(1, 100000) n
        ON CONFLICT DO NOTHING;
    INSERT INTO follower_counts SELECT id(n), n FROM generate_series(1, 20000) n;
    INSERT INTO blocks SELECT id(n % 500), id(n), n FROM generate_series(1, 20000) n;
    INSERT INTO audited SELECT id(n % 500), n, id(n), '{}' FROM generate_series(1, 40000) n;
    INSERT INTO replies
        SELECT n % 2, id(n % 1000), n::text, sha256(n::text::bytea), id(n), n
        FROM generate_series(1, 40000) n;
    INSERT INTO room_heads SELECT id(n), 20 FROM generate_series(1, 20000) n;
    INSERT INTO lines
        SELECT id(n % 100), n / 100 + 1, n, 0, id(n % 1000), n::text, '{}'
        FROM generate_series(1, 60000) n;
    INSERT INTO claims
        SELECT 'handle', n::text::bytea, 'user', id(n) FROM generate_series(1, 40000) n;
    INSERT INTO feed SELECT n, n, '[]', '[]' FROM generate_series(1, 40000) n;
    INSERT INTO cursors SELECT 'consumer' || n, n FROM generate_series(1, 2000) n;
    ANALYZE;
    -- The plan of a statement that has been prepared for long.
    SET plan_cache_mode = force_generic_plan;
";

/// One row, or a few.
const SMALL: [&str; 3] = ["meta", "feed_head", "writers"];

#[test]
fn no_statement_scans_a_table() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let mut connection = support::connect(&database).await;
        execute(&mut connection, FILL).await;
        for (n, checked) in statements::all().iter().enumerate() {
            execute(&mut connection, &format!("PREPARE s{n} AS {}", checked.sql)).await;
            let nulls = vec!["NULL"; checked.parameters.len()].join(", ");
            let arguments = if nulls.is_empty() {
                nulls
            } else {
                format!("({nulls})")
            };
            let explain = format!("EXPLAIN (COSTS OFF) EXECUTE s{n}{arguments}");
            let plan = sqlx::raw_sql(sqlx::AssertSqlSafe(explain));
            let plan = plan.fetch_all(&mut connection).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            let scans = plan
                .iter()
                .filter_map(|line| line.split("Seq Scan on ").nth(1));
            let mut tables = scans.filter_map(|rest| rest.split_whitespace().next());
            assert!(
                tables.all(|table| SMALL.contains(&table)),
                "{}\n{}",
                checked.sql,
                plan.join("\n")
            );
        }
    });
}
