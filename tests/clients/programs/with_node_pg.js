// node-postgres: text values, prepared statements by name, cursors over portals by pg-cursor.

const { Client, Pool } = require("pg");
const Cursor = require("pg-cursor");
const { ENDLESS, INSTANT, ITEMS, ITEM_TYPES, WORDS, assert, check, fails, finish, rows } = require("./probe.js");

/** Runs work with a connection of its own. */
async function connected(work) {
  const client = new Client();
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const list = (client, sql, values) => client.query({ text: sql, values, rowMode: "array" }).then((result) => result.rows);
const probe = (capability, work) => check(capability, () => connected(work));

async function main() {
  await probe("connect", async (client) => {
    assert.deepEqual(await list(client, "SELECT 1::integer"), [[1]]);
    const pool = new Pool({ max: 3 });
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => pool.query("SELECT $1::integer AS n", [n])));
    assert.deepEqual(answers.map((answer) => answer.rows[0].n), [1, 2, 3, 4, 5, 6]);
    await pool.end();
  });
  await probe("read", async (client) => {
    assert.deepEqual(await list(client, "SELECT id, name, price FROM probe.items ORDER BY id"), ITEMS);
  });
  await probe("types", async (client) => {
    const { rows: [row] } = await client.query("SELECT * FROM probe.kinds WHERE id = 1");
    assert.deepEqual(
      [row.id, row.flag, row.small, row.whole, row.big, row.single, row.double, row.money, row.words],
      [1, true, -32768, 2147483647, "-9223372036854775808", 1.5, 0.1, "1234567890.12", WORDS],
    );
    assert.equal(row.bytes.toString("hex"), "00ff10");
    assert.deepEqual([row.day.getFullYear(), row.day.getMonth(), row.day.getDate()], [2024, 1, 29]);
    assert.deepEqual(row.instant, INSTANT);
    const { rows: [more] } = await client.query("SELECT * FROM probe.expressions");
    assert.deepEqual([more.numbers, more.texts, more.clock], [[1, 2, null], ["a", "b c"], "23:59:59.999999"]);
    assert.deepEqual([more.span.months, more.span.days, more.span.seconds, more.span.milliseconds], [1, 2, 5, 500]);
  });
  await probe("parameters", async (client) => {
    const sql = "SELECT name FROM probe.items WHERE id = $1 AND price < $2 AND name LIKE $3";
    assert.deepEqual(await list(client, sql, [2, 3.5, "t%"]), [["two"]]);
    assert.deepEqual(await list(client, "SELECT id FROM probe.kinds WHERE instant >= $1 AND flag = $2", [INSTANT, true]), [[1]]);
    assert.deepEqual(await list(client, "SELECT id FROM probe.kinds WHERE bytes = $1", [Buffer.from("00ff10", "hex")]), [[1]]);
    assert.deepEqual(await list(client, "SELECT id FROM probe.items WHERE id = ANY($1::bigint[]) ORDER BY 1", [[1, 3]]), [["1"], ["3"]]);
  });
  await probe("nulls", async (client) => {
    assert.deepEqual(await list(client, "SELECT * FROM probe.kinds WHERE id = 2"), [[2].concat(Array(12).fill(null))]);
    assert.deepEqual(await list(client, "SELECT coalesce($1, 'none')", [null]), [["none"]]);
  });
  await probe("tables", async (client) => {
    const sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_type = 'BASE TABLE' ORDER BY 1";
    assert.deepEqual(await list(client, sql, ["probe"]), [["items"], ["kinds"]]);
  });
  await probe("columns", async (client) => {
    const sql = `SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
                 WHERE a.attrelid = 'probe.items'::regclass AND a.attnum > 0 ORDER BY a.attnum`;
    assert.deepEqual(await list(client, sql), ITEM_TYPES);
    const { fields } = await client.query("SELECT id, name, price FROM probe.items LIMIT 0");
    assert.deepEqual(fields.map((field) => [field.name, field.dataTypeID]), [["id", 20], ["name", 25], ["price", 1700]]);
  });
  await probe("views", async (client) => {
    const sql = "SELECT viewname FROM pg_views WHERE schemaname = $1 ORDER BY 1";
    assert.deepEqual(await list(client, sql, ["probe"]), [["expressions"], ["filled"]]);
  });
  await probe("functions", async (client) => {
    assert.deepEqual(await list(client, "SELECT count(*) > 0 FROM pg_proc WHERE proname = $1", ["funnel"]), [[true]]);
  });
  await probe("prepared", async (client) => {
    const query = (id) => ({ name: "by id", text: "SELECT name FROM probe.items WHERE id = $1", values: [id] });
    for (const [id, name] of ITEMS) assert.equal((await client.query(query(id))).rows[0].name, name);
  });
  await probe("cursor", async (client) => {
    const count = rows / 10;
    const cursor = client.query(new Cursor(`SELECT n::integer FROM generate_series(1, ${count}) AS a(n)`));
    let total = 0;
    for (let page = await cursor.read(1000); page.length > 0; page = await cursor.read(1000)) {
      total += page.reduce((sum, row) => sum + row.n, 0);
    }
    await cursor.close();
    assert.equal(total, (count * (count + 1)) / 2);
  });
  await probe("big_result", async (client) => {
    const all = await list(client, `SELECT n::integer FROM generate_series(1, ${rows}) AS a(n)`);
    assert.equal(all.reduce((sum, [n]) => sum + n, 0), (rows * (rows + 1)) / 2);
  });
  await probe("transaction", async (client) => {
    await client.query("BEGIN");
    await client.query("DELETE FROM probe.items WHERE id = $1", [1]);
    assert.deepEqual(await list(client, "SELECT count(*) FROM probe.items"), [["2"]]);
    await client.query("ROLLBACK");
    assert.deepEqual(await list(client, "SELECT count(*) FROM probe.items"), [["3"]]);
  });
  await probe("savepoint", async (client) => {
    await client.query("BEGIN");
    await client.query("SAVEPOINT here");
    await fails("22012", () => client.query("SELECT 1 / 0"));
    await client.query("ROLLBACK TO SAVEPOINT here");
    assert.deepEqual(await list(client, "SELECT count(*) FROM probe.items"), [["3"]]);
    await client.query("COMMIT");
  });
  await probe("errors", async (client) => {
    await fails("42P01", () => client.query("SELECT 1 FROM nowhere"));
    await fails("42703", () => client.query("SELECT nothing FROM probe.items"));
    await fails("42601", () => client.query("SELEC 1"));
    await fails("22012", () => client.query("SELECT 1 / $1::integer", [0]));
  });
  await probe("cancel", async (client) => {
    const [[pid]] = await list(client, "SELECT pg_backend_pid()");
    assert.equal(pid, client.processID);
    setTimeout(() => new Client().cancel(client, client._activeQuery || client.activeQuery), 500);
    await fails("57014", () => client.query(ENDLESS));
    assert.deepEqual(await list(client, "SELECT 1::integer"), [[1]]);
  });
  await probe("timeout", async (client) => {
    await client.query("SET statement_timeout = '300ms'");
    await fails("57014", () => client.query(ENDLESS));
  });
  await probe("load", async (client) => {
    await client.query("DROP TABLE IF EXISTS probe.loaded");
    await client.query("CREATE TABLE probe.loaded (id integer, name text)");
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const marks = numbers.map((n) => `($${2 * n + 1}, $${2 * n + 2})`).join(", ");
    await client.query(`INSERT INTO probe.loaded VALUES ${marks}`, numbers.flatMap((n) => [n, `name ${n}`]));
    assert.deepEqual(await list(client, "SELECT count(*), sum(id) FROM probe.loaded"), [["200", "19900"]]);
    await client.query("DROP TABLE probe.loaded");
  });
  await probe("temp_table", async (client) => {
    await client.query("CREATE TEMP TABLE mine (id integer)");
    await client.query("INSERT INTO mine VALUES (7)");
    assert.deepEqual(await list(client, "SELECT id FROM mine"), [[7]]);
  });
  finish();
}

main();
