using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kiln.Load;

/// <summary>DescribeImages by id, by a tag's value, and as a whole in pages. Closed loop: a connection waits for its
/// answer. Where the server's process id is given, its CPU time is shown per request: that holds on a busy machine
/// too.</summary>
/// <remarks>
/// On paper, by id: 3 system calls a side, some 15 µs; signature twice (client and server) 20 µs; two statements of
/// SQLite at 10 µs each, and what EF Core adds, 50 µs each. So 200 µs of two cores, 10,000 a second at the very best.
/// </remarks>
internal sealed class Describe(Uri url, int images, int? serverProcess)
{
    private const string Prefix = "Action=DescribeImages&Version=2016-11-15";

    public void Run(int connections, int seconds)
    {
        ById("warm-up", connections, 3);
        ById("by id", connections, seconds);
        ByTag(connections, seconds);
        Listing(1);
        Listing(connections);
    }

    private void ById(string name, int connections, int seconds) => Measure(
        name, connections, seconds, 1, random => $"{Prefix}&ImageId.1={Seed.ImageId(random.Next(images))}");

    private void ByTag(int connections, int seconds) => Measure(
        "by tag value", connections, seconds, Math.Min(images, Seed.ImagesPerRelease), random =>
            $"{Prefix}&Filter.1.Name=tag%3Arelease&Filter.1.Value.1="
            + Seed.Release(random.Next(images / Seed.ImagesPerRelease)));

    private void Measure(string name, int connections, int seconds, int expected, Func<Random, string> query)
    {
        var all = new List<double>();
        var cpu = ServerCpu();
        var watch = Stopwatch.StartNew();
        OnThreads(connections, n =>
        {
            var random = new Random(n);
            var times = new List<double>();
            using var connection = new Connection(url);
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                var from = Stopwatch.GetTimestamp();
                var found = Count(connection.Post(query(random)).Span);
                times.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
                if (found != expected)
                    throw new InvalidOperationException($"{found} images where {expected} were expected");
            }
            lock (all)
                all.AddRange(times);
        });
        all.Sort();
        var rate = all.Count / watch.Elapsed.TotalSeconds;
        var (p50, p99) = (all[all.Count / 2], all[all.Count * 99 / 100]);
        var server = CpuSince(cpu, all.Count, "request");
        Say($"{name,-14} {connections} connections {rate,9:F0} requests/s   p50 {p50:F2} ms   p99 {p99:F2} ms{server}");
    }

    private void Listing(int connections)
    {
        var cpu = ServerCpu();
        var watch = Stopwatch.StartNew();
        var total = 0;
        OnThreads(connections, _ =>
        {
            using var connection = new Connection(url);
            var token = "";
            do
            {
                var body = connection.Post($"{Prefix}&Owner.1=self&MaxResults=1000{token}").Span;
                Interlocked.Add(ref total, Count(body));
                var next = Between(body, "<nextToken>"u8, "</nextToken>"u8);
                token = next is null ? "" : "&NextToken=" + Uri.EscapeDataString(next);
            }
            while (token.Length > 0);
        });
        if (total != images * connections)
            throw new InvalidOperationException($"{total} images listed, {images * connections} expected");
        var server = CpuSince(cpu, total, "image");
        Say($"paged listing  {connections} connections {total / watch.Elapsed.TotalSeconds,9:F0} images/s{server}");
    }

    private static void OnThreads(int count, Action<int> body)
    {
        var threads = Enumerable.Range(0, count).Select(n => new Thread(() => body(n))).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private TimeSpan ServerCpu() => serverProcess is { } id ? Process.GetProcessById(id).TotalProcessorTime : default;

    private string CpuSince(TimeSpan before, int count, string unit) => serverProcess is null ? "" : string.Create(
        CultureInfo.InvariantCulture, $"   {(ServerCpu() - before).TotalMicroseconds / count:F0} µs CPU a {unit}");

    private static int Count(ReadOnlySpan<byte> body)
    {
        var count = 0;
        for (int at; (at = body.IndexOf("<imageId>"u8)) >= 0; body = body[(at + 9)..])
            count++;
        return count;
    }

    private static string? Between(ReadOnlySpan<byte> body, ReadOnlySpan<byte> open, ReadOnlySpan<byte> close)
    {
        var from = body.IndexOf(open);
        if (from < 0)
            return null;
        body = body[(from + open.Length)..];
        return Encoding.ASCII.GetString(body[..body.IndexOf(close)]);
    }
}
