// pgjdbc: DatabaseMetaData, prepared statements that turn binary, fetch size over named portals, savepoints, COPY.

import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.Timer;
import java.util.TimerTask;
import org.postgresql.PGConnection;

public class WithPgjdbc {
    static final List<String> CAPABILITIES = List.of((
        "connect read types parameters nulls tables columns views functions prepared cursor big_result transaction savepoint "
        + "copy_in copy_out errors cancel timeout load temp_table").split(" "));
    static final String ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000000000) AS a(n) WHERE n % 7 = 3";
    static final OffsetDateTime INSTANT = OffsetDateTime.parse("2024-02-29T12:34:56.789012Z");
    static final long ROWS = Long.parseLong(System.getenv("CLIENT_ROWS"));
    static final Set<String> reported = new LinkedHashSet<>();

    interface Work {
        void with(Connection connection) throws Exception;
    }

    public static void main(String[] arguments) {
        check("connect", c -> equal(query(c, "SELECT 1::integer"), List.of("1")));
        check("read", c -> equal(query(c, "SELECT id, name, price FROM probe.items ORDER BY id"),
            List.of("1|one|1.50", "2|two|2.50", "3|three|3.50")));
        check("types", WithPgjdbc::types);
        check("parameters", WithPgjdbc::parameters);
        check("nulls", WithPgjdbc::nulls);
        check("tables", WithPgjdbc::tables);
        check("columns", WithPgjdbc::columns);
        check("views", c -> equal(names(c.getMetaData().getTables(null, "probe", "%", new String[] {"VIEW"}), "TABLE_NAME"),
            List.of("expressions", "filled")));
        check("functions", WithPgjdbc::functions);
        check("prepared", WithPgjdbc::prepared);
        check("cursor", c -> {
            c.setAutoCommit(false);
            equal(sum(c, ROWS / 10, 500), ROWS / 10 * (ROWS / 10 + 1) / 2);
        });
        check("big_result", c -> equal(sum(c, ROWS, 0), ROWS * (ROWS + 1) / 2));
        check("transaction", WithPgjdbc::transaction);
        check("savepoint", WithPgjdbc::savepoint);
        check("copy_in", WithPgjdbc::copyIn);
        check("copy_out", c -> {
            StringWriter out = new StringWriter();
            c.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT", out);
            equal(out.toString(), "1\tone\n2\ttwo\n3\tthree\n");
        });
        check("errors", c -> {
            fails("42P01", () -> query(c, "SELECT 1 FROM nowhere"));
            fails("42703", () -> query(c, "SELECT nothing FROM probe.items"));
            fails("42601", () -> query(c, "SELEC 1"));
            fails("22012", () -> query(c, "SELECT 1 / 0"));
        });
        check("cancel", c -> {
            Statement statement = c.createStatement();
            Timer timer = new Timer(true);
            timer.schedule(new TimerTask() {
                public void run() {
                    try {
                        statement.cancel();
                    } catch (SQLException late) {
                        throw new IllegalStateException(late);
                    }
                }
            }, 500);
            fails("57014", () -> statement.executeQuery(ENDLESS));
            equal(query(c, "SELECT 1::integer"), List.of("1"));
        });
        check("timeout", c -> {
            run(c, "SET statement_timeout = '300ms'");
            fails("57014", () -> query(c, ENDLESS));
        });
        check("load", WithPgjdbc::load);
        check("temp_table", c -> {
            run(c, "CREATE TEMP TABLE mine (id integer)");
            run(c, "INSERT INTO mine VALUES (7)");
            equal(query(c, "SELECT id FROM mine"), List.of("7"));
        });
        CAPABILITIES.stream().filter(capability -> !reported.contains(capability)).forEach(c -> report(c, "none", ""));
    }

    /** Each value by its getter: the first five times in text, then in binary. */
    static void types(Connection c) throws Exception {
        try (PreparedStatement statement = c.prepareStatement("SELECT * FROM probe.kinds WHERE id = ?")) {
            for (int time = 0; time < 8; time++) {
                statement.setInt(1, 1);
                ResultSet row = statement.executeQuery();
                equal(row.next(), true);
                equal(row.getInt("id"), 1);
                equal(row.getBoolean("flag"), true);
                equal(row.getShort("small"), (short) -32768);
                equal(row.getInt("whole"), Integer.MAX_VALUE);
                equal(row.getLong("big"), Long.MIN_VALUE);
                equal(row.getFloat("single"), 1.5f);
                equal(row.getDouble("double"), 0.1);
                equal(row.getBigDecimal("money"), new BigDecimal("1234567890.12"));
                equal(row.getString("words"), "Zürich 'quoted' \"d\" \\ , tab\tend");
                equal(Arrays.toString(row.getBytes("bytes")), "[0, -1, 16]");
                equal(row.getObject("day", LocalDate.class), LocalDate.of(2024, 2, 29));
                equal(row.getObject("moment", LocalDateTime.class), INSTANT.toLocalDateTime());
                equal(row.getObject("instant", OffsetDateTime.class), INSTANT);
            }
        }
        ResultSet row = c.createStatement().executeQuery("SELECT * FROM probe.expressions");
        row.next();
        equal(Arrays.toString((Object[]) row.getArray("numbers").getArray()), "[1, 2, null]");
        equal(Arrays.toString((Object[]) row.getArray("texts").getArray()), "[a, b c]");
        equal(row.getString("clock"), "23:59:59.999999");
        equal(row.getObject("span").toString(), "0 years 1 mons 2 days 3 hours 4 mins 5.5 secs");
    }

    static void parameters(Connection c) throws Exception {
        try (PreparedStatement statement = c.prepareStatement(
                "SELECT id FROM probe.kinds WHERE flag = ? AND small = ? AND whole = ? AND big = ? AND double = ? AND money = ? "
                + "AND words = ? AND bytes = ? AND day = ? AND moment = ? AND instant = ?")) {
            for (int time = 0; time < 8; time++) {
                statement.setBoolean(1, true);
                statement.setShort(2, (short) -32768);
                statement.setInt(3, Integer.MAX_VALUE);
                statement.setLong(4, Long.MIN_VALUE);
                statement.setDouble(5, 0.1);
                statement.setBigDecimal(6, new BigDecimal("1234567890.12"));
                statement.setString(7, "Zürich 'quoted' \"d\" \\ , tab\tend");
                statement.setBytes(8, new byte[] {0, -1, 16});
                statement.setObject(9, LocalDate.of(2024, 2, 29));
                statement.setObject(10, INSTANT.toLocalDateTime());
                statement.setObject(11, INSTANT);
                equal(rows(statement.executeQuery()), List.of("1"));
            }
        }
        try (PreparedStatement statement = c.prepareStatement("SELECT id FROM probe.items WHERE id = ANY(?) ORDER BY id")) {
            Array ids = c.createArrayOf("bigint", new Long[] {1L, 3L});
            statement.setArray(1, ids);
            equal(rows(statement.executeQuery()), List.of("1", "3"));
        }
    }

    static void nulls(Connection c) throws Exception {
        ResultSet row = c.createStatement().executeQuery("SELECT * FROM probe.kinds WHERE id = 2");
        row.next();
        for (int column = 2; column <= 13; column++) equal(row.getObject(column), null);
        try (PreparedStatement statement = c.prepareStatement("SELECT coalesce(?, 'none')")) {
            statement.setNull(1, Types.VARCHAR);
            equal(rows(statement.executeQuery()), List.of("none"));
        }
    }

    static void tables(Connection c) throws Exception {
        DatabaseMetaData about = c.getMetaData();
        equal(about.getDatabaseProductName(), "PostgreSQL");
        equal(about.getDatabaseMajorVersion(), 15);
        List<String> schemas = names(about.getSchemas(), "TABLE_SCHEM");
        equal(schemas.containsAll(List.of("probe", "public", "journey", "kpi")), true);
        equal(names(about.getCatalogs(), "TABLE_CAT").contains("journeydb"), true);
        equal(names(about.getTables(null, "probe", "%", new String[] {"TABLE"}), "TABLE_NAME"), List.of("items", "kinds"));
        ResultSet kinds = about.getTables("journeydb", "probe", "kinds", null);
        equal(kinds.next(), true);
        equal(kinds.getString("REMARKS"), "A column of each type.");
        equal(names(about.getTableTypes(), "TABLE_TYPE").contains("VIEW"), true);
        // What there is none of, or what only has to answer.
        equal(names(about.getPrimaryKeys(null, "probe", "items"), "COLUMN_NAME"), List.of());
        equal(names(about.getImportedKeys(null, "probe", "items"), "PKTABLE_NAME"), List.of());
        equal(names(about.getExportedKeys(null, "probe", "items"), "FKTABLE_NAME"), List.of());
        equal(names(about.getCrossReference(null, "probe", "items", null, "probe", "kinds"), "FKTABLE_NAME"), List.of());
        equal(names(about.getIndexInfo(null, "probe", "items", false, false), "INDEX_NAME"), List.of());
        equal(names(about.getBestRowIdentifier(null, "probe", "items", 0, true), "COLUMN_NAME"), List.of());
        equal(names(about.getVersionColumns(null, "probe", "items"), "COLUMN_NAME"), List.of("ctid"));
        names(about.getUDTs(null, "probe", "%", null), "TYPE_NAME");
        names(about.getTablePrivileges(null, "probe", "items"), "GRANTEE");
        names(about.getColumnPrivileges(null, "probe", "items", "%"), "GRANTEE");
        names(about.getClientInfoProperties(), "NAME");
        equal(about.getSQLKeywords().contains("ilike"), true);
        equal(about.getMaxColumnNameLength(), 63);
        equal(about.getMaxColumnsInIndex(), 32);
    }

    static void columns(Connection c) throws Exception {
        DatabaseMetaData about = c.getMetaData();
        ResultSet all = about.getColumns(null, "probe", "kinds", "%");
        List<String> found = new ArrayList<>();
        while (all.next()) {
            found.add(all.getString("COLUMN_NAME") + " " + all.getString("TYPE_NAME") + " " + all.getInt("DATA_TYPE") + " "
                + all.getString("IS_NULLABLE"));
        }
        equal(found, List.of("id int4 4 NO", "flag bool -7 YES", "small int2 5 YES", "whole int4 4 YES", "big int8 -5 YES",
            "single float4 7 YES", "double float8 8 YES", "money numeric 2 YES", "words text 12 YES", "bytes bytea -2 YES",
            "day date 91 YES", "moment timestamp 93 YES", "instant timestamptz 93 YES"));
        ResultSet money = about.getColumns(null, "probe", "kinds", "money");
        money.next();
        equal(List.of(money.getInt("COLUMN_SIZE"), money.getInt("DECIMAL_DIGITS")), List.of(12, 2));
        equal(money.getString("REMARKS"), "Two digits after the point.");
        equal(names(about.getTypeInfo(), "TYPE_NAME").containsAll(List.of("bool", "int8", "numeric", "timestamptz", "_text")), true);
        ResultSet items = c.createStatement().executeQuery("SELECT id, name, price FROM probe.items LIMIT 0");
        equal(items.getMetaData().getColumnTypeName(3), "numeric");
        equal(items.getMetaData().getPrecision(3), 12);
        equal(names(about.getColumns(null, "probe", "expressions", "numbers"), "TYPE_NAME"), List.of("_int4"));
    }

    static void functions(Connection c) throws Exception {
        DatabaseMetaData about = c.getMetaData();
        // To JDBC an aggregate is no function.
        equal(names(about.getFunctions(null, "journey", "funnel"), "FUNCTION_NAME").contains("funnel"), true);
        equal(names(about.getFunctionColumns(null, "journey", "funnel", "%"), "COLUMN_NAME").contains("steps"), true);
        names(about.getProcedures(null, "journey", "%"), "PROCEDURE_NAME");
        names(about.getProcedureColumns(null, "journey", "velocity", "%"), "COLUMN_NAME");
    }

    /** The driver keeps a statement of the server's after the fifth use. */
    static void prepared(Connection c) throws Exception {
        try (PreparedStatement statement = c.prepareStatement("SELECT name FROM probe.items WHERE id = ?")) {
            equal(statement.getMetaData().getColumnTypeName(1), "text");
            equal(statement.getParameterMetaData().getParameterTypeName(1), "int8");
            for (int time = 0; time < 12; time++) {
                statement.setLong(1, 1 + time % 3);
                equal(rows(statement.executeQuery()), List.of(List.of("one", "two", "three").get(time % 3)));
            }
        }
    }

    static void transaction(Connection c) throws Exception {
        c.setAutoCommit(false);
        equal(run(c, "DELETE FROM probe.items WHERE id = 1"), 1);
        equal(query(c, "SELECT count(*) FROM probe.items"), List.of("2"));
        c.rollback();
        equal(query(c, "SELECT count(*) FROM probe.items"), List.of("3"));
    }

    static void savepoint(Connection c) throws Exception {
        c.setAutoCommit(false);
        run(c, "INSERT INTO probe.items VALUES (9, 'nine', 9)");
        Savepoint here = c.setSavepoint("here");
        fails("22012", () -> query(c, "SELECT 1 / 0"));
        c.rollback(here);
        equal(query(c, "SELECT count(*) FROM probe.items"), List.of("4"));
        c.rollback();
    }

    static void copyIn(Connection c) throws Exception {
        run(c, "DROP TABLE IF EXISTS probe.copied");
        run(c, "CREATE TABLE probe.copied (id integer, name text)");
        equal(c.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY probe.copied FROM STDIN", new StringReader("1\tone\n2\t\\N\n")), 2L);
        equal(query(c, "SELECT id, name FROM probe.copied ORDER BY id"), List.of("1|one", "2|null"));
        run(c, "DROP TABLE probe.copied");
    }

    static void load(Connection c) throws Exception {
        run(c, "DROP TABLE IF EXISTS probe.loaded");
        run(c, "CREATE TABLE probe.loaded (id integer, name text)");
        try (PreparedStatement statement = c.prepareStatement("INSERT INTO probe.loaded VALUES (?, ?)")) {
            for (int number = 0; number < 100; number++) {
                statement.setInt(1, number);
                statement.setString(2, "name " + number);
                statement.addBatch();
            }
            equal(Arrays.stream(statement.executeBatch()).sum(), 100);
        }
        equal(query(c, "SELECT count(*), sum(id) FROM probe.loaded"), List.of("100|4950"));
        run(c, "DROP TABLE probe.loaded");
    }

    static long sum(Connection c, long rows, int page) throws SQLException {
        try (Statement statement = c.createStatement()) {
            statement.setFetchSize(page);
            ResultSet all = statement.executeQuery("SELECT n FROM generate_series(1, " + rows + ") AS a(n)");
            long total = 0;
            while (all.next()) total += all.getLong(1);
            return total;
        }
    }

    static int run(Connection c, String sql) throws SQLException {
        try (Statement statement = c.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    static List<String> query(Connection c, String sql) throws SQLException {
        try (Statement statement = c.createStatement()) {
            return rows(statement.executeQuery(sql));
        }
    }

    static List<String> rows(ResultSet all) throws SQLException {
        List<String> rows = new ArrayList<>();
        while (all.next()) {
            List<String> cells = new ArrayList<>();
            for (int column = 1; column <= all.getMetaData().getColumnCount(); column++) cells.add(all.getString(column));
            rows.add(String.join("|", cells));
        }
        return rows;
    }

    static List<String> names(ResultSet all, String column) throws SQLException {
        List<String> names = new ArrayList<>();
        while (all.next()) names.add(all.getString(column));
        return names;
    }

    interface Failing {
        void run() throws Exception;
    }

    static void fails(String state, Failing work) throws Exception {
        try {
            work.run();
        } catch (SQLException error) {
            equal(error.getSQLState(), state);
            return;
        }
        throw new AssertionError("no error " + state);
    }

    static void equal(Object got, Object expected) {
        if (expected == null ? got != null : !expected.equals(got)) {
            throw new AssertionError("expected " + expected + ", got " + got);
        }
    }

    static void check(String capability, Work work) {
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/journeydb?user=journeydb";
        try (Connection connection = DriverManager.getConnection(url)) {
            work.with(connection);
            report(capability, "pass", "");
        } catch (Throwable error) {
            String line = Arrays.stream(error.getStackTrace()).filter(frame -> frame.getClassName().startsWith("WithPgjdbc"))
                .filter(frame -> !frame.getMethodName().equals("equal") && !frame.getMethodName().equals("fails"))
                .findFirst().map(frame -> "line " + frame.getLineNumber() + ": ").orElse("");
            report(capability, "fail", line + error);
        }
    }

    static void report(String capability, String verdict, String detail) {
        reported.add(capability);
        System.out.println(capability + "\t" + verdict + "\t" + detail.replaceAll("\\s+", " "));
    }
}
