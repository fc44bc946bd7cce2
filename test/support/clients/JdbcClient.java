import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/** PostgreSQL's JDBC driver against the server that the PG* variables name: prints what it has seen to work, a line each. */
public final class JdbcClient {
  private static final int ROWS = 5_000;

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = connect(); Connection other = connect()) {
      try (PreparedStatement sum = connection.prepareStatement("select ?::int + 1")) {
        for (int n = 0; n < 10; n++) { // From the fifth on it is prepared in the server.
          sum.setInt(1, n);
          check(number(sum.executeQuery()) == n + 1);
        }
      }
      seen("prepared statements");

      try (Statement statement = connection.createStatement()) {
        statement.execute("create temp table copied (n int, line text)");
      }
      try (PreparedStatement insert = connection.prepareStatement("insert into copied values (?, ?)")) {
        for (int n = 0; n < ROWS; n++) {
          insert.setInt(1, n);
          insert.setString(2, "x".repeat(200));
          insert.addBatch();
        }
        check(insert.executeBatch().length == ROWS);
      }
      seen("a batch");

      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(500);
        int total = 0;
        try (ResultSet rows = statement.executeQuery("select n from copied")) {
          while (rows.next()) total += rows.getInt(1);
        }
        check(total == ROWS * (ROWS - 1) / 2);
      }
      connection.commit();
      connection.setAutoCommit(true);
      seen("a result in parts");

      var copy = connection.unwrap(PGConnection.class).getCopyAPI();
      String lines = IntStream.range(0, ROWS).mapToObj(n -> n + "\ty\n").collect(Collectors.joining());
      check(copy.copyIn("copy copied from stdin", new StringReader(lines)) == ROWS);
      StringWriter out = new StringWriter();
      copy.copyOut("copy (select * from copied where line = 'y' order by n) to stdout", out);
      check(out.toString().equals(lines));
      seen("COPY both ways");

      try (Statement listen = connection.createStatement(); Statement notify = other.createStatement()) {
        listen.execute("listen news");
        notify.execute("select pg_notify('news', 'rates')");
        var heard = connection.unwrap(PGConnection.class).getNotifications(30_000);
        check(heard.length == 1 && heard[0].getParameter().equals("rates"));
      }
      seen("a notification");

      try (Statement slow = connection.createStatement()) {
        Thread canceller = new Thread(() -> {
          try (Statement ask = other.createStatement()) {
            String busy = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'";
            while (number(ask.executeQuery(busy)) == 0);
            slow.cancel();
          } catch (SQLException failure) {
            throw new IllegalStateException(failure);
          }
        });
        canceller.start();
        try {
          slow.execute("select pg_sleep(600)");
        } catch (SQLException cancelled) {
          check(cancelled.getSQLState().equals("57014"));
          seen("a cancel");
        }
        canceller.join();
      }
    }
  }

  private static Connection connect() throws SQLException {
    var from = System.getenv();
    Properties login = new Properties();
    login.setProperty("user", from.get("PGUSER"));
    login.setProperty("password", from.get("PGPASSWORD"));
    String server = from.get("PGHOST") + ":" + from.get("PGPORT") + "/" + from.get("PGDATABASE");
    return DriverManager.getConnection("jdbc:postgresql://" + server, login);
  }

  private static int number(ResultSet rows) throws SQLException {
    rows.next();
    return rows.getInt(1);
  }

  private static void check(boolean isSo) {
    if (!isSo) throw new IllegalStateException("another answer than expected");
  }

  private static void seen(String what) {
    System.out.println(what);
  }
}
