import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * Starts a Neo4j in this process for the tests: Bolt on a free loopback port, no HTTP server. Prints "bolt://..." on
 * standard output and stops when standard input closes.
 *
 * <p>The first argument is the password of user neo4j. Then "read-only" makes the database so, or "home FOLDER" serves
 * the databases in that folder.
 */
public final class Launcher {
    private static final SocketAddress ANY_PORT = new SocketAddress("127.0.0.1", 0);
    /** In bytes; small for tests, and -Dpagecache=N for what is measured. */
    private static final long PAGE_CACHE = Long.getLong("pagecache", 64L * 1024 * 1024);

    public static void main(String[] args) throws Exception {
        String mode = args.length > 1 ? args[1] : "";
        if (mode.equals("home")) {
            DatabaseManagementService service = new DatabaseManagementServiceBuilder(Path.of(args[2]))
                    .setConfig(GraphDatabaseSettings.auth_enabled, true)
                    .setConfig(GraphDatabaseSettings.pagecache_memory, PAGE_CACHE)
                    .setConfig(BoltConnector.enabled, true)
                    .setConfig(BoltConnector.listen_address, ANY_PORT)
                    .build();
            setPassword(service, args[0]);
            String address = dependency(service.database("system"), ConnectorPortRegister.class)
                    .getLocalAddress(ConnectorType.BOLT)
                    .toString();
            serve("bolt://" + address);
            service.shutdown();
            return;
        }
        try (Neo4j server = Neo4jBuilders.newInProcessBuilder(Files.createTempDirectory("neo4j-tests"))
                .withDisabledServer()
                .withConfig(GraphDatabaseSettings.auth_enabled, true)
                .withConfig(GraphDatabaseSettings.pagecache_memory, PAGE_CACHE)
                .withConfig(BoltConnector.listen_address, ANY_PORT)
                .build()) {
            setPassword(server.databaseManagementService(), args[0]);
            if (mode.equals("read-only")) {
                dependency(server.defaultDatabaseService(), Config.class)
                        .setDynamic(GraphDatabaseSettings.read_only_databases, Set.of("neo4j"), "tests");
            }
            serve(server.boltURI().toString());
        }
    }

    private static void setPassword(DatabaseManagementService service, String password) {
        service.database("system")
                .executeTransactionally(
                        "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", Map.of("password", password));
    }

    private static <T> T dependency(GraphDatabaseService database, Class<T> type) {
        return ((GraphDatabaseAPI) database).getDependencyResolver().resolveDependency(type);
    }

    private static void serve(String uri) throws Exception {
        System.out.println(uri);
        System.out.flush();
        while (System.in.read() >= 0) {
            // The tests hold the other end open for as long as they need the server.
        }
    }
}
