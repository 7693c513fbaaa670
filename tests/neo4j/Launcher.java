import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * Starts a Neo4j in this process for the tests: Bolt on a free loopback port, no HTTP server. Prints "bolt://..." on
 * standard output and stops when standard input closes.
 *
 * <p>The first argument is the password of user neo4j; a second, "read-only", makes the database so.
 */
public final class Launcher {
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("neo4j-tests");
        try (Neo4j server = Neo4jBuilders.newInProcessBuilder(folder)
                .withDisabledServer()
                .withConfig(GraphDatabaseSettings.auth_enabled, true)
                .withConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", 0))
                .withConfig(GraphDatabaseSettings.pagecache_memory, 64L * 1024 * 1024)
                .build()) {
            server.databaseManagementService().database("system").executeTransactionally(
                    "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", Map.of("password", args[0]));
            if (args.length > 1) {
                ((GraphDatabaseAPI) server.defaultDatabaseService())
                        .getDependencyResolver()
                        .resolveDependency(Config.class)
                        .setDynamic(GraphDatabaseSettings.read_only_databases, Set.of("neo4j"), "tests");
            }
            System.out.println(server.boltURI());
            System.out.flush();
            while (System.in.read() >= 0) {
                // The tests hold the other end open for as long as they need the server.
            }
        }
    }
}
