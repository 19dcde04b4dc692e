using System.Text;
using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>What Kiln did to a machine, and what it did itself: a line each, beside the machine.</summary>
/// <remarks>For whoever asks why an image is as it is: when file systems were frozen and thawed, whether a shutdown was
/// clean. Bounded; the older half goes first.</remarks>
public static class GuestJournal
{
    private const int BytesMax = 64 * 1024;

    private static readonly Lock Gate = new();

    /// <summary>Adds a line. A disk that is full loses it, and nothing else.</summary>
    /// <param name="folder">The machine.</param>
    /// <param name="at">When, by the wall clock.</param>
    /// <param name="what">E.g. <c>freeze</c>, <c>thaw</c>, <c>start</c>.</param>
    /// <param name="detail">More, or null.</param>
    public static void Note(GuestFolder folder, DateTimeOffset at, string what, string? detail = null)
    {
        var line = new JsonObject { ["at"] = at.ToString("O"), ["what"] = what };
        if (detail is not null)
            line["detail"] = detail;
        try
        {
            lock (Gate)
            {
                if (!Directory.Exists(folder.Path))
                    return;
                var file = new FileInfo(folder.Journal);
                if (file.Exists && file.Length > BytesMax)
                    File.WriteAllLines(folder.Journal, [.. Read(folder).TakeLast(200)]);
                File.AppendAllText(folder.Journal, line.ToJsonString() + "\n", new UTF8Encoding(false));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It is an account of what happened, not what happened.
        }
    }

    /// <summary>The lines, oldest first.</summary>
    public static IReadOnlyList<string> Read(GuestFolder folder) =>
        File.Exists(folder.Journal) ? File.ReadAllLines(folder.Journal) : [];
}
