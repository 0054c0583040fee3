import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs the statements of files with Flink SQL in this process, one after the other, each to its end.
 *
 * In:  files of statements that end with a semicolon at the end of a line; comments begin with two hyphens
 * Out: what queries return, a line a row
 */
public final class Sql {
  public static void main(String[] files) throws Exception {
    Configuration settings = new Configuration();
    settings.setString("parallelism.default", "2");
    settings.setString("table.local-time-zone", "UTC");
    TableEnvironment tables =
        TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(settings).build());
    for (String file : files) {
      String text = Files.readString(Path.of(file)).replaceAll("(?m)^--.*$", "");
      for (String statement : text.split("(?m);[ \\t]*$")) {
        if (!statement.isBlank()) run(tables, statement.trim());
      }
    }
  }

  private static void run(TableEnvironment tables, String statement) throws Exception {
    TableResult result = tables.executeSql(statement);
    String begin = statement.substring(0, 6).toUpperCase();
    if (begin.equals("INSERT") || begin.equals("EXECUT")) result.await();
    if (!begin.equals("SELECT")) return;
    try (CloseableIterator<Row> rows = result.collect()) {
      while (rows.hasNext()) System.out.println(rows.next());
    }
  }
}
