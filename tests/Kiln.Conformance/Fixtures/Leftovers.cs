using System.Globalization;
using System.Text.RegularExpressions;

namespace Kiln.Conformance.Fixtures;

/// <summary>What outlives a test, and a test run that is killed: services, machines, their folders and networks.
/// </summary>
/// <remarks>Folders carry the process of their run in their name: the next run ends what a dead one left.</remarks>
internal static partial class Leftovers
{
    private static readonly Lazy<Task> Swept = new(SweepDeadRuns);

    /// <summary>A new folder of this run; a short path, for there will be sockets in it.</summary>
    public static string NewFolder(string kind) =>
        Directory.CreateTempSubdirectory($"{kind}-{Environment.ProcessId}-").FullName;

    /// <summary>Ends and removes what runs of these tests left that are dead; once in this run.</summary>
    public static Task Sweep() => Swept.Value;

    /// <summary>Ends every service and machine that has something in a folder, and removes it.</summary>
    public static async Task Remove(string folder)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => IsOurs(p, folder)))
        {
            await Command.Run("kill", ["-KILL", Path.GetFileName(process)]);
            while (IsOurs(process, folder))
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
        if (!Directory.Exists(folder))
            return;
        // A guest folder has one for each data folder, whose name is also in those of the networks.
        foreach (var hash in Directory.EnumerateDirectories(folder).Select(Path.GetFileName))
        {
            if (!Directory.Exists("/run/netns"))
                break;
            foreach (var space in Directory.EnumerateFiles("/run/netns", $"kiln-{hash}-*"))
                await Command.Run("ip", ["netns", "delete", Path.GetFileName(space)]);
        }
        Directory.Delete(folder, recursive: true);
    }

    private static async Task SweepDeadRuns()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath()))
        {
            if (RunOf().Match(Path.GetFileName(folder)) is { Success: true } match
                && !Directory.Exists("/proc/" + match.Groups[1].Value))
                await Remove(folder);
        }
    }

    private static bool IsOurs(string process, string folder)
    {
        if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out _))
            return false;
        try
        {
            var line = File.ReadAllText(process + "/cmdline");
            var program = Path.GetFileName(line.Split('\0')[0]);
            return (program == "kiln" || program.StartsWith("qemu-system-", StringComparison.Ordinal))
                && line.Contains(folder + "/", StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [GeneratedRegex("^(?:kiln-conf|kg)-([0-9]+)-")]
    private static partial Regex RunOf();
}
