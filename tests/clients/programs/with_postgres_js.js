// postgres.js: describes before it binds, keeps every statement prepared, asks for the array types when it connects.

const postgres = require("postgres");
const { ENDLESS, INSTANT, ITEMS, ITEM_TYPES, WORDS, assert, check, fails, finish, rows } = require("./probe.js");

/** Runs work with a connection of its own. */
async function connected(work) {
  const sql = postgres({ max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const probe = (capability, work) => check(capability, () => connected(work));
const list = (query) => query.values().then((all) => Array.from(all, (row) => Array.from(row)));

async function main() {
  await probe("connect", async (sql) => assert.deepEqual(await list(sql`SELECT 1::integer`), [[1]]));
  await probe("read", async (sql) => {
    assert.deepEqual(await list(sql`SELECT id, name, price FROM probe.items ORDER BY id`), ITEMS);
  });
  await probe("types", async (sql) => {
    const [row] = await sql`SELECT * FROM probe.kinds WHERE id = 1`;
    assert.deepEqual(
      [row.id, row.flag, row.small, row.whole, row.big, row.single, row.double, row.money, row.words],
      [1, true, -32768, 2147483647, "-9223372036854775808", 1.5, 0.1, "1234567890.12", WORDS],
    );
    assert.equal(Buffer.from(row.bytes).toString("hex"), "00ff10");
    assert.deepEqual(row.instant, INSTANT);
    const [more] = await sql`SELECT numbers[1:2] AS numbers, texts, clock FROM probe.expressions`;
    assert.deepEqual([more.numbers, more.texts, more.clock], [[1, 2], ["a", "b c"], "23:59:59.999999"]);
  });
  await probe("parameters", async (sql) => {
    const found = sql`SELECT name FROM probe.items WHERE id = ${2} AND price < ${3.5} AND name LIKE ${"t%"}`;
    assert.deepEqual(await list(found), [["two"]]);
    assert.deepEqual(await list(sql`SELECT id FROM probe.kinds WHERE instant >= ${INSTANT} AND flag = ${true}`), [[1]]);
    assert.deepEqual(await list(sql`SELECT id FROM probe.items WHERE id IN ${sql([1, 3])} ORDER BY 1`), [["1"], ["3"]]);
    assert.deepEqual(await list(sql`SELECT id FROM probe.items WHERE name = ANY(${["one", "x"]}::text[])`), [["1"]]);
  });
  await probe("nulls", async (sql) => {
    assert.deepEqual(await list(sql`SELECT * FROM probe.kinds WHERE id = 2`), [[2].concat(Array(12).fill(null))]);
    assert.deepEqual(await list(sql`SELECT coalesce(${null}, 'none')`), [["none"]]);
  });
  await probe("tables", async (sql) => {
    const found = sql`SELECT table_name FROM information_schema.tables WHERE table_schema = ${"probe"} AND table_type = 'BASE TABLE' ORDER BY 1`;
    assert.deepEqual(await list(found), [["items"], ["kinds"]]);
  });
  await probe("columns", async (sql) => {
    const found = sql`SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
                      WHERE a.attrelid = 'probe.items'::regclass AND a.attnum > 0 ORDER BY a.attnum`;
    assert.deepEqual(await list(found), ITEM_TYPES);
  });
  await probe("views", async (sql) => {
    assert.deepEqual(await list(sql`SELECT viewname FROM pg_views WHERE schemaname = ${"probe"} ORDER BY 1`), [["expressions"], ["filled"]]);
  });
  await probe("functions", async (sql) => {
    assert.deepEqual(await list(sql`SELECT count(*) > 0 FROM pg_proc WHERE proname = ${"funnel"}`), [[true]]);
  });
  await probe("prepared", async (sql) => {
    for (const [id, name] of ITEMS) assert.deepEqual(await list(sql`SELECT name FROM probe.items WHERE id = ${id}`), [[name]]);
    const { columns } = await sql`SELECT id, name FROM probe.items WHERE id = ${1}`.describe();
    assert.deepEqual(columns.map((column) => [column.name, column.type]), [["id", 20], ["name", 25]]);
  });
  await probe("cursor", async (sql) => {
    const count = rows / 10;
    let total = 0;
    for await (const page of sql`SELECT n::integer FROM generate_series(1, ${sql.unsafe(String(count))}) AS a(n)`.cursor(1000)) {
      total += page.reduce((sum, row) => sum + row.n, 0);
    }
    assert.equal(total, (count * (count + 1)) / 2);
  });
  await probe("big_result", async (sql) => {
    const all = await sql.unsafe(`SELECT n::integer FROM generate_series(1, ${rows}) AS a(n)`);
    assert.equal(all.reduce((sum, row) => sum + row.n, 0), (rows * (rows + 1)) / 2);
  });
  await probe("transaction", async (sql) => {
    const undone = sql.begin(async (sql) => {
      await sql`DELETE FROM probe.items WHERE id = ${1}`;
      assert.deepEqual(await list(sql`SELECT count(*) FROM probe.items`), [["2"]]);
      throw new Error("undo");
    });
    await assert.rejects(undone, { message: "undo" });
    assert.deepEqual(await list(sql`SELECT count(*) FROM probe.items`), [["3"]]);
  });
  await probe("savepoint", async (sql) => {
    await sql.begin(async (sql) => {
      await sql.savepoint((sql) => sql`SELECT 1 / 0`).catch((error) => assert.equal(error.code, "22012"));
      assert.deepEqual(await list(sql`SELECT count(*) FROM probe.items`), [["3"]]);
    });
  });
  await probe("copy_out", async (sql) => {
    const chunks = [];
    const stream = await sql`COPY (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT`.readable();
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), "1\tone\n2\ttwo\n3\tthree\n");
  });
  await probe("copy_in", async (sql) => {
    await sql`DROP TABLE IF EXISTS probe.copied`;
    await sql`CREATE TABLE probe.copied (id integer, name text)`;
    const stream = await sql`COPY probe.copied FROM STDIN`.writable();
    await new Promise((resolve, reject) => {
      stream.on("finish", resolve).on("error", reject);
      stream.end("1\tone\n2\t\\N\n");
    });
    assert.deepEqual(await list(sql`SELECT id, name FROM probe.copied ORDER BY id`), [[1, "one"], [2, null]]);
    await sql`DROP TABLE probe.copied`;
  });
  await probe("errors", async (sql) => {
    await fails("42P01", () => sql`SELECT 1 FROM nowhere`);
    await fails("42703", () => sql`SELECT nothing FROM probe.items`);
    await fails("42601", () => sql`SELEC 1`);
    await fails("22012", () => sql`SELECT 1 / ${0}::integer`);
  });
  await probe("cancel", async (sql) => {
    const query = sql.unsafe(ENDLESS);
    setTimeout(() => query.cancel(), 500);
    await fails("57014", () => query);
    assert.deepEqual(await list(sql`SELECT 1::integer`), [[1]]);
  });
  await probe("timeout", async (sql) => {
    await sql`SET statement_timeout = '300ms'`;
    await fails("57014", () => sql.unsafe(ENDLESS));
  });
  await probe("load", async (sql) => {
    await sql`DROP TABLE IF EXISTS probe.loaded`;
    await sql`CREATE TABLE probe.loaded (id integer, name text)`;
    const all = Array.from({ length: 200 }, (_, n) => ({ id: n, name: `name ${n}` }));
    await sql`INSERT INTO probe.loaded ${sql(all, "id", "name")}`;
    assert.deepEqual(await list(sql`SELECT count(*), sum(id) FROM probe.loaded`), [["200", "19900"]]);
    await sql`DROP TABLE probe.loaded`;
  });
  await probe("temp_table", async (sql) => {
    await sql`CREATE TEMP TABLE mine (id integer)`;
    await sql`INSERT INTO mine VALUES (7)`;
    assert.deepEqual(await list(sql`SELECT id FROM mine`), [[7]]);
  });
  finish();
}

main();
