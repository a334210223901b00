import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Tasks starts threads, which all wait for one flag, and lets them go on when it
 * is told to. It reads commands from its standard input and answers each with a
 * line; see README.md. The argument is the kind of thread, platform or virtual.
 */
public final class Tasks {
    private final ThreadFactory factory;
    private final List<Thread> parked = new ArrayList<>();
    private volatile boolean released;
    private final AtomicLong sum = new AtomicLong();

    private Tasks(ThreadFactory factory) {
        this.factory = factory;
    }

    public static void main(String[] args) throws Exception {
        boolean virtual = args.length == 1 && args[0].equals("virtual");
        if (!virtual && !(args.length == 1 && args[0].equals("platform"))) {
            throw new IllegalArgumentException("want the kind of thread: platform or virtual");
        }
        Tasks tasks = new Tasks(virtual ? virtualThreads() : Thread::new);
        System.out.println("ready JDK " + System.getProperty("java.version"));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = commands.readLine()) != null; ) {
            System.out.println(tasks.answer(line));
        }
        System.exit(0); // though tasks may wait
    }

    /** By reflection, so that this compiles on a JDK that has none. */
    private static ThreadFactory virtualThreads() throws ReflectiveOperationException {
        Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
        return (ThreadFactory) Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
    }

    private String answer(String line) throws Exception {
        String[] words = line.split(" ");
        int n = words.length > 1 ? Integer.parseInt(words[1]) : 0;
        switch (words[0]) {
            case "park":
                return park(n);
            case "wake":
                return wake();
            case "start":
                return "started " + onThread(() -> startFinish(n));
            case "roundtrip":
                return "roundtrip " + onThread(() -> roundTrip(n));
            default:
                return "unknown command: " + line;
        }
    }

    private String park(int n) throws InterruptedException {
        CountDownLatch counted = new CountDownLatch(n);
        Runnable task = () -> {
            counted.countDown();
            while (!released) {
                LockSupport.park(this);
            }
            sum.incrementAndGet();
        };
        long begin = System.nanoTime();
        for (int made = 0; made < n; made++) {
            Thread thread = factory.newThread(task);
            try {
                thread.start();
            } catch (OutOfMemoryError refused) {
                for (int rest = made; rest < n; rest++) {
                    counted.countDown();
                }
                counted.await();
                return "refused " + made + " " + refused.getMessage();
            }
            parked.add(thread);
        }
        counted.await();
        return "parked " + n + " " + (System.nanoTime() - begin) + " 0";
    }

    private String wake() throws InterruptedException {
        long begin = System.nanoTime();
        released = true;
        // Not by a latch: it wakes them one by another, at four times the cost.
        parked.forEach(LockSupport::unpark);
        for (Thread thread : parked) {
            thread.join();
        }
        long took = System.nanoTime() - begin;
        parked.clear();
        released = false;
        return "woken " + sum.getAndSet(0) + " " + took;
    }

    private long startFinish(int n) throws InterruptedException {
        Runnable nothing = () -> {};
        long begin = System.nanoTime();
        for (int i = 0; i < n; i++) {
            Thread thread = factory.newThread(nothing);
            thread.start();
            thread.join();
        }
        return (System.nanoTime() - begin) / n;
    }

    private long roundTrip(int n) throws InterruptedException {
        Thread self = Thread.currentThread();
        AtomicReference<Thread> turn = new AtomicReference<>(self);
        Thread other = factory.newThread(() -> play(n, turn, self));
        other.start();
        long begin = System.nanoTime();
        play(n, turn, other);
        other.join();
        return (System.nanoTime() - begin) / n;
    }

    /** Waits for its turn and then gives it to the other, so many times. */
    private static void play(int n, AtomicReference<Thread> turn, Thread other) {
        Thread self = Thread.currentThread();
        for (int i = 0; i < n; i++) {
            while (turn.get() != self) {
                LockSupport.park(turn);
            }
            turn.set(other);
            LockSupport.unpark(other);
        }
    }

    /** Runs it on a thread of the kind that is measured. */
    private long onThread(Callable<Long> measure) throws Exception {
        FutureTask<Long> result = new FutureTask<>(measure);
        Thread thread = factory.newThread(result);
        thread.start();
        thread.join();
        return result.get();
    }
}
