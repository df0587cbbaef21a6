// What the JavaScript programs share: how a capability is reported, and what the objects of setup.sql hold.

const assert = require("node:assert");

const CAPABILITIES = (
  "connect read types parameters nulls tables columns views functions prepared cursor big_result transaction savepoint " +
  "copy_in copy_out errors cancel timeout load temp_table"
).split(" ");

// Runs for hours unless it is stopped.
const ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000000000) AS a(n) WHERE n % 7 = 3";

// As text, which every driver gives for what JavaScript has no type for.
const ITEMS = [["1", "one", "1.50"], ["2", "two", "2.50"], ["3", "three", "3.50"]];
const WORDS = "Zürich 'quoted' \"d\" \\ , tab\tend";
const INSTANT = new Date("2024-02-29T12:34:56.789Z");
const ITEM_TYPES = [["id", "bigint"], ["name", "text"], ["price", "numeric(12,2)"]];

const reported = new Set();

function report(capability, verdict, detail = "") {
  assert(CAPABILITIES.includes(capability), capability);
  reported.add(capability);
  console.log([capability, verdict, String(detail).replace(/\s+/g, " ")].join("\t"));
}

/** Runs a check: it passes unless it throws. */
async function check(capability, work) {
  try {
    await work();
    report(capability, "pass");
  } catch (error) {
    const place = /with_\w+\.js:(\d+)/.exec(error.stack || "");
    report(capability, "fail", `${place ? `line ${place[1]}: ` : ""}${error.message}`);
  }
}

/** What nobody checked is what the client does not have. */
function finish() {
  CAPABILITIES.filter((capability) => !reported.has(capability)).forEach((capability) => report(capability, "none"));
  process.exit(0);
}

/** The work fails with a SQLSTATE, and soon. */
async function fails(state, work) {
  const begun = Date.now();
  try {
    await work();
  } catch (error) {
    assert.equal(error.code, state, error.message);
    assert(Date.now() - begun < 15000, "it took too long to fail");
    return;
  }
  assert.fail(`no error ${state}`);
}

module.exports = { ENDLESS, INSTANT, ITEMS, ITEM_TYPES, WORDS, assert, check, fails, finish, rows: Number(process.env.CLIENT_ROWS) };
