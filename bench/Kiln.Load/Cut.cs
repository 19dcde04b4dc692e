using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kiln.Load;

/// <summary>Takes a snapshot of a volume and waits until it is completed, on one connection that is open
/// already.</summary>
internal static partial class Cut
{
    // An answer costs the service two milliseconds of a core that the upload needs: asking every 10 ms was a seventh
    // of all that a snapshot of seconds cost. So the figure may be late by a fiftieth, and is never early.
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(10);
    private const int AskFraction = 50;

    /// <summary>Prints the snapshot's id, the seconds that the call took, and those until it was completed.</summary>
    public static int Run(Uri url, string volume)
    {
        using var connection = new Connection(url);
        connection.Post("Action=DescribeVolumes&Version=2016-11-15");
        var began = Stopwatch.GetTimestamp();
        var answer = Text(connection.Post($"Action=CreateSnapshot&Version=2016-11-15&VolumeId={volume}"));
        var called = Stopwatch.GetElapsedTime(began);
        var id = SnapshotId().Match(answer).Groups[1].Value;
        while (true)
        {
            answer = Text(connection.Post(
                $"Action=DescribeSnapshots&Version=2016-11-15&SnapshotId.1={id}"));
            if (answer.Contains("<status>completed</status>", StringComparison.Ordinal))
                break;
            if (answer.Contains("<status>error</status>", StringComparison.Ordinal))
                throw new InvalidOperationException(answer);
            var asNeeded = Stopwatch.GetElapsedTime(began) / AskFraction;
            Thread.Sleep(asNeeded > AskEvery ? asNeeded : AskEvery);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{id} {called.TotalSeconds:F4} {Stopwatch.GetElapsedTime(began).TotalSeconds:F4}"));
        return 0;
    }

    private static string Text(ReadOnlyMemory<byte> body) => Encoding.UTF8.GetString(body.Span);

    [GeneratedRegex("<snapshotId>(snap-[0-9a-f]+)</snapshotId>")]
    private static partial Regex SnapshotId();
}
