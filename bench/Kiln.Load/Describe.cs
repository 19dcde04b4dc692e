using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kiln.Load;

/// <summary>DescribeImages by id, by a tag's value, and as a whole in pages. Closed loop: a connection waits for its answer.</summary>
internal static class Describe
{
    private const string Prefix = "Action=DescribeImages&Version=2016-11-15";

    public static int Run(string url, int images, int connections, int seconds)
    {
        var address = new Uri(url);
        ById(address, images, connections, 3, warm: true);
        ById(address, images, connections, seconds, warm: false);
        ByTag(address, images, connections, seconds);
        Listing(address, images, 1);
        Listing(address, images, connections);
        return 0;
    }

    private static void ById(Uri url, int images, int connections, int seconds, bool warm) => Measure(
        warm ? "warm-up" : "by id", url, connections, seconds, 1,
        random => $"{Prefix}&ImageId.1={Seed.ImageId(random.Next(images))}");

    private static void ByTag(Uri url, int images, int connections, int seconds) => Measure(
        "by tag value", url, connections, seconds, Math.Min(images, Seed.ImagesPerRelease),
        random => $"{Prefix}&Filter.1.Name=tag%3Arelease&Filter.1.Value.1={Seed.Release(random.Next(images / Seed.ImagesPerRelease))}");

    private static void Measure(string name, Uri url, int connections, int seconds, int expected, Func<Random, string> query)
    {
        var all = new List<double>();
        var watch = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, connections).Select(n => new Thread(() =>
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
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        all.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-14} {connections} connections {all.Count / watch.Elapsed.TotalSeconds,9:F0} requests/s   p50 {all[all.Count / 2]:F2} ms   p99 {all[all.Count * 99 / 100]:F2} ms"));
    }

    private static void Listing(Uri url, int images, int connections)
    {
        var watch = Stopwatch.StartNew();
        var total = 0;
        var threads = Enumerable.Range(0, connections).Select(_ => new Thread(() =>
        {
            using var connection = new Connection(url);
            var token = "";
            do
            {
                var body = connection.Post($"{Prefix}&Owner.1=self&MaxResults=1000{token}").Span;
                Interlocked.Add(ref total, Count(body));
                token = Between(body, "<nextToken>"u8, "</nextToken>"u8) is { } next ? "&NextToken=" + Uri.EscapeDataString(next) : "";
            }
            while (token.Length > 0);
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        if (total != images * connections)
            throw new InvalidOperationException($"{total} images listed, {images * connections} expected");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"paged listing  {connections} connections {total / watch.Elapsed.TotalSeconds,9:F0} images/s"));
    }

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
