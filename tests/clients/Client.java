import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;

/** The driver of DBeaver, DataGrip and others: one step of the test of clients, named by the argument. */
public class Client {
    private static final String ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000) a,"
        + " generate_series(1, 1000000) b WHERE a.value % 7 = b.value % 5";

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "connect" -> connectTwice();
            case "browse" -> browse();
            case "query" -> query();
            case "cancel" -> cancel();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static Connection open() throws SQLException {
        return DriverManager.getConnection(
            System.getenv("LANTOA_URL"), System.getenv("LANTOA_USER"), System.getenv("LANTOA_CLIENT_PASSWORD"));
    }

    private static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    private static int count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) count++;
        return count;
    }

    private static void connectTwice() throws SQLException {
        for (int i = 0; i < 2; i++) {
            try (Connection connection = open()) {
                check(connection.isValid(10), "the connection is not valid");
                check("public".equals(connection.getSchema()), connection.getSchema());
            }
        }
    }

    private static void browse() throws SQLException {
        try (Connection connection = open()) {
            DatabaseMetaData of = connection.getMetaData();
            check(count(of.getSchemas()) >= 1, "no schema");
            check(count(of.getCatalogs()) == 1, "not one database");
            check(count(of.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"})) > 15, "too few tables");
            try (ResultSet rows = of.getTables(null, "public", "indicator", null)) {
                check(rows.next() && rows.getString("REMARKS").contains("chỉ tiêu"), "no comment");
            }
            check(count(of.getColumns(null, "public", "indicator", "%")) > 30, "too few columns");
            check(count(of.getTypeInfo()) > 10, "too few types");
            check(count(of.getPrimaryKeys(null, "public", "area")) == 0, "a key");
            check(count(of.getIndexInfo(null, "public", "area", false, true)) == 0, "an index");
            check(count(of.getImportedKeys(null, "public", "area")) == 0, "a foreign key");
            check(count(of.getFunctions(null, "public", "find%")) == 1, "no function");
            count(of.getTablePrivileges(null, "public", "area"));
            count(of.getBestRowIdentifier(null, "public", "area", DatabaseMetaData.bestRowSession, true));
        }
    }

    private static void query() throws SQLException {
        try (Connection connection = open()) {
            connection.setReadOnly(true);
            String text = "SELECT CAST(? AS BIGINT) AS n, ? AS t, DATE '2024-10-31' AS d, CAST(12.34 AS DECIMAL(10, 2)) AS m,"
                + " arrow_cast('2024-10-31T01:02:03Z', 'Timestamp(Microsecond, Some(\"UTC\"))') AS z, X'00ff' AS y, make_array('a', 'b') AS l";
            try (PreparedStatement asked = connection.prepareStatement(text)) {
                // From the fifth time on the driver prepares it, and asks for binary.
                for (int i = 0; i < 8; i++) {
                    asked.setInt(1, i);
                    asked.setString(2, "Trà Bồng");
                    try (ResultSet row = asked.executeQuery()) {
                        check(row.next() && row.getLong(1) == i && "Trà Bồng".equals(row.getString(2)), "row " + i);
                        check(LocalDate.of(2024, 10, 31).equals(row.getObject(3, LocalDate.class)), row.getString(3));
                        check("12.34".equals(row.getBigDecimal(4).toPlainString()), row.getString(4));
                        check(row.getTimestamp(5).toInstant().toString().equals("2024-10-31T01:02:03Z"), row.getString(5));
                        check(row.getBytes(6).length == 2, "bytes");
                        Array list = row.getArray(7);
                        check(((Object[]) list.getArray()).length == 2, "list");
                    }
                }
            }
            connection.setAutoCommit(false);
            try (Statement asked = connection.createStatement()) {
                asked.setFetchSize(500);
                check(count(asked.executeQuery("SELECT code, name FROM area")) > 10_000, "too few areas");
            }
            connection.commit();
            connection.setAutoCommit(true);
            try (Statement asked = connection.createStatement()) {
                asked.execute("SET lantoa.map = '2025-07-01'");
                asked.executeQuery("SELECT nothing FROM area");
                throw new AssertionError("there is no such column");
            } catch (SQLException error) {
                check("42703".equals(error.getSQLState()), error.toString());
            }
        }
    }

    private static void cancel() throws Exception {
        try (Connection connection = open(); Statement asked = connection.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    asked.cancel();
                } catch (Exception error) {
                    throw new RuntimeException(error);
                }
            });
            canceller.start();
            expectCancelled(asked);
            canceller.join();
            asked.setQueryTimeout(1);
            expectCancelled(asked);
            asked.setQueryTimeout(0);
            check(count(asked.executeQuery("SELECT 1")) == 1, "it does not go on");
        }
    }

    private static void expectCancelled(Statement asked) throws SQLException {
        try {
            asked.executeQuery(ENDLESS);
        } catch (SQLException error) {
            check("57014".equals(error.getSQLState()), error.toString());
            return;
        }
        throw new AssertionError("it was not cancelled");
    }
}
