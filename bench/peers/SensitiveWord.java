import com.github.houbb.sensitive.word.bs.SensitiveWordBs;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts what houbb's sensitive-word finds in a text, line by line, and says what that took.
 *
 * <pre>java -cp 'jars/*' SensitiveWord.java words.txt text.txt rounds</pre>
 *
 * Prints JSON as ahocorasick_match.py does. All folding is off, so that it does no work which others don't. Processor
 * time is this thread's: collector and compiler, which have threads of their own, are left out in its favour.
 */
public final class SensitiveWord {
    public static void main(String[] args) throws Exception {
        List<String> words = Files.readAllLines(Path.of(args[0]));
        List<String> lines = Files.readAllLines(Path.of(args[1]));
        int rounds = Integer.parseInt(args[2]);

        double start = seconds();
        SensitiveWordBs engine = SensitiveWordBs.newInstance()
            .wordDeny(() -> words)
            .wordAllow(List::of)
            .ignoreCase(false)
            .ignoreWidth(false)
            .ignoreNumStyle(false)
            .ignoreChineseStyle(false)
            .ignoreEnglishStyle(false)
            .ignoreRepeat(false)
            .enableNumCheck(false)
            .enableEmailCheck(false)
            .enableUrlCheck(false)
            .enableIpv4Check(false)
            .enableWordCheck(true)
            .init();
        double build = seconds() - start;

        // One round more, untimed: the compiler has seen everything then.
        long hits = search(engine, lines);
        List<String> taken = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            start = seconds();
            hits = search(engine, lines);
            taken.add(String.valueOf(seconds() - start));
        }
        String version = versionOf(SensitiveWordBs.class);
        System.out.println("{\"version\":\"" + version + "\",\"hits\":" + hits + ",\"build\":" + build
            + ",\"rounds\":[" + String.join(",", taken) + "]}");
    }

    private static long search(SensitiveWordBs engine, List<String> lines) {
        long hits = 0;
        for (String line : lines) {
            hits += engine.findAll(line).size();
        }
        return hits;
    }

    private static double seconds() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
    }

    /** The version in the name of the jar that holds a class. */
    private static String versionOf(Class<?> type) {
        String jar = type.getProtectionDomain().getCodeSource().getLocation().getPath();
        return jar.replaceAll(".*-([0-9.]+)\\.jar$", "$1");
    }
}
