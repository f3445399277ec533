import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;

/** One node from a class path: the start scripts of a distribution are in no artifact repository. */
public final class TestNode extends Node {
    private TestNode(Path home, List<Class<? extends Plugin>> plugins) {
        super(InternalSettingsPreparer.prepareEnvironment(
            Settings.EMPTY, Map.of("path.home", home.toString()), home.resolve("config"), () -> "node"), plugins, true);
    }

    @SuppressWarnings("unchecked")
    public static void main(String[] arguments) throws Exception {
        List<Class<? extends Plugin>> plugins = new java.util.ArrayList<>();
        for (int number = 1; number < arguments.length; number++) {
            plugins.add((Class<? extends Plugin>) Class.forName(arguments[number]));
        }
        TestNode node = new TestNode(Path.of(arguments[0]), plugins);
        node.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try { node.close(); } catch (java.io.IOException error) { error.printStackTrace(); }
        }));
        new CountDownLatch(1).await();
    }
}
